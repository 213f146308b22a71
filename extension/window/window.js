/**
 * The page that saves all tabs of its window, or those that the user chooses, with the same tags.
 * It sums up the results in one sentence, links to the saved pages and can take all of it back.
 * It needs the permission `tabs` to see titles and addresses: it requests it at the click and
 * gives it back as soon as it has read them, unless the badge needs it.
 */

import { browser, connectToBackground } from "../shared/browser.js";
import { showCure } from "../shared/connection-status.js";
import { copies, element, put } from "../shared/elements.js";
import { language, reasonOf, say, sayEverywhere } from "../shared/i18n.js";
import { giveTabsBack, TABS } from "../shared/settings.js";
import { savableUrl } from "../shared/tab.js";
import { splitTags, tagAddress } from "../shared/tags.js";

/** @import {WindowSummary} from "../shared/messages.js" */

/**
 * @param {string} one
 * @param {string} many
 * @param {number} n
 */
const counted = (one, many, n) =>
	n === 1 ? say(one) : say(many, n.toLocaleString(language()));

/** @typedef {{url: string, title: string}} Page */

/** Whether the form is being submitted. */
let isSubmitting = false;
/** @type {Page[] | null} The pages to choose from, once the user asked for them. */
let choice = null;
/** @type {string[]} The tags of the saved pages. */
let savedTags = [];
/** @type {chrome.runtime.Port | null} */
let port = null;

/** The other tabs of this window, without private ones. */
async function otherTabs() {
	const own = await browser.tabs.getCurrent();
	const tabs = await browser.tabs.query({ currentWindow: true });
	return tabs.filter(({ id, incognito }) => id !== own?.id && !incognito);
}

async function showCount() {
	const { length } = await otherTabs();
	if (document.body.dataset.state !== "asking" || choice) return;
	put(element("tabs-heading"), counted("windowTabs_one", "windowTabs_many", length));
	/** @type {HTMLButtonElement} */ (element("save")).disabled =
		isSubmitting || length === 0;
}

/**
 * Ignores a double click, and Enter while the browser asks for the permission.
 * @param {() => Promise<void>} act
 */
async function once(act) {
	if (isSubmitting) return;
	const buttons = ["save", "choose"].map(
		(id) => /** @type {HTMLButtonElement} */ (element(id)),
	);
	isSubmitting = true;
	for (const button of buttons) button.disabled = true;
	try {
		await act();
	} finally {
		isSubmitting = false;
		for (const button of buttons) button.disabled = false;
		if (choice) showChosen();
	}
}

/**
 * Reads the pages of the other tabs. The browser asks the user, who may refuse.
 * @returns {Promise<Page[] | null>}
 */
async function readPages() {
	// The browser shows its question only if this comes first in the user's action.
	const may = await browser.permissions.request(TABS);
	if (!may) {
		put(element("tag-hint"), say("windowForbidden"));
		return null;
	}
	put(element("tag-hint"), "");
	const own = browser.runtime.getURL("");
	const pages = (await otherTabs())
		.map(({ url = "", title = "" }) => ({ url, title }))
		// Pages of this extension aren't the user's pages.
		.filter(({ url }) => !url.startsWith(own));
	await giveTabsBack(browser.storage.local, browser.permissions);
	return pages;
}

/** Lists the tabs, all of them chosen. */
async function choose() {
	choice = await readPages();
	if (!choice) return;
	element("tab-list").replaceChildren(...choice.map(tabLine));
	element("choice").hidden = false;
	element("choose").hidden = true;
	element("why").hidden = true;
	boxes()
		.find((box) => !box.disabled)
		?.focus();
}

/**
 * A line of the list of tabs.
 * @param {Page} page
 */
function tabLine({ url, title }) {
	const line = document.createElement("li");
	const label = document.createElement("label");
	const box = document.createElement("input");
	box.type = "checkbox";
	box.disabled = savableUrl(url) === null;
	box.checked = !box.disabled;
	const name = document.createElement("bdi");
	name.textContent = title || url || say("windowUnnamed");
	name.title = name.textContent;
	const site = document.createElement("span");
	site.textContent = box.disabled ? say("windowNotSavable") : new URL(url).host;
	label.append(box, name, site);
	line.append(label);
	return line;
}

const boxes = () =>
	/** @type {HTMLInputElement[]} */ ([
		...element("tab-list").querySelectorAll("input[type=checkbox]"),
	]);

/** Says how many tabs are chosen. */
function showChosen() {
	const all = boxes();
	const chosen = all.filter((box) => box.checked).length;
	const most = all.filter((box) => !box.disabled).length;
	put(
		element("tabs-heading"),
		say(
			"windowChosen",
			chosen.toLocaleString(language()),
			all.length.toLocaleString(language()),
		),
	);
	put(element("save"), counted("windowSave_one", "windowSave_many", chosen));
	/** @type {HTMLButtonElement} */ (element("save")).disabled =
		isSubmitting || chosen === 0;
	put(
		element("select-all"),
		say(chosen === most ? "windowSelectNone" : "windowSelectAll"),
	);
}

