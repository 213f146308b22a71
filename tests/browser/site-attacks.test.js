// Attacks on the site by other pages and by malicious notes, in real browsers.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { normaliseTag, tagAddress } from "../../extension/shared/tags.js";
import { until } from "./driver/until.js";
import { addresses, payloads } from "./payloads.js";
import { builtProgram } from "./program.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("puppeteer-core").Page} Page */

const run = promisify(execFile);

// ---- Other pages

/**
 * Serves one page, to whoever asks for anything, at both families.
 * @param {string} html
 */
async function serve(html) {
	const server = createServer((_, response) => {
		response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
		response.end(html);
	});
	await new Promise((resolve) => server.listen(0, () => resolve(undefined)));
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	return {
		port,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve(undefined));
				server.closeAllConnections();
			}),
	};
}

/**
 * All that a page can find out about an address of another site. Runs in that page.
 * @param {string} address
 */
async function probe(address) {
	/** @type {Record<string, unknown>} */
	const found = {};
	// Everything else reports something, sooner or later.
	const isSilent = (/** @type {HTMLElement} */ element) => element.localName === "embed";
	const patience = 100_000;
	/** @param {HTMLElement} element @returns {Promise<string>} */
	const outcome = (element) =>
		new Promise((resolve) => {
			element.addEventListener("load", () => resolve("load"));
			element.addEventListener("error", () => resolve("error"));
			setTimeout(resolve, isSilent(element) ? 1000 : patience, "nothing");
			if (element.localName === "track") {
				// Only there it is loaded, and only then.
				const video = document.body.appendChild(document.createElement("video"));
				video.append(element);
				/** @type {HTMLTrackElement} */ (element).track.mode = "showing";
			} else if (!element.isConnected) document.body.append(element);
		});
	/** @param {string} name @param {Record<string, string>} attributes */
	const element = (name, attributes) =>
		Object.assign(document.createElement(name), attributes);
	const elements = {
		img: { src: address },
		script: { src: address },
		link: { rel: "stylesheet", href: address },
		object: { data: address },
		embed: { src: address },
		video: { src: address },
		track: { src: address },
	};
	const further = {
		module: element("script", { type: "module", src: address }),
		preload: element("link", { rel: "preload", as: "image", href: address }),
		prefetch: element("link", { rel: "prefetch", href: address }),
	};
	for (const [name, outcomes] of [
		...Object.entries(elements).map(([name, attributes]) => [
			name,
			outcome(element(name, attributes)),
		]),
		...Object.entries(further).map(([name, made]) => [name, outcome(made)]),
	])
		found[`${name}`] = await outcomes;
	for (const target of ["src", "form"]) {
		const frame = document.createElement("iframe");
		frame.name = `in-${target}`;
		if (target === "src") frame.src = address;
		const loaded = outcome(frame);
		if (target === "form") {
			const form = /** @type {HTMLFormElement} */ (
				element("form", { action: address, target: frame.name })
			);
			document.body.append(form);
			await loaded;
			const again = outcome(frame);
			form.submit();
			await again;
		}
		found[`frame by ${target}`] = await loaded;
		const { contentWindow } = frame;
		found[`frames in it by ${target}`] = contentWindow?.length;
		try {
			found[`address by ${target}`] = contentWindow?.location.href;
		} catch (error) {
			found[`address by ${target}`] = String(/** @type {Error} */ (error).name);
		}
	}
	/** @type {RequestInit[]} */
	const requests = [
		{},
		{ mode: "no-cors" },
		{ mode: "no-cors", cache: "force-cache" },
		{ mode: "no-cors", credentials: "include" },
		{ mode: "cors", credentials: "include", cache: "force-cache" },
		{ method: "POST", mode: "no-cors", body: "x" },
		{ method: "HEAD", mode: "no-cors" },
		{ redirect: "manual", mode: "no-cors" },
	];
	for (const request of requests) {
		const name = JSON.stringify(request);
		try {
			const answer = await fetch(address, request);
			found[name] = [answer.type, answer.status, (await answer.text()).length];
		} catch (error) {
			found[name] = String(/** @type {Error} */ (error).name);
		}
	}
	found.events = await new Promise((resolve) => {
		const source = new EventSource(address);
		source.onerror = () => resolve(source.readyState);
		source.onopen = () => resolve("open");
		setTimeout(resolve, patience, "nothing");
	});
	const entries = performance.getEntriesByName(address).map((entry) => {
		const { initiatorType, transferSize, encodedBodySize, responseStatus } =
			/** @type {any} */ (entry);
		return `${[initiatorType, transferSize, encodedBodySize, responseStatus]}`;
	});
	// They come in as they please.
	found.entries = entries.sort();
	return found;
}

