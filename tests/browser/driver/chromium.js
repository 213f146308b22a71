// Chromium with the extension, driven over the DevTools protocol.

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
 * @param {Start} start
 * @returns {Promise<Browser>}
 */
export async function start({ extension, home, environment, language, resolves }) {
	const browser = await puppeteer.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		headless: true,
		pipe: true,
		enableExtensions: extension ? [extension] : true,
		// The very folder that the installer takes for Chromium's.
		userDataDir: path.join(home, ".config/chromium"),
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
		return [...(await browser.extensions()).values()][0];
	});
	/** @param {import("puppeteer-core").Target} target */
	const isPopup = (target) =>
		target.url().startsWith(`chrome-extension://${installed.id}/popup/`);
	/** @type {import("puppeteer-core").MediaFeature[]} */
	let media = [];

	return {
		name,
		async open(url) {
			const page = await browser.newPage();
			await page.emulateMediaFeatures(media);
			if (url) await page.goto(url);
			return page;
		},
		async visit(page, address) {
			// A page that can't be loaded is one, too.
			await page.goto(address).catch(() => {});
		},
		pages: () => browser.pages(),
		async addresses() {
			return (await browser.pages()).map((page) => page.url());
		},
		async clickButton(page) {
			await page.bringToFront();
			// A real click on the toolbar: it opens the popup and grants activeTab.
			const clickedAt = Date.now();
			await page.triggerExtensionAction(installed);
			const target = await browser.waitForTarget(isPopup, { timeout: 15_000 });
			const document = await target.asPage();
			await document.emulateMediaFeatures(media);
			return new Popup({
				clickedAt,
				evaluate: (run, ...args) => document.evaluate(/** @type {any} */ (run), ...args),
				type: (text) => document.keyboard.type(text),
				press: async (key) => {
					try {
						await document.keyboard.press(
							/** @type {import("puppeteer-core").KeyInput} */ (key),
						);
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
		},
		async useScheme(scheme) {
			media = [{ name: "prefers-color-scheme", value: scheme }];
		},
		close: () => browser.close(),
		kill: () => kill(browser),
	};
}
