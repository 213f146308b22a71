// The popup's page in a real browser. The test sends it views in place of the background.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

const extension = fileURLToPath(new URL("../../extension/", import.meta.url));
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
	await page.evaluateOnNewDocument(() => {
		const scope = /** @type {any} */ (globalThis);
		Object.assign(scope, { sent: [], closings: 0, listeners: [], endings: [] });
		scope.close = () => {
			scope.closings += 1;
		};
		const port = {
			onMessage: {
				addListener: (/** @type {any} */ listener) => scope.listeners.push(listener),
			},
			onDisconnect: {
				addListener: (/** @type {any} */ listener) => scope.endings.push(listener),
			},
			postMessage: (/** @type {any} */ message) => scope.sent.push(message),
		};
		scope.browser = {
			i18n: { getMessage: (/** @type {string} */ key) => key, getUILanguage: () => "en" },
			runtime: { connect: () => port },
			tabs: {
				query: async () => [
					{
						id: 1,
						url: sessionStorage.getItem("address") ?? "https://example.org/a",
						title: "A title",
					},
				],
			},
		};
	});
});
test.after(async () => {
	await browser.close();
	server.close();
});
test.beforeEach(async () => {
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	await page.goto(`http://127.0.0.1:${port}/popup/popup.html`);
	await page.waitForFunction(
		"sent.some((message) => message.do === 'open') && document.querySelector('#title').style.height",
		{ timeout: 10_000 },
	);
	await page.waitForSelector("body[data-parts=all]", { timeout: 10_000 });
});

/**
 * Shows the popup a view whose note has this text.
 * @param {number} revision
 * @param {string} summary
 * @param {object} [fields]
 */
