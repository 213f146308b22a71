// The text of a quote in the popup: its link is short there, and whole in the store.

import assert from "node:assert/strict";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

inEachBrowser(
	"a quote's link is short in the popup, and whole in the note that is typed on",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/repetitive"));
		await page.evaluate(() => {
			getSelection()?.selectAllChildren(
				/** @type {Node} */ (document.querySelector("#d")),
			);
		});
		const popup = await world.click(browser, page);
		await until("the popup shows the quote", async () =>
			/\n> \[Go to passage\]\(#1\)$/.test(await popup.value("#summary")),
		);
		assert.ok(!(await popup.value("#summary")).includes(":~:text="));
		const stored = async () => (await world.notes())[0]?.summary ?? "";
		const quote = await stored();
		assert.match(quote, /\[Go to passage\]\(<http[^<>]*#:~:text=[^<>]*>\)$/);
		await popup.focus("#summary");
		await popup.press("Control+End");
		await popup.type("Mine.");
		await until("the text is saved with the whole link", async () => {
			const text = await stored();
			if (text !== `${quote}\n\nMine.`) throw new Error(text);
			return true;
		});
		await popup.dismiss();
		// The same quote again isn't added again, and the popup shows the note as before.
		const again = await world.click(browser, page);
		assert.equal(await stored(), `${quote}\n\nMine.`);
		await until("the note is shown", async () =>
			/> \[Go to passage\]\(#1\)\n\nMine\.$/.test(await again.value("#summary")),
		);
		await again.dismiss();
	},
);

inEachBrowser(
	"a quote's link is short in the library's edit dialog, too",
	async (world, browser) => {
		const link = "[Go to passage](<https://example.org/a#:~:text=cut%20in%20half>)";
		const [id] = await world.put([
			{
				url: "https://example.org/a",
				title: "A page",
				tags: [],
				summary: `> cut in half\n>\n> ${link}`,
				excerpt: null,
			},
		]);
		const page = await browser.own("library/library.html");
		await until("the note is listed", () => page.$("#row-0"));
		await page.bringToFront();
		await page.focus("#list");
		await page.keyboard.press("e");
		const field = await until("the dialog is open", () => page.$("#note-text"));
		assert.ok(field);
		const shown = await field.evaluate(
			(area) => /** @type {HTMLTextAreaElement} */ (area).value,
		);
		assert.equal(shown, "> cut in half\n>\n> [Go to passage](#1)");
		await field.evaluate((area) => {
			/** @type {HTMLTextAreaElement} */ (area).value += "\n\nMine.";
		});
		await page.click("#dialog-ok");
		await until("the text is saved with the whole link", async () => {
			const note = (await world.notes()).find((other) => other.id === id);
			return note?.summary === `> cut in half\n>\n> ${link}\n\nMine.`;
		});
	},
);
