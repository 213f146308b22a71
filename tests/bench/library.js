// Measures the library page with 100,000 notes in both browsers: from its opening to the list,
// frames while it scrolls, a jump to the last row, 10,000 notes that get a tag, and the popup's
// search after each key. With `--million`: an edit of a million notes in Chromium, how long other
// saves take meanwhile, and its cancellation. The figures are never a pass or fail.
//
//     cargo build --release --package url-notes --bins --examples && node tests/bench/library.js
//
// Without a release build it uses the debug build.

import { execFile } from "node:child_process";
import { access, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { browsers } from "../browser/driver/browser.js";
import { builtProgram } from "../browser/program.js";
import { World } from "../browser/test-environment.js";

const NOTES = 100_000;
/** Notes that are put at a time. */
const BATCH = 10_000;
const OPENINGS = 5;

const released = path.join(path.dirname(builtProgram), "../release/url-notes");
const program = await access(released).then(
	() => released,
	() => builtProgram,
);

/** Runs in the page: the time of its first list in ms since it was opened. */
async function listed() {
	while (document.body?.dataset.state !== "list")
		await new Promise((resolve) => setTimeout(resolve, 2));
	return Math.round(performance.now());
}

/** Runs in the page: scrolls by two rows a frame, and returns what the frames took in ms. */
async function scrolled() {
	const list = /** @type {HTMLElement} */ (document.querySelector("#list"));
	const frames = [];
	let last = performance.now();
	for (let frame = 0; frame < 240; frame += 1) {
		list.scrollTop += 112;
		const now = await new Promise(requestAnimationFrame);
		frames.push(now - last);
		last = now;
	}
	const sorted = frames.slice(1).sort((a, b) => a - b);
	const at = (/** @type {number} */ share) =>
		Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
	return { median: at(0.5), "19 of 20": at(0.95), longest: at(1) };
}

/** Runs in the page: jumps to the last row.
 * @param {number} last */
async function jumped(last) {
	const list = /** @type {HTMLElement} */ (document.querySelector("#list"));
	const begun = performance.now();
	list.scrollTop = list.scrollHeight;
	while (!document.querySelector(`#row-${last}[data-note]`))
		await new Promise((resolve) => setTimeout(resolve, 10));
	return Math.round(performance.now() - begun);
}

/** Runs in the page: tags notes as the page does, and takes the tag back. */
async function tagged() {
	const folder = new URL("connection.js", location.href).href;
	const { Connection } = await import(folder);
	const connection = new Connection();
	/** @type {number[]} */
	const ids = [];
	/** @type {string | undefined} */
	let cursor;
	while (ids.length < 10_000) {
		/** @type {import("../../extension/protocol.d.ts").ListNotesResult} */
		const page = await connection.call("listNotes", { limit: 200, cursor });
		ids.push(...page.notes.map(({ id }) => id));
		cursor = page.cursor ?? undefined;
	}
	const begun = performance.now();
	const { edit, changed } = await connection.call("editNotes", {
		opId: crypto.randomUUID(),
		ids: ids.slice(0, 10_000),
		expectedCount: 10_000,
		addTags: ["bench"],
	});
	const done = performance.now();
	await connection.call("undoEdit", { opId: crypto.randomUUID(), edit });
	const undone = performance.now();
	return { changed, tagged: Math.round(done - begun), undone: Math.round(undone - done) };
}

/** Runs in the page: searches after each key as the popup does; the times in ms. */
async function searched() {
	const folder = new URL("connection.js", location.href).href;
	const { Connection } = await import(folder);
	const connection = new Connection();
	const times = [];
	for (const text of ["something long", "rust page", "topic 17", "site-42", "99999"])
		for (let end = 1; end <= text.length; end += 1) {
			const query = text.slice(0, end).trim();
			const begun = performance.now();
			await connection.call("searchNotes", { query, limit: 8, order: "best" });
			times.push(performance.now() - begun);
		}
	const sorted = times.sort((a, b) => a - b);
	const at = (/** @type {number} */ share) =>
		Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 10) / 10;
	return { median: at(0.5), "19 of 20": at(0.95), longest: at(1), keys: times.length };
}

/**
 * Runs in the page: adds a tag to all notes, and follows the edit until it is done, or until so many
 * notes are changed; then cancels it. The times are in ms.
 * @param {number} count
 * @param {number} cancelAt
 */