/**
 * What a page can observe of a window that it has opened, once its page is there.
 * Runs in that page.
 */
function watch() {
	const opened = /** @type {Window & { probed?: WindowProxy }} */ (window).probed;
	if (!opened) return null;
	/** @type {unknown} */
	let address;
	try {
		address = opened.location.href;
	} catch (error) {
		address = String(/** @type {Error} */ (error).name);
	}
	return [opened.closed, opened.length, address];
}

const OPENER = `<!doctype html><meta charset="utf-8"><title>Another page</title>
	<button>Go</button>
	<script>
		document.querySelector("button").onclick = ({ target }) => {
			window.probed = window.open(target.dataset.address);
		};
	</script>`;

inEachBrowser(
	"other pages on this machine can't even find out whether a tag exists",
	async (world, browser) => {
		await world.siteAnswers();
		await world.command("add", "https://e.org/", "--title", "A note", "--tag", "there");
		const sites = [world.site, await world.origin()];
		const other = await serve(OPENER);
		try {
			// The user has looked at one of them, so that his browser may have kept it.
			for (const tag of ["there", "missing"]) {
				const own = await browser.open(`${world.site}/tag/${tag}`);
				await own.close();
			}
			const log = path.join(world.folder, "url-notes.log");
			// The same site, by the rules of browsers, and another one.
			for (const host of ["localhost", "127.0.0.1"]) {
				const before = (await readFile(log, "utf8")).length;
				/** @type {unknown[]} */
				const found = [];
				for (const tag of ["there", "missing", "there"]) {
					const address = `${world.site}/tag/${tag}`;
					const page = await browser.open(`http://${host}:${other.port}/`);
					page.on("dialog", (dialog) => dialog.dismiss());
					const outcome = await page.evaluate(probe, address);
					found.push(outcome);
					for (const name of ["img", "script", "module", "link"])
						assert.equal(outcome[name], "error", `${host}: ${name}`);
					assert.equal(outcome["{}"], "TypeError", host);
					await page.close();
				}
				assert.deepEqual(found[1], found[0], host);
				assert.deepEqual(found[2], found[0], host);
				// Each was refused before anything was looked up.
				const since = (await readFile(log, "utf8")).slice(before);
				assert.doesNotMatch(since, / GET \/tag/, host);
				assert.doesNotMatch(since, / HEAD \/tag/, host);
			}
			for (const host of ["localhost", "127.0.0.1"]) {
				/** @type {unknown[]} */
				const observed = [];
				for (const tag of ["there", "missing"]) {
					const page = await browser.open(`http://${host}:${other.port}/`);
					const address = `${world.site}/tag/${tag}`;
					await page.$eval(
						"button",
						(button, to) => {
							button.dataset.address = to;
						},
						address,
					);
					await page.click("button");
					// A user who follows a link from another site sees the page; one who comes from
					// another server of this machine sees why not. The other page sees neither.
					const shown = await until("the page is there", async () => {
						for (const tab of await browser.pages()) {
							if (tab === page || !sites.some((site) => tab.url().startsWith(site)))
								continue;
							const text = await tab.evaluate(() => document.body.textContent ?? "");
							if (text) return { tab, text };
						}
						return null;
					});
					assert.equal(
						shown.text.includes("Another page requested"),
						host === "localhost",
						`${host}: ${shown.text}`,
					);
					observed.push(await page.evaluate(watch));
					await shown.tab.close();
					await page.close();
				}
				assert.deepEqual(observed[1], observed[0], host);
			}
		} finally {
			await other.close();
		}
	},
	{ settings: 'log-level = "debug"\n' },
);

