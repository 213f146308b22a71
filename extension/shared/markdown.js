/**
 * A note's Markdown as a tree of elements, for the popup's preview: CommonMark
 * with GFM tables, strikethrough and task lists, by the same rules as the site
 * (`host/src/site/markdown.rs`): raw HTML is text, an image is its words, and
 * only http, https and mailto addresses become links.
 *
 * Pure. It makes no HTML, so that nothing in a note can become any; what it
 * doesn't know (most named entities, reference links over several lines) is
 * shown as it was typed.
 */

/**
 * @typedef {object} Part
 * @property {string} name Of the element, one of a few.
 * @property {Record<string, string>} [attributes]
 * @property {(Part | string)[]} content
 */

/**
 * More white space in a row is shown as so much: nobody sees it, and patterns that look
 * for what is behind it would take its square in time.
 */
const MAX_BLANKS = 1000;

/** Cells that a note's tables have beside those that are typed: their rows may be short. */
const MAX_FILLED = 10_000;

/**
 * What is known of a note while it is read.
 * @typedef {object} Known
 * @property {Map<string, string>} definitions Of addresses, by name.
 * @property {number} room Cells that may still be filled in.
 */

/** Quotes and lists that are nested deeper are text: nobody reads them. */
const MAX_DEPTH = 24;

const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$/;
const FENCE = /^( {0,3})(`{3,}(?!.*`)|~{3,})[ \t]*(.*)$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-+*]|(\d{1,9})[.)])(?:( {1,4})(?! )|( )|$)/;
const HTML_BLOCK =
	/^ {0,3}<(?:[!?]|\/?(?:address|article|aside|blockquote|body|center|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|iframe|li|link|main|menu|nav|ol|p|pre|script|section|style|summary|table|tbody|td|textarea|tfoot|th|thead|title|tr|ul)(?:[\s/>]|$))/i;
const DEFINITION =
	/^ {0,3}\[((?:[^\]\\]|\\.)+)\]:[ \t]*<?([^\s<>]+)>?[ \t]*(?:"[^"]*"|'[^']*'|\([^)]*\))?[ \t]*$/;
