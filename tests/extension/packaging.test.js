// The packages for the stores: all files of the extension, small, and reproducible.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { inflateRawSync } from "node:zlib";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const { version } = JSON.parse(
	await readFile(path.join(root, "extension/manifest.json"), "utf8"),
);

/**
 * Both packages, made anew by a user with other habits.
 * @param {string} umask
 */
async function made(umask) {
	const folder = await mkdtemp(path.join(tmpdir(), "url-notes-packages-"));
	try {
		const command = `umask ${umask} && exec "${root}packaging/extension.sh" "${folder}"`;
		const env = { ...process.env, TZ: "Asia/Tokyo", LC_ALL: "C.UTF-8" };
		await run("sh", ["-c", command], { env });
		const names = (await readdir(folder)).sort();
		const packages = await Promise.all(
			names.map((name) => readFile(path.join(folder, name))),
		);
		return { names, packages };
	} finally {
		await rm(folder, { recursive: true });
	}
}

/**
 * The files in a zip file, by its directory.
 * @param {Buffer} zip
 */
function unzip(zip) {
	/** @type {Map<string, Buffer>} */
	const files = new Map();
	const end = zip.lastIndexOf("PK\x05\x06", undefined, "latin1");
	let at = zip.readUInt32LE(end + 16);
	for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
		const [method, packed] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20)];
		const [name, extra, comment] = [28, 30, 32].map((o) => zip.readUInt16LE(at + o));
		const local = zip.readUInt32LE(at + 42);
		const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
		const data = zip.subarray(from, from + packed);
		files.set(
			zip.toString("utf8", at + 46, at + 46 + (name ?? 0)),
			method === 0 ? data : inflateRawSync(data),
		);
		at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
	}
	return files;
}

const { names, packages } = await made("022");
const [chrome, firefox] = packages.map(unzip);

test("each store has a package of at most 288 KB", () => {
	assert.deepEqual(names, [
		`url-notes-${version}-chrome.zip`,
		`url-notes-${version}-firefox.zip`,
	]);
	for (const { length } of packages) assert.ok(length <= 288 * 1024, `${length} bytes`);
});

test("packages that are built again elsewhere have the same bytes", async () => {
	const again = await made("077");
	assert.deepEqual(
		again.packages.map((bytes, index) => bytes.equals(packages[index] ?? Buffer.of())),
		[true, true],
	);
});

test("packages contain the unchanged files, without those that only developers need", async () => {
	for (const [name, bytes] of firefox ?? []) {
		const file = await readFile(path.join(root, "extension", name));
		assert.ok(bytes.equals(file), name);
	}
	const all = (await readdir(path.join(root, "extension"), { recursive: true })).map(
		String,
	);
	const left = all.filter((name) => /\.\w+$/.test(name) && !firefox?.has(name)).sort();
	assert.deepEqual(left, ["icons/icon.svg", "icons/render.js", "protocol.d.ts"]);
	assert.deepEqual([...(chrome?.keys() ?? [])], [...(firefox?.keys() ?? [])]);
});

test("Chrome's package differs only in its manifest, which the store accepts", async () => {
	for (const [name, bytes] of chrome ?? []) {
		if (name !== "manifest.json") assert.ok(bytes.equals(firefox?.get(name) ?? bytes));
	}
	const [ours, theirs] = [firefox, chrome].map((files) =>
		JSON.parse(files?.get("manifest.json")?.toString() ?? ""),
	);
	assert.equal(theirs.key, undefined);
	const { key: _key, browser_specific_settings: _gecko, ...rest } = ours;
	assert.deepEqual(theirs, rest);
});
