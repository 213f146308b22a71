// The background's side of the popup's search, and of pages of the user's own site.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError, Unreachable } from "../../extension/background/host.js";
import { searchFor } from "../../extension/background/note-search.js";
import { isMaybeOwn, ownPage } from "../../extension/background/own-site.js";
import { HELLO } from "./fakes.js";

const hello = {
	...HELLO,
	siteUrl: "http://quiet-fox.localhost:6683/",
	texts: false,
};

/**
 * @param {(params: any) => any} answer
 * @param {any} [greeting]
 */
function hostThat(answer, greeting = hello) {
	/** @type {any[]} */
	const asked = [];
	const request = async (/** @type {string} */ method, /** @type {any} */ params) => {
		assert.equal(method, "searchNotes");
		asked.push(params);
		return answer(params);
	};
	return { asked, hello: greeting, request: /** @type {any} */ (request) };
}

const note = { id: 7, url: "https://example.org/a", title: "A", tags: [] };

test("a search asks for the best matches, and without words for the newest notes", async () => {
	const host = hostThat(() => ({ notes: [note], more: false }));
	const found = await searchFor("gpu", host);
	assert.deepEqual(found, {
		notes: [note],
		problems: [],
		away: null,
		siteUrl: hello.siteUrl,
	});
	await searchFor("", host);
	assert.deepEqual(host.asked, [
		{ query: "gpu", limit: 8, order: "best" },
		{ query: "after:1970", limit: 8 },
	]);
});

test("notes that match with their texts come after the others, where the program has texts", async () => {
	const inText = { ...note, id: 8, where: "text", snippet: "a gpu" };
	const host = hostThat(
		(params) => ({ notes: params.in === "text" ? [inText] : [note], more: false }),
		{ ...hello, texts: true },
	);
	assert.deepEqual((await searchFor("gpu", host)).notes, [note, inText]);
	assert.deepEqual(host.asked[1], { query: "gpu", limit: 7, in: "text" });
	// A query that asks for texts has them already.
	const texts = hostThat(() => ({ notes: [inText], more: false }), {
		...hello,
		texts: true,
	});
	assert.deepEqual((await searchFor("in:text gpu", texts)).notes, [inText]);
	assert.equal(texts.asked.length, 1);
	// A search that takes too long is continued.
	const slow = hostThat(
		({ in: place, before }) =>
			place !== "text"
				? { notes: [note], more: false }
				: before === 5
					? { notes: [inText], more: false }
					: { notes: [], more: true, next: before === undefined ? 6 : 5 },
		{ ...hello, texts: true },
	);
	assert.deepEqual((await searchFor("gpu", slow)).notes, [note, inText]);
	// Without room for them, they aren't requested.
	const full = hostThat(() => ({ notes: Array(8).fill(note), more: true }), {
		...hello,
		texts: true,
	});
	assert.equal((await searchFor("gpu", full)).notes.length, 8);
	assert.equal(full.asked.length, 1);
	// A search in texts that fails costs only its own results.
	const broken = hostThat(
		(params) => {
			if (params.in) throw new HostError("store_busy", "Busy.");
			return { notes: [note], more: false };
		},
		{ ...hello, texts: true },
	);
	assert.deepEqual((await searchFor("gpu", broken)).notes, [note]);
});

test("an older program is asked again without the order", async () => {
	const host = hostThat((params) => {
		if (params.order) throw new HostError("invalid_params", "No parameter order.");
		return { notes: [note], more: false };
	});
	assert.deepEqual((await searchFor("gpu", host)).notes, [note]);
});

test("a program that can't search or isn't there finds nothing, and the cause is given", async () => {
	const old = hostThat(() => {
		throw new HostError("unknown_method", "No method searchNotes.");
	});
	const nothing = { notes: [], problems: [] };
	assert.deepEqual(await searchFor("gpu", old), {
		...nothing,
		away: null,
		siteUrl: hello.siteUrl,
	});
	const away = hostThat(() => {
		throw new Unreachable("not_allowed");
	}, null);
	assert.deepEqual(await searchFor("gpu", away), {
		...nothing,
		away: "not_allowed",
		siteUrl: null,
	});
});

test("a note's page on the own site is recognised at both of its names", async () => {
	const host = hostThat(() => ({ notes: [note], more: true }));
	for (const origin of ["http://localhost:6683", "http://quiet-fox.localhost:6683"]) {
		const own = await ownPage({ url: `${origin}/note/7`, title: "" }, host);
		assert.deepEqual(own, { note: { url: note.url, title: "A" } });
		const other = await ownPage({ url: `${origin}/tag/gpu`, title: "" }, host);
		assert.deepEqual(other, { note: null });
		const missing = await ownPage({ url: `${origin}/note/9`, title: "" }, host);
		assert.deepEqual(missing, { note: null });
	}
	assert.deepEqual(host.asked[0], { query: "after:1970", limit: 1, before: 8 });
});

test("pages of other web sites aren't the own site's, and the program isn't asked", async () => {
	const host = hostThat(() => assert.fail("asked"));
	for (const url of ["https://example.org/note/7", "http://127.0.0.1:6683/note/7"])
		assert.equal(isMaybeOwn(url), false, url);
	const url = "http://localhost:3000/note/7";
	assert.equal(isMaybeOwn(url), true);
	assert.equal(await ownPage({ url, title: "url-notes | A" }, host), null);
});

test("without the program the title or the usual port shows whether a local page is the site's", async () => {
	const host = hostThat(() => {
		throw new Unreachable("not_allowed");
	}, null);
	const url = "http://localhost:6683/note/7";
	assert.deepEqual(await ownPage({ url, title: "url-notes | A" }, host), { note: null });
	assert.deepEqual(await ownPage({ url, title: "" }, host), { note: null });
	const app = "http://localhost:3000/note/7";
	assert.equal(await ownPage({ url: app, title: "My app" }, host), null);
	// With a program whose site can't run, something else has the usual port.
	const withoutSite = hostThat(() => ({ notes: [], more: false }), {
		...hello,
		siteUrl: null,
	});
	assert.equal(await ownPage({ url, title: "My app" }, withoutSite), null);
});
