/**
 * The inbox: pages that arrived from feeds, to be kept as notes or skipped.
 */

import { browser } from "../shared/browser.js";
import { ago } from "../shared/dates.js";
import { announce } from "../shared/elements.js";
import { language, say } from "../shared/i18n.js";
import { button, make, openDialog, tagFieldBlock } from "./dialogs.js";
import { fail } from "./edits.js";
import { inboxAction } from "./keys.js";
import { notify } from "./notice.js";
import { counted, number } from "./results.js";
import { isLink, nameOf } from "./row-view.js";

/** @import {Arrival, FeedCount, HelloResult, SuggestedTag} from "../protocol.js" */
/** @import {Connection} from "./connection.js" */

/** Pages that are loaded at a time. */
const AT_ONCE = 50;
/** Suggested tags of a page. */
const SUGGESTIONS = 8;

export class Inbox {
	/** @type {Connection} */ #connection;
	/** @type {HTMLElement} */ #panel;
	/** @type {Arrival[]} */ #pages = [];
	/** @type {FeedCount[]} */ #feeds = [];
	#total = 0;
	/** Whether there are earlier pages. */
	#more = false;
	/** @type {number | null} The only feed that is shown. */
	#feed = null;
	/** @type {number | null} The current page. */
	#current = null;
	/** Number of the current loading; answers to earlier ones are dropped. */
	#turn = 0;
	/** Whether a page is being kept or skipped. */
	#isBusy = false;
	/** @type {HTMLElement} */ #list = make("ol", { id: "inbox-list" });
	/** @type {HTMLElement} */ #bar = make("div", { id: "inbox-bar" });

	/** Called when the user leaves. */
	onLeave = () => {};

	/**
	 * Called with the number of pages in the inbox; null if there are no feeds.
	 * @type {(total: number | null) => void}
	 */
	onCount = () => {};

