// The text of a saved page: when it is read, sent, kept for later and dropped.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError, Unreachable } from "../../extension/background/host.js";
import { servePopup } from "../../extension/background/popup-port.js";
import {
	FakeBackground,
	FakeHost,
	FakePopup,
	FakeStorage,
	HELLO,
	settle,
} from "./fakes.js";

const URL_A = "https://example.org/a";
const KEEPS = HELLO;
/** @param {string} text */
const read = (text, url = URL_A) => ({ text, whole: true, url });

async function start({
	hello = /** @type {any} */ (KEEPS),
	storage = new FakeStorage(),
} = {}) {
	const host = new FakeHost();
	host.back(hello);
	const background = await FakeBackground.start(host, storage);
	background.readable = read("Some words that one reads.");
	return { host, background, storage };
}

/**
 * The states of the text that a popup shows.
 * @param {FakeBackground} background
 */
function watch(background, url = URL_A) {
	/** @type {any[]} */
	const states = [];
	const stop = background.texts.watch(url, 1, (state) => states.push(state));
	return {
		stop,
		get last() {
			return states.at(-1);
		},
		get all() {
			return states.map(({ is }) => is);
		},
	};
}

/** @param {FakeHost} host */
const put = (host) => host.log.filter(([method]) => method === "putText");

/**
 * A click on the button: the popup shows the save, and then watches the text.
 * @param {FakeBackground} background
 */
async function click(background, url = URL_A) {
	background.texts.hold(url);
	const popup = await FakePopup.open(background, url);
	const line = watch(background, url);
	await settle();
	return {
		popup,
		line,
		async close() {
			line.stop();
			background.texts.release(url);
			await popup.close();
		},
	};
}

test("the text of a saved page is read and sent once the popup shows the save", async () => {
	const { host, background } = await start();
	background.texts.hold(URL_A);
	await FakePopup.open(background);
	assert.deepEqual(host.methods, ["saveNote"]);
	const line = watch(background);
	await settle();
	assert.deepEqual(host.methods, ["saveNote", "putText"]);
	const [[, { opId, takenAt, ...params }] = ["", {}]] = put(host);
	assert.deepEqual(params, {
		id: 1000,
		text: "Some words that one reads.",
		whole: true,
	});
	assert.match(opId, /^[0-9a-f-]{36}$/);
	assert.ok(Math.abs(Date.parse(takenAt) - Date.now()) < 60_000);
	assert.deepEqual(line.last, { is: "kept", words: 5, whole: true });
});

test("the text is kept also if the popup closes before that, and without a popup", async () => {
	const { host, background } = await start();
	background.texts.hold(URL_A);
	const popup = await FakePopup.open(background);
	background.texts.release(URL_A);
	await popup.close();
	assert.deepEqual(host.methods, ["saveNote", "putText"]);
	const url = "https://example.org/menu";
	background.readable = read("From the menu", url);
	await background.pages.saveWithoutPopup({ url, title: "", tabId: 1 });
	await settle();
	assert.deepEqual([...host.texts.values()].at(-1), "From the menu");
	background.outbox.add(
		"saveNote",
		{ url: "https://example.org/link", title: "" },
		"https://example.org/link",
	);
	await settle();
	assert.equal(put(host).length, 2);
});

test("a popup that closes before it has sent its tab holds nothing up", async () => {
	const { host, background } = await start();
	// It could be a page of the user's own site, which takes a moment to find out.
	const url = "http://localhost:8000/a";
	background.readable = read("Words", url);
	/** @type {() => void} */
	let end = () => {};
	const port = {
		onMessage: { addListener() {} },
		onDisconnect: {
			addListener: (/** @type {() => void} */ listener) => (end = listener),
		},
		postMessage() {},
	};
	servePopup(/** @type {any} */ (port), {
		pages: background.pages,
		dismissedTags: /** @type {any} */ ({}),
		textSaves: background.texts,
		host: /** @type {any} */ (Object.assign(host, { refreshHello() {} })),
		ready: Promise.resolve(),
		tryHost() {},
		activeTab: async () => ({ url, title: "A", tabId: 1 }),
	});
	end();
	await settle();
	assert.deepEqual(host.methods, ["saveNote", "putText"]);
});

