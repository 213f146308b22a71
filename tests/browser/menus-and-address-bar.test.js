// Context menus, address bar, all tabs of a window, badge.
//
// The tests act as a person does: with right clicks, the menu, the keyword in the address bar
// and the browser's own question about a permission.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("puppeteer-core").Page} Page */

/**
 * @param {import("./driver/browser.js").Browser} browser
 * @param {Page} page
 * @param {string} text
 */
const badgeSays = (browser, page, text) =>
	until(`the badge says "${text}"`, async () => {
		const said = await browser.badge(page);
		if (said !== text) throw new Error(`it says "${said}"`);
		return true;
	});

/** @param {Page} page */
const selectWords = (page) =>
	page.evaluate(() => {
		const text = document.querySelector("#words")?.firstChild;
		if (!text) throw new Error("There is no text.");
		// The second of two that read alike.
		const start = text.nodeValue?.lastIndexOf("words that") ?? -1;
		getSelection()?.setBaseAndExtent(
			text,
			start,
			text,
			start + "words that are here".length,
		);
	});

/**
 * @param {Page} page
 * @param {string} selector
 */
const textOf = (page, selector) =>
	page.evaluate((s) => document.querySelector(s)?.textContent?.trim() ?? "", selector);

/**
 * @param {Page} page
 * @param {string} selector
 * @param {RegExp} pattern
 */
const says = (page, selector, pattern) =>
	until(`${selector} says ${pattern}`, async () => {
		const text = await textOf(page, selector);
		if (!pattern.test(text)) throw new Error(`it says "${text}"`);
		return text;
	});

inEachBrowser(
	"saves a page from its context menu in the popup, also where a click alone doesn't save",
	async (world, browser) => {
		await world.siteAnswers();
		const page = await browser.open(world.web.address("/article"));
		const clicked = await world.click(browser, page, "unsaved");
		await clicked.dismiss();
		await browser.chooseFromMenu(page, "h1", "save-page");
		const popup = await browser.openPopup();
		await popup.reaches("saved");
		assert.equal(await popup.value("#title"), "How we cut our build times in half");
		await popup.dismiss();
		await world.holds([{ url: world.web.address("/article"), tags: [] }]);
		// That was said of this one click.
		const other = await world.save(browser, "/second-article", "unsaved");
		await other.popup.dismiss();
	},
	{ settings: "save-on-open = false\n", headed: true },
);

inEachBrowser(
	"saves a link without opening it, with its text as title, and shows that on the button",
	async (world, browser) => {
		const { page, popup } = await world.save(browser, "/links");
		await popup.dismiss();
		const said = await browser.watchBadge(page);
		await browser.chooseFromMenu(page, "#good", "save-link");
		// It says so for a moment.
		await until("the badge has said ✓", async () => (await said()).includes("✓"));
		const expected = [
			{ url: world.web.address("/second-article"), tags: [] },
			{ url: world.web.address("/links"), tags: [] },
		];
		await world.holds(expected);
		await badgeSays(browser, page, "");
		assert.equal((await world.notes())[0]?.title, "On linkers");
		// Saved again it is the same note, and that is as good.
		const saidAgain = await browser.watchBadge(page);
		await browser.chooseFromMenu(page, "#good", "save-link");
		await until("the badge has said ✓", async () => (await saidAgain()).includes("✓"));
		await world.holds(expected);
	},
	{ headed: true },
);

inEachBrowser(
	"keeps a link while the host is missing, counts it on the button, and delivers it later",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/links"));
		await browser.chooseFromMenu(page, "#good", "save-link");
		await badgeSays(browser, page, "1");
		const again = await world.crash(browser, () => {});
		const other = await again.open(world.web.address("/article"));
		await badgeSays(again, other, "1");
		await world.install();
		await world.holds([{ url: world.web.address("/second-article"), tags: [] }]);
		await badgeSays(again, other, "");
	},
	{ registered: false, headed: true },
);

