/**
 * Records in the browser's `storage.local`, written in the order of the
 * changes. What a record means is its owner's.
 *
 * Changes made while a write is under way are written together in the next
 * one, so that a record rewritten at each keystroke costs one write at a time.
 * Within one write all new values land before anything is removed: whoever
 * moves something from one record to another may find both after a crash,
 * never neither.
 */

/**
 * @typedef {object} StorageArea
 * @property {(items: Record<string, unknown>) => Promise<void>} set
 * @property {(keys: string[]) => Promise<void>} remove
 * @property {(keys: null) => Promise<Record<string, unknown>>} get
 */

export class Shelf {
	/** @type {StorageArea} */ #area;
	/** @type {Map<string, unknown>} Not written yet; undefined means removal. */ #changes =
		new Map();
	/** @type {Promise<void> | null} The write that will take `#changes`. */ #next = null;
	/** @type {Promise<void>} */ #last = Promise.resolve();

	/** @param {StorageArea} area */
	constructor(area) {
		this.#area = area;
	}

	/** All records. */
	load() {
		return this.#area.get(null);
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
		/** @type {unknown} */
		let refusal;
		try {
			if (kept.length > 0) await this.#area.set(Object.fromEntries(kept));
		} catch (error) {
			refusal = error;
			for (const [key, value] of kept) {
				if (!this.#changes.has(key)) this.#changes.set(key, value);
			}
		}
		// Removals make room, so they are done even then.
		if (removed.length > 0) await this.#area.remove(removed);
		if (refusal) throw refusal;
	}
}
