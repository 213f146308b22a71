// The connection: `hello` comes first, each request gets its response, and each broken port
// has a cause.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Host, HostError, Unreachable } from "../../extension/background/host.js";
import { FakePort, HELLO, settle } from "./fakes.js";

test.before(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.after(() => mock.timers.reset());

function connected() {
	/** @type {FakePort[]} */
	const ports = [];
	const host = new Host({
		extension: "0.1.0",
		openPort: () => {
			const port = new FakePort();
			ports.push(port);
			return port;
		},
	});
	let changes = 0;
	host.onChange = () => {
		changes += 1;
	};
	host.connect();
	const port = () => /** @type {FakePort} */ (ports.at(-1));
	return { host, port, ports, changes: () => changes };
}

/**
 * @param {Promise<unknown>} promise
 * @returns {Promise<any>}
 */
const outcome = (promise) => promise.catch((error) => error);

test("sends `hello` first, and queues requests until it is answered", async () => {
	const { host, port } = connected();
	const stats = host.request("stats", {});
	assert.deepEqual(port().sent, [
		{
			jsonrpc: "2.0",
			id: 1,
			method: "hello",
			params: { protocol: 1, extension: "0.1.0" },
		},
	]);
	assert.equal(host.hello, null);
	port().answer(HELLO);
	await settle();
	assert.deepEqual(host.hello, HELLO);
	assert.equal(port().sent[1].method, "stats");
	port().answer({ notes: 3 });
	assert.deepEqual(await stats, { notes: 3 });
});

test("resolves each request with its own response, in any order", async () => {
	const { host, port } = connected();
	port().answer(HELLO);
	await settle();
	const first = host.request("noteForUrl", { url: "https://a.example/" });
	const second = host.request("noteForUrl", { url: "https://b.example/" });
	const [, one, two] = port().sent;
	port().answer({ note: null, onThisSite: 2 }, two);
	port().answer({ note: null, onThisSite: 1 }, one);
	assert.equal((await first).onThisSite, 1);
	assert.equal((await second).onThisSite, 2);
});

test("an error response rejects with its kind and the host's sentence", async () => {
	const { host, port } = connected();
	port().answer(HELLO);
	await settle();
	const asked = outcome(host.request("noteForUrl", { url: "x" }));
	port().refuse("invalid_url", "That is not an address.");
	const error = await asked;
	assert.ok(error instanceof HostError);
	assert.equal(error.kind, "invalid_url");
	assert.equal(error.message, "That is not an address.");
});

test("all pending requests end with the port, and the next request opens another", async () => {
	const { host, port, ports } = connected();
	port().answer(HELLO);
	await settle();
	const asked = [host.request("stats", {}), host.request("stats", {})].map(outcome);
	port().end("Native host has exited.");
	for (const error of await Promise.all(asked)) {
		assert.ok(error instanceof Unreachable);
		assert.equal(error.reason, "program_ended");
	}
	assert.equal(host.hello, null);
	assert.equal(host.trouble, "program_ended");
	const again = host.request("stats", {});
	assert.equal(ports.length, 2);
	port().answer(HELLO);
	await settle();
	assert.equal(host.trouble, null);
	port().answer({ notes: 1 });
	assert.deepEqual(await again, { notes: 1 });
});

test("requests queued for `hello` end with the port too", async () => {
	const { host, port } = connected();
	const asked = outcome(host.request("stats", {}));
	port().end("Specified native messaging host not found.");
	assert.equal((await asked).reason, "not_registered_or_program_missing");
});

for (const [text, cause] of /** @type {const} */ ([
	["Specified native messaging host not found.", "not_registered_or_program_missing"],
	["Access to the specified native messaging host is forbidden.", "not_allowed"],
	["Native host has exited.", "program_crashed_or_not_executable"],
	["Failed to start native messaging host.", "program_missing_or_not_executable"],
	["Error when communicating with the native messaging host.", "program_garbled"],
	["No such native application url_notes", "not_registered_or_not_allowed"],
	["An unexpected error occurred", "program_missing_or_not_executable"],
	[
		"Native application tried to send a message of 1634760805 bytes, which exceeds the limit of 1048576 bytes.",
		"program_garbled",
	],
	[null, "program_crashed"],
	["Something no browser has said yet", "program_crashed"],
])) {
	test(`before hello ${JSON.stringify(text)} means ${cause}`, () => {
		const { host, port, changes } = connected();
		port().end(text);
		assert.equal(host.trouble, cause);
		assert.equal(changes(), 1);
	});
}

for (const [hello, cause] of /** @type {const} */ ([
	[{ ...HELLO, protocol: 0 }, "host_too_old"],
	[{ ...HELLO, protocol: 2 }, "host_too_new"],
])) {
	test(`a host that speaks protocol ${hello.protocol} is ${cause}`, async () => {
		const { host, port } = connected();
		port().answer(hello);
		await settle();
		assert.equal(host.hello, null);
		assert.equal(host.trouble, cause);
		assert.ok(port().closed);
	});
}

for (const [kind, cause] of [
	["protocol_unsupported", "host_too_new"],
	["unknown_method", "host_too_old"],
]) {
	test(`a hello refused with ${kind} means ${cause}`, async () => {
		const { host, port } = connected();
		port().refuse(kind ?? "", "No.");
		await settle();
		assert.equal(host.trouble, cause);
	});
}

for (const nonsense of [
	null,
	1,
	"x",
	[],
	{},
	{ jsonrpc: "2.0", id: 1 },
	{ jsonrpc: "2.0", id: 1, error: {} },
]) {
	test(`${JSON.stringify(nonsense)} isn't a response of url-notes`, () => {
		const { host, port } = connected();
		port().say(nonsense);
		assert.equal(host.trouble, "program_garbled");
		assert.ok(port().closed);
	});
}

test("a host that doesn't answer `hello` in time is disconnected", () => {
	const { host, port } = connected();
	mock.timers.tick(9_999);
	assert.equal(host.trouble, null);
	mock.timers.tick(1);
	assert.equal(host.trouble, "program_silent");
	assert.ok(port().closed);
});

test("a host that doesn't respond in time is disconnected, and one that did isn't", async () => {
	const { host, port } = connected();
	port().answer(HELLO);
	await settle();
	const quick = host.request("stats", {});
	port().answer({ notes: 1 });
	await quick;
	mock.timers.tick(120_000);
	assert.equal(host.trouble, null);
	const slow = outcome(host.request("stats", {}));
	mock.timers.tick(60_000);
	assert.equal((await slow).reason, "program_silent");
});

test("a request on a port that closed unnoticed is rejected", async () => {
	const { host, port } = connected();
	port().answer(HELLO);
	await settle();
	port().closed = true;
	assert.equal((await outcome(host.request("stats", {}))).reason, "program_ended");
});

test("messages from a port that has ended are ignored", async () => {
	const { host, port, ports } = connected();
	const old = port();
	old.end(null);
	host.connect();
	assert.equal(ports.length, 2);
	old.answer({ ...HELLO, host: "of the old port" }, { id: 2 });
	old.end("Native host has exited.");
	port().answer(HELLO);
	await settle();
	assert.deepEqual(host.hello, HELLO);
	assert.equal(host.trouble, null);
});

test("an exception of the browser's `connectNative` has a cause too", async () => {
	const host = new Host({
		extension: "0.1.0",
		openPort: () => {
			throw new Error("Access to native messaging is denied");
		},
	});
	assert.equal((await outcome(host.request("stats", {}))).reason, "program_crashed");
});
