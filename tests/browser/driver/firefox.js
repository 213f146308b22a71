// Firefox with the extension, driven over WebDriver BiDi. The popup isn't a browsing context
// there, so the driver works from the browser's own window: a frame script reads the popup's
// document, and a text input processor presses its keys.

import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import puppeteer from "puppeteer-core";
import { close, kill } from "./kill.js";
import { Popup } from "./popup.js";
import { copyStartedProfile } from "./profile.js";
import { HANGS_MS, until } from "./until.js";

/** @typedef {import("./browser.js").Browser} Browser */
/** @typedef {import("./browser.js").Start} Start */

export const name = "Firefox";

const UUID = "5a6e0b8e-3c0f-4f5e-9d3a-6c5d3f0c7e11";

// Tests of packages set it when they have a machine of their own.
const program = () => process.env.FIREFOX ?? "/usr/bin/firefox-esr";

export const PREFERENCES = {
	// The recommended ones and test mode keep the keyboard from the popup.
	"remote.prefs.recommended": false,
	"focusmanager.testmode": false,
	"app.update.auto": false,
	"browser.aboutwelcome.enabled": false,
	// A temporary add-on is removed at the end; an installed one keeps what it stored.
	"extensions.webextensions.keepStorageOnUninstall": true,
	"extensions.webextensions.keepUuidOnUninstall": true,
	// Under the same one also after a crash, which may come before it was written down.
	"extensions.webextensions.uuids": `{"url-notes@url-notes":"${UUID}"}`,
	"browser.shell.checkDefaultBrowser": false,
	"datareporting.policy.dataSubmissionEnabled": false,
	// Processes for tabs that no test opens.
	"dom.ipc.processPrelaunch.enabled": false,
};

/** Time after which a tab that the driver lost is opened again. */
const LOST_MS = 10_000;

/** Else it is a share of the disk's room. */
const STORAGE_KB = "dom.quotaManager.temporaryStorage.fixedLimit";

/** Puppeteer has others, under which a package's add-on is not seen or not asked about. */
const AS_DEBIAN_SHIPS = {
	"extensions.autoDisableScopes": 3,
	"extensions.enabledScopes": 15,
	"xpinstall.signatures.required": true,
};

/**
 * @param {string} profile
 * @param {NodeJS.ProcessEnv} environment
 * @param {Record<string, string | number | boolean>} preferences
 */
async function launch(profile, environment, preferences) {
	const browser = await puppeteer.launch({
		browser: "firefox",
		executablePath: program(),
		headless: true,
		timeout: HANGS_MS,
		userDataDir: profile,
		args: ["--remote-allow-system-access"],
		extraPrefsFirefox: preferences,
		env: environment,
	});
	// Puppeteer would put them back when this browser has ended, maybe while the next one starts.
	for (const backup of ["prefs.js.puppeteer", "user.js.puppeteer"])
		await rm(path.join(profile, backup), { force: true });
	return browser;
}

/**
 * The first start of a profile, up to where the browser has nothing left to do for it.
 * @param {string} profile
 * @param {string} home
 */
async function startAndClose(profile, home) {
	const browser = await launch(profile, { ...process.env, HOME: home }, PREFERENCES);
	try {
		const inWindow = await windowScope(browser);
		await inWindow(hasStarted);
	} finally {
		await close(browser);
	}
}

/**
 * @param {Start} start
 * @returns {Promise<Browser>}
 */
export async function start(start) {
	const { extension, home, environment, resolves, littleStorage, first } = start;
	const profile = path.join(home, "firefox-profile");
	// Whether Firefox finds an extension by itself is a matter of its first start, too.
	if (extension && first)
		await copyStartedProfile(profile, program(), PREFERENCES, startAndClose);
	const browser = await launch(profile, environment, {
		...PREFERENCES,
		...(extension ? {} : AS_DEBIAN_SHIPS),
		...(resolves ? { "network.dns.localDomains": resolves } : {}),
		...(littleStorage ? { [STORAGE_KB]: 10 * 1024 } : {}),
	});
	try {
		return await drive(browser, start);
	} catch (error) {
		// Nothing else would end it, and the tests wait for it.
		await kill(browser);
		throw error;
	}
}

/**
 * @param {import("puppeteer-core").Browser} browser
 * @param {Start} start
 * @returns {Promise<Browser>}
 */
