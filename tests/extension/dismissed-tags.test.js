// The host receives the dismissed suggestions of the page's web site only.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DismissedTags } from "../../extension/background/dismissed-tags.js";
import { servePopup } from "../../extension/background/popup-port.js";
import { StorageQueue } from "../../extension/background/storage-queue.js";
import { FakeStorage, NO_TEXTS, settle } from "./fakes.js";

test("counts dismissals by web site, until the user chooses the tag there", () => {
	const dismissedTags = new DismissedTags(new StorageQueue(new FakeStorage()));
	dismissedTags.add("https://www.a.example/1", ["paper", "gpu"]);
	dismissedTags.add("https://a.example/2", ["paper"]);
	assert.deepEqual(dismissedTags.of("https://a.example/3"), { gpu: 1, paper: 2 });
	assert.deepEqual(dismissedTags.of("https://a.example/3", ["paper"]), { gpu: 1 });
	assert.deepEqual(dismissedTags.of("https://b.example/"), {});
	dismissedTags.forget("https://b.example/", ["paper"]);
	dismissedTags.forget("https://a.example/4", ["paper", "other"]);
	assert.deepEqual(dismissedTags.of("https://a.example/3"), { gpu: 1 });
	dismissedTags.add("file:///home/ada/x.html", ["gpu"]);
	assert.deepEqual(dismissedTags.of("file:///home/ada/x.html"), {}, "files are no site");
});

test("keeps the counts over a restart, and stores nothing if there are none", async () => {
	const storage = new FakeStorage();
	const queue = new StorageQueue(storage);
	const dismissedTags = new DismissedTags(queue);
	dismissedTags.add("https://a.example/1", ["paper", "7"]);
	await queue.settled();
	const again = new DismissedTags(new StorageQueue(storage));
	again.load(await storage.get());
	assert.deepEqual(again.of("https://a.example/"), { 7: 1, paper: 1 });
	dismissedTags.forget("https://a.example/", ["paper", "7"]);
	await queue.settled();
	assert.deepEqual(await storage.get(), {});
});

test("limits the counts and drops the oldest first", async () => {
	const storage = new FakeStorage();
	const queue = new StorageQueue(storage);
	const dismissedTags = new DismissedTags(queue);
	for (let i = 0; i < 1000; i += 1) {
		dismissedTags.add(`https://${i}.example/`, ["a"]);
		dismissedTags.add("https://often.example/", [`tag ${i}`, "always"]);
	}
	assert.deepEqual(dismissedTags.of("https://0.example/"), {});
	assert.deepEqual(dismissedTags.of("https://999.example/"), { a: 1 });
	const often = dismissedTags.of("https://often.example/");
	assert.equal(Object.keys(often).length, 50);
	assert.equal(often.always, 9);
	await queue.settled();
	assert.ok(JSON.stringify(storage.items).length < 20_000);
});

test("suggestions work even if the storage is full", async () => {
	const storage = new FakeStorage();
	storage.full = true;
	const dismissedTags = new DismissedTags(new StorageQueue(storage));
	dismissedTags.add("https://a.example/", ["paper"]);
	await settle();
	assert.deepEqual(dismissedTags.of("https://a.example/"), { paper: 1 });
});

test("a popup counts each dismissal once, and sends the earlier ones", async () => {
	const dismissedTags = new DismissedTags(new StorageQueue(new FakeStorage()));
	dismissedTags.add("https://a.example/old", ["paper", "gpu"]);
	/** @type {any[]} */
	const asked = [];
	/** @type {(message: any) => void} */
	let say = () => {};
	const on = (/** @type {typeof say} */ listener) => {
		say = listener;
	};
	const port = { onMessage: { addListener: on }, onDisconnect: { addListener() {} } };
	const host = {
		refreshHello() {},
		request: async (/** @type {string} */ _method, /** @type {any} */ params) => {
			asked.push(params);
			return { tags: [] };
		},
	};
	servePopup(/** @type {any} */ ({ ...port, postMessage() {} }), {
		pages: /** @type {any} */ ({ open: async () => {}, metadata: () => ({}) }),
		dismissedTags,
		textSaves: NO_TEXTS,
		host: /** @type {any} */ (host),
		ready: Promise.resolve(),
		tryHost() {},
		activeTab: async () => ({ url: "", title: "", tabId: 1 }),
	});
	const tab = { url: "https://a.example/new", title: "New", tabId: 1 };
	say({ do: "open", tab });
	await settle();
	const wish = { do: "suggest", title: "", text: "", turn: 1 };
	for (const [tags, dismissed] of [
		[[], []],
		[[], ["paper"]],
		[["gpu"], ["paper"]],
	]) {
		say({ ...wish, tags, dismissed });
		await settle();
	}
	assert.deepEqual(
		asked.map(({ refused }) => refused),
		[{ paper: 1, gpu: 1 }, { gpu: 1 }, {}],
	);
	assert.deepEqual(dismissedTags.of(tab.url), { paper: 2 });
});
