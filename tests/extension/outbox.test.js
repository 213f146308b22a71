// Writes reach the host in order and once, even if port, background or browser end meanwhile.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError, Unreachable } from "../../extension/background/host.js";
import { FakeBackground, FakeHost, FakePopup, settle } from "./fakes.js";

const PAGE = "https://example.org/a";

/** @param {FakeBackground} background */
const save = (background, url = PAGE) =>
	background.outbox.add("saveNote", { url, title: url }, url);

/** @param {FakeBackground} background */
const storedEntries = (background) =>
	Object.keys(background.storage.items).filter((key) => key.startsWith("outbox:")).length;

test("delivers in the order of adding", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	for (let i = 0; i < 12; i += 1) save(background, `https://example.org/${i}`);
	await background.reach();
	const urls = host.log.map(([, params]) => params.url);
	assert.deepEqual(
		urls,
		Array.from({ length: 12 }, (_, i) => `https://example.org/${i}`),
	);
	assert.equal(background.outbox.entries.length, 0);
	assert.equal(storedEntries(background), 0);
});

test("keeps the order after a restart", async () => {
	const host = new FakeHost();
	host.away();
	let background = await FakeBackground.start(host);
	for (let i = 0; i < 12; i += 1) save(background, `https://example.org/${i}`);
	await settle();
	background = await background.restart();
	save(background, "https://example.org/12");
	await background.reach();
	assert.deepEqual(
		host.log.map(([, params]) => Number(params.url.split("/").at(-1))),
		Array.from({ length: 13 }, (_, i) => i),
	);
});

test("stores an entry before it is sent", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	let storedAtSending = 0;
	host.interfere = () => {
		storedAtSending = storedEntries(background);
	};
	save(background);
	await settle();
	assert.equal(storedAtSending, 1);
});

test("sends again under the same opId after a crash between sending and answer", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	// The host does it, and the answer never comes.
	host.interfere = (method, params) => {
		host.interfere = null;
		host.do(method, params);
		return new Promise(() => {});
	};
	save(background);
	await settle();
	assert.equal(host.notes.size, 1);
	const next = await background.restart();
	await settle();
	assert.equal(host.log.length, 2);
	assert.deepEqual(host.log[0], host.log[1]);
	assert.equal(host.notes.size, 1);
	assert.equal(next.outbox.entries.length, 0);
});

test("sends again after the host ended during a request", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	host.interfere = (method, params) => {
		host.interfere = null;
		host.do(method, params);
		host.away("program_ended");
		return new Unreachable("program_ended");
	};
	save(background);
	await settle();
	assert.equal(background.outbox.entries.length, 1);
	await background.reach();
	assert.deepEqual(host.log[0], host.log[1]);
	assert.equal(host.notes.size, 1);
	assert.equal(background.outbox.entries.length, 0);
});

test("never changes an entry that may have been sent", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	const { id } = host.keep(PAGE);
	host.interfere = () => {
		host.away("program_ended");
		return new Unreachable("program_ended");
	};
	background.outbox.add("updateNote", { id, summary: "one" }, PAGE);
	await settle();
	background.outbox.add("updateNote", { id, summary: "two" }, PAGE);
	const waiting = background.outbox.entries.map(
		(entry) => /** @type {any} */ (entry.params),
	);
	assert.deepEqual(
		waiting.map((params) => params.summary),
		["one", "two"],
	);
	assert.notEqual(waiting[0].opId, waiting[1].opId);
	host.interfere = null;
	await background.reach();
	assert.equal(host.note.summary, "two");
});

test("combines consecutive updates that aren't sent yet", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	const { id } = host.keep(PAGE);
	background.outbox.add("updateNote", { id, summary: "one" }, PAGE);
	background.outbox.add("updateNote", { id, tags: ["x"] }, PAGE);
	background.outbox.add("updateNote", { id, summary: "two" }, PAGE);
	await background.reach();
	assert.deepEqual(host.methods, ["updateNote"]);
	assert.deepEqual(host.note.tags, ["x"]);
	assert.equal(host.note.summary, "two");
});

test("a combined update names the version before the first of them", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	const { id } = host.keep(PAGE);
	background.outbox.add("updateNote", { id, tags: ["a"], seen: { tags: [] } }, PAGE);
	background.outbox.add(
		"updateNote",
		{ id, tags: ["a", "b"], summary: "x", seen: { tags: ["a"], summary: "" } },
		PAGE,
	);
	await background.reach();
	assert.deepEqual(host.methods, ["updateNote"]);
	assert.deepEqual(host.log[0]?.[1].seen, { tags: [], summary: "" });
});

