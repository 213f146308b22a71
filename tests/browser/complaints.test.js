// Common complaints about other tools that save pages, and what the user can do here instead.

import assert from "node:assert/strict";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

inEachBrowser(
	"“I had to click twice”: one click saves, and nothing else is needed",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await world.holds([{ url: world.web.address("/article"), tags: [] }]);
		await popup.press("Escape");
		await popup.closes();
		await world.holds([{ url: world.web.address("/article"), tags: [] }]);
	},
);

inEachBrowser(
	"“I clicked beside it and what I had typed was gone”: title, tags, half a tag and note are saved",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.type("done,half a t");
		await popup.hasTags("done");
		await popup.focus("#summary");
		await popup.type("Half a sentence, th");
		await popup.focus("#title");
		await popup.evaluate(() =>
			/** @type {HTMLTextAreaElement} */ (document.querySelector("#title")).select(),
		);
		await popup.type("A better ti");
		await popup.dismiss();
		await world.holds([
			{
				url: world.web.address("/article"),
				tags: ["done", "half a t"],
				summary: "Half a sentence, th",
			},
		]);
		assert.equal((await world.notes())[0]?.title, "A better ti");
	},
);

inEachBrowser(
	"“my tag was lost, as I hadn't pressed +”: a tag that was typed is a tag, whatever is done next",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.type("by tab");
		await popup.focus("#summary");
		await popup.hasTags("by tab");
		await popup.focus("#tags");
		await popup.type("by link");
		await popup.reaches("saved");
		await popup.click("#open-site");
		await until("the popup is closed", async () => !(await popup.isOpen()));
		await world.holds([
			{ url: world.web.address("/article"), tags: ["by tab", "by link"] },
		]);
	},
);

inEachBrowser(
	"“it said unknown error”: without the program it says what is missing, and the command to run",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article", "queued");
		await popup.says("body", /isn.t installed for this browser/);
		const said = await popup.says("body", /\.\/install\.sh/);
		assert.doesNotMatch(said, /unknown|error/i);
	},
	{ registered: false },
);

inEachBrowser(
	"“it completed what I didn't mean”: the highlight shows what Enter takes, a comma takes what was typed",
	async (world, browser) => {
		await world.command("add", "https://e.org/", "--tag", "javascript");
		const { popup } = await world.save(browser, "/article");
		const highlighted = () => popup.text("#completions [aria-selected=true]");
		await popup.type("jav");
		await popup.offers("javascript", "jav");
		assert.match(await highlighted(), /^javascript/);
		await popup.press("ArrowDown");
		assert.equal(await highlighted(), "Create “jav”");
		await popup.press("Enter");
		await popup.hasTags("jav");
		await popup.type("java");
		await popup.offers("javascript", "java");
		await popup.type(",");
		await popup.hasTags("jav", "java");
		await popup.type("javas");
		await popup.offers("javascript");
		await popup.press("Control+Enter");
		await popup.hasTags("jav", "java", "javas");
		assert.ok(await popup.isOpen());
		await popup.type("javasc");
		await popup.offers("javascript");
		await popup.press("Enter");
		await popup.hasTags("jav", "java", "javas", "javascript");
	},
);

inEachBrowser(
	"“I couldn't edit what I had saved before”: the same click opens it, and takes words away as well",
	async (world, browser) => {
		const url = world.web.address("/article");
		await world.command(
			"add",
			url,
			"--title",
			"Old",
			"--tag",
			"wrong",
			"--summary",
			"No.",
		);
		const { popup } = await world.save(browser, "/article");
		await popup.hasTags("wrong");
		await popup.press("Backspace");
		await popup.type("right,");
		await popup.hasTags("right");
		await popup.focus("#summary");
		await popup.evaluate(() =>
			/** @type {HTMLTextAreaElement} */ (document.querySelector("#summary")).select(),
		);
		await popup.press("Delete");
		await popup.type("Yes.");
		await popup.dismiss();
		await world.holds([{ url, tags: ["right"], summary: "Yes." }]);
	},
);

inEachBrowser(
	"“there was no way back”: Undo takes the save back, Save takes that back, by keyboard",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.type("kept,");
		await popup.hasTags("kept");
		await popup.reaches("saved");
		await popup.focus("#undo");
		await popup.press("Enter");
		await popup.reaches("unsaved");
		await world.holds([]);
		await popup.focus("#save");
		await popup.press("Enter");
		await popup.reaches("saved");
		await world.holds([{ url: world.web.address("/article"), tags: ["kept"] }]);
	},
);

inEachBrowser(
	"“I deleted the wrong one”: after Delete the focus is on Undo",
	async (world, browser) => {
		const url = world.web.address("/article");
		await world.command("add", url, "--title", "Mine", "--tag", "ci");
		const { popup } = await world.save(browser, "/article");
		await popup.hasTags("ci");
		await popup.focus("#delete");
		await popup.press("Enter");
		await popup.reaches("unsaved");
		await until("the focus is on Undo", async () => (await popup.focused()) === "undo");
		await world.holds([]);
		await popup.press("Enter");
		await popup.reaches("saved");
		await world.holds([{ url, tags: ["ci"] }]);
	},
);

inEachBrowser(
	"“it didn't save while the program was away”: it waits in the browser and is delivered, once",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article", "queued");
		await popup.type("waited,");
		await popup.hasTags("waited");
		await popup.dismiss();
		await world.install();
		const url = world.web.address("/article");
		await world.holds([{ url, tags: ["waited"] }]);
		const again = await world.save(browser, "/article");
		await again.popup.hasTags("waited");
		await again.popup.dismiss();
		await world.holds([{ url, tags: ["waited"] }]);
	},
	{ registered: false },
);

inEachBrowser(
	"“a link into the page counted as another page”: a fragment is the same page, a route isn't",
	async (world, browser) => {
		const url = world.web.address("/article");
		const { popup } = await world.save(browser, "/article");
		await popup.type("ci,");
		await popup.hasTags("ci");
		await popup.dismiss();
		await world.holds([{ url, tags: ["ci"] }]);
		const same = await world.save(browser, "/article#second");
		await same.popup.hasTags("ci");
		await same.popup.dismiss();
		await world.holds([{ url, tags: ["ci"] }]);
		const other = await world.save(browser, "/article#/settings");
		await other.popup.dismiss();
		await world.holds([
			{ url: `${url}#/settings`, tags: [] },
			{ url, tags: ["ci"] },
		]);
	},
);
