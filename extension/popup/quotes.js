/**
 * The popup's list of the note's quotes: each can be deleted, and all can be shown on the page.
 * A deletion is an edit of the note's text like any other.
 */

import { announce, element } from "../shared/elements.js";
import { language, say } from "../shared/i18n.js";
import { quotesOf, withoutQuote } from "./note-quotes.js";

/** @import {NoteQuote} from "./note-quotes.js" */
/** @import {QuotePlace} from "../shared/messages.js" */

export class Quotes {
	/** @type {import("./fields.js").Fields} */ #fields;
	/** @type {NoteQuote[]} */ #quotes = [];
	/** The text before and after the last deletion. */
	#deletion = /** @type {{before: string, after: string, quote: string} | null} */ (null);
	#undo = /** @type {HTMLButtonElement} */ (element("undo-quote"));

	/**
	 * Called to show quotes on the page; the result goes to `marked`.
	 * @type {(quotes: QuotePlace[]) => void}
	 */
	onMark = () => {};

	/** @param {import("./fields.js").Fields} fields */
	constructor(fields) {
		this.#fields = fields;
		element("show-quotes").addEventListener("click", () =>
			this.onMark(
				this.#quotes.map(({ text, prefix, suffix }) => ({ text, prefix, suffix })),
			),
		);
		this.#undo.addEventListener("click", () => this.#restore());
	}

	/** The note's text has changed. */
	refresh() {
		const { summary } = this.#fields;
		const texts = (/** @type {NoteQuote[]} */ quotes) =>
			JSON.stringify(quotes.map(({ text }) => text));
		const before = texts(this.#quotes);
		this.#quotes = quotesOf(summary.value, (text) => this.#fields.fullText(text));
		if (texts(this.#quotes) !== before) this.#draw();
	}

	/**
	 * The page was searched for the quotes.
	 * @param {number | null} found Null if it can't be marked.
	 */
	marked(found) {
		this.#say(
			found === null
				? say("quotesUnshown")
				: say("quotesFound", count(found), count(this.#quotes.length)),
		);
	}

	#draw() {
		const many = this.#quotes.length;
		const isUndoable = this.#deletion !== null;
		element("quotes").hidden = many === 0 && !isUndoable;
		element("quotes-count").textContent =
			many === 1 ? say("oneQuote") : say("manyQuotes", count(many));
		element("show-quotes").hidden = many === 0;
		if (!isUndoable) this.#say("");
		element("quotes-list").replaceChildren(
			...this.#quotes.map((quote, index) => {
				const item = document.createElement("li");
				const text = document.createElement("bdi");
				text.textContent = text.title = quote.text;
				const remove = document.createElement("button");
				remove.type = "button";
				remove.className = "remove";
				remove.textContent = "×";
				remove.title = say("deleteQuote");
				remove.ariaLabel = `${say("deleteQuote")}: ${quote.text.slice(0, 100)}`;
				remove.addEventListener("click", () => this.#delete(index));
				item.append(text, remove);
				return item;
			}),
		);
	}

	/** @param {number} index */
	#delete(index) {
		const { summary } = this.#fields;
		const quote = this.#quotes[index];
		if (!quote) return;
		const before = summary.value;
		const after = withoutQuote(before, quote);
		this.#deletion = { before, after, quote: before.slice(quote.from, quote.to) };
		this.#write(after);
		this.#say(say("quoteDeleted"));
		this.#undo.hidden = false;
		const buttons = element("quotes-list").querySelectorAll("button");
		(buttons[Math.min(index, buttons.length - 1)] ?? this.#undo).focus();
	}

	#restore() {
		const { summary } = this.#fields;
		if (!this.#deletion) return;
		const { before, after, quote } = this.#deletion;
		this.#deletion = null;
		// Typed on meanwhile: the quote comes last.
		const isSame = summary.value === after;
		this.#write(isSame ? before : `${summary.value.trimEnd()}\n\n${quote}`);
		this.#say("");
		announce(say("quoteBack"));
		summary.focus();
	}

	/** @param {string} text */
	#write(text) {
		const { summary } = this.#fields;
		summary.value = text;
		summary.dispatchEvent(new Event("input", { bubbles: true }));
		this.refresh();
	}

	/** @param {string} sentence */
	#say(sentence) {
		element("quotes-say").textContent = sentence;
		this.#undo.hidden = true;
	}
}

/** @param {number} n */
const count = (n) => n.toLocaleString(language());
