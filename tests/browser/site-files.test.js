// The exported site in real browsers: served below a path, as on GitHub Pages, and opened from
// the disk, where a page can't fetch anything.

import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

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
	'tag:"=large language model"',
	'#"large language model"',
	'-tag:"large language model" memor',
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
	// The two words of it stand side by side.
	"memorybandwidth",
	'"memorybandwidth"',
	"memorybandwith",
];

/** Pages from the disk run the same search; only how they read the index is their own. */
const QUERIES_FROM_DISK = ["GÖDEL proof", "学習", '"memory bandwidth"', "-tag:c++ memor"];

/**
 * @param {string} root
 * @param {string} query
 */
const searched = (root, query) =>
	`${root}search/index.html?${new URLSearchParams({ q: query })}`;

/**
 * Titles of what the program finds.
 * @param {import("./test-environment.js").World} world
 * @param {string} query
 * @returns {Promise<string[]>}
 */
async function hits(world, query) {
	const found = await world.command("search", "--json", "--limit", "20", "--", query);
	return JSON.parse(found).map((/** @type {{ title: string }} */ { title }) => title);
}

/** @param {string} encoded */
function decoded(encoded) {
	try {
		return decodeURIComponent(encoded);
	} catch {
		return undefined;
	}
}

/**
 * Serves a folder below /url-notes as GitHub Pages does: names are percent-decoded, a folder
 * has a slash at the end and is shown by its page, `.html` may be left out, and what isn't
 * there is 404.html.
 * @param {string} folder
 */
