// How the text of a page is asked for, and what is read of a page that changes meanwhile. The
// pages that it is read of are in tests/browser/page-text.test.js.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { Parser } from "commonmark";
import puppeteer from "puppeteer-core";
import { copyPage } from "../../extension/background/copy-page.js";
import { pageBlocks } from "../../extension/background/page-blocks.js";
import { pageLine } from "../../extension/background/page-line.js";
import { pageText } from "../../extension/background/page-text.js";
import { readText } from "../../extension/background/read-text.js";

/**
 * A browser whose injections give these results, one after the other; the last one again and
 * again. An error is thrown.
 * @param {unknown[]} results
 */
function fakeBrowser(...results) {
	/** @type {any[]} */
	const injected = [];
	const executeScript = async (/** @type {any} */ injection) => {
		injected.push(injection);
		const result = results.length > 1 ? results.shift() : results[0];
		if (result instanceof Error) throw result;
		return result;
	};
	return { injected, using: /** @type {any} */ ({ scripting: { executeScript } }) };
}

test("only the main frame of the tab is read, by functions of its own", async () => {
	const read = { text: "Text", whole: true, url: "https://example.org/" };
	const { injected, using } = fakeBrowser([{ result: read }]);
	assert.deepEqual(await pageText(7, using), read);
	assert.deepEqual(
		injected.map(({ files, func }) => files?.[0] ?? func),
		["/vendor/Readability.js", copyPage, pageLine, pageBlocks, readText],
	);
	for (const { target, world } of injected) {
		assert.deepEqual(target, { tabId: 7 });
		assert.equal(world, undefined, "the world of the extension, not that of the page");
	}
});

test("a page that forbids scripts, or is left meanwhile, has no text", async () => {
	for (const results of [
		[new Error("Cannot access contents of the page")],
		[[]],
		[[{ result: undefined }]],
		[[{}], [{}], new Error("Frame with ID 0 was removed")],
		[[{}], [{}], [{}], [{}], [{ result: null, error: {} }]],
	])
		assert.deepEqual(await pageText(7, fakeBrowser(...results).using), {
			none: "forbidden",
		});
});

/**
 * Runs a script in a page after everything that is injected but the last function, which is
 * `read` there.
 * @param {string} html
 * @param {string} script
 * @returns {Promise<any>}
 */
async function inPage(html, script) {
	const vendor = new URL("../../extension/vendor/Readability.js", import.meta.url);
	const server = createServer((_, response) => {
		response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	const browser = await puppeteer.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
	});
	try {
		const page = await browser.newPage();
		await page.goto(`http://127.0.0.1:${port}/first`);
		await page.evaluate(await readFile(vendor, "utf8"));
		for (const part of [copyPage, pageLine, pageBlocks])
			await page.evaluate(`(${part})()`);
		return await page.evaluate(`(async () => { const read = ${readText}; ${script} })()`);
	} finally {
		await browser.close();
		server.close();
	}
}

test("if a page goes to another view while it is read, the address is that of the new one", async () => {
	const url = await inPage(
		`<p>${"The first view. ".repeat(99)}`,
		`const reading = read();
		history.pushState({}, "", "/second");
		return new URL((await reading).url).pathname;`,
	);
	assert.equal(url, "/second");
});

test("a field for a password that appears while a page is read forbids its text", async () => {
	const result = await inPage(
		`<p>${"The first view. ".repeat(99)}`,
		`const reading = read();
		document.body.append(Object.assign(document.createElement("input"), { type: "password" }));
		return await reading;`,
	);
	assert.deepEqual(result, { none: "password" });
});

test("elements that disappear while a page is read don't end the reading", async () => {
	const text = await inPage(
		`<main>${"<section><p>A part of the page that a reader sees and a script removes.</p></section>".repeat(6000)}`,
		`const reading = read();
		const sections = [...document.querySelectorAll("section")];
		for (const section of sections.slice(0, 5000)) section.remove();
		return (await reading).text;`,
	);
	assert.match(String(text), /^A part of the page/);
});

/** Pieces of HTML whose text could be read as Markdown. */
const PIECES =
	"* _ ` ~ [ ] ( ) < > # - + = | \\ ! &amp; &amp;lt; 1. 2) a b word é 字 . : ** ``` --- http://x.y/_z_ &lt;script> &lt;!-- javascript:".split(
		" ",
	);
PIECES.push(
	" ",
	"    ",
	"\t",
	"<br>",
	"<b>x</b>",
	"<b> x </b>",
	"<em>y z</em>",
	"<strong>字。</strong>",
	"<i>!</i>",
	"<code>`c|</code>",
	"<a href='https://example.org/(a)?b=*&copy;_'>li*nk</a>",
	"<a href='https://example.org/'><b>x</b>!</a>",
);

test("random texts full of signs of Markdown are shown as they are", async () => {
	let seed = 20261129;
	const random = (/** @type {number} */ below) => {
		seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
		return (seed >> 8) % below;
	};
	const cases = Array.from({ length: 4000 }, () => {
		const pieces = Array.from(
			{ length: 1 + random(9) },
			() => PIECES[random(PIECES.length)],
		);
		return [["p", "h2", "li", "blockquote", "dt"][random(5)], pieces.join("")];
	});
	/** @type {[tag: string, html: string, text: string, markdown: string][]} */
	const read = await inPage(
		"<p>",
		`const run = (work) => { for (;;) { const { done, value } = work.next(false); if (done) return value; } };
		return ${JSON.stringify(cases)}.map(([tag, html]) => {
			const copy = document.implementation.createHTMLDocument("");
			copy.body.innerHTML = tag === "li" ? "<ul><li>" + html + "</ul>" : "<" + tag + ">" + html;
			const blocks = run(urlNotesParts.blocksOf(copy.body, () => false));
			return [tag, html, copy.body.textContent, urlNotesParts.joined(blocks, 1e6).text];
		});`,
	);
	/** @type {Record<string, string[]>} */
	const around = {
		p: ["paragraph"],
		h2: ["heading"],
		li: ["list", "item", "paragraph"],
		blockquote: ["block_quote", "paragraph"],
		dt: ["paragraph"],
	};
	const inside = "document text strong emph code link linebreak".split(" ");
	const words = (/** @type {string} */ text) => text.replace(/\s+/g, "");
	for (const [tag, html, text, markdown] of read) {
		const walker = new Parser().parse(markdown).walker();
		let shown = "";
		for (let step = walker.next(); step; step = walker.next()) {
			const { literal, type } = step.node;
			if (step.entering) shown += literal ?? "";
			assert.ok(
				inside.includes(type) || around[tag]?.includes(type),
				`${type}: ${html}\n${markdown}`,
			);
		}
		assert.equal(words(shown), words(text), `${html}\n${markdown}`);
	}
});
