// The text that is taken of a page after a click on the button, in both browsers.

import assert from "node:assert/strict";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("../../extension/background/page-text.js").PageText} PageText */

/**
 * Reads the text of the tab in front as the background does, from a page of the extension: with
 * the permission of the click, and nothing more.
 * @param {import("./driver/browser.js").Browser} browser
 */
async function reader(browser) {
	const own = await browser.own("options/options.html");
	/**
	 * @returns {Promise<PageText & {ms: number}>}
	 */
	return () =>
		own.evaluate(async () => {
			const folder = new URL("../background/page-text.js", location.href).href;
			const { pageText } = await import(folder);
			const { browser } = await import(
				new URL("../shared/browser.js", location.href).href
			);
			for (const { id } of await browser.tabs.query({})) {
				const begun = performance.now();
				const read = await pageText(id);
				const ms = Math.round(performance.now() - begun);
				if (read.none !== "forbidden") return { ...read, ms };
			}
			return { none: "forbidden", ms: 0 };
		});
}

inEachBrowser("a click allows to read the text of its page", async (world, browser) => {
	const { popup } = await world.save(browser, "/article");
	await popup.dismiss();
	const read = await reader(browser);
	const { ms: _ms, ...text } = await read();
	assert.deepEqual(text, {
		text: "# How we cut our build times in half\n\nCaching came first.",
		whole: true,
		url: world.web.address("/article"),
	});
});