const show = (revision, summary, fields = {}) =>
	page.evaluate(
		(view) => {
			const { listeners, sent } = /** @type {any} */ (globalThis);
			const turn = sent.findLast((/** @type {any} */ m) => m.do === "edit")?.turn ?? 0;
			const message = { view, turn };
			Object.assign(globalThis, { lastView: message });
			for (const listener of listeners) listener(message);
		},
		{
			state: "saved",
			revision,
			page: {
				note: {
					id: 1,
					url: "",
					title: "A title",
					tags: [],
					summary,
					savedAt: "2026-01-01",
				},
				created: true,
				samePage: null,
				removed: null,
				trashed: false,
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
			...fields,
		},
	);

const note = () =>
	page.$eval("#summary", (field) => {
		const { value, selectionEnd } = /** @type {HTMLTextAreaElement} */ (field);
		return { value, selectionEnd };
	});

test("metadata of a slow page is merged with text that is being typed, and the caret stays", async () => {
	await show(1, "");
	await page.type("#summary", "Great");
	await show(1, "Great");
	await page.type("#summary", " article");
	await show(2, "Great\n\n> q");
	assert.deepEqual(await note(), { value: "Great article\n\n> q", selectionEnd: 13 });
});

const compose = (/** @type {string} */ name) =>
	page.$eval(
		"#summary",
		(field, name) => field.dispatchEvent(new CompositionEvent(name, { bubbles: true })),
		name,
	);

test("a word that is being composed is neither ended by a late note nor by Ctrl and Enter", async () => {
	await show(1, "");
	await page.type("#summary", "Gre");
	await compose("compositionstart");
	await show(2, "> q");
	assert.equal((await note()).value, "Gre");
	const press = (/** @type {boolean} */ isComposing) =>
		page.$eval(
			"#summary",
			(field, isComposing) => {
				const init = { key: "Enter", ctrlKey: true, bubbles: true, isComposing };
				field.dispatchEvent(new KeyboardEvent("keydown", init));
				return /** @type {any} */ (globalThis).closings;
			},
			isComposing,
		);
	assert.equal(await press(true), 0);
	await compose("compositionend");
	assert.equal((await note()).value, "Gre\n\n> q");
	assert.equal(await press(false), 1);
});

test("two notes that arrive while a word is composed duplicate nothing", async () => {
	await show(1, "");
	await page.type("#summary", "Gre");
	await compose("compositionstart");
	await page.type("#summary", "at");
	await show(1, "Gre");
	await show(2, "Gre\n\n> one");
	await show(2, "Great\n\n> one");
	await show(3, "Great\n\n> one\n\n> two");
	await page.type("#summary", " day");
	await compose("compositionend");
	assert.deepEqual(await note(), {
		value: "Great day\n\n> one\n\n> two",
		selectionEnd: 9,
	});
});

test("related notes are requested again when a slow page names its canonical URL", async () => {
	const asked = () =>
		page.evaluate(
			() =>
				/** @type {any} */ (globalThis).sent.filter(
					(/** @type {any} */ message) => message.do === "findRelated",
				).length,
		);
	await show(1, "");
	await show(1, "");
	assert.equal(await asked(), 1);
	await show(1, "", { canonical: "https://example.org/b" });
	assert.equal(await asked(), 2);
});

test("Try again shows at once that it tries, and then the result", async () => {
	const button = () =>
		page.$eval("#try-again", (button) => [button.textContent, button.ariaDisabled]);
	const heard = () => page.$eval("#announcement", ({ textContent }) => textContent);
	await show(1, "", { state: "queued", trouble: "program_silent" });
	await page.click("#try-again");
	assert.deepEqual(await button(), ["trying", "true"]);
	assert.equal(await heard(), "trying");
	await page.click("#try-again");
	const asked = await page.evaluate(() => {
		const { listeners, sent } = /** @type {any} */ (globalThis);
		for (const listener of listeners) listener({ tried: true });
		return sent.filter((/** @type {any} */ message) => message.do === "tryHost").length;
	});
	assert.equal(asked, 1, "once at a time");
	await page.waitForFunction(
		"document.querySelector('#try-again').textContent === 'tryAgain'",
	);
	assert.deepEqual(await button(), ["tryAgain", null]);
	assert.equal(await heard(), "queued cause_program_silent");
});

test("says that the extension must be reloaded if the program is newer", async () => {
	const where = () => page.$eval("#cure-where", ({ textContent }) => textContent);
	const cure = "./install.sh";
	await show(1, "", { state: "queued", trouble: "host_too_new", cure });
	assert.equal(await where(), "cureWhereThenReload");
	await show(1, "", { state: "queued", trouble: "host_too_old", cure });
	assert.equal(await where(), "cureWhere");
});

test("the status has a tooltip with the exact date of an existing note", async () => {
	const status = () =>
		page.$eval("#status", (line) => [line.textContent, line.getAttribute("title")]);
	const note = {
		id: 1,
		url: "",
		title: "A title",
		tags: [],
		summary: "",
		savedAt: "2026-09-01T12:30:00.000Z",
	};
	const shown = { created: false, samePage: null, removed: null, trashed: false, note };
	await show(1, "", { page: shown });
	const [words, exact] = await status();
	assert.equal(words, "SavedBefore");
	assert.match(`${exact}`, /2026, \d\d:30$/);
	await show(2, "", { state: "queued", trouble: "program_silent" });
	assert.deepEqual(await status(), ["queued cause_program_silent", ""]);
});

test("links to the installation if no program is registered", async () => {
	const link = () =>
		page.$eval("#how-to-install", (link) =>
			link.checkVisibility() ? link.getAttribute("href") : null,
		);
	const cure = "./install.sh";
	for (const [trouble, href] of [
		["not_registered_or_program_missing", "../welcome/welcome.html"],
		["program_silent", null],
		["not_registered_or_not_allowed", "../welcome/welcome.html"],
		["host_too_old", null],
	]) {
		await show(1, "", { state: "queued", trouble, cure });
		assert.equal(await link(), href, `${trouble}`);
	}
});

test("the focus isn't lost when Try again succeeds, and a late Enter undoes nothing", async () => {
	await show(1, "", { state: "queued", trouble: "program_silent" });
	await page.focus("#try-again");
	await page.keyboard.press("Enter");
	await show(1, "");
	assert.equal(await page.evaluate(() => document.activeElement?.id), "tags");
	await page.keyboard.press("Enter");
	const sent = await page.evaluate(() =>
		/** @type {any} */ (globalThis).sent.map((/** @type {any} */ m) => m.do),
	);
	assert.ok(!sent.includes("undo"), sent.join(" "));
});

/**
 * Answers the popup's last request of a kind.
 * @param {object} message Its member `answers` names the request.
 */
const answer = (message) =>
	page.evaluate(
		(message) => {
			const { listeners, sent } = /** @type {any} */ (globalThis);
			const { turn } = sent.findLast((/** @type {any} */ m) => m.do === message.answers);
			for (const listener of listeners) listener({ ...message, turn });
		},
		/** @type {any} */ (message),
	);

/**
 * Answers the request for completions with tags that are on one note each.
 * @param {string[]} names
 */
const complete = (...names) =>
	answer({ answers: "complete", tags: names.map((name) => ({ name, count: 1 })) });

/** What the tag field shows: the rows, the highlighted one, the typed text and the tags. */
const tagField = () =>
	page.evaluate(() => {
		const input = /** @type {HTMLInputElement} */ (document.querySelector("#tags"));
		const active = input.getAttribute("aria-activedescendant");
		const rows = [...document.querySelectorAll("#completions li")];
		const chosen = [...document.querySelectorAll("#chosen [data-tag]")];
		return {
			rows: rows.map((row) =>
				row.className === "create"
					? `create ${row.getAttribute("data-tag")}`
					: row.getAttribute("data-tag"),
			),
			active: rows.findIndex((row) => row.id === active),
			selected: rows.findIndex((row) => row.ariaSelected === "true"),
			text: input.value,
			tags: chosen.map((tag) => tag.getAttribute("data-tag")),
		};
	});

/** @param {string[]} tags */
const tagsAre = async (...tags) => assert.deepEqual((await tagField()).tags, tags);

test("Tab in the empty tag field moves on and never adds a suggestion", async () => {
	await show(1, "");
	const suggestions = ["paper", "printing"].map((name) => ({
		name,
		score: 1,
		because: "",
		reason: "in_title",
	}));
	await answer({ answers: "suggest", suggestions });
	await page.focus("#tags");
	await page.keyboard.press("Tab");
	assert.notEqual(await page.evaluate(() => document.activeElement?.id), "tags");
	await tagsAre();
	await page.focus("#tags");
	await page.keyboard.press("Enter");
	assert.equal(await page.evaluate(() => document.activeElement?.id), "summary");
	await tagsAre();
});

for (const key of /** @type {const} */ (["Enter", "Tab"])) {
	test(`${key} takes the first completion, which is highlighted`, async () => {
		await show(1, "");
		await page.type("#tags", "hardw");
		await complete("hardware", "hardware design");
		assert.deepEqual(await tagField(), {
			rows: ["hardware", "hardware design", "create hardw"],
			active: 0,
			selected: 0,
			text: "hardw",
			tags: [],
		});
		await page.keyboard.press(key);
		await tagsAre("hardware");
		const after = await tagField();
		assert.deepEqual([after.text, after.rows], ["", []]);
		assert.equal(await page.evaluate(() => document.activeElement?.id), "tags");
	});

	test(`${key} waits for completions that are on their way`, async () => {
		await show(1, "");
		await page.type("#tags", "hardw");
		await page.keyboard.press(key);
		await tagsAre();
		await complete("hardware");
		await tagsAre("hardware");
	});
}

test("an Enter that waits applies to the text before the next key", async () => {
	await show(1, "");
	await page.type("#tags", "hardw");
	await page.keyboard.press("Enter");
	await page.keyboard.type("x");
	await tagsAre("hardw");
	assert.equal((await tagField()).text, "x");
});

test("Enter takes the text as typed where no completions arrive", async () => {
	await show(1, "");
	await page.type("#tags", "hardw");
	await page.keyboard.press("Enter");
	await page.waitForFunction("document.querySelector('#chosen [data-tag=hardw]')");
});

test("an exact match is the first row, and needs no row to create it", async () => {
	await show(1, "");
	await page.type("#tags", "gp");
	await complete("gpu", "gp");
	assert.deepEqual((await tagField()).rows, ["gp", "gpu"]);
	await page.keyboard.press("Enter");
	await tagsAre("gp");
	await page.type("#tags", "gp");
	await complete("gpu");
	assert.deepEqual((await tagField()).rows, ["gpu"], "it is chosen already");
});

test("the last row creates the tag as typed, by arrow or click", async () => {
	await show(1, "");
	await page.type("#tags", "Hardw");
	await complete("hardware");
	await page.keyboard.press("ArrowDown");
	assert.equal((await tagField()).active, 1);
	await page.keyboard.press("Enter");
	await tagsAre("hardw");
	await page.type("#tags", "soft");
	await complete("software");
	await page.click("#completions .create");
	await tagsAre("hardw", "soft");
	await page.type("#tags", "zzz");
	await complete();
	assert.deepEqual((await tagField()).rows, ["create zzz"]);
	await page.keyboard.press("Enter");
	await tagsAre("hardw", "soft", "zzz");
});

test("a comma and Ctrl+Enter take the text as typed, whatever is highlighted", async () => {
	await show(1, "");
	await page.type("#tags", "hardw");
	await complete("hardware");
	await page.keyboard.type(",");
	await tagsAre("hardw");
	await page.type("#tags", "soft");
	await complete("software");
	await page.keyboard.down("Control");
	await page.keyboard.press("Enter");
	await tagsAre("hardw", "soft");
	assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).closings), 0);
	await page.keyboard.press("Enter");
	await page.keyboard.up("Control");
	assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).closings), 1);
});

