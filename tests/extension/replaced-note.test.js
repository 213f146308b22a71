// A page gets another note: its deleted one with Restore, that of another address with Merge.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { HostError } from "../../extension/background/host.js";
import { FakeBackground, FakeHost, FakePopup, settle } from "./fakes.js";

const PAGE = "https://example.org/a";
const DELETED = "2026-01-01T00:00:00.000Z";

test.before(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.after(() => mock.timers.reset());

async function pause() {
	mock.timers.tick(400);
	await settle();
}

/** A host with a deleted note of the page. */
function hostWithDeleted(fields = {}) {
	const host = new FakeHost();
	const content = { tags: ["old"], summary: "Old text", deletedAt: DELETED };
	host.keep(PAGE, { ...content, ...fields });
	return host;
}

/** @param {FakeBackground} background */
async function restore(background) {
	background.pages.restore(PAGE);
	await settle();
}

test("a deleted note is offered, and restored with what was saved since", async () => {
	const host = hostWithDeleted();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	assert.equal(popup.view.page.created, true);
	assert.equal(popup.view.page.deletedNote?.id, 1000);
	popup.type({ tags: ["new"] });
	await restore(background);
	assert.deepEqual(host.methods, ["saveNote", "updateNote", "restoreNote"]);
	assert.equal(host.log.at(-1)?.[1].mergeWith, 1001);
	assert.deepEqual(host.note.tags, ["old", "new"]);
	const { note, created, deletedNote } = popup.view.page;
	assert.deepEqual([note?.id, created, deletedNote], [1000, false, null]);
	popup.type({ tags: ["old", "new"] });
	assert.equal(popup.state, "saved");
	// Later edits are of the restored note.
	popup.type({ tags: ["old", "new"], summary: "Old text, continued" });
	await pause();
	assert.equal(host.note.summary, "Old text, continued");
	background.pages.remove(PAGE, "deleted");
	await settle();
	assert.equal(host.note.deleted, true);
});

test("what is typed until the note is restored is added to it", async () => {
	const host = hostWithDeleted();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	host.interfere = (method) => {
		if (method === "restoreNote") popup.type({ tags: ["typed"], summary: "Typed" });
		return null;
	};
	await restore(background);
	await popup.close();
	assert.deepEqual(Object.keys(background.storage.items), []);
	assert.deepEqual(host.methods, ["saveNote", "restoreNote", "updateNote"]);
	assert.deepEqual(host.note.tags, ["old", "typed"]);
	assert.equal(host.note.summary, "Old text\n\nTyped");
});

test("without save-on-open the deleted note is restored without a save", async () => {
	const host = hostWithDeleted();
	const background = await FakeBackground.start(host);
	background.saves = false;
	const popup = await FakePopup.open(background);
	assert.equal(popup.state, "unsaved");
	assert.equal(popup.view.page.deletedNote?.id, 1000);
	await restore(background);
	assert.deepEqual(host.methods, ["noteForUrl", "restoreNote"]);
	assert.equal(host.note.deleted, false);
	assert.deepEqual(popup.view.page.note?.tags, ["old"]);
	popup.type({});
	assert.equal(popup.state, "saved");
	popup.type({ tags: ["old", "more"] });
	await pause();
	assert.deepEqual(host.note.tags, ["old", "more"]);
});

test("a note that was saved by mistake isn't offered", async () => {
	const saved = { savedAt: "2025-12-31T23:59:30.000Z", tags: [], summary: "" };
	for (const [fields, offered] of /** @type {const} */ ([
		[saved, false],
		[{ ...saved, tags: ["a"] }, true],
		[{ ...saved, summary: "x" }, true],
		[{ ...saved, savedAt: "2025-12-30T00:00:00.000Z" }, true],
	])) {
		const background = await FakeBackground.start(hostWithDeleted(fields));
		const popup = await FakePopup.open(background);
		assert.equal(popup.view.page.deletedNote !== null, offered, JSON.stringify(fields));
	}
});

test("Restore without a host is done once it is back, even by the next background", async () => {
	const host = hostWithDeleted();
	let background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	host.away();
	await restore(background);
	assert.equal(popup.state, "queued");
	assert.equal(popup.view.page.deletedNote, null);
	background = await background.restart();
	await background.reach();
	assert.deepEqual(host.note.tags, ["old"]);
	assert.equal(host.note.deleted, false);
});

test("if the host refuses, the new note stays", async () => {
	const host = hostWithDeleted();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	host.interfere = (method) =>
		method === "restoreNote" ? new HostError("invalid_tag", "Too many tags.") : null;
	await restore(background);
	assert.equal(popup.state, "error");
	assert.equal(popup.view.refusal?.message, "Too many tags.");
	popup.type({ tags: ["mine"] });
	await pause();
	const [method, { id, tags }] = host.log.at(-1) ?? ["", {}];
	assert.deepEqual([method, id, tags], ["updateNote", 1001, ["mine"]]);
});

test("after Undo nothing is offered, and the deleted note stays in the trash", async () => {
	const host = hostWithDeleted();
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	background.pages.remove(PAGE, "undone");
	await settle();
	assert.equal(popup.view.page.deletedNote, null);
	assert.equal(host.notes.get(1000)?.deletedAt, DELETED);
});

test("the note of a page is merged into that of another address, with what was typed", async () => {
	const host = new FakeHost();
	const other = host.keep("https://example.org/canonical", { tags: ["old"] });
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	popup.type({ tags: ["new"] });
	background.pages.merge(PAGE, other.id);
	await settle();
	assert.deepEqual(host.methods, ["saveNote", "updateNote", "mergeNotes"]);
	assert.deepEqual(host.log.at(-1)?.[1].keep, other.id);
	const { note, created } = popup.view.page;
	assert.deepEqual([note?.id, note?.tags, created], [other.id, ["old", "new"], false]);
	popup.type({ tags: ["old", "new", "later"] });
	await popup.close();
	assert.deepEqual(host.notes.get(other.id)?.tags, ["old", "new", "later"]);
	assert.deepEqual(Object.keys(background.storage.items), []);
});

test("a note isn't merged with itself, nor after Undo", async () => {
	const host = new FakeHost();
	const other = host.keep("https://example.org/canonical");
	const background = await FakeBackground.start(host);
	const popup = await FakePopup.open(background);
	background.pages.merge(PAGE, popup.view.page.note?.id ?? 0);
	background.pages.remove(PAGE, "undone");
	background.pages.merge(PAGE, other.id);
	await settle();
	assert.deepEqual(host.methods, ["saveNote", "deleteNote"]);
});

test("a quote that a slow page captured after Undo is saved with the restored note", async () => {
	const host = hostWithDeleted();
	const background = await FakeBackground.start(host);
	/** @type {(captured: object) => void} */
	let capture = () => {};
	background.captured = {
		late: new Promise((resolve) => {
			capture = resolve;
		}),
	};
	await FakePopup.open(background);
	background.pages.remove(PAGE, "undone");
	capture({ quote: { text: "q" } });
	await settle();
	assert.deepEqual(host.methods, ["saveNote", "deleteNote"]);
	await restore(background);
	assert.match(host.notes.get(1000)?.summary ?? "", /> q/);
});
