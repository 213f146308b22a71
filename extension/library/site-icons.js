/**
 * Icons of web sites for the rows of the list. Loaded from the host for the web sites that are
 * drawn, and kept while the page is open. Knows no elements.
 */

/** Web sites that one request asks about: the most that the host answers. */
const AT_ONCE = 100;

export class SiteIcons {
	/** @type {(sites: string[]) => Promise<Record<string, string>>} */ #load;
	/** @type {Map<string, string>} `data:` URLs by web site; empty if it has no icon. */
	#known = new Map();
	/** @type {Set<string>} */ #wanted = new Set();
	#isLoading = false;

	/** Called after icons were loaded. */
	onLoad = () => {};

	/** @param {(sites: string[]) => Promise<Record<string, string>>} load */
	constructor(load) {
		this.#load = load;
	}

	/**
	 * The icon of a web site as a `data:` URL; empty if it has none, or if it isn't loaded yet.
	 * @param {string} site
	 */
	of(site) {
		const icon = this.#known.get(site);
		if (icon === undefined && site !== "") {
			this.#wanted.add(site);
			if (!this.#isLoading) void this.#loadWanted();
		}
		return icon ?? "";
	}

	async #loadWanted() {
		this.#isLoading = true;
		// Rows are drawn together, so their web sites are asked for together.
		await null;
		while (this.#wanted.size > 0) {
			const sites = [...this.#wanted].slice(0, AT_ONCE);
			for (const site of sites) this.#wanted.delete(site);
			// A host that is away, or too old for icons, gives none.
			const icons = await this.#load(sites).catch(() => ({}));
			for (const [site, icon] of Object.entries(icons))
				this.#known.set(site, `data:image/png;base64,${icon}`);
			for (const site of sites) if (!this.#known.has(site)) this.#known.set(site, "");
			this.onLoad();
		}
		this.#isLoading = false;
	}
}
