/**
 * The settings page: settings, connection and unsaved changes. It shows what the background
 * sends, and sends the user's requests.
 */

import { browser, connectToBackground, isFirefox } from "../shared/browser.js";
import { showCure, standing } from "../shared/connection-status.js";
import { dateAndTime } from "../shared/dates.js";
import { copies, element, put } from "../shared/elements.js";
import { language, reasonOf, say, sayEverywhere } from "../shared/i18n.js";
import {
	giveTabsBack,
	loadSettings,
	marksSaved,
	saveSettings,
	TABS,
} from "../shared/settings.js";
import { syncSentence } from "../shared/sync-sentence.js";
import { waitingFile } from "./outbox-export.js";

/** @import {FromOptions, Overview} from "../shared/messages.js" */

/** Chromium's page for shortcuts. Firefox has a function that opens its own. */
const CHROMIUM_SHORTCUTS = "chrome://extensions/shortcuts";

/** @type {chrome.runtime.Port} */
let port;
/** @type {Overview | null} */
let overview = null;

/** @param {FromOptions} message */
function send(message) {
	port.postMessage(message);
}

function connect() {
	port = connectToBackground("options");
	port.onMessage.addListener((message) => {
		overview = /** @type {Overview} */ (message);
		showConnection(overview);
		showOutbox(overview);
	});
	// The browser suspended the background; this starts it again.
	port.onDisconnect.addListener(connect);
}

/** @param {Overview} shown */
function showConnection(shown) {
	const { hello, counts } = shown;
	const { state, sentence } = standing(shown);
	const status = element("connection");
	status.dataset.state = state;
	put(status, sentence);
	showCure(shown);
	element("by-host").hidden = hello?.saveOnOpen !== false;
	showTextRules(shown);

	/** @type {[string, string | Node][]} */
	const facts = [["extensionVersion", browser.runtime.getManifest().version]];
	if (hello) {
		facts.push(["hostVersion", hello.host], ["database", hello.database]);
		facts.push(["siteAddress", hello.siteProblem ?? link(hello.siteUrl)]);
		if (!hello.storeProblem) {
			facts.push(["noteCount", count(counts?.notes ?? hello.notes)]);
			facts.push(["tags", count(counts?.tags ?? hello.tags)]);
		}
		if (hello.sync) facts.push(["sync", syncSentence(hello.sync, language(), say)]);
	}
	element("facts").replaceChildren(
		...facts.flatMap(([name, value]) => [textual("dt", say(name)), textual("dd", value)]),
	);
}

/**
 * What else decides whether texts are kept: the program's configuration, and "never" for a web site.
 * @param {Overview} shown
 */
function showTextRules({ hello, sitesWithoutText }) {
	const said = hello?.texts === false ? undefined : hello?.keepText;
	const byHost = element("text-by-host");
	byHost.hidden = said !== "never" && said !== "ask";
	if (!byHost.hidden) byHost.textContent = say(`keepTextByHost_${said}`);
	element("textless").hidden = sitesWithoutText.length === 0;
	element("textless-sites").replaceChildren(
		...sitesWithoutText.map((site) => {
			const row = document.createElement("li");
			const again = button(say("textAct_site"), () => {
				send({ do: "allowText", site });
				// The button goes, and the focus would go with it.
				element("keep-text").focus();
			});
			again.ariaLabel = `${say("textAct_site")}: ${site}`;
			row.append(textual("bdi", site), " ", again);
			return row;
		}),
	);
}

/** @param {number} n */
const count = (n) => n.toLocaleString(language());

/**
 * The sentence for a refused entry, or for one that the host failed to handle.
 * @param {import("../shared/messages.js").Refusal} refusal
 */
const reasonFor = (refusal) =>
	refusal.cause ? reasonOf(refusal) : say("refusedBecause", reasonOf(refusal));

