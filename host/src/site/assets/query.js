// Parses a search query as host/src/domain/query/ does; parser.rs there has the grammar. Parsing
// never fails: each invalid part becomes a problem, and the rest is searched for.
// tests/fixtures/search/queries.json keeps both parsers equal.

import { dayOf, localDay } from "./days.js";
import { withoutInvisible } from "./invisible.js";
import { addSpelling, spellingsOf } from "./spellings.js";
import { hasSigns, wordsOf } from "./words.js";

/**
 * @typedef {object} Term
 * @property {string} text as it was typed, without quotation marks
 * @property {string[]} tags the tags that `#x` may mean: the first one in use; if none is, it is an
 * ordinary word
 * @property {import("./words.js").Word[][]} spellings one of which must match, the typed one first;
 * at least one, each with at least one word
 * @property {import("./words.js").Word[][]} pairs pairs of words that it may stand for, typed
 * without the space; matching one is enough too. The caller adds them if it has a list of all words
 * @property {boolean} negated must not occur
 * @property {boolean} prefix the last word may be the beginning of a longer one
 * @property {"" | "title" | "url"} field the text to search in, if it isn't any
 */

/**
 * @typedef {object} Query all its conditions must hold
 * @property {Term[]} terms
 * @property {string[]} withTags
 * @property {string[]} withoutTags
 * @property {string[]} sites the note must be from one of these
 * @property {string[]} withoutSites
 * @property {[state: State, wanted: boolean][]} states
 * @property {string} before saved before this day (`2025-08-01`), or empty; days are those that the
 * pages show, in the time zone of the export
 * @property {string} after saved on this day or later, or empty
 * @property {"" | "note" | "text"} place what is searched; an exported site has no texts of pages
 * @property {boolean} deleted among the deleted notes, which aren't exported
 * @property {boolean} everything stands for all notes if it has no other condition
 * @property {Query[][]} any groups of alternatives; at least one of each group must hold
 */

/**
 * @typedef {Query & { conditions: string[], problems: [part: string, sentence: string][] }} ReadQuery
 * with each condition as typed, and the invalid parts
 */

/**
 * @typedef {"untagged" | "unread" | "noted" | "texted" | "gone" | "moved" | "soft" | "unreachable"} State
 * @typedef {{ all: Expr[] } | { any: Expr[] } | { not: Expr } | { is: Leaf }} Expr
 * @typedef {{ kind: "term", term: Term } | { kind: "tag" | "site" | "before", value: string }
 * | { kind: "state", value: State } | { kind: "deleted" }
 * | { kind: "in", value: "note" | "text" }} Leaf
 */

const MAX_QUERY = 4096;
const MAX_CONDITIONS = 32;
const MAX_DEPTH = 8;
const MAX_TAG = 100;
/** Longest part of a query that a problem repeats. */
const MAX_PART = 60;
/** Shortest pair of words that may match as one, in bytes together. */
const LEAST_JOINED = 4;
const MAX_JOINED = 64;
/** The most common address parameters that don't identify a page. */
const TRACKING = /^(utm_.*|gclid|fbclid|msclkid|mc_eid|mc_cid|igshid)$/i;
const IS = ["untagged", "unread", "gone", "moved", "soft", "unreachable"];
const OF_NOTES = ["untagged", "unread", "noted"]; // known from the note itself
const KEYS = /^(tag|site|title|url|is|has|in|before|after):/i;

/** @type {Record<string, (part: string) => string>} */
const SENTENCES = {
	key: (part) =>
		`There is no search key “${part.split(":")[0]}:”, so “${part}” was searched for as words.`,
	unknown: (part) =>
		`“${part}” isn’t a known condition and was ignored. Use is:untagged, is:unread, is:read, is:gone, is:moved, is:soft, is:unreachable, is:deleted, has:note, has:text, in:note or in:text.`,
	empty: (part) => `“${part}” has nothing to search for after the colon and was ignored.`,
	date: (part) =>
		`“${part}” has no valid date and was ignored. Use 2025-08-01, 2025-08, 2025, today, yesterday, -7d, -2w, -3m or -1y.`,
	tag: (part) => `“${part}” has no valid tag and was ignored.`,
	open: () => "A closing bracket is missing and was added at the end.",
	stray: () => "A closing bracket has no opening one and was ignored.",
	or: () =>
		"OR needs a condition on each side and was ignored. To search for the word, type it in lower case.",
	deep: () => `Brackets can be nested ${MAX_DEPTH} deep. Deeper ones were ignored.`,
	many: () =>
		`A search can have up to ${MAX_CONDITIONS} conditions. The rest were ignored.`,
	long: () => `A search can have up to ${MAX_QUERY} bytes. The rest was ignored.`,
	here: (part) =>
		`“${part}” can’t be part of OR or of an excluded group, so it was ignored.`,
};

