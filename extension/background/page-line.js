/**
 * Runs inside a web page, after `copy-page.js`: the Markdown of one block, from its pieces of text.
 *
 * Whatever the page says stays text: each character that could be markup is escaped, and the only
 * markup is what is written here. There is no HTML and no image.
 */

/**
 * A piece of a line: text, code, or the begin or end of strong or emphasised text.
 * @typedef {object} Piece
 * @property {"text" | "code" | "break" | "open" | "close"} kind
 * @property {string} text As it is read; of `open` and `close` the marks.
 * @property {number} [partner] Of `open` and `close`: the index of the other one.
 * @property {string} [address] Where it leads.
 */

/**
 * What the functions for blocks use of this one.
 * @typedef {object} LineParts
 * @property {new () => Line} Line
 * @property {(text: string) => string} clean
 * @property {(address: string | null) => string} destination
 */

/**
 * @typedef {object} Line The pieces of one block.
 * @property {number} characters Those that a reader sees, without white space.
 * @property {number} links Those of them in links.
 * @property {boolean} spaced Whether the last character is white space, or there is none.
 * @property {string} address Where what is added leads; empty outside of links.
 * @property {(text: string, isLink: boolean) => void} add
 * @property {(text: string, isLink: boolean) => void} addCode
 * @property {() => boolean} break False, and nothing is added, if another one precedes.
 * @property {(marks: string) => boolean} mark Begins strong or emphasised text; false within such.
 * @property {() => void} unmark
 * @property {(of: "lines" | "heading" | "cell") => string} markdown A heading and the cell of a table
 *   have no line breaks.
 */

