// What the settings and the popup say of the sync with other devices.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isSyncOverdue, syncSentence } from "../../extension/shared/sync-sentence.js";

/** @type {(key: string, ...values: string[]) => string} */
const say = (key, ...values) => [key, ...values].join("|");
const now = Date.parse("2026-11-30T12:00:00Z");

/** @param {object} status */
const sentence = (status) =>
	syncSentence(
		/** @type {any} */ ({ place: "folder:/s", lastAt: null, problem: null, ...status }),
		"en",
		say,
		now,
	);

test("a working sync is shown with its place and time", () => {
	const lastAt = "2026-11-30T11:57:00.000Z";
	assert.equal(sentence({ state: "ok", lastAt }), "synced|folder:/s|3 minutes ago");
	const justNow = { state: "ok", lastAt: "2026-11-30T11:59:30.000Z" };
	assert.equal(sentence(justNow), "synced|folder:/s|justNow");
	assert.equal(sentence({ state: "new" }), "syncNotYet|folder:/s");
});

test("a problem is shown in the words of the program, with the last success", () => {
	const problem = { kind: "place_missing", sentence: "The stick isn't there." };
	const lastAt = "2026-11-29T12:00:00.000Z";
	assert.equal(sentence({ state: "failed", problem }), "The stick isn't there.");
	assert.equal(
		sentence({ state: "failed", problem, lastAt }),
		"The stick isn't there. syncLast|yesterday",
	);
});

test("a sync that fails is overdue a day after its last success", () => {
	const problem = { kind: "place_missing", sentence: "The stick isn't there." };
	/** @param {object} status */
	const isOverdue = (status) =>
		isSyncOverdue(
			/** @type {any} */ ({ place: "folder:/s", lastAt: null, problem: null, ...status }),
			now,
		);
	const [long, lately] = ["2026-11-29T11:59:00Z", "2026-11-29T12:01:00Z"];
	assert.equal(isOverdue({ problem, lastAt: long }), true);
	assert.equal(isOverdue({ problem, lastAt: lately }), false);
	assert.equal(isOverdue({ problem }), true);
	assert.equal(isOverdue({ lastAt: long }), false);
	assert.equal(isOverdue({}), false);
});
