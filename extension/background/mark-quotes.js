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
		// Chromium shows highlights only with styles of the page, and Firefox those in shadow trees
		// only with styles of the user.
		for (const origin of /** @type {const} */ (["AUTHOR", "USER"]))
			await browser.scripting.insertCSS({ target, css: STYLE, origin });
		const [answer] = await browser.scripting.executeScript({
			target,
			func: findQuotes,
			args: [quotes, STYLE],
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
 * @param {string} style Of the highlights.
 * @returns {number | null} How many were found; null if the browser has no highlights.
 */
export function findQuotes(quotes, style) {
	if (typeof Highlight === "undefined" || !CSS.highlights || !document.body) return null;
	// A selection and the page differ in white space, invisible characters and capitals.
	const SKIPPED = /[\s\u00ad\u200b-\u200d\u2060\ufeff]/;
	const ALL_SKIPPED = new RegExp(SKIPPED, "g");
	/** @type {(text: string, at: number) => boolean} Quick, for pages of one long text. */
	const isSkipped = (text, at) => {
		const code = text.charCodeAt(at);
		if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
		return SKIPPED.test(text.charAt(at));
	};
	/** @param {string} text */
	const plain = (text) => {
		const visible = text.replace(ALL_SKIPPED, "");
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
	/** @param {Text} node */
	const add = (node) => {
		const text = plain(node.data);
		if (!text) return;
		nodes.push(node);
		starts.push(length);
		texts.push(text);
		length += text.length;
	};
	/**
	 * What is shown in an element: its shadow tree, what fills a slot, or its children.
	 * @param {Element} element
	 * @returns {Iterable<Node>}
	 */
	const contentOf = (element) => {
		const filling = element instanceof HTMLSlotElement ? element.assignedNodes() : [];
		return filling.length > 0 ? filling : (element.shadowRoot ?? element).childNodes;
	};
	const SKIPPED_ELEMENT = /^(script|style|noscript|template|textarea)$/i;
	/** @type {Node[]} The nodes that are still to be read, the next one at the end. */
	const rest = [document.body];
	for (let node = rest.pop(); node; node = rest.pop()) {
		if (node.nodeType === Node.TEXT_NODE) add(/** @type {Text} */ (node));
		if (node.nodeType !== Node.ELEMENT_NODE) continue;
		const element = /** @type {Element} */ (node);
		if (SKIPPED_ELEMENT.test(element.localName)) continue;
		// A selection has no hidden text. Elements without a box of their own may show some.
		if (!element.checkVisibility() && getComputedStyle(element).display !== "contents")
			continue;
		for (const child of [...contentOf(element)].reverse()) rest.push(child);
	}
	const page = texts.join("");

	/**
	 * The node of a character.
	 * @param {number} at Its index in the page's text.
	 */
	const nodeAt = (at) => {
		let [low, high] = [0, starts.length - 1];
		while (low < high) {
			const middle = Math.ceil((low + high) / 2);
			if (/** @type {number} */ (starts[middle]) <= at) low = middle;
			else high = middle - 1;
		}
		return low;
	};

	/**
	 * The offset of a character in its node.
	 * @param {number} index The node's.
	 * @param {number} at The character's index in the page's text.
	 */
	const offsetIn = (index, at) => {
		const { data } = /** @type {Text} */ (nodes[index]);
		let left = at - /** @type {number} */ (starts[index]);
		for (let offset = 0; offset < data.length; offset += 1) {
			if (isSkipped(data, offset)) continue;
			if (left === 0) return offset;
			left -= 1;
		}
		return 0;
	};

	/**
	 * The ranges of a part of the page's text: one, unless it crosses the border of a shadow tree,
	 * which no range does.
	 * @param {number} at
	 * @param {number} end
	 */
	const rangesOf = (at, end) => {
		const [first, final] = [nodeAt(at), nodeAt(end - 1)];
		/** @type {Range[]} */
		const ranges = [];
		for (let index = first; index <= final; index += 1) {
			const node = /** @type {Text} */ (nodes[index]);
			const from = index === first ? offsetIn(index, at) : 0;
			const to = index === final ? offsetIn(index, end - 1) + 1 : node.data.length;
			const last = ranges.at(-1);
			const goesOn =
				last &&
				last.endContainer.getRootNode() === node.getRootNode() &&
				last.comparePoint(node, from) >= 0;
			const range = goesOn ? last : document.createRange();
			if (!goesOn) {
				range.setStart(node, from);
				ranges.push(range);
			}
			range.setEnd(node, to);
		}
		return ranges;
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
			[best, most] = [{ at, end }, fits];
			if (fits === 2) break;
		}
		return best;
	};

	const found = quotes
		.map(find)
		.filter((place) => place !== null)
		.sort((a, b) => a.at - b.at);
	const ranges = found.flatMap(({ at, end }) => rangesOf(at, end));
	CSS.highlights.set("url-notes-quotes", new Highlight(...ranges));
	/**
	 * In Chromium, the page's styles don't reach into shadow trees.
	 * @param {ShadowRoot} root
	 */
	const styleShadowTree = (root) => {
		const sheet = new CSSStyleSheet();
		sheet.replaceSync(style);
		const isSame = (/** @type {CSSStyleSheet} */ other) =>
			other.cssRules[0]?.cssText === sheet.cssRules[0]?.cssText;
		if (!root.adoptedStyleSheets.some(isSame)) root.adoptedStyleSheets.push(sheet);
	};
	for (const root of new Set(
		ranges.map(({ startContainer }) => startContainer.getRootNode()),
	))
		try {
			if (root instanceof ShadowRoot) styleShadowTree(root);
		} catch {
			// Firefox keeps a page's style sheets from extensions, and needs none here.
		}
	const [first] = ranges;
	if (first) {
		const { parentNode } = first.startContainer;
		const element = parentNode instanceof ShadowRoot ? parentNode.host : parentNode;
		if (element instanceof Element) element.scrollIntoView({ block: "center" });
		// In a paragraph that is higher than the window, its middle may be far away.
		const { top } = first.getBoundingClientRect();
		if (top < 0 || top > innerHeight) scrollBy(0, top - innerHeight / 2);
	}
	return found.length;
}