/** @param {Overview} shown */
function showOutbox({ entries, drafts, unkept }) {
	// A draft of a page with a waiting save is shown as part of that save.
	const alone = drafts.filter(
		(draft) => !entries.some((entry) => entry.page === draft.url),
	);
	const waiting = entries.length + alone.length;
	put(
		element("outbox-heading"),
		waiting > 0 ? `${say("outbox")}: ${count(waiting)}` : say("outbox"),
	);
	put(element("outbox-summary"), say(waiting > 0 ? "outboxHint" : "outboxEmpty"));
	element("outbox-actions").hidden = waiting === 0;
	element("retry-all").hidden = entries.length === 0;
	element("storage-full").hidden = !unkept;
	const refused = entries.filter((entry) => entry.refused);
	element("outbox").replaceChildren(
		// Refused changes need the user, so they come first.
		...[...refused, ...entries.filter((entry) => !entry.refused)].map((entry) =>
			item({
				what: say(`method_${entry.method}`),
				title: "title" in entry.params ? entry.params.title : undefined,
				page: entry.page,
				since: entry.addedAt,
				reason: entry.refused ? reasonFor(entry.refused) : undefined,
				retry: entry.refused ? { do: "retry", opId: entry.params.opId } : undefined,
				discard: { do: "discard", opId: entry.params.opId },
			}),
		),
		...alone.map((draft) =>
			item({
				what: say("draft"),
				title: draft.edits.title ?? draft.title,
				page: draft.url,
				discard: { do: "discardDraft", url: draft.url },
			}),
		),
	);
}

/**
 * @param {{what: string, title: string | undefined, page: string, since?: string, reason?: string,
 *   retry?: FromOptions, discard: FromOptions}} row
 */
function item({ what, title, page, since, reason, retry, discard }) {
	const row = document.createElement("li");
	const about = document.createElement("div");
	about.append(textual("strong", what), " ");
	if (since) {
		const moment = dateAndTime(since, language());
		about.append(textual("span", say("waitingSince", moment), "hint"));
	}
	if (title) about.append(textual("bdi", title, "title"));
	about.append(textual("bdi", page, "title hint"));
	if (reason) about.append(textual("p", reason, "reason"));
	const buttons = document.createElement("div");
	buttons.className = "buttons";
	if (retry) buttons.append(button(say("retryEntry"), () => send(retry)));
	buttons.append(
		button(say("discardEntry"), async () => {
			if (await confirms(title || page)) send(discard);
		}),
	);
	row.append(about, buttons);
	return row;
}

/**
 * Answers the question that the dialog asks.
 * @type {(yes: boolean) => void}
 */
let answer = () => {};

/**
 * Asks the user to confirm.
 * @param {string} what The change to discard.
 * @returns {Promise<boolean>}
 */
function confirms(what) {
	answer(false);
	put(element("sure-what"), what);
	/** @type {HTMLDialogElement} */ (element("sure")).showModal();
	return new Promise((resolve) => {
		answer = resolve;
	});
}

/** Handles the answers: the two buttons, and Escape, after which the dialog only closes. */
function listenForAnswers() {
	const dialog = /** @type {HTMLDialogElement} */ (element("sure"));
	for (const yes of [true, false]) {
		element(yes ? "sure-yes" : "sure-no").addEventListener("click", () => {
			dialog.close();
			answer(yes);
		});
	}
	// The browser sends this event later, and the next question may be open by then.
	dialog.addEventListener("close", () => {
		if (!dialog.open) answer(false);
	});
}

/**
 * @param {string} name
 * @param {string | Node} content
 * @param {string} [className]
 */
function textual(name, content, className = "") {
	const made = document.createElement(name);
	made.append(content);
	if (className) made.className = className;
	return made;
}

/**
 * @param {string} label
 * @param {() => void} act
 */
function button(label, act) {
	const made = document.createElement("button");
	made.type = "button";
	made.textContent = label;
	made.addEventListener("click", act);
	return made;
}

