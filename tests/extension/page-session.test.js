// From the click until everything is sent: typed text is never lost, and never overwrites text
// that the user hasn't seen.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { HostError, Unreachable } from "../../extension/background/host.js";
import { FakeBackground, FakeHost, FakePopup, settle } from "./fakes.js";

const PAGE = "https://example.org/a";

test.before(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.after(() => mock.timers.reset());

/** The user has stopped typing for a moment. */
async function pause() {
	mock.timers.tick(400);
	await settle();
}

/** @param {FakeBackground} background */
const leftovers = (background) => Object.keys(background.storage.items);

/** A host that has the page, saved earlier with these fields. */
function hostWith(fields = {}) {
	const host = new FakeHost();
	host.keep(PAGE, { tags: ["old"], summary: "Old text", ...fields });
	return host;
}

/**
 * A popup whose save is under way and not yet answered.
 * @param {FakeHost} host
 */
async function openUnanswered(host) {
	/** @type {() => void} */
	let answer = () => {};
	host.interfere = (method) => {
		if (method !== "saveNote") return null;
		host.interfere = null;
		return new Promise((resolve) => {
			answer = () => resolve(null);
		});
	};
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	return {
		background,
		popup,
		answer: async () => {
			answer();
			await settle();
		},
	};
}

test("opening the popup saves the page with its metadata", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	background.captured = { excerpt: "About it", quote: { text: "q" } };
	const popup = await FakePopup.open(background);
	const [method, params] = host.log[0] ?? [];
	assert.equal(method, "saveNote");
	assert.equal(params.url, PAGE);
	assert.equal(params.title, "A title");
	assert.equal(params.excerpt, "About it");
	assert.deepEqual(popup.view.page.note?.title, "A title");
	popup.type({});
	assert.equal(popup.state, "saved");
});

test("metadata and quote of a slow page follow after the save", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	/** @type {(captured: object) => void} */
	let say = () => {};
	const late = new Promise((resolve) => {
		say = resolve;
	});
	background.captured = { late };
	const popup = await FakePopup.open(background);
	assert.deepEqual(host.methods, ["saveNote"]);
	popup.type({ summary: "Mine" });
	await popup.close();
	say({ quote: { text: "q" }, excerpt: "About it", keywords: ["k"], canonical: PAGE });
	await settle();
	const [method, params] = host.log.at(-1) ?? [];
	assert.equal(method, "saveNote");
	const { opId: _, ...sent } = params;
	assert.deepEqual(sent, {
		url: PAGE,
		title: "A title",
		quote: { text: "q" },
		excerpt: "About it",
	});
	assert.equal(host.note.summary, "Mine\n\n> q");
	assert.deepEqual(leftovers(background), []);
});

test("metadata of a slow page isn't saved after Undo", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	/** @type {(captured: object) => void} */
	let say = () => {};
	background.captured = {
		late: new Promise((resolve) => {
			say = resolve;
		}),
	};
	await FakePopup.open(background);
	background.pages.remove(PAGE, "undone");
	say({ quote: { text: "q" } });
	await settle();
	assert.deepEqual(host.methods, ["saveNote", "deleteNote"]);
	assert.equal(host.note.deleted, true);
});

test("the state is “saving” until the answer, then “saved” once the popup has merged the note", async () => {
	const { popup, answer } = await openUnanswered(new FakeHost());
	assert.equal(popup.state, "saving");
	await answer();
	assert.equal(popup.view.revision, 1);
	popup.type({});
	assert.equal(popup.state, "saved");
});

test("edits after the answer are one update after a pause", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({ tags: ["a"] });
	assert.equal(popup.state, "saving");
	popup.type({ tags: ["a"], summary: "T" });
	popup.type({ tags: ["a"], summary: "Text" });
	await settle();
	assert.deepEqual(host.methods, ["saveNote"]);
	await pause();
	assert.deepEqual(host.methods, ["saveNote", "updateNote"]);
	assert.equal(popup.state, "saved");
	assert.deepEqual(host.note, {
		title: "A title",
		tags: ["a"],
		summary: "Text",
		deleted: false,
	});
});

