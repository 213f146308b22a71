// Measures what the extension takes as the text of a page: against the pages of a corpus, in
// headless Chromium, with the very functions that are injected, in a world of their own, while
// the scripts of the page are off.
//
//     node tests/bench/page-text.js FOLDER… [--tune] [--types] [--worst N] [--rust]
//
// A folder is a checkout of Murrough-Foley/web-content-extraction-benchmark (WCXB: F1 and recall
// of words) or of scrapinghub/article-extraction-benchmark (AEB: F1 of shingles of four words), and
// each is scored by its own rules. The figures are never a pass or fail. `--tune` reads only the
// pages that rules may be tuned on: every fourth page of WCXB's folder `dev`, by name. Without it
// those and all others, which are only for judging, are listed apart.
//
// Few of the pages show no text while their scripts are off, and count as 0. Their readers saw one,
// so each is read a second time, and the score with that is listed apart. First those scripts run
// that the page holds within itself (React's, for example, show what a server sent hidden); still
// nothing is loaded. If there is no text even so, the page is shown as to a reader without scripts,
// with its `noscript`; and last without its styles and `hidden`, which such scripts would take off.
//
// `--rust` measures what `url-notes fetch` and `text add` take instead, without a browser. Build it
// first: cargo build --release -p url-notes --example read_pages
//
// A page that shows a field for a password has no text. Without their styles, many pages of the
// corpora show the login that their menu hides, so such fields are removed first, and counted.

import { spawn } from "node:child_process";
import { access, readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Parser } from "commonmark";
import puppeteer from "puppeteer-core";
import { copyPage } from "../../extension/background/copy-page.js";
import { pageBlocks } from "../../extension/background/page-blocks.js";
import { pageLine } from "../../extension/background/page-line.js";
import { readText } from "../../extension/background/read-text.js";

const vendor = fileURLToPath(
	new URL("../../extension/vendor/Readability.js", import.meta.url),
);
const INJECTED = [
	await readFile(vendor, "utf8"),
	`(${copyPage})()`,
	`(${pageLine})()`,
	`(${pageBlocks})()`,
	`(${readText})()`,
];
/** Runs in the page first. */
const PREPARE = `(() => {
	const fields = [...document.querySelectorAll("input")].filter(({ type, autocomplete }) =>
		type === "password" || /-password/.test(autocomplete));
	for (const field of fields) field.remove();
	return fields.length;
})()`;

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string} file Packed by gzip.
 * @property {string} truth The text that a person chose.
 * @property {string} type
 */

/**
 * What was read of a case.
 * @typedef {object} Reading
 * @property {{text?: string}} found
 * @property {{mode: string, text: string} | undefined} again What the second look showed.
 * @property {number} ms
 * @property {number} blocked The longest time that the page had to wait, in ms.
 * @property {number} passwords Fields that were removed.
 */

/** Shows all that a page holds. */
const BARE = `(() => {
	for (const sheet of document.querySelectorAll("style, link")) sheet.remove();
	for (const element of document.querySelectorAll("[style], [hidden]")) {
		element.removeAttribute("style");
		element.removeAttribute("hidden");
	}
})()`;

/** @typedef {{precision: number | null, recall: number | null, f1?: number}} Score */

/** @type {(text: string) => string[]} As Python's `\w+`. */
const words = (text) => text.match(/[\p{L}\p{N}_]+/gu) ?? [];

/** @param {string[]} list */
function counted(list) {
	/** @type {Map<string, number>} */
	const counts = new Map();
	for (const one of list) counts.set(one, (counts.get(one) ?? 0) + 1);
	return counts;
}

/**
 * Precision, recall and F1 of a page, as WCXB's evaluate.py.
 * @param {string} text
 * @param {string} truth
 */
function byWords(text, truth) {
	const [found, wanted] = [text, truth].map((one) => words(one.toLowerCase()));
	if (!found || !wanted || wanted.length === 0) {
		const right = found?.length === 0 ? 1 : 0;
		return { precision: right, recall: right, f1: right };
	}
	const [has, needs] = [counted(found), counted(wanted)];
	let both = 0;
	for (const [word, count] of has) both += Math.min(count, needs.get(word) ?? 0);
	const precision = found.length === 0 ? 0 : both / found.length;
	const recall = both / wanted.length;
	const f1 = both === 0 ? 0 : (2 * precision * recall) / (precision + recall);
	return { precision, recall, f1 };
}

/**
 * Precision and recall of a page, as AEB's evaluate.py; each is null if it is undefined.
 * @param {string} text
 * @param {string} truth
 */
function byShingles(text, truth) {
	const [found, wanted] = [text, truth].map((one) => {
		const all = words(one);
		const shingles = Array.from({ length: Math.max(1, all.length - 3) }, (_, at) =>
			all.slice(at, at + 4).join(" "),
		);
		return counted(shingles.filter(Boolean));
	});
	let [both, more, less] = [0, 0, 0];
	for (const shingle of new Set([...(found?.keys() ?? []), ...(wanted?.keys() ?? [])])) {
		const [has, needs] = [found?.get(shingle) ?? 0, wanted?.get(shingle) ?? 0];
		both += Math.min(has, needs);
		more += Math.max(0, has - needs);
		less += Math.max(0, needs - has);
	}
	return {
		precision: both + more > 0 ? both / (both + more) : null,
		recall: both + less > 0 ? both / (both + less) : null,
	};
}

