// The machine that packages are installed on: this one, with temporary copies of /usr, /etc
// and /var, so that nothing remains and nobody else sees it. If the kernel doesn't allow that,
// it is this machine itself.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { project } from "../browser/program.js";

const run = promisify(execFile);

/** What a package may change. */
const FOLDERS = ["usr", "etc", "var"];

/** Stays until its input is closed, and takes the copy with it. */
const COPY = `set -e
mount -t tmpfs -o mode=700 url-notes "$1"
for folder in ${FOLDERS.join(" ")}; do
	mkdir "$1/$folder" "$1/$folder.work"
	mount -t overlay -o "lowerdir=/$folder,upperdir=$1/$folder,workdir=$1/$folder.work" url-notes "/$folder"
done
echo ready
cat >/dev/null`;

export class PackageComputer {
	/** @type {string[]} what goes before a command to have it run there as root */
	#prefix = [];

	/** @param {import("node:test").TestContext} t whose end is the computer's */
	static async make(t) {
		const computer = new PackageComputer();
		computer.folder = await mkdtemp(path.join(tmpdir(), "url-notes-package-"));
		t.after(() => rm(computer.folder, { recursive: true, force: true }));
		const root = process.getuid?.() === 0;
		if (root) await computer.#copy(t);
		else computer.#prefix = ["sudo", "-n"];
		return computer;
	}

	folder = "";

	/** Whether it is gone with the test, whatever was done there. */
	get isCopy() {
		return this.#prefix[0] === "nsenter";
	}

	/** @param {import("node:test").TestContext} t */
	async #copy(t) {
		const mount = await mkdtemp(path.join(this.folder, "copy-"));
		const holder = spawn(
			"unshare",
			["--mount", "--propagation", "private", "sh", "-c", COPY, "sh", mount],
			{ stdio: ["pipe", "pipe", "inherit"] },
		);
		const ended = once(holder, "exit");
		const [said] = await Promise.race([
			once(createInterface(holder.stdout), "line"),
			ended,
		]);
		if (said !== "ready") return;
		this.#prefix = ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, "--"];
		t.after(async () => {
			holder.stdin.end();
			await ended;
		});
	}

	/**
	 * Runs a command there, as root.
	 * @param {string[]} command
	 * @returns {Promise<string>} what it printed
	 */
	async run(...command) {
		const [program, ...args] = [...this.#prefix, ...command];
		const { stdout } = await run(`${program}`, args, {
			maxBuffer: 64 * 1024 * 1024,
			// What dpkg calls lies in places that a user's PATH may lack.
			env: { ...process.env, LC_ALL: "C", PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
		});
		return stdout;
	}

	/**
	 * A program of that computer, to be started from here.
	 * @param {string} program its full path
	 */
	async program(program) {
		if (!this.isCopy) return program;
		const file = path.join(this.folder, path.basename(program));
		await writeFile(file, `#!/bin/sh\nexec ${this.#prefix.join(" ")} ${program} "$@"\n`);
		await chmod(file, 0o755);
		return file;
	}

	/** Everything there that is called as url-notes is, and who owns folders it shares. */
	async traces() {
		const named = await this.run(
			"find",
			...FOLDERS.map((folder) => `/${folder}`),
			"-xdev",
			"(",
			...["-iname", "*url-notes*", "-o", "-iname", "*url_notes*"],
			")",
			"-not",
			...["-path", `${project}*`],
		);
		return named.split("\n").filter(Boolean).sort();
	}

	/**
	 * Which of the paths are there.
	 * @param {string[]} paths
	 */
	async present(paths) {
		const script = 'for path; do [ ! -e "$path" ] || printf "%s\\n" "$path"; done';
		const found = await this.run("sh", "-c", script, "sh", ...paths);
		return found.split("\n").filter(Boolean);
	}

	/**
	 * Installs packages, until the test ends.
	 * @param {import("node:test").TestContext} t
	 * @param {string[]} files
	 */
	async install(t, ...files) {
		if (!this.isCopy) t.after(() => this.purge());
		await this.run("dpkg", "--install", ...files);
	}

	/** Removes the packages with their configuration, where they are there. */
	async purge() {
		await this.run("dpkg", "--purge", "url-notes-net", "url-notes");
	}
}

/** Makes dpkg-deb pack in seconds what takes it a minute, and a few megabytes larger. */
export const PACKED_SOON = { DPKG_DEB_COMPRESSOR_LEVEL: "0" };

/**
 * Makes the packages of a program, and of the url-notes-net beside it if there is one.
 * @param {string} program
 * @param {string} folder where they are put
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {Promise<string[]>} their paths
 */
export async function makePackages(program, folder, environment = {}) {
	const { stdout } = await run(
		path.join(project, "packaging/deb.sh"),
		["--program", program, folder],
		{ env: { ...process.env, ...PACKED_SOON, ...environment } },
	);
	return stdout.trim().split("\n");
}

/** @param {string} file @returns {Promise<string>} its SHA-256 */
export async function digest(file) {
	const bytes = new Uint8Array(await readFile(file));
	return Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
}
