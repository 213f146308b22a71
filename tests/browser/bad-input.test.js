// Unusual pages and unusual input: the page is saved all the same.

import assert from "node:assert/strict";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

inEachBrowser("saves a page with broken Unicode", async (world, browser) => {
	const { popup } = await world.save(browser, "/broken-unicode");
	await popup.type("kept,");
	await popup.hasTags("kept");
	await popup.dismiss();
	const note = await until("the note is stored", async () => {
		const [note] = await world.notes();
		return note?.tags.length === 1 && note;
	});
	assert.match(note.title, /^Half . of a sign$/u);
	assert.match(note.excerpt ?? "", /^The other half .$/u);
	assert.match(note.summary, /^> Selected . words\n/u);
});

inEachBrowser(
	"saves a page with a selection of a megabyte, cut to what a note holds",
	async (world, browser) => {
		const { page, popup } = await world.save(browser, "/huge-text");
		await popup.type("kept,");
		await popup.hasTags("kept");
		await popup.dismiss();
		const length = await until("as much as there is room for is stored", async () => {
			const [{ summary } = { summary: "" }] = await world.notes();
			return summary.startsWith("> many words many words") && summary.length;
		});
		assert.ok(length > 30_000 && length < 65_536, `${length}`);
		const again = await world.click(browser, page);
		await again.hasTags("kept");
		await again.dismiss();
	},
);

inEachBrowser(
	"saves an address of sixty thousand characters, with a selection",
	async (world, browser) => {
		const { popup, page } = await world.save(
			browser,
			`/broken-unicode?${"x".repeat(60_000)}`,
		);
		await popup.type("long,");
		await popup.hasTags("long");
		const wide = await popup.evaluate(
			() => document.documentElement.scrollWidth > window.innerWidth,
		);
		assert.equal(wide, false);
		await popup.dismiss();
		const note = await until("the note is stored", async () => {
			const [note] = await world.notes();
			return note?.tags.length === 1 && note;
		});
		assert.ok(note.url === page.url());
		// A link to it would take the room that the user's words need.
		assert.equal(note.summary.length, "> Selected x words".length);
	},
);

inEachBrowser(
	"keeps ten thousand characters that can't be a tag until they are corrected or the popup closes",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.evaluate(() => {
			const field = /** @type {HTMLInputElement} */ (document.querySelector("#tags"));
			field.value = "x".repeat(10_000);
			field.dispatchEvent(new Event("input", { bubbles: true }));
		});
		await popup.press("Enter");
		await until("the popup says why", async () =>
			/100/.test(await popup.text("#tag-hint")),
		);
		assert.equal((await popup.value("#tags")).length, 10_000);
		await popup.dismiss();
		await world.holds([{ url: world.web.address("/article"), tags: ["x".repeat(100)] }]);
	},
);
