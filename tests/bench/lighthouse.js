// Prints Lighthouse's scores of the first page, a tag page and a note, on a simulated phone
// and on a desktop. They are never a pass or fail.
//
//     cargo build --package url-notes && node tests/bench/lighthouse.js
//
// The category for search engines is left out, since notes are private.

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import lighthouse, { desktopConfig } from "lighthouse";
import puppeteer from "puppeteer-core";
import { until } from "../browser/driver/until.js";
import { builtProgram, freePort } from "../browser/program.js";

const run = promisify(execFile);
const NOTES = 40;
const SUMMARY = Array.from(
	{ length: 8 },
	(_, point) =>
		`- **Point ${point}:** a line of text with \`code\` and *emphasis*\n  - and one below it, to have nested lists as well`,
).join("\n");

const home = await mkdtemp(path.join(tmpdir(), "url-notes-lighthouse-"));
const port = await freePort();
const environment = {
	...process.env,
	URL_NOTES_DATA_DIR: path.join(home, "notes"),
	URL_NOTES_PORT: String(port),
};
/** @param {string[]} args */
const program = async (...args) =>
	(await run(builtProgram, args, { env: environment })).stdout;

for (let note = 0; note < NOTES; note++) {
	const tags = ["gpu", "llm", `topic ${note % 9}`, "memory bandwidth", "open source"];
	await program(
		"add",
		`https://example.org/${note}`,
		"--title",
		`A page on many things, number ${note}`,
		"--summary",
		SUMMARY,
		...tags.flatMap((tag) => ["--tag", tag]),
	);
}
const [newest] = JSON.parse(await program("list", "--limit", "1", "--json"));

const site = spawn(builtProgram, ["serve"], { env: environment, stdio: "ignore" });
const browser = await puppeteer.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	headless: true,
	userDataDir: path.join(home, "chromium"),
	// Root has no other way; the pages are our own.
	args: ["--no-sandbox", "--disable-background-networking"],
});
try {
	const address = `http://localhost:${port}`;
	await until("the site answers", async () => (await fetch(address)).ok);
	const flags = {
		port: Number(new URL(browser.wsEndpoint()).port),
		onlyCategories: ["performance", "accessibility", "best-practices"],
	};
	// The first one meets a browser that is still busy with its own start.
	await lighthouse(address, flags);
	for (const [form, config] of /** @type {const} */ ([
		["phone", undefined],
		["desk", desktopConfig],
	])) {
		for (const target of ["/", "/tag/gpu", `/note/${newest.id}`]) {
			const result = await lighthouse(`${address}${target}`, flags, config);
			if (!result) throw new Error("Lighthouse has nothing to say.");
			const { categories, audits } = result.lhr;
			const scores = Object.values(categories).map(
				({ title, score }) => `${title} ${Math.round((score ?? 0) * 100)}`,
			);
			console.log(`${form.padEnd(6)}${target.padEnd(24)}${scores.join("  ")}`);
			for (const { auditRefs } of Object.values(categories)) {
				for (const { id, weight } of auditRefs) {
					const audit = audits[id];
					if (weight > 0 && audit && audit.score !== null && audit.score < 1) {
						console.log(`      ${id}: ${audit.displayValue ?? audit.title}`);
					}
				}
			}
		}
	}
} finally {
	await browser.close();
	site.kill();
	await rm(home, { recursive: true, force: true, maxRetries: 20 });
}