inEachBrowser(
	"shows nothing under a name that was pointed at this machine",
	async (world, browser) => {
		await world.siteAnswers();
		await world.command("add", "https://e.org/", "--title", "A secret", "--tag", "gpu");
		const site = world.site.replace("localhost", "rebound.example");
		const page = await browser.open();
		const answer = await page.goto(`${site}/tag/gpu`);
		assert.equal(answer?.status(), 421);
		assert(!(await page.content()).includes("A secret"));
		// A page that was served under this name before it led here.
		await page.setRequestInterception(true);
		page.on("request", (request) => {
			if (request.url().endsWith("/lure"))
				request.respond({ contentType: "text/html", body: "<title>Lure</title>" });
			else request.continue();
		});
		await page.goto(`${site}/lure`);
		assert.equal(await page.title(), "Lure");
		const read = await page.evaluate(async () => {
			const answer = await fetch("/tag/gpu");
			return [answer.status, await answer.text()];
		});
		assert.equal(read[0], 421);
		assert(!`${read[1]}`.includes("A secret"));
	},
	{ resolves: "rebound.example" },
);

inEachBrowser(
	"opens a locked site by url-notes open, and keeps it open",
	async (world, browser) => {
		await world.siteAnswers();
		await world.command("add", "https://e.org/", "--title", "A note", "--tag", "gpu");
		const origin = await world.origin();
		const page = await browser.open(`${world.site}/tag/gpu`);
		await until("it says how to open it", async () =>
			/url-notes open/.test(await page.content()),
		);
		// What the desktop would be given to open.
		const bin = path.join(world.home, "bin");
		await mkdir(bin);
		const opener = path.join(bin, "xdg-open");
		const given = path.join(world.home, "given");
		await writeFile(opener, `#!/bin/sh\nprintf %s "$1" >'${given}'\n`);
		await chmod(opener, 0o755);
		await run(builtProgram, ["open", "gpu"], {
			env: { ...world.environment, PATH: `${bin}:${process.env.PATH}` },
		});
		await page.goto(`file://${await readFile(given, "utf8")}`).catch(() => {
			// It leads on before it is there.
		});
		await until("the tag page is there", async () => {
			const isTagPage = (await page.title()) === "url-notes | tag | gpu";
			// The page may still be loading.
			return isTagPage && (await page.content()).includes("A note");
		});
		// The document's own address: what the driver believes may still be the way there.
		assert.equal(await page.evaluate(() => location.href), `${origin}/tag/gpu`);
		const another = await browser.open(`${world.site}/`);
		await until(
			"the key came along",
			async () =>
				(await another.title()) === "url-notes" &&
				(await another.content()).includes("A note"),
		);
		// Scripts can't read the key.
		assert.equal(await another.evaluate(() => document.cookie), "");
	},
	{ settings: "require-token = true\n" },
);

inEachBrowser(
	"opens a locked site by a click in the popup, again and again",
	async (world, browser) => {
		await world.siteAnswers();
		const origin = await world.origin();
		for (const path of ["/article", "/second-article"]) {
			const { popup } = await world.save(browser, path);
			const before = await browser.addresses();
			await popup.click("#open-site");
			const opened = await until("the note is shown", async () => {
				const all = await browser.addresses();
				const shown = (/** @type {string} */ address) =>
					!before.includes(address) && address.startsWith(`${origin}/note/`);
				return all.find(shown);
			});
			// The key came along, and from then on the browser has it.
			const page = await browser.open(opened);
			assert.doesNotMatch(await page.content(), /These notes are locked/);
			assert.match(await page.title(), /^url-notes/);
			await page.close();
		}
	},
	{ settings: "require-token = true\n" },
);

// ---- Notes that were made to do harm

/** Of so many notes, one is also looked at by itself, by its tag, and searched for. */
const SAMPLE = 64;
/** So many payloads are the text of one page, because each page takes time. */
const TOGETHER = 60;
/** Of the other texts, one in so many is looked at, with its quote marked. */
const TEXT_SAMPLE = 64;

