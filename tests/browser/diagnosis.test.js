// Each cause why the host can't be reached, provoked in both browsers. The popup names the
// cause and the command that fixes it, and so does `url-notes doctor`. After the fix the save
// is delivered, once.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { cureFor } from "../../extension/background/diagnosis.js";
import { until } from "./driver/until.js";
import { builtProgram, project } from "./program.js";
import { inEachBrowser } from "./test-environment.js";

/** @import {Cause} from "../../extension/shared/messages.js" */

/** @typedef {import("./test-environment.js").World} World */

const run = promisify(execFile);

/** @param {string} file */
const readJson = async (file) =>
	JSON.parse(await readFile(path.join(project, file), "utf8"));
const messages = await readJson("extension/_locales/en/messages.json");
const manifest = await readJson("extension/manifest.json");
const { oneOf } = await readJson("tests/contract/causes.json");

/** @param {World} world */
const manifests = (world) =>
	[".config/chromium/NativeMessagingHosts", ".mozilla/native-messaging-hosts"].map(
		(folder) => path.join(world.home, folder, "url_notes.json"),
	);

/**
 * Writes both host manifests anew.
 * @param {World} world
 * @param {(text: string) => string} change
 */
async function rewrite(world, change) {
	for (const file of manifests(world))
		await writeFile(file, change(await readFile(file, "utf8")));
}

/**
 * Puts another program in the place of url-notes.
 * @param {World} world
 * @param {string} script
 */
