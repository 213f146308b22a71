// install.sh --try with the real program: without a display, and with one in each browser.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { twice } from "../browser/driver/twice.js";
import { until } from "../browser/driver/until.js";
import { builtProgram, freePort } from "../browser/program.js";
import { Machine, Try } from "./machine.js";

const WITH = ["--program", builtProgram];

/** @param {import("node:test").TestContext} t */
async function machineWithSystemTools(t) {
	const machine = await Machine.make(t);
	machine.environment.PATH = `${machine.bin}:${process.env.PATH}`;
	machine.environment.URL_NOTES_PORT = String(await freePort());
	return machine;
}

test("without a display it saves a page by a frame and shows it on its tag page", async (t) => {
	const machine = await machineWithSystemTools(t);
	const trial = new Try(machine, WITH);
	const address = await trial.says(/^Read it on its tag page: (http:.*)$/);
	assert.equal(
		address,
		`http://localhost:${machine.environment.URL_NOTES_PORT}/tag/hypertext`,
	);
	const page = await (await fetch(address)).text();
	assert.match(page, />Hypertext</);
	assert.match(page, /As We May Think/, "the samples are there too");
	await trial.says(/To have the button/);
	await trial.end();
	await assert.rejects(fetch(address));
});

test("without a browser it says so and does the same", async (t) => {
	const machine = await Machine.make(t);
	machine.environment.URL_NOTES_PORT = String(await freePort());
	for (const tool of ["grep", "mkfifo", "od", "wc", "tail", "date", "env"]) {
		await machine.borrow(tool);
	}
	const trial = new Try(machine, WITH);
	await trial.says(/^No browser was found/);
	const address = await trial.says(/^Read it on its tag page: (http:.*)$/);
	assert.match(await (await fetch(address)).text(), />Hypertext</);
	await trial.end();
});

test("names a port that is taken, and how to give another", async (t) => {
	const machine = await machineWithSystemTools(t);
	const server = createServer().listen(0, "127.0.0.1");
	t.after(() => server.close());
	await once(server, "listening");
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	machine.environment.URL_NOTES_PORT = String(port);
	const trial = new Try(machine, WITH);
	const [code] = await trial.ended;
	assert.equal(code, 1);
	await trial.says(new RegExp(`:${port}.*URL_NOTES_PORT=`));
	assert.deepEqual(await readdir(path.join(machine.folder, "tmp")), []);
});

for (const [name, title] of [
	["chromium", "Chromium"],
	["firefox", "Firefox"],
]) {
	const sentence = `with a display it opens ${title} with the extension, which starts the host`;
	test(sentence, async (t) => {
		await twice(sentence, async () => {
			const machine = await machineWithSystemTools(t);
			machine.environment.DISPLAY = await openDisplay(t);
			// Longer than the path of a socket may be.
			const long = path.join(machine.folder, "t".repeat(100));
			await mkdir(long);
			machine.environment.TMPDIR = long;
			const trial = new Try(machine, [...WITH, "--browser", `${name}`]);
			await trial.says(new RegExp(`^Opening ${title} with url-notes`));
			// Only an extension that is loaded and allowed makes the browser do that.
			await until(
				"the browser has started the host",
				async () => {
					const { stdout } = await promisify(execFile)("ps", ["-axo", "pid=,args="]);
					const started =
						/url-notes (chrome-extension:\/\/|\S*url_notes\.json url-notes@url-notes)/;
					for (const line of stdout.split("\n").filter((line) => started.test(line))) {
						const [pid = ""] = line.trim().split(" ");
						// Other tests have browsers, too. A process that has ended has no environment.
						const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(
							() => "",
						);
						if (environment.includes(`HOME=${machine.folder}/`)) return true;
					}
					const own = stdout.split("\n").filter((line) => line.includes(machine.folder));
					throw new Error(
						`it says ${trial.lines.join("\n")}; these run:\n${own.join("\n")}`,
					);
				},
				60_000,
			);
			await trial.end();
			assert.deepEqual(await readdir(long), []);
		});
	});
}

test("falls back where the display can't be had", async (t) => {
	const machine = await machineWithSystemTools(t);
	machine.environment.DISPLAY = ":64999";
	const trial = new Try(machine, [...WITH, "--browser", "chromium"]);
	await trial.says(/^Chromium ended at once/);
	await trial.says(/^Read it on its tag page/);
	await trial.end();
});

/**
 * A display that nobody sees, until the test ends.
 * @param {import("node:test").TestContext} t
 */
async function openDisplay(t) {
	const server = spawn(
		"Xvfb",
		["-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
		{
			stdio: ["ignore", "ignore", "ignore", "pipe"],
		},
	);
	t.after(async () => {
		server.kill();
		await once(server, "exit");
	});
	const [number] = await once(
		/** @type {import("node:stream").Readable} */ (server.stdio[3]),
		"data",
	);
	return `:${String(number).trim()}`;
}