inEachBrowser(
	"saves the selection as a quote that links to its passage",
	async (world, browser) => {
		await world.siteAnswers();
		const page = await browser.open(world.web.address("/links"));
		await (await world.click(browser, page, "unsaved")).dismiss();
		await selectWords(page);
		await browser.chooseFromMenu(page, "#words", "save-selection");
		const popup = await browser.openPopup();
		await popup.reaches("saved");
		await popup.dismiss();
		const [note] = await world.notes();
		assert.match(note?.summary ?? "", /^> words that are here/);
		// The same words occur earlier; the text before them makes the difference.
		assert.match(note?.summary ?? "", /#:~:text=[^)]*and-,words%20that%20are%20here/);
		assert.equal(note?.summary.match(/^> words/gm)?.length, 1);
	},
	{ settings: "save-on-open = false\n", headed: true },
);

inEachBrowser(
	"offers both for a selected link, and does either",
	async (world, browser) => {
		await world.siteAnswers();
		const page = await browser.open(world.web.address("/links"));
		await page.evaluate(() => {
			getSelection()?.selectAllChildren(document.querySelector("#good") ?? document.body);
		});
		const linked = { url: world.web.address("/second-article"), tags: [] };
		await browser.chooseFromMenu(page, "#good", "save-link");
		await world.holds([linked]);
		await browser.chooseFromMenu(page, "#good", "save-selection");
		const popup = await browser.openPopup();
		await popup.reaches("saved");
		await popup.dismiss();
		const [quoting, ...others] = await world.notes();
		assert.match(quoting?.summary ?? "", /^> On linkers\n/);
		assert.equal(others.length, 1);
	},
	{ headed: true },
);

inEachBrowser(
	"saves by its shortcut, with the keyboard only",
	async (world, browser) => {
		await world.siteAnswers();
		const page = await browser.open(world.web.address("/article"));
		await browser.pressShortcut(page);
		const popup = await browser.openPopup();
		await popup.reaches("saved");
		await popup.dismiss();
		await world.holds([{ url: world.web.address("/article"), tags: [] }]);
	},
	{ headed: true },
);

inEachBrowser(
	"offers in each menu what can be saved there, and nothing else",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/links"));
		const offered = {
			page: await browser.menuEntries(page, "#words"),
			link: await browser.menuEntries(page, "#good"),
			script: await browser.menuEntries(page, "#script"),
			mail: await browser.menuEntries(page, "#mail"),
			button: await browser.menuEntries(page, null),
		};
		assert.deepEqual(offered, {
			page: ["save-page"],
			link: ["save-link"],
			script: [],
			mail: [],
			button: ["open-library", "save-window"],
		});
		await selectWords(page);
		assert.deepEqual(await browser.menuEntries(page, "#words"), ["save-selection"]);
	},
	// Chromium has no API that returns the entries of its menus.
	{ only: "Firefox" },
);

inEachBrowser(
	"finds notes from the address bar, and opens a page or the site's search",
	async (world, browser) => {
		await world.siteAnswers();
		const article = world.web.address("/article");
		await world.command("add", article, "--title", "Builds & <caches>", "--tag", "ci");
		await world.command("add", "https://example.org/", "--title", "Other");
		const page = await browser.open(world.web.address("/bread"));
		// Answers to what was typed before come too late.
		for (const typed of ["un o", "un oth", 'un builds <&"']) {
			await browser.typeInAddressBar(page, typed);
		}
		const lines = await until("the note is found", async () => {
			const { lines } = await browser.addressBar();
			return lines.length === 1 && lines;
		});
		assert.deepEqual(lines, [`Builds & <caches> — ci — ${article}`]);
		const hint = browser.name === "Firefox" ? "" : ' for “builds <&"”';
		assert.equal((await browser.addressBar()).hint, `Search your notes${hint}`);
		await browser.enterInAddressBar(0, page);
		await until("the page is open", async () =>
			(await browser.addresses()).includes(article),
		);

		await browser.typeInAddressBar(page, "un c++ & co");
		await until("it is offered to search for it", async () =>
			/Search your notes/.test((await browser.addressBar()).hint),
		);
		await browser.enterInAddressBar(null, page);
		const origin = await world.origin();
		await until("the site searches", async () =>
			(await browser.addresses()).includes(`${origin}/search?q=c%2B%2B%20%26%20co`),
		);
	},
	{ headed: true },
);

