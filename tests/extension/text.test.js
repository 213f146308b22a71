// Texts are cut to the host's limits between characters, and are well-formed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { byteLength, fit, middleCut, PassageLinks } from "../../extension/shared/text.js";

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

test("the links of quotes are short in the field and whole in the stored text", () => {
	const address = (/** @type {number} */ n) =>
		`https://e.org/a#:~:text=${"word%20".repeat(50)}${n}`;
	const link = (/** @type {number} */ n) => `[Go to passage](<${address(n)}>)`;
	const stored = `> One\n>\n> ${link(1)}\n\nMine [x](<https://e.org/>)\n\n> Two\n>\n> ${link(2)}`;
	const links = new PassageLinks();
	const shown = links.shorten(stored);
	assert.equal(
		shown,
		"> One\n>\n> [Go to passage](#1)\n\nMine [x](<https://e.org/>)\n\n> Two\n>\n> [Go to passage](#2)",
	);
	assert.equal(links.expand(shown), stored);
	// The first quote is removed, and the second one moved.
	assert.equal(links.expand("[Go to passage](#2)\n\nEnd"), `${link(2)}\n\nEnd`);
	// The same link again, a further one, and one of an older version.
	const more = `${link(2)} ${link(3)} ${link(1).replace("Go to passage", "in the page")}`;
	assert.equal(
		links.shorten(more),
		"[Go to passage](#2) [Go to passage](#3) [in the page](#1)",
	);
	assert.equal(links.expand(links.shorten(more)), more);
	// What the user wrote in that form stays.
	const own = "[Go to passage](#9) [Go to passage](#1)";
	const others = new PassageLinks();
	assert.equal(others.shorten(`${own} ${link(1)}`), `${own} [Go to passage](#2)`);
	assert.equal(others.expand(own), own);
});
