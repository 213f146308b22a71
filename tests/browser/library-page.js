// What the tests of the library page do in it, and wait for.

import { until } from "./driver/until.js";

export { says } from "./driver/says.js";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("./test-environment.js").World} World */

export const PAGE = "library/library.html";

/** @param {Page} page */
export const titles = (page) =>
	page.$$eval("#list:not([hidden]) .row", (rows) =>
		rows
			.map((row) => ({
				place: Number(row.getAttribute("data-place")),
				title: row.querySelector(".title")?.textContent ?? "",
			}))
			.sort((a, b) => a.place - b.place)
			.map(({ title }) => title),
	);

/**
 * @param {Page} page
 * @param {string[]} expected
 */
export const lists = (page, expected) =>
	until(`it lists ${expected}`, async () => {
		const found = await titles(page);
		if (found.join("|") !== expected.join("|")) throw new Error(`it lists ${found}`);
		return true;
	});

/**
 * @param {World} world
 * @param {number} count
 * @param {(n: number) => object} [fields]
 */
export const put = (world, count, fields = () => ({})) =>
	world.put(
		Array.from({ length: count }, (_, index) => ({
			url: `https://example.org/${index + 1}`,
			title: `Page ${index + 1}`,
			tags: [],
			summary: "",
			excerpt: null,
			...fields(index + 1),
		})),
	);

/**
 * @param {World} world
 * @param {string} query
 */
export const found = async (world, query) =>
	JSON.parse(await world.command("list", "--json", "--limit", "1000", "--query", query))
		.length;

/** @param {Page} page */
export const focusList = async (page) => {
	await page.bringToFront();
	await page.focus("#list");
};

/**
 * @param {Page} page
 * @param {...string} tags
 */
export async function typeTags(page, ...tags) {
	await page.waitForSelector("#dialog #tags");
	for (const tag of tags) await page.type("#dialog #tags", `${tag},`);
	await page.keyboard.press("Enter");
}

/**
 * Clicks the dialog's button, in one step: another dialog may take this one's place.
 * @param {import("puppeteer-core").Page} page
 */
export const confirm = (page) =>
	page.$eval("#dialog-ok", (button) => /** @type {HTMLElement} */ (button).click());

/**
 * Closes the dialog. What follows it, such as the focus on the list, comes after the click.
 * @param {Page} page
 */
export async function cancelDialog(page) {
	await page.click("#dialog-cancel");
	await until("the dialog is closed", () =>
		page.evaluate(() => document.querySelector("#dialog-cancel") === null),
	);
}
