// The button on pages of every kind: it saves the page, or says that it can't.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("./test-environment.js").World} World */
/** @typedef {import("./driver/browser.js").Browser} Browser */

/**
 * Clicks the button on a page that can't be saved.
 * @param {World} world
 * @param {Browser} browser
 * @param {import("puppeteer-core").Page} page
 * @param {string} address
 */
async function isTurnedAway(world, browser, page, address) {
	await browser.visit(page, address);
	const popup = await world.click(browser, page, "error");
	await popup.says("#status", /can.t be saved/);
	assert.equal(await popup.shows("#fields"), false, address);
	assert.equal(await popup.shows("#problem"), false, address);
	await popup.press("Escape");
	await popup.closes();
}

inEachBrowser(
	"saves text, image and PDF files, which have no metadata",
	async (world, browser) => {
		const page = await browser.open();
		for (const [address, title] of /** @type {const} */ ([
			["/plain.txt", /plain\.txt/],
			["/picture.svg", /Nine|picture\.svg/],
			["/paper.pdf", /paper\.pdf/],
		])) {
			const url = world.web.address(address);
			await browser.visit(page, url);
			const popup = await world.click(browser, page);
			await popup.type("kept,");
			await popup.hasTags("kept");
			await popup.dismiss();
			await until("it is stored with its tag", async () =>
				(await world.notes()).some((note) => note.url === url && note.tags[0] === "kept"),
			);
			const [note] = await world.notes();
			assert.match(note?.title ?? "", title);
			assert.equal(note?.excerpt, null);
			assert.equal(note?.summary, "");
		}
	},
);

inEachBrowser(
	"says that the browser's own pages can't be saved, and saves none",
	async (world, browser) => {
		const page = await browser.open();
		const own =
			browser.name === "Chromium"
				? ["chrome://version/", "chrome://settings/"]
				: ["about:preferences", "about:config", "about:addons"];
		for (const address of [
			"about:blank",
			"data:text/html,<title>x</title>hello",
			`view-source:${world.web.address("/article")}`,
			...own,
		]) {
			await isTurnedAway(world, browser, page, address);
		}
		await world.holds([]);
	},
);

inEachBrowser("saves a page that could not be loaded", async (world, browser) => {
	const page = await browser.open();
	const address = "http://127.0.0.1:9/nobody-is-there";
	await browser.visit(page, address);
	// Both browsers give its address, and it can be saved.
	const popup = await world.click(browser, page);
	await popup.dismiss();
	await world.holds([{ url: address, tags: [] }]);
});

inEachBrowser("refuses the extension's own pages", async (world, browser) => {
	const { page, popup } = await world.save(browser, "/article");
	const address = await popup.evaluate(
		() => new URL("../options/options.html", location.href).href,
	);
	await popup.dismiss();
	await isTurnedAway(world, browser, page, address);
	await world.holds([{ url: world.web.address("/article"), tags: [] }]);
});

inEachBrowser("refuses files unless the settings allow them", async (world, browser) => {
	const file = path.join(world.home, "page.html");
	await writeFile(file, "<!doctype html><title>On my disk</title>");
	const page = await browser.open();
	await isTurnedAway(world, browser, page, pathToFileURL(file).href);
	await world.holds([]);
});

inEachBrowser(
	"saves files if the settings allow them",
	async (world, browser) => {
		const file = path.join(world.home, "page.html");
		await writeFile(file, "<!doctype html><title>On my disk</title>");
		const page = await browser.open();
		await browser.visit(page, pathToFileURL(file).href);
		const popup = await world.click(browser, page);
		assert.equal(await popup.value("#title"), "On my disk");
		await popup.dismiss();
		await world.holds([{ url: pathToFileURL(file).href, tags: [] }]);
	},
	{ settings: "save-file-urls = true\n" },
);

inEachBrowser(
	"saves the page that the reader view shows",
	async (world, browser) => {
		const url = world.web.address("/article");
		const page = await browser.open();
		await browser.visit(page, `about:reader?url=${encodeURIComponent(url)}`);
		const popup = await world.click(browser, page);
		assert.equal(await popup.text("#address"), url);
		await popup.type("read,");
		await popup.hasTags("read");
		await popup.dismiss();
		await world.holds([{ url, tags: ["read"] }]);
	},
	{ only: "Firefox" },
);
