// Records are written in the order of their changes, and new values before removals.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Shelf } from "../../extension/background/storage-queue.js";
import { FakeStorage } from "./fakes.js";

test("many changes of one record while a write is under way are one write", async () => {
	const storage = new FakeStorage();
	const shelf = new Shelf(storage);
	for (let i = 0; i < 100; i += 1) {
		void shelf.put("k", i);
		await null;
	}
	await shelf.settled();
	assert.equal(storage.items.k, 99);
	assert.ok(storage.writes.length < 60, `${storage.writes.length} writes`);
});

test("what moves from one record to another is in both before it is in one", async () => {
	const storage = new FakeStorage();
	const shelf = new Shelf(storage);
	await shelf.put("from", "x");
	/** @type {string[][]} */
	const seen = [];
	const { remove } = storage;
	storage.remove = async (keys) => {
		seen.push(Object.keys(storage.items));
		await remove.call(storage, keys);
	};
	void shelf.remove("from");
	await shelf.put("to", "x");
	assert.deepEqual(seen, [["from", "to"]]);
	assert.deepEqual(storage.items, { to: "x" });
});

test("a refused write is told, and done with the next change", async () => {
	const storage = new FakeStorage();
	const shelf = new Shelf(storage);
	storage.full = true;
	await assert.rejects(shelf.put("a", 1), /quota/);
	storage.full = false;
	await shelf.put("b", 2);
	assert.deepEqual(storage.items, { a: 1, b: 2 });
});

test("a refused write doesn't come back over a newer one", async () => {
	const storage = new FakeStorage();
	const shelf = new Shelf(storage);
	const { set } = storage;
	/** @type {Promise<void> | undefined} */
	let newer;
	storage.set = async () => {
		// While the first write is under way, which is tried twice.
		if (newer) storage.set = set;
		else newer = shelf.put("a", 2);
		throw new Error("QUOTA_BYTES quota exceeded");
	};
	await assert.rejects(shelf.put("a", 1));
	await newer;
	assert.deepEqual(storage.items, { a: 2 });
});

test("removals are done even where nothing can be written, since they make room", async () => {
	const storage = new FakeStorage();
	const shelf = new Shelf(storage);
	await shelf.put("old", 1);
	storage.full = true;
	void shelf.remove("old").catch(() => {});
	await assert.rejects(shelf.put("new", 2));
	assert.deepEqual(storage.items, {});
});

test("what fits is written beside what doesn't", async () => {
	const storage = new FakeStorage();
	storage.quota = 1000;
	const shelf = new Shelf(storage);
	const huge = shelf.put("huge", "x".repeat(2000));
	void shelf.put("small", 1).catch(() => {});
	await assert.rejects(huge, /quota/);
	assert.deepEqual(storage.items, { small: 1 });
	assert.ok(shelf.full);
	// And so it goes on, until there is room.
	await assert.rejects(shelf.put("another", 2));
	assert.deepEqual(storage.items, { small: 1, another: 2 });
	storage.quota = 10_000;
	await shelf.settled();
	assert.equal((await storage.get()).huge.length, 2000);
	assert.ok(!shelf.full);
});

test("in a full storage a record that is moved is there at each moment", async () => {
	const storage = new FakeStorage();
	storage.quota = 120;
	const shelf = new Shelf(storage);
	await shelf.put("page", "x".repeat(90));
	/** @type {unknown[]} */
	const moments = [];
	storage.onWrite = () => {
		const { page, entry } = storage.items;
		moments.push(page ?? entry);
	};
	void shelf.put("entry", "x".repeat(90));
	await shelf.remove("page");
	assert.ok(moments.length > 0 && moments.every(Boolean));
	assert.deepEqual(Object.keys(storage.items), ["entry"]);
	assert.ok(!shelf.full);
});

test("a record that was emptied to make room, and not yet removed, is none", async () => {
	const storage = new FakeStorage();
	storage.items = { a: 1, b: null };
	assert.deepEqual(await new Shelf(storage).load(), { a: 1 });
});

test("says once that the storage is full, and once that it no longer is", async () => {
	const storage = new FakeStorage();
	const shelf = new Shelf(storage);
	/** @type {boolean[]} */
	const told = [];
	shelf.onChange = () => told.push(shelf.full);
	storage.full = true;
	await assert.rejects(shelf.put("a", 1));
	await assert.rejects(shelf.put("b", 1));
	storage.full = false;
	await shelf.put("c", 1);
	assert.deepEqual(told, [true, false]);
	assert.deepEqual(storage.items, { a: 1, b: 1, c: 1 });
});

test("a removal that is refused keeps nothing from being written, and is done later", async () => {
	const storage = new FakeStorage();
	const shelf = new Shelf(storage);
	await shelf.put("old", 1);
	const remove = storage.remove.bind(storage);
	storage.remove = async () => {
		throw new Error("disk full");
	};
	storage.quota = 60;
	void shelf.put("huge", "x".repeat(100)).catch(() => {});
	void shelf.put("entry", { x: 1 }).catch(() => {});
	await assert.rejects(shelf.remove("old"));
	assert.deepEqual(storage.items.entry, { x: 1 });
	assert.ok(shelf.full);
	storage.quota = 1000;
	await assert.rejects(shelf.settled(), /disk full/);
	assert.equal(storage.items.huge?.length, 100);
	assert.ok(shelf.full);
	storage.remove = remove;
	await shelf.settled();
	assert.deepEqual(Object.keys(storage.items).sort(), ["entry", "huge"]);
	assert.ok(!shelf.full);
});
