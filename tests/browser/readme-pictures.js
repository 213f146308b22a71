// The pictures of README.md: popup and tag page in Chromium, light and dark. After a change of
// their look, `npm run pictures` writes them to docs/pictures, and those of the stores, in the sizes
// that these ask for, to packaging/store/pictures.

import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import * as chromium from "./driver/chromium.js";
import { until } from "./driver/until.js";
import { project } from "./program.js";
import { World } from "./test-environment.js";

const folder = path.join(project, "docs/pictures");
const forStores = path.join(project, "packaging/store/pictures");
/** A screenshot of the Chrome Web Store; addons.mozilla.org takes it, too. */
const SCREENSHOT = { width: 1280, height: 800 };
/** The small promotional picture of the Chrome Web Store. */
const TILE = { width: 440, height: 280 };

/** What somebody read lately: address, title, note, tags. */
const NOTES = [
	[
		"https://en.wikipedia.org/wiki/As_We_May_Think",
		"As We May Think - Wikipedia",
		"Vannevar Bush in *The Atlantic*, July 1945. The **memex**: a desk that holds all that one has read, joined by *trails* from item to item.",
		"hypertext,history,note taking",
	],
	[
		"https://www.sqlite.org/whentouse.html",
		"Appropriate Uses For SQLite",
		"SQLite does not compete with client/server databases. **It competes with `fopen()`.**\n\n- [x] the file format of a program\n- [x] a site of one machine\n- [ ] many writers at once",
		"databases,sqlite",
	],
	[
		"https://ja.wikipedia.org/wiki/%E6%A9%9F%E6%A2%B0%E5%AD%A6%E7%BF%92",
		"機械学習 - Wikipedia",
		"教師あり学習と教師なし学習の違いを復習する。",
		"機械学習,to read",
	],
	[
		"https://bazel.build/basics/hermeticity",
		"Hermeticity  |  Bazel",
		"A build that sees nothing but its declared inputs can be cached anywhere. What leaks in:\n\n1. `PATH` and the rest of the environment\n2. time stamps\n3. the compiler of the machine",
		"build systems,caching",
	],
	[
		"https://www.microsoft.com/en-us/research/publication/build-systems-la-carte/",
		"Build Systems à la Carte - Microsoft Research",
		"Every build system is a **scheduler** and a **rebuilder**, and nearly all pairs of them are in use somewhere.\n\n| | topological | restarting | suspending |\n|---|---|---|---|\n| dirty bit | Make | Excel | |\n| constructive traces | CloudBuild | Bazel | |",
		"build systems,papers",
	],
	[
		"https://ninja-build.org/manual.html",
		"The Ninja build system",
		"> It is born from my work on the Chromium browser project.\n\nFast because it decides nothing: something else writes its files.",
		"build systems,c++",
	],
];

/** @param {World} world */
async function fill(world) {
	for (const [url = "", title = "", summary = "", tags = ""] of NOTES) {
		const options = tags.split(",").flatMap((tag) => ["--tag", tag]);
		await world.command("add", url, "--title", title, "--summary", summary, ...options);
	}
}

/** @param {string} file */
const embedded = async (file) =>
	`data:image/png;base64,${(await readFile(file)).toString("base64")}`;

/**
 * Draws a page of its own and takes its picture.
 * @param {import("./driver/browser.js").Browser} browser
 * @param {string} html
 * @param {{ width: number, height: number }} size
 * @param {string} name
 */
async function draw(browser, html, size, name) {
	const page = await browser.open();
	await page.setViewport(size);
	await page.setContent(html);
	await page.screenshot({ path: `${path.join(forStores, name)}.png` });
	await page.close();
}

