// Titles of pages: what is saved of them, and what the popup offers when they change.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

const PAGE = `<!doctype html><meta charset="utf-8">
	<title>(3) How to brew tea - Kitchen | Kettle Review</title>
	<meta property="og:title" content="How to brew tea">
	<meta property="og:site_name" content="Kettle Review"><p>Boil.</p>`;

/**
 * Serves the page at every address while `use` runs.
 * @param {(address: string) => Promise<void>} use
 */
async function withPage(use) {
	const server = createServer((_request, response) => {
		response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
		response.end(PAGE);
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	try {
		await use(`http://127.0.0.1:${port}/tea`);
	} finally {
		server.close();
		server.closeAllConnections();
	}
}

inEachBrowser(
	"counter and site name are taken off a title, and the page's own is kept beside it",
	async (world, browser) =>
		withPage(async (address) => {
			const page = await browser.open(address);
			const popup = await world.click(browser, page);
			await until(
				"the popup shows the cleaned title",
				async () => (await popup.value("#title")) === "How to brew tea",
			);
			await popup.dismiss();
			const [note] = await world.notes();
			assert.equal(note?.title, "How to brew tea");
			const own = "(3) How to brew tea - Kitchen | Kettle Review";
			assert.equal(/** @type {any} */ (note)?.pageTitle, own);
			// A new counter changes nothing that is shown.
			await page.evaluate(() => {
				document.title = document.title.replace("(3)", "(4)");
			});
			await (await world.click(browser, page)).dismiss();
			assert.equal((await world.notes())[0]?.title, "How to brew tea");
			await page.goto(`${await world.origin()}/note/${note?.id}`);
			const facts = await page.$eval("dl.facts", (list) => list.textContent ?? "");
			assert.ok(facts.includes("Page title"), facts);
			assert.ok(facts.includes("(4) How to brew tea"), facts);
		}),
);

inEachBrowser(
	"a page's changed title is offered beside the one that the user typed",
	async (world, browser) =>
		withPage(async (address) => {
			const page = await browser.open(address);
			const popup = await world.click(browser, page);
			await popup.focus("#title");
			await popup.press("Control+a");
			await popup.type("Mine");
			await until(
				"the title is saved",
				async () => (await world.notes())[0]?.title === "Mine",
			);
			await popup.dismiss();
			const again = await world.click(browser, page);
			assert.equal(await again.shows("#new-title"), false);
			await again.dismiss();
			await page.evaluate(() => {
				document.title = "How to brew green tea | Kettle Review";
			});
			const offered = await world.click(browser, page);
			await offered.says("#new-title", /title is now “How to brew green tea”/);
			assert.equal(await offered.value("#title"), "Mine");
			assert.equal((await world.notes())[0]?.title, "Mine");
			await offered.click("#new-title button");
			assert.equal(await offered.value("#title"), "How to brew green tea");
			assert.equal(await offered.shows("#new-title"), false);
			await until(
				"the new title is saved",
				async () => (await world.notes())[0]?.title === "How to brew green tea",
			);
			await offered.dismiss();
		}),
);
