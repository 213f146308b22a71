// The Big List of Naughty Strings through host, command line and site: saved strings come back
// unchanged, and searching for them works or finds nothing.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { normaliseTag } from "../../extension/shared/tags.js";
import { Program, strings } from "./program.js";

/** As the host trims a title: all that Unicode calls white space. @param {string} text */
const trimmed = (text) => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");

/** @param {string} html */
const unescaped = (html) =>
	html
		.replaceAll("&lt;", "<")
		.replaceAll("&gt;", ">")
		.replaceAll("&quot;", '"')
		.replaceAll("&amp;", "&");

/** The title that the page of a note shows. @param {string} html */
function shownTitle(html) {
	const title = /<h1 class="title"[^>]*>.*?<span class="apart">(.*?)<\/span>/su.exec(
		html,
	);
	assert(title?.[1] !== undefined, "the page has a title");
	return unescaped(title[1]);
}

/** All of a list, several at once. @template T @param {T[]} list @param {(item: T) => Promise<void>} work */
async function each(list, work) {
	const left = [...list];
	const worker = async () => {
		for (let item = left.shift(); item !== undefined; item = left.shift())
			await work(item);
	};
	await Promise.all(Array.from({ length: 4 }, worker));
}

test("naughty strings come back byte for byte", async (t) => {
	assert(strings.length >= 485);
	const program = await Program.start(t);
	await program.served();
	/** @type {{ text: string, note: any }[]} */
	const saved = [];
	for (const [at, text] of strings.entries()) {
		const encoded = encodeURIComponent(text);
		const url = `https://naughty.example/${at}/${encoded}?q=${encoded}`;
		const page = { url, title: text, summary: text, excerpt: text, siteName: text };
		const tag = normaliseTag(text);
		const withTag = await program.ask("saveNote", {
			...page,
			opId: randomUUID(),
			tags: [text],
		});
		let result = withTag;
		if (tag === null) {
			assert.equal(withTag.error?.data.kind, "invalid_tag", JSON.stringify(text));
			result = await program.ask("saveNote", { ...page, opId: randomUUID() });
		}
		const { note } = result;
		assert(note, JSON.stringify([text, result]));
		assert.equal(note.url, url);
		assert.equal(note.title, trimmed(text));
		assert.equal(note.summary, text);
		assert.equal(note.excerpt, trimmed(text) || null);
		assert.equal(note.siteName, trimmed(text) || null);
		assert.deepEqual(note.tags, tag === null ? [] : [tag]);
		saved.push({ text, note });
	}

	await t.test("to the extension", async () => {
		for (const { note } of saved) {
			const found = await program.ask("noteForUrl", { url: note.url });
			assert.deepEqual(found.note, note);
		}
	});
	await t.test("on the command line", async () => {
		const listed = await program.run("list", "--json", "--limit", `${saved.length}`);
		assert.equal(listed.stderr, "");
		const expected = saved.map(({ note }) => note).reverse();
		assert.deepEqual(JSON.parse(listed.stdout), expected);
		await each(saved, async ({ note }) => {
			const shown = await program.run("show", `${note.id}`, "--json");
			assert.deepEqual(JSON.parse(shown.stdout), note);
		});
	});
	await t.test("in exports, and imported from them", async (t) => {
		for (const format of ["json", "jsonl"]) {
			const exported = await program.run("export", format);
			assert.equal(exported.code, 0, exported.stderr);
			const notes =
				format === "json"
					? JSON.parse(exported.stdout).notes
					: exported.stdout
							.trim()
							.split("\n")
							.map((line) => JSON.parse(line));
			assert.deepEqual(
				notes,
				saved.map(({ note }) => note),
			);
			const other = await Program.start(t);
			const file = path.join(
				await mkdtemp(path.join(tmpdir(), "url-notes-export-")),
				format,
			);
			await writeFile(file, exported.stdout);
			const imported = await other.run("import", file, "--json");
			assert.equal(imported.code, 0, imported.stderr);
			assert.equal(JSON.parse(imported.stdout).new, saved.length);
			const again = await other.run("export", format);
			assert.equal(again.stdout, exported.stdout);
			await rm(path.dirname(file), { recursive: true });
		}
	});
	await t.test("on the site", async () => {
		await each(saved, async ({ note }) => {
			const { status, text } = await program.page(`/note/${note.id}`);
			assert.equal(status, 200);
			assert.equal(shownTitle(text), note.title || note.url);
			assert(unescaped(text).includes(`href="${note.url}"`), note.url);
			for (const tag of note.tags) {
				const address = [".", ".."].includes(tag)
					? `/tag/?name=${tag.replaceAll(".", "%2E")}`
					: `/tag/${encodeURIComponent(tag)}`;
				const page = await program.page(address);
				assert.equal(page.status, 200, address);
			}
		});
	});
	await t.test("looked for", async () => {
		const found = await Promise.all(
			saved.map(({ text }) => program.ask("searchNotes", { query: text, limit: 100 })),
		);
		for (const [at, { notes, error }] of found.entries()) {
			assert(Array.isArray(notes), JSON.stringify([strings[at], error]));
		}
		await each(saved, async ({ text }) => {
			const query = encodeURIComponent(text);
			for (const sort of ["", "&sort=relevance"]) {
				const page = await program.page(`/search?q=${query}${sort}`);
				assert.equal(page.status, 200, text);
			}
		});
		await each(saved, async ({ text }) => {
			const { code, stderr, stdout } = await program.run("search", "--json", "--", text);
			assert.deepEqual([code, stderr], [0, ""], text);
			assert(Array.isArray(JSON.parse(stdout)));
		});
	});
});

