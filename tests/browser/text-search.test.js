// Searches for a word that only the kept text of a page has: in the popup, in the address bar and
// on the site. What matches by itself comes first, though it is older.

import assert from "node:assert/strict";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("./test-environment.js").World} World */

const OWN = "My rotary presses";
const READ = "How newspapers were printed";

/**
 * A note with the word in its title, a newer one with it in its text alone, and one without it.
 * @param {World} world
 */
async function fill(world) {
	await world.siteAnswers();
	const note = { tags: ["history"], summary: "", excerpt: null };
	const read = world.web.address("/article");
	const [, id] = await world.put([
		{ ...note, url: "https://example.org/own", title: OWN },
		{
			...note,
			url: read,
			title: READ,
			text: `# Paper\n\n${"A long beginning. ".repeat(40)}\n\nThen the **rotary** press came, and 輪転機.\n`,
		},
		{
			...note,
			url: "https://example.org/other",
			title: "Other",
			text: "Of something else.",
		},
	]);
	return { read, id };
}

inEachBrowser(
	"the popup finds a note by its text, below those that match by themselves",
	async (world, browser) => {
		const { read } = await fill(world);
		const popup = await world.click(browser, await browser.open(), "error");
		await until(
			"the search has the focus",
			async () => (await popup.focused()) === "query",
		);
		/**
		 * @param {string} query
		 * @param {[title: string, isInText: boolean][]} expected
		 */
		const finds = async (query, ...expected) => {
			await popup.evaluate(() =>
				/** @type {HTMLInputElement} */ (document.querySelector("#query")).select(),
			);
			await popup.type(query);
			return until(`${query} finds ${expected}`, async () => {
				const rows = await popup.evaluate(() =>
					[...document.querySelectorAll("#found li")].map((row) => {
						const text = row.querySelector(".in-text");
						return {
							title: row.querySelector(".name")?.textContent ?? "",
							text: text?.checkVisibility() ? text.textContent : null,
							says: text?.getAttribute("title"),
						};
					}),
				);
				const found = rows.map(({ title, text }) => [title, text !== null]);
				if (JSON.stringify(found) !== JSON.stringify(expected))
					throw new Error(JSON.stringify(rows));
				return rows;
			});
		};
		const [, row] = await finds("rotary", [OWN, false], [READ, true]);
		assert.match(`${row?.text}`, /Then the rotary press came/);
		assert.equal(row?.says, "In the text of the page");
		await finds("in:text rotary", [READ, true]);
		await finds("in:note rotary", [OWN, false]);
		// One word is in the note, the other one in the text.
		await finds("newspapers rotary", [READ, true]);
		await finds("輪転", [READ, true]);
		await popup.press("Enter");
		await until("its page is open in a tab", async () =>
			(await browser.addresses()).includes(read),
		);
	},
);

inEachBrowser(
	"the address bar finds a note by its text, below those that match by themselves",
	async (world, browser) => {
		const { read } = await fill(world);
		const page = await browser.open(world.web.address("/bread"));
		await browser.typeInAddressBar(page, "un rotary");
		const expected = [
			`${OWN} — history — https://example.org/own`,
			`${READ} — history — ${read}`,
		];
		await until("both are found", async () => {
			const { lines } = await browser.addressBar();
			if (lines.join("\n") !== expected.join("\n")) throw new Error(`${lines}`);
			return true;
		});
		await browser.enterInAddressBar(1, page);
		await until("its page is open", async () =>
			(await browser.addresses()).includes(read),
		);
	},
	{ headed: true },
);

inEachBrowser(
	"the site finds a note by its text, marks the word, and leads to the text",
	async (world, browser) => {
		const { id } = await fill(world);
		const origin = await world.origin();
		const page = await browser.open(`${origin}/`);
		await page.bringToFront();
		await page.focus("#q");
		await page.keyboard.type("rotary");
		await page.keyboard.press("Enter");
		await until("the site has searched", () =>
			page.evaluate(() => document.title === "url-notes | search | rotary"),
		);
		/** The results in the order of the page, each below its heading. */
		const shown = () =>
			page.evaluate(() =>
				[...document.querySelectorAll("main article")].map((note) => ({
					title: note.querySelector(".title")?.textContent?.trim(),
					group: note.closest(".in-texts")?.querySelector("h2")?.textContent,
					marks: [...note.querySelectorAll("mark")].map((mark) => mark.textContent),
					text: [...note.querySelectorAll("a")]
						.find((link) => link.textContent === "Text")
						?.getAttribute("href"),
				})),
			);
		const own = { title: OWN, marks: ["rotary"] };
		const read = { title: READ, marks: ["rotary"], text: `/note/${id}/text` };
		const group = "In the text of pages";
		const both = [own, { ...read, group }];
		await until("the results are there", async () => {
			// As JSON, what isn't there is left out.
			assert.deepEqual(JSON.parse(JSON.stringify(await shown())), both);
			return true;
		});
		for (const [query, expected] of /** @type {[string, object[]][]} */ ([
			["rotary&sort=relevance", both],
			["in:text+rotary", [read]],
			["in:note+rotary", [own]],
			["輪転機", [{ ...read, marks: ["輪転機"], group }]],
		])) {
			await page.goto(`${origin}/search?q=${query}`);
			assert.deepEqual(JSON.parse(JSON.stringify(await shown())), expected, query);
		}
		await page.goto(`${origin}${read.text}`);
		assert.match(
			await page.$eval(".page-text", (text) => text.textContent ?? ""),
			/Then the rotary press came/,
		);
		await page.close();
	},
);
