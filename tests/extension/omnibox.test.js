// The keyword in the address bar: late results are dropped, titles never become markup, and
// Enter opens what its line announces.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

/** @type {string[]} */
let hints = [];
Object.assign(globalThis, {
	chrome: {
		i18n: {
			getMessage: (/** @type {string} */ key, /** @type {string[]} */ values) =>
				[key, ...values].join(" "),
		},
		omnibox: {
			setDefaultSuggestion: async (/** @type {{description: string}} */ hint) => {
				hints.push(hint.description);
			},
		},
		runtime: { getURL: (/** @type {string} */ path) => `ext://${path}` },
	},
});
// After it: the modules take the browser as they find it.
const { HELLO, settle } = await import("./fakes.js");
const { escapeXml, marked, Omnibox } = await import(
	"../../extension/background/omnibox.js"
);

test.beforeEach(() => {
	hints = [];
	mock.timers.enable({ apis: ["setTimeout"] });
});
test.afterEach(() => mock.timers.reset());

/** @param {object} fields */
const note = (fields) => ({
	id: 7,
	url: "https://example.org/a",
	title: "A title",
	tags: [],
	savedAt: "2025-03-01T10:00:00.000Z",
	snippet: "",
	...fields,
});

/** A host that answers when it is told to. */
class SlowHost {
	hello = /** @type {typeof HELLO | null} */ ({ ...HELLO, texts: false });
	trouble = /** @type {any} */ (null);
	/** @type {{query: string, answer: (notes: object[]) => void, refuse: (error: Error) => void}[]} */ asked =
		[];

	/**
	 * @param {string} _method
	 * @param {any} params
	 */
	request(_method, params) {
		return new Promise((resolve, reject) => {
			this.asked.push({
				query: params.query,
				answer: (notes) => resolve({ notes, more: false }),
				refuse: reject,
			});
		});
	}
}

/** An address bar of either kind, with what was suggested in it. */
function open({ plain = false } = {}) {
	const host = new SlowHost();
	const omnibox = new Omnibox(/** @type {any} */ (host), plain);
	/** @type {{content: string, description: string}[][]} */
	const suggested = [];
	const type = (/** @type {string} */ text) =>
		omnibox.changed(text, (lines) => suggested.push(lines));
	return { host, omnibox, suggested, type };
}

async function pause() {
	mock.timers.tick(80);
	await settle();
}

test("sends one request for text that is typed without a pause", async () => {
	const { host, type } = open();
	for (const text of ["g", "gp", "gpu"]) type(text);
	await pause();
	assert.deepEqual(
		host.asked.map(({ query }) => query),
		["gpu"],
	);
});

test("matches in the texts of pages come after the others", async () => {
	const { host, suggested, type } = open();
	host.hello = HELLO;
	type("gpu");
	await pause();
	host.asked[0]?.answer([note({ title: "In the note" })]);
	await settle();
	host.asked[1]?.answer([note({ title: "In the text", url: "https://e.org/text" })]);
	await settle();
	const lines = suggested.at(-1)?.map(({ description }) => description) ?? [];
	assert.equal(lines.length, 2);
	assert.match(lines[0] ?? "", /^In the note/);
	assert.match(lines[1] ?? "", /^In the text/);
});

test("a tag typed with # is requested and searched as typed", async () => {
	const { host, omnibox, suggested, type } = open();
	for (const text of ["#gpu", '#"deep learning"', "-#c#", "#日本語 memory"]) {
		type(text);
		await pause();
		const asked = host.asked.at(-1);
		assert.equal(asked?.query, text);
		asked?.answer([note({ title: "Title", tags: ["gpu"] })]);
		await settle();
		assert.match(suggested.at(-1)?.[0]?.description ?? "", /^Title /);
		// All of it is the query, and none of it the fragment of the address.
		const address = omnibox.addressFor(text);
		const { searchParams, hash } = new URL(address);
		assert.equal(searchParams.get("q"), text);
		assert.equal(hash, "");
	}
});

