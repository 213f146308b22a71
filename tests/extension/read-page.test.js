// What `readPage` finds in pages, in a real browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import puppeteer from "puppeteer-core";
import { readPage } from "../../extension/background/read-page.js";

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

test("a page without metadata", async () => {
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

test("og:description replaces an empty description", async () => {
	const says = await read(
		`<meta name="description" content=" "><meta property="og:description" content="For others">`,
	);
	assert.equal(says.excerpt, "For others");
});

test("the first paragraphs of a page without a description", async () => {
	const long = (/** @type {string} */ word) =>
		`${word} is a word that begins a ${"long ".repeat(9)}text.`;
	const body = `<p>${long("Menu")}</p><main><h1>Title</h1><p>By A. Writer</p>
		<p>${long("One")}</p><p>${long("Two")}</p><p>${long("Three")}</p><p>${long("Four")}</p><p>${long("Five")}</p></main>`;
	const { opening = "" } = await read(body);
	assert.match(opening, /^One is a word .* Two is a word /);
	assert.doesNotMatch(opening, /Menu|Writer|Five/);
	assert.equal(opening.length <= 300, true);
	assert.match((await read(`<p>${long("Only")}</p>`)).opening ?? "", /^Only is/);
	const described = await read(`<meta name="description" content="Of the page">${body}`);
	assert.equal(described.opening, undefined);
});

test("a date deep inside JSON-LD, behind JSON-LD that is broken", async () => {
	const linked = {
		"@graph": [{ "@type": "WebPage" }, { article: { datePublished: "2024-05-06" } }],
	};
	const says = await read(`<script type="application/ld+json">{broken</script>
		<script type="application/ld+json">${JSON.stringify(linked)}</script>`);
	assert.equal(says.publishedAt, "2024-05-06");
});

test("JSON-LD: objects about the page come before others", async () => {
	const linked = [
		{ "@type": "Comment", datePublished: "2020-01-01" },
		{
			"@type": ["NewsArticle"],
			datePublished: "2024-05-06",
			description: "About it",
			publisher: { "@type": "Organization", name: "The paper" },
		},
	];
	const says = await read(
		`<script type="application/ld+json">${JSON.stringify(linked)}</script>`,
	);
	assert.deepEqual(says, {
		publishedAt: "2024-05-06",
		excerpt: "About it",
		siteName: "The paper",
	});
});

test("JSON-LD that is huge, deep or nonsense doesn't affect other metadata", async () => {
	const many = JSON.stringify(Array(300_000).fill(0));
	const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
	const nonsense = `{"datePublished": {"name": [1]}, "@type": "Article", "publisher": [null, 3]}`;
	for (const json of [many, deep, nonsense, "null", '"x"', ""]) {
		const says = await read(
			`<html lang="en"><script type="application/ld+json">${json}</script>`,
		);
		assert.deepEqual(says, { lang: "en" });
	}
});

for (const [head, says] of /** @type {const} */ ([
	['<meta name="DC.date.issued" content="2019-04-03">', { publishedAt: "2019-04-03" }],
	['<meta name="dcterms.created" content="2019">', { publishedAt: "2019" }],
	['<meta name="parsely-pub-date" content="2018-01-02">', { publishedAt: "2018-01-02" }],
	['<meta name="application-name" content="The app">', { siteName: "The app" }],
	['<meta http-equiv="Content-Language" content="fr, en">', { lang: "fr" }],
	['<meta property="og:locale" content="pt_BR">', { lang: "pt-BR" }],
	[
		'<link rel="alternate canonical" href="https://e.org/a">',
		{ canonical: "https://e.org/a" },
	],
	[
		'<meta property="og:url" content="https://e.org/b">',
		{ canonical: "https://e.org/b" },
	],
	[
		'<article><time datetime="2017-06-05">June</time><time datetime="2020-01-01">Now</time></article>',
		{ publishedAt: "2017-06-05" },
	],
	['<article><time datetime="2017-06-05">One</time></article><article>Two</article>', {}],
])) {
	test(`${head} says ${JSON.stringify(says)}`, async () => {
		assert.deepEqual(await read(head), says);
	});
}

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
	assert.deepEqual(quote, { text: "the cat", prefix: "said" });
});

