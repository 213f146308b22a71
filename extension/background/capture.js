/**
 * What a page says of itself at the click: description, date, site, language
 * and the selection.
 *
 * Nothing here reads a page on its own account: the browser lets it only after
 * the user's click (`activeTab`), and only the page that was clicked on.
 */

import { browser } from "../shared/browser.js";
import { splitTags } from "../shared/tags.js";
import { fit, LIMITS } from "../shared/text.js";

/**
 * @typedef {import("../protocol.js").SaveNoteParams} SaveNoteParams
 * @typedef {Omit<SaveNoteParams, "opId" | "url" | "title" | "tags" | "summary">
 *   & {title?: string, keywords?: string[], canonical?: string, late?: Promise<Captured>}}
 *   Captured `keywords` are for suggestions and `canonical` is for finding another note of
 *   the page: they aren't saved. `late`: what the page says once more of it has arrived.
 */

/**
 * A page that answers later than this is saved before it does. A selection that was
 * chosen in a menu is waited for longer: what the page has around it is what its link
 * finds the very place by.
 */
const CAPTURE_WITHIN_MS = { page: 300, selection: 2000 };

/** More keywords than these are meant for search engines. */
const KEYWORDS = 10;

/**
 * Reads the page of a tab. Never fails and never takes long: a page that can't be read
 * (PDF, reader view, the browser's own) says nothing, and what one has to say that is
 * slow comes in `late`.
 * @param {number | undefined} tabId
 * @param {"page" | "selection"} [what] The user has asked to save.
 * @param {string} [url] Its page; what another page says that the tab shows isn't taken.
 * @returns {Promise<Captured & {late?: Promise<Captured>}>}
 */
export async function capture(tabId, what = "page", url = undefined) {
	if (tabId === undefined) return {};
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	/** @type {Promise<null>} */
	const patience = new Promise((resolve) => {
		timer = setTimeout(resolve, CAPTURE_WITHIN_MS[what], null);
	});
	const late = read(tabId, url);
	const captured = await Promise.race([late, patience]);
	clearTimeout(timer);
	return captured ?? { late };
}

/**
 * @param {number} tabId
 * @param {string | undefined} url
 * @returns {Promise<Captured>}
 */
async function read(tabId, url) {
	const inject = (/** @type {() => any} */ func) =>
		browser.scripting
			.executeScript({ target: { tabId }, func, injectImmediately: true })
			.then(
				(results) => results?.[0]?.result,
				() => undefined, // Not a page for scripts.
			);
	/** @type {PageSays} */
	const says = (await inject(readPage)) ?? {};
	if (url !== undefined && says.address && !isAt(says.address, url)) return {};
	const captured = fitCaptured(says);
	// Not again where the page can't be waited for: it would be asked without end.
	if (says.loading)
		captured.late = inject(untilMore).then((more) => (more ? read(tabId, url) : {}));
	return captured;
}

/**
 * Whether a document is that of an address, whatever became of query and fragment since.
 * @param {string} document
 * @param {string} address
 */
function isAt(document, address) {
	try {
		const [one, other] = [new URL(document), new URL(address)];
		return one.host === other.host && one.pathname === other.pathname;
	} catch {
		return false;
	}
}

/**
 * Runs inside a page that is loading: waits for the end of its head, or of all of it.
 * @returns {Promise<boolean>} False where it took too long.
 */
export function untilMore() {
	const AT_MOST_MS = 60_000;
	return new Promise((resolve) => {
		const { documentElement: root } = document;
		const done = (/** @type {boolean} */ more) => {
			observer.disconnect();
			clearTimeout(timer);
			resolve(more);
		};
		const observer = new MutationObserver(() => {
			if (document.body) done(true);
		});
		const timer = setTimeout(done, AT_MOST_MS, false);
		if (document.readyState !== "loading") done(true);
		else {
			if (!document.body && root) observer.observe(root, { childList: true });
			document.addEventListener("DOMContentLoaded", () => done(true), { once: true });
		}
	});
}

