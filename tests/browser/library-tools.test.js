// The library page: suggestions for the selected notes, saved searches, long lists and edits.

import assert from "node:assert/strict";
import { until } from "./driver/until.js";
import {
	confirm,
	focusList,
	found,
	lists,
	PAGE,
	put,
	says,
	typeTags,
} from "./library-page.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("puppeteer-core").Page} Page */

/**
 * Notes about bread and about trains; of those without tags, two are about bread.
 * @param {import("./test-environment.js").World} world
 */
const putBread = (world) =>
	put(world, 15, (n) => ({
		title:
			n <= 6
				? `Railway journeys: across the Alps by night train ${n}`
				: n === 15
					? "Railway to Lisbon"
					: `Baking bread with a long fermentation ${n - 6}`,
		url: `https://${n <= 6 || n === 15 ? "rails" : "kitchen"}.example/${n}`,
		tags: n <= 6 ? ["railway"] : n <= 12 ? ["baking"] : [],
	}));

inEachBrowser(
	"a suggested tag is added to all selected notes that it fits, and taken back",
	async (world, browser) => {
		await putBread(world);
		const page = await browser.own(`${PAGE}?q=is%3Auntagged`);
		await says(page, "#count", /^3 notes$/);
		await page.click("#select-all");
		await focusList(page);
		await page.keyboard.press("t");
		const baking = '#suggested [data-tag="baking"]';
		await says(page, `${baking} .fits`, /^“baking” fits 2 of these 3$/);
		await page.type("#dialog #tags", "typed");
		await page.click(`${baking} > button`);
		await says(page, `${baking} .done`, /^Added “baking” to 2 notes\.$/);
		assert.equal(await found(world, "tag:baking"), 8);
		await says(page, `${baking} > button`, /^Undo$/);
		await page.click(`${baking} > button`);
		await says(page, `${baking} .done`, /^Undone on 2 notes\.$/);
		assert.equal(await found(world, "tag:baking"), 6);
		// What was typed meanwhile is still there.
		assert.deepEqual(
			await page.$$eval("#chosen [data-tag]", (all) =>
				all.map((tag) => tag.getAttribute("data-tag")),
			),
			["typed"],
		);
		await page.keyboard.press("Escape");
	},
);

inEachBrowser(
	"a suggested tag is added to those of the selected notes that the user chooses",
	async (world, browser) => {
		await putBread(world);
		const page = await browser.own(`${PAGE}?q=is%3Auntagged`);
		await says(page, "#count", /^3 notes$/);
		await page.click("#row-1 .pick");
		await page.click("#row-2 .pick");
		await page.click("#add-tags");
		const baking = '#suggested [data-tag="baking"]';
		await says(page, `${baking} .fits`, /^“baking” fits 2 of these 2$/);
		await page.click(`${baking} > button[aria-expanded]`);
		await page.waitForSelector(`${baking} .choices:not([hidden])`);
		const names = await page.$$eval(`${baking} .choices bdi`, (all) =>
			all.map(({ textContent }) => textContent),
		);
		assert.deepEqual(names.sort(), [
			"Baking bread with a long fermentation 7",
			"Baking bread with a long fermentation 8",
		]);
		await page.click(`${baking} .choices input`);
		await says(page, `${baking} > button`, /^Add to 1$/);
		await page.click(`${baking} > button`);
		await says(page, `${baking} .done`, /^Added “baking” to 1 note\.$/);
		assert.equal(await found(world, "tag:baking"), 7);
		await page.click("#dialog-cancel");
		await says(page, "#notice-text", /^Added “baking” to 1 note\.$/);
		await page.click("#notice-undo");
		await until("it is undone", async () => (await found(world, "tag:baking")) === 6);
		await page.click("#view-trash");
		await page.click("#view-notes");
		await lists(page, [
			"Railway to Lisbon",
			"Baking bread with a long fermentation 8",
			"Baking bread with a long fermentation 7",
		]);
	},
);

/**
 * @param {Page} page
 * @param {string} text
 */
