// README.md promises nothing that isn't there.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { builtProgram, project } from "../browser/program.js";
import { installer } from "./machine.js";

const run = promisify(execFile);
const readme = await readFile(path.join(project, "README.md"), "utf8");

test("every file that README.md leads to is there, and its pictures are small", async () => {
	const links = [...readme.matchAll(/(?:\]\(|(?:src|srcset)=")([^)"#:]+)[)"]/g)];
	assert.ok(links.length > 4);
	for (const [, link = ""] of links) {
		const { size } = await stat(path.join(project, link));
		if (link.endsWith(".png")) assert.ok(size < 150 * 1024, `${link} has ${size} bytes`);
	}
});

test("every option of install.sh that README.md names is one", async () => {
	const { stdout: help } = await run(installer, ["--help"]);
	const known = new Set(help.match(/--[a-z]+(-[a-z]+)*/g));
	const told = readme.match(/install\.sh[^`\n]*|^\| `--(?!format).*$/gm) ?? [];
	const named = new Set(told.join("\n").match(/--[a-z]+(-[a-z]+)*/g));
	for (const option of named) assert.ok(known.has(option), option);
	for (const option of known) assert.ok(readme.includes(option) || option === "--help");
});

test("every command of the program that README.md names is one", async () => {
	const { stdout: help } = await run(builtProgram, ["--help"]);
	const commands = [...readme.matchAll(/(?:^|`)url-notes ([a-z-]+)/gm)].map(
		([, command]) => command,
	);
	assert.ok(commands.length > 10);
	for (const command of new Set(commands)) {
		assert.match(help, new RegExp(`^  ${command} `, "m"), `url-notes ${command}`);
	}
});

test("README.md tells of every browser that install.sh knows", async () => {
	const table = await readFile(path.join(project, "manifests/browsers.tsv"), "utf8");
	const titles = table
		.split("\n")
		.filter((line) => line && !line.startsWith("#"))
		.map((line) => line.split("\t"))
		.filter(([, , , sandbox]) => sandbox !== "snap" && sandbox !== "flatpak")
		.map(([, , , , , , , title = ""]) => title.replace(/^(Google|Microsoft) /, ""))
		.map((title) => title.replace(/ (Beta|Dev)$/, ""));
	for (const title of new Set(titles)) assert.ok(readme.includes(title), title);
});

test("README.md says each cause in the words of popup and doctor", async () => {
	const file = path.join(project, "tests/contract/causes.json");
	/** @type {{ causes: Record<string, { sentence: string }> }} */
	const { causes } = JSON.parse(await readFile(file, "utf8"));
	assert.ok(Object.keys(causes).length > 5);
	for (const { sentence } of Object.values(causes)) {
		assert.ok(readme.includes(`| "${sentence.replace(/\.$/, "")}" |`), sentence);
	}
});