test("edits made before the answer become one update of a new note", async () => {
	const host = new FakeHost();
	const { popup, answer, background } = await openUnanswered(host);
	popup.type({ tags: ["a"], summary: "Text", title: "Mine" }, { blind: true });
	await popup.close();
	await answer();
	assert.deepEqual(host.methods, ["saveNote", "updateNote"]);
	assert.deepEqual(host.note, {
		title: "Mine",
		tags: ["a"],
		summary: "Text",
		deleted: false,
	});
	assert.deepEqual(leftovers(background), []);
});

test("text typed before the answer is merged with an existing note", async () => {
	const host = hostWith();
	const { popup, answer } = await openUnanswered(host);
	popup.type({ tags: ["new", "old"], summary: "New text" }, { blind: true });
	await popup.close();
	await answer();
	assert.deepEqual(host.note, {
		title: "Old title",
		tags: ["old", "new"],
		summary: "Old text\n\nNew text",
		deleted: false,
	});
});

test("text typed in sight of the note replaces it", async () => {
	const host = hostWith();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({ tags: ["new"], summary: "New text", title: "New title" });
	await popup.close();
	assert.deepEqual(host.note, {
		title: "New title",
		tags: ["new"],
		summary: "New text",
		deleted: false,
	});
});

test("an edit that crosses the answer is merged, not replaced", async () => {
	const host = hostWith();
	const { popup, answer } = await openUnanswered(host);
	popup.type({ summary: "N" }, { blind: true });
	await answer();
	// The view with the note is on its way; the popup has typed on meanwhile.
	popup.type({ summary: "New" }, { blind: true });
	await pause();
	assert.deepEqual(host.methods, ["saveNote"]);
	await popup.close();
	assert.equal(host.note.summary, "Old text\n\nNew");
});

test("a quote in a new note is kept beside text typed before the answer", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	background.captured = { quote: { text: "quoted" } };
	host.away();
	const popup = await FakePopup.open(background);
	popup.type({ summary: "Mine" }, { blind: true });
	await popup.close();
	await background.reach();
	assert.equal(host.note.summary, "> quoted\n\nMine");
});

test("a tag that is still being typed counts when the popup closes", async () => {
	const host = hostWith();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({ pending: "  Half Typed, two " });
	await pause();
	assert.deepEqual(host.note.tags, ["old"]);
	await popup.close();
	assert.deepEqual(host.note.tags, ["old", "half typed", "two"]);
});

test("a popup that is closed during the capture loses nothing", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	const popup = new FakePopup(background, PAGE);
	void background.pages.open({ url: PAGE, title: "A title", tabId: 1 }, popup);
	background.pages.edit(PAGE, { pending: "quick" }, 0);
	background.pages.close(PAGE, popup);
	await settle();
	assert.deepEqual(host.note.tags, ["quick"]);
	assert.deepEqual(leftovers(background), []);
});

test("without a host the save waits, and the popup shows the cause", async () => {
	const host = new FakeHost();
	host.away("not_allowed");
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	assert.equal(popup.state, "queued");
	assert.equal(popup.view.trouble, "not_allowed");
	assert.equal(popup.view.cure, "./install.sh");
	popup.type({ tags: ["a"] }, { blind: true });
	await popup.close();
	await background.reach();
	assert.deepEqual(host.note.tags, ["a"]);
	assert.deepEqual(leftovers(background), []);
});

test("a save and its edits survive a restart of the browser", async () => {
	const host = new FakeHost();
	host.away();
	let background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({ tags: ["a"], summary: "Text", pending: "b" }, { blind: true });
	await settle(); // Not even closed.
	background = await background.restart();
	background = await background.restart();
	await background.reach();
	assert.deepEqual(host.note.tags, ["a", "b"]);
	assert.equal(host.note.summary, "Text");
	assert.deepEqual(leftovers(background), []);
});

