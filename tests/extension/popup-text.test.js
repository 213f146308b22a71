// The popup's line about the page's text, and its list of quotes, in a real browser. The test takes
// the place of the background. Also the function that marks quotes in a page.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { findQuotes } from "../../extension/background/mark-quotes.js";

const extension = fileURLToPath(new URL("../../extension/", import.meta.url));
const messages = await readFile(
	path.join(extension, "_locales/en/messages.json"),
	"utf8",
);
const TYPES = /** @type {Record<string, string>} */ ({
	".html": "text/html",
	".js": "text/javascript",
	".css": "text/css",
});

const server = createServer(async (request, response) => {
	const name = new URL(request.url ?? "/", "http://localhost").pathname;
	try {
		const text = await readFile(path.join(extension, name));
		response.setHeader("content-type", TYPES[path.extname(name)] ?? "text/plain");
		response.end(text);
	} catch {
		response.writeHead(404).end();
	}
});
/** @type {import("puppeteer-core").Browser} */
let browser;
/** @type {import("puppeteer-core").Page} */
let page;

test.before(async () => {
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
	browser = await puppeteer.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
	});
	page = await browser.newPage();
	await page.evaluateOnNewDocument((texts) => {
		const scope = /** @type {any} */ (globalThis);
		Object.assign(scope, { sent: [], listeners: [] });
		const port = {
			onMessage: {
				addListener: (/** @type {any} */ listener) => scope.listeners.push(listener),
			},
			onDisconnect: { addListener() {} },
			postMessage: (/** @type {any} */ message) => scope.sent.push(message),
		};
		const messages = JSON.parse(texts);
		scope.browser = {
			i18n: {
				getMessage: (/** @type {string} */ key, /** @type {string[]} */ values = []) =>
					messages[key]?.message.replace(
						/\$(\d)/g,
						(/** @type {string} */ _, /** @type {string} */ n) => values[Number(n) - 1],
					) ?? "",
				getUILanguage: () => "en",
			},
			runtime: { connect: () => port },
			tabs: {
				query: async () => [{ id: 1, url: "https://example.org/a", title: "A title" }],
			},
		};
	}, messages);
});
test.after(async () => {
	await browser.close();
	server.close();
});
test.beforeEach(async () => {
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	await page.goto(`http://127.0.0.1:${port}/popup/popup.html`);
	await page.waitForSelector("body[data-parts=all]", { timeout: 10_000 });
});

/** @param {object} message */
const say = (message) =>
	page.evaluate((message) => {
		for (const listener of /** @type {any} */ (globalThis).listeners) listener(message);
	}, message);

/**
 * @param {string} summary
 * @param {object} [fields] Of the view's page.
 */
const showNote = (summary, fields = {}) =>
	say({
		turn: 0,
		view: {
			state: "saved",
			revision: 1,
			page: {
				note: { id: 1, url: "", title: "", tags: [], summary, savedAt: "2026-01-01" },
				created: true,
				samePage: null,
				removed: null,
				trashed: false,
				...fields,
			},
			leftover: null,
			leftoverSeen: false,
			canonical: null,
			trouble: null,
			cure: null,
			refusal: null,
			hindrance: null,
			siteUrl: "http://localhost:6683/",
			siteProblem: null,
			sync: null,
			unkept: false,
		},
	});

/** What is visible of an element: its texts and buttons. */
const seen = (/** @type {string} */ selector) =>
	page.$eval(selector, (box) =>
		[...box.querySelectorAll("button, p, span, summary, bdi")]
			.filter((part) => part.checkVisibility() && !part.querySelector("span"))
			.map((part) => part.textContent ?? "")
			.filter(Boolean),
	);

/** What the popup has sent, of these kinds. */
const sent = (/** @type {string} */ kind) =>
	page.evaluate(
		(kind) =>
			/** @type {any} */ (globalThis).sent.filter(
				(/** @type {any} */ message) => message.do === kind,
			),
		kind,
	);

/** The acts that the user has asked for. */
const acts = async () => (await sent("text")).map((/** @type {any} */ { act }) => act);

test("the popup watches the text once its parts are loaded, and reserves the line's space", async () => {
	assert.deepEqual(await sent("watchText"), [{ do: "watchText" }]);
	const height = () => page.evaluate(() => document.body.getBoundingClientRect().height);
	await showNote("");
	const before = await height();
	await say({ text: { is: "reading" } });
	await say({ text: { is: "kept", words: 1204, whole: true } });
	assert.equal(await height(), before);
	await say({ text: { is: "off" } });
	assert.ok((await height()) < before);
});

