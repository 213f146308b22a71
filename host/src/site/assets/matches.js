// Finds the notes of an exported site that match a query, by the pieces of the index and, where
// these can't decide, by the notes themselves.

import { occurrences } from "./occurrences.js";
import { nameOf, notesWith } from "./pieces.js";
import { tagOf } from "./query.js";
import { halvesOf } from "./spellings.js";
import { hasSigns, wordsOf } from "./words.js";

/** Most notes with a word for it to be considered two words without their space. */
const RARE = 8;
/** Most pairs of a query that are looked up; words that would need more aren't split. */
const MAX_HALVES = 128;
/** In seconds. */
const DAY = 86_400;

/**
 * Returns the notes that may match, newest first, and whether each must still be checked.
 * @param {import("./query.js").Query} query
 * @param {import("./pieces.js").Start} start
 */
export async function candidates(query, start) {
	const matches = await matching(query, start, { halves: 0 });
	const { has } = matches;
	// Skips pieces that are too new or too old. In other time zones, days begin up to half a day
	// earlier or later.
	const timed = query.before !== "" || query.after !== "";
	const [first = Number.NEGATIVE_INFINITY, last = Number.POSITIVE_INFINITY] = [
		query.after,
		query.before,
	].map((day) => (day === "" ? undefined : Date.parse(day) / 1000));
	/** @type {number[]} */
	const numbers = [];
	for (let number = has.length - 1; number >= 0; number--) {
		if (!has[number]) continue;
		const at = Math.floor(number / start.notesPerPiece);
		const from = (start.moments[at] ?? 0) - start.shift;
		const to = start.moments[at + 1] ?? Number.POSITIVE_INFINITY;
		if (timed && (from >= last + DAY || to < first - DAY)) continue;
		numbers.push(number);
	}
	return { numbers, ...matches };
}

/**
 * @typedef {object} Matches
 * @property {Uint8Array} has 1 for each note that meets what the index can decide
 * @property {boolean} sure whether the index decides everything
 * @property {import("./query.js").Term[]} terms those that aren't tags
 * @property {import("./query.js").Query} query
 * @property {Matches[][]} any
 */

/**
 * Returns the notes that may match a query or one of its alternatives.
 * @param {import("./query.js").Query} query
 * @param {import("./pieces.js").Start} start
 * @param {{ halves: number }} work how many pairs of words were looked up so far
 * @returns {Promise<Matches>}
 */
async function matching(query, start, work) {
	const has = new Uint8Array(start.notes).fill(
		query.deleted || query.place === "text" ? 0 : 1,
	);
	let sure = query.before === "" && query.after === "";
	/** @type {(other: Uint8Array, wanted: boolean) => void} */
	const keep = (other, wanted) => {
		for (let number = 0; number < has.length; number++) {
			if (Boolean(other[number]) !== wanted) has[number] = 0;
		}
	};
	/** @type {import("./query.js").Term[]} The terms that aren't tags. */
	const terms = [];
	for (const term of query.terms) {
		let meant;
		for (const tag of term.tags) {
			const has = await notesTagged(tag, start);
			if (has.includes(1)) meant ??= has;
		}
		if (meant) keep(meant, !term.negated);
		else terms.push(term);
	}
	for (const term of terms) {
		work.halves += halvesOf(term).length;
		if (work.halves <= MAX_HALVES) await addPairs(term, start);
		const { spellings, pairs, negated, prefix, field } = term;
		const alone = [...spellings, ...pairs].every((words) => {
			const [word] = words;
			const whole = words.length === 1 && word && (word.lead === "" || word.trail === "");
			return whole && field === "";
		});
		if (!alone) sure = false;
		if (negated && !alone) continue;
		/** @type {Uint8Array[]} */
		const found = [];
		for (const words of [...spellings, ...pairs]) {
			const unfinished = prefix && !pairs.includes(words);
			found.push(await notesWithAll(words, unfinished, start));
		}
		keep(anyOf(found, start), !negated);
	}
	for (const tag of query.withTags) keep(await notesTagged(tag, start), true);
	for (const tag of query.withoutTags) keep(await notesTagged(tag, start), false);
	for (const [state, wanted] of query.states) {
		const name = state === "untagged" ? "=" : `:!${state}`;
		keep(await notesWith(name, false, start), wanted);
	}
	if (query.sites.length > 0) {
		const found = query.sites.map((site) => notesFrom(site, start));
		keep(anyOf(await Promise.all(found), start), true);
	}
	for (const site of query.withoutSites) keep(await notesFrom(site, start), false);
	/** @type {Matches[][]} */
	const any = [];
	for (const group of query.any) {
		/** @type {Matches[]} */
		const alternatives = [];
		for (const one of group) alternatives.push(await matching(one, start, work));
		if (!alternatives.every((one) => one.sure)) sure = false;
		keep(
			anyOf(
				alternatives.map((one) => one.has),
				start,
			),
			true,
		);
		any.push(alternatives);
	}
	return { has, sure, terms, query, any };
}

