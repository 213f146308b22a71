/**
 * What the user does with each page, from the click until all of it is on its
 * way to the host: the save, what is typed while the save isn't answered, the
 * edits after it, Undo and Delete.
 *
 * A page's record is written to storage at each keystroke and removed when it
 * holds nothing that isn't in the outbox. The popup only shows views of
 * records and tells what the user does; it may be closed at any moment.
 */

import * as typed from "../shared/merge.js";
import { fit, LIMITS } from "../shared/text.js";
import { cureFor } from "./diagnosis.js";
import { Unreachable } from "./host.js";

/**
 * @import {Entry, Known, PageRecord, Refusal, PendingCapture, Tab, View} from "../shared/messages.js"
 */

/**
 * @typedef {import("../protocol.js").Note} Note
 * @typedef {import("../protocol.js").SamePage} SamePage
 * @typedef {import("../protocol.js").SaveNoteResult} SaveNoteResult
 * @typedef {import("../shared/merge.js").Edits} Edits
 */

/**
 * What the background has of a page only while a popup shows it.
 * @typedef {object} PopupSession
 * @property {Popup} popup
 * @property {number | undefined} tabId
 * @property {number} revision Raised when the popup has something to take in.
 * @property {Edits | null} leftover Edits of an earlier popup, not taken in yet.
 * @property {typed.Change[]} renewals How the note changed with each of the last revisions,
 *   as far back as the popup had it before.
 * @property {Partial<typed.Fields>} refusedFields Of updates that the host refused.
 * @property {import("../protocol.js").SeenFields} refusedSeen What those were to replace.
 * @property {string[]} [keywords] That the page names as its own.
 * @property {string} [canonical] The address by which it wants to be known.
 * @property {Refusal | null} refusal Of a save that left nothing to keep.
 * @property {ReturnType<typeof setTimeout>} [timer]
 */

/** @typedef {{show: (view: View) => void}} Popup */

/** A pause in typing after which an edit is sent off. */
const PAUSE_MS = 400;

const KEY = "page:";

export class Pages {
	/** @type {import("./storage-queue.js").StorageQueue} */ #queue;
	/** @type {import("./outbox.js").Outbox} */ #outbox;
	/** @type {Pick<import("./host.js").Host, "request" | "hello" | "trouble">} */ #host;
	/** @type {typeof import("./capture.js").capture} */ #capture;
	/** @type {() => Promise<boolean>} */ #savesOnOpen;
	/** @type {Map<string, PageRecord>} By URL. */ #records = new Map();
	/** @type {Map<string, PopupSession>} By URL. */ #sights = new Map();
	/** @type {Map<number, string>} Selections, by tab: the next popup there saves, whatever the setting. */
	#intended = new Map();
	/** @type {Map<PopupSession, PageRecord>} Not yet decided whether the click saves. */ #opening =
		new Map();
	/** @type {Set<string>} URLs of pages that the user has taken back since their last save. */
	#gone = new Set();
	/** @type {Map<string, string[]>} Quotes saved since the last click, by URL. */
	#quoted = new Map();

	/**
	 * @param {object} parts
	 * @param {import("./storage-queue.js").StorageQueue} parts.queue
	 * @param {import("./outbox.js").Outbox} parts.outbox
	 * @param {Pick<import("./host.js").Host, "request" | "hello" | "trouble">} parts.host
	 * @param {typeof import("./capture.js").capture} parts.capture
	 * @param {() => Promise<boolean>} parts.savesOnOpen
	 */
	constructor({ queue, outbox, host, capture, savesOnOpen }) {
		this.#queue = queue;
		this.#outbox = outbox;
		this.#host = host;
		this.#capture = capture;
		this.#savesOnOpen = savesOnOpen;
	}

