/**
 * Fits texts into the host's limits: well-formed Unicode, at most so many bytes of UTF-8. Pure.
 */

/** Longest texts that the host accepts, in bytes of UTF-8. */
export const LIMITS = Object.freeze({
	title: 16 * 1024,
	excerpt: 4 * 1024,
	summary: 64 * 1024,
	siteName: 1024,
	// A quote is added to the summary and leaves room for the user's text.
	quote: 32 * 1024,
	// The text around a quote only has to distinguish it from its repetitions.
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
 * Replaces lone surrogates, which UTF-8 can't represent, and cuts the text between two code
 * points to at most `limit` bytes.
 * @param {string} text
 * @param {number} limit
 */
export function fit(text, limit) {
	// Each UTF-16 unit takes at least one byte, so no more than `limit` units fit. This avoids
	// encoding a title of many megabytes.
	const start = text.slice(0, limit);
	const splitsPair = text.length > limit && /[\uD800-\uDBFF]$/.test(start);
	const whole = (splitsPair ? start.slice(0, -1) : start).toWellFormed();
	const { read } = encoder.encodeInto(whole, new Uint8Array(limit));
	return whole.slice(0, read);
}

/**
 * Cuts the middle out of a text that is longer than `signs` characters. Similar addresses
 * mostly differ at their ends.
 * @param {string} text
 * @param {number} signs
 */
export function middleCut(text, signs) {
	const all = [...text];
	if (all.length <= signs) return text;
	const end = Math.floor((signs - 1) / 2);
	return `${all.slice(0, signs - 1 - end).join("")}…${all.slice(-end).join("")}`;
}

/**
 * The text with a capital first letter.
 * @param {string} text
 */
export function capitalised(text) {
	return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/**
 * The web site of an address, as a short name: its host without `www.`; empty if it has none.
 * @param {string} address
 */
export function siteName(address) {
	try {
		return new URL(address).host.replace(/^www\./, "");
	} catch {
		return "";
	}
}
