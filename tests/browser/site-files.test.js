// The site as files, in real browsers: served below a path as GitHub Pages does it, and
// opened from the disk, where a page may fetch nothing.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./world.js";

/** @typedef {import("puppeteer-core").Page} Page */

const NOTES = [
	["Gödel's proof", ["gödel", "logic"], "On *undecidable* propositions, 1931."],
	["機械学習の基礎", ["機械学習"], "深層学習とGPUの性能"],
	["Modern C++", ["c++", "web/tech"], "Use c++ and .NET, not c alone. Memory bandwidth."],
	["Plain C", ["c", "large language model"], "The memory of a bandwidth"],
	[
		"<img src=x onerror=alert(1)>",
		["<b>\"'", "?"],
		"<script>alert(1)</script> [x](javascript:alert(1))",
	],
	["Straße", ["100%", "#x", "."], "#lojban 🔥 memories"],
];

/** What is looked for: the program finds what the page does. */
const QUERIES = [
	"godel",
	"GÖDEL proof",
	"undecid",
	"undecid ",
	"学習",
	"深層学習",
	"gpu",
	"c++",
	"c+",
	".net ",
	"#lojban",
	"🔥",
	"c ",
	'"memory bandwidth"',
	"memory bandwidth",
	"memory -c",
	'bandwidth -"memory bandwidth"',
	"tag:c++",
	'tag:"large language model"',
	'tag:"<b>"',
	"-tag:c++ memor",
	"tag:web/tech c++",
	"site:example.org strasse",
	"-site:example.org",
	"after:2000 before:2001",
	"after:2001 logic",
	"nothing of it",
	"note",
];

/**
 * Serves a folder below /url-notes as GitHub Pages does: names are percent-decoded, a folder
 * is shown by its page, and what isn't there by 404.html.
 * @param {string} folder
 */