test("after Escape, Enter takes the text as typed", async () => {
	await show(1, "");
	await page.type("#tags", "hardw");
	await complete("hardware");
	await page.keyboard.press("Escape");
	assert.deepEqual((await tagField()).rows, []);
	await page.keyboard.press("Enter");
	await tagsAre("hardw");
});

test("the text left in the field is kept as typed", async () => {
	await show(1, "");
	await page.type("#tags", "hardw");
	await complete("hardware");
	const edits = await page.evaluate(
		() =>
			/** @type {any} */ (globalThis).sent.findLast(
				(/** @type {any} */ message) => message.do === "edit",
			).edits,
	);
	assert.deepEqual([edits.tags, edits.pending], [undefined, "hardw"]);
	await page.focus("#summary");
	await tagsAre("hardw");
});

test("implied tags are shown with the tag that brings them, as text", async () => {
	await show(1, "");
	const line = () =>
		page.$eval("#implied", (line) =>
			line.checkVisibility()
				? [...line.children].map((tag) => [tag.textContent, tag.getAttribute("title")])
				: null,
		);
	assert.equal(await line(), null);
	const implied = [
		{ name: "<b>מתכנתים", by: "rust" },
		{ name: "x".repeat(100), by: "rust" },
	];
	await answer({ answers: "suggest", suggestions: [], implied });
	assert.deepEqual(
		await line(),
		implied.map(({ name }) => [name, "impliedBy"]),
	);
	// The longest name neither widens the popup nor breaks the line.
	const height = await page.$eval("#implied", (line) => line.clientHeight);
	assert.ok(height > 0 && height < 30, `${height}`);
	assert.ok(
		await page.evaluate(
			() => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
		),
	);
	// A program that is older doesn't say.
	await answer({ answers: "suggest", suggestions: [] });
	assert.equal(await line(), null);
	await answer({ answers: "suggest", suggestions: [], implied });
	// The host is away: what it said of other tags may not hold.
	await show(2, "", { state: "queued", trouble: "program_silent" });
	assert.equal(await line(), null);
});

