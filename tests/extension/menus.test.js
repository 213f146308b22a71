// The context menus: what a click does, in pages that can be read and in others.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

/** @type {(injection: any) => Promise<any>} */
let inject = async () => [];
let popupOpens = true;
Object.assign(globalThis, {
	chrome: {
		scripting: { executeScript: (/** @type {any} */ injection) => inject(injection) },
		action: {
			openPopup: async () => {
				if (!popupOpens) throw new Error("No popup.");
			},
		},
	},
});
// After it: the modules take the browser as they find it.
const { settle } = await import("./fakes.js");
const { capture } = await import("../../extension/background/capture.js");
const { onMenuClick } = await import("../../extension/background/menus.js");

test.beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.afterEach(() => mock.timers.reset());

/**
 * @param {object} info
 * @param {object} [tab]
 */
function click(info, tab = {}) {
	/** @type {unknown[][]} */
	const log = [];
	const telling =
		(/** @type {string} */ name) =>
		(/** @type {unknown[]} */ ...values) => {
			log.push([name, ...values]);
		};
	const parts = /** @type {any} */ ({
		pages: Object.fromEntries(
			["requestSave", "cancelRequest", "saveWithoutPopup"].map((name) => [
				name,
				telling(name),
			]),
		),
		backgroundSaves: Object.fromEntries(
			["save", "flashResult", "flashFailure"].map((name) => [name, telling(name)]),
		),
		host: {
			hello: { siteUrl: "http://quiet-fox.localhost:6683/" },
			request: async () => ({}),
		},
		ready: Promise.resolve(),
	});
	void onMenuClick(
		/** @type {any} */ (info),
		/** @type {any} */ ({ id: 1, ...tab }),
		parts,
	);
	return log;
}

const LINK = { menuItemId: "save-link", linkUrl: "https://example.org/a" };

test("a link is saved with its text as title", async () => {
	inject = async () => [{ result: "A link" }];
	const log = click(LINK);
	await settle();
	assert.deepEqual(log, [["save", LINK.linkUrl, "A link", 1]]);
});

test("a link is saved even if its page never responds", async () => {
	/** @type {any} */
	let asked;
	inject = (injection) => {
		asked = injection;
		return new Promise(() => {});
	};
	const log = click(LINK);
	await settle();
	assert.deepEqual(log, []);
	assert.equal(asked.injectImmediately, true);
	mock.timers.tick(300);
	await settle();
	assert.deepEqual(log, [["save", LINK.linkUrl, "", 1]]);
});

test("a selection on a page that can't be saved isn't kept for another page", async () => {
	popupOpens = false;
	const log = click(
		{ menuItemId: "save-selection", selectionText: "chosen", pageUrl: "about:x" },
		{ url: "about:x" },
	);
	await settle();
	assert.deepEqual(log, [
		["requestSave", 1, "chosen"],
		["cancelRequest", 1],
	]);
});

test("a slow page gets more time for the text around a selection than for metadata", async () => {
	/** @type {((says: object) => void)[]} */
	const tell = [];
	inject = () =>
		new Promise((resolve) => {
			tell.push((says) => resolve([{ result: says }]));
		});
	const page = capture(1);
	const selection = capture(1, "selection");
	mock.timers.tick(300);
	assert.deepEqual(Object.keys(await page), ["late"]);
	const quote = { text: "these words", prefix: "before" };
	for (const say of tell) say({ quote });
	assert.deepEqual(await selection, { quote });
});

test("a selection is saved even if its page never responds", async () => {
	inject = () => new Promise(() => {});
	const selection = capture(1, "selection");
	mock.timers.tick(2000);
	assert.deepEqual(Object.keys(await selection), ["late"]);
});

test("nothing of the own site is saved from the menus, and the button shows it", async () => {
	popupOpens = false;
	for (const origin of ["http://localhost:6683", "http://quiet-fox.localhost:6683"]) {
		const url = `${origin}/tag/gpu`;
		inject = async () => [{ result: "gpu" }];
		const link = click({ menuItemId: "save-link", linkUrl: url });
		const page = click({ menuItemId: "save-page", pageUrl: url }, { url });
		const quote = { menuItemId: "save-selection", selectionText: "x", pageUrl: url };
		const selection = click(quote, { url });
		await settle();
		assert.deepEqual(link, [["flashFailure", 1]]);
		assert.deepEqual(page, [
			["requestSave", 1, ""],
			["cancelRequest", 1],
			["flashFailure", 1],
		]);
		assert.deepEqual(selection.at(-1), ["flashFailure", 1]);
	}
	// Another program on this computer has another port.
	const other = click({ menuItemId: "save-link", linkUrl: "http://localhost:3000/" });
	await settle();
	assert.deepEqual(other, [["save", "http://localhost:3000/", "gpu", 1]]);
});
