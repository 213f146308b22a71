// Suggested tags, learned from existing notes, taken by keyboard and by click.

import assert from "node:assert/strict";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

/** Notes on bread, which have tags that a page on bread should get. */
async function bake(/** @type {import("./test-environment.js").World} */ world) {
	for (let day = 1; day <= 6; day += 1) {
		const tags = ["baking", "sourdough", "fermentation", "kitchen"];
		await world.command(
			"add",
			`https://bread.example/${day}`,
			"--title",
			"Bread with a long fermentation and sourdough",
			...tags.flatMap((tag) => ["--tag", tag]),
		);
	}
}

/** @param {import("./driver/popup.js").Popup} popup */
const places = (popup) =>
	popup.evaluate(() =>
		["#tags", "#summary", "#open-site"].map(
			(selector) => document.querySelector(selector)?.getBoundingClientRect().top,
		),
	);

inEachBrowser(
	"takes suggested tags with arrows, with Alt and a digit, and with a click, never with Tab",
	async (world, browser) => {
		await bake(world);
		const { popup } = await world.save(browser, "/bread");
		const before = await places(popup);
		await popup.offers("sourdough");
		assert.deepEqual(await places(popup), before, "nothing moves when they come");
		const first = await popup.offered();
		assert.equal(first.length <= 5, true);
		await popup.says("#why", /^Suggested: appears in the title Alt\+1$/);
		await popup.says("#announcement", /^Suggested: sourdough, /);
		await popup.press("Tab");
		assert.notEqual(await popup.focused(), "tags");
		assert.deepEqual(await popup.tags(), []);
		await popup.focus("#tags");
		await popup.press("ArrowDown");
		await popup.press("Enter");
		await popup.hasTags("sourdough");
		assert.equal(await popup.focused(), "tags");
		await until("the rest is offered anew", async () => {
			const offered = await popup.offered();
			return offered.length > 1 && !offered.includes("sourdough");
		});
		const [, second = ""] = await popup.offered();
		await popup.evaluate(() => {
			// With the number pad Windows writes signs.
			const key = { code: "Numpad3", key: "3", altKey: true, bubbles: true };
			document.querySelector("#tags")?.dispatchEvent(new KeyboardEvent("keydown", key));
		});
		await popup.press("Alt+2");
		await popup.hasTags("sourdough", second);
		await until("another one is offered", async () => {
			const [next] = await popup.offered();
			return next !== undefined && next !== second;
		});
		const [third = ""] = await popup.offered();
		await popup.click(`#suggestions [data-tag="${third}"]`);
		await popup.hasTags("sourdough", second, third);
		await popup.dismiss();
		await until("all are saved", async () =>
			(await world.notes()).some(
				({ title, tags }) =>
					title.startsWith("A sourdough") &&
					tags.join() === ["sourdough", second, third].join(),
			),
		);
	},
);

inEachBrowser(
	"hides suggestions during typing, and the user can dismiss them",
	async (world, browser) => {
		await bake(world);
		const { popup } = await world.save(browser, "/bread");
		await popup.offers("sourdough");
		await popup.type("bak");
		await popup.offers("baking");
		assert.deepEqual(await popup.offered(), ["baking", "bak"], "completions alone");
		await popup.press("Tab");
		await popup.hasTags("baking");
		await popup.offers("sourdough");
		await popup.type(" ");
		await until(
			"spaces are typing too",
			async () => (await popup.offered()).length === 0,
		);
		await popup.press("Enter");
		await popup.offers("sourdough");
		await popup.press("Enter");
		assert.equal(await popup.focused(), "summary", "the tags are done");
		await popup.focus("#tags");
		await popup.click("#dismiss");
		await until("they are gone", async () => (await popup.offered()).length === 0);
		await popup.press("Tab");
		await popup.hasTags("baking");
	},
);

inEachBrowser(
	"suggests page keywords last, and nothing for an unknown page",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/second-article");
		await until("the place is given up", async () => !(await popup.shows("#suggested")));
		await popup.dismiss();
		const other = await world.save(browser, "/bread");
		await other.popup.offers("sourdough", "rye flour");
		assert.match(await other.popup.text("#why"), /^Suggested: page keyword \(new tag\)/);
	},
);

inEachBrowser(
	"reads the first paragraphs of a page without a description, and saves none of them",
	async (world, browser) => {
		await bake(world);
		const { popup } = await world.save(browser, "/undescribed");
		await popup.offers("fermentation", "sourdough");
		await popup.says("#why", /^Suggested: appears in the text/);
		const [note] = await world.notes();
		assert.equal(note?.title, "Notes of a slow week");
		assert.equal(note?.excerpt, null);
	},
);

inEachBrowser(
	"requests suggestions again once the host is there",
	async (world, browser) => {
		await bake(world);
		const { popup } = await world.save(browser, "/bread", "queued");
		assert.deepEqual(await popup.offered(), []);
		await world.install();
		await popup.focus("#try-again");
		await popup.press("Enter");
		await popup.reaches("saved");
		await popup.offers("sourdough");
	},
	{ registered: false },
);

inEachBrowser(
	"shows which tags a chosen one brings, and suggests none of them",
	async (world, browser) => {
		await bake(world);
		await world.command("tag", "imply", "sourdough", "baking");
		await world.command("tag", "imply", "baking", "food");
		const { popup } = await world.save(browser, "/bread");
		await popup.offers("sourdough");
		assert.ok(!(await popup.shows("#implied")));
		await popup.type("sourdough,");
		await popup.hasTags("sourdough");
		await popup.says("#implied", /^Implied tags:\s*baking\s*food$/);
		assert.equal((await popup.offered()).includes("baking"), false);
		const withLine = await places(popup);
		await popup.evaluate(() => document.querySelector("#implied")?.remove());
		assert.deepEqual(await places(popup), withLine, "the line takes no space of its own");
		await popup.dismiss();
		await until("only the chosen one is saved", async () =>
			(await world.notes()).some(
				(/** @type {any} */ { url, tags }) =>
					url === world.web.address("/bread") && JSON.stringify(tags) === '["sourdough"]',
			),
		);
		// A tag that is chosen itself isn't only implied.
		const { popup: again } = await world.save(browser, "/bread");
		await again.says("#implied", /^Implied tags:\s*baking\s*food$/);
		await again.type("baking,");
		await again.says("#implied", /^Implied tags:\s*food$/);
		await again.dismiss();
	},
);
