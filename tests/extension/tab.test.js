// The tab that a popup was opened on, as the browser reports it.

import assert from "node:assert/strict";
import { test } from "node:test";

/** @type {object[]} */
let tabs = [];
Object.assign(globalThis, { chrome: { tabs: { query: async () => tabs } } });
const { activeTab } = await import("../../extension/shared/tab.js");

for (const [what, tab, expected] of /** @type {const} */ ([
	[
		"a page",
		{ url: "https://example.org/a", title: "A title", status: "complete" },
		{ url: "https://example.org/a", title: "A title" },
	],
	[
		"a new tab whose page is on its way",
		{
			url: "about:blank",
			pendingUrl: "https://example.org/a",
			title: "x",
			status: "loading",
		},
		{ url: "https://example.org/a", title: "" },
	],
	[
		"a page of the browser",
		{ url: "chrome://settings/", title: "All settings", status: "complete" },
		{ url: "chrome://settings/", title: "All settings" },
	],
	[
		"an empty tab that is loading",
		{ url: "about:blank", title: "", status: "loading" },
		{ url: "about:blank", title: "", loading: true },
	],
	// The page arrived after the click, which revoked the permission to see its address.
	[
		"a loading tab whose address the browser withholds",
		{ status: "loading" },
		{ url: "", title: "", loading: true },
	],
	// Chromium withholds `about:blank`.
	[
		"an empty tab whose address the browser withholds",
		{ status: "complete" },
		{ url: "", title: "" },
	],
])) {
	test(`the active tab shows ${what}`, async () => {
		tabs = [{ id: 7, ...tab }];
		assert.deepEqual(await activeTab(), { tabId: 7, ...expected });
	});
}
