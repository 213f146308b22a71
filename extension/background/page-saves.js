/**
 * Turns what was captured of a page into `saveNote` entries of the outbox. One save of a page
 * is enough; each further quote, and metadata that arrives late, is another save. No quote is
 * saved twice after one click.
 */

import { fit, LIMITS } from "../shared/text.js";

/** @import {PageRecord, PendingCapture} from "../shared/messages.js" */

export class PageSaves {
	/** @type {import("./outbox.js").Outbox} */ #outbox;
	/** @type {import("./page-records.js").PageRecords} */ #records;
	/** @type {Map<string, string[]>} Texts of the quotes saved since the last click, by URL. */
	#quotes = new Map();

	/**
	 * @param {import("./outbox.js").Outbox} outbox
	 * @param {import("./page-records.js").PageRecords} records
	 */
	constructor(outbox, records) {
		this.#outbox = outbox;
		this.#records = records;
	}

	/**
	 * A new click on a page: the quotes that are saved already may be saved again.
	 * @param {string} url
	 */
	startClick(url) {
		this.#quotes.delete(url);
	}

	/**
	 * Adds the save that the user requested, unless an unanswered one contains it all.
	 * @param {PageRecord} page
	 * @param {PendingCapture} captured
	 */
	addSave(page, captured) {
		page.wanted = false;
		const captures = [...page.pendingCaptures.splice(0), captured];
		if (!this.#records.isSaving(page)) this.#add(page, captures, true);
		else if (captures.some(({ quote }) => quote)) this.#add(page, captures, false);
		this.#records.store(page);
	}

	/**
	 * Adds saves for further captures of a page that is being saved. Empty captures add none.
	 * @param {PageRecord} page
	 * @param {PendingCapture[]} captures In the order they arrived.
	 */
	addCaptures(page, captures) {
		this.#add(page, captures, false);
	}

	/**
	 * A save with this quote was withdrawn, so the quote may be saved again.
	 * @param {string} url
	 * @param {PendingCapture["quote"]} quote
	 */
	forgetQuote(url, quote) {
		const saved = this.#quotes.get(url);
		if (!saved || !quote) return;
		this.#quotes.set(
			url,
			saved.filter((text) => text !== quote.text),
		);
	}

	/**
	 * @param {PageRecord} page
	 * @param {PendingCapture[]} captures A later field replaces an earlier one.
	 * @param {boolean} always Also if the captures are empty.
	 */
	#add(page, captures, always) {
		const { quote: _, ...fields } = /** @type {PendingCapture} */ (
			Object.assign({}, ...captures)
		);
		const saved = this.#quotes.get(page.url) ?? [];
		/** @type {NonNullable<PendingCapture["quote"]>[]} */
		let quotes = [];
		for (const { quote } of captures) {
			if (!quote || saved.some((text) => isSameQuote(text, quote.text))) continue;
			quotes = [...quotes.filter(({ text }) => !isSameQuote(text, quote.text)), quote];
		}
		const [first, ...more] = quotes;
		if (!always && !first && Object.keys(fields).length === 0) return;
		this.#quotes.set(page.url, [...saved, ...quotes.map(({ text }) => text)]);
		const title = fit(page.title, LIMITS.title);
		const add = (/** @type {PendingCapture} */ own) =>
			this.#outbox.add("saveNote", { url: page.url, title, ...own }, page.url);
		add({ ...fields, ...(first && { quote: first }) });
		for (const quote of more) add({ quote });
	}
}

/**
 * Whether two texts are the same selection. The page and the browser report it with different
 * white space and different ends.
 * @param {string} one
 * @param {string} other
 */
function isSameQuote(one, other) {
	const [a, b] = [one, other].map((text) => text.replace(/\s+/g, " ").trim());
	return a !== undefined && b !== undefined && (a.includes(b) || b.includes(a));
}
