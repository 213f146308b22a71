// Which pages can be saved, and how captured metadata is limited.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fitCaptured } from "../../extension/background/capture.js";
import { ownTitle, savableUrl } from "../../extension/shared/tab.js";

for (const [tab, url] of /** @type {const} */ ([
	["https://example.org/a?b#c", "https://example.org/a?b#c"],
	["HTTP://EXAMPLE.org/", "HTTP://EXAMPLE.org/"],
	["file:///home/me/a.html", "file:///home/me/a.html"],
	["about:reader?url=https%3A%2F%2Fexample.org%2Fa%3Fb%3Dc", "https://example.org/a?b=c"],
	["about:reader?url=about%3Aconfig", null],
	["about:reader?", null],
	["about:blank", null],
	["chrome://settings/", null],
	["moz-extension://x/popup.html", null],
	["view-source:https://example.org/", null],
	["data:text/html,x", null],
	["javascript:alert(1)", null],
	["", null],
	[undefined, null],
])) {
	test(`${tab} is saved as ${url}`, () => {
		assert.equal(savableUrl(tab), url);
	});
}

test("user name and password are removed from an address only if the user wants that", () => {
	for (const [tab, kept] of [
		["https://jo:pw@e.org/a?b#c", "https://e.org/a?b#c"],
		["https://jo@e.org/", "https://e.org/"],
		["about:reader?url=https%3A%2F%2Fjo%3Apw%40e.org%2Fa", "https://e.org/a"],
		// Byte for byte where there is nothing to drop.
		["https://E.org/a b", "https://E.org/a b"],
		["mailto:jo@e.org", null],
	]) {
		assert.equal(savableUrl(/** @type {string} */ (tab), true), kept);
	}
	assert.equal(savableUrl("https://jo:pw@e.org/a"), "https://jo:pw@e.org/a");
});

test("captured metadata is trimmed and cut to its limits, without empty fields", () => {
	assert.deepEqual(
		fitCaptured({
			excerpt: "  a\n\tb  ",
			siteName: " ",
			lang: "",
			publishedAt: "2025-01-01",
		}),
		{ excerpt: "a b", publishedAt: "2025-01-01" },
	);
	const captured = fitCaptured({
		excerpt: "機".repeat(5000),
		siteName: "x".repeat(5000),
		quote: { text: `${"q".repeat(40_000)}`, prefix: "p".repeat(9999), suffix: "s" },
	});
	assert.equal(captured.excerpt?.length, 1365);
	assert.equal(captured.siteName?.length, 1024);
	assert.equal(captured.quote?.text.length, 32 * 1024);
	assert.equal(captured.quote?.prefix?.length, 1024);
	// Its end is not the selection's.
	assert.ok(captured.quote && !("suffix" in captured.quote));
});

test("a selection of a megabyte is cut between two words", () => {
	const captured = fitCaptured({ quote: { text: "many words ".repeat(100_000) } });
	assert.match(captured.quote?.text ?? "", /^(many words )+many( words)?$/);
});

test("only a web address is accepted as canonical URL", () => {
	for (const [said, canonical] of [
		["https://example.org/a", "https://example.org/a"],
		["javascript:alert(1)", undefined],
		["", undefined],
	]) {
		assert.equal(fitCaptured({ canonical: said ?? "" }).canonical, canonical);
	}
});

test("nonsense from a page gives an empty capture", () => {
	const says = /** @type {any} */ ({ excerpt: 1, lang: null, quote: { text: {} } });
	assert.deepEqual(fitCaptured(says), {});
	assert.deepEqual(fitCaptured({ quote: { text: "  \n " } }), {});
});

test("a selection that is mostly white space is scanned only once", () => {
	const text = `a${" ".repeat(20_000)}${"b".repeat(14_000)}`;
	const plain = RegExp.prototype.exec;
	/** @type {string[]} */
	const again = [];
	RegExp.prototype.exec = function (string) {
		// For each blank it would go to the end of all of them.
		if (this.source.includes("\\s+") && !this.global) again.push(this.source);
		return plain.call(this, string);
	};
	try {
		assert.ok(fitCaptured({ quote: { text } }).quote);
	} finally {
		RegExp.prototype.exec = plain;
	}
	assert.deepEqual(again, []);
	const cut = fitCaptured({ quote: { text: `a${" ".repeat(32_700)}${"b".repeat(99)}` } });
	assert.equal(cut.quote?.text, "a");
});

for (const [title, address, own] of /** @type {const} */ ([
	["127.0.0.1:39051/og", "http://127.0.0.1:39051/og", ""],
	["example.org", "https://www.example.org/", ""],
	["https://example.org/a?b=c", "https://example.org/a?b=c", ""],
	["example.org/a?b=c#d", "https://example.org/a?b=c#d", ""],
	["example.org/über", "https://example.org/%C3%BCber", ""],
	["e.org/a", "https://jo:pw@e.org/a", ""],
	["e.org/a%20paper.pdf", "https://e.org/a%20paper.pdf", "a paper.pdf"],
	["A paper", "https://e.org/a.pdf", "A paper"],
	["example.org", "https://example.org/about", "example.org"],
	["A title", "https://e.org/", "A title"],
])) {
	test(`the title of a tab with “${title}” at ${address} is “${own}”`, () => {
		assert.equal(ownTitle(title, address), own);
	});
}
