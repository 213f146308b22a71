// What the popup can do beyond saving: quotes, the preview, tags by keyboard, other notes.

import assert from "node:assert/strict";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("puppeteer-core").Page} Page */

/**
 * Selects text in a page, from one place in an element's text to another's.
 * @param {Page} page
 * @param {[selector: string, text: string]} from selects from this text on
 * @param {[selector: string, text: string]} to up to the end of this one
 */
async function select(page, from, to) {
	await page.evaluate(
		(from, to) => {
			const find = (
				/** @type {[string, string]} */ [selector, text],
				/** @type {boolean} */ end,
			) => {
				const element = document.querySelector(selector);
				const walker = document.createTreeWalker(
					/** @type {Element} */ (element),
					NodeFilter.SHOW_TEXT,
				);
				for (let node = walker.nextNode(); node; node = walker.nextNode()) {
					const at = node.nodeValue?.indexOf(text) ?? -1;
					if (at >= 0) return /** @type {const} */ ([node, end ? at + text.length : at]);
				}
				throw new Error(`${selector} has no ${text}`);
			};
			const [a, b] = [find(from, false), find(to, true)];
			getSelection()?.setBaseAndExtent(a[0], a[1], b[0], b[1]);
		},
		from,
		to,
	);
}

inEachBrowser(
	"links a quote to its passage, even if the page repeats the words",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/repetitive"));
		for (const { from, to, says, place } of /** @type {const} */ ([
			{
				from: ["#c", "the bottle"],
				to: ["#c", "bottleneck"],
				says: "the bottleneck",
				place: "c",
			},
			// Over inline elements, with words beside them that nobody sees.
			{
				from: ["#b", "memory is"],
				to: ["#b b", "the bottleneck"],
				says: "memory is the bottleneck",
				place: "b",
			},
			// A word and half of one.
			{ from: ["#b", "orable"], to: ["#b", "it is"], says: "orable it is", place: "b" },
			// The second heading of that name, with what comes after it.
			{
				from: ["#second", "On"],
				to: ["#d", "part here"],
				says: "On memory",
				place: "second",
			},
			{
				from: ["#d", "There is"],
				to: ["#d", "on the page."],
				says: "There is a long part",
				place: "d",
			},
			{
				from: ["#e", "学習を学ぶ人も"],
				to: ["#e", "人も図書"],
				says: "学習を学ぶ人も図書",
				place: "e",
			},
		])) {
			await page.bringToFront();
			await select(page, [...from], [...to]);
			const popup = await world.click(browser, page);
			await popup.dismiss();
			const summary = await until("the quote is stored", async () => {
				const [note] = await world.notes();
				return note?.summary.includes(says.slice(0, 12)) && note.summary;
			});
			const link = /<([^<>]*)>\)$/.exec(summary)?.[1] ?? "";
			assert.match(link, /#:~:text=/, says);
			const followed = await browser.open();
			await browser.visit(followed, link);
			const seen = await until(`the link leads to ${place}`, () =>
				followed.evaluate(() => {
					if (window.scrollY === 0) throw new Error("still at the top");
					return [...document.querySelectorAll("[id]")]
						.filter((element) => {
							const { top, bottom } = element.getBoundingClientRect();
							return bottom > 0 && top < window.innerHeight;
						})
						.map(({ id }) => id);
				}),
			);
			assert.ok(seen.includes(place), `${says}: ${seen} instead of ${place}`);
			await followed.close();
			await world.command("rm", world.web.address("/repetitive"));
		}
	},
);

inEachBrowser(
	"previews the note as the site will show it, and returns to the text",
	async (world, browser) => {
		const { page, popup } = await world.save(browser, "/article");
		const note =
			"Caching **halved** it:\n\n- one\n  - `two`\n- [x] three\n\n> said\n\n| a | b |\n|---|--:|\n| 1 | ~~2~~ |\n\n" +
			"<img src=x> ![pic](https://e.org/p.png) [no](javascript:alert(1)) [yes](https://e.org/)";
		await popup.focus("#summary");
		await popup.evaluate((text) => {
			const field = /** @type {HTMLTextAreaElement} */ (
				document.querySelector("#summary")
			);
			field.value = text;
			field.dispatchEvent(new Event("input", { bubbles: true }));
		}, note);
		await popup.evaluate(() => {
			const key = { code: "KeyP", key: "π", altKey: true, bubbles: true };
			document
				.querySelector("#summary")
				?.dispatchEvent(new KeyboardEvent("keydown", key));
		});
		await until(
			"the preview has the focus",
			async () => (await popup.focused()) === "preview",
		);
		await until("it is rendered", () => popup.shows("#preview strong"));
		assert.equal(await popup.shows("#summary"), false);
		const outline = (/** @type {string} */ selector) => {
			const shown = (/** @type {Element} */ element) => ({
				name: element.tagName,
				link: element.getAttribute("href"),
			});
			const root = /** @type {Element} */ (document.querySelector(selector));
			return {
				text: root.textContent?.replace(/\s+/g, ""),
				elements: [...root.querySelectorAll("*:not(div)")].map(shown),
			};
		};
		const preview = await popup.evaluate(outline, "#preview");
		await popup.press("Tab");
		await popup.click("#preview-note");
		await until("the text is there again", () => popup.shows("#summary"));
		assert.equal(await popup.value("#summary"), note);
		await popup.dismiss();
		const [saved] = await until("the note is stored", async () => {
			const notes = await world.notes();
			return notes[0]?.summary === note && notes;
		});
		await page.goto(`${world.site}/note/${saved?.id}`);
		assert.deepEqual(preview, await page.evaluate(outline, ".summary"));
	},
);

