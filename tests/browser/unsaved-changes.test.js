// Typed text is never lost: not by a stray click, a missing or killed host, or another
// browser.

import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { test } from "node:test";
import { browsers } from "./driver/browser.js";
import { TEST_HANGS_MS, until } from "./driver/until.js";
import { inEachBrowser, World } from "./test-environment.js";

inEachBrowser(
	"loses nothing when the popup is closed right after typing",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/article"));
		const tags = await world.click(browser, page);
		await tags.type("ci,half typ");
		await tags.dismiss();
		const url = world.web.address("/article");
		await world.holds([{ url, tags: ["ci", "half typ"] }]);

		const summary = await world.click(browser, page);
		await summary.focus("#summary");
		await summary.type("To the last letter");
		await summary.dismiss();
		await world.holds([{ url, tags: ["ci", "half typ"], summary: "To the last letter" }]);
	},
);

inEachBrowser(
	"names the program that uses the site's port",
	async (world, browser) => {
		const squatter = createServer((_, answer) => answer.end("mine"));
		await new Promise((listening) => {
			squatter.listen(Number(new URL(world.site).port), "127.0.0.1", () =>
				listening(null),
			);
		});
		try {
			await world.install();
			const { page, popup } = await world.save(browser, "/article");
			await popup.dismiss();
			// The host that the first click started had other things to do first.
			const again = await world.click(browser, page);
			await until("the popup names it", async () =>
				(await again.text("#site-problem")).includes(String(process.pid)),
			);
		} finally {
			squatter.close();
		}
	},
	{ registered: false },
);

inEachBrowser(
	"loses nothing when typing begins before the host has answered",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/article"));
		const popup = await browser.clickButton(page);
		await until(
			"the caret is in the tag field",
			async () => (await popup.focused()) === "tags",
		);
		await popup.type("fast,faster,");
		await popup.dismiss();
		await world.holds([{ url: world.web.address("/article"), tags: ["fast", "faster"] }]);
	},
);

inEachBrowser(
	"says how to register a missing host, and then delivers the save, once",
	async (world, browser) => {
		const { page, popup } = await world.save(browser, "/article", "queued");
		await popup.says("body", /\.\/install\.sh/);
		await popup.type("later,");
		await popup.hasTags("later");
		await popup.focus("#summary");
		await popup.type("Waited in the outbox.");
		await popup.dismiss();
		const second = await world.save(browser, "/second-article", "queued");
		await second.popup.dismiss();

		// Opened again, the popup still has it all.
		const again = await world.click(browser, page, "queued");
		await again.hasTags("later");
		assert.equal(await again.value("#summary"), "Waited in the outbox.");
		await again.dismiss();
		await assert.rejects(world.hostIsInstalled());

		await world.install();
		// By itself: the extension tries again, at the latest after half a minute.
		const delivered = [
			{ url: world.web.address("/second-article"), tags: [] },
			{
				url: world.web.address("/article"),
				tags: ["later"],
				summary: "Waited in the outbox.",
			},
		];
		await world.holds(delivered);

		const afterwards = await world.click(browser, page);
		await afterwards.hasTags("later");
		await afterwards.dismiss();
		await world.holds(delivered);
	},
	{ registered: false },
);

inEachBrowser(
	"keeps unsaved changes when the browser is closed, and delivers them at the next start",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article", "queued");
		await popup.type("kept,");
		await popup.hasTags("kept");
		await popup.dismiss();
		await world.restart(browser);
		await world.install();
		await world.holds([{ url: world.web.address("/article"), tags: ["kept"] }]);
	},
	{ registered: false },
);

inEachBrowser(
	"says what is wrong with the notes, and delivers the save once they are repaired",
	async (world, browser) => {
		const database = path.join(world.environment.URL_NOTES_DATA_DIR, "notes.db");
		await mkdir(path.dirname(database), { recursive: true });
		await writeFile(database, "These are my notes, but this is no database.".repeat(99));
		await world.install();
		const { popup } = await world.save(browser, "/article", "queued");
		await popup.says("#status", /not a database/);
		await popup.type("kept,");
		await popup.hasTags("kept");
		await rm(database);
		await popup.focus("#try-again");
		await popup.press("Enter");
		await world.holds([{ url: world.web.address("/article"), tags: ["kept"] }]);
	},
	{ registered: false },
);

