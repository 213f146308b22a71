// Chromium with the extension, driven over the DevTools protocol.

import { createHash } from "node:crypto";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import puppeteer from "puppeteer-core";
import { kill } from "./kill.js";
import { Popup } from "./popup.js";
import { until } from "./until.js";

/** @typedef {import("./browser.js").Browser} Browser */
/** @typedef {import("./browser.js").Start} Start */

export const name = "Chromium";

/**
 * Options by which a name leads to this machine; without Chromium's own wall against
 * that, which others don't have.
 * @param {string} name
 */
const misled = (name) => [
	`--host-resolver-rules=MAP ${name} 127.0.0.1`,
	"--disable-features=LocalNetworkAccessChecks",
];

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
 * The buttons of these extensions are in the toolbar, where a user keeps one that is
 * clicked each day. Else Chromium first moves it out of the puzzle piece's menu, a
 * quarter of a second at each click.
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
export async function start({
	extension,
	home,
	environment,
	language,
	resolves,
	others = [],
	first,
	keepsWelcome,
}) {
	// The very folder that the installer takes for Chromium's.
	const profile = path.join(home, ".config/chromium");
	if (extension) await pin(profile, [extension, ...others]);
	const browser = await puppeteer.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		headless: true,
		pipe: true,
		enableExtensions: extension ? [extension, ...others] : true,
		userDataDir: profile,
		args: [
			// Root has no other way; the pages are this test's own.
			"--no-sandbox",
			"--disable-background-networking",
			"--disable-component-update",
			"--disable-sync",
			"--no-first-run",
			// Room for the popup at its full height.
			"--screen-info={1600x1200}",
			...(language ? [`--lang=${language}`] : []),
			...(resolves ? misled(resolves) : []),
		],
		// Chromium on Linux takes its language from there.
		env: language ? { ...environment, LANGUAGE: language } : environment,
	});
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
		);
		const worker = await target.worker();
		if (!worker) throw new Error("The background has ended.");
		return await worker.evaluate(/** @type {any} */ (run), ...args);
	};
	const openPopup = async (clickedAt = Date.now()) => {
		const target = await browser.waitForTarget(isPopup, { timeout: 15_000 });
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
	if (first) {
		const welcome = await ownTab("welcome/welcome.html");
		if (!keepsWelcome) await welcome.close();
	}

	return {
		name,
		async open(url) {
			const page = await browser.newPage();
			await page.emulateMediaFeatures(media);
			if (url) await page.goto(url);
			return page;
		},
		async visit(page, address) {
			await page.goto(address).catch(async () => {
				// A page that can't be loaded is one, too. It comes after the failure is told,
				// and would close a popup.
				await until("the browser shows why", () =>
					page.url().startsWith("chrome-error:"),
				);
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
			const page = await browser.newPage();
			await page.emulateMediaFeatures(media);
			await page.goto(addressOf(path));
			return page;
		},
		ownTab,
		// Headless Chromium has no context menu to click on. The entries are asked for what
		// they were created with; a click is the event that Chromium would send, without the
		// `activeTab` that would come with it.
		async menuEntries() {
			throw new Error("Headless Chromium doesn't tell.");
		},
		async chooseFromMenu(page, selector, entry) {
			const tab = await tabOf(page);
			const said = selector
				? await page.$eval(selector, (element) => ({
						linkUrl: /** @type {HTMLAnchorElement | null} */ (element.closest("a"))?.href,
						selectionText: getSelection()?.toString(),
					}))
				: {};
			await inBackground(
				(entry, said, tab) => {
					const { chrome } = /** @type {any} */ (globalThis);
					chrome.contextMenus.onClicked.dispatch(
						{ menuItemId: entry, editable: false, pageUrl: tab.url, frameId: 0, ...said },
						tab,
					);
				},
				entry,
				said,
				{ ...tab, url: page.url(), title: await page.title() },
			);
		},
		// Nor has it an address bar: the events are those that it would send, the answers
		// are checked by Chromium as it always does.
		async typeInAddressBar(_page, text) {
			await inBackground((text) => {
				const scope = /** @type {any} */ (globalThis);
				const { omnibox } = scope.chrome;
				scope.shown ??= { hint: "", lines: [] };
				scope.setHint ??= omnibox.setDefaultSuggestion;
				omnibox.setDefaultSuggestion = async (/** @type {any} */ suggestion) => {
					await scope.setHint(suggestion);
					scope.shown.hint = suggestion.description;
				};
				omnibox.onInputChanged.dispatch(text, (/** @type {any[]} */ lines) => {
					scope.typed = text;
					scope.found = lines;
					scope.shown.lines = lines.map(({ description }) => description);
				});
				scope.typed = text;
				scope.found = [];
				scope.shown.lines = [];
			}, text);
		},
		addressBar: () =>
			inBackground(
				() => /** @type {any} */ (globalThis).shown ?? { hint: "", lines: [] },
			),
		async enterInAddressBar(line, page) {
			await page.bringToFront();
			await inBackground((line) => {
				const { typed, found, chrome } = /** @type {any} */ (globalThis);
				const text = line === null ? typed : found[line].content;
				chrome.omnibox.onInputEntered.dispatch(text, "currentTab");
			}, line);
		},
		// Nothing could be clicked: tests that need it give the extension the permission.
		async allow() {},
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
		async useScheme(scheme) {
			media = [{ name: "prefers-color-scheme", value: scheme }];
		},
		close: () => browser.close(),
		kill: () => kill(browser),
	};
}
