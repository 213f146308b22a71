// A machine for install.sh: its own home folder, and a PATH with only the programs that a test
// puts there.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
	chmod,
	mkdir,
	mkdtemp,
	readdir,
	rm,
	stat,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { until } from "../browser/driver/until.js";
import { project } from "../browser/program.js";

export const installer = path.join(project, "install.sh");

/** All that install.sh takes from a bare system. */
const TOOLS =
	"awk cat chmod cmp cp dirname find id mkdir mktemp mv rm rmdir sed sh sleep tr uname".split(
		" ",
	);

/** @typedef {{ code: number, stdout: string, stderr: string }} Outcome */

export class Machine {
	/**
	 * Programs that are still running at the test's end. A failed test must not wait for them.
	 * @type {import("node:child_process").ChildProcess[]}
	 */
	running = [];

	/** @param {string} folder @param {string} home */
	constructor(folder, home) {
		this.folder = folder;
		this.home = home;
		this.bin = path.join(folder, "bin");
		/** @type {NodeJS.ProcessEnv} */
		this.environment = {
			HOME: home,
			PATH: this.bin,
			TMPDIR: path.join(folder, "tmp"),
			LANG: "C.UTF-8",
		};
	}

	/**
	 * @param {import("node:test").TestContext} t whose end is the machine's
	 * @param {{ home?: string }} [options] name of the home folder
	 */
	static async make(t, { home = "home" } = {}) {
		const folder = await mkdtemp(path.join(tmpdir(), "url-notes-install-"));
		t.after(() => rm(folder, { recursive: true, force: true }));
		const machine = new Machine(folder, path.join(folder, home));
		t.after(() => {
			for (const child of machine.running) child.kill("SIGTERM");
		});
		for (const made of [machine.home, machine.bin, path.join(folder, "tmp")])
			await mkdir(made);
		for (const tool of TOOLS) await machine.borrow(tool);
		return machine;
	}

	/**
	 * Puts a program of the real system on the machine's PATH.
	 * @param {string} tool
	 */
	async borrow(tool) {
		await symlink(await locate(tool), path.join(this.bin, tool));
	}

	/**
	 * Puts a program on the machine's PATH and returns its path.
	 * @param {string} name
	 * @param {string} script
	 */
	async program(name, script = "exit 0") {
		const file = path.join(this.bin, name);
		await writeFile(file, `#!/bin/sh\n${script}\n`);
		await chmod(file, 0o755);
		return file;
	}

	/**
	 * Runs install.sh.
	 * @param {string[]} args
	 * @returns {Promise<Outcome>}
	 */
	install(...args) {
		return this.run(installer, args);
	}

	/**
	 * @param {string} program
	 * @param {string[]} args
	 * @returns {Promise<Outcome>}
	 */
	async run(program, args) {
		try {
			const output = await promisify(execFile)(program, args, {
				env: this.environment,
				cwd: this.folder,
			});
			return { code: 0, ...output };
		} catch (error) {
			return /** @type {Outcome} */ (error);
		}
	}

	/** Every file, folder and link below the home folder, with its mode: what is there. */
	async everything() {
		const names = await readdir(this.home, { recursive: true });
		return await Promise.all(
			names.sort().map(async (name) => {
				const { mode } = await stat(path.join(this.home, name));
				return `${(mode & 0o7777).toString(8)} ${name}`;
			}),
		);
	}
}

/** A try that runs in the foreground of nobody's terminal. */
export class Try {
	/** @param {Machine} machine @param {string[]} options @param {string} [script] */
	constructor(machine, options, script = installer) {
		this.machine = machine;
		this.child = spawn(script, ["--try", ...options], {
			env: machine.environment,
			stdio: ["ignore", "pipe", "pipe"],
		});
		this.ended = once(this.child, "exit");
		machine.running.push(this.child);
		this.lines = /** @type {string[]} */ ([]);
		for (const stream of [this.child.stdout, this.child.stderr]) {
			createInterface(stream).on("line", (line) => this.lines.push(line));
		}
	}

	/** Waits for a line and returns what the pattern's group holds. @param {RegExp} pattern */
	async says(pattern) {
		return await until(`it says ${pattern}`, () => {
			const found = this.lines.map((line) => pattern.exec(line)).find(Boolean);
			if (found) return found[1] ?? found[0];
			throw new Error(this.lines.join("\n"));
		});
	}

	/** Ends it as Ctrl+C or a script does, and sees that nothing is left. */
	async end() {
		this.child.kill("SIGTERM");
		const [code] = await this.ended;
		assert.equal(code, 0, this.lines.join("\n"));
		assert.deepEqual(await readdir(path.join(this.machine.folder, "tmp")), []);
		assert.deepEqual(await this.machine.everything(), []);
		await until("its processes have ended", async () => {
			const { stdout } = await promisify(execFile)("ps", ["-axo", "args="]);
			const left = stdout
				.split("\n")
				.filter((line) => line.includes(this.machine.folder));
			if (left.length > 0) throw new Error(left.join("\n"));
			return true;
		});
	}
}

/** @param {string} tool */
async function locate(tool) {
	const { stdout } = await promisify(execFile)("sh", ["-c", `command -v ${tool}`]);
	return stdout.trim();
}
