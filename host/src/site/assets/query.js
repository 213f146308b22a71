// Parses a search query as host/src/domain/query.rs does: words, `"a phrase"`, `-word`, `tag:x`,
// `site:arxiv.org`, `before:2025-08-01`, `after:…`. Parsing never fails: what isn't an operator is
// a word to search for. tests/fixtures/search/queries.json keeps both equal.

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
 */

/**
 * @typedef {object} Query
 * @property {Term[]} terms
 * @property {string[]} withTags
 * @property {string[]} withoutTags
 * @property {string[]} sites the note must be from one of these
 * @property {string[]} withoutSites
 * @property {string} before saved before this day (`2025-08-01`), or empty; days are those that the
 * pages show, in the time zone of the export
 * @property {string} after saved on this day or later, or empty
 * @property {boolean | undefined} untagged whether the note must have no tags (true) or at least
 * one (false)
 * @property {string[]} conditions each condition as it was typed
 */

const MAX_QUERY = 4096;
const MAX_CONDITIONS = 32;
const MAX_TAG = 100;
/** Shortest pair of words that may match as one, in bytes together. */
const LEAST_JOINED = 4;
const MAX_JOINED = 64;
/** The most common address parameters that don't identify a page. */
const TRACKING = /^(utm_.*|gclid|fbclid|msclkid|mc_eid|mc_cid|igshid)$/i;

/**
 * @param {string} text
 * @returns {Query}
 */
export function readQuery(text) {
	/** @type {Query} */
	const query = {
		terms: [],
		withTags: [],
		withoutTags: [],
		sites: [],
		withoutSites: [],
		before: "",
		after: "",
		untagged: undefined,
		conditions: [],
	};
	let rest = text.slice(0, MAX_QUERY).trimStart();
	while (rest !== "" && query.conditions.length < MAX_CONDITIONS) {
		const condition = readCondition(rest);
		const typed = rest.slice(0, rest.length - condition.tail.length);
		query.conditions.push(typed.trimEnd());
		add(query, condition);
		rest = condition.tail.trimStart();
	}
	joinNeighbours(query.terms);
	return query;
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
		const plain = pair.every(({ prefix, spellings: [words = []] }) => {
			return prefix && words.length === 1 && !words.some(hasSigns);
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
	return (
		query.terms.length +
			query.withTags.length +
			query.withoutTags.length +
			query.sites.length +
			query.withoutSites.length ===
			0 &&
		query.before === "" &&
		query.after === "" &&
		query.untagged === undefined
	);
}

/**
 * @typedef {object} Condition
 * @property {boolean} negated
 * @property {string} operator
 * @property {string} value
 * @property {boolean} quoted
 * @property {string} tail the rest of the query
 */

/**
 * @param {string} text
 * @returns {Condition}
 */
function readCondition(text) {
	const negated = /^-\S/.test(text);
	const body = negated ? text.slice(1) : text;
	const operator = /^(tag|site|before|after|is):/i.exec(body)?.[1] ?? "";
	const whole = operator ? body.slice(operator.length + 1) : body;
	// `#"machine learning"`
	const hash = operator === "" && whole.startsWith('#"') ? "#" : "";
	const value = whole.slice(hash.length);
	if (value.startsWith('"')) {
		// An unclosed quotation mark extends to the end.
		const end = value.indexOf('"', 1);
		const inner = hash + (end < 0 ? value.slice(1) : value.slice(1, end));
		const tail = end < 0 ? "" : value.slice(end + 1);
		return { negated, operator, value: inner, quoted: true, tail };
	}
	const end = value.search(/\s/);
	return {
		negated,
		operator,
		value: end < 0 ? value : value.slice(0, end),
		quoted: false,
		tail: end < 0 ? "" : value.slice(end),
	};
}

/**
 * @param {Query} query
 * @param {Condition} condition
 */
function add(query, { negated, operator, value, quoted }) {
	const kind = operator.toLowerCase();
	// `#x` is the tag with exactly this name, or else the tag `x`.
	const names = operator === "" && /^#(?!#)/.test(value) ? [value, value.slice(1)] : [];
	const tags = names.map(soughtTag).filter((name) => name !== "");
	if (kind === "tag") {
		const tag = soughtTag(value);
		if (tag) {
			const list = negated ? query.withoutTags : query.withTags;
			if (!list.includes(tag)) list.push(tag);
			return;
		}
	}
	if (kind === "site") {
		const site = siteOf(value);
		if (site) {
			(negated ? query.withoutSites : query.sites).push(site);
			return;
		}
	}
	if (kind === "is" && value.toLowerCase() === "untagged") {
		// Of two contradicting conditions, the last one counts.
		query.untagged = !negated;
		return;
	}
	if ((kind === "before" || kind === "after") && !negated) {
		const day = dayOf(value);
		if (day !== undefined) {
			const { before } = query;
			if (kind === "after") query.after = day > query.after ? day : query.after;
			else query.before = before === "" || day < before ? day : before;
			return;
		}
	}
	// No valid operator: search for the text.
	const text = operator ? `${operator}:${value}` : quoted ? value : addressWords(value);
	const prefix = !quoted && !negated;
	const spellings = spellingsOf(text, prefix);
	if (spellings.length > 0) {
		query.terms.push({ tags, text, spellings, pairs: [], negated, prefix });
	}
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
 * Returns the first day of a day, month or year.
 * @param {string} text
 */
function dayOf(text) {
	const [, year, month = "01", day = "01"] =
		/^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text) ?? [];
	if (year === undefined) return undefined;
	const first = `${year}-${month}-${day}`;
	const moment = Date.parse(`${first}T00:00:00Z`);
	// Some browsers parse the 31st of a short month as the 1st of the next.
	const same = new Date(moment || 0).toISOString().startsWith(first);
	return Number.isNaN(moment) || !same ? undefined : first;
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
