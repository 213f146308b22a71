/**
 * Runs inside a web page, after `copy-page.js`, `page-blocks.js` and Readability: decides what
 * of the page is its text. docs/page-text.md has the rules in words.
 */

/**
 * @typedef {import("./copy-page.js").Block} Block
 * @typedef {import("./copy-page.js").Extent} Extent
 * @typedef {import("./copy-page.js").PageCopy} PageCopy
 * @typedef {import("./copy-page.js").Parts} Parts
 */

/**
 * The readable text of a page, as Markdown; or why there is none: `password` if the page shows a
 * field for one, `empty` if it has no text.
 * @typedef {{text: string, whole: boolean, url: string} | {none: "password" | "empty"}} ReadText
 *   `whole` is false if the text was cut. `url` is the page's address after it was read.
 */

/**
 * Runs inside the page. It must not use anything from outside its own braces.
 * @returns {Promise<ReadText>}
 */
export async function readText() {
	/** Longest text in bytes of UTF-8. */
	const LIMIT = 256 * 1024;
	/** The page waits no longer at a time, except for Readability. */
	const SLICE_MS = 15;
	/** After so much work on one part, what was read is all there is. */
	const WORK_MS = 1500;
	/** Readability, which can't be interrupted, gets no more. */
	const READABILITY = { elements: 3500, characters: 250_000 };

	/** @type {Parts} */
	const parts = /** @type {any} */ (globalThis).urlNotesParts;
	/** @type {new (document: Document, options: object) => {parse: () => {content: Element} | null}} */
	// @ts-expect-error: it was injected before.
	const Reader = Readability;

	const pause = () =>
		new Promise((resolve) => {
			// Timers of a tab in the background wait for a second or more.
			const { port1, port2 } = new MessageChannel();
			port1.onmessage = () => {
				port1.close();
				resolve(undefined);
			};
			port2.postMessage(null);
		});
	parts.longest = 0;
	let isLate = false;
	/**
	 * Runs work in slices between which the page goes on.
	 * @template T
	 * @param {Generator<undefined, T, boolean>} work
	 */
	const inSlices = async (work) => {
		for (let worked = 0; ; ) {
			const begun = performance.now();
			let now = begun;
			while (now < begun + SLICE_MS) {
				const { done, value } = work.next(worked > WORK_MS);
				now = performance.now();
				if (done) {
					parts.longest = Math.max(parts.longest, now - begun);
					return /** @type {T} */ (value);
				}
			}
			parts.longest = Math.max(parts.longest, now - begun);
			// A longer slice is the page's own layout, or the computer is busy.
			worked += Math.min(now - begun, 2 * SLICE_MS);
			isLate ||= worked > WORK_MS;
			await pause();
		}
	};

	/** Classes and ids of parts that aren't the page's text. */
	const WORDS =
		/(^|[\s_-])(nav|navbar|navigation|menu|sidebar|cookies?|consent|newsletter|subscribe|share|sharing|social|related|recommended|promo|ads?|advert|advertisement|sponsored|breadcrumbs?|pager|pagination|skip|toolbar|popup|modal)([\s_-]|$)/i;
	const ROLES =
		/^(navigation|banner|contentinfo|complementary|search|dialog|alertdialog|menu|menubar|toolbar|tablist)$/;

	/** Characters outside of links. */
	const proseOf = (
		/** @type {Map<Element, Extent>} */ extents,
		/** @type {Element} */ element,
	) => {
		const { text, links } = extents.get(element) ?? { text: 0, links: 0 };
		return text - links;
	};

	/** @type {(copied: PageCopy) => Element} The part of the page that has its text. */
	const rootOf = ({ copy, extents }) => {
		const prose = (/** @type {Element} */ element) => proseOf(extents, element);
		/** @type {Element} */
		let root = copy.body;
		const mains = [...copy.querySelectorAll("main, [role=main]")].filter(
			(main) => prose(main) > 0 && !main.parentElement?.closest("main, [role=main]"),
		);
		if (mains.length === 1 && mains[0] && prose(mains[0]) >= prose(root) / 4)
			root = mains[0];
		const articles = [...root.querySelectorAll("article")].filter(
			(article) => !article.parentElement?.closest("article"),
		);
		const all = articles.reduce((sum, article) => sum + prose(article), 0);
		const first = articles.find((article) => all > 0 && prose(article) >= 0.8 * all);
		return first && prose(first) >= prose(root) / 3 ? first : root;
	};

	/** @type {(copied: PageCopy, root: Element) => (element: Element) => boolean} */
	const landmarks = ({ extents }, root) => {
		const most = proseOf(extents, root) / 2;
		return (element) => {
			const name = element.localName;
			if (/^(nav|footer|dialog)$/.test(name)) return true;
			// Some pages are one form, or have all of their text in a part with such a name.
			if (proseOf(extents, element) >= most) return false;
			if (/^(aside|form|search)$/.test(name)) return true;
			if (name === "header" && !element.closest("article, main")) return true;
			if (ROLES.test(element.getAttribute("role") ?? "")) return true;
			const words = `${element.getAttribute("class") ?? ""} ${element.getAttribute("id") ?? ""}`;
			if (!WORDS.test(words)) return false;
			const { text, links } = extents.get(element) ?? { text: 0, links: 0 };
			return text < 4000 || links >= text / 2;
		};
	};

	/** The blocks without lists of links and short pieces between them. */
	const dense = (/** @type {Block[]} */ blocks) => {
		const isLinks = (/** @type {Block} */ { characters, links }) =>
			links >= characters / 2;
		return blocks.filter((block, at) => {
			if (isLinks(block)) return false;
			const before = blocks[at - 1];
			const after = blocks[at + 1];
			return (
				block.characters >= 80 ||
				!((!before || isLinks(before)) && (!after || isLinks(after)))
			);
		});
	};

	const count = (/** @type {Block[]} */ blocks) =>
		blocks.reduce((sum, { characters }) => sum + characters, 0);

	/**
	 * Whether what Readability found is the page's text, rather than what the landmarks leave. In
	 * an article it is, unless it is next to nothing. On other pages it has to find most of the
	 * text, and what it finds has to be in the part that the landmarks leave.
	 * @type {(found: Block[], marked: Block[], isArticle: boolean) => boolean}
	 */
	const isBetter = (found, marked, isArticle) => {
		const length = count(found);
		const wanted = count(dense(marked));
		if (length < 200 || length < wanted * (isArticle ? 0.15 : 0.8)) return false;
		if (isArticle || count(marked) < 200) return true;
		const texts = new Set(marked.map(({ text }) => text));
		return count(found.filter(({ text }) => texts.has(text))) >= 0.7 * length;
	};

	const copied = await inSlices(parts.copyPage());
	if (copied.password) return { none: "password" };
	const { copy } = copied;
	const root = rootOf(copied);
	const marked = await inSlices(parts.blocksOf(root, landmarks(copied, root)));
	/** @type {Block[]} */
	let blocks = marked;
	if (
		copied.elements <= READABILITY.elements &&
		copied.characters <= READABILITY.characters
	) {
		await pause();
		for (const nav of copy.querySelectorAll("nav, [role=navigation]")) nav.remove();
		/** @type {Element | undefined} */
		let content;
		const begun = performance.now();
		try {
			const options = {
				serializer: (/** @type {Element} */ element) => element,
				keepClasses: true,
				disableJSONLD: true,
			};
			content = new Reader(copy, options).parse()?.content;
		} catch {
			// The page is made to break readers. The landmarks are enough.
		}
		parts.longest = Math.max(parts.longest, performance.now() - begun);
		if (content) {
			await pause();
			const found = await inSlices(parts.blocksOf(content, () => false));
			if (isBetter(found, marked, copied.isArticle)) blocks = found;
		}
	}
	await pause();
	if (parts.hasPassword()) return { none: "password" };
	const { text, whole } = parts.joined(blocks, LIMIT);
	if (!text) return { none: "empty" };
	return { text, whole: whole && copied.whole && !isLate, url: location.href };
}
