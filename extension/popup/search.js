/**
 * The search of the popup: a field with the notes that match as the user types, best first.
 * Loaded at its first use. It sends nothing: `popup.js` does.
 */

import { ago, dateAndTime } from "../shared/dates.js";
import { announce, element, put } from "../shared/elements.js";
import { language, problemOf, say } from "../shared/i18n.js";
import { siteName } from "../shared/text.js";

/** @import {Found} from "../shared/messages.js" */
/** @typedef {import("../protocol.js").FoundNote} FoundNote */

/** Tags that a row shows. */
const TAGS = 3;

export class Search {
	#box = element("search");
	/** @type {HTMLInputElement} */ #input;
	/** @type {HTMLElement} */ #list;
	/** @type {HTMLElement} */ #says;
	/** @type {HTMLAnchorElement} */ #all;
	/** @type {Found | null} The last answer. */ #found = null;
	/** Index of the highlighted row; -1 for none. */
	#active = -1;
	/** An Enter that waits for the answer to what was typed. */
	#waiting = /** @type {{onSite: boolean} | null} */ (null);
	/** Whether the shown rows answer the typed text. */
	#answered = true;

	/**
	 * Called to search; the answer goes to `show`.
	 * @type {(query: string) => void}
	 */
	onSearch = () => {};

	/**
	 * Called with the address that the user opens.
	 * @type {(url: string) => void}
	 */
	onOpen = () => {};

	/** Called when the user leaves the search. */
	onLeave = () => {};

