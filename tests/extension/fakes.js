// The environment of the extension's modules in these tests: the browser's storage, a native
// messaging port, a host with a store, and backgrounds that start and end on the same storage.

import { HostError, Unreachable } from "../../extension/background/host.js";
import { Outbox } from "../../extension/background/outbox.js";
import { Pages } from "../../extension/background/page-session.js";
import { StorageQueue } from "../../extension/background/storage-queue.js";
import { TextRules } from "../../extension/background/text-rules.js";
import { TextSaves } from "../../extension/background/text-saves.js";
import { WaitingTexts } from "../../extension/background/waiting-texts.js";

/** Lets all pending promises settle. The tests advance timers themselves. */
export async function settle() {
	for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
}

/** `storage.local`. */
export class FakeStorage {
	/** @type {Record<string, any>} */ items = {};
	/** @type {string[]} Keys in the order of writing. */ writes = [];
	full = false;
	/** Bytes that it holds, as Chromium counts them. */
	quota = Number.POSITIVE_INFINITY;
	dead = false;
	/** Called after each change. */
	onWrite = () => {};

	/** @param {Record<string, unknown>} items */
	async set(items) {
		await null;
		if (this.dead) return new Promise(() => {});
		if (this.full || this.#sizeWith(items) > this.quota)
			throw new Error("QUOTA_BYTES quota exceeded");
		Object.assign(this.items, structuredClone(items));
		this.writes.push(...Object.keys(items));
		this.onWrite();
	}

	/** @param {Record<string, unknown>} items */
	#sizeWith(items) {
		if (this.quota === Number.POSITIVE_INFINITY) return 0;
		return Object.entries({ ...this.items, ...items }).reduce(
			(sum, [key, value]) => sum + key.length + JSON.stringify(value).length,
			0,
		);
	}

	/** @param {string[]} keys */
	async remove(keys) {
		await null;
		if (this.dead) return new Promise(() => {});
		for (const key of keys) delete this.items[key];
		this.onWrite();
	}

	async get() {
		await null;
		// The order isn't specified.
		return structuredClone(Object.fromEntries(Object.entries(this.items).reverse()));
	}

	/** A storage with the same contents, for the next background. */
	inherit() {
		this.dead = true;
		const heir = new FakeStorage();
		heir.items = structuredClone(this.items);
		return heir;
	}
}

/** The browser's end of a native messaging port. */
export class FakePort {
	/** @type {any[]} */ sent = [];
	closed = false;
	#onMessage = (/** @type {unknown} */ _message) => {};
	#onClose = (/** @type {string | null} */ _reason) => {};

	post = (/** @type {object} */ message) => {
		if (this.closed) throw new Error("Attempting to use a disconnected port object");
		this.sent.push(message);
	};
	close = () => {
		this.closed = true;
	};
	onMessage = (/** @type {(message: unknown) => void} */ listener) => {
		this.#onMessage = listener;
	};
	onClose = (/** @type {(reason: string | null) => void} */ listener) => {
		this.#onClose = listener;
	};

	/** @param {unknown} message */
	say(message) {
		this.#onMessage(message);
	}

	/**
	 * Responds to a request, by default the last one.
	 * @param {object} result
	 */
	answer(result, request = this.sent.at(-1)) {
		this.say({ jsonrpc: "2.0", id: request.id, result });
	}

	/**
	 * @param {string} kind
	 * @param {string} message
	 */
	refuse(kind, message, request = this.sent.at(-1)) {
		const error = { code: -32000, message, data: { kind } };
		this.say({ jsonrpc: "2.0", id: request.id, error });
	}

	/** @param {string | null} reason */
	end(reason) {
		this.closed = true;
		this.#onClose(reason);
	}
}

export const HELLO = {
	protocol: 1,
	host: "0.1.0",
	siteUrl: "http://localhost:6683/",
	database: "/home/me/notes.db",
	notes: 0,
	tags: 0,
	saveOnOpen: null,
	icons: true,
	texts: true,
	keepText: "always",
	siteProblem: null,
	storeProblem: null,
};

/** A popup's texts, for tests of other things. */
export const NO_TEXTS = /** @type {any} */ ({
	hold() {},
	release() {},
	watch: () => () => {},
	known() {},
});

/** A host with notes, which can be away. */
export class FakeHost {
	/** @type {any} */ hello = HELLO;
	/** @type {any} */ trouble = null;
	/** @type {Map<number, any>} */ notes = new Map();
	/** @type {[method: string, params: any][]} Requests that were handled, including repeated ones. */ log =
		[];
	/** @type {Map<number, string>} Texts of pages, by the ids of their notes. */ texts =
		new Map();
	/** @type {Map<string, any>} */ #done = new Map();
	/** @type {((method: string, params: any) => any) | null} Replaces a response. */ interfere =
		null;

