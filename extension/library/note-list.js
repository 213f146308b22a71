/**
 * The list of a query. Rows are loaded where they are needed, so the last of 100,000 is as near as
 * the first. After a change of any note, rows that are already there stay until new ones replace
 * them. Knows no elements.
 */

/**
 * @import {ListNoteIdsParams, ListNoteIdsResult, ListNotesParams, ListNotesResult, NoteRow,
 *   QueryProblem} from "../protocol.js"
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
 * @typedef {Omit<ListNoteIdsParams, "order"> & {order?: Order}} IdParams
 */

export class NoteList {
	/** @type {(params: PageParams) => Promise<ListNotesResult>} */ #load;
	/** @type {(params: IdParams) => Promise<ListNoteIdsResult>} */ #loadIds;
	/** @type {Asked} */ #asked = { query: "", trash: false, order: "newest" };
	/** Number of the present list; answers for earlier ones are dropped. */
	#turn = 0;
	/** The store's revision of which the fresh rows and the ids are. */
	#revision = -1;
	/** @type {Map<number, NoteRow>} Known rows by place; some may be outdated. */ #rows =
		new Map();
	/** @type {Map<number, NoteRow>} The same by id. */ #byId = new Map();
	/** @type {Set<number>} Places of rows that aren't outdated. */ #fresh = new Set();
	/** @type {Map<number, number>} Ids by place. */ #ids = new Map();
	/** @type {Map<number, number>} Places by id. */ #places = new Map();
	/** The rows that are wanted. */
	#wanted = { first: 0, end: FIRST_PAGE };
	/** The rows that were loaded last, or tried. They aren't tried again by themselves. */
	#tried = { first: 0, end: 0 };
	/** @type {Promise<void> | null} */ #loading = null;
	/** Whether the rows are still those of the list before. */
	#isOpening = false;

	/** Number of all notes, loaded or not. */
	total = 0;
	/** @type {QueryProblem[]} */ problems = [];

	/** Called after rows were loaded. */
	onChange = () => {};

	/**
	 * Called when rows couldn't be loaded.
	 * @type {(error: unknown) => void}
	 */
	onError = () => {};

	/**
	 * @param {(params: PageParams) => Promise<ListNotesResult>} load
	 * @param {(params: IdParams) => Promise<ListNoteIdsResult>} loadIds
	 */
	constructor(load, loadIds) {
		this.#load = load;
		this.#loadIds = loadIds;
	}

	get asked() {
		return this.#asked;
	}

	/**
	 * The row at a place, if it is loaded.
	 * @param {number} place
	 */
	at(place) {
		return this.#rows.get(place);
	}

	/**
	 * The id of the note at a place, if it is known.
	 * @param {number} place
	 */
	idAt(place) {
		return this.#ids.get(place) ?? this.#rows.get(place)?.id;
	}

	/**
	 * The place of a note, or -1 if it isn't known.
	 * @param {number} id
	 */
	placeOf(id) {
		return this.#places.get(id) ?? -1;
	}

	/**
	 * A row that was loaded.
	 * @param {number} id
	 */
	row(id) {
		return this.#byId.get(id);
	}

