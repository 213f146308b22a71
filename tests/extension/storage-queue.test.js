// Records are written in the order of their changes, and new values before removals.

import assert from "node:assert/strict";
import { test } from "node:test";
import { StorageQueue } from "../../extension/background/storage-queue.js";
import { FakeStorage } from "./fakes.js";

test("changes of a record during a write are combined into one write", async () => {
	const storage = new FakeStorage();
	const queue = new StorageQueue(storage);
	for (let i = 0; i < 100; i += 1) {
		void queue.put("k", i);
		await null;
	}
	await queue.settled();
	assert.equal(storage.items.k, 99);
	assert.ok(storage.writes.length < 60, `${storage.writes.length} writes`);
});

test("data that moves between records is in both before it is in one", async () => {
	const storage = new FakeStorage();
	const queue = new StorageQueue(storage);
	await queue.put("from", "x");
	/** @type {string[][]} */
	const seen = [];
	const { remove } = storage;
	storage.remove = async (keys) => {
		seen.push(Object.keys(storage.items));
		await remove.call(storage, keys);
	};
	void queue.remove("from");
	await queue.put("to", "x");
	assert.deepEqual(seen, [["from", "to"]]);
	assert.deepEqual(storage.items, { to: "x" });
});

test("a refused write rejects, and is repeated with the next change", async () => {
	const storage = new FakeStorage();
	const queue = new StorageQueue(storage);
	storage.full = true;
	await assert.rejects(queue.put("a", 1), /quota/);
	storage.full = false;
	await queue.put("b", 2);
	assert.deepEqual(storage.items, { a: 1, b: 2 });
});

test("a refused write doesn't overwrite a newer one", async () => {
	const storage = new FakeStorage();
	const queue = new StorageQueue(storage);
	const { set } = storage;
	/** @type {Promise<void> | undefined} */
	let newer;
	storage.set = async () => {
		// While the first write is under way, which is tried twice.
		if (newer) storage.set = set;
		else newer = queue.put("a", 2);
		throw new Error("QUOTA_BYTES quota exceeded");
	};
	await assert.rejects(queue.put("a", 1));
	await newer;
	assert.deepEqual(storage.items, { a: 2 });
});

test("removals are done even if nothing can be written, since they make room", async () => {
	const storage = new FakeStorage();
	const queue = new StorageQueue(storage);
	await queue.put("old", 1);
	storage.full = true;
	void queue.remove("old").catch(() => {});
	await assert.rejects(queue.put("new", 2));
	assert.deepEqual(storage.items, {});
});

test("records that fit are written even if others don't", async () => {
	const storage = new FakeStorage();
	storage.quota = 1000;
	const queue = new StorageQueue(storage);
	const huge = queue.put("huge", "x".repeat(2000));
	void queue.put("small", 1).catch(() => {});
	await assert.rejects(huge, /quota/);
	assert.deepEqual(storage.items, { small: 1 });
	assert.ok(queue.full);
	// And so it goes on, until there is room.
	await assert.rejects(queue.put("another", 2));
	assert.deepEqual(storage.items, { small: 1, another: 2 });
	storage.quota = 10_000;
	await queue.settled();
	assert.equal((await storage.get()).huge.length, 2000);
	assert.ok(!queue.full);
});

test("in a full storage, a record that moves is never absent", async () => {
	const storage = new FakeStorage();
	storage.quota = 120;
	const queue = new StorageQueue(storage);
	await queue.put("page", "x".repeat(90));
	/** @type {unknown[]} */
	const moments = [];
	storage.onWrite = () => {
		const { page, entry } = storage.items;
		moments.push(page ?? entry);
	};
	void queue.put("entry", "x".repeat(90));
	await queue.remove("page");
	assert.ok(moments.length > 0 && moments.every(Boolean));
	assert.deepEqual(Object.keys(storage.items), ["entry"]);
	assert.ok(!queue.full);
});

test("a record that was emptied but not yet removed doesn't count", async () => {
	const storage = new FakeStorage();
	storage.items = { a: 1, b: null };
	assert.deepEqual(await new StorageQueue(storage).load(), { a: 1 });
});

test("reports once that the storage is full, and once that it no longer is", async () => {
	const storage = new FakeStorage();
	const queue = new StorageQueue(storage);
	/** @type {boolean[]} */
	const sent = [];
	queue.onChange = () => sent.push(queue.full);
	storage.full = true;
	await assert.rejects(queue.put("a", 1));
	await assert.rejects(queue.put("b", 1));
	storage.full = false;
	await queue.put("c", 1);
	assert.deepEqual(sent, [true, false]);
	assert.deepEqual(storage.items, { a: 1, b: 1, c: 1 });
});

test("a refused removal doesn't stop writes, and is done later", async () => {
	const storage = new FakeStorage();
	const queue = new StorageQueue(storage);
	await queue.put("old", 1);
	const remove = storage.remove.bind(storage);
	storage.remove = async () => {
		throw new Error("disk full");
	};
	storage.quota = 60;
	void queue.put("huge", "x".repeat(100)).catch(() => {});
	void queue.put("entry", { x: 1 }).catch(() => {});
	await assert.rejects(queue.remove("old"));
	assert.deepEqual(storage.items.entry, { x: 1 });
	assert.ok(queue.full);
	storage.quota = 1000;
	await assert.rejects(queue.settled(), /disk full/);
	assert.equal(storage.items.huge?.length, 100);
	assert.ok(queue.full);
	storage.remove = remove;
	await queue.settled();
	assert.deepEqual(Object.keys(storage.items).sort(), ["entry", "huge"]);
	assert.ok(!queue.full);
});