test("arrows in the empty field highlight suggestions, and Enter takes one", async () => {
	await show(1, "");
	const suggestions = ["paper", "printing"].map((name) => ({
		name,
		score: 1,
		because: "",
		reason: "in_title",
	}));
	await answer({ answers: "suggest", suggestions });
	await page.focus("#tags");
	const active = () =>
		page.evaluate(() => {
			const id = document.querySelector("#tags")?.getAttribute("aria-activedescendant");
			const option = document.querySelector("#suggestions [aria-selected=true]");
			return [id ?? null, option?.getAttribute("data-tag") ?? null];
		});
	assert.deepEqual(await active(), [null, null]);
	await page.keyboard.press("ArrowDown");
	assert.deepEqual(await active(), ["suggestion-0", "paper"]);
	await page.keyboard.press("ArrowDown");
	assert.deepEqual(await active(), ["suggestion-1", "printing"]);
	await page.keyboard.press("ArrowDown");
	assert.deepEqual(await active(), [null, null]);
	await page.keyboard.press("ArrowUp");
	assert.deepEqual(await active(), ["suggestion-1", "printing"]);
	await page.keyboard.press("Enter");
	await tagsAre("printing");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Escape");
	assert.deepEqual(await active(), [null, null]);
});

test("a completion with accents doesn't blink while it is typed without them", async () => {
	await show(1, "");
	await page.type("#tags", "caf");
	await page.evaluate(() => {
		const { listeners, sent } = /** @type {any} */ (globalThis);
		const { turn } = sent.findLast((/** @type {any} */ m) => m.do === "complete");
		const tags = ["café", "cafeteria"].map((name) => ({ name, count: 1 }));
		for (const listener of listeners) listener({ tags, turn });
	});
	const marked = () =>
		page.$$eval("#completions mark", (all) => all.map((e) => e.textContent));
	assert.deepEqual(await marked(), ["caf", "caf"]);
	await page.type("#tags", "e");
	assert.deepEqual(await marked(), ["café", "cafe"]);
	await page.type("#tags", "t");
	assert.deepEqual(await marked(), ["cafet"]);
});

test("an arrow key in the empty field requests completions and highlights one", async () => {
	const field = () =>
		page.$eval("#tags", (field) => [
			field.getAttribute("aria-activedescendant"),
			field.ariaExpanded,
		]);
	const answer = () =>
		page.evaluate(() => {
			const { listeners, sent } = /** @type {any} */ (globalThis);
			const { turn } = sent.findLast((/** @type {any} */ m) => m.do === "complete");
			const tags = ["one", "two"].map((name) => ({ name, count: 1 }));
			for (const listener of listeners) listener({ tags, turn });
		});
	await show(1, "");
	await page.focus("#tags");
	await page.keyboard.press("ArrowDown");
	await answer();
	assert.deepEqual(await field(), ["completion-0", "true"]);
	await page.keyboard.press("ArrowUp");
	assert.deepEqual(await field(), ["completion-1", "true"]);
	await page.keyboard.press("ArrowDown");
	assert.deepEqual(await field(), ["completion-0", "true"]);
	await page.keyboard.press("Escape");
	assert.deepEqual(await field(), [null, "false"]);
	assert.equal(await page.evaluate("closings"), 0, "the first Escape closes the list");
	await page.keyboard.down("Alt");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.up("Alt");
	await answer();
	assert.deepEqual(await field(), [null, "true"], "Alt goes nowhere");
	await page.keyboard.press("Escape");
	await page.keyboard.press("ArrowUp");
	await answer();
	assert.deepEqual(await field(), ["completion-1", "true"]);
	await page.keyboard.press("Enter");
	assert.deepEqual(
		await page.$$eval("#chosen [data-tag]", (all) => all.map((e) => e.textContent)),
		["two×"],
	);
	await page.keyboard.press("Escape");
	assert.equal(await page.evaluate("closings"), 1);
});

const preview = () => page.$eval("#preview", (element) => element.textContent);

/** The texts that the host was asked to render, and the last of these questions' numbers. */
const previewsAsked = () =>
	page.evaluate(() => {
		const { sent } = /** @type {any} */ (globalThis);
		const asked = sent.filter((/** @type {any} */ m) => m.do === "preview");
		return {
			texts: asked.map((/** @type {any} */ m) => m.text),
			turn: asked.at(-1)?.turn,
		};
	});

