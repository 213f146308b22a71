// The search of an exported site. There is no server, so the page itself searches the pieces of the
// index.

import { longDay, shortDay } from "./dates.js";
import { candidates, holds } from "./matches.js";
import { occurrences } from "./occurrences.js";
import { nameOf, noteOf, pageOf, root, searchFor, start, tooShort } from "./pieces.js";
import { isEmpty, readQuery } from "./query.js";
import { wordsOf } from "./words.js";

/** Notes per listing page. */
const SHOWN = 20;
/** Most notes that are checked before the page asks whether to go on. */
const LOOKED_INTO = 2_000;
/** Length of a snippet, and of its part before the first match. */
const SNIPPET = 240;
const LEAD = 60;
/** Tags of a note that are shown at first, as on the other pages. */
const FIRST_TAGS = 6;
/** Most tags offered to narrow a search. */
const NARROWING = 8;

const outcome = /** @type {HTMLElement} */ (document.querySelector("#outcome"));
const found = /** @type {HTMLElement} */ (document.querySelector("#found"));
const howTo = /** @type {HTMLElement} */ (document.querySelector("#how-to"));
const typed = new URLSearchParams(location.search).get("q") ?? "";

// ---- Matches

/**
 * Returns when a note was saved, in µs since 1970.
 * @param {import("./pieces.js").Note} note
 */
function savedAt(note) {
	return note.id - (note.shift ?? 0);
}

/**
 * Returns the terms that are marked where they match, those of alternatives included.
 * @param {import("./matches.js").Matches} matches
 * @returns {import("./query.js").Term[]}
 */
function wantedTerms({ terms, any }) {
	const others = any.flat().flatMap(wantedTerms);
	return [...terms.filter(({ negated }) => !negated), ...others];
}

/**
 * Returns a text with its matches marked.
 * @param {string} text
 * @param {import("./query.js").Term[]} terms
 * @returns {(string | HTMLElement)[]}
 */
function marked(text, terms) {
	const words = wordsOf(text);
	const matches = terms.flatMap((term) => occurrences(term, words));
	matches.sort((a, b) => a.start - b.start || a.end - b.end);
	/** @type {(string | HTMLElement)[]} */
	const shown = [];
	let at = 0;
	for (const { start, end } of matches) {
		if (start < at) continue;
		const mark = make("mark");
		mark.textContent = text.slice(start, end);
		shown.push(text.slice(at, start), mark);
		at = end;
	}
	shown.push(text.slice(at));
	return shown;
}

/**
 * Shows one listing page of notes, starting at this one.
 * @param {import("./matches.js").Matches & { numbers: number[] }} matches
 * @param {number} from
 * @param {number} before how many were shown before
 */
async function show(matches, from, before) {
	const known = await start();
	const { numbers, sure } = matches;
	const terms = wantedTerms(matches);
	/** @type {import("./pieces.js").Note[]} */
	const notes = [];
	let next = from;
	let looked = 0;
	while (next < numbers.length && notes.length < SHOWN && looked < LOOKED_INTO) {
		// The notes that are needed next are loaded in parallel.
		const some = numbers.slice(next, next + SHOWN);
		const loaded = await Promise.all(some.map((number) => noteOf(number, known)));
		for (const [place, note] of loaded.entries()) {
			if (notes.length === SHOWN) break;
			next++;
			looked++;
			const number = some[place] ?? 0;
			if (sure || holds(matches, note, number)) notes.push(note);
		}
	}
	const more = next < numbers.length;
	const shown = before + notes.length;
	const total = sure ? numbers.length : more ? undefined : shown;
	outcome.textContent = sentence(shown, total);
	if (tooShort !== "") {
		outcome.textContent += ` Too many words begin with “${tooShort}”, so some were left out. Type more letters.`;
	}
	if (before === 0) found.append(...narrowing(notes));
	const list = make("section", { "aria-label": "Notes" });
	list.append(...byDay(notes, terms));
	found.append(list);
	howTo.hidden = shown > 0 || more;
	if (more) {
		const turn = make("nav", { class: "turn", "aria-label": "Pages" });
		const button = make("button", { class: "older", type: "button" });
		button.textContent = notes.length > 0 ? "Older notes" : "Search older notes";
		button.addEventListener("click", async () => {
			turn.remove();
			await show(matches, next, shown);
			const first = list.nextElementSibling?.querySelector("a");
			first?.focus();
		});
		turn.append(button);
		found.append(turn);
	}
}

/**
 * @param {number} shown
 * @param {number | undefined} total
 */
function sentence(shown, total) {
	if (total === 0) return "No matches.";
	if (shown === 0) return "None of the newest notes match.";
	if (total === shown) return counted(shown);
	const of = total === undefined ? "more" : total.toLocaleString("en");
	return `The newest ${counted(shown)} of ${of}`;
}

/** @param {number} count */
const counted = (count) =>
	`${count.toLocaleString("en")} ${count === 1 ? "note" : "notes"}`;

// ---- Views, as on the other pages

/**
 * @param {import("./pieces.js").Note[]} notes
 * @param {import("./query.js").Term[]} terms
 */
