// A separate display with a real mouse and keyboard, for the parts of a browser that aren't
// pages: menus, address bar, shortcuts. It knows windows, keys and coordinates, but no
// browser.

import { execFile, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { until } from "./until.js";

const run = promisify(execFile);

/** Width, height and depth of the screen, in pixels and bits. */
const SCREEN = "1280x1000x24";

export class Display {
	/** @type {import("node:child_process").ChildProcess} */ #server;
	/** Folder of the file that the screen is in. */ #folder;

	/**
	 * @param {import("node:child_process").ChildProcess} server
	 * @param {string} name as the variable DISPLAY has it
	 * @param {string} folder
	 */
	constructor(server, name, folder) {
		this.#server = server;
		this.name = name;
		this.#folder = folder;
	}

	static async start() {
		const folder = await mkdtemp(path.join(tmpdir(), "url-notes-screen-"));
		// It uses the first free number and reports it. It ends with this process, in any case.
		const server = spawn(
			"setpriv",
			[
				...["--pdeathsig", "TERM", "Xvfb", "-displayfd", "3", "-nolisten", "tcp"],
				...["-fbdir", folder, "-screen", "0", SCREEN],
			],
			{ stdio: ["ignore", "ignore", "ignore", "pipe"] },
		);
		const pipe = /** @type {import("node:stream").Readable} */ (server.stdio[3]);
		/** @type {string} */
		const number = await new Promise((resolve, reject) => {
			pipe.once("data", (data) => resolve(String(data).trim()));
			server.once("error", reject);
			server.once("exit", () => reject(new Error("There is no display.")));
		});
		return new Display(server, `:${number}`, folder);
	}

	/** @param {string[]} args of xdotool */
	async #do(...args) {
		const env = { ...process.env, DISPLAY: this.name };
		return (await run("xdotool", args, { env })).stdout;
	}

	/**
	 * Presses keys one after the other, by their names in X: "ctrl+l", "Return".
	 * @param {string[]} keys
	 */
	press = async (...keys) => {
		await this.#do("key", "--clearmodifiers", ...keys);
	};

	/** @param {string} text */
	type = async (text) => {
		await this.#do("type", "--clearmodifiers", "--delay", "8", text);
	};

	/** @param {{ x: number, y: number }} point in pixels of the screen */
	rightClick = async ({ x, y }) => {
		const at = [String(Math.round(x)), String(Math.round(y))];
		await this.#do("mousemove", ...at, "click", "3");
	};

	/** @returns {Promise<string[]>} ids of all menus in sight */
	menus = async () => {
		const windows = (await this.#do("search", "--onlyvisible", "--name", "")).split("\n");
		/** @type {string[]} */
		const menus = [];
		for (const id of windows.filter(Boolean)) {
			const asked = ["-display", this.name, "-id", id, "_NET_WM_WINDOW_TYPE"];
			// The window may be closed by now.
			const { stdout } = await run("xprop", asked).catch(() => ({ stdout: "" }));
			if (/_MENU\b/.test(stdout)) menus.push(id);
		}
		return menus;
	};

	/**
	 * Waits until the screen hasn't changed for this time.
	 * @param {number} milliseconds
	 */
	rests = async (milliseconds) => {
		const file = path.join(this.#folder, "Xvfb_screen0");
		let last = await readFile(file);
		let since = Date.now();
		await until("nothing moves on the screen", async () => {
			const now = await readFile(file);
			if (!now.equals(last)) since = Date.now();
			last = now;
			return Date.now() - since > milliseconds;
		});
	};

	end() {
		this.#server.kill();
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
