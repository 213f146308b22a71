// Measures a click on the button in both browsers: until the popup is painted, until the caret
// is in the field, and until it says "Saved" (the note is on the disk by then). A control,
// clicked in turn, shows the browser's own share: an extension with a running background and
// an empty popup of the same size. Then come clicks that first have to start the background,
// and with it the host. The figures are never a pass or fail.
//
//     cargo build --release --package url-notes && node tests/bench/popup.js
//
// Without a release build it uses the debug build. The extension is a copy with one more
// script in the popup, which reads the clock. Chromium's button is pinned to the toolbar:
// otherwise each click first moves it out of the extensions menu.

import { access, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { browsers } from "../browser/driver/browser.js";
import { windowScope } from "../browser/driver/firefox.js";
import { until } from "../browser/driver/until.js";
import { builtProgram, project } from "../browser/program.js";
import { World } from "../browser/test-environment.js";

/** Clicks of each sort that count; the first ones before them don't. */
const CLICKS = Number(process.env.CLICKS ?? 15);
/** Clicks on ours with a background that has to be started. */
const ASLEEP = Number(process.env.ASLEEP ?? 5);

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

const folder = await mkdtemp(path.join(tmpdir(), "url-notes-bench-"));
const extension = path.join(folder, "url-notes");
await cp(process.env.EXTENSION ?? path.join(project, "extension"), extension, {
	recursive: true,
});
await writeFile(path.join(extension, "popup/measure.js"), `(${measure})();`);
const popupPage = path.join(extension, "popup/popup.html");
const html = await readFile(popupPage, "utf8");
await writeFile(
	popupPage,
	html.replace("<head>", '<head><script src="measure.js"></script>'),
);

const control = path.join(folder, "control");
await mkdir(path.join(control, "popup"), { recursive: true });
const controlManifest = {
	manifest_version: 3,
	name: "control",
	version: "1",
	background: { service_worker: "background.js", scripts: ["background.js"] },
	action: { default_popup: "popup/popup.html", default_area: "navbar" },
	browser_specific_settings: { gecko: { id: "control@control" } },
};
await writeFile(path.join(control, "manifest.json"), JSON.stringify(controlManifest));
// Calling the browser keeps it awake.
await writeFile(
	path.join(control, "background.js"),
	"setInterval(() => (globalThis.browser ?? chrome).runtime.getPlatformInfo(), 15_000);",
);
await writeFile(path.join(control, "popup/measure.js"), `(${measure})();`);
await writeFile(
	path.join(control, "popup/popup.html"),
	`<!doctype html><meta charset="utf-8"><script src="measure.js"></script>
<body><svg width="380" height="480"></svg><input id="tags" autofocus></body>`,
);

const released = path.join(path.dirname(builtProgram), "../release/url-notes");
const program = await access(released).then(
	() => released,
	() => builtProgram,
);

/**
 * Ends the background, as browsers do with one that has been idle for long.
 * @param {import("../browser/driver/browser.js").Driver} driver
 * @param {import("puppeteer-core").Page} page
 */
async function putToSleep(driver, page) {
	const browser = page.browser();
	if (driver.name === "Firefox") {
		const inWindow = await windowScope(browser);
		await inWindow(async () => {
			const { WebExtensionPolicy } = /** @type {any} */ (window);
			await WebExtensionPolicy.getByID(
				"url-notes@url-notes",
			).extension.terminateBackground();
		});
		return;
	}
	const all = [...(await browser.extensions()).values()];
	const own = all.find(({ name }) => name === "url-notes");
	const isBackground = (/** @type {import("puppeteer-core").Target} */ target) =>
		target.type() === "service_worker" && target.url().includes(`//${own?.id}/`);
	// A late event of the page can start the background again.
	await until("the background has ended", async () => {
		const targets = browser.targets().filter(isBackground);
		for (const target of targets) await (await target.worker())?.close();
		return targets.length === 0;
	});
}

/** @param {number[]} values */
function told(values) {
	const sorted = values.toSorted((a, b) => a - b);
	const at = (/** @type {number} */ share) =>
		`${Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN)} ms`;
	return `median ${at(0.5)}, nine of ten ${at(0.9)}, slowest ${at(1)}`;
}

console.log(`host: ${program === released ? "release" : "debug"}`);
for (const driver of browsers) {
	const world = await World.make();
	try {
		await world.install(program);
		const browser = await world.start(driver, { extension, others: [control] });
		await world.siteAnswers();
		/** @type {Map<string, number[]>} */
		const waits = new Map();
		/**
		 * @param {string} whose
		 * @param {boolean} counts
		 */
		const click = async (whose, counts) => {
			const page = await browser.open(world.web.address(`/article?${Math.random()}`));
			if (whose === "asleep") await putToSleep(driver, page);
			const name = whose === "control" ? "control" : undefined;
			const popup = await browser.clickButton(page, name);
			if (!name) await popup.reaches("saved");
			const moments = await until("it is painted", async () => {
				const seen = await popup.evaluate(
					() => /** @type {Moments} */ (/** @type {any} */ (window).moments),
				);
				return seen.paint ? seen : null;
			});
			await popup.dismiss();
			await page.close();
			if (!counts) return;
			for (const what of /** @type {const} */ (["begun", "paint", "caret", "saved"])) {
				const moment = moments[what];
				if (moment === undefined) continue;
				const row = `${whose}: ${what}`;
				waits.set(row, [...(waits.get(row) ?? []), moment - popup.clickedAt]);
			}
		};
		for (let turn = 0; turn <= CLICKS; turn += 1)
			for (const whose of ["url-notes", "control"]) await click(whose, turn > 0);
		for (let turn = 0; turn < ASLEEP; turn += 1) await click("asleep", true);
		for (const [what, values] of waits)
			console.log(`${driver.name}: ${what}: ${told(values)} (${values.length} clicks)`);
		const median = (/** @type {string} */ row) => {
			const sorted = (waits.get(row) ?? []).toSorted((a, b) => a - b);
			return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
		};
		const [own, bare] = [median("url-notes: paint"), median("control: paint")];
		console.log(
			`${driver.name}: paint, to the control's: ${(own / bare).toFixed(2)} x, ${Math.round(own - bare)} ms more`,
		);
	} finally {
		await world.end();
	}
}
await rm(folder, { recursive: true });
