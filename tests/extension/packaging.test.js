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
 * @param {string} umask @param {string} [options]
 */
async function made(umask, options = "") {
	const folder = await mkdtemp(path.join(tmpdir(), "url-notes-packages-"));
	try {
		const command = `umask ${umask} && exec "${root}packaging/extension.sh" ${options} "${folder}"`;
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

test("a package names the page where users download the program", async () => {
	const homepage_url = "https://example.org/url-notes";
	const named = await made("022", `--homepage ${homepage_url}`);
	for (const zip of named.packages) {
		const manifest = JSON.parse(`${unzip(zip).get("manifest.json")}`);
		assert.equal(manifest.homepage_url, homepage_url);
	}
	await assert.rejects(made("022", "--homepage http://example.org"), /begins with https/);
});

test("each store has a package of at most 150 KB", () => {
	assert.deepEqual(names, [
		`url-notes-${version}-chrome.zip`,
		`url-notes-${version}-firefox.zip`,
	]);
	for (const { length } of packages) assert.ok(length <= 150 * 1024, `${length} bytes`);
});

test("packages that are built again elsewhere have the same bytes", async () => {
	const again = await made("077");
	assert.deepEqual(
		again.packages.map((bytes, index) => bytes.equals(packages[index] ?? Buffer.of())),
		[true, true],
	);
});

test("packages have all that is loaded, and nothing that only developers need", async () => {
	const folder = path.join(root, "extension");
	const all = (await readdir(folder, { recursive: true })).map(String);
	const isCode = (/** @type {string} */ name) =>
		name.endsWith(".js") && !name.startsWith("vendor/");
	const left = all.filter(
		(name) => /\.\w+$/.test(name) && !isCode(name) && !firefox?.has(name),
	);
	assert.deepEqual(left.sort(), ["icons/icon.svg", "protocol.d.ts"]);
	for (const [name, bytes] of firefox ?? []) {
		if (name.endsWith(".css")) {
			assert.ok(bytes.length > 0, name);
		} else if (name.endsWith(".html") || isCode(name)) {
			const text = bytes.toString();
			const wanted = name.endsWith(".html")
				? /(?:src|href)="([^"#:]+)"/g
				: /(?:from|import)\s*\(?"(\.[^"]+)"/g;
			for (const [, file = ""] of text.matchAll(wanted)) {
				const named = path.posix.join(path.posix.dirname(name), file);
				assert.ok(firefox?.has(named), `${name} loads ${named}`);
			}
			assert.doesNotMatch(text, /modulepreload|\/\*\*|sourceMappingURL/, name);
		} else if (!name.endsWith("/messages.json")) {
			const source = await readFile(path.join(folder, name));
			assert.ok(bytes.equals(source), name);
		}
	}
	assert.deepEqual([...(chrome?.keys() ?? [])], [...(firefox?.keys() ?? [])]);
});

test("the background of a package is a single file", () => {
	const background = firefox?.get("background.js")?.toString() ?? "";
	assert.ok(background.length > 0);
	assert.doesNotMatch(background, /\bimport\b\s*[({"]|\bfrom\s*"/);
});

test("packages have the texts of the sources, without what is for translators", async () => {
	for (const language of ["en", "de"]) {
		const name = `_locales/${language}/messages.json`;
		const packed = JSON.parse(firefox?.get(name)?.toString() ?? "");
		const source = JSON.parse(await readFile(path.join(root, "extension", name), "utf8"));
		for (const text of Object.values(source)) delete text.description;
		assert.deepEqual(packed, source);
	}
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