test("a page is read only after the host has answered the save", async () => {
	const { host, background } = await start();
	let reads = 0;
	background.readable = () => {
		reads += 1;
		return read("Words");
	};
	/** @type {() => void} */
	let answer = () => {};
	host.interfere = (method) =>
		method === "saveNote"
			? new Promise((resolve) => (answer = () => resolve(null)))
			: null;
	await FakePopup.open(background);
	assert.equal(reads, 0);
	answer();
	await settle();
	assert.equal(reads, 1);
	assert.equal(put(host).length, 1);
});

test("nothing is read or sent for a program that keeps no texts", async () => {
	const { host, background } = await start({ hello: HELLO });
	background.rules.setHostRule("never");
	const { line } = await click(background);
	assert.deepEqual(host.methods, ["saveNote"]);
	assert.deepEqual(line.last, { is: "off" });
});

test("another click sends the page's text again, and an older one that stays can be replaced", async () => {
	const { host, background } = await start();
	background.readable = read("one two three four five six");
	await (await click(background)).close();
	background.readable = read("Please accept");
	const { line } = await click(background);
	assert.deepEqual(line.last, { is: "older" });
	assert.equal(host.texts.get(1000), "one two three four five six");
	await background.texts.act(URL_A, "force");
	assert.equal(host.texts.get(1000), "Please accept");
	assert.deepEqual(line.last, { is: "kept", words: 2, whole: true });
	const ids = put(host).map(([, { opId }]) => opId);
	assert.equal(new Set(ids).size, 3);
});

test("the user removes the text and keeps it again, without another reading", async () => {
	const { host, background } = await start();
	const { line } = await click(background);
	background.readable = read("Other words");
	await background.texts.act(URL_A, "remove");
	assert.deepEqual(line.last, { is: "removed", again: true });
	assert.equal(host.texts.size, 0);
	await background.texts.act(URL_A, "keep");
	assert.equal(line.last.is, "kept");
	assert.equal(host.texts.get(1000), "Some words that one reads.");
});

test("a text that is removed while it is read or sent isn't kept", async () => {
	for (const when of ["read", "sent"]) {
		const { host, background } = await start();
		/** @type {(value: any) => void} */
		let go = () => {};
		const later = new Promise((resolve) => (go = resolve));
		if (when === "read") background.readable = later;
		else host.interfere = (method) => (method === "putText" ? later : null);
		const { line } = await click(background);
		assert.equal(line.last.is, "reading", when);
		const removed = background.texts.act(URL_A, "remove");
		go(when === "read" ? read("Secret") : null);
		await removed;
		await settle();
		assert.equal(line.last.is, "removed", when);
	}
});

test("a text that couldn't be removed is still shown, and says so", async () => {
	const { host, background } = await start();
	const { line } = await click(background);
	host.away();
	await background.texts.act(URL_A, "remove");
	assert.deepEqual(line.last, { is: "unremoved" });
	host.back(KEEPS);
	await background.texts.act(URL_A, "remove");
	assert.equal(line.last.is, "removed");
});

test("no text is kept on a web site where the user chose so, until it is allowed again", async () => {
	const { host, background } = await start();
	const { line } = await click(background);
	await background.texts.act(URL_A, "never");
	assert.deepEqual(line.last, { is: "site" });
	assert.equal(host.texts.size, 0);
	assert.deepEqual(background.rules.sites, ["example.org"]);
	await background.queue.settled();
	const next = await background.restart();
	next.readable = read("Words", "https://www.example.org/b");
	const { line: other } = await click(next, "https://www.example.org/b");
	assert.deepEqual(other.last, { is: "site" });
	assert.equal(host.texts.size, 0);
	await next.texts.act("https://www.example.org/b", "allow");
	assert.deepEqual(next.rules.sites, []);
	assert.equal(other.last.is, "kept");
	assert.equal(host.texts.size, 1);
});

