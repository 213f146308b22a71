// Rules for the extension's files.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { cureFor } from "../../extension/background/diagnosis.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const extension = path.join(root, "extension");

const files = (await readdir(extension, { recursive: true })).map(String);
const sources = await Promise.all(
	files
		.filter(
			(name) =>
				/\.(js|html)$/.test(name) &&
				name !== path.join("icons", "render.js") &&
				// Others wrote it; its hash is held below.
				!name.startsWith("vendor"),
		)
		.map(async (name) => ({
			name,
			text: await readFile(path.join(extension, name), "utf8"),
		})),
);
const manifest = JSON.parse(
	await readFile(path.join(extension, "manifest.json"), "utf8"),
);
const messages = JSON.parse(
	await readFile(path.join(extension, "_locales/en/messages.json"), "utf8"),
);

/** @param {string} text */
const withoutComments = (text) =>
	text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");

test("only browser.js names the browser's own object", () => {
	for (const { name, text } of sources) {
		if (name === path.join("shared", "browser.js")) continue;
		assert.doesNotMatch(withoutComments(text), /\bchrome\.|globalThis\.browser/, name);
	}
});

test("only host.js names native messaging", () => {
	const naming = sources.filter(({ text }) =>
		/connectNative|sendNativeMessage/.test(text),
	);
	assert.deepEqual(
		naming.map(({ name }) => name),
		[path.join("background", "host.js")],
	);
});

test("the code of others is unmodified, and comes with its licence", async () => {
	const folder = path.join(extension, "vendor");
	assert.deepEqual((await readdir(folder)).sort(), [
		"LICENSE-Apache-2.0.txt",
		"NOTICE.txt",
		"Readability.js",
	]);
	const bytes = await readFile(path.join(folder, "Readability.js"));
	// As in the npm package @mozilla/readability 0.6.0.
	assert.equal(
		createHash("sha256").update(bytes).digest("hex"),
		"34dcab3d0832d0019f02990eed6b6124e029e8c32b9f0c6f2550544ff8dff174",
	);
	const notice = await readFile(path.join(folder, "NOTICE.txt"), "utf8");
	assert.match(notice, /@mozilla\/readability 0\.6\.0, unchanged/);
	assert.match(notice, /Copyright \(c\) 2010 Arc90 Inc/);
	const licence = await readFile(path.join(folder, "LICENSE-Apache-2.0.txt"), "utf8");
	assert.match(
		licence,
		/Apache License\s+Version 2\.0[\s\S]+END OF TERMS AND CONDITIONS/,
	);
});

test("no text becomes markup or code", () => {
	for (const { name, text } of sources) {
		assert.doesNotMatch(
			text,
			/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/,
			name,
		);
	}
});

test("pages load nothing from other places, and have no inline code", () => {
	for (const { name, text } of sources.filter((source) =>
		source.name.endsWith(".html"),
	)) {
		assert.doesNotMatch(text, /(src|href)="(https?:)?\/\//, name);
		assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=/, name);
	}
});

