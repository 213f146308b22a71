// The text of a saved page: kept after a click, removed and kept again, and what keeps it away.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { until } from "./driver/until.js";
import { emptyStorage, fillStorage } from "./full-storage.js";
import { project } from "./program.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("./test-environment.js").World} World */
/** @typedef {import("./driver/popup.js").Popup} Popup */

const pictures = path.join(project, "tests/browser/pictures");
await mkdir(pictures, { recursive: true });

const ARTICLE = "# How we cut our build times in half\n\nCaching came first.";

/**
 * The text that the program has of a page; empty if it has none.
 * @param {World} world
 * @param {string} address As in web.js.
 */
async function textOf(world, address) {
	const url = world.web.address(address);
	const id = (await world.notes()).find((note) => note.url === url)?.id;
	if (id === undefined) return "";
	// Exits with 1 if there is none.
	return (await world.command("text", "show", String(id)).catch(() => "")).trim();
}

/**
 * @param {World} world
 * @param {string} address
 * @param {string} text
 */
const has = (world, address, text) =>
	until(`the program has this text of ${address}: ${text}`, async () => {
		const found = await textOf(world, address);
		if (found !== text) throw new Error(`it has: ${found}`);
		return true;
	});

/**
 * Waits until the popup's line says this.
 * @param {Popup} popup
 * @param {RegExp} sentence
 */
const says = (popup, sentence) => popup.says("#text-says", sentence);

inEachBrowser(
	"a click keeps the text of its page, × removes it, and Alt+T keeps it again",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await says(popup, /^Text kept · 1\d words$/);
		await popup.picture(path.join(pictures, `text-kept-${browser.name}.png`));
		await has(world, "/article", ARTICLE);
		await popup.click("#text-remove");
		await says(popup, /^Text removed$/);
		await has(world, "/article", "");
		await popup.press("Alt+t");
		await says(popup, /^Text kept/);
		await has(world, "/article", ARTICLE);
		await popup.press("Alt+t");
		await says(popup, /^Text removed$/);
		await has(world, "/article", "");
		// Where the caret was, so that typing goes on.
		assert.equal(await popup.focused(), "tags");
	},
);

inEachBrowser(
	"a click replaces a text that was downloaded later",
	async (world, browser) => {
		const file = path.join(world.folder, "downloaded.json");
		const text = {
			markdown:
				"What the server sent, with a few more words than a reader sees of the page.",
			takenAt: "2026-11-01T12:00:00.000Z",
			whole: true,
			source: "fetch",
		};
		const note = {
			url: world.web.address("/article"),
			title: "Imported",
			pageText: text,
		};
		await writeFile(file, JSON.stringify({ urlNotes: 1, notes: [note] }));
		await world.command("import", file);
		await has(world, "/article", text.markdown);
		const { popup } = await world.save(browser, "/article");
		await says(popup, /^Text kept · 1\d words$/);
		await has(world, "/article", ARTICLE);
	},
);

inEachBrowser(
	"no text is kept where the user chose never, until the settings allow it again",
	async (world, browser) => {
		const { page, popup } = await world.save(browser, "/article");
		await says(popup, /^Text kept/);
		await popup.click("#text-never");
		await says(popup, /^No text of pages on 127\.0\.0\.1:\d+$/);
		await has(world, "/article", "");
		await popup.dismiss();
		const other = await world.save(browser, "/bread");
		await says(other.popup, /^No text of pages on/);
		await other.popup.dismiss();
		const settings = await browser.own("options/options.html");
		await until("the web site is listed", async () =>
			/^127\.0\.0\.1:\d+/.test(
				await settings.$eval("#textless-sites", (list) => list.textContent ?? ""),
			),
		);
		await settings.click("#textless-sites button");
		await until("it is listed no more", () =>
			settings.$eval("#textless", (list) => !list.checkVisibility()),
		);
		await page.bringToFront();
		const again = await world.click(browser, page);
		await says(again, /^Text kept/);
		await has(world, "/article", ARTICLE);
		assert.equal(await textOf(world, "/bread"), "");
	},
);

