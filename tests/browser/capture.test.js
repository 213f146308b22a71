// What is captured of pages that load slowly, have another page's metadata, or have none.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

const ONE_PAGE = `<!doctype html><meta charset="utf-8"><title>First talk</title>
	<link rel="canonical" href="/talks/first"><meta property="og:url" content="/talks/first">
	<meta name="description" content="On the first talk">
	<meta property="article:published_time" content="2019-02-03"><p>Talks.</p>`;

/** @type {Record<string, string>} */
const PAGES = {
	"/talks/first": ONE_PAGE,
	"/talks": ONE_PAGE.replaceAll("/talks/first", "/talks"),
	"/nameless": `<!doctype html><meta charset="utf-8"><title> </title>
		<meta property="og:title" content="By its graph"><h1>By its heading</h1>`,
	"/headed": `<!doctype html><meta charset="utf-8"><h1>By its heading</h1>`,
	"/bare": `<!doctype html><meta charset="utf-8"><p>Nothing.</p>`,
	"/renamed": `<!doctype html><meta charset="utf-8"><title>Loading</title><p>Wait.</p>`,
	"/dated": `<!doctype html><html lang="fr"><meta charset="utf-8"><title>Dated</title>
		<meta property="article:published_time" content="il y a trois jours">
		<meta name="citation_date" content="2018/04/09"><p>Old.</p>`,
};
const HEAD = `<meta name="description" content="Comes late"><meta property="og:site_name" content="Late site"></head><body><p>x`;

/**
 * Serves the pages until `close`. `/slow-head` sends the rest of its head when `go` is called,
 * and `/slow` all of its page.
 */
