// The site in a real browser: by keyboard, and at addresses that only a browser resolves.

import assert from "node:assert/strict";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("puppeteer-core").Page} Page */

/** Names that addresses, HTML, forms or browsers might trip over. */
const PICKY = [
	"web/tech",
	"c++",
	"100%",
	"?",
	"#x",
	".",
	"..",
	"%2e%2e",
	"a&b=c",
	"<b>\"'",
	"\\",
	"//",
	"feed.atom",
	"🙂",
	"👩‍👩‍👧",
	"機械学習",
	"למידת מכונה",
	"x".repeat(100),
];

/** @param {Page} page */
const focused = (page) =>
	page.evaluate(
		() => document.activeElement?.textContent?.trim() || document.activeElement?.id,
	);

/**
 * @param {Page} page
 * @param {string} text
 */
const focusIsAt = (page, text) =>
	until(`the focus is at ${text}`, async () => {
		const now = await focused(page);
		if (now !== text) throw new Error(`it is at ${now}`);
		return true;
	});

/**
 * The keys work once the page's script has run, which adds the button that shows them.
 * @param {Page} page
 */
const isReady = (page) =>
	until("the page has its keys", () =>
		page.evaluate(() => document.querySelector(".foot button") !== null),
	);

/**
 * @param {Page} page
 * @param {string} ending
 */
const isAt = async (page, ending) => {
	await until(`the page is ${ending}`, async () => {
		if (!page.url().endsWith(ending)) throw new Error(`it is ${page.url()}`);
		return true;
	});
	await isReady(page);
};

inEachBrowser("is read from the keyboard alone", async (world, browser) => {
	const addresses = ["/article", "/hebrew", "/japanese"].map(world.web.address);
	for (const [number, address] of addresses.entries()) {
		await world.command("add", address, "--title", `Note ${number}`, "--tag", "to read");
	}
	await world.siteAnswers();
	const page = await browser.open(`${world.site}/tag/to%20read`);
	await page.bringToFront();
	const { keyboard } = page;

	await keyboard.press("j");
	await focusIsAt(page, "Note 2");
	await keyboard.press("j");
	await keyboard.press("j");
	await focusIsAt(page, "Note 0");
	await keyboard.press("j");
	await focusIsAt(page, "Note 0");
	await keyboard.press("k");
	await focusIsAt(page, "Note 1");
	await keyboard.press("Enter");
	await until("the page is open in a tab of its own", async () =>
		(await browser.addresses()).includes(`${addresses[1]}`),
	);
	assert.equal(
		await page.evaluate(() => location.href),
		`${await world.origin()}/tag/to%20read`,
	);

	await page.bringToFront();
	await keyboard.press("o");
	await until("the note itself is shown", async () => page.url().includes("/note/"));
	await isReady(page);
	await keyboard.press("/");
	await focusIsAt(page, "q");
	// In a field they are letters.
	await keyboard.type("note j/k?");
	assert.equal(
		await page.$eval("#q", (field) => /** @type {HTMLInputElement} */ (field).value),
		"note j/k?",
	);
	await keyboard.press("Escape");
	await until("the field is left", async () => (await focused(page)) !== "q");
	// What stands in it is marked, so that typing begins anew.
	await keyboard.press("/");
	await keyboard.type("note tag:gpu");
	await keyboard.press("Enter");
	await isAt(page, "/search?q=note+tag%3Agpu");

	await page.goto(`${world.site}/tags`);
	await keyboard.press("j");
	await focusIsAt(page, "to read 3");
	await page.close();
});

inEachBrowser("tells its keys, and lets them be turned off", async (world, browser) => {
	await world.command("add", "https://example.org/", "--title", "A note");
	await world.siteAnswers();
	const page = await browser.open(`${world.site}/all/0`);
	await page.bringToFront();
	const { keyboard } = page;
	const isOpen = () => page.$eval("dialog", (dialog) => dialog.open);
	const keysButton = () =>
		page.evaluate(() =>
			/** @type {HTMLElement} */ (document.querySelector(".foot button")).click(),
		);

	await keyboard.press("?");
	await until("the keys are shown", isOpen);
	await keyboard.press("j");
	assert.notEqual(await focused(page), "A note");
	await keyboard.press("Escape");
	await until("the keys are gone", async () => !(await isOpen()));

	await keysButton();
	await page.click("dialog input");
	await keyboard.press("Escape");
	await keyboard.press("j");
	await keyboard.press("?");
	assert.equal(await isOpen(), false);
	// Also on the next page.
	await page.goto(`${world.site}/`);
	await keyboard.press("j");
	assert.notEqual(await focused(page), "A note");
	await keysButton();
	await page.click("dialog input");
	await page.click("dialog button");
	await keyboard.press("j");
	await focusIsAt(page, "A note");
	await page.close();
});

inEachBrowser("shows each tag at its own address", async (world, browser) => {
	for (const [number, tag] of PICKY.entries()) {
		await world.command(
			"add",
			`https://example.org/${number}`,
			"--title",
			`Note ${number}`,
			"--tag",
			tag,
		);
	}
	await world.siteAnswers();
	const page = await browser.open();
	for (const [number, tag] of PICKY.entries()) {
		await page.goto(`${world.site}/tags?sort=name`);
		const shown = () =>
			page.$$eval("article h3", (titles) =>
				titles.map((title) => title.textContent?.trim()),
			);
		await Promise.all([
			page.waitForNavigation(),
			page.evaluate((name) => {
				const links = /** @type {NodeListOf<HTMLElement>} */ (
					document.querySelectorAll(".counted a")
				);
				const link = [...links].find(
					(one) => one.querySelector("bdi")?.textContent === name,
				);
				link?.click();
			}, tag),
		]);
		assert.deepEqual(await shown(), [`Note ${number}`], tag);
		// As it is bookmarked, and sent to others.
		await page.goto(page.url());
		assert.deepEqual(await shown(), [`Note ${number}`], tag);
		const feed = await page.evaluate(async () => {
			const link = /** @type {HTMLLinkElement | null} */ (
				document.querySelector("link[type='application/atom+xml']")
			);
			return link?.href;
		});
		// Node resolves no name below localhost by itself, as browsers do.
		const { pathname } = new URL(`${feed}`);
		assert.match(
			await (await fetch(`${world.site}${pathname}`)).text(),
			new RegExp(`<title>Note ${number}</title>`),
			tag,
		);
	}
	// What is typed is sent as a form sends it.
	await page.goto(`${world.site}/tags`);
	await page.bringToFront();
	await page.type("#filter", "c++");
	await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
	assert.deepEqual(
		await page.$$eval(".counted bdi", (tags) => tags.map((tag) => tag.textContent)),
		["c++"],
	);
	await page.close();
});
