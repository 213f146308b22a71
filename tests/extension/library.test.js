// The pure parts of the library page: which rows are visible, the selection, the keys, the list as
// far as it is loaded, and the sentences about changes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { exportFile, wholeNotes } from "../../extension/library/export-notes.js";
import { fittingTags, suggestFor } from "../../extension/library/fitting-tags.js";
import { inboxAction, listAction, triageAction } from "../../extension/library/keys.js";
import { NoteList } from "../../extension/library/note-list.js";
import { NoteQueue } from "../../extension/library/note-queue.js";
import { Selection } from "../../extension/library/selection.js";
import {
	MAX_HEIGHT,
	ROW,
	scrolledTo,
	scrollHeight,
	visibleRows,
} from "../../extension/library/visible.js";

/**
 * @param {number} id
 * @param {object} [fields]
 * @returns {any}
 */
const row = (id, fields = {}) => ({ id, url: `https://example.org/${id}`, ...fields });

test("only the visible rows and some spare ones are drawn", () => {
	assert.deepEqual(visibleRows(100_000, 0, 560), { first: 0, end: 18, offset: 0 });
	assert.deepEqual(visibleRows(100_000, 56_000, 560), {
		first: 992,
		end: 1018,
		offset: 0,
	});
	assert.deepEqual(visibleRows(3, 0, 560), { first: 0, end: 3, offset: 0 });
	assert.deepEqual(visibleRows(0, 0, 560), { first: 0, end: 0, offset: 0 });
});

test("a list that is higher than browsers draw is still shown from its first to its last row", () => {
	const total = 1_000_000;
	assert.equal(scrollHeight(total), MAX_HEIGHT);
	assert.equal(visibleRows(total, 0, 560).first, 0);
	const bottom = MAX_HEIGHT - 560;
	const { end, offset } = visibleRows(total, bottom, 560);
	assert.equal(end, total);
	assert.equal(Math.round(total * ROW - offset), MAX_HEIGHT);
	const middle = scrolledTo(500_000, total, 0, 560);
	const seen = visibleRows(total, middle, 560);
	assert.ok(seen.first <= 500_000 && seen.end > 500_000);
});

test("scrolling to a row moves the list no further than needed", () => {
	assert.equal(scrolledTo(5, 100, 0, 560), 0);
	assert.equal(scrolledTo(10, 100, 0, 560), ROW);
	assert.equal(scrolledTo(3, 100, 560, 560), 3 * ROW);
	assert.equal(scrolledTo(99, 100, 0, 560), 100 * ROW - 560);
});

test("a range goes from the note that was selected last, in both directions", () => {
	const selection = new Selection();
	const idAt = (/** @type {number} */ place) => 100 + place;
	selection.toggle(105, 5);
	selection.extend(0, 7, idAt);
	assert.deepEqual(selection.ids, [105, 106, 107]);
	selection.extend(0, 3, idAt);
	assert.deepEqual(selection.ids, [105, 106, 107, 103, 104]);
	selection.clear();
	selection.extend(2, 3, idAt);
	assert.deepEqual(selection.ids, [102, 103]);
});

test("a range leaves out rows that aren't loaded", () => {
	const selection = new Selection();
	selection.extend(0, 4, (place) => (place < 2 ? place : undefined));
	assert.deepEqual(selection.ids, [0, 1]);
});

test("notes that left the list aren't selected any longer", () => {
	const selection = new Selection();
	for (const id of [1, 2, 3]) selection.toggle(id, id);
	selection.drop([2, 9]);
	assert.deepEqual(selection.ids, [1, 3]);
	selection.all();
	selection.drop([1]);
	assert.deepEqual(selection.excluded, []);
});

test("after all were selected, single notes can be taken out and put back", () => {
	const selection = new Selection();
	selection.toggle(1, 0);
	selection.all();
	assert.equal(selection.count(300), 300);
	assert.ok(selection.has(7));
	selection.toggle(7, 3);
	assert.ok(!selection.has(7));
	assert.deepEqual(
		[selection.isAll, selection.excluded, selection.count(300)],
		[true, [7], 299],
	);
	selection.toggle(7, 3);
	assert.deepEqual(selection.excluded, []);
	selection.clear();
	assert.equal(selection.count(300), 0);
});

/**
 * @param {string} key
 * @param {object} [fields]
 */
