// The library's rows say which pages are gone or moved, and the site does so too.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { found, lists, PAGE, put, says } from "./library-page.js";
import { project, putLinks } from "./program.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("./test-environment.js").World} World */

const pictures = path.join(project, "tests/browser/pictures");
await mkdir(pictures, { recursive: true });

const since = "2026-05-03T12:00:00Z";

/**
 * @param {World} world
 * @param {object[]} links
 */
function check(world, links) {
	const { status, stderr } = spawnSync(putLinks, [path.join(world.folder, "notes.db")], {
		input: JSON.stringify(links),
		encoding: "utf8",
	});
	assert.equal(status, 0, stderr);
}

inEachBrowser("rows of the library say what became of pages", async (world, browser) => {
	const names = [
		"Warum alte Seiten verschwinden",
		"消えたページ",
		"كيف تختفي",
		"Moved",
		"There",
	];
	await put(world, 5, (n) => ({ title: names[n - 1], tags: ["archive"] }));
	const url = (/** @type {number} */ n) => `https://example.org/${n}`;
	check(world, [
		{ url: url(1), verdict: "gone", since },
		{ url: url(2), verdict: "soft", since },
		{ url: url(3), verdict: "unreachable", since },
		{ url: url(4), verdict: "moved", since, finalUrl: "https://example.org/new/place" },
		{ url: url(5), verdict: "ok", since },
	]);
	const page = await browser.own(PAGE);
	await lists(page, names.toReversed());
	const states = () =>
		page.$$eval("#rows .state", (all) =>
			all.map((state) => [state.textContent, state.querySelector("a")?.href]),
		);
	const all = await states();
	assert.equal(all.length, 4);
	const [text, copy] = all.find(([text]) => text?.startsWith("Gone")) ?? [];
	assert.equal(text, "Gone since 3 May 2026 archived copy");
	assert.match(
		copy ?? "",
		/^https:\/\/web\.archive\.org\/web\/\d{14}\/https:\/\/example\.org\/1$/,
	);
	assert.ok(all.some(([, target]) => target === "https://example.org/new/place"));
	for (const width of [1280, 360]) {
		await page.setViewport({ width, height: 700 });
		const name = `library-links-${browser.name}-${width}`;
		await page.screenshot({ path: `${path.join(pictures, name)}.png` });
		const wide = await page.evaluate(
			() => document.documentElement.scrollWidth > window.innerWidth,
		);
		assert.equal(wide, false, `${width} px`);
	}
	await page.setViewport({ width: 1280, height: 700 });
	assert.equal(await found(world, "is:gone"), 1);
	await page.type("#query", "is:moved");
	await lists(page, ["Moved"]);
	await says(page, "#count", /^1 note$/);
});
