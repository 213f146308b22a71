// How long a click on the button takes, in both browsers: until the popup is painted, until
// there is a caret to type with, until it says "Saved" (the save is on the disk by then). The port
// to the host is open, as it is while a browser runs. What the browser takes to make a window and
// to begin with the page in it is told apart. Figures to read, never a pass or fail.
//
//     cargo build --package url-notes && node tests/bench/popup.js
//
// The extension is a copy with one more script in the popup, which only looks at the clock.

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { browsers } from "../browser/driver/browser.js";
import { project } from "../browser/program.js";
import { World } from "../browser/world.js";

/** Clicks of each browser that count; the first one before them doesn't. */
const CLICKS = 20;

/** @typedef {{ begun?: number, paint?: number, caret?: number, saved?: number }} Moments in ms since 1970 */

/** Runs in the popup, before anything else does. */
function measure() {
	const moments = /** @type {Moments} */ ({});
	/** @type {any} */ (window).moments = moments;
	const now = () => performance.timeOrigin + performance.now();
	moments.begun = performance.timeOrigin;
	document.addEventListener("DOMContentLoaded", () => {
		// When the second frame is asked for, the first one has been painted.
		requestAnimationFrame(() => requestAnimationFrame(() => (moments.paint ??= now())));
	});
	new MutationObserver(() => {
		if (document.body?.dataset.state === "saved") moments.saved ??= now();
	}).observe(document, { subtree: true, attributeFilter: ["data-state"] });
	document.addEventListener("focusin", ({ target }) => {
		if (/** @type {Element} */ (target).id === "tags") moments.caret ??= now();
	});
}

const extension = path.join(await mkdtemp(path.join(tmpdir(), "url-notes-bench-")), "x");
await cp(path.join(project, "extension"), extension, { recursive: true });
await writeFile(path.join(extension, "popup/measure.js"), `(${measure})();`);
const popupPage = path.join(extension, "popup/popup.html");
const html = await readFile(popupPage, "utf8");
await writeFile(
	popupPage,
	html.replace("<head>", '<head><script src="measure.js"></script>'),
);

/** @param {number[]} values */
function told(values) {
	const sorted = values.toSorted((a, b) => a - b);
	const at = (/** @type {number} */ share) =>
		`${Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN)} ms`;
	return `median ${at(0.5)}, nine of ten ${at(0.9)}, slowest ${at(1)}`;
}

for (const driver of browsers) {
	const world = await World.make();
	try {
		await world.install();
		const browser = await world.start(driver, { extension });
		await world.siteAnswers();
		/** @type {Record<string, number[]>} */
		const waits = { "the page begins": [] };
		for (let click = 0; click <= CLICKS; click += 1) {
			const page = await browser.open(world.web.address(`/article?${click}`));
			const popup = await world.click(browser, page);
			const moments = await popup.evaluate(
				() => /** @type {Moments} */ (/** @type {any} */ (window).moments),
			);
			await popup.dismiss();
			await page.close();
			if (click === 0) continue;
			const { begun = Number.NaN } = moments;
			waits["the page begins"]?.push(begun - popup.clickedAt);
			for (const what of /** @type {const} */ (["paint", "caret", "saved"])) {
				const moment = moments[what] ?? Number.NaN;
				waits[what] = [...(waits[what] ?? []), moment - popup.clickedAt];
				const after = `${what}, after it began`;
				waits[after] = [...(waits[after] ?? []), moment - begun];
			}
		}
		for (const [what, values] of Object.entries(waits))
			console.log(`${driver.name}: ${what}: ${told(values)} (${values.length} clicks)`);
	} finally {
		await world.end();
	}
}
await rm(path.dirname(extension), { recursive: true });