/**
 * Answers what was asked; waits until the popup has taken it in.
 * @param {number} turn
 * @param {unknown} nodes
 * @param {boolean} [outdated]
 */
const answerPreview = (turn, nodes, outdated = false) =>
	page.evaluate(
		async (message) => {
			const { listeners } = /** @type {any} */ (globalThis);
			for (const listener of listeners) listener(message);
			await import(/** @type {string} */ ("/popup/preview.js"));
			await new Promise((resolve) => setTimeout(resolve));
		},
		/** @type {any} */ ({ preview: { nodes, outdated }, turn }),
	);

test("a note is shown as typed until the host has rendered it", async () => {
	await show(1, "");
	await page.type("#summary", "Caching **halved** it.");
	await page.click("#preview-note");
	await page.waitForSelector("#preview .typed");
	assert.equal(await preview(), "Caching **halved** it.");
	assert.equal(await page.$eval("#preview", ({ ariaBusy }) => ariaBusy), "true");
	const { texts, turn } = await previewsAsked();
	assert.deepEqual(texts, ["Caching **halved** it."]);
	await answerPreview(turn, [
		{
			name: "p",
			children: ["Caching ", { name: "strong", children: ["halved"] }, " it."],
		},
	]);
	assert.equal(
		await page.$eval("#preview", ({ innerHTML }) => innerHTML),
		'<p dir="auto">Caching <strong>halved</strong> it.</p>',
	);
	assert.equal(await page.$eval("#preview", ({ ariaBusy }) => ariaBusy), null);
});

test("a preview of an earlier text isn't shown", async () => {
	await show(1, "");
	await page.type("#summary", "one");
	await page.click("#preview-note");
	const first = await previewsAsked();
	await page.click("#preview-note");
	await page.type("#summary", " two");
	await page.click("#preview-note");
	const second = await previewsAsked();
	assert.deepEqual(second.texts, ["one", "one two"]);
	await answerPreview(first.turn, [{ name: "p", children: ["one"] }]);
	assert.equal(await preview(), "one two");
	await answerPreview(second.turn, [{ name: "p", children: ["one two!"] }]);
	await answerPreview(first.turn, [{ name: "p", children: ["one"] }]);
	assert.equal(await preview(), "one two!");
});

test("a note that changes during its preview is rendered again", async () => {
	await show(1, "one");
	await page.click("#preview-note");
	await answerPreview((await previewsAsked()).turn, [{ name: "p", children: ["one"] }]);
	await show(2, "one\n\n> two");
	const { texts, turn } = await previewsAsked();
	assert.deepEqual(texts, ["one", "one\n\n> two"]);
	await answerPreview(turn, null);
	assert.match((await preview()) ?? "", /one\n\n> two$/);
});

test("a preview is requested again after the background restarted", async () => {
	await show(1, "one");
	await page.click("#preview-note");
	await page.evaluate(() => /** @type {any} */ (globalThis).endings[0]());
	const { texts, turn } = await previewsAsked();
	assert.deepEqual(texts, ["one", "one"]);
	await answerPreview(turn, [{ name: "p", children: ["rendered"] }]);
	assert.equal(await preview(), "rendered");
});

for (const [outdated, reason] of /** @type {const} */ ([
	[false, "previewUnreachable"],
	[true, "previewOutdated"],
])) {
	test(`without a host that renders a note is shown as typed, with a line: ${reason}`, async () => {
		await show(1, "");
		await page.type("#summary", "**a**\n  b <b>c</b>");
		await page.click("#preview-note");
		await answerPreview((await previewsAsked()).turn, null, outdated);
		assert.equal(await page.$eval(".reason", (line) => line.textContent), reason);
		assert.equal(
			await page.$eval(".typed", (text) => text.textContent),
			"**a**\n  b <b>c</b>",
		);
		assert.equal(await page.$$eval("#preview b", (all) => all.length), 0);
		assert.equal(
			await page.$eval("#announcement", ({ textContent }) => textContent),
			reason,
		);
	});
}

test("an empty note has nothing to preview", async () => {
	await show(1, "");
	await page.click("#preview-note");
	await answerPreview((await previewsAsked()).turn, []);
	assert.equal(await preview(), "previewEmpty");
});

