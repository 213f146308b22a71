// The messages of a version before, as recorded in tests/fixtures/protocol (record-protocol.js).

import { chmod, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { project } from "./program.js";

/**
 * @typedef {{ jsonrpc: "2.0", id: unknown, method: string, params: object }} Request
 * @typedef {{ jsonrpc: "2.0", id: unknown, result?: any, error?: any }} Response
 * @typedef {{ request: Request, response: Response }} Pair
 */

/**
 * A recording.
 * @typedef {object} Recording
 * @property {string} commit of the version
 * @property {string} version
 * @property {Pair[]} sent what the extension sent in a browser, with the answers of its host
 * @property {Record<string, { name: string, request: Request, response: Response }[]>} contract
 *   the pairs of that version's tests/contract
 * @property {Record<string, object>} refused the methods of the version that recorded it which that
 *   host didn't know, with its errors
 */

/** Folder of the recordings. */
export const recordings = path.join(project, "tests/fixtures/protocol");

/** @returns {Promise<{ name: string, file: string, recording: Recording }[]>} */
export async function allRecordings() {
	const names = (await readdir(recordings)).filter((name) => name.endsWith(".json"));
	return await Promise.all(
		names.sort().map(async (name) => {
			const file = path.join(recordings, name);
			const recording = JSON.parse(await readFile(file, "utf8"));
			return { name: path.basename(name, ".json"), file, recording };
		}),
	);
}

/**
 * The values that were seen at a place in answers.
 * @typedef {{ fields?: Record<string, Seen>, items?: Seen }} Seen
 */

/**
 * @param {Seen} seen
 * @param {unknown} value
 */
function learn(seen, value) {
	if (Array.isArray(value)) {
		for (const item of value) {
			seen.items ??= {};
			learn(seen.items, item);
		}
	} else if (typeof value === "object" && value !== null) {
		seen.fields ??= {};
		for (const [name, field] of Object.entries(value)) {
			seen.fields[name] ??= {};
			learn(seen.fields[name], field);
		}
	}
}

/**
 * Returns a value without the fields that weren't seen.
 * @param {any} value
 * @param {Seen | undefined} seen
 * @returns {any}
 */
function cut(value, seen) {
	if (Array.isArray(value)) return value.map((item) => cut(item, seen?.items));
	if (typeof value !== "object" || value === null || !seen?.fields) return value;
	const { fields } = seen;
	return Object.fromEntries(
		Object.entries(value)
			.filter(([name]) => Object.hasOwn(fields, name))
			.map(([name, field]) => [name, cut(field, fields[name])]),
	);
}

/** What a host of the recorded version knows: it refuses later methods, and answers no later fields. */
export class OlderProtocol {
	/** @type {Recording["refused"]} */ #refused;
	/** @type {Record<string, Seen>} */ #seen = {};

	/** @param {Recording} recording */
	constructor({ refused, sent, contract }) {
		this.#refused = refused;
		for (const { request, response } of [...sent, ...Object.values(contract).flat()]) {
			if (!response.result) continue;
			this.#seen[request.method] ??= {};
			learn(this.#seen[request.method] ?? {}, response.result);
		}
	}

	/**
	 * Returns the answer to a method that it doesn't know.
	 * @param {Request} request
	 * @returns {object | null}
	 */
	refuses({ id, method }) {
		const error = this.#refused[method];
		return error ? { jsonrpc: "2.0", id, error } : null;
	}

	/**
	 * Returns an answer of today's host as it was then.
	 * @param {string} method
	 * @param {Response} response
	 */
	answers(method, response) {
		// The names in an answer to `icons` are those of web sites.
		if (!response.result || method === "icons") return response;
		return { ...response, result: cut(response.result, this.#seen[method]) };
	}
}

/**
 * Puts a program in the host's place that passes messages on to it (between.js).
 * @param {import("./test-environment.js").World} world
 * @param {"record" | "older"} as
 * @param {string} file
 * @param {string} [host] default: the one that is installed
 */
export async function goBetween(world, as, file, host) {
	const program = host ?? `${world.program}.own`;
	if (!host) await rename(world.program, program);
	const between = fileURLToPath(new URL("between.js", import.meta.url));
	const words = [process.execPath, between, as, file, program].map((word) => `'${word}'`);
	await writeFile(`${world.program}.new`, `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`);
	await chmod(`${world.program}.new`, 0o755);
	await rename(`${world.program}.new`, world.program);
}
