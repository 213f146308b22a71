// What a row of the library says of the page behind a note.

import assert from "node:assert/strict";
import { test } from "node:test";
import { linkState } from "../../extension/library/link-state.js";

/** @type {(key: string, ...values: string[]) => string} */
const say = (key, ...values) => [key, ...values].join(" ");

/** @param {object | undefined | null} link */
const stateOf = (link) =>
	linkState(/** @type {any} */ ({ id: 1, url: "https://e.org/a", link }), "en", say);

const known = {
	checkedAt: "2026-05-10T12:00:00.000Z",
	since: "2026-05-03T12:00:00.000Z",
	finalUrl: null,
	archiveUrl: "https://web.archive.org/web/20250812101112/https://e.org/a",
};

test("a page that may be lost has a link to a copy", () => {
	for (const verdict of ["gone", "soft", "unreachable"]) {
		const state = stateOf({ ...known, verdict });
		assert.equal(state?.lost, true, verdict);
		assert.equal(state?.address, known.archiveUrl);
	}
	assert.equal(stateOf({ ...known, verdict: "gone" })?.text, "linkGone 3 May 2026");
});

test("a moved page has a link to where it is", () => {
	const link = {
		...known,
		verdict: "moved",
		finalUrl: "https://e.org/b",
		archiveUrl: null,
	};
	const state = stateOf(link);
	assert.equal(state?.address, "https://e.org/b");
	assert.equal(state?.lost, false);
});

test("nothing is said of a page that is there, that is walled or that was never checked", () => {
	for (const verdict of ["ok", "walled", "of a later version"])
		assert.equal(stateOf({ ...known, verdict, archiveUrl: null }), null, verdict);
	assert.equal(stateOf(null), null);
	// From an older program.
	assert.equal(stateOf(undefined), null);
});

test("a lost page that isn't public has no link to a copy", () => {
	const state = stateOf({ ...known, verdict: "gone", archiveUrl: null });
	assert.equal(state?.text, "linkGone 3 May 2026");
	assert.equal(state?.address, "");
});
