// Texts are cut to the host's limits between characters, and are well-formed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { byteLength, fit, middleCut } from "../../extension/shared/text.js";

for (const [text, limit, cut] of /** @type {const} */ ([
	["abc", 3, "abc"],
	["abcd", 3, "abc"],
	["é", 1, ""],
	["aé", 2, "a"],
	["機械", 5, "機"],
	["😀😀", 7, "😀"],
	["a😀", 2, "a"],
	["a\ud83d", 10, "a\ufffd"],
	["\ude00a", 10, "\ufffda"],
	["", 4, ""],
])) {
	test(`${JSON.stringify(text)} in ${limit} bytes is ${JSON.stringify(cut)}`, () => {
		assert.equal(fit(text, limit), cut);
	});
}

test("a text of 5 MB is cut to 16 KiB of whole characters", () => {
	const cut = fit("😀".repeat(1_250_000), 16 * 1024);
	assert.equal(byteLength(cut), 16 * 1024);
	assert.ok(cut.isWellFormed());
});

test("a long text loses its middle, but never half a character", () => {
	assert.equal(middleCut("abcdefghij", 10), "abcdefghij");
	assert.equal(middleCut("abcdefghijk", 10), "abcde…hijk");
	assert.equal([...middleCut("🦊".repeat(30), 9)].length, 9);
	assert.ok(middleCut("🦊".repeat(30), 9).isWellFormed());
});
