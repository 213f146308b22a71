// A page that loads slowly is saved at once, and its metadata follows. That creates no
// duplicates, restores nothing that was removed, and loses no quote.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { HostError } from "../../extension/background/host.js";
import { servePopup } from "../../extension/background/popup-port.js";
import * as typed from "../../extension/shared/merge.js";
import { FakeBackground, FakeHost, FakePopup, NO_TEXTS, settle } from "./fakes.js";

const PAGE = "https://example.org/a";

test.before(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.after(() => mock.timers.reset());

async function pause() {
	mock.timers.tick(400);
	await settle();
}

/** A page that is read only when the test says so. */
function slowPage() {
	/** @type {(says: object) => void} */
	let tell = () => {};
	const late = new Promise((resolve) => {
		tell = resolve;
	});
	const say = async (/** @type {object} */ says) => {
		tell(says);
		await settle();
	};
	return { captured: { late }, say };
}

/** @param {{there?: object, away?: boolean, selection?: string}} [how] */
async function openSlow({ there, away = false, selection } = {}) {
	const host = new FakeHost();
	if (there) host.keep(PAGE, there);
	if (away) host.away();
	const background = await FakeBackground.start(host);
	const { captured, say } = slowPage();
	background.captured = captured;
	if (selection) background.pages.requestSave(1, selection);
	const popup = await FakePopup.open(background);
	popup.type({});
	return { host, background, popup, say };
}

/** What the popup makes of what it is shown, as `popup.js` does. */
const shown = (
	/** @type {FakePopup} */ popup,
	/** @type {any} */ before,
	/** @type {typed.Edits} */ mine,
) => {
	const { page, leftover, leftoverSeen } = popup.view;
	const { note } = page;
	const changes = before && note && [{ before, now: note }];
	return typed.takenIn({ note, changes, leftover, leftoverSeen, title: "" }, mine);
};

test("text typed while a slow page is captured isn't duplicated", async () => {
	const { host, popup, say } = await openSlow();
	popup.type({ summary: "Great" });
	await pause();
	const mine = { summary: "Great article" };
	popup.type(mine);
	const before = popup.view.page.note;
	await say({ excerpt: "About it" });
	assert.equal(shown(popup, before, mine).summary, "Great article");
	await popup.close();
	assert.equal(host.note.summary, "Great article");
});

test("the quote of a slow page follows the typed text, even if both cross", async () => {
	for (const crosses of [false, true]) {
		const { host, popup, say } = await openSlow();
		popup.type({ summary: "Great" });
		await pause();
		const mine = { summary: "Great article" };
		popup.type(mine);
		const before = popup.view;
		await say({ quote: { text: "q" } });
		if (crosses) popup.background.pages.edit(PAGE, mine, before.revision);
		const fields = shown(popup, before.page.note, mine);
		assert.equal(fields.summary, "Great article\n\n> q");
		await popup.close();
		assert.equal(host.note.summary, "Great article\n\n> q");
	}
});

test("text typed before the quotes of two slow clicks arrive isn't duplicated", async () => {
	const { host, background, popup, say } = await openSlow();
	await popup.close();
	const again = slowPage();
	background.captured = again.captured;
	const next = await FakePopup.open(background);
	next.type({ summary: "Great" });
	await pause();
	const { revision } = next.view;
	await say({ quote: { text: "one" } });
	background.pages.edit(PAGE, { summary: "Great article" }, revision);
	await pause();
	await again.say({ quote: { text: "two" } });
	background.pages.edit(PAGE, { summary: "Great article, really" }, revision);
	await next.close();
	assert.equal(host.note.summary, "Great article, really\n\n> one\n\n> two");
});

test("a removed tag stays removed when the capture of a slow page arrives", async () => {
	const { host, popup, say } = await openSlow({ there: { tags: ["old", "gone"] } });
	popup.type({ tags: ["old"] });
	const before = popup.view.page.note;
	await say({ excerpt: "About it" });
	assert.deepEqual(shown(popup, before, { tags: ["old"] }).tags, ["old"]);
	await popup.close();
	assert.deepEqual(host.note.tags, ["old"]);
});

test("edits of an earlier popup, made in sight of the note, aren't merged with it again", async () => {
	const { host, background, popup, say } = await openSlow();
	popup.type({ summary: "Great" });
	await pause();
	host.interfere = () => {
		host.away();
		host.interfere = null;
		return new Promise(() => {});
	};
	await say({ excerpt: "About it" });
	popup.type({ summary: "Great article" });
	await popup.close();
	const next = await FakePopup.open(background);
	assert.equal(shown(next, null, {}).summary, "Great article");
	const blind = shown(next, null, { summary: "More" });
	assert.equal(blind.summary, "Great article\n\nMore");
});

test("a note that is known when the popup opens is merged before typed text replaces it", async () => {
	const { host, background, popup, say } = await openSlow({ there: { summary: "Old" } });
	host.interfere = () => new Promise(() => {});
	await say({ excerpt: "About it" });
	background.pages.remove(PAGE, "undone");
	await popup.close();
	const next = await FakePopup.open(background);
	next.type({ summary: "Mine" }, { blind: true });
	assert.equal(shown(next, null, { summary: "Mine" }).summary, "Old\n\nMine");
});

for (const open of [true, false]) {
	test(`what a slow page says of a click before brings no deleted note back, popup ${open ? "open" : "closed"}`, async () => {
		const { host, background, popup, say } = await openSlow();
		await popup.close();
		background.captured = {};
		const next = await FakePopup.open(background);
		next.type({});
		background.pages.remove(PAGE, "deleted");
		await settle();
		if (!open) await next.close();
		await say({ excerpt: "About it" });
		assert.deepEqual(host.methods, ["saveNote", "saveNote", "deleteNote"]);
		assert.equal(host.note.deleted, true);
		if (open) assert.equal(next.view.page.removed, "deleted");
	});
}

test("Delete works while the save of late metadata isn't answered", async () => {
	const { host, background, popup, say } = await openSlow({ there: { summary: "x" } });
	/** @type {() => void} */
	let answer = () => {};
	host.interfere = () => {
		host.interfere = null;
		return new Promise((resolve) => {
			answer = () => resolve(null);
		});
	};
	await say({ quote: { text: "q" } });
	background.pages.remove(PAGE, "deleted");
	await settle();
	answer();
	await settle();
	assert.equal(host.note.deleted, true);
	assert.equal(popup.view.page.removed, "deleted");
});

test("Delete works while a refused save is in the outbox", async () => {
	const host = new FakeHost();
	host.keep(PAGE);
	const background = await FakeBackground.start(host);
	host.interfere = () => {
		host.interfere = null;
		return new HostError("invalid_params", "No.");
	};
	const first = await FakePopup.open(background);
	await first.close();
	const popup = await FakePopup.open(background);
	popup.type({});
	background.pages.remove(PAGE, "deleted");
	await settle();
	assert.equal(host.note.deleted, true);
});

test("Undo before the setting is known prevents the save, on a slow page too", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	const popup = new FakePopup(background, PAGE);
	void background.pages.open({ url: PAGE, title: "t", tabId: 1 }, popup);
	background.pages.remove(PAGE, "undone");
	await settle();
	assert.deepEqual(host.methods, ["noteForUrl"]);
	assert.equal(popup.state, "unsaved");
	await background.pages.save(PAGE);
	await settle();
	assert.equal(host.note.deleted, false);
});

