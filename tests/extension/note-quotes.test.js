// The quotes in a note's text, and deleting one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { quotesOf, withoutQuote } from "../../extension/popup/note-quotes.js";

const LINK =
	"> [Go to passage](<https://e.org/a#:~:text=all%20day-,non%2Dstop,-service>)";

/** @param {string} text */
const texts = (text) => quotesOf(text).map((quote) => quote.text);

test("each block quote is a quote, with the context that its link names", () => {
	const note = `Mine.\n\n> non-stop\n>\n${LINK}\n\n> Another one\n> of two lines\n\nThe end.`;
	assert.deepEqual(
		quotesOf(note).map(({ text, prefix, suffix }) => ({ text, prefix, suffix })),
		[
			{ text: "non-stop", prefix: "all day", suffix: "service" },
			{ text: "Another one\nof two lines", prefix: "", suffix: "" },
		],
	);
});

test("links that the text field shows in short, and those of older versions, are read too", () => {
	const expand = (/** @type {string} */ text) =>
		text.replace("(#1)", "(<https://e.org/#:~:text=a,-b%20c>)");
	assert.equal(quotesOf("> a\n>\n> [Go to passage](#1)", expand)[0]?.suffix, "b c");
	assert.deepEqual(texts("> a\n>\n> [in the page](<https://e.org/#:~:text=a>)"), ["a"]);
	assert.deepEqual(texts("> a\n>\n> [Go to passage](#9)"), ["a"]);
});

test("a link to the passage counts whatever its text is, and no other link", () => {
	const note = "> a\n>\n> [Hier](https://e.org/#:~:text=x-,a)";
	assert.deepEqual(
		quotesOf(note).map(({ text, prefix }) => [text, prefix]),
		[["a", "x"]],
	);
	assert.deepEqual(texts("> a\n> [b](https://e.org/)"), ["a\n[b](https://e.org/)"]);
	assert.deepEqual(texts("> a\n> [b](#2)"), ["a\n[b](#2)"]);
});

test("markup is taken off a quote's text, and the mark of a cut", () => {
	assert.deepEqual(texts("> \\# \\*a\\* \\<b> 1\\. \\\\ x …\n>\n> [Go to passage](#1)"), [
		"# *a* <b> 1. \\ x",
	]);
});

test("code and empty quotes are no quotes", () => {
	assert.deepEqual(
		texts("```\n> code\n```\n> quote\n\n>\n> \n\n~~~~\n> a\n~~~\n> b\n~~~~"),
		["quote"],
	);
});

test("a broken link gives no context, and loses no quote", () => {
	assert.deepEqual(
		quotesOf("> a\n>\n> [Go to passage](<https://e.org/#:~:text=%E0%A4%A-,a>)").map(
			({ text, prefix }) => [text, prefix],
		),
		[["a", ""]],
	);
});

test("deleting a quote leaves the rest of the text as it is", () => {
	const note = `Mine.\n\n> one\n>\n${LINK}\n\n\nMore.\n> two\n\n> three`;
	const [one, two, three] = quotesOf(note);
	assert.ok(one && two && three);
	assert.equal(withoutQuote(note, one), "Mine.\n\nMore.\n> two\n\n> three");
	assert.equal(
		withoutQuote(note, two),
		`Mine.\n\n> one\n>\n${LINK}\n\n\nMore.\n\n> three`,
	);
	assert.equal(withoutQuote(note, three), `Mine.\n\n> one\n>\n${LINK}\n\n\nMore.\n> two`);
	const only = "> one";
	const [quote] = quotesOf(only);
	assert.equal(quote && withoutQuote(only, quote), "");
});

test("indented text that follows a deleted quote keeps its indentation", () => {
	const note = "> one\n\n    code";
	const [quote] = quotesOf(note);
	assert.equal(quote && withoutQuote(note, quote), "    code");
});