test("doesn't combine updates with a deletion between them", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	const { id } = host.keep(PAGE);
	background.outbox.add("updateNote", { id, summary: "one" }, PAGE);
	background.outbox.add("deleteNote", { id }, PAGE);
	background.outbox.add("updateNote", { id, summary: "two" }, PAGE);
	await background.reach();
	assert.deepEqual(host.methods, ["updateNote", "deleteNote", "updateNote"]);
});

test("keeps a refused entry with the reason, and delivers the others", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	host.interfere = (_method, params) =>
		params.url === PAGE ? new HostError("too_large", "The title is too long.") : null;
	save(background);
	save(background, "https://example.org/b");
	await settle();
	assert.equal(host.note.title, "https://example.org/b");
	const [entry] = background.outbox.entries;
	assert.deepEqual(entry?.refused, {
		kind: "too_large",
		message: "The title is too long.",
	});
	// It is still there, and still refused, in the next life.
	const next = await background.restart();
	assert.equal(next.outbox.entries[0]?.refused?.kind, "too_large");
	assert.deepEqual(host.methods, ["saveNote"]);
});

test("a refused entry leaves only if the user retries or discards it", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	host.interfere = () => new HostError("invalid_url", "Not an address.");
	save(background);
	save(background, "https://example.org/b");
	await settle();
	const [first, second] = background.outbox.entries.map((entry) => entry.params.opId);
	host.interfere = null;
	background.outbox.discard(first ?? "");
	background.outbox.retry(second ?? "");
	await settle();
	assert.equal(host.note.title, "https://example.org/b");
	assert.equal(background.outbox.entries.length, 0);
	assert.equal(storedEntries(background), 0);
});

for (const kind of /** @type {const} */ ([
	"store_full",
	"store_busy",
	"store_newer",
	"store_broken",
	"store_unwritable",
	"store_io",
	"clock_wrong",
	"unknown_method",
])) {
	test(`waits while the host says ${kind}, and says why`, async () => {
		const host = new FakeHost();
		const background = await FakeBackground.start(host);
		host.interfere = () => new HostError(kind, "The disk is full.");
		save(background);
		save(background, "https://example.org/b");
		await settle();
		assert.equal(background.outbox.trouble?.message, "The disk is full.");
		assert.equal(background.outbox.entries.length, 2);
		assert.equal(background.outbox.entries[0]?.refused, null);
		host.interfere = null;
		await background.reach();
		assert.deepEqual(host.methods, ["saveNote", "saveNote"]);
		assert.equal(background.outbox.trouble, null);
	});
}

for (const [what, failure] of /** @type {const} */ ([
	["internal errors", () => new HostError("internal", "A fault of the host.")],
	["crashes", () => new Unreachable("program_ended")],
])) {
	test(`refuses an entry after five ${what}, and delivers those behind it`, async () => {
		const host = new FakeHost();
		const background = await FakeBackground.start(host);
		host.interfere = (_method, params) => (params.url === PAGE ? failure() : null);
		save(background);
		save(background, "https://example.org/b");
		await settle();
		for (let i = 1; i < 5; i += 1) {
			assert.equal(host.notes.size, 0);
			await background.reach();
		}
		await background.reach();
		assert.equal(host.note.title, "https://example.org/b");
		assert.equal(background.outbox.entries.length, 1);
		assert.ok(background.outbox.entries[0]?.refused);
	});
}

test("a newer update of the same fields makes a refused one moot", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	const { id } = host.keep(PAGE);
	host.interfere = () => new HostError("too_large", "Too long.");
	background.outbox.add("updateNote", { id, summary: "x" }, PAGE);
	await settle();
	background.outbox.add("updateNote", { id, title: "t", summary: "y" }, PAGE);
	await settle();
	assert.equal(background.outbox.entries.length, 1);
	host.interfere = null;
	background.outbox.add("updateNote", { id, summary: "short" }, PAGE);
	await settle();
	// The refused title is in no newer update, so that entry stays.
	assert.equal(background.outbox.entries.length, 1);
	background.outbox.add("updateNote", { id, title: "t", summary: "short" }, PAGE);
	await settle();
	assert.equal(background.outbox.entries.length, 0);
});

test("delivers although the browser's storage is full", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	background.storage.full = true;
	save(background);
	await settle();
	assert.equal(host.note.title, PAGE);
	assert.equal(background.outbox.entries.length, 0);
});