/**
 * The text that a Markdown text shows.
 * @param {string} markdown
 */
function shown(markdown) {
	const walker = new Parser().parse(markdown).walker();
	let text = "";
	for (let step = walker.next(); step; step = walker.next()) {
		const { literal, type, isContainer } = step.node;
		if (literal && (step.entering || !isContainer)) text += literal;
		if (/^(softbreak|linebreak|code_block)$/.test(type)) text += "\n";
		if (!step.entering && /^(paragraph|heading|item)$/.test(type)) text += "\n\n";
	}
	return text;
}

/** @param {string} folder */
async function wcxb(folder) {
	/** @type {Record<string, Case[]>} */
	const groups = { "WCXB tuning": [], "WCXB dev, the others": [], "WCXB test": [] };
	for (const split of ["dev", "test"]) {
		const names = (await readdir(path.join(folder, split, "ground-truth"))).sort();
		for (const [at, file] of names.entries()) {
			const name = path.basename(file, ".json");
			const { ground_truth: truth, _internal: internal } = JSON.parse(
				await readFile(path.join(folder, split, "ground-truth", file), "utf8"),
			);
			const type = internal?.page_type?.primary ?? "article";
			const group =
				split === "test"
					? "WCXB test"
					: at % 4 === 0
						? "WCXB tuning"
						: "WCXB dev, the others";
			groups[group]?.push({
				name: `${split}/${name}`,
				file: path.join(folder, split, "html", `${name}.html.gz`),
				truth: truth.main_content ?? "",
				type: type === "category" ? "collection" : type,
			});
		}
	}
	return groups;
}

/** @param {string} folder */
async function aeb(folder) {
	/** @type {Record<string, {articleBody: string}>} */
	const truths = JSON.parse(
		await readFile(path.join(folder, "ground-truth.json"), "utf8"),
	);
	return {
		AEB: Object.entries(truths).map(([name, { articleBody }]) => ({
			name,
			file: path.join(folder, "html", `${name}.html.gz`),
			truth: articleBody,
			type: "article",
		})),
	};
}

/** @type {(values: number[]) => number} */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** @type {(values: number[], share: number) => string} */
const quantile = (values, share) =>
	(
		values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? 0
	).toFixed(0);

const args = process.argv.slice(2);
const worst = args.includes("--worst") ? Number(args[args.indexOf("--worst") + 1]) : 0;
const folders = args.filter(
	(arg, at) => !arg.startsWith("--") && args[at - 1] !== "--worst",
);
if (folders.length === 0) {
	console.error(
		"Usage: node tests/bench/page-text.js FOLDER… [--tune] [--types] [--worst N]",
	);
	process.exit(1);
}

const isRust = args.includes("--rust");
/** How long the scripts of a page run, in ms. React shows a part 300 ms after the one before. */
const SCRIPTS_MS = 2000;

