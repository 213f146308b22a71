// The search of an exported site finds what the program finds: it splits words and reads
// queries in the same way. The program's tests write the fixtures.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { means, occurrences } from "../../host/src/site/assets/occurrences.js";
import { isEmpty, readQuery } from "../../host/src/site/assets/query.js";
import { halvesOf } from "../../host/src/site/assets/spellings.js";
import { wordsOf } from "../../host/src/site/assets/words.js";

/**
 * Without what isn't there.
 * @param {object} value
 */
const structured = (value) => JSON.parse(JSON.stringify(value));

/** @param {string} name */
const vectors = async (name) =>
	JSON.parse(
		await readFile(new URL(`../fixtures/search/${name}.json`, import.meta.url), "utf8"),
	);

test("words are those that the program finds", async () => {
	for (const { text, words, parts } of await vectors("words")) {
		const found = wordsOf(text).map(({ start, end, folded, lead, trail }) => [
			text.slice(start, end),
			folded,
			lead,
			trail,
		]);
		assert.deepEqual(found, words, text);
		const inner = wordsOf(text).map((word) => [
			word.joined,
			word.parts.map(({ letters, start, end }) => `${letters} ${text.slice(start, end)}`),
		]);
		assert.deepEqual(inner, parts, text);
	}
});

/**
 * A query as the program writes it.
 * @param {import("../../host/src/site/assets/query.js").Query} query
 * @returns {object}
 */
function written({ any, terms, ...rest }) {
	/** @param {import("../../host/src/site/assets/words.js").Word[]} words */
	const spelled = (words) =>
		words.map(({ lead, folded, trail }) => lead + folded + trail).join(" ");
	return {
		...rest,
		any: any.map((group) => group.map(written)),
		halves: terms.map(halvesOf),
		spellings: terms.map((term) => term.spellings.map(spelled)),
		terms: terms.map(({ tags, text, negated, prefix, field }) => ({
			tags,
			text,
			negated,
			prefix,
			field,
		})),
	};
}

test("queries are read as the program reads them", async () => {
	for (const { query: text, ...expected } of await vectors("queries")) {
		const query = readQuery(text, "2025-08-21");
		assert.deepEqual(structured(written(query)), expected, text);
	}
	assert.ok(isEmpty(readQuery(' "" - ')));
	assert.ok(!isEmpty(readQuery("-x")));
});

test("what is found is what the program finds", async () => {
	for (const { text, found } of await vectors("found")) {
		for (const [query, expected] of found) {
			const words = wordsOf(text);
			const places = readQuery(query).terms.map((term) =>
				occurrences(term, words).map(({ start, end }) => text.slice(start, end)),
			);
			assert.deepEqual(places, expected, `${query} in ${text}`);
		}
	}
});

test("a phrase stands where its words stand one after the other", () => {
	/** @type {(query: string, text: string) => string[]} */
	const found = (query, text) => {
		const [term] = readQuery(query).terms;
		assert.ok(term);
		return occurrences(term, wordsOf(text)).map(({ start, end }) =>
			text.slice(start, end),
		);
	};
	assert.deepEqual(found('"memory band"', "Memory band, memory bandwidth"), [
		"Memory band",
	]);
	assert.deepEqual(found("学習", "機械学習と学習"), ["学習", "学習"]);
	assert.deepEqual(found("godel", "Gödel, GÖDELS"), ["Gödel", "GÖDELS"]);
	assert.deepEqual(found('"godel"', "Gödel, GÖDELS"), ["Gödel"]);
	assert.deepEqual(found("c ", "c++ c"), ["c++", "c"]);
	assert.deepEqual(found("c++", "c c++"), ["c++"]);
	assert.deepEqual(found(".net ", "ASP.NET .NET"), [".NET"]);
});

test("a pair matches two complete words side by side", () => {
	const [term] = readQuery("opensource").terms;
	assert.ok(term);
	term.pairs.push(wordsOf("open source"));
	const text = "open source, Open Source: opensources; open the source, open sources";
	const found = occurrences(term, wordsOf(text));
	assert.deepEqual(
		found.map(({ start, end }) => text.slice(start, end)),
		["open source", "Open Source", "opensources"],
	);
});

test("an unfinished word matches all words that begin with it", () => {
	/** @type {(query: string, text: string) => boolean} */
	const begins = (query, text) => {
		const [wanted, word] = [wordsOf(query)[0], wordsOf(text)[0]];
		assert.ok(wanted && word);
		return means(wanted, word, true);
	};
	assert.ok(begins("c+", "c++"));
	assert.ok(!begins("c+", "cat"));
	assert.ok(begins("#loj", "#lojban"));
	assert.ok(!begins("#loj", "lojban"));
});