	/**
	 * Takes up what an earlier background left, and finishes it.
	 * @param {Record<string, unknown>} records All records of the queue.
	 */
	load(records) {
		for (const [key, value] of Object.entries(records)) {
			if (!key.startsWith(KEY)) continue;
			const page = /** @type {PageRecord} */ (value);
			page.pendingCaptures ??= []; // Left by an earlier version.
			this.#records.set(page.url, page);
			if (page.wanted) this.#addSave(page, {});
			this.#flush(page);
		}
	}

	/** Pages with typed text that no save is under way for. */
	drafts() {
		return [...this.#records.values()].filter((page) => !typed.isEmpty(page.edits));
	}

	/**
	 * Lets what was typed about a page go, by the user's word.
	 * @param {string} url
	 */
	discardDraft(url) {
		const page = this.#records.get(url);
		if (!page) return;
		page.edits = {};
		this.#keep(page);
	}

	/**
	 * A popup was opened by a click on this page.
	 * @param {Tab} tab
	 * @param {Popup} popup
	 */
	async open(tab, popup) {
		const page = this.#take(tab.url, tab.title);
		page.created = this.#savesWaiting(page) && page.created;
		if (page.removed) page.pendingCaptures = [];
		this.#quoted.delete(page.url);
		if (this.#outbox.waitingFor(page.url).length === 0) {
			Object.assign(page, {
				note: null,
				samePage: null,
				tokens: [],
				removed: null,
				trashed: false,
			});
		}
		const sight = this.#see(page, popup, tab.tabId);
		this.#opening.set(sight, page);
		if (!typed.isEmpty(page.edits)) {
			sight.leftover = typed.commitPending(page.edits, page.note?.tags ?? []);
		}
		if (sight.leftover || page.note) sight.revision += 1;
		this.#show(page);
		const selection = this.#intention(tab.tabId);
		const saves = selection !== undefined || (await this.#savesOnOpen());
		const undone = !this.#opening.delete(sight);
		if (saves && !undone) await this.#save(page, tab.tabId, selection);
		else await this.#lookUp(page);
	}

	/**
	 * The popup that is about to open on a tab is to save, whatever the setting says:
	 * the user has asked for just that.
	 * @param {number} tabId
	 * @param {string} selection For a quote, where the page itself tells of none.
	 */
	intend(tabId, selection) {
		this.#intended.set(tabId, selection);
	}

	/**
	 * The page of that tab can't be saved after all.
	 * @param {number} tabId
	 */
	intendNot(tabId) {
		this.#intended.delete(tabId);
	}

	/**
	 * The selection of whoever intends to save a tab, once; undefined where nobody does.
	 * @param {number | undefined} tabId
	 */
	#intention(tabId) {
		const selection = this.#intended.get(tabId ?? -1);
		this.#intended.delete(tabId ?? -1);
		return selection;
	}

	/**
	 * Saves a page without a popup: none could be opened.
	 * @param {Tab} tab
	 */
	async saveUnseen(tab) {
		const page = this.#take(tab.url, tab.title);
		await this.#save(page, tab.tabId, this.#intention(tab.tabId));
	}

	/**
	 * A popup has outlived the background that it was opened with.
	 * @param {Tab} tab
	 * @param {Popup} popup
	 * @param {Known} known What it was shown last.
	 * @param {number} revision The last one that it has taken in.
	 */
	reopen(tab, popup, known, revision) {
		const page = this.#take(tab.url, tab.title);
		if (!page.note) Object.assign(page, known);
		this.#see(page, popup, tab.tabId).revision = revision;
		this.#show(page);
	}

	/**
	 * The popup of this page is gone, wanted or not.
	 * @param {string} url
	 * @param {Popup} popup
	 */
	close(url, popup) {
		const page = this.#records.get(url);
		const sight = this.#sights.get(url);
		if (!page || sight?.popup !== popup) return;
		clearTimeout(sight.timer);
		this.#sights.delete(url);
		this.#flush(page);
	}

	/**
	 * The user has typed: the whole of the popup, at each input.
	 * @param {string} url
	 * @param {Edits} edits
	 * @param {number} revision The last one that the popup has taken in.
	 */
	edit(url, edits, revision) {
		const page = this.#records.get(url);
		const sight = this.#sights.get(url);
		if (!page || !sight) return;
		if (revision === sight.revision) {
			page.edits = edits;
			page.seen = page.note !== null;
			sight.leftover = null;
			sight.renewals = [];
		} else if (revision >= sight.revision - sight.renewals.length) {
			// Typed before the popup has taken in what was added to the note.
			const missed = sight.renewals.slice(revision - sight.revision);
			page.edits = typed.rebaseAll(missed, edits);
			page.seen = true;
		} else {
			page.edits = sight.leftover ? typed.uniteEdits(sight.leftover, edits) : edits;
			page.seen = false;
		}
		this.#keep(page);
		clearTimeout(sight.timer);
		sight.timer = setTimeout(() => this.#flush(page), PAUSE_MS);
		this.#show(page);
	}

	/**
	 * The Save button: a save, or the way back from Undo and Delete.
	 * @param {string} url
	 */
	async save(url) {
		const page = this.#records.get(url);
		if (!page) return;
		page.removed = null;
		this.#gone.delete(url);
		if (page.note && page.trashed) {
			page.trashed = false;
			this.#outbox.add("restoreNote", { id: page.note.id }, url);
			this.#flush(page);
			this.#addPending(page, page.pendingCaptures.splice(0), false);
		} else if (this.#savesWaiting(page) || page.note) {
			this.#addPending(page, page.pendingCaptures.splice(0), false);
			this.#keep(page);
			this.#show(page);
		} else {
			await this.#save(page, this.#sights.get(url)?.tabId);
		}
	}

	/**
	 * Undo of a save, or Delete.
	 * @param {string} url
	 * @param {"undone" | "deleted"} how
	 */
	remove(url, how) {
		const page = this.#records.get(url);
		if (!page) return;
		this.#flush(page);
		page.wanted = false;
		page.removed = how;
		this.#gone.add(url);
		for (const [sight, { url: other }] of this.#opening)
			if (other === url) this.#opening.delete(sight);
		for (const { params } of this.#outbox.withdrawSaves(url)) {
			const { opId: _opId, url: _url, title: _title, ...said } = params;
			if (Object.keys(said).length > 0) page.pendingCaptures.push(said);
			this.#unquote(url, said.quote);
		}
		if (!this.#savesWaiting(page)) this.#trash(page);
		this.#keep(page);
		this.#show(page);
	}

	/**
	 * The host has answered an entry of the outbox.
	 * @param {Entry} entry
	 * @param {any} result
	 */
	answered(entry, result) {
		const page = this.#records.get(entry.page);
		if (!page) return;
		if (entry.method === "saveNote") this.#saved(page, entry, result);
		else if (page.note) {
			// The fields stay as the popup has them: further updates may be waiting.
			const { updatedAt, deletedAt } = result.note;
			page.note = { ...page.note, updatedAt, deletedAt };
			this.#nameTags(page, entry, result.note.tags);
		}
		this.#keep(page, entry);
	}

	/**
	 * The host has refused an entry of the outbox.
	 * @param {Entry} entry
	 */
	refused(entry) {
		const page = this.#records.get(entry.page);
		const sight = this.#sights.get(entry.page);
		if (!page || !sight) return;
		if (entry.method === "updateNote") {
			const { opId: _opId, id: _id, seen, ...fields } = /** @type {any} */ (entry.params);
			Object.assign(sight.refusedFields, fields);
			sight.refusedSeen = { ...seen, ...sight.refusedSeen };
		}
		if (entry.method === "saveNote" && entry.refused?.kind === "invalid_url") {
			// The user is looking at the reason; with nothing typed nothing is lost.
			sight.refusal = entry.refused;
			if (typed.isEmpty(page.edits)) this.#outbox.discard(entry.params.opId);
		}
		this.#show(page);
	}

	/**
	 * What the page says of itself, as far as it is known.
	 * @param {string} url
	 * @returns {{excerpt?: string, keywords?: string[]}}
	 */
	says(url) {
		const excerpt = this.#records.get(url)?.note?.excerpt;
		const keywords = this.#sights.get(url)?.keywords;
		return { ...(excerpt ? { excerpt } : {}), ...(keywords ? { keywords } : {}) };
	}

	/**
	 * The address by which the page wants to be known, where it says one.
	 * @param {string} url
	 */
	canonical(url) {
		return this.#sights.get(url)?.canonical;
	}

	/** Shows every popup how things stand. */
	showAll() {
		for (const url of this.#sights.keys()) {
			const page = this.#records.get(url);
			if (page) this.#show(page);
		}
	}

	/**
	 * @param {string} url
	 * @param {string} title
	 * @returns {PageRecord}
	 */
	#take(url, title) {
		let page = this.#records.get(url);
		if (!page) {
			page = {
				url,
				title,
				wanted: false,
				note: null,
				created: false,
				samePage: null,
				edits: {},
				seen: false,
				removed: null,
				trashed: false,
				pendingCaptures: [],
			};
			this.#records.set(url, page);
		}
		return page;
	}

	/**
	 * @param {PageRecord} page
	 * @param {Popup} popup
	 * @param {number | undefined} tabId
	 */
	#see(page, popup, tabId) {
		const before = this.#sights.get(page.url);
		clearTimeout(before?.timer);
		/** @type {PopupSession} */
		const sight = {
			popup,
			tabId,
			revision: 0,
			leftover: null,
			renewals: [],
			refusedFields: {},
			refusedSeen: {},
			refusal: null,
		};
		this.#sights.set(page.url, sight);
		return sight;
	}

	/**
	 * @param {PageRecord} page
	 * @param {number | undefined} tabId
	 * @param {string} [selection] As in a frame, of which the page knows nothing.
	 */
	async #save(page, tabId, selection) {
		/** @type {PendingCapture | null} */
		const chosen = selection ? { quote: { text: fit(selection, LIMITS.quote) } } : null;
		if (chosen) page.pendingCaptures.push(chosen);
		page.wanted = true;
		page.removed = null;
		this.#gone.delete(page.url);
		this.#keep(page);
		this.#show(page);
		const what = chosen ? "selection" : "page";
		const { late, ...captured } = await this.#capture(tabId, what, page.url);
		// The page knows better what is around its selection.
		if (captured.quote)
			page.pendingCaptures = page.pendingCaptures.filter((said) => said !== chosen);
		this.#add(page, captured);
		this.#await(page, late, captured, chosen === null);
	}

	/**
	 * Saves what a page says later, and later still while its head or body is on its way.
	 * @param {PageRecord} page
	 * @param {Promise<import("./capture.js").Captured> | undefined} late
	 * @param {import("./capture.js").Captured} before What it has said so far.
	 * @param {boolean} quotes Whether its selection is wanted.
	 */
	#await(page, late, before, quotes) {
		void late?.then(({ quote, late: later, ...more }) => {
			const news = Object.entries(more).filter(
				([name, value]) =>
					JSON.stringify(value) !== JSON.stringify(Reflect.get(before, name)),
			);
			this.#addLate(page, {
				...Object.fromEntries(news),
				...(quote && quotes && !before.quote && { quote }),
			});
			this.#await(page, later, { ...before, ...more, ...(quote && { quote }) }, quotes);
		});
	}

	/**
	 * The tab of a popup has another title: the page's own is brought up to date.
	 * @param {string} url
	 * @param {string} title
	 */
	retitle(url, title) {
		const page = this.#records.get(url);
		if (!page || !this.#sights.has(url) || !title || title === page.title) return;
		page.title = title;
		// Before the first save it goes with that.
		if (page.wanted || page.removed) return;
		if (page.note || this.#savesWaiting(page)) this.#addPending(page, [{ title }], false);
		this.#show(page);
	}

	/**
	 * @param {PageRecord} page
	 * @param {import("./capture.js").Captured} says
	 */
	#add(page, says) {
		const captured = this.#taken(page, says);
		if (page.wanted) this.#addSave(page, captured); // Else undone meanwhile.
	}

	/**
	 * What a page says after it was saved is another save of it. The quote is the user's
	 * own choice: it is not lost because the page is slow, nor by Undo and Save.
	 * @param {PageRecord} page Perhaps one that was let go since.
	 * @param {import("./capture.js").Captured} says
	 */
	#addLate(page, says) {
		const captured = this.#taken(page, says);
		const current = this.#records.get(page.url);
		if (!this.#gone.has(page.url)) this.#addPending(page, [captured], false);
		else if (Object.keys(captured).length > 0) current?.pendingCaptures.push(captured);
		if (current) this.#show(current);
	}

	/**
	 * What is to be saved of what a page says; the rest is kept for its popup.
	 * @param {PageRecord} page
	 * @param {import("./capture.js").Captured} says
	 */
	#taken(page, { keywords, canonical, late: _late, ...captured }) {
		const sight = this.#sights.get(page.url);
		if (sight && keywords) sight.keywords = keywords;
		if (sight && canonical) sight.canonical = canonical;
		if (captured.title !== undefined) page.title = captured.title;
		return captured;
	}

	/**
	 * @param {PageRecord} page
	 * @param {import("./capture.js").Captured} captured
	 */
	#addSave(page, captured) {
		page.wanted = false;
		const said = [...page.pendingCaptures.splice(0), captured];
		// One save of the page is enough, unless a new selection comes with it.
		if (!this.#savesWaiting(page)) this.#addPending(page, said, true);
		else if (said.some(({ quote }) => quote)) this.#addPending(page, said, false);
		this.#keep(page);
	}

	/**
	 * Adds saves of what was said of a page, each quote once.
	 * @param {PageRecord} page
	 * @param {PendingCapture[]} said The later goes before the earlier.
	 * @param {boolean} always Also where nothing was said.
	 */
	#addPending(page, said, always) {
		const { quote: _, ...fields } = /** @type {PendingCapture} */ (
			Object.assign({}, ...said)
		);
		const saved = this.#quoted.get(page.url) ?? [];
		/** @type {NonNullable<PendingCapture["quote"]>[]} */
		let quotes = [];
		for (const { quote } of said) {
			if (!quote || saved.some((text) => isSame(text, quote.text))) continue;
			quotes = [...quotes.filter(({ text }) => !isSame(text, quote.text)), quote];
		}
		const [first, ...more] = quotes;
		if (!always && !first && Object.keys(fields).length === 0) return;
		this.#quoted.set(page.url, [...saved, ...quotes.map(({ text }) => text)]);
		const title = fit(page.title, LIMITS.title);
		const add = (/** @type {PendingCapture} */ own) =>
			this.#outbox.add("saveNote", { url: page.url, title, ...own }, page.url);
		add({ ...fields, ...(first && { quote: first }) });
		for (const quote of more) add({ quote });
	}

	/**
	 * A save with this quote was taken back.
	 * @param {string} url
	 * @param {PendingCapture["quote"]} quote
	 */
	#unquote(url, quote) {
		const saved = this.#quoted.get(url);
		if (saved && quote)
			this.#quoted.set(
				url,
				saved.filter((text) => text !== quote.text),
			);
	}

	/** @param {PageRecord} page */
	async #lookUp(page) {
		this.#show(page);
		if (page.note || this.#savesWaiting(page)) return;
		try {
			const { note, tokens } = await this.#host.request("noteForUrl", {
				url: page.url,
			});
			if (page.note || page.wanted || this.#savesWaiting(page)) return;
			if (note) {
				// What is still on its way to the note is part of it.
				for (const { params } of this.#outbox.waitingFor(page.url)) {
					const { opId: _opId, seen: _seen, ...fields } = /** @type {any} */ (params);
					Object.assign(note, fields);
				}
				page.note = note;
				page.tokens = tokens ?? [];
				// Undone before it was saved. A note that was there before stays.
				if (page.removed === "undone") page.removed = null;
				this.#renew(page);
			}
		} catch (error) {
			const sight = this.#sights.get(page.url);
			if (sight && !(error instanceof Unreachable)) {
				const { kind, message } = /** @type {import("./host.js").HostError} */ (error);
				if (kind === "invalid_url") sight.refusal = { kind, message };
			}
		}
		this.#show(page);
	}

	/**
	 * @param {PageRecord} page
	 * @param {Entry} entry
	 * @param {SaveNoteResult} result
	 */
	#saved(page, entry, result) {
		const before = page.note;
		page.note = result.note;
		page.created ||= result.created;
		page.samePage = result.samePage ?? null;
		page.tokens = result.tokens ?? [];
		page.trashed = false;
		this.#renew(page, before);
		if (page.removed && !this.#savesWaiting(page, entry)) {
			// Undone before the answer. A note that was there before stays.
			if (page.created || page.removed === "deleted") this.#trash(page);
			else page.removed = null;
		}
		if (!this.#sights.has(page.url)) this.#flush(page, entry);
	}

	/**
	 * The popup has a note to take in that it hasn't seen, or not as it is now.
	 * @param {PageRecord} page
	 * @param {Note | null} [before] What it was.
	 */
	#renew(page, before = null) {
		const sight = this.#sights.get(page.url);
		const { note: now } = page;
		if (page.seen && before && now && before.id === now.id) {
			// Those edits are a later state of the note, not another text beside it.
			page.edits = typed.rebase(before, now, page.edits);
			if (sight?.leftover) sight.leftover = typed.rebase(before, now, sight.leftover);
			else sight?.renewals.push({ before: { ...before }, now: { ...now } });
		} else {
			page.seen = false;
			if (sight) sight.renewals = [];
		}
		if (sight) sight.revision += 1;
	}

	/**
	 * The note's tags as the host has them: a name that was typed may be another
	 * name of a tag. Not where other tags were typed since.
	 * @param {PageRecord} page
	 * @param {Entry} entry
	 * @param {string[]} tags
	 */
	#nameTags(page, entry, tags) {
		const sent = JSON.stringify(/** @type {any} */ (entry.params).tags);
		if (!page.note || JSON.stringify(page.note.tags) !== sent) return;
		page.note.tags = tags;
		if (JSON.stringify(page.edits.tags) === sent) page.edits.tags = tags;
	}

	/** @param {PageRecord} page */
	#trash(page) {
		if (!page.note || page.trashed) return;
		page.trashed = true;
		this.#outbox.add("deleteNote", { id: page.note.id }, page.url);
	}

	/**
	 * Sends off what was typed, if its note is known.
	 * @param {PageRecord} page
	 * @param {Entry} [answering] The entry whose answer is being taken in.
	 */
	#flush(page, answering) {
		const sight = this.#sights.get(page.url);
		const change = this.#unsent(page, answering);
		if (change && page.note) {
			const { id, tags, summary } = page.note;
			// With what it replaces: another popup may be changing the same note.
			const seen = {
				...(change.tags && { tags }),
				...(change.summary !== undefined && { summary }),
				...sight?.refusedSeen,
			};
			Object.assign(page.note, change);
			this.#outbox.add(
				"updateNote",
				{ id, ...sight?.refusedFields, ...change, seen },
				page.url,
			);
			if (sight) Object.assign(sight, { refusedFields: {}, refusedSeen: {} });
		}
		this.#keep(page, answering);
	}

	/**
	 * The fields to be sent off: null where there is nothing, or not yet.
	 * @param {PageRecord} page
	 * @param {Entry} [answering]
	 */
	#unsent(page, answering) {
		if (!page.note || page.removed || page.wanted || this.#savesWaiting(page, answering))
			return null;
		const open = this.#sights.has(page.url);
		// The popup joins its text with the note itself, at its next edit.
		if (open && !page.seen) return null;
		// Text in the tag field of an open popup is a tag in the making.
		const edits = open ? page.edits : typed.commitPending(page.edits, page.note.tags);
		const wanted = page.seen
			? typed.replace(page.note, edits)
			: typed.unite(page.note, edits);
		const change = typed.difference(page.note, wanted);
		return Object.keys(change).length > 0 ? change : null;
	}

	/**
	 * @param {PageRecord} page
	 * @param {Entry} [answering]
	 */
	#savesWaiting(page, answering) {
		return this.#outbox
			.waitingFor(page.url)
			.some((entry) => entry.method === "saveNote" && entry !== answering);
	}

	/**
	 * Writes the record as long as it holds anything that the outbox doesn't.
	 * @param {PageRecord} page
	 * @param {Entry} [answering]
	 */
	#keep(page, answering) {
		const open = this.#sights.has(page.url);
		const settled =
			page.note !== null && !page.removed && !this.#savesWaiting(page, answering);
		const unsent = settled
			? this.#unsent(page, answering) !== null ||
				(open && Boolean(page.edits.pending?.trim()))
			: !typed.isEmpty(page.edits);
		const undoWaits = page.removed !== null && this.#savesWaiting(page, answering);
		const needed = page.wanted || unsent || undoWaits;
		if (needed) this.#queue.put(KEY + page.url, page).catch(() => {});
		else this.#queue.remove(KEY + page.url).catch(() => {});
		if (!open && !needed) this.#records.delete(page.url);
	}

	/** @param {PageRecord} page */
	#show(page) {
		const sight = this.#sights.get(page.url);
		if (!sight) return;
		const { hello, trouble } = this.#host;
		const refused = this.#outbox.refusedFor(page.url);
		// What was to become of a note that the user has taken back doesn't matter any more.
		const isMoot = page.removed && refused?.method !== "deleteNote";
		const refusal = isMoot ? null : (sight.refusal ?? refused?.refused ?? null);
		sight.popup.show({
			state: this.#state(page, refusal),
			revision: sight.revision,
			page: {
				note: page.note,
				created: page.created,
				samePage: page.samePage,
				tokens: page.tokens ?? [],
				removed: page.removed,
				trashed: page.trashed,
			},
			leftover: sight.leftover,
			leftoverSeen: sight.leftover !== null && page.seen && page.note !== null,
			canonical: sight.canonical ?? null,
			trouble,
			cure: trouble && cureFor(trouble),
			refusal,
			hindrance: this.#outbox.trouble?.message ?? null,
			siteUrl: hello?.siteUrl ?? null,
			siteProblem: hello?.siteProblem ?? null,
			unkept: this.#queue.full,
		});
	}

	/**
	 * @param {PageRecord} page
	 * @param {Refusal | null} refusal
	 * @returns {View["state"]}
	 */
	#state(page, refusal) {
		const waiting = this.#outbox.waitingFor(page.url).length > 0;
		const opening = [...this.#opening.values()].includes(page);
		const dirty =
			page.note !== null && !page.removed && (!page.seen || this.#unsent(page) !== null);
		if (opening || page.wanted || waiting || (dirty && !refusal)) {
			return this.#host.trouble || this.#outbox.trouble ? "queued" : "saving";
		}
		if (refusal) return "error";
		return page.note && !page.removed ? "saved" : "unsaved";
	}
}

/**
 * Whether two texts are one selection: as the page and the browser tell it, they differ
 * in white space and at their ends.
 * @param {string} one
 * @param {string} other
 */
function isSame(one, other) {
	const [a, b] = [one, other].map((text) => text.replace(/\s+/g, " ").trim());
	return a !== undefined && b !== undefined && (a.includes(b) || b.includes(a));
}
