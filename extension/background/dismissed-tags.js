/**
 * Counts how often the user dismissed suggested tags, by web site. The host receives the counts
 * with each request and ranks those tags lower. They are stored in this browser, for the latest
 * web sites only, until the user chooses the tag there.
 */

const KEY = "refusals";
/** Limits for web sites, for tags of each, and for the count of a tag. */
const MOST_SITES = 200;
const MOST_TAGS = 50;
const MOST_TIMES = 9;

/** @typedef {[site: string, tags: [tag: string, times: number][]][]} Kept */

export class DismissedTags {
	/** @type {import("./storage-queue.js").StorageQueue} */ #queue;
	/** @type {Map<string, Map<string, number>>} Counts by tag, by site; the latest come last. */
	#sites = new Map();

	/** @param {import("./storage-queue.js").StorageQueue} queue */
	constructor(queue) {
		this.#queue = queue;
	}

	/**
	 * Loads the counts that an earlier background stored.
	 * @param {Record<string, unknown>} records
	 */
	load(records) {
		const kept = /** @type {Kept} */ (records[KEY] ?? []);
		for (const [site, tags] of kept) this.#sites.set(site, new Map(tags));
	}

	/**
	 * How often tags were dismissed on the web site of a page.
	 * @param {string} url
	 * @param {string[]} except Tags to leave out.
	 * @returns {Record<string, number>}
	 */
	of(url, except = []) {
		const tags = [...(this.#sites.get(siteOf(url)) ?? [])];
		return Object.fromEntries(tags.filter(([tag]) => !except.includes(tag)));
	}

	/**
	 * Counts that the user dismissed tags for a page.
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
	 * Resets the counts of tags that the user has chosen.
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
		// If the storage is full, the counts are written with the next change.
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