/**
 * What a page said, as the host takes it: trimmed, within the limits, without
 * empty fields.
 * @param {PageSays} says
 * @returns {Captured}
 */
export function fitCaptured(says) {
	/** @type {Captured} */
	const captured = {};
	const line = (/** @type {unknown} */ text, /** @type {number} */ limit) =>
		typeof text === "string" ? fit(text.replace(/\s+/g, " ").trim(), limit) : "";
	const excerpt = line(says.excerpt, LIMITS.excerpt);
	if (excerpt) captured.excerpt = excerpt;
	const dates = [says.publishedAt, ...(says.otherDates ?? [])].map((date) =>
		line(date, 200),
	);
	const [publishedAt, ...otherDates] = dates.filter(Boolean);
	if (publishedAt) captured.publishedAt = publishedAt;
	if (otherDates.length > 0) captured.otherDates = otherDates.slice(0, 10);
	if (typeof says.title === "string") captured.title = line(says.title, LIMITS.title);
	const siteName = line(says.siteName, LIMITS.siteName);
	if (siteName) captured.siteName = siteName;
	const lang = line(says.lang, 64);
	if (lang) captured.lang = lang;
	const keywords = splitTags(
		line(says.keywords, LIMITS.excerpt).replaceAll(";", ","),
	).tags;
	const named = keywords.slice(0, KEYWORDS);
	if (named.length > 0) captured.keywords = named;
	const whole = typeof says.quote?.text === "string" ? says.quote.text.trim() : "";
	let text = fit(whole, LIMITS.quote);
	const isCut = text.length < whole.length;
	// Between two words, as that is where it can be found again.
	if (isCut) text = text.replace(/\s\S{0,100}$/, "").trimEnd();
	if (text) {
		captured.quote = { text };
		const prefix = line(says.quote?.prefix, LIMITS.context);
		if (prefix) captured.quote.prefix = prefix;
		const suffix = line(says.quote?.suffix, LIMITS.context);
		if (suffix && !isCut) captured.quote.suffix = suffix;
	}
	const canonical = line(says.canonical, LIMITS.title);
	if (/^https?:/i.test(canonical)) captured.canonical = canonical;
	return captured;
}

/**
 * @typedef {object} PageSays
 * @property {string} [excerpt]
 * @property {string} [publishedAt]
 * @property {string} [siteName]
 * @property {string} [lang]
 * @property {string} [keywords] Separated by commas.
 * @property {string} [canonical] The address by which the page wants to be known.
 * @property {string} [title] Its own, else its first heading; empty where it has none.
 * @property {string} [address] Of the document.
 * @property {string[]} [otherDates] Besides `publishedAt`, the best first.
 * @property {boolean} [loading] Whether there is more to come.
 * @property {{text: string, prefix?: string, suffix?: string}} [quote]
 */

/**
 * Runs inside the page, so it may use nothing from outside its own braces.
 * @returns {PageSays}
 */
