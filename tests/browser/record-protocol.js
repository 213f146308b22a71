// Records what extension and host of a commit say to each other, for the tests with versions before
// (tests/browser/older-host.test.js, tests/it/older_extension.rs):
//
//   node tests/browser/record-protocol.js NAME COMMIT
//
// builds the host of COMMIT, drives its extension in Chromium, and writes tests/fixtures/protocol/NAME.json.
// Needs what `cargo build` makes of today. docs/releasing.md says when.

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import * as chromium from "./driver/chromium.js";
import { says } from "./driver/says.js";
import { until } from "./driver/until.js";
import { goBetween, recordings } from "./older-protocol.js";
import { project, target } from "./program.js";
import { World } from "./test-environment.js";

/** @import {Pair, Recording} from "./older-protocol.js" */

const run = promisify(execFile);

/**
 * Does in a browser what makes the extension send its requests.
 * @param {World} world
 * @param {import("./driver/browser.js").Browser} browser
 */
async function drive(world, browser) {
	const first = await world.save(browser, "/article");
	await first.popup.type("Build  Systems,ci,");
	await first.popup.hasTags("build systems", "ci");
	await first.popup.focus("#summary");
	await first.popup.type("Caching **halved** it.");
	await first.popup.press("Escape");
	await first.popup.closes();
	const again = await world.save(browser, "/article");
	await again.popup.hasTags("build systems", "ci");
	await again.popup.focus("#title");
	await again.popup.type("!");
	await again.popup.dismiss();
	const second = await world.save(browser, "/japanese");
	await second.popup.type("ci,");
	await second.popup.hasTags("ci");
	await second.popup.click("#delete");
	await second.popup.says("#status", /deleted/i);
	await second.popup.click("#undo");
	await second.popup.reaches("saved");
	await second.popup.dismiss();
	const search = await world.click(browser, await browser.open(), "error");
	await search.type("cach");
	await until("the search finds the note", () => search.shows("#found .name"));
	await search.dismiss();
	const library = await browser.own("library/library.html");
	await says(library, "#count", /2/);
	const settings = await browser.own("options/options.html");
	await says(settings, "#connection", /^Connected$/);
}

/**
 * Returns what a browser and a host said, without what is only of this computer.
 * @param {string} text the lines of between.js
 * @param {World} world
 * @returns {Pair[]}
 */
function pairs(text, world) {
	const plain = text
		.replaceAll(new URL(world.web.address("/")).host, "example.org")
		.replaceAll(world.folder, "/home/user/url-notes")
		.replaceAll(
			/http:\/\/[a-z0-9.]*localhost:\d+\/(?:enter\/[0-9a-f]+\/)?/g,
			"http://localhost:6683/",
		);
	const lines = plain
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));
	return lines.flatMap(({ session, request }) => {
		const answer = lines.find(
			(line) => line.session === session && line.response?.id === request?.id,
		);
		return request && answer ? [{ request, response: answer.response }] : [];
	});
}

/**
 * Returns the errors for the methods of today that a host doesn't know.
 * @param {string} program
 * @param {NodeJS.ProcessEnv} environment
 */
async function refusals(program, environment) {
	const typings = await readFile(path.join(project, "extension/protocol.d.ts"), "utf8");
	const [, methods = ""] = typings.split("interface Methods {");
	/** @type {Recording["refused"]} */
	const refused = {};
	for (const [, method = ""] of methods.matchAll(/^ {2}(\w+): /gm)) {
		const payload = Buffer.from(
			JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: {} }),
		);
		const length = Buffer.alloc(4);
		length.writeUInt32LE(payload.length);
		const { stdout } = spawnSync(
			program,
			["chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/"],
			{ input: Buffer.concat([length, payload]), env: environment },
		);
		const { error } = JSON.parse(stdout.subarray(4).toString());
		if (error?.data.kind === "unknown_method") refused[method] = error;
	}
	return refused;
}

/**
 * Returns JSON with a line for each pair.
 * @param {Recording} recording
 */
function lined({ sent, contract, ...rest }) {
	const list = (/** @type {object[]} */ pairs) =>
		`[\n${pairs.map((pair) => JSON.stringify(pair)).join(",\n")}\n]`;
	const files = Object.entries(contract).map(
		([file, pairs]) => `${JSON.stringify(file)}: ${list(pairs)}`,
	);
	const head = JSON.stringify(rest, null, "\t").slice(0, -2);
	return `${head},\n"sent": ${list(sent)},\n"contract": {\n${files.join(",\n")}\n}\n}\n`;
}

const [name, revision] = process.argv.slice(2);
assert.ok(name && revision, "node tests/browser/record-protocol.js NAME COMMIT");
const git = async (/** @type {string[]} */ ...words) =>
	(await run("git", ["-C", project, ...words])).stdout;
const commit = (await git("rev-parse", `${revision}^{commit}`)).trim();
const folder = await mkdtemp(path.join(tmpdir(), "url-notes-protocol-"));
const world = await World.make();
try {
	await git("archive", "--output", path.join(folder, "archive.tar"), commit);
	await run("tar", ["-xf", path.join(folder, "archive.tar"), "-C", folder]);
	const built = path.join(target, "older");
	await run(
		"cargo",
		["build", "--quiet", "--locked", "--package", "url-notes", "--target-dir", built],
		{
			cwd: folder,
		},
	);
	const host = path.join(built, "debug/url-notes");

	const lines = path.join(folder, "lines");
	await world.install();
	await goBetween(world, "record", lines, host);
	await drive(
		world,
		await world.start(chromium, { extension: path.join(folder, "extension") }),
	);
	/** @type {Recording["contract"]} */
	const contract = {};
	for (const file of (
		await git("ls-tree", "--name-only", commit, "tests/contract/")
	).split("\n")) {
		const content = file && JSON.parse(await git("show", `${commit}:${file}`));
		// The others hold what both sides agree on besides.
		if (content[0]?.response) contract[path.basename(file)] = content;
	}
	const manifest = await readFile(path.join(folder, "extension/manifest.json"), "utf8");
	/** @type {Recording} */
	const recording = {
		commit,
		version: JSON.parse(manifest).version,
		refused: await refusals(host, world.environment),
		sent: pairs(await readFile(lines, "utf8"), world),
		contract,
	};
	assert.ok(recording.sent.length > 10);
	const file = path.join(recordings, `${name}.json`);
	await writeFile(file, lined(recording));
	console.log(file);
} finally {
	await world.end();
	await rm(folder, { recursive: true, force: true });
}