inEachBrowser("says why a page has no text", async (world, browser) => {
	for (const [address, reason] of /** @type {const} */ ([
		["/login", /^No text: the page asks for a password$/],
		["/paper.pdf", /^No text: a PDF$/],
	])) {
		const { popup } = await world.save(browser, address);
		await says(popup, reason);
		await popup.dismiss();
		assert.equal(await textOf(world, address), "");
	}
});

inEachBrowser(
	"says that reader view has no text",
	async (world, browser) => {
		const page = await browser.open();
		await browser.visit(page, `about:reader?url=${world.web.address("/article")}`);
		const popup = await world.click(browser, page);
		await says(popup, /^No text: reader view$/);
	},
	{ only: "Firefox" },
);

inEachBrowser(
	"the text of a page that the tab shows by now, instead of the saved one, isn't kept",
	async (world, browser) => {
		await (await world.save(browser, "/bread")).popup.dismiss();
		const page = await browser.open(world.web.address("/article"));
		const goOn = await world.stopHosts();
		const popup = await browser.clickButton(page);
		await popup.says("#address", /article$/);
		await page.evaluate(() => {
			history.pushState(null, "", "/second-article");
			document.body.textContent = "Another page of the same document.";
		});
		goOn();
		await popup.reaches("saved");
		await says(popup, /^No text: the tab now shows another page$/);
		assert.equal(await textOf(world, "/article"), "");
	},
);

inEachBrowser(
	"another address of the same page keeps its text",
	async (world, browser) => {
		await (await world.save(browser, "/bread")).popup.dismiss();
		const page = await browser.open(world.web.address("/article"));
		const goOn = await world.stopHosts();
		const popup = await browser.clickButton(page);
		await popup.says("#address", /article$/);
		await page.evaluate(() => history.pushState(null, "", "/article?utm_source=x#top"));
		goOn();
		await popup.reaches("saved");
		await says(popup, /^Text kept/);
		await has(world, "/article", ARTICLE);
	},
);

inEachBrowser(
	"without the program the text waits, and arrives with its save after the browser's restart",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article", "queued");
		await says(popup, /^The text waits for the program$/);
		await popup.dismiss();
		await world.restart(browser);
		await world.install();
		await has(world, "/article", ARTICLE);
	},
	{ registered: false },
);

inEachBrowser(
	"with a full storage the text is dropped and the popup says so; the save isn't lost",
	async (world, browser) => {
		const filling = await browser.own("options/options.html");
		await fillStorage(filling);
		const page = await browser.open(world.web.address("/article"));
		// Firefox packs what it stores, so these are words that can't be packed.
		await page.evaluate(() => {
			document.body.textContent = Array.from({ length: 8000 }, () =>
				Math.random().toString(36).slice(2, 10),
			).join(" ");
		});
		const popup = await world.click(browser, page, "queued");
		await says(popup, /^No text: the browser’s storage is full$/);
		await popup.dismiss();
		await emptyStorage(filling);
		await world.install();
		await world.holds([{ url: world.web.address("/article"), tags: [] }]);
		assert.equal(await textOf(world, "/article"), "");
	},
	{ registered: false, littleStorage: true },
);

inEachBrowser(
	"a consent wall doesn't replace the text that is there, unless the user wants it",
	async (world, browser) => {
		const { page, popup } = await world.save(browser, "/article");
		await says(popup, /^Text kept/);
		await popup.dismiss();
		await page.evaluate(() => {
			document.body.textContent = "Accept cookies, please.";
		});
		const again = await world.click(browser, page);
		await says(again, /^The text you kept earlier stays$/);
		await again.picture(path.join(pictures, `text-older-${browser.name}.png`));
		await has(world, "/article", ARTICLE);
		await again.click("#text-act");
		await says(again, /^Text kept · 3 words$/);
		await has(world, "/article", "Accept cookies, please.");
	},
);