async function editedAll(count, cancelAt) {
	const folder = new URL("connection.js", location.href).href;
	const { Connection } = await import(folder);
	const connection = new Connection();
	const begun = performance.now();
	const since = (/** @type {number} */ moment) => Math.round(performance.now() - moment);
	let result = await connection.call("editNotes", {
		opId: crypto.randomUUID(),
		query: "",
		expectedCount: count,
		addTags: [`all ${cancelAt}`],
	});
	const answered = since(begun);
	const { edit } = result;
	let reports = 0;
	let longest = 0;
	let cancelled = null;
	while (result.state === "running" || result.state === "undoing") {
		await new Promise((resolve) => setTimeout(resolve, 300));
		const asked = performance.now();
		if (cancelled === null && result.changed >= cancelAt) {
			result = await connection.call("cancelEdit", { edit });
			cancelled = performance.now();
			continue;
		}
		result = await connection.call("editStatus", { edit });
		reports += 1;
		longest = Math.max(longest, since(asked));
	}
	const { state, changed, restored } = result;
	const all = { answered, reports, "longest answer": longest, total: since(begun) };
	return {
		state,
		changed,
		restored,
		...all,
		"after cancel": cancelled && since(cancelled),
	};
}

/** An edit of a million notes, and saves by another process meanwhile. */
async function editMillion() {
	const [driver] = browsers;
	if (!driver) return;
	const world = await World.make();
	try {
		await world.install(program);
		const file = path.join(world.home, "million.csv");
		const count = 1_000_000;
		const lines = Array.from(
			{ length: count },
			(_, n) =>
				`https://site-${n % 5000}.example/${n},Page ${n} about a thing,topic ${n % 40}`,
		);
		await writeFile(file, `url,title,tags\n${lines.join("\n")}\n`);
		const run = promisify(execFile);
		const options = { env: world.environment };
		await run(program, ["import", file], options);
		const browser = await world.start(driver, {});
		await world.siteAnswers();
		const page = await browser.own("library/library.html");
		await page.evaluate(listed);
		for (const cancelAt of [200_000, Number.POSITIVE_INFINITY]) {
			let isRunning = true;
			const editing = page.evaluate(editedAll, count, Math.min(cancelAt, 2 * count));
			const saving = (async () => {
				const times = [];
				for (let n = 0; isRunning; n += 1) {
					// Not before the edit has counted its notes.
					await new Promise((resolve) => setTimeout(resolve, 500));
					const begun = performance.now();
					await run(program, ["add", `https://saved.example/${cancelAt}/${n}`], options);
					times.push(Math.round(performance.now() - begun));
				}
				times.sort((a, b) => a - b);
				const median = times[Math.floor(times.length / 2)];
				return { saves: times.length, median, longest: times.at(-1) };
			})();
			const edited = JSON.stringify(await editing);
			isRunning = false;
			const saved = JSON.stringify(await saving);
			console.log(`${driver.name}: a million notes, in ms: ${edited}; saves: ${saved}`);
			await run(program, ["rm", "--query", "site:saved.example", "--yes"], options);
		}
	} finally {
		await world.end();
	}
}

console.log(`host: ${program === released ? "release" : "debug"}`);
const isMillion = process.argv.includes("--million");
if (isMillion) await editMillion();
for (const driver of isMillion ? [] : browsers) {
	const world = await World.make();
	try {
		await world.install(program);
		for (let first = 0; first < NOTES; first += BATCH) {
			await world.put(
				Array.from({ length: BATCH }, (_, index) => ({
					url: `https://site-${index % 500}.example/${first + index}`,
					title: `Page ${first + index} about something long enough to be read`,
					tags: index % 3 ? ["rust", `topic ${index % 40}`] : [],
					summary: index % 4 ? "" : "A text.",
					excerpt: null,
				})),
			);
		}
		const browser = await world.start(driver, {});
		await world.siteAnswers();
		const openings = [];
		for (let turn = 0; turn < OPENINGS; turn += 1) {
			const page = await browser.own("library/library.html");
			openings.push(await page.evaluate(listed));
			await page.close();
		}
		console.log(`${driver.name}: opened, in ms: ${openings.join(", ")}`);
		const page = await browser.own("library/library.html");
		await page.bringToFront();
		await page.evaluate(listed);
		const frames = JSON.stringify(await page.evaluate(scrolled));
		console.log(`${driver.name}: frames while scrolling, in ms: ${frames}`);
		const jump = await page.evaluate(jumped, NOTES - 1);
		console.log(`${driver.name}: jump to the last row: ${jump} ms`);
		const tagging = JSON.stringify(await page.evaluate(tagged));
		console.log(`${driver.name}: 10,000 notes, in ms: ${tagging}`);
		const keys = JSON.stringify(await page.evaluate(searched));
		console.log(`${driver.name}: the popup's search, in ms: ${keys}`);
	} finally {
		await world.end();
	}
}
