/**
 * What a tag name may be, and where its page and that of a web site are. Pure.
 *
 * The same rule as the host's; `tests/contract/tags.json` holds both to it.
 * The host has the last word: a name refused there comes back as `invalid_tag`.
 */

import { withoutInvisible } from "./invisible.js";

/** Longest tag, in Unicode code points. */
export const MAX_TAG_LENGTH = 100;

/**
 * The tag that a typed text means, or null where it can't be one.
 * @param {string} text
 * @returns {string | null}
 */
export function normaliseTag(text) {
	const tag = normal(withoutInvisible(text.toWellFormed()));
	// Taking characters off can bring others together that have a composed form.
	const seen = withoutInvisible(tag);
	const name = seen === tag ? tag : normal(seen);
	const length = [...name].length;
	if (length === 0 || length > MAX_TAG_LENGTH || NEVER.test(name)) return null;
	return name;
}

/** What parts the tags of a list: the commas of several scripts, in all their widths. */
const COMMAS = ",\\u060c\\u3001\\ufe10\\ufe11\\ufe50\\ufe51\\uff0c\\uff64";
const COMMA = new RegExp(`[${COMMAS}]`, "u");
const NEVER = new RegExp(`[${COMMAS}\\p{Cc}]`, "u");

/** @param {string} text */
function normal(text) {
	return (
		text
			.normalize("NFC")
			.replace(/\p{White_Space}+/gu, " ")
			.replace(/^ | $/g, "")
			.toLowerCase()
			// Lower-casing can leave a pair that has a composed form: J̌ has none, ǰ is one.
			.normalize("NFC")
	);
}

/**
 * Whether a text is more than one tag.
 * @param {string} text
 */
export function isList(text) {
	return COMMA.test(text);
}

/**
 * The tags in a text that may hold several, split at commas, and what couldn't be one.
 * @param {string} text
 * @returns {{tags: string[], refused: string[]}}
 */
export function splitTags(text) {
	/** @type {string[]} */
	const tags = [];
	/** @type {string[]} */
	const refused = [];
	for (const part of text.split(COMMA)) {
		const tag = normaliseTag(part);
		if (tag !== null) tags.push(tag);
		else if (part.trim() !== "") refused.push(part.trim());
	}
	return { tags: uniteTags([], tags), refused };
}

/** Letters that nothing takes apart into those that are typed for them; the host has the same. */
const SPELLED_OUT = /** @type {Readonly<Record<string, string>>} */ ({
	ß: "ss",
	æ: "ae",
	œ: "oe",
	ø: "o",
	đ: "d",
	ð: "d",
	þ: "th",
	ł: "l",
	ħ: "h",
	ı: "i",
	ς: "σ",
});

/**
 * A text as it is compared with what is typed without accents.
 * @param {string} text
 */
function unaccented(text) {
	return text
		.normalize("NFKD")
		.toLowerCase()
		.replace(
			/[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u093c\u0a3c\u0abc]/g,
			"",
		)
		.replace(/[ßæœøđðþłħıς]/g, (letter) => SPELLED_OUT[letter] ?? letter)
		.normalize("NFC");
}

/**
 * Where what is typed stands in a tag, with or without its accents, as the host finds it;
 * null where it doesn't.
 * @param {string} tag
 * @param {string} typed As a tag.
 * @returns {{start: number, end: number} | null}
 */
export function placeIn(tag, typed) {
	const exact = tag.indexOf(typed);
	if (exact >= 0) return { start: exact, end: exact + typed.length };
	let text = "";
	/** For each unit of that, the character that it comes from. */
	const from = [];
	for (const { 0: character, index } of tag.matchAll(/.\p{M}*/gsu)) {
		const part = unaccented(character);
		for (let unit = 0; unit < part.length; unit += 1)
			from.push({ start: index, end: index + character.length });
		text += part;
	}
	const sought = unaccented(typed);
	const at = text.indexOf(sought);
	const [first, last] = [from[at], from[at + sought.length - 1]];
	return first && last ? { start: first.start, end: last.end } : null;
}

/**
 * All tags of both lists once, the first list's order first.
 * @param {readonly string[]} first
 * @param {readonly string[]} second
 */
export function uniteTags(first, second) {
	return [...new Set([...first, ...second])];
}

/**
 * Address of a tag's page under the site's address (which ends in a slash).
 * @param {string} siteUrl
 * @param {string} tag
 */
export function tagAddress(siteUrl, tag) {
	// As path segments "." and ".." would be resolved away, even when encoded.
	if (tag === "." || tag === "..")
		return `${siteUrl}tag/?name=${tag.replaceAll(".", "%2E")}`;
	return `${siteUrl}tag/${encoded(tag)}`;
}

/**
 * Address of the page of a web site's notes.
 * @param {string} siteUrl
 * @param {string} pageUrl Of a page there.
 */
export function siteAddress(siteUrl, pageUrl) {
	const site = new URL(pageUrl).hostname.replace(/^www\./, "");
	return `${siteUrl}site/${encoded(site)}`;
}

/**
 * As the site encodes names in its own addresses.
 * @param {string} name
 */
function encoded(name) {
	return encodeURIComponent(name).replace(
		/[!'()*]/g,
		(c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
	);
}