test("the preview has only elements that a note may have, whatever the host sends", async () => {
	await show(1, "x");
	await page.click("#preview-note");
	const link = (/** @type {unknown} */ href) => ({ name: "a", href, children: ["link"] });
	await answerPreview((await previewsAsked()).turn, [
		{ name: "script", children: ["alert(1)"] },
		{ name: "img", src: "x", onerror: "alert(1)" },
		{ name: "svg", children: [{ name: "p", onclick: "alert(1)", children: ["p"] }] },
		{ name: "h1", children: ["h"] },
		{ name: "ol", start: '1" onclick="', children: [{ name: "li" }] },
		{ name: "ol", start: 7 },
		{ name: "td", align: "right evil", class: "evil", style: "color: red" },
		{ name: "td", align: "right", children: ["<b>1</b>"] },
		{ name: "task", done: true, children: ["<b>"] },
		link("javascript:alert(1)"),
		link("java\nscript:alert(1)"),
		link("data:text/html,x"),
		link("//evil.example"),
		link("/popup/popup.html"),
		link(undefined),
		link(["https://e.org/"]),
		{ ...link("https://e.org/?a=1&b"), title: '"t"', target: "_self", ping: "x" },
		link("mailto:a@e.org"),
	]);
	const safe = 'target="_blank" rel="noreferrer noopener"';
	assert.equal(
		await page.$eval("#preview", ({ innerHTML }) => innerHTML),
		'alert(1)<p dir="auto">p</p>h<ol><li dir="auto"></li></ol><ol start="7"></ol>' +
			'<td></td><td class="right">&lt;b&gt;1&lt;/b&gt;</td>' +
			'<span class="task" role="img" aria-label="taskDone">☑</span>' +
			"link".repeat(7) +
			`<a href="https://e.org/?a=1&amp;b" ${safe} title="&quot;t&quot;">link</a>` +
			`<a href="mailto:a@e.org" ${safe}>link</a>`,
	);
});

/** @param {object} fields Of the note. */
const noted = (fields) => ({
	page: {
		note: {
			id: 1,
			url: "https://example.org/a",
			title: "A title",
			tags: [],
			summary: "",
			savedAt: "2026-01-01",
			...fields,
		},
		created: false,
		samePage: null,
		removed: null,
		trashed: false,
	},
});

test("other addresses of the note open below the page's own, cut in the middle, without passwords", async () => {
	const long = `https://example.org/${"long/".repeat(40)}end`;
	await show(1, "", noted({ addresses: [] }));
	assert.equal(await page.$eval("#addresses", (part) => part.checkVisibility()), false);
	await show(
		2,
		"",
		noted({
			url: "https://jo:pazz0@example.org/first",
			addresses: ["https://example.org/a", long, "ftp://example.org/f"],
		}),
	);
	assert.equal(
		await page.$eval("#addresses-summary", (part) => part.textContent),
		"alsoSavedFrom_many",
	);
	assert.equal(
		await page.$eval("#addresses-list", (list) => list.checkVisibility()),
		false,
	);
	// By the keyboard, between title and tags.
	await page.focus("#title");
	await page.keyboard.press("Tab");
	assert.equal(
		await page.evaluate(() => document.activeElement?.id),
		"addresses-summary",
	);
	await page.keyboard.press("Enter");
	assert.equal(
		await page.$eval("#addresses-list", (list) => list.checkVisibility()),
		true,
	);
	const items = await page.$$eval("#addresses-list li > *", (items) =>
		items.map((item) => ({
			name: item.localName,
			title: item.getAttribute("title"),
			text: item.textContent ?? "",
		})),
	);
	assert.deepEqual(
		items.map(({ name, title }) => [name, title]),
		[
			["a", "https://example.org/first"],
			["a", long],
			["bdi", "ftp://example.org/f"],
		],
	);
	const [, cut] = items;
	assert.match(cut?.text ?? "", /^https:\/\/example\.org\/long.*….*end$/);
	assert.equal(cut?.text.length, 90);
	assert.ok(!(await page.content()).includes("pazz0"));
	// A view with nothing new leaves the list, and the focus in it, alone.
	await page.focus("#addresses-list a");
	await show(
		2,
		"",
		noted({ url: "https://example.org/first", addresses: [long, "ftp://example.org/f"] }),
	);
	assert.equal(
		await page.evaluate(() => document.activeElement?.textContent),
		"https://example.org/first",
	);
	await show(3, "", noted({ addresses: [long] }));
	assert.equal(
		await page.$eval("#addresses-summary", (part) => part.textContent),
		"alsoSavedFrom_one",
	);
});

test("the popup explains in the user's language why another address is the same page", async () => {
	const samePage = {
		url: "https://jo:pazz0@example.org/b",
		because: "same page without utm_source, over http",
	};
	const shown = (/** @type {string | undefined} */ reason) => {
		const view = noted({});
		return show(1, "", { page: { ...view.page, samePage: { ...samePage, reason } } });
	};
	for (const reason of ["form", "tracking", "place", "user_info", "spelling"]) {
		await shown(reason);
		assert.deepEqual(
			await page.$eval("#same-page", (line) => [
				line.textContent,
				line.getAttribute("title"),
			]),
			[`samePage_${reason}`, "Same page without utm_source, over http"],
		);
	}
});

test("the popup says whether a password in the address is hidden or was removed", async () => {
	const secret = () =>
		page.$eval("#secret", (line) => (line.checkVisibility() ? line.textContent : null));
	await page.evaluate(() =>
		sessionStorage.setItem("address", "https://jo:pazz0@example.org/a"),
	);
	await page.reload();
	await page.waitForFunction("sent.some((message) => message.do === 'open')");
	await page.waitForSelector("body[data-parts=all]", { timeout: 10_000 });
	await show(1, "");
	assert.equal(await secret(), "passwordInAddress");
	await page.evaluate(() => {
		const { listeners, lastView } = /** @type {any} */ (globalThis);
		for (const listener of listeners) listener({ ...lastView, stripped: true });
	});
	assert.equal(await secret(), "passwordRemoved");
	await page.evaluate(() => sessionStorage.clear());
});