inEachBrowser(
	"separates tags at Chinese, Japanese and Arabic commas too",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.type("絵画，音楽");
		await popup.press("Enter");
		await popup.hasTags("絵画", "音楽");
		await popup.type("写真、");
		await popup.hasTags("絵画", "音楽", "写真");
		await popup.type("كتب،");
		await popup.hasTags("絵画", "音楽", "写真", "كتب");
		await popup.dismiss();
		await until("the tags are stored", async () => {
			const [note] = await world.notes();
			return note?.tags.join(" ") === "絵画 音楽 写真 كتب";
		});
	},
);

inEachBrowser(
	"moves along the chosen tags by keyboard, and removes one in the middle",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.type("one,two,three,");
		await popup.hasTags("one", "two", "three");
		const focusedTag = () =>
			popup.evaluate(
				() =>
					document.activeElement?.closest("[data-tag]")?.getAttribute("data-tag") ?? "",
			);
		await popup.press("ArrowLeft");
		assert.equal(await focusedTag(), "three");
		await popup.press("ArrowLeft");
		assert.equal(await focusedTag(), "two");
		await popup.press("Delete");
		await popup.hasTags("one", "three");
		assert.equal(await focusedTag(), "three", "the one that took its place");
		await popup.says("#announcement", /^Removed: two$/);
		await popup.press("Backspace");
		await popup.hasTags("one");
		assert.equal(await focusedTag(), "one");
		await popup.press("ArrowRight");
		assert.equal(await popup.focused(), "tags");
		await popup.press("Home");
		await popup.press("ArrowLeft");
		// Typing goes on where tags are typed.
		await popup.type("four,");
		await popup.hasTags("one", "four");
		await popup.dismiss();
		await world.holds([{ url: world.web.address("/article"), tags: ["one", "four"] }]);
	},
);

inEachBrowser("links to the other notes of the web site", async (world, browser) => {
	const { popup: first } = await world.save(browser, "/article");
	assert.equal(await first.shows("#on-site"), false, "it is the only one");
	await first.dismiss();
	const { popup } = await world.save(browser, "/bread");
	await until("they are shown", async () =>
		/^2 notes on this site$/.test(await popup.text("#on-site")),
	);
	await popup.click("#on-site");
	const address = `${await world.origin()}/site/127.0.0.1`;
	await until("the site's page is open", async () =>
		(await browser.addresses()).includes(address),
	);
	const page = await browser.open(address);
	assert.equal((await page.$$("article")).length, 2);
});

inEachBrowser(
	"says that a page has a note under its canonical URL",
	async (world, browser) => {
		const { popup: first } = await world.save(browser, "/article");
		await first.dismiss();
		const { popup } = await world.save(browser, "/amp/article");
		await until("it is shown", () => popup.shows("#elsewhere"));
		assert.ok((await popup.text("#elsewhere")).includes(world.web.address("/article")));
		const [, note] = await world.notes();
		assert.equal(
			await popup.evaluate(() =>
				document.querySelector("#elsewhere a")?.getAttribute("href"),
			),
			`${await world.origin()}/note/${note?.id}`,
		);
		await popup.type("fast,");
		await popup.hasTags("fast");
		await popup.click("#merge");
		await popup.says("#addresses-summary", /another address/);
		await popup.reaches("saved");
		await until("it is hidden", async () => !(await popup.shows("#elsewhere")));
		await popup.hasTags("fast");
		await popup.dismiss();
		const [kept, ...others] = await world.notes();
		assert.deepEqual([kept?.id, kept?.tags, others], [note?.id, ["fast"], []]);
	},
);

inEachBrowser(
	"saves only with the Save button if the settings say so, and keeps earlier text",
	async (world, browser) => {
		const { page, popup } = await world.save(browser, "/article", "unsaved");
		await popup.type("later,");
		await popup.hasTags("later");
		await until("it is kept", async () => (await popup.stored()).includes("later"));
		await popup.dismiss();
		await world.holds([]);
		const again = await world.click(browser, page, "unsaved");
		await again.hasTags("later");
		await again.focus("#save");
		await again.press("Enter");
		await again.reaches("saved");
		await again.dismiss();
		await world.holds([{ url: world.web.address("/article"), tags: ["later"] }]);
	},
	{ settings: "save-on-open = false\n" },
);