/**
 * Each run looks at one in so many of the pages, another sample each time and in each browser;
 * `URL_NOTES_TORTURE` is set where all are looked at: tests/torture/run.sh.
 */
const SHARE = process.env.URL_NOTES_TORTURE ? 1 : 4;

/** As the host trims a title: all that Unicode calls white space. @param {string} text */
const trimmed = (text) => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");

/** As a browser reads a text in HTML. @param {string} text */
const asRead = (text) => text.replaceAll(/\r\n?/g, "\n").replaceAll("\0", "");

function hostileNotes() {
	const all = payloads();
	return all.map((payload, at) => {
		const tag = normaliseTag(payload.replaceAll(",", ""));
		const own = addresses.includes(payload) && URL.canParse(payload);
		return {
			url: own ? payload : `https://e.org/${at}/${payload}`,
			title: own ? "" : payload,
			tags: tag === null ? [] : [tag],
			summary: at % TEXT_SAMPLE === 1 ? `> ${payload}` : payload,
			text:
				at % TOGETHER === 0
					? all.slice(at, at + TOGETHER).join("\n\n- word\n\n")
					: `word\n\n${payload}`,
			excerpt: at % 2 === 0 ? payload : null,
		};
	});
}

inEachBrowser(
	"runs no code and sends no requests, whatever notes contain",
	async (world, browser) => {
		const origin = await world.origin();
		const notes = hostileNotes();
		assert(notes.length > 4000);
		const ids = await world.put(notes);
		// Two ways to write one address are one page: the first one's title stays.
		/** @type {Map<number, (typeof notes)[number]>} */
		const shown = new Map();
		for (const [at, id] of ids.entries()) {
			const note = notes[at];
			if (note && !shown.has(id)) shown.set(id, note);
		}

		const always = ["/", "/tags", "/tags?sort=name", "/sites", "/site/e.org"];
		always.push("/feed.atom", "/api/notes", "/api/tags", "/opensearch.xml");
		/** @type {string[]} */
		const targets = [];
		const pages = Math.ceil(shown.size / 20);
		for (let page = 0; page <= pages; page += 1) targets.push(`/all/${page}`);
		for (const [id, note] of shown) {
			if (note.title === "") targets.push(`/note/${id}`);
			const place = notes.indexOf(note);
			if (place % TOGETHER === 0 || place % TEXT_SAMPLE === 1)
				targets.push(`/note/${id}/text`);
			if (place % TEXT_SAMPLE === 1) targets.push(`/api/notes/${id}/text`);
			if (notes.indexOf(note) % SAMPLE !== 0) continue;
			const encoded = encodeURIComponent(note.summary);
			targets.push(`/note/${id}`, `/search?q=${encoded}`, `/tags?filter=${encoded}`);
			targets.push(`/${encoded}`, `/tag/x?with=${encoded}`);
			for (const tag of note.tags) targets.push(tagAddress("/", tag));
			for (const tag of note.tags) targets.push(`${tagAddress("/", tag)}/feed.atom`);
		}

		/** @type {string[]} */
		const faults = [];
		let at = "";
		let texts = 0;
		const first = Math.floor(Math.random() * SHARE);
		const sample = targets.filter((_, number) => number % SHARE === first);
		const left = [...always, ...sample].values();
		const look = async () => {
			const page = await browser.open();
			page.on("dialog", async (dialog) => {
				faults.push(`${page.url()}: a dialog: ${dialog.message()}`);
				await dialog.dismiss();
			});
			page.on("request", (request) => {
				// Firefox brings the font of its bullets as data: nobody is asked for that.
				const own = [`${world.site}/`, `${origin}/`, "data:font/"];
				if (!own.some((start) => request.url().startsWith(start)))
					faults.push(`${page.url()} asks for ${request.url().slice(0, 200)}`);
			});
			await page.evaluateOnNewDocument(() => {
				const seen = /** @type {Window & { reports?: string[] }} */ (window);
				seen.reports = [];
				document.addEventListener("securitypolicyviolation", (event) => {
					seen.reports?.push(`${event.violatedDirective} ${event.blockedURI}`);
				});
			});
			for (const target of left) {
				at = target;
				// What browsers save as a file instead of showing it runs nothing.
				if (/\.(atom|xml)$/.test(target)) {
					const head = await fetch(`${world.site}${target}`, { method: "HEAD" });
					const type = head.headers.get("content-type");
					if (/^application\/(atom|opensearchdescription)\+xml/.test(`${type}`)) continue;
				}
				const answer = await page.goto(`${origin}${target}`);
				const status = answer?.status() ?? 0;
				if (![200, 304, 404].includes(status)) faults.push(`${target}: status ${status}`);
				const seen = await page.evaluate(() => {
					const { reports, xss } = /** @type {any} */ (window);
					const titles = [...document.querySelectorAll("main article .title")];
					return {
						reports: /** @type {string[]} */ (reports ?? []),
						ran: xss !== undefined,
						address: location.href,
						titles: titles.map((title) => title.textContent ?? ""),
						text: document.querySelector(".page-text")?.textContent ?? "",
						links: [...document.links].map((link) => link.protocol),
					};
				});
				for (const report of seen.reports) faults.push(`${target}: ${report}`);
				if (seen.ran) faults.push(`${target}: code ran`);
				for (const scheme of seen.links) {
					if (!["http:", "https:", "mailto:"].includes(scheme))
						faults.push(`${target}: a link to ${scheme}`);
				}
				if (/^\/note\/\d+\/text$/.test(target)) {
					texts += 1;
					if (!seen.text.includes("word")) faults.push(`${target}: no text`);
				}
				const id = /^\/note\/(\d+)(\/text)?$/.exec(target)?.[1];
				const note = id && shown.get(Number(id));
				if (note) {
					const title = asRead(trimmed(note.title) || note.url);
					if (seen.titles[0] !== title)
						faults.push(`${target}: ${JSON.stringify([seen.titles[0], title])}`);
				}
			}
			await page.close();
		};
		try {
			await Promise.all([look(), look(), look()]);
		} catch (error) {
			throw new Error(`on ${at}: ${faults.slice(0, 20).join("\n")}`, { cause: error });
		}
		assert.deepEqual(faults, []);
		assert(texts > 50 / SHARE, `${texts} texts`);
	},
);

