/**
 * Texts as the host takes them: well-formed Unicode, within its limits in
 * bytes of UTF-8. Pure.
 */

/** Longest texts that the host takes, in bytes of UTF-8. */
export const LIMITS = Object.freeze({
	title: 16 * 1024,
	excerpt: 4 * 1024,
	summary: 64 * 1024,
	siteName: 1024,
	// A quote joins the summary, with room left for the user's own words.
	quote: 32 * 1024,
	// Words before and after a quote only have to tell it from its repetitions.
	context: 1024,
});

const encoder = new TextEncoder();

/**
 * Length in bytes of UTF-8.
 * @param {string} text
 */
export function byteLength(text) {
	return encoder.encode(text).length;
}

/**
 * The text with lone surrogates replaced (no UTF-8 has them), cut between two
 * code points so that it takes `limit` bytes at most.
 * @param {string} text
 * @param {number} limit
 */
export function fit(text, limit) {
	// A UTF-16 unit takes a byte at least, so units beyond `limit` never fit:
	// a title of many megabytes isn't encoded whole to find that out.
	const start = text.slice(0, limit);
	const splitsPair = text.length > limit && /[\uD800-\uDBFF]$/.test(start);
	const whole = (splitsPair ? start.slice(0, -1) : start).toWellFormed();
	const { read } = encoder.encodeInto(whole, new Uint8Array(limit));
	return whole.slice(0, read);
}

/**
 * A text without its middle where it is longer than `signs`: what tells two addresses apart
 * is mostly at their ends.
 * @param {string} text
 * @param {number} signs
 */
export function middleCut(text, signs) {
	const all = [...text];
	if (all.length <= signs) return text;
	const end = Math.floor((signs - 1) / 2);
	return `${all.slice(0, signs - 1 - end).join("")}…${all.slice(-end).join("")}`;
}

/** @param {string} text */
export function capitalised(text) {
	return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