/** @returns {Query} */
function emptyQuery() {
	return {
		terms: [],
		withTags: [],
		withoutTags: [],
		sites: [],
		withoutSites: [],
		states: [],
		before: "",
		after: "",
		place: "",
		deleted: false,
		everything: false,
		any: [],
	};
}

/**
 * @param {string} text
 * @param {string} [today] as `2025-08-01`
 * @returns {ReadQuery}
 */
export function readQuery(text, today = localDay(new Date())) {
	const parser = new Parser(text.slice(0, MAX_QUERY), today);
	/** @type {string[]} */
	const conditions = [];
	const all = parser.all(conditions);
	if (text.length > MAX_QUERY) parser.problem("long", "");
	const query = emptyQuery();
	take(query, { all }, false, true, parser);
	joinAll(query);
	return { ...query, conditions, problems: parser.problems };
}

/** @param {Query} query */
function joinAll(query) {
	joinNeighbours(query.terms);
	query.any.flat().forEach(joinAll);
}

class Parser {
	/**
	 * @param {string} text
	 * @param {string} today
	 */
	constructor(text, today) {
		this.text = text;
		this.today = today;
		this.at = 0;
		this.depth = 0;
		this.left = MAX_CONDITIONS;
		/** @type {[part: string, sentence: string][]} */
		this.problems = [];
		this.hasTooMany = false;
	}

	get rest() {
		return this.text.slice(this.at);
	}

	/**
	 * @param {string} kind
	 * @param {string} part
	 */
	problem(kind, part) {
		const shown = part.length > MAX_PART ? `${part.slice(0, MAX_PART)}…` : part;
		const sentence = SENTENCES[kind]?.(shown) ?? "";
		if (!this.problems.some(([, known]) => known === sentence)) {
			this.problems.push([shown, sentence]);
		}
	}

	skipSpace() {
		this.at = this.text.length - this.rest.trimStart().length;
	}