/** Reads pages without a browser. */
function readByProgram() {
	const target = process.env.CARGO_TARGET_DIR ?? "target";
	const program = spawn(path.join(target, "release/examples/read_pages"), {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
	return {
		/** @param {Case} one */
		async read({ file }) {
			program.stdin.write(`${file}\n`);
			const { text, ms } = JSON.parse((await lines.next()).value);
			return { found: { text }, ms, passwords: 0, blocked: 0, again: undefined };
		},
		close: () => program.stdin.end(),
	};
}

/** The page that is served. */
let html = Buffer.of();
/** Whether the scripts in it run. */
let runsScripts = false;
const server = createServer((request, response) => {
	if (request.url !== "/page") return void response.writeHead(404).end();
	// Nothing is loaded. Without scripts, `noscript` is hidden nevertheless.
	const scripts = runsScripts ? "; script-src 'unsafe-inline' 'unsafe-eval'" : "";
	const policy = `default-src 'none'; style-src 'unsafe-inline'${scripts}`;
	const type = "text/html; charset=utf-8";
	response.writeHead(200, { "content-type": type, "content-security-policy": policy });
	response.end(html);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());

const byProgram = isRust ? readByProgram() : null;
const browser = await puppeteer.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
let page = await browser.newPage();
const address = `http://127.0.0.1:${port}/page`;

/** @param {Case} one */
async function read({ file }) {
	html = gunzipSync(await readFile(file));
	const result = await readShown(page).catch(async () => {
		// A tab that has shown hundreds of pages sometimes crashes.
		page = await browser.newPage();
		return readShown(page);
	});
	return { ...result, again: result.found.text ? undefined : await readAgain() };
}

/** Reads the page that is served and shows no text while its scripts are off. */
async function readAgain() {
	for (const mode of ["scripts", "noscript", "bare"]) {
		const tab = await browser.newPage();
		try {
			// A script must not lead away from the page.
			await tab.setRequestInterception(true);
			tab.on("request", (request) =>
				request.url() === address ? request.continue() : request.abort("aborted"),
			);
			runsScripts = mode === "scripts";
			await tab.setJavaScriptEnabled(runsScripts);
			const { found } = await readShown(tab, mode);
			if (found.text) return { mode, text: shown(found.text) };
		} catch (error) {
			console.error(`${mode}: ${error}`);
		} finally {
			runsScripts = false;
			await tab.close();
		}
	}
	return undefined;
}

/**
 * @param {import("puppeteer-core").Page} page
 * @param {string} [mode]
 */
async function readShown(page, mode) {
	await page.goto(address, { waitUntil: "domcontentloaded", timeout: 60_000 });
	if (mode === "scripts") await new Promise((done) => setTimeout(done, SCRIPTS_MS));
	const session = await page.createCDPSession();
	await session.send("Page.enable");
	const { frameTree } = await session.send("Page.getFrameTree");
	const { executionContextId } = await session.send("Page.createIsolatedWorld", {
		frameId: frameTree.frame.id,
		worldName: "bench",
	});
	const run = async (/** @type {string} */ expression) => {
		const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
			expression,
			contextId: executionContextId,
			awaitPromise: true,
			returnByValue: true,
		});
		if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
		return result.value;
	};
	if (mode === "bare") await run(BARE);
	const passwords = await run(PREPARE);
	const begun = performance.now();
	let found;
	for (const source of INJECTED) found = await run(source);
	const ms = performance.now() - begun;
	const blocked = await run("urlNotesParts.longest ?? 0");
	await session.detach();
	return { found, ms, passwords, blocked };
}

for (const folder of folders) {
	const isWcxb = await access(path.join(folder, "dev")).then(
		() => true,
		() => false,
	);
	for (const [group, cases] of Object.entries(await (isWcxb ? wcxb : aeb)(folder))) {
		if (isWcxb && args.includes("--tune") && group !== "WCXB tuning") continue;
		/** @type {(Case & Reading & {score: Score, second: Score})[]} */
		const results = [];
		for (const one of cases) {
			try {
				const result = await (byProgram?.read(one) ?? read(one));
				const text = shown(result.found.text ?? "");
				const scored = isWcxb ? byWords : byShingles;
				const score = scored(text, one.truth);
				const second = result.again ? scored(result.again.text, one.truth) : score;
				results.push({ ...one, ...result, score, second });
			} catch (error) {
				console.error(`${one.name}: ${error}`);
			}
		}
		const figures = (/** @type {"score" | "second"} */ which) => {
			const scores = results.map((result) => result[which]);
			const of = (/** @type {"precision" | "recall"} */ name) =>
				mean(scores.flatMap((score) => score[name] ?? []));
			const [precision, recall] = [of("precision"), of("recall")];
			const f1 = isWcxb
				? mean(scores.map((score) => /** @type {any} */ (score).f1))
				: (2 * precision * recall) / (precision + recall);
			return `F1 ${f1.toFixed(4)}, precision ${precision.toFixed(4)}, recall ${recall.toFixed(4)}`;
		};
		const times = results.map(({ ms }) => ms);
		const blocks = results.map(({ blocked }) => blocked);
		console.log(
			`${group}: ${results.length} pages, ${figures("score")}; ${quantile(times, 0.5)} ms p50, ${quantile(times, 0.9)} p90, ` +
				`${quantile(times, 1)} longest; one block ${quantile(blocks, 0.5)} ms p50, ` +
				`${quantile(blocks, 0.99)} p99, ${quantile(blocks, 1)} longest; ` +
				`${results.filter(({ found }) => !found.text).length} that show no text without scripts, ` +
				`${results.filter(({ passwords }) => passwords > 0).length} with a field for a password`,
		);
		const by = (/** @type {string} */ mode) =>
			results.filter(({ again }) => again?.mode === mode).length;
		if (!isRust)
			console.log(
				`  … with a second look at those without text: ${figures("second")} ` +
					`(${by("scripts")} with their own scripts, ${by("noscript")} by noscript, ` +
					`${by("bare")} without styles)`,
			);
		if (isWcxb && args.includes("--types"))
			for (const type of [...new Set(results.map((result) => result.type))].sort()) {
				const same = results.filter((result) => result.type === type);
				const value = (/** @type {"f1" | "recall" | "precision"} */ name) =>
					mean(same.map(({ score }) => /** @type {any} */ (score)[name])).toFixed(3);
				console.log(
					`  ${type}: ${same.length}, F1 ${value("f1")}, precision ${value("precision")}, recall ${value("recall")}`,
				);
			}
		const sorted = results.toSorted(
			(a, b) => /** @type {any} */ (a.score).f1 - /** @type {any} */ (b.score).f1,
		);
		for (const { name, type, score } of sorted.slice(0, worst))
			console.log(`  ${name} ${type} ${JSON.stringify(score)}`);
	}
}
byProgram?.close();
await browser.close();
server.close();
