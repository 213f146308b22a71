// Records are written in the order of their changes, and new values before removals.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Shelf } from "../../extension/shared/shelf.js";
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
		storage.set = set;
		newer = shelf.put("a", 2); // While the first write is under way.
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