test("edits survive the background's end before the pause was over", async () => {
	const host = hostWith();
	let background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({ tags: ["old", "x"] });
	await settle();
	background = await background.restart();
	assert.deepEqual(host.note.tags, ["old", "x"]);
	assert.deepEqual(leftovers(background), []);
});

test("a click is saved even if the background ends during the capture", async () => {
	const host = new FakeHost();
	let background = await FakeBackground.start(host);
	const popup = new FakePopup(background, PAGE);
	background.captured = new Promise(() => {});
	void background.pages.open({ url: PAGE, title: "A title", tabId: 1 }, popup);
	await settle();
	assert.deepEqual(host.methods, []);
	background = await background.restart();
	assert.equal(host.note.title, "A title");
});

test("nothing is done twice if the background ends between an answer and the removal of its entry", async () => {
	const host = new FakeHost();
	let background = await FakeBackground.start(host);
	host.away();
	const popup = await FakePopup.open(background);
	popup.type({ tags: ["a"], summary: "Text" }, { blind: true });
	await popup.close();
	// Everything written from the answer on is lost.
	const before = structuredClone(background.storage.items);
	await background.reach();
	background.storage.items = before;
	background = await background.restart();
	assert.deepEqual(host.note, {
		title: "A title",
		tags: ["a"],
		summary: "Text",
		deleted: false,
	});
	assert.deepEqual(leftovers(background), []);
});

test("a popup on a page with a waiting save shows the earlier text and saves once", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	const first = await FakePopup.open(background);
	first.type({ tags: ["a"], summary: "One" }, { blind: true });
	await first.close();
	const second = await FakePopup.open(background);
	assert.deepEqual(second.view.leftover, { tags: ["a"], summary: "One" });
	assert.equal(second.state, "queued");
	// Typed before the leftovers were taken in.
	second.type({ tags: ["b"] }, { blind: true });
	await second.close();
	await background.reach();
	assert.deepEqual(host.methods, ["saveNote", "updateNote"]);
	assert.deepEqual(host.note.tags, ["a", "b"]);
	assert.equal(host.note.summary, "One");
});

test("text that the user removes in the next popup stays removed", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	const first = await FakePopup.open(background);
	first.type({ tags: ["a"] }, { blind: true });
	await first.close();
	const second = await FakePopup.open(background);
	second.type({ tags: [] });
	assert.equal(second.view.leftover, null);
	await second.close();
	await background.reach();
	assert.deepEqual(host.note.tags, []);
});

test("a new selection on a page with a waiting save is saved too", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	await (await FakePopup.open(background)).close();
	background.captured = { quote: { text: "later" } };
	await (await FakePopup.open(background)).close();
	await background.reach();
	assert.deepEqual(host.methods, ["saveNote", "saveNote"]);
	assert.equal(host.note.summary, "> later");
});

test("Undo of a new note deletes it, and Save restores it with the typed text", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({ tags: ["a"] });
	background.pages.remove(PAGE, "undone");
	await settle();
	assert.equal(popup.state, "unsaved");
	assert.deepEqual(host.note, {
		title: "A title",
		tags: ["a"],
		summary: "",
		deleted: true,
	});
	popup.type({ tags: ["a", "b"] });
	await pause();
	assert.equal(popup.state, "unsaved");
	await background.pages.save(PAGE);
	await settle();
	assert.equal(popup.state, "saved");
	assert.deepEqual(host.note, {
		title: "A title",
		tags: ["a", "b"],
		summary: "",
		deleted: false,
	});
});

test("Undo of a save that was never sent leaves nothing", async () => {
	const host = new FakeHost();
	host.away();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	background.pages.remove(PAGE, "undone");
	assert.equal(popup.state, "unsaved");
	await popup.close();
	await background.reach();
	assert.deepEqual(host.methods, []);
	assert.deepEqual(leftovers(background), []);
});

