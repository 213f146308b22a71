/**
 * The list of a query, as far as it is loaded. The host gives it in pages, each of which begins
 * after the one before; so a row far below is reached by loading those above it. Knows no
 * elements.
 */

/**
 * @import {ListNotesParams, ListNotesResult, NoteRow, QueryProblem} from "../protocol.js"
 */

/** Rows of a page: the most that the host gives. */
const PAGE = 200;
/** Rows of the first page, which fill a screen. */
const FIRST_PAGE = 50;

/**
 * What is listed.
 * @typedef {NonNullable<ListNotesParams["order"]> | "best"} Order
 * @typedef {{query: string, trash: boolean, order: Order}} Asked
 * @typedef {Omit<ListNotesParams, "order"> & {order?: Order}} PageParams
 */

export class NoteList {
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
	/** @type {QueryProblem[]} */ problems = [];

	/** Called after rows were loaded. */
	onChange = () => {};

	/**
	 * Called when a page couldn't be loaded.
	 * @type {(error: unknown) => void}
	 */
	onError = () => {};

	/** @param {(params: PageParams) => Promise<ListNotesResult>} load */
	constructor(load) {
		this.#load = load;
	}

	get asked() {
		return this.#asked;
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
	 * The place of a loaded note, or -1.
	 * @param {number} id
	 */
	placeOf(id) {
		return this.#rows.findIndex((row) => row.id === id);
	}

	/** @param {number} id */
	row(id) {
		return this.#rows.find((row) => row.id === id);
	}

	/** @param {number[]} ids */
	rowsOf(ids) {
		const wanted = new Set(ids);
		return this.#rows.filter(({ id }) => wanted.has(id));
	}

	/**
	 * Loads another list. The rows of the last one stay until the first new ones arrive.
	 * @param {Asked} asked
	 */
	async open(asked) {
		this.#asked = asked;
		this.#wanted = 0;
		await this.#reload(FIRST_PAGE);
	}

	/** Loads the list again, as far as it was wanted. The old rows stay until then. */
	async refresh() {
		await this.#reload(Math.max(FIRST_PAGE, Math.min(this.#wanted, this.loaded)));
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

	/**
	 * The ids of all notes of the list except some. Loads the whole list.
	 * @param {number[]} excluded
	 * @returns {Promise<number[] | null>} Null if it couldn't be loaded.
	 */
	async allIds(excluded) {
		await this.need(this.total - 1);
		if (this.loaded < this.total) return null;
		const out = new Set(excluded);
		return this.#rows.map(({ id }) => id).filter((id) => !out.has(id));
	}

	/** @param {number} count */
	async #reload(count) {
		this.#turn += 1;
		const turn = this.#turn;
		/** @type {NoteRow[]} */
		const rows = [];
		/** @type {string | null} */
		let cursor = null;
		try {
			do {
				const limit = Math.min(PAGE, Math.max(FIRST_PAGE, count - rows.length));
				const page = await this.#load({
					...this.#asked,
					limit,
					...(cursor !== null && { cursor }),
				});
				if (turn !== this.#turn) return;
				rows.push(...page.notes);
				this.total = page.total;
				this.problems = page.problems ?? [];
				cursor = page.cursor;
			} while (cursor !== null && rows.length < count);
		} catch (error) {
			if (turn === this.#turn) this.onError(error);
			return;
		}
		this.#rows = rows;
		this.#cursor = cursor;
		this.onChange();
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
			this.onChange();
			return true;
		} catch (error) {
			if (turn !== this.#turn) return true;
			this.onError(error);
			return false;
		}
	}
}
