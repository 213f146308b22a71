// The extension with a host of a version before, as after a store has updated only the extension.

import assert from "node:assert/strict";
import { says } from "./driver/says.js";
import { until } from "./driver/until.js";
import { allRecordings, goBetween } from "./older-protocol.js";
import { inEachBrowser } from "./test-environment.js";

for (const { name, file } of await allRecordings()) {
	inEachBrowser(
		`saves, edits, searches and shows no fault with a host of ${name}`,
		async (world, browser) => {
			const url = world.web.address("/article");
			const first = await world.save(browser, "/article");
			await first.popup.type("ci,");
			await first.popup.hasTags("ci");
			await first.popup.focus("#summary");
			await first.popup.type("Caching **halved** it.");
			await first.popup.reaches("saved");
			assert.ok(!(await first.popup.shows("#problem")));
			await first.popup.dismiss();
			await world.holds([{ url, tags: ["ci"], summary: "Caching **halved** it." }]);

			const again = await world.save(browser, "/article");
			await again.popup.hasTags("ci");
			await again.popup.type("caching,");
			await again.popup.hasTags("ci", "caching");
			await again.popup.dismiss();
			await world.holds([
				{ url, tags: ["ci", "caching"], summary: "Caching **halved** it." },
			]);
			const deleted = await world.save(browser, "/japanese");
			await deleted.popup.click("#delete");
			await deleted.popup.says("#status", /deleted/i);
			await deleted.popup.dismiss();

			const page = await browser.open();
			const search = await world.click(browser, page, "error");
			await search.type("cach");
			await until("the search finds the note", () => search.shows("#found .name"));
			assert.ok(!(await search.shows("#problem")));
			await search.dismiss();
			assert.notEqual(await browser.badge(page), "!");

			const settings = await browser.own("options/options.html");
			await says(settings, "#connection", /^Connected$/);
			const library = await browser.own("library/library.html");
			await says(library, "#connection", /^Connected$/);
			await says(library, "#count", /^1 /);
		},
		{
			registered: false,
			before: async (world) => {
				await world.install();
				await goBetween(world, "older", file);
			},
		},
	);
}