	/**
	 * Loads another list. The rows of the last one stay until the first new ones arrive.
	 * @param {Asked} asked
	 */
	async open(asked) {
		this.#asked = asked;
		this.#turn += 1;
		const turn = this.#turn;
		this.#wanted = { first: 0, end: FIRST_PAGE };
		this.#isOpening = true;
		try {
			const page = await this.#load({ ...asked, from: 0, limit: FIRST_PAGE });
			if (turn !== this.#turn) return;
			this.#rows.clear();
			this.#byId.clear();
			this.#revision = -1;
			this.#loading = null;
			this.#tried = { first: 0, end: 0 };
			this.#isOpening = false;
			this.#take(page, 0);
			this.onChange();
		} catch (error) {
			if (turn === this.#turn) this.onError(error);
		}
	}

	/** Loads the rows that were wanted last again. The old ones stay until then. */
	async refresh() {
		if (this.#isOpening) {
			await this.open(this.#asked);
			return;
		}
		this.#turn += 1;
		this.#revision = -1;
		this.#outdate();
		this.#loading = null;
		this.#tried = { first: 0, end: 0 };
		const { first, end } = this.#wanted;
		await this.#want(first, end);
	}

	/**
	 * Loads the rows from one place to before another; resolves when they are there, or when
	 * loading failed. Rows that were tried just before aren't tried again.
	 * @param {number} first
	 * @param {number} end
	 */
	async need(first, end) {
		if (this.#isOpening) return;
		if (first >= this.#tried.first && end <= this.#tried.end) return;
		await this.#want(first, end);
	}

	/**
	 * Finds out the ids of the notes from one place to another, both included. Rejects with the
	 * host's refusal.
	 * @param {number} first
	 * @param {number} last
	 */
	async knowIds(first, last) {
		const turn = this.#turn;
		let place = first;
		while (place <= Math.min(last, this.total - 1)) {
			if (this.#ids.has(place)) {
				place += 1;
				continue;
			}
			const from = place;
			const page = await this.#loadIds({ ...this.#asked, from, limit: last - from + 1 });
			if (turn !== this.#turn || page.ids.length === 0) return;
			this.#follow(page);
			for (const [index, id] of page.ids.entries()) this.#know(from + index, id);
			place = from + page.ids.length;
		}
	}

	/**
	 * The ids of all notes of the list except some. Rejects with the host's refusal.
	 * @param {number[]} excluded
	 */
	async allIds(excluded) {
		/** @type {Set<number>} */
		const ids = new Set();
		let total = 0;
		let from = 0;
		do {
			const page = await this.#loadIds({ ...this.#asked, from });
			for (const id of page.ids) ids.add(id);
			total = page.total;
			from += page.ids.length;
			if (page.ids.length === 0) break;
		} while (from < total);
		for (const id of excluded) ids.delete(id);
		return [...ids];
	}

	/**
	 * The rows of some notes, in their order; those that have left the list are missing. Rejects
	 * with the host's refusal.
	 * @param {number[]} ids
	 */
	async rowsOf(ids) {
		if (!ids.every((id) => this.#byId.has(id))) {
			/** @type {string | null} */
			let cursor = null;
			const missing = new Set(ids.filter((id) => !this.#byId.has(id)));
			const place = Math.min(...[...missing].map((id) => Math.max(0, this.placeOf(id))));
			let isFirst = true;
			do {
				/** @type {ListNotesResult} */
				const page = await this.#load({
					...this.#asked,
					limit: PAGE,
					...(isFirst ? { from: place } : cursor !== null && { cursor }),
				});
				isFirst = false;
				for (const row of page.notes) {
					this.#byId.set(row.id, row);
					missing.delete(row.id);
				}
				cursor = page.cursor;
			} while (cursor !== null && missing.size > 0);
		}
		return ids.map((id) => this.#byId.get(id)).filter((row) => row !== undefined);
	}

	/**
	 * Those of some notes that aren't in the list any more. Rejects with the host's refusal.
	 * @param {number[]} ids
	 */
	async gone(ids) {
		const unknown = ids.filter((id) => !this.#places.has(id));
		if (unknown.length === 0) return [];
		const all = new Set(await this.allIds([]));
		return unknown.filter((id) => !all.has(id));
	}

	/**
	 * @param {number} first
	 * @param {number} end
	 */
	async #want(first, end) {
		this.#wanted = { first, end };
		if (!this.#loading) {
			const loading = this.#fill(this.#turn).finally(() => {
				if (this.#loading === loading) this.#loading = null;
			});
			this.#loading = loading;
		}
		await this.#loading;
	}

	/**
	 * Loads the wanted rows, which may become others meanwhile.
	 * @param {number} turn
	 */
	async #fill(turn) {
		/** Places loaded here, even if a later page showed that they are outdated. */
		const filled = new Set();
		for (;;) {
			const { first, end } = this.#wanted;
			const isDone = (/** @type {number} */ place) =>
				this.#fresh.has(place) || filled.has(place);
			let missing = first;
			while (missing < Math.min(end, this.total) && isDone(missing)) missing += 1;
			this.#tried = { first, end };
			if (this.#revision >= 0 && missing >= Math.min(end, this.total)) return;
			let from = Math.max(0, Math.min(missing, this.total - 1));
			// The rows before it as well, for scrolling back.
			const lowest = from - (from % PAGE);
			while (from > lowest && !isDone(from - 1)) from -= 1;
			try {
				const page = await this.#load({ ...this.#asked, from, limit: PAGE });
				if (turn !== this.#turn) return;
				this.#take(page, from);
				for (const index of page.notes.keys()) filled.add(from + index);
				// The list has become shorter: its end is shown.
				if (from >= this.total)
					this.#wanted = {
						first: Math.max(0, this.total - (end - first)),
						end: this.total,
					};
				this.onChange();
				if (page.notes.length === 0 && from < this.total) return;
			} catch (error) {
				if (turn === this.#turn) this.onError(error);
				return;
			}
		}
	}

	/**
	 * @param {ListNotesResult} page
	 * @param {number} from Place of its first row.
	 */
	#take(page, from) {
		this.#follow(page);
		this.problems = page.problems ?? [];
		for (const [index, row] of page.notes.entries()) {
			this.#rows.set(from + index, row);
			this.#byId.set(row.id, row);
			this.#fresh.add(from + index);
			this.#know(from + index, row.id);
		}
	}

	/**
	 * Compares an answer with what is known: after a change, that is outdated.
	 * @param {{revision: number, total: number}} answer
	 */
	#follow({ revision, total }) {
		if (revision !== this.#revision) this.#outdate();
		this.#revision = revision;
		if (total < this.total)
			for (const place of [...this.#rows.keys()])
				if (place >= total) this.#rows.delete(place);
		this.total = total;
	}

	#outdate() {
		this.#fresh.clear();
		this.#ids.clear();
		this.#places.clear();
	}

	/**
	 * @param {number} place
	 * @param {number} id
	 */
	#know(place, id) {
		this.#ids.set(place, id);
		this.#places.set(id, place);
	}
}
