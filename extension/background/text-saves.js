/**
 * Keeps the text of a saved page: reads it after the save was answered and the popup shows that,
 * and hands it to the host. Nothing that the user typed is in it, so it doesn't go through the
 * outbox. While the host is away, the text is read at once and waits in `waiting-texts.js`.
 *
 * `page-text.js` reads the text, `text-rules.js` says whether it is kept, and `popup/text-line.js`
 * shows the states that this module reports.
 */

import { shownAddress } from "../shared/tab.js";
import { siteName } from "../shared/text.js";
import { HostError, Unreachable } from "./host.js";
import { isTemporary } from "./outbox.js";

/** @import {Entry, TextAct, TextState} from "../shared/messages.js" */
/** @import {WaitingText} from "./waiting-texts.js" */

/**
 * A page that was saved with a click, or that a popup shows.
 * @typedef {object} Page
 * @property {number | undefined} tabId The tab that shows it.
 * @property {number | null} id Of its note, once it is known.
 * @property {TextState} state
 * @property {WaitingText | null} text Once it was read.
 * @property {boolean} isDue Whether it is still to be read, after the save.
 * @property {KeptText | null} before The text that the note already had.
 */

/** @typedef {{words: number, whole: boolean}} KeptText */
/** @typedef {{text: string, whole: boolean, url: string}} ReadText */
/** @typedef {{none: "password" | "empty" | "pdf" | "reader" | "forbidden"}} NoText */

export class TextSaves {
	/** @type {Pick<import("./host.js").Host, "request" | "hello" | "trouble">} */ #host;
	/** @type {Pick<import("./outbox.js").Outbox, "entries" | "trouble">} */ #outbox;
	/** @type {import("./text-rules.js").TextRules} */ #rules;
	/** @type {import("./waiting-texts.js").WaitingTexts} */ #waiting;
	/** @type {(tabId: number) => Promise<ReadText | NoText>} */ #read;
	/** @type {Map<string, Page>} By URL. */ #pages = new Map();
	/** @type {Map<string, Set<(state: TextState) => void>>} Popups, by URL. */ #popups =
		new Map();
	/** @type {Set<string>} Pages of popups that don't show yet what has become of the save. */
	#held = new Set();
	/** @type {Promise<void> | null} */ #delivery = null;

	/**
	 * @param {object} parts
	 * @param {Pick<import("./host.js").Host, "request" | "hello" | "trouble">} parts.host
	 * @param {Pick<import("./outbox.js").Outbox, "entries" | "trouble">} parts.outbox
	 * @param {import("./text-rules.js").TextRules} parts.rules
	 * @param {import("./waiting-texts.js").WaitingTexts} parts.waiting
	 * @param {(tabId: number) => Promise<ReadText | NoText>} parts.read Reads the text of a tab.
	 */
	constructor({ host, outbox, rules, waiting, read }) {
		this.#host = host;
		this.#outbox = outbox;
		this.#rules = rules;
		this.#waiting = waiting;
		this.#read = read;
		waiting.onDrop = (url) => this.#change(url, { is: "none", why: "full" });
	}

	/**
	 * The page of a tab will be saved.
	 * @param {string | undefined} url
	 * @param {number | undefined} tabId
	 */
	expect(url, tabId) {
		if (url === undefined || tabId === undefined) return;
		this.#add(url, tabId).isDue = true;
		this.#show(url);
	}

	/**
	 * A popup opens on a page. Its text isn't read before the popup watches it, or closes.
	 * @param {string} url
	 */
	hold(url) {
		this.#held.add(url);
	}

	/** @param {string} url */
	release(url) {
		this.#held.delete(url);
		const page = this.#pages.get(url);
		if (page?.isDue && page.id !== null) void this.#begin(url, page);
		else void this.refresh();
	}