test("the stricter of both settings decides: never reads nothing, ask reads at the user's word", async () => {
	for (const [setting, said] of /** @type {const} */ ([
		["never", "always"],
		["ask", "never"],
		["always", "never"],
	])) {
		const { host, background } = await start();
		background.rules.setting = setting;
		background.rules.setHostRule(said);
		const { line } = await click(background);
		assert.deepEqual(host.methods, ["saveNote"], `${setting} ${said}`);
		assert.deepEqual(line.last, { is: "off" });
	}
	for (const [setting, said] of /** @type {const} */ ([
		["ask", "always"],
		["always", "ask"],
	])) {
		const { host, background } = await start();
		background.rules.setting = setting;
		background.rules.setHostRule(said);
		const { line } = await click(background);
		assert.deepEqual(line.last, { is: "ask" });
		assert.deepEqual(host.methods, ["saveNote"]);
		await background.texts.act(URL_A, "keep");
		assert.equal(line.last.is, "kept");
	}
});

test("why a page has no text is said, and nothing is sent", async () => {
	for (const why of ["password", "empty", "pdf", "reader", "forbidden"]) {
		const { host, background } = await start();
		background.readable = { none: why };
		const { line } = await click(background);
		assert.deepEqual(line.last, { is: "none", why });
		assert.deepEqual(host.methods, ["saveNote"]);
	}
	const { background } = await start();
	background.readable = async () => {
		throw new Error("The tab was closed.");
	};
	const { line } = await click(background);
	assert.deepEqual(line.last, { is: "none", why: "forbidden" });
});

test("the text of another page, which the tab shows by now, isn't kept", async () => {
	const { host, background } = await start();
	background.readable = read("Another page.", "https://example.org/b");
	const { line } = await click(background);
	assert.deepEqual(line.last, { is: "none", why: "left" });
	assert.equal(host.texts.size, 0);
});

test("a page that has another address of the same page by now keeps its text", async () => {
	const { host, background } = await start();
	background.readable = read("The same page.", `${URL_A}?utm_source=x`);
	host.interfere = (method, { url }) => {
		// The program knows which addresses are those of one page.
		const note = host.notes.get(1000);
		if (method === "noteForUrl" && url.includes("utm"))
			host.notes.set(1000, { ...note, url });
	};
	const { line } = await click(background);
	assert.equal(line.last.is, "kept");
});

test("a refused text says why, and the save stays", async () => {
	const { host, background } = await start();
	host.interfere = (method) =>
		method === "putText" ? new HostError("too_large", "The text is too long.") : null;
	const { line, popup } = await click(background);
	assert.deepEqual(line.last, {
		is: "failed",
		message: "The text is too long.",
	});
	assert.equal(popup.view.refusal, null);
	assert.equal(host.notes.size, 1);
});

test("while the program is away, a text waits in storage and is sent after its save, even by another background", async () => {
	const { host, background, storage } = await start();
	host.away();
	const { line, popup } = await click(background);
	assert.equal(popup.state, "queued");
	assert.deepEqual(line.last, { is: "waiting" });
	assert.equal(storage.items[`text:${URL_A}`].text, "Some words that one reads.");
	await popup.close();
	const next = await background.restart();
	host.back(KEEPS);
	await next.outbox.deliver();
	await next.texts.refresh();
	await settle();
	assert.deepEqual(host.methods, ["saveNote", "noteForUrl", "putText"]);
	assert.equal(host.texts.get(1000), "Some words that one reads.");
	assert.deepEqual(
		Object.keys(next.storage.items).filter((key) => key.startsWith("text:")),
		[],
	);
});

test("a text without an answer is sent again with its operation id once the program is back", async () => {
	const { host, background } = await start();
	host.interfere = (method, params) => {
		if (method !== "putText") return null;
		host.do(method, params);
		host.away();
		return new Unreachable("program_ended");
	};
	const { line } = await click(background);
	assert.equal(line.last.is, "waiting");
	host.interfere = null;
	host.back(KEEPS);
	await background.texts.refresh();
	await settle();
	assert.equal(line.last.is, "kept");
	const [first, second] = put(host).map(([, { opId }]) => opId);
	assert.equal(first, second);
});

test("a text whose save was undone meanwhile is dropped", async () => {
	const { host, background, storage } = await start();
	host.away();
	await FakePopup.open(background);
	watch(background);
	background.pages.remove(URL_A, "undone");
	host.back(KEEPS);
	await background.outbox.deliver();
	await background.texts.refresh();
	await settle();
	assert.equal(host.texts.size, 0);
	assert.equal(storage.items[`text:${URL_A}`], undefined);
});