async function serve(folder) {
	const types = { ".css": "text/css", ".js": "text/javascript", ".html": "text/html" };
	/** @param {string} name */
	const kind = async (name) => {
		const about = await stat(path.join(folder, name)).catch(() => undefined);
		return about?.isDirectory() ? "folder" : about?.isFile() ? "file" : undefined;
	};
	const server = createServer(async (request, response) => {
		const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
		if (pathname === "/frames") {
			response.writeHead(200, { "content-type": "text/html" });
			response.end("<!doctype html><title>frames</title><body>");
			return;
		}
		let name = "404.html";
		if (pathname.startsWith("/url-notes/")) {
			// Bytes that are no UTF-8 name nothing.
			const asked = decoded(pathname.slice("/url-notes/".length)) ?? "\u{fffd}";
			const there = await kind(asked);
			if (there === "folder" && asked !== "" && !asked.endsWith("/")) {
				response.writeHead(301, { location: `${pathname}/${search}` });
				response.end();
				return;
			}
			const tried =
				there === "folder" ? [`${asked}index.html`] : [asked, `${asked}.html`];
			for (const file of tried.reverse()) {
				if ((await kind(file)) === "file") name = file;
			}
		}
		const type = Object.entries(types).find(([ending]) => name.endsWith(ending))?.[1];
		response.writeHead(name === "404.html" ? 404 : 200, {
			"content-type": type ?? "application/octet-stream",
		});
		response.end(await readFile(path.join(folder, name)));
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	return {
		address: `http://127.0.0.1:${port}/url-notes/`,
		/** A page of the same origin, which can read what is in its frames. */
		frames: `http://127.0.0.1:${port}/frames`,
		close: () => {
			server.close();
			server.closeAllConnections();
		},
	};
}

/** @param {import("./test-environment.js").World} world */
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
	for (const tag of ["c++", "on no note"]) {
		await world.command("tag", "imply", tag, "large language model");
	}
	const folder = path.join(world.home, "published");
	await world.command("export", "site", folder, "--base-path", "/url-notes");
	return folder;
}

/** What the page says when it has searched. */
const HAS_SEARCHED = /No matches|^\d+ notes?$|newest/;

/** @param {Page} page */
const hasSearched = (page) =>
	until("the page has searched", async () =>
		HAS_SEARCHED.test(
			await page.evaluate(() => document.querySelector("#outcome")?.textContent ?? ""),
		),
	);

/** @param {Page} page */
const titles = (page) =>
	page.$$eval("#found .title", (all) => all.map((title) => title.textContent?.trim()));

/**
 * Waits until a page with this title is loaded.
 * @param {Page} page
 * @param {string} title
 */
const isTitled = (page, title) =>
	until(`the page is ${title}`, async () => {
		const [now, isLoading] = await page.evaluate(() => [
			document.title,
			document.readyState === "loading",
		]);
		if (now !== title) throw new Error(`it is ${now}`);
		if (isLoading) throw new Error("it is still loading");
		return true;
	});

/**
 * Goes to an address from where a page may lead on before it has loaded: the drivers wait
 * for one that is loaded.
 * @param {Page} page
 * @param {string} address
 */
async function goes(page, address) {
	// A page that leaves before it has loaded is replaced in the history.
	await until("the page before is loaded", () =>
		page.evaluate(() => {
			const [loading] = performance.getEntriesByType("navigation");
			return /** @type {PerformanceNavigationTiming} */ (loading).loadEventEnd > 0;
		}),
	);
	await page.evaluate((address) => {
		document.title = "the page before";
		// Not before this has answered.
		setTimeout(() => {
			location.href = address;
		});
	}, address);
	await until(`the page before has gone for ${address}`, () =>
		page.evaluate(() => document.title !== "the page before"),
	);
}

/** So many frames are loaded at once. */
const FRAMES = 8;

/**
 * What a frame shows.
 * @typedef {object} Shown
 * @property {string} title
 * @property {string} path of its address
 * @property {string[]} notes titles of the notes on it
 * @property {string[]} found titles of the notes that a search has found
 * @property {string} outcome of the search, or ""
 * @property {string} lost what the page for missing files says
 */

/**
 * Opens addresses in frames of one page, which takes far less time than a page each.
 * @template {{ address: string }} A
 * @param {Page} page shows `frames` of `serve`
 * @param {A[]} addresses
 * @param {(asked: A, shown: Shown) => void} check throws as long as it isn't what it should be
 */
async function showInFrames(page, addresses, check) {
	for (let at = 0; at < addresses.length; at += FRAMES) {
		const some = addresses.slice(at, at + FRAMES);
		await page.evaluate(
			(addresses) => {
				const frames = addresses.map((src) =>
					Object.assign(document.createElement("iframe"), { src }),
				);
				document.body.replaceChildren(...frames);
			},
			some.map(({ address }) => address),
		);
		await until("all frames show what they should", async () => {
			const shown = await page.evaluate(() =>
				[...document.querySelectorAll("iframe")].map((frame) => {
					const { contentDocument, contentWindow } = frame;
					const page = /** @type {Document} */ (contentDocument);
					const texts = (/** @type {string} */ selector) =>
						[...page.querySelectorAll(selector)].map(
							(element) => element.textContent?.trim() ?? "",
						);
					return {
						title: page.title,
						path: contentWindow?.location.pathname ?? "",
						notes: texts(".note .title"),
						found: texts("#found .title"),
						outcome: texts("#outcome").join(),
						lost: texts("#lost").join(),
					};
				}),
			);
			for (const [number, asked] of some.entries())
				check(asked, /** @type {Shown} */ (shown[number]));
			return true;
		});
	}
}

/**
 * @param {import("./test-environment.js").World} world
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

	for (const query of served ? [] : QUERIES_FROM_DISK) {
		await page.goto(searched(root, query));
		await hasSearched(page);
		assert.deepEqual(await titles(page), await hits(world, query), query);
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
	await follow("#found .facts a", "Details");
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
			const page = await browser.open(server.frames);
			const searches = [];
			for (const query of QUERIES) {
				const address = searched(server.address, query);
				searches.push({ address, query, expected: await hits(world, query) });
			}
			await showInFrames(page, searches, ({ query, expected }, { outcome, found }) => {
				assert.match(outcome, HAS_SEARCHED, query);
				assert.deepEqual(found, expected, query);
			});
			await page.close();
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

inEachBrowser(
	"each address of the served site opens the right exported page",
	async (world, browser) => {
		const folder = await publish(world);
		const server = await serve(folder);
		try {
			const [newest] = JSON.parse(await world.command("list", "--json", "--limit", "1"));
			// The page that a program's second page of the tag begins with.
			const many = JSON.parse(
				await world.command("list", "--json", "--tag", "many", "--limit", "30"),
			);
			/** @type {[address: string, title: string, first?: string, folder?: string][]} */
			const addresses = [
				["", "url-notes"],
				["tags", "url-notes | tags"],
				["tags/?sort=name", "url-notes | tags", undefined, "tags/name/"],
				["tags?sort=recency", "url-notes | tags", undefined, "tags/recent/"],
				["tag", "url-notes | tags"],
				["tag/", "url-notes | tags"],
				["tag/c++", "url-notes | tag | c++"],
				["tag/c%2B%2B", "url-notes | tag | c++"],
				["tag/C%2B%2B/", "url-notes | tag | c++"],
				["tag/web%2Ftech", "url-notes | tag | web/tech", "Modern C++"],
				["tag/web%2ftech/", "url-notes | tag | web/tech"],
				["tag/web/tech", "url-notes | tag | web/tech"],
				["tag/Web%2FTech#content", "url-notes | tag | web/tech"],
				["tag/large%20language%20model", "url-notes | tag | large language model"],
				["tag/Large%20%20language%20model", "url-notes | tag | large language model"],
				[
					"tag/%3Dlarge%20language%20model",
					'url-notes | search | tag:"=large language model"',
					"Plain C",
				],
				["tag/g%C3%B6del", "url-notes | tag | gödel"],
				["tag/Go%CC%88del", "url-notes | tag | gödel"],
				["tag/%E6%A9%9F%E6%A2%B0%E5%AD%A6%E7%BF%92", "url-notes | tag | 機械学習"],
				["tag/100%25", "url-notes | tag | 100%"],
				["tag/%23x", "url-notes | tag | #x"],
				["tag/%3F", "url-notes | tag | ?"],
				["tag/%3Cb%3E%22%27", "url-notes | tag | <b>\"'"],
				["tag/?name=%2E", "url-notes | tag | ."],
				["tag/many", "url-notes | tag | many", "Note 43"],
				[`tag/many?before=${many[19].id}`, "url-notes | tag | many", "Note 23"],
				[`tag/many/?before=1`, "url-notes | tag | many", "Note 3"],
				[
					"tag/c?with=large+language+model",
					'url-notes | search | tag:c tag:"large language model"',
					"Plain C",
				],
				[
					"tag/web%2Ftech?without=c&with=c%2B%2B",
					"url-notes | search | tag:web/tech tag:c++ -tag:c",
					"Modern C++",
				],
				["all", "url-notes | all | page 1 of 3"],
				["all/0", "url-notes | all | page 1 of 3"],
				["all/002", "url-notes | all | page 3 of 3"],
				["all/3", "url-notes | not found"],
				[`note/${newest.id}`, "url-notes | Note 43"],
				[`note/0${newest.id}/`, "url-notes | Note 43"],
				["note/7", "url-notes | not found"],
				["sites", "url-notes | sites"],
				["sites?sort=name", "url-notes | sites", undefined, "sites/name/"],
				["site/", "url-notes | sites"],
				["site/many.example", "url-notes | site | many.example", "Note 43"],
				["site/WWW.Example.org", "url-notes | site | example.org", "Straße"],
				["site/https%3A%2F%2Fe.net%2Fx", "url-notes | site | e.net"],
				["site/example", "url-notes | search | site:example", "Note 43"],
				["search", "url-notes | search"],
				[
					"search?q=undecidable&sort=relevance",
					"url-notes | search | undecidable",
					"Gödel's proof",
				],
				["tag/none", "url-notes | not found"],
				["tag/web-tech~none/", "url-notes | not found"],
				["tag/%FF", "url-notes | not found"],
				["site/none.example", "url-notes | not found"],
				["nowhere/", "url-notes | not found"],
				["..%2F..%2Fetc/passwd", "url-notes | not found"],
			];
			const frames = await browser.open(server.frames);
			await showInFrames(
				frames,
				addresses.map(([asked, title, first, folder]) => ({
					address: server.address + asked,
					asked,
					title,
					first,
					folder,
				})),
				({ asked, title, first, folder }, shown) => {
					assert.equal(shown.title, title, asked);
					if (title === "url-notes | not found")
						assert.equal(shown.lost, "This page doesn't exist.", asked);
					if (folder) assert.equal(shown.path, `/url-notes/${folder}`, asked);
					if (first) assert.equal(shown.notes[0], first, asked);
				},
			);
			await frames.close();
			const page = await browser.open(server.address);
			// It says that it looks no longer, and searches for what was meant.
			await goes(page, `${server.address}tag/c%2B%2B%2Fnone?x=y`);
			await until("there is a way on", () =>
				page.evaluate(
					() =>
						document.querySelector("#lost + p a")?.textContent ===
						"Search the notes for “c++/none”",
				),
			);
			const said = await page.$eval("#lost", ({ textContent }) => textContent);
			assert.equal(said, "This page doesn't exist.");
			// Who comes from another page goes back to it, and isn't led on again.
			await goes(page, server.address);
			await goes(page, `${server.address}tag/web%2Ftech`);
			await isTitled(page, "url-notes | tag | web/tech");
			await page.evaluate(() => history.back());
			await until("the page before is shown", () =>
				page.evaluate(() => location.pathname === "/url-notes/"),
			);
			await page.close();
		} finally {
			server.close();
		}
	},
);

inEachBrowser("says that a part of the search is damaged", async (world, browser) => {
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
