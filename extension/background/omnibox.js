/**
 * The keyword `un` in the address bar: shows the notes that match the words typed after it, and
 * opens a note or the site's search at Enter. The host does the search.
 */

import { browser } from "../shared/browser.js";
import { say } from "../shared/i18n.js";
import { fit } from "../shared/text.js";
import { withTexts } from "./note-search.js";

/** @typedef {import("../protocol.js").FoundNote} FoundNote */

/** Results that the address bar shows. */
const RESULTS = 6;

/** The search starts after the user has stopped typing for so long. */
const PAUSE_MS = 80;

/** Chromium replaces this by the typed text. */
const TYPED = "%s";

/** Longest title in a result, in bytes. The browser cuts longer lines without a sign. */
const TITLE_BYTES = 300;

export class Omnibox {
	/** @type {Pick<import("./host.js").Host, "request" | "hello" | "trouble">} */ #host;
	/** @type {boolean} */ #plain;
	/** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
	/** Number of the last input. */
	#turn = 0;
	/** @type {Set<string>} Addresses of the results that are shown. */ #shown = new Set();

	/**
	 * @param {Pick<import("./host.js").Host, "request" | "hello" | "trouble">} host
	 * @param {boolean} plain Whether descriptions are plain text (Firefox) or XML (Chromium).
	 */
	constructor(host, plain) {
		this.#host = host;
		this.#plain = plain;
	}

	/**
	 * Sets the line that says what Enter does. Browsers show it before they report the first
	 * input; Chromium inserts the typed text itself.
	 */
	started() {
		this.#setDefault(this.#plain ? say("omniboxHint") : say("omniboxSearch", TYPED));
	}

	/**
	 * The user typed something. Results for earlier input are dropped.
	 * @param {string} text
	 * @param {(suggestions: {content: string, description: string}[]) => void} suggest
	 */
	changed(text, suggest) {
		const turn = ++this.#turn;
		clearTimeout(this.#timer);
		if (!text.trim()) return;
		this.#timer = setTimeout(async () => {
			const notes = await this.#search(text);
			if (turn !== this.#turn) return;
			const lines = notes?.map((note) => ({
				content: this.#addressOf(note),
				description: this.#describe(note, text),
			})) ?? [this.#unreachable()];
			this.#shown = new Set(lines.map(({ content }) => content));
			suggest(lines);
		}, PAUSE_MS);
	}

	/** The user left the address bar or pressed Enter. */
	ended() {
		this.#turn += 1;
		clearTimeout(this.#timer);
	}

	/**
	 * The address that Enter opens: a result, the site's search, or the settings if the host
	 * can't be reached.
	 * @param {string} text The typed text, or the content of a result.
	 * @returns {string}
	 */
	addressFor(text) {
		this.ended();
		if (this.#shown.has(text)) return text;
		const siteUrl = this.#host.hello?.siteUrl;
		if (!siteUrl) return settings();
		const query = text.trim();
		return query
			? `${siteUrl}search?q=${encodeURIComponent(query.toWellFormed())}`
			: siteUrl;
	}

	/**
	 * @param {string} text
	 * @returns {Promise<FoundNote[] | null>} Null if the host can't be reached.
	 */
	async #search(text) {
		const params = { query: text.toWellFormed(), limit: RESULTS };
		try {
			const { notes } = await this.#host.request("searchNotes", params);
			return await withTexts(notes, params.query, RESULTS, this.#host);
		} catch {
			return null;
		}
	}

	/** A line with the cause if the host can't be reached. It opens the settings. */
	#unreachable() {
		const { trouble } = this.#host;
		const why = trouble ? ` ${say(`cause_${trouble}`)}` : "";
		return {
			content: settings(),
			description: this.#marked(`${say("notConnected")}${why}`),
		};
	}

	/**
	 * The note's page. An imported note may not be of a web page; then it is shown on the site.
	 * @param {FoundNote} note
	 */
	#addressOf({ url, id }) {
		return /^https?:/i.test(url) ? url : `${this.#host.hello?.siteUrl ?? ""}note/${id}`;
	}

	/**
	 * @param {FoundNote} note
	 * @param {string} query
	 */
	#describe({ title, url, tags }, query) {
		const name = printable(fit(title || url, TITLE_BYTES));
		const labels = printable(tags.join(", "));
		if (this.#plain) return [name, labels, printable(url)].filter(Boolean).join(" — ");
		const parts = [marked(name, wordsOf(query))];
		if (labels) parts.push(`<dim>${escapeXml(labels)}</dim>`);
		parts.push(`<url>${escapeXml(printable(url))}</url>`);
		return parts.join(" <dim>—</dim> ");
	}

	/** @param {string} sentence For the line that is always shown. */
	#setDefault(sentence) {
		void browser.omnibox.setDefaultSuggestion({ description: this.#marked(sentence) });
	}

	/** @param {string} sentence */
	#marked(sentence) {
		return this.#plain ? printable(sentence) : escapeXml(printable(sentence));
	}
}

const settings = () => browser.runtime.getURL("options/options.html");

/**
 * Removes characters that XML doesn't allow: control characters, lone surrogates and two
 * noncharacters.
 * @param {string} text
 */
function printable(text) {
	return text
		.toWellFormed()
		.replace(/[\p{Cc}\uFFFE\uFFFF]+/gu, " ")
		.trim();
}

/** @param {string} text */
export function escapeXml(text) {
	return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/**
 * The words of a query that may occur in a title: without filters and excluded words.
 * @param {string} query
 */
function wordsOf(query) {
	return query
		.split(/[\s"]+/)
		.filter((word) => word && !/^-|^\w+:/.test(word))
		.map((word) => word.toLowerCase());
}

/**
 * A text as XML with the words marked, ignoring case.
 * @param {string} text
 * @param {string[]} words
 */
export function marked(text, words) {
	const pattern = words
		.toSorted((a, b) => b.length - a.length)
		.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
		.join("|");
	if (!pattern) return escapeXml(text);
	return text
		.split(new RegExp(`(${pattern})`, "iu"))
		.map((part, index) =>
			index % 2 === 1 ? `<match>${escapeXml(part)}</match>` : escapeXml(part),
		)
		.join("");
}
