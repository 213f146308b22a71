// A host that responds slowly, twice, out of order or never: each page is saved once, and
// nothing is lost.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Host } from "../../extension/background/host.js";
import { servePopup } from "../../extension/background/popup-port.js";
import { FakeBackground, FakePopup, FakePort, HELLO, NO_TEXTS, settle } from "./fakes.js";

test.before(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.after(() => mock.timers.reset());

const PAGE = "https://example.org/a";
const NOTE = {
	id: 1,
	url: PAGE,
	title: "A title",
	tags: [],
	summary: "",
	excerpt: null,
	savedAt: "2026-01-01T00:00:00.000Z",
	updatedAt: "2026-01-01T00:00:00.000Z",
	publishedAt: null,
	siteName: null,
	lang: null,
	deletedAt: null,
};

/** A background with a real connection, to hosts that the test plays. */
async function start() {
	/** @type {FakePort[]} */
	const ports = [];
	const host = new Host({
		extension: "0.1.0",
		openPort: () => {
			const port = new FakePort();
			ports.push(port);
			return port;
		},
	});
	const background = await FakeBackground.start(/** @type {any} */ (host));
	host.onChange = () => {
		void background.outbox.deliver();
		background.pages.showAll();
	};
	const greeted = async () => {
		host.connect();
		const port = /** @type {FakePort} */ (ports.at(-1));
		port.answer(HELLO);
		await settle();
		return port;
	};
	return { background, greeted };
}

/** @param {FakePort} port */
const saves = (port) => port.sent.filter(({ method }) => method === "saveNote");

test("a save without a response times out, stays, and is sent again with the same id", async () => {
	const { background, greeted } = await start();
	const silent = await greeted();
	const popup = await FakePopup.open(background);
	popup.type({ tags: ["a"] }, { blind: true });
	const [save] = saves(silent);
	assert.equal(popup.state, "saving");
	mock.timers.tick(60_000);
	await settle();
	assert.equal(popup.state, "queued");
	assert.equal(popup.view.trouble, "program_silent");

	const next = await greeted();
	const [again] = saves(next);
	assert.equal(again.params.opId, save.params.opId);
	// Too late, from a port that was given up: nobody listens.
	silent.answer({ note: { ...NOTE, id: 99 }, created: true }, save);
	await settle();
	const noteId = () => popup.view.page.note?.id ?? null;
	assert.equal(noteId(), null);
	next.answer({ note: NOTE, created: true }, again);
	await settle();
	assert.equal(noteId(), 1);
	assert.equal(saves(next).length, 1);
});

test("a response that arrives twice counts once", async () => {
	const { background, greeted } = await start();
	const port = await greeted();
	const popup = await FakePopup.open(background);
	const [save] = saves(port);
	port.answer({ note: NOTE, created: true }, save);
	port.answer({ note: { ...NOTE, id: 2 }, created: true }, save);
	await settle();
	assert.equal(popup.view.page.note?.id, 1);
	popup.type({ tags: ["a"] });
	await popup.close();
	const updates = port.sent.filter(({ method }) => method === "updateNote");
	assert.deepEqual(
		updates.map(({ params }) => [params.id, params.tags]),
		[[1, ["a"]]],
	);
	for (const update of updates) {
		port.answer({ note: { ...NOTE, tags: ["a"] } }, update);
		port.answer({ note: { ...NOTE, tags: ["b"] } }, update);
	}
	await settle();
	assert.deepEqual(Object.keys(background.storage.items), []);
});

test("a slow response is merged with text typed meanwhile", async () => {
	const { background, greeted } = await start();
	const port = await greeted();
	const popup = await FakePopup.open(background);
	mock.timers.tick(59_000);
	popup.type({ tags: ["typed"], summary: "Words" }, { blind: true });
	await popup.close();
	const [save] = saves(port);
	port.answer(
		{ note: { ...NOTE, tags: ["old"], summary: "Before" }, created: false },
		save,
	);
	await settle();
	const { params } = port.sent.at(-1);
	assert.deepEqual(params.tags, ["old", "typed"]);
	assert.equal(params.summary, "Before\n\nWords");
});

test("responses in the wrong order reach their own pages", async () => {
	const { background, greeted } = await start();
	const port = await greeted();
	const other = "https://example.org/b";
	background.saves = false;
	const first = await FakePopup.open(background, PAGE);
	const second = await FakePopup.open(background, other);
	const [one, two] = port.sent.filter(({ method }) => method === "noteForUrl");
	port.answer({ note: { ...NOTE, id: 2, url: other }, onThisSite: 2 }, two);
	port.answer({ note: NOTE, onThisSite: 2 }, one);
	await settle();
	assert.equal(first.view.page.note?.id, 1);
	assert.equal(second.view.page.note?.id, 2);
});

test("Try again is answered only once the result is known", async () => {
	for (const answers of [true, false]) {
		/** @type {FakePort[]} */
		const ports = [];
		const host = new Host({
			extension: "0.1.0",
			openPort: () => {
				ports.push(new FakePort());
				return /** @type {FakePort} */ (ports.at(-1));
			},
		});
		const background = await FakeBackground.start(/** @type {any} */ (host));
		/** @type {any[]} */
		const sent = [];
		/** @type {(message: any) => void} */
		let say = () => {};
		const port = {
			onMessage: { addListener: (/** @type {typeof say} */ on) => (say = on) },
			onDisconnect: { addListener() {} },
			postMessage: (/** @type {any} */ message) => sent.push(message),
		};
		servePopup(/** @type {any} */ (port), {
			pages: background.pages,
			dismissedTags: /** @type {any} */ ({}),
			textSaves: NO_TEXTS,
			host,
			ready: Promise.resolve(),
			tryHost: () => host.connect(),
			activeTab: async () => ({ url: PAGE, title: "", tabId: 1 }),
		});
		say({ do: "open", tab: { url: PAGE, title: "A title", tabId: 1 } });
		await settle();
		say({ do: "tryHost" });
		await settle();
		const tried = () => sent.filter((message) => "tried" in message).length;
		assert.equal(tried(), 0, "it is being waited for");
		if (answers) {
			ports.at(-1)?.answer(HELLO);
			await settle();
			const asked = ports.at(-1)?.sent.find(({ method }) => method === "noteForUrl");
			assert.ok(asked);
			ports.at(-1)?.answer({ note: null, onThisSite: 0 }, asked);
		} else {
			mock.timers.tick(60_000);
		}
		await settle();
		assert.equal(tried(), 1);
	}
});

test("the host renders a preview; if it can't, the popup receives the reason", async () => {
	const text = "Caching **halved** it.";
	const nodes = [{ name: "p", children: ["Caching it."] }];
	const refused = (/** @type {string} */ kind) => ({
		error: { code: 0, message: "No.", data: { kind } },
	});
	for (const [answer, preview] of /** @type {const} */ ([
		[{ result: { nodes } }, { nodes, outdated: false }],
		[refused("unknown_method"), { nodes: null, outdated: true }],
		[refused("internal"), { nodes: null, outdated: false }],
		[null, { nodes: null, outdated: false }],
	])) {
		const native = new FakePort();
		const host = new Host({ extension: "0.1.0", openPort: () => native });
		/** @type {any[]} */
		const sent = [];
		/** @type {(message: any) => void} */
		let say = () => {};
		const port = {
			onMessage: { addListener: (/** @type {typeof say} */ on) => (say = on) },
			onDisconnect: { addListener() {} },
			postMessage: (/** @type {any} */ message) => sent.push(message),
		};
		servePopup(/** @type {any} */ (port), {
			pages: /** @type {any} */ ({}),
			dismissedTags: /** @type {any} */ ({}),
			textSaves: NO_TEXTS,
			host,
			ready: Promise.resolve(),
			tryHost: () => {},
			activeTab: async () => ({ url: PAGE, title: "", tabId: 1 }),
		});
		say({ do: "preview", text, turn: 7 });
		await settle();
		native.answer(HELLO);
		await settle();
		const asked = native.sent.find(({ method }) => method === "renderMarkdown");
		assert.deepEqual(asked?.params, { text });
		if (answer) native.say({ jsonrpc: "2.0", id: asked?.id, ...answer });
		else native.end(null);
		await settle();
		assert.deepEqual(sent, [{ preview, turn: 7 }]);
	}
});
