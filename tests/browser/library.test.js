// The library page: search, select and change many notes, in both browsers.

import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { STANDARD, unreadable } from "./axe.js";
import { until } from "./driver/until.js";
import {
	cancelDialog,
	confirm,
	focusList,
	found,
	lists,
	PAGE,
	put,
	says,
	titles,
	typeTags,
} from "./library-page.js";
import { project } from "./program.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("./test-environment.js").World} World */

const pictures = path.join(project, "tests/browser/pictures");
await mkdir(pictures, { recursive: true });

inEachBrowser("the library lists, searches and orders notes", async (world, browser) => {
	await put(world, 3, (n) => ({ tags: n === 2 ? ["rust", "web"] : [] }));
	const page = await browser.own(PAGE);
	await lists(page, ["Page 3", "Page 2", "Page 1"]);
	await says(page, "#count", /^3 notes$/);
	await page.type("#query", "tag:rust");
	await lists(page, ["Page 2"]);
	await says(page, "#count", /^1 note$/);
	await says(page, "#rows .facts", /example\.org.*rustweb$/);
	await page.$eval("#query", (field) => {
		/** @type {HTMLInputElement} */ (field).value = "page before:yesterdayy";
		field.dispatchEvent(new Event("input", { bubbles: true }));
	});
	await says(page, "#query-problems", /yesterdayy/);
	await page.$eval("#query", (field) => {
		/** @type {HTMLInputElement} */ (field).value = "nothinglikeit";
		field.dispatchEvent(new Event("input", { bubbles: true }));
	});
	await says(page, "#empty", /^No matches$/);
	await page.focus("#query");
	await page.keyboard.press("Escape");
	await page.$eval("#query", (field) => {
		/** @type {HTMLInputElement} */ (field).value = "";
		field.dispatchEvent(new Event("input", { bubbles: true }));
	});
	await lists(page, ["Page 3", "Page 2", "Page 1"]);
	for (const [order, expected] of /** @type {const} */ ([
		["oldest", ["Page 1", "Page 2", "Page 3"]],
		["title", ["Page 1", "Page 2", "Page 3"]],
		["newest", ["Page 3", "Page 2", "Page 1"]],
	])) {
		await page.select("#order", order);
		await lists(page, [...expected]);
	}
	await page.type("#query", "page rust");
	await page.select("#order", "best");
	await lists(page, ["Page 2"]);
});

inEachBrowser(
	"a new library says how to save a page, and where nothing is in the trash",
	async (_world, browser) => {
		const page = await browser.own(PAGE);
		await says(page, "#empty", /^No notes yet\. Click the url-notes button/);
		await page.click("#view-trash");
		await says(page, "#empty", /^The trash is empty\.$/);
	},
);

inEachBrowser(
	"keys select notes, tag them together, and undo takes the tags back",
	async (world, browser) => {
		await put(world, 5);
		const page = await browser.own(PAGE);
		await lists(page, ["Page 5", "Page 4", "Page 3", "Page 2", "Page 1"]);
		await focusList(page);
		for (const key of ["j", "x"]) await page.keyboard.press(/** @type {"j"} */ (key));
		await page.keyboard.down("Shift");
		await page.keyboard.press("ArrowDown");
		await page.keyboard.press("ArrowDown");
		await page.keyboard.up("Shift");
		await says(page, "#count", /^3 of 5 selected$/);
		await page.keyboard.press("t");
		await typeTags(page, "rust", "to read");
		await says(page, "#notice-text", /^Added “rust” and “to read” to 3 notes\.$/);
		assert.equal(await found(world, "tag:rust"), 3);
		await until("the rows show it", async () => {
			const tags = await page.$$eval("#row-2 .tag", (all) =>
				all.map((t) => t.textContent),
			);
			return tags.join() === "rust,to read";
		});
		await page.keyboard.press("#");
		await typeTags(page, "to read");
		await says(page, "#notice-text", /^Removed “to read” from 3 notes\.$/);
		await page.click("#notice-undo");
		await says(page, "#notice-text", /^Undone on 3 notes\.$/);
		assert.equal(await found(world, 'tag:"to read"'), 3);
		await page.keyboard.press("r");
		await says(page, "#notice-text", /^Marked 3 notes as unread\.$/);
		assert.equal(await found(world, "is:unread"), 3);
		await page.keyboard.press("Escape");
		await says(page, "#count", /^5 notes$/);
	},
);

