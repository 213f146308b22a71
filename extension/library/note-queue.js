/**
 * The notes of a query, one after the other, for triage: each page begins after the last note of
 * the one before, so notes that leave the query meanwhile make no gap. Knows no elements.
 */

/** @import {ListNotesResult, NoteRow} from "../protocol.js" */
/** @import {Asked, PageParams} from "./note-list.js" */

/** Rows of a page: the most that the host gives. */
const PAGE = 200;
/** Rows of the first page. */
const FIRST_PAGE = 50;

export class NoteQueue {
	/** @type {(params: PageParams) => Promise<ListNotesResult>} */ #load;
	/** @type {Asked} */ #asked = { query: "", trash: false, order: "newest" };
	/** @type {NoteRow[]} */ #rows = [];
	/** @type {string | null} */ #cursor = null;
	/** Number of the current loading; answers to earlier ones are dropped. */
	#turn = 0;
	/** Rows that are wanted. */
	#wanted = 0;
	/** @type {Promise<boolean> | null} */ #loading = null;

	/** Number of all notes, loaded or not. */
	total = 0;

	/**
	 * Called when a page couldn't be loaded.
	 * @type {(error: unknown) => void}
	 */
	onError = () => {};

	/** @param {(params: PageParams) => Promise<ListNotesResult>} load */
	constructor(load) {
		this.#load = load;
	}

	/** Number of loaded rows, which are the first ones. */
	get loaded() {
		return this.#rows.length;
	}

	/** @param {number} place */
	at(place) {
		return this.#rows[place];
	}

	/**
	 * Begins with another list.
	 * @param {Asked} asked
	 */
	async open(asked) {
		this.#asked = asked;
		this.#wanted = 0;
		this.#turn += 1;
		const turn = this.#turn;
		try {
			const page = await this.#load({ ...asked, limit: FIRST_PAGE });
			if (turn !== this.#turn) return;
			this.#rows = page.notes;
			this.total = page.total;
			this.#cursor = page.cursor;
		} catch (error) {
			if (turn === this.#turn) this.onError(error);
		}
	}

	/**
	 * Loads the rows up to a place; resolves when they are there, or when loading failed.
	 * @param {number} place
	 */
	async need(place) {
		this.#wanted = Math.max(this.#wanted, Math.min(place + 1, this.total));
		while (this.#cursor !== null && this.loaded < this.#wanted) {
			this.#loading ??= this.#more().finally(() => {
				this.#loading = null;
			});
			if (!(await this.#loading)) return;
		}
	}

	/** Loads the next page. Resolves with whether loading can go on. */
	async #more() {
		const turn = this.#turn;
		const cursor = this.#cursor;
		if (cursor === null) return false;
		try {
			const page = await this.#load({ ...this.#asked, limit: PAGE, cursor });
			if (turn !== this.#turn) return true;
			this.#rows.push(...page.notes);
			this.#cursor = page.cursor;
			// A note may have come or gone meanwhile.
			this.total = page.cursor === null ? this.#rows.length : page.total;
			return true;
		} catch (error) {
			if (turn !== this.#turn) return true;
			this.onError(error);
			return false;
		}
	}
}