async function drive(browser, { extension, language, others = [], first, keepsWelcome }) {
	const inWindow = await windowScope(browser);
	if (language) await inWindow(setLanguage, language);
	const id = extension
		? await browser.installExtension(extension)
		: "url-notes@url-notes";
	for (const other of others) await browser.installExtension(other);
	const widgetOf = (/** @type {string} */ id) =>
		id.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "_");
	const widget = widgetOf(id);
	const isOpen = () => inWindow(isPopupOpen);
	/** @param {string} path */
	const addressOf = (path) => `moz-extension://${UUID}/${path}`;
	const newPage = async () => {
		const page = await browser.newPage();
		page.setDefaultTimeout(HANGS_MS);
		return page;
	};
	/** @param {string} path */
	const own = async (path) => {
		const page = await newPage();
		// `goto` never resolves for a page of an extension.
		void page.goto(addressOf(path)).catch(() => {});
		await until(`${path} is there`, () =>
			page.evaluate(
				(address) => location.href === address && document.readyState === "complete",
				addressOf(path),
			),
		);
		return page;
	};
	/** @param {string} path */
	const ownTab = (path) => {
		const lostAt = Date.now() + LOST_MS;
		return until(`the extension shows ${path}`, async () => {
			/** @type {string[]} */
			const shown = [];
			for (const page of await browser.pages()) {
				// The driver's view of an extension's page is wrong.
				const address = await page.evaluate(() => location.href).catch(String);
				if (address === addressOf(path)) return page;
				shown.push(address);
			}
			// The driver sometimes loses a tab whose process changes. The window still has it.
			const isLost =
				Date.now() > lostAt && shown.some((said) => said.includes("no such frame"));
			if (isLost && (await inWindow(closeTab, addressOf(path)))) return own(path);
			throw new Error(`shown: ${shown.join(" ")}`);
		});
	};
	const openPopup = async (clickedAt = Date.now()) => {
		/** @type {import("./popup.js").Channel["evaluate"]} */
		const evaluate = (run, ...args) =>
			inWindow(runInPopup, String(run), JSON.stringify(args));
		await until("the popup has the keyboard", () => inWindow(popupHasFocus));
		// The panel exists a moment before its document.
		await until("the popup's document has the keyboard", () =>
			evaluate(() => document.readyState === "complete" && document.hasFocus()),
		);
		/** @param {string[]} keys */
		const strike = async (keys) => {
			const before = await evaluate(countKeys);
			await inWindow(strikeKeys, JSON.stringify(keys));
			// Other messages may overtake keys on their way to the document's process. No person
			// closes a popup before the last letter appears.
			await until("the keys have arrived", async () => {
				const arrived = await evaluate(countKeys).catch(() => null);
				return arrived === null ? !(await isOpen()) : arrived - before >= keys.length;
			});
		};
		return new Popup({
			clickedAt,
			evaluate,
			type: (text) => strike([...text]),
			press: (key) => strike([key]),
			picture: async (file) => {
				await writeFile(file, await inWindow(pictureOfPopup), "base64");
			},
			isOpen,
			dismiss: () => inWindow(hidePopup),
		});
	};
	/**
	 * @param {import("puppeteer-core").Page} page
	 * @param {string | null} selector
	 */
	const openMenu = async (page, selector) => {
		await page.bringToFront();
		if (selector) {
			const element = await page.$(selector);
			await element?.click({ button: "right" });
		} else {
			await until("the button is in the toolbar", () => inWindow(hasButton, widget));
			await inWindow(rightClickButton, widget);
		}
		return await until("the menu is open", () => inWindow(entriesOfMenu, widget));
	};
	if (first) {
		// The window knows the tab even if the driver doesn't.
		const welcome = addressOf("welcome/welcome.html");
		await until("the welcome is shown", async () => {
			const shown = await inWindow(addressesOfTabs);
			if (!shown.includes(welcome)) throw new Error(`shown: ${shown.join(" ")}`);
			return true;
		});
		if (!keepsWelcome) await inWindow(closeTab, welcome);
	}

	return {
		name,
		async open(url) {
			const page = await newPage();
			if (url) await page.goto(url);
			return page;
		},
		async visit(page, address) {
			await page.bringToFront();
			await inWindow(load, address);
			await until(`${address} is loaded`, () => inWindow(hasLoaded, address));
		},
		pages: () => browser.pages(),
		async addresses() {
			return (await browser.pages()).map((page) => page.url());
		},
		async clickButton(page, name) {
			const clicked = name ? widgetOf(`${name}@${name}`) : widget;
			await page.bringToFront();
			await until("the button is in the toolbar", () => inWindow(hasButton, clicked));
			const clickedAt = Date.now();
			await inWindow(clickButton, clicked);
			return await openPopup(clickedAt);
		},
		openPopup,
		own,
		ownTab,
		// A real right click, the real menu, a real choice.
		async menuEntries(page, selector) {
			const entries = await openMenu(page, selector);
			await inWindow(closeMenu);
			return entries;
		},
		async chooseFromMenu(page, selector, entry) {
			await openMenu(page, selector);
			await inWindow(chooseEntry, `${widget}-menuitem-_${entry}`);
		},
		async pressShortcut(page) {
			await page.bringToFront();
			await until("the shortcut is there", () => inWindow(hasButton, widget));
			await inWindow(strikeKeys, JSON.stringify(["Control+Shift+U"]));
		},
		async typeInAddressBar(page, text) {
			await page.bringToFront();
			await inWindow(searchInAddressBar, text);
		},
		addressBar: () => inWindow(linesOfAddressBar),
		async enterInAddressBar(line) {
			const downs = Array(line === null ? 0 : line + 1).fill("ArrowDown");
			await inWindow(strikeKeys, JSON.stringify([...downs, "Enter"]));
		},
		async allow() {
			await until("the browser asks", () => inWindow(sayYes));
		},
		async absentInPrivate() {
			return await inWindow(isAbsentInPrivate, widget);
		},
		async badge(page) {
			await page.bringToFront();
			return await inWindow(badgeOf, widget);
		},
		async watchBadge(page) {
			await page.bringToFront();
			await inWindow(watchBadge, widget);
			return () => inWindow(() => /** @type {any} */ (window).said);
		},
		outlastsIdleness: () => inWindow(isKeptAwake, id),
		async useScheme(scheme) {
			await inWindow(setScheme, scheme);
		},
		close: () => close(browser),
		kill: () => kill(browser),
		async clear() {
			await inWindow(removeExtension, id);
			await inWindow(closeAllTabs);
			await inWindow(forget);
		},
		reuse: (start) => drive(browser, start),
	};
}