test("Undo during the capture sends nothing", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	/** @type {(captured: object) => void} */
	let read = () => {};
	background.captured = new Promise((resolve) => {
		read = resolve;
	});
	const popup = await FakePopup.open(background);
	assert.equal(popup.state, "saving");
	background.pages.remove(PAGE, "undone");
	assert.equal(popup.state, "unsaved");
	read({});
	await settle();
	assert.deepEqual(host.methods, []);
	assert.deepEqual(leftovers(background), []);
});

test("Undo before the setting is known prevents the save", async () => {
	for (const before of [false, true]) {
		const host = before ? hostWith() : new FakeHost();
		const background = await FakeBackground.start(host);
		const popup = new FakePopup(background, PAGE);
		const { pages } = background;
		const opened = pages.open({ url: PAGE, title: "A title", tabId: 1 }, popup);
		pages.remove(PAGE, "undone");
		await opened;
		await settle();
		assert.deepEqual(host.methods, ["noteForUrl"]);
		assert.equal(popup.view.page.note !== null, before);
		assert.equal(popup.view.page.removed, before ? null : "undone");
		// And Save saves it after all.
		if (!before) {
			await pages.save(PAGE);
			await settle();
			assert.deepEqual(host.methods, ["noteForUrl", "saveNote"]);
		}
	}
});

test("Undo before the answer deletes the note after the answer", async () => {
	const host = new FakeHost();
	const { background, popup, answer } = await openUnanswered(host);
	background.pages.remove(PAGE, "undone");
	await popup.close();
	await answer();
	assert.deepEqual(host.methods, ["saveNote", "deleteNote"]);
	assert.equal(host.note.deleted, true);
	assert.deepEqual(leftovers(background), []);
});

test("Undo before the answer keeps a note that existed before", async () => {
	const host = hostWith();
	const { background, popup, answer } = await openUnanswered(host);
	background.pages.remove(PAGE, "undone");
	await answer();
	popup.type({});
	assert.deepEqual(host.methods, ["saveNote"]);
	assert.equal(popup.state, "saved");
});

test("Undo before the answer survives a restart", async () => {
	const host = new FakeHost();
	const { background, popup } = await openUnanswered(host);
	background.pages.remove(PAGE, "undone");
	await popup.close();
	await background.restart();
	assert.equal(host.note.deleted, true);
});

test("Delete of an existing note, and Undo", async () => {
	const host = hostWith();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({});
	background.pages.remove(PAGE, "deleted");
	await settle();
	assert.equal(popup.state, "unsaved");
	assert.equal(popup.view.page.removed, "deleted");
	assert.equal(host.note.deleted, true);
	await background.pages.save(PAGE);
	await settle();
	assert.equal(popup.state, "saved");
	assert.deepEqual(host.note, {
		title: "Old title",
		tags: ["old"],
		summary: "Old text",
		deleted: false,
	});
});

test("without save-on-open an existing note is shown, and a new page waits for Save", async () => {
	const host = hostWith();
	const background = await FakeBackground.start(host);
	background.saves = false;
	const known = await FakePopup.open(background);
	assert.deepEqual(known.view.page.note?.tags, ["old"]);
	known.type({});
	assert.equal(known.state, "saved");
	await known.close();

	const other = "https://example.org/new";
	const fresh = await FakePopup.open(background, other);
	assert.equal(fresh.state, "unsaved");
	fresh.type({ tags: ["a"] }, { blind: true });
	await pause();
	assert.deepEqual(host.methods, ["noteForUrl", "noteForUrl"]);
	await background.pages.save(other);
	await settle();
	fresh.type({ tags: ["a"] });
	await pause();
	assert.equal(fresh.state, "saved");
	assert.deepEqual([...host.notes.values()].at(-1)?.tags, ["a"]);
});

test("without save-on-open unsaved text reappears at the next click", async () => {
	const host = new FakeHost();
	let background = await FakeBackground.start(host);
	background.saves = false;
	const first = await FakePopup.open(background);
	first.type({ summary: "Half a thought" }, { blind: true });
	await first.close();
	background = await background.restart();
	background.saves = false;
	assert.equal(background.pages.drafts().length, 1);
	const second = await FakePopup.open(background);
	assert.equal(second.state, "unsaved");
	assert.equal(second.view.leftover?.summary, "Half a thought");
	assert.equal(host.notes.size, 0);
	background.pages.discardDraft(PAGE);
	await second.close();
	assert.deepEqual(leftovers(background), []);
});

