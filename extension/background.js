/**
 * The background: passes each event on to its module. It keeps the port to the host open while
 * the browser runs, so that the host serves the site. It makes no decisions itself.
 */

import { BackgroundSaves } from "./background/background-save.js";
import { Badge } from "./background/badge.js";
import { capture } from "./background/capture.js";
import { DismissedTags } from "./background/dismissed-tags.js";
import { Host } from "./background/host.js";
import { IconSaves } from "./background/icon-saves.js";
import { serveLibrary } from "./background/library-port.js";
import { offerMenus, onMenuClick } from "./background/menus.js";
import { Omnibox } from "./background/omnibox.js";
import { serveOptions } from "./background/options-port.js";
import { Outbox } from "./background/outbox.js";
import { Pages } from "./background/page-session.js";
import { servePopup } from "./background/popup-port.js";
import { ALARM, Retry } from "./background/retry.js";
import { StorageQueue } from "./background/storage-queue.js";
import { tabText } from "./background/tab-text.js";
import { TextRules } from "./background/text-rules.js";
import { TextSaves } from "./background/text-saves.js";
import { WaitingTexts } from "./background/waiting-texts.js";
import { serveWindow } from "./background/window-port.js";
import { browser, isFirefox } from "./shared/browser.js";
import {
	firstRun,
	heedRevocation,
	loadSettings,
	marksSaved,
	rememberHostSettings,
	SAID_BY_HOST,
	SETTINGS_KEY,
	savesOnOpen,
} from "./shared/settings.js";
import { activeTab, savableUrl, watchTitle } from "./shared/tab.js";

/** How often writes are repeated that the browser's full storage refused. */
const REWRITE_MS = 20_000;

const area = browser.storage.local;
/** Read in advance, so that a click doesn't wait for it. */
let saves = savesOnOpen(area);
let stripsUserInfo = false;
/** @param {string} [url] */
const savable = (url) => savableUrl(url, stripsUserInfo);
const queue = new StorageQueue(area);
const host = new Host({ extension: browser.runtime.getManifest().version });
const outbox = new Outbox(queue, host);
const iconSaves = new IconSaves(host, browser.tabs);
const textRules = new TextRules(queue);
const waitingTexts = new WaitingTexts(area, () => queue.full);
const textSaves = new TextSaves({
	host,
	outbox,
	rules: textRules,
	waiting: waitingTexts,
	read: tabText,
});
const pages = new Pages({
	queue,
	outbox,
	host,
	capture(tabId, what, url) {
		iconSaves.expect(url, tabId);
		textSaves.expect(url, tabId);
		return capture(tabId, what, url);
	},
	savesOnOpen: () => saves,
});
const badge = new Badge(browser.action, browser.tabs, host, savable);
const backgroundSaves = new BackgroundSaves(
	outbox,
	(tabId, good) => badge.flash(tabId, good),
	savable,
);
const omnibox = new Omnibox(host, isFirefox);
const dismissedTags = new DismissedTags(queue);
const retry = new Retry(browser.alarms, tryHost);

async function heedSettings() {
	const { stripUserInfo, keepText } = await loadSettings(area);
	stripsUserInfo = stripUserInfo;
	textRules.setting = keepText;
}

/** Resolves once the settings and the records of an earlier background are loaded. */
const ready = Promise.all([queue.load(), heedSettings()]).then(([records]) => {
	outbox.load(records);
	pages.load(records);
	dismissedTags.load(records);
	textRules.load(records);
	waitingTexts.load(records);
	refresh();
});

/** @type {Set<() => void>} */
const watchers = new Set();

function tryHost() {
	host.connect();
	void outbox.deliver();
}

function alertBadge() {
	const { trouble } = host;
	const stuck =
		outbox.entries.some((entry) => entry.refused) || trouble || outbox.trouble;
	badge.alert({
		waiting: stuck ? outbox.entries.length : 0,
		mismatch: trouble === "host_too_old" || trouble === "host_too_new",
	});
}

function refresh() {
	const waiting = outbox.entries.length;
	const { trouble } = host;
	if (trouble || outbox.trouble) retry.failed(waiting > 0);
	else if (host.hello) retry.succeeded();
	// The badge counts entries that are stored and survive the browser, unless storage is full.
	if (queue.full) alertBadge();
	else void queue.settled().then(alertBadge, alertBadge);
	pages.showAll();
	for (const watcher of watchers) watcher();
	void textSaves.refresh();
}