test("entries that didn't fit into the storage are written once there is room", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	background.storage.full = true;
	save(background);
	await settle();
	assert.equal(storedEntries(background), 0);
	background.storage.full = false;
	save(background, "https://example.org/b");
	await settle();
	assert.equal(storedEntries(background), 2);
});

test("after a week without a host and many restarts, everything is delivered once and in order", async () => {
	const host = new FakeHost();
	host.away();
	let background = await FakeBackground.start(host);
	for (let day = 0; day < 7; day += 1) {
		for (let i = 0; i < 10; i += 1) save(background, `https://example.org/${day}/${i}`);
		await settle();
		for (let again = 0; again < 20; again += 1) await background.outbox.deliver();
		background = await background.restart();
	}
	assert.equal(background.outbox.entries.length, 70);
	assert.ok(
		background.outbox.entries.every(({ failures, refused }) => !failures && !refused),
	);
	await background.reach();
	const urls = host.log.map(([, { url }]) => url);
	assert.equal(urls.length, 70);
	assert.deepEqual(urls, urls.toSorted());
	assert.equal(storedEntries(background), 0);
});

test("a refused entry doesn't block others, of any page", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	const { id } = host.keep(PAGE);
	host.interfere = (_method, { title }) =>
		title === "bad" ? new HostError("too_large", "Too long.") : null;
	background.outbox.add("updateNote", { id, title: "bad" }, PAGE);
	save(background, "https://example.org/b");
	background.outbox.add("updateNote", { id, tags: ["x"] }, PAGE);
	await settle();
	assert.deepEqual(host.methods, ["saveNote", "updateNote"]);
	assert.equal(background.outbox.entries.length, 1);
});

test("an entry that was refused because the host crashed is tried again after a restart", async () => {
	const host = new FakeHost();
	let background = await FakeBackground.start(host);
	host.interfere = () => new Unreachable("program_ended");
	save(background);
	for (let i = 0; i < 5; i += 1) await background.reach();
	assert.equal(background.outbox.entries[0]?.refused?.kind, "program_crashed");
	host.interfere = null;
	background = await background.restart();
	assert.equal(host.note.title, PAGE);
	assert.equal(background.outbox.entries.length, 0);
});

test("all refused entries are tried again if the user wants that", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	host.interfere = () => new HostError("invalid_url", "Not an address.");
	save(background);
	save(background, "https://example.org/b");
	await settle();
	assert.equal(background.outbox.entries.length, 2);
	host.interfere = null;
	background.outbox.retry();
	await settle();
	assert.deepEqual(host.methods, ["saveNote", "saveNote"]);
	assert.equal(background.outbox.entries.length, 0);
});

test("an exception while an answer is handled doesn't stop the delivery", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	/** @type {unknown[]} */
	const faults = [];
	background.outbox.onFault = (fault) => faults.push(fault);
	background.outbox.onAnswer = () => {
		throw new Error("A fault of the extension.");
	};
	save(background);
	save(background, "https://example.org/b");
	await background.reach();
	assert.equal(faults.length, 2);
	assert.equal(background.outbox.entries.length, 0);
	assert.equal(storedEntries(background), 0);
});

test("a save that doesn't fit into the storage stays in memory, is reported, and is stored once there is room", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	background.storage.quota = 2000;
	const popup = await FakePopup.open(background);
	const words = "x".repeat(4000);
	popup.type({ summary: words });
	await settle();
	assert.equal(popup.view.unkept, true);
	assert.equal(popup.state, "queued");
	// The click itself fits, and survives whatever happens.
	assert.equal(storedEntries(background), 1);
	background.storage.quota = Number.POSITIVE_INFINITY;
	await background.queue.settled();
	await settle();
	assert.equal(popup.view.unkept, false);
	assert.match(JSON.stringify(background.storage.items), new RegExp(words));
	await popup.close();
	await background.reach();
	assert.equal(host.note.summary, words);
});

test("an entry that the host failed to handle has a cause, for a text in the user's language", async () => {
	for (const [cause, told] of /** @type {const} */ ([
		["program_ended", "program_crashed"],
		["program_silent", "program_silent"],
	])) {
		const host = new FakeHost();
		const background = await FakeBackground.start(host);
		host.interfere = () => new Unreachable(cause);
		save(background);
		for (let i = 0; i < 5; i += 1) await background.reach();
		assert.equal(background.outbox.entries[0]?.refused?.cause, told);
	}
});