const search = (page, text) =>
	page.$eval(
		"#query",
		(field, value) => {
			/** @type {HTMLInputElement} */ (field).value = value;
			field.dispatchEvent(new Event("input", { bubbles: true }));
		},
		text,
	);

/** @param {import("./test-environment.js").World} world */
const savedSearches = async (world) =>
	JSON.parse(await world.command("search", "--list-saved", "--json")).map(
		(/** @type {{name: string, query: string}} */ { name, query }) => `${name}: ${query}`,
	);

inEachBrowser(
	"searches are saved in the library, opened, renamed and forgotten, with undo",
	async (world, browser) => {
		await putBread(world);
		await world.command("search", "--save", "Trains", "tag:railway");
		const page = await browser.own(PAGE);
		await says(page, "#saved-list", /^Trains$/);
		await page.click("#saved-list button");
		await says(page, "#count", /^6 notes$/);
		await page.waitForSelector('#saved-list button[aria-pressed="true"]');
		await search(page, "bread");
		await says(page, "#count", /^8 notes$/);
		await page.click("#save-search");
		await page.type("#search-name", "trains");
		await page.click("#dialog-ok");
		await says(page, "#search-problem", /^“Trains” already exists .*: tag:railway\. /);
		await page.$eval("#search-name", (field) => {
			/** @type {HTMLInputElement} */ (field).value = "Bakery";
		});
		await page.click("#dialog-ok");
		await says(page, "#saved-list", /^BakeryTrains$/);
		assert.deepEqual(await savedSearches(world), [
			"Bakery: bread",
			"Trains: tag:railway",
		]);
		await page.click("#edit-searches");
		const rename = (/** @type {number} */ place, /** @type {string} */ name) =>
			page.$$eval(
				"#searches input[type=text]",
				(fields, at, value) => {
					/** @type {HTMLInputElement} */ (fields[at]).value = value;
				},
				place,
				name,
			);
		await rename(0, "TRAINS");
		await page.click("#dialog-ok");
		await says(page, "#search-problem", /^Another saved search is called “TRAINS”\.$/);
		await rename(0, "");
		await page.click("#dialog-ok");
		await says(page, "#search-problem", /^A saved search needs a name\.$/);
		await rename(0, "BAKERY");
		await page.click("#searches li:nth-child(2) input[type=checkbox]");
		await page.click("#dialog-ok");
		await says(page, "#notice-text", /^Forgot 1 saved search\.$/);
		assert.deepEqual(await savedSearches(world), ["BAKERY: bread"]);
		await page.click("#notice-undo");
		await says(page, "#notice-text", /^1 saved search is back\.$/);
		await says(page, "#saved-list", /^BAKERYTrains$/);
		assert.deepEqual(await savedSearches(world), [
			"BAKERY: bread",
			"Trains: tag:railway",
		]);
	},
);

for (const [language, sentence] of /** @type {const} */ ([
	["en", "A bracket isn’t closed. The search closed it at the end."],
	["de", "Eine Klammer ist nicht geschlossen."],
])) {
	inEachBrowser(
		`an open bracket is named in the user's language, and nothing it finds is changed together (${language})`,
		async (world, browser) => {
			await putBread(world);
			const page = await browser.own(PAGE);
			await search(page, "(bread OR railway");
			await says(page, "#count", /^15 /);
			await until("the problem is named", async () => {
				const text = await page.$eval("#query-problems", (e) => e.textContent ?? "");
				if (text.replace("'", "’").startsWith(sentence)) return true;
				throw new Error(`it says "${text}"`);
			});
			await page.click("#select-all");
			await page.click("#delete");
			const notice =
				language === "en" ? /^Nothing was changed\. A b/ : /^Nichts .* Klammer/;
			await says(page, "#notice-text", notice);
			assert.equal(await found(world, ""), 15);
			// Single notes are changed all the same.
			await page.click("#clear");
			await page.click("#row-0 .pick");
			await page.click("#delete");
			await says(page, "#count", /^14 /);
		},
		{ language },
	);
}

