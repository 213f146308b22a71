// The extension as packages bring it: each page and the background are one minified file.

import assert from "node:assert/strict";
import path from "node:path";
import { bundle } from "../../packaging/bundle.js";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

const options = {
	extension: async (
		/** @type {import("./driver/browser.js").Driver} */ _driver,
		/** @type {import("./test-environment.js").World} */ world,
	) => {
		const folder = path.join(world.home, "extension");
		await bundle(folder);
		return folder;
	},
};

inEachBrowser(
	"the packaged extension saves a page with its tags, quote and text, and finds it",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/article"));
		await page.evaluate(() => {
			const paragraph = /** @type {Node} */ (document.querySelector("p"));
			getSelection()?.selectAllChildren(paragraph);
		});
		const popup = await world.click(browser, page);
		await popup.type("packed,");
		await popup.hasTags("packed");
		await popup.says("#text-says", /^Text kept · 1\d words$/);
		await until("the popup shows the quote", async () =>
			/^> Caching came first\.\n/.test(await popup.value("#summary")),
		);
		await popup.press("Escape");
		await popup.closes();
		const note = await until("the note has its tag", async () =>
			(await world.notes()).find(({ tags }) => tags.join() === "packed"),
		);
		assert.match(note.summary, /^> Caching came first\./);
		assert.match(
			await world.command("text", "show", String(note.id)),
			/Caching came first\./,
		);

		const library = await browser.own("library/library.html");
		await until("the library lists the note", () =>
			library.evaluate(
				() =>
					document.body.dataset.state === "list" &&
					document.querySelectorAll("#list [data-note]").length === 1,
			),
		);
		const settings = await browser.own("options/options.html");
		await until("the settings name the program", () =>
			settings.evaluate(() => document.body.textContent.includes("notes.db")),
		);
	},
	options,
);
