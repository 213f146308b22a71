/**
 * The popup: the form of one page's note. It shows the views that the
 * background sends and tells it, at each input, all that the form holds; it
 * never talks to the host and may be closed at any moment.
 */

import { browser } from "../shared/browser.js";
import { savableUrl } from "../shared/capture.js";
import * as typed from "../shared/edits.js";
import { POPUP_PORT } from "../shared/popup-port.js";
import { activeTab } from "../shared/tab.js";
import { tagAddress } from "../shared/tags.js";
import { byteLength, fit, LIMITS } from "../shared/text.js";
import { say, sayEverywhere } from "../shared/wording.js";
import { Suggestions } from "./suggestions.js";
import { TagField } from "./tag-field.js";

/**
 * @typedef {import("../shared/pages.js").View} View
 * @typedef {import("../shared/popup-port.js").FromPopup} FromPopup
 * @typedef {import("../shared/popup-port.js").ToPopup} ToPopup
 */

/** A save that takes longer is worth a word. */
const SLOW_MS = 1000;

/**
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} id
 */
const element = (id) => /** @type {E} */ (document.getElementById(id));

const title = /** @type {HTMLTextAreaElement} */ (element("title"));
const summary = /** @type {HTMLTextAreaElement} */ (element("summary"));
const tags = /** @type {HTMLInputElement} */ (element("tags"));
const tagField = new TagField({
	box: element("tag-field"),
	input: tags,
	chosen: element("chosen"),
	list: element("completions"),
	hint: element("tag-hint"),
});
const suggestions = new Suggestions({
	box: element("suggested"),
	list: element("suggestions"),
	why: element("why"),
	refuse: element("dismiss"),
});

/** @type {import("../shared/pages.js").Tab} */
let tab = { url: "", title: "", tabId: undefined };
/** @type {chrome.runtime.Port | null} */
let port = null;
/** @type {View | null} The last one. */
let view = null;
/** The last revision that the fields have taken in. */
let revision = 0;
/** Number of the last edit told. */
let turn = 0;
/** Number of the last completion asked for. */
let completionTurn = 0;
/** Number of the last suggestions asked for. */
let suggestionTurn = 0;
/** What they were asked for with; null before the first time. */
let suggestedFor = /** @type {string | null} */ (null);
const touched = { title: false, tags: false, summary: false };
/** @type {ReturnType<typeof setTimeout> | undefined} */
let slowTimer;

/** @param {FromPopup} message */
function tell(message) {
	port?.postMessage(message);
}

/** @returns {typed.Edits} */
function edits() {
	/** @type {typed.Edits} */
	const all = {};
	if (touched.title) all.title = fit(title.value.replace(/\s+/g, " "), LIMITS.title);
	if (touched.tags) all.tags = tagField.tags;
	if (touched.summary) all.summary = summary.value.toWellFormed();
	if (tagField.pending) all.pending = tagField.pending.toWellFormed();
	return all;
}

function tellEdits() {
	turn += 1;
	tell({ do: "edit", edits: edits(), revision, turn });
}

/** After each input: told at once, since the popup may be gone the next moment. */
function changed() {
	tellEdits();
	// "Saved" would no longer be true.
	if (document.body.dataset.state === "saved") document.body.dataset.state = "saving";
	linkToSite();
}

/**
 * Takes a note, or what an earlier popup left, into the fields; what has been
 * typed here meanwhile stays.
 * @param {View} shown
 */
function takeIn(shown) {
	revision = shown.revision;
	const mine = typed.uniteEdits(shown.leftover ?? {}, edits());
	const { note } = shown.page;
	const fields = note
		? typed.unite(note, mine)
		: typed.replace({ title: tab.title, tags: [], summary: "" }, mine);
	const base = note ?? { title: tab.title, tags: [], summary: "" };
	touched.title ||= fields.title !== base.title;
	touched.tags ||= fields.tags.join() !== base.tags.join();
	touched.summary ||= fields.summary !== base.summary;
	if (title.value !== fields.title) title.value = fields.title;
	tagField.tags = fields.tags;
	if (summary.value !== fields.summary) {
		// The caret stays where it was in the user's own words, which come last.
		const fromEnd = summary.value.length - summary.selectionEnd;
		summary.value = fields.summary;
		summary.selectionStart = summary.selectionEnd = fields.summary.length - fromEnd;
	}
	for (const field of [title, summary]) grow(field);
	tellEdits();
}

/**
 * What was typed is saved: the host may have it under the name of another tag.
 * @param {View} shown
 */
function takeTags({ page }) {
	if (page.note && tagField.tags.join() !== page.note.tags.join())
		tagField.tags = page.note.tags;
}