inEachBrowser("goes on saving after the host was killed", async (world, browser) => {
	const first = await world.save(browser, "/article");
	await first.popup.type("before,");
	await first.popup.dismiss();
	await world.holds([{ url: world.web.address("/article"), tags: ["before"] }]);

	const killed = await world.killHosts();
	const { popup } = await world.save(browser, "/second-article");
	await popup.type("after,");
	await popup.hasTags("after");
	await popup.dismiss();

	await world.holds([
		{ url: world.web.address("/second-article"), tags: ["after"] },
		{ url: world.web.address("/article"), tags: ["before"] },
	]);
	assert.ok((await world.hostProcesses()).every((id) => !killed.includes(id)));
	const read = await world.readTagPage(first.page, "after");
	assert.equal(read.title, "What a linker does all day");
});

inEachBrowser(
	"loses nothing when the host is killed while the popup is open",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.type("one,");
		await popup.hasTags("one");
		await world.killHosts();
		await popup.type("two,");
		await popup.hasTags("one", "two");
		await popup.reaches("saved");
		await popup.dismiss();
		await world.holds([{ url: world.web.address("/article"), tags: ["one", "two"] }]);
	},
);

inEachBrowser(
	"loses and duplicates nothing when the browser is killed during a save",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.type("told,");
		await popup.hasTags("told");
		await popup.reaches("saved");
		await popup.dismiss();

		// The host has the save, and no chance to answer it.
		const goOn = await world.stopHosts();
		const page = await browser.open(world.web.address("/second-article"));
		const open = await browser.clickButton(page);
		await open.reaches("saving");
		await until(
			"the caret is in the tag field",
			async () => (await open.focused()) === "tags",
		);
		await open.type("not yet told,");
		await open.hasTags("not yet told");
		await until("it is kept for the host", async () =>
			(await open.stored()).includes("not yet told"),
		);
		const again = await world.crash(browser, goOn);

		const kept = [
			{ url: world.web.address("/second-article"), tags: ["not yet told"] },
			{ url: world.web.address("/article"), tags: ["told"] },
		];
		await world.holds(kept);
		const afterwards = await world.save(again, "/second-article");
		await afterwards.popup.hasTags("not yet told");
		await afterwards.popup.dismiss();
		await world.holds(kept);
	},
);

inEachBrowser("starts the host with the browser, and the site with it", async (world) => {
	await world.siteAnswers();
});

const limit = { timeout: TEST_HANGS_MS };
test(
	"Chromium and Firefox at once: one store, one note a page, all that either wrote",
	limit,
	async () => {
		const world = await World.make();
		try {
			await world.install();
			const [chromium, firefox] = await Promise.all(
				browsers.map((driver) => world.start(driver)),
			);
			if (!chromium || !firefox) throw new Error("There are two browsers.");

			// The same page at the same moment.
			const clicked = await Promise.all(
				[chromium, firefox].map((browser) => world.save(browser, "/article")),
			);
			for (const { popup } of clicked) await popup.dismiss();
			const url = world.web.address("/article");
			await world.holds([{ url, tags: [] }]);

			// Different pages at the same moment.
			await Promise.all([
				writeTag(chromium, "/japanese", "from chromium"),
				writeTag(firefox, "/hebrew", "from firefox"),
			]);
			await until("both are stored", async () => {
				const notes = await world.notes();
				const tags = notes.map((note) => note.tags.join()).sort();
				return tags.join("|") === "|from chromium|from firefox";
			});

			// What one browser wrote, the other finds and adds to.
			await writeTag(chromium, "/article", "one");
			await until(
				"it is stored",
				async () => (await world.notes())[2]?.tags.join() === "one",
			);
			const { page, popup } = await world.save(firefox, "/article");
			await popup.hasTags("one");
			await popup.type("two,");
			await popup.hasTags("one", "two");
			await popup.dismiss();
			await until(
				"both tags are on it",
				async () => (await world.notes())[2]?.tags.join() === "one,two",
			);
			assert.equal((await world.readTagPage(page, "two")).link, url);

			// Both popups are open on one note, and neither sees what the other adds.
			const open = await Promise.all(
				[chromium, firefox].map((browser) => world.save(browser, "/article")),
			);
			for (const [index, { popup }] of open.entries()) {
				await popup.hasTags("one", "two");
				await popup.type(["left,", "right,"][index] ?? "");
			}
			for (const { popup } of open) await popup.dismiss();
			await until(
				"the tags of both are on it",
				async () =>
					(await world.notes())[2]?.tags.toSorted().join() === "left,one,right,two",
			);

			/**
			 * @param {import("./driver/browser.js").Browser} browser
			 * @param {string} address
			 * @param {string} tag
			 */
			async function writeTag(browser, address, tag) {
				const saved = await world.save(browser, address);
				await saved.popup.type(`${tag},`);
				await saved.popup.hasTags(tag);
				await saved.popup.dismiss();
			}
		} finally {
			await world.end();
		}
	},
);
