/**
 * What a page says of itself at the click: description, date, site, language
 * and the selection. And which pages can be saved at all.
 *
 * Nothing here reads a page on its own account: the browser lets it only after
 * the user's click (`activeTab`), and only the page that was clicked on.
 */

import { browser } from "./browser.js";
import { normaliseTag } from "./tags.js";
import { fit, LIMITS } from "./text.js";

/**
 * @typedef {import("../protocol.js").SaveNoteParams} SaveNoteParams
 * @typedef {Omit<SaveNoteParams, "opId" | "url" | "title" | "tags" | "summary">
 *   & {keywords?: string[]}} Captured `keywords` are for suggestions, not saved.
 */

/** A page that answers later than this is saved without what it would have said. */
const CAPTURE_WITHIN_MS = 300;

/** More keywords than these are meant for search engines. */
const KEYWORDS = 10;

/**
 * The address to save for a tab, or null where its page can't be saved.
 * `file:` is left to the host, whose configuration decides.
 * @param {string | undefined} tabUrl
 * @returns {string | null}
 */
export function savableUrl(tabUrl) {
	if (tabUrl === undefined) return null;
	const inReader = /^about:reader\?(.*)$/s.exec(tabUrl);
	if (inReader)
		return savableUrl(new URLSearchParams(inReader[1]).get("url") ?? undefined);
	const url = tabUrl.toWellFormed();
	return /^(https?|file):/i.test(url) ? url : null;
}

/**
 * Reads the page of a tab. Never fails and never takes long: a page that
 * can't be read (PDF, reader view, the browser's own) says nothing.
 * @param {number | undefined} tabId
 * @returns {Promise<Captured>}
 */
export async function capture(tabId) {
	if (tabId === undefined) return {};
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	const late = new Promise((resolve) => {
		timer = setTimeout(resolve, CAPTURE_WITHIN_MS, []);
	});
	const read = browser.scripting.executeScript({
		target: { tabId },
		func: readPage,
		injectImmediately: true,
	});
	try {
		const results = /** @type {{result?: PageSays}[]} */ (
			await Promise.race([read, late])
		);
		return fitCaptured(results?.[0]?.result ?? {});
	} catch {
		return {}; // Not a page for scripts.
	} finally {
		clearTimeout(timer);
	}
}

/**
 * What a page said, as the host takes it: trimmed, within the limits, without
 * empty fields.
 * @param {PageSays} says
 * @returns {Captured}
 */
export function fitCaptured(says) {
	/** @type {Captured} */
	const captured = {};
	const line = (/** @type {unknown} */ text, /** @type {number} */ limit) =>
		typeof text === "string" ? fit(text.replace(/\s+/g, " ").trim(), limit) : "";
	const excerpt = line(says.excerpt, LIMITS.excerpt);
	if (excerpt) captured.excerpt = excerpt;
	const publishedAt = line(says.publishedAt, 64);
	if (publishedAt) captured.publishedAt = publishedAt;
	const siteName = line(says.siteName, LIMITS.siteName);
	if (siteName) captured.siteName = siteName;
	const lang = line(says.lang, 64);
	if (lang) captured.lang = lang;
	const keywords = line(says.keywords, LIMITS.excerpt).split(/[,;]/).map(normaliseTag);
	const named = keywords.filter((keyword) => keyword !== null).slice(0, KEYWORDS);
	if (named.length > 0) captured.keywords = named;
	const text =
		typeof says.quote?.text === "string" ? fit(says.quote.text.trim(), LIMITS.quote) : "";
	if (text) {
		captured.quote = { text };
		const prefix = line(says.quote?.prefix, LIMITS.context);
		if (prefix) captured.quote.prefix = prefix;
		const suffix = line(says.quote?.suffix, LIMITS.context);
		if (suffix) captured.quote.suffix = suffix;
	}
	return captured;
}

/**
 * @typedef {object} PageSays
 * @property {string} [excerpt]
 * @property {string} [publishedAt]
 * @property {string} [siteName]
 * @property {string} [lang]
 * @property {string} [keywords] Separated by commas.
 * @property {{text: string, prefix?: string, suffix?: string}} [quote]
 */

/**
 * Runs inside the page, so it may use nothing from outside its own braces.
 * @returns {PageSays}
 */