/** Chooses all tabs, or none if all are chosen. */
function selectAll() {
	const all = boxes().filter((box) => !box.disabled);
	const checked = all.some((box) => !box.checked);
	for (const box of all) box.checked = checked;
	showChosen();
}

async function save() {
	const { tags, refused } = splitTags(
		/** @type {HTMLInputElement} */ (element("tags")).value,
	);
	put(element("tag-hint"), refused.length > 0 ? say("tagRefused") : "");
	if (refused.length > 0) return;
	const all = boxes();
	const pages = choice ? choice.filter((_, at) => all[at]?.checked) : await readPages();
	if (!pages) return;
	savedTags = tags;
	document.body.dataset.state = "saving";
	element("ask").hidden = true;
	port = connectToBackground("window");
	port.onMessage.addListener(show);
	port.postMessage({ do: "save", pages, tags });
}

/** Takes all saves back. */
function undo() {
	/** @type {HTMLButtonElement} */ (element("undo")).disabled = true;
	port?.postMessage({ do: "undo" });
}

/** @param {WindowSummary} summary */
function show(summary) {
	const { saved, there, waiting, unsavable, trouble, cure, hindrance, undone } = summary;
	const stuck = waiting > 0 && (trouble !== null || hindrance !== null);
	document.body.dataset.state = waiting === 0 ? "done" : stuck ? "queued" : "saving";
	const parts = [];
	if (undone) parts.push(counted("windowUndone_one", "windowUndone_many", saved));
	else if (saved > 0 || (there === 0 && unsavable.length === 0 && !stuck))
		parts.push(counted("windowSaved_one", "windowSaved_many", saved));
	if (there > 0 && undone)
		parts.push(counted("windowAsBefore_one", "windowAsBefore_many", there));
	else if (there > 0) parts.push(counted("windowThere_one", "windowThere_many", there));
	if (unsavable.length > 0)
		parts.push(counted("windowRefused_one", "windowRefused_many", unsavable.length));
	if (waiting > 0)
		parts.push(counted("windowWaiting_one", "windowWaiting_many", waiting));
	const sentence = `${new Intl.ListFormat(language(), { type: "unit" }).format(parts)}.`;
	const status = element("connection");
	status.hidden = false;
	status.dataset.state = stuck ? "trouble" : waiting === 0 ? "connected" : "checking";
	const why = stuck
		? (hindrance ?? `${say("notConnected")} ${say(`cause_${trouble}`)}`)
		: "";
	put(status, `${sentence} ${why}`.trim());
	showCure({ trouble, cure: stuck ? cure : null });
	showResults(summary);
	element("unsavable").hidden = unsavable.length === 0;
	/** @type {Map<string, {name: string, reason: string, times: number}>} */
	const lines = new Map();
	for (const { url, title, refusal } of unsavable) {
		const name = title || url || say("windowUnnamed");
		const reason = refusal ? ` (${reasonOf(refusal)})` : "";
		// Many tabs with the same name share a line.
		const line = lines.get(name + reason) ?? { name, reason, times: 0 };
		lines.set(name + reason, { ...line, times: line.times + 1 });
	}
	element("unsavable-list").replaceChildren(
		...[...lines.values()].map(({ name, reason, times }) => {
			const line = document.createElement("li");
			const label = document.createElement("bdi");
			label.textContent = name;
			line.append(label, times > 1 ? ` × ${times}` : "", reason);
			return line;
		}),
	);
}

/**
 * Links to the saved pages, which can be taken back.
 * @param {WindowSummary} summary
 */
function showResults({ saved, there, waiting, undone, siteUrl }) {
	const [tag] = savedTags;
	const link = /** @type {HTMLAnchorElement} */ (element("show-saved"));
	link.hidden = siteUrl === null || saved + there === 0 || undone;
	if (siteUrl !== null) link.href = tag ? tagAddress(siteUrl, tag) : `${siteUrl}all/0`;
	const button = element("undo");
	button.hidden = undone || saved + there + waiting === 0;
	element("results").hidden = link.hidden && button.hidden;
}

async function start() {
	sayEverywhere(document);
	document.title = say("windowTitle");
	copies(element("copy-cure"), element("cure-command"));
	element("ask").addEventListener("submit", (event) => {
		event.preventDefault();
		void once(save);
	});
	element("choose").addEventListener("click", () => void once(choose));
	element("select-all").addEventListener("click", selectAll);
	element("tab-list").addEventListener("change", showChosen);
	element("undo").addEventListener("click", undo);
	for (const event of [browser.tabs.onCreated, browser.tabs.onRemoved]) {
		event.addListener(() => void showCount());
	}
	element("why").hidden = await browser.permissions.contains(TABS);
	await showCount();
}

void start();
