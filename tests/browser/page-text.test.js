// The text that is taken of a page after a click on the button, in both browsers. The pages in
// tests/fixtures/page-text are of forty kinds, each beside its text; `UPDATE_EXPECT=1` writes the
// texts as Chromium reads them.

import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

/** @typedef {import("../../extension/background/page-text.js").PageText} PageText */

const FIXTURES = fileURLToPath(new URL("../fixtures/page-text/", import.meta.url));
/** Where the relative links of those pages lead, in their texts. */
const ORIGIN = "https://page.example";

/**
 * Opens a page, clicks the button there, and reads it as the background does, from a page of the
 * extension: with the permission of that click, and nothing more.
 * @param {import("./test-environment.js").World} world
 * @param {import("./driver/browser.js").Browser} browser
 */
async function clicked(world, browser) {
	const { page, popup } = await world.save(browser, "/article");
	await popup.dismiss();
	const own = await browser.own("options/options.html");
	/**
	 * Puts another document into the page, whose scripts run. The permission stays.
	 * @param {string} html
	 */
	const show = (html) =>
		page.evaluate((html) => {
			document.open();
			document.write(html);
			document.close();
		}, html);
	/**
	 * @returns {Promise<{found: PageText, took: number, longest: number}>} Also the time that it took,
	 *   and the longest that the page had to wait in one piece, both in ms.
	 */
	const timed = () =>
		own.evaluate(async () => {
			const module = (/** @type {string} */ path) =>
				import(new URL(path, location.href).href);
			const { pageText } = await module("../background/page-text.js");
			const { browser } = await module("../shared/browser.js");
			for (const { id: tabId } of await browser.tabs.query({})) {
				const begun = performance.now();
				const found = await pageText(tabId);
				const took = performance.now() - begun;
				if (found.none === "forbidden") continue;
				const func = () => /** @type {any} */ (globalThis).urlNotesParts.longest;
				const [read] = await browser.scripting.executeScript({ target: { tabId }, func });
				return { found, took, longest: read.result };
			}
			return { found: { none: "forbidden" }, took: 0, longest: 0 };
		});
	const read = async () => (await timed()).found;
	/** @returns {Promise<string>} The text, or why there is none. */
	const text = async () => {
		const found = await read();
		return "none" in found ? `none: ${found.none}` : found.text;
	};
	return { page, show, timed, read, text, url: world.web.address("/article") };
}

const html = (/** @type {string} */ body) =>
	`<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title><body>${body}`;

inEachBrowser("a click allows to read the text of its page", async (world, browser) => {
	const { read, url } = await clicked(world, browser);
	const text = "# How we cut our build times in half\n\nCaching came first.";
	assert.deepEqual(await read(), { text, whole: true, url });
});

inEachBrowser(
	"pages of forty kinds are read as they should be",
	async (world, browser) => {
		const { show, read, url } = await clicked(world, browser);
		const names = (await readdir(FIXTURES)).filter((name) => name.endsWith(".html"));
		assert.equal(names.length, 40);
		/** @type {Record<string, [string, string]>} */
		const wrong = {};
		for (const name of names.sort()) {
			await show(await readFile(FIXTURES + name, "utf8"));
			const found = await read();
			const text =
				"none" in found
					? `none: ${found.none}`
					: `${found.text.replaceAll(new URL(url).origin, ORIGIN)}\n`;
			const file = FIXTURES + name.replace(/html$/, "md");
			if (process.env.UPDATE_EXPECT && browser.name === "Chromium")
				await writeFile(file, text);
			const wanted = await readFile(file, "utf8");
			if (text !== wanted) wrong[name] = [text, wanted];
		}
		assert.deepEqual(wrong, {});
	},
);

