// Exports for other programs, read by the parsers of other projects: front matter by the one
// that Obsidian uses, tables by Python's, bookmarks by a browser (tests/browser).

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { parse } from "parse5";
import { parseDocument } from "yaml";
import { Program, strings } from "./program.js";

/** Tags that YAML takes for something else where they stand without quotes. */
const TAGS = [
	"2024",
	"1e5",
	"0x1f",
	"012",
	"yes",
	"no",
	"on",
	"null",
	"~",
	"true",
	"2024-08-12",
	"12:30:45",
	".inf",
	"#lojban",
	"- a",
	"a: b",
	"a #b",
	"[a]",
	"{a}",
	"&a",
	"*a",
	"!a",
	"|",
	">",
	"%a",
	"@a",
	"`a`",
	'"a"',
	"'a'",
	"a\\b",
	"?",
	"---",
	"...",
	"機械学習",
	"שלום",
	"🔥",
	"web/tech",
	"machine learning",
];

/** Titles, which are texts of a note and of its page as well. */
const TITLES = [
	...TAGS,
	...strings,
	"a: b # c \" d ' e",
	"one\ntwo\r\nthree\tfour",
	"\u0085\u2028\u2029\ufeff\u200e\u202e",
	"---",
	"CON",
	"aux.txt",
	"../../etc/passwd",
	"..",
	"x".repeat(300),
	"機".repeat(300),
	"🔥".repeat(300),
	"Größe",
	"GRÖSSE",
	"größe",
];

/** @param {import("node:test").TestContext} t */
async function folderOf(t) {
	const folder = await mkdtemp(path.join(tmpdir(), "url-notes-exports-"));
	t.after(() => rm(folder, { recursive: true, force: true }));
	return folder;
}

/**
 * Notes of all these titles.
 * @param {Program} program
 * @returns {Promise<any[]>}
 */
async function saved(program) {
	const notes = [];
	for (const [at, text] of TITLES.entries()) {
		const { note } = await program.ask("saveNote", {
			opId: randomUUID(),
			url: `https://e.org/${at}?q="#'`,
			title: text,
			tags: at === 0 ? TAGS : TAGS.slice(at % TAGS.length, (at % TAGS.length) + 2),
			summary: text,
			excerpt: text,
			publishedAt: "2025-08-12",
			siteName: text,
			lang: "de",
		});
		notes.push(note);
	}
	return notes;
}

test("front matter says to others what the notes say", async (t) => {
	const program = await Program.start(t);
	const notes = await saved(program);
	const vault = path.join(await folderOf(t), "vault");
	const exported = await program.run("export", "markdown", vault);
	assert.equal(exported.code, 0, exported.stderr);
	const names = (await readdir(vault)).filter((name) => name.endsWith(".md"));
	assert.equal(names.length, notes.length);
	// As file systems see them that know no case and keep letters taken apart.
	const seen = new Set(names.map((name) => name.normalize("NFKD").toLowerCase()));
	assert.equal(seen.size, notes.length);
	for (const name of names) {
		assert.match(name, /^[\p{Alphabetic}\p{N}-]+\.md$/u);
		assert.doesNotMatch(name, /^(con|prn|aux|nul|com\d|lpt\d)\./i);
		assert.ok(Buffer.byteLength(name) <= 100, name);
		const id = Number(/(\d+)\.md$/.exec(name)?.[1]);
		const note = notes.find((note) => note.id === id);
		const file = await readFile(path.join(vault, name), "utf8");
		const end = file.indexOf("\n---\n", 4);
		assert.ok(file.startsWith("---\n") && end > 0, name);
		for (const version of /** @type {const} */ (["1.1", "1.2"])) {
			const document = parseDocument(file.slice(4, end + 1), { version });
			assert.deepEqual([document.errors, document.warnings], [[], []], file);
			const { date, lastmod, ...front } = document.toJS();
			const { title, url: link, tags, excerpt, siteName, read } = note;
			const known = { title: title || link, link, tags, published: "2025-08-12" };
			const said = { description: excerpt, site: siteName, language: "de", read };
			const expected = Object.entries({ ...known, ...said });
			assert.deepEqual(
				front,
				Object.fromEntries(expected.filter(([, value]) => value !== null)),
			);
			assert.equal(new Date(date).toISOString(), note.savedAt);
			assert.equal(new Date(lastmod).toISOString(), note.updatedAt);
		}
		const text = file.slice(end + "\n---\n".length);
		const body = note.summary.endsWith("\n") ? note.summary : `${note.summary}\n`;
		assert.equal(text, note.summary === "" ? "" : `\n${body}`);
	}
});