inEachBrowser(
	"the settings decide whether texts are kept: never, or when the user says so",
	async (world, browser) => {
		const settings = await browser.own("options/options.html");
		await settings.select("#keep-text", "never");
		const { page, popup } = await world.save(browser, "/article");
		await until("there is no line", async () => !(await popup.shows("#page-text")));
		await popup.dismiss();
		await settings.bringToFront();
		await settings.select("#keep-text", "ask");
		await page.bringToFront();
		const asking = await world.click(browser, page);
		await says(asking, /^Keep the text\?$/);
		assert.equal(await textOf(world, "/article"), "");
		await asking.click("#text-act");
		await says(asking, /^Text kept/);
		await has(world, "/article", ARTICLE);
	},
);

inEachBrowser(
	"the program's configuration turns texts off, and the settings say so",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await until("there is no line", async () => !(await popup.shows("#page-text")));
		await popup.dismiss();
		assert.equal(await textOf(world, "/article"), "");
		const settings = await browser.own("options/options.html");
		await until("the settings say so", async () =>
			/keep-text = "never"/.test(
				await settings.$eval("#text-by-host", (line) =>
					line.checkVisibility() ? (line.textContent ?? "") : "",
				),
			),
		);
	},
	{ settings: 'keep-text = "never"\n' },
);

inEachBrowser(
	"quotes of a page are listed, shown on it, and deleted one by one",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/repetitive"));
		for (const id of ["#b", "#d"]) {
			await page.evaluate((id) => {
				getSelection()?.selectAllChildren(
					/** @type {Node} */ (document.querySelector(id)),
				);
			}, id);
			const popup = await world.click(browser, page);
			await until("the quote is listed", () => popup.shows("#quotes"));
			await popup.dismiss();
		}
		await page.evaluate(() => getSelection()?.removeAllRanges());
		const popup = await world.click(browser, page);
		await popup.says("#quotes-count", /^2 quotes$/);
		await popup.click("#quotes summary");
		await popup.click("#show-quotes");
		await popup.says("#quotes-say", /^2 of 2 quotes found$/);
		await popup.picture(path.join(pictures, `quotes-${browser.name}.png`));
		// Browsers show no more of a popup.
		const { height, isWhole } = await popup.evaluate(() => ({
			height: document.body.getBoundingClientRect().height,
			isWhole:
				Number(document.querySelector("footer")?.getBoundingClientRect().bottom) <
				Number(document.querySelector("main")?.getBoundingClientRect().bottom),
		}));
		assert.ok(height <= 600 && isWhole, `${height} px high`);
		await page.screenshot({ path: path.join(pictures, `marks-${browser.name}.png`) });
		const shown = await page.evaluate(() =>
			[...(CSS.highlights.get("url-notes-quotes") ?? [])].map((mark) => {
				const range = /** @type {Range} */ (mark);
				const { top } = range.getBoundingClientRect();
				return [
					range.startContainer.parentElement?.closest("p")?.id,
					top > 0 && top < innerHeight,
				];
			}),
		);
		assert.deepEqual(shown.sort(), [
			["b", true],
			["d", false],
		]);
		await popup.click("#quotes-list button");
		await popup.says("#quotes-count", /^1 quote$/);
		const summary = async () => (await world.notes())[0]?.summary ?? "";
		await until("the note has the other quote alone", async () =>
			/^> There is a long part[^>]*\n>\n> \[Go to passage\]\(<[^<>]*>\)$/.test(
				await summary(),
			),
		);
		await popup.click("#undo-quote");
		await until("it has both again", async () =>
			/^> Some say[\s\S]*\n\n> There is/.test(await summary()),
		);
	},
);

/**
 * Whether a part of the page has the colour of a mark, as it is painted.
 * @param {import("puppeteer-core").Page} page
 * @param {{x: number, y: number, width: number, height: number}} clip
 */
