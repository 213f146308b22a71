/**
 * The popup: the form of one page's note. It sends what the user does to the background, each
 * input with everything in the form, and shows the views that come back. It never talks to the
 * host, and may be closed at any moment.
 *
 * This module owns the port and passes each view on to the parts of the popup.
 */

import { browser } from "../shared/browser.js";
import { announce, element, show } from "../shared/elements.js";
import { say, sayEverywhere } from "../shared/i18n.js";
import { POPUP_PORT } from "../shared/messages.js";
import { activeTab, savableUrl, shownAddress } from "../shared/tab.js";
import { showAddresses, showSamePage, showSecrets } from "./addresses.js";
import { Fields } from "./fields.js";
import { NotePreview } from "./note-preview.js";
import {
	listenToProblemBox,
	resetTryAgain,
	showProblem,
	showTried,
} from "./problem-box.js";
import { showSiteLinks } from "./site-links.js";
import { setStatus, showStatus } from "./status-line.js";
import { Suggestions } from "./suggestions.js";

/** @import {Search} from "./search.js" */
/** @import {FromPopup, Related, ToPopup, View} from "../shared/messages.js" */

const fields = new Fields();
const { tagField } = fields;
const notePreview = new NotePreview(fields.summary);
const suggestions = new Suggestions({
	box: element("suggested"),
	list: element("suggestions"),
	reason: element("why"),
	dismiss: element("dismiss"),
});

/** @type {import("../shared/messages.js").Tab} */
let tab = { url: "", title: "", tabId: undefined };
/** URL of the page; null if it can't be saved. */
let pageUrl = /** @type {string | null} */ (null);
/** Whether the background removed user name and password from it. */
let isStripped = false;
/** @type {chrome.runtime.Port | null} */
let port = null;
/** @type {View | null} The last one. */
let view = null;
/** Number of the last edit that was sent. */
let turn = 0;
/** Number of the last request for completions. */
let completionTurn = 0;
/** Number of the last request for suggestions. */
let suggestionTurn = 0;
/** What suggestions were last requested for; null before the first request. */
let suggestedFor = /** @type {string | null} */ (null);
/** Number of the last request for related notes. */
let relatedTurn = 0;
/** What related notes were last requested for; null before the first request. */
let relatedFor = /** @type {string | null} */ (null);
/** @type {Related | null} */
let related = null;
/** The search, once it was used. */
let search = /** @type {Search | null} */ (null);
/** Number of the last search. */
let searchTurn = 0;
/** Address of the site, as an answer to a search gave it. */
let foundSite = /** @type {string | null} */ (null);

/** Whether the page's changed title was offered. */
let offersTitles = false;

/** @param {FromPopup} message */
function send(message) {
	port?.postMessage(message);
}

function sendEdits() {
	turn += 1;
	send({ do: "edit", edits: fields.edits(), revision: fields.revision, turn });
}

/** Sends each input at once: the popup may be closed the next moment. */
function onInput() {
	suggestions.leaveOut(tagField.tags);
	sendEdits();
	// What was just typed isn't saved yet.
	if (document.body.dataset.state === "saved") showState("saving");
	updateSiteLinks();
}

/** @param {ToPopup} message */
function onMessage(message) {
	if ("tried" in message) {
		showTried();
	} else if ("suggestions" in message) {
		if (message.turn !== suggestionTurn) return;
		// The user may have chosen tags since the request.
		const chosen = new Set(tagField.tags);
		suggestions.offer(message.suggestions.filter(({ name }) => !chosen.has(name)));
	} else if ("related" in message) {
		if (message.turn !== relatedTurn) return;
		related = message.related;
		updateSiteLinks();
	} else if ("found" in message) {
		foundSite = message.found.siteUrl ?? foundSite;
		updateSiteLinks();
		if (message.turn === searchTurn) search?.show(message.found);
	} else if ("own" in message) {
		showOwn(message.own);
	} else if ("preview" in message) {
		void notePreview.show(message.preview, message.turn);
	} else if ("tags" in message) {
		if (message.turn === completionTurn) tagField.offer(message.tags);
	} else {
		onView(message.view, message.turn, message.stripped ?? false);
	}
}

/**
 * @param {View} next
 * @param {number} editTurn Number of the last edit that the view contains.
 * @param {boolean} stripped
 */
