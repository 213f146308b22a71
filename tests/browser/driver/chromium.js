// Chromium with the extension, driven over the DevTools protocol. What isn't a page (menus,
// address bar, the browser's dialogs) is driven by mouse and keyboard: display.js.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import puppeteer from "puppeteer-core";
import { Display } from "./display.js";
import { close, kill } from "./kill.js";
import { Popup } from "./popup.js";
import { HANGS_MS, until } from "./until.js";

/** @typedef {import("./browser.js").Browser} Browser */
/** @typedef {import("./browser.js").Start} Start */

export const name = "Chromium";

/**
 * Options that make a name resolve to this machine, without Chromium's own protection against
 * that, which other browsers don't have.
 * @param {string} name
 */
const misled = (name) => [
	`--host-resolver-rules=MAP ${name} 127.0.0.1`,
	"--disable-features=LocalNetworkAccessChecks",
];

/** It makes Chromium show a bar that says that it is driven. */
const BAR_ABOVE_PAGES = "--enable-automation";

/** The lines of the address bar are pages that Chromium loads at each start, a quarter of its work then. */
const WITHOUT_ADDRESS_BAR = "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup";

const WINDOW = [
	"--ozone-platform=x11",
	"--window-position=0,0",
	"--window-size=1200,950",
];

/** What chooses our entry in a menu of a page, in English and German. */
const ACCESS_KEY = "u";

/** What chooses our entries in the menu of the button: a first letter, and an access key. */
const BUTTON_KEYS = new Map([
	["save-window", "s"],
	["open-library", "l"],
]);

/** Longer than Chromium keeps "Allow" from being clicked, lest that is by mistake. */
const UNANSWERABLE_MS = 1500;

/**
 * The id that Chromium gives an unpacked extension: by its key, or else by its folder.
 * @param {string} folder
 */
async function idOf(folder) {
	const { key } = JSON.parse(await readFile(path.join(folder, "manifest.json"), "utf8"));
	const named = key ? Buffer.from(key, "base64") : folder;
	const digits = createHash("sha256").update(named).digest("hex").slice(0, 32);
	return [...digits]
		.map((digit) => "abcdefghijklmnop"[Number.parseInt(digit, 16)])
		.join("");
}

/**
 * Pins the buttons of these extensions to the toolbar, as users do. Otherwise Chromium first
 * moves a button out of the extensions menu, which takes a quarter of a second at each click.
 * @param {string} profile
 * @param {string[]} folders
 */
async function pin(profile, folders) {
	const preferences = path.join(profile, "Default/Preferences");
	if (
		await access(preferences).then(
			() => true,
			() => false,
		)
	)
		return;
	await mkdir(path.dirname(preferences), { recursive: true });
	const pinned = await Promise.all(folders.map(idOf));
	await writeFile(
		preferences,
		JSON.stringify({ extensions: { pinned_extensions: pinned } }),
	);
}

/**
 * @param {Start} start
 * @returns {Promise<Browser>}
 */
export async function start(start) {
	const { extension, home, environment, language, resolves, others = [], headed } = start;
	// The folder that the installer uses for Chromium.
	const profile = path.join(home, ".config/chromium");
	if (extension) await pin(profile, [extension, ...others]);
	const display = headed ? await Display.start() : null;
	const launching = puppeteer.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		headless: !headed,
		timeout: HANGS_MS,
		pipe: true,
		enableExtensions: extension ? [extension, ...others] : true,
		userDataDir: profile,
		...(headed ? { defaultViewport: null, ignoreDefaultArgs: [BAR_ABOVE_PAGES] } : {}),
		args: [
			// Root can't run it otherwise; the pages are the test's own.
			"--no-sandbox",
			"--disable-background-networking",
			"--disable-component-update",
			"--disable-sync",
			"--no-first-run",
			// Room for the popup at its full height.
			"--screen-info={1600x1200}",
			...(headed ? WINDOW : [WITHOUT_ADDRESS_BAR]),
			...(language ? [`--lang=${language}`] : []),
			...(resolves ? misled(resolves) : []),
		],
		env: {
			...environment,
			// Chromium on Linux takes its language from there.
			...(language ? { LANGUAGE: language } : {}),
			...(display ? { DISPLAY: display.name } : {}),
		},
	});
	const browser = await launching.catch((error) => {
		display?.end();
		throw error;
	});
	try {
		return await drive(browser, display, start);
	} catch (error) {
		// Nothing else would end them, and the tests wait for them.
		await kill(browser).finally(() => display?.end());
		throw error;
	}
}

