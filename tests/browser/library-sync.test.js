// What people see of their other devices: rows and dialogs of the library, settings, the site.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { until } from "./driver/until.js";
import { focusList, lists, PAGE, says } from "./library-page.js";
import { project, putSync } from "./program.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("./test-environment.js").World} World */
/** @typedef {import("puppeteer-core").Page} Page */

const pictures = path.join(project, "tests/browser/pictures");
await mkdir(pictures, { recursive: true });

/**
 * @param {World} world
 * @param {object} sync
 */
function sync(world, sync) {
	const { status, stderr } = spawnSync(putSync, [path.join(world.folder, "notes.db")], {
		input: JSON.stringify({
			place: "folder:/media/stick",
			device: "laptop",
			pages: [],
			...sync,
		}),
		encoding: "utf8",
	});
	assert.equal(status, 0, stderr);
}

/**
 * Saves a page here and on the other device, with a title and a text on each.
 * @param {World} world
 * @param {string[]} titles
 */
async function inConflict(world, titles) {
	for (const [place, title] of titles.entries())
		await world.command(
			"add",
			`https://example.org/${place + 1}`,
			"--title",
			title,
			"--summary",
			`Written here, of *${title}*.`,
		);
	sync(world, {
		pages: titles.map((title, place) => ({
			url: `https://example.org/${place + 1}`,
			title: "Page",
			typedTitle: `${title} 2`,
			summary: "Written on the laptop.",
		})),
	});
}

/**
 * Takes a picture in light and dark, wide and narrow.
 * @param {Page} page
 * @param {import("./driver/browser.js").Browser} browser
 * @param {string} name
 */
async function picture(page, browser, name) {
	for (const [scheme, width] of /** @type {const} */ ([
		["light", 1100],
		["dark", 1100],
		["light", 360],
	])) {
		await page.setViewport({ width, height: 800 });
		if (browser.name === "Chromium")
			await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
		else if (scheme === "dark") continue; // Firefox can't change it on an open page.
		await page.evaluate(() =>
			document.querySelector("#facts")?.scrollIntoView({ block: "end" }),
		);
		const file = `${name}-${browser.name}-${scheme}-${width}.png`;
		await page.screenshot({
			path: /** @type {`${string}.png`} */ (path.join(pictures, file)),
		});
		const wide = await page.evaluate(
			() => document.documentElement.scrollWidth > window.innerWidth,
		);
		assert.equal(wide, false, `${name} at ${width} px`);
	}
	await page.setViewport({ width: 1100, height: 800 });
}

/** @param {Page} page */
const others = (page) =>
	page.$$eval("#dialog .others", (all) =>
		all.map((block) => block.querySelectorAll(".other").length),
	);

inEachBrowser(
	"a title and a text of two devices are chosen in the library",
	async (world, browser) => {
		await inConflict(world, ["GPU", "消えたページの記録", "كيف تختفي الصفحات"]);
		const page = await browser.own(PAGE);
		const shown = ["كيف تختفي الصفحات 2", "消えたページの記録 2", "GPU 2"];
		await lists(page, shown);
		const facts = await page.$$eval("#rows .facts", (all) =>
			all.map((row) => row.textContent),
		);
		assert.equal(facts.filter((text) => text?.includes("Choose a version")).length, 3);
		assert.ok(
			facts.every((text) => text?.includes("from laptop")),
			facts.join("|"),
		);
		await picture(page, browser, "library-sync");

		// With the mouse, from the row.
		await page.click("#rows .row:has([href='https://example.org/1']) .choose");
		await page.waitForSelector("#dialog .others");
		assert.deepEqual(await others(page), [1, 1]);
		await picture(page, browser, "library-sync-dialog");
		await page.click("#dialog .others [aria-describedby='other-title-0']");
		await until("the title is taken", async () => (await others(page)).length === 1);
		const value = (/** @type {string} */ id) =>
			page.$eval(id, (field) => /** @type {HTMLInputElement} */ (field).value);
		assert.equal(await value("#note-title"), "GPU");
		assert.equal(await page.evaluate(() => document.activeElement?.id), "note-title");
		await page.keyboard.press("Escape");
		await lists(page, [shown[0] ?? "", shown[1] ?? "", "GPU"]);
		const note = JSON.parse(
			await world.command("show", "https://example.org/1", "--json"),
		);
		assert.equal(note.title, "GPU");
		assert.equal(note.conflicts.titles.length, 0);
		assert.equal(note.conflicts.texts.length, 1);

		// With the keyboard. What was typed in the field is replaced only if the user agrees.
		await focusList(page);
		await page.keyboard.press("Home");
		await page.keyboard.press("e");
		await page.waitForSelector("#dialog .others");
		await page.type("#note-text", "typed");
		await page.focus("#dialog [aria-describedby='other-text-0']");
		await page.keyboard.press("Enter");
		await until("it asks", async () => (await page.$$("dialog")).length === 2);
		await page.keyboard.press("Enter");
		await until("the text is taken", async () => (await others(page)).length === 1);
		assert.equal(await value("#note-text"), "Written here, of *كيف تختفي الصفحات*.");
		await page.keyboard.press("Tab");
		await page.focus("#dialog .others > button");
		await page.keyboard.press("Enter");
		await until("the title is kept", async () => (await others(page)).length === 0);
		await page.keyboard.press("Escape");
		await says(page, "#announcement, #notice", /Chosen/);
		await until("nothing is left to choose", async () => {
			const url = "https://example.org/3";
			const note = JSON.parse(await world.command("show", url, "--json"));
			return note.conflicts === undefined && note.title === shown[0];
		});
	},
);

inEachBrowser(
	"the settings and the site say how the sync stands",
	async (world, browser) => {
		await inConflict(world, ["消えたページの記録"]);
		const page = await browser.own("options/options.html");
		await says(page, "#facts", /Synced with folder:\/media\/stick, /);
		await picture(page, browser, "options-sync");
		const sentence = "The folder isn't there. Mount the disk, then try again.";
		sync(world, { problem: { kind: "place_missing", sentence } });
		await page.click("#check");
		await says(page, "#facts", /The folder isn't there\. .* Last synced: /);
		await picture(page, browser, "options-sync-problem");

		const note = JSON.parse(
			await world.command("show", "https://example.org/1", "--json"),
		);
		const site = await browser.open(`${await world.origin()}/note/${note.id}`);
		await says(site, "article", /Also titled “消えたページの記録”, just now/);
		await says(site, ".from", /laptop, just now/);
		await picture(site, browser, "site-sync");
	},
);

inEachBrowser(
	"the popup says that devices have not been synced for a day",
	async (world, browser) => {
		const sentence = "The folder isn't there. Mount the disk, then try again.";
		const problem = { kind: "place_missing", sentence };
		await inConflict(world, ["消えたページの記録"]);
		sync(world, { problem });
		const hours = (/** @type {number} */ count) =>
			new Date(Date.now() - count * 3600_000).toISOString();
		const { page, popup } = await world.save(browser, "/article");
		await popup.says("#open-site", /./);
		assert.equal(await popup.text("#sync-problem"), "");
		await popup.dismiss();
		sync(world, { problem, lastAt: hours(49) });
		const again = await world.click(browser, page);
		await again.says("#sync-problem", /^Sync: The folder isn't there\. .* Last synced: /);
		await again.picture(
			path.join(pictures, `${browser.name.toLowerCase()}-popup-sync-problem.png`),
		);
		await again.dismiss();
		sync(world, {});
		const last = await world.click(browser, page);
		await until(
			"the problem is over",
			async () => (await last.text("#sync-problem")) === "",
		);
	},
);
