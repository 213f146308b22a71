// Makes the folder that a browser loads from the sources: packaging/bundle.js TARGET creates TARGET
// from the folder `extension`. Needs the packages of package.json (`npm ci`).
//
// Chromium stops the background after half a minute and starts it at the next click, and loads each
// of its modules with a request of its own. So the modules of the background, and those of each
// page, become one minified file; what a page loads later becomes another. Styles are minified,
// everything else is copied without what only developers need. Readability stays unmodified.
//
// The output depends on nothing but the sources and the version of esbuild.

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const source = fileURLToPath(new URL("../extension", import.meta.url));
/** What browsers load; each becomes a file of the same name. */
const ENTRIES = [
	"background.js",
	"library/library.js",
	"options/options.js",
	"popup/popup.js",
	"welcome/welcome.js",
	"window/window.js",
];
const FOR_DEVELOPERS = ["icons/icon.svg", "protocol.d.ts"];
const PRELOAD = /^\s*<link rel="modulepreload" href="[^"]*">\n/gm;

/** @param {string} file below the folder of sources @param {string} target */
async function put(file, target) {
	const bytes = await readFile(path.join(source, file));
	const to = path.join(target, file);
	await mkdir(path.dirname(to), { recursive: true });
	if (file.endsWith(".html")) {
		// The modules that are named there are in the page's file.
		await writeFile(to, bytes.toString("utf8").replace(PRELOAD, ""));
	} else if (file.endsWith(".css")) {
		const css = bytes.toString("utf8");
		const options = /** @type {const} */ ({
			loader: "css",
			minify: true,
			target: "esnext",
		});
		await writeFile(to, (await transform(css, { ...options, charset: "utf8" })).code);
	} else if (file.endsWith("/messages.json")) {
		/** @type {Record<string, { description?: string }>} */
		const messages = JSON.parse(bytes.toString("utf8"));
		// Descriptions are for translators.
		for (const message of Object.values(messages)) delete message.description;
		await writeFile(to, JSON.stringify(messages));
	} else await writeFile(to, bytes);
}

/** @param {string} target an absolute path */
export async function bundle(target) {
	const files = await readdir(source, { recursive: true, withFileTypes: true });
	for (const file of files.filter((file) => file.isFile())) {
		const name = path.relative(source, path.join(file.parentPath, file.name));
		const isModule = name.endsWith(".js") && !name.startsWith("vendor/");
		if (!isModule && !FOR_DEVELOPERS.includes(name)) await put(name, target);
	}
	for (const entry of ENTRIES) {
		const folder = path.dirname(entry);
		await build({
			entryPoints: [path.join(source, entry)],
			outbase: source,
			outdir: target,
			bundle: true,
			format: "esm",
			// Also the functions that run in pages stay as they are: browsers get their text.
			target: "esnext",
			splitting: true,
			chunkNames: path.join(folder, "[name]-[hash]"),
			minify: true,
			charset: "utf8",
			absWorkingDir: source,
			logLevel: "warning",
		});
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const [target] = process.argv.slice(2);
	if (!target) throw new Error("Usage: packaging/bundle.js TARGET");
	await bundle(path.resolve(target));
}
