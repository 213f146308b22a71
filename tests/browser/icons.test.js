// Icons of web sites: taken from the browser at the click, without any request to the network.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

const folder = new URL("../../extension/icons/", import.meta.url);
const png = await readFile(new URL("icon-32.png", folder));
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="top.hacked = 1">
	<script>top.hacked = 1</script><image href="/from-svg.png" width="9" height="9"/>
	<rect width="9" height="9" fill="#c00"/></svg>`;

/** Pages by the first label of their host name: their icon, and header fields. */
const PAGES = /** @type {Record<string, {icon?: string, policy?: string}>} */ ({
	plain: { icon: '<link rel="icon" href="/icon.png">' },
	strict: {
		icon: '<link rel="icon" href="/icon.png">',
		policy: "default-src 'none'; img-src 'self'",
	},
	drawn: { icon: '<link rel="icon" href="/icon.svg">' },
	given: {
		icon: `<link rel="icon" href="data:image/png;base64,${png.toString("base64")}">`,
	},
	usual: {},
	without: { icon: '<link rel="icon" href="/missing.png">' },
	bomb: { icon: '<link rel="icon" href="/bomb.png">' },
	worked: {
		icon: '<link rel="icon" href="/icon.png"><script src="/register.js"></script>',
	},
	lying: { icon: '<link rel="icon" href="/page.png">' },
});

/** A PNG image that claims 65,535 by 65,535 pixels. */
const bomb = Buffer.from(png);
bomb.writeUInt32BE(65535, 16);
bomb.writeUInt32BE(65535, 20);

/** @type {Record<string, [type: string, body: Buffer | string]>} */
const FILES = {
	"/icon.png": ["image/png", png],
	"/icon.svg": ["image/svg+xml", svg],
	"/bomb.png": ["image/png", bomb],
	"/page.png": ["image/png", "<script>alert(1)</script>"],
	"/register.js": ["text/javascript", 'navigator.serviceWorker.register("/worker.js");'],
	// It asks the network for whatever the page asks it for.
	"/worker.js": [
		"text/javascript",
		`addEventListener("activate", (event) => event.waitUntil(clients.claim()));
		addEventListener("fetch", (event) => event.respondWith(fetch(event.request.url)));`,
	],
};

/** Serves the pages, and notes each request. */
async function serve() {
	/** @type {string[]} */
	const seen = [];
	const server = createServer((request, response) => {
		const name = request.headers.host?.split(".")[0] ?? "";
		const url = request.url ?? "/";
		seen.push(name + url);
		const file = url === "/favicon.ico" && name === "usual" ? "/icon.png" : url;
		const [type, body] = FILES[file] ?? [];
		const page = PAGES[name];
		if (type && body !== undefined) {
			response.writeHead(200, { "content-type": type }).end(body);
		} else if (url === "/" && page) {
			response.writeHead(200, {
				"content-type": "text/html",
				...(page.policy && { "content-security-policy": page.policy }),
			});
			response.end(`<!doctype html><title>${name}</title>${page.icon ?? ""}<p>Words.`);
		} else response.writeHead(404).end();
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	return {
		seen,
		/** @param {string} name */
		address: (name) => `http://${name}.localhost:${port}/`,
		close() {
			server.closeAllConnections();
			server.close();
		},
	};
}

/**
 * The icons of the site's notes by web site: the size of each, or null for a placeholder.
 * @param {import("puppeteer-core").Page} page
 */
const shownIcons = (page) =>
	page.evaluate(async () => {
		/** @type {Record<string, number[] | null>} */
		const shown = {};
		for (const link of document.querySelectorAll('.note .facts a[href*="/site/"]')) {
			const image = link.querySelector("img");
			if (image) image.loading = "eager";
			await image?.decode();
			const { width = 0, height = 0 } =
				link.querySelector(".icon")?.getBoundingClientRect() ?? {};
			if (width !== 16 || height !== 16) throw new Error(`${width} × ${height}`);
			shown[link.textContent ?? ""] = image && [image.naturalWidth, image.naturalHeight];
		}
		return shown;
	});