test("each state of the text has its sentence and its buttons", async () => {
	await showNote("");
	const never = "Never here";
	for (const [text, ...expected] of /** @type {[object, ...string[]][]} */ ([
		[{ is: "kept", words: 1204, whole: true }, "Text kept · 1,204 words", never, "×"],
		[{ is: "kept", words: 1, whole: true }, "Text kept · 1 word", never, "×"],
		[
			{ is: "kept", words: 40112, whole: false },
			"Beginning of the text kept · 40,112 words",
			never,
			"×",
		],
		[{ is: "waiting" }, "The text waits for the program", never, "×"],
		[{ is: "older" }, "The text you kept earlier stays", "Replace it"],
		[{ is: "removed", again: true }, "Text removed", "Keep it", never],
		[{ is: "removed", again: false }, "Text removed", never],
		[{ is: "unremoved" }, "The text couldn’t be removed", "×"],
		[{ is: "ask" }, "Keep the text?", "Keep", never],
		[{ is: "site" }, "No text of pages on example.org", "Allow again"],
		[{ is: "failed", message: "It is full." }, "No text: It is full."],
		[{ is: "none", why: "pdf" }, "No text: a PDF"],
		[{ is: "none", why: "password" }, "No text: the page asks for a password"],
		[{ is: "reading" }],
	])) {
		await say({ text });
		assert.deepEqual(await seen("#page-text"), expected, JSON.stringify(text));
	}
	await say({ text: { is: "kept", words: 2, whole: true } });
	await showNote("", { removed: "undone", trashed: true });
	assert.deepEqual(await seen("#page-text"), []);
});

test("a kept text can be opened with one click, and nothing else is a link", async () => {
	await showNote("");
	const link = () =>
		page.$eval("#text-says", (line) => line.querySelector("a")?.href ?? null);
	await say({ text: { is: "kept", words: 2, whole: true } });
	assert.equal(await link(), "http://localhost:6683/note/1/text");
	await say({ text: { is: "removed", again: true } });
	assert.equal(await link(), null);
	await say({ text: { is: "kept", words: 2, whole: true } });
	await showNote("", { removed: "undone", trashed: true });
	assert.equal(await link(), null);
});

test("the buttons and Alt+T ask the background", async () => {
	await showNote("");
	const altT = async () => {
		await page.keyboard.down("Alt");
		await page.keyboard.press("KeyT");
		await page.keyboard.up("Alt");
	};
	const kept = { is: "kept", words: 2, whole: true };
	for (const [text, use, act] of /** @type {[object, string, string][]} */ ([
		[kept, "#text-remove", "remove"],
		[kept, "#text-never", "never"],
		[{ is: "ask" }, "#text-act", "keep"],
		[{ is: "older" }, "#text-act", "force"],
		[{ is: "site" }, "#text-act", "allow"],
		[{ is: "removed", again: true }, "#text-act", "keep"],
		[kept, "Alt+T", "remove"],
		[{ is: "reading" }, "Alt+T", "remove"],
		[{ is: "removed", again: true }, "Alt+T", "keep"],
		[{ is: "ask" }, "Alt+T", "keep"],
	])) {
		await say({ text });
		await (use === "Alt+T" ? altT() : page.click(use));
		assert.equal((await acts()).at(-1), act, `${JSON.stringify(text)} ${use}`);
	}
	const before = (await acts()).length;
	for (const text of [
		{ is: "removed", again: false },
		// The longer text that stays isn't this page's.
		{ is: "older" },
		{ is: "none", why: "pdf" },
		{ is: "off" },
	]) {
		await say({ text });
		await altT();
	}
	assert.equal((await acts()).length, before);
});

test("a focused button that goes passes the focus on, so that the keyboard still works", async () => {
	await showNote("");
	await say({ text: { is: "kept", words: 2, whole: true } });
	await page.focus("#text-remove");
	await say({ text: { is: "removed", again: true } });
	const focused = () => page.evaluate(() => document.activeElement?.id);
	assert.equal(await focused(), "text-act");
	await say({ text: { is: "off" } });
	assert.equal(await focused(), "tags");
});

const QUOTES =
	"Mine.\n\n> one\n>\n> [Go to passage](<https://e.org/a#:~:text=be%20fore-,one>)\n\n> two";