test("a quote that arrives after Undo is saved by Save, once", async () => {
	const { host, background, say } = await openSlow();
	background.pages.remove(PAGE, "undone");
	await settle();
	await say({ quote: { text: "q" } });
	await background.pages.save(PAGE);
	await settle();
	assert.equal(host.note.summary, "> q");
	assert.equal(host.note.deleted, false);
	background.pages.remove(PAGE, "undone");
	await background.pages.save(PAGE);
	await settle();
	assert.equal(host.note.summary, "> q");
});

test("an unsent quote is withdrawn by Undo and saved by Save, once", async () => {
	const { host, background, say } = await openSlow();
	host.away();
	await say({ quote: { text: "q" } });
	background.pages.remove(PAGE, "undone");
	await settle();
	await background.pages.save(PAGE);
	await background.reach();
	assert.equal(host.note.summary, "> q");
});

test("a page that was never sent is saved with its quote after Undo and Save, once", async () => {
	const { host, background, say } = await openSlow({ away: true });
	background.pages.remove(PAGE, "undone");
	background.captured = { quote: { text: "a  q", prefix: "p" } };
	await background.pages.save(PAGE);
	await say({ quote: { text: "a q" }, excerpt: "About it" });
	await background.reach();
	assert.equal(host.note.summary, "> a  q");
});

test("a selection from the menu is saved once, before a slow page responds", async () => {
	const { host, background, popup, say } = await openSlow({ selection: "chosen" });
	assert.deepEqual(host.log[0]?.[1].quote, { text: "chosen" });
	await popup.close();
	await say({ quote: { text: "chosen", prefix: "was" }, excerpt: "About it" });
	assert.equal(host.note.summary, "> chosen");
	assert.deepEqual(background.storage.items, {});
});

test("a selection from the menu survives the end of the background during the capture", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	background.captured = new Promise(() => {});
	background.pages.requestSave(1, "chosen");
	await FakePopup.open(background);
	await background.restart();
	assert.equal(host.note.summary, "> chosen");
});

test("a selection from the menu of a page that can't be saved doesn't reach another page", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	background.saves = false;
	/** @type {(message: object) => void} */
	let tell = () => {};
	const port = /** @type {any} */ ({
		postMessage() {},
		onMessage: {
			addListener: (/** @type {typeof tell} */ listener) => {
				tell = listener;
			},
		},
		onDisconnect: { addListener() {} },
	});
	const parts = /** @type {any} */ ({
		pages: background.pages,
		textSaves: NO_TEXTS,
		ready: Promise.resolve(),
	});
	servePopup(port, parts);
	background.pages.requestSave(1, "stale");
	tell({ do: "open", tab: { url: "about:x", title: "", tabId: 1 } });
	await settle();
	await FakePopup.open(background, "https://other.example/");
	assert.deepEqual(host.methods, ["noteForUrl"]);
});

test("the canonical URL of a slow page reaches the popup when it arrives", async () => {
	const { popup, say } = await openSlow();
	assert.equal(popup.view.canonical, null);
	await say({ canonical: "https://example.org/b" });
	assert.equal(popup.view.canonical, "https://example.org/b");
});