/**
 * Returns the notes that are in at least one of these.
 * @param {Uint8Array[]} found
 * @param {import("./pieces.js").Start} start
 */
function anyOf(found, start) {
	const any = new Uint8Array(start.notes);
	for (const has of found) {
		has.forEach((one, number) => {
			any[number] = (any[number] ?? 0) | one;
		});
	}
	return any;
}

/**
 * Returns the notes from a web site and its subdomains, or from all web sites with this part in
 * their names.
 * @param {string} site
 * @param {import("./pieces.js").Start} start
 */
function notesFrom(site, start) {
	const isPart = !/[.:]/.test(site);
	return notesWith(isPart ? `:/${site}` : `:${site}`, false, start);
}

/**
 * Adds two words of the index that a rare word may stand for: `open source` for `opensource`.
 * @param {import("./query.js").Term} term
 * @param {import("./pieces.js").Start} start
 */
async function addPairs(term, start) {
	const halves = halvesOf(term);
	const [word] = term.spellings[0] ?? [];
	if (halves.length === 0 || !word) return;
	const has = await notesWith(word.folded, true, start);
	if (has.reduce((sum, one) => sum + one, 0) > RARE) return;
	for (const [first, second] of halves) {
		const there = async (/** @type {string} */ half) =>
			(await notesWith(half, false, start)).includes(1);
		if ((await there(first)) && (await there(second))) {
			term.pairs.push(wordsOf(`${first} ${second}`));
		}
	}
}

/**
 * Returns the notes with a tag of exactly this name or one that implies it; or else of the name
 * without invisible characters. Else `=gpu` means the tag itself.
 * @param {string} tag
 * @param {import("./pieces.js").Start} start
 */
async function notesTagged(tag, start) {
	const has = await notesWith(`=${tag}`, false, start);
	if (has.includes(1)) return has;
	const alone = tag.startsWith("=") ? tag.slice(1).trimStart() : "";
	if (alone !== "") {
		const own = await notesWith(`:!=${alone}`, false, start);
		return own.includes(1) ? own : notesWith(`=${alone}`, false, start);
	}
	const renewed = tagOf(tag);
	if (renewed === tag || renewed === "") return has;
	return notesWith(`=${renewed}`, false, start);
}

/**
 * Returns the notes that contain all these words, in any order.
 * @param {import("./words.js").Word[]} words
 * @param {boolean} prefix
 * @param {import("./pieces.js").Start} start
 */
async function notesWithAll(words, prefix, start) {
	const all = new Uint8Array(start.notes).fill(1);
	for (const [place, word] of words.entries()) {
		const unfinished = prefix && place === words.length - 1;
		/** @type {[word: string, unfinished: boolean][]} */
		const indexed = [];
		if (word.trail !== "") indexed.push([word.folded + word.trail, unfinished]);
		if (word.lead !== "") {
			indexed.push([word.lead + word.folded, unfinished && word.trail === ""]);
		}
		if (!hasSigns(word)) indexed.push([word.folded, unfinished]);
		for (const [name, goesOn] of indexed) {
			const has = await notesWith(name, goesOn, start);
			all.forEach((one, number) => {
				all[number] = one & (has[number] ?? 0);
			});
		}
	}
	return all;
}

/**
 * Returns whether the note itself meets all conditions.
 * @param {Matches} matches
 * @param {import("./pieces.js").Note} note
 * @param {number} number
 * @returns {boolean}
 */
export function holds({ has, terms, query, any }, note, number) {
	const { saved } = note;
	if (!has[number]) return false;
	if ((query.before !== "" && saved >= query.before) || saved < query.after) return false;
	const tags = note.tags.map(nameOf).join(" , ");
	const texts = {
		title: note.title,
		tags,
		text: note.text,
		excerpt: note.excerpt ?? "",
		url: note.address,
	};
	const stands = terms.every((term) => {
		const looked = term.field === "" ? Object.values(texts) : [texts[term.field]];
		const found = looked.some((text) => occurrences(term, wordsOf(text)).length > 0);
		return found !== term.negated;
	});
	return stands && any.every((group) => group.some((one) => holds(one, note, number)));
}
