/**
 * The popup: the form of one page's note. It shows the views that the
 * background sends and tells it, at each input, all that the form holds; it
 * never talks to the host and may be closed at any moment.
 */

import { browser } from "../shared/browser.js";
import { ago, dateAndTime } from "../shared/dates.js";
import { language, reasonOf, say, sayEverywhere, whereToCure } from "../shared/i18n.js";
import * as typed from "../shared/merge.js";
import { POPUP_PORT } from "../shared/messages.js";
import { activeTab, savableUrl, shownAddress } from "../shared/tab.js";
import { siteAddress, tagAddress } from "../shared/tags.js";
import { byteLength, fit, LIMITS } from "../shared/text.js";
import { showAddresses } from "./addresses.js";
import { Suggestions } from "./suggestions.js";
import { TagField } from "./tag-field.js";

/** @import {FromPopup, ToPopup, View} from "../shared/messages.js" */

/** A save that takes longer is worth a word. */
const SLOW_MS = 1000;

/** An attempt that fails at once is still seen to have been made. */
const SHOWN_TRYING_MS = 400;

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

/** @type {import("../shared/messages.js").Tab} */
let tab = { url: "", title: "", tabId: undefined };
/** Of the page; null where it can't be saved. */
let pageUrl = /** @type {string | null} */ (null);
/** Whether the background has dropped user name and password from it. */
let stripped = false;
/** @type {chrome.runtime.Port | null} */
let port = null;
/** @type {View | null} The last one. */
let view = null;
/** The last revision that the fields have taken in. */
let revision = 0;
/** The note as it was shown last: what the fields hold was saved into it, perhaps before others changed it. */
let known = /** @type {View["page"]["note"]} */ (null);
/** What others changed of the note and the fields haven't taken in; null where they have no note yet. */
let changes = /** @type {typed.Change[] | null} */ (null);
/** The last revision that was shown. */
let shownRevision = 0;
/** Whether an input method composes a word. */
let composing = false;
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
/** What other notes were asked for with; null before the first time. */
let aroundFor = /** @type {string | null} */ (null);
/** Number of the last time that they were asked for. */
let aroundTurn = 0;
/** @type {import("../shared/messages.js").Around | null} */
let around = null;
/** The status of the note that was saved at this moment. */
let savedStatus = { of: "", words: "" };
/** Number of the last preview asked for. */
let previewTurn = 0;

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
 * Remembers what the fields will have to take in.
 * @param {View} shown
 */
function noteChange(shown) {
	const { note } = shown.page;
	if (shown.revision > shownRevision) {
		shownRevision = shown.revision;
		if (!note || known?.id !== note.id || shown.leftover) changes = null;
		else changes?.push({ before: known, now: note });
	}
	known = note;
}

/**
 * Takes a note, or what an earlier popup left, into the fields; what has been
 * typed here meanwhile stays.
 * @param {View} shown
 */
function takeIn(shown) {
	const { note } = shown.page;
	revision = shown.revision;
	const { leftover, leftoverSeen } = shown;
	const fields = typed.takenIn(
		{ note, changes, leftover, leftoverSeen, title: tab.title },
		edits(),
	);
	changes = [];
	const base = note ?? { title: tab.title, tags: [], summary: "" };
	touched.title ||= fields.title !== base.title;
	touched.tags ||= fields.tags.join() !== base.tags.join();
	touched.summary ||= fields.summary !== base.summary;
	if (title.value !== fields.title) title.value = fields.title;
	tagField.tags = fields.tags;
	if (summary.value !== fields.summary) {
		// The caret stays where it was in the user's own words, which come first or last.
		const { value, selectionEnd } = summary;
		const isFirst = value !== "" && fields.summary.startsWith(value);
		const moved = isFirst ? 0 : fields.summary.length - value.length;
		summary.value = fields.summary;
		summary.selectionStart = summary.selectionEnd = selectionEnd + moved;
	}
	for (const field of [title, summary]) grow(field);
	if (!element("preview").hidden) wantPreview();
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
	if ("tried" in message) {
		setTimeout(showTried, SHOWN_TRYING_MS);
		return;
	}
	if ("suggestions" in message) {
		if (message.turn !== suggestionTurn) return;
		// Tags may have been chosen while the host was asked.
		const chosen = new Set(tagField.tags);
		suggestions.offer(message.suggestions.filter(({ name }) => !chosen.has(name)));
		return;
	}
	if ("around" in message) {
		if (message.turn !== aroundTurn) return;
		around = message.around;
		linkToSite();
		return;
	}
	if ("preview" in message) {
		if (message.turn === previewTurn) void showPreview(message.preview);
		return;
	}
	if ("tags" in message) {
		if (message.turn === completionTurn) tagField.offer(message.tags);
		return;
	}
	view = message.view;
	stripped = message.stripped ?? false;
	const upToDate = message.turn === turn;
	noteChange(view);
	// A field that is written to would lose the word that is being composed in it.
	if (view.revision > revision && !composing) takeIn(view);
	if (upToDate && view.state === "saved") takeTags(view);
	if (upToDate || view.state !== "saved") showState(view.state);
	showView(view);
	wantSuggestions();
	wantAround();
}