inEachBrowser(
	"the icon of a saved page is shown on the site and in the library, and costs no request",
	async (world, browser) => {
		const web = await serve();
		const saved = Object.keys(PAGES).filter((name) => name !== "worked");
		try {
			for (const name of saved) {
				const page = await browser.open(web.address(name));
				const { icon = "favicon.ico" } = PAGES[name] ?? {};
				const file = /href="\/([^"]+)"/.exec(icon)?.[1] ?? "favicon.ico";
				if (!icon.includes("data:")) {
					await until(`the browser loads the icon of ${name}`, () =>
						web.seen.includes(`${name}/${file}`),
					);
				}
				const before = web.seen.length;
				const popup = await world.click(browser, page);
				await popup.dismiss();
				const stored = async () => {
					const { icons } = JSON.parse(await world.command("export", "json"));
					return (icons ?? []).some(
						(/** @type {any} */ { site }) => site === `${name}.localhost`,
					);
				};
				if (!["without", "bomb", "lying"].includes(name))
					await until(`the icon of ${name} is stored`, stored);
				assert.deepEqual(web.seen.slice(before), [], name);
				await page.close();
			}
			const page = await browser.open(`${await world.origin()}/all/0`);
			const shown = await shownIcons(page);
			for (const name of saved) {
				const has = !["without", "bomb", "lying"].includes(name);
				assert.deepEqual(shown[`${name}.localhost`], has ? [32, 32] : null, name);
			}
			assert.ok(!web.seen.some((request) => request.includes("from-svg")));

			const library = await browser.own("library/library.html");
			const icons = () =>
				library.evaluate(() =>
					[...document.querySelectorAll("#rows .row")].map((row) => [
						row.querySelector(".site")?.textContent,
						row.querySelector("img")?.naturalWidth ?? 0,
						row.getBoundingClientRect().height,
					]),
				);
			await until("the library shows the icons", async () => {
				const rows = await icons();
				return rows.filter(([, width]) => width === 32).length === 5 && rows.length === 8;
			});
			for (const [, , height] of await icons()) assert.equal(height, 56);
			await library.close();
		} finally {
			web.close();
		}
	},
);

inEachBrowser(
	"an exported site shows the icons from the disk, on its pages and in its search",
	async (world, browser) => {
		const web = await serve();
		try {
			for (const name of ["given", "without"]) {
				const page = await browser.open(web.address(name));
				const popup = await world.click(browser, page);
				await popup.dismiss();
			}
			const folder = path.join(world.home, "exported");
			await until("the icon is stored", async () => {
				const { icons } = JSON.parse(await world.command("export", "json"));
				return icons?.length === 1;
			});
			await world.command("export", "site", folder);
			const address = (/** @type {string} */ file) =>
				pathToFileURL(path.join(folder, file)).href;
			const expected = { "given.localhost": [32, 32], "without.localhost": null };
			const page = await browser.open(address("all/0/index.html"));
			assert.deepEqual(await shownIcons(page), expected);
			await page.goto(`${address("search/index.html")}?q=site:localhost`);
			await page.waitForSelector("article.note");
			assert.deepEqual(await shownIcons(page), expected);
		} finally {
			web.close();
		}
	},
);

inEachBrowser(
	"a page's service worker isn't made to ask the network for the icon",
	async (world, browser) => {
		const web = await serve();
		try {
			const page = await browser.open(web.address("worked"));
			await until("the worker controls the page", () =>
				page.evaluate(() => navigator.serviceWorker.controller !== null),
			);
			await until("the browser loads the icon", () =>
				web.seen.includes("worked/icon.png"),
			);
			const before = web.seen.length;
			const popup = await world.click(browser, page);
			await popup.dismiss();
			// The icon of a page that is saved later is there: this one's was given up or sent.
			const other = await browser.open(web.address("given"));
			await (await world.click(browser, other)).dismiss();
			const sites = async () => {
				const { icons } = JSON.parse(await world.command("export", "json"));
				return (icons ?? []).map((/** @type {any} */ { site }) => site);
			};
			await until("the next icon is stored", async () =>
				(await sites()).includes("given.localhost"),
			);
			const made = web.seen.slice(before).filter((request) => request !== "given/");
			assert.deepEqual(made, []);
			// Firefox hands the icon over.
			const isStored = (await sites()).includes("worked.localhost");
			assert.equal(isStored, browser.name === "Firefox");
		} finally {
			web.close();
		}
	},
);