/** @param {ToPopup} message */
function onMessage(message) {
	if ("suggestions" in message) {
		if (message.turn === suggestionTurn) suggestions.offer(message.suggestions);
		return;
	}
	if ("tags" in message) {
		if (message.turn === completionTurn) tagField.offer(message.tags);
		return;
	}
	view = message.view;
	const upToDate = message.turn === turn;
	if (view.revision > revision) takeIn(view);
	if (upToDate && view.state === "saved") takeTags(view);
	if (upToDate || view.state !== "saved") showState(view.state);
	showView(view);
	wantSuggestions();
}

/** Asks for suggestions when the page is known, and again after each tag. */
function wantSuggestions() {
	// A save is never kept waiting.
	if (!view || view.state === "saving" || view.state === "error") return;
	if (view.state === "queued") {
		// Nobody would answer, nor did anybody who was asked shortly before.
		suggestedFor = null;
		return;
	}
	suggestions.leaveOut(tagField.tags);
	const asked = JSON.stringify([
		tagField.tags,
		suggestions.dismissed,
		view.state,
		view.page.note?.id,
	]);
	if (asked === suggestedFor) return;
	suggestedFor = asked;
	suggestionTurn += 1;
	tell({
		do: "suggest",
		title: title.value.toWellFormed(),
		text: summary.value.toWellFormed(),
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
	const unsavable = refusal?.kind === "invalid_url";
	showStatus(shown);
	const undoable =
		(note === null || page.created) && state !== "unsaved" && state !== "error";
	show("undo", removed === "deleted" || (removed === null && undoable));
	show("save", removed === "undone" || (removed === null && state === "unsaved"));
	show("delete", note !== null && !page.created && !removed);
	if (unsavable) disableFields();
	const same = element("same-page");
	same.hidden = !samePage;
	same.textContent = samePage
		? say("samePage", capitalised(samePage.because), samePage.url)
		: "";
	show("storage-full", shown.unkept);
	showProblem(shown);
	linkToSite();
}

/**
 * @param {string} id
 * @param {boolean} visible
 */
function show(id, visible) {
	element(id).hidden = !visible;
}

/** @param {View} shown */
function showStatus(shown) {
	clearTimeout(slowTimer);
	const words = statusOf(shown);
	// Between two keystrokes "Saved" needn't flicker: only a slow save is told.
	const { note, removed } = shown.page;
	if (shown.state === "saving" && note && !removed) {
		slowTimer = setTimeout(setStatus, SLOW_MS, ...words);
	} else {
		setStatus(...words);
	}
}

/**
 * @param {string} what
 * @param {string} [why]
 */
function setStatus(what, why = "") {
	const status = element("status");
	// Written anew it would be read out anew.
	if (status.textContent === `${what} ${why}`.trim()) return;
	const headline = document.createElement("strong");
	headline.textContent = what;
	status.replaceChildren(headline, ...(why ? [` ${why}`] : []));
}

/**
 * @param {View} shown
 * @returns {[what: string, why?: string]}
 */
function statusOf({ state, page, refusal, trouble, hindrance }) {
	const { note, created, removed } = page;
	switch (state) {
		case "saving":
			return [say(removed ? "removing" : "saving")];
		case "queued":
			return [
				say(removed ? "queuedRemoval" : "queued"),
				trouble ? say(`cause_${trouble}`) : (hindrance ?? ""),
			];
		case "saved":
			return [created || !note ? say("saved") : say("savedBefore", day(note.savedAt))];
		case "unsaved":
			return [say(removed ?? "unsaved")];
		case "error":
			return refusal?.kind === "invalid_url"
				? [say("unsavable")]
				: [say("refused"), refusal?.message];
	}
}

/** @param {View} shown */
function showProblem({ state, trouble, cure, hindrance }) {
	const queued = state === "queued";
	show(
		"problem",
		queued ? Boolean(trouble || hindrance) : state === "unsaved" && trouble !== null,
	);
	// When queued the status has said the cause already.
	element("cause").textContent = trouble && !queued ? say(`cause_${trouble}`) : "";
	show("cause", !queued);
	for (const part of ["cure-where", "cure-command", "copy-cure"])
		show(part, cure !== null);
	element("cure-command").textContent = cure ?? "";
}

/** @param {string} text */
function capitalised(text) {
	return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/** @param {string} moment RFC 3339. */
function day(moment) {
	return new Date(moment).toLocaleDateString(browser.i18n.getUILanguage(), {
		dateStyle: "medium",
	});
}

function linkToSite() {
	const link = /** @type {HTMLAnchorElement} */ (element("open-site"));
	const siteUrl = view?.siteUrl;
	link.hidden = !siteUrl;
	if (!siteUrl || !view) return;
	const tag = tagField.tags[0];
	const { note, removed } = view.page;
	if (tag !== undefined && !removed) {
		link.href = tagAddress(siteUrl, tag);
		link.textContent = say("openTag", tag);
	} else if (note && !removed) {
		link.href = `${siteUrl}note/${note.id}`;
		link.textContent = say("openNote");
	} else {
		link.href = siteUrl;
		link.textContent = say("openSite");
	}
	const problem = element("site-problem");
	problem.hidden = !view.siteProblem;
	problem.textContent = view.siteProblem;
}

/**
 * As high as its text, within what the style sheet allows.
 * @param {HTMLTextAreaElement} field
 */
function grow(field) {
	field.style.height = "auto";
	const borders = field.offsetHeight - field.clientHeight;
	field.style.height = `${field.scrollHeight + borders}px`;
}

function keepSummaryWithinLimit() {
	const fits = byteLength(summary.value) <= LIMITS.summary;
	if (!fits) summary.value = fit(summary.value, LIMITS.summary);
	element("summary-hint").textContent = fits ? "" : say("summaryFull");
}

/** A page for which there is nothing to do. */
function showUnsavable() {
	showState("error");
	setStatus(say("unsavable"));
	disableFields();
}

function disableFields() {
	for (const field of [title, tags, summary]) field.disabled = true;
	show("fields", false);
}

/** Opens a port to the background; after its end, a new one to the next background. */
function connect() {
	port = browser.runtime.connect({ name: POPUP_PORT });
	port.onMessage.addListener(onMessage);
	port.onDisconnect.addListener(() => {
		connect();
		if (view) tell({ do: "reopen", tab, known: view.page, revision });
		else tell({ do: "open", tab });
		tellEdits();
	});
}

function listen() {
	title.addEventListener("input", () => {
		touched.title = true;
		if (/[\r\n]/.test(title.value))
			title.value = title.value.replace(/\s*[\r\n]+\s*/g, " ");
		grow(title);
		changed();
	});
	title.addEventListener("keydown", (event) => {
		if (event.key !== "Enter" || event.isComposing) return;
		event.preventDefault();
		tags.focus();
	});
	summary.addEventListener("input", () => {
		touched.summary = true;
		keepSummaryWithinLimit();
		grow(summary);
		changed();
	});
	tagField.onChange = () => {
		touched.tags ||= tagField.tags.join() !== (view?.page.note?.tags ?? []).join();
		changed();
	};
	tagField.onBusy = (busy) => suggestions.stepAside(busy);
	tagField.onDone = () => {
		// The way on by keyboard while Tab takes suggestions; else Tab itself is.
		if (suggestions.open) summary.focus();
	};
	tagField.onSuggestionKey = (place) => {
		if (place >= 0) return suggestions.take(place);
		suggestions.dismiss();
		return true;
	};
	suggestions.onTake = (tag) => {
		tagField.choose(tag);
		suggestions.leaveOut(tagField.tags);
	};
	suggestions.onAnnounce = tagField.onAnnounce = (sentence) => {
		element("announcement").textContent = sentence;
	};
	tagField.onWanted = (text, exclude) => {
		completionTurn += 1;
		tell({ do: "complete", text, exclude, turn: completionTurn });
	};
	summary.addEventListener("focus", () => {
		// The user's words don't go on in the line of a quote.
		if (touched.summary || !/(^|\n)>[^\n]*$/.test(summary.value)) return;
		summary.value += "\n\n";
		grow(summary);
	});
	// Firefox may give the popup the focus after its page has run, and then to no field.
	window.addEventListener("focus", () => {
		if (document.activeElement === document.body) tags.focus();
	});
	element("fields").addEventListener("submit", (event) => event.preventDefault());
	element("undo").addEventListener("click", () => {
		tell({ do: view?.page.removed ? "save" : "undo" });
		tags.focus();
	});
	element("save").addEventListener("click", () => {
		tell({ do: "save" });
		tags.focus();
	});
	element("delete").addEventListener("click", () => tell({ do: "delete" }));
	element("try-again").addEventListener("click", () => tell({ do: "tryHost" }));
	element("copy-cure").addEventListener("click", async () => {
		await navigator.clipboard.writeText(element("cure-command").textContent ?? "");
		element("announcement").textContent = say("copied");
		element("copy-cure").textContent = say("copied");
	});
	element("open-site").addEventListener("click", (event) => {
		event.preventDefault();
		const { href } = /** @type {HTMLAnchorElement} */ (event.currentTarget);
		void browser.tabs.create({ url: href }).then(() => window.close());
	});
	document.addEventListener("keydown", (event) => {
		const done = event.key === "Enter" && (event.ctrlKey || event.metaKey);
		if (done || (event.key === "Escape" && !event.isComposing)) window.close();
	});
}

async function start() {
	sayEverywhere(document);
	document.documentElement.dir = say("@@bidi_dir");
	listen();
	tags.focus();
	setStatus(say("saving"));
	connect();
	// Typed while this page was loading.
	if (!typed.isEmpty(edits())) tellEdits();
	tab = await activeTab();
	tell({ do: "open", tab });
	const url = savableUrl(tab.url);
	if (url === null) {
		showUnsavable();
		return;
	}
	element("address").textContent = url;
	if (!touched.title) title.value = tab.title;
	grow(title);
}

void start();