	/**
	 * The host answered an entry of the outbox.
	 * @param {Entry} entry
	 * @param {any} result
	 * @returns {Promise<void>} Never rejects.
	 */
	async answered({ method, page: url }, result) {
		const page = this.#pages.get(url);
		if (!page || !["saveNote", "restoreNote", "mergeNotes"].includes(method)) return;
		// The popup is informed first.
		await null;
		const isOther = page.id !== result.note.id;
		page.id = result.note.id;
		const { is } = page.state;
		page.before = result.text ?? null;
		if (this.#isUndone(url)) page.isDue = false;
		else if (page.isDue) await this.#begin(url, page);
		// The page has another note, or its note is back.
		else if (is === "off" || (isOther && (is === "kept" || is === "older")))
			await this.#send(url, page);
	}

	/** Host, outbox or connection have changed. */
	async refresh() {
		const { hello, trouble } = this.#host;
		const isAway = !hello && trouble !== null;
		for (const [url, page] of this.#pages) {
			const isSaving = this.#outbox.entries.some((entry) => entry.page === url);
			if (page.isDue && isSaving && (isAway || this.#outbox.trouble))
				void this.#begin(url, page);
		}
		if (hello && !this.#outbox.trouble && this.#waiting.all.length > 0) {
			this.#delivery ??= this.#deliver().finally(() => {
				this.#delivery = null;
			});
			await this.#delivery;
		}
	}

	/** Drops the waiting texts that the rules forbid by now. */
	async obeyRules() {
		for (const { page: url, agreed } of this.#waiting.all) {
			if (this.#mayKeep(url, agreed)) continue;
			await this.#waiting.remove(url);
			const rule = this.#rules.of(url);
			this.#report(url, { is: rule === "site" || rule === "ask" ? rule : "off" });
		}
	}

	/**
	 * @param {string} url
	 * @param {boolean | undefined} agreed Whether the user wants this text.
	 */
	#mayKeep(url, agreed) {
		const rule = this.#rules.of(url);
		return rule === "always" || (rule === "ask" && agreed === true);
	}

	/**
	 * Whether the user has taken a save back, and it is still to be deleted.
	 * @param {string} url
	 */
	#isUndone(url) {
		const last = this.#outbox.entries.findLast((entry) => entry.page === url);
		return last?.method === "deleteNote" && !last.refused;
	}

	/**
	 * A popup shows a page.
	 * @param {string} url
	 * @param {number | undefined} tabId
	 * @param {(state: TextState) => void} show Called at once, and with each new state.
	 * @returns {() => void} Stops that.
	 */
	watch(url, tabId, show) {
		const popups = this.#popups.get(url) ?? new Set();
		this.#popups.set(url, popups.add(show));
		const page = this.#pages.get(url) ?? this.#add(url, tabId);
		page.tabId ??= tabId;
		show(page.state);
		this.release(url);
		return () => {
			popups.delete(show);
			if (popups.size > 0) return;
			this.#popups.delete(url);
			this.#forget(url);
		};
	}

	/**
	 * What the host has of a page that wasn't saved with this click.
	 * @param {string} url
	 * @param {number | undefined} id Of its note, if it has one.
	 * @param {KeptText | null | undefined} text
	 */
	known(url, id, text) {
		const page = this.#pages.get(url);
		if (!page || page.isDue || page.text) return;
		if (page.state.is !== "unknown" && page.state.is !== "off") return;
		page.id = id ?? null;
		const rule = this.#rules.of(url);
		if (id === undefined) this.#change(url, { is: "off" });
		else if (text) this.#change(url, kept(text));
		else if (rule === "site") this.#change(url, { is: "site" });
		else if (rule !== "never" && page.tabId !== undefined)
			this.#change(url, { is: "ask" });
	}