function onView(next, editTurn, stripped) {
	view = next;
	isStripped = stripped;
	const isUpToDate = editTurn === turn;
	fields.update(view);
	if (isUpToDate && view.state === "saved") fields.takeStoredTags(view);
	if (isUpToDate || view.state !== "saved") showState(view.state);
	showView(view);
	requestSuggestions();
	requestRelated();
}

/** Requests related notes once the page's own note is known, and again when it is gone. */
function requestRelated() {
	if (view?.state !== "saved" && view?.state !== "unsaved") return;
	const { note, removed } = view.page;
	const key = JSON.stringify([view.state, note?.id, removed, view.canonical]);
	if (key === relatedFor || !view.siteUrl) return;
	relatedFor = key;
	relatedTurn += 1;
	send({ do: "findRelated", turn: relatedTurn });
}

/** Requests suggestions once the page is known, and again after each tag. */
function requestSuggestions() {
	suggestions.leaveOut(tagField.tags);
	// Suggestions wait until the save is done.
	if (!view || view.state === "saving" || view.state === "error") return;
	if (view.state === "queued" || view.page.removed) {
		// The host is away, or there is no note to tag. Later they are requested again.
		suggestedFor = null;
		suggestions.offer([]);
		return;
	}
	const key = JSON.stringify([
		tagField.tags,
		suggestions.dismissed,
		view.state,
		view.page.note?.id,
	]);
	if (key === suggestedFor) return;
	suggestedFor = key;
	suggestionTurn += 1;
	send({
		do: "suggest",
		title: fields.title.value.toWellFormed(),
		text: fields.summary.value.toWellFormed(),
		tags: tagField.tags,
		dismissed: suggestions.dismissed,
		turn: suggestionTurn,
	});
}

/** @param {View["state"]} state */
function showState(state) {
	document.body.dataset.state = state;
}

/** @param {View} shown */
function showView(shown) {
	const { state, page, refusal } = shown;
	const { note, removed, samePage } = page;
	const focused = document.activeElement;
	showStatus(shown);
	const isUndoable =
		(note === null || page.created) && state !== "unsaved" && state !== "error";
	show("undo", removed === "deleted" || (removed === null && isUndoable));
	show("save", removed === "undone" || (removed === null && state === "unsaved"));
	show("delete", note !== null && !page.created && !removed);
	if (refusal?.kind === "invalid_url") fields.disable();
	showSamePage(samePage);
	showAddresses(removed ? null : note, [pageUrl, samePage?.url]);
	showSecrets(pageUrl, isStripped, page.tokens);
	void offerTitle(removed ? null : (page.newTitle ?? null));
	show("storage-full", shown.unkept);
	showProblem(shown);
	updateSiteLinks();
	// A focused button that was hidden passes the focus on.
	if (focused instanceof HTMLElement && !focused.checkVisibility())
		(
			["undo", "save"].map((id) => element(id)).find((b) => !b.hidden) ?? fields.tags
		).focus();
}

function updateSiteLinks() {
	showSiteLinks(view, { tags: tagField.tags, pageUrl, related, foundSite });
}

/**
 * Offers the page's changed title. The module is loaded at the first one.
 * @param {string | null} title
 */
async function offerTitle(title) {
	if (!title && !offersTitles) return;
	offersTitles = true;
	const { showNewTitle } = await import("./new-title.js");
	showNewTitle(title, fields.title);
}

/** Opens the search. Its module is loaded at the first use. */
async function openSearch() {
	const { Search } = await import("./search.js");
	if (!search) {
		search = new Search();
		search.onSearch = (query) => {
			searchTurn += 1;
			send({ do: "search", query, turn: searchTurn });
		};
		search.onOpen = (url) => {
			void browser.tabs.create({ url }).then(() => window.close());
		};
		search.onLeave = leaveSearch;
	}
	search.open();
}

/** Returns to the form; closes the popup if there is none. */
function leaveSearch() {
	if (fields.tags.disabled) window.close();
	search?.close();
	fields.tags.focus();
}

/**
 * The page is one of the user's own site.
 * @param {import("../shared/messages.js").Own} own
 */
function showOwn({ note }) {
	if (!note) {
		pageUrl = null;
		showState("error");
		setStatus(say("ownSite"));
		fields.disable();
		void openSearch();
		return;
	}
	tab = { ...note, tabId: undefined };
	pageUrl = note.url;
	element("address").textContent = element("address").title = shownAddress(pageUrl);
	fields.showTabTitle(note.title);
}

