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