	constructor() {
		this.#input = document.createElement("input");
		Object.assign(this.#input, {
			id: "query",
			type: "text",
			role: "combobox",
			dir: "auto",
			maxLength: 1000,
			placeholder: say("searchNotes"),
			ariaLabel: say("searchNotes"),
			ariaAutoComplete: "list",
			ariaExpanded: "false",
		});
		this.#input.setAttribute("aria-controls", "found");
		this.#list = document.createElement("ul");
		Object.assign(this.#list, {
			id: "found",
			role: "listbox",
			ariaLabel: say("foundLabel"),
			hidden: true,
		});
		this.#says = document.createElement("p");
		Object.assign(this.#says, { id: "search-says", role: "status" });
		this.#all = document.createElement("a");
		Object.assign(this.#all, {
			id: "all-results",
			target: "_blank",
			rel: "noreferrer",
			textContent: say("allResults"),
			hidden: true,
		});
		this.#box.replaceChildren(this.#input, this.#list, this.#says, this.#all);
		this.#input.addEventListener("input", () => this.#request());
		this.#box.addEventListener("keydown", (event) => this.#onKey(event));
		this.#list.addEventListener("mousedown", (event) => event.preventDefault());
		this.#list.addEventListener("click", (event) => {
			const row = /** @type {Element} */ (event.target).closest("li");
			const at = row ? [...this.#list.children].indexOf(row) : -1;
			if (at >= 0) this.#open(at, event.ctrlKey || event.metaKey);
		});
	}

	get isOpen() {
		return !this.#box.hidden;
	}

	/** Shows the search and focuses its field. */
	open() {
		this.#box.hidden = false;
		document.body.classList.add("searching");
		this.#input.select();
		this.#input.focus();
		this.#request();
	}

	/** Hides the search. */
	close() {
		this.#box.hidden = true;
		document.body.classList.remove("searching");
		this.#waiting = null;
	}

	/** Searches again, since the background has changed. */
	repeat() {
		if (this.isOpen) this.#request();
	}

	/**
	 * Shows the answer to the last request.
	 * @param {Found} found
	 */
	show(found) {
		this.#found = found;
		this.#answered = true;
		const query = this.#input.value.trim();
		this.#active = query && found.notes.length > 0 ? 0 : -1;
		this.#list.replaceChildren(...found.notes.map(row));
		this.#list.hidden = found.notes.length === 0;
		this.#input.ariaExpanded = String(found.notes.length > 0);
		this.#highlight();
		const sentences = [
			found.away ? `${say("notConnected")} ${say(`cause_${found.away}`)}` : "",
			...found.problems.map(problemOf),
			query && !found.away && found.notes.length === 0 ? say("noMatches") : "",
		];
		put(this.#says, sentences.filter(Boolean).join(" "));
		this.#all.hidden = !found.siteUrl || !query;
		this.#all.href = `${found.siteUrl}search?q=${encodeURIComponent(query.toWellFormed())}`;
		const count = found.notes.length;
		if (query && count > 0)
			announce(count === 1 ? say("oneFound") : say("manyFound", count));
		const waiting = this.#waiting;
		this.#waiting = null;
		if (waiting && this.#active >= 0) this.#open(this.#active, waiting.onSite);
	}

	#request() {
		this.#answered = false;
		this.#waiting = null;
		this.onSearch(this.#input.value.trim().toWellFormed());
	}

	/** @param {KeyboardEvent} event */
	#onKey(event) {
		if (event.isComposing) return;
		const { key } = event;
		if (key === "Escape") {
			event.preventDefault();
			event.stopPropagation();
			this.onLeave();
			return;
		}
		if (event.target !== this.#input) return;
		const count = this.#list.children.length;
		if (key === "Enter") {
			event.preventDefault();
			event.stopPropagation();
			const onSite = event.ctrlKey || event.metaKey;
			// So that the result doesn't depend on who is faster.
			if (!this.#answered) this.#waiting = { onSite };
			else if (this.#active >= 0) this.#open(this.#active, onSite);
		} else if ((key === "ArrowDown" || key === "ArrowUp") && count > 0) {
			event.preventDefault();
			const from = this.#active < 0 && key === "ArrowUp" ? 0 : this.#active;
			this.#active = (from + (key === "ArrowDown" ? 1 : -1) + count) % count;
			this.#highlight();
		}
	}

	#highlight() {
		[...this.#list.children].forEach((option, at) => {
			option.ariaSelected = String(at === this.#active);
		});
		const option = this.#list.children[this.#active];
		if (option) {
			this.#input.setAttribute("aria-activedescendant", option.id);
			option.scrollIntoView({ block: "nearest" });
		} else this.#input.removeAttribute("aria-activedescendant");
	}

	/**
	 * @param {number} at
	 * @param {boolean} onSite Whether to open the note on the site.
	 */
	#open(at, onSite) {
		const note = this.#found?.notes[at];
		if (!note) return;
		// An imported note may not be of a web page; then it is shown on the site.
		const isWeb = /^https?:/i.test(note.url);
		const siteUrl = this.#found?.siteUrl;
		if (isWeb && !(onSite && siteUrl)) this.onOpen(note.url);
		else if (siteUrl) this.onOpen(`${siteUrl}note/${note.id}`);
	}
}

/**
 * @param {FoundNote} note
 * @param {number} at
 */
function row({ title, url, tags, savedAt, snippet, where }, at) {
	const option = document.createElement("li");
	option.id = `found-${at}`;
	option.role = "option";
	option.title = url;
	const name = document.createElement("bdi");
	name.className = "name";
	name.textContent = title || url;
	const more = document.createElement("span");
	more.className = "more";
	const date = document.createElement("time");
	date.dateTime = savedAt;
	date.title = dateAndTime(savedAt, language());
	date.textContent = ago(savedAt, Date.now(), language()) ?? say("justNow");
	const labels = tags.slice(0, TAGS).map((tag) => {
		const label = document.createElement("bdi");
		label.className = "tag";
		label.textContent = tag;
		return label;
	});
	const site = document.createElement("bdi");
	site.textContent = siteName(url);
	more.append(site, date, ...labels);
	option.append(name, more);
	if (where === "text") {
		const text = document.createElement("bdi");
		text.className = "in-text";
		text.textContent = snippet;
		text.title = say("inTextOfPage");
		option.append(text);
	}
	return option;
}
