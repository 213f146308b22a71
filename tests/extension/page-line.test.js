// Texts of pages have the same characters, whether the extension or the program reads them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { pageLine } from "../../extension/background/page-line.js";

const fixture = new URL("../fixtures/invisible-characters.json", import.meta.url);

test("exactly the invisible characters that the program removes are removed", async () => {
	/** @type {any} */ (globalThis).urlNotesParts = {};
	pageLine();
	const { clean } = /** @type {any} */ (globalThis).urlNotesParts;
	/** @type {[string, string][]} */
	const ranges = JSON.parse(await readFile(fixture, "utf8"));
	const removed = new Set();
	for (const [first, last] of ranges)
		for (let code = parseInt(first, 16); code <= parseInt(last, 16); code += 1)
			removed.add(code);
	let all = "";
	let kept = "";
	for (let code = 0; code <= 0x10ffff; code += 1) {
		// A carriage return is a line break; halves of a pair are no characters.
		if (code === 0x0d || (code >= 0xd800 && code <= 0xdfff)) continue;
		const character = String.fromCodePoint(code);
		all += character;
		if (!removed.has(code)) kept += character;
	}
	assert.ok(clean(all) === kept);
});
