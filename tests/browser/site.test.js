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

inEachBrowser("can be read with the keyboard only", async (world, browser) => {
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

inEachBrowser(
	"lists its keyboard shortcuts, and they can be turned off",
	async (world, browser) => {
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
	},
);

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

const LONG_TEXT = Array.from({ length: 9 }, (_, line) => `- Point ${line}`).join("\n");
const MANY_TAGS = Array.from({ length: 11 }, (_, number) => `tag ${number}`);

/**
 * Saves one note with a long text and eleven tags, and one with a short text and one tag.
 * @param {import("./test-environment.js").World} world
 */
async function saveLongAndShort(world) {
	const tags = MANY_TAGS.flatMap((tag) => ["--tag", tag]);
	const add = [
		"add",
		"https://example.org/long",
		"--title",
		"Long",
		"--summary",
		LONG_TEXT,
	];
	await world.command(...add, ...tags);
	await world.command(
		"add",
		"https://example.org/short",
		"--summary",
		"Short.",
		"--tag",
		"tag 0",
	);
	await world.siteAnswers();
}

/**
 * What a reader sees of the note called Long.
 * @param {Page} page
 */
const seenOfLong = (page) =>
	page.evaluate(() => {
		const articles = [...document.querySelectorAll("article")];
		const article = articles.find((one) => one.textContent?.includes("Long"));
		/** @param {string} selector */
		const texts = (selector) =>
			[...(article?.querySelectorAll(selector) ?? [])]
				.filter((element) => element.checkVisibility())
				.map((element) => element.textContent ?? "");
		const text = article?.querySelector(".clamped")?.getBoundingClientRect();
		return {
			tags: texts(".tags a"),
			links: texts(".show-more"),
			height: article?.getBoundingClientRect().height ?? 0,
			textHeight: text?.height ?? 0,
			dates: texts(".facts time"),
		};
	});

inEachBrowser(
	"shows four lines and six tags of a long note, and the rest on a click",
	async (world, browser) => {
		await saveLongAndShort(world);
		const page = await browser.open(`${world.site}/tag/tag%200`);
		await isReady(page);
		const before = await seenOfLong(page);
		assert.deepEqual(before.tags, [...MANY_TAGS.slice(0, 6), "+5"]);
		assert.deepEqual(before.links, ["More"]);
		assert.equal(await page.$$eval(".show-more", (links) => links.length), 1);
		assert.equal(before.dates[0], "just now");
		assert.match(
			(await page.$eval(".facts time", (time) => time.getAttribute("title"))) ?? "",
			/^\d{1,2} \w{3} \d{4}, \d\d:\d\d$/,
		);

		await page.click(".show-more");
		const whole = await seenOfLong(page);
		assert.ok(
			whole.textHeight > before.textHeight * 1.5,
			JSON.stringify([before, whole]),
		);
		assert.deepEqual(whole.links, ["Less"]);
		await page.click(".rest a");
		assert.deepEqual((await seenOfLong(page)).tags, MANY_TAGS);
		await focusIsAt(page, "tag 6");
		await page.close();
	},
);

inEachBrowser(
	"shows compact rows on each page once they are chosen",
	async (world, browser) => {
		await saveLongAndShort(world);
		const page = await browser.open(`${world.site}/`);
		await isReady(page);
		const cards = await seenOfLong(page);
		assert.ok(cards.height > 100, JSON.stringify(cards));
		await page.click("#compact");
		for (const address of ["/", "/tag/tag%200", "/all/0", "/site/example.org"]) {
			await page.goto(world.site + address);
			await isReady(page);
			const row = await seenOfLong(page);
			assert.equal(Math.round(row.height), 56, address);
			assert.deepEqual(row.links, [], address);
			assert.ok(await page.$eval("#compact", (box) => /** @type {any} */ (box).checked));
		}
		await page.click("#compact");
		await page.goto(`${world.site}/`);
		await isReady(page);
		assert.equal((await seenOfLong(page)).height, cards.height);
		await page.close();
	},
);

inEachBrowser(
	"has compact rows and links to all of a note without JavaScript",
	async (world, browser) => {
		await saveLongAndShort(world);
		const page = await browser.open();
		await page.setJavaScriptEnabled(false);
		await page.goto(`${world.site}/`);
		/** @param {string} selector */
		const leadsTo = async (selector) => {
			const links = await page.$$eval(selector, (found) =>
				found.map((link) => link.getAttribute("href")),
			);
			return links[0] ?? "";
		};
		const note = await leadsTo("article:last-of-type a[rel=bookmark]");
		assert.match(note, /^\/note\/\d+$/);
		assert.equal(await leadsTo(".show-more"), note);
		assert.equal(await leadsTo(".rest a"), note);
		const height = () =>
			page.$eval(
				"article:last-of-type",
				(article) => article.getBoundingClientRect().height,
			);
		assert.ok((await height()) > 100);
		await page.click("#compact");
		assert.equal(Math.round(await height()), 56);
		await page.close();
	},
	{ only: "Chromium" },
);
