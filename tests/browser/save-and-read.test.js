// The main task: save a page with a click, type tags and a note, and read them on the site.

import assert from "node:assert/strict";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

inEachBrowser(
	"saves a page with two tags and a note, to be read on its tag page",
	async (world, browser) => {
		const { page, popup } = await world.save(browser, "/article");
		assert.equal(await popup.value("#title"), "How we cut our build times in half");
		await popup.type("Build  Systems,ci");
		await popup.press("Enter");
		await popup.hasTags("build systems", "ci");
		await popup.focus("#summary");
		await popup.type("Caching **halved** it.");
		await popup.press("Escape");
		await popup.closes();

		const note = await world.readTagPage(page, "build systems");
		assert.deepEqual(note, {
			title: "How we cut our build times in half",
			link: world.web.address("/article"),
			tags: ["build systems", "ci"],
			bold: ["halved"],
		});
		assert.equal(await page.title(), "url-notes | tag | build systems");
		const [saved, ...others] = await world.notes();
		assert.deepEqual(others, []);
		assert.equal(saved?.excerpt, "Caching, and less of everything else.");
		assert.equal(saved?.siteName, "The Build Journal");
		assert.equal(saved?.publishedAt, "2025-08-14T09:30:00Z");
		assert.equal(saved?.lang, "en");
	},
);

inEachBrowser(
	"opens the site from the popup, at the first tag's page",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.type("gödel,");
		await popup.hasTags("gödel");
		await popup.reaches("saved");
		const origin = await world.origin();
		assert.equal(
			await popup.evaluate(
				() =>
					/** @type {HTMLAnchorElement} */ (document.querySelector("#open-site")).href,
			),
			`${origin}/tag/g%C3%B6del`,
		);
		await popup.click("#open-site");
		await until("the tag page is open in a tab", async () =>
			(await browser.addresses()).includes(`${origin}/tag/g%C3%B6del`),
		);
	},
);

inEachBrowser(
	"shows tags, note and date when a page is saved again",
	async (world, browser) => {
		const first = await world.save(browser, "/article");
		await first.popup.type("ci,");
		await first.popup.focus("#summary");
		await first.popup.type("Read this twice.");
		await first.popup.dismiss();
		const url = world.web.address("/article");
		await world.holds([{ url, tags: ["ci"], summary: "Read this twice." }]);
		const [before] = await world.notes();

		const { popup } = await world.save(browser, "/article");
		await popup.hasTags("ci");
		assert.equal(await popup.value("#summary"), "Read this twice.");
		await popup.says("#status", /^Saved just now$/);
		assert.ok(await popup.shows("#delete"));
		await popup.type("caching,");
		await popup.hasTags("ci", "caching");
		await popup.dismiss();

		await world.holds([{ url, tags: ["ci", "caching"], summary: "Read this twice." }]);
		const [after] = await world.notes();
		assert.equal(after?.id, before?.id);
		assert.equal(after?.savedAt, before?.savedAt);
	},
);

inEachBrowser(
	"recognises a page despite tracking parameters, and says so",
	async (world, browser) => {
		const first = await world.save(browser, "/article?utm_source=newsletter");
		await first.popup.dismiss();
		const { popup } = await world.save(browser, "/article");
		await popup.says("#same-page", /utm_source/);
		await popup.dismiss();
		await world.holds([
			{ url: world.web.address("/article?utm_source=newsletter"), tags: [] },
		]);
	},
);

inEachBrowser(
	"keeps a changed title when the page is saved again",
	async (world, browser) => {
		const first = await world.save(browser, "/article");
		await first.popup.focus("#title");
		await first.popup.evaluate(() =>
			/** @type {HTMLTextAreaElement} */ (document.querySelector("#title")).select(),
		);
		await first.popup.type("Half the build time");
		await first.popup.dismiss();
		await until("the title is stored", async () =>
			(await world.notes()).some(({ title }) => title === "Half the build time"),
		);
		const { popup } = await world.save(browser, "/article");
		assert.equal(await popup.value("#title"), "Half the build time");
	},
);

inEachBrowser("shows the tag for an alias that was typed", async (world, browser) => {
	await world.command("tag", "alias", "ml", "machine learning");
	const { popup } = await world.save(browser, "/article");
	await popup.type("ci,ML,");
	await popup.hasTags("ci", "machine learning");
	await popup.type("more,");
	await popup.hasTags("ci", "machine learning", "more");
	await popup.dismiss();
	const url = world.web.address("/article");
	await world.holds([{ url, tags: ["ci", "machine learning", "more"] }]);
});