async function serve(folder) {
	const server = createServer(async (request, response) => {
		const { pathname } = new URL(request.url ?? "/", "http://localhost");
		const name = decodeURIComponent(pathname.replace(/^\/url-notes\//, ""));
		const file = path.join(
			folder,
			name,
			name === "" || name.endsWith("/") ? "index.html" : "",
		);
		const types = { ".css": "text/css", ".js": "text/javascript", ".html": "text/html" };
		const type = Object.entries(types).find(([ending]) => file.endsWith(ending))?.[1];
		try {
			if (!pathname.startsWith("/url-notes/")) throw new Error("elsewhere");
			const content = await readFile(file);
			response.writeHead(200, { "content-type": type ?? "application/octet-stream" });
			response.end(content);
		} catch {
			response.writeHead(404, { "content-type": "text/html" });
			response.end(await readFile(path.join(folder, "404.html")));
		}
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	return {
		address: `http://127.0.0.1:${port}/url-notes/`,
		close: () => {
			server.close();
			server.closeAllConnections();
		},
	};
}

/** @param {import("./world.js").World} world */
async function publish(world) {
	await world.command("stats");
	const start = NOTES.map(([title, tags, summary], number) => ({
		url: `https://${number % 2 ? "www.example.org" : "e.net"}/${number}`,
		title: String(title),
		tags: /** @type {string[]} */ (tags),
		summary: String(summary),
		excerpt: null,
	}));
	const more = Array.from({ length: 44 }, (_, number) => ({
		url: `https://many.example/${number}`,
		title: `Note ${number}`,
		tags: ["many"],
		summary: "word",
		excerpt: null,
	}));
	await world.put([...start, ...more]);
	const folder = path.join(world.home, "published");
	await world.command("export", "site", folder, "--base-path", "/url-notes");
	return folder;
}

/**
 * The page says what it found, or that there is nothing to look for.
 * @param {Page} page
 */
const hasSearched = (page) =>
	until("the page has searched", () =>
		page.evaluate(() => {
			const outcome = /** @type {HTMLElement | null} */ (
				document.querySelector("#outcome")
			);
			const text = outcome?.textContent ?? "";
			return /No note|^\d+ notes?$|newest/.test(text) || outcome?.hidden === true;
		}),
	);

/** @param {Page} page */
const titles = (page) =>
	page.$$eval("#found .title", (all) => all.map((title) => title.textContent?.trim()));

/**
 * Where the page is, as it says itself.
 * @param {Page} page
 * @param {string} title
 */
const isTitled = (page, title) =>
	until(`the page is ${title}`, async () => {
		const now = await page.evaluate(() => document.title);
		if (now !== title) throw new Error(`it is ${now}`);
		return true;
	});

/**
 * @param {import("./world.js").World} world
 * @param {import("./driver/browser.js").Browser} browser
 * @param {string} root
 * @param {boolean} served
 */
async function isRead(world, browser, root, served) {
	const page = await browser.open(`${root}index.html`);
	await page.bringToFront();
	await isTitled(page, "url-notes");
	// It has its style, and its keys.
	await until("the page has its keys", () =>
		page.evaluate(() => document.querySelector(".foot button") !== null),
	);
	const border = await page.$eval(
		".note",
		(note) => getComputedStyle(note).borderTopStyle,
	);
	assert.equal(border, "solid");
	// A server's page has the address of its folder.
	const address = await page.evaluate(() => location.href);
	assert.equal(address, served ? root : `${root}index.html`);

	// From page to page.
	/** @type {(selector: string, text: string) => Promise<void>} */
	const follow = (selector, text) =>
		page.evaluate(
			(selector, text) => {
				const links = [...document.querySelectorAll(selector)];
				const link = links.find((link) => link.textContent?.trim().startsWith(text));
				if (!(link instanceof HTMLAnchorElement)) throw new Error(`no link ${text}`);
				link.click();
			},
			selector,
			text,
		);
	await follow(".menu a", "Tags");
	await isTitled(page, "url-notes | tags");
	for (const [tag, title] of [
		["web/tech", "Modern C++"],
		["機械学習", "機械学習の基礎"],
		["100%", "Straße"],
		["#x", "Straße"],
		["?", "<img src=x onerror=alert(1)>"],
		["<b>\"'", "<img src=x onerror=alert(1)>"],
	]) {
		await page.goto(`${root}tags/index.html`);
		await follow(".counted a", String(tag));
		await isTitled(page, `url-notes | tag | ${tag}`);
		const shown = await page.$$eval(".note .title", (all) =>
			all.map((one) => one.textContent?.trim()),
		);
		assert.deepEqual(shown, [title]);
	}
	await page.goto(`${root}tag/many/index.html`);
	await follow(".turn a", "Older");
	await until("the second page is shown", () =>
		page.evaluate(
			() => document.querySelector(".note .title")?.textContent?.trim() === "Note 23",
		),
	);

	// The search, from the keyboard.
	await page.goto(`${root}tag/c++/index.html`);
	await until("the page has its keys", () =>
		page.evaluate(() => document.querySelector(".foot button") !== null),
	);
	await page.keyboard.press("/");
	await until("the focus is in the search", () =>
		page.evaluate(() => document.activeElement?.id === "q"),
	);
	await page.keyboard.type("memory");
	await page.keyboard.press("Enter");
	await isTitled(page, "url-notes | search | memory");
	await hasSearched(page);
	assert.deepEqual(await titles(page), ["Plain C", "Modern C++"]);
	assert.deepEqual(
		await page.$$eval("#found mark", (all) => all.map((mark) => mark.textContent)),
		["memory", "Memory"],
	);

	for (const query of QUERIES) {
		const hits = JSON.parse(
			await world.command("search", "--json", "--limit", "20", "--", query),
		);
		await page.goto(`${root}search/index.html?${new URLSearchParams({ q: query })}`);
		await hasSearched(page);
		const expected = hits.map((/** @type {{ title: string }} */ { title }) => title);
		assert.deepEqual(await titles(page), expected, query);
	}

	// More of them, and from there to a note, a tag and a site.
	await page.goto(`${root}search/index.html?q=${encodeURIComponent("word ")}`);
	await hasSearched(page);
	assert.equal(
		await page.$eval("#outcome", ({ textContent }) => textContent),
		"The newest 20 notes of 44",
	);
	for (const count of [40, 44]) {
		await page.evaluate(() => {
			/** @type {HTMLElement | null} */ (document.querySelector(".turn button"))?.click();
		});
		await until(
			`${count} notes are shown`,
			async () => (await titles(page)).length === count,
		);
	}
	assert.equal(await page.$(".turn button"), null);
	const found = `${root}search/index.html?q=onerror`;
	await page.goto(found);
	await hasSearched(page);
	await follow("#found .tags a", "<b>");
	await isTitled(page, "url-notes | tag | <b>\"'");
	await page.goto(found);
	await hasSearched(page);
	await follow("#found .facts a", "e.net");
	await isTitled(page, "url-notes | site | e.net");
	await page.goto(found);
	await hasSearched(page);
	await follow("#found .facts a", "Permalink");
	await isTitled(page, "url-notes | <img src=x onerror=alert(1)>");

	if (served) {
		await page.goto(`${root}no/such/page`);
		await isTitled(page, "url-notes | not found");
		await until("the page has its keys", () =>
			page.evaluate(() => document.querySelector(".foot button") !== null),
		);
		await follow("main a", "All tags");
		await isTitled(page, "url-notes | tags");
	}
	await page.close();
}

inEachBrowser(
	"reads and searches a site of files below a path",
	async (world, browser) => {
		const folder = await publish(world);
		const server = await serve(folder);
		try {
			await isRead(world, browser, server.address, true);
		} finally {
			server.close();
		}
	},
);

inEachBrowser(
	"reads and searches a site of files from the disk",
	async (world, browser) => {
		const folder = await publish(world);
		await isRead(world, browser, `${pathToFileURL(folder)}/`, false);
	},
);

inEachBrowser("tells that a piece of the search is damaged", async (world, browser) => {
	const folder = await publish(world);
	const page = await browser.open(`${pathToFileURL(folder)}/index.html`);
	const piece = path.join(folder, "search/words/0.js");
	const whole = await readFile(piece, "utf8");
	// Cut off, and left by another export.
	for (const content of [whole.slice(0, whole.length / 2), 'urlNotes("words/x", []);']) {
		await writeFile(piece, content);
		await page.goto(`${pathToFileURL(folder)}/search/index.html?q=memory`);
		await until("the page says what is damaged", () =>
			page.evaluate(
				() =>
					document
						.querySelector("#outcome")
						?.textContent?.includes("is damaged: search/words/0.js") ?? false,
			),
		);
	}
	await page.close();
});
