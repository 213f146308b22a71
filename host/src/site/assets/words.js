// Splits a text into words as host/src/domain/words.rs does, so that both searches find the same.
// tests/fixtures/search/words.json keeps them equal.

import { isApostrophe, isArabic, joins, unified, withAnusvara } from "./letters.js";

/**
 * @typedef {object} Word
 * @property {number} start its position in the text, including its signs
 * @property {number} end
 * @property {string} folded the form that is compared
 * @property {string} lead the sign before it: `.`, `#` or `@`, or empty
 * @property {string} trail the signs after it: `+` and `#`
 * @property {Part[]} parts of `camelCase` or `GPT4`; none, or at least two
 * @property {boolean} joined to the word before it, as in `wi-fi`
 */

/** @typedef {{ letters: string, start: number, end: number }} Part */
/** @typedef {{ folded: number, start: number }} Inner the start of a part other than the first */
/** @typedef {Word & { bytes: number, inner: Inner[], joint: string, full: boolean }} Draft */
/** @typedef {"upper" | "lower" | "digit" | "other"} Class */

/** Longest word, in bytes of UTF-8; the rest is ignored. */
const MAX_WORD_BYTES = 128;
/** Most signs around a word; more are decoration. */
const MAX_TRAIL = 3;

/** Up to this many words or parts, every run is a spelling; beyond that, only single ones. */
export const MAX_RUN = 4;
const MAX_DIGIT_GROUPS = 8;
const MAX_INITIALS = 12;
/** With more parts, or shorter ones, it isn't a name but a key or a checksum. */
const MAX_PARTS = 10;
const LEAST_PART = 3;

const MARK = /^\p{M}$/u;
const LETTER = /^[\p{Alphabetic}\p{N}]$/u;

/** Marks that readers see as accents, not as letters. */
const ACCENTS = [
	[0x0300, 0x036f],
	[0x0483, 0x0489],
	[0x0591, 0x05c7],
	[0x0610, 0x06ed],
	[0x1ab0, 0x1aff],
	[0x1dc0, 0x1dff],
	[0x20d0, 0x20ff],
	[0xfe20, 0xfe2f],
	// The dot below letters of Devanagari, Gurmukhi and Gujarati, which is often omitted.
	[0x093c, 0x093c],
	[0x0a3c, 0x0a3c],
	[0x0abc, 0x0abc],
];

/** Invisible characters: joiners, direction marks, variation selectors, skin tones. */
const IGNORED = [
	[0x00ad, 0x00ad],
	[0x034f, 0x034f],
	[0x061c, 0x061c],
	[0x0640, 0x0640],
	[0x115f, 0x1160],
	[0x180b, 0x180f],
	[0x200c, 0x200f],
	[0x202a, 0x202e],
	[0x2060, 0x206f],
	[0xfe00, 0xfe0f],
	[0xfeff, 0xfeff],
	[0x1f3fb, 0x1f3ff],
	[0xe0000, 0xe0fff],
];

/** Vowels and final consonants of a decomposed Hangul syllable. */
const HANGUL_TAILS = [
	[0x1160, 0x11ff],
	[0xd7b0, 0xd7fb],
];

/** Scripts without spaces, and Hangul: each character is a word. */
const ALONE = [
	[0x0e00, 0x0eff],
	[0x0f00, 0x0fff],
	[0x1000, 0x109f],
	[0x1100, 0x11ff],
	[0x1780, 0x17dd],
	[0x2e80, 0x2fdf],
	[0x3005, 0x3007],
	[0x3031, 0x3035],
	[0x3041, 0x318f],
	[0x31a0, 0x31ff],
	[0x3400, 0x4dbf],
	[0x4e00, 0x9fff],
	[0xa960, 0xa97f],
	[0xac00, 0xd7ff],
	[0xf900, 0xfaff],
	[0x1aff0, 0x1b16f],
	[0x20000, 0x323af],
];

const PICTOGRAPHS = [
	[0x2600, 0x27bf],
	[0x2b50, 0x2b50],
	[0x2b55, 0x2b55],
	[0x1f000, 0x1f0ff],
	[0x1f1e6, 0x1f1ff],
	[0x1f300, 0x1faff],
];

/** Letters that people type differently, but that no decomposition maps. */
const SPELLED_OUT = new Map([
	["ß", "ss"],
	["æ", "ae"],
	["œ", "oe"],
	["ø", "o"],
	["đ", "d"],
	["ð", "d"],
	["þ", "th"],
	["ł", "l"],
	["ħ", "h"],
	["ı", "i"],
	["ς", "σ"],
]);

/**
 * @param {string} c
 * @param {number[][]} ranges
 */
function isIn(c, ranges) {
	const code = c.codePointAt(0) ?? 0;
	return ranges.some(([first = 0, last = 0]) => first <= code && code <= last);
}

/** @param {string} c */
const isAccent = (c) => MARK.test(c) && isIn(c, ACCENTS);