/** Asks for other notes of this site when the page's own is known, or is gone. */
function wantAround() {
	if (view?.state !== "saved" && view?.state !== "unsaved") return;
	const { note, removed } = view.page;
	const asked = JSON.stringify([view.state, note?.id, removed, view.canonical]);
	if (asked === aroundFor || !view.siteUrl) return;
	aroundFor = asked;
	aroundTurn += 1;
	tell({ do: "lookAround", turn: aroundTurn });
}

/** Asks for suggestions when the page is known, and again after each tag. */
function wantSuggestions() {
	suggestions.leaveOut(tagField.tags);
	// A save is never kept waiting.
	if (!view || view.state === "saving" || view.state === "error") return;
	if (view.state === "queued" || view.page.removed) {
		// Nobody would answer, nor did anybody who was asked shortly before; or there is
		// nothing to put a tag on any more.
		suggestedFor = null;
		suggestions.offer([]);
		return;
	}
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
	const focused = document.activeElement;
	showStatus(shown);
	const undoable =
		(note === null || page.created) && state !== "unsaved" && state !== "error";
	show("undo", removed === "deleted" || (removed === null && undoable));
	show("save", removed === "undone" || (removed === null && state === "unsaved"));
	show("delete", note !== null && !page.created && !removed);
	if (unsavable) disableFields();
	const same = element("same-page");
	same.hidden = !samePage;
	same.textContent = samePage ? whySame(samePage) : "";
	same.title = samePage ? capitalised(samePage.because) : "";
	showAddresses(removed ? null : note, [pageUrl, samePage?.url]);
	showSecret(page.tokens);
	show("storage-full", shown.unkept);
	showProblem(shown);
	linkToSite();
	// A button that has done its work takes the focus with it.
	if (focused instanceof HTMLElement && !focused.checkVisibility())
		(["undo", "save"].map((id) => element(id)).find((b) => !b.hidden) ?? tags).focus();
}

/** @param {import("../protocol.js").SamePage} samePage */
function whySame({ reason, because, url }) {
	const shown = shownAddress(url);
	// A host that is older than this extension has only its own words.
	return say(`samePage_${reason}`, shown) || `${capitalised(because)}: ${shown}`;
}

/**
 * Has a sentence read out; written anew it would be read out anew.
 * @param {string} sentence
 */