/**
 * A function that runs functions in the browser's window, with its privileges.
 * Arguments are strings, the result is JSON.
 *
 * @param {import("puppeteer-core").Browser} browser
 */
export async function windowScope(browser) {
	// Puppeteer has no API for chrome contexts, so this uses its connection directly. That is
	// one reason to pin its version.
	const { connection } =
		/** @type {{ connection: { send(method: string, params: object): Promise<{ result: any }> } }} */ (
			/** @type {unknown} */ (browser)
		);
	const { result: tree } = await connection.send("browsingContext.getTree", {
		"moz:scope": "chrome",
	});
	const { context } = tree.contexts[0];
	/**
	 * @param {(...args: any[]) => unknown} run
	 * @param {string[]} args
	 * @returns {Promise<any>}
	 */
	return async (run, ...args) => {
		const { result } = await connection.send("script.callFunction", {
			functionDeclaration: `async (...args) => JSON.stringify((await (${run})(...args)) ?? null)`,
			awaitPromise: true,
			target: { context },
			arguments: args.map((value) => ({ type: "string", value })),
		});
		if (result.type === "exception") throw new Error(result.exceptionDetails.text);
		return JSON.parse(result.result.value);
	};
}

// The following functions run inside the popup or the browser's window. Each is sent as text,
// so none may use another.

/** How many keys have come up again in the popup since this was first asked. */
function countKeys() {
	const counter = /** @type {Document & { keysUp?: number }} */ (document);
	if (counter.keysUp === undefined) {
		counter.keysUp = 0;
		const count = () => {
			counter.keysUp = (counter.keysUp ?? 0) + 1;
		};
		window.addEventListener("keyup", count, { capture: true });
	}
	return counter.keysUp;
}

async function hasStarted() {
	const { gBrowserInit } = /** @type {any} */ (window);
	await gBrowserInit.idleTasksFinished.promise;
}

/** @param {string} widget */
function hasButton(widget) {
	return document.getElementById(`${widget}-BAP`) !== null;
}