/** @param {string} c */
const standsAlone = (c) => (LETTER.test(c) && isIn(c, ALONE)) || isIn(c, PICTOGRAPHS);

/**
 * Returns the class of a letter, which determines the parts of a word.
 * @param {string} c
 * @returns {Class}
 */
function classOf(c) {
	if (/^[0-9]$/.test(c)) return "digit";
	if (/^\p{Lowercase}$/u.test(c)) return "lower";
	if (/^\p{Uppercase}$/u.test(c)) return "upper";
	return /^\p{N}$/u.test(c) ? "digit" : "other";
}

/** @param {string} text */
export function bytesOf(text) {
	let bytes = 0;
	for (const c of text) {
		const code = c.codePointAt(0) ?? 0;
		bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	}
	return bytes;
}

/** @type {(parts: number, bytes: number) => boolean} */
const isWordOfParts = (parts, bytes) =>
	parts <= MAX_RUN || (parts <= MAX_PARTS && bytes >= LEAST_PART * parts);

/**
 * Returns the words of a text in order.
 * @param {string} text
 * @returns {Word[]}
 */
export function wordsOf(text) {
	/** @type {Draft[]} */
	const words = [];
	/** Whether following letters belong to the last word. */
	let open = false;
	/** Whether following marks belong to the last word. */
	let takesMarks = false;
	/** The signs right after the last word, and their end. */
	let trail = "";
	let trailEnd = 0;
	/** The preceding character, the one before it, and the start of the former. */
	let before = "";
	let earlier = "";
	let beforeStart = 0;
	/** The classes of the last word's last two letters, and the position of the last one. */
	let classes = /** @type {(Class | "")[]} */ (["", ""]);
	let lastLetter = /** @type {Inner} */ ({ folded: 0, start: 0 });
	/** Whether the last part began with the second-to-last capital letter. */
	let afterCapitals = false;

	const last = () => /** @type {Draft} */ (words.at(-1));

	const closeTrail = () => {
		if (trail.length >= 1 && trail.length <= MAX_TRAIL) {
			const word = last();
			word.end = trailEnd;
			word.trail = trail;
		}
		trail = "";
	};

	const closeWord = () => {
		classes = ["", ""];
		const word = last();
		const inner = word?.inner ?? [];
		if (inner.length === 0) return;
		const begin = inner.at(-1)?.folded ?? 0;
		// The plural of an abbreviation, as in `URLs`, is not a separate word.
		if (
			afterCapitals &&
			bytesOf(word.folded.slice(begin)) === 2 &&
			word.folded.endsWith("s")
		) {
			inner.pop();
		}
		if (begin >= word.folded.length || !isWordOfParts(inner.length + 1, word.bytes)) {
			inner.length = 0;
		}
		afterCapitals = false;
	};

	/** Splits `v1` before `.2`, so that a version number is found without its `v`. */
	const partNumbered = () => {
		const word = last();
		const part = word.inner.pop();
		if (!part) return;
		if (word.trail !== "") {
			word.inner.push(part);
			return;
		}
		const folded = word.folded.slice(part.folded);
		const bytes = bytesOf(folded);
		words.push({
			start: part.start,
			end: word.end,
			folded,
			lead: "",
			trail: "",
			parts: [],
			joined: false,
			bytes,
			inner: [],
			joint: "",
			full: word.full,
		});
		word.end = part.start;
		word.folded = word.folded.slice(0, part.folded);
		word.bytes -= bytes;
		if (!isWordOfParts(word.inner.length + 1, word.bytes)) word.inner.length = 0;
	};

	/** @type {(start: number, end: number, digit: boolean) => void} */
	const begin = (start, end, digit) => {
		// Signs that belong to the word before don't belong to this one.
		const taken = trail !== "";
		closeTrail();
		if (digit && before === "." && /^[0-9]$/.test(earlier) && classes[0] === "digit") {
			partNumbered();
		}
		if (words.length > 0) closeWord();
		const leads =
			before !== "" &&
			".#@".includes(before) &&
			!taken &&
			!(earlier !== "" && (LETTER.test(earlier) || earlier === before));
		const joined =
			!taken &&
			words.length > 0 &&
			earlier !== "" &&
			LETTER.test(earlier) &&
			!standsAlone(earlier) &&
			beforeStart >= last().end;
		words.push({
			start: leads ? beforeStart : start,
			end,
			folded: "",
			lead: leads ? before : "",
			trail: "",
			parts: [],
			joined: false,
			bytes: 0,
			inner: [],
			joint: joined ? before : "",
			full: false,
		});
		takesMarks = true;
	};

	/**
	 * Begins another part of the word if the class of the letter requires it.
	 * @param {Class} kind
	 * @param {number} start
	 */
	const takeClass = (kind, start) => {
		const word = last();
		const here = { folded: word.folded.length, start };
		const [one = "", two = ""] = classes;
		const begins =
			one !== "" &&
			((kind === "digit") !== (one === "digit") || (kind === "upper" && one === "lower"));
		const capitals = one === "upper" && two === "upper" && kind === "lower";
		if (begins || capitals) {
			const part = begins ? here : lastLetter;
			const previous = word.inner.at(-1);
			if (
				part.folded > (previous?.folded ?? 0) &&
				part.start > (previous?.start ?? word.start) &&
				!word.full
			) {
				word.inner.push(part);
				afterCapitals = !begins;
			}
		}
		classes = [kind, one];
		lastLetter = here;
	};

	/** @type {(c: string, end: number) => void} */
	const append = (c, end) => {
		const word = last();
		const shorter = withAnusvara(word.folded, c);
		if (shorter !== word.folded) {
			word.bytes -= bytesOf(word.folded) - bytesOf(shorter);
			word.folded = shorter;
		}
		word.end = end;
		const bytes = bytesOf(c);
		if (word.bytes + bytes <= MAX_WORD_BYTES) {
			word.folded += c;
			word.bytes += bytes;
		} else {
			word.full = true;
		}
		if (word.bytes >= MAX_WORD_BYTES) word.full = true;
	};

	/** @type {(c: string, kind: Class, start: number, end: number) => void} */
	const letter = (c, kind, start, end) => {
		if (!open) {
			begin(start, end, kind === "digit");
			open = true;
		}
		takeClass(kind, start);
		append(c, end);
	};

	/** @type {(c: string, start: number, end: number) => void} */
	const sign = (c, start, end) => {
		const follows = takesMarks || trail !== "";
		open = false;
		takesMarks = false;
		if (follows && (c === "+" || c === "#")) {
			trail += c;
			trailEnd = end;
		} else {
			closeTrail();
		}
		passed(c, start);
	};

	/** @type {(c: string, start: number) => void} */
	const passed = (c, start) => {
		earlier = before;
		before = c;
		beforeStart = start;
	};

	/** @type {(c: string, start: number, end: number) => void} */
	const read = (c, start, end) => {
		if (c === "\u200c" && open && isArabic(before)) {
			sign(c, start, end);
			return;
		}
		if (isIn(c, IGNORED)) return;
		if (isAccent(c)) {
			// Visible, but not compared.
			if (takesMarks) last().end = end;
			return;
		}
		const mark = MARK.test(c);
		if (mark || isIn(c, HANGUL_TAILS)) {
			if (takesMarks) {
				append(c, end);
				return;
			}
			if (mark) return;
		}
		if (standsAlone(c)) {
			begin(start, end, false);
			append(c, end);
			open = false;
		} else if (LETTER.test(c)) {
			const kind = classOf(c);
			for (const lower of c.toLowerCase()) {
				const letters = SPELLED_OUT.get(lower);
				if (letters) for (const one of letters) letter(one, kind, start, end);
				else if (!isAccent(lower)) letter(lower, kind, start, end);
			}
		} else {
			sign(c, start, end);
			return;
		}
		passed(c, start);
	};

	let at = 0;
	for (const c of text) {
		const start = at;
		at += c.length;
		if (isApostrophe(c)) sign("'", start, at);
		else if (c < "\x80") read(c, start, at);
		else {
			// Of ŉ, which decomposes to ʼn, only the letter counts.
			const parts = [...c.normalize("NFKD")].filter((part) => !isApostrophe(part));
			for (const part of parts) read(unified(part), start, at);
		}
	}
	closeTrail();
	if (words.length > 0) closeWord();
	settle(words);
	for (const word of words) {
		const starts = [{ folded: 0, start: word.start }, ...word.inner];
		word.parts = starts.map(({ folded, start }, place) => ({
			letters: word.folded.slice(folded, starts[place + 1]?.folded),
			start,
			end: starts[place + 1]?.start ?? word.end,
		}));
		if (word.inner.length === 0) word.parts = [];
		word.joined = word.joint !== "";
	}
	return words;
}

/**
 * Keeps the joints that really join their words.
 * @param {Draft[]} words
 */
function settle(words) {
	for (const [at, word] of words.entries()) {
		const before = words[at - 1];
		if (word.joint !== "" && !(before && joins(before, word))) word.joint = "";
	}
	let start = 0;
	while (start < words.length) {
		let end = start + 1;
		while (words[end] && words[end]?.joint !== "") end++;
		const run = words.slice(start, end);
		let most = MAX_RUN;
		if (run.length > MAX_RUN) {
			if (run.every(({ folded }) => /^[0-9]+$/.test(folded))) most = MAX_DIGIT_GROUPS;
			else if (run.every(({ folded }) => [...folded].length === 1)) most = MAX_INITIALS;
		}
		// `TCP/IP` is one word, but a path isn't.
		const isPath = run.length > 2 && run.some(({ joint }) => joint === "/");
		if (run.length > most || isPath) for (const word of run) word.joint = "";
		start = end;
	}
}

/** @param {Word} word */
export const hasSigns = (word) => word.lead !== "" || word.trail !== "";