	/**
	 * @param {Connection} connection
	 * @param {HTMLElement} panel
	 */
	constructor(connection, panel) {
		this.#connection = connection;
		this.#panel = panel;
		panel.addEventListener("keydown", (event) => this.#onKey(event));
		this.#list.addEventListener("focusin", (event) => {
			const row = /** @type {Element} */ (event.target).closest("[data-id]");
			if (row) this.#current = Number(row.getAttribute("data-id"));
		});
	}

	/**
	 * Counts the pages in the inbox. The host's first answer may be days old.
	 * @param {HelloResult} hello
	 */
	async look(hello) {
		if (hello.arrivals === undefined) return; // An older host has no inbox.
		const found = await this.#connection
			.call("listArrivals", { limit: 1 })
			.catch(() => ({ total: 0 }));
		this.onCount(found.total > 0 ? found.total : hello.arrivals && 0);
	}

	/** Loads the inbox, and focuses the current page or the first one. */
	async open() {
		const loaded = await this.#load(null);
		if (loaded) this.#focus(this.#place());
	}

	/**
	 * Loads the pages that arrived before one, or the latest. Resolves with whether they are shown.
	 * @param {number | null} before
	 */
	async #load(before) {
		this.#turn += 1;
		const turn = this.#turn;
		try {
			const limit = before === null ? Math.max(AT_ONCE, this.#pages.length) : AT_ONCE;
			const found = await this.#connection.call("listArrivals", {
				limit: Math.min(limit, 200),
				...(this.#feed !== null && { feed: this.#feed }),
				...(before !== null && { before }),
			});
			if (turn !== this.#turn) return false;
			this.#pages =
				before === null ? found.arrivals : [...this.#pages, ...found.arrivals];
			this.#more = found.more;
			this.#feeds = found.feeds;
			this.#total = found.total;
			this.#draw();
			return true;
		} catch (error) {
			if (turn === this.#turn) fail(error);
			return false;
		}
	}

	/** The place of the current page; if that is gone, of the next earlier one. */
	#place() {
		const current = this.#current;
		if (current === null) return 0;
		const place = this.#pages.findIndex(({ id }) => id <= current);
		return place < 0 ? this.#pages.length - 1 : place;
	}

	/** @param {number} place */
	#focus(place) {
		const last = this.#pages.length - 1;
		const row = this.#list.children[Math.max(0, Math.min(place, last))];
		if (row instanceof HTMLElement) {
			row.focus({ preventScroll: true });
			row.scrollIntoView({ block: "nearest" });
		} else {
			this.#panel.tabIndex = -1;
			this.#panel.focus();
		}
		if (place >= last && this.#more) void this.#load(this.#pages.at(-1)?.id ?? null);
	}

	#draw() {
		this.onCount(this.#total);
		const focused = this.#list.contains(document.activeElement) ? this.#place() : -1;
		this.#list.replaceChildren(...this.#pages.map((page) => this.#row(page)));
		this.#drawBar();
		const isEmpty = this.#pages.length === 0;
		const empty = make("p", { id: "inbox-empty", text: say("inboxEmpty") });
		const more = button(say("inboxMore"), () => {
			void this.#load(this.#pages.at(-1)?.id ?? null);
		});
		more.id = "inbox-more";
		this.#panel.replaceChildren(
			this.#bar,
			...(isEmpty ? [empty] : [this.#list]),
			...(this.#more ? [more] : []),
		);
		if (focused >= 0) this.#focus(focused);
	}

	#drawBar() {
		const select = make("select", { id: "inbox-feed" });
		select.ariaLabel = say("inboxFeed");
		const option = (/** @type {string} */ text, /** @type {number | null} */ id) => {
			const made = make("option", { text });
			made.value = String(id ?? "");
			made.selected = id === this.#feed;
			return made;
		};
		select.append(
			option(say("inboxAllFeeds", number(this.#total)), null),
			...this.#feeds.map(({ id, name, count }) =>
				option(say("inboxFeedCount", name, number(count)), id),
			),
		);
		// All pages of the chosen feed may be gone by now.
		if (this.#feed !== null && !this.#feeds.some(({ id }) => id === this.#feed))
			select.append(option(say("inboxThisFeed"), this.#feed));
		select.addEventListener("change", () => {
			this.#feed = select.value === "" ? null : Number(select.value);
			this.#pages = [];
			this.#current = null;
			void this.open();
		});
		const [page] = this.#pages;
		const skipFeed = button(say("inboxSkipFeed"), () => page && this.#skipFeed(page));
		skipFeed.id = "inbox-skip-feed";
		skipFeed.append(" ", make("kbd", { text: "D" }));
		this.#bar.replaceChildren(
			select,
			...(this.#feed !== null && page ? [skipFeed] : []),
			make("p", { className: "hint", text: say("inboxHint") }),
		);
	}

	/** @param {Arrival} page */
	#row(page) {
		const title = make("h2", {});
		title.dir = "auto";
		if (page.lang) title.lang = page.lang;
		if (isLink(page.url)) {
			const link = make("a", { text: nameOf(page) });
			link.href = page.url;
			link.target = "_blank";
			link.rel = "noreferrer";
			title.append(link);
		} else title.textContent = nameOf(page);
		const when = ago(page.arrivedAt, Date.now(), language()) ?? say("justNow");
		const facts = make(
			"p",
			{ className: "hint" },
			make("bdi", { text: page.feed }),
			` · ${when}`,
		);
		const excerpt = make("p", { className: "excerpt", text: page.excerpt ?? "" });
		excerpt.dir = "auto";
		excerpt.hidden = !page.excerpt;
		const act = (
			/** @type {string} */ key,
			/** @type {string} */ text,
			/** @type {() => unknown} */ what,
		) => {
			const made = button(text, () => void what());
			made.append(" ", make("kbd", { text: key }));
			return made;
		};
		const row = make(
			"li",
			{ className: "arrival" },
			title,
			facts,
			excerpt,
			make(
				"p",
				{ className: "buttons" },
				act("s", say("inboxKeep"), () => this.#keep(page, null)),
				act("t", say("inboxKeepWith"), () => this.#keepWith(page)),
				act("d", say("triageSkip"), () => this.#skip({ ids: [page.id] })),
			),
		);
		row.dataset.id = String(page.id);
		row.tabIndex = -1;
		return row;
	}

	/** @param {KeyboardEvent} event */
	#onKey(event) {
		const target = /** @type {Element} */ (event.target);
		if (event.isComposing || event.defaultPrevented || target.matches("select")) return;
		const action = inboxAction(event);
		// Enter on a button or a link is for that.
		if (!action || (event.key === "Enter" && target.matches("button, a"))) return;
		event.preventDefault();
		const place = this.#place();
		const page = this.#pages[place];
		if (action === "leave") this.onLeave();
		else if (action === "next") this.#focus(place + 1);
		else if (action === "previous") this.#focus(place - 1);
		else if (action === "undo") document.getElementById("notice-undo")?.click();
		else if (!page) return;
		else if (action === "open") {
			if (isLink(page.url)) void browser.tabs.create({ url: page.url });
		} else if (action === "keep") void this.#keep(page, null);
		else if (action === "keepWith") void this.#keepWith(page);
		else if (action === "skip") void this.#skip({ ids: [page.id] });
		else void this.#skipFeed(page);
	}

	/**
	 * Does something with the inbox, and shows what is left.
	 * @param {() => Promise<void>} act
	 */
	async #change(act) {
		if (this.#isBusy) return;
		this.#isBusy = true;
		try {
			await act();
		} catch (error) {
			fail(error);
		} finally {
			this.#isBusy = false;
		}
		await this.open();
	}

	/**
	 * @param {Arrival} page
	 * @param {string[] | null} tags Null: those of its feed.
	 */
	async #keep(page, tags) {
		await this.#change(async () => {
			const opId = crypto.randomUUID();
			const { note, created } = await this.#connection.call("keepArrival", {
				opId,
				id: page.id,
				...(tags && { tags }),
			});
			const name = nameOf(note);
			const kept =
				note.tags.length > 0
					? say("inboxKeptWith", name, note.tags.join(", "))
					: say("inboxKept", name);
			notify(kept, {
				...(created && { undo: () => void this.#unkeep(note.id, page.id) }),
			});
		});
	}

	/**
	 * @param {number} note
	 * @param {number} page
	 */
	async #unkeep(note, page) {
		await this.#change(async () => {
			const opId = crypto.randomUUID();
			const { restored } = await this.#connection.call("unkeepArrival", { opId, note });
			if (restored === 0) return notify(say("inboxKeptStays"));
			this.#current = page;
			notify(counted(restored, "inboxBack_one", "inboxBack_many"));
		});
	}

	/** @param {Arrival} page */
	async #keepWith(page) {
		const { field, input, block } = tagFieldBlock(this.#connection, say("tags"));
		field.tags = this.#feeds.find(({ id }) => id === page.feedId)?.tags ?? [];
		const chips = make("ul", { id: "inbox-suggestions" });
		chips.ariaLabel = say("suggestionsLabel");
		const found = this.#connection
			.call("suggestTags", {
				url: page.url,
				title: page.title,
				...(page.excerpt && { excerpt: page.excerpt }),
				keywords: page.keywords,
				tags: field.tags,
				limit: SUGGESTIONS,
			})
			// Tags can be typed without suggestions.
			.catch(() => ({ tags: /** @type {SuggestedTag[]} */ ([]) }));
		void found.then(({ tags }) => {
			const chip = (/** @type {SuggestedTag} */ { name }) => {
				const made = button("", () => {
					field.tags = [...field.tags.filter((tag) => tag !== name), name];
					announce(say("tagAdded", name));
					item.remove();
				});
				made.dataset.tag = name;
				made.append(make("bdi", { text: name }));
				const item = make("li", {}, made);
				return item;
			};
			chips.replaceChildren(...tags.map(chip));
		});
		const isAgreed = await openDialog({
			heading: say("inboxKeepHeading", nameOf(page)),
			content: [chips, block],
			ok: say("inboxKeep"),
			check: () => field.pending.trim() === "",
			onOpen: (agree) => {
				field.onDone = agree;
				input.focus();
			},
		});
		if (isAgreed) await this.#keep(page, field.tags);
	}

	/** @param {Arrival} page */
	#skipFeed(page) {
		// Pages that arrive meanwhile weren't seen.
		const newest = Math.max(...this.#pages.map(({ id }) => id));
		return this.#skip({ feed: page.feedId, upTo: newest });
	}

	/** @param {{ids: number[]} | {feed: number, upTo: number}} which */
	async #skip(which) {
		await this.#change(async () => {
			const opId = crypto.randomUUID();
			const { skipped, skip } = await this.#connection.call("skipArrivals", {
				opId,
				...which,
			});
			notify(counted(skipped, "inboxSkipped_one", "inboxSkipped_many"), {
				...(skipped > 0 && { undo: () => void this.#unskip(skip, which) }),
			});
		});
	}

	/**
	 * @param {number} skip
	 * @param {{ids: number[]} | {feed: number, upTo: number}} which
	 */
	async #unskip(skip, which) {
		await this.#change(async () => {
			const opId = crypto.randomUUID();
			const { restored } = await this.#connection.call("unskipArrivals", { opId, skip });
			if ("ids" in which) this.#current = which.ids[0] ?? null;
			notify(counted(restored, "inboxBack_one", "inboxBack_many"));
		});
	}
}