	/**
	 * The user did something with the text of a page.
	 * @param {string} url
	 * @param {TextAct} act
	 */
	async act(url, act) {
		const page = this.#pages.get(url);
		if (!page) return;
		switch (act) {
			case "remove":
				await this.#remove(url, page);
				return;
			case "never":
				this.#rules.change(siteName(url), true);
				await this.obeyRules();
				if (await this.#remove(url, page)) this.#change(url, { is: "site" });
				return;
			case "force":
				await this.#send(url, page, { force: true, agreed: true });
				return;
			case "allow":
			case "keep":
				this.#rules.change(siteName(url), false);
				if (page.text) await this.#send(url, page, { agreed: true });
				else await this.#take(url, page, { agreed: true });
		}
	}

	/**
	 * Reads the text after a save, if it is to be kept.
	 * @param {string} url
	 * @param {Page} page
	 */
	async #begin(url, page) {
		if (this.#held.has(url)) return;
		page.isDue = false;
		if (this.#isUndone(url)) return;
		const rule = this.#rules.of(url);
		if (rule === "always") await this.#take(url, page);
		else if (page.before) this.#change(url, kept(page.before));
		else this.#change(url, { is: rule === "never" ? "off" : rule });
		this.#forget(url);
	}

	/**
	 * Reads the text and sends it.
	 * @param {string} url
	 * @param {Page} page
	 * @param {{agreed?: boolean}} [how]
	 */
	async #take(url, page, how) {
		if (page.tabId === undefined) return;
		this.#change(url, { is: "reading" });
		/** @type {ReadText | NoText} */
		const read = await this.#read(page.tabId).catch(() => ({ none: "forbidden" }));
		// There was a newer click, or the user doesn't want it.
		if (this.#pages.get(url) !== page || page.state.is !== "reading") return;
		if ("none" in read) {
			this.#change(url, { is: "none", why: read.none });
			return;
		}
		// User name and password may have been removed from the saved address.
		const address = shownAddress(read.url);
		page.text = {
			page: url,
			href: address === shownAddress(url) ? url : address,
			opId: "",
			text: read.text,
			whole: read.whole,
			takenAt: new Date().toISOString(),
		};
		await this.#send(url, page, how);
	}

	/**
	 * Sends a text, or keeps it until the host is back.
	 * @param {string} url
	 * @param {Page} page
	 * @param {{force?: boolean, agreed?: boolean}} [how] Whether it replaces an older, longer one;
	 *   whether the user wants this very text.
	 */
	async #send(url, page, { force, agreed = page.text?.agreed } = {}) {
		if (!page.text || this.#isUndone(url)) return;
		this.#change(url, { is: "reading" });
		// An earlier one would replace it later.
		await this.#waiting.remove(url);
		if (page.state.is !== "reading") return;
		const opId = crypto.randomUUID();
		const text = {
			...page.text,
			opId,
			...(force && { force }),
			...(agreed && { agreed }),
		};
		page.text = text;
		const isWanted = () => page.text === text && page.state.is === "reading";
		const isAway = !this.#host.hello || page.id === null || this.#outbox.trouble !== null;
		if (isAway || !(await this.#put(text, /** @type {number} */ (page.id), isWanted)))
			await this.#wait(text);
		this.#forget(url);
	}

	/** @param {WaitingText} text */
	async #wait(text) {
		this.#report(text.page, { is: "waiting" });
		const page = this.#pages.get(text.page);
		if (page && page.state.is !== "waiting") return;
		if (await this.#waiting.keep(text)) await this.refresh();
	}

	/**
	 * Hands a text to the host.
	 * @param {WaitingText} text
	 * @param {number} id Of its note.
	 * @param {() => boolean} isWanted False once the user has removed it.
	 * @returns {Promise<boolean>} False if the host can't take it now.
	 */
	async #put({ page: url, href, agreed, ...text }, id, isWanted) {
		const hello = this.#host.hello;
		const isOff = hello && (!hello.texts || hello.keepText === "never");
		if (isOff || !this.#mayKeep(url, agreed)) {
			const rule = this.#rules.of(url);
			this.#report(url, { is: rule === "site" || rule === "ask" ? rule : "off" });
			return true;
		}
		try {
			if (href !== url) {
				// Another address of the same page, or another page.
				const { note } = await this.#host.request("noteForUrl", { url: href });
				if (note?.id !== id) {
					this.#report(url, { is: "none", why: "left" });
					return true;
				}
			}
			if (!isWanted()) return true;
			const { words, kept } = await this.#host.request("putText", { ...text, id });
			if (kept === "older") this.#report(url, { is: "older" });
			else this.#report(url, { is: "kept", words, whole: text.whole });
		} catch (error) {
			if (error instanceof Unreachable || isTemporary(error)) return false;
			this.#failed(url, error);
		}
		return true;
	}

	/**
	 * @param {string} url
	 * @param {unknown} error
	 */
	#failed(url, error) {
		const { kind, message } = /** @type {HostError} */ (error);
		// The note was deleted meanwhile, so there is nothing to say about it.
		if (kind === "not_found") this.#report(url, { is: "off" });
		else this.#report(url, { is: "failed", message });
	}

	/** Sends the waiting texts whose notes are saved. */
	async #deliver() {
		for (const text of this.#waiting.all) {
			const { page: url } = text;
			const isWanted = () => this.#waiting.all.includes(text);
			if (this.#outbox.entries.some((entry) => entry.page === url && mayAdd(entry)))
				continue;
			try {
				const { note } = await this.#host.request("noteForUrl", { url });
				if (note && !(await this.#put(text, note.id, isWanted))) return;
				const page = this.#pages.get(url);
				if (note && page) page.id = note.id;
			} catch (error) {
				if (error instanceof Unreachable || isTemporary(error)) return;
			}
			// Without a note, the save was undone; the text isn't kept either.
			if (isWanted()) await this.#waiting.remove(url);
			this.#forget(url);
		}
	}

	/**
	 * @param {string} url
	 * @param {Page} page
	 * @returns {Promise<boolean>} False if the host has the text still.
	 */
	async #remove(url, page) {
		const { id } = page;
		page.isDue = false;
		// Only the very text can come back: the page may show another one by now, such as an error.
		this.#change(url, { is: "removed", again: page.text !== null });
		await this.#waiting.remove(url);
		if (id === null) return true;
		try {
			await this.#host.request("removeText", { opId: crypto.randomUUID(), id });
			return true;
		} catch (error) {
			if (error instanceof HostError && error.kind === "not_found") return true;
			this.#change(url, { is: "unremoved" });
			return false;
		}
	}

	/**
	 * @param {string} url
	 * @param {number | undefined} tabId
	 */
	#add(url, tabId) {
		/** @type {Page} */
		const page = {
			tabId,
			id: null,
			state: { is: this.#rules.of(url) === "never" ? "off" : "unknown" },
			text: null,
			isDue: false,
			before: null,
		};
		this.#pages.set(url, page);
		return page;
	}

	/**
	 * @param {string} url
	 * @param {TextState} state
	 */
	#change(url, state) {
		const page = this.#pages.get(url);
		if (!page) return;
		page.state = state;
		this.#show(url);
	}

	/**
	 * Shows what has become of a text that is on its way, unless the user has removed it since.
	 * @param {string} url
	 * @param {TextState} state
	 */
	#report(url, state) {
		const is = this.#pages.get(url)?.state.is;
		if (is === "reading" || is === "waiting") this.#change(url, state);
	}

	/** @param {string} url */
	#show(url) {
		const page = this.#pages.get(url);
		if (page) for (const show of this.#popups.get(url) ?? []) show(page.state);
	}

	/**
	 * Frees the memory of a page that no popup shows.
	 * @param {string} url
	 */
	#forget(url) {
		const page = this.#pages.get(url);
		if (!page || page.isDue || this.#popups.has(url)) return;
		if (page.state.is !== "reading") this.#pages.delete(url);
	}
}

/**
 * @param {KeptText} text
 * @returns {TextState}
 */
const kept = ({ words, whole }) => ({ is: "kept", words, whole });

/**
 * Whether a page may still get its note by this entry. A refused change of a note doesn't matter.
 * @param {Entry} entry
 */
const mayAdd = ({ method, refused }) => !refused || method === "saveNote";