export function readPage() {
	/** More nodes of JSON-LD, or a longer search for what is around a selection, are too many. */
	const NODES = 20_000;
	const SEARCH_MS = 120;

	const isWeb = /^https?:$/.test(location.protocol);

	/**
	 * What names a page in an address; null where it is none.
	 * @param {string | null | undefined} address
	 */
	const named = (address) => {
		if (!address) return null;
		try {
			const url = new URL(address, document.baseURI);
			if (!/^https?:$/.test(url.protocol)) return null;
			const path = url.pathname
				.replace(/\/(index|default)\.\w+$/i, "/")
				.replace(/^\/amp(?=\/)/i, "")
				.replace(/\/amp\/?$/i, "")
				.replace(/(\.amp)?(\.html?)?$/i, "")
				.replace(/\/+$/, "")
				.toLowerCase();
			const query = new Map(
				[...url.searchParams].filter(
					([name]) => !/^(utm_.*|[a-z]*clid|amp|ref|source)$/i.test(name),
				),
			);
			const host = url.host.replace(/^(www|m|mobile|amp|touch)\./i, "");
			return { host, path, query };
		} catch {
			return null;
		}
	};
	/** @typedef {NonNullable<ReturnType<typeof named>>} Named */
	/** Whether the first address names the second's page: it may leave parameters out. */
	const isOf = (/** @type {Named} */ claim, /** @type {Named} */ page) =>
		claim.path === page.path &&
		[...claim.query].every(([name, value]) => page.query.get(name) === value);
	const [navigation] = performance.getEntriesByType("navigation");
	const here = named(location.href);
	/** The page that the document was loaded for, before scripts gave it another address. */
	const first = named(navigation?.name);
	/**
	 * Whether an address that the head gives as its page's is this page's. Undefined where it
	 * says nothing: there is none, it is another site's, or every page's home.
	 * @param {string | null | undefined} address
	 * @returns {boolean | undefined}
	 */
	const claims = (address) => {
		const claim = named(address);
		if (!claim || !here || claim.host !== here.host) return undefined;
		const moved = first !== null && !(isOf(first, here) && isOf(here, first));
		// Named as the page that was there before; it may be this one without its parameters.
		if (moved && isOf(claim, first) && isOf(first, claim)) return false;
		if (isOf(claim, here)) return true;
		if (claim.path === "") return undefined;
		// A page of a document that has several, as `/a/2` or `/en/a` of `/a`.
		const [longer, shorter] =
			claim.path.length > here.path.length
				? [claim.path, here.path]
				: [here.path, claim.path];
		const related =
			shorter !== "" && (longer.startsWith(`${shorter}/`) || longer.endsWith(shorter));
		return !moved && related && claim.path !== here.path ? undefined : false;
	};

	/** @type {HTMLLinkElement | null} */
	const link = document.querySelector('link[rel~="canonical" i][href]');
	const ogUrl = document
		.querySelector('meta[property="og:url" i], meta[name="og:url" i]')
		?.getAttribute("content");
	const byLink = claims(link?.href);
	const byGraph = claims(ogUrl);
	/** Whether the head is that of another page of a single-page application. */
	const isStale =
		(byLink === false && byGraph !== true) || (byGraph === false && byLink !== true);

	/** @param {string[]} names */
	const metas = (...names) => {
		if (isStale) return [];
		const fresh = names.filter(
			(name) => byGraph !== false || !/^(og|article|twitter):/.test(name),
		);
		return fresh.flatMap((name) => {
			const found = document.querySelectorAll(
				`meta[name="${name}" i], meta[property="${name}" i], meta[itemprop="${name}" i]`,
			);
			return [...found].flatMap((one) => one.getAttribute("content")?.trim() || []);
		});
	};
	const meta = (/** @type {string[]} */ ...names) => metas(...names)[0];

	/** The page's JSON-LD, breadth first, so that what is nearest to the top comes first. */
	const linked = () => {
		/** @type {unknown[]} */
		const nodes = [];
		for (const script of document.querySelectorAll(
			'script[type="application/ld+json" i]',
		)) {
			try {
				nodes.push(JSON.parse(script.textContent ?? ""));
			} catch {
				// The page's mistake.
			}
		}
		/** @type {Record<string, unknown>[]} */
		let objects = [];
		for (let at = 0; at < nodes.length && at < NODES; at += 1) {
			const node = nodes[at];
			if (typeof node !== "object" || node === null) continue;
			if (!Array.isArray(node))
				objects.push(/** @type {Record<string, unknown>} */ (node));
			for (const key in node) {
				if (nodes.length >= NODES) break;
				nodes.push(/** @type {Record<string, unknown>} */ (node)[key]);
			}
		}
		// What the page is about comes before comments and the like that are as near.
		const isAbout = (/** @type {Record<string, unknown>} */ { "@type": type }) =>
			[type]
				.flat()
				.some(
					(name) =>
						typeof name === "string" &&
						/Article|Posting|Page|Report|Recipe|Video|Book/.test(name),
				);
		/** Whether a thing is of this page. */
		const naming = (/** @type {any} */ { url, "@id": id, mainEntityOfPage: main }) =>
			[url, id, main?.["@id"] ?? main?.url ?? main].some(
				(address) => typeof address === "string" && claims(address) === true,
			);
		if (isStale) objects = objects.filter(naming);
		const about = objects.filter(isAbout);
		return { about, all: [...about, ...objects.filter((object) => !isAbout(object))] };
	};

	/**
	 * The text of a property, or of its name where it is a thing.
	 * @param {Record<string, unknown>[]} objects
	 * @param {string} property
	 */
	const allSaid = (objects, property) =>
		objects.flatMap((object) => {
			const [value] = [object[property]].flat();
			const text = /** @type {any} */ (value)?.name ?? value;
			return (typeof text === "string" && text.trim()) || [];
		});
	/**
	 * @param {Record<string, unknown>[]} objects
	 * @param {string} property
	 */
	const said = (objects, property) => allSaid(objects, property)[0];

	/**
	 * The visible text of the page in one string, white space as single spaces and "\n"
	 * where a text directive can't match across: at the end of a block and at a line break.
	 * @param {[node: Node, offset: number]} from
	 * @param {[node: Node, offset: number]} to
	 * @returns {{text: string, start: number, end: number} | null} With the places of two
	 *   boundaries; null where the page is too long to be looked through.
	 */
	const laidOut = (from, to) => {
		const late = performance.now() + SEARCH_MS;
		/** @type {Map<Element, {block: Element | null, seen: boolean}>} */
		const known = new Map();
		const about = (/** @type {Element} */ parent) => {
			let found = known.get(parent);
			if (!found) {
				/** @type {Element | null} */
				let block = parent;
				while (block && /^(inline|contents|ruby)/.test(getComputedStyle(block).display)) {
					block = block.parentElement;
				}
				const unread = parent.closest("script, style, noscript, template, textarea");
				const seen = !unread && parent.checkVisibility({ visibilityProperty: true });
				found = { block, seen };
				known.set(parent, found);
			}
			return found;
		};
		const range = document.createRange();
		/** Whether a node begins at or after a boundary. */
		const isAfter = (
			/** @type {[node: Node, offset: number]} */ [node, offset],
			/** @type {Node} */ other,
		) => {
			range.setStart(node, offset);
			return range.comparePoint(other, 0) >= 0;
		};
		const walker = document.createTreeWalker(
			document.body,
			NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT,
		);
		let text = "";
		let [start, end] = [-1, -1];
		/** @type {Element | null} */
		let block = null;
		for (let node = walker.nextNode(); node; node = walker.nextNode()) {
			if (performance.now() > late) return null;
			if (node instanceof Element) {
				if (node.tagName === "BR") text += "\n";
				continue;
			}
			const { block: own, seen } = about(
				/** @type {Element} */ (/** @type {Node} */ (node).parentElement),
			);
			if (!seen) continue;
			if (own !== block) text += "\n";
			block = own;
			const value = node.nodeValue ?? "";
			if (node === from[0]) start = text.length + from[1];
			else if (start < 0 && isAfter(from, node)) start = text.length;
			if (node === to[0]) end = text.length + to[1];
			else if (end < 0 && isAfter(to, node)) end = text.length;
			text += value.replace(/\s/g, " ");
		}
		if (start < 0) start = text.length;
		if (end < 0) end = text.length;
		while (start < end && /\s/.test(text.charAt(start))) start += 1;
		while (end > start && /\s/.test(text.charAt(end - 1))) end -= 1;
		return { text, start, end };
	};

	/**
	 * The last or first words of a line, whole ones, as many as are asked for.
	 * @param {string} line
	 * @param {number} count
	 * @param {boolean} last
	 */
	const words = (line, count, last) => {
		// Enough for so many words of any length that is worth the address.
		const near = last ? line.slice(-count * 16) : line.slice(0, count * 16);
		const language = document.documentElement.lang || undefined;
		let segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
		try {
			segmenter = new Intl.Segmenter(language, { granularity: "word" });
		} catch {
			// The page names a language that is none.
		}
		const parts = [...segmenter.segment(near)];
		// The far end may have been cut in the middle of a word.
		if (near !== line && parts.length > 1) last ? parts.shift() : parts.pop();
		const wordlike = parts.flatMap(({ isWordLike }, at) => (isWordLike ? [at] : []));
		const chosen = last
			? parts.slice(wordlike.at(-count) ?? 0)
			: parts.slice(0, (wordlike[count - 1] ?? parts.length) + 1);
		return chosen
			.map(({ segment }) => segment)
			.join("")
			.replace(/\s+/g, " ")
			.trim();
	};

	/**
	 * What tells the selection from other places: the words before and after it, as few as
	 * it takes (WICG, URL Fragment Text Directives). They come from the nearest line that
	 * has any, and are needed also where the selection begins or ends within a word, since
	 * a directive without them matches whole words only.
	 * @param {[node: Node, offset: number]} from
	 * @param {[node: Node, offset: number]} to
	 */
	const around = (from, to) => {
		const place = laidOut(from, to);
		if (!place || place.start >= place.end) return {};
		const { text, start, end } = place;
		const squeeze = (/** @type {string} */ s) => s.replace(/\s+/g, " ").toLowerCase();
		const whole = squeeze(text);
		const repeats = (/** @type {string} */ s) => {
			const wanted = squeeze(s);
			return whole.indexOf(wanted) !== whole.lastIndexOf(wanted);
		};
		const selected = text.slice(start, end);
		const lines = selected.split("\n").filter((line) => line.trim());
		// The host goes by the ends of a long selection. Fewer words than it takes of them
		// show whether they are repeated.
		const byEnds = lines.length > 1 || selected.length > 200;
		const head = byEnds ? words(lines[0] ?? "", 3, false) : selected;
		const tail = byEnds ? words(lines.at(-1) ?? "", 3, true) : selected;
		const cutsWord = (/** @type {number} */ at) =>
			/[\p{L}\p{N}\p{M}_]['’.]?$/u.test(text.slice(Math.max(0, at - 3), at)) &&
			/^['’.]?[\p{L}\p{N}\p{M}_]/u.test(text.slice(at, at + 3));
		const before = text.slice(0, start).trimEnd();
		const after = text.slice(end).trimStart();
		const lineBefore = before.slice(before.lastIndexOf("\n") + 1);
		const [lineAfter = ""] = after.split("\n", 1);
		const gapBefore = text.slice(before.length, start) && " ";
		const gapAfter = text.slice(end, text.length - after.length) && " ";

		const [repeatsHead, repeatsTail] = [repeats(head), repeats(tail)];
		let [prefix, suffix] = ["", ""];
		for (const count of [5, 10, 20]) {
			if (repeatsHead || cutsWord(start)) prefix = words(lineBefore, count, true);
			if (repeatsTail || cutsWord(end)) suffix = words(lineAfter, count, false);
			const headIsClear = !repeatsHead || !repeats(prefix + gapBefore + head);
			const tailIsClear = !repeatsTail || !repeats(tail + gapAfter + suffix);
			const bothAreClear = byEnds
				? headIsClear && tailIsClear
				: headIsClear ||
					tailIsClear ||
					!repeats(prefix + gapBefore + head + gapAfter + suffix);
			if (bothAreClear) break;
		}
		return { prefix, suffix };
	};

	const selected = () => {
		const selection = getSelection();
		const text = selection?.toString().trim();
		if (!selection || !text || selection.rangeCount === 0) return undefined;
		const first = selection.getRangeAt(0);
		const last = selection.getRangeAt(selection.rangeCount - 1);
		try {
			const { prefix, suffix } = around(
				[first.startContainer, first.startOffset],
				[last.endContainer, last.endOffset],
			);
			return { text, ...(prefix && { prefix }), ...(suffix && { suffix }) };
		} catch {
			return { text }; // A page that is not laid out as pages are, such as an image's.
		}
	};

	/** @type {PageSays} */
	const says = {};
	// The user's own choice comes first: whatever the page says of itself, it is kept.
	const quote = selected();
	if (quote) says.quote = quote;
	const put = (
		/** @type {"excerpt" | "publishedAt" | "siteName" | "lang" | "keywords" | "canonical"} */ field,
		/** @type {string | null | undefined} */ value,
	) => {
		if (value?.trim()) says[field] = value.trim();
	};
	if (document.readyState === "loading") says.loading = true;
	if (/^(https?|file):$/.test(location.protocol)) {
		says.address = location.href;
		const heading = document.querySelector("h1") ?? document.querySelector("h2, h3");
		says.title =
			document.title.trim() ||
			meta("og:title", "twitter:title") ||
			heading?.textContent?.trim() ||
			"";
		// A file has no title: the tab has its name.
		if (!says.title && !/html/.test(document.contentType)) delete says.title;
	}
	try {
		const things = linked();
		const [publisher] = things.about.flatMap(({ publisher, isPartOf }) =>
			[publisher, isPartOf].flat().filter((thing) => typeof thing === "object"),
		);
		put(
			"excerpt",
			meta(
				"description",
				"og:description",
				"twitter:description",
				"dc.description",
				"dcterms.description",
			) ?? said(things.about, "description"),
		);
		const articles = document.querySelectorAll("article");
		const time =
			document.querySelector(
				"time[itemprop~=datePublished], [itemprop~=datePublished][datetime], time[pubdate]",
			) ??
			// A list of articles has many dates, and none of its own.
			(articles.length === 1 ? articles[0]?.querySelector("time[datetime]") : null);
		const dates = [
			...metas(
				"article:published_time",
				"og:article:published_time",
				"datePublished",
				"citation_publication_date",
				"citation_date",
				"citation_online_date",
				"dc.date.issued",
				"dc.date.created",
				"dcterms.issued",
				"dcterms.created",
				"dc.date",
				"dcterms.date",
				"parsely-pub-date",
				"sailthru.date",
				"pubdate",
				"publishdate",
				"date",
			),
			...allSaid(things.all, "datePublished"),
			time?.getAttribute("datetime")?.trim(),
			time?.textContent?.trim(),
		].filter((date, at, all) => date && all.indexOf(date) === at);
		put("publishedAt", dates[0]);
		// The first that can be read counts, which is the host's to know.
		if (!/^\d{4}-\d\d-\d\d(T|$)/.test(dates[0] ?? "")) {
			const others = dates.slice(1, 11).flatMap((date) => date ?? []);
			if (others.length > 0) says.otherDates = others;
		}
		put(
			"siteName",
			meta("og:site_name", "application-name") ??
				said(
					/** @type {Record<string, unknown>[]} */ (publisher ? [publisher] : []),
					"name",
				),
		);
		put("keywords", meta("keywords", "news_keywords", "citation_keywords"));
		put(
			"lang",
			document.documentElement.lang ||
				document
					.querySelector('meta[http-equiv="content-language" i]')
					?.getAttribute("content")
					?.split(",")[0] ||
				meta("og:locale", "dc.language", "dcterms.language")?.replace("_", "-"),
		);
		// One that is every page's home is no claim, nor is that of a page that was here before.
		const canonical = link?.href ?? meta("og:url");
		const isHome = isWeb && named(canonical)?.path === "" && here?.path !== "";
		if (!isStale && !isHome) put("canonical", canonical);
	} catch {
		// A page that is made to be misread says what was read of it so far.
	}
	return says;
}