inEachBrowser("accepts text before the host has responded", async (world, browser) => {
	const { popup: first } = await world.save(browser, "/article");
	await first.dismiss();
	const goOn = await world.stopHosts();
	const page = await browser.open(world.web.address("/bread"));
	const popup = await world.click(browser, page, "saving");
	assert.equal(await popup.value("#title"), "A sourdough bread for busy people");
	await popup.type("soon,half");
	await popup.hasTags("soon");
	assert.equal(await popup.value("#tags"), "half");
	goOn();
	await popup.reaches("saved");
	assert.equal(await popup.value("#tags"), "half", "what was being typed stays");
	await popup.dismiss();
	await until("all of it is stored", async () =>
		(await world.notes()).some(({ tags }) => tags.join() === "soon,half"),
	);
});

inEachBrowser(
	"speaks German in a German browser",
	async (world, browser) => {
		const { page, popup } = await world.save(browser, "/article");
		assert.equal(await popup.text("#status"), "Gespeichert");
		assert.equal(await popup.text("#undo"), "Rückgängig");
		assert.equal(
			await popup.evaluate(() => document.documentElement.lang.slice(0, 2)),
			"de",
		);
		await popup.dismiss();
		const again = await world.click(browser, page);
		await again.says("#status", /^Gerade eben gespeichert$/);
	},
	{ language: "de" },
);

inEachBrowser(
	"screen readers can read the fields and the highlighted completion",
	async (world, browser) => {
		for (const n of ["1", "2"])
			await world.command("add", `https://e.org/${n}`, "--tag", "machine learning");
		const { popup } = await world.save(browser, "/article");
		/** All nodes with a role, in order. */
		const heard = async (/** @type {string} */ role) => {
			/** @type {any[]} */
			const found = [];
			const visit = (/** @type {any} */ node) => {
				if (node?.role === role) found.push(node);
				for (const child of node?.children ?? []) visit(child);
			};
			visit(await popup.heard?.());
			return found;
		};
		const field = async () => (await heard("combobox"))[0];
		assert.deepEqual((await heard("textbox")).map(({ name }) => name).filter(Boolean), [
			"Title",
			"Note",
		]);
		const { name, expanded, autocomplete, focused } = await field();
		assert.equal(name, "Tags");
		assert.equal(autocomplete, "list");
		assert.ok(!expanded && focused);
		await popup.type("mac");
		await popup.offers("machine learning");
		assert.ok((await field()).expanded);
		await popup.says("#announcement", /^1 matching tag\.$/);
		const [first, last] = await heard("option");
		assert.equal(first.name, "machine learning");
		assert.equal(first.description, "2 notes");
		assert.ok(first.selected);
		assert.equal(last.name, "Create “mac”");
		assert.ok(!last.selected);
		assert.equal(
			await popup.evaluate(() =>
				document.querySelector("#tags")?.getAttribute("aria-activedescendant"),
			),
			"completion-0",
		);
		await popup.press("Enter");
		await popup.hasTags("machine learning");
		assert.ok(!(await field()).expanded);
		await popup.says("#announcement", /^Added: machine learning$/);
		const buttons = (await heard("button")).map((button) => button.name);
		assert.ok(buttons.includes("Remove tag machine learning"), buttons.join());
		assert.ok(buttons.includes("Preview") && buttons.includes("Undo"), buttons.join());
	},
	{ only: "Chromium" },
);

inEachBrowser(
	"shows a note as typed, with the reason, if no program renders it",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article", "queued");
		await popup.focus("#summary");
		await popup.type("Caching **halved** it.");
		await popup.click("#preview-note");
		await until("the reason is there", () => popup.shows("#preview .reason"));
		const shown = await popup.evaluate(() =>
			["reason", "typed"].map((part) => document.querySelector(`.${part}`)?.textContent),
		);
		assert.match(shown[0] ?? "", /can't be reached.*as you typed it/);
		assert.equal(shown[1], "Caching **halved** it.");
		assert.equal(await popup.shows("#preview strong"), false);
	},
	{ registered: false },
);

inEachBrowser(
	"stays fast with a note that other parsers need minutes for",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		for (const text of [
			`\` ${"a ".repeat(32_000)}`,
			"`".repeat(65_000),
			`# ${" #".repeat(32_000)}x`,
			"- a\n+ a\n* a\n1. a\n1) a\n".repeat(3000),
			"*a **a ".repeat(9000),
		]) {
			await popup.evaluate((text) => {
				const field = /** @type {HTMLTextAreaElement} */ (
					document.querySelector("#summary")
				);
				field.value = text;
				field.dispatchEvent(new Event("input", { bubbles: true }));
			}, text);
			await popup.click("#preview-note");
			await until("it is rendered", () =>
				popup.evaluate(() => {
					const preview = document.querySelector("#preview");
					return preview?.ariaBusy === null && !preview.querySelector(".typed");
				}),
			);
			await popup.click("#preview-note");
			await until("the text is there again", () => popup.shows("#summary"));
		}
	},
);