inEachBrowser(
	"says in the address bar that the host can't be reached, and opens the settings",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/bread"));
		await browser.typeInAddressBar(page, "un bread");
		await until("it says so", async () =>
			/Can.t connect.* isn.t installed/.test((await browser.addressBar()).lines[0] ?? ""),
		);
		await browser.enterInAddressBar(0, page);
		const options = await browser.ownTab("options/options.html");
		await says(options, "#connection", /isn.t installed for this browser/);
	},
	{ registered: false, headed: true },
);

inEachBrowser(
	"saves all tabs of the window with the same tags, and sums up the results in one sentence",
	async (world, browser) => {
		const before = world.web.address("/article");
		await world.command("add", before, "--title", "Mine", "--tag", "ci");
		const page = await browser.open(before);
		await browser.open(world.web.address("/bread"));
		await browser.open(world.web.address("/japanese"));
		// Another address of the same page, and a page of the browser's own.
		await browser.open(world.web.address("/japanese?utm_source=x"));
		await browser.open("about:blank");
		await browser.chooseFromMenu(page, null, "save-window");
		const saving = await browser.ownTab("window/window.html");
		await says(saving, "#tabs-heading", /^\d+ other tabs$/);
		await saving.type("#tags", "Later, tabs");
		await saving.click("#save");
		await browser.allow();
		const sentence = await says(
			saving,
			"#connection",
			/^2 saved, 1 already saved, \d can't be saved\.$/,
		);
		assert.ok(sentence);
		const fits = await saving.$eval("#unsavable-list bdi", (name) => {
			name.textContent = "data:".repeat(100); // As a page without a title is named.
			return document.documentElement.scrollWidth <= window.innerWidth;
		});
		assert.ok(fits, "nothing goes out of the page");
		const notes = (await world.notes()).map(({ url, tags }) => ({ url, tags }));
		assert.deepEqual(
			notes.toSorted((a, b) => (a.url < b.url ? -1 : 1)),
			[
				{ url: before, tags: ["ci", "later", "tabs"] },
				{ url: world.web.address("/bread"), tags: ["later", "tabs"] },
				{ url: world.web.address("/japanese"), tags: ["later", "tabs"] },
			],
		);
		const kept = await saving.evaluate(() => {
			const { browser, chrome } = /** @type {any} */ (globalThis);
			return (browser ?? chrome).permissions.contains({ permissions: ["tabs"] });
		});
		assert.equal(kept, false, "The permission is given back.");

		await saving.click("#undo");
		await says(saving, "#connection", /^2 moved to the trash, 1 as it was before, /);
		await world.holds([{ url: before, tags: ["ci"] }]);
		assert.equal(
			await saving.$eval("#results", (results) => results.checkVisibility()),
			false,
		);
	},
	{ headed: true },
);

inEachBrowser(
	"saves the tabs that the user chooses, and leads to them",
	async (world, browser) => {
		for (const address of ["/article", "/bread", "/japanese"])
			await browser.open(world.web.address(address));
		await browser.open("about:blank");
		const saving = await browser.own("window/window.html");
		await saving.click("#choose");
		await browser.allow();
		await says(saving, "#tabs-heading", /^3 of \d tabs$/);
		await says(saving, "#save", /^Save 3 tabs$/);
		await saving.click("#select-all");
		await says(saving, "#tabs-heading", /^0 of \d tabs$/);
		const state = () =>
			saving.$eval("#save", (button) => /** @type {any} */ (button).disabled);
		assert.equal(await state(), true);
		await saving.evaluate(
			(host) => {
				const lines = [...document.querySelectorAll("#tab-list label")];
				const line = lines.find((label) => label.textContent?.includes("東京の図"));
				if (!line?.textContent?.includes(host)) throw new Error(`${line?.textContent}`);
				/** @type {HTMLElement} */ (line).click();
			},
			new URL(world.web.address("/")).host,
		);
		await says(saving, "#save", /^Save 1 tab$/);
		await saving.type("#tags", "chosen");
		await saving.click("#save");
		await says(saving, "#connection", /^1 saved\.$/);
		await world.holds([{ url: world.web.address("/japanese"), tags: ["chosen"] }]);
		assert.match(
			await saving.$eval("#show-saved", (link) => /** @type {any} */ (link).href),
			/\/tag\/chosen$/,
		);
	},
	{ headed: true },
);