inEachBrowser(
	"all notes of a search are tagged at once, after a question with their number",
	async (world, browser) => {
		await put(world, 320, (n) => ({ title: n <= 300 ? `Kept ${n}` : `Other ${n}` }));
		const page = await browser.own(`${PAGE}?q=kept`);
		await says(page, "#count", /^300 notes$/);
		assert.ok((await titles(page)).length < 60);
		await focusList(page);
		await page.keyboard.down("Control");
		await page.keyboard.press("a");
		await page.keyboard.up("Control");
		await says(page, "#count", /^300 of 300 selected$/);
		await page.keyboard.press("t");
		await typeTags(page, "rust");
		await says(page, "#dialog-heading", /^Add “rust” to 300 notes\?$/);
		await confirm(page);
		await says(page, "#notice-text", /^Added “rust” to 300 notes\.$/);
		assert.equal(await found(world, "tag:rust"), 300);
		// One is taken out again: the others go by their ids.
		await page.keyboard.press("x");
		await says(page, "#count", /^299 of 300 selected$/);
		await page.keyboard.press("#");
		await typeTags(page, "rust");
		await says(page, "#dialog-heading", /^Remove “rust” from 299 notes\?$/);
		await confirm(page);
		await says(page, "#notice-text", /^Removed “rust” from 299 notes\.$/);
		assert.equal(await found(world, "tag:rust"), 1);
		await page.keyboard.press("z");
		await says(page, "#notice-text", /^Undone on 299 notes\.$/);
		assert.equal(await found(world, "tag:rust"), 300);
	},
);

inEachBrowser(
	"a search that finds other notes by now changes nothing",
	async (world, browser) => {
		await put(world, 2);
		const page = await browser.own(`${PAGE}?q=page`);
		await says(page, "#count", /^2 notes$/);
		await page.click("#select-all");
		await world.command("add", "https://example.org/late", "--title", "Page late");
		await page.keyboard.press("t");
		await typeTags(page, "rust");
		await says(page, "#notice-text", /^Nothing was changed: /);
		assert.equal(await found(world, "tag:rust"), 0);
		await says(page, "#count", /3/);
	},
);

inEachBrowser("notes that are gone by now are named", async (world, browser) => {
	const [first] = await put(world, 3);
	const page = await browser.own(PAGE);
	await lists(page, ["Page 3", "Page 2", "Page 1"]);
	await focusList(page);
	await page.keyboard.press("x");
	await page.keyboard.press("j");
	await page.keyboard.press("j");
	await page.keyboard.press("x");
	await world.command("rm", String(first));
	await page.keyboard.press("t");
	await typeTags(page, "rust");
	await says(
		page,
		"#notice-text",
		/^Added “rust” to 1 note\. No longer there: Page 1\.$/,
	);
});

inEachBrowser(
	"deleted notes are in the trash, and come back from it",
	async (world, browser) => {
		await put(world, 3);
		const page = await browser.own(PAGE);
		await lists(page, ["Page 3", "Page 2", "Page 1"]);
		await page.click('#row-1 [role="gridcell"].pick');
		await page.click('#row-2 [role="gridcell"].pick');
		await page.keyboard.press("Delete");
		await says(page, "#notice-text", /^Moved 2 notes to the trash\.$/);
		await lists(page, ["Page 3"]);
		await page.click("#view-trash");
		await lists(page, ["Page 2", "Page 1"]);
		await page.click("#row-0 .pick");
		await page.click("#restore");
		await says(page, "#notice-text", /^Restored 1 note\.$/);
		await lists(page, ["Page 1"]);
		await page.click("#select-all");
		await page.click("#restore");
		await says(page, "#empty", /^The trash is empty\.$/);
		await page.click("#notice-undo");
		await says(page, "#notice-text", /^Undone on 1 note\.$/);
		await lists(page, ["Page 1"]);
		await page.click("#view-notes");
		await lists(page, ["Page 3", "Page 2"]);
	},
);

