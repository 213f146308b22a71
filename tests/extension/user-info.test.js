// If the user wants user names and passwords removed, they reach neither the host nor the
// browser's storage, whichever way a page is saved.

import assert from "node:assert/strict";
import { test } from "node:test";

Object.assign(globalThis, {
	chrome: {
		scripting: { executeScript: async () => [] },
		action: {
			openPopup: async () => {
				throw new Error("No popup.");
			},
		},
	},
});
// After it: the modules take the browser as they find it.
const { FakeBackground, FakeHost, NO_TEXTS, settle } = await import("./fakes.js");
const { BackgroundSaves } = await import("../../extension/background/background-save.js");
const { Badge } = await import("../../extension/background/badge.js");
const { onMenuClick } = await import("../../extension/background/menus.js");
const { servePopup } = await import("../../extension/background/popup-port.js");
const { savableUrl } = await import("../../extension/shared/tab.js");

const SECRET = "https://reader:pazz0@example.org/a";
const PLAIN = "https://example.org/a";

/** @param {boolean} strips */
async function start(strips) {
	const host = new FakeHost();
	const background = await FakeBackground.start(host);
	const savable = (/** @type {string | undefined} */ url) => savableUrl(url, strips);
	const saves = new BackgroundSaves(background.outbox, () => {}, savable);
	/** @type {any[]} */
	const sent = [];
	/** @type {(message: any) => void} */
	let say = () => {};
	const port = {
		onMessage: { addListener: (/** @type {typeof say} */ on) => (say = on) },
		onDisconnect: { addListener() {} },
		postMessage: (/** @type {any} */ message) => sent.push(message),
	};
	const parts = /** @type {any} */ ({
		pages: background.pages,
		dismissedTags: { add() {}, forget() {}, of: () => [] },
		textSaves: NO_TEXTS,
		host: Object.assign(host, { refreshHello() {} }),
		ready: Promise.resolve(),
		tryHost() {},
		activeTab: async () => ({ url: SECRET, title: "", tabId: 1 }),
		savable,
	});
	servePopup(/** @type {any} */ (port), parts);
	/** @param {object} click */
	const menu = async (click) => {
		const tab = /** @type {any} */ ({ id: 1, url: SECRET, title: "A title" });
		await onMenuClick(/** @type {any} */ (click), tab, {
			pages: background.pages,
			backgroundSaves: saves,
			host,
			ready: Promise.resolve(),
			savable,
		});
		await settle();
	};
	return { host, background, saves, sent, say, menu, savable };
}

/** @type {Record<string, (parts: Awaited<ReturnType<typeof start>>) => Promise<unknown> | void>} */
const WAYS = {
	"the popup": async ({ say }) => {
		say({ do: "open", tab: { url: SECRET, title: "A title", tabId: 1 } });
		await settle();
		say({ do: "findRelated", turn: 1 });
		say({ do: "suggest", title: "", text: "", tags: [], dismissed: [], turn: 1 });
		say({ do: "tryHost" });
	},
	"a page without a popup": ({ menu }) => menu({ menuItemId: "save-page" }),
	"a selection": ({ menu }) =>
		menu({ menuItemId: "save-selection", selectionText: "chosen" }),
	"a link": ({ menu }) =>
		menu({ menuItemId: "save-link", linkUrl: SECRET, linkText: "Its words" }),
	"all tabs": ({ saves }) => {
		saves.saveAll([{ url: SECRET, title: "A title" }], [], () => {});
	},
};

for (const [way, use] of Object.entries(WAYS)) {
	test(`${way}: user name and password stay in the browser if the user wants that`, async () => {
		const parts = await start(true);
		await use(parts);
		await settle();
		const sent = JSON.stringify(parts.host.log);
		assert.ok(sent.includes(PLAIN), sent);
		assert.ok(!sent.includes("pazz0"), sent);
		assert.ok(!JSON.stringify(parts.background.storage).includes("pazz0"));
	});

	test(`${way}: the address is saved as captured otherwise`, async () => {
		const parts = await start(false);
		await use(parts);
		await settle();
		assert.ok(JSON.stringify(parts.host.log).includes(SECRET));
	});
}

test("the popup learns that something was removed from the address", async () => {
	for (const strips of [true, false]) {
		const { say, sent } = await start(strips);
		say({ do: "open", tab: { url: SECRET, title: "A title", tabId: 1 } });
		await settle();
		assert.equal(sent.at(-1).stripped ?? false, strips);
	}
});

test("lookups for the badge don't contain user name and password", async () => {
	const { host, savable } = await start(true);
	const button = /** @type {any} */ ({
		setBadgeText: async () => {},
		setBadgeBackgroundColor: async () => {},
		setBadgeTextColor: async () => {},
	});
	const tabs = /** @type {any} */ ({ query: async () => [{ id: 1, url: SECRET }] });
	await new Badge(button, tabs, host, savable).mark(true);
	await settle();
	assert.deepEqual(host.log, [["noteForUrl", { url: PLAIN }]]);
});