inEachBrowser(
	"keeps the tabs of a window while the host is missing, and says how to fix that",
	async (world, browser) => {
		await browser.open(world.web.address("/bread"));
		const saving = await browser.own("window/window.html");
		await saving.click("#save");
		await browser.allow();
		await says(saving, "#connection", /1 not saved yet.* isn.t installed/);
		await says(saving, "#cure-command", /install\.sh/);
		await world.install();
		await says(saving, "#connection", /^1 saved/);
		await world.holds([{ url: world.web.address("/bread"), tags: [] }]);
	},
	{ registered: false, headed: true },
);

inEachBrowser(
	"marks saved pages on the button if the user wants it, by their page keys",
	async (world, browser) => {
		const address = world.web.address("/article");
		const page = await browser.open(address);
		const saved = await world.click(browser, page);
		await saved.dismiss();
		await badgeSays(browser, page, "");
		const options = await browser.own("options/options.html");
		await options.click("#badge");
		await browser.allow();
		await until("it is set", () =>
			options.$eval("#badge", (box) => /** @type {any} */ (box).checked),
		);
		await badgeSays(browser, page, "✓");
		for (const same of ["#part", "?utm_source=x&fbclid=y"]) {
			await badgeSays(browser, await browser.open(address + same), "✓");
		}
		const other = await browser.open(world.web.address("/bread"));
		await badgeSays(browser, other, "");
		// Saved and deleted under its eyes.
		await (await world.click(browser, other)).dismiss();
		await badgeSays(browser, other, "✓");
		const deleting = await world.click(browser, other);
		await deleting.click("#delete");
		await deleting.reaches("unsaved");
		await deleting.dismiss();
		await badgeSays(browser, other, "");
		await other.goto(address);
		await badgeSays(browser, other, "✓");
		await other.reload();
		await badgeSays(browser, other, "✓");
		// Off again, all of it.
		await options.bringToFront();
		await options.click("#badge");
		await badgeSays(browser, other, "");
		await badgeSays(browser, page, "");
	},
	{ headed: true },
);

inEachBrowser("is absent from private windows", async (_world, browser) => {
	assert.ok(await browser.absentInPrivate());
});

inEachBrowser(
	"doesn't answer other extensions",
	async (world, browser) => {
		const found = await until("the other one has tried", async () =>
			(await browser.addresses()).find((address) => address.includes("?tried")),
		);
		assert.equal(new URL(found).searchParams.get("tried"), "nothing nothing nothing");
		await world.siteAnswers();
		await world.holds([]);
	},
	{ others: async (world) => [await intruder(world)] },
);

/**
 * An extension that tries to speak to ours in each way there is, and opens a page whose
 * address contains the answers.
 * @param {import("./test-environment.js").World} world
 */
async function intruder(world) {
	const folder = path.join(world.home, "intruder");
	await mkdir(folder);
	const manifest = {
		manifest_version: 3,
		name: "Intruder",
		version: "1",
		background: { service_worker: "background.js", scripts: ["background.js"] },
		browser_specific_settings: { gecko: { id: "intruder@example.org" } },
	};
	await writeFile(path.join(folder, "manifest.json"), JSON.stringify(manifest));
	const script = `
		const api = globalThis.browser ?? globalThis.chrome;
		const id = api.runtime.getBrowserInfo ? "url-notes@url-notes" : "pdbdoelhjcjnfbdbopaeljmoodmodcok";
		const tab = { url: "https://evil.example/", title: "Evil" };
		const send = () => api.runtime.sendMessage(id, { do: "open", tab }).then(
			(answer) => answer === undefined ? "nothing" : "answer", () => "nothing");
		const connect = (name) => new Promise((resolve) => {
			const port = api.runtime.connect(id, { name });
			port.onMessage.addListener(() => resolve("answer"));
			port.onDisconnect.addListener(() => { void api.runtime.lastError; resolve("nothing"); });
			try { port.postMessage({ do: "open", tab }); } catch { resolve("nothing"); }
		});
		(async () => {
			const tried = [await send(), await connect("popup"), await connect("options")];
			const url = "${world.web.address("/bread")}?tried=" + encodeURIComponent(tried.join(" "));
			await api.tabs.create({ url, active: false });
		})();`;
	await writeFile(path.join(folder, "background.js"), script);
	return folder;
}
