// What the badge on the button shows, and how rarely it sends a request to the host.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { mock, test } from "node:test";
import { Badge, COLOURS } from "../../extension/background/badge.js";
import { FakeHost, settle } from "./fakes.js";

test.beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
test.afterEach(() => mock.timers.reset());

/** The toolbar button and the tabs of a browser. */
class FakeBrowser {
	/** @type {Map<number | undefined, string | null>} What was set, by tab; undefined: for all. */ texts =
		new Map();
	/** @type {[number | undefined, string | null][]} */ writes = [];
	/** @type {{id: number, url: string, active: boolean}[]} */ all = [];

	action = /** @type {any} */ ({
		setBadgeText: async (/** @type {any} */ { tabId, text }) => {
			this.texts.set(tabId, text);
			this.writes.push([tabId, text]);
		},
		setBadgeBackgroundColor: async () => {},
		setBadgeTextColor: async () => {},
	});
	tabs = /** @type {any} */ ({
		query: async (/** @type {{active?: boolean}} */ { active }) =>
			this.all.filter((tab) => !active || tab.active),
	});

	/** @param {number} id What is seen while that tab is in front. */
	seen(id) {
		return this.texts.get(id) ?? this.texts.get(undefined) ?? "";
	}
}

/** @param {string[]} urls of tabs, the first one in front */
async function start(...urls) {
	const browser = new FakeBrowser();
	browser.all = urls.map((url, id) => ({ id, url, active: id === 0 }));
	const host = new FakeHost();
	const badge = new Badge(browser.action, browser.tabs, host);
	return { browser, host, badge };
}

const PAGE = "https://example.org/a";

test("sends no request unless the user wants saved pages marked", async () => {
	const { host, badge } = await start(PAGE);
	badge.update();
	badge.written("saveNote");
	await settle();
	assert.deepEqual(host.log, []);
});

test("of two hundred tabs, looks up only the active one", async () => {
	const urls = Array.from({ length: 200 }, (_, i) => `https://example.org/${i}`);
	const { browser, host, badge } = await start(...urls);
	host.keep("https://example.org/0");
	await badge.mark(true);
	for (let i = 0; i < 200; i += 1) {
		badge.left(i);
		badge.update();
	}
	await settle();
	assert.deepEqual(
		host.log.map(([, { url }]) => url),
		["https://example.org/0"],
	);
	assert.equal(browser.seen(0), "✓");
	assert.equal(browser.seen(1), "");
});

test("caches a lookup for a minute, or until something is written", async () => {
	const { browser, host, badge } = await start(PAGE);
	await badge.mark(true);
	await settle();
	assert.equal(browser.seen(0), "");
	const { length } = browser.writes;
	for (let i = 0; i < 5; i += 1) {
		badge.update();
		await settle();
	}
	assert.equal(host.log.length, 1);
	assert.equal(browser.writes.length, length, "nothing is written anew");
	host.keep(PAGE);
	badge.written("updateNote");
	await settle();
	assert.equal(host.log.length, 1);
	badge.written("saveNote");
	await settle();
	assert.equal(browser.seen(0), "✓");
	mock.timers.tick(60_000);
	host.notes.clear();
	badge.update();
	await settle();
	assert.equal(browser.seen(0), "");
});

test("shows no mark if the tab changed its page during the lookup", async () => {
	const { browser, host, badge } = await start(PAGE);
	host.keep(PAGE);
	host.interfere = () => {
		host.interfere = null;
		Object.assign(browser.all[0] ?? {}, { url: "https://example.org/other" });
		badge.left(0);
		badge.update();
	};
	await badge.mark(true);
	await settle();
	assert.ok(browser.writes.every(([, text]) => text !== "✓"));
});

test("without a host, shows no mark and sends no request", async () => {
	const { browser, host, badge } = await start(PAGE);
	host.keep(PAGE);
	host.away();
	await badge.mark(true);
	await settle();
	assert.equal(browser.seen(0), "");
	host.back();
	badge.update();
	await settle();
	assert.equal(browser.seen(0), "✓");
});

test("removes all marks when the user turns them off", async () => {
	const { browser, host, badge } = await start(PAGE, "https://example.org/b");
	host.keep(PAGE);
	await badge.mark(true);
	await settle();
	await badge.mark(false);
	assert.equal(browser.seen(0), "");
});

test("undelivered changes take precedence over marks", async () => {
	const { browser, host, badge } = await start(PAGE);
	host.keep(PAGE);
	await badge.mark(true);
	await settle();
	badge.alert({ waiting: 3, mismatch: true });
	await settle();
	assert.equal(browser.seen(0), "3");
	badge.alert({ waiting: 0, mismatch: true });
	await settle();
	assert.equal(browser.seen(0), "!");
	badge.alert({ waiting: 0, mismatch: false });
	await settle();
	assert.equal(browser.seen(0), "✓");
});

test("shows the result of a save for a moment", async () => {
	const { browser, badge } = await start(PAGE);
	badge.flash(0, true);
	assert.equal(browser.seen(0), "✓");
	badge.flash(0, false);
	assert.equal(browser.seen(0), "!");
	mock.timers.tick(2500);
	assert.equal(browser.seen(0), "");
});

test("a closed tab causes no error", async () => {
	const { browser, badge } = await start(PAGE);
	browser.action.setBadgeText = async () => {
		throw new Error("No tab with id: 0.");
	};
	badge.flash(0, true);
	await settle();
	mock.timers.tick(2500);
	await settle();
});

test("the badge has the colours of tokens.css", async () => {
	const css = await readFile(
		new URL("../../extension/styles/tokens.css", import.meta.url),
		"utf8",
	);
	const token = (/** @type {string} */ name) =>
		css.match(new RegExp(`--${name}: (#\\w+);`))?.[1];
	assert.deepEqual(COLOURS, {
		good: token("accent"),
		bad: token("warn"),
		text: token("paper"),
	});
});