inEachBrowser(
	"a note is edited, and gets another address or is merged with that page's note",
	async (world, browser) => {
		await put(world, 2, (n) => ({ tags: [`t${n}`], summary: `Text ${n}` }));
		const page = await browser.own(PAGE);
		await lists(page, ["Page 2", "Page 1"]);
		await focusList(page);
		await page.keyboard.press("e");
		await page.waitForSelector("#note-title");
		await page.type("#note-title", "!");
		await page.type("#dialog #tags", "rust,");
		await page.$eval("#note-address", (field) => {
			/** @type {HTMLInputElement} */ (field).value = "https://example.org/moved";
		});
		await confirm(page);
		await says(page, "#notice-text", /^Address changed\./);
		const title = (await titles(page))[0] ?? "";
		assert.match(title, /^!?Page 2!?$/);
		const [note] = await world.notes();
		assert.equal(note?.url, "https://example.org/moved");
		assert.deepEqual(note?.addresses, ["https://example.org/2"]);
		assert.deepEqual(note?.tags, ["t2", "rust"]);
		await focusList(page);
		await page.keyboard.press("e");
		await page.waitForSelector("#note-title");
		await page.$eval("#note-address", (field) => {
			/** @type {HTMLInputElement} */ (field).value = "https://example.org/1";
		});
		await confirm(page);
		await until("it asks", () =>
			page.evaluate(() =>
				/already has a note: Page 1/.test(document.body.textContent ?? ""),
			),
		);
		await page.click("dialog:last-of-type #dialog-ok");
		await says(page, "#notice-text", /^Merged into: Page 1/);
		const [left, ...others] = await world.notes();
		assert.deepEqual(others, []);
		assert.deepEqual(left?.tags, ["t1", "t2", "rust"]);
		assert.match(left?.summary ?? "", /Text 1[\s\S]*Text 2/);
	},
);

inEachBrowser(
	"notes that a change takes out of the search aren't selected any longer",
	async (world, browser) => {
		await put(world, 3);
		const page = await browser.own(`${PAGE}?q=is%3Auntagged`);
		await lists(page, ["Page 3", "Page 2", "Page 1"]);
		await focusList(page);
		await page.keyboard.press("x");
		await page.keyboard.press("t");
		await typeTags(page, "rust");
		await lists(page, ["Page 2", "Page 1"]);
		await says(page, "#count", /^2 notes$/);
		await page.keyboard.press("z");
		await lists(page, ["Page 3", "Page 2", "Page 1"]);
	},
);

inEachBrowser("two selected notes are merged into one", async (world, browser) => {
	await put(world, 2, (n) => ({ tags: [`t${n}`] }));
	const page = await browser.own(PAGE);
	await lists(page, ["Page 2", "Page 1"]);
	await page.click("#row-0 .pick");
	await page.click("#row-1 .pick");
	await page.click("#merge");
	await page.waitForSelector("#keep-1");
	await page.click("#keep-1");
	await confirm(page);
	await says(page, "#notice-text", /^Merged into: Page 1/);
	await lists(page, ["Page 1"]);
	assert.deepEqual((await world.notes())[0]?.tags, ["t1", "t2"]);
});

inEachBrowser(
	"triage shows the untagged notes one after the other",
	async (world, browser) => {
		await put(world, 3);
		const page = await browser.own(PAGE);
		await lists(page, ["Page 3", "Page 2", "Page 1"]);
		await page.click("#triage");
		await says(page, "#triage-title", /^Page 3$/);
		await says(page, "#triage-count", /^Note 1 of 3$/);
		await page.keyboard.press("t");
		await page.keyboard.type("rust,");
		await page.keyboard.press("Enter");
		await says(page, "#triage-title", /^Page 2$/);
		assert.equal(await found(world, "tag:rust"), 1);
		await page.keyboard.press("u");
		await says(page, "#triage-title", /^Page 3$/);
		assert.equal(await found(world, "tag:rust"), 0);
		await page.keyboard.press("s");
		await says(page, "#triage-title", /^Page 2$/);
		await page.keyboard.press("d");
		await says(page, "#triage-title", /^Page 1$/);
		await page.keyboard.press("Enter");
		await says(page, "#triage-panel h2", /^All notes are done\.$/);
		await page.click("#triage-leave");
		await lists(page, ["Page 3", "Page 1"]);
	},
);

inEachBrowser("triage adds suggested tags by their digits", async (world, browser) => {
	for (let day = 1; day <= 6; day += 1)
		await world.command(
			"add",
			`https://bread.example/${day}`,
			"--title",
			"Bread with a long fermentation",
			"--tag",
			"baking",
		);
	await world.command(
		"add",
		"https://bread.example/new",
		"--title",
		"Bread with a long fermentation",
	);
	const page = await browser.own(PAGE);
	await says(page, "#count", /^7 notes$/);
	await page.click("#triage");
	await says(page, "#triage-suggestions", /^1 baking/);
	await page.keyboard.press("1");
	await says(page, "#chosen", /baking/);
	await page.keyboard.press("Enter");
	await says(page, "#triage-panel h2", /^All notes are done\.$/);
	assert.equal(await found(world, "tag:baking"), 7);
});