/** @param {string} widget */
function clickButton(widget) {
	/** @type {HTMLElement} */ (document.getElementById(`${widget}-BAP`)).click();
}

/** @param {string} widget */
function badgeOf(widget) {
	return document.getElementById(`${widget}-BAP`)?.getAttribute("badge") ?? "";
}

/** @param {string} widget */
function watchBadge(widget) {
	const button = /** @type {HTMLElement} */ (document.getElementById(`${widget}-BAP`));
	const state = /** @type {any} */ (window);
	state.said = [];
	new MutationObserver(() => state.said.push(button.getAttribute("badge") ?? "")).observe(
		button,
		{ attributeFilter: ["badge"] },
	);
}

/** @param {string} text */
function searchInAddressBar(text) {
	const { gURLBar } = /** @type {any} */ (window);
	gURLBar.focus();
	gURLBar.search(text);
}

function linesOfAddressBar() {
	const { gURLBar } = /** @type {any} */ (window);
	const rows = [...gURLBar.view.panel.querySelectorAll(".urlbarView-row")];
	const OMNIBOX = 5;
	const own = rows.map(({ result }) => result).filter(({ type }) => type === OMNIBOX);
	const title = (/** @type {any} */ { payload }) => payload.title ?? "";
	return {
		hint: own.filter((line) => line.heuristic).map(title)[0] ?? "",
		lines: own.filter((line) => !line.heuristic).map(title),
	};
}

/** Grants the permission that the browser asks for, if it does. */
function sayYes() {
	const asked = document.querySelector("#addon-webext-permissions-notification");
	const { PopupNotifications } = /** @type {any} */ (window);
	if (PopupNotifications.panel.state !== "open" || !asked) return false;
	/** @type {any} */ (asked).button.click();
	return true;
}

/** @param {string} widget */
async function isAbsentInPrivate(widget) {
	const { OpenBrowserWindow, Services } = /** @type {any} */ (window);
	const opened = OpenBrowserWindow({ private: true });
	await new Promise((resolve) => {
		const whenStarted = (/** @type {any} */ subject, /** @type {string} */ topic) => {
			if (subject !== opened) return;
			Services.obs.removeObserver(whenStarted, topic);
			resolve(null);
		};
		Services.obs.addObserver(whenStarted, "browser-delayed-startup-finished");
	});
	const there = opened.document.getElementById(`${widget}-BAP`) !== null;
	opened.close();
	return !there;
}

/** @param {string} id */
function isKeptAwake(id) {
	const { WebExtensionPolicy } = /** @type {any} */ (window);
	const { extension } = WebExtensionPolicy.getByID(id);
	return new Promise((resolve) => {
		const CALLED = "background-script-reset-idle";
		const SUSPENDED = "background-script-suspend";
		const onCall = (
			/** @type {string} */ _,
			/** @type {{ path?: string }} */ { path },
		) => {
			if (path === "runtime.getPlatformInfo") end(true);
		};
		const onSuspend = () => end(false);
		const end = (/** @type {boolean} */ awake) => {
			extension.off(CALLED, onCall);
			extension.off(SUSPENDED, onSuspend);
			resolve(awake);
		};
		extension.on(CALLED, onCall);
		extension.on(SUSPENDED, onSuspend);
		// Longer than the browser lets a background idle.
		setTimeout(end, 60_000, false);
	});
}

/** @param {string} widget */
function rightClickButton(widget) {
	const button = /** @type {HTMLElement} */ (document.getElementById(`${widget}-BAP`));
	button.dispatchEvent(
		new PointerEvent("contextmenu", { bubbles: true, cancelable: true, button: 2 }),
	);
}

/**
 * Ids of the extension's entries in the menu that is open; null where none is.
 * @param {string} widget
 */
function entriesOfMenu(widget) {
	const menu = [...document.querySelectorAll("menupopup")].find(
		(popup) => /** @type {any} */ (popup).state === "open",
	);
	if (!menu) return null;
	const prefix = `${widget}-menuitem-_`;
	return [...menu.querySelectorAll(`menuitem[id^="${prefix}"]`)].map(({ id }) =>
		id.slice(prefix.length),
	);
}