inEachBrowser("scripts of a page can't reach what reads it", async (world, browser) => {
	const { show, text, page } = await clicked(world, browser);
	await show(
		html(`<main><h1>As it is</h1><p id="p">${"What a person sees is what is kept. ".repeat(9)}</p>
			<form><input name="childNodes"><input name="localName"><input name="shadowRoot"><input name="getAttribute"><p>In a form.</p></form></main>
			<img name="body"><img name="querySelectorAll"><a id="urlNotesParts"></a><a id="Readability"></a><a id="module"></a>
			<script>
				const spoil = (object) => {
					for (const name of Object.getOwnPropertyNames(object)) {
						if (name === "constructor") continue;
						const get = () => { document.documentElement.dataset.hit = name; return "spoiled"; };
						try { Object.defineProperty(object, name, { get, configurable: true }); } catch {}
					}
				};
				let isSpoiled = false;
				const lie = () => "spoiled";
				setTimeout(() => {
					// By assignment, too: some things look up no property, but call what is there.
					for (const name of ["querySelector", "querySelectorAll", "createElement", "createTreeWalker", "getElementsByTagName"])
						document[name] = Document.prototype[name] = lie;
					for (const name of ["getAttribute", "querySelector", "querySelectorAll", "closest", "append", "checkVisibility"])
						Element.prototype[name] = lie;
					for (const name of ["push", "map", "filter", "join", "at", "slice", "includes"])
						Array.prototype[name] = lie;
					for (const name of ["get", "set", "has"]) Map.prototype[name] = lie;
					JSON.parse = JSON.stringify = lie;
					for (const name of ["body", "head", "title", "documentElement", "implementation", "designMode", "location",
						"querySelector", "querySelectorAll", "createElement", "createTreeWalker", "createRange", "evaluate"])
						try { Object.defineProperty(document, name, { value: lie, configurable: true }); } catch {}
					for (const { prototype } of [Element, HTMLElement, Node, Document, HTMLDocument, CSSStyleDeclaration,
						DOMImplementation, DOMTokenList, NodeList, HTMLCollection, Text, CharacterData, MessagePort, Map, Set, RegExp, String])
						spoil(prototype);
					window.JSON = window.getComputedStyle = window.MessageChannel = window.TextEncoder = window.URL = window.performance = null;
					spoil(Array.prototype);
					window.Map = window.Set = window.WeakMap = window.Object = window.Promise = window.Readability = lie;
					isSpoiled = true;
					[].__proto__[Symbol.iterator] = lie;
				});
			</script>`),
	);
	await until("the page is spoiled", () => page.evaluate("isSpoiled"));
	const found = await text();
	assert.match(found, /^#+ As it is\n\nWhat a person sees is what is kept\. /);
	assert.doesNotMatch(found, /spoiled/);
});

inEachBrowser("what is typed, hidden or secret isn't read", async (world, browser) => {
	const { show, text } = await clicked(world, browser);
	const prose = `<p>${"This is what the page says to all who read it. ".repeat(6)}</p>`;
	const kept = `${"This is what the page says to all who read it. ".repeat(6).trim()}`;
	for (const hidden of [
		'<div contenteditable="true"><p>Dear Jo, I never liked him</p></div>',
		'<div contenteditable><p contenteditable="false">A quoted mail</p></div>',
		'<div contenteditable="plaintext-only">Secret</div>',
		'<div role="textbox"><p>Secret</p></div>',
		"<textarea>Secret</textarea>",
		'<input value="Secret"><select><option>Secret</option></select>',
		'<p style="display: none">Secret</p>',
		"<p hidden>Secret</p>",
		'<p style="visibility: hidden">Secret</p>',
		'<div style="content-visibility: hidden"><p>Secret</p></div>',
		'<p style="font-size: 0">Secret</p>',
		'<p style="position: absolute; left: -9999px">Secret</p>',
		'<p style="position: absolute; width: 1px; height: 1px; overflow: hidden">Secret</p>',
		'<div style="height: 0; overflow: hidden"><p>Secret</p></div>',
		"<template><p>Secret</p></template><script>'Secret'</script><style>/* Secret */</style>",
		"<noscript><p>Secret</p></noscript>",
		'<iframe srcdoc="Secret"></iframe>',
		'<svg><text>Secret</text><foreignObject><p xmlns="http://www.w3.org/1999/xhtml">Secret</p></foreignObject></svg>',
	]) {
		await show(html(`<main>${prose}${hidden}</main>`));
		assert.equal(await text(), kept, hidden);
	}
	await show(html(`<main>${prose}</main><script>document.designMode = "on"</script>`));
	assert.equal(await text(), "none: empty", "a document that is edited as a whole");
	await show(html("<script>document.designMode = 'off'</script>"));
	for (const field of [
		'<input type="password">',
		'<input type="text" autocomplete="current-password">',
		'<div id="host"></div><script>document.querySelector("#host").attachShadow({ mode: "open" }).innerHTML = "<input type=password>"</script>',
	]) {
		await show(html(`<main>${prose}</main>${field}`));
		assert.equal(await text(), "none: password", field);
	}
	await show(
		html(`<main>${prose}</main><div style="display: none"><input type="password"></div>`),
	);
	assert.equal(await text(), kept, "a field that isn't shown");
	await show(
		html(`<style>body { height: 0; overflow: hidden }</style><main>${prose}</main>`),
	);
	assert.equal(await text(), kept, "a page that doesn't scroll");
	await show(html(""));
	assert.equal(await text(), "none: empty");
});

inEachBrowser("text that looks like markup stays text", async (world, browser) => {
	const { show, text } = await clicked(world, browser);
	const says = [
		"# One",
		"- two",
		"1. three",
		"> four",
		"***",
		"---",
		"===",
		"+ five",
		"```js",
		"~~~",
		"| a | b |",
		"[six](javascript:alert(1))",
		"![seven](x.png)",
		"<img src=x onerror=alert(1)>",
		"<script>alert(1)</script>",
		"&lt;b&gt; &amp; &#65;",
		"**eight** __nine__ ~~ten~~ `eleven`",
		"[twelve]: https://example.org",
		"a\\*b\\",
		"- [ ] thirteen",
		":-- fourteen",
		"https://example.org/_a_*b*",
		"<https://example.org>",
		"\u202eneetfif\u202c \u0007 six\u00adteen \u{e0041}",
	];
	const encoded = (/** @type {string} */ one) =>
		one.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
	await show(
		html(`<main>${says.map((one) => `<p>${encoded(one)}</p>`).join("")}</main>`),
	);
	const { Parser } = await import("commonmark");
	const document = new Parser().parse(await text());
	/** @type {string[]} */
	const paragraphs = [];
	for (let node = document.firstChild; node; node = node.next) {
		assert.equal(node.type, "paragraph");
		let literal = "";
		for (let part = node.firstChild; part; part = part.next) {
			assert.equal(part.type, "text");
			literal += part.literal;
		}
		paragraphs.push(literal);
	}
	const last = "neetfif  sixteen".replace("  ", " ");
	assert.deepEqual(paragraphs, [...says.slice(0, -1), last]);
});

/** No step takes so long, on a busy computer, unless its work grows with the square of the page. */
const STEP_MS = 5000;

inEachBrowser("huge and deep pages are read in part", async (world, browser) => {
	const { show, timed, page } = await clicked(world, browser);
	// Each has more than what is read at most. The tab is in the background, which saves the
	// browser the layout: of 50 MB it takes Chromium eleven seconds, of the deep elements for ever.
	const parts = {
		"200,000 elements": `for (let n = 0; n < 100000; n += 1) { const p = document.createElement("p"); p.append(document.createElement("b")); p.append("Paragraph " + n + " of very many."); main.append(p); }`,
		"50 MB of text": `const p = document.createElement("p"); p.textContent = "many words ".repeat(5000000); main.append(p);`,
		"5 MB of code": `const p = document.createElement("pre"); p.textContent = "a line of code\\n".repeat(350000); main.append(p);`,
		"a word of 5 MB": `const p = document.createElement("p"); p.textContent = "x".repeat(5000000); main.append(p);`,
		"white space": `const p = document.createElement("pre"); p.textContent = "x" + " ".repeat(300000) + "x" + "\\n".repeat(300000) + "x"; main.append(p);`,
		"a long table": `const t = document.createElement("table"); for (let n = 0; n < 4000; n += 1) { const r = t.insertRow(); for (let m = 0; m < 12; m += 1) r.insertCell().textContent = "cell " + n + "/" + m; } main.append(t);`,
		"tables in tables": `let at = main; for (let n = 0; n < 1000; n += 1) { const t = document.createElement("table"); at.append(t); at = t.insertRow().insertCell(); at.append("Level " + n + " of nested tables. "); }`,
		"deep elements": `let at = main; for (let n = 0; n < 3000; n += 1) { const d = document.createElement(["div", "blockquote", "ul", "li", "b", "a", "q"][n % 7]); at.append(d); at = d; } at.append("At the bottom of it all. ".repeat(20));`,
	};
	for (const [name, script] of Object.entries(parts)) {
		await show(html("<main id=main><p>It begins here.</p></main>"));
		await page.evaluate(
			// The page computes its styles before its text is read, as if it had been seen.
			`(() => { const main = document.querySelector("main"); ${script}; getComputedStyle(main.lastElementChild).display; })()`,
		);
		const { found, took, longest } = await timed();
		assert.ok(longest > 0 && longest < STEP_MS, `${name}: ${longest} ms in one piece`);
		// Where there are very many steps, the longest slice takes a tenth of the whole at most, and
		// without the slices it is nearly half of it or more, on whatever computer.
		if (/^200,000|long table/.test(name))
			assert.ok(longest < took / 4, `${name}: ${longest} of ${took} ms in one piece`);
		assert.ok("text" in found, `${name}: ${JSON.stringify(found).slice(0, 200)}`);
		const size = Buffer.byteLength(found.text);
		assert.ok(size <= 256 * 1024, `${name}: ${size} bytes`);
		// A slow machine reads less of them in the time that there is.
		if (name === "deep elements" && found.whole)
			assert.match(found.text, /At the bottom of it all\./);
		else if (name === "tables in tables" && found.whole)
			assert.match(found.text, /Level 999 of nested/);
		else if (!/deep|in tables/.test(name))
			assert.match(found.text, /^It begins here\./, name);
		if (!/deep|in tables|white space/.test(name)) {
			assert.equal(found.whole, false, name);
			assert.ok(size > 1000, `${name}: ${size} bytes`);
		}
	}
});

inEachBrowser("the address is that of the page that was read", async (world, browser) => {
	const { page, read, url } = await clicked(world, browser);
	await page.evaluate(() => {
		history.pushState({}, "", "/talks/second");
		document.body.textContent = "The second talk";
	});
	const found = await read();
	assert.ok("url" in found);
	assert.equal(found.url, new URL("/talks/second", url).href);
	assert.equal(found.text, "The second talk");
	// Of another site: the permission has ended.
	await page.goto("about:blank");
	assert.deepEqual(await read(), { none: "forbidden" });
});
