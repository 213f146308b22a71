// The page that saves all tabs of a window, with a fake document and a fake browser.

import assert from "node:assert/strict";
import { test } from "node:test";

/** Something that holds others, and words. */
const parent = () => ({
	children: /** @type {any[]} */ ([]),
	append(/** @type {any[]} */ ...more) {
		this.children.push(...more);
	},
	replaceChildren(/** @type {any[]} */ ...all) {
		this.children = all;
	},
});
/** @type {Map<string, any>} */
const elements = new Map();
/** @param {string} id */
const element = (id) => {
	const made = elements.get(id) ?? {
		dataset: {},
		value: "",
		textContent: "",
		querySelectorAll: () => [],
		listeners: /** @type {Record<string, any>} */ ({}),
		addEventListener(/** @type {string} */ name, /** @type {any} */ listener) {
			this.listeners[name] = listener;
		},
		...parent(),
	};
	elements.set(id, made);
	return made;
};
/** @type {((may: boolean) => void)[]} */
const asked = [];
/** @type {unknown[]} */
const sent = [];
/** @type {((summary: unknown) => void)[]} */
const listeners = [];
const event = { addListener() {} };
Object.assign(globalThis, {
	document: {
		body: { dataset: { state: "asking" } },
		documentElement: {},
		createElement: parent,
		getElementById: element,
		querySelectorAll: () => [],
	},
	chrome: {
		i18n: { getMessage: (/** @type {string} */ key) => key, getUILanguage: () => "en" },
		permissions: {
			request: () => new Promise((resolve) => asked.push(resolve)),
			contains: async () => false,
			remove: async () => true,
		},
		storage: { local: { get: async () => ({}) } },
		tabs: {
			getCurrent: async () => ({ id: 1 }),
			query: async () => [{ id: 1 }, { id: 2, url: "https://example.org/a", title: "A" }],
			onCreated: event,
			onRemoved: event,
		},
		runtime: {
			getURL: () => "ext://",
			connect: () => ({
				onMessage: {
					addListener: (/** @type {any} */ listener) => listeners.push(listener),
				},
				postMessage: (/** @type {unknown} */ message) => sent.push(message),
			}),
		},
	},
});
// After it: the modules take the browser as they find it.
const { settle } = await import("./fakes.js");
await import("../../extension/window/window.js");

const submit = () => element("ask").listeners.submit({ preventDefault() {} });

test("submitting the form twice saves the tabs once; after a refusal it can be submitted again", async () => {
	await settle();
	submit();
	assert.equal(element("save").disabled, true);
	submit();
	assert.equal(asked.length, 1);
	asked[0]?.(false);
	await settle();
	assert.equal(element("save").disabled, false);
	submit();
	submit();
	asked[1]?.(true);
	await settle();
	assert.equal(asked.length, 2);
	assert.deepEqual(sent, [
		{ do: "save", pages: [{ url: "https://example.org/a", title: "A" }], tags: [] },
	]);
});

test("tabs with the same name that can't be saved share a line", () => {
	const refusal = { kind: "invalid_url", message: "Too long." };
	const unsavable = [
		{ url: "", title: "New Tab" },
		{ url: "https://example.org/", title: "New Tab", refusal },
		{ url: "", title: "New Tab" },
		{ url: "", title: "" },
	];
	const nothing = { saved: 0, there: 0, waiting: 0, trouble: null, cure: null };
	for (const listener of listeners) listener({ ...nothing, hindrance: null, unsavable });
	assert.deepEqual(
		element("unsavable-list").children.map((/** @type {any} */ line) => {
			const [name, ...words] = line.children;
			return name.textContent + words.join("");
		}),
		["New Tab × 2", "New Tab (Too long.)", "windowUnnamed"],
	);
});
