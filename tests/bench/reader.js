// Measures the reader: the time of /note/{id}/text for texts of several lengths, rendered anew and
// from the site's cache, beside the page of a note. The figures are never a pass or fail; those
// of one run are compared.
//
//     cargo build --release --package url-notes && node tests/bench/reader.js

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { project } from "../browser/program.js";

const ROUNDS = 60;
const builtProgram = path.join(project, "target/release/url-notes");
const run = promisify(execFile);

/** Prose with links, lists, headings and tables. @param {number} kilobytes */
function text(kilobytes) {
	let all = "";
	for (let n = 1; all.length < kilobytes * 1024; n += 1) {
		all += `Of the pages that existed in 2013, more than a third were gone **ten years** later. Most of them didn't disappear with a [bang](https://example.org/bang); a domain lapsed, or somebody closed the account that paid for the *server* number ${n}. What remains is the title, \`code\`, and a title rarely holds the word that one remembers.\n\n`;
		if (n % 6 === 0) all += `## Heading ${n}\n\n- one\n- another\n  - below it\n\n`;
		if (n % 20 === 0) all += "| a | b |\n| - | - |\n| 1 | 2 |\n\n";
	}
	return all.slice(0, kilobytes * 1024);
}

const quotes = Array.from(
	{ length: 10 },
	(_, at) => `> paid for the server number ${10 + 5 * at}`,
).join("\n\n");
const texts = [
	{ name: "9 KB", markdown: text(9), summary: "" },
	{ name: "64 KB", markdown: text(64), summary: "" },
	{ name: "64 KB, 10 quotes", markdown: text(64), summary: quotes },
	{ name: "256 KB", markdown: text(256), summary: "" },
];
const folder = await mkdtemp(path.join(tmpdir(), "url-notes-bench-"));
const file = path.join(folder, "notes.jsonl");
const lines = texts.map(({ markdown, summary }, at) =>
	JSON.stringify({
		url: `https://e.org/${at}`,
		title: `Text ${at}`,
		summary,
		savedAt: `2026-11-0${at + 1}T10:00:00Z`,
		pageText: { markdown, source: "click", whole: true },
	}),
);
await writeFile(file, `${lines.join("\n")}\n`);
const data = ["--data-dir", path.join(folder, "data")];
await run(builtProgram, [...data, "import", file, "--format", "jsonl"]);
const listed = await run(builtProgram, [...data, "list", "--json"]);
const ids = JSON.parse(listed.stdout)
	.map((/** @type {{ id: number }} */ note) => note.id)
	.reverse();

const server = spawn(builtProgram, [...data, "serve", "--port", "0", "--json"]);
const port = await new Promise((resolve) => {
	let printed = "";
	server.stdout.on("data", (part) => {
		printed += part;
		const found = /localhost:(\d+)/.exec(printed);
		if (found) resolve(found[1]);
	});
});
const agent = new Agent({ keepAlive: true });

/** @param {string} target @returns {Promise<number>} ms */
const took = (target) =>
	new Promise((resolve, reject) => {
		const start = performance.now();
		get({ agent, host: "127.0.0.1", port, path: target }, (answer) => {
			answer.resume();
			answer.on("end", () => resolve(performance.now() - start));
		}).on("error", reject);
	});

/** @type {Map<string, number[]>} */
const all = new Map();
for (let round = 0; round < ROUNDS; round += 1) {
	for (const [at, { name }] of texts.entries()) {
		const target = `/note/${ids[at]}/text?${round}`;
		for (const what of ["anew", "again"]) {
			const times = all.get(`${name}, ${what}`) ?? [];
			all.set(`${name}, ${what}`, times);
			times.push(await took(target));
		}
	}
	const times = all.get("page of a note, anew") ?? [];
	all.set("page of a note, anew", times);
	times.push(await took(`/note/${ids[0]}?${round}`));
}
for (const [name, times] of all) {
	times.sort((a, b) => a - b);
	const at = (/** @type {number} */ share) =>
		`${(times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(2)} ms`;
	console.log(`${name.padEnd(26)} least ${at(0)}  p50 ${at(0.5)}  p90 ${at(0.9)}`);
}
agent.destroy();
server.kill();
await rm(folder, { recursive: true });
