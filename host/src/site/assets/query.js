// What is looked for, as host/src/domain/query.rs reads it: words, `"a phrase"`, `-word`,
// `tag:x`, `site:arxiv.org`, `before:2025-08-01`, `after:…`. Reading never fails: what is no
// operator is a word to look for. tests/fixtures/search/queries.json holds both to it.

import { wordsOf } from "./words.js";

/**
 * @typedef {object} Term
 * @property {import("./words.js").Word[]} words at least one
 * @property {boolean} negated must not occur
 * @property {boolean} prefix the last word may go on
 */

/**
 * @typedef {object} Query
 * @property {Term[]} terms
 * @property {string[]} withTags
 * @property {string[]} withoutTags
 * @property {string[]} sites it must be from one of these
 * @property {string[]} withoutSites
 * @property {number} before saved before this moment, in seconds since 1970
 * @property {number} after saved at this moment or later
 * @property {string[]} conditions as they were typed, each by itself
 */

const MAX_QUERY = 4096;
const MAX_CONDITIONS = 32;
const MAX_TAG = 100;
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
		before: Number.POSITIVE_INFINITY,
		after: Number.NEGATIVE_INFINITY,
		conditions: [],
	};
	let rest = text.slice(0, MAX_QUERY).trimStart();
	while (rest !== "" && query.conditions.length < MAX_CONDITIONS) {
		const condition = readCondition(rest);
		const typed = rest.slice(0, rest.length - condition.tail.length);
		query.conditions.push(typed.trimEnd());
		add(query, condition, condition.tail === "");
		rest = condition.tail.trimStart();
	}
	return query;
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
		query.before === Number.POSITIVE_INFINITY &&
		query.after === Number.NEGATIVE_INFINITY
	);
}

/**
 * @typedef {object} Condition
 * @property {boolean} negated
 * @property {string} operator
 * @property {string} value
 * @property {boolean} quoted
 * @property {string} tail what follows; empty only where not even white space does
 */

/**
 * @param {string} text
 * @returns {Condition}
 */
function readCondition(text) {
	const negated = /^-\S/.test(text);
	const body = negated ? text.slice(1) : text;
	const operator = /^(tag|site|before|after):/i.exec(body)?.[1] ?? "";
	const value = operator ? body.slice(operator.length + 1) : body;
	if (value.startsWith('"')) {
		// A quote that is never closed goes to the end.
		const end = value.indexOf('"', 1);
		const inner = end < 0 ? value.slice(1) : value.slice(1, end);
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
 * @param {boolean} last
 */
function add(query, { negated, operator, value, quoted }, last) {
	const kind = operator.toLowerCase();
	if (kind === "tag") {
		const tag = tagOf(value);
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
	if ((kind === "before" || kind === "after") && !negated) {
		const moment = momentOf(value);
		if (moment !== undefined) {
			if (kind === "before") query.before = Math.min(query.before, moment);
			else query.after = Math.max(query.after, moment);
			return;
		}
	}
	// No operator, or none with sense: a text to look for.
	const text = operator ? `${operator}:${value}` : quoted ? value : addressWords(value);
	const words = wordsOf(text);
	if (words.length > 0) {
		query.terms.push({ words, negated, prefix: last && !quoted && !negated });
	}
}

/**
 * In the normal form of tags; nothing where it can't be one.
 * @param {string} value
 */
export function tagOf(value) {
	const spaces = /\p{White_Space}+/gu;
	const collapsed = value.replace(spaces, " ").replace(/^ | $/g, "").normalize("NFC");
	const tag = collapsed.toLowerCase().normalize("NFC");
	const fits = tag !== "" && [...tag].length <= MAX_TAG && !/[,\p{Cc}]/u.test(tag);
	return fits ? tag : "";
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
 * The first moment (UTC) of a day, month or year, in seconds.
 * @param {string} text
 */
function momentOf(text) {
	const [, year, month = "01", day = "01"] =
		/^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text) ?? [];
	if (year === undefined) return undefined;
	const moment = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
	// Some take the 31st of a short month for the 1st of the next.
	const same = new Date(moment || 0).toISOString().startsWith(`${year}-${month}-${day}`);
	return Number.isNaN(moment) || !same ? undefined : moment / 1000;
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