const press = (key, fields = {}) => ({
	key,
	code: "",
	ctrlKey: false,
	metaKey: false,
	altKey: false,
	shiftKey: false,
	...fields,
});

test("each key of the list has its action, with Caps Lock too", () => {
	for (const [key, action] of /** @type {const} */ ([
		["j", "next"],
		["J", "next"],
		["ArrowUp", "previous"],
		["x", "toggle"],
		["t", "addTags"],
		["#", "removeTags"],
		["e", "edit"],
		["r", "read"],
		["Delete", "delete"],
		["Enter", "open"],
		["/", "search"],
		["?", "help"],
		["Escape", "clear"],
		["q", null],
		["toString", null],
	]))
		assert.equal(listAction(press(key)), action, key);
	assert.equal(listAction(press("ArrowDown", { shiftKey: true })), "extendNext");
	assert.equal(listAction(press("K", { shiftKey: true })), "extendPrevious");
	assert.equal(listAction(press("?", { shiftKey: true })), "help");
	assert.equal(listAction(press("a", { ctrlKey: true })), "all");
	assert.equal(listAction(press("z", { metaKey: true })), "undo");
});

test("the browser's own shortcuts are left alone", () => {
	for (const key of ["t", "r", "e", "j", "Delete"]) {
		assert.equal(listAction(press(key, { ctrlKey: true })), null, key);
		assert.equal(listAction(press(key, { altKey: true })), null, key);
		assert.equal(triageAction(press(key, { metaKey: true })), null, key);
	}
	assert.equal(listAction(press("Delete", { shiftKey: true })), null);
});

test("in triage, digits are suggestions and letters are steps", () => {
	assert.equal(triageAction(press("1")), "suggestion1");
	assert.equal(triageAction(press("&", { code: "Digit1" })), "suggestion1");
	assert.equal(triageAction(press("6")), null);
	assert.equal(triageAction(press("Enter")), "next");
	assert.equal(triageAction(press("d")), "delete");
	assert.equal(triageAction(press("s")), "skip");
	assert.equal(triageAction(press("u")), "undo");
});

test("keys of the inbox", () => {
	for (const [key, action] of [
		["j", "next"],
		["ArrowUp", "previous"],
		["Enter", "open"],
		["s", "keep"],
		["t", "keepWith"],
		["d", "skip"],
		["Delete", "skip"],
		["u", "undo"],
		["Escape", "leave"],
		["x", null],
		// With Caps Lock.
		["D", "skip"],
	])
		assert.equal(inboxAction(press(/** @type {string} */ (key))), action, String(key));
	assert.equal(inboxAction(press("D", { shiftKey: true })), "skipFeed");
	assert.equal(inboxAction(press("S", { shiftKey: true })), null);
	assert.equal(inboxAction(press("s", { ctrlKey: true })), null);
	assert.equal(inboxAction(press("toString")), null);
});

/** A host with notes, which counts its requests. */
class Pages {
	/** @type {any[]} */ asked = [];
	/** @type {any[]} */ askedIds = [];
	fails = false;
	revision = 1;

	/** @param {number} total */
	constructor(total) {
		this.rows = Array.from({ length: total }, (_, index) => row(index));
	}

	load = async (/** @type {any} */ params) => {
		this.asked.push(params);
		await null;
		if (this.fails) throw new Error("away");
		const from = params.cursor ? Number(params.cursor) : (params.from ?? 0);
		const notes = this.rows.slice(from, from + params.limit);
		const end = from + notes.length;
		const { length: total } = this.rows;
		const { revision } = this;
		return { notes, total, revision, cursor: end < total ? String(end) : null };
	};

	loadIds = async (/** @type {any} */ params) => {
		this.askedIds.push(params);
		await null;
		if (this.fails) throw new Error("away");
		const { from = 0, limit = 100 } = params;
		const ids = this.rows.slice(from, from + Math.min(limit, 100)).map(({ id }) => id);
		return { ids, total: this.rows.length, revision: this.revision };
	};

	/** A list of these notes. */
	list() {
		return new NoteList(this.load, this.loadIds);
	}
}

const ALL = /** @type {const} */ ({ query: "", trash: false, order: "newest" });