inEachBrowser(
	"a program that ends during a change leaves nothing half done, and the change can be sent again",
	async (world, browser) => {
		await put(world, 60);
		const page = await browser.own(PAGE);
		await says(page, "#count", /^60 notes$/);
		await page.click("#select-all");
		await page.keyboard.press("t");
		await page.waitForSelector("#dialog #tags");
		await page.type("#dialog #tags", "rust,");
		const goOn = await world.stopHosts();
		await page.keyboard.press("Enter");
		await says(page, "#dialog-heading", /^Add “rust” to 60 notes\?$/);
		await world.asksHost(() => confirm(page));
		await world.killHosts();
		goOn();
		await says(
			page,
			"#notice-text",
			/^No answer arrived\. Either all 60 notes were changed/,
		);
		assert.ok([0, 60].includes(await found(world, "tag:rust")));
		await page.click("#notice-again");
		await says(page, "#notice-text", /^Added “rust” to 60 notes\.$/);
		assert.equal(await found(world, "tag:rust"), 60);
	},
);

inEachBrowser(
	"without the program the library says what to do, and lists the notes once it is there",
	async (world, browser) => {
		const page = await browser.own(PAGE);
		await says(page, "#connection", /isn.t installed for this browser/);
		assert.equal(await says(page, "#cure-command", /./), "./install.sh");
		await world.install();
		await world.command("add", "https://example.org/", "--title", "Late");
		// Hidden if the browser has already tried again by itself.
		await page.$eval("#try-again", (again) => /** @type {HTMLElement} */ (again).click());
		await lists(page, ["Late"]);
	},
	{ registered: false },
);

inEachBrowser(
	"with a program that has no lists yet, the library says that it is too old, and the fix",
	async (world, browser) => {
		await put(world, 1);
		const page = await browser.own(PAGE);
		await says(page, "#connection", /^The program is too old for this page\.$/);
		assert.equal(await says(page, "#cure-command", /./), "./install.sh");
	},
	{
		// A later version of the extension, whose methods this program doesn't have.
		extension: async (driver, world) => {
			const folder = path.join(world.home, `later-${driver.name}`);
			await cp(path.join(project, "extension"), folder, { recursive: true });
			const file = path.join(folder, "background/library-port.js");
			const text = await readFile(file, "utf8");
			const call = "host.request(method,";
			assert.ok(text.includes(call));
			await writeFile(file, text.replace(call, 'host.request(method + "Later",'));
			return folder;
		},
	},
);

inEachBrowser("popup and settings lead to the library", async (world, browser) => {
	const { popup } = await world.save(browser, "/article");
	await popup.click("#open-library");
	const page = await browser.ownTab(PAGE);
	await says(page, "#count", /^1 note$/);
	await page.close();
	const options = await browser.own("options/options.html");
	await options.click('a[href$="library.html"]');
	await says(options, "#count", /^1 note$/);
});

inEachBrowser(
	"the menu of the button leads to the library",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/article"));
		await browser.chooseFromMenu(page, null, "open-library");
		const library = await browser.ownTab(PAGE);
		await says(library, "#empty", /^No notes yet\./);
	},
	{ headed: true },
);

inEachBrowser(
	"a change of more notes than the program does at once is awaited, and undone as a whole",
	async (world, browser) => {
		await put(world, 12_000);
		const page = await browser.own(PAGE);
		await says(page, "#count", /^12,000 notes$/);
		await page.click("#select-all");
		await page.click("#delete");
		await says(page, "#dialog-heading", /^Move 12,000 notes to the trash\?$/);
		await confirm(page);
		await says(page, "#notice-text", /^Moved 12,000 notes to the trash\.$/);
		await says(page, "#empty", /^No notes yet\./);
		await page.click("#notice-undo");
		await says(page, "#notice-text", /^Undone on 12,000 notes\.$/);
		await says(page, "#count", /^12,000 notes$/);
		assert.ok((await page.$$("#rows .row")).length < 60);
		// The last row, which is reached by loading all of them.
		await focusList(page);
		await page.keyboard.press("End");
		await says(page, "#row-11999 .title", /^Page 1$/);
	},
);

inEachBrowser("the selected notes are exported whole", async (world, browser) => {
	await put(world, 2, (n) => ({ summary: `Text ${n}`, tags: ["rust"] }));
	const page = await browser.own(PAGE);
	await lists(page, ["Page 2", "Page 1"]);
	await page.evaluate(() => {
		const original = URL.createObjectURL;
		URL.createObjectURL = (blob) => {
			void (
				/** @type {Blob} */ (blob).text().then((text) => {
					/** @type {any} */ (window).exported = text;
				})
			);
			return original(blob);
		};
	});
	await page.click("#select-all");
	await page.click("#export");
	await says(page, "#notice-text", /^Exported 2 notes\.$/);
	const text = await until("the file is written", () =>
		page.evaluate(() => /** @type {string} */ (/** @type {any} */ (window).exported)),
	);
	const file = JSON.parse(text);
	assert.equal(file.urlNotes, 1);
	assert.deepEqual(
		file.notes.map((/** @type {any} */ note) => [note.title, note.summary, note.tags]),
		[
			["Page 2", "Text 2", ["rust"]],
			["Page 1", "Text 1", ["rust"]],
		],
	);
});