/**
 * @param {import("puppeteer-core").Browser} browser
 * @param {Display | null} display
 * @param {Start} start
 * @returns {Promise<Browser>}
 */
async function drive(browser, display, { first, keepsWelcome }) {
	// The extension loads while the browser is already there.
	const installed = await until("the extension is loaded", async () => {
		return [...(await browser.extensions()).values()].find(
			({ name }) => name === "url-notes",
		);
	});
	/** @param {import("puppeteer-core").Target} target */
	const isPopup = (target) => /^chrome-extension:\/\/\w+\/popup\//.test(target.url());
	/** @type {import("puppeteer-core").MediaFeature[]} */
	let media = [];

	/** @param {string} path */
	const addressOf = (path) => `chrome-extension://${installed.id}/${path}`;
	const newPage = async () => {
		const page = await browser.newPage();
		page.setDefaultTimeout(HANGS_MS);
		return page;
	};
	/** @param {string} path */
	const ownTab = (path) =>
		until(`the extension shows ${path}`, async () =>
			(await browser.pages()).find((page) => page.url() === addressOf(path)),
		);
	/** @param {import("puppeteer-core").Page} page */
	const tabOf = async (page) => {
		await page.bringToFront();
		return await inBackground(async () => {
			const { chrome } = /** @type {any} */ (globalThis);
			return (await chrome.tabs.query({ active: true, lastFocusedWindow: true }))[0];
		});
	};
	/**
	 * @template R
	 * @param {(...args: any[]) => R} run
	 * @param {unknown[]} args
	 * @returns {Promise<Awaited<R>>}
	 */
	const inBackground = async (run, ...args) => {
		const target = await browser.waitForTarget(
			(target) =>
				target.type() === "service_worker" && target.url() === addressOf("background.js"),
			{ timeout: HANGS_MS },
		);
		const worker = await target.worker();
		if (!worker) throw new Error("The background has ended.");
		return await worker.evaluate(/** @type {any} */ (run), ...args);
	};
	const openPopup = async (clickedAt = Date.now()) => {
		const target = await browser.waitForTarget(isPopup, { timeout: HANGS_MS });
		const document = await target.asPage();
		await document.emulateMediaFeatures(media);
		return new Popup({
			clickedAt,
			evaluate: (run, ...args) => document.evaluate(/** @type {any} */ (run), ...args),
			type: (text) => document.keyboard.type(text),
			press: async (keys) => {
				// "+" alone is a key; digits go by their place, since with Alt they may write
				// something else.
				const names = (keys.length > 1 ? keys.split("+") : [keys]).map((name) =>
					keys.length > 1 && /^\d$/.test(name) ? `Digit${name}` : name,
				);
				const held = /** @type {import("puppeteer-core").KeyInput[]} */ (names);
				const [key = "Escape"] = held.splice(-1);
				try {
					for (const modifier of held) await document.keyboard.down(modifier);
					await document.keyboard.press(key);
					for (const modifier of held) await document.keyboard.up(modifier);
				} catch (error) {
					// Escape closes the popup between its going down and its coming up.
					if (browser.targets().some(isPopup)) throw error;
				}
			},
			picture: async (file) => {
				await document.screenshot({ path: /** @type {`${string}.png`} */ (file) });
			},
			heard: () => document.accessibility.snapshot({ interestingOnly: false }),
			isOpen: async () => browser.targets().some(isPopup),
			dismiss: () => document.close(),
		});
	};
	const mouseAndKeys = () => {
		if (!display) throw new Error("This takes a headed browser.");
		return display;
	};
	/** @param {import("puppeteer-core").Page} page */
	const getsKeyboard = async (page) => {
		await page.bringToFront();
		await until("the page has the keyboard", () =>
			page.evaluate(() => document.hasFocus()),
		);
	};
	/**
	 * A page receives a key before the browser does, and may be slow.
	 * @param {import("puppeteer-core").Page} page
	 * @param {string} key that takes the keyboard from the page
	 */
	const leavePage = async (page, key) => {
		await mouseAndKeys().press(key);
		await until("the page has lost the keyboard", () =>
			page.evaluate(() => !document.hasFocus()),
		);
	};
	/**
	 * @param {import("puppeteer-core").Page} page
	 * @param {string} selector
	 */
	const rightClick = async (page, selector) => {
		const point = await page.$eval(selector, (element) => {
			const selection = getSelection();
			// Beside what is selected in it a right click gives the selection up.
			const place = selection?.containsNode(element, true) && selection.getRangeAt(0);
			const { left, top, width, height } = (place || element).getBoundingClientRect();
			// Nothing of the window is below the page or beside it.
			const bars = outerHeight - innerHeight;
			return { x: screenX + left + width / 2, y: screenY + bars + top + height / 2 };
		});
		await mouseAndKeys().rightClick(point);
	};
	/**
	 * Opens a menu and presses a key in it. Whether that was a choice is another question: a
	 * menu goes by itself, too, such as when another window comes or goes meanwhile.
	 * @param {import("puppeteer-core").Page} page
	 * @param {string | null} selector
	 * @param {string} entry
	 */
	const workMenu = async (page, selector, entry) => {
		const { press, menus } = mouseAndKeys();
		await getsKeyboard(page);
		if (selector) await rightClick(page, selector);
		else {
			await leavePage(page, "alt+shift+t");
			// From the last of the toolbar: the profile, all extensions, the one that is pinned.
			await press("End", "Left", "Left", "Left", "shift+F10");
		}
		const menu = await until("the menu opens", async () => (await menus())[0], 5000);
		await press(BUTTON_KEYS.get(entry) ?? ACCESS_KEY);
		const isTaken = async () => {
			const now = await menus();
			return (!now.includes(menu) && "it") || (now.length > 1 && "a menu of ours");
		};
		const taken = await until("the menu has taken the key", isTaken, 5000).catch(
			async (error) => {
				await press("Escape");
				throw error;
			},
		);
		if (taken === "it") return;
		// A link that is selected: the link comes first.
		await press("Right", ...(entry === "save-selection" ? ["Down"] : []), "Return");
		await until("the menus close", async () => (await menus()).length === 0);
	};
	if (first) {
		const welcome = await ownTab("welcome/welcome.html");
		if (!keepsWelcome) await welcome.close();
	}

	return {
		name,
		async open(url) {
			const page = await newPage();
			await page.emulateMediaFeatures(media);
			if (url) await page.goto(url);
			return page;
		},
		async visit(page, address) {
			await page.goto(address).catch(async () => {
				// The error page arrives after `goto` has failed. The page's process reports it
				// before the browser's own process has committed it, and that revokes the
				// permission that a click grants. The history is the browser's.
				const session = await page.createCDPSession();
				await until("the browser shows the error page", async () => {
					const { currentIndex, entries } = await session.send(
						"Page.getNavigationHistory",
					);
					const isShown = page.url().startsWith("chrome-error:");
					return isShown && entries[currentIndex]?.url === address;
				});
				await session.detach();
			});
		},
		pages: () => browser.pages(),
		async addresses() {
			return (await browser.pages()).map((page) => page.url());
		},
		async clickButton(page, name) {
			const all = [...(await browser.extensions()).values()];
			const clicked = all.find((other) => other.name === name) ?? installed;
			await page.bringToFront();
			// A real click on the toolbar: it opens the popup and grants activeTab.
			const clickedAt = Date.now();
			await page.triggerExtensionAction(clicked);
			return await openPopup(clickedAt);
		},
		openPopup,
		async own(path) {
			const page = await newPage();
			await page.emulateMediaFeatures(media);
			await page.goto(addressOf(path));
			return page;
		},
		ownTab,
		// Chromium's menus can't be read.
		async menuEntries() {
			throw new Error("Chromium's menus can't be read.");
		},
		async chooseFromMenu(page, selector, entry) {
			await inBackground(() => {
				const state = /** @type {any} */ (globalThis);
				state.chosen = [];
				if (state.listens) return;
				state.listens = true;
				state.chrome.contextMenus.onClicked.addListener((/** @type {any} */ click) =>
					state.chosen.push(click.menuItemId),
				);
			});
			const chosen = () => inBackground(() => /** @type {any} */ (globalThis).chosen);
			const isTold = async () => (await chosen()).length > 0;
			await until(`${entry} is chosen`, async () => {
				if (!(await isTold())) await workMenu(page, selector, entry);
				// On a busy machine the browser may report it late.
				return await until("the choice is reported", isTold, 5000);
			});
			assert.equal((await chosen())[0], entry);
		},
		async pressShortcut(page) {
			await getsKeyboard(page);
			await mouseAndKeys().press("ctrl+shift+u");
		},
		async typeInAddressBar(page, text) {
			const { press, type } = mouseAndKeys();
			await page.bringToFront();
			await leavePage(page, "ctrl+l");
			// The second one gives up the keyword of what was typed before.
			await press("BackSpace", "BackSpace", "ctrl+a");
			await type(text);
		},
		async addressBar() {
			const target = await browser.waitForTarget(
				(target) => target.url() === "chrome://omnibox-popup.top-chrome/",
				{ timeout: HANGS_MS },
			);
			const [hint = "", ...lines] = await (await target.asPage()).evaluate(readLines);
			return { hint, lines };
		},
		async enterInAddressBar(line) {
			const downs = Array(line === null ? 0 : line + 1).fill("Down");
			await mouseAndKeys().press(...downs, "Return");
		},
		async allow() {
			const { press, rests } = mouseAndKeys();
			const asking = await until("there is a page in front", async () => {
				for (const page of await browser.pages()) {
					if (await page.evaluate(() => document.visibilityState === "visible"))
						return page;
				}
				return null;
			});
			const hasFocus = () => asking.evaluate(() => document.hasFocus());
			await until("the browser asks", async () => !(await hasFocus()));
			await rests(UNANSWERABLE_MS);
			// "Deny" is chosen beforehand.
			await press("Tab", "Return");
			await until("the page has the keyboard again", hasFocus);
		},
		async absentInPrivate() {
			const context = await browser.createBrowserContext();
			const page = await context.newPage();
			await page.goto("about:blank");
			const seen = await inBackground(async () => {
				const { chrome } = /** @type {any} */ (globalThis);
				const tabs = await chrome.tabs.query({});
				return (
					tabs.some((/** @type {any} */ tab) => tab.incognito) ||
					(await chrome.extension.isAllowedIncognitoAccess())
				);
			});
			await context.close();
			return !seen;
		},
		async badge(page) {
			const { id: tabId } = await tabOf(page);
			return await inBackground(
				(tabId) => /** @type {any} */ (globalThis).chrome.action.getBadgeText({ tabId }),
				tabId,
			);
		},
		async watchBadge(page) {
			const { id: tabId } = await tabOf(page);
			await inBackground((tabId) => {
				const state = /** @type {any} */ (globalThis);
				const { action } = state.chrome;
				const { setBadgeText } = action;
				state.said = [];
				action.setBadgeText = (/** @type {{ tabId?: number, text: string }} */ badge) => {
					if (badge.tabId === tabId) state.said.push(badge.text ?? "");
					return setBadgeText.call(action, badge);
				};
			}, tabId);
			return () => inBackground(() => /** @type {any} */ (globalThis).said);
		},
		// In Chromium each call to a full storage keeps the background awake.
		outlastsIdleness: async () => true,
		async useScheme(scheme) {
			media = [{ name: "prefers-color-scheme", value: scheme }];
		},
		async close() {
			await close(browser).finally(() => display?.end());
		},
		async kill() {
			await kill(browser).finally(() => display?.end());
		},
		async clear() {
			// Without a tab the browser would end.
			const last = await browser.newPage();
			await browser.uninstallExtension(installed.id);
			// A tab that the extension has opened may come late.
			await until("no other tab is left", async () => {
				const others = (await browser.pages()).filter((page) => page !== last);
				await Promise.all(others.map((page) => page.close()));
				return others.length === 0;
			});
			const session = await last.createCDPSession();
			await session.send("Network.clearBrowserCache");
			await session.send("Network.clearBrowserCookies");
			await session.detach();
		},
		async reuse(start) {
			if (!start.extension) throw new Error("There is no extension to install.");
			await browser.installExtension(start.extension);
			return await drive(browser, display, start);
		},
	};
}

/** The lines of the address bar as they are shown. Runs in Chromium's own page of them. */
function readLines() {
	/** @type {string[]} */
	const lines = [];
	const look = (/** @type {ParentNode} */ place) => {
		for (const element of place.querySelectorAll("*")) {
			if (element.localName === "cr-searchbox-match") {
				const contents = element.shadowRoot?.querySelector("#contents");
				lines.push(contents?.textContent?.trim() ?? "");
			} else if (element.shadowRoot) look(element.shadowRoot);
		}
	};
	look(document);
	return lines;
}