test("notes for triage come in pages, as far as they are needed", async () => {
	const pages = new Pages(1000);
	const list = new NoteQueue(pages.load);
	await list.open(ALL);
	assert.deepEqual([list.loaded, list.total], [50, 1000]);
	await list.need(10);
	assert.equal(pages.asked.length, 1);
	await Promise.all([list.need(300), list.need(300)]);
	assert.equal(list.loaded, 450);
	assert.equal(pages.asked.length, 3);
	await list.need(5000);
	assert.equal(list.loaded, 1000);
	assert.deepEqual(list.at(999), row(999));
	assert.equal(list.at(1000), undefined);
});

test("notes for triage that can't be loaded are reported, and the others stay", async () => {
	const pages = new Pages(300);
	const list = new NoteQueue(pages.load);
	/** @type {unknown[]} */
	const errors = [];
	list.onError = (error) => errors.push(error);
	await list.open(ALL);
	pages.fails = true;
	await list.need(250);
	assert.deepEqual([errors.length, list.loaded], [1, 50]);
});

test("the last row of a long list is reached with a single request", async () => {
	const pages = new Pages(100_000);
	const list = pages.list();
	await list.open(ALL);
	assert.equal(list.total, 100_000);
	await list.need(0, 40);
	assert.equal(pages.asked.length, 1);
	await Promise.all([list.need(99_960, 100_000), list.need(99_960, 100_000)]);
	assert.equal(pages.asked.length, 2);
	assert.deepEqual(list.at(99_999), row(99_999));
	assert.equal(list.at(50_000), undefined);
	assert.equal(list.placeOf(99_999), 99_999);
	// Those before it, for scrolling back.
	assert.deepEqual(list.at(99_800), row(99_800));
	await list.need(99_790, 99_830);
	assert.equal(pages.asked.length, 3);
	assert.deepEqual(list.at(99_790), row(99_790));
});

test("while rows are loaded, those that are wanted last come next", async () => {
	const pages = new Pages(5000);
	const list = pages.list();
	await list.open(ALL);
	const first = list.need(1000, 1040);
	const second = list.need(4000, 4040);
	await Promise.all([first, second]);
	assert.deepEqual(list.at(4039), row(4039));
	assert.deepEqual(
		pages.asked.map(({ from }) => from),
		[0, 1000, 4000],
	);
});

test("the answer to an earlier query never replaces a later one", async () => {
	const pages = new Pages(3);
	/** @type {(() => void)[]} */
	const waiting = [];
	const list = new NoteList(async (params) => {
		if (params.query === "slow") await new Promise((go) => waiting.push(() => go(null)));
		const page = await pages.load(params);
		return params.query === "slow" ? { ...page, total: 77 } : page;
	}, pages.loadIds);
	const slow = list.open({ ...ALL, query: "slow" });
	await list.open({ ...ALL, query: "fast" });
	for (const go of waiting) go();
	await slow;
	assert.equal(list.total, 3);
});

test("a refresh keeps the old rows until the new ones are there", async () => {
	const pages = new Pages(300);
	const list = pages.list();
	await list.open(ALL);
	await list.need(200, 240);
	pages.rows.shift();
	pages.revision += 1;
	const refreshing = list.refresh();
	assert.deepEqual(list.at(210), row(210));
	await refreshing;
	assert.deepEqual([list.at(210)?.id, list.total], [211, 299]);
	// Rows that aren't shown are loaded again when they are.
	assert.equal(list.at(0)?.id, 0);
	await list.need(0, 40);
	assert.equal(list.at(0)?.id, 1);
});

test("a list that became shorter shows its end, and an empty one becomes empty", async () => {
	const pages = new Pages(1000);
	const list = pages.list();
	await list.open(ALL);
	await list.need(960, 1000);
	pages.rows.length = 500;
	pages.revision += 1;
	await list.refresh();
	assert.equal(list.total, 500);
	assert.deepEqual(list.at(499), row(499));
	assert.equal(list.at(500), undefined);
	pages.rows.length = 0;
	pages.revision += 1;
	await list.refresh();
	assert.deepEqual([list.total, list.at(0)], [0, undefined]);
	pages.rows.push(row(7));
	pages.revision += 1;
	await list.refresh();
	assert.deepEqual([list.total, list.at(0)?.id], [1, 7]);
});

test("notes that change with every request don't make the list load for ever", async () => {
	const pages = new Pages(1000);
	const list = new NoteList(async (params) => {
		pages.revision += 1;
		return pages.load(params);
	}, pages.loadIds);
	await list.open(ALL);
	await list.need(380, 420);
	assert.deepEqual([list.at(380)?.id, list.at(419)?.id], [380, 419]);
	const { length } = pages.asked;
	await list.need(380, 420);
	assert.equal(pages.asked.length, length);
});

