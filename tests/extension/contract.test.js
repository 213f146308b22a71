// The pairs of request and response that the host is tested with too.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import {
	HostError,
	readAnswer,
	requestMessage,
} from "../../extension/background/host.js";

const folder = new URL("../contract/", import.meta.url);

/** The others hold what both sides agree on besides. */
const filesOfPairs = (await readdir(folder))
	.filter((file) => !["tags.json", "causes.json"].includes(file))
	.sort();

for (const file of filesOfPairs) {
	/** @type {{name: string, request: any, response: any}[]} */
	const pairs = JSON.parse(await readFile(new URL(file, folder), "utf8"));

	for (const { name, request, response } of pairs) {
		test(`${file}: ${name}`, () => {
			// What the extension could send at all, it sends like this.
			if (typeof request?.id === "number" && request.params) {
				const { id, method, params } = request;
				if (request.jsonrpc === "2.0" && typeof method === "string") {
					assert.deepEqual(
						requestMessage(id, /** @type {any} */ (method), params),
						request,
					);
				}
			}
			const answer = readAnswer(response);
			assert.ok(answer, "the answer isn't understood");
			assert.deepEqual(answer.id, response.id);
			if ("error" in answer) {
				assert.ok(answer.error instanceof HostError);
				assert.equal(answer.error.kind, response.error.data.kind);
				assert.equal(answer.error.message, response.error.message);
			} else {
				assert.deepEqual(answer.result, response.result);
			}
		});
	}
}

test("there are pairs for every method", async () => {
	const typings = await readFile(
		new URL("../../extension/protocol.d.ts", import.meta.url),
		"utf8",
	);
	const body = /interface Methods \{([^}]*\}[^}]*)+?\n\}/.exec(typings)?.[0] ?? "";
	const methods = [...body.matchAll(/^ {2}(\w+): /gm)].map(([, method]) => method);
	assert.ok(methods.includes("saveNote"));
	const texts = await Promise.all(
		filesOfPairs.map((file) => readFile(new URL(file, folder), "utf8")),
	);
	const asked = new Set(
		texts.flatMap((text) =>
			JSON.parse(text).map((/** @type {any} */ pair) => pair.request?.method),
		),
	);
	for (const method of methods) assert.ok(asked.has(method), method);
});
