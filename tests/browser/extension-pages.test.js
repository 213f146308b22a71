// The welcome page and the settings with the unsaved changes.

import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { says } from "./driver/says.js";
import { until } from "./driver/until.js";
import { emptyStorage, fillStorage } from "./full-storage.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("puppeteer-core").Page} Page */

/**
 * @param {Page} page
 * @param {string} selector
 */
const isSeen = (page, selector) =>
	page.evaluate((s) => document.querySelector(s)?.checkVisibility() ?? false, selector);

inEachBrowser(
	"the welcome page shows the one command to run, and turns green by itself",
	async (world, browser) => {
		const page = await browser.ownTab("welcome/welcome.html");
		await page.bringToFront();
		await says(page, "#connection", /isn.t installed for this browser/);
		assert.equal(await says(page, "#cure-command", /./), "./install.sh");
		await world.install();
		await says(page, "#connection", /^Connected\. /);
		assert.ok(!(await isSeen(page, "#cure")));
		assert.equal(
			await page.$eval("#site", (link) => /** @type {HTMLAnchorElement} */ (link).href),
			`${await world.origin()}/`,
		);
		// Not at the next start.
		const again = await world.restart(browser);
		await world.siteAnswers();
		const open = await again.open(world.web.address("/article"));
		await (await world.click(again, open)).dismiss();
		assert.ok(!(await again.addresses()).some((address) => /welcome/.test(address)));
	},
	{ registered: false, keepsWelcome: true },
);

inEachBrowser(
	"the popup links to the page that says how to install url-notes",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article", "queued");
		await popup.click("#how-to-install");
		const page = await browser.ownTab("welcome/welcome.html");
		await says(page, "#connection", /isn.t installed for this browser/);
		assert.equal(await says(page, "#cure-command", /./), "./install.sh");
	},
	{ registered: false },
);

inEachBrowser(
	"the welcome page on Windows names the installer and a command that works there",
	async (_world, browser) => {
		const page = await browser.ownTab("welcome/welcome.html");
		await page.evaluateOnNewDocument(() => {
			const platform = { os: "win", arch: "x86-64" };
			chrome.runtime.getPlatformInfo = /** @type {any} */ (async () => platform);
		});
		await page.reload();
		await page.bringToFront();
		await says(
			page,
			"#cure-where",
			/^Run the installer, url-notes-[\d.]+-x86_64-windows-setup\.exe\. If /,
		);
		assert.equal(await says(page, "#cure-command", /./), "url-notes register");
	},
	// In Firefox, the extension's interface can't be replaced.
	{ registered: false, keepsWelcome: true, only: "Chromium" },
);

inEachBrowser(
	"the settings show the connection, and check it on request",
	async (world, browser) => {
		await world.command("add", "https://example.org/", "--tag", "a", "--tag", "b");
		const page = await browser.own("options/options.html");
		await says(page, "#connection", /^Connected$/);
		const facts = await says(page, "#facts", /Notes1Tags2$/);
		assert.match(facts, new RegExp(`Database${world.folder}/notes.db`));
		assert.match(facts, new RegExp(`Local site${world.site}/`));
		assert.match(facts, /Program version\d+\.\d+\.\d+/);
		await world.command("add", "https://example.com/", "--tag", "c");
		await page.click("#check");
		await says(page, "#facts", /Notes2Tags3$/);
		await says(page, "#shortcut", /Ctrl\+Shift\+U/);
		await page.click("#change-shortcut");
		const where =
			browser.name === "Firefox" ? "about:addons" : "chrome://extensions/shortcuts";
		await until("the browser shows where to change it", async () =>
			(await browser.addresses()).includes(where),
		);
	},
);

/**
 * Puts a program in the host's place that greets with another version of the messages.
 * @param {import("./test-environment.js").World} world
 * @param {number} protocol
 */
async function speaks(world, protocol) {
	const script = `#!${process.execPath}
		process.stdin.once("data", (frame) => {
			const { id } = JSON.parse(frame.subarray(4).toString());
			const result = {
				protocol: ${protocol}, host: "9.9.9", siteUrl: "http://localhost:1/", database: "/",
				notes: 0, tags: 0, saveOnOpen: null, icons: true, texts: true, keepText: "always", siteProblem: null, storeProblem: null,
			};
			const answer = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, result }));
			const length = Buffer.alloc(4);
			length.writeUInt32LE(answer.length);
			process.stdout.write(Buffer.concat([length, answer]));
		});
		process.stdin.on("end", () => process.exit(0));`;
	// In its place at once: the one before may be running.
	await writeFile(`${world.program}.new`, script, { mode: 0o755 });
	await rename(`${world.program}.new`, world.program);
}

inEachBrowser(
	"button, settings and welcome page say that program and extension don't fit together",
	async (world, browser) => {
		const page = await browser.open(world.web.address("/article"));
		const options = await browser.own("options/options.html");
		await world.install();
		for (const { protocol, words, cure, where } of [
			{
				protocol: 2,
				words: /This extension is too old/,
				cure: "git pull && ./install.sh",
				where: /folder, then reload the extension:$/,
			},
			{
				protocol: 0,
				words: /program is too old/,
				cure: "./install.sh",
				where: /folder:$/,
			},
		]) {
			await speaks(world, protocol);
			await until("the settings say so", async () => {
				await options.bringToFront();
				await options.click("#check");
				return words.test(
					await options.$eval("#connection", (line) => line.textContent ?? ""),
				);
			});
			assert.equal(await says(options, "#cure-command", /./), cure);
			await says(options, "#cure-where", where);
			await until("the button says !", async () => (await browser.badge(page)) === "!");
			const welcome = await browser.own("welcome/welcome.html");
			await says(welcome, "#connection", words);
			await says(welcome, "#cure-where", where);
			await welcome.close();
		}
		// And no longer, once they do.
		await world.install();
		await options.bringToFront();
		await options.click("#check");
		await says(options, "#connection", /^Connected$/);
		await until(
			"the button says nothing",
			async () => (await browser.badge(page)) === "",
		);
	},
	{ registered: false },
);