	/** @type {Map<string, string>} Aliases and their tags. */ aliases = new Map();
	#tagOf = (/** @type {string} */ name) => this.aliases.get(name) ?? name;

	away(cause = "not_allowed") {
		this.hello = null;
		this.trouble = cause;
	}

	back(hello = HELLO) {
		this.hello = hello;
		this.trouble = null;
	}

	/**
	 * @param {string} method
	 * @param {any} params
	 * @returns {Promise<any>}
	 */
	async request(method, params) {
		await null;
		if (!this.hello) throw new Unreachable(this.trouble);
		const sent = structuredClone(params);
		const instead = await this.interfere?.(method, sent);
		if (instead instanceof Error) throw instead;
		return this.do(method, sent);
	}

	/**
	 * @param {string} method
	 * @param {any} params
	 */
	do(method, params) {
		this.log.push([method, params]);
		if (params.opId && this.#done.has(params.opId)) return this.#done.get(params.opId);
		const result = structuredClone(this.#act(method, params));
		if (params.opId) this.#done.set(params.opId, result);
		return result;
	}

	/** Methods of the requests, in order. */
	get methods() {
		return this.log.map(([method]) => method);
	}

	/** The only note, with the fields that tests check. */
	get note() {
		const notes = [...this.notes.values()];
		if (notes.length !== 1) throw new Error(`${notes.length} notes instead of one`);
		const { title, tags, summary, deletedAt } = notes[0];
		return { title, tags, summary, deleted: deletedAt !== null };
	}

	/**
	 * @param {string} url
	 * @param {object} [fields]
	 */
	keep(url, fields = {}) {
		const note = {
			id: 1000 + this.notes.size,
			url,
			title: "Old title",
			tags: [],
			summary: "",
			excerpt: null,
			savedAt: "2025-03-01T10:00:00.000Z",
			updatedAt: "2025-03-01T10:00:00.000Z",
			publishedAt: null,
			siteName: null,
			lang: null,
			deletedAt: null,
			...fields,
		};
		this.notes.set(note.id, note);
		return note;
	}

	/**
	 * @param {string} method
	 * @param {any} params
	 */
	#act(method, { opId: _opId, ...params }) {
		const of = (/** @type {string} */ url) =>
			[...this.notes.values()].find((note) => note.url === url && !note.deletedAt);
		const deletedOf = (/** @type {string} */ url) => {
			const found = [...this.notes.values()].findLast(
				(note) => note.url === url && note.deletedAt,
			);
			return found && { deletedNote: { ...found } };
		};
		switch (method) {
			case "saveNote": {
				const quote = params.quote ? `> ${params.quote.text}` : "";
				const old = of(params.url);
				if (!old) {
					const { title, tags = [] } = params;
					const deleted = deletedOf(params.url);
					const note = this.keep(params.url, { title, tags, summary: quote });
					return { note, created: true, ...deleted };
				}
				old.tags = [...new Set([...old.tags, ...(params.tags ?? [])])];
				if (quote) old.summary = [old.summary, quote].filter(Boolean).join("\n\n");
				return { note: old, created: false };
			}
			case "noteForUrl":
				return {
					note: of(params.url) ?? null,
					onThisSite: 0,
					...(!of(params.url) && deletedOf(params.url)),
				};
			case "mergeNotes": {
				const [kept, dropped] = [params.keep, params.drop].map((id) =>
					this.notes.get(id),
				);
				if (!kept || !dropped) throw new HostError("not_found", "No note has this id.");
				kept.tags = [...new Set([...kept.tags, ...dropped.tags])];
				kept.summary = [kept.summary, dropped.summary].filter(Boolean).join("\n\n");
				dropped.deletedAt = "2026-01-01T00:00:00.000Z";
				return { note: kept };
			}
			case "updateNote":
			case "deleteNote":
			case "restoreNote": {
				const note = this.notes.get(params.id);
				if (!note) throw new HostError("not_found", "No note has this id.");
				if (method === "updateNote") {
					Object.assign(note, params);
					note.tags = [...new Set(note.tags.map(this.#tagOf))];
				} else if (params.mergeWith !== undefined) {
					const { tags, summary } = this.notes.get(params.mergeWith);
					this.notes.delete(params.mergeWith);
					note.tags = [...new Set([...note.tags, ...tags])];
					note.summary = [note.summary, summary].filter(Boolean).join("\n\n");
					note.deletedAt = null;
				} else
					note.deletedAt = method === "deleteNote" ? "2026-01-01T00:00:00.000Z" : null;
				return { note };
			}
			case "putText": {
				const { id, text, force } = params;
				if (!this.notes.has(id) || this.notes.get(id).deletedAt)
					throw new HostError("not_found", "No note has this id.");
				const words = (/** @type {string} */ of) => of.split(" ").length;
				const before = this.texts.get(id);
				const isOlder = !force && before !== undefined && words(text) * 2 < words(before);
				if (!isOlder) this.texts.set(id, text);
				return { id, words: words(text), kept: isOlder ? "older" : "new" };
			}
			case "removeText":
				if (!this.texts.delete(params.id))
					throw new HostError("not_found", "No note has this id.");
				return { id: params.id };
			default:
				throw new HostError("unknown_method", `No method ${method}.`);
		}
	}
}

/** A background as `background.js` assembles it, without the browser. */
export class FakeBackground {
	/**
	 * @param {FakeHost} host
	 * @param {FakeStorage} storage
	 */
	constructor(host, storage) {
		this.host = host;
		this.storage = storage;
		this.saves = true;
		/** @type {any} */
		this.captured = {};
		/** @type {any} What is read of a page, or what reads it; null if nothing is. */
		this.readable = null;
		this.queue = new StorageQueue(storage);
		this.outbox = new Outbox(this.queue, host);
		this.rules = new TextRules(this.queue);
		this.waiting = new WaitingTexts(storage, () => this.queue.full);
		this.texts = new TextSaves({
			host,
			outbox: this.outbox,
			rules: this.rules,
			waiting: this.waiting,
			read: async () =>
				typeof this.readable === "function" ? this.readable() : this.readable,
		});
		this.queue.makeRoom = () => this.waiting.makeRoom();
		this.pages = new Pages({
			queue: this.queue,
			outbox: this.outbox,
			host,
			capture: async (tabId, _what, url) => {
				if (this.readable) this.texts.expect(url, tabId);
				return this.captured;
			},
			savesOnOpen: async () => this.saves,
		});
		this.outbox.onAnswer = (entry, result) => {
			this.pages.answered(entry, result);
			void this.texts.answered(entry, result);
		};
		this.outbox.onRefused = (entry) => this.pages.refused(entry);
		this.outbox.onChange = () => {
			this.pages.showAll();
			void this.texts.refresh();
		};
		this.queue.onChange = () => this.pages.showAll();
	}

	/**
	 * Starts a background that loads the records of a storage.
	 * @param {FakeHost} host
	 */
	static async start(host, storage = new FakeStorage()) {
		const background = new FakeBackground(host, storage);
		const records = await background.queue.load();
		background.outbox.load(records);
		background.pages.load(records);
		background.rules.load(records);
		background.waiting.load(records);
		void background.outbox.deliver();
		await settle();
		return background;
	}

	/** Ends this background without warning, as a browser does, and starts the next. */
	restart() {
		return FakeBackground.start(this.host, this.storage.inherit());
	}

	/** Brings the host back, and lets the background deliver. */
	async reach() {
		this.host.back();
		await this.outbox.deliver();
		await this.texts.refresh();
		await settle();
	}
}

/** A popup, reduced to its messages and views. */
export class FakePopup {
	/** @type {import("../../extension/shared/messages.js").View[]} */ views = [];

	/**
	 * @param {FakeBackground} background
	 * @param {string} url
	 */
	constructor(background, url) {
		this.background = background;
		this.url = url;
	}

	/**
	 * A click on the toolbar button.
	 * @param {FakeBackground} background
	 */
	static async open(background, url = "https://example.org/a", title = "A title") {
		const popup = new FakePopup(background, url);
		void background.pages.open({ url, title, tabId: 1 }, popup);
		await settle();
		return popup;
	}

	/** @param {import("../../extension/shared/messages.js").View} view */
	show(view) {
		this.views.push(structuredClone(view));
	}

	get view() {
		const view = this.views.at(-1);
		if (!view) throw new Error("nothing was shown");
		return view;
	}

	get state() {
		return this.view.state;
	}

	/**
	 * Typing by a user who sees the last view, or (`blind`) the empty form.
	 * @param {import("../../extension/shared/merge.js").Edits} edits
	 */
	type(edits, { blind = false } = {}) {
		const revision = blind ? 0 : this.view.revision;
		this.background.pages.edit(this.url, edits, revision);
	}

	/** Closes the popup as a click beside it does. */
	async close() {
		this.background.pages.close(this.url, this);
		await settle();
	}
}