const found = (/** @type {string[]} */ titles, fields = {}) => ({
	answers: "search",
	found: {
		notes: titles.map((title, at) => ({
			id: at + 1,
			url: `https://www.example.org/${at + 1}`,
			title,
			tags: ["a", "b", "c", "d"],
			savedAt: "2026-01-01T10:00:00.000Z",
			snippet: "",
		})),
		problems: [],
		away: null,
		siteUrl: "http://localhost:6683/",
		...fields,
	},
});

const searching = () =>
	page.evaluate(() => {
		const rows = [...document.querySelectorAll("#found li")];
		const active = document
			.querySelector("#query")
			?.getAttribute("aria-activedescendant");
		return {
			open: document.querySelector("#query")?.checkVisibility() ?? false,
			focused: document.activeElement?.id,
			rows: rows.map((row) => row.querySelector(".name")?.textContent),
			active: rows.findIndex(({ id }) => id === active),
			says: document.querySelector("#search-says")?.textContent,
		};
	});

const searchOpens = () =>
	page.waitForFunction("document.activeElement?.id === 'query'", { timeout: 10_000 });

test("Ctrl+K, the slash in the empty tag field and the button open the search", async () => {
	await show(1, "");
	await page.focus("#summary");
	await page.keyboard.down("Control");
	await page.keyboard.press("k");
	await page.keyboard.up("Control");
	await searchOpens();
	await page.keyboard.press("Escape");
	assert.equal((await searching()).open, false);
	assert.equal((await searching()).focused, "tags");
	await page.keyboard.type("/");
	await searchOpens();
	await page.keyboard.press("Escape");
	await page.click("#find");
	await searchOpens();
	await page.keyboard.press("Escape");
	assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).closings), 0);
	await page.type("#tags", "a/b");
	assert.equal((await tagField()).text, "a/b");
	assert.equal((await searching()).open, false);
});

test("the search highlights the first result, drops stale answers and opens with Enter", async () => {
	await show(1, "");
	await page.evaluate(() => {
		const scope = /** @type {any} */ (globalThis);
		scope.opened = [];
		scope.browser.tabs.create = async (/** @type {any} */ { url }) =>
			scope.opened.push(url);
	});
	await page.click("#find");
	await searchOpens();
	await answer(found(["Newest"]));
	assert.equal((await searching()).active, -1, "nothing was typed yet");
	await page.keyboard.type("gpu");
	await page.evaluate(
		(message) => {
			for (const listener of /** @type {any} */ (globalThis).listeners)
				listener({ ...message, turn: 1 });
		},
		found(["Stale"]),
	);
	assert.deepEqual((await searching()).rows, ["Newest"]);
	await answer(found(["One", "Two"]));
	assert.deepEqual((await searching()).rows, ["One", "Two"]);
	assert.equal((await searching()).active, 0);
	assert.equal(
		await page.$eval("#found li .more", (line) =>
			[...line.children].map(({ textContent }) => textContent).join("|"),
		),
		`example.org|${await page.$eval("#found time", (time) => time.textContent)}|a|b|c`,
	);
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	await page.keyboard.down("Control");
	await page.keyboard.press("Enter");
	await page.keyboard.up("Control");
	// Enter waits for the answer to what was typed last.
	await page.keyboard.type("s");
	await page.keyboard.press("Enter");
	await answer(found(["Three"]));
	assert.deepEqual(await page.evaluate(() => /** @type {any} */ (globalThis).opened), [
		"https://www.example.org/2",
		"http://localhost:6683/note/2",
		"https://www.example.org/1",
	]);
	assert.equal(
		await page.$eval("#all-results", (link) => link.getAttribute("href")),
		"http://localhost:6683/search?q=gpus",
	);
});

test("the search says what it didn't understand, and why it can't search", async () => {
	await show(1, "");
	await page.click("#find");
	await searchOpens();
	await page.keyboard.type("before:x");
	const problem = { kind: "no_date", part: "before:x", message: "No date." };
	await answer(found([], { problems: [problem] }));
	assert.equal((await searching()).says, "problem_no_date noMatches");
	await page.keyboard.type("y");
	await answer(found([], { away: "not_allowed", siteUrl: null }));
	assert.equal((await searching()).says, "notConnected cause_not_allowed");
	assert.equal(await page.$eval("#all-results", (link) => link.checkVisibility()), false);
});

test("on a page that can't be saved the search has the focus, and the site is linked", async () => {
	await page.evaluate(() => sessionStorage.setItem("address", "about:blank"));
	await page.reload();
	await searchOpens();
	await page.evaluate(() => sessionStorage.clear());
	await answer(found(["Newest"]));
	assert.equal(
		await page.$eval("#open-site", (link) =>
			link.checkVisibility() ? link.getAttribute("href") : null,
		),
		"http://localhost:6683/",
	);
	await page.keyboard.press("Escape");
	assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).closings), 1);
});