const TABLE_RULE = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const ENTITIES = new Map(
	Object.entries({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" }),
);

/**
 * The elements that a text becomes.
 * @param {string} text
 * @returns {Part[]}
 */
export function readMarkdown(text) {
	const lines = text
		.replace(/\r\n?/g, "\n")
		.replace(/\0/g, "\ufffd")
		.replace(/\n$/, "")
		.split("\n");
	/** @type {Map<string, string>} */
	const definitions = new Map();
	const rest = lines
		.map(squeezed)
		.map(untabbed)
		.filter((line, at, all) => {
			const found = DEFINITION.exec(line);
			// Not in the middle of a paragraph.
			if (
				!found ||
				(at > 0 && !isBlank(all[at - 1]) && !DEFINITION.test(all[at - 1] ?? ""))
			)
				return true;
			const [, name = "", address = ""] = found;
			if (!definitions.has(labelOf(name))) definitions.set(labelOf(name), address);
			return false;
		});
	return blocks(rest, 0, { definitions, room: MAX_FILLED });
}

/** @param {string} line */
function squeezed(line) {
	if (line.length <= MAX_BLANKS) return line;
	return line.replace(/\s+/g, (blanks) => blanks.slice(0, MAX_BLANKS));
}

/** @param {string} line */
function untabbed(line) {
	if (!line.includes("\t")) return line;
	const indent = /^[ \t]*/.exec(line)?.[0] ?? "";
	let width = 0;
	for (const sign of indent) width += sign === "\t" ? 4 - (width % 4) : 1;
	const rest = line
		.slice(indent.length)
		.replace(/^([-+*]|\d{1,9}[.)]|#{1,6}|>)\t/, "$1 ");
	return " ".repeat(width) + rest;
}

/** @param {string | undefined} line */
const isBlank = (line) => line === undefined || line.trim() === "";

/** @param {string} name */
const labelOf = (name) => name.trim().replace(/\s+/g, " ").toLowerCase();

/**
 * Whether a line begins something else than a paragraph's next line.
 * @param {string} line
 */
function interrupts(line) {
	const item = ITEM.exec(line);
	return (
		RULE.test(line) ||
		HEADING.test(line) ||
		FENCE.test(line) ||
		QUOTE.test(line) ||
		HTML_BLOCK.test(line) ||
		// An empty item doesn't, nor does a number but 1: it may be a year at a line's start.
		(item !== null &&
			!isBlank(line.slice(item[0].length)) &&
			(item[3] === undefined || Number(item[3]) === 1))
	);
}

/**
 * @param {string[]} lines
 * @param {number} depth
 * @param {Known} known
 * @returns {Part[]}
 */
function blocks(lines, depth, known) {
	/** @type {Part[]} */
	const parts = [];
	const spans = (/** @type {string} */ text) => inline(text, known.definitions);
	let at = 0;
	/** Lines from here on that pass, taken. */
	const takeWhile = (/** @type {(line: string) => boolean} */ passes) => {
		const from = at;
		while (at < lines.length && passes(lines[at] ?? "")) at += 1;
		return lines.slice(from, at);
	};
	while (at < lines.length) {
		const line = lines[at] ?? "";
		const fence = FENCE.exec(line);
		const heading = HEADING.exec(line);
		if (isBlank(line)) at += 1;
		else if (/^ {4}/.test(line)) {
			const code = takeWhile((next) => isBlank(next) || /^ {4}/.test(next));
			while (isBlank(code.at(-1))) code.pop();
			parts.push(codeBlock(code.map((next) => next.slice(4))));
		} else if (fence) {
			at += 1;
			const [, indent = "", mark = ""] = fence;
			const closes = new RegExp(`^ {0,3}${mark[0]}{${mark.length},}[ \t]*$`);
			const code = takeWhile((next) => !closes.test(next));
			at += 1;
			const indented = new RegExp(`^ {0,${indent.length}}`);
			parts.push(codeBlock(code.map((next) => next.replace(indented, ""))));
		} else if (heading) {
			at += 1;
			const [, marks = "", words = ""] = heading;
			parts.push({ name: `h${marks.length}`, content: spans(words) });
		} else if (RULE.test(line)) {
			at += 1;
			parts.push({ name: "hr", content: [] });
		} else if (depth < MAX_DEPTH && QUOTE.test(line)) {
			let open = false;
			const inner = takeWhile((next) => {
				if (QUOTE.test(next)) {
					const said = next.replace(QUOTE, "");
					open = !isBlank(said) && !HEADING.test(said) && !/^ {4}|^ *[`~]{3}/.test(said);
					return true;
				}
				// A paragraph goes on without the mark.
				return open && !isBlank(next) && !interrupts(next);
			}).map((next) => next.replace(QUOTE, ""));
			parts.push({ name: "blockquote", content: blocks(inner, depth + 1, known) });
		} else if (depth < MAX_DEPTH && ITEM.test(line)) {
			const taken = list(lines.slice(at), depth, known);
			at += taken.length;
			parts.push(taken.part);
		} else if (HTML_BLOCK.test(line)) {
			const html = takeWhile((next) => !isBlank(next));
			parts.push({ name: "p", content: [html.join("\n")] });
		} else if (line.includes("|") && isTable(line, lines[at + 1])) {
			at += 2;
			const aligned = cells(lines[at - 1] ?? "").map((rule) =>
				rule.endsWith(":") ? (rule.startsWith(":") ? "center" : "right") : "",
			);
			const row = (/** @type {string} */ name, /** @type {string} */ text) => {
				const own = cells(text);
				const missing = Math.max(0, aligned.length - own.length);
				const filled = Math.min(missing, known.room);
				known.room -= filled;
				/** @type {Part[]} */
				const content = aligned.slice(0, own.length + filled).map((side, column) => ({
					name,
					...(side && { attributes: { class: side } }),
					content: spans(own[column] ?? ""),
				}));
				return { name: "tr", content };
			};
			const head = { name: "thead", content: [row("th", line)] };
			const rows = takeWhile((next) => !isBlank(next) && !interrupts(next));
			const body = { name: "tbody", content: rows.map((text) => row("td", text)) };
			parts.push({ name: "table", content: [head, body] });
		} else {
			at += 1;
			const more = takeWhile(
				(next) => !isBlank(next) && !interrupts(next) && !/^ {0,3}=+ *$/.test(next),
			);
			const words = [line, ...more].map((next) => next.trimStart()).join("\n");
			const under = /^ {0,3}(=+|-+)[ \t]*$/.exec(lines[at] ?? "");
			if (under) at += 1;
			const name = under ? (under[1]?.startsWith("=") ? "h1" : "h2") : "p";
			parts.push({ name, content: spans(words.trimEnd()) });
		}
	}
	return parts;
}

/** @param {string[]} lines */
function codeBlock(lines) {
	const text = lines.map((line) => `${line}\n`).join("");
	return { name: "pre", content: [{ name: "code", content: [text] }] };
}

/**
 * @param {string} head
 * @param {string | undefined} rule
 */
function isTable(head, rule) {
	return (
		rule !== undefined &&
		TABLE_RULE.test(rule) &&
		cells(head).length === cells(rule).length
	);
}

/**
 * The cells of a table's line.
 * @param {string} line
 */
function cells(line) {
	const inner = line
		.trim()
		.replace(/^\|/, "")
		.replace(/(?<!\\)\|$/, "");
	return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/**
 * The list that the lines begin with, and how many of them it takes.
 * @param {string[]} lines
 * @param {number} depth
 * @param {Known} known
 * @returns {{part: Part, length: number}}
 */
function list(lines, depth, known) {
	const kindOf = (/** @type {RegExpExecArray | null} */ item) => item?.[2]?.slice(-1);
	const first = ITEM.exec(lines[0] ?? "");
	const kind = kindOf(first);
	/** @type {string[][]} */
	const items = [];
	let loose = false;
	let at = 0;
	while (at < lines.length) {
		const line = lines[at] ?? "";
		const item = ITEM.exec(line);
		if (!item || kindOf(item) !== kind || RULE.test(line)) break;
		// What belongs to the item is as far in as its text.
		const inside = isBlank(line.slice(item[0].length))
			? (item[0].trimEnd().length ?? 0) + 1
			: item[0].length;
		const own = [line.slice(inside)];
		at += 1;
		for (; at < lines.length; at += 1) {
			const next = lines[at] ?? "";
			const indent = next.length - next.trimStart().length;
			if (isBlank(next)) {
				if (own.length === 1 && isBlank(own[0])) break;
				own.push("");
			} else if (indent >= inside) own.push(next.slice(inside));
			else if (isBlank(own.at(-1)) || interrupts(next) || ITEM.test(next)) break;
			else own.push(next);
		}
		// A list goes on after an empty item and a blank line.
		let blank = false;
		while (
			isBlank(own[0]) &&
			own.length === 1 &&
			at < lines.length &&
			isBlank(lines[at])
		) {
			at += 1;
			blank = true;
		}
		while (own.length > 1 && isBlank(own.at(-1))) {
			own.pop();
			blank = true;
		}
		items.push(own);
		const goesOn = kindOf(ITEM.exec(lines[at] ?? "")) === kind;
		loose ||= (blank && goesOn) || hasGap(own);
		if (!goesOn) break;
	}
	const content = items.map((own) => {
		const task = /^\[([ xX])\] +(?=\S)/.exec(own[0] ?? "");
		if (task) own[0] = own[0]?.slice(task[0].length) ?? "";
		const inner = blocks(own, depth + 1, known);
		const [opening] = inner;
		if (task && opening?.name === "p") {
			const done = task[1] !== " ";
			opening.content.unshift(
				{ name: "task", attributes: { done: String(done) }, content: [done ? "☑" : "☐"] },
				" ",
			);
		}
		// A tight list has no paragraphs of its own.
		const held = loose
			? inner
			: inner.flatMap((part) => (part.name === "p" ? part.content : [part]));
		return { name: "li", content: held };
	});
	const start = first?.[3] === undefined ? null : Number(first[3]);
	return {
		part: {
			name: start === null ? "ul" : "ol",
			...(start !== null && start !== 1 && { attributes: { start: String(start) } }),
			content,
		},
		length: at,
	};
}

/**
 * Whether blank lines stand between the blocks of an item itself, not only within one.
 * @param {string[]} lines
 */
function hasGap(lines) {
	let [fenced, nested, blank] = [false, false, false];
	for (const [at, line] of lines.entries()) {
		if (isBlank(line)) {
			blank = !fenced && at > 0;
			continue;
		}
		if (blank && !(nested && line.startsWith("  "))) return true;
		blank = false;
		if (FENCE.test(line)) fenced = !fenced;
		nested ||= ITEM.test(line);
	}
	return false;
}

/**
 * @typedef {object} Delimiter A run of `*`, `_` or `~` that may begin or end emphasis.
 * @property {string} mark
 * @property {number} left How many of the run aren't used up.
 * @property {number} whole
 * @property {boolean} opens
 * @property {boolean} closes
 * @property {string[]} ended Names of the elements that end here.
 * @property {string[]} begun Of those that begin here, the innermost first.
 */

/** @typedef {{delimiter: Delimiter}} Open */

const PUNCTUATION = /[\p{P}\p{S}]/u;

/**
 * The spans of a text: emphasis, code, links.
 * @param {string} text
 * @param {Map<string, string>} definitions
 * @returns {(Part | string)[]}
 */
function inline(text, definitions) {
	/** @type {(Part | string | Open)[]} */
	const out = [];
	/** @type {{at: number, place: number, image: boolean}[]} Brackets that may begin a link. */
	const brackets = [];
	/** @type {Set<number>} Lengths of runs of backticks that nothing closes from here on. */
	const unclosed = new Set();
	let at = 0;
	const say = (/** @type {string} */ words) => {
		if (typeof out.at(-1) === "string") out[out.length - 1] += words;
		else out.push(words);
	};
	const match = (/** @type {RegExp} */ pattern) => {
		pattern.lastIndex = at;
		return pattern.exec(text);
	};
	while (at < text.length) {
		const sign = text.charAt(at);
		/** @type {RegExpExecArray | null} */
		let found = null;
		if (sign === "\\") {
			found = match(/\\([!-/:-@[-`{-~\n])/y);
			if (found?.[1] === "\n") out.push({ name: "br", content: [] });
			else say(found?.[1] ?? sign);
		} else if (sign === "`") {
			const [run = ""] = match(/`+/y) ?? [];
			const end = unclosed.has(run.length)
				? -1
				: codeEnd(text, at + run.length, run.length);
			if (end < 0) {
				unclosed.add(run.length);
				say(run);
				at += run.length;
			} else {
				const code = text.slice(at + run.length, end).replaceAll("\n", " ");
				const bare = /^ .*[^ ].* $/.test(code) ? code.slice(1, -1) : code;
				out.push({ name: "code", content: [bare] });
				at = end + run.length;
			}
			continue;
		} else if (sign === "<") {
			found = match(/<([a-z][a-z0-9+.-]{1,31}:[^\s<>]*)>/iy);
			const mail = found
				? null
				: match(/<([\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*)>/y);
			if (found?.[1]) out.push(...link(found[1], [found[1]]));
			else if (mail?.[1]) out.push(...link(`mailto:${mail[1]}`, [mail[1]]));
			else {
				// A tag is text, but what stands in it is no Markdown.
				found = match(/<(?:\/?[a-z][^<>]*|!--[^<>]*--)>/iy);
				say(found?.[0] ?? sign);
			}
			found ??= mail;
		} else if (sign === "&") {
			found = match(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{1,31}));/iy);
			say(entity(found) ?? found?.[0] ?? sign);
		} else if (sign === "\n") {
			const last = out.at(-1);
			const broken = typeof last === "string" && last.endsWith("  ");
			if (typeof last === "string") out[out.length - 1] = last.trimEnd();
			if (broken) out.push({ name: "br", content: [] });
			else say("\n");
		} else if (sign === "[" || (sign === "!" && text[at + 1] === "[")) {
			const image = sign === "!";
			brackets.push({ at: at + (image ? 2 : 1), place: out.length, image });
			out.push(image ? "![" : "[");
			// Kept apart, should it become nothing but the beginning of a link.
			out.push("");
			at += image ? 2 : 1;
			continue;
		} else if (sign === "]") {
			const open = brackets.pop();
			const target = open && linkTarget(text, at, open.at, definitions);
			if (open && target) {
				const inner = emphasised(out.splice(open.place).slice(1));
				out.push(...link(target.address, inner));
				if (!open.image) brackets.length = 0; // There are no links within links.
				at = target.end;
				continue;
			}
			say(sign);
		} else if ("*_~".includes(sign)) {
			const mark = sign;
			const [run = ""] = match(/\*+|_+|~+/y) ?? [];
			out.push({ delimiter: delimiter(text, at, mark, run.length) }, "");
			at += run.length;
			continue;
		} else {
			found = match(/[^\\`<&\n![\]*_~]+/y);
			say(found?.[0] ?? sign);
		}
		at += found?.[0].length ?? 1;
	}
	return emphasised(out);
}

/**
 * Where the run of backticks is that closes one.
 * @param {string} text
 * @param {number} from
 * @param {number} length
 */
function codeEnd(text, from, length) {
	for (const { 0: run, index } of text.slice(from).matchAll(/`+/g))
		if (run.length === length) return from + index;
	return -1;
}

/** @param {RegExpExecArray | null} found */
function entity(found) {
	if (!found) return undefined;
	const [, decimal, hexadecimal, name = ""] = found;
	if (decimal === undefined && hexadecimal === undefined) return ENTITIES.get(name);
	const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal ?? "", 16);
	const known = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
	return known ? String.fromCodePoint(code) : "\ufffd";
}

/**
 * What a link or an image becomes: a link where a click is harmless, else its words.
 * @param {string} address
 * @param {(Part | string)[]} words
 * @returns {(Part | string)[]}
 */
function link(address, words) {
	if (!/^(https?:\/\/|mailto:)/i.test(address) || !URL.canParse(address)) return words;
	// A link within a link, as an image in one is: the outer one stays.
	const flat = words.flatMap((word) =>
		typeof word !== "string" && word.name === "a" ? word.content : [word],
	);
	return [{ name: "a", attributes: { href: address }, content: flat }];
}

/**
 * The address that the brackets before `at` are a link to, and where it ends.
 * @param {string} text
 * @param {number} at Of the closing bracket.
 * @param {number} from Of what is in the brackets.
 * @param {Map<string, string>} definitions
 */
function linkTarget(text, at, from, definitions) {
	const spelled =
		/\]\(\s*(?:<((?:[^<>\n\\]|\\.)*)>|((?:[^\s()\\]|\\.|\([^\s()]*\))*))(?:\s+(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\((?:[^()\\]|\\.)*\)))?\s*\)/y;
	spelled.lastIndex = at;
	const found = spelled.exec(text);
	if (found) {
		const address = (found[1] ?? found[2] ?? "").replace(/\\([!-/:-@[-`{-~])/g, "$1");
		return { address, end: at + found[0].length };
	}
	if (definitions.size === 0 || at - from > 1000) return null;
	const named = /\]\[((?:[^\]\\]|\\.)*)\]/y;
	named.lastIndex = at;
	const reference = named.exec(text);
	const address = definitions.get(labelOf(reference?.[1] || text.slice(from, at)));
	return address === undefined
		? null
		: { address, end: at + (reference?.[0].length ?? 1) };
}

/**
 * @param {string} text
 * @param {number} at
 * @param {string} mark
 * @param {number} length
 * @returns {Delimiter}
 */
function delimiter(text, at, mark, length) {
	const before = [...text.slice(Math.max(0, at - 2), at)].at(-1) ?? " ";
	const after = String.fromCodePoint(text.codePointAt(at + length) ?? 0x20);
	const [spaceBefore, spaceAfter] = [/\s/.test(before), /\s/.test(after)];
	const [signBefore, signAfter] = [PUNCTUATION.test(before), PUNCTUATION.test(after)];
	const left = !spaceAfter && (!signAfter || spaceBefore || signBefore);
	const right = !spaceBefore && (!signBefore || spaceAfter || signAfter);
	const word = mark === "_";
	const fits = mark !== "~" || length <= 2;
	return {
		mark,
		left: length,
		whole: length,
		opens: fits && left && (!word || !right || signBefore),
		closes: fits && right && (!word || !left || signAfter),
		ended: [],
		begun: [],
	};
}

/**
 * Makes emphasis of the delimiters (CommonMark 0.31, "process emphasis").
 * @param {(Part | string | Open)[]} parts
 * @returns {(Part | string)[]}
 */
function emphasised(parts) {
	/** @type {Delimiter[]} */
	const openers = [];
	/** @type {Map<string, number>} Below which place no opener pairs with closers of a sort. */
	const bottoms = new Map();
	for (const part of parts) {
		if (typeof part === "string" || !("delimiter" in part)) continue;
		const own = part.delimiter;
		const sort = `${own.mark}${own.opens}${own.mark === "~" ? own.whole : own.whole % 3}`;
		while (own.closes && own.left > 0) {
			const bottom = bottoms.get(sort) ?? 0;
			let at = openers.length - 1;
			while (at >= bottom && !pairs(openers[at], own)) at -= 1;
			const open = at >= bottom ? openers[at] : undefined;
			if (!open) {
				bottoms.set(sort, openers.length);
				break;
			}
			// What was opened within and not closed is text.
			openers.length = at + 1;
			for (const [key, place] of bottoms) if (place > at) bottoms.set(key, at);
			const used = own.mark === "~" ? own.whole : Math.min(own.left, open.left, 2);
			const name = own.mark === "~" ? "del" : used === 2 ? "strong" : "em";
			open.begun.push(name);
			own.ended.push(name);
			own.left -= used;
			open.left -= used;
			if (open.left === 0) openers.pop();
		}
		if (own.opens && own.left > 0) openers.push(own);
	}

	/** @type {Part[]} What is open, from the outermost. */
	const open = [{ name: "", content: [] }];
	const add = (/** @type {Part | string} */ part) => {
		const content = /** @type {Part} */ (open.at(-1)).content;
		if (part === "") return;
		if (typeof part === "string" && typeof content.at(-1) === "string")
			content[content.length - 1] += part;
		else content.push(part);
	};
	for (const part of parts) {
		if (typeof part === "string" || !("delimiter" in part)) {
			add(part);
			continue;
		}
		const { mark, left, ended, begun } = part.delimiter;
		for (const _ of ended) add(/** @type {Part} */ (open.pop()));
		add(mark.repeat(left));
		for (const name of begun.toReversed()) open.push({ name, content: [] });
	}
	return open[0]?.content ?? [];
}

/**
 * @param {Delimiter | undefined} open
 * @param {Delimiter} close
 */
function pairs(open, close) {
	if (!open || open.mark !== close.mark) return false;
	if (close.mark === "~") return open.whole === close.whole;
	// "Rule of three".
	return (
		!(open.closes || close.opens) ||
		(open.whole + close.whole) % 3 !== 0 ||
		(open.whole % 3 === 0 && close.whole % 3 === 0)
	);
}
