// Saves without a popup: links, and all tabs of a window.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BackgroundSaves } from "../../extension/background/background-save.js";
import { HostError } from "../../extension/background/host.js";
import { ownPages } from "../../extension/background/own-site.js";
import { FakeBackground, FakeHost, settle } from "./fakes.js";

/** A background with quick saves, and what was shown on buttons. */
async function start(host = new FakeHost()) {
	const background = await FakeBackground.start(host);
	/** @type {[number, boolean][]} */
	const flashes = [];
	const quick = new BackgroundSaves(background.outbox, (tabId, good) =>
		flashes.push([tabId, good]),
	);
	background.outbox.onAnswer = (entry, result) => {
		background.pages.answered(entry, result);
		quick.answered(entry, result);
	};
	background.outbox.onRefused = (entry) => {
		background.pages.refused(entry);
		quick.refused(entry);
	};
	return { background, host, quick, flashes };
}

test("a link is saved with its text as title, and its tab shows the result", async () => {
	const { host, quick, flashes } = await start();
	quick.save("https://example.org/b", "Its words", 7);
	await settle();
	assert.equal(host.note.title, "Its words");
	assert.deepEqual(flashes, [[7, true]]);
});

test("a refused link stays in the outbox with the reason, and its tab shows the failure", async () => {
	const { background, host, quick, flashes } = await start();
	host.interfere = () => new HostError("too_large", "The address is too long.");
	quick.save("https://example.org/b", "", 7);
	await settle();
	assert.deepEqual(flashes, [[7, false]]);
	assert.equal(background.outbox.entries[0]?.refused?.kind, "too_large");
});

test("each page of a window counts in one part of the summary", async () => {
	const { background, host, quick } = await start();
	host.keep("https://example.org/old");
	host.interfere = (_method, { url }) =>
		url.startsWith("file:") ? new HostError("invalid_url", "No files.") : null;
	let changes = 0;
	const pages = [
		{ url: "https://example.org/new", title: "New" },
		{ url: "https://example.org/new", title: "New, in another tab" },
		{ url: "https://example.org/old", title: "Old" },
		{ url: "about:config", title: "Settings" },
		{ url: "file:///tmp/a", title: "A file" },
		{ url: "", title: "" },
	];
	const batch = quick.saveAll(pages, ["later"], () => {
		changes += 1;
	});
	assert.equal(BackgroundSaves.summary(batch).waiting, 3);
	await settle();
	assert.deepEqual(BackgroundSaves.summary(batch), {
		saved: 1,
		there: 1,
		waiting: 0,
		unsavable: [
			{ url: "about:config", title: "Settings", refusal: null },
			{ url: "", title: "", refusal: null },
			{
				url: "file:///tmp/a",
				title: "A file",
				refusal: { kind: "invalid_url", message: "No files." },
			},
		],
		undone: false,
	});
	assert.equal(changes, 3);
	assert.deepEqual(host.log.at(-1)?.[1].tags, ["later"]);
	assert.equal(background.outbox.entries.length, 0);
});

test("undo deletes the new notes and gives the others their tags back", async () => {
	const { host, quick } = await start();
	const old = host.keep("https://example.org/old", { tags: ["mine"] });
	const pages = ["new", "old"].map((name) => ({
		url: `https://example.org/${name}`,
		title: name,
	}));
	const batch = quick.saveAll(pages, ["later"], () => {}, new Map([[old.id, ["mine"]]]));
	await settle();
	const tagsOf = (/** @type {string} */ title) =>
		[...host.notes.values()].find((note) => note.url.endsWith(title));
	assert.deepEqual(tagsOf("old")?.tags, ["mine", "later"]);
	quick.undo(batch);
	await settle();
	assert.notEqual(tagsOf("new")?.deletedAt, null);
	assert.deepEqual([tagsOf("old")?.deletedAt, tagsOf("old")?.tags], [null, ["mine"]]);
	const { length } = host.log;
	quick.undo(batch);
	await settle();
	assert.equal(host.log.length, length, "once only");
});

test("undo drops the saves that weren't sent", async () => {
	const host = new FakeHost();
	host.away();
	const { background, quick } = await start(host);
	const page = { url: "https://example.org/a", title: "A" };
	const batch = quick.saveAll([page], [], () => {});
	await settle();
	quick.undo(batch);
	assert.equal(background.outbox.entries.length, 0);
	assert.deepEqual(BackgroundSaves.summary(batch), {
		saved: 0,
		there: 0,
		waiting: 0,
		unsavable: [],
		undone: true,
	});
});

test("undo takes a save back whose answer is still on its way", async () => {
	const host = new FakeHost();
	/** @type {() => void} */
	let answer = () => {};
	host.interfere = (method) =>
		method === "saveNote"
			? new Promise((resolve) => (answer = () => resolve(null)))
			: null;
	const { quick } = await start(host);
	const page = { url: "https://example.org/a", title: "A" };
	const batch = quick.saveAll([page], [], () => {});
	await settle();
	quick.undo(batch);
	assert.equal(BackgroundSaves.summary(batch).waiting, 1);
	answer();
	await settle();
	assert.equal(host.note.deleted, true);
});

test("a thousand tabs wait for the host, even over a restart, and are saved in order", async () => {
	const host = new FakeHost();
	host.away();
	const { background, quick } = await start(host);
	const pages = Array.from({ length: 1000 }, (_, i) => ({
		url: `https://example.org/${i}`,
		title: String(i),
	}));
	const batch = quick.saveAll(pages, [], () => {});
	assert.equal(BackgroundSaves.summary(batch).waiting, 1000);
	await settle();
	const next = await background.restart();
	host.back();
	await next.outbox.deliver();
	assert.deepEqual(
		[...host.notes.values()].map(({ title }) => Number(title)),
		Array.from({ length: 1000 }, (_, i) => i),
	);
});

test("pages of the own site aren't saved with the other tabs, and are named with the reason", async () => {
	const { host, quick } = await start();
	const pages = [
		{ url: "http://quiet-fox.localhost:6683/note/7", title: "url-notes | A" },
		{ url: "https://example.org/b", title: "B" },
	];
	const siteUrl = "http://quiet-fox.localhost:6683/";
	const own = await ownPages(pages, {
		hello: /** @type {any} */ ({ siteUrl }),
		request: /** @type {any} */ (async () => ({ notes: [], more: false })),
	});
	const batch = quick.saveAll(pages, [], () => {}, new Map(), own);
	await settle();
	const { saved, unsavable } = BackgroundSaves.summary(batch);
	assert.equal(saved, 1);
	assert.deepEqual(
		unsavable.map(({ title, refusal }) => [title, refusal?.kind]),
		[["url-notes | A", "own_site"]],
	);
	assert.equal(host.note.title, "B");
});
