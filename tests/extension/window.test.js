// The page that saves all tabs of a window, on a page and a browser that are played.

import assert from "node:assert/strict";
import { test } from "node:test";

/** @type {Map<string, any>} */
const elements = new Map();
/** @param {string} id */
const element = (id) => {
	const made = elements.get(id) ?? {
		dataset: {},
		value: "",
		textContent: "",
		listeners: /** @type {Record<string, any>} */ ({}),
		addEventListener(/** @type {string} */ name, /** @type {any} */ listener) {
			this.listeners[name] = listener;
		},
		replaceChildren() {},
	};
	elements.set(id, made);
	return made;
};
/** @type {((may: boolean) => void)[]} */
const asked = [];
/** @type {unknown[]} */
const told = [];
const event = { addListener() {} };
Object.assign(globalThis, {
	document: {
		body: { dataset: { state: "asking" } },
		documentElement: {},
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
				onMessage: event,
				postMessage: (/** @type {unknown} */ message) => told.push(message),
			}),
		},
	},
});
// After it: the modules take the browser as they find it.
const { settle } = await import("./fakes.js");
await import("../../extension/window/window.js");

const submit = () => element("ask").listeners.submit({ preventDefault() {} });

test("a form that is sent twice saves the tabs once; refused, it can be sent again", async () => {
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
	assert.deepEqual(told, [
		{ pages: [{ url: "https://example.org/a", title: "A" }], tags: [] },
	]);
});