function announce(sentence) {
	const announcement = element("announcement");
	if (announcement.textContent !== sentence) announcement.textContent = sentence;
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
 * @param {string} [details] Tooltip.
 */
function setStatus(what, why = "", details = "") {
	const status = element("status");
	status.title = details;
	// Written anew it would be read out anew.
	if (status.textContent === `${what} ${why}`.trim()) return;
	const headline = document.createElement("strong");
	headline.textContent = what;
	status.replaceChildren(headline, ...(why ? [` ${why}`] : []));
}

/**
 * @param {View} shown
 * @returns {[what: string, why?: string, details?: string]}
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
			return created || !note
				? [say("saved")]
				: [savedAgo(note.savedAt), "", dateAndTime(note.savedAt, language())];
		case "unsaved":
			return [say(removed ?? "unsaved")];
		case "error":
			return refusal?.kind === "invalid_url"
				? [say("unsavable")]
				: [say("refused"), refusal ? reasonOf(refusal) : ""];
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
	show("how-to-install", trouble?.startsWith("not_registered") ?? false);
	if (element("cure-command").textContent !== cure)
		element("copy-cure").textContent = say("copy");
	element("cure-where").textContent = whereToCure(trouble);
	element("cure-command").textContent = cure ?? "";
}

/** Says at once that the host is tried: one that is silent is waited for. */
function tryAgain() {
	const button = element("try-again");
	// Not disabled: that would take the focus from it.
	if (button.ariaDisabled === "true") return;
	button.ariaDisabled = "true";
	button.textContent = say("trying");
	announce(say("trying"));
	tell({ do: "tryHost" });
}

function showTried() {
	const button = element("try-again");
	button.ariaDisabled = null;
	button.textContent = say("tryAgain");
	// The status says it itself where something has changed.
	announce(button.checkVisibility() ? (element("status").textContent ?? "") : "");
}

/** @param {string} text */
function capitalised(text) {
	return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/**
 * Status of a note that was saved before; the same for as long as the popup is open, as
 * it would be read out anew.
 * @param {string} savedAt RFC 3339.
 */
function savedAgo(savedAt) {
	if (savedStatus.of !== savedAt) {
		const words = ago(savedAt, Date.now(), language()) ?? say("justNow");
		savedStatus = { of: savedAt, words: capitalised(say("savedBefore", words)) };
	}
	return savedStatus.words;
}

function linkToSite() {
	const own = /** @type {HTMLAnchorElement} */ (element("open-site"));
	const siteUrl = view?.siteUrl;
	own.hidden = !siteUrl;
	if (!siteUrl || !view) return;
	const tag = tagField.tags[0];
	const { note, removed } = view.page;
	if (tag !== undefined && !removed) {
		own.href = tagAddress(siteUrl, tag);
		own.textContent = say("openTag", tag);
	} else if (note && !removed) {
		own.href = `${siteUrl}note/${note.id}`;
		own.textContent = say("openNote");
	} else {
		own.href = siteUrl;
		own.textContent = say("openSite");
	}
	const here = around?.onThisSite ?? 0;
	const others = /** @type {HTMLAnchorElement} */ (element("on-site"));
	// One that is shown above needn't be told of.
	others.hidden = pageUrl === null || here <= (note && !removed ? 1 : 0);
	if (pageUrl !== null) {
		others.href = siteAddress(siteUrl, pageUrl);
		others.textContent = here === 1 ? say("oneOnThisSite") : say("onThisSite", here);
	}
	const elsewhere = element("elsewhere");
	const link = /** @type {HTMLAnchorElement} */ (elsewhere.firstElementChild);
	elsewhere.hidden = !around?.elsewhere;
	if (around?.elsewhere) {
		link.href = `${siteUrl}note/${around.elsewhere.id}`;
		link.textContent = say("elsewhere", around.elsewhere.url);
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

/** Shows the note as the site will, in the place of what was typed; or that again. */
function togglePreview() {
	const wasInNote = [summary, element("preview"), element("preview-note")].some(
		(part) => part === document.activeElement,
	);
	const preview = element("preview");
	const open = preview.hidden;
	if (open) {
		wantPreview();
		// Until the host answers, which is mostly before anybody sees it.
		showTyped();
	}
	preview.style.minBlockSize = `${summary.offsetHeight}px`;
	summary.hidden = open;
	preview.hidden = !open;
	if (!open) grow(summary);
	element("preview-note").ariaPressed = String(open);
	if (!wasInNote) announce(say(open ? "previewLabel" : "note"));
	else if (open) preview.focus();
	else summary.focus();
}

/** Asks the host to render the note; what it answers on an earlier text isn't shown. */
function wantPreview() {
	previewTurn += 1;
	element("preview").ariaBusy = "true";
	tell({ do: "preview", text: summary.value.toWellFormed(), turn: previewTurn });
}

/**
 * Shows the note as it was typed, in the place of the preview.
 * @param {string} [reason] Why it isn't rendered.
 */
function showTyped(reason) {
	const typed = document.createElement("div");
	typed.className = "typed";
	typed.dir = "auto";
	typed.textContent = summary.value;
	const line = document.createElement("p");
	line.className = "reason";
	line.textContent = reason ?? "";
	element("preview").replaceChildren(...(reason ? [line] : []), typed);
}

/** @param {import("../shared/messages.js").Preview} rendered */
async function showPreview({ nodes, outdated }) {
	const turn = previewTurn;
	const { previewOf } = await import("./preview.js");
	const preview = element("preview");
	if (turn !== previewTurn) return;
	preview.ariaBusy = null;
	if (!summary.value.trim()) preview.textContent = say("previewEmpty");
	else if (nodes) preview.replaceChildren(previewOf(nodes));
	else {
		const reason = say(outdated ? "previewOutdated" : "previewUnreachable");
		showTyped(reason);
		if (!preview.hidden) announce(reason);
	}
}

function keepSummaryWithinLimit() {
	const fits = byteLength(summary.value) <= LIMITS.summary;
	if (!fits) summary.value = fit(summary.value, LIMITS.summary);
	element("summary-hint").textContent = fits ? "" : say("summaryFull");
}

/**
 * Says in a sentence what of the address is secret.
 * @param {string[]} [tokens] Names of parameters.
 */
function showSecret(tokens = []) {
	const secret = element("secret");
	const hasPassword = pageUrl !== null && shownAddress(pageUrl) !== pageUrl;
	const password = stripped ? "passwordRemoved" : "passwordInAddress";
	secret.hidden = !hasPassword && tokens.length === 0;
	secret.textContent = [
		hasPassword ? say(password) : "",
		tokens.length > 0 ? say("tokenInAddress", tokens.join(", ")) : "",
	]
		.filter(Boolean)
		.join(" ");
}

/** A page for which there is nothing to do. */
function showUnsavable() {
	showState("error");
	setStatus(say(tab.loading ? "stillLoading" : "unsavable"));
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
		if (!element("preview").hidden) wantPreview();
		showTried();
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
		suggestions.leaveOut(tagField.tags);
		changed();
	};
	tagField.onBusy = (busy, fresh) => suggestions.stepAside(busy, fresh);
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
	suggestions.onAnnounce = tagField.onAnnounce = announce;
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
	document.addEventListener("compositionstart", () => {
		composing = true;
	});
	document.addEventListener("compositionend", () => {
		composing = false;
		if (view && view.revision > revision) takeIn(view);
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
	element("try-again").addEventListener("click", tryAgain);
	element("copy-cure").addEventListener("click", async () => {
		await navigator.clipboard.writeText(element("cure-command").textContent ?? "");
		announce(say("copied"));
		element("copy-cure").textContent = say("copied");
	});
	element("preview-note").addEventListener("click", () => togglePreview());
	document.addEventListener("click", (event) => {
		const link = /** @type {Element} */ (event.target).closest("a");
		if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
		event.preventDefault();
		void browser.tabs.create({ url: link.href }).then(() => window.close());
	});
	document.addEventListener("keydown", (event) => {
		const done = event.key === "Enter" && (event.ctrlKey || event.metaKey);
		// While a word is composed both keys belong to the input method.
		if ((done || event.key === "Escape") && !event.isComposing) window.close();
		// By the key, not by what it writes: with Alt that may be another sign.
		const { altKey, ctrlKey, metaKey, code, key } = event;
		if (
			altKey &&
			!ctrlKey &&
			!metaKey &&
			(code || `Key${key.toUpperCase()}`) === "KeyP"
		) {
			event.preventDefault();
			togglePreview();
		}
	});
}

async function start() {
	connect();
	const asked = activeTab();
	sayEverywhere(document);
	listen();
	tags.focus();
	// Typed while this page was loading.
	tagField.begin();
	tab = await asked;
	tell({ do: "open", tab });
	pageUrl = savableUrl(tab.url);
	if (pageUrl === null) {
		showUnsavable();
		return;
	}
	element("address").textContent = element("address").title = shownAddress(pageUrl);
	if (!touched.title) title.value = tab.title;
	grow(title);
}

void start();
