// What is looked for, as host/src/domain/query.rs reads it: words, `"a phrase"`, `-word`,
// `tag:x`, `site:arxiv.org`, `before:2025-08-01`, `after:…`. Reading never fails: what is no
// operator is a word to look for. tests/fixtures/search/queries.json holds both to it.

import { withoutInvisible } from "./invisible.js";
import { addSpelling, spellingsOf } from "./spellings.js";
import { hasSigns, wordsOf } from "./words.js";

/**
 * @typedef {object} Term
 * @property {string} text as it was typed, without quotes
 * @property {string[]} tags of `#x` those that it means: the first of them that is in use;
 * else it is a word like others
 * @property {import("./words.js").Word[][]} spellings of which one is enough, the one that
 * was typed first; at least one, of at least one word
 * @property {import("./words.js").Word[][]} pairs of words that it may stand for, typed
 * without the space, of which one is enough too; those who have a list of all words add them
 * @property {boolean} negated must not occur
 * @property {boolean} prefix the last word may be the beginning of a longer one
 */

/**
 * @typedef {object} Query
 * @property {Term[]} terms
 * @property {string[]} withTags
 * @property {string[]} withoutTags
 * @property {string[]} sites it must be from one of these
 * @property {string[]} withoutSites
 * @property {string} before saved before this day (`2025-08-01`), or nothing; days are those
 * that the pages show, of the time zone in which the site was exported
 * @property {string} after saved on this day or later, or nothing
 * @property {boolean | undefined} untagged whether it must have no tags, or some
 * @property {string[]} conditions as they were typed, each by itself
 */

const MAX_QUERY = 4096;
const MAX_CONDITIONS = 32;
const MAX_TAG = 100;
/** Words that are typed apart and may stand as one have so many bytes together. */
const LEAST_JOINED = 4;
const MAX_JOINED = 64;
/** Parameters of addresses that never say what a page shows; the most usual ones. */
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
 * Two words that were typed side by side may stand as one: `node js` also finds `nodejs`.
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
 * @property {string} tail what follows
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
		// A quote that is never closed goes to the end.
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
	// `#x` is the tag of this very name, or else the tag `x`.
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
		// Of two that say the opposite the last one counts.
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
	// No operator, or none with sense: a text to look for.
	const text = operator ? `${operator}:${value}` : quoted ? value : addressWords(value);
	const prefix = !quoted && !negated;
	const spellings = spellingsOf(text, prefix);
	if (spellings.length > 0) {
		query.terms.push({ tags, text, spellings, pairs: [], negated, prefix });
	}
}

/**
 * In the normal form of tags; nothing where it can't be one.
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
 * The tag to look for: one of an older version may have what today's don't. Nothing where
 * it can't be one.
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
 * As notes have it: lower-case, punycode, without `www.`; also of a whole address.
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
 * The first day of a day, month or year.
 * @param {string} text
 */
function dayOf(text) {
	const [, year, month = "01", day = "01"] =
		/^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text) ?? [];
	if (year === undefined) return undefined;
	const first = `${year}-${month}-${day}`;
	const moment = Date.parse(`${first}T00:00:00Z`);
	// Some take the 31st of a short month for the 1st of the next.
	const same = new Date(moment || 0).toISOString().startsWith(first);
	return Number.isNaN(moment) || !same ? undefined : first;
}

/**
 * Of an address that which notes are found by; everything else as it is.
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
