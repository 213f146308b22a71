// The search of the popup, and the button on pages of the user's own site.

import assert from "node:assert/strict";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

/**
 * @param {import("./driver/popup.js").Popup} popup
 * @param {string[]} titles
 */
const finds = (popup, ...titles) =>
	until(`${titles} are found`, async () => {
		const names = await popup.evaluate(() =>
			[...document.querySelectorAll("#found .name")].map(
				({ textContent }) => textContent,
			),
		);
		if (names.join() !== titles.join()) throw new Error(`these are: ${names}`);
		return true;
	});

const searches = (/** @type {import("./driver/popup.js").Popup} */ popup) =>
	until("the search has the focus", async () => (await popup.focused()) === "query");

inEachBrowser(
	"finds a note from a page that can't be saved, and opens its page",
	async (world, browser) => {
		const address = world.web.address("/article");
		await world.command("add", address, "--title", "Caching builds", "--tag", "ci");
		await world.command("add", "https://example.org/b", "--title", "Bread");
		const popup = await world.click(browser, await browser.open(), "error");
		await searches(popup);
		await finds(popup, "Bread", "Caching builds");
		await popup.type("cach");
		await finds(popup, "Caching builds");
		await popup.press("Enter");
		await until("its page is open in a tab", async () =>
			(await browser.addresses()).includes(address),
		);
	},
);

inEachBrowser(
	"opens and leaves the search by keyboard while a page is saved",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.type("/");
		await searches(popup);
		await popup.type("no such words");
		await popup.says("#search-says", /No matches/);
		assert.equal(await popup.value("#tags"), "");
		assert.equal(await popup.state(), "saved");
	},
);

inEachBrowser(
	"edits the note of a page of the own site, and makes no note of the site",
	async (world, browser) => {
		const url = "https://example.org/a";
		await world.command("add", url, "--title", "A page", "--tag", "gpu");
		const [note] = await world.notes();
		const page = await browser.open(`${world.site}/note/${note?.id}`);
		const popup = await world.click(browser, page);
		await popup.hasTags("gpu");
		assert.equal(await popup.value("#title"), "A page");
		assert.equal(await popup.text("#address"), url);
		assert.equal(await popup.text("#open-library"), "Edit in library");
		await popup.type("cuda,");
		await popup.hasTags("gpu", "cuda");
		await popup.dismiss();
		await until("the tag is stored", async () => {
			const [changed] = await world.notes();
			return changed?.tags.join() === "gpu,cuda";
		});
		const again = await world.click(browser, page);
		await again.hasTags("gpu", "cuda");
		await again.click("#open-library");
		const library = await browser.ownTab(
			`library/library.html?${new URLSearchParams({ edit: url })}`,
		);
		await library.waitForSelector("#note-address");
		const address = await library.$eval(
			"#note-address",
			(field) => /** @type {HTMLInputElement} */ (field).value,
		);
		assert.equal(address, url);
		await library.close();
		await page.bringToFront();
		await page.goto(`${world.site}/tags`);
		const other = await world.click(browser, page, "error");
		await searches(other);
		await other.says("#status", /a page of your local site/);
		await other.dismiss();
		await world.holds([{ url, tags: ["gpu", "cuda"] }]);
	},
);
