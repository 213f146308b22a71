// The background's side of the library page's port.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeHost, settle } from "./fakes.js";

Object.assign(globalThis, { chrome: { runtime: {} } });
const { HostError } = await import("../../extension/background/host.js");
const { serveLibrary } = await import("../../extension/background/library-port.js");

/** A page of the library with its port. */
function connect() {
	const host = new FakeHost();
	/** @type {any[]} */
	const received = [];
	/** @type {string[]} */
	const written = [];
	/** @type {((message: unknown) => void)[]} */
	const listeners = [];
	/** @type {(() => void)[]} */
	const closers = [];
	const watchers = new Set();
	const port = {
		postMessage: (/** @type {any} */ message) => received.push(message),
		onMessage: { addListener: (/** @type {any} */ add) => listeners.push(add) },
		onDisconnect: { addListener: (/** @type {any} */ add) => closers.push(add) },
	};
	let tries = 0;
	serveLibrary(/** @type {any} */ (port), {
		host,
		badge: { written: (method) => written.push(method) },
		ready: Promise.resolve(),
		tryHost: () => {
			tries += 1;
		},
		watchers,
	});
	return {
		host,
		received,
		written,
		watchers,
		tries: () => tries,
		send: async (/** @type {unknown} */ message) => {
			for (const listener of listeners) listener(message);
			await settle();
		},
		close: () => {
			for (const closer of closers) closer();
		},
	};
}

test("the page gets the state of the connection at once and after each change", async () => {
	const page = connect();
	await settle();
	assert.equal(page.received[0].status.hello, page.host.hello);
	page.host.away("host_too_old");
	for (const watcher of page.watchers) watcher();
	assert.deepEqual(page.received[1].status, {
		hello: null,
		trouble: "host_too_old",
		cure: "./install.sh",
		hindrance: null,
	});
	page.close();
	assert.equal(page.watchers.size, 0);
});

test("requests go to the host, and their answers come back by number", async () => {
	const page = connect();
	page.host.keep("https://example.org/a");
	const params = { url: "https://example.org/a" };
	await page.send({ turn: 7, method: "noteForUrl", params });
	const answer = page.received.find(({ turn }) => turn === 7);
	assert.equal(answer.result.note.url, "https://example.org/a");
	assert.deepEqual(page.written, []);
});

test("only methods of the library are called, and changes refresh the badge", async () => {
	const page = connect();
	page.host.interfere = (method) =>
		method === "editNotes" ? new HostError("selection_changed", "No.") : null;
	const note = page.host.keep("https://example.org/a");
	await page.send({ turn: 1, method: "deleteNote", params: { id: note.id } });
	await page.send({ turn: 2, method: "toString", params: {} });
	assert.deepEqual(page.host.log, []);
	await page.send({ turn: 3, method: "updateNote", params: { id: note.id, title: "B" } });
	assert.deepEqual(page.written, ["updateNote"]);
	await page.send({ turn: 4, method: "editNotes", params: {} });
	assert.deepEqual(page.written, ["updateNote"]);
	assert.deepEqual(page.received.at(-1), {
		turn: 4,
		refusal: { kind: "selection_changed", message: "No." },
	});
});

test("a host that is away is a refusal with its cause", async () => {
	const page = connect();
	page.host.away("program_ended");
	await page.send({ turn: 1, method: "listNotes", params: {} });
	const { refusal } = page.received.at(-1);
	assert.deepEqual([refusal.kind, refusal.cause], ["unreachable", "program_ended"]);
	await page.send({ do: "try" });
	assert.equal(page.tries(), 1);
});
