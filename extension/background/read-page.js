/**
 * The functions that run inside a web page: `readPage` collects its metadata and selection,
 * and `waitForMore` waits while the page loads.
 *
 * `scripting.executeScript` passes on only the text of a function, so each one is
 * self-contained: it uses nothing from outside its own braces. `capture.js` injects them and
 * limits what they return.
 */

/**
 * What `readPage` found in a page, not yet limited.
 * @typedef {object} PageData
 * @property {string} [excerpt]
 * @property {string} [opening] The first paragraphs, if the page has no description.
 * @property {string} [publishedAt]
 * @property {string} [siteName]
 * @property {string} [lang]
 * @property {string} [keywords] Separated by commas.
 * @property {string} [canonical] The page's canonical URL.
 * @property {string} [title] Its own title, else its first heading; empty if it has neither.
 * @property {string[]} [otherTitles] Titles in its metadata, the best first.
 * @property {string} [address] URL of the document.
 * @property {string[]} [otherDates] Further candidates for `publishedAt`, the best first.
 * @property {boolean} [loading] Whether the page is still loading.
 * @property {{text: string, prefix?: string, suffix?: string}} [quote]
 */

/**
 * Runs inside a page that is loading. Waits until its head, or else the whole document, is
 * complete.
 * @returns {Promise<boolean>} False if it took too long.
 */
