// Compares and joins letters as host/src/domain/letters.rs and compounds.rs do, so that both
// searches find the same. tests/fixtures/search/words.json keeps them equal.

/** The zeros of decimal digits; the other nine digits follow each. */
const ZEROS = [
	0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
	0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80,
	0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50,
	0xabf0, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450,
	0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0,
	0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x1e140,
	0x1e2f0, 0x1e4f0, 0x1e950,
];

/** Variants of Arabic letters, and the nasal signs of Indic scripts. */
const FORMS = new Map(
	/** @type {[string, string][]} */ ([
		["\u0627", "\u0671\u0672\u0673\u0675"],
		["\u064a", "\u0649\u06cc\u06d2"],
		["\u0643", "\u06a9\u06aa"],
		["\u0647", "\u0629\u06be\u06c1\u06c3\u06d5"],
		["\u0902", "\u0901"],
		["\u0a02", "\u0a01\u0a70"],
		["\u0a82", "\u0a81"],
	]).flatMap(([one, forms]) =>
		[...forms].map((form) => /** @type {const} */ ([form, one])),
	),
);

/** Persian affixes: a space before or after them doesn't separate words. */
const PERSIAN_PREFIXES = ["مي", "نمي", "ني", "نيم", "بي", "هم", "پيش", "پس", "نا", "غير"];
const PERSIAN_SUFFIXES = [
	"ها",
	"هاي",
	"هايي",
	"هايم",
	"هايت",
	"هايش",
	"هايمان",
	"هايتان",
	"هايشان",
	"تر",
	"تري",
	"ترين",
	"ام",
	"اي",
	"ايم",
	"ايد",
	"اند",
	"گر",
	"گري",
];

/** The consonant classes of an Indic block: first, last, and nasal. */
const CLASSES = [
	[0x15, 0x18, 0x19],
	[0x1a, 0x1d, 0x1e],
	[0x1f, 0x22, 0x23],
	[0x24, 0x27, 0x28],
	[0x2a, 0x2d, 0x2e],
];

/** @param {string} c */
const codeOf = (c) => c.codePointAt(0) ?? 0;

/**
 * Returns the compatibility decomposition that is compared for a character.
 * @param {string} c
 */
export function unified(c) {
	if (c < "\x80") return c;
	const form = FORMS.get(c);
	if (form) return form;
	const code = codeOf(c);
	const zero = ZEROS.findLast((zero) => zero <= code);
	return zero !== undefined && code < zero + 10 ? String(code - zero) : c;
}

/**
 * Replaces a final nasal by an anusvara before a consonant: a nasal of the consonant's own class
 * with a virama, as in `हिन्दी` and `हिंदी`.
 * @param {string} word
 * @param {string} consonant
 */
export function withAnusvara(word, consonant) {
	const code = codeOf(consonant);
	const block = code - (code % 0x80);
	if (block !== 0x0900 && block !== 0x0a80) return word;
	const place = code - block;
	const nasal = CLASSES.find(
		([first = 0, last = 0]) => first <= place && place <= last,
	)?.[2];
	if (nasal === undefined) return word;
	const dead = String.fromCharCode(block + nasal, block + 0x4d);
	return word.endsWith(dead) ? word.slice(0, -2) + String.fromCharCode(block + 2) : word;
}

/**
 * Returns whether a character is typed as an apostrophe.
 * @param {string} c
 */
export function isApostrophe(c) {
	return /^['`\u00b4\u02b9\u02bb-\u02bf\u02c8\u02ca\u02cb\u055a\u05f3\u1fbd\u1fbf\u1ffd\u1ffe\u2018\u2019\u201b\u2032\u2035\ua78b\ua78c\uff07\uff40]$/.test(
		c,
	);
}

/** @param {string} c */
export function isArabic(c) {
	return /^[\u0620-\u06ff\u0750-\u077f\u08a0-\u08ff]$/.test(c);
}

/** @param {string} word */
const isNumber = (word) => /^[0-9]+$/.test(word);

/** @type {(before: string, word: string) => boolean} */
const groups = (before, word) => before.length <= 3 && word.length === 3;

/**
 * Returns whether the sign between two words joins them.
 * @param {{ folded: string, joint: string }} first
 * @param {{ folded: string, joint: string }} second
 */
export function joins(first, second) {
	const [before, word, sign] = [first.folded, second.folded, second.joint];
	const numbers = isNumber(before) && isNumber(word);
	const both = before + word;
	if (/^[-\u2010_'\u200b]$/.test(sign))
		return sign !== "'" || !numbers || groups(before, word);
	if (/^[., ]$/.test(sign) && numbers) {
		const begins = first.joint === "";
		const asBefore = begins || first.joint === sign;
		return asBefore && groups(before, word) && (begins || before.length === 3);
	}
	if (/^[./&\u00b7\u2027]$/.test(sign)) return /^\p{Alphabetic}+$/u.test(both);
	if (sign === "\u200c") return [...both].every(isArabic);
	if (sign === " ") {
		const affix = PERSIAN_PREFIXES.includes(before) || PERSIAN_SUFFIXES.includes(word);
		return affix && [...both].every(isArabic);
	}
	return /^["\u05f4]$/.test(sign) && /^[\u05d0-\u05ea]+$/.test(both);
}
