// Measures the library page with 100,000 notes in both browsers: from its opening to the list,
// frames while it scrolls, a jump to the last row, and 10,000 notes that get a tag. The figures
// are never a pass or fail.
//
//     cargo build --release --package url-notes --bins --examples && node tests/bench/library.js
//
// Without a release build it uses the debug build.

import { access } from "node:fs/promises";
import path from "node:path";
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

/** Runs in the page: jumps to the last row, which loads all rows.
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

console.log(`host: ${program === released ? "release" : "debug"}`);
for (const driver of browsers) {
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
	} finally {
		await world.end();
	}
}