test("the quotes of the note are listed and deleted one by one, with Undo", async () => {
	await showNote("");
	assert.deepEqual(await seen("#quotes"), []);
	await page.reload();
	await page.waitForSelector("body[data-parts=all]", { timeout: 10_000 });
	await showNote(QUOTES);
	assert.deepEqual(await seen("#quotes"), ["2 quotes", "Show on the page"]);
	await page.click("#quotes-count");
	const listed = () =>
		page.$$eval("#quotes-list bdi", (all) => all.map((item) => item.textContent));
	assert.deepEqual(await listed(), ["one", "two"]);
	await page.click("#quotes-list button");
	const edited = async () => (await sent("edit")).at(-1).edits.summary;
	assert.equal(await edited(), "Mine.\n\n> two");
	assert.deepEqual(await listed(), ["two"]);
	assert.deepEqual((await seen("#quotes")).slice(-2), ["Quote deleted", "Undo"]);
	await page.click("#undo-quote");
	assert.equal(await edited(), QUOTES);
	assert.deepEqual(await listed(), ["one", "two"]);
	// After typing, Undo adds the quote at the end and loses nothing.
	await page.click("#quotes-list button");
	await page.focus("#summary");
	await page.keyboard.press("End");
	await page.type("#summary", " More.");
	await page.click("#undo-quote");
	assert.match(await edited(), /More\.[\s\S]*\n\n> one\n>\n> \[Go to passage\]\(<https/);
});

test("the last quote's Undo stays reachable", async () => {
	await showNote("> only");
	await page.click("#quotes-count");
	await page.click("#quotes-list button");
	assert.equal(await page.evaluate(() => document.activeElement?.id), "undo-quote");
	await page.keyboard.press("Enter");
	assert.equal((await sent("edit")).at(-1).edits.summary, "> only");
});

test("quotes are shown on the page at a click, and the popup says how many were found", async () => {
	await showNote(QUOTES);
	await page.click("#show-quotes");
	assert.deepEqual(await sent("markQuotes"), [
		{
			do: "markQuotes",
			quotes: [
				{ text: "one", prefix: "be fore", suffix: "" },
				{ text: "two", prefix: "", suffix: "" },
			],
		},
	]);
	await say({ marked: 1 });
	assert.equal(
		await page.$eval("#quotes-say", ({ textContent }) => textContent),
		"1 of 2 quotes found",
	);
	await say({ marked: null });
	assert.equal(
		await page.$eval("#quotes-say", ({ textContent }) => textContent),
		"Quotes can’t be shown on this page",
	);
});

/**
 * Marks quotes in a page, and returns how many were found and what is marked.
 * @param {string} html
 * @param {{text: string, prefix?: string, suffix?: string}[]} quotes
 */
async function marked(html, quotes) {
	const other = await browser.newPage();
	try {
		await other.setContent(html);
		const places = quotes.map((quote) => ({ prefix: "", suffix: "", ...quote }));
		const found = await other.evaluate(findQuotes, places, "::highlight(x) {}");
		return await other.evaluate((found) => {
			const marks = /** @type {Range[]} */ ([
				...(CSS.highlights.get("url-notes-quotes") ?? []),
			]);
			const [first] = marks;
			const { top = -1 } = first?.getBoundingClientRect() ?? {};
			return {
				found,
				texts: marks.map((mark) => mark.toString().replace(/\s+/g, " ")),
				ids: marks.map((mark) => mark.startContainer.parentElement?.closest("[id]")?.id),
				isInView: top >= 0 && top < innerHeight,
			};
		}, found);
	} finally {
		await other.close();
	}
}

test("a quote is found across elements, line breaks, blocks and invisible characters", async () => {
	const html = `<p id=a>Some say the memory <b>is
		the</b><s style="display: none"> hidden</s> bot\u00adtleneck.</p><ul id=b><li>One</li><li>TWO</li></ul><script>"One Two"</script>`;
	assert.deepEqual(
		await marked(html, [
			{ text: "memory is the bottleneck" },
			{ text: "One\n\nTwo" },
			{ text: "not there" },
			{ text: " " },
		]),
		{
			found: 2,
			texts: ["memory is the hidden bot\u00adtleneck", "OneTWO"],
			ids: ["a", "b"],
			isInView: true,
		},
	);
});

test("a repeated quote is found by the text around it, where it is visible, and scrolled to", async () => {
	const html = `<p hidden id=never>the memory of all</p><p id=a>the memory is</p>
		<div style="height: 5000px"></div><p id=b>all the memory was</p><div style="height: 5000px"></div>`;
	for (const [quote, id] of /** @type {const} */ ([
		[{ text: "the memory" }, "a"],
		[{ text: "the memory", prefix: "all", suffix: "was" }, "b"],
		[{ text: "the memory", suffix: "of all" }, "a"],
	])) {
		const { found, ids, isInView } = await marked(html, [quote]);
		assert.deepEqual([found, ids, isInView], [1, [id], true], JSON.stringify(quote));
	}
});

test("a quote at the end of a very high paragraph is scrolled to", async () => {
	const html = `<div style="height: 3000px"></div><p>${"<br>".repeat(400)}start ${"<br>".repeat(400)}</p>
		<p>${"x<br>".repeat(500)}here at last</p>`;
	assert.deepEqual((await marked(html, [{ text: "here at last" }])).isInView, true);
});

test("marking again replaces the marks, and a page of 200,000 elements is searched", async () => {
	const many = "<i>x</i>".repeat(200_000);
	const { found } = await marked(`${many}<p>the <b>very</b> end`, [
		{ text: "the very end" },
		{ text: "xxxxxy" },
	]);
	assert.equal(found, 1);
});

test("a quote in a shadow tree, across its border and in its slot is found", async () => {
	const html = `<p id=a>Before <x-card><i id=c>the slot</i> of it</x-card> after</p><script>
		const root = document.querySelector("x-card").attachShadow({ mode: "open" });
		root.innerHTML = "<b id=b>In the shadow</b> and <slot></slot> <slot name=n>unused</slot>";
	</script>`;
	const { found, texts, ids } = await marked(html, [
		{ text: "the shadow and the slot of" },
		{ text: "before in" },
		{ text: "it unused after" },
	]);
	assert.equal(found, 3);
	assert.deepEqual(
		texts.map((text, at) => `${ids[at] ?? ""}: ${text}`),
		[
			...["a: Before ", "b: In"],
			...["b: the shadow and ", "c: the slot of"],
			...["a: it", ": unused", "a:  after"],
		],
	);
});
