// Makes the spellings of a search term as host/src/domain/phrase.rs does, so that both searches
// find the same. tests/fixtures/search/words.json keeps them equal.

import { hasSigns, wordsOf } from "./words.js";

/** @typedef {import("./words.js").Word} Word */

/** Longest word that may be two words without their space, in characters. */
const MAX_HALVED = 32;

/**
 * Returns the spellings of a term, the typed one first. Matching one is enough.
 * @param {string} text
 * @param {boolean} unfinished whether the term isn't negated and was typed without quotation marks
 * @returns {Word[][]}
 */
export function spellingsOf(text, unfinished) {
	const words = wordsOf(text);
	if (words.length === 0) return [];
	const spellings = [words];
	if (words.some(hasSigns)) return spellings;
	// `wi-fi` also matches `wifi`, and two words in quotation marks may match as one.
	const joined = words.slice(1).every((word) => word.joined);
	if (words.length > 1 && (joined || words.length === 2)) {
		addSpelling(spellings, words.map(({ folded }) => folded).join(""));
	}
	if (words.some(({ parts }) => parts.length > 0)) {
		addSpelling(spellings, parted(words, false));
		addSpelling(spellings, parted(words, true));
	}
	// `v1.2.3` is often written without the letter.
	const numbers = words.slice(1).map(({ folded }) => folded);
	const isVersion = numbers.length > 1 && numbers.every((word) => /^[0-9]+$/.test(word));
	if (unfinished && isVersion && words[0]?.folded === "v") {
		addSpelling(spellings, numbers.join("."));
	}
	return spellings;
}

/**
 * Returns the pairs of words that the only word of a term may consist of, typed without the space.
 * @param {{ spellings: Word[][], prefix: boolean }} term
 * @returns {[first: string, second: string][]}
 */
export function halvesOf({ spellings: [typed = []], prefix }) {
	const [word] = typed;
	if (!prefix || !word || typed.length !== 1 || hasSigns(word)) return [];
	const letters = [...word.folded];
	const count = letters.length;
	if (count > MAX_HALVED || !/^[\p{Alphabetic}\p{M}]+$/u.test(word.folded)) return [];
	/** @type {[first: string, second: string][]} */
	const halves = [];
	for (let first = 2; count - first >= 2; first++) {
		// `a part` and `be at` are different words.
		if (first === 2 && count !== 4) continue;
		halves.push([letters.slice(0, first).join(""), letters.slice(first).join("")]);
	}
	return halves;
}

/**
 * @param {Word[][]} spellings
 * @param {string} text
 */
export function addSpelling(spellings, text) {
	const words = wordsOf(text);
	/** @param {Word[]} words */
	const letters = (words) => words.map(({ folded }) => folded).join(" ");
	if (words.length > 0 && !spellings.some((one) => letters(one) === letters(words))) {
		spellings.push(words);
	}
}

/**
 * Returns words with spaces between their parts: between all, or only between letters and numbers.
 * @param {Word[]} words
 * @param {boolean} all
 */
function parted(words, all) {
	const apart = words.map(({ folded, parts }) => {
		let spelling = "";
		let before;
		for (const { letters } of parts) {
			const number = /^[0-9]/.test(letters);
			if (before !== undefined && (all || number !== before)) spelling += " ";
			spelling += letters;
			before = number;
		}
		return spelling === "" ? folded : spelling;
	});
	return apart.join(" ");
}
