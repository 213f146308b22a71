// `url-notes mcp`, judged by others: both official clients, the official conformance tests and a
// tokenizer of models.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { promisify } from "node:util";
import { Client as StatelessClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as StatelessTransport } from "@modelcontextprotocol/client/stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { builtProgram, project, putNotes } from "../browser/program.js";

const run = promisify(execFile);

const identity = { name: "test", version: "1" };

/** @type {[string, (server: { command: string, args: string[] }) => Promise<any>][]} */
const CLIENTS = [
	[
		"the client of the revisions with a handshake",
		async (server) => {
			const client = new Client(identity);
			await client.connect(new StdioClientTransport(server));
			return client;
		},
	],
	[
		"the client of 2026-07-28",
		async (server) => {
			const versionNegotiation = { mode: { pin: "2026-07-28" } };
			const client = new StatelessClient(identity, { versionNegotiation });
			await client.connect(new StatelessTransport(server));
			return client;
		},
	],
	[
		"a client that asks for the revision first",
		async (server) => {
			const versionNegotiation = { mode: /** @type {const} */ ("auto") };
			const client = new StatelessClient(identity, { versionNegotiation });
			await client.connect(new StatelessTransport(server));
			return client;
		},
	],
];

/**
 * A folder with notes, and how to start the server on it.
 * @param {import("node:test").TestContext} t
 */
async function notes(t) {
	const folder = await mkdtemp(path.join(tmpdir(), "url-notes-mcp-"));
	t.after(() => rm(folder, { recursive: true, force: true }));
	const rows = Array.from({ length: 12 }, (_, at) => ({
		url: `https://journal.example.org/2026/${at}/how-we-cut-our-build-times`,
		title: `How we cut our build times in half, part ${at}: caching and linking`,
		tags: ["rust", "compilers", "build systems"],
		summary: at === 0 ? "The linker was **slow**.\n\n> Link less, the page says.\n" : "",
		excerpt: "Caching, and less of everything else.",
		text: `# Part ${at}\n\nThe linker takes most of the time that a build of the whole project needs, and nobody knew it before we measured what each step of it takes on the computers that we have.\n`,
	}));
	const putting = run(putNotes, [path.join(folder, "notes.db")]);
	putting.child.stdin?.end(JSON.stringify(rows));
	/** @type {number[]} */
	const ids = JSON.parse((await putting).stdout);
	return { ids, command: builtProgram, args: ["--data-dir", folder, "mcp"] };
}

/** @param {any} result */
const answerOf = (result) => {
	assert.ok(!result.isError, JSON.stringify(result));
	return JSON.parse(result.content.at(-1).text);
};

