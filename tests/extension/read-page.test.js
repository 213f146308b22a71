// What is read inside a page, tried inside real pages.

import assert from "node:assert/strict";
import { test } from "node:test";
import puppeteer from "puppeteer-core";
import { readPage } from "../../extension/shared/capture.js";

/** @type {import("puppeteer-core").Browser} */
let browser;
/** @type {import("puppeteer-core").Page} */
let page;

test.before(async () => {
	browser = await puppeteer.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
	});
	page = await browser.newPage();
});
test.after(() => browser.close());

/**
 * What a page says, with this text of its body selected.
 * @param {string} html
 * @param {{start: [selector: string, child: number, offset: number],
 *   end: [selector: string, child: number, offset: number]}} [selection]
 */
async function read(html, selection) {
	await page.setContent(html);
	await page.evaluate((range) => {
		if (!range) return;
		const place = (/** @type {[string, number, number]} */ [selector, child, offset]) => {
			const node = document.querySelector(selector)?.childNodes[child];
			if (!node) throw new Error(`${selector} has no child ${child}`);
			return /** @type {const} */ ([node, offset]);
		};
		getSelection()?.setBaseAndExtent(...place(range.start), ...place(range.end));
	}, selection);
	// As the browser does with a function that is injected: by its text alone.
	return /** @type {Promise<ReturnType<typeof readPage>>} */ (
		page.evaluate(`(${readPage})()`)
	);
}

test("a page that says nothing of itself", async () => {
	assert.deepEqual(await read("<p>x"), {});
});

test("description, site, language and date", async () => {
	const says = await read(`<html lang="de"><head>
		<meta name="Description" content=" Of the page ">
		<meta property="og:description" content="For others">
		<meta property="og:site_name" content="The site">
		<meta property="article:published_time" content="2025-03-01T10:00:00Z">`);
	assert.deepEqual(says, {
		excerpt: "Of the page",
		siteName: "The site",
		lang: "de",
		publishedAt: "2025-03-01T10:00:00Z",
	});
});

test("an empty description gives way to the one for others", async () => {
	const says = await read(
		`<meta name="description" content=" "><meta property="og:description" content="For others">`,
	);
	assert.equal(says.excerpt, "For others");
});

test("a date deep inside JSON-LD, behind JSON-LD that is broken", async () => {
	const linked = {
		"@graph": [{ "@type": "WebPage" }, { article: { datePublished: "2024-05-06" } }],
	};
	const says = await read(`<script type="application/ld+json">{broken</script>
		<script type="application/ld+json">${JSON.stringify(linked)}</script>`);
	assert.equal(says.publishedAt, "2024-05-06");
});

test("a date in a time element", async () => {
	const says = await read(
		`<time itemprop="datePublished" datetime="2023-01-02">then</time>`,
	);
	assert.equal(says.publishedAt, "2023-01-02");
});

const REPEATED = `<h1>A heading</h1>
	<p id="one">one two three four five six <b>the</b> cat sat on seven eight nine ten eleven</p>
	<script>const text = "the cat";</script>
	<p id="two">the cat again</p>
	<p id="three">said <i>the cat</i></p>`;

test("a selection that is there once needs no words around it", async () => {
	const { quote } = await read(REPEATED, { start: ["h1", 0, 2], end: ["h1", 0, 9] });
	assert.deepEqual(quote, { text: "heading" });
});

test("a repeated selection comes with the words around it, across inline elements", async () => {
	const { quote } = await read(REPEATED, { start: ["b", 0, 0], end: ["#one", 2, 4] });
	assert.deepEqual(quote, {
		text: "the cat",
		prefix: "two three four five six",
		suffix: "sat on seven eight nine",
	});
});

test("at a block's start the words before are the end of the block before, without scripts", async () => {
	const { quote } = await read(REPEATED, { start: ["#two", 0, 0], end: ["#two", 0, 7] });
	assert.deepEqual(quote, {
		text: "the cat",
		prefix: "seven eight nine ten eleven",
		suffix: "again",
	});
});

test("at the page's end there are no words after", async () => {
	const { quote } = await read(REPEATED, { start: ["i", 0, 0], end: ["i", 0, 7] });
	assert.deepEqual(quote, { text: "the cat", prefix: "said", suffix: "" });
});

test("white space alone is no selection", async () => {
	const { quote } = await read("<p>a   b", { start: ["p", 0, 1], end: ["p", 0, 3] });
	assert.equal(quote, undefined);
});
