/**
 * "Show my quotes on this page": finds the quotes of a note in the page of a tab, marks them and
 * scrolls to the first. Like a capture it needs a click (`activeTab`), and it changes nothing in
 * the page: the marks are CSS Custom Highlights.
 */

import { browser } from "../shared/browser.js";

/** @import {QuotePlace} from "../shared/messages.js" */

const STYLE =
	"::highlight(url-notes-quotes) { background-color: Mark; color: MarkText; }";

/**
 * @param {number | undefined} tabId
 * @param {QuotePlace[]} quotes
 * @returns {Promise<number | null>} How many were found; null if the page can't be marked.
 */
export async function markQuotes(tabId, quotes) {
	if (tabId === undefined) return null;
	const target = { tabId };
	try {
		await browser.scripting.insertCSS({ target, css: STYLE });
		const [answer] = await browser.scripting.executeScript({
			target,
			func: findQuotes,
			args: [quotes],
			injectImmediately: true,
		});
		return answer?.result ?? null;
	} catch {
		return null; // The browser allows no scripts in this page.
	}
}

/**
 * Runs inside the page. It must not use anything from outside its own braces.
 * @param {QuotePlace[]} quotes
 * @returns {number | null} How many were found; null if the browser has no highlights.
 */
export function findQuotes(quotes) {
	if (typeof Highlight === "undefined" || !CSS.highlights || !document.body) return null;
	// A selection and the page differ in white space, invisible characters and capitals.
	const SKIPPED = /[\s\u00ad\u200b-\u200d\u2060\ufeff]/g;
	/** @param {string} text */
	const plain = (text) => {
		const visible = text.replace(SKIPPED, "");
		const lower = visible.toLowerCase();
		return lower.length === visible.length ? lower : visible;
	};
	/** @type {Text[]} */
	const nodes = [];
	/** @type {number[]} Where the text of each node begins in the page's. */
	const starts = [];
	/** @type {string[]} */
	const texts = [];
	let length = 0;
	/** @type {Element | null} */
	let last = null;
	let isShown = false;
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const node = /** @type {Text} */ (walker.currentNode);
		const parent = node.parentElement;
		if (!parent || /^(script|style|noscript|template|textarea)$/i.test(parent.localName))
			continue;
		// A selection has no hidden text.
		if (parent !== last) [last, isShown] = [parent, parent.checkVisibility()];
		if (!isShown) continue;
		const text = plain(node.data);
		if (!text) continue;
		nodes.push(node);
		starts.push(length);
		texts.push(text);
		length += text.length;
	}
	const page = texts.join("");

	/**
	 * The place of a character in the document.
	 * @param {number} at Its index in the page's text.
	 * @returns {[node: Text, offset: number]}
	 */
	const placeOf = (at) => {
		let [low, high] = [0, starts.length - 1];
		while (low < high) {
			const middle = Math.ceil((low + high) / 2);
			if (/** @type {number} */ (starts[middle]) <= at) low = middle;
			else high = middle - 1;
		}
		const node = /** @type {Text} */ (nodes[low]);
		let left = at - /** @type {number} */ (starts[low]);
		for (let offset = 0; offset < node.data.length; offset += 1) {
			if (node.data.charAt(offset).replace(SKIPPED, "") === "") continue;
			if (left === 0) return [node, offset];
			left -= 1;
		}
		return [node, 0];
	};

	/** @param {QuotePlace} quote */
	const find = (quote) => {
		const [text, prefix, suffix] = [quote.text, quote.prefix, quote.suffix].map(plain);
		if (!text || prefix === undefined || suffix === undefined) return null;
		let best = null;
		let most = -1;
		for (let at = page.indexOf(text); at >= 0; at = page.indexOf(text, at + 1)) {
			const end = at + text.length;
			const fits =
				Number(page.slice(0, at).endsWith(prefix)) + Number(page.startsWith(suffix, end));
			if (fits <= most) continue;
			const [first, from] = placeOf(at);
			const [final, to] = placeOf(end - 1);
			const range = document.createRange();
			range.setStart(first, from);
			range.setEnd(final, to + 1);
			[best, most] = [range, fits];
			if (fits === 2) break;
		}
		return best;
	};

	const found = quotes.map(find).filter((range) => range !== null);
	CSS.highlights.set("url-notes-quotes", new Highlight(...found));
	const [first] = found.sort((a, b) => a.compareBoundaryPoints(Range.START_TO_START, b));
	if (first) {
		first.startContainer.parentElement?.scrollIntoView({ block: "center" });
		// In a paragraph that is higher than the window, its middle may be far away.
		const { top } = first.getBoundingClientRect();
		if (top < 0 || top > innerHeight) scrollBy(0, top - innerHeight / 2);
	}
	return found.length;
}