test("without save-on-open an existing note is shown with the updates in the outbox", async () => {
	const host = hostWith();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({ tags: ["old", "x"] });
	host.interfere = (method) =>
		method === "updateNote" ? new Unreachable("program_ended") : null;
	await popup.close();
	const next = await background.restart();
	next.saves = false;
	const again = await FakePopup.open(next);
	assert.deepEqual(again.view.page.note?.tags, ["old", "x"]);
});

test("the popup says that the host refuses a page, and nothing is left behind", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	host.interfere = () => new HostError("invalid_url", "Files are not saved here.");
	const popup = await FakePopup.open(background, "file:///etc/passwd");
	assert.equal(popup.state, "error");
	assert.equal(popup.view.refusal?.kind, "invalid_url");
	await popup.close();
	assert.deepEqual(leftovers(background), []);
});

test("a refused update is shown, and its fields go with the next update", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	host.interfere = (_method, params) =>
		params.summary?.length > 10
			? new HostError("too_large", "The note is too long.")
			: null;
	popup.type({ title: "Mine", summary: "much too long" });
	await pause();
	assert.equal(popup.state, "error");
	assert.equal(popup.view.refusal?.message, "The note is too long.");
	popup.type({ title: "Mine", summary: "short" });
	await pause();
	assert.equal(popup.state, "saved");
	assert.equal(host.note.title, "Mine");
	assert.equal(host.note.summary, "short");
	assert.deepEqual(background.outbox.entries, []);
	popup.type({ title: "Mine", summary: "shorter" });
	await pause();
	const { opId: _opId, id: _id, ...fields } = host.log.at(-1)?.[1] ?? {};
	assert.deepEqual(fields, { summary: "shorter", seen: { summary: "short" } });
});

test("Delete hides an old refusal, but not its own", async () => {
	const host = new FakeHost();
	host.keep("https://example.org/a", {});
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	host.interfere = (method) =>
		method === "updateNote" ? new HostError("too_large", "Too long.") : null;
	popup.type({ summary: "much too long" });
	await pause();
	assert.equal(popup.state, "error");
	background.pages.remove("https://example.org/a", "deleted");
	await settle();
	const told = () => popup.view.refusal?.message;
	assert.equal(popup.state, "unsaved");
	assert.equal(told(), undefined);
	await background.pages.save("https://example.org/a");
	await settle();
	assert.equal(popup.state, "error", "it still isn't what was typed");
	host.interfere = (method) =>
		method === "deleteNote" ? new HostError("not_found", "No such note.") : null;
	background.pages.remove("https://example.org/a", "deleted");
	await settle();
	assert.equal(told(), "No such note.");
});

test("an update names the version it replaces, even after a refusal or a pause in delivery", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({ tags: ["a"], summary: "first" });
	await pause();
	assert.deepEqual(host.log.at(-1)?.[1]?.seen, { tags: [], summary: "" });
	host.interfere = (_method, params) =>
		params.summary?.length > 10 ? new HostError("too_large", "Too long.") : null;
	popup.type({ tags: ["a", "b"], summary: "much too long" });
	await pause();
	popup.type({ tags: ["a", "b", "c"], summary: "second" });
	await pause();
	const { tags, summary, seen } = host.log.at(-1)?.[1] ?? {};
	assert.deepEqual([tags, summary], [["a", "b", "c"], "second"]);
	assert.deepEqual(seen, { tags: ["a"], summary: "first" });
});