/** A table as Python reads it. @param {string} file @returns {Record<string, string>[]} */
function readByPython(file) {
	const script =
		"import csv, json, sys\nprint(json.dumps(list(csv.DictReader(open(sys.argv[1], encoding='utf-8', newline='')))))";
	const read = execFileSync("python3", ["-c", script, file], { maxBuffer: 1 << 28 });
	return JSON.parse(read.toString());
}

test("tables are read by another program, and come back as they were", async (t) => {
	const program = await Program.start(t);
	const notes = await saved(program);
	const folder = await folderOf(t);
	const file = path.join(folder, "notes.csv");
	assert.equal((await program.run("export", "csv", file)).code, 0);
	const rows = readByPython(file);
	assert.equal(rows.length, notes.length);
	for (const [at, row] of rows.entries()) {
		const note = notes[at];
		for (const cell of Object.values(row)) assert.doesNotMatch(cell, /^[=+\-@\t\r]/);
		const plain = (/** @type {string | undefined} */ cell) =>
			cell?.replace(/^'('*[=+\-@\t\r])/, "$1");
		assert.equal(plain(row.url), note.url);
		assert.equal(plain(row.title), note.title);
		assert.equal(plain(row.summary), note.summary);
		assert.equal(row.savedAt, note.savedAt);
	}
	// Into another store. What is blank around and between words isn't kept of tables.
	const other = await Program.start(t);
	const imported = JSON.parse((await other.run("import", file, "--json")).stdout);
	assert.equal(imported.new, notes.length, JSON.stringify(imported.refusals));
	const again = path.join(folder, "again.csv");
	assert.equal((await other.run("export", "csv", again)).code, 0);
	const told = (/** @type {Record<string, string>} */ { updatedAt: _, ...row }) =>
		Object.entries(row).map(([name, cell]) => [
			name,
			cell
				.split(/\p{White_Space}+/u)
				.join(" ")
				.trim(),
		]);
	assert.deepEqual(readByPython(again).map(told), rows.map(told));
});

test("bookmarks are read by a parser of HTML, and a line at a time", async (t) => {
	const program = await Program.start(t);
	const notes = await saved(program);
	const { stdout } = await program.run("export", "netscape");
	/** @type {any[]} */
	const anchors = [];
	/** @type {any[]} */
	const open = [parse(stdout)];
	for (let node = open.shift(); node; node = open.shift()) {
		if (node.nodeName === "a") anchors.push(node);
		open.unshift(...(node.childNodes ?? []));
	}
	assert.equal(anchors.length, notes.length);
	const blank = (/** @type {string} */ text) => text.replace(/[\n\r]/g, " ");
	for (const [at, anchor] of anchors.entries()) {
		const note = notes[at];
		const attributes = Object.fromEntries(
			anchor.attrs.map((/** @type {any} */ { name, value }) => [name, value]),
		);
		assert.equal(attributes.href, note.url);
		// An id may be later than its moment, where others were saved in the same one.
		assert.equal(
			Number(attributes.add_date),
			Math.floor(Date.parse(note.savedAt) / 1000),
		);
		assert.deepEqual(attributes.tags.replace(/,$/, "").split(","), note.tags);
		const title = (anchor.childNodes[0]?.value ?? "").replaceAll("\ufffd", "\0");
		assert.equal(title, blank(note.title || note.url));
	}
	// As Chromium does, which can't be driven through its dialogue for files.
	const lines = stdout
		.split("\n")
		.filter((line) => /^\s*<DT><A HREF="[^"]*" .*>.*<\/A>$/u.test(line));
	assert.equal(lines.length, notes.length);
});