/**
 * Takes a picture, and returns what axe finds.
 * @param {Page} page
 * @param {string} name
 * @param {number} width
 */
async function lookAt(page, name, width) {
	/** @type {string[]} */
	const faults = [];
	await page.setViewport({ width, height: 800 });
	await page.screenshot({ path: `${path.join(pictures, name)}.png` });
	const isWide = await page.evaluate(
		() => document.documentElement.scrollWidth > window.innerWidth,
	);
	if (isWide) faults.push(`${name} scrolls sideways`);
	const evaluate = page.evaluate.bind(page);
	const rules = [...STANDARD, "best-practice"];
	faults.push(...(await unreadable(name, evaluate, rules)));
	// As wide as it is used.
	await page.setViewport({ width: 1280, height: 800 });
	return faults;
}

for (const language of ["en", "de"]) {
	inEachBrowser(
		`shows the library readably, in light and dark, wide and narrow (${language})`,
		async (world, browser) => {
			const long = "A title that says it all, and then once more at length, ".repeat(5);
			await put(world, 200, (n) => ({
				...(n % 9 === 0 && {
					title: "איך לבחור מסד נתונים",
					url: `https://example.co.il/${n}`,
				}),
				...(n % 9 === 1 && { title: "東京の図書館で機械学習を学ぶ", tags: ["機械学習"] }),
				...(n % 9 === 2 && { title: long, tags: "abcdefgh".split("") }),
				...(n % 9 === 3 && { title: "" }),
				...(n % 9 === 4 && { tags: ["databases", "rust", "to read"] }),
			}));
			await world.command("edit", "--query", "tag:rust", "--unread").catch(() => "");
			await world.bring({
				url: "https://feeds.example/",
				title: "東京の図書館",
				tags: ["機械学習"],
				entries: [
					{ url: "https://feeds.example/1", title: "a".repeat(300), excerpt: long },
					{ url: "https://feeds.example/2", title: "איך לבחור מסד נתונים", lang: "he" },
					{
						url: "https://feeds.example/3",
						title: "機械学習を学ぶ",
						excerpt: "静かな場所です。",
					},
				],
			});
			/** @type {string[]} */
			const faults = [];
			// Colours don't depend on the width, and what fits doesn't depend on the colours.
			for (const { scheme, width } of /** @type {const} */ ([
				{ scheme: "light", width: 1280 },
				{ scheme: "dark", width: 360 },
			])) {
				await browser.useScheme(scheme);
				const page = await browser.own(PAGE);
				const name = `library-${language}-${browser.name}-${scheme}`;
				await until("notes are there", async () => (await titles(page)).length > 9);
				faults.push(...(await lookAt(page, name, width)));
				await page.click("#row-1 .pick");
				await page.click("#row-3 .pick");
				faults.push(...(await lookAt(page, `${name}-selected`, width)));
				await page.click("#help");
				faults.push(...(await lookAt(page, `${name}-keys`, width)));
				await cancelDialog(page);
				await focusList(page);
				await page.keyboard.press("t");
				await page.waitForSelector("#dialog #tags");
				await page.type("#dialog #tags", "da");
				await page.waitForSelector("#completions li");
				faults.push(...(await lookAt(page, `${name}-tags`, width)));
				await cancelDialog(page);
				await page.click("#clear");
				await focusList(page);
				await page.keyboard.press("e");
				await page.waitForSelector("#note-title");
				faults.push(...(await lookAt(page, `${name}-edit`, width)));
				await cancelDialog(page);
				await page.click("#triage");
				await page.waitForSelector("#triage-title");
				faults.push(...(await lookAt(page, `${name}-triage`, width)));
				await page.click("#view-inbox");
				await page.waitForSelector(".arrival");
				faults.push(...(await lookAt(page, `${name}-inbox`, width)));
				await page.close();
				const none = await browser.own(`${PAGE}?q=nothinglikeit`);
				await until("it says so", () =>
					none.evaluate(() => document.body.dataset.state === "empty"),
				);
				faults.push(...(await lookAt(none, `${name}-none`, width)));
				await none.close();
			}
			assert.deepEqual(faults, []);
		},
		{ language },
	);
}