test("results that arrive after further input are dropped", async () => {
	const { host, suggested, type } = open();
	type("old");
	await pause();
	type("new");
	await pause();
	host.asked[1]?.answer([note({ title: "New" })]);
	await settle();
	host.asked[0]?.answer([note({ title: "Old" })]);
	await settle();
	assert.equal(suggested.length, 1);
	assert.match(suggested[0]?.[0]?.description ?? "", /^<match>New<\/match>/);
});

test("results that arrive after the user left the address bar are dropped", async () => {
	const { host, omnibox, suggested, type } = open();
	type("old");
	await pause();
	omnibox.ended();
	host.asked[0]?.answer([note({})]);
	await settle();
	assert.deepEqual(suggested, []);
});

test("in Chromium titles, tags and addresses don't become markup", async () => {
	const { host, omnibox, suggested, type } = open();
	omnibox.started();
	type("<b> & 'x'");
	await pause();
	host.asked[0]?.answer([
		note({ title: `<b>\u0000 & \ud800"`, tags: ["c<d", "e"], url: "https://e.org/?a&b" }),
	]);
	await settle();
	assert.equal(
		suggested[0]?.[0]?.description,
		"<match>&#60;b&#62;</match>  <match>&#38;</match> \ufffd&#34; <dim>—</dim> " +
			"<dim>c&#60;d, e</dim> <dim>—</dim> <url>https://e.org/?a&#38;b</url>",
	);
	// Chromium puts in what was typed: it would be a keystroke late.
	assert.deepEqual(hints, ["omniboxSearch %s"]);
});

test("in Firefox they are plain text", async () => {
	const { host, omnibox, suggested, type } = open({ plain: true });
	omnibox.started();
	type("<b>");
	await pause();
	host.asked[0]?.answer([note({ title: "<b> & co", tags: ["c++"] })]);
	await settle();
	assert.equal(suggested[0]?.[0]?.description, "<b> & co — c++ — https://example.org/a");
	assert.deepEqual(hints, ["omniboxHint"]);
});

test("Enter opens a result's page, its note if it isn't a web page, or the search", async () => {
	const { host, omnibox, suggested, type } = open();
	type("x");
	await pause();
	host.asked[0]?.answer([note({}), note({ url: "javascript:alert(1)" })]);
	await settle();
	const [page, script] = (suggested[0] ?? []).map(({ content }) => content);
	assert.equal(omnibox.addressFor(page ?? ""), "https://example.org/a");
	assert.equal(omnibox.addressFor(script ?? ""), "http://localhost:6683/note/7");
	assert.equal(
		omnibox.addressFor(" c++ & co "),
		"http://localhost:6683/search?q=c%2B%2B%20%26%20co",
	);
	// What wasn't offered is text, whatever it looks like.
	assert.match(omnibox.addressFor("javascript:alert(2)"), /search\?q=javascript%3A/);
	assert.equal(omnibox.addressFor(""), "http://localhost:6683/");
});

test("without a host a line names the cause, and the line and Enter open the settings", async () => {
	const { host, omnibox, suggested, type } = open();
	host.hello = null;
	host.trouble = "program_missing";
	type("x");
	await pause();
	host.asked[0]?.refuse(new Error("unreachable"));
	await settle();
	assert.deepEqual(suggested, [
		[
			{
				content: "ext://options/options.html",
				description: "notConnected cause_program_missing",
			},
		],
	]);
	assert.equal(omnibox.addressFor("x"), "ext://options/options.html");
});

test("words are marked in any case, the longest first, and without being read as a pattern", () => {
	assert.equal(
		marked("C++ and c", ["c", "c++"]),
		"<match>C++</match> and <match>c</match>",
	);
	assert.equal(marked("a.b-c", ["a.b-c", "("]), "<match>a.b-c</match>");
	assert.equal(marked("<x>", []), escapeXml("<x>"));
});
