/**
 * Records in the browser's `storage.local`, written in the order of the
 * changes. What a record means is its owner's.
 *
 * Changes made while a write is under way are written together in the next
 * one, so that a record rewritten at each keystroke costs one write at a time.
 * Within one write all new values land before anything is removed: whoever
 * moves something from one record to another may find both after a crash,
 * never neither.
 *
 * Where the browser's storage is full, or takes no changes, what still fits is written
 * and the rest is held in memory, said so (`full`), and written as soon as there is room.
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
	/** @type {Promise<void> | null} The write that will take `#changes`. */ #next = null;
	/** @type {Promise<void>} */ #last = Promise.resolve();
	#full = false;

	/** Called whenever `full` has changed. */
	onChange = () => {};

	/** @param {StorageArea} area */
	constructor(area) {
		this.#area = area;
	}

	/** All records. */
	async load() {
		const records = await this.#area.get(null);
		// Emptied to make room, by a write that was cut off before it removed them.
		return Object.fromEntries(
			Object.entries(records).filter(([, value]) => value !== null),
		);
	}

	/** Whether something is held in memory alone, since the browser refused to store it. */
	get full() {
		return this.#full;
	}

	/**
	 * Keeps a record. Resolves once it is written; rejects where the browser
	 * refuses it (the storage is full), and then writes it with the next change.
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
		const refusal = await this.#set(kept, removed);
		// Removals make room, so they are done even then.
		const unremoved = await this.#clear(removed);
		const unkept = refusal ? await this.#setOneByOne(kept) : null;
		this.#setFull(unkept !== null || unremoved !== null);
		if (unkept || unremoved) throw unkept ?? unremoved;
	}

	/**
	 * @param {[key: string, value: unknown][]} kept
	 * @param {string[]} removed
	 * @returns {Promise<unknown>} Why it was refused, if it was.
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
			// What is moved needs no room besides its old place, where both change at once.
			const emptied = removed.map((key) => [key, null]);
			await this.#area.set(Object.fromEntries([...kept, ...emptied]));
			return null;
		} catch (error) {
			return error;
		}
	}

	/**
	 * @param {string[]} removed
	 * @returns {Promise<unknown>} Why it was refused, if it was; then it is done with the next write.
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
	 * A record too large for what is left doesn't keep the others from being written.
	 * @param {[key: string, value: unknown][]} kept
	 * @returns {Promise<unknown>} The first refusal, if there was any.
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
	 * Leaves a change to the next write, unless there is a newer one.
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
