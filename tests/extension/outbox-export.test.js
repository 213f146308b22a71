// Unsaved changes as a file for `url-notes import`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { waitingFile } from "../../extension/options/outbox-export.js";
import { FakeBackground, FakeHost, FakePopup, settle } from "./fakes.js";

const PAGE = "https://example.org/a";

test("each page is one note with all its changes, and the unchanged entries are beside it", async () => {
	const host = new FakeHost();
	host.away();
	const { outbox } = await FakeBackground.start(host);
	const quote = { text: "One\ntwo", prefix: "before" };
	outbox.add("saveNote", { url: PAGE, title: "A", excerpt: "About", quote }, PAGE);
	outbox.add("updateNote", { id: 7, tags: ["x"] }, PAGE);
	outbox.add("deleteNote", { id: 8 }, "https://example.org/gone");
	const file = waitingFile(outbox.entries, []);
	assert.deepEqual(file.notes, [
		{
			url: PAGE,
			title: "A",
			excerpt: "About",
			tags: ["x"],
			summary: "> One\n> two",
			savedAt: outbox.entries[0]?.addedAt,
		},
	]);
	assert.deepEqual(file.waiting.entries, outbox.entries);
});

test("it contains drafts, including an unfinished tag", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	background.saves = false;
	const popup = await FakePopup.open(background, PAGE, "A title");
	popup.type({ tags: ["x"], pending: "half", summary: "Words" });
	await settle();
	assert.deepEqual(waitingFile([], background.pages.drafts()).notes, [
		{ url: PAGE, title: "A title", tags: ["x", "half"], summary: "Words" },
	]);
});
