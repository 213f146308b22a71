// Words, as host/src/domain/words.rs makes them of a text: what is found there is found
// here. tests/fixtures/search/words.json holds both to it.

/**
 * @typedef {object} Word
 * @property {number} start where it stands in the text, with its signs
 * @property {number} end
 * @property {string} folded as words are compared
 * @property {string} lead the sign before it: `.`, `#` or `@`, or nothing
 * @property {string} trail the signs after it: `+` and `#`
 */

/** Longest word, in bytes of UTF-8; the rest of one doesn't count. */
const MAX_WORD_BYTES = 128;
/** More signs in a row are decoration. */
const MAX_TRAIL = 3;

const MARK = /^\p{M}$/u;
const LETTER = /^[\p{Alphabetic}\p{N}]$/u;

/** Marks that a reader takes for an accent, not for a letter. */
const ACCENTS = [
	[0x0300, 0x036f],
	[0x0483, 0x0489],
	[0x0591, 0x05c7],
	[0x0610, 0x06ed],
	[0x1ab0, 0x1aff],
	[0x1dc0, 0x1dff],
	[0x20d0, 0x20ff],
	[0xfe20, 0xfe2f],
];

/** What is not seen: joiners, marks of direction, variation selectors, skin tones. */
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

/** Scripts written without spaces, and Hangul: each character is a word. */
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

/** Letters that no decomposition brings to those that are typed for them. */
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
 * The words of a text in order.
 * @param {string} text
 * @returns {Word[]}
 */
export function wordsOf(text) {
	/** @type {(Word & { bytes: number })[]} */
	const words = [];
	/** Whether letters that follow belong to the last word. */
	let open = false;
	/** Whether marks that follow belong to the last word. */
	let takesMarks = false;
	/** Signs right after the last word, and where they end. */
	let trail = "";
	let trailEnd = 0;
	/** The character before, what stood before that, and where the former begins. */
	let before = "";
	let earlier = "";
	let beforeStart = 0;

	const last = () => /** @type {Word & { bytes: number }} */ (words.at(-1));

	const closeTrail = () => {
		if (trail.length >= 1 && trail.length <= MAX_TRAIL) {
			const word = last();
			word.end = trailEnd;
			word.trail = trail;
		}
		trail = "";
	};

	/** @type {(start: number, end: number) => void} */
	const begin = (start, end) => {
		// Signs that the word before has taken are not this one's.
		const taken = trail !== "";
		closeTrail();
		const leads =
			before !== "" &&
			".#@".includes(before) &&
			!taken &&
			!(earlier !== "" && (LETTER.test(earlier) || earlier === before));
		words.push({
			start: leads ? beforeStart : start,
			end,
			folded: "",
			lead: leads ? before : "",
			trail: "",
			bytes: 0,
		});
		takesMarks = true;
	};

	/** @type {(c: string, end: number) => void} */
	const append = (c, end) => {
		const word = last();
		word.end = end;
		const code = c.codePointAt(0) ?? 0;
		const bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
		if (word.bytes + bytes <= MAX_WORD_BYTES) {
			word.folded += c;
			word.bytes += bytes;
		}
	};

	/** @type {(c: string, start: number, end: number) => void} */
	const letter = (c, start, end) => {
		if (!open) {
			begin(start, end);
			open = true;
		}
		append(c, end);
	};

	/** @type {(c: string, end: number) => void} */
	const sign = (c, end) => {
		const follows = takesMarks || trail !== "";
		open = false;
		takesMarks = false;
		if (follows && (c === "+" || c === "#")) {
			trail += c;
			trailEnd = end;
		} else {
			closeTrail();
		}
	};

	/** @type {(c: string, start: number, end: number) => void} */
	const read = (c, start, end) => {
		if (isIn(c, IGNORED)) return;
		if (isAccent(c)) {
			// Seen, but not compared.
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
			begin(start, end);
			append(c, end);
			open = false;
		} else if (LETTER.test(c)) {
			for (const lower of c.toLowerCase()) {
				const letters = SPELLED_OUT.get(lower);
				if (letters) for (const one of letters) letter(one, start, end);
				else if (!isAccent(lower)) letter(lower, start, end);
			}
		} else {
			sign(c, end);
		}
		earlier = before;
		before = c;
		beforeStart = start;
	};

	let at = 0;
	for (const c of text) {
		const start = at;
		at += c.length;
		if (c < "\x80") read(c, start, at);
		else for (const part of c.normalize("NFKD")) read(part, start, at);
	}
	closeTrail();
	return words;
}

/**
 * Whether a word of a query means one of a text; one that is still being typed means all
 * that begin so.
 * @param {Word} wanted
 * @param {Word} found
 * @param {boolean} unfinished
 */
export function means(wanted, found, unfinished) {
	/** @type {(wanted: string, found: string) => boolean} */
	const begins = (a, b) => (unfinished ? b.startsWith(a) : a === b);
	// What has signs after it is typed to its end.
	const letters =
		wanted.trail === ""
			? begins(wanted.folded, found.folded)
			: wanted.folded === found.folded && begins(wanted.trail, found.trail);
	return letters && (wanted.lead === "" || wanted.lead === found.lead);
}

/**
 * Where a phrase stands in a text: its words one after the other.
 * @param {{ words: Word[], prefix: boolean }} phrase
 * @param {Word[]} text
 * @returns {{ start: number, end: number }[]}
 */
export function occurrences({ words, prefix }, text) {
	const found = [];
	for (let run = 0; run + words.length <= text.length; run++) {
		const stands = words.every((word, place) => {
			const there = text[run + place];
			return there && means(word, there, prefix && place === words.length - 1);
		});
		const [first, last] = [text[run], text[run + words.length - 1]];
		if (stands && first && last) found.push({ start: first.start, end: last.end });
	}
	return found;
}