async function replace(world, script) {
	await rm(world.program);
	await writeFile(world.program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/**
 * A script that answers each greeting with this protocol, and ends when the browser lets go of it.
 * @param {number} protocol
 */
const speaking = (protocol) => {
	const hello = { protocol, host: "9.9.9", siteUrl: "", database: "", notes: 0, tags: 0 };
	return `
		id=$(head -c 60 | tr -dc '[:print:]' | sed 's/.*"id":\\([0-9]*\\),.*/\\1/')
		answer='{"jsonrpc":"2.0","id":'$id',"result":${JSON.stringify(hello)}}'
		printf "\\\\$(printf %03o \${#answer})\\000\\000\\000%s" "$answer"
		cat >/dev/null`;
};

/** @type {{ what: string, plant: (world: World) => Promise<unknown>, chromium: Cause, firefox: Cause }[]} */
const CASES = [
	{
		what: "nothing registers it",
		plant: async (world) => {
			for (const file of manifests(world)) await rm(file);
		},
		chromium: "not_registered_or_program_missing",
		firefox: "not_registered_or_not_allowed",
	},
	{
		what: "its manifest is cut off",
		plant: (world) => rewrite(world, (text) => text.slice(0, text.length / 2)),
		chromium: "not_registered_or_program_missing",
		firefox: "not_registered_or_not_allowed",
	},
	{
		what: "its manifest allows other extensions",
		plant: (world) =>
			rewrite(world, (text) =>
				text
					.replace("chrome-extension://p", "chrome-extension://a")
					.replace("url-notes@", "another@"),
			),
		chromium: "not_allowed",
		firefox: "not_registered_or_not_allowed",
	},
	{
		what: "its program is missing",
		plant: (world) => rm(world.program),
		chromium: "not_registered_or_program_missing",
		firefox: "program_missing_or_not_executable",
	},
	{
		what: "its program can't be executed",
		plant: (world) => chmod(world.program, 0o644),
		chromium: "program_crashed_or_not_executable",
		firefox: "program_missing_or_not_executable",
	},
	{
		what: "its program ends at once",
		plant: (world) => replace(world, "exit 1"),
		chromium: "program_crashed_or_not_executable",
		firefox: "program_crashed",
	},
	{
		what: "its program writes something else",
		plant: (world) => replace(world, "echo Hello, world; cat >/dev/null"),
		chromium: "program_garbled",
		firefox: "program_garbled",
	},
	{
		what: "its program answers with more than a browser takes",
		plant: (world) => replace(world, "printf '\\001\\000\\020\\000'; cat /dev/zero"),
		chromium: "program_garbled",
		firefox: "program_garbled",
	},
	{
		what: "its program is older than the extension",
		plant: (world) => replace(world, speaking(0)),
		chromium: "host_too_old",
		firefox: "host_too_old",
	},
	{
		what: "its program is newer than the extension",
		plant: (world) => replace(world, speaking(2)),
		chromium: "host_too_new",
		firefox: "host_too_new",
	},
	{
		what: "its program never answers",
		plant: (world) => replace(world, "cat >/dev/null"),
		chromium: "program_silent",
		firefox: "program_silent",
	},
];

for (const { what, plant, ...causes } of CASES) {
	inEachBrowser(
		`says so when ${what}, and delivers the save once it is mended`,
		async (world, browser) => {
			const cause = causes[browser.name === "Chromium" ? "chromium" : "firefox"];
			const { popup } = await world.save(browser, "/article", "queued");
			await until("the popup names the cause", async () => {
				const status = await popup.text("#status");
				if (!status.endsWith(messages[`cause_${cause}`].message)) throw new Error(status);
				return true;
			});
			await until("the popup shows the command", async () => {
				const command = await popup.text("#cure-command");
				return command === cureFor(cause) && (await popup.shows("#cure-command"));
			});
			const { checks } = await doctor(world);
			const found = checks.find(
				(/** @type {any} */ check) =>
					check.level === "fault" && check.browser === browser.name,
			);
			assert.ok(
				(oneOf[cause]?.causes ?? [cause]).includes(found?.cause),
				JSON.stringify(checks),
			);
			assert.equal(found.command, cureFor(cause));

			await popup.type("kept,");
			await popup.hasTags("kept");
			await world.install();
			// Whoever never answers is waited for; the user ends it.
			if (cause === "program_silent") await world.killHosts();
			await deliver(world, popup);
		},
		{ before: plant },
	);
}

/**
 * @param {World} world
 * @param {import("./driver/popup.js").Popup} popup
 */
async function deliver(world, popup) {
	// The extension tries by itself, too, and the button does nothing while it does.
	await until("the button can be used", () =>
		popup.evaluate(() => document.querySelector("#try-again")?.ariaDisabled !== "true"),
	);
	await popup.focus("#try-again");
	await popup.press("Enter");
	const kept = [{ url: world.web.address("/article"), tags: ["kept"] }];
	await world.holds(kept).catch(async (error) => {
		const status = await popup.text("#status").catch(String);
		const hosts = await world.hostProcesses();
		throw new Error(`${error.message}; the popup says: ${status}; hosts: ${hosts}`);
	});
	await popup.reaches("saved");
	await popup.dismiss();
	await world.holds(kept);
}

/** @param {World} world */
async function doctor(world) {
	const asked = run(builtProgram, ["doctor", "--json"], { env: world.environment });
	// It ends with 1 where it has found something.
	const { stdout } = await asked.catch((error) => error);
	return JSON.parse(stdout);
}

inEachBrowser(
	"doctor knows the extension once it has connected",
	async (world, browser) => {
		const { popup } = await world.save(browser, "/article");
		await popup.dismiss();
		await until("doctor knows it", async () => {
			const { browsers } = await doctor(world);
			const found = browsers.find(
				(/** @type {any} */ known) => known.title === browser.name,
			);
			return found.extension?.version === manifest.version;
		});
	},
);

/** @type {{ what: string, content: (empty: Buffer) => Buffer, says: RegExp }[]} */
const DATABASES = [
	{
		what: "were written by a newer version",
		content: (empty) => {
			const newer = Buffer.from(empty);
			// user_version, in the header of every SQLite database.
			newer.writeUInt32BE(9999, 60);
			return newer;
		},
		says: /written by a newer version/,
	},
	{
		what: "are damaged",
		content: (empty) => Buffer.concat([Buffer.alloc(100, "x"), empty.subarray(100)]),
		says: /damaged/,
	},
];

for (const { what, content, says } of DATABASES) {
	inEachBrowser(
		`says so when the notes ${what}, as doctor does, and delivers the save once they are mended`,
		async (world, browser) => {
			const database = path.join(world.folder, "notes.db");
			const sound = `${database}.sound`;
			const { popup } = await world.save(browser, "/article", "queued");
			const status = await popup.says("#status", says);
			const { checks } = await doctor(world);
			const found = checks.find(
				(/** @type {any} */ check) =>
					check.level === "fault" && check.area === "database",
			);
			assert.ok(status.endsWith(found?.message), `${status} ${JSON.stringify(checks)}`);
			await popup.type("kept,");
			await popup.hasTags("kept");
			await run("mv", ["-f", sound, database]);
			await deliver(world, popup);
		},
		{
			before: async (world) => {
				await mkdir(world.folder, { recursive: true });
				// Of a host that has ended, so that all of it is in the one file.
				await world.command("list");
				const database = path.join(world.folder, "notes.db");
				const empty = await readFile(database);
				await writeFile(`${database}.sound`, empty, { mode: 0o600 });
				await writeFile(database, content(empty));
			},
		},
	);
}