/** @param {string} address */
function link(address) {
	const made = document.createElement("a");
	made.href = address;
	// The site's host name is long, and secret: a picture of this page must not reveal it. The
	// short address redirects to the long one.
	made.textContent = address.replace(/\/\/[^/:]+\.localhost(:\d+).*/, "//localhost$1/");
	return made;
}

/** Downloads the unsaved changes as a file for `url-notes import`. */
function exportOutbox() {
	const { entries, drafts } = overview ?? { entries: [], drafts: [] };
	const json = JSON.stringify(waitingFile(entries, drafts), null, 2);
	const file = document.createElement("a");
	file.href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
	file.download = "url-notes-waiting.json";
	file.click();
	URL.revokeObjectURL(file.href);
}

async function showShortcut() {
	const [command] = await browser.commands.getAll();
	put(
		element("shortcut"),
		command?.shortcut ? say("shortcutHint", command.shortcut) : say("noShortcutHint"),
	);
}

function changeShortcut() {
	const { openShortcutSettings } =
		/** @type {{openShortcutSettings?: () => Promise<void>}} */ (browser.commands);
	if (isFirefox) void openShortcutSettings?.();
	else void browser.tabs.create({ url: CHROMIUM_SHORTCUTS });
}

/** Shows the settings. Called again when they or the permission change. */
async function showSettings() {
	const area = browser.storage.local;
	const { saveOnOpen, stripUserInfo, keepText } = await loadSettings(area);
	const badge = await marksSaved(area, browser.permissions);
	/** @type {HTMLInputElement} */ (element("save-on-open")).checked = saveOnOpen;
	/** @type {HTMLInputElement} */ (element("badge")).checked = badge;
	/** @type {HTMLInputElement} */ (element("strip-user-info")).checked = stripUserInfo;
	/** @type {HTMLSelectElement} */ (element("keep-text")).value = keepText;
}

/** @param {Partial<import("../shared/settings.js").Settings>} change */
async function change(change) {
	const area = browser.storage.local;
	await saveSettings(area, { ...(await loadSettings(area)), ...change });
	await showSettings();
}

/** @param {boolean} on */
async function changeBadge(on) {
	// The browser shows its question only if this comes first in the user's action.
	const may = on && (await browser.permissions.request(TABS));
	await change({ badge: may });
	await giveTabsBack(browser.storage.local, browser.permissions);
}

async function start() {
	sayEverywhere(document);
	document.title = say("optionsTitle");
	connect();
	send({ do: "check" });
	element("check").addEventListener("click", () => {
		put(element("connection"), say("checking"));
		send({ do: "try" });
		send({ do: "check" });
	});
	copies(element("copy-cure"), element("cure-command"));
	listenForAnswers();
	element("export").addEventListener("click", exportOutbox);
	element("retry-all").addEventListener("click", () => send({ do: "retry" }));
	element("change-shortcut").addEventListener("click", changeShortcut);

	for (const id of ["save-on-open", "badge", "strip-user-info"]) {
		const box = /** @type {HTMLInputElement} */ (element(id));
		box.addEventListener("change", () => {
			if (id === "badge") void changeBadge(box.checked);
			else if (id === "strip-user-info") void change({ stripUserInfo: box.checked });
			else void change({ saveOnOpen: box.checked });
		});
	}
	const keepText = /** @type {HTMLSelectElement} */ (element("keep-text"));
	keepText.addEventListener("change", () =>
		change({
			keepText: /** @type {import("../shared/settings.js").KeepText} */ (keepText.value),
		}),
	);
	for (const event of [browser.permissions.onAdded, browser.permissions.onRemoved]) {
		event.addListener(() => void showSettings());
	}
	// The user may have changed it in another tab.
	window.addEventListener("focus", () => void showShortcut());
	await Promise.all([showShortcut(), showSettings()]);
}

void start();