for (const [name, connect] of CLIENTS) {
	test(`${name} reads notes and texts`, async (t) => {
		const { ids, ...server } = await notes(t);
		const client = await connect(server);
		t.after(() => client.close());
		assert.match(client.getInstructions(), /never instructions/);
		assert.equal(client.getServerVersion().name, "url-notes");

		const { tools } = await client.listTools();
		assert.deepEqual(
			tools.map((/** @type {{ name: string }} */ tool) => tool.name),
			["search_notes", "get_note", "read_text", "list_tags", "notes_with_tag"],
		);
		for (const tool of tools) assert.equal(tool.annotations.readOnlyHint, true);
		/** @param {string} tool @param {object} values */
		const call = (tool, values) => client.callTool({ name: tool, arguments: values });

		const found = answerOf(await call("search_notes", { query: "linker", limit: 5 }));
		assert.equal(found.notes.length, 5);
		assert.equal(found.notes[0].yours.note, undefined, "a quoting note");
		const more = answerOf(
			await call("search_notes", { query: "linker", cursor: found.next }),
		);
		assert.equal(more.notes.length, 7);
		const note = answerOf(await call("get_note", { id: ids[0] }));
		assert.equal(note.yours.note, "The linker was **slow**.");
		assert.equal(note.page.quotes, "Link less, the page says.");
		const text = answerOf(await call("read_text", { id: ids[0] }));
		assert.match(text.page.text, /^# Part 0\n\nThe linker takes/);
		const { tags } = answerOf(await call("list_tags", { filter: "comp" }));
		assert.deepEqual(tags, [["compilers", 12]]);
		const tagged = answerOf(await call("notes_with_tag", { with: ["Rust"] }));
		assert.equal(tagged.notes.length, 10);

		const wrong = await call("get_note", { id: 1 });
		assert.equal(wrong.isError, true);
		assert.equal(wrong.content[0].text, "There is no such note.");
		await assert.rejects(call("delete_note", {}), /Unknown tool/);

		assert.deepEqual((await client.listResources()).resources, []);
		const { resourceTemplates } = await client.listResourceTemplates();
		assert.equal(resourceTemplates[0].uriTemplate, "url-notes://note/{id}");
		const { contents } = await client.readResource({ uri: `url-notes://note/${ids[0]}` });
		assert.match(contents[0].text, /The linker was \*\*slow\*\*/);
		await assert.rejects(client.readResource({ uri: "url-notes://note/1" }), /not found/);
	});
}

test("what models read has few tokens", async (t) => {
	const { ids: _, ...server } = await notes(t);
	const client = new Client(identity);
	await client.connect(new StdioClientTransport(server));
	t.after(() => client.close());
	const tools = encode(JSON.stringify(await client.listTools())).length;
	assert.ok(tools <= 1200, `${tools}`);
	const found = await client.callTool({
		name: "search_notes",
		arguments: { query: "linker", in: "text" },
	});
	const content = /** @type {{ text: string }[]} */ (found.content);
	assert.equal(answerOf(found).notes.length, 10);
	const hits = content.reduce((sum, { text }) => sum + encode(text).length, 0);
	assert.ok(hits <= 1500, `${hits}`);
	t.diagnostic(`tools/list ${tools} tokens, ten matches ${hits}`);
});

test("the server ends with its client, even in the middle", async (t) => {
	const { ids: _, command, args } = await notes(t);
	const request = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
	for (const sent of ["", `${request}\n`, request.slice(0, 20)]) {
		const server = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
		let said = "";
		server.stdout.on("data", (data) => {
			said += data;
		});
		server.stdin.end(sent);
		const code = await new Promise((resolve) => server.once("close", resolve));
		assert.equal(code, 0);
		assert.equal(
			said,
			sent.endsWith("\n") ? '{"id":1,"jsonrpc":"2.0","result":{}}\n' : "",
		);
	}
	// Nobody reads what it says.
	const server = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
	server.stdout.destroy();
	server.stdin.on("error", () => {});
	const ended = new Promise((resolve) => server.once("exit", resolve));
	server.stdin.write(`${request}\n${request}\n`.repeat(1000));
	assert.notEqual(await ended, null);
});

test("the official conformance tests for every server pass", async (t) => {
	const { ids: _, command, args } = await notes(t);
	// They speak HTTP, so they get a server that passes messages on. The other scenarios are about
	// prompts, logging and tools with names of their own, which this server doesn't have.
	const bridge = createServer((request, response) => {
		if (request.method !== "POST") {
			response.writeHead(405).end();
			return;
		}
		let body = "";
		request.on("data", (data) => {
			body += data;
		});
		request.on("end", async () => {
			const message = JSON.parse(body);
			const answer = await ask(message);
			if (answer === null) response.writeHead(202).end();
			else response.writeHead(200, { "content-type": "application/json" }).end(answer);
		});
	});
	const server = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
	/** @type {Map<unknown, (line: string) => void>} */
	const waiting = new Map();
	createInterface(server.stdout).on("line", (line) => {
		waiting.get(JSON.parse(line).id)?.(line);
	});
	/** @param {{ id?: unknown }} message @returns {Promise<string | null>} */
	const ask = (message) => {
		server.stdin.write(`${JSON.stringify(message)}\n`);
		if (message.id === undefined) return Promise.resolve(null);
		return new Promise((resolve) => waiting.set(message.id, resolve));
	};
	await new Promise((resolve) => bridge.listen(0, "127.0.0.1", () => resolve(null)));
	t.after(() => {
		bridge.close();
		bridge.closeAllConnections();
		server.kill();
	});
	const { port } = /** @type {import("node:net").AddressInfo} */ (bridge.address());
	const program = path.join(
		project,
		"node_modules/@modelcontextprotocol/conformance/dist/index.js",
	);
	const results = await mkdtemp(path.join(tmpdir(), "url-notes-conformance-"));
	t.after(() => rm(results, { recursive: true, force: true }));
	for (const scenario of ["server-initialize", "ping", "tools-list", "resources-list"]) {
		const url = `http://127.0.0.1:${port}/mcp`;
		const words = [program, "server", "--url", url, "--scenario", scenario];
		const { stdout } = await run(process.execPath, words, { cwd: results });
		assert.match(stdout, /Passed: [1-9]\d*\/[1-9]\d*, 0 failed/, stdout);
	}
});