async function serve() {
	/** @type {(() => void)[]} */
	let waiting = [];
	const server = createServer((request, response) => {
		const { pathname } = new URL(request.url ?? "/", "http://localhost");
		const head = { "content-type": "text/html; charset=utf-8" };
		if (pathname === "/slow-head") {
			response.writeHead(200, head);
			response.write(
				`<!doctype html><html><head><title>Slow head</title>${" ".repeat(4096)}`,
			);
			waiting.push(() => response.end(HEAD));
			return;
		}
		if (pathname === "/slow") {
			waiting.push(() => {
				response.writeHead(200, head);
				response.end("<!doctype html><title>Slow page</title><p>x");
			});
			return;
		}
		response.writeHead(PAGES[pathname] ? 200 : 404, head);
		response.end(PAGES[pathname] ?? "");
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	return {
		address: (/** @type {string} */ path) => `http://127.0.0.1:${port}${path}`,
		asks: () => waiting.length,
		go() {
			for (const send of waiting) send();
			waiting = [];
		},
		close: () => {
			server.close();
			server.closeAllConnections();
		},
	};
}

inEachBrowser(
	"metadata of another page of a single-page application isn't saved",
	async (world, browser) => {
		const web = await serve();
		try {
			for (const [from, to] of [
				["/talks/first", "/talks/second"],
				["/talks", "/talks/third"],
			]) {
				const page = await browser.open(web.address(/** @type {string} */ (from)));
				await (await world.click(browser, page)).dismiss();
				await page.evaluate((address) => {
					history.pushState({}, "", address);
					document.title = "Another talk";
				}, to);
				const popup = await world.click(browser, page);
				const [note] = await world.notes();
				assert.equal(note?.url, web.address(/** @type {string} */ (to)));
				assert.equal(note?.title, "Another talk");
				assert.equal(note?.excerpt, null);
				assert.equal(note?.publishedAt, null);
				assert.equal(await popup.shows("#elsewhere"), false);
				await popup.dismiss();
			}
		} finally {
			web.close();
		}
	},
);

inEachBrowser(
	"a page without a title gets og:title, else its heading, else no title",
	async (world, browser) => {
		const web = await serve();
		try {
			for (const [path, title] of [
				["/nameless", "By its graph"],
				["/headed", "By its heading"],
				["/bare", ""],
			]) {
				const page = await browser.open(web.address(/** @type {string} */ (path)));
				const popup = await world.click(browser, page);
				assert.equal((await world.notes())[0]?.title, title);
				await until(
					"the popup shows it",
					async () => (await popup.value("#title")) === title,
				);
				await popup.dismiss();
			}
		} finally {
			web.close();
		}
	},
);

inEachBrowser(
	"a late title is saved, unless the user typed another one",
	async (world, browser) => {
		const web = await serve();
		try {
			const page = await browser.open(web.address("/renamed"));
			const popup = await world.click(browser, page);
			await page.evaluate(() => {
				document.title = "Its real name";
			});
			await until(
				"the title is saved",
				async () => (await world.notes())[0]?.title === "Its real name",
			);
			await until(
				"the popup shows it",
				async () => (await popup.value("#title")) === "Its real name",
			);
			await popup.dismiss();
			await page.evaluate(() => {
				document.title = "Renamed since";
			});
			await (await world.click(browser, page)).dismiss();
			assert.equal((await world.notes())[0]?.title, "Renamed since");
		} finally {
			web.close();
		}
	},
);

inEachBrowser(
	"metadata that arrives while the popup is open is saved",
	async (world, browser) => {
		const web = await serve();
		try {
			const page = await browser.open();
			void page.goto(web.address("/slow-head")).catch(() => {});
			await until("the page begins", async () =>
				(await page.evaluate(() => location.pathname)).endsWith("/slow-head"),
			);
			const popup = await world.click(browser, page);
			web.go();
			await until("its description is saved", async () => {
				const [note] = await world.notes();
				return note?.excerpt === "Comes late" && note?.siteName === "Late site";
			});
			await popup.dismiss();
		} finally {
			web.go();
			web.close();
		}
	},
);

inEachBrowser(
	"the first valid date is saved, not the first date",
	async (world, browser) => {
		const web = await serve();
		try {
			const page = await browser.open(web.address("/dated"));
			const popup = await world.click(browser, page);
			assert.equal((await world.notes())[0]?.publishedAt, "2018-04-09");
			await popup.dismiss();
		} finally {
			web.close();
		}
	},
);

inEachBrowser(
	"a loading tab is saved under its address, or the popup says that it is loading",
	async (world, browser) => {
		const web = await serve();
		try {
			const page = await browser.open();
			void page.goto(web.address("/slow")).catch(() => {});
			await until("the page is requested", async () => web.asks() > 0);
			const popup = await browser.clickButton(page);
			await until("the popup knows the tab", async () =>
				["saved", "error"].includes(
					await popup.evaluate(() => document.body.dataset.state ?? ""),
				),
			);
			const state = await popup.evaluate(() => document.body.dataset.state);
			if (state === "saved") {
				const [note] = await world.notes();
				assert.equal(note?.url, web.address("/slow"));
				assert.equal(note?.title, "");
			} else {
				await popup.says("#status", /still loading/);
			}
			await popup.dismiss();
		} finally {
			web.go();
			web.close();
		}
	},
);

inEachBrowser(
	"a password in an address is shown nowhere, and the popup says so in a sentence",
	async (world, browser) => {
		const web = await serve();
		try {
			const address = web.address("/headed?token=abc");
			const secret = address.replace("http://", "http://reader:pazz0@");
			const page = await browser.open();
			// Chromium takes user names out of addresses itself.
			await browser.visit(page, browser.name === "Firefox" ? secret : address);
			const popup = await world.click(browser, page);
			await until("the popup says so", async () =>
				/access token \(token\)/.test(await popup.text("#secret")),
			);
			if (browser.name === "Firefox")
				await popup.says("#secret", /user name and password/);
			const shown = await popup.evaluate(() => document.documentElement.outerHTML);
			assert.ok(!shown.includes("pazz0"));
			assert.equal((await world.notes())[0]?.url, address);
			await popup.dismiss();
		} finally {
			web.close();
		}
	},
);