/** @param {string} id */
async function chooseEntry(id) {
	const entry = /** @type {any} */ (document.getElementById(id));
	if (!entry) throw new Error(`The menu has no ${id}.`);
	const menu = entry.closest("menupopup");
	if (menu.state !== "open") {
		const shown = new Promise((resolve) =>
			menu.addEventListener("popupshown", resolve, { once: true }),
		);
		menu.parentElement.openMenu(true);
		await shown;
	}
	menu.activateItem(entry);
}

function closeMenu() {
	for (const popup of document.querySelectorAll("menupopup")) {
		const menu = /** @type {any} */ (popup);
		if (menu.state === "open") menu.hidePopup();
	}
}

function isPopupOpen() {
	const popup = document.querySelector('browser[webextension-view-type="popup"]');
	return /** @type {any} */ (popup?.closest("panel"))?.state === "open";
}

function popupHasFocus() {
	const { Services } = /** @type {any} */ (window);
	const { focusedElement } = Services.focus;
	return focusedElement?.getAttribute("webextension-view-type") === "popup";
}

function hidePopup() {
	const popup = document.querySelector('browser[webextension-view-type="popup"]');
	/** @type {any} */ (popup?.closest("panel"))?.hidePopup();
}

/**
 * @param {string} run text of the function
 * @param {string} args JSON of its arguments
 */
function runInPopup(run, args) {
	const popup = document.querySelector('browser[webextension-view-type="popup"]');
	const messages = /** @type {any} */ (popup)?.messageManager;
	if (!messages) throw new Error("The popup isn't there.");
	const reply = `url-notes-${Math.random()}`;
	// With the globals of the document's own scripts, but not under its security policy.
	const code = `(async () => JSON.stringify(await (${run})(...${args})))()`;
	const script = `(async () => {
		const scope = Cu.Sandbox(content, { sandboxPrototype: content, wantXrays: false });
		try {
			const value = await Cu.evalInSandbox(${JSON.stringify(code)}, scope);
			sendAsyncMessage("${reply}", { value });
		} catch (error) {
			sendAsyncMessage("${reply}", { error: String(error) });
		}
	})()`;
	return new Promise((resolve, reject) => {
		// If the popup closes, the response is lost.
		const watch = setInterval(() => {
			if (popup?.isConnected) return;
			clearInterval(watch);
			reject(new Error("The popup has closed."));
		}, 50);
		messages.addMessageListener(
			reply,
			/** @param {{ data: { value?: string, error?: string } }} message */
			function listener({ data }) {
				clearInterval(watch);
				messages.removeMessageListener(reply, listener);
				if (data.error) reject(new Error(data.error));
				else resolve(data.value === undefined ? null : JSON.parse(data.value));
			},
		);
		const address = `data:application/javascript;charset=utf-8,${encodeURIComponent(script)}`;
		messages.loadFrameScript(address, false);
	});
}

/** @param {string} keysPressed JSON of the keys' names */
function strikeKeys(keysPressed) {
	/** @type {Record<string, number>} */
	const codes = {
		Backspace: 8,
		Tab: 9,
		Enter: 13,
		Shift: 16,
		Control: 17,
		Alt: 18,
		Escape: 27,
		End: 35,
		Home: 36,
		ArrowLeft: 37,
		ArrowUp: 38,
		ArrowRight: 39,
		ArrowDown: 40,
		Delete: 46,
	};
	const { Cc, Ci } = /** @type {any} */ (window);
	const processor = Cc["@mozilla.org/text-input-processor;1"].createInstance(
		Ci.nsITextInputProcessor,
	);
	processor.beginInputTransactionForTests(window);
	/** @param {string} key */
	const eventOf = (key) => {
		if (["Alt", "Control", "Shift"].includes(key))
			return new KeyboardEvent("", { key, code: `${key}Left`, keyCode: codes[key] });
		const keyCode = codes[key];
		if (keyCode === undefined && [...key].length > 1)
			throw new Error(`No code for ${key}.`);
		const digit = /^[0-9]$/.test(key) ? `Digit${key}` : "";
		const code = /^[A-Z]$/.test(key) ? `Key${key}` : digit;
		return new KeyboardEvent("", {
			key,
			code: keyCode ? key : code,
			keyCode: keyCode ?? (code ? key.charCodeAt(0) : 0),
		});
	};
	for (const keys of JSON.parse(keysPressed)) {
		// "+" alone is a key.
		const together = keys.length > 1 ? keys.split("+").map(eventOf) : [eventOf(keys)];
		for (const event of together) processor.keydown(event);
		for (const event of together.reverse()) processor.keyup(event);
	}
}

