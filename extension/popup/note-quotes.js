/** The quotes in a note's text: its block quotes, as the program writes them. Pure. */

/** @import {QuotePlace} from "../shared/messages.js" */

/**
 * A quote and its place in the text: from its first line to the end of its last.
 * @typedef {QuotePlace & {from: number, to: number}} NoteQuote
 */

/** A link to a passage, whatever its text, or the program's own in its short form. */
const LINK =
	/^\[(?:[^[\]]*\]\((?:<([^<>]*:~:text=[^<>]*)>|([^\s<>]*:~:text=[^\s<>]*))|(?:Go to passage|in the page)\]\(#\d+)\)\s*$/;

/**
 * @param {string} text
 * @param {(text: string) => string} expand Gives links their whole addresses.
 * @returns {NoteQuote[]} In their order.
 */
export function quotesOf(text, expand = (part) => part) {
	/** @type {NoteQuote[]} */
	const quotes = [];
	/** @type {{from: number, to: number, lines: string[]} | null} */
	let block = null;
	let fence = "";
	const end = () => {
		const quote = block && quoteIn(block.lines.map(expand));
		if (block && quote) quotes.push({ ...quote, from: block.from, to: block.to });
		block = null;
	};
	let at = 0;
	for (const line of text.split("\n")) {
		const [, mark = ""] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
		const quoted = /^ {0,3}> ?(.*)$/.exec(line);
		if (fence) {
			if (mark.startsWith(fence)) fence = "";
		} else if (quoted) {
			block ??= { from: at, to: at, lines: [] };
			block.lines.push(quoted[1] ?? "");
			block.to = at + line.length;
		} else {
			end();
			fence = mark;
		}
		at += line.length + 1;
	}
	end();
	return quotes;
}

/**
 * @param {string[]} lines
 * @returns {QuotePlace | null} Null if nothing is quoted.
 */
function quoteIn(lines) {
	const link = LINK.exec(lines.at(-1) ?? "");
	const text = (link ? lines.slice(0, -1) : lines)
		.join("\n")
		.replace(/\\([!-/:-@[-`{-~])/g, "$1")
		// The program marks so where it has cut a quote.
		.replace(/ …\s*$/, "")
		.trim();
	if (!text) return null;
	const parts =
		(link?.[1] ?? link?.[2] ?? "").split(":~:text=")[1]?.split("&")[0]?.split(",") ?? [];
	const prefix = parts.find((part) => part.endsWith("-"))?.slice(0, -1) ?? "";
	const suffix = parts.find((part) => part.startsWith("-"))?.slice(1) ?? "";
	return { text, prefix: decoded(prefix), suffix: decoded(suffix) };
}

/** @param {string} part Of an address. */
function decoded(part) {
	try {
		return decodeURIComponent(part);
	} catch {
		return "";
	}
}

/**
 * The text without a quote, and without the empty lines that it leaves.
 * @param {string} text
 * @param {NoteQuote} quote
 */
export function withoutQuote(text, { from, to }) {
	const before = text.slice(0, from).trimEnd();
	const after = text.slice(to).replace(/^(?:[ \t]*\n)+/, "");
	return before && after ? `${before}\n\n${after}` : before || after;
}
