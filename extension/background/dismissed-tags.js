/**
 * How often the user refused suggested tags, by web site: the host is told, so that
 * they are suggested less there. Kept in this browser, for the sites alone of which any
 * were refused, the latest ones, and until the tag is chosen there. What it means for a
 * suggestion is the host's to say.
 */

const KEY = "refusals";
const MOST_SITES = 200;
const MOST_TAGS = 50;
const MOST_TIMES = 9;

/** @typedef {[site: string, tags: [tag: string, times: number][]][]} Kept */

export class DismissedTags {
	/** @type {import("./storage-queue.js").StorageQueue} */ #queue;
	/** @type {Map<string, Map<string, number>>} The latest sites and tags last. */
	#sites = new Map();

	/** @param {import("./storage-queue.js").StorageQueue} queue */
	constructor(queue) {
		this.#queue = queue;
	}

	/**
	 * Takes up what an earlier background left.
	 * @param {Record<string, unknown>} records
	 */
	load(records) {
		const kept = /** @type {Kept} */ (records[KEY] ?? []);
		for (const [site, tags] of kept) this.#sites.set(site, new Map(tags));
	}

	/**
	 * How often tags were refused on the site of a page, but for those named.
	 * @param {string} url
	 * @param {string[]} except
	 * @returns {Record<string, number>}
	 */
	of(url, except = []) {
		const tags = [...(this.#sites.get(siteOf(url)) ?? [])];
		return Object.fromEntries(tags.filter(([tag]) => !except.includes(tag)));
	}

	/**
	 * Counts that tags were refused for a page.
	 * @param {string} url
	 * @param {string[]} tags
	 */
	add(url, tags) {
		const site = siteOf(url);
		if (tags.length === 0 || site === "") return;
		const known = this.#sites.get(site) ?? new Map();
		for (const tag of tags) {
			const times = known.get(tag) ?? 0;
			known.delete(tag);
			known.set(tag, Math.min(times + 1, MOST_TIMES));
		}
		this.#sites.delete(site);
		this.#sites.set(site, latest(known, MOST_TAGS));
		this.#sites = latest(this.#sites, MOST_SITES);
		this.#keep();
	}

	/**
	 * Forgets that tags were refused, since they were chosen.
	 * @param {string} url
	 * @param {string[]} tags
	 */
	forget(url, tags) {
		const site = siteOf(url);
		const known = this.#sites.get(site);
		if (!known || tags.filter((tag) => known.delete(tag)).length === 0) return;
		if (known.size === 0) this.#sites.delete(site);
		this.#keep();
	}

	#keep() {
		/** @type {Kept} */
		const kept = [...this.#sites].map(([site, tags]) => [site, [...tags]]);
		const written =
			kept.length > 0 ? this.#queue.put(KEY, kept) : this.#queue.remove(KEY);
		// Where the storage is full it is written with the next change; no work is lost.
		written.catch(() => {});
	}
}

/**
 * @template K, V
 * @param {Map<K, V>} map
 * @param {number} most
 */
function latest(map, most) {
	return new Map([...map].slice(-most));
}

/** @param {string} url */
function siteOf(url) {
	return new URL(url).host.replace(/^www\./, "");
}