inEachBrowser("completes tags with the keyboard only", async (world, browser) => {
	for (const [address, tag] of [
		["https://example.org/1", "machine learning"],
		["https://example.org/2", "machine learning"],
		["https://example.org/3", "macos"],
		["https://example.org/4", "web/emacs"],
	]) {
		await world.command("add", `${address}`, "--tag", `${tag}`);
	}
	const { popup } = await world.save(browser, "/article");
	await popup.type("mac");
	// Those that begin with it, the most used first; then those that contain it.
	await popup.offers("machine learning", "macos", "web/emacs");
	await popup.press("Tab");
	await popup.hasTags("machine learning");

	await popup.type("mac");
	await popup.offers("macos", "web/emacs", "mac");
	await popup.press("ArrowDown");
	await popup.press("Enter");
	await popup.hasTags("machine learning", "web/emacs");

	// The last row creates the tag as typed.
	await popup.type("mac");
	await popup.offers("macos", "mac");
	await popup.press("ArrowUp");
	await popup.press("Enter");
	await popup.hasTags("machine learning", "web/emacs", "mac");

	await popup.press("Backspace");
	await popup.hasTags("machine learning", "web/emacs");
	assert.equal(await popup.focused(), "tags");
	await popup.press("Escape");
	await popup.closes();
	const [saved] = await world.notes();
	assert.equal(saved?.url, world.web.address("/article"));
	await until(
		"the tags are stored",
		async () => (await world.notes())[0]?.tags.join() === "machine learning,web/emacs",
	);
});

inEachBrowser("undoes a save, and reverses the undo", async (world, browser) => {
	const { popup } = await world.save(browser, "/article");
	await popup.type("ci,");
	await popup.reaches("saved");
	const url = world.web.address("/article");
	await world.holds([{ url, tags: ["ci"] }]);

	await popup.click("#undo");
	await popup.reaches("unsaved");
	await world.holds([]);

	await popup.click("#save");
	await popup.reaches("saved");
	await world.holds([{ url, tags: ["ci"] }]);
});

inEachBrowser(
	"deletes an existing note, and restores it completely",
	async (world, browser) => {
		const url = world.web.address("/article");
		await world.command(
			"add",
			url,
			"--title",
			"Mine",
			"--tag",
			"ci",
			"--summary",
			"Kept.",
		);
		const { popup } = await world.save(browser, "/article");
		await popup.hasTags("ci");

		await popup.click("#delete");
		await popup.reaches("unsaved");
		await world.holds([]);

		await popup.click("#undo");
		await popup.reaches("saved");
		await world.holds([{ url, tags: ["ci"], summary: "Kept." }]);
		assert.equal((await world.notes())[0]?.title, "Mine");
	},
);

inEachBrowser(
	"offers the deleted note of a page that is saved again, and restores it",
	async (world, browser) => {
		const url = world.web.address("/article");
		const { popup, page } = await world.save(browser, "/article");
		await popup.type("ci,");
		await popup.focus("#summary");
		await popup.type("Kept.");
		await popup.dismiss();
		await world.holds([{ url, tags: ["ci"], summary: "Kept." }]);
		const [before] = await world.notes();
		const again = await world.click(browser, page);
		assert.equal(await again.shows("#deleted-before"), false);
		await again.click("#delete");
		await again.reaches("unsaved");
		await again.dismiss();
		await world.holds([]);

		const third = await world.click(browser, page);
		assert.match(await third.text("#deleted-before"), /just now\. Tags: ci\./);
		await third.type("new,");
		await third.hasTags("new");
		await third.click("#restore");
		await third.hasTags("ci", "new");
		await third.reaches("saved");
		assert.equal(await third.value("#summary"), "Kept.");
		assert.equal(await third.focused(), "tags");
		assert.equal(await third.shows("#deleted-before"), false);
		await third.dismiss();
		await world.holds([{ url, tags: ["ci", "new"], summary: "Kept." }]);
		const [after] = await world.notes();
		assert.equal(after?.id, before?.id);
		assert.equal(after?.savedAt, before?.savedAt);
	},
);