inEachBrowser("changes one setting without the others", async (world, browser) => {
	const page = await browser.own("options/options.html");
	await page.click("#save-on-open");
	await until("it is kept", async () =>
		/"saveOnOpen":false/.test(
			await page.evaluate(async () => {
				const { browser, chrome } = /** @type {any} */ (globalThis);
				return JSON.stringify(await (browser ?? chrome).storage.local.get("settings"));
			}),
		),
	);
	const { popup } = await world.save(browser, "/article", "unsaved");
	await popup.dismiss();
});

inEachBrowser(
	"exports unsaved changes as a file for url-notes import, and discards them only if the user confirms",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article", "queued");
		await popup.type("kept,");
		await popup.hasTags("kept");
		await popup.dismiss();
		const page = await browser.own("options/options.html");
		await says(page, "#outbox", /How we cut our build times in half/);
		await says(page, "#connection", /isn.t installed for this browser/);
		// The file that a click on Export would put among the downloads.
		const exported = await page.evaluate(async () => {
			/** @type {Promise<string>} */
			const text = new Promise((resolve) => {
				const { createObjectURL } = URL;
				URL.createObjectURL = (file) => {
					URL.createObjectURL = createObjectURL;
					void (/** @type {Blob} */ (file).text().then(resolve));
					return createObjectURL(file);
				};
			});
			/** @type {HTMLElement} */ (document.querySelector("#export")).click();
			return await text;
		});
		const file = path.join(world.home, "waiting.json");
		await writeFile(file, exported);
		await world.command("import", file);
		const url = world.web.address("/article");
		await world.holds([{ url, tags: ["kept"] }]);

		const discard = async (/** @type {string} */ answer) => {
			// In one step: the list is drawn anew whenever the host is tried again.
			await page.$eval("#outbox .buttons button:last-child", (button) =>
				/** @type {HTMLElement} */ (button).click(),
			);
			await until("it is asked again", () => isSeen(page, "#sure"));
			if (answer === "Escape") await page.keyboard.press(answer);
			else await page.click(answer);
			await until("it was answered", async () => !(await isSeen(page, "#sure")));
		};
		await discard("#sure-no");
		await discard("Escape");
		await says(page, "#outbox", /How we cut our build times in half/);
		// The browser tells the page of a dialog that closed when the next one may be open.
		await page.evaluate(async () => {
			const ask = () => document.querySelector("#outbox .buttons button:last-child");
			const dialog = document.querySelector("#sure");
			/** @type {HTMLElement} */ (ask()).click();
			const closed = new Promise((done) => dialog?.addEventListener("close", done));
			/** @type {HTMLDialogElement} */ (dialog).close();
			/** @type {HTMLElement} */ (ask()).click();
			await closed;
		});
		await page.click("#sure-yes");
		// What was typed on it is a thing of its own.
		await says(page, "#outbox", /Unsaved draft/);
		await discard("#sure-yes");
		await says(page, "#outbox-summary", /^All changes are saved\.$/);
		assert.ok(!(await isSeen(page, "#outbox-actions")));
	},
	{ registered: false },
);

inEachBrowser(
	"loses no click when the browser is killed right after it",
	async (world, browser) => {
		await world.siteAnswers();
		// The host is stopped, so that it is the browser alone that has the click.
		const goOn = await world.stopHosts();
		const page = await browser.open(world.web.address("/article"));
		const popup = await browser.clickButton(page);
		await until("the background knows of the click", async () =>
			(await popup.stored()).includes(world.web.address("/article")),
		);
		const again = await world.crash(browser, goOn);
		await world.holds([{ url: world.web.address("/article"), tags: [] }]);
		const { popup: afterwards } = await world.save(again, "/article");
		await afterwards.dismiss();
		await world.holds([{ url: world.web.address("/article"), tags: [] }]);
	},
);

inEachBrowser(
	"says that the browser's storage is full, loses no text, and recovers once there is room",
	async (world, browser) => {
		const filling = await browser.own("options/options.html");
		await fillStorage(filling);
		const { page, popup } = await world.save(browser, "/article", "queued");
		await popup.focus("#summary");
		await popup.evaluate(() => {
			const summary = /** @type {HTMLTextAreaElement} */ (
				document.querySelector("#summary")
			);
			summary.value = Array.from({ length: 4000 }, () =>
				Math.random().toString(36).slice(2, 10).padEnd(8),
			).join(" ");
			summary.dispatchEvent(new Event("input", { bubbles: true }));
		});
		await popup.press("End");
		await popup.type(" And these words.");
		const typed = await popup.value("#summary");
		await until("the popup says so", () => popup.shows("#storage-full"));
		await says(filling, "#storage-full", /storage is full/);
		await popup.dismiss();
		const again = await world.click(browser, page, "queued");
		assert.equal(await again.value("#summary"), typed);
		await again.dismiss();
		assert.ok(await browser.outlastsIdleness());
		await emptyStorage(filling);
		await until("it is said no more", () =>
			filling.evaluate(() => !document.querySelector("#storage-full")?.checkVisibility()),
		);
		await world.install();
		const [first] = await until("it is saved", async () => {
			const notes = await world.notes();
			return notes[0]?.summary ? notes : null;
		});
		assert.equal(first?.summary.trim(), typed.trim());
	},
	{ registered: false, littleStorage: true },
);