function byDay(notes, terms) {
	/** @type {HTMLElement[]} */
	const sections = [];
	let day = "";
	for (const note of notes) {
		if (note.saved !== day) {
			day = note.saved;
			const section = make("section", { class: "day" });
			const heading = make("h2");
			const time = make("time", { datetime: day });
			time.textContent = longDay(day);
			heading.append(time);
			section.append(heading);
			sections.push(section);
		}
		sections.at(-1)?.append(preview(note, terms));
	}
	return sections;
}

/**
 * @param {import("./pieces.js").Note} note
 * @param {import("./query.js").Term[]} terms
 */
function preview(note, terms) {
	const article = make("article", { class: "note" });
	const heading = make("h3", { class: "title", dir: "auto", lang: note.lang ?? "" });
	const title = make("span", { class: "apart" });
	const inTitle = terms.filter(({ field }) => field !== "url");
	title.append(...marked(note.title || note.url, inTitle));
	if (note.link) {
		const link = make("a", {
			href: note.url,
			target: "_blank",
			rel: "noreferrer noopener",
		});
		link.append(title);
		heading.append(link);
	} else {
		heading.append(title);
	}
	article.append(heading);
	if (!note.link && note.title) {
		const address = make("p", { class: "address" });
		address.append(apart(note.url));
		article.append(address);
	}
	if (note.tags.length > 0) {
		const hidden = note.tags.length - FIRST_TAGS;
		const folded = hidden > 1;
		const tags = make("ul", {
			class: folded ? "tags folded" : "tags",
			role: "list",
			"aria-label": "Tags",
		});
		for (const tag of note.tags) {
			const link = make("a", { rel: "tag", href: pageOf("tag", tag), dir: "auto" });
			const anywhere = terms.filter(({ field }) => field === "");
			link.append(...marked(nameOf(tag), anywhere));
			tags.append(item(link));
		}
		if (folded) {
			const rest = make("a", {
				href: pageOf("note", String(note.id)),
				"aria-label": `${hidden} more tags`,
			});
			rest.textContent = `+${hidden}`;
			const last = item(rest);
			last.className = "rest";
			tags.append(last);
		}
		article.append(tags);
	}
	const snippet = snippetOf(note, terms);
	if (snippet.length > 0) {
		const text = make("p", { class: "snippet", dir: "auto", lang: "" });
		text.append(...snippet);
		article.append(text);
	}
	const facts = make("ul", { class: "facts", role: "list" });
	if (note.site) {
		const link = make("a", { href: pageOf("site", note.site) });
		link.append(...icon(note), apart(nameOf(note.site)));
		facts.append(item(link));
	}
	const moment = new Date(savedAt(note) / 1000);
	const saved = make("time", {
		datetime: moment.toISOString(),
		title: moment.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" }),
	});
	saved.textContent = shortDay(note.saved);
	const savedItem = item("Saved ", saved);
	savedItem.className = "saved";
	facts.append(savedItem);
	if (note.published) {
		const day = note.published.slice(0, 10);
		const isDay = /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day));
		const shown = isDay ? make("time", { datetime: note.published }) : make("bdi");
		shown.textContent = isDay ? shortDay(day) : note.published;
		const published = item("Published ", shown);
		published.className = "published";
		facts.append(published);
	}
	const permalink = make("a", {
		rel: "bookmark",
		href: pageOf("note", String(note.id)),
	});
	permalink.textContent = "Details";
	facts.append(item(permalink));
	article.append(facts);
	return article;
}

/**
 * Renders the icon of a note's web site, or a placeholder; nothing if no web site has an icon.
 * @param {import("./pieces.js").Note} note
 */
function icon(note) {
	if (note.icon === undefined) return [];
	if (note.icon === "") return [make("span", { class: "icon" })];
	const src = new URL(`icon/${note.icon}.png`, root).href;
	const size = { width: "16", height: "16", loading: "lazy", decoding: "async" };
	return [make("img", { class: "icon", src, alt: "", ...size })];
}

/**
 * Returns the snippet of the note's text, or else of the page's description, that shows the match.
 * @param {import("./pieces.js").Note} note
 * @param {import("./query.js").Term[]} wanted
 * @returns {(string | HTMLElement)[]}
 */
function snippetOf(note, wanted) {
	const terms = wanted.filter(({ field }) => field === "");
	const texts = [note.text, note.excerpt ?? ""].filter((text) => text !== "");
	/** @type {{ text: string, matches: { start: number, end: number }[] }[]} */
	const looked = texts.map((text) => {
		const words = wordsOf(text);
		const matches = terms.flatMap((term) => occurrences(term, words));
		matches.sort((a, b) => a.start - b.start || a.end - b.end);
		return { text, matches };
	});
	const chosen = looked.find(({ matches }) => matches.length > 0) ?? looked[0];
	if (!chosen) return [];
	const { text, matches } = chosen;
	const words = wordsOf(text);
	const first = matches[0]?.start ?? 0;
	const from =
		first <= LEAD
			? 0
			: (words.find(({ start }) => start >= first - LEAD)?.start ?? first);
	const fits = words.filter(({ end }) => end > from && end <= from + SNIPPET);
	const to =
		text.length <= from + SNIPPET ? text.length : (fits.at(-1)?.end ?? text.length);
	/** @type {(string | HTMLElement)[]} */
	const shown = from > 0 ? ["… "] : [];
	let at = from;
	for (const { start, end } of matches) {
		if (start < at || end > to) continue;
		const mark = make("mark");
		mark.textContent = text.slice(start, end);
		shown.push(text.slice(at, start), mark);
		at = end;
	}
	shown.push(text.slice(at, to));
	if (to < text.length) shown.push(" …");
	return shown;
}

