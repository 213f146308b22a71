// README.md and docs/ describe only what exists.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { builtProgram, project } from "../browser/program.js";
import { installer } from "./machine.js";

const run = promisify(execFile);
const docs = path.join(project, "docs");
const read = (/** @type {string} */ file) => readFile(file, "utf8");
const readme = await read(path.join(project, "README.md"));
const installing = await read(path.join(docs, "install.md"));
const troubleshooting = await read(path.join(docs, "troubleshooting.md"));
/** Pages for contributors. */
const contributors = ["ARCHITECTURE.md", "CONTRIBUTING.md"];
/** Every page, with the folder that its links start from. */
const pages = [{ folder: project, name: "README.md", text: readme }];
for (const name of contributors) {
	pages.push({ folder: project, name, text: await read(path.join(project, name)) });
}
for (const name of (await readdir(docs)).filter((name) => name.endsWith(".md"))) {
	pages.push({ folder: docs, name, text: await read(path.join(docs, name)) });
}
const manual = pages
	.filter(({ name }) => !contributors.includes(name))
	.map(({ text }) => text)
	.join("\n");

test("every file that README.md and docs/ link to is there, and pictures are small", async () => {
	let links = 0;
	for (const { folder, name, text } of pages) {
		for (const [, link = ""] of text.matchAll(
			/(?:\]\(|(?:src|srcset)=")([^)"#:]+)(?:#[^)"]*)?[)"]/g,
		)) {
			links += 1;
			const { size } = await stat(path.join(folder, link)).catch(() => {
				throw new Error(`${name} links to ${link}, which isn't there`);
			});
			if (link.endsWith(".png"))
				assert.ok(size < 150 * 1024, `${link} has ${size} bytes`);
		}
	}
	assert.ok(links > 15, `${links}`);
});

test("README.md can be read in a few minutes, and every page of docs/ is linked", () => {
	const words = readme.split(/\s+/).length;
	assert.ok(words <= 900, `${words} words`);
	for (const { folder, name } of pages.filter(({ folder }) => folder === docs)) {
		const isLinked = pages.some((page) => {
			const link = page.folder === folder ? name : `docs/${name}`;
			return page.name !== name && page.text.includes(`](${link}`);
		});
		assert.ok(isLinked, `no page links to ${name}`);
	}
});

test("every option of install.sh that the docs name exists, and docs/install.md has all", async () => {
	const { stdout: help } = await run(installer, ["--help"]);
	const known = new Set(help.match(/--[a-z]+(-[a-z]+)*/g));
	const commands = manual.match(/install\.sh[^`\n]*/g) ?? [];
	const rows = installing.match(/^\| `--.*$/gm) ?? [];
	assert.ok(rows.length > 5);
	const named = new Set([...commands, ...rows].join("\n").match(/--[a-z]+(-[a-z]+)*/g));
	for (const option of named) assert.ok(known.has(option), option);
	for (const option of known) {
		assert.ok(installing.includes(option) || option === "--help", option);
	}
});

test("every command of the program that the docs name exists", async () => {
	const { stdout: help } = await run(builtProgram, ["--help"]);
	const code = manual.match(/^```sh$[\s\S]*?^```$|`[^`\n]+`/gm) ?? [];
	const commands = [...code.join("\n").matchAll(/(?:^|`)url-notes ([a-z][a-z-]*)/gm)].map(
		([, command]) => command,
	);
	assert.ok(commands.length > 10);
	for (const command of new Set(commands)) {
		assert.match(help, new RegExp(`^  ${command} `, "m"), `url-notes ${command}`);
	}
});

test("docs/install.md lists every browser that install.sh knows", async () => {
	const table = await readFile(path.join(project, "manifests/browsers.tsv"), "utf8");
	const titles = table
		.split("\n")
		.filter((line) => line && !line.startsWith("#"))
		.map((line) => line.split("\t"))
		.filter(([, , , sandbox]) => sandbox !== "snap" && sandbox !== "flatpak")
		.map(([, , , , , , , title = ""]) => title.replace(/^(Google|Microsoft) /, ""))
		.map((title) => title.replace(/ (Beta|Dev)$/, ""));
	for (const title of new Set(titles)) assert.ok(installing.includes(title), title);
});

test("docs/troubleshooting.md quotes each cause as popup and doctor show it", async () => {
	const file = path.join(project, "tests/contract/causes.json");
	/** @type {Record<"causes" | "oneOf", Record<string, { sentence: string }>>} */
	const { causes, oneOf } = JSON.parse(await readFile(file, "utf8"));
	assert.ok(Object.keys(causes).length > 5);
	const first = troubleshooting
		.split("\n")
		.map((line) => line.split(" | ")[0] ?? "")
		.join("\n");
	for (const { sentence } of Object.values(causes)) {
		assert.ok(troubleshooting.includes(`| "${sentence.replace(/\.$/, "")}" |`), sentence);
	}
	for (const { sentence } of Object.values(oneOf)) {
		assert.ok(first.includes(`"${sentence.replace(/\.$/, "")}"`), sentence);
	}
});
