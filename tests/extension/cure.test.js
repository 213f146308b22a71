// What a user does about a missing or outdated program: shared/cure.js.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { cureFor } from "../../extension/background/diagnosis.js";

globalThis.chrome = /** @type {any} */ ({
	i18n: {
		getMessage: (/** @type {string} */ key, /** @type {string[]} */ ...words) =>
			[key, ...words.flat()].join(" "),
	},
});
const { cureOf, downloadFor } = await import("../../extension/shared/cure.js");

const manifest = { version: "1.2.3" };
const linux = { os: "linux", arch: "x86-64" };
const old = /** @type {const} */ ({ trouble: "host_too_old", cure: "./install.sh" });

/** @param {"development" | "normal" | "admin" | "sideload" | "other"} installType */
const self = (installType) => ({ installType });

test("who loaded the folder runs install.sh in it", () => {
	for (const type of /** @type {const} */ (["development", "sideload", "other"]))
		assert.equal(downloadFor(self(type), linux, manifest), null, type);
	assert.deepEqual(cureOf(old, null), {
		where: "cureWhere",
		command: "./install.sh",
		page: null,
	});
});

test("who has the extension from a store gets the archive for their system", () => {
	for (const [os, arch, name] of [
		["linux", "x86-64", "url-notes-1.2.3-x86_64-linux"],
		["linux", "arm64", "url-notes-1.2.3-aarch64-linux"],
		["mac", "aarch64", "url-notes-1.2.3-arm64-darwin"],
		["mac", "x86-64", "url-notes-1.2.3-x86_64-darwin"],
	]) {
		const platform = { os: os ?? "", arch: arch ?? "" };
		const from = downloadFor(self("normal"), platform, manifest);
		const cure = cureOf(old, from);
		assert.equal(cure?.where, `cureDownload ${name}.tar.gz`);
		assert.equal(cure?.command, `tar -xzf ${name}.tar.gz && ./${name}/install.sh`);
		assert.equal(cure?.page, null);
	}
});

test("a system without an archive is said to have none", () => {
	for (const platform of [
		{ os: "win", arch: "x86-32" },
		{ os: "linux", arch: "x86-32" },
		{ os: "cros", arch: "arm" },
	]) {
		const from = downloadFor(self("normal"), platform, manifest);
		const cure = cureOf(old, from);
		assert.equal(cure?.where, "cureNoArchive");
		assert.equal(cure?.command, null);
	}
});

test("the link leads to the project's page, where the package names it", () => {
	const homepage_url = "https://example.org/url-notes";
	for (const type of /** @type {const} */ (["normal", "admin"])) {
		const from = downloadFor(self(type), linux, { ...manifest, homepage_url });
		assert.equal(cureOf(old, from)?.page, homepage_url);
	}
});

test("the browser updates an extension from a store, and a running program is left alone", () => {
	const from = downloadFor(self("normal"), linux, manifest);
	const cure = "git pull && ./install.sh";
	assert.deepEqual(cureOf({ trouble: "host_too_new", cure }, from), {
		where: "cureByBrowser",
		command: null,
		page: null,
	});
	assert.equal(cureOf({ trouble: "program_ended", cure: null }, from), null);
});

const SETUP = "url-notes-1.2.3-x86_64-windows-setup.exe";
const homepage_url = "https://example.org/url-notes";

test("on Windows, the installer or a command of the program is the cure, never a script", () => {
	/** @type {Record<import("../../extension/shared/messages.js").Cause, string | null>} */
	const commands = {
		not_registered_or_program_missing: "register",
		not_registered_or_not_allowed: "register",
		not_allowed: "register",
		program_missing_or_not_executable: "",
		program_crashed_or_not_executable: "doctor",
		program_crashed: "doctor",
		program_garbled: "doctor",
		program_silent: "doctor",
		host_too_old: "",
		host_too_new: null,
		program_ended: null,
	};
	for (const installType of /** @type {const} */ (["normal", "admin", "development"])) {
		for (const arch of ["x86-64", "arm64", "aarch64"]) {
			const platform = { os: "win", arch };
			const from = downloadFor(self(installType), platform, {
				...manifest,
				homepage_url,
			});
			for (const [name, command] of Object.entries(commands)) {
				const trouble = /** @type {keyof typeof commands} */ (name);
				const cure = cureOf({ trouble, cure: cureFor(trouble) }, from);
				if (command === null) continue;
				const end = command && `_${command}`;
				assert.deepEqual(cure, {
					where: `cureInstaller${end} ${SETUP}`,
					command: command ? `url-notes ${command}` : null,
					page: homepage_url,
				});
			}
		}
	}
});

test("on Windows, an extension that is too old is reloaded or updated by the browser", () => {
	const trouble = "host_too_new";
	for (const [installType, where] of /** @type {const} */ ([
		["normal", "cureByBrowser"],
		["development", "cureReload"],
	])) {
		const platform = { os: "win", arch: "x86-64" };
		const from = downloadFor(self(installType), platform, manifest);
		const cure = cureOf({ trouble, cure: cureFor(trouble) }, from);
		assert.deepEqual(cure, { where, command: null, page: null });
	}
});

test("the installer has the name that packaging/windows.sh gives it", async () => {
	const script = await readFile(
		new URL("../../packaging/windows.sh", import.meta.url),
		"utf8",
	);
	const name = /^\s*installer=(\S+)$/m.exec(script)?.[1]?.replace("$version", "1.2.3");
	assert.equal(name, SETUP);
});
