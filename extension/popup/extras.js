/**
 * The parts of the popup that a save doesn't need: suggestions, preview, links to the site, the
 * list of addresses, the problem box, the page's text, quotes and the search. `popup.js` loads this module once "Saved"
 * is shown, so that it delays neither the paint nor the save.
 */

import { browser } from "../shared/browser.js";
import { announce, element } from "../shared/elements.js";
import { say } from "../shared/i18n.js";
import { showAddresses, showSamePage, showSecrets } from "./addresses.js";
import { listenToRestore, showDeletedBefore } from "./deleted-before.js";
import { showNewTitle } from "./new-title.js";
import { NotePreview } from "./note-preview.js";
import {
	listenToProblemBox,
	resetTryAgain,
	showProblem,
	showTried,
} from "./problem-box.js";
import { Quotes } from "./quotes.js";
import { showSiteLinks } from "./site-links.js";
import { Suggestions } from "./suggestions.js";
import { TextLine } from "./text-line.js";

/** @import {Fields} from "./fields.js" */
/** @import {Search} from "./search.js" */
/** @import {FromPopup, Related, ToPopup, View} from "../shared/messages.js" */

/**
 * What the popup shows.
 * @typedef {object} Shown
 * @property {View | null} view The last one.
 * @property {string | null} pageUrl URL of the page; null if it can't be saved.
 * @property {boolean} isStripped Whether the background removed user name and password from it.
 */