/** The page can't be saved. */
function showUnsavable() {
	showState("error");
	setStatus(say(tab.loading ? "stillLoading" : "unsavable"));
	fields.disable();
	void openSearch();
}

/** Opens a port to the background. When the browser ends that, opens one to the next. */
function connect() {
	port = browser.runtime.connect({ name: POPUP_PORT });
	port.onMessage.addListener(onMessage);
	port.onDisconnect.addListener(() => {
		connect();
		const { revision } = fields;
		if (view) send({ do: "reopen", tab, known: view.page, revision });
		else send({ do: "open", tab });
		sendEdits();
		notePreview.refresh();
		search?.repeat();
		resetTryAgain();
	});
}

function listen() {
	fields.onInput = onInput;
	fields.onMerge = () => {
		notePreview.refresh();
		sendEdits();
	};
	tagField.onBusy = (busy) => suggestions.stepAside(busy);
	tagField.onDone = () => fields.summary.focus();
	tagField.onSuggestionStep = (step) => suggestions.highlight(step);
	tagField.onSuggestionTake = () => suggestions.takeHighlighted();
	tagField.onSuggestionKey = (place) => {
		if (place >= 0) return suggestions.take(place);
		suggestions.dismiss();
		return true;
	};
	tagField.onRequest = (text, exclude) => {
		completionTurn += 1;
		send({ do: "complete", text, exclude, turn: completionTurn });
	};
	suggestions.onTake = (tag) => {
		tagField.choose(tag);
		suggestions.leaveOut(tagField.tags);
	};
	suggestions.onAnnounce = tagField.onAnnounce = announce;
	notePreview.onRequest = (text, previewTurn) =>
		send({ do: "preview", text: fields.fullText(text), turn: previewTurn });
	notePreview.onClose = () => fields.growSummary();
	listenToProblemBox(() => send({ do: "tryHost" }));
	// Firefox may focus the popup only after its scripts have run, and then no field.
	window.addEventListener("focus", () => {
		if (document.activeElement !== document.body) return;
		if (search?.isOpen) element("query").focus();
		else fields.tags.focus();
	});
	element("undo").addEventListener("click", () => {
		send({ do: view?.page.removed ? "save" : "undo" });
		fields.tags.focus();
	});
	element("save").addEventListener("click", () => {
		send({ do: "save" });
		fields.tags.focus();
	});
	element("delete").addEventListener("click", () => send({ do: "delete" }));
	element("find").addEventListener("click", () => void openSearch());
	document.addEventListener("click", (event) => {
		const link = /** @type {Element} */ (event.target).closest("a");
		if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
		event.preventDefault();
		void browser.tabs.create({ url: link.href }).then(() => window.close());
	});
	document.addEventListener("keydown", (event) => {
		const { altKey, ctrlKey, metaKey, code, key } = event;
		const isDone = key === "Enter" && (ctrlKey || metaKey);
		// While a word is composed, both keys belong to the input method.
		if ((isDone || key === "Escape") && !event.isComposing) window.close();
		const isK = (ctrlKey || metaKey) && !altKey && key.toLowerCase() === "k";
		const isSlash =
			key === "/" && event.target === fields.tags && tagField.pending === "";
		if ((isK || (isSlash && !ctrlKey && !metaKey && !altKey)) && !event.isComposing) {
			event.preventDefault();
			void openSearch();
		}
		// The physical key: with Alt it may write another character.
		const isP = (code || `Key${key.toUpperCase()}`) === "KeyP";
		if (altKey && !ctrlKey && !metaKey && isP) {
			event.preventDefault();
			notePreview.toggle();
		}
	});
}

async function start() {
	connect();
	const queriedTab = activeTab();
	sayEverywhere(document);
	listen();
	fields.tags.focus();
	// Handles text that was typed before the tag field listened.
	tagField.begin();
	tab = await queriedTab;
	send({ do: "open", tab });
	pageUrl = savableUrl(tab.url);
	if (pageUrl === null) {
		showUnsavable();
		return;
	}
	element("address").textContent = element("address").title = shownAddress(pageUrl);
	fields.showTabTitle(tab.title);
}

void start();