inEachBrowser(
	"an exported site with texts runs no code and sends no requests, whatever they contain",
	async (world, browser) => {
		await world.siteAnswers();
		const notes = hostileNotes().filter((_, at) => at % TOGETHER === 0);
		const ids = new Set(await world.put(notes));
		const folder = path.join(world.home, "published");
		await world.command("export", "site", folder, "--with-text");
		/** @type {string[]} */
		const faults = [];
		const page = await browser.open();
		page.on("dialog", async (dialog) => {
			faults.push(`${page.url()}: a dialog: ${dialog.message()}`);
			await dialog.dismiss();
		});
		page.on("request", (request) => {
			if (!/^(file:|data:font\/)/.test(request.url()))
				faults.push(`${page.url()} asks for ${request.url().slice(0, 200)}`);
		});
		const first = Math.floor(Math.random() * SHARE);
		const looked = [...ids].filter((_, number) => number % SHARE === first);
		assert(looked.length > 50 / SHARE, `${looked.length} texts`);
		for (const id of looked) {
			const file = path.join(folder, `note/${id}/text/index.html`);
			await page.goto(`${pathToFileURL(file)}`);
			const seen = await page.evaluate(() => ({
				ran: "xss" in window,
				text: document.querySelector(".page-text")?.textContent ?? "",
				links: [...document.querySelectorAll(".page-text a")].map(
					(link) => /** @type {HTMLAnchorElement} */ (link).protocol,
				),
			}));
			if (seen.ran) faults.push(`${id}: code ran`);
			if (!seen.text.includes("word")) faults.push(`${id}: no text`);
			for (const scheme of seen.links) {
				if (!["http:", "https:", "mailto:"].includes(scheme))
					faults.push(`${id}: a link to ${scheme}`);
			}
		}
		assert.deepEqual(faults, []);
	},
);