test("a text waits as long as the save of its page may still succeed, and for nothing else", async () => {
	const { host, background, storage } = await start();
	host.away();
	await (await click(background)).close();
	host.back(KEEPS);
	host.interfere = (method) =>
		method === "saveNote" ? new HostError("invalid_params", "No.") : null;
	await background.reach();
	assert.ok(storage.items[`text:${URL_A}`]);
	host.interfere = (method) =>
		method === "updateNote" ? new HostError("invalid_params", "No.") : null;
	background.outbox.add("updateNote", { id: 1000, title: "x" }, URL_A);
	background.outbox.retry();
	await background.reach();
	assert.equal(host.texts.get(1000), "Some words that one reads.");
	assert.equal(background.outbox.entries.length, 1);
});

test("user name and password of an address don't come back with the text", async () => {
	for (const saved of [URL_A, "https://me:secret@example.org/a"]) {
		const { host, background, storage } = await start();
		background.readable = read("Words", "https://me:secret@example.org/a");
		host.away();
		await click(background, saved);
		const { href } = storage.items[`text:${saved}`];
		assert.equal(href, saved);
		background.readable = read("Words", "https://me:secret@example.org/b");
		await click(background, saved);
		assert.equal(storage.items[`text:${saved}`].href, "https://example.org/b");
	}
});

test("a text that the program's configuration forbids by now isn't sent", async () => {
	const { host, background, storage } = await start();
	host.away();
	await FakePopup.open(background);
	host.back({ ...KEEPS, keepText: "never" });
	await background.outbox.deliver();
	await background.texts.refresh();
	await settle();
	assert.deepEqual(host.methods, ["saveNote", "noteForUrl"]);
	assert.equal(storage.items[`text:${URL_A}`], undefined);
});

test("texts that wait have 4 MB in all, and the largest goes first", async () => {
	const { host, background, storage } = await start();
	host.away();
	const megabytes = [1, 1.6, 1, 0.9];
	for (const [index, size] of megabytes.entries()) {
		const url = `https://example.org/${index}`;
		background.readable = read("x".repeat(size * 1024 * 1024), url);
		const popup = await FakePopup.open(background, url);
		await settle();
		await popup.close();
	}
	const left = Object.keys(storage.items).filter((key) => key.startsWith("text:"));
	assert.deepEqual(
		left.sort(),
		[0, 2, 3].map((index) => `text:https://example.org/${index}`),
	);
});

test("texts give way to unsaved changes, which all find room", async () => {
	const storage = new FakeStorage();
	storage.quota = 300_000;
	const { host, background } = await start({ storage });
	host.away();
	for (const [index, size] of [100_000, 150_000].entries()) {
		const url = `https://example.org/${index}`;
		background.readable = read("x".repeat(size), url);
		await (await FakePopup.open(background, url)).close();
	}
	const line = watch(background, "https://example.org/1");
	const popup = await FakePopup.open(background, "https://example.org/typed");
	popup.type({ summary: "y".repeat(120_000) });
	await popup.close();
	await background.queue.settled();
	assert.equal(background.queue.full, false);
	assert.ok(JSON.stringify(storage.items).includes("y".repeat(120_000)));
	assert.ok(storage.items["text:https://example.org/0"]);
	assert.equal(storage.items["text:https://example.org/1"], undefined);
	line.stop();
});

test("with a full storage a text is dropped and the popup says so, and the save is safe", async () => {
	const storage = new FakeStorage();
	const { host, background } = await start({ storage });
	host.away();
	storage.quota = 100;
	const { line, popup } = await click(background);
	assert.deepEqual(line.last, { is: "none", why: "full" });
	assert.equal(popup.view.unkept, true);
	host.back(KEEPS);
	await background.outbox.deliver();
	await settle();
	assert.equal(host.notes.size, 1);
});

test("a popup on a saved page shows the text that the program has, or offers to keep it", async () => {
	const { host, background } = await start();
	background.saves = false;
	host.keep(URL_A);
	const popup = await FakePopup.open(background);
	const line = watch(background);
	background.texts.known(URL_A, 1000, { words: 7, whole: false });
	assert.deepEqual(line.last, { is: "kept", words: 7, whole: false });
	await popup.close();
	line.stop();
	await FakePopup.open(background);
	const other = watch(background);
	background.texts.known(URL_A, 1000, null);
	assert.deepEqual(other.last, { is: "ask" });
	await background.texts.act(URL_A, "keep");
	assert.equal(other.last.is, "kept");
});