/** Runs inside the page. It must not use anything from outside its own braces. */
export function pageLine() {
	/** Text without characters that nobody sees, or that change the direction of others. */
	const clean = (/** @type {string} */ text) =>
		text
			.toWellFormed()
			.replace(/\r\n?/g, "\n")
			.replace(
				// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
				/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc\u{e0000}-\u{e007f}]/gu,
				"",
			);

	/** Text in which no character is markup, except at the begin of a line. */
	const escaped = (/** @type {string} */ text) =>
		text
			.replace(/[\\`*[\]<~|]/g, "\\$&")
			.replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
			.replace(/&(?=#?\w+;|#?\w*$)/g, "\\&");

	/** A line that begins with text, whose begin isn't the mark of a list or the like. */
	const escapedStart = (/** @type {string} */ line) =>
		line
			.replace(/^(?=[-+](\s|$|-)|#{1,6}(\s|$)|>|=+\s*$|:-)/, "\\")
			.replace(/^(\d{1,9})(?=[.)](\s|$))/, "$1\\");

	const codeSpan = (/** @type {string} */ text) => {
		/** @type {string[]} */
		const runs = text.match(/`+/g) ?? [];
		let ticks = "`";
		while (runs.includes(ticks)) ticks += "`";
		const padded = /^`|`$|^ .* $/.test(text) ? ` ${text} ` : text;
		return ticks + padded + ticks;
	};

	/** An address as the destination of a link; empty if it isn't one for a text. */
	const destination = (/** @type {string | null} */ address) => {
		if (!address || address.length > 300) return "";
		try {
			const url = new URL(address);
			if (!/^https?:$/.test(url.protocol) || url.username || url.password) return "";
			return clean(url.href)
				.replace(
					/[\s()<>\\`|"]/g,
					(sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
				)
				.replace(/&(?=#?\w+;)/g, "\\&");
		} catch {
			return "";
		}
	};

	/** Whether marks of strong or emphasised text between such texts are read as marks. */
	const isClear = (
		/** @type {string} */ before,
		/** @type {string} */ inside,
		/** @type {string} */ after,
	) =>
		/^\S.*\S$|^\S$/s.test(inside) &&
		(!/^[\p{P}\p{S}]/u.test(inside) || /(^|\s)$/.test(before)) &&
		(!/[\p{P}\p{S}]$/u.test(inside) || /^($|\s)/.test(after));

	/** The pieces of one block. */
	class Line {
		/** @type {Piece[]} */
		pieces = [];
		characters = 0;
		links = 0;
		address = "";
		/** @type {number | null} Where strong or emphasised text was opened. */
		open = null;
		/** Whether the last character is white space, or there is none. */
		spaced = true;

		/** @type {(text: string, isLink: boolean) => void} */
		add(text, isLink) {
			let words = clean(text).replace(/\s+/g, " ");
			if (this.spaced) words = words.replace(/^ /, "");
			if (!words) return;
			this.spaced = words.endsWith(" ");
			this.count(words, isLink);
			const last = this.pieces.at(-1);
			const { address } = this;
			if (last?.kind === "text" && last.address === address) last.text += words;
			else this.pieces.push({ kind: "text", text: words, address });
		}

		/** @type {(text: string, isLink: boolean) => void} */
		addCode(text, isLink) {
			const code = clean(text).replace(/\s+/g, " ").trim();
			if (!code) return;
			this.spaced = false;
			this.count(code, isLink);
			const last = this.pieces.at(-1);
			const { address } = this;
			if (last?.kind === "code" && last.address === address) last.text += code;
			else this.pieces.push({ kind: "code", text: code, address });
		}

		/** @type {(text: string, isLink: boolean) => void} */
		count(text, isLink) {
			const { length } = text.replaceAll(" ", "");
			this.characters += length;
			if (isLink) this.links += length;
		}

		break() {
			if (this.pieces.length === 0) return true;
			if (this.pieces.at(-1)?.kind === "break") return false;
			this.pieces.push({ kind: "break", text: "\n" });
			this.spaced = true;
			return true;
		}

		/** @param {string} text */
		mark(text) {
			if (this.open !== null) return false;
			this.open = this.pieces.length;
			this.pieces.push({ kind: "open", text });
			return true;
		}

		unmark() {
			if (this.open === null) return;
			const opened = this.pieces[this.open];
			if (this.open === this.pieces.length - 1) this.pieces.pop();
			else if (opened) {
				opened.partner = this.pieces.length;
				this.pieces.push({ kind: "close", text: opened.text, partner: this.open });
			}
			this.open = null;
		}

		/** @param {"lines" | "heading" | "cell"} of */
		markdown(of) {
			const oneLine = of !== "lines";
			const { pieces } = this;
			const isMark = (/** @type {Piece | undefined} */ piece) =>
				piece?.kind === "open" || piece?.kind === "close";
			const textAt = (/** @type {number} */ at, /** @type {1 | -1} */ step) => {
				let next = at + step;
				while (isMark(pieces[next])) next += step;
				return pieces[next]?.text ?? "";
			};
			/** Indices of the marks that are written. */
			const shown = new Set();
			for (const [at, { kind, partner }] of pieces.entries()) {
				if (kind !== "open" || partner === undefined) continue;
				const inside = pieces.slice(at + 1, partner);
				const isPlain = inside.every((piece) => piece.kind === "text" && !piece.address);
				// Four stars in a row would be something else.
				if (!isPlain || shown.has(at - 1)) continue;
				const text = inside.map((piece) => piece.text).join("");
				// White space at the ends is written outside of the marks.
				const before = text.startsWith(" ") ? " " : textAt(at, -1);
				const after = text.endsWith(" ") ? " " : textAt(partner, 1);
				if (!isClear(before, text.trim(), after)) continue;
				shown.add(at);
				shown.add(partner);
			}
			/** @type {string[]} */
			const lines = [];
			let line = "";
			let startsWithText = false;
			let opened = "";
			const end = () => {
				const trimmed = line.trim();
				if (trimmed) lines.push(startsWithText ? escapedStart(trimmed) : trimmed);
				line = "";
			};
			for (let at = 0; at < pieces.length; at += 1) {
				const piece = /** @type {Piece} */ (pieces[at]);
				if (piece.kind === "break") {
					if (oneLine) line += " ";
					else end();
					continue;
				}
				if (!line.trim()) startsWithText = piece.kind === "text" && !piece.address;
				if (isMark(piece)) {
					if (!shown.has(at)) continue;
					if (piece.kind === "open") opened = piece.text;
					else line = line.trimEnd() + piece.text + (line.endsWith(" ") ? " " : "");
					continue;
				}
				const { address } = piece;
				let inner = "";
				let last = at;
				for (let next = at; next < pieces.length; next += 1) {
					const part = /** @type {Piece} */ (pieces[next]);
					if (isMark(part) && address) continue;
					if (part.kind === "text") {
						if (part.address !== address) break;
						inner += escaped(part.text);
					} else if (part.kind === "code") {
						if (part.address !== address) break;
						// Bars end a cell even in code.
						const code = codeSpan(part.text);
						inner += of === "cell" ? code.replaceAll("|", "\\|") : code;
					} else break;
					last = next;
					if (!address) break;
				}
				at = last;
				if (opened) {
					inner = inner.replace(/^ ?/, `$&${opened}`);
					opened = "";
				}
				if (!address) line += inner;
				else {
					const [, before, words, after] = /^(\s*)([\s\S]*?)(\s*)$/.exec(inner) ?? [];
					if (line.endsWith("!")) line = `${line.slice(0, -1)}\\!`;
					line += words ? `${before}[${words}](${address})${after}` : inner;
				}
			}
			end();
			return lines.join(oneLine ? " " : "\\\n");
		}
	}

	Object.assign(/** @type {any} */ (globalThis).urlNotesParts, {
		Line,
		clean,
		destination,
	});
}
