// The pictures of README.md: popup and tag page in Chromium, light and dark. After a change of
// their look, `npm run pictures` writes them to docs/pictures.

import { mkdir } from "node:fs/promises";
import path from "node:path";
import * as chromium from "./driver/chromium.js";
import { until } from "./driver/until.js";
import { project } from "./program.js";
import { World } from "./test-environment.js";

const folder = path.join(project, "docs/pictures");

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

const world = await World.make();
try {
	await mkdir(folder, { recursive: true });
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
	}
} finally {
	await world.end();
}
