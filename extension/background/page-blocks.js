/**
 * Runs inside a web page, after `page-line.js`: turns a part of the copy into Markdown, block by
 * block, so that a text that is too long can be cut between two of them.
 */

/**
 * @typedef {import("./copy-page.js").Block} Block
 * @typedef {import("./copy-page.js").Container} Container
 * @typedef {import("./page-line.js").Line} Line
 * @typedef {import("./page-line.js").LineParts} LineParts
 */

/** Runs inside the page. It must not use anything from outside its own braces. */
export function pageBlocks() {
	/** A longer paragraph is continued in a second one. */
	const MAX_BLOCK = 30_000;
	/** Longer code within a paragraph is treated as text. */
	const MAX_CODE = 2000;
	/** More isn't needed, in all: the text is cut at 256 KiB. */
	const MAX_TEXT = 600_000;
	/** Lists and quotes deeper than this are shown at this depth. */
	const MAX_DEPTH = 8;
	const MAX_COLUMNS = 64;
	const MAX_ROWS = 5000;
	/** Longer cells aren't data: the table is there for the layout. */
	const MAX_CELL = 1000;
	const MAX_ROW = 10_000;

	const PARTS =
		/^(address|article|aside|body|caption|center|dd|details|dialog|div|dl|dt|figcaption|figure|footer|form|header|hr|main|nav|p|search|section|summary|table|tbody|td|tfoot|th|thead|tr)$/;
	/** Elements that no cell of a table of data has. */
	const NO_CELL = "table, h1, h2, h3, h4, h5, h6, pre, blockquote, section, article";

	/** @type {LineParts} */
	const { Line, clean, destination } = /** @type {any} */ (globalThis).urlNotesParts;

	/** Whether an element has the numbers of lines of code. */
	const isMargin = (/** @type {Element} */ element) =>
		/(^|\s)(gutter|linenos?|linenodiv|line-?numbers?|hljs-ln-numbers)(\s|$)/i.test(
			element.getAttribute("class") ?? "",
		);

	/** The text of a `pre`, with its line breaks. */
	const preformatted = (/** @type {Element} */ root) => {
		let text = "";
		/** @type {Node | null} */
		let node = root.firstChild;
		while (node) {
			/** @type {Node | null} */
			let next = null;
			if (node.nodeType === Node.TEXT_NODE) text += /** @type {Text} */ (node).data;
			else if (node.nodeType === Node.ELEMENT_NODE) {
				const element = /** @type {Element} */ (node);
				const isPart = /^(div|p|li|tr|section)$/.test(element.localName);
				if (element.localName === "br") text += "\n";
				else if (isPart && text && !text.endsWith("\n")) text += "\n";

				if (!isMargin(element) || /^(pre|code)$/.test(element.localName))
					next = element.firstChild;
			}
			while (!next && node) {
				next = node.nextSibling;
				if (next) break;
				node = node.parentNode === root ? null : node.parentNode;
			}
			node = next;
		}
		const lines = clean(text)
			.split("\n")
			.map((line) => line.trimEnd());
		const from = lines.findIndex(Boolean);
		return from < 0 ? "" : lines.slice(from, lines.findLastIndex(Boolean) + 1).join("\n");
	};

	/** The language of a `pre`, by the classes that highlighters write. */
	const languageOf = (/** @type {Element} */ pre) => {
		const code = pre.querySelector("code");
		for (const element of [
			code,
			pre,
			pre.parentElement,
			pre.parentElement?.parentElement,
		]) {
			const named =
				element?.getAttribute("data-lang") ??
				/(?:^|\s)(?:lang(?:uage)?-|highlight-source-|highlight-|brush:\s*)([\w+#.-]+)/.exec(
					element?.getAttribute("class") ?? "",
				)?.[1];
			if (named && /^[\w+#.-]{1,30}$/.test(named)) return named.toLowerCase();
		}
		return "";
	};

	/** @type {(code: string, language: string) => string} */
	const fenced = (code, language) => {
		const runs = code.match(/`{3,}/g) ?? [];
		const fence = "`".repeat(Math.max(2, ...runs.map(({ length }) => length)) + 1);
		return `${fence}${language}\n${code}\n${fence}`;
	};

	/**
	 * The rows of a table of data; null if the table is there for the layout.
	 * @param {Element} table
	 */
	const rowsOf = (table) => {
		if (/^(presentation|none)$/.test(table.getAttribute("role") ?? "")) return null;
		if (table.querySelector(NO_CELL)) return null;
		const rows = [...table.querySelectorAll("tr")].slice(0, MAX_ROWS + 1);
		if (rows.length < 2 || rows.length > MAX_ROWS) return null;
		const cells = rows.map((row) =>
			[...row.children].filter(({ localName }) => /^t[dh]$/.test(localName)),
		);
		const widest = Math.max(...cells.map(({ length }) => length));
		if (widest < 2 || widest > MAX_COLUMNS) return null;
		for (const row of cells) {
			let characters = 0;
			for (const cell of row) {
				const { length } = cell.textContent ?? "";
				characters += length;
				if (length > MAX_CELL) return null;
				if (length > 100 && cell.querySelector("p + p + p")) return null;
			}
			if (characters > MAX_ROW) return null;
		}
		return cells;
	};

	const span = (/** @type {Element} */ cell, /** @type {string} */ name) => {
		const value = Number.parseInt(cell.getAttribute(name) ?? "", 10);
		return value > 1 ? Math.min(value, MAX_COLUMNS) : 1;
	};

	/**
	 * A table of data; a long one in parts that each repeat the head.
	 * @param {Element[][]} rows
	 * @returns {Generator<undefined, Omit<Block, "containers">[], boolean>}
	 */
	function* tables(rows) {
		/** @type {(string | undefined)[][]} */
		const grid = rows.map(() => []);
		/** @type {{characters: number, links: number}[]} */
		const counts = [];
		for (const [y, row] of rows.entries()) {
			if (y % 8 === 7 && (yield)) break;
			const places = /** @type {(string | undefined)[]} */ (grid[y]);
			const count = { characters: 0, links: 0 };
			let x = 0;
			for (const cell of row) {
				while (places[x] !== undefined) x += 1;
				const line = new Line();
				inline(line, cell);
				count.characters += line.characters;
				count.links += line.links;
				for (let down = 0; down < span(cell, "rowspan"); down += 1)
					for (let right = 0; right < span(cell, "colspan"); right += 1) {
						const below = grid[y + down];
						if (below && x + right < MAX_COLUMNS) below[x + right] ??= "";
					}
				places[x] = line.markdown("cell");
				x += span(cell, "colspan");
			}
			counts[y] = count;
		}
		const width = Math.min(MAX_COLUMNS, Math.max(...grid.map(({ length }) => length)));
		const written = (/** @type {(string | undefined)[]} */ row) =>
			`| ${Array.from({ length: width }, (_, x) => row[x] ?? "").join(" | ")} |`;
		const isHead = rows[0]?.every(
			(cell) =>
				cell.localName === "th" ||
				cell.parentElement?.parentElement?.localName === "thead",
		);
		const head = `${written((isHead && grid[0]) || [])}\n|${" --- |".repeat(width)}`;
		/** @type {Omit<Block, "containers">[]} */
		const parts = [];
		for (const [y, row] of grid.entries()) {
			const { characters, links } = counts[y] ?? { characters: 0, links: 0 };
			const last = parts.at(-1);
			const isFirst = !last || last.characters > MAX_BLOCK;
			if (isFirst) parts.push({ text: head, characters, links, kind: "table" });
			else {
				last.characters += characters;
				last.links += links;
			}
			const part = parts.at(-1);
			if (part && row.some(Boolean) && !(isHead && y === 0))
				part.text += `\n${written(row)}`;
		}
		return parts.filter(({ characters }) => characters > 0);
	}

	/**
	 * Adds all text in an element to a line, without blocks.
	 * @param {Line} line
	 * @param {Element} root
	 */
	const inline = (line, root) => {
		/** @type {Node | null} */
		let node = root.firstChild;
		let link = null;
		while (node) {
			/** @type {Node | null} */
			let next = null;
			if (node.nodeType === Node.TEXT_NODE)
				line.add(/** @type {Text} */ (node).data, link !== null);
			else if (node.nodeType === Node.ELEMENT_NODE) {
				const element = /** @type {Element} */ (node);
				const name = element.localName;
				if (/^(code|kbd|samp|tt)$/.test(name))
					line.addCode(element.textContent ?? "", link !== null);
				else if (name === "br") line.add(" ", false);
				else if (!/^(rt|rp)$/.test(name)) {
					if (name === "a" && !link && element.firstChild) {
						link = element;
						line.address = destination(element.getAttribute("href"));
					}
					if (name === "li" || PARTS.test(name)) line.add(" ", false);
					next = element.firstChild;
				}
			}
			while (!next && node) {
				next = node.nextSibling;
				if (next) break;
				node = node.parentNode === root ? null : node.parentNode;
				if (node && node === link) {
					link = null;
					line.address = "";
				}
				if (node && PARTS.test(/** @type {Element} */ (node).localName))
					line.add(" ", false);
			}
			node = next;
		}
	};

	/**
	 * @param {Element} root
	 * @param {(element: Element) => boolean} isLeftOut
	 * @returns {Generator<undefined, Block[], boolean>} It ends early if it is resumed with `true`.
	 */
	function* blocksOf(root, isLeftOut) {
		/** @type {Block[]} */
		const blocks = [];
		let length = 0;
		/** @type {Container[]} */
		let containers = [];
		let line = new Line();
		let heading = 0;
		/** @type {Element | null} */
		let link = null;
		/** @type {{list: object, ordered: boolean, next: number, mark: string}[]} */
		const lists = [];
		/** @type {Element[][] | null} The rows of a table that was just entered. */
		let data = null;
		/** The list that has just ended, unless something follows it. */
		let ended = "";

		/** @type {(block: Omit<Block, "containers">) => void} */
		const push = (block) => {
			blocks.push({ ...block, containers });
			length += block.text.length;
			ended = "";
		};
		const flush = () => {
			const { characters, links } = line;
			if (characters > 0) {
				const text = line.markdown(heading > 0 ? "heading" : "lines");
				const marks = heading > 0 ? `${"#".repeat(heading)} ` : "";
				if (text)
					push({
						text: heading > 0 ? marks + text.replace(/ (#+)$/, " \\$1") : text,
						characters,
						links,
						kind: heading > 0 ? "heading" : "text",
					});
			}
			line = new Line();
		};
		/** Ends a block, except in a heading, which is one. */
		const boundary = () => {
			if (heading > 0) line.add(" ", false);
			else flush();
		};

		/** @type {{element: Element, leave: () => void, child: Node | null}[]} */
		const open = [{ element: root, leave: boundary, child: root.firstChild }];

		/** @type {(element: Element) => (() => void) | null} Null if it was handled whole. */
		const enter = (element) => {
			const name = element.localName;
			if (/^(img|rt|rp|hr|wbr)$/.test(name) || isLeftOut(element)) return null;
			if (name === "td" && isMargin(element)) return null;
			if (name === "br") {
				if (!line.break()) boundary();
				return null;
			}
			if (/^h[1-6]$/.test(name)) {
				boundary();
				if (heading > 0) return boundary;
				heading = Number(name[1]);
				return () => {
					flush();
					heading = 0;
				};
			}
			if (name === "pre") {
				boundary();
				let code = preformatted(element);
				const language = languageOf(element);
				while (code) {
					const cut =
						code.length > MAX_BLOCK ? code.lastIndexOf("\n", MAX_BLOCK) : code.length;
					const part = code.slice(0, cut > 0 ? cut : MAX_BLOCK).toWellFormed();
					code = code.slice(cut > 0 ? cut : MAX_BLOCK).replace(/^\n/, "");
					const { length } = part.replace(/\s+/g, "");
					if (heading > 0) line.addCode(part, false);
					else if (length > 0)
						push({
							text: fenced(part, language),
							characters: length,
							links: 0,
							kind: "code",
						});
				}
				return null;
			}
			if (name === "table" && heading === 0) {
				const rows = rowsOf(element);
				if (rows) {
					flush();
					const caption = element.querySelector("caption");
					if (caption) {
						inline(line, caption);
						flush();
					}
					data = rows;
					return null;
				}
			}
			if (name === "ul" || name === "ol") {
				boundary();
				const start = Number.parseInt(element.getAttribute("start") ?? "", 10);
				const ordered = name === "ol";
				// Two lists in a row would be read as one.
				const first = ordered ? "." : "-";
				const mark = ended === first ? (ordered ? ")" : "*") : first;
				lists.push({ list: element, ordered, mark, next: start >= 0 ? start : 1 });
				return () => {
					boundary();
					lists.pop();
					ended = mark;
				};
			}
			if (name === "li" || name === "dd") {
				boundary();
				const list = name === "li" ? lists.at(-1) : undefined;
				const value = Number.parseInt(element.getAttribute("value") ?? "", 10);
				if (list && value >= 0) list.next = value;
				const number = list ? Math.min(list.next, 999_999_999) : 0;
				const mark = list?.ordered ? `${number}${list.mark}` : (list?.mark ?? "-");
				if (list) list.next += 1;
				const outer = containers;
				const around = list?.list ?? element.parentElement ?? element;
				containers = [
					...outer.slice(0, MAX_DEPTH - 1),
					{ mark: `${mark} `, list: around },
				];
				return () => {
					boundary();
					containers = outer;
				};
			}
			if (name === "blockquote") {
				boundary();
				const outer = containers;
				if (outer.length < MAX_DEPTH) containers = [...outer, { mark: "> " }];
				return () => {
					boundary();
					containers = outer;
				};
			}
			const isPart = PARTS.test(name) || element.hasAttribute("data-block");
			if (isPart) boundary();
			if (
				/^(code|kbd|samp|tt)$/.test(name) &&
				(element.textContent?.length ?? 0) <= MAX_CODE &&
				!element.querySelector("p, div, pre, a, br")
			) {
				line.addCode(element.textContent ?? "", link !== null);
				if (isPart) boundary();
				return null;
			}
			if (name === "a" && !link) {
				link = element;
				line.address = destination(element.getAttribute("href"));
				return () => {
					link = null;
					line.address = "";
					if (isPart) boundary();
				};
			}
			if (name === "summary" || name === "dt") {
				line.mark("**");
				return () => {
					line.unmark();
					boundary();
				};
			}
			if (heading === 0 && !isPart && /^(b|strong|em|i|del|s|strike)$/.test(name)) {
				const mark = /^(b|strong)$/.test(name)
					? "**"
					: /^(em|i)$/.test(name)
						? "*"
						: "~~";
				const into = line;
				const isOpen = line.mark(mark);
				return () => {
					if (isOpen && into === line) line.unmark();
				};
			}
			if (name === "q") {
				line.add('"', link !== null);
				return () => line.add('"', link !== null);
			}
			if (
				name === "sup" &&
				!line.spaced &&
				/^\s*[-+−]?\d/.test(element.textContent ?? "")
			) {
				if (!element.querySelector("a")) line.add("^", link !== null);
				else {
					// The number of a footnote isn't a part of the word before it.
					line.add("[", true);
					return () => line.add("]", true);
				}
			}
			return isPart ? boundary : () => {};
		};

		for (let steps = 1; open.length > 0; steps += 1) {
			if ((steps % 32 === 0 && (yield)) || length > MAX_TEXT) break;
			const top = /** @type {(typeof open)[number]} */ (open.at(-1));
			const { child } = top;
			if (!child) {
				open.pop();
				top.leave();
				continue;
			}
			top.child = child.nextSibling;
			if (child.nodeType === Node.TEXT_NODE) {
				const { data } = /** @type {Text} */ (child);
				for (let at = 0; at < data.length; ) {
					let end = at + MAX_BLOCK;
					if (end < data.length) {
						const space = data.lastIndexOf(" ", end);
						if (space > at) end = space;
					}
					line.add(data.slice(at, end), link !== null);
					if (line.characters >= MAX_BLOCK) flush();
					at = end;
				}
			} else if (child.nodeType === Node.ELEMENT_NODE) {
				const element = /** @type {Element} */ (child);
				const leave = enter(element);
				if (data) for (const part of yield* tables(data)) push(part);
				data = null;
				if (leave) open.push({ element, leave, child: element.firstChild });
			}
		}
		flush();
		return blocks;
	}

	const encoder = new TextEncoder();

	/**
	 * The blocks as one text of at most so many bytes, cut between two blocks.
	 * @param {Block[]} blocks
	 * @param {number} limit
	 */
	function joined(blocks, limit) {
		let text = "";
		let bytes = 0;
		/** @type {Container[]} */
		let before = [];
		for (const { text: own, containers } of blocks) {
			let same = 0;
			while (same < containers.length && containers[same] === before[same]) same += 1;
			const isSibling =
				same < containers.length &&
				before[same]?.list !== undefined &&
				before[same]?.list === containers[same]?.list;
			const isNested =
				same > 0 && same < containers.length && containers[same]?.list !== undefined;
			const isNumber = /^\d/.test(containers[same]?.mark ?? "");
			const isTight = isSibling || (isNested && !isNumber);
			const shared = containers
				.slice(0, same)
				.map(({ mark, list }) => (list ? " ".repeat(mark.length) : mark))
				.join("");
			const marks = containers
				.slice(same)
				.map(({ mark }) => mark)
				.join("");
			const rest =
				shared +
				containers
					.slice(same)
					.map(({ mark, list }) => (list ? " ".repeat(mark.length) : mark))
					.join("");
			const lines = own
				.split("\n")
				.map((line, at) => ((at === 0 ? shared + marks : rest) + line).trimEnd());
			const gap = text ? (isTight ? "\n" : `\n${shared.trimEnd()}\n`) : "";
			const piece = gap + lines.join("\n");
			bytes += encoder.encode(piece).length;
			if (bytes > limit) return { text, whole: false };
			text += piece;
			before = containers;
		}
		return { text, whole: true };
	}

	Object.assign(/** @type {any} */ (globalThis).urlNotesParts, { blocksOf, joined });
}
