// Which folder of the extension may import from which, and no circles. Imports of types in
// comments count as well: what a page needs to know of the background is in shared/messages.js.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** @typedef {Map<string, string>} Sources Text by path below the extension's folder. */
/** @typedef {Map<string, Set<string>>} Imports */

/** Each folder with those that it may import from besides itself. `.` is the top. */
const LAYERS = {
	".": ["background", "shared"],
	background: ["shared"],
	library: ["shared"],
	options: ["shared"],
	popup: ["shared"],
	shared: [],
	vendor: [],
	welcome: ["shared"],
	window: ["shared"],
};
/** What all may import: the shapes of the protocol. */
const PROTOCOL = "protocol.js";

const extension = fileURLToPath(new URL("../../extension/", import.meta.url));

/** @returns {Promise<Sources>} */
async function sources() {
	const names = (await readdir(extension, { recursive: true })).map(String);
	const scripts = names.filter(
		(name) => name.endsWith(".js") && !name.startsWith("icons"),
	);
	const read = scripts.map(
		async (name) =>
			/** @type {const} */ ([name, await readFile(path.join(extension, name), "utf8")]),
	);
	return new Map(await Promise.all(read));
}

/**
 * @param {Sources} all
 * @returns {Imports}
 */
function importsOf(all) {
	return new Map(
		[...all].map(([name, text]) => {
			const paths = text.matchAll(/(?:\bfrom|\bimport\(?)\s*["'](\.[^"']+)["']/g);
			const folder = path.posix.dirname(name);
			return [
				name,
				new Set([...paths].map(([, to]) => path.posix.join(folder, to ?? ""))),
			];
		}),
	);
}

/**
 * A shortest circle for each file that is in one.
 * @param {Imports} imports
 */
function circles(imports) {
	const found = [];
	const reported = new Set();
	for (const start of imports.keys()) {
		if (reported.has(start)) continue;
		/** @type {string[][]} */
		const queue = [[start]];
		const seen = new Set();
		for (let way = queue.shift(); way; way = queue.shift()) {
			const next = [...(imports.get(way.at(-1) ?? "") ?? [])];
			if (next.includes(start)) {
				for (const name of way) reported.add(name);
				found.push([...way, start].join(" → "));
				break;
			}
			for (const name of next.filter((name) => !seen.has(name))) {
				seen.add(name);
				queue.push([...way, name]);
			}
		}
	}
	return found;
}

/**
 * Imports that no layer allows.
 * @param {Imports} imports
 */
function wrong(imports) {
	const found = [];
	for (const [name, targets] of imports) {
		const folder = path.posix.dirname(name);
		/** @type {Record<string, string[]>} */
		const layers = LAYERS;
		const allowed = layers[folder];
		assert.ok(allowed, `no layer for ${folder}/`);
		for (const target of targets) {
			const from = path.posix.dirname(target);
			if (target !== PROTOCOL && from !== folder && !allowed.includes(from))
				found.push(`${name} imports ${target}`);
		}
	}
	return found;
}

test("no file of the extension imports in a circle", async () => {
	assert.deepEqual(circles(importsOf(await sources())), []);
});

test("each file of the extension imports only from its layers", async () => {
	assert.deepEqual(wrong(importsOf(await sources())), []);
});

test("circles and pages that import the background are found, in code and in types", () => {
	const found = importsOf(
		new Map([
			["shared/a.js", 'import { b } from "./b.js";'],
			["shared/b.js", '/** @typedef {import("./c.js").C} C */'],
			["shared/c.js", '/** @import {A} from "./a.js" */'],
			["popup/popup.js", 'import { Outbox } from "../background/outbox.js";'],
			["background/outbox.js", "await import('../popup/popup.js');"],
		]),
	);
	assert.deepEqual(circles(found), [
		"shared/a.js → shared/b.js → shared/c.js → shared/a.js",
		"popup/popup.js → background/outbox.js → popup/popup.js",
	]);
	assert.deepEqual(wrong(found), [
		"popup/popup.js imports background/outbox.js",
		"background/outbox.js imports popup/popup.js",
	]);
});
