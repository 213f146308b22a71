// The library page's inbox: pages that arrived from feeds are kept or skipped.

import assert from "node:assert/strict";
import { until } from "./driver/until.js";
import { PAGE, says } from "./library-page.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("./test-environment.js").World} World */

/**
 * @param {World} world
 * @param {string} name
 * @param {number} count
 * @param {string[]} [tags]
 */
const bring = (world, name, count, tags = []) =>
	world.bring({
		url: `https://${name}.example/feed`,
		title: name,
		tags,
		entries: Array.from({ length: count }, (_, index) => ({
			url: `https://${name}.example/${index + 1}`,
			title: `${name} ${index + 1}`,
			excerpt: "Baking bread with a long fermentation.",
		})),
	});

/** @param {Page} page */
const titles = (page) =>
	page.$$eval("#inbox-list .arrival h2", (all) =>
		all.map(({ textContent }) => textContent ?? ""),
	);

/**
 * @param {Page} page
 * @param {string[]} expected
 */
const shows = (page, expected) =>
	until(`the inbox has ${expected}`, async () => {
		const found = await titles(page);
		if (found.join("|") !== expected.join("|")) throw new Error(`it has ${found}`);
		return true;
	});

/** @param {Page} page */
const current = (page) =>
	page.evaluate(
		() => document.activeElement?.querySelector("h2")?.textContent ?? "nothing",
	);

inEachBrowser(
	"pages of the inbox are kept, skipped and brought back by keys",
	async (world, browser) => {
		await bring(world, "bread", 3, ["baking"]);
		await bring(world, "trains", 2);
		const page = await browser.own(PAGE);
		await says(page, "#view-inbox", /^Inbox 5$/);
		await page.click("#view-inbox");
		await shows(page, ["trains 2", "trains 1", "bread 3", "bread 2", "bread 1"]);
		await until(
			"the first has the focus",
			async () => (await current(page)) === "trains 2",
		);
		await page.keyboard.press("j");
		await page.keyboard.press("j");
		await page.keyboard.press("s");
		await says(page, "#notice-text", /^Kept “bread 3” with tags: baking\.$/);
		await shows(page, ["trains 2", "trains 1", "bread 2", "bread 1"]);
		await world.holds([{ url: "https://bread.example/3", tags: ["baking"] }]);
		await page.keyboard.press("u");
		await says(page, "#notice-text", /^1 page is back in the inbox\.$/);
		await shows(page, ["trains 2", "trains 1", "bread 3", "bread 2", "bread 1"]);
		await world.holds([]);
		await until("it has the focus", async () => (await current(page)) === "bread 3");
		await page.keyboard.press("s");
		await shows(page, ["trains 2", "trains 1", "bread 2", "bread 1"]);
		await world.holds([{ url: "https://bread.example/3", tags: ["baking"] }]);
		assert.equal(await current(page), "bread 2");
		await page.keyboard.press("d");
		await says(page, "#notice-text", /^Skipped 1 page\.$/);
		await shows(page, ["trains 2", "trains 1", "bread 1"]);
		await page.keyboard.press("u");
		await shows(page, ["trains 2", "trains 1", "bread 2", "bread 1"]);
		await until("it has the focus", async () => (await current(page)) === "bread 2");
		await page.keyboard.down("Shift");
		await page.keyboard.press("D");
		await page.keyboard.up("Shift");
		await says(page, "#notice-text", /^Skipped 2 pages\.$/);
		await shows(page, ["trains 2", "trains 1"]);
		await says(page, "#view-inbox", /^Inbox 2$/);
		// A page that is saved elsewhere is gone at the next look.
		await world.command("add", "https://trains.example/2");
		await page.keyboard.press("Escape");
		await page.waitForSelector("#list:not([hidden])");
		await page.click("#view-inbox");
		await shows(page, ["trains 1"]);
	},
);

inEachBrowser(
	"a page of the inbox is kept with suggested and typed tags",
	async (world, browser) => {
		await world.put(
			Array.from({ length: 12 }, (_, n) => ({
				url: `https://kitchen.example/${n}`,
				title: `Baking bread with a long fermentation ${n}`,
				tags: ["sourdough"],
				summary: "",
				excerpt: null,
			})),
		);
		await bring(world, "bread", 1, ["feed tag"]);
		const page = await browser.own(`${PAGE}?view=inbox`);
		await shows(page, ["bread 1"]);
		await page.click(".arrival .buttons button:nth-of-type(2)");
		const chip = '#inbox-suggestions [data-tag="sourdough"]';
		await page.waitForSelector(chip);
		await page.click(chip);
		await page.type("#dialog #tags", "typed,");
		await page.keyboard.press("Enter");
		await says(page, "#notice-text", /feed tag, sourdough, typed\.$/);
		await says(page, "#inbox-empty", /^Nothing new from your feeds\.$/);
		const [kept] = await world.notes();
		assert.deepEqual(kept?.tags, ["feed tag", "sourdough", "typed"]);
	},
);

inEachBrowser("without feeds there is no inbox", async (world, browser) => {
	await world.command("add", "https://e.org/");
	const page = await browser.own(PAGE);
	await page.waitForSelector("#list:not([hidden])");
	assert.equal((await page.$$("#view-inbox[hidden]")).length, 1);
});