test("every text that is used exists, and every text that exists is used", () => {
	const all = sources.map(({ text }) => text).join("\n") + JSON.stringify(manifest);
	const named = new Set();
	for (const [, key] of all.matchAll(/data-say(?:-[a-z-]+)?="(\w+)"/g)) named.add(key);
	for (const [, key] of all.matchAll(/__MSG_(\w+)__/g)) named.add(key);
	for (const key of Object.keys(messages)) {
		// Also as a value that is said later, and with a computed end, as in `cause_${…}`.
		const stem = key.replace(/_.*$/, "_");
		if (new RegExp(`["']${key}["']`).test(all) || all.includes(`\`${stem}\${`))
			named.add(key);
	}
	for (const [, key] of all.matchAll(/\bsay\(\s*"(\w+)"/g)) named.add(key);
	assert.deepEqual([...named].sort(), Object.keys(messages).sort());
});

test("every English text has a description of its place, for translators", () => {
	for (const [key, { description }] of Object.entries(messages))
		assert.ok(description?.trim(), key);
});

test("every language has the same texts, with the same placeholders", async () => {
	const languages = await readdir(path.join(extension, "_locales"));
	assert.deepEqual(languages.sort(), ["de", "en"]);
	const placeholders = (/** @type {string} */ text) => text.match(/\$\d/g)?.sort() ?? [];
	for (const language of languages) {
		const file = path.join(extension, "_locales", language, "messages.json");
		const translated = JSON.parse(await readFile(file, "utf8"));
		assert.deepEqual(Object.keys(translated), Object.keys(messages), language);
		for (const [key, { message }] of Object.entries(translated)) {
			assert.ok(message.trim(), `${language}: ${key}`);
			const wanted = placeholders(messages[key].message);
			assert.deepEqual(placeholders(message), wanted, `${language}: ${key}`);
		}
	}
});

test("each cause has a sentence", async () => {
	const text = await readFile(path.join(extension, "shared/messages.js"), "utf8");
	const causes = new Set(
		[
			...(text.match(/@typedef \{([\w\s|*"]*)\} Cause/)?.[1] ?? "").matchAll(/"(\w+)"/g),
		].map(([, cause]) => `cause_${cause}`),
	);
	assert.ok(causes.size > 5);
	const worded = Object.keys(messages).filter((key) => key.startsWith("cause_"));
	assert.deepEqual(worded.sort(), [...causes].sort());
});

test("the sentence and the fix of each cause are those of the program", async () => {
	const { causes, oneOf } = JSON.parse(
		await readFile(path.join(root, "tests/contract/causes.json"), "utf8"),
	);
	for (const [key, { message }] of Object.entries(messages)) {
		const name = /** @type {import("../../extension/shared/messages.js").Cause} */ (
			/^cause_(.*)$/.exec(key)?.[1] ?? "program_ended"
		);
		// Nobody has to do anything about a program that is being started again.
		if (name === "program_ended") continue;
		const cures = new Set(
			(oneOf[name]?.causes ?? [name]).map(
				(/** @type {string} */ part) => causes[part].cure,
			),
		);
		assert.deepEqual([...cures], [cureFor(name)], name);
		assert.equal(message, (oneOf[name] ?? causes[name]).sentence);
	}
	for (const name of Object.keys(oneOf)) assert.ok(messages[`cause_${name}`], name);
});

test("the popup loads all of its modules at once", () => {
	const html =
		sources.find(({ name }) => name === path.join("popup", "popup.html"))?.text ?? "";
	const preloaded = [...html.matchAll(/rel="modulepreload" href="([^"]+)"/g)].map(
		([, href]) => path.join("popup", href ?? ""),
	);
	const reached = new Set();
	const visit = (/** @type {string} */ name) => {
		if (reached.has(name)) return;
		reached.add(name);
		const text = sources.find((source) => source.name === name)?.text ?? "";
		for (const [, from] of text.matchAll(
			/^(?:import|export) [^;]*?from "(\.[^"]+)";/gms,
		)) {
			visit(path.join(path.dirname(name), from ?? ""));
		}
	};
	visit(path.join("popup", "popup.js"));
	reached.delete(path.join("popup", "popup.js"));
	assert.deepEqual(preloaded.sort(), [...reached].sort());
});

test("asks for no more than it needs", () => {
	assert.deepEqual(manifest.permissions.sort(), [
		"activeTab",
		"alarms",
		"contextMenus",
		"nativeMessaging",
		"scripting",
		"storage",
	]);
	assert.deepEqual(manifest.optional_permissions, ["tabs"]);
	assert.equal(manifest.host_permissions, undefined);
	assert.equal(manifest.optional_host_permissions, undefined);
	assert.equal(manifest.content_scripts, undefined);
	assert.equal(manifest.incognito, "not_allowed");
	assert.deepEqual(manifest.externally_connectable, { ids: [] });
});

test("the key gives the id that the host manifests allow", () => {
	const digest = createHash("sha256")
		.update(Buffer.from(manifest.key, "base64"))
		.digest("hex");
	const id = [...digest.slice(0, 32)]
		.map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)))
		.join("");
	assert.equal(id, "pdbdoelhjcjnfbdbopaeljmoodmodcok");
	assert.equal(manifest.browser_specific_settings.gecko.id, "url-notes@url-notes");
});

test("extension and host have the same version", async () => {
	const cargo = await readFile(path.join(root, "host/Cargo.toml"), "utf8");
	const workspace = await readFile(path.join(root, "Cargo.toml"), "utf8");
	const version = /^version = "(.*)"$/m;
	assert.equal(manifest.version, (version.exec(cargo) ?? version.exec(workspace))?.[1]);
});

test("nothing but its own files runs in its pages, and nothing is sent from them", () => {
	const policy = manifest.content_security_policy.extension_pages;
	assert.deepEqual(policy.split("; "), [
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self' data:",
		"object-src 'none'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	]);
	for (const { name, text } of sources) {
		assert.doesNotMatch(
			// Reads the browser's cache, and fails instead of asking the network.
			withoutComments(text).replace(
				'fetch(address, { cache: "only-if-cached", mode: "same-origin" })',
				"",
			),
			/\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|\bimport\((?!"\.)/,
			name,
		);
	}
});

test("accepts no messages from other extensions or web pages", () => {
	for (const { name, text } of sources) {
		assert.doesNotMatch(text, /onMessageExternal|onConnectExternal|onUserScript/, name);
	}
	assert.equal(manifest.web_accessible_resources, undefined);
});
