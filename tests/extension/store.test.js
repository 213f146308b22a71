// What the stores are sent: packaging/store.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { metadata } from "../../packaging/store/metadata.js";

const run = promisify(execFile);
const project = fileURLToPath(new URL("../..", import.meta.url));
const read = (/** @type {string} */ name) => readFile(path.join(project, name), "utf8");
const manifest = JSON.parse(await read("extension/manifest.json"));
const LANGUAGES = ["en", "de"];

test("amo-metadata.json has the texts beside it", async () => {
	const written = JSON.parse(await read("packaging/store/amo-metadata.json"));
	assert.deepEqual(written, JSON.parse(await metadata()), "npm run store writes it");
});

test("the texts fit into the stores' fields", async () => {
	for (const language of LANGUAGES) {
		const messages = JSON.parse(
			await read(`extension/_locales/${language}/messages.json`),
		);
		// The manifest's description; AMO allows 250 in a summary.
		assert.ok(messages.extensionDescription.message.length <= 132, language);
		const listing = await read(`packaging/store/listing.${language}.md`);
		assert.ok(listing.length <= 15_000);
		// Neither store shows Markdown.
		assert.doesNotMatch(listing, /[*_`#]|\]\(/);
	}
});

test("each permission has a reason", async () => {
	const reasons = await read("packaging/store/chrome.md");
	const rows = [...reasons.matchAll(/^\| `(\w+)`(?: \(optional\))? \| (.+) \|$/gm)];
	assert.deepEqual(
		rows.map(([, name]) => name).sort(),
		[...manifest.permissions, ...manifest.optional_permissions].sort(),
	);
	for (const [, name, reason = ""] of rows) assert.ok(reason.length > 40, name);
});

test("what Firefox asks consent for is what the answers say", async () => {
	const asked = manifest.browser_specific_settings.gecko.data_collection_permissions;
	assert.deepEqual(asked, { required: ["browsingActivity", "websiteContent"] });
	const reviewers = await read("packaging/store/reviewers.md");
	for (const type of asked.required)
		assert.ok(reviewers.includes(`${type}, because`), type);
});

test("a new key changes the id everywhere, and its private part stays outside", async () => {
	const folder = await mkdtemp(path.join(tmpdir(), "url-notes-key-"));
	try {
		const copy = path.join(folder, "project");
		await run("git", ["clone", "--quiet", "--no-hardlinks", project, copy]);
		await cp(
			path.join(project, "packaging/new-key.sh"),
			path.join(copy, "packaging/new-key.sh"),
		);
		const script = path.join(copy, "packaging/new-key.sh");
		const inside = path.join(copy, "key.pem");
		await assert.rejects(run(script, [inside]), /doesn't belong into the project/);
		const file = path.join(folder, "key.pem");
		await run(script, [file]);
		assert.equal((await stat(file)).mode & 0o777, 0o600);
		const { key } = JSON.parse(
			await readFile(path.join(copy, "extension/manifest.json"), "utf8"),
		);
		assert.notEqual(key, manifest.key);
		const digest = createHash("sha256").update(Buffer.from(key, "base64")).digest("hex");
		const id = [...digest.slice(0, 32)]
			.map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)))
			.join("");
		const host = JSON.parse(
			await readFile(path.join(copy, "manifests/chromium.json"), "utf8"),
		);
		assert.deepEqual(host.allowed_origins, [`chrome-extension://${id}/`]);
		const old = JSON.parse(await read("manifests/chromium.json")).allowed_origins[0];
		const left = run("git", ["-C", copy, "grep", "-F", new URL(old).host]);
		// grep finds nothing.
		await assert.rejects(left, { code: 1 });
		await assert.rejects(run(script, [file]), /has this key already/);
	} finally {
		await rm(folder, { recursive: true });
	}
});
