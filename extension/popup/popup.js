/**
 * The popup: the form of one page's note. It sends what the user does to the background, each
 * input with everything in the form, and shows the views that come back. It never talks to the
 * host, and may be closed at any moment.
 *
 * This module owns the port and passes each view on to the parts of the popup.
 */

import { browser, connectToBackground } from "../shared/browser.js";
import { announce, element, show } from "../shared/elements.js";
import { say, sayEverywhere } from "../shared/i18n.js";
import { activeTab, savableUrl, shownAddress } from "../shared/tab.js";
import { Fields } from "./fields.js";
import { setStatus, showStatus } from "./status-line.js";

/** @import {Extras} from "./extras.js" */
/** @import {FromPopup, ToPopup, View} from "../shared/messages.js" */

/** If a save takes longer, the other parts of the popup don't wait for it. */
const SLOW_SAVE_MS = 300;

const fields = new Fields();
const { tagField } = fields;
/** The parts that a save doesn't need, once they are loaded. */
let extras = /** @type {Extras | null} */ (null);

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
	sendEdits();
	// What was just typed isn't saved yet.
	if (document.body.dataset.state === "saved") showState("saving");
	extras?.onInput();
}

/** @param {ToPopup} message */
function onMessage(message) {
	if ("view" in message) {
		onView(message.view, message.turn, message.stripped ?? false);
	} else if ("own" in message) {
		showOwn(message.own);
	} else if ("tags" in message) {
		if (message.turn === completionTurn) tagField.offer(message.tags);
	} else {
		// The answer to a request of theirs.
		extras?.onMessage(message);
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
}

/** Called once the popup shows what has become of the save. */
let onSettled = () => {};
/** Resolves then, or after a while: the parts that a save doesn't need must not delay it. */
const settled = /** @type {Promise<void>} */ (
	new Promise((resolve) => {
		onSettled = resolve;
		setTimeout(resolve, SLOW_SAVE_MS);
	})
);

/** @param {View["state"]} state */
function showState(state) {
	if (state !== "saving") onSettled();
	document.body.dataset.state = state;
}

/** @param {View} shown */
function showView(shown) {
	const { state, page, refusal } = shown;
	const { note, removed } = page;
	const focused = document.activeElement;
	showStatus(shown);
	const isUndoable =
		(note === null || page.created) && state !== "unsaved" && state !== "error";
	show("undo", removed === "deleted" || (removed === null && isUndoable));
	show("save", removed === "undone" || (removed === null && state === "unsaved"));
	show("delete", note !== null && !page.created && !removed);
	if (refusal?.kind === "invalid_url") fields.disable();
	show("storage-full", shown.unkept);
	extras?.show({ view: shown, pageUrl, isStripped });
	// A focused button that was hidden passes the focus on. Not from "Try again" to "Undo": an Enter
	// that comes too late would undo the save.
	if (focused instanceof HTMLElement && !focused.checkVisibility()) {
		const isAct = ["undo", "save", "delete"].includes(focused.id);
		const next = ["undo", "save"].map((id) => element(id)).find((b) => !b.hidden);
		((isAct && next) || fields.tags).focus();
	}
}

/**
 * The parts that a save doesn't need. Loads them at the first call.
 * @returns {Promise<Extras>}
 */
async function loadExtras() {
	const { Extras } = await import("./extras.js");
	if (!extras) {
		extras = new Extras(fields, send);
		if (view) extras.show({ view, pageUrl, isStripped });
		// Tests wait for it.
		document.body.dataset.parts = "all";
	}
	return extras;
}

/**
 * Uses the parts that a save doesn't need: at once, or when they are loaded.
 * @param {(loaded: Extras) => void} use
 */
function withExtras(use) {
	if (extras) use(extras);
	else void loadExtras().then(use);
}

const openSearch = () => withExtras((loaded) => void loaded.openSearch());
const togglePreview = () => withExtras((loaded) => loaded.togglePreview());

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
		openSearch();
		return;
	}
	tab = { ...note, tabId: undefined };
	pageUrl = note.url;
	element("address").textContent = element("address").title = shownAddress(pageUrl);
	fields.showTabTitle(note.title);
	const library = /** @type {HTMLAnchorElement} */ (element("open-library"));
	library.search = new URLSearchParams({ edit: note.url }).toString();
	library.textContent = say("editInLibrary");
}

/** The page can't be saved. */
function showUnsavable() {
	showState("error");
	setStatus(say(tab.loading ? "stillLoading" : "unsavable"));
	fields.disable();
	openSearch();
}

/** Opens a port to the background. When the browser ends that, opens one to the next. */
function connect() {
	port = connectToBackground("popup");
	port.onMessage.addListener(onMessage);
	port.onDisconnect.addListener(() => {
		connect();
		const { revision } = fields;
		if (view) send({ do: "reopen", tab, known: view.page, revision });
		else send({ do: "open", tab });
		sendEdits();
		extras?.onReconnect();
	});
}

function listen() {
	fields.onInput = onInput;
	fields.onMerge = () => {
		extras?.onMerge();
		sendEdits();
	};
	tagField.onDone = () => fields.summary.focus();
	tagField.onRequest = (text, exclude) => {
		completionTurn += 1;
		send({ do: "complete", text, exclude, turn: completionTurn });
	};
	tagField.onAnnounce = announce;
	// Firefox may focus the popup only after its scripts have run, and then no field.
	window.addEventListener("focus", () => {
		if (document.activeElement !== document.body) return;
		if (extras?.isSearching) element("query").focus();
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
	element("preview-note").addEventListener("click", togglePreview);
	element("find").addEventListener("click", openSearch);
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
			openSearch();
		}
		// The physical key: with Alt it may write another character.
		const isP = (code || `Key${key.toUpperCase()}`) === "KeyP";
		if (altKey && !ctrlKey && !metaKey && isP) {
			event.preventDefault();
			togglePreview();
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
	await settled;
	await painted();
	await loadExtras();
}

/** Resolves once the popup was painted, or at once if nobody sees it. */
const painted = () =>
	new Promise((resolve) => {
		if (document.hidden) resolve(null);
		else requestAnimationFrame(() => setTimeout(resolve));
	});

void start();
