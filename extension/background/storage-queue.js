/**
 * Writes records to the browser's `storage.local` in the order of the changes. What a record
 * contains is up to its owner.
 *
 * Changes made during a write are combined into the next one, so a record that changes at each
 * keystroke costs one write at a time. Within a write, new values are stored before anything is
 * removed. If data moves from one record to another, a crash may leave both but never neither.
 *
 * If the browser's storage is full or refuses changes, `makeRoom` may drop what others have stored
 * there. Then records that still fit are written. The others stay in memory, `full` is set, and
 * they are written as soon as there is room.
 */

/**
 * @typedef {object} StorageArea
 * @property {(items: Record<string, unknown>) => Promise<void>} set
 * @property {(keys: string[]) => Promise<void>} remove
 * @property {(keys: null) => Promise<Record<string, unknown>>} get
 */

export class StorageQueue {
	/** @type {StorageArea} */ #area;
	/** @type {Map<string, unknown>} Not written yet; undefined means removal. */ #changes =
		new Map();
	/** @type {Promise<void> | null} The write that will contain `#changes`. */ #next =
		null;
	/** @type {Promise<void>} */ #last = Promise.resolve();
	#full = false;

	/** Called when `full` has changed. */
	onChange = () => {};

	/** Drops something that others have stored; the result is false if there is nothing. */
	makeRoom = async () => false;

	/** @param {StorageArea} area */
	constructor(area) {
		this.#area = area;
	}

	/** All records. */
	async load() {
		const records = await this.#area.get(null);
		// A write that was interrupted has emptied them to make room, but not removed them.
		return Object.fromEntries(
			Object.entries(records).filter(([, value]) => value !== null),
		);
	}

	/** Whether some records are only in memory, because the browser refused to store them. */
	get full() {
		return this.#full;
	}

	/**
	 * Writes a record. Resolves once it is stored. Rejects if the browser refuses it (the storage
	 * is full); then it is written with the next change.
	 * @param {string} key
	 * @param {unknown} value
	 * @returns {Promise<void>}
	 */
	put(key, value) {
		this.#changes.set(key, value);
		return this.#written();
	}

	/**
	 * Removes a record.
	 * @param {string} key
	 * @returns {Promise<void>}
	 */
	remove(key) {
		return this.put(key, undefined);
	}

	/** Resolves once all changes made so far are written. */
	settled() {
		return this.#changes.size > 0 ? this.#written() : this.#last;
	}

	#written() {
		if (!this.#next) {
			const write = () => this.#write();
			this.#next = this.#last.then(write, write);
		}
		return this.#next;
	}

	async #write() {
		const changes = this.#changes;
		this.#changes = new Map();
		this.#last = /** @type {Promise<void>} */ (this.#next);
		this.#next = null;
		const kept = [...changes].filter(([, value]) => value !== undefined);
		const removed = [...changes.keys()].filter((key) => changes.get(key) === undefined);
		let refusal = await this.#set(kept, removed);
		while (refusal && (await this.makeRoom())) refusal = await this.#set(kept, removed);
		// Removals make room, so they are done in any case.
		const unremoved = await this.#clear(removed);
		const unkept = refusal ? await this.#setOneByOne(kept) : null;
		this.#setFull(unkept !== null || unremoved !== null);
		if (unkept || unremoved) throw unkept ?? unremoved;
	}

	/**
	 * @param {[key: string, value: unknown][]} kept
	 * @param {string[]} removed
	 * @returns {Promise<unknown>} The error if it was refused, else null.
	 */
	async #set(kept, removed) {
		if (kept.length === 0) return null;
		try {
			await this.#area.set(Object.fromEntries(kept));
			return null;
		} catch (error) {
			if (removed.length === 0) return error;
		}
		try {
			// A record that moves needs no extra room if its old place is emptied at once.
			const emptied = removed.map((key) => [key, null]);
			await this.#area.set(Object.fromEntries([...kept, ...emptied]));
			return null;
		} catch (error) {
			return error;
		}
	}

	/**
	 * @param {string[]} removed
	 * @returns {Promise<unknown>} The error if it was refused, else null. The next write repeats it.
	 */
	async #clear(removed) {
		if (removed.length === 0) return null;
		try {
			await this.#area.remove(removed);
			return null;
		} catch (error) {
			for (const key of removed) this.#defer(key, undefined);
			return error;
		}
	}

	/**
	 * Writes records one by one, so that one that is too large doesn't hold up the others.
	 * @param {[key: string, value: unknown][]} kept
	 * @returns {Promise<unknown>} The first error, or null.
	 */
	async #setOneByOne(kept) {
		/** @type {unknown} */
		let refusal = null;
		for (const [key, value] of kept) {
			try {
				await this.#area.set({ [key]: value });
			} catch (error) {
				refusal ??= error;
				this.#defer(key, value);
			}
		}
		return refusal;
	}

	/**
	 * Defers a change to the next write, unless there is a newer change.
	 * @param {string} key
	 * @param {unknown} value
	 */
	#defer(key, value) {
		if (!this.#changes.has(key)) this.#changes.set(key, value);
	}

	/** @param {boolean} full */
	#setFull(full) {
		if (full === this.#full) return;
		this.#full = full;
		this.onChange();
	}
}