test("an alias that is typed becomes its tag, and nothing more is sent", async () => {
	const host = hostWith();
	host.aliases.set("ml", "machine learning");
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({ tags: ["old", "ml"] });
	await pause();
	assert.deepEqual(popup.view.page.note?.tags, ["old", "machine learning"]);
	assert.equal(popup.state, "saved");
	await pause();
	assert.deepEqual(host.methods, ["saveNote", "updateNote"]);
	// The popup has taken it in.
	popup.type({ tags: ["old", "machine learning", "x"] });
	await popup.close();
	const { tags, seen } = host.log.at(-1)?.[1] ?? {};
	assert.deepEqual(tags, ["old", "machine learning", "x"]);
	assert.deepEqual(seen.tags, ["old", "machine learning"]);
	assert.deepEqual(leftovers(background), []);
});

test("tags typed while an update is answered stay as they were typed", async () => {
	const host = hostWith();
	host.aliases.set("ml", "machine learning");
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	/** @type {() => void} */
	let answer = () => {};
	host.interfere = (method) => {
		if (method !== "updateNote") return null;
		host.interfere = null;
		return new Promise((resolve) => {
			answer = () => resolve(null);
		});
	};
	popup.type({ tags: ["old", "ml"] });
	await pause();
	popup.type({ tags: ["old", "ml", "x"] });
	answer();
	await settle();
	assert.equal(popup.state, "saving");
	await pause();
	assert.equal(popup.state, "saved");
	assert.deepEqual(host.note.tags, ["old", "machine learning", "x"]);
	assert.deepEqual(popup.view.page.note?.tags, ["old", "machine learning", "x"]);
	assert.deepEqual(host.methods, ["saveNote", "updateNote", "updateNote"]);
});

test("refused tags aren't replaced by the stored ones", async () => {
	const host = hostWith();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	host.interfere = (_method, params) =>
		params.tags?.length > 2 ? new HostError("invalid_tag", "Too many.") : null;
	popup.type({ tags: ["old", "a", "b"] });
	await pause();
	background.pages.remove(PAGE, "deleted");
	await settle();
	assert.equal(host.note.deleted, true);
	assert.deepEqual(popup.view.page.note?.tags, ["old", "a", "b"]);
});

test("if the store refuses writes, the popup shows the host's sentence", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	host.interfere = () => new HostError("store_full", "The disk is full.");
	const popup = await FakePopup.open(background);
	assert.equal(popup.state, "queued");
	assert.equal(popup.view.hindrance, "The disk is full.");
});

test("a popup that outlives the background continues with the same state", async () => {
	const host = hostWith();
	let background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({});
	background = await background.restart();
	popup.background = background;
	const { page, revision } = popup.view;
	background.pages.reopen(
		{ url: PAGE, title: "A title", tabId: 1 },
		popup,
		page,
		revision,
	);
	popup.type({ tags: ["old", "more"] });
	await pause();
	assert.deepEqual(host.note.tags, ["old", "more"]);
	assert.deepEqual(host.methods, ["saveNote", "updateNote"]);
	assert.equal(popup.state, "saved");
});

test("another click on the same page starts again", async () => {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	const first = await FakePopup.open(background);
	first.type({ tags: ["a"] });
	await first.close();
	const second = await FakePopup.open(background);
	assert.equal(second.view.page.created, false);
	assert.deepEqual(second.view.page.note?.tags, ["a"]);
	assert.equal(second.view.leftover, null);
});

test("a page's changed title is shown until the next click, unless the page has its old one again", async () => {
	const host = hostWith();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	const answer = (/** @type {object | undefined} */ newTitle) => {
		const { note } = popup.view.page;
		const entry = /** @type {any} */ ({ method: "saveNote", page: PAGE, params: {} });
		background.pages.answered(entry, { note, created: false, newTitle });
		background.pages.showAll();
		return popup.view.page.newTitle;
	};
	assert.equal(answer(undefined), null);
	assert.equal(answer({ title: "Loading", before: "Tea" }), "Loading");
	assert.equal(answer(undefined), "Loading");
	assert.equal(answer({ title: "Tea", before: "Loading" }), null);
	assert.equal(answer({ title: "Green tea", before: "Tea" }), "Green tea");
	await popup.close();
	const next = await FakePopup.open(background);
	assert.equal(next.view.page.newTitle, null);
});