async function isMarked(page, clip) {
	const picture = await page.screenshot({ clip, encoding: "base64" });
	return page.evaluate(async (encoded) => {
		const bytes = Uint8Array.from(atob(encoded), (byte) => byte.charCodeAt(0));
		const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
		const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
		const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
			canvas.getContext("2d")
		);
		context.drawImage(bitmap, 0, 0);
		const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
		for (let at = 0; at < data.length; at += 4)
			if (data[at] === 255 && data[at + 1] === 255 && data[at + 2] === 0) return true;
		return false;
	}, picture);
}

inEachBrowser(
	"a quote that is partly in a shadow tree is marked on the page",
	async (world, browser) => {
		const url = world.web.address("/repetitive");
		await world.command("add", url, "--summary", "> Outside and in the shadow");
		const page = await browser.open(url);
		await page.evaluate(() => {
			document.body.insertAdjacentHTML("afterbegin", "<p>Outside <x-card></x-card></p>");
			const card = document.querySelector("x-card");
			const root = /** @type {Element} */ (card).attachShadow({ mode: "open" });
			root.innerHTML = "<b>and in the shadow</b>";
		});
		const popup = await world.click(browser, page);
		await popup.says("#quotes-count", /^1 quote$/);
		await popup.click("#quotes summary");
		await popup.click("#show-quotes");
		await popup.says("#quotes-say", /^1 of 1 quotes? found$/);
		await popup.dismiss();
		for (const isInside of [false, true]) {
			const clip = await page.evaluate((isInside) => {
				const card = document.querySelector("x-card");
				const inside = card?.shadowRoot?.querySelector("b")?.firstChild;
				const text = isInside ? inside : card?.previousSibling;
				const range = document.createRange();
				range.selectNodeContents(/** @type {Node} */ (text));
				const { x, y, width, height } = range.getBoundingClientRect();
				return { x: x + scrollX, y: y + scrollY, width, height };
			}, isInside);
			await until(`it is marked, inside: ${isInside}`, () => isMarked(page, clip));
		}
	},
);

inEachBrowser(
	"a popup that is closed at once keeps the text, and a popup opens what was kept",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/article"));
		const popup = await browser.clickButton(page);
		// Its texts come right after it has connected to the background.
		await until("the popup runs", async () => (await popup.text("#status")) !== "");
		await popup.dismiss();
		await has(world, "/article", ARTICLE);
		const again = await world.click(browser, page);
		await says(again, /^Text kept/);
		const link = await again.evaluate(
			() =>
				/** @type {HTMLAnchorElement | null} */ (document.querySelector("#text-says a"))
					?.href,
		);
		assert.match(link ?? "", /\/note\/\d+\/text$/);
	},
);

inEachBrowser(
	"a page that is saved from its menu has a text, and a saved link has none",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/links"));
		await browser.chooseFromMenu(page, "#good", "save-link");
		await world.holds([{ url: world.web.address("/second-article"), tags: [] }]);
		await browser.chooseFromMenu(page, "#words", "save-page");
		const popup = await browser.openPopup();
		await popup.reaches("saved");
		await says(popup, /^Text kept/);
		assert.match(await textOf(world, "/links"), /words that are here again/);
		assert.equal(await textOf(world, "/second-article"), "");
	},
	{ headed: true },
);

inEachBrowser(
	"the first run says that texts are kept, and leads to the setting",
	async (_world, browser) => {
		const welcome = await browser.ownTab("welcome/welcome.html");
		await until("it says so", async () =>
			/readable text of a page you save is kept on this computer/.test(
				await welcome.$eval("main", (main) => main.textContent ?? ""),
			),
		);
		assert.ok(await welcome.$('a[href$="options/options.html"]'));
		const settings = await browser.own("options/options.html");
		assert.equal(
			await settings.$eval(
				"#keep-text",
				(field) => /** @type {HTMLSelectElement} */ (field).value,
			),
			"always",
		);
	},
	{ keepsWelcome: true },
);