/**
 * Renders the conditions, each with a link that removes it.
 * @param {string[]} conditions
 */
function chosen(conditions) {
	if (conditions.length < 2) return [];
	const list = make("ul", {
		class: "tags chosen",
		role: "list",
		"aria-label": "Conditions",
	});
	for (const [place, condition] of conditions.entries()) {
		const others = conditions.filter((_, other) => other !== place);
		const link = make("a", { href: searchFor(others.join(" ")) });
		const sign = make("span", { "aria-hidden": "true" });
		sign.textContent = "×";
		const words = make("span", { class: "visually-hidden" });
		words.textContent = "(drop this)";
		link.append(apart(condition), " ", sign, words);
		list.append(item(link));
	}
	return [list];
}

/**
 * Renders the most frequent tags of the shown notes, each as a further condition.
 * @param {import("./pieces.js").Note[]} notes
 */
function narrowing(notes) {
	/** @type {Map<string, number>} */
	const counts = new Map();
	for (const tag of notes.flatMap((note) => note.tags.map(nameOf))) {
		counts.set(tag, (counts.get(tag) ?? 0) + 1);
	}
	const { withTags } = readQuery(typed);
	// A tag on all notes, or on only one, isn't useful.
	const tags = [...counts]
		.filter(([tag, count]) => count > 1 && count < notes.length && !tag.includes('"'))
		.filter(([tag]) => !withTags.includes(tag))
		.sort(([, a], [, b]) => b - a)
		.slice(0, NARROWING);
	if (tags.length === 0) return [];
	const details = make("details", { class: "related", open: "" });
	const summary = make("summary");
	summary.textContent = "Narrow by tag";
	const list = make("ul", { class: "tags counted", role: "list" });
	for (const [tag] of tags) {
		const value = /[\s()]/.test(tag) ? `"${tag}"` : tag;
		const link = make("a", { href: searchFor(`${typed.trimEnd()} tag:${value} `) });
		const withIt = make("span", { class: "visually-hidden" });
		withIt.textContent = "with ";
		link.append(withIt, apart(tag));
		const not = make("a", {
			class: "not",
			href: searchFor(`${typed.trimEnd()} -tag:${value} `),
			title: `Without “${tag}”`,
		});
		const sign = make("span", { "aria-hidden": "true" });
		sign.textContent = "−";
		const without = make("span", { class: "visually-hidden" });
		without.textContent = `without ${tag}`;
		not.append(sign, without);
		list.append(item(link, not));
	}
	details.append(summary, list);
	return [details];
}

/** @param {string} text */
function apart(text) {
	const bdi = make("bdi");
	bdi.textContent = text;
	return bdi;
}

/** @param {(string | HTMLElement)[]} content */
function item(...content) {
	const item = make("li");
	item.append(...content);
	return item;
}

/**
 * @template {keyof HTMLElementTagNameMap} N
 * @param {N} name
 * @param {Record<string, string>} [attributes]
 */
function make(name, attributes = {}) {
	const element = document.createElement(name);
	for (const [attribute, value] of Object.entries(attributes)) {
		element.setAttribute(attribute, value);
	}
	return element;
}

// ---- The page

/** Sets title and heading to the query, as on the served site. */
function name() {
	document.title = `url-notes | search | ${typed}`;
	const heading = document.querySelector("h1");
	const parents = make("p", { class: "parents" });
	const link = make("a", { href: location.pathname });
	link.textContent = "search";
	parents.append(link);
	heading?.before(parents);
	heading?.replaceChildren(apart(typed));
	const field = /** @type {HTMLInputElement} */ (document.querySelector("#q"));
	field.value = typed;
	document.querySelector(".foot [aria-current]")?.removeAttribute("aria-current");
}

/** @param {[part: string, sentence: string][]} problems */
function notUnderstood(problems) {
	if (problems.length === 0) return [];
	const list = make("ul", {
		class: "problems",
		role: "list",
		"aria-label": "Problems with the query",
	});
	list.append(...problems.map(([, sentence]) => item(sentence)));
	return [list];
}

async function search() {
	if (typed.trim() !== "") name();
	const query = readQuery(typed);
	if (isEmpty(query)) {
		found.append(...notUnderstood(query.problems));
		outcome.hidden = true;
		return;
	}
	outcome.textContent = "Searching …";
	howTo.hidden = true;
	try {
		found.append(...notUnderstood(query.problems), ...chosen(query.conditions));
		await show(await candidates(query, await start()), 0, 0);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		outcome.textContent = `${reason} Reload the page; if that doesn’t help, export the site again.`;
	}
}

search();
