// Drives the program for Windows under wine as browsers do, with several processes at once. Started by
// run.sh: node messages.js PROGRAM FOLDER. Prints a line for each thing that was seen to work; ends with
// exit code 1 at the first that didn't.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";

const [program = "", folder = ""] = process.argv.slice(2);
const ORIGIN = "chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/";
const PORT = "17683";
/** Wine takes seconds to start a program on a busy computer. */
const WITHIN_MS = 120_000;

/** A host as Chrome starts it. */
class Host {
	/** @type {Map<number, (answer: any) => void>} */ #waiting = new Map();
	#lastId = 0;
	#bytes = Buffer.alloc(0);

	/** @param {string} port */
	constructor(port) {
		this.process = spawn("wine", [program, ORIGIN, "--parent-window=0"], {
			env: { ...process.env, URL_NOTES_PORT: port, URL_NOTES_DATA_DIR: folder },
			stdio: ["pipe", "pipe", "inherit"],
		});
		this.ended = once(this.process, "exit");
		this.process.stdout.on("data", (bytes) => {
			this.#bytes = Buffer.concat([this.#bytes, bytes]);
			while (this.#bytes.length >= 4) {
				const length = this.#bytes.readUInt32LE(0);
				if (this.#bytes.length < 4 + length) return;
				const answer = JSON.parse(this.#bytes.subarray(4, 4 + length).toString());
				this.#bytes = this.#bytes.subarray(4 + length);
				this.#waiting.get(answer.id)?.(answer);
			}
		});
	}

	/**
	 * @param {string} method
	 * @param {object} params
	 * @returns {Promise<any>} The result, or an error.
	 */
	async call(method, params) {
		const id = ++this.#lastId;
		const payload = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
		const length = Buffer.alloc(4);
		length.writeUInt32LE(payload.length);
		/** @type {Promise<any>} */
		const answered = new Promise((resolve, reject) => {
			this.#waiting.set(id, resolve);
			setTimeout(reject, WITHIN_MS, new Error(`${method} wasn't answered`)).unref();
		});
		this.process.stdin.write(Buffer.concat([length, payload]));
		const answer = await answered;
		assert.ok(answer.result, `${method}: ${JSON.stringify(answer.error)}`);
		return answer.result;
	}

	hello() {
		return this.call("hello", { protocol: 1, extension: "0.1.0" });
	}

	/** @param {string} url */
	save(url) {
		return this.call("saveNote", {
			opId: crypto.randomUUID(),
			url,
			title: "Übung 機械",
			tags: ["wine"],
		});
	}

	async end() {
		this.process.stdin.end();
		const [code] = await this.ended;
		assert.equal(code, 0);
	}
}

/**
 * @param {string} path
 * @param {string} host
 * @param {Record<string, string>} [headers]
 * @returns {Promise<{status: number, cookie: string, body: string}>}
 */
function visit(path, host, headers = {}) {
	return new Promise((resolve, reject) => {
		const lines = {
			Host: host,
			"Sec-Fetch-Site": "none",
			"Sec-Fetch-Mode": "navigate",
			"Sec-Fetch-Dest": "document",
		};
		const request = http.get(
			{
				host: "127.0.0.1",
				port: PORT,
				path,
				headers: { ...lines, ...headers },
				agent: false,
			},
			(response) => {
				let body = "";
				response.setEncoding("utf8");
				response.on("data", (text) => (body += text));
				response.on("end", () => {
					const [cookie = ""] = response.headers["set-cookie"] ?? [];
					resolve({
						status: response.statusCode ?? 0,
						cookie: cookie.split(";")[0] ?? "",
						body,
					});
				});
			},
		);
		request.on("error", reject);
	});
}

/**
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} attempt
 * @returns {Promise<T>}
 */
async function until(what, attempt) {
	const end = Date.now() + WITHIN_MS;
	for (;;) {
		try {
			return await attempt();
		} catch (error) {
			if (Date.now() > end) throw new Error(`${what}: ${error}`);
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
	}
}

/** @param {string} what */
const seen = (what) => console.log(`ok  ${what}`);

const first = new Host(PORT);
assert.equal((await first.hello()).protocol, 1);
await first.save("https://example.org/first");
seen("native messages: hello and a save");

const many = Array.from({ length: 6 }, () => new Host("0"));
await Promise.all(
	many.map(async (host, which) => {
		await host.hello();
		for (let number = 0; number < 5; number++)
			await host.save(`https://example.org/${which}/${number}`);
	}),
);
const counted = async () => (await first.hello()).notes;
assert.equal(await counted(), 31);
seen("6 hosts saved 5 notes each at once");
await Promise.all(many.map((host) => host.end()));
seen("the hosts ended with their input");

const hello = await until("the site is served", async () => {
	const answer = await first.hello();
	assert.equal(answer.siteProblem, null);
	return answer;
});
const address = new URL(hello.siteUrl);
assert.match(address.pathname, /^\/enter\/[0-9a-f]{96}\/$/);
const locked = await until("the site answers", () =>
	visit("/", `${address.host}`, { "Sec-Fetch-Site": "cross-site" }),
);
assert.equal(locked.status, 403);
assert.doesNotMatch(locked.body, /Übung/);
seen("the site is locked without the key");
const entered = await visit(`${address.pathname}all/0`, address.host, {
	"Sec-Fetch-Site": "cross-site",
});
assert.equal(entered.status, 200);
assert.match(entered.body, /0;url=\/all\/0/);
assert.match(entered.cookie, /^url-notes-\d+=/);
const shown = await visit("/all/0", address.host, {
	Cookie: entered.cookie,
	"Sec-Fetch-Site": "same-origin",
});
assert.equal(shown.status, 200);
assert.match(shown.body, /Übung 機械/);
const again = await visit(`${address.pathname}tags`, address.host, {
	"Sec-Fetch-Site": "cross-site",
});
assert.match(again.body, /0;url=\/tags/);
assert.equal(again.cookie, "");
seen("the extension's address opens the site once, and its cookie from then on");

const doomed = new Host("0");
await doomed.hello();
for (let number = 0; number < 3; number++)
	await doomed.save(`https://example.org/kept/${number}`);
const unanswered = doomed.save("https://example.org/last").catch(() => null);
doomed.process.kill("SIGKILL");
await doomed.ended;
await Promise.race([unanswered, new Promise((resolve) => setTimeout(resolve, 100))]);
assert.ok((await counted()) >= 34);
await first.save("https://example.org/after");
seen("kill -9: every note that was answered is there, and others go on saving");
await first.end();
process.exit(0);