export function waitForMore() {
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
 * Runs inside the page. It must not use anything from outside its own braces.
 * @returns {PageData}
 */
export function readPage() {
	/** Limit for the nodes of JSON-LD that are visited. */
	const NODES = 20_000;
	/** Limit for the search for the text around a selection. */
	const SEARCH_MS = 120;

	const isWeb = /^https?:$/.test(location.protocol);

	/**
	 * The parts of an address that identify a page; null if it isn't a web address.
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
	/** Whether the first address identifies the second's page; it may omit parameters. */
	const isOf = (/** @type {Named} */ claim, /** @type {Named} */ page) =>
		claim.path === page.path &&
		[...claim.query].every(([name, value]) => page.query.get(name) === value);
	const [navigation] = performance.getEntriesByType("navigation");
	const here = named(location.href);
	/** The page that the document was loaded for, before scripts changed its address. */
	const first = named(navigation?.name);
	/**
	 * Whether an address in the head, given as the page's own, identifies this page. Undefined
	 * if it can't be decided: there is no address, it is of another site, or it is the home
	 * page, which some sites put on every page.
	 * @param {string | null | undefined} address
	 * @returns {boolean | undefined}
	 */
	const claims = (address) => {
		const claim = named(address);
		if (!claim || !here || claim.host !== here.host) return undefined;
		const moved = first !== null && !(isOf(first, here) && isOf(here, first));
		// It identifies the page that was loaded first, which may be this one without parameters.
		if (moved && isOf(claim, first) && isOf(first, claim)) return false;
		if (isOf(claim, here)) return true;
		if (claim.path === "") return undefined;
		// One of several pages of an article, such as `/a/2` or `/en/a` of `/a`.
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
	/** Whether the head belongs to another page of a single-page application. */
	const isStale =
		(byLink === false && byGraph !== true) || (byGraph === false && byLink !== true);

	/** @param {string[]} names */
	const metas = (...names) => {
		if (isStale) return [];
		const fresh = names.filter(
			(name) =>
				byGraph !== false || !/^(og|article|twitter|book|music|video):/.test(name),
		);
		return fresh.flatMap((name) => {
			const found = document.querySelectorAll(
				`meta[name="${name}" i], meta[property="${name}" i], meta[itemprop="${name}" i]`,
			);
			return [...found].flatMap((one) => one.getAttribute("content")?.trim() || []);
		});
	};
	const meta = (/** @type {string[]} */ ...names) => metas(...names)[0];

	/** The page's JSON-LD, breadth first: objects near the top come first. */
	const linked = () => {
		/** @type {unknown[]} */
		const nodes = [];
		for (const script of document.querySelectorAll(
			'script[type="application/ld+json" i]',
		)) {
			const text = script.textContent ?? "";
			// Some templates leave line breaks in texts, or wrap the data for XML.
			const repaired = text
				.replace(/^\s*(\/\/|\/\*)?\s*<!\[CDATA\[\s*(\*\/)?/, "")
				.replace(/(\/\/|\/\*)?\s*\]\]>\s*(\*\/)?\s*$/, "")
				.replace(/\p{Cc}+/gu, " ");
			for (const form of [text, repaired]) {
				try {
					nodes.push(JSON.parse(form));
					break;
				} catch {
					// The page has invalid JSON-LD.
				}
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
		// Objects about the page come before comments and the like at the same depth.
		const isAbout = (/** @type {Record<string, unknown>} */ { "@type": type }) =>
			[type]
				.flat()
				.some(
					(name) =>
						typeof name === "string" &&
						/Article|Posting|Page|Report|Recipe|Video|Book/.test(name),
				);
		/** Whether an object names this page as its own. */
		const naming = (/** @type {any} */ { url, "@id": id, mainEntityOfPage: main }) =>
			[url, id, main?.["@id"] ?? main?.url ?? main].some(
				(address) => typeof address === "string" && claims(address) === true,
			);
		if (isStale) objects = objects.filter(naming);
		const about = objects.filter(isAbout);
		return { about, all: [...about, ...objects.filter((object) => !isAbout(object))] };
	};

	/**
	 * The texts of a property; of an object it is the name.
	 * @param {Record<string, unknown>[]} objects
	 * @param {string} property
	 */
	const textsOf = (objects, property) =>
		objects.flatMap((object) => {
			const [value] = [object[property]].flat();
			const { name, "@value": typed } = /** @type {any} */ (value ?? {});
			const text = name ?? typed ?? value;
			return (typeof text === "string" && text.trim()) || [];
		});
	/**
	 * @param {Record<string, unknown>[]} objects
	 * @param {string} property
	 */
	const textOf = (objects, property) => textsOf(objects, property)[0];

	/**
	 * The visible text of the page as one string. White space becomes single spaces; "\n" marks
	 * what a text directive can't match across: the end of a block and a line break.
	 * @param {[node: Node, offset: number]} from
	 * @param {[node: Node, offset: number]} to
	 * @returns {{text: string, start: number, end: number} | null} With the offsets of the two
	 *   boundaries; null if the page is too long to search.
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
	 * The first or last `count` whole words of a line.
	 * @param {string} line
	 * @param {number} count
	 * @param {boolean} last
	 */
	const words = (line, count, last) => {
		// Long enough for so many words of normal length.
		const near = last ? line.slice(-count * 16) : line.slice(0, count * 16);
		const language = document.documentElement.lang || undefined;
		let segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
		try {
			segmenter = new Intl.Segmenter(language, { granularity: "word" });
		} catch {
			// The page declares an invalid language.
		}
		const parts = [...segmenter.segment(near)];
		// The far end may be cut in the middle of a word.
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
	 * The words before and after the selection that make a link to it unambiguous, as few as
	 * possible (WICG, URL Fragment Text Directives). They come from the nearest line that has
	 * any. They are also needed if the selection begins or ends within a word, since a
	 * directive without them matches whole words only.
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
		// For a long selection the host uses its first and last words. Fewer words than that
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
			return { text }; // A document without a normal layout, such as an image.
		}
	};

	/** @type {PageData} */
	const data = {};
	/** The text of the first paragraphs, without names, dates and links between them. */
	const opening = () => {
		/** Limits for paragraphs that are looked at, their shortest length, and the text in all. */
		const [MOST, SHORTEST, ENOUGH] = [60, 60, 300];
		const main = document.querySelector("article p, main p, [role=main] p");
		const all = document.querySelectorAll(
			main ? "article p, main p, [role=main] p" : "p",
		);
		let text = "";
		for (const { textContent } of [...all].slice(0, MOST)) {
			const paragraph = textContent?.replace(/\s+/g, " ").trim() ?? "";
			if (paragraph.length >= SHORTEST) text += ` ${paragraph.slice(0, ENOUGH)}`;
			if (text.length > ENOUGH) break;
		}
		return text.trim().slice(0, ENOUGH);
	};

	// The user's selection comes first: it is kept even if reading the metadata fails.
	const quote = selected();
	if (quote) data.quote = quote;
	const put = (
		/** @type {"excerpt" | "publishedAt" | "siteName" | "lang" | "keywords" | "canonical" | "opening"} */ field,
		/** @type {string | null | undefined} */ value,
	) => {
		if (value?.trim()) data[field] = value.trim();
	};
	if (document.readyState === "loading") data.loading = true;
	if (/^(https?|file):$/.test(location.protocol)) {
		data.address = location.href;
		const heading = document.querySelector("h1") ?? document.querySelector("h2, h3");
		data.title =
			document.title.trim() ||
			meta("og:title", "twitter:title") ||
			heading?.textContent?.trim() ||
			"";
		// A file that isn't HTML has no title; the tab shows its name.
		if (!data.title && !/html/.test(document.contentType)) delete data.title;
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
			) ?? textOf(things.about, "description"),
		);
		if (!data.excerpt) put("opening", opening());
		const articles = document.querySelectorAll("article");
		// A list of articles has many dates but none of its own.
		const only = (/** @type {NodeListOf<Element>} */ found) =>
			found.length === 1 ? found[0] : null;
		const time =
			document.querySelector(
				"time[itemprop~=datePublished], [itemprop~=datePublished][datetime], time[pubdate]",
			) ??
			document.querySelector(
				"[itemprop~=datePublished]:not(meta), [property$=datePublished]:not(meta)",
			) ??
			// Microformats, and the classes that WordPress writes.
			only(document.querySelectorAll(".dt-published, .published, .entry-date")) ??
			only(articles)?.querySelector("time[datetime]") ??
			only(articles)?.querySelector("time") ??
			document.querySelector("time[itemprop~=dateCreated]");
		const dates = [
			...metas(
				"article:published_time",
				"og:article:published_time",
				"og:published_time",
				"bytedance:published_time",
				"datePublished",
				"citation_publication_date",
				"citation_date",
				"citation_cover_date",
				"citation_online_date",
				"prism.publicationDate",
				"dc.date.issued",
				"dc.date.created",
				"dcterms.issued",
				"dcterms.created",
				"dcterms.available",
				"dc.date",
				"dc:date",
				"dcterms.date",
				"parsely-pub-date",
				"sailthru.date",
				"book:release_date",
				"video:release_date",
				"music:release_date",
				"weibo: article:create_at",
				"originalPublicationDate",
				"publication_date",
				"publish-date",
				"publishdate",
				"pubdate",
				"pdate",
				"displaydate",
				"date",
				"created",
			),
			...metas("parsely-page").flatMap(
				(text) => /"pub_date":\s*"([^"]+)/.exec(text)?.[1] ?? [],
			),
			...textsOf(things.all, "datePublished"),
			...textsOf(things.about, "uploadDate"),
			...["content", "datetime", "title"].map((name) => time?.getAttribute(name)?.trim()),
			time?.textContent?.trim(),
			...textsOf(things.about, "dateCreated"),
		].filter((date, at, all) => date && all.indexOf(date) === at);
		put("publishedAt", dates[0]);
		// The host uses the first one that it can parse.
		if (!/^\d{4}-\d\d-\d\d(T|$)/.test(dates[0] ?? "")) {
			const others = dates.slice(1, 11).flatMap((date) => date ?? []);
			if (others.length > 0) data.otherDates = others;
		}
		const titles = [
			...metas("citation_title", "dc.title", "og:title", "twitter:title"),
			...textsOf(things.about, "headline"),
		].filter((title, at, all) => title !== data.title && all.indexOf(title) === at);
		// The host uses one that is the heart of the title.
		if (data.title && titles.length > 0) data.otherTitles = titles.slice(0, 4);
		put(
			"siteName",
			meta("og:site_name", "application-name") ??
				textOf(
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
		// The home page, or an address left over from an earlier page, isn't canonical.
		const canonical = link?.href ?? meta("og:url");
		const isHome = isWeb && named(canonical)?.path === "" && here?.path !== "";
		if (!isStale && !isHome) put("canonical", canonical);
	} catch {
		// The page is made to break readers. What was read so far is returned.
	}
	return data;
}
