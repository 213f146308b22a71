// How typed text is merged with an existing note.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
	commitPending,
	difference,
	isEmpty,
	rebase,
	replace,
	unite,
	uniteEdits,
} from "../../extension/shared/merge.js";

const NOTE = { title: "T", tags: ["a", "b"], summary: "Yesterday" };

test("typed blind: tags are united, the summary appended, the title only if edited", () => {
	assert.deepEqual(unite(NOTE, { tags: ["c", "a"], summary: "More" }), {
		title: "T",
		tags: ["a", "b", "c"],
		summary: "Yesterday\n\nMore",
	});
	assert.equal(unite(NOTE, { title: "Mine" }).title, "Mine");
});

test("uniting twice changes nothing", () => {
	const edits = { tags: ["c"], summary: "More\nlines ", title: "Mine" };
	const once = unite(NOTE, edits);
	assert.deepEqual(unite(once, edits), once);
});

test("a summary is omitted only if the note has it as whole lines", () => {
	assert.equal(unite(NOTE, { summary: "Yes" }).summary, "Yesterday\n\nYes");
	const summary = "One\nTwo\nThree";
	assert.equal(unite({ ...NOTE, summary }, { summary: "Two" }).summary, summary);
	assert.equal(unite({ ...NOTE, summary }, { summary: " \n" }).summary, summary);
	assert.equal(unite({ ...NOTE, summary: " " }, { summary: "Two" }).summary, "Two");
});

test("typed in sight: changed fields replace the note's, even if they are empty", () => {
	assert.deepEqual(replace(NOTE, { tags: [], summary: "" }), {
		title: "T",
		tags: [],
		summary: "",
	});
});

test("pending text becomes tags after those of the note", () => {
	assert.deepEqual(commitPending({ pending: " X, y" }, ["a"]), { tags: ["a", "x", "y"] });
	assert.deepEqual(commitPending({ tags: ["b"], pending: "x" }, ["a"]), {
		tags: ["b", "x"],
	});
	assert.deepEqual(commitPending({ pending: " , " }, ["a"]), { tags: ["a"] });
	assert.deepEqual(commitPending({ pending: "  " }, ["a"]), {});
});

test("pending text that is too long for a tag is cut to a tag's length", () => {
	const { tags } = commitPending({ pending: "x".repeat(150) }, []);
	assert.deepEqual(tags, ["x".repeat(100)]);
});

test("edits of two popups, neither seen by the other, are both kept", () => {
	assert.deepEqual(
		uniteEdits(
			{ tags: ["a"], summary: "One", title: "T1" },
			{ tags: ["b"], summary: "Two", pending: "c" },
		),
		{ tags: ["a", "b"], summary: "One\n\nTwo", title: "T1", pending: "c" },
	);
	assert.deepEqual(uniteEdits({}, { tags: [] }), { tags: [] });
});

test("only fields that differ are sent", () => {
	assert.deepEqual(difference(NOTE, { ...NOTE }), {});
	assert.deepEqual(difference(NOTE, { ...NOTE, tags: ["b", "a"] }), { tags: ["b", "a"] });
	assert.deepEqual(difference(NOTE, { title: "", tags: ["a", "b"], summary: "" }), {
		title: "",
		summary: "",
	});
});

test("an emptied field is an edit, an unchanged form isn't", () => {
	assert.equal(isEmpty({}), true);
	assert.equal(isEmpty({ pending: "  " }), true);
	assert.equal(isEmpty({ summary: "" }), false);
	assert.equal(isEmpty({ tags: [] }), false);
	assert.equal(isEmpty({ pending: "x" }), false);
});

test("edits made in sight of a note are applied to the changed note", () => {
	const over = (
		/** @type {string} */ was,
		/** @type {string} */ is,
		/** @type {string} */ typed,
	) =>
		rebase(
			{ title: "", tags: ["a", "b"], summary: was },
			{ title: "", tags: ["a", "b", "c"], summary: is },
			{ summary: typed, tags: ["b"] },
		);
	assert.equal(over("Great", "Great", "Great article").summary, "Great article");
	assert.equal(over("Great", "Great\n\n> q", "Great one").summary, "Great one\n\n> q");
	assert.equal(over("", "> q", "Mine").summary, "Mine\n\n> q");
	assert.equal(over("", "> q", "").summary, "> q");
	// Another text, though it begins alike: neither is lost.
	assert.equal(over("Great", "Greater", "Great one").summary, "Greater\n\nGreat one");
	assert.deepEqual(over("", "", "").tags, ["b", "c"]);
	assert.deepEqual(
		rebase(
			{ title: "", tags: [], summary: "" },
			{ title: "", tags: ["a"], summary: "x" },
			{},
		),
		{},
	);
});