inEachBrowser("keeps Japanese and Hebrew as they are written", async (world, browser) => {
	const japanese = await world.save(browser, "/japanese");
	await japanese.popup.type("機械学習,図書館 巡り,");
	await japanese.popup.hasTags("機械学習", "図書館 巡り");
	await japanese.popup.dismiss();
	const hebrew = await world.save(browser, "/hebrew");
	await hebrew.popup.type("מסדי נתונים,");
	await hebrew.popup.focus("#summary");
	await hebrew.popup.type("לקרוא **שוב**");
	await hebrew.popup.dismiss();

	assert.deepEqual(await world.readTagPage(japanese.page, "機械学習"), {
		title: "東京の図書館で機械学習を学ぶ",
		link: world.web.address("/japanese"),
		tags: ["機械学習", "図書館 巡り"],
		bold: [],
	});
	assert.equal(await japanese.page.title(), "url-notes | tag | 機械学習");
	assert.deepEqual(await world.readTagPage(hebrew.page, "מסדי נתונים"), {
		title: "איך לבחור מסד נתונים",
		link: world.web.address("/hebrew"),
		tags: ["מסדי נתונים"],
		bold: ["שוב"],
	});
	assert.equal(
		await hebrew.page.$eval(
			"article",
			(note) =>
				getComputedStyle(/** @type {Element} */ (note.querySelector("[dir], bdi")))
					.direction,
		),
		"rtl",
	);
});

inEachBrowser(
	"says that a page can't be saved, and saves nothing",
	async (world, browser) => {
		const popup = await world.click(browser, await browser.open(), "error");
		await popup.says("#status", /can.t be saved/);
		assert.ok(
			await popup.evaluate(() =>
				["#title", "#tags", "#summary"].every((field) =>
					document.querySelector(field)?.matches(":disabled"),
				),
			),
		);
		await popup.press("Escape");
		await popup.closes();
		await world.holds([]);
	},
);

inEachBrowser(
	"saves pages without a title, and with one of five megabytes",
	async (world, browser) => {
		const untitled = await world.save(browser, "/untitled");
		await untitled.popup.dismiss();
		const huge = await world.save(browser, "/huge-title");
		await huge.popup.type("long,");
		await huge.popup.hasTags("long");
		await huge.popup.dismiss();
		await world.holds([
			{ url: world.web.address("/huge-title"), tags: ["long"] },
			{ url: world.web.address("/untitled"), tags: [] },
		]);
		const [saved] = await world.notes();
		assert.match(saved?.title ?? "", /^Huge x{1000,}$/);
		const note = await world.readTagPage(huge.page, "long");
		assert.equal(note.title, saved?.title);
	},
);

inEachBrowser(
	"refuses a tag that can't be one, says why, and keeps what was typed",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.press("Enter");
		assert.equal(await popup.focused(), "summary", "the empty field adds nothing");
		await popup.focus("#tags");
		await popup.type("   ");
		await popup.press("Enter");
		assert.deepEqual(await popup.tags(), []);
		await popup.evaluate(() => {
			const field = /** @type {HTMLInputElement} */ (document.querySelector("#tags"));
			field.value = "x".repeat(101);
			field.dispatchEvent(new Event("input", { bubbles: true }));
		});
		await popup.press("Enter");
		await until("the popup says why", async () =>
			/100/.test(await popup.text("#tag-hint")),
		);
		assert.equal((await popup.value("#tags")).length, 101);
		assert.deepEqual(await popup.tags(), []);
	},
);

inEachBrowser("shows text that looks like markup as text", async (world, browser) => {
	const { page, popup } = await world.save(browser, "/markup");
	const title = `<img src=x onerror="document.title='broken'"> &amp; co`;
	assert.equal(await popup.value("#title"), title);
	await popup.type("<b>bold</b>,");
	await popup.hasTags("<b>bold</b>");
	await popup.focus("#summary");
	await popup.type("<script>document.title='broken'</script> [x](javascript:alert(1))");
	await popup.dismiss();

	const note = await world.readTagPage(page, "<b>bold</b>");
	assert.equal(note.title, title);
	assert.deepEqual(note.tags, ["<b>bold</b>"]);
	assert.equal(await page.title(), "url-notes | tag | <b>bold</b>");
	assert.equal(await page.$("article :is(img, script, b, [href^='javascript'])"), null);
});

inEachBrowser(
	"shows its notes to the user, and to no other site",
	async (world, browser) => {
		await world.siteAnswers();
		const page = await browser.open(world.web.address("/article"));
		const seen = await page.evaluate(async (site) => {
			/** @param {Promise<unknown>} attempt */
			const succeeds = (attempt) =>
				attempt.then(
					() => true,
					() => false,
				);
			/** @param {string} address */
			const loads = (address) =>
				new Promise((resolve, reject) => {
					const image = new Image();
					image.onload = resolve;
					image.onerror = reject;
					image.src = address;
				});
			return {
				fetched: await succeeds(fetch(site)),
				fetchedBlindly: await succeeds(fetch(site, { mode: "no-cors" })),
				image: await succeeds(loads(`${site}/favicon.ico`)),
			};
		}, world.site);
		assert.deepEqual(seen, { fetched: false, fetchedBlindly: false, image: false });
	},
);
