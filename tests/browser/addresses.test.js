// The addresses of a page: those that a note was saved from, and what is removed from them.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

inEachBrowser(
	"shows from which other addresses a page was saved, and that tracking was removed",
	async (world, browser) => {
		const [first, second, third] = [
			"/article",
			"/article?utm_source=a",
			"/article?fbclid=b",
		].map(world.web.address);
		const one = await world.save(browser, "/article");
		assert.equal(await one.popup.shows("#addresses"), false);
		await one.popup.dismiss();
		const two = await world.save(browser, "/article?utm_source=a");
		await until("the reason is shown", async () =>
			(await two.popup.text("#same-page")).startsWith(
				`Same page; tracking removed. Saved as ${first}`,
			),
		);
		// Both addresses are shown already.
		assert.equal(await two.popup.shows("#addresses"), false);
		await two.popup.dismiss();
		await (await world.save(browser, "/article?fbclid=b")).popup.dismiss();
		const again = await world.click(browser, one.page);
		await until(
			"the other addresses are shown",
			async () =>
				(await again.text("#addresses-summary")) === "Also saved from 2 other addresses",
		);
		await again.click("#addresses-summary");
		const listed = await again.evaluate(() =>
			[...document.querySelectorAll("#addresses-list a")].map((link) =>
				link.getAttribute("title"),
			),
		);
		assert.deepEqual(listed, [second, third]);
		await again.dismiss();
	},
);

/** @param {import("./test-environment.js").World} world */
async function storesPassword(world) {
	const names = (await readdir(world.folder)).filter((name) =>
		name.startsWith("notes.db"),
	);
	const files = await Promise.all(
		names.map((name) => readFile(path.join(world.folder, name))),
	);
	return files.some((file) => file.includes("pazz0"));
}

inEachBrowser(
	"saves no user name and password if the settings say so, and else as captured",
	async (world, browser) => {
		// Chromium takes user names out of addresses itself: there only the setting is tried.
		const secret = (/** @type {string} */ page) => {
			const address = world.web.address(page);
			return browser.name === "Firefox"
				? address.replace("http://", "http://reader:pazz0@")
				: address;
		};
		const options = await browser.own("options/options.html");
		assert.equal(
			await options.$eval("label:has(#strip-user-info)", (label) =>
				label.textContent?.trim(),
			),
			"Remove user names and passwords from addresses when saving",
		);
		await options.click("#strip-user-info");
		await until("it is kept", async () =>
			/"stripUserInfo":true/.test(
				await options.evaluate(async () => {
					const { browser, chrome } = /** @type {any} */ (globalThis);
					return JSON.stringify(await (browser ?? chrome).storage.local.get("settings"));
				}),
			),
		);
		const page = await browser.open();
		await browser.visit(page, secret("/article"));
		const popup = await world.click(browser, page);
		if (browser.name === "Firefox")
			await until("it says so", async () =>
				/aren't saved/.test(await popup.text("#secret")),
			);
		await popup.dismiss();
		assert.equal((await world.notes())[0]?.url, world.web.address("/article"));
		assert.equal(await storesPassword(world), false);
		await options.close();
		const again = await browser.own("options/options.html");
		await until("it is shown", () =>
			again.$eval(
				"#strip-user-info",
				(box) => /** @type {HTMLInputElement} */ (box).checked,
			),
		);
		await again.click("#strip-user-info");
		await until("it is off", async () =>
			/"stripUserInfo":false/.test(
				await again.evaluate(async () => {
					const { browser, chrome } = /** @type {any} */ (globalThis);
					return JSON.stringify(await (browser ?? chrome).storage.local.get("settings"));
				}),
			),
		);
		await page.bringToFront();
		await browser.visit(page, secret("/bread"));
		await (await world.click(browser, page)).dismiss();
		assert.equal(await storesPassword(world), browser.name === "Firefox");
	},
);