	/**
	 * Takes this word in capital letters if it comes next.
	 * @param {string} word
	 */
	takes(word) {
		const next = this.rest[word.length] ?? " ";
		const ends = /[\s(]/.test(next) || (next === ")" && this.depth > 0);
		if (!this.rest.startsWith(word) || !ends) return false;
		this.at += word.length;
		this.skipSpace();
		return true;
	}

	isAtEnd() {
		return this.rest === "" || (this.depth > 0 && this.rest.startsWith(")"));
	}

	/**
	 * @param {string[]} conditions receives each as it was typed
	 * @returns {Expr[]}
	 */
	all(conditions) {
		/** @type {Expr[]} */
		const all = [];
		for (;;) {
			this.skipSpace();
			if (this.isAtEnd()) return all;
			if (this.depth === 0 && this.rest.startsWith(")")) {
				this.problem("stray", "");
				this.at++;
				continue;
			}
			if (this.takes("OR")) {
				this.problem("or", "OR");
				continue;
			}
			// Conditions side by side are joined by "and" anyway.
			if (all.length > 0 && this.takes("AND")) continue;
			if (this.left === 0) {
				this.problem("many", "");
				this.hasTooMany = true;
				this.at = this.text.length;
				return all;
			}
			const start = this.at;
			const { any, end } = this.any();
			conditions.push(this.text.slice(start, end));
			const [only] = any;
			if (any.length > 1) all.push({ any });
			else if (only) all.push(only);
		}
	}

	any() {
		/** @type {Expr[]} */
		const any = [];
		for (;;) {
			const one = this.one();
			if (one) any.push(one);
			const end = this.at;
			this.skipSpace();
			if (!this.takes("OR")) return { any, end };
			while (this.takes("OR")) this.problem("or", "OR");
			if (this.isAtEnd() || this.left === 0) {
				this.problem("or", "OR");
				return { any, end };
			}
		}
	}

	/** @returns {Expr | undefined} */
	one() {
		const negated = /^-\S/.test(this.rest);
		if (negated) this.at++;
		const found = this.rest.startsWith("(") ? this.group() : this.condition();
		return negated && found ? { not: found } : found;
	}

	/** @returns {Expr | undefined} */
	group() {
		this.at++;
		if (this.depth === MAX_DEPTH) {
			this.problem("deep", "");
			this.skipGroup();
			return undefined;
		}
		this.depth++;
		const all = this.all([]);
		this.depth--;
		if (this.rest.startsWith(")")) this.at++;
		// With too many conditions, the rest wasn't parsed.
		else if (!this.hasTooMany) this.problem("open", "");
		return all.length > 0 ? { all } : undefined;
	}

	skipGroup() {
		let open = 1;
		let quoted = false;
		for (; this.at < this.text.length; this.at++) {
			const c = this.text[this.at];
			if (c === '"') quoted = !quoted;
			else if (c === "(" && !quoted) open++;
			else if (c === ")" && !quoted) open--;
			if (open === 0) {
				this.at++;
				return;
			}
		}
		this.problem("open", "");
	}

	/**
	 * Returns the end of a word: white space, or a bracket that closes a group.
	 * @param {string} text
	 */
	wordEnd(text) {
		let open = 0;
		for (let at = 0; at < text.length; at++) {
			const c = /** @type {string} */ (text[at]);
			if (/\s/.test(c)) return at;
			if (c === "(") open++;
			else if (c === ")" && open > 0) open--;
			else if (c === ")" && this.depth > 0) return at;
		}
		return text.length;
	}

	/** @returns {Expr | undefined} */
	condition() {
		this.left = Math.max(0, this.left - 1);
		const text = this.rest;
		const word = text.slice(0, this.wordEnd(text));
		const key = KEYS.exec(word)?.[1] ?? "";
		const skipped = key === "" ? 0 : key.length + 1;
		const value = text.slice(skipped);
		// `#"machine learning"`
		const hash = key === "" && value.startsWith('#"') ? "#" : "";
		let inner = value.slice(hash.length);
		const quoted = inner.startsWith('"');
		let length = 0;
		if (quoted) {
			// An unclosed quotation mark extends to the end.
			const end = inner.indexOf('"', 1);
			length = end < 0 ? inner.length : end + 1;
			inner = end < 0 ? inner.slice(1) : inner.slice(1, end);
		} else {
			length = this.wordEnd(inner);
			inner = inner.slice(0, length);
		}
		const typed = text.slice(0, skipped + hash.length + length);
		this.at += typed.length;
		if (key !== "") return this.keyed(key.toLowerCase(), inner, quoted, typed);
		if (!quoted && hash === "" && looksLikeKey(word)) this.problem("key", word);
		const term = termOf(hash + inner, quoted);
		return term && { is: { kind: "term", term } };
	}

	/**
	 * @param {string} key
	 * @param {string} value
	 * @param {boolean} quoted
	 * @param {string} typed
	 * @returns {Expr | undefined}
	 */
	keyed(key, value, quoted, typed) {
		const lower = value.toLowerCase();
		let problem = "empty";
		if (value.trim() !== "") {
			if (key === "tag") {
				const tag = soughtTag(value);
				if (tag) return { is: { kind: "tag", value: tag } };
				problem = "tag";
			} else if (key === "site") {
				const site = siteOf(value);
				if (site) return { is: { kind: "site", value: site } };
			} else if (key === "title" || key === "url") {
				const term = termOf(value, quoted);
				if (term) {
					return { is: { kind: "term", term: { ...term, tags: [], field: key } } };
				}
			} else if (key === "before" || key === "after") {
				const day = dayOf(value, this.today);
				/** @type {Expr} */
				const before = { is: { kind: "before", value: day ?? "" } };
				if (day !== undefined) return key === "before" ? before : { not: before };
				problem = "date";
			} else if (key === "has" && /^notes?$/.test(lower)) {
				return { is: { kind: "state", value: "noted" } };
			} else if (key === "has" && /^texts?$/.test(lower)) {
				return { is: { kind: "state", value: "texted" } };
			} else if (key === "in" && /^notes?$/.test(lower)) {
				return { is: { kind: "in", value: "note" } };
			} else if (key === "in" && /^texts?$/.test(lower)) {
				return { is: { kind: "in", value: "text" } };
			} else if (key === "is" && IS.includes(lower)) {
				return { is: { kind: "state", value: /** @type {State} */ (lower) } };
			} else if (key === "is" && lower === "read") {
				return { not: { is: { kind: "state", value: "unread" } } };
			} else if (key === "is" && lower === "deleted") {
				return { is: { kind: "deleted" } };
			} else {
				problem = "unknown";
			}
		}
		this.problem(problem, typed);
		return undefined;
	}
}

/**
 * Returns whether a key seems to be meant: letters, a colon, and something other than the rest of an
 * address or a name in a program.
 * @param {string} word
 */
function looksLikeKey(word) {
	const [, name = ""] = /^([a-z]{2,20}):(?![/:\\])./i.exec(word) ?? [];
	return name !== "" && !/^(mailto|data|about|urn|doi|localhost)$/i.test(name);
}

/**
 * Adds what a part of the tree says, or the opposite.
 * @param {Query} query
 * @param {Expr} expr
 * @param {boolean} negated
 * @param {boolean} top whether it is neither negated nor one of several alternatives
 * @param {Parser} parser
 */
function take(query, expr, negated, top, parser) {
	if ("is" in expr) {
		add(query, expr.is, negated, top, parser);
	} else if ("not" in expr) {
		take(query, expr.not, !negated, top, parser);
	} else if ("all" in expr && !negated) {
		for (const part of expr.all) take(query, part, false, top, parser);
	} else if ("any" in expr && negated) {
		for (const part of expr.any) take(query, part, true, false, parser);
	} else if ("any" in expr) {
		addAny(query, expr.any, false, parser);
	} else {
		// Several sites mean any of them, so their opposite is none of them.
		/** @type {(part: Expr) => boolean} */
		const isSite = (part) => "is" in part && part.is.kind === "site";
		const sites = expr.all.filter(isSite);
		const parts = expr.all.filter((part) => !isSite(part));
		if (sites.length > 0) parts.push({ any: sites });
		addAny(query, parts, true, parser);
	}
}

/**
 * @param {Query} query
 * @param {Expr[]} parts
 * @param {boolean} negated
 * @param {Parser} parser
 */
function addAny(query, parts, negated, parser) {
	const [only] = parts;
	if (parts.length === 1 && only) {
		take(query, only, negated, false, parser);
		return;
	}
	/** @type {Map<string, Query>} */
	const alternatives = new Map();
	for (const part of parts) {
		const alternative = emptyQuery();
		take(alternative, part, negated, false, parser);
		const written = JSON.stringify(alternative);
		if (!isEmpty(alternative) && !alternatives.has(written)) {
			alternatives.set(written, alternative);
		}
	}
	if (alternatives.size > 0) query.any.push([...alternatives.values()]);
}

/**
 * @param {Query} query
 * @param {Leaf} leaf
 * @param {boolean} negated
 * @param {boolean} top
 * @param {Parser} parser
 */
function add(query, leaf, negated, top, parser) {
	if (leaf.kind === "term") {
		const prefix = leaf.term.prefix && !negated;
		const spellings = spellingsOf(leaf.term.text, prefix);
		query.terms.push({ ...leaf.term, spellings, pairs: [], negated, prefix });
	} else if (leaf.kind === "tag") {
		const list = negated ? query.withoutTags : query.withTags;
		if (!list.includes(leaf.value)) list.push(leaf.value);
	} else if (leaf.kind === "site") {
		(negated ? query.withoutSites : query.sites).push(leaf.value);
	} else if (leaf.kind === "state" && !top && !OF_NOTES.includes(leaf.value)) {
		parser.problem("here", leaf.value === "texted" ? "has:text" : `is:${leaf.value}`);
	} else if (leaf.kind === "state") {
		const known = query.states.some(
			([state, wanted]) => state === leaf.value && wanted !== negated,
		);
		if (!known) query.states.push([leaf.value, !negated]);
	} else if (leaf.kind === "before") {
		const { before, after } = query;
		if (negated) query.after = leaf.value > after ? leaf.value : after;
		else query.before = before === "" || leaf.value < before ? leaf.value : before;
	} else if (!top) {
		parser.problem("here", leaf.kind === "in" ? `in:${leaf.value}` : "is:deleted");
	} else if (leaf.kind === "in") {
		query.place = (leaf.value === "text") !== negated ? "text" : "note";
	} else if (negated) {
		// Excludes deleted notes, which aren't exported anyway, so all notes match.
		query.everything = true;
	} else {
		query.deleted = true;
	}
}

/**
 * Returns a text to search for, unless it has no word.
 * @param {string} value
 * @param {boolean} quoted
 * @returns {Term | undefined}
 */
function termOf(value, quoted) {
	// `#x` is the tag with exactly this name, or else the tag `x`.
	const names = /^#(?!#)/.test(value) ? [value, value.slice(1)] : [];
	const tags = names.map(soughtTag).filter((name) => name !== "");
	const text = quoted ? value : addressWords(value);
	if (wordsOf(text).length === 0) return undefined;
	const prefix = !quoted;
	return { tags, text, spellings: [], pairs: [], negated: false, prefix, field: "" };
}

/**
 * Lets two words typed side by side also match as one: `node js` also finds `nodejs`.
 * @param {Term[]} terms
 */
function joinNeighbours(terms) {
	const joined = terms.slice(1).map((second, place) => {
		const pair = [/** @type {Term} */ (terms[place]), second];
		const text = pair.map(({ text }) => text).join("");
		const bytes = new TextEncoder().encode(text).length;
		const plain = pair.every(({ prefix, field, spellings: [words = []] }) => {
			return field === "" && prefix && words.length === 1 && !words.some(hasSigns);
		});
		const numbers = pair.every(({ text }) => /^\p{N}+$/u.test(text));
		const fits = plain && !numbers && bytes >= LEAST_JOINED && bytes <= MAX_JOINED;
		return fits && wordsOf(text).length === 1 ? text : "";
	});
	for (const [place, { spellings }] of terms.entries()) {
		for (const text of [joined[place - 1], joined[place]]) {
			if (text) addSpelling(spellings, text);
		}
	}
}

/** @param {Query} query */
export function isEmpty(query) {
	const { terms, withTags, withoutTags, sites, withoutSites, states, any } = query;
	const lists = [terms, withTags, withoutTags, sites, withoutSites, states, any];
	return (
		lists.every((list) => list.length === 0) &&
		query.before === "" &&
		query.after === "" &&
		query.place === "" &&
		!query.deleted &&
		!query.everything
	);
}

/**
 * Returns the normal form of a tag, or an empty text if it isn't a valid one.
 * @param {string} value
 */
export function tagOf(value) {
	const tag = normalTag(withoutInvisible(value));
	const seen = withoutInvisible(tag);
	const name = seen === tag ? tag : normalTag(seen);
	const fits = name !== "" && [...name].length <= MAX_TAG && !NO_TAG.test(name);
	return fits ? name : "";
}

/**
 * Returns the tag to search for. Tags of older versions may contain what is invalid today. Returns
 * an empty text if it can't be a tag.
 * @param {string} value
 */
function soughtTag(value) {
	const name = normalTag(value);
	const fits = name !== "" && [...name].length <= MAX_TAG && !/[,\p{Cc}]/u.test(name);
	return fits ? name : "";
}

/** Commas of several scripts, and control characters. */
const NO_TAG = /[,\u060c\u3001\ufe10\ufe11\ufe50\ufe51\uff0c\uff64\p{Cc}]/u;

/** @param {string} text */
function normalTag(text) {
	const spaces = /\p{White_Space}+/gu;
	const collapsed = text.normalize("NFC").replace(spaces, " ").replace(/^ | $/g, "");
	return collapsed.toLowerCase().normalize("NFC");
}

/**
 * Returns a host name as notes store it: in lower case and punycode, without `www.`. Also accepts a
 * whole address.
 * @param {string} value
 */
export function siteOf(value) {
	const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
	try {
		return new URL(address).hostname.replace(/^www\./, "");
	} catch {
		const [host = ""] = value.toLowerCase().split("/");
		return host.replace(/^www\./, "");
	}
}

/**
 * Returns the searchable part of an address; other text unchanged.
 * @param {string} value
 */
function addressWords(value) {
	if (!/^(https?|mailto):/i.test(value)) return value;
	try {
		const url = new URL(value);
		const kept = url.search
			.slice(1)
			.split("&")
			.filter((one) => one !== "" && !TRACKING.test(one.split("=")[0] ?? ""));
		const host = url.hostname.replace(/^www\./, "");
		return decodeURIComponent([`${host} ${url.pathname}`, ...kept].join(" "));
	} catch {
		return value;
	}
}