/** What the page of the popup's picture says. */
const ARTICLE = [
	"Last spring, a full build took eleven minutes, and nobody waited for it. We merged on a guess and found out later. Today it takes five and a half.",
	"Caching came first. Every step of the build now names all that it reads, so its result can be kept under the hash of those files. What one machine has built, the others fetch.",
	"The hard part wasn't the cache. It was finding the steps that read more than they said: the time of day, a variable of the environment, a header that happened to be installed.",
];

/**
 * The popup over the page that it saves.
 * @param {import("./driver/browser.js").Browser} browser
 * @param {string} popup its picture, with a margin of 12 px
 */
async function drawPopup(browser, popup) {
	const html = `<body style="margin:0;font:19px/1.6 serif;color:#222;background:#fffdf8">
		<main style="margin:56px 0 0 72px;width:680px">
		<h1 style="font:700 42px/1.2 system-ui,sans-serif;margin:0 0 12px">How we cut our build times in half</h1>
		<p style="color:#666;font:15px system-ui,sans-serif;margin:0 0 28px">Build Journal · 8 minutes</p>
		${ARTICLE.map((text) => `<p>${text}</p>`).join("")}</main>
		<img src="${await embedded(popup)}" style="position:fixed;top:0;right:36px;clip-path:inset(11px);" alt="">`;
	await draw(browser, html, SCREENSHOT, "popup");
}

/** @param {import("./driver/browser.js").Browser} browser */
async function drawTile(browser) {
	const icon = await embedded(path.join(project, "extension/icons/icon-128.png"));
	const html = `<body style="margin:0;height:100vh;display:grid;place-content:center;justify-items:center;background:#f4f1ea;color:#222;font-family:system-ui,sans-serif">
		<img src="${icon}" width="112" height="112" alt="">
		<p style="margin:14px 0 4px;font-size:34px;font-weight:600">url-notes</p>
		<p style="margin:0;font-size:17px">Save it with one click. Find it again.</p>`;
	await draw(browser, html, TILE, "tile");
}

const world = await World.make();
try {
	await mkdir(folder, { recursive: true });
	await mkdir(forStores, { recursive: true });
	await world.install();
	await fill(world);
	const browser = await world.start(chromium, { resolves: "build-journal.example" });
	await world.siteAnswers();
	for (const scheme of /** @type {("light" | "dark")[]} */ (["light", "dark"])) {
		const ending = scheme === "light" ? "" : "-dark";
		await browser.useScheme(scheme);

		const tagPage = await browser.open();
		await tagPage.setViewport({ width: 860, height: 900 });
		await tagPage.goto(`${world.site}/tag/build%20systems`);
		await tagPage.screenshot({
			path: `${path.join(folder, `tag-page${ending}`)}.png`,
			captureBeyondViewport: false,
		});

		if (scheme === "light") {
			await tagPage.setViewport(SCREENSHOT);
			await tagPage.goto(world.site);
			await tagPage.screenshot({ path: path.join(forStores, "site.png") });
			await drawTile(browser);
		}

		// Another page each time: of this one, a note was deleted.
		const address = world.web
			.address(scheme === "light" ? "/article" : "/article?print")
			.replace("127.0.0.1", "build-journal.example");
		const popup = await world.click(browser, await browser.open(address));
		await popup.type("build systems,");
		await popup.hasTags("build systems");
		await until("tags are suggested", () =>
			popup.shows('#suggestions [data-tag="caching"]'),
		);
		await popup.focus("#summary");
		// What was typed the first time is still there after Undo.
		await popup.evaluate(() => {
			/** @type {HTMLTextAreaElement} */ (document.querySelector("#summary")).select();
		});
		await popup.type("A shared cache **halved** the build.\nNext: the tests.");
		await popup.reaches("saved");
		await popup.picture(path.join(folder, `popup${ending}.png`));
		await popup.click("#delete, #undo");
		await popup.reaches("unsaved");
		await popup.dismiss();
		if (scheme === "light")
			await drawPopup(browser, path.join(folder, `popup${ending}.png`));
	}
} finally {
	await world.end();
}