test("a list that can't be loaded reports it once, and keeps what it has", async () => {
	const pages = new Pages(300);
	const list = pages.list();
	/** @type {unknown[]} */
	const errors = [];
	list.onError = (error) => {
		errors.push(error);
		// As the page does, which draws the list again.
		void list.need(210, 250);
	};
	await list.open(ALL);
	pages.fails = true;
	await list.need(210, 250);
	assert.deepEqual([errors.length, list.at(0)?.id, list.at(210)], [1, 0, undefined]);
	await assert.rejects(list.allIds([]));
	pages.fails = false;
	assert.equal((await list.allIds([0, 299])).length, 298);
	await list.refresh();
	assert.equal(list.at(210)?.id, 210);
});

test("ids and rows of notes that aren't loaded are found out when they are needed", async () => {
	const pages = new Pages(1000);
	const list = pages.list();
	await list.open(ALL);
	await list.knowIds(10, 520);
	assert.deepEqual([list.idAt(10), list.idAt(520), list.idAt(999)], [10, 520, undefined]);
	const { length } = pages.askedIds;
	await list.knowIds(10, 520);
	assert.equal(pages.askedIds.length, length);
	const rows = await list.rowsOf([5, 400, 77_777]);
	assert.deepEqual(
		rows.map(({ id }) => id),
		[5, 400],
	);
	pages.rows.splice(400, 1);
	pages.revision += 1;
	await list.refresh();
	assert.deepEqual(await list.gone([5, 400, 401]), [400]);
});

test("an export has the whole notes, and rows for those that changed meanwhile", async () => {
	const rows = Array.from({ length: 20 }, (_, index) => row(index, { title: "row" }));
	/** @type {number[]} */
	const progress = [];
	const notes = await wholeNotes(
		rows,
		async (url) => ({
			note: url.endsWith("/3") ? null : row(Number(url.slice(20)), { summary: "text" }),
		}),
		(done) => progress.push(done),
	);
	assert.deepEqual(progress, [8, 16, 20]);
	assert.deepEqual(notes[3], rows[3]);
	assert.equal(/** @type {any} */ (notes[4]).summary, "text");
	assert.equal(JSON.parse(exportFile(notes)).urlNotes, 1);
});

/**
 * @param {number} id
 * @param {Record<string, number>} scores By tag.
 */
const suits = (id, scores) => ({
	id,
	tags: Object.entries(scores).map(([name, score]) => ({
		name,
		score,
		because: "often used",
		reason: /** @type {const} */ ("used_often"),
	})),
});

test("the tags that fit most of the selected notes come first, without unlikely ones", () => {
	const notes = [
		suits(1, { rust: 0.9, web: 0.8 }),
		suits(2, { rust: 0.7, guess: 0.4 }),
		suits(3, { web: 0.95, rust: 0.6, a: 0.5, b: 0.5, c: 0.5, d: 0.5 }),
	];
	assert.deepEqual(fittingTags(notes), [
		{ tag: "rust", ids: [1, 2, 3] },
		{ tag: "web", ids: [1, 3] },
		{ tag: "a", ids: [3] },
		{ tag: "b", ids: [3] },
		{ tag: "c", ids: [3] },
	]);
	assert.deepEqual(fittingTags([]), []);
});

test("suggestions for many notes are asked for until the host has looked at all", async () => {
	/** @type {number[][]} */
	const asked = [];
	const call = async (/** @type {string} */ _method, /** @type {any} */ { ids }) => {
		asked.push(ids);
		return { notes: [suits(ids[0], { rust: 0.9 })], lookedAt: 90 };
	};
	const ids = Array.from({ length: 250 }, (_, index) => index + 1);
	const found = await suggestFor(/** @type {any} */ ({ call }), ids);
	assert.deepEqual(
		asked.map((some) => [some[0], some.length]),
		[
			[1, 200],
			[91, 110],
			[181, 20],
		],
	);
	assert.deepEqual(found, [{ tag: "rust", ids: [1, 91, 181] }]);
	asked.length = 0;
	await suggestFor(/** @type {any} */ ({ call }), ids, () => asked.length < 1);
	assert.equal(asked.length, 1, "a closed dialog asks no more");
});