export function readPage() {
	/** Words of context that tell a quote from its repetitions. */
	const CONTEXT_WORDS = 5;

	const meta = (/** @type {string[]} */ ...names) => {
		for (const name of names) {
			const found = document.querySelector(
				`meta[name="${name}" i], meta[property="${name}" i], meta[itemprop="${name}" i]`,
			);
			const content = found?.getAttribute("content")?.trim();
			if (content) return content;
		}
		return undefined;
	};

	/** The first `datePublished` anywhere in the page's JSON-LD. */
	const linkedDate = () => {
		for (const script of document.querySelectorAll(
			'script[type="application/ld+json" i]',
		)) {
			/** @type {unknown[]} */
			const queue = [];
			try {
				queue.push(JSON.parse(script.textContent ?? ""));
			} catch {
				continue; // The page's mistake.
			}
			for (let seen = 0; queue.length > 0 && seen < 10_000; seen += 1) {
				const node = queue.shift();
				if (typeof node !== "object" || node === null) continue;
				const date = /** @type {Record<string, unknown>} */ (node).datePublished;
				if (typeof date === "string" && date.trim()) return date.trim();
				queue.push(...Object.values(node));
			}
		}
		return undefined;
	};

	/** The nearest ancestor that is laid out as a block: text fragments match within one. */
	const blockOf = (/** @type {Node} */ node) => {
		let element = node.parentElement;
		while (element && /^(inline|contents|ruby)/.test(getComputedStyle(element).display)) {
			element = element.parentElement;
		}
		return element;
	};

	/**
	 * The nearest words before or after a place, from one block.
	 * @param {Node} from
	 * @param {string} first Text of `from` itself on that side.
	 * @param {"previousNode" | "nextNode"} step
	 */
	const wordsFrom = (from, first, step) => {
		const before = step === "previousNode";
		const walker = document.createTreeWalker(
			document.body,
			NodeFilter.SHOW_TEXT,
			(node) =>
				node.parentElement?.closest("script, style, noscript, template, textarea")
					? NodeFilter.FILTER_REJECT
					: NodeFilter.FILTER_ACCEPT,
		);
		walker.currentNode = from;
		let text = first;
		let block = text.trim() ? blockOf(from) : null;
		const words = () => text.trim().split(/\s+/).filter(Boolean);
		// The word at the far end may be cut, so one more than is needed is read.
		while (words().length <= CONTEXT_WORDS) {
			const node = walker[step]();
			if (!node) break;
			const part = node.nodeValue ?? "";
			if (!part.trim()) continue;
			block ??= blockOf(node);
			if (blockOf(node) !== block) break;
			text = before ? part + text : text + part;
		}
		return (
			before ? words().slice(-CONTEXT_WORDS) : words().slice(0, CONTEXT_WORDS)
		).join(" ");
	};

	const selected = () => {
		const selection = getSelection();
		const text = selection?.toString().trim();
		if (!selection || !text || selection.rangeCount === 0) return undefined;
		const squeeze = (/** @type {string} */ s) => s.replace(/\s+/g, " ");
		// biome-ignore lint/performance/useDomNodeTextContent: only what is visible counts.
		const whole = squeeze(document.body.innerText ?? "").toLowerCase();
		const wanted = squeeze(text).toLowerCase();
		if (whole.indexOf(wanted) === whole.lastIndexOf(wanted)) return { text };
		const range = selection.getRangeAt(0);
		const side = (
			/** @type {Node} */ node,
			/** @type {number} */ at,
			/** @type {boolean} */ before,
		) => {
			if (node.nodeType === Node.TEXT_NODE) {
				const value = node.nodeValue ?? "";
				return wordsFrom(
					node,
					before ? value.slice(0, at) : value.slice(at),
					before ? "previousNode" : "nextNode",
				);
			}
			// Between two children: the child on that side, or the parent itself.
			const child = node.childNodes[before ? at : at - 1] ?? node;
			return wordsFrom(child, "", before ? "previousNode" : "nextNode");
		};
		return {
			text,
			prefix: side(range.startContainer, range.startOffset, true),
			suffix: side(range.endContainer, range.endOffset, false),
		};
	};

	/** @type {PageSays} */
	const says = {};
	const put = (
		/** @type {"excerpt" | "publishedAt" | "siteName" | "lang" | "keywords"} */ field,
		/** @type {string | undefined} */ value,
	) => {
		if (value) says[field] = value;
	};
	put("excerpt", meta("description", "og:description", "twitter:description"));
	put(
		"publishedAt",
		meta(
			"article:published_time",
			"datePublished",
			"citation_publication_date",
			"dc.date",
			"date",
		) ??
			linkedDate() ??
			document
				.querySelector("time[pubdate], time[itemprop=datePublished]")
				?.getAttribute("datetime") ??
			undefined,
	);
	put("siteName", meta("og:site_name"));
	put("keywords", meta("keywords", "news_keywords", "citation_keywords"));
	put("lang", document.documentElement.lang);
	const quote = selected();
	if (quote) says.quote = quote;
	return says;
}
