/**
 * The settings page: the settings, whether the host can be reached, and what
 * waits in the outbox. It shows what the background tells and asks it to act.
 */

import { browser } from "../shared/browser.js";
import { OPTIONS_PORT } from "../shared/options-port.js";
import { loadSettings, saveSettings } from "../shared/settings.js";
import { say, sayEverywhere } from "../shared/wording.js";

/**
 * @typedef {import("../shared/options-port.js").Overview} Overview
 * @typedef {import("../shared/options-port.js").FromOptions} FromOptions
 */

/**
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} id
 */
const element = (id) => /** @type {E} */ (document.getElementById(id));

/** @type {chrome.runtime.Port} */
let port;
/** @type {Overview | null} */
let overview = null;

/** @param {FromOptions} message */
function tell(message) {
	port.postMessage(message);
}

function connect() {
	port = browser.runtime.connect({ name: OPTIONS_PORT });
	port.onMessage.addListener((message) => {
		overview = /** @type {Overview} */ (message);
		showConnection(overview);
		showOutbox(overview);
	});
	// The background was put to sleep: the next message wakes another.
	port.onDisconnect.addListener(connect);
}

/** @param {Overview} shown */
function showConnection({ hello, trouble, cure, hindrance, notes }) {
	const status = element("connection");
	const problem =
		hindrance ?? (trouble && `${say("notConnected")} ${say(`cause_${trouble}`)}`);
	status.dataset.state = problem ? "trouble" : hello ? "connected" : "checking";
	const sentence = problem ?? say(hello ? "connected" : "checking");
	if (status.textContent !== sentence) status.textContent = sentence;
	element("cure").hidden = cure === null;
	element("cure-command").textContent = cure ?? "";
	element("by-host").hidden = hello?.saveOnOpen !== false;

	/** @type {[string, string | Node][]} */
	const facts = [["extensionVersion", browser.runtime.getManifest().version]];
	if (hello) {
		facts.push(["hostVersion", hello.host], ["database", hello.database]);
		facts.push(["siteAddress", hello.siteProblem ?? link(hello.siteUrl)]);
		facts.push([
			"noteCount",
			hello.storeProblem ?? (notes ?? hello.notes).toLocaleString(),
		]);
	}
	element("facts").replaceChildren(
		...facts.flatMap(([name, value]) => [textual("dt", say(name)), textual("dd", value)]),
	);
}

/** @param {Overview} shown */
function showOutbox({ entries, drafts }) {
	// A draft whose save waits is shown with the save.
	const alone = drafts.filter(
		(draft) => !entries.some((entry) => entry.page === draft.url),
	);
	const count = entries.length + alone.length;
	element("outbox-summary").textContent = say(count > 0 ? "outboxHint" : "outboxEmpty");
	element("export").hidden = count === 0;
	element("outbox").replaceChildren(
		...entries.map((entry) =>
			item({
				what: say(`method_${entry.method}`),
				page: entry.page,
				since: entry.addedAt,
				reason: entry.refused?.message,
				retry: entry.refused ? { do: "retry", opId: entry.params.opId } : undefined,
				discard: { do: "discard", opId: entry.params.opId },
			}),
		),
		...alone.map((draft) =>
			item({
				what: say("draft"),
				page: draft.url,
				discard: { do: "discardDraft", url: draft.url },
			}),
		),
	);
}

/**
 * @param {{what: string, page: string, since?: string, reason?: string,
 *   retry?: FromOptions, discard: FromOptions}} row
 */
function item({ what, page, since, reason, retry, discard }) {
	const row = document.createElement("li");
	const about = document.createElement("div");
	const address = textual("bdi", page);
	about.append(textual("strong", what), " ", address);
	if (since) {
		const moment = new Date(since).toLocaleString(browser.i18n.getUILanguage());
		about.append(" ", textual("span", say("waitingSince", moment), "hint"));
	}
	if (reason) about.append(textual("p", say("refusedBecause", reason), "reason"));
	const buttons = document.createElement("div");
	buttons.className = "buttons";
	if (retry) buttons.append(button(say("retryEntry"), () => tell(retry)));
	buttons.append(
		button(say("discardEntry"), () => {
			if (confirm(say("confirmDiscard"))) tell(discard);
		}),
	);
	row.append(about, buttons);
	return row;
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
	made.textContent = address;
	return made;
}

/** Hands what waits to the user as a file. */
function exportOutbox() {
	const { entries, drafts } = overview ?? { entries: [], drafts: [] };
	const json = JSON.stringify({ entries, drafts }, null, 2);
	const file = document.createElement("a");
	file.href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
	file.download = "url-notes-waiting.json";
	file.click();
	URL.revokeObjectURL(file.href);
}

async function start() {
	sayEverywhere(document);
	document.title = say("optionsTitle");
	document.documentElement.dir = say("@@bidi_dir");
	connect();
	tell({ do: "check" });
	element("check").addEventListener("click", () => {
		element("connection").textContent = say("checking");
		tell({ do: "check" });
	});
	element("export").addEventListener("click", exportOutbox);

	const saveOnOpen = /** @type {HTMLInputElement} */ (element("save-on-open"));
	saveOnOpen.checked = (await loadSettings(browser.storage.local)).saveOnOpen;
	saveOnOpen.addEventListener("change", () => {
		void saveSettings(browser.storage.local, { saveOnOpen: saveOnOpen.checked });
	});
	const [command] = await browser.commands.getAll();
	element("shortcut").textContent = command?.shortcut
		? say("shortcutHint", command.shortcut)
		: say("noShortcutHint");
}

void start();