test("once a page has tags, the site's home is linked too", async () => {
	const home = () => page.$eval("#home", (link) => link.checkVisibility());
	const view = noted({ tags: ["gpu"] });
	await show(1, "", view);
	assert.equal(await home(), true);
});

test("the page's changed title is offered, and becomes the note's by one click", async () => {
	const page1 = {
		note: null,
		created: false,
		samePage: null,
		removed: null,
		trashed: false,
	};
	const offer = (/** @type {string | null} */ newTitle, /** @type {number} */ revision) =>
		show(revision, "", {
			page: {
				...page1,
				note: {
					id: 1,
					url: "",
					title: "Mine",
					tags: [],
					summary: "",
					savedAt: "2026-01-01",
				},
				newTitle,
			},
		});
	await offer(null, 1);
	assert.equal(await page.$("#new-title"), null);
	await offer("Now another", 2);
	await page.waitForSelector("#new-title button");
	assert.equal(
		await page.$eval("#title", (field) => Reflect.get(field, "value")),
		"Mine",
	);
	await page.click("#new-title button");
	assert.equal(
		await page.$eval("#title", (field) => Reflect.get(field, "value")),
		"Now another",
	);
	assert.equal(await page.$("#new-title"), null);
	const edits = await page.evaluate(
		() =>
			/** @type {any} */ (globalThis).sent.findLast(
				(/** @type {any} */ m) => m.do === "edit",
			).edits,
	);
	assert.equal(edits.title, "Now another");
	// The next view still has it, and the field too.
	await offer("Now another", 3);
	await page.waitForFunction("!document.querySelector('#new-title')");
});

test("suggestions are requested again after the background restarted", async () => {
	const asked = () =>
		page.evaluate(
			() =>
				/** @type {any} */ (globalThis).sent.filter((/** @type {any} */ m) =>
					["suggest", "findRelated"].includes(m.do),
				).length,
		);
	await show(1, "one", { siteUrl: "http://localhost:6683/" });
	assert.equal(await asked(), 2);
	await page.evaluate(() => /** @type {any} */ (globalThis).endings[0]());
	await show(1, "one", { siteUrl: "http://localhost:6683/" });
	assert.equal(await asked(), 4);
});

test("the short link of a quote is copied and cut as it is stored", async () => {
	const link = "[Go to passage](<https://example.org/a#:~:text=words>)";
	await show(1, `> words\n>\n> ${link}`);
	const put = (/** @type {"copy" | "cut"} */ type) =>
		page.$eval(
			"#summary",
			(element, type) => {
				const field = /** @type {HTMLTextAreaElement} */ (element);
				field.focus();
				field.select();
				const event = new ClipboardEvent(type, {
					clipboardData: new DataTransfer(),
					cancelable: true,
				});
				field.dispatchEvent(event);
				return [event.clipboardData?.getData("text/plain"), field.value];
			},
			type,
		);
	// The focus has added the empty lines in which the user's own text starts.
	const short = "> words\n>\n> [Go to passage](#1)\n\n";
	const whole = `> words\n>\n> ${link}\n\n`;
	assert.deepEqual(await put("copy"), [whole, short]);
	assert.deepEqual(await put("cut"), [whole, ""]);
});

test("the link of a quote is short in the field, and whole in what is sent", async () => {
	const address = `https://example.org/a#:~:text=${"word%20".repeat(60)}end`;
	const quote = `> words\n>\n> [Go to passage](<${address}>)`;
	const value = () => page.$eval("#summary", (field) => Reflect.get(field, "value"));
	const sent = () =>
		page.evaluate(
			() =>
				/** @type {any} */ (globalThis).sent.findLast(
					(/** @type {any} */ m) => m.do === "edit",
				).edits.summary,
		);
	await show(1, quote);
	assert.equal(await value(), "> words\n>\n> [Go to passage](#1)");
	assert.equal(await sent(), undefined);
	await page.focus("#summary");
	await page.keyboard.press("End");
	await page.keyboard.down("Control");
	await page.keyboard.press("End");
	await page.keyboard.up("Control");
	await page.keyboard.type("Mine.");
	assert.equal(await sent(), `${quote}\n\nMine.`);
	await page.click("#preview-note");
	const text = await page.evaluate(
		() =>
			/** @type {any} */ (globalThis).sent.findLast(
				(/** @type {any} */ m) => m.do === "preview",
			).text,
	);
	assert.equal(text, `${quote}\n\nMine.`);
	// It is saved, and a second quote arrives.
	await show(1, `${quote}\n\nMine.`);
	const other = quote.replace("words", "more").replace("end>", "other>");
	await show(2, `${quote}\n\nMine.\n\n${other}`);
	assert.equal(
		await value(),
		"> words\n>\n> [Go to passage](#1)\n\nMine.\n\n> more\n>\n> [Go to passage](#2)",
	);
});
