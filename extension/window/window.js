/**
 * The page that saves all tabs of its window, with the same tags, and sums up the results in one
 * sentence. It needs the permission `tabs` to see the addresses: it requests it at the click
 * and gives it back afterwards, unless the badge needs it.
 */

import { browser } from "../shared/browser.js";
import { showCure } from "../shared/connection-status.js";
import { copies, element, put } from "../shared/elements.js";
import { language, reasonOf, say, sayEverywhere } from "../shared/i18n.js";
import { WINDOW_PORT } from "../shared/messages.js";
import { giveTabsBack, TABS } from "../shared/settings.js";
import { splitTags } from "../shared/tags.js";

/** @import {WindowSummary} from "../shared/messages.js" */

/**
 * @param {string} one
 * @param {string} many
 * @param {number} n
 */
const counted = (one, many, n) =>
	n === 1 ? say(one) : say(many, n.toLocaleString(language()));

/** Whether the form is being submitted. */
let isSubmitting = false;

/** The other tabs of this window, without private ones. */
async function otherTabs() {
	const own = await browser.tabs.getCurrent();
	const tabs = await browser.tabs.query({ currentWindow: true });
	return tabs.filter(({ id, incognito }) => id !== own?.id && !incognito);
}

async function showCount() {
	const { length } = await otherTabs();
	if (document.body.dataset.state !== "asking") return;
	put(element("tabs-heading"), counted("windowTabs_one", "windowTabs_many", length));
	/** @type {HTMLButtonElement} */ (element("save")).disabled =
		isSubmitting || length === 0;
}

/** Ignores a double click, and Enter while the browser asks for the permission. */
async function saveOnce() {
	if (isSubmitting) return;
	const button = /** @type {HTMLButtonElement} */ (element("save"));
	isSubmitting = button.disabled = true;
	try {
		await save();
	} finally {
		isSubmitting = button.disabled = false;
	}
}

async function save() {
	const { tags, refused } = splitTags(
		/** @type {HTMLInputElement} */ (element("tags")).value,
	);
	put(element("tag-hint"), refused.length > 0 ? say("tagRefused") : "");
	if (refused.length > 0) return;
	// The browser shows its question only if this comes first in the user's action.
	const may = await browser.permissions.request(TABS);
	if (!may) {
		put(element("tag-hint"), say("windowForbidden"));
		return;
	}
	const own = browser.runtime.getURL("");
	const pages = (await otherTabs())
		.map(({ url = "", title = "" }) => ({ url, title }))
		// Pages of this extension aren't the user's pages.
		.filter(({ url }) => !url.startsWith(own));
	await giveTabsBack(browser.storage.local, browser.permissions);
	document.body.dataset.state = "saving";
	element("ask").hidden = true;
	const port = browser.runtime.connect({ name: WINDOW_PORT });
	port.onMessage.addListener(show);
	port.postMessage({ pages, tags });
}

/** @param {WindowSummary} summary */
function show({ saved, there, waiting, unsavable, trouble, cure, hindrance }) {
	const stuck = waiting > 0 && (trouble !== null || hindrance !== null);
	document.body.dataset.state = waiting === 0 ? "done" : stuck ? "queued" : "saving";
	const parts = [];
	if (saved > 0 || (there === 0 && unsavable.length === 0 && !stuck))
		parts.push(counted("windowSaved_one", "windowSaved_many", saved));
	if (there > 0) parts.push(counted("windowThere_one", "windowThere_many", there));
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

async function start() {
	sayEverywhere(document);
	document.title = say("windowTitle");
	copies(element("copy-cure"), element("cure-command"));
	element("ask").addEventListener("submit", (event) => {
		event.preventDefault();
		void saveOnce();
	});
	for (const event of [browser.tabs.onCreated, browser.tabs.onRemoved]) {
		event.addListener(() => void showCount());
	}
	element("why").hidden = await browser.permissions.contains(TABS);
	await showCount();
}

void start();
