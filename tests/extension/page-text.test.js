// How the text of a page is asked for, and what is read of a page that changes meanwhile. The
// pages that it is read of are in tests/browser/page-text.test.js.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
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