export class Extras {
	/** @type {Fields} */ #fields;
	/** @type {(message: FromPopup) => void} */ #send;
	/** @type {Shown} */ #shown = { view: null, pageUrl: null, isStripped: false };
	/** @type {NotePreview} */ #notePreview;
	/** @type {Quotes} */ #quotes;
	/** @type {TextLine} */ #textLine;
	#suggestions = new Suggestions({
		box: element("suggested"),
		list: element("suggestions"),
		reason: element("why"),
		dismiss: element("dismiss"),
	});
	/** Number of the last request for suggestions. */
	#suggestionTurn = 0;
	/** What suggestions were last requested for; null before the first request. */
	#suggestedFor = /** @type {string | null} */ (null);
	/** Number of the last request for related notes. */
	#relatedTurn = 0;
	/** What related notes were last requested for; null before the first request. */
	#relatedFor = /** @type {string | null} */ (null);
	/** @type {Related | null} */
	#related = null;
	/** The search, once it was used. */
	#search = /** @type {Search | null} */ (null);
	/** Number of the last search. */
	#searchTurn = 0;
	/** Address of the site, as an answer to a search gave it. */
	#foundSite = /** @type {string | null} */ (null);

	/**
	 * @param {Fields} fields
	 * @param {(message: FromPopup) => void} send Sends a message to the background.
	 */
	constructor(fields, send) {
		this.#fields = fields;
		this.#send = send;
		this.#notePreview = new NotePreview(fields.summary);
		this.#quotes = new Quotes(fields);
		this.#quotes.onMark = (quotes) => send({ do: "markQuotes", quotes });
		this.#textLine = new TextLine((act) => send({ do: "text", act }));
		send({ do: "watchText" });
		this.#listen();
	}

	#listen() {
		const suggestions = this.#suggestions;
		const { tagField } = this.#fields;
		tagField.onBusy = (busy) => suggestions.stepAside(busy);
		tagField.onSuggestionStep = (step) => suggestions.highlight(step);
		tagField.onSuggestionTake = () => suggestions.takeHighlighted();
		tagField.onSuggestionKey = (place) => {
			if (place >= 0) return suggestions.take(place);
			suggestions.dismiss();
			return true;
		};
		suggestions.onTake = (tag) => {
			tagField.choose(tag);
			suggestions.leaveOut(tagField.tags);
		};
		suggestions.onAnnounce = announce;
		this.#notePreview.onRequest = (text, turn) =>
			this.#send({ do: "preview", text: this.#fields.fullText(text), turn });
		this.#notePreview.onClose = () => this.#fields.growSummary();
		listenToRestore(() => {
			this.#send({ do: "restore" });
			this.#fields.tags.focus();
		});
		element("merge").addEventListener("click", () => {
			const related = this.#related;
			if (related?.elsewhere) {
				this.#send({ do: "merge", keep: related.elsewhere.id });
				this.#related = { ...related, elsewhere: null };
				this.#showLinks();
			}
			this.#fields.tags.focus();
		});
		listenToProblemBox(() => this.#send({ do: "tryHost" }));
	}

	/** Whether the search is open. */
	get isSearching() {
		return this.#search?.isOpen ?? false;
	}

	/**
	 * Takes the answer to a request of one of the parts.
	 * @param {Exclude<ToPopup, {view: View} | {own: unknown} | {tags: unknown}>} message
	 */
	onMessage(message) {
		if ("tried" in message) {
			showTried();
		} else if ("suggestions" in message) {
			if (message.turn !== this.#suggestionTurn) return;
			// The user may have chosen tags since the request.
			const chosen = new Set(this.#fields.tagField.tags);
			this.#suggestions.offer(
				message.suggestions.filter(({ name }) => !chosen.has(name)),
			);
			showImplied(message.implied);
		} else if ("related" in message) {
			if (message.turn !== this.#relatedTurn) return;
			this.#related = message.related;
			this.#showLinks();
		} else if ("found" in message) {
			this.#foundSite = message.found.siteUrl ?? this.#foundSite;
			this.#showLinks();
			if (message.turn === this.#searchTurn) this.#search?.show(message.found);
		} else if ("text" in message) {
			this.#textLine.show(message.text);
		} else if ("marked" in message) {
			this.#quotes.marked(message.marked);
		} else {
			void this.#notePreview.show(message.preview, message.turn);
		}
	}

	/**
	 * Shows a view.
	 * @param {Shown & {view: View}} shown
	 */
	show(shown) {
		this.#shown = shown;
		const { view, pageUrl, isStripped } = shown;
		const { note, removed, samePage, tokens, newTitle } = view.page;
		showSamePage(samePage);
		showNewTitle(removed ? null : (newTitle ?? null), this.#fields.title);
		showDeletedBefore(view.page.deletedNote);
		showAddresses(removed ? null : note, [pageUrl, samePage?.url]);
		showSecrets(pageUrl, isStripped, tokens);
		showProblem(view);
		const reader = note && view.siteUrl ? `${view.siteUrl}note/${note.id}/text` : "";
		this.#textLine.isAbout((!removed && pageUrl) || "", reader);
		this.#quotes.refresh();
		this.#showLinks();
		this.#requestSuggestions(view);
		this.#requestRelated(view);
	}

	/** The user has changed a field. */
	onInput() {
		this.#suggestions.leaveOut(this.#fields.tagField.tags);
		this.#quotes.refresh();
		this.#showLinks();
	}

	/** A note was merged into the fields. */
	onMerge() {
		this.#quotes.refresh();
		this.#notePreview.refresh();
	}

	/** Another background answers by now: repeats what the last one may not have answered. */
	onReconnect() {
		// The next view requests them again.
		this.#suggestedFor = null;
		this.#relatedFor = null;
		this.#send({ do: "watchText" });
		this.#notePreview.refresh();
		this.#search?.repeat();
		resetTryAgain();
	}

	/** Shows the preview in place of the text field, or the other way round. */
	togglePreview() {
		this.#notePreview.toggle();
	}

	/** Opens the search. Its module is loaded at the first use. */
	async openSearch() {
		const { Search } = await import("./search.js");
		if (!this.#search) {
			const search = new Search();
			search.onSearch = (query) => {
				this.#searchTurn += 1;
				this.#send({ do: "search", query, turn: this.#searchTurn });
			};
			search.onOpen = (url) => {
				void browser.tabs.create({ url }).then(() => window.close());
			};
			search.onLeave = () => this.#leaveSearch();
			this.#search = search;
		}
		this.#search.open();
	}

	/** Returns to the form; closes the popup if there is none. */
	#leaveSearch() {
		const { tags } = this.#fields;
		if (tags.disabled) window.close();
		this.#search?.close();
		tags.focus();
	}

	#showLinks() {
		const { view, pageUrl } = this.#shown;
		showSiteLinks(view, {
			tags: this.#fields.tagField.tags,
			pageUrl,
			related: this.#related,
			foundSite: this.#foundSite,
		});
	}

	/**
	 * Requests related notes once the page's own note is known, and again when it is gone.
	 * @param {View} view
	 */
	#requestRelated({ state, page: { note, removed }, canonical, siteUrl }) {
		if (state !== "saved" && state !== "unsaved") return;
		const key = JSON.stringify([state, note?.id, removed, canonical]);
		if (key === this.#relatedFor || !siteUrl) return;
		this.#relatedFor = key;
		this.#relatedTurn += 1;
		this.#send({ do: "findRelated", turn: this.#relatedTurn });
	}

	/**
	 * Requests suggestions once the page is known, and again after each tag.
	 * @param {View} view
	 */
	#requestSuggestions({ state, page }) {
		const { tagField, title, summary } = this.#fields;
		const suggestions = this.#suggestions;
		suggestions.leaveOut(tagField.tags);
		// Suggestions wait until the save is done.
		if (state === "saving" || state === "error") return;
		if (state === "queued" || page.removed) {
			// The host is away, or there is no note to tag. Later they are requested again.
			this.#suggestedFor = null;
			suggestions.offer([]);
			showImplied();
			return;
		}
		const { tags } = tagField;
		const { dismissed } = suggestions;
		const key = JSON.stringify([tags, dismissed, state, page.note?.id]);
		if (key === this.#suggestedFor) return;
		this.#suggestedFor = key;
		this.#suggestionTurn += 1;
		this.#send({
			do: "suggest",
			title: title.value.toWellFormed(),
			text: this.#fields.fullText(summary.value.toWellFormed()),
			tags,
			dismissed,
			turn: this.#suggestionTurn,
		});
	}
}

/**
 * Shows the tags that the chosen ones imply.
 * @param {import("../protocol.js").ImpliedTag[]} [tags]
 */
function showImplied(tags = []) {
	const line = element("implied");
	line.hidden = tags.length === 0;
	line.replaceChildren(
		...tags.map(({ name, by }) => {
			const tag = document.createElement("bdi");
			tag.textContent = name;
			tag.title = say("impliedBy", by);
			return tag;
		}),
	);
	line.prepend(say("implied"));
}