inEachBrowser(
	"the library opens the note of a page for editing",
	async (world, browser) => {
		await putBread(world);
		const url = "https://kitchen.example/14";
		const page = await browser.own(`${PAGE}?${new URLSearchParams({ edit: url })}`);
		await page.waitForSelector("#note-title");
		const title = await page.$eval(
			"#note-title",
			(field) => /** @type {HTMLInputElement} */ (field).value,
		);
		assert.equal(title, "Baking bread with a long fermentation 8");
		await page.click("#dialog-cancel");
		const gone = "https://nothing.example/";
		await page.evaluate((wanted) => {
			location.search = wanted;
		}, new URLSearchParams({ edit: gone }).toString());
		await says(page, "#notice-text", /deleted elsewhere: https:\/\/nothing\.example\/$/);
	},
);

inEachBrowser(
	"a range to the last of many notes has those too that were never shown",
	async (world, browser) => {
		await put(world, 2_000);
		const page = await browser.own(PAGE);
		await says(page, "#count", /^2,000 notes$/);
		await focusList(page);
		await page.keyboard.press("x");
		await page.keyboard.press("End");
		await says(page, "#row-1999 .title", /^Page 1$/);
		await page.keyboard.down("Shift");
		await page.click("#row-1998 .facts");
		await page.keyboard.up("Shift");
		await says(page, "#count", /^1,999 of 2,000 selected$/);
		await page.click("#read");
		await page.waitForSelector("#dialog-ok");
		await page.click("#dialog-ok");
		await says(page, "#notice-text", /1,999 notes needed no change\.$/);
		await says(page, "#count", /^1,999 of 2,000 selected$/);
		await focusList(page);
		await page.keyboard.press("Home");
		await says(page, "#row-0 .title", /^Page 2000$/);
	},
);

inEachBrowser(
	"a long change is cancelled, and all notes are as they were",
	async (world, browser) => {
		for (let turn = 0; turn < 4; turn += 1)
			await put(world, 10_000, (n) => ({
				url: `https://example.org/${turn}/${n}`,
				tags: ["before"],
			}));
		const page = await browser.own(PAGE);
		await says(page, "#count", /^40,000 notes$/);
		// Pressed as soon as it is there.
		await page.evaluate(() => {
			const cancel = /** @type {HTMLElement} */ (
				document.querySelector("#notice-cancel")
			);
			new MutationObserver(() => {
				if (!cancel.hidden) cancel.click();
			}).observe(cancel, { attributes: true });
		});
		await page.click("#select-all");
		await focusList(page);
		await page.keyboard.press("t");
		await typeTags(page, "after");
		await says(page, "#dialog-heading", /^Add “after” to 40,000 notes\?$/);
		await confirm(page);
		await says(page, "#notice-text", /^Cancelled\. All notes are as they were\.$/);
		const counts = JSON.parse(await world.command("tag", "list", "--json"));
		assert.deepEqual(
			counts.map((/** @type {any} */ { name, count }) => [name, count]),
			[["before", 40_000]],
		);
	},
);

inEachBrowser(
	"notes that a change can't change are named with the reason, and the others are changed",
	async (world, browser) => {
		const tags = Array.from({ length: 200 }, (_, index) => `tag ${index}`);
		await put(world, 3, (n) => ({ tags: n === 2 ? tags : [] }));
		const page = await browser.own(PAGE);
		await lists(page, ["Page 3", "Page 2", "Page 1"]);
		await page.click("#select-all");
		await focusList(page);
		await page.keyboard.press("t");
		await typeTags(page, "one more");
		await says(
			page,
			"#notice-text",
			/^Added “one more” to 2 notes\. Not changed: Page 2 \(it would have more than 200 tags\)\.$/,
		);
		assert.equal(await found(world, 'tag:"one more"'), 2);
		await page.click("#notice-undo");
		await says(page, "#notice-text", /^Undone on 2 notes\.$/);
	},
);