async function pictureOfPopup() {
	const popup = document.querySelector('browser[webextension-view-type="popup"]');
	const { currentWindowGlobal } = /** @type {any} */ (popup).browsingContext;
	const bitmap = await currentWindowGlobal.drawSnapshot(null, 1, "white");
	const canvas = /** @type {HTMLCanvasElement} */ (
		document.createElementNS("http://www.w3.org/1999/xhtml", "canvas")
	);
	canvas.width = bitmap.width;
	canvas.height = bitmap.height;
	canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
	return canvas.toDataURL().split(",")[1];
}

/** @param {string} address */
function load(address) {
	const { gBrowser, Services } = /** @type {any} */ (window);
	const triggeringPrincipal = Services.scriptSecurityManager.getSystemPrincipal();
	gBrowser.selectedBrowser.fixupAndLoadURIString(address, { triggeringPrincipal });
}

/** @param {string} address */
function hasLoaded(address) {
	const { gBrowser } = /** @type {any} */ (window);
	const { currentURI, webProgress } = gBrowser.selectedBrowser;
	return currentURI.spec === address && !webProgress.isLoadingDocument;
}

/** Of all tabs that are loaded. */
function addressesOfTabs() {
	const { gBrowser } = /** @type {any} */ (window);
	return gBrowser.browsers
		.filter((/** @type {any} */ { webProgress }) => !webProgress?.isLoadingDocument)
		.map((/** @type {any} */ { currentURI }) => currentURI.spec);
}

/** @param {string} address */
function closeTab(address) {
	const { gBrowser } = /** @type {any} */ (window);
	const tab = gBrowser.tabs.find(
		(/** @type {any} */ { linkedBrowser }) => linkedBrowser.currentURI.spec === address,
	);
	if (tab) gBrowser.removeTab(tab);
	return tab !== undefined;
}

/** Closes all tabs and windows, except for one empty tab. */
function closeAllTabs() {
	const { gBrowser, Services } = /** @type {any} */ (window);
	for (const other of Services.wm.getEnumerator("navigator:browser"))
		if (other !== window) other.close();
	const before = [...gBrowser.tabs];
	gBrowser.selectedTab = gBrowser.addTrustedTab("about:blank");
	for (const tab of before) gBrowser.removeTab(tab, { skipPermitUnload: true });
}

/**
 * Removes the extension and what it stored. Firefox would do the latter by itself, but not say
 * when it has.
 * @param {string} id
 */
async function removeExtension(id) {
	const { ChromeUtils, Services, WebExtensionPolicy } = /** @type {any} */ (window);
	const { AddonManager } = ChromeUtils.importESModule(
		"resource://gre/modules/AddonManager.sys.mjs",
	);
	const { ExtensionStorageIDB } = ChromeUtils.importESModule(
		"resource://gre/modules/ExtensionStorageIDB.sys.mjs",
	);
	const { extension } = WebExtensionPolicy.getByID(id);
	const owner = ExtensionStorageIDB.getStoragePrincipal(extension);
	await (await AddonManager.getAddonByID(id)).uninstall();
	await new Promise((resolve) => {
		Services.qms.clearStoragesForPrincipal(owner).callback = resolve;
	});
}

/**
 * Sets the language as a language pack does, except for the browser's own texts.
 * @param {string} language
 */
function setLanguage(language) {
	const { Services } = /** @type {any} */ (window);
	Services.locale.availableLocales = [language, "en-US"];
	Services.locale.requestedLocales = [language];
}

/** @param {string} scheme */
function setScheme(scheme) {
	const { Services } = /** @type {any} */ (window);
	// Pages have a preference; popups follow the desktop.
	const override = "layout.css.prefers-color-scheme.content-override";
	Services.prefs.setIntPref(override, scheme === "dark" ? 0 : 1);
	Services.prefs.setIntPref("ui.systemUsesDarkTheme", scheme === "dark" ? 1 : 0);
}

/** Forgets what pages have left in cache and cookies, and the scheme. */
function forget() {
	const { Services } = /** @type {any} */ (window);
	Services.cache2.clear();
	Services.cookies.removeAll();
	Services.prefs.clearUserPref("layout.css.prefers-color-scheme.content-override");
	Services.prefs.clearUserPref("ui.systemUsesDarkTheme");
}