test("a selection that cuts a word comes with the rest of it", async () => {
	const { quote } = await read(REPEATED, { start: ["h1", 0, 4], end: ["h1", 0, 7] });
	assert.deepEqual(quote, { text: "adi", prefix: "A he", suffix: "ng" });
});

test("invisible words don't count as text around a selection", async () => {
	const { quote } = await read(
		"<p id=a>x x</p><p id=b>one <span hidden>two</span> <s style='visibility:hidden'>three</s> x four",
		{ start: ["#b", 4, 1], end: ["#b", 4, 2] },
	);
	assert.deepEqual(quote, { text: "x", prefix: "one", suffix: "four" });
});

test("takes more words if the nearest ones are repeated too", async () => {
	const line =
		"and so on it goes and on and on until the cat sat on the mat and so on it goes";
	const { quote } = await read(`<p id=a>first ${line}</p><p id=b>second ${line}</p>`, {
		start: ["#b", 0, 7 + line.indexOf("cat")],
		end: ["#b", 0, 7 + line.indexOf("cat") + 3],
	});
	assert.match(quote?.prefix ?? "", /^second and so on/);
});

test("a selection of several blocks is identified by the words at its ends", async () => {
	const { quote } = await read(
		`<h2 id=a>The intro</h2><p>Some words here.</p><p id=z>End</p>
		<h2 id=b>The intro</h2><p>Other words there.</p><p id=c>End</p><p>After all</p>`,
		{ start: ["#b", 0, 0], end: ["#c", 0, 3] },
	);
	assert.deepEqual(quote?.prefix, "End");
	assert.deepEqual(quote?.suffix, "After all");
	assert.match(quote?.text ?? "", /^The intro\n+Other words there\.\n+End$/);
});

test("a selection in a page of a hundred thousand elements is read in time", async () => {
	const { quote } = await read(
		`<p id=a>the very first</p>${"<b>x </b>".repeat(100_000)}`,
		{
			start: ["#a", 0, 4],
			end: ["#a", 0, 8],
		},
	);
	assert.equal(quote?.text, "very");
});

test("white space isn't a selection", async () => {
	const { quote } = await read("<p>a   b", { start: ["p", 0, 1], end: ["p", 0, 3] });
	assert.equal(quote, undefined);
});

test("a page made to break readers loses neither the selection nor its other metadata", async () => {
	const hostile = `<script type="application/ld+json">
		{"@type": {"toString": 1, "valueOf": 1}, "description": "x"}</script>`;
	const selection = /** @type {Parameters<typeof read>[1]} */ ({
		start: ["p", 0, 0],
		end: ["p", 0, 5],
	});
	const says = await read(
		`<html lang="en"><head><meta name="description" content="About it">${hostile}<p>words here`,
		selection,
	);
	assert.equal(says.quote?.text, "words");
	assert.equal(says.excerpt, "About it");
	// Its own words for the document's are worse, but not for the quote.
	const clobbered = await read("<img name=querySelectorAll><p>words here", selection);
	assert.equal(clobbered.quote?.text, "words");
});

test("the titles in the metadata are found beside the page's own", async () => {
	await page.goto("data:text/html,x");
	const html = `<title>[1706.03762] Tea</title><meta name="citation_title" content="Tea">
		<meta property="og:title" content="On tea"><meta name="twitter:title" content="Tea">
		<script type="application/ld+json">{"@type": "Article", "headline": "Of tea"}</script>`;
	// Only web pages have a title of their own.
	assert.equal((await read(html)).otherTitles, undefined);
	await page.setRequestInterception(true);
	const answer = (/** @type {import("puppeteer-core").HTTPRequest} */ request) =>
		request.respond({ contentType: "text/html; charset=utf-8", body: html });
	page.on("request", answer);
	await page.goto("http://example.org/a");
	const found = await /** @type {Promise<ReturnType<typeof readPage>>} */ (
		page.evaluate(`(${readPage})()`)
	);
	page.off("request", answer);
	await page.setRequestInterception(false);
	assert.equal(found.title, "[1706.03762] Tea");
	assert.deepEqual(found.otherTitles, ["Tea", "On tea", "Of tea"]);
});