test("Save after Undo keeps the text of a note that was gone while it was sent", async () => {
	const { host, background } = await start();
	/** @type {(value: null) => void} */
	let go = () => {};
	host.interfere = (method) =>
		method === "putText" ? new Promise((resolve) => (go = resolve)) : null;
	const { line } = await click(background);
	background.pages.remove(URL_A, "undone");
	await settle();
	host.interfere = null;
	go(null);
	await settle();
	assert.deepEqual(line.last, { is: "off" });
	await background.pages.save(URL_A);
	await settle();
	assert.equal(line.last.is, "kept");
	assert.equal(host.texts.get(1000), "Some words that one reads.");
});

test("a waiting text that a later rule forbids is dropped at once, and not sent", async () => {
	for (const forbid of /** @type {((background: FakeBackground) => void)[]} */ ([
		({ rules }) => {
			rules.setting = "never";
		},
		({ rules }) => {
			rules.setting = "ask";
		},
		({ rules }) => rules.change("example.org", true),
	])) {
		const { host, background, storage } = await start();
		host.away();
		const { close } = await click(background);
		await close();
		const waiting = () =>
			Object.keys(storage.items).filter((key) => key.startsWith("text:"));
		assert.equal(waiting().length, 1);
		forbid(background);
		await background.texts.obeyRules();
		assert.deepEqual(waiting(), []);
		host.back(KEEPS);
		await background.outbox.deliver();
		await settle();
		assert.deepEqual(host.methods, ["saveNote"]);
	}
});

test("a rule that forbids a waiting text holds without being applied first", async () => {
	const { host, background } = await start();
	host.away();
	const { close } = await click(background);
	await close();
	background.rules.setting = "never";
	host.back(KEEPS);
	await background.outbox.deliver();
	await settle();
	assert.equal(put(host).length, 0);
});

test("a waiting text that the user was asked about is sent although the rule is to ask", async () => {
	const { host, background } = await start();
	background.rules.setting = "ask";
	host.away();
	const { close } = await click(background);
	await background.texts.act(URL_A, "keep");
	await close();
	await background.texts.obeyRules();
	host.back(KEEPS);
	await background.outbox.deliver();
	await settle();
	assert.equal(put(host).length, 1);
});

test("a text that is removed while its note is looked up isn't sent", async () => {
	for (const isWaiting of [true, false]) {
		const { host, background } = await start();
		background.readable = read("Some words", `${URL_A}#x`);
		if (isWaiting) host.away();
		/** @type {(() => void)[]} */
		const goOn = [];
		host.interfere = (method) =>
			method === "noteForUrl"
				? new Promise((resolve) => goOn.push(() => resolve(null)))
				: null;
		const { line } = await click(background);
		if (isWaiting) {
			host.back(KEEPS);
			await background.outbox.deliver();
			await settle();
		}
		assert.equal(goOn.length, 1);
		const removal = background.texts.act(URL_A, "remove");
		await settle();
		host.interfere = null;
		for (const go of goOn) go();
		await removal;
		await settle();
		assert.equal(put(host).length, 0);
		assert.equal(line.last.is, "removed");
	}
});

test("the text of a page whose save is taken back before the answer isn't read", async () => {
	const { host, background } = await start();
	/** @type {() => void} */
	let answer = () => {};
	host.interfere = (method) =>
		method === "saveNote"
			? new Promise((resolve) => {
					answer = () => resolve(null);
				})
			: null;
	await click(background);
	background.pages.remove(URL_A, "undone");
	host.interfere = null;
	answer();
	await settle();
	assert.deepEqual(host.methods, ["saveNote", "deleteNote"]);
});

test("a removed text comes back only if this very text is at hand", async () => {
	const { host, background } = await start();
	background.readable = read("404");
	const line = watch(background);
	background.texts.known(URL_A, 1000, { words: 5, whole: true });
	assert.equal(line.last.is, "kept");
	await background.texts.act(URL_A, "remove");
	assert.deepEqual(line.last, { is: "removed", again: false });
	assert.equal(host.methods.at(-1), "removeText");
});
