/**
 * The keyword `un` in the address bar: what the user's notes have of the words
 * typed after it, and where Enter leads. The searching is the host's.
 */

import { browser } from "../shared/browser.js";
import { say } from "../shared/i18n.js";
import { fit } from "../shared/text.js";

/** @typedef {import("../protocol.js").FoundNote} FoundNote */

/** As many as the address bar shows. */
const RESULTS = 6;

/** A pause in typing after which the host is asked. */
const PAUSE_MS = 80;

/** What Chromium writes what was typed in the place of. */
const TYPED = "%s";

/** Longest part of a line, in bytes: what doesn't fit is cut by the browser without a word. */
const TITLE_BYTES = 300;

export class Omnibox {
	/** @type {Pick<import("./host.js").Host, "request" | "hello" | "trouble">} */ #host;
	/** @type {boolean} */ #plain;
	/** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
	/** Number of the last input. */
	#turn = 0;
	/** @type {Set<string>} Addresses that were offered. */ #offered = new Set();

	/**
	 * @param {Pick<import("./host.js").Host, "request" | "hello" | "trouble">} host
	 * @param {boolean} plain Firefox shows descriptions as they are, Chromium reads XML.
	 */
	constructor(host, plain) {
		this.#host = host;
		this.#plain = plain;
	}

	/**
	 * Says what Enter does. Both browsers read that before they tell what was typed; Chromium
	 * puts that in by itself.
	 */
	started() {
		this.#say(this.#plain ? say("omniboxHint") : say("omniboxSearch", TYPED));
	}

	/**
	 * The user has typed; answers to what was typed before are dropped.
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
			})) ?? [this.#apology()];
			this.#offered = new Set(lines.map(({ content }) => content));
			suggest(lines);
		}, PAUSE_MS);
	}

	/** The user has left the address bar, or is done. */
	ended() {
		this.#turn += 1;
		clearTimeout(this.#timer);
	}

	/**
	 * Where Enter leads to: a note's page, the site's search, or, without a host, to
	 * what to do about that.
	 * @param {string} text What was typed, or the content of a line.
	 * @returns {string}
	 */
	addressFor(text) {
		this.ended();
		if (this.#offered.has(text)) return text;
		const siteUrl = this.#host.hello?.siteUrl;
		if (!siteUrl) return settings();
		const query = text.trim();
		return query
			? `${siteUrl}search?q=${encodeURIComponent(query.toWellFormed())}`
			: siteUrl;
	}

	/**
	 * @param {string} text
	 * @returns {Promise<FoundNote[] | null>} Null where there is no answer.
	 */
	async #search(text) {
		const params = { query: text.toWellFormed(), limit: RESULTS };
		try {
			return (await this.#host.request("searchNotes", params)).notes;
		} catch {
			return null;
		}
	}

	/** Why nothing is found: a line that leads to the settings, which say more. */
	#apology() {
		const { trouble } = this.#host;
		const why = trouble ? ` ${say(`cause_${trouble}`)}` : "";
		return {
			content: settings(),
			description: this.#marked(`${say("notConnected")}${why}`),
		};
	}

	/**
	 * The page itself; what came by an import and is no web page is shown on the site.
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
		const what = printable(fit(title || url, TITLE_BYTES));
		const about = printable(tags.join(", "));
		if (this.#plain) return [what, about, printable(url)].filter(Boolean).join(" — ");
		const parts = [marked(what, wordsOf(query))];
		if (about) parts.push(`<dim>${escapeXml(about)}</dim>`);
		parts.push(`<url>${escapeXml(printable(url))}</url>`);
		return parts.join(" <dim>—</dim> ");
	}

	/** @param {string} sentence For the line that is always there. */
	#say(sentence) {
		void browser.omnibox.setDefaultSuggestion({ description: this.#marked(sentence) });
	}

	/** @param {string} sentence */
	#marked(sentence) {
		return this.#plain ? printable(sentence) : escapeXml(printable(sentence));
	}
}

const settings = () => browser.runtime.getURL("options/options.html");

/**
 * Without what no XML may hold: control characters, lone surrogates, the two
 * non-characters.
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
 * The words of a query that may stand in a title: no filters, nothing left out.
 * @param {string} query
 */
function wordsOf(query) {
	return query
		.split(/[\s"]+/)
		.filter((word) => word && !/^-|^\w+:/.test(word))
		.map((word) => word.toLowerCase());
}

/**
 * A text as XML with the words marked, in whatever case they are.
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