test("a text as long as one may be, the trash and other names come back byte for byte", async (t) => {
	const program = await Program.start(t);
	const long = "ä\n".repeat(64 * 1024).slice(0, Math.floor((64 * 1024) / 3) * 2);
	for (const at of [0, 1, 2]) {
		const { note } = await program.ask("saveNote", {
			opId: randomUUID(),
			url: `https://e.org/${at}`,
			title: "T",
			tags: ["machine learning"],
			summary: long,
		});
		if (at > 0) await program.ask("deleteNote", { opId: randomUUID(), id: note.id });
	}
	// One page is in the trash and there.
	await program.ask("saveNote", {
		opId: randomUUID(),
		url: "https://e.org/1",
		title: "Anew",
	});
	assert.equal((await program.run("tag", "alias", "ml", "machine learning")).code, 0);
	const folder = await folderOf(t);
	for (const format of ["json", "jsonl"]) {
		const exported = (await program.run("export", format)).stdout;
		assert.ok(exported.includes('"alias":"ml"') && exported.includes('"deletedAt":"'));
		const file = path.join(folder, format);
		await writeFile(file, exported);
		const other = await Program.start(t);
		const imported = await other.run("import", file);
		assert.equal(imported.code, 0, imported.stderr);
		assert.equal((await other.run("export", format)).stdout, exported);
	}
});

test("a book passes EPUBCheck, whatever the notes and texts hold", async (t) => {
	const program = await Program.start(t);
	const notes = await saved(program);
	const folder = await folderOf(t);
	const text = path.join(folder, "text.md");
	const markdown = `${strings.join("\n\n")}\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n- [x] done\n\n---\n\nend  \nbreak \u0001\uffff`;
	await writeFile(text, markdown);
	for (const { id } of notes.slice(0, 3)) {
		const added = await program.run("text", "add", String(id), text);
		assert.equal(added.code, 0, added.stderr);
	}
	const book = path.join(folder, "book.epub");
	const title = 'A <book> & "more"';
	const exported = await program.run("export", "epub", "", book, "--title", title);
	assert.equal(exported.code, 0, exported.stderr);
	assert.match(exported.stdout, new RegExp(`^${notes.length} notes: `));
	const words = ["-jar", "/usr/bin/epubcheck", "--failonwarnings", book];
	const said = execFileSync("java", words, { stdio: ["ignore", "pipe", "pipe"] });
	assert.match(String(said), /0 fatals \/ 0 errors \/ 0 warnings/);

	const script = `
import json, sys, zipfile
from xml.etree import ElementTree
book = zipfile.ZipFile(sys.argv[1])
first = book.infolist()[0]
pages = [ElementTree.fromstring(book.read(name)) for name in book.namelist() if name.endswith(".xhtml")]
print(json.dumps({"first": [first.filename, first.compress_type, book.read(first).decode()],
    "titles": [page.find("{*}head/{*}title").text for page in pages]}))`;
	const read = JSON.parse(String(execFileSync("python3", ["-c", script, book])));
	assert.deepEqual(read.first, ["mimetype", 0, "application/epub+zip"]);
	assert.equal(read.titles.length, notes.length + 1);
	assert.equal(read.titles.at(-1), title);

	const without = path.join(folder, "without.epub");
	const shorter = await program.run("export", "epub", "has:text", without, "--no-text");
	assert.equal(shorter.code, 0, shorter.stderr);
	assert.match(shorter.stdout, /^3 notes: /);
	const nothing = await program.run("export", "epub", "tag:nowhere", without);
	assert.equal(nothing.code, 1);
	assert.equal(nothing.stderr, "url-notes: No note matches, so there is no book.\n");
});
