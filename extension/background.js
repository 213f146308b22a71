/**
 * The background: which event goes to which part. It owns the one port to the
 * host and keeps it open while the browser runs, so that the host serves the
 * site. It decides nothing itself.
 */

import { browser } from "./shared/browser.js";
import { capture } from "./shared/capture.js";
import { Host } from "./shared/host.js";
import { OPTIONS_PORT, serveOptions } from "./shared/options-port.js";
import { Outbox } from "./shared/outbox.js";
import { Pages } from "./shared/pages.js";
import { POPUP_PORT, servePopup } from "./shared/popup-port.js";
import { ALARM, Retry } from "./shared/retry.js";
import { rememberHostSaveOnOpen, savesOnOpen } from "./shared/settings.js";
import { Shelf } from "./shared/shelf.js";
import { activeTab } from "./shared/tab.js";

const area = browser.storage.local;
const shelf = new Shelf(area);
const host = new Host({ extension: browser.runtime.getManifest().version });
const outbox = new Outbox(shelf, host);
const pages = new Pages({
	shelf,
	outbox,
	host,
	capture,
	savesOnOpen: () => savesOnOpen(area),
});
const retry = new Retry(browser.alarms, tryHost);

/** Resolves once what an earlier background left is taken up. */
const ready = shelf.load().then((records) => {
	outbox.load(records);
	pages.load(records);
	refresh();
});

/** @type {Set<() => void>} */
const watchers = new Set();

function tryHost() {
	host.connect();
	void outbox.deliver();
}

function refresh() {
	const waiting = outbox.entries.length;
	if (host.trouble || outbox.trouble) retry.failed(waiting > 0);
	else if (host.hello) retry.succeeded();
	const stuck =
		outbox.entries.some((entry) => entry.refused) || host.trouble || outbox.trouble;
	void browser.action.setBadgeText({ text: stuck && waiting > 0 ? String(waiting) : "" });
	pages.showAll();
	for (const watcher of watchers) watcher();
}

host.onChange = () => {
	if (host.hello) {
		void rememberHostSaveOnOpen(area, host.hello.saveOnOpen);
		void ready.then(() => outbox.deliver());
	}
	refresh();
};
outbox.onAnswer = (entry, result) => pages.answered(entry, result);
outbox.onRefused = (entry) => pages.refused(entry);
outbox.onChange = refresh;

browser.runtime.onConnect.addListener((port) => {
	// A click is a good moment to try a host that was away.
	tryHost();
	if (port.name === POPUP_PORT) {
		servePopup(port, { pages, host, ready, tryHost, activeTab });
	}
	if (port.name === OPTIONS_PORT)
		serveOptions(port, { pages, outbox, host, ready, watchers });
});
browser.alarms.onAlarm.addListener((alarm) => {
	if (alarm.name === ALARM) void ready.then(tryHost);
});
// Wakes the background at the browser's start, which connects below.
browser.runtime.onStartup.addListener(() => {});
browser.runtime.onInstalled.addListener(() => {});

void ready.then(tryHost);
