// Real browsers read exported files, and their own exports are imported.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import puppeteer from "puppeteer-core";
import { PREFERENCES, windowScope } from "./driver/firefox.js";
import { close } from "./driver/kill.js";
import { TEST_HANGS_MS, until } from "./driver/until.js";
import { builtProgram } from "./program.js";

/** @typedef {{ url: string, title: string, tags: string[], summary: string, savedAt: string }} Note */

/**
 * A folder for all that a test needs.
 * @param {import("node:test").TestContext} t
 */
async function folderOf(t) {
	const folder = await mkdtemp(path.join(tmpdir(), "url-notes-transfer-"));
	t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
	return folder;
}

/** The command line on the notes of a folder. @param {string} data @param {...string} words */
async function run(data, ...words) {
	const { stdout } = await promisify(execFile)(builtProgram, [
		"--data-dir",
		data,
		...words,
	]);
	return stdout;
}

/** @param {string} data @returns {Promise<Note[]>} */
const notes = async (data) => JSON.parse(await run(data, "list", "--json"));

/** @param {Note[]} notes */
const told = (notes) =>
	notes
		.map(({ url, title, tags, savedAt }) => ({
			url,
			title,
			tags: [...tags].sort(),
			// Bookmark files have seconds.
			savedAt: savedAt.slice(0, 19),
		}))
		.sort((a, b) => (a.url < b.url ? -1 : 1));

// Runs in Firefox's window.
/** @param {string} html @param {string} exportedHtml @param {string} exportedJson */
async function throughFirefox(html, exportedHtml, exportedJson) {
	const { ChromeUtils } = /** @type {any} */ (window);
	/** @param {string} name */
	const load = (name) =>
		ChromeUtils.importESModule(`resource://gre/modules/${name}.sys.mjs`);
	const { BookmarkHTMLUtils } = load("BookmarkHTMLUtils");
	const { BookmarkJSONUtils } = load("BookmarkJSONUtils");
	const { PlacesUtils } = load("PlacesUtils");
	await BookmarkHTMLUtils.importFromFile(html, { replace: true });
	await BookmarkHTMLUtils.exportToFile(exportedHtml);
	await BookmarkJSONUtils.exportToFile(exportedJson);
	const tree = await PlacesUtils.promiseBookmarksTree("", { includeItemIds: false });
	/** @type {any[]} */
	const found = [];
	const open = [tree];
	for (let node = open.pop(); node; node = open.pop()) {
		if (node.uri) found.push(node);
		open.push(...(node.children ?? []));
	}
	return found;
}

const limit = { timeout: TEST_HANGS_MS };

test(
	"Firefox reads bookmarks that are exported, and what Firefox exports is imported",
	limit,
	async (t) => {
		const folder = await folderOf(t);
		const data = path.join(folder, "data");
		await run(data, "add", "https://a.example/?x=1&y=2", "--title", 'A & <B> "C"');
		await run(
			data,
			"add",
			"https://b.example/",
			"--title",
			"機械学習 😀",
			"--tag",
			"machine learning",
		);
		const words = ["--tag", "c++", "--tag", "web/tech", "--summary", "- one\n- two"];
		await run(data, "add", "https://c.example/", ...words);
		const before = told(await notes(data));
		const exported = path.join(folder, "exported.html");
		await run(data, "export", "netscape", exported);

		const browser = await puppeteer.launch({
			browser: "firefox",
			executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
			headless: true,
			userDataDir: path.join(folder, "profile"),
			args: ["--remote-allow-system-access"],
			extraPrefsFirefox: PREFERENCES,
		});
		const html = path.join(folder, "firefox.html");
		const json = path.join(folder, "firefox.json");
		/** @type {any[]} */
		let found;
		try {
			const inWindow = await windowScope(browser);
			found = await inWindow(throughFirefox, exported, html, json);
		} finally {
			await close(browser);
		}
		const read = found.map((node) => ({
			url: node.uri,
			title: node.title,
			tags: (node.tags?.split(",") ?? []).sort(),
			savedAt: new Date(node.dateAdded / 1000).toISOString(),
			summary: "",
		}));
		// A title that is missing is the address in a bookmark file.
		const shown = before.map((note) => ({ ...note, title: note.title || note.url }));
		assert.deepEqual(told(read), shown);

		for (const file of [html, json]) {
			const other = path.join(folder, `data-${path.extname(file)}`);
			const report = JSON.parse(await run(other, "import", file, "--json"));
			assert.equal(report.refused, 0, JSON.stringify(report));
			const imported = (await notes(other)).filter(
				({ url }) => !url.startsWith("place:"),
			);
			assert.deepEqual(told(imported), before, file);
		}
	},
);

test("what Chromium keeps as bookmarks is imported", limit, async (t) => {
	const folder = await folderOf(t);
	const profile = path.join(folder, "profile");
	const browser = await puppeteer.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		headless: true,
		userDataDir: profile,
		args: ["--no-sandbox"],
	});
	const kept = path.join(profile, "Default", "Bookmarks");
	try {
		const page = await browser.newPage();
		await page.goto("chrome://bookmarks/");
		await page.evaluate(async () => {
			const { bookmarks } = /** @type {any} */ (globalThis).chrome;
			/** @param {object} node @returns {Promise<{ id: string }>} */
			const create = (node) => new Promise((resolve) => bookmarks.create(node, resolve));
			await create({ parentId: "1", title: "On the bar", url: "https://bar.example/" });
			const folder = await create({ parentId: "2", title: "Machine Learning" });
			await create({
				parentId: folder.id,
				title: "機械学習",
				url: "https://ml.example/?a&b",
			});
			await create({ parentId: folder.id, title: "Run", url: "javascript:void(0)" });
		});
		await until("Chromium has written the bookmarks", async () => {
			const text = await readFile(kept, "utf8").catch(() => "");
			return text.includes("javascript:void(0)");
		});
	} finally {
		await close(browser);
	}
	const data = path.join(folder, "data");
	const report = JSON.parse(await run(data, "import", kept, "--json"));
	assert.equal(report.format, "chrome");
	assert.equal(report.refused, 0, JSON.stringify(report));
	const found = (await notes(data)).map(({ url, title, tags }) => [url, title, tags]);
	assert.deepEqual(
		found.sort(),
		[
			["https://bar.example/", "On the bar", []],
			["https://ml.example/?a&b", "機械学習", ["machine learning"]],
			["javascript:void(0)", "Run", ["machine learning"]],
		].sort(),
	);
	const today = new Date().toISOString().slice(0, 10);
	for (const { savedAt } of await notes(data))
		assert(savedAt >= today.slice(0, 7), savedAt);
});
