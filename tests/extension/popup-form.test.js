// The popup's own page in a real browser, shown views by the test in the background's place.

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
		const event = { addListener() {} };
		Object.assign(scope, { told: [], closings: 0, listeners: [] });
		scope.close = () => {
			scope.closings += 1;
		};
		const port = {
			onMessage: {
				addListener: (/** @type {any} */ listener) => scope.listeners.push(listener),
			},
			onDisconnect: event,
			postMessage: (/** @type {any} */ message) => scope.told.push(message),
		};
		scope.browser = {
			i18n: { getMessage: (/** @type {string} */ key) => key, getUILanguage: () => "en" },
			runtime: { connect: () => port },
			tabs: {
				query: async () => [{ id: 1, url: "https://example.org/a", title: "A title" }],
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
		"told.some((message) => message.do === 'open') && document.querySelector('#title').style.height",
		{ timeout: 10_000 },
	);
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
			const { listeners, told } = /** @type {any} */ (globalThis);
			const turn = told.findLast((/** @type {any} */ m) => m.do === "edit")?.turn ?? 0;
			for (const listener of listeners) listener({ view, turn });
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
			unkept: false,
			...fields,
		},
	);

const note = () =>
	page.$eval("#summary", (field) => {
		const { value, selectionEnd } = /** @type {HTMLTextAreaElement} */ (field);
		return { value, selectionEnd };
	});

test("what a slow page says joins what is being typed, and the caret stays", async () => {
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

test("two late notes while a word is composed double nothing that was saved meanwhile", async () => {
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

test("another note of the page is asked for when a slow page names its address", async () => {
	const asked = () =>
		page.evaluate(
			() =>
				/** @type {any} */ (globalThis).told.filter(
					(/** @type {any} */ message) => message.do === "lookAround",
				).length,
		);
	await show(1, "");
	await show(1, "");
	assert.equal(await asked(), 1);
	await show(1, "", { canonical: "https://example.org/b" });
	assert.equal(await asked(), 2);
});

test("Try again says at once that it tries, and then what came of it", async () => {
	const button = () =>
		page.$eval("#try-again", (button) => [button.textContent, button.ariaDisabled]);
	const heard = () => page.$eval("#announcement", ({ textContent }) => textContent);
	await show(1, "", { state: "queued", trouble: "program_silent" });
	await page.click("#try-again");
	assert.deepEqual(await button(), ["trying", "true"]);
	assert.equal(await heard(), "trying");
	await page.click("#try-again");
	const asked = await page.evaluate(() => {
		const { listeners, told } = /** @type {any} */ (globalThis);
		for (const listener of listeners) listener({ tried: true });
		return told.filter((/** @type {any} */ message) => message.do === "tryHost").length;
	});
	assert.equal(asked, 1, "once at a time");
	await page.waitForFunction(
		"document.querySelector('#try-again').textContent === 'tryAgain'",
	);
	assert.deepEqual(await button(), ["tryAgain", null]);
	assert.equal(await heard(), "queued cause_program_silent");
});

test("says that the extension is to be loaded anew where the program is newer", async () => {
	const where = () => page.$eval("#cure-where", ({ textContent }) => textContent);
	const cure = "./install.sh";
	await show(1, "", { state: "queued", trouble: "host_too_new", cure });
	assert.equal(await where(), "cureWhereThenReload");
	await show(1, "", { state: "queued", trouble: "host_too_old", cure });
	assert.equal(await where(), "cureWhere");
});

test("has the exact date of a note that was saved before in the status's tooltip", async () => {
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

test("leads to the page that says how to install it where no program is registered", async () => {
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

test("the focus isn't lost where Try again has helped", async () => {
	await show(1, "", { state: "queued", trouble: "program_silent" });
	await page.focus("#try-again");
	await page.keyboard.press("Enter");
	await show(1, "");
	assert.equal(await page.evaluate(() => document.activeElement?.id), "undo");
});

test("says that a tag is new where none in use fits what is typed", async () => {
	/** @param {object} message */
	const tell = (message) =>
		page.evaluate(
			(message) => {
				const { listeners, told } = /** @type {any} */ (globalThis);
				const { turn } = told.findLast(
					(/** @type {any} */ m) => m.do === message.answers,
				);
				for (const listener of listeners) listener({ ...message, turn });
			},
			/** @type {any} */ (message),
		);
	const why = () => page.$eval("#why", ({ textContent }) => textContent);
	const offered = () =>
		page.$$eval("#suggestions li", (all) => all.map(({ textContent }) => textContent));
	await show(1, "");
	const suggestions = [{ name: "paper", score: 1, because: "", reason: "in_title" }];
	await tell({ answers: "suggest", suggestions });
	assert.deepEqual([await offered(), await why()], [["paper"], "suggestedBecause Tab"]);
	await page.type("#tags", "gp");
	assert.equal(await why(), "", "nobody knows yet");
	await tell({ answers: "complete", tags: [{ name: "gpu", count: 1 }] });
	assert.equal(await why(), "");
	await page.type("#tags", "x");
	await tell({ answers: "complete", tags: [] });
	assert.equal(await why(), "newTaggpx");
	await page.keyboard.press("Enter");
	assert.deepEqual([await offered(), await why()], [["paper"], "suggestedBecause Tab"]);
});

test("a completion with accents doesn't blink while it is typed without them", async () => {
	await show(1, "");
	await page.type("#tags", "caf");
	await page.evaluate(() => {
		const { listeners, told } = /** @type {any} */ (globalThis);
		const { turn } = told.findLast((/** @type {any} */ m) => m.do === "complete");
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

test("goes to completions that were asked for by an arrow, and back to the text", async () => {
	const field = () =>
		page.$eval("#tags", (field) => [
			field.getAttribute("aria-activedescendant"),
			field.ariaExpanded,
		]);
	const answer = () =>
		page.evaluate(() => {
			const { listeners, told } = /** @type {any} */ (globalThis);
			const { turn } = told.findLast((/** @type {any} */ m) => m.do === "complete");
			const tags = ["one", "two"].map((name) => ({ name, count: 1 }));
			for (const listener of listeners) listener({ tags, turn });
		});
	await show(1, "");
	await page.focus("#tags");
	await page.keyboard.press("ArrowDown");
	await answer();
	assert.deepEqual(await field(), ["completion-0", "true"]);
	await page.keyboard.press("ArrowUp");
	assert.deepEqual(await field(), [null, "true"]);
	await page.keyboard.press("ArrowUp");
	assert.deepEqual(await field(), ["completion-1", "true"]);
	await page.keyboard.press("Home");
	assert.deepEqual(await field(), [null, "true"], "what Enter takes is what is typed");
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