host.onChange = () => {
	if (host.hello) {
		const { saveOnOpen, texts, keepText } = host.hello;
		// An older program keeps no texts.
		const keeps = texts ? keepText : "never";
		textRules.setHostRule(keeps);
		void ready.then(() => textSaves.obeyRules());
		void rememberHostSettings(area, saveOnOpen, keeps);
		void ready.then(() => outbox.deliver());
		badge.update();
	}
	refresh();
};
outbox.onAnswer = (entry, result) => {
	pages.answered(entry, result);
	backgroundSaves.answered(entry, result);
	badge.written(entry.method);
	void iconSaves.answered(entry);
	void textSaves.answered(entry, result);
};
outbox.onRefused = (entry) => {
	pages.refused(entry);
	backgroundSaves.refused(entry);
};
outbox.onChange = refresh;

/** @type {ReturnType<typeof setInterval> | undefined} */
let rewriting;
queue.makeRoom = () => waitingTexts.makeRoom();
queue.onChange = () => {
	clearInterval(rewriting);
	const rewrite = () => {
		void queue.settled().catch(() => {});
		// Keeps the browser from suspending the background, which would lose records that are
		// only in memory. In Firefox a write to storage isn't enough.
		void browser.runtime.getPlatformInfo();
	};
	if (queue.full) rewriting = setInterval(rewrite, REWRITE_MS);
	refresh();
};

browser.runtime.onConnect.addListener((port) => {
	// Accepts only pages of this extension, no scripts in web pages.
	const own = browser.runtime.getURL("");
	if (port.sender?.id !== browser.runtime.id || !port.sender.url?.startsWith(own)) return;
	// A click is a good moment to try the host again.
	tryHost();
	const parts = {
		pages,
		dismissedTags,
		textRules,
		textSaves,
		outbox,
		host,
		queue,
		backgroundSaves,
		ready,
		tryHost,
		activeTab,
		watchTitle,
		savable,
		watchers,
	};
	const name = /** @type {import("./shared/messages.js").PortName} */ (port.name);
	if (name === "popup") servePopup(port, parts);
	if (name === "options") serveOptions(port, parts);
	if (name === "window") serveWindow(port, parts);
	if (name === "library") serveLibrary(port, { ...parts, badge });
});
browser.alarms.onAlarm.addListener((alarm) => {
	if (alarm.name === ALARM) void ready.then(tryHost);
});
// At the browser's start this also wakes the background, which connects below.
browser.runtime.onStartup.addListener(() => void offerMenus());
browser.runtime.onInstalled.addListener(async ({ reason }) => {
	void offerMenus();
	if (reason === "install" && (await firstRun(area))) {
		await browser.tabs.create({ url: browser.runtime.getURL("welcome/welcome.html") });
	}
});
browser.contextMenus.onClicked.addListener((click, tab) => {
	void onMenuClick(click, tab, { pages, backgroundSaves, host, ready, savable });
});

omnibox.started();
browser.omnibox.onInputStarted.addListener(() => omnibox.started());
browser.omnibox.onInputChanged.addListener((text, suggest) =>
	omnibox.changed(text, suggest),
);
browser.omnibox.onInputCancelled.addListener(() => omnibox.ended());
browser.omnibox.onInputEntered.addListener((text, disposition) => {
	const url = omnibox.addressFor(text);
	if (disposition === "currentTab") void browser.tabs.update({ url });
	else void browser.tabs.create({ url, active: disposition === "newForegroundTab" });
});

/**
 * @param {number} tabId
 * @param {{url?: string, status?: string}} change
 * @param {chrome.tabs.Tab} tab
 */
function onTabUpdated(tabId, change, tab) {
	if (change.url === undefined && change.status === undefined) return;
	badge.left(tabId);
	if (tab.active) badge.update();
}
const onTabActivated = () => badge.update();
const onTabRemoved = (/** @type {number} */ tabId) => badge.left(tabId);

/** Listens to the tabs only while the badge marks saved pages. */
async function followTabs() {
	const marks = await marksSaved(area, browser.permissions);
	const { onUpdated, onActivated, onRemoved } = browser.tabs;
	if (marks) {
		onUpdated.addListener(onTabUpdated);
		onActivated.addListener(onTabActivated);
		onRemoved.addListener(onTabRemoved);
	} else {
		onUpdated.removeListener(onTabUpdated);
		onActivated.removeListener(onTabActivated);
		onRemoved.removeListener(onTabRemoved);
	}
	await badge.mark(marks);
}
browser.permissions.onAdded.addListener(() => void followTabs());
browser.permissions.onRemoved.addListener(async () => {
	await heedRevocation(area, browser.permissions);
	await followTabs();
});
area.onChanged.addListener((changes) => {
	if (SETTINGS_KEY in changes || SAID_BY_HOST in changes) saves = savesOnOpen(area);
	if (SETTINGS_KEY in changes) {
		void heedSettings().then(() => textSaves.obeyRules());
		void followTabs();
	}
});

void followTabs();
void ready.then(tryHost);
