// The rules for tags, and the addresses of their pages.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import {
	isList,
	normaliseTag,
	placeIn,
	splitTags,
	tagAddress,
	uniteTags,
} from "../../extension/shared/tags.js";

const SITE = "http://localhost:6683/";

/** @type {{input: string, tag?: string, error?: true}[]} */
const vectors = JSON.parse(
	await readFile(new URL("../contract/tags.json", import.meta.url), "utf8"),
);

for (const { input, tag = null } of vectors) {
	test(`${JSON.stringify(input.slice(0, 30))} is ${tag === null ? "no tag" : "the host's tag"}`, () => {
		assert.equal(normaliseTag(input), tag);
	});
}

test("both copies of the rules for invisible characters are the same", async () => {
	const [one, other] = await Promise.all(
		["extension/shared", "host/src/site/assets"].map((folder) =>
			readFile(new URL(`../../${folder}/invisible.js`, import.meta.url), "utf8"),
		),
	);
	const code = (/** @type {string} */ text) =>
		text.slice(text.indexOf("const INVISIBLE"));
	assert.equal(code(one ?? ""), code(other ?? ""));
});

test("commas of all scripts separate tags", () => {
	for (const comma of [",", "，", "、", "､", "،", "﹐", "﹑", "︐", "︑"]) {
		assert.deepEqual(splitTags(`深層学習${comma}GPU ${comma} `), {
			tags: ["深層学習", "gpu"],
			refused: [],
		});
		assert.ok(isList(`a${comma}`));
	}
	assert.ok(!isList("a・b。c"));
	assert.deepEqual(splitTags("a\u200bb, \u200b"), { tags: ["ab"], refused: ["\u200b"] });
});

test("normalising twice changes nothing", () => {
	for (const { tag } of vectors) if (tag) assert.equal(normaliseTag(tag), tag);
});

test("a tag is found again at its address", () => {
	for (const { tag } of vectors) {
		if (!tag) continue;
		const address = new URL(tagAddress(SITE, tag));
		const name =
			address.searchParams.get("name") ??
			decodeURIComponent(address.pathname.replace("/tag/", ""));
		assert.equal(name, tag);
	}
});

for (const [tag, path] of /** @type {const} */ ([
	["web/tech", "tag/web%2Ftech"],
	["large language model", "tag/large%20language%20model"],
	["c++", "tag/c%2B%2B"],
	["it's (!*)", "tag/it%27s%20%28%21%2A%29"],
	["a.b_c-d~", "tag/a.b_c-d~"],
	["機", "tag/%E6%A9%9F"],
	[".", "tag/?name=%2E"],
	["..", "tag/?name=%2E%2E"],
])) {
	test(`the page of ${tag} is at ${path}`, () => {
		assert.equal(tagAddress(SITE, tag), SITE + path);
	});
}

test("a pasted list becomes tags, and the parts that can't be tags are returned", () => {
	const long = "x".repeat(101);
	assert.deepEqual(splitTags(` GPU, gpu,, web/tech ,${long}`), {
		tags: ["gpu", "web/tech"],
		refused: [long],
	});
});

test("united tags keep the first list's order and have no tag twice", () => {
	assert.deepEqual(uniteTags(["b", "a"], ["a", "c", "b"]), ["b", "a", "c"]);
});

test("a lone surrogate is replaced", () => {
	assert.equal(normaliseTag("a\ud800"), "a\ufffd");
});

for (const [tag, typed, found] of /** @type {const} */ ([
	["café", "cafe", "café"],
	["my café notes", "afe n", "afé n"],
	["straße", "ass", "aß"],
	["smørrebrød", "smorre", "smørre"],
	["東京の図書館", "図書", "図書"],
	["機械学習", "が", null],
	["한국어", "국", "국"],
	["x̂y", "xy", "x̂y"],
	["gpu", "gpus", null],
	["cafe", "café", "cafe"],
])) {
	test(`${typed} is found in ${tag} as ${found}`, () => {
		const place = placeIn(tag, typed);
		assert.equal(place && tag.slice(place.start, place.end), found);
	});
}