test("naughty strings in an address are kept as they are, or refused with a sentence", async (t) => {
	const program = await Program.start(t);
	for (const [at, text] of strings.entries()) {
		const url = `https://naughty.example/${at}/${text}`;
		const result = await program.ask("saveNote", { opId: randomUUID(), url, title: "" });
		if (result.error) {
			assert.equal(result.error.data.kind, "invalid_url", JSON.stringify(text));
			assert.match(result.error.message, /\.$/);
		} else {
			assert.equal(result.note.url, url);
			const { note } = await program.ask("noteForUrl", { url });
			assert.deepEqual(note, result.note);
		}
		// As the whole address, most are none.
		const whole = await program.ask("saveNote", {
			opId: randomUUID(),
			url: text,
			title: "",
		});
		if (whole.error) assert.equal(whole.error.data.kind, "invalid_url", text);
		else assert.equal(whole.note.url, text);
	}
});

/** A word that no naughty string has. */
const MARK = "kanarienvogel";

test("naughty strings in the texts of pages come back byte for byte", async (t) => {
	const program = await Program.start(t);
	await program.served();
	/** @type {{ text: string, id: number }[]} */
	const kept = [];
	for (const [at, text] of strings.entries()) {
		const url = `https://naughty.example/${at}`;
		const page = { url, title: "", summary: `> ${text}` };
		const { note } = await program.ask("saveNote", { ...page, opId: randomUUID() });
		const whole = `${MARK} ${text}`;
		const put = await program.ask("putText", {
			opId: randomUUID(),
			id: note.id,
			text: whole,
			whole: true,
			takenAt: "2026-11-29T12:00:00.000Z",
		});
		assert.equal(put.kept, "new", JSON.stringify([text, put]));
		kept.push({ text: whole, id: note.id });
	}
	await each(kept, async ({ text, id }) => {
		const data = await program.page(`/api/notes/${id}/text`);
		assert.equal(JSON.parse(data.text).markdown, text);
		const page = await program.page(`/note/${id}/text`);
		assert.equal(page.status, 200);
		assert(page.text.includes(MARK), text);
		const shown = await program.run("text", "show", `${id}`, "--json");
		assert.equal(JSON.parse(shown.stdout).markdown, text);
	});
	/** @type {number[]} */
	const found = [];
	for (let before; ; ) {
		const params = { query: MARK, in: "text", limit: 100, before };
		const { notes, next } = await program.ask("searchNotes", params);
		for (const { id, where, snippet } of notes) {
			assert.equal(where, "text");
			assert(snippet.includes(MARK), snippet);
			found.push(id);
		}
		if (next === undefined) break;
		before = next;
	}
	assert.deepEqual(found, kept.map(({ id }) => id).reverse());
	for (const text of strings) {
		const { notes, error } = await program.ask("searchNotes", {
			query: text,
			in: "text",
		});
		assert(Array.isArray(notes), JSON.stringify([text, error]));
	}
	const exported = await program.run("export", "json");
	const other = await Program.start(t);
	const folder = await mkdtemp(path.join(tmpdir(), "url-notes-export-"));
	const file = path.join(folder, "notes.json");
	await writeFile(file, exported.stdout);
	const imported = await other.run("import", file, "--json");
	assert.equal(JSON.parse(imported.stdout).new, strings.length);
	assert.equal((await other.run("export", "json")).stdout, exported.stdout);
	const annotations = JSON.parse((await program.run("export", "jsonld")).stdout);
	assert.equal(annotations.total, annotations.first.items.length);
	assert(annotations.total > 400);
	await rm(folder, { recursive: true });
});
