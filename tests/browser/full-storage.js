// A browser's storage without room for the extension.

import { until } from "./driver/until.js";

/**
 * Fills the storage to the last half kilobyte.
 * @param {import("puppeteer-core").Page} page A page of the extension.
 */
export async function fillStorage(page) {
	await page.evaluate(async () => {
		const { browser, chrome } = /** @type {any} */ (globalThis);
		const area = (browser ?? chrome).storage.local;
		let record = 0;
		for (const size of [64 * 1024, 4 * 1024, 512]) {
			for (let refusals = 0; refusals < 3; ) {
				const text = Array.from({ length: size / 8 }, () =>
					Math.random().toString(36).slice(2, 10).padEnd(8),
				);
				try {
					await area.set({ [`ballast${record}`]: text.join("") });
					record += 1;
					refusals = 0;
				} catch {
					refusals += 1;
				}
			}
		}
	});
}

/**
 * Makes room again. Where it is full, Firefox says that something is removed, and may keep it.
 * @param {import("puppeteer-core").Page} page A page of the extension.
 */
export async function emptyStorage(page) {
	await until("there is room", () =>
		page.evaluate(async () => {
			const { browser, chrome } = /** @type {any} */ (globalThis);
			const area = (browser ?? chrome).storage.local;
			const left = async () =>
				Object.keys(await area.get(null)).filter((key) => key.startsWith("ballast"));
			for (const key of await left()) await area.remove(key);
			return (await left()).length === 0;
		}),
	);
}
