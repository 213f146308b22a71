// Finds a phrase in a text as host/src/domain/phrase.rs does, so that both searches find the
// same. tests/fixtures/search/words.json keeps them equal.

import { bytesOf, hasSigns, MAX_RUN } from "./words.js";

/** @typedef {import("./words.js").Word} Word */

/** Longest spelling, in bytes of UTF-8. */
const MAX_SPELLING = 64;

/**
 * Returns whether a word of a query matches one of a text. An unfinished word matches all words
 * that begin with it.
 * @param {Word} wanted
 * @param {Word} found
 * @param {boolean} unfinished
 */
export function means(wanted, found, unfinished) {
	/** @type {(wanted: string, found: string) => boolean} */
	const begins = (a, b) => (unfinished ? b.startsWith(a) : a === b);
	// A word followed by signs is complete.
	const letters =
		wanted.trail === ""
			? begins(wanted.folded, found.folded)
			: wanted.folded === found.folded && begins(wanted.trail, found.trail);
	return letters && (wanted.lead === "" || wanted.lead === found.lead);
}

/**
 * Returns where a phrase occurs in a text: its words in sequence, in one of its spellings; or one
 * of its pairs of words, neither of which may be unfinished.
 * @param {{ spellings: Word[][], pairs: Word[][], prefix: boolean }} phrase
 * @param {Word[]} text
 * @returns {{ start: number, end: number }[]}
 */
export function occurrences({ spellings, pairs, prefix }, text) {
	/** @type {[words: Word[], unfinished: boolean][]} */
	const wanted = [];
	for (const words of spellings) wanted.push([words, prefix]);
	for (const words of pairs) wanted.push([words, false]);
	const found = [];
	for (let run = 0; run < text.length; run++) {
		for (const [words, unfinished] of wanted) {
			const place = standsAt(words, unfinished, text, run);
			if (place) {
				found.push(place);
				break;
			}
		}
	}
	return found;
}

/** @type {(words: Word[], prefix: boolean, text: Word[], run: number) => { start: number, end: number } | undefined} */
function standsAt(words, prefix, text, run) {
	const stands = words.every((word, place) => {
		const there = text[run + place];
		return there && means(word, there, prefix && place === words.length - 1);
	});
	const [first, last] = [text[run], text[run + words.length - 1]];
	if (stands && first && last) return { start: first.start, end: last.end };
	const [word] = words;
	if (!word || words.length > 1 || hasSigns(word)) return undefined;
	if (bytesOf(word.folded) > MAX_SPELLING) return undefined;
	return (
		inParts(word.folded, prefix, text[run]) ?? joinedAt(word.folded, prefix, text, run)
	);
}

/** @type {(wanted: string, unfinished: boolean, text: Word[], run: number) => { start: number, end: number } | undefined} */
function joinedAt(wanted, unfinished, text, run) {
	const first = text[run];
	if (!first || !wanted.startsWith(first.folded)) return undefined;
	let rest = wanted.slice(first.folded.length);
	let length = bytesOf(first.folded);
	for (let at = run + 1; rest !== "" && text[at]?.joined; at++) {
		const word = /** @type {Word} */ (text[at]);
		length += bytesOf(word.folded);
		if (length > MAX_SPELLING) return undefined;
		if (rest === word.folded || (unfinished && word.folded.startsWith(rest))) {
			return { start: first.start, end: word.end };
		}
		if (!rest.startsWith(word.folded)) return undefined;
		rest = rest.slice(word.folded.length);
	}
	return undefined;
}

/** @type {(wanted: string, unfinished: boolean, word: Word | undefined) => { start: number, end: number } | undefined} */
function inParts(wanted, unfinished, word) {
	const parts = word?.parts ?? [];
	const runs = parts.length > MAX_RUN ? 1 : MAX_RUN;
	for (const [place, { start }] of parts.entries()) {
		let rest = wanted;
		let length = 0;
		for (const { letters, end } of parts.slice(place, place + runs)) {
			length += bytesOf(letters);
			if (length > MAX_SPELLING) break;
			if (unfinished ? letters.startsWith(rest) : letters === rest) return { start, end };
			if (!rest.startsWith(letters) || rest === letters) break;
			rest = rest.slice(letters.length);
		}
	}
	return undefined;
}
