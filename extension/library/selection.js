/**
 * The selected notes of a list: single ones, ranges, or all that the query finds. Pure.
 */

export class Selection {
	/** @type {Set<number>} Ids; those that are left out while all are selected. */ #ids =
		new Set();
	#all = false;
	/** @type {number | null} Place of the row where the next range begins. */ #anchor =
		null;

	/** Whether all notes of the list are selected, except `excluded`. */
	get isAll() {
		return this.#all;
	}

	/** Ids that were taken out again after all were selected. */
	get excluded() {
		return this.#all ? [...this.#ids] : [];
	}

	/** The selected ids, in the order of their selection; empty while all are selected. */
	get ids() {
		return this.#all ? [] : [...this.#ids];
	}

	/**
	 * @param {number} total Number of notes in the list.
	 */
	count(total) {
		return this.#all ? Math.max(0, total - this.#ids.size) : this.#ids.size;
	}

	/** @param {number} id */
	has(id) {
		return this.#ids.has(id) !== this.#all;
	}

	/**
	 * Selects a note, or takes it out. The next range begins here.
	 * @param {number} id
	 * @param {number} place Of its row.
	 */
	toggle(id, place) {
		this.#set(id, !this.has(id));
		this.#anchor = place;
	}

	/**
	 * The first and the last place that `extend` selects.
	 * @param {number} from
	 * @param {number} to
	 * @returns {[number, number]}
	 */
	range(from, to) {
		const begin = this.#anchor ?? from;
		return [Math.min(begin, to), Math.max(begin, to)];
	}

	/**
	 * Selects all rows from the last one that was toggled, or from `from`, to `to`.
	 * @param {number} from Place where the range begins if none was toggled.
	 * @param {number} to
	 * @param {(place: number) => number | undefined} idAt The note in a row, if it is loaded.
	 */
	extend(from, to, idAt) {
		this.#anchor ??= from;
		const [first, last] = this.range(from, to);
		for (let place = first; place <= last; place += 1) {
			const id = idAt(place);
			if (id !== undefined) this.#set(id, true);
		}
	}

	/** Selects all notes that the query finds. */
	all() {
		this.#all = true;
		this.#ids.clear();
	}

	/** Selects nothing. */
	clear() {
		this.#all = false;
		this.#ids.clear();
		this.#anchor = null;
	}

	/**
	 * Takes single notes out that aren't in the list any more.
	 * @param {number[]} ids
	 */
	drop(ids) {
		if (!this.#all) for (const id of ids) this.#ids.delete(id);
	}

	/** The rows have other places now: the next range begins at the row that is toggled next. */
	moved() {
		this.#anchor = null;
	}

	/**
	 * @param {number} id
	 * @param {boolean} selected
	 */
	#set(id, selected) {
		if (selected === this.#all) this.#ids.delete(id);
		else this.#ids.add(id);
	}
}
