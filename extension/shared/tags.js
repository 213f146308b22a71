/**
 * The rules for tag names, and the addresses of tags and web sites on the site. Pure.
 *
 * The rules are the host's; `tests/contract/tags.json` keeps both equal. The host decides: it
 * refuses a wrong name with `invalid_tag`.
 */

import { withoutInvisible } from "./invisible.js";

/** Longest tag, in Unicode code points. */
export const MAX_TAG_LENGTH = 100;

/**
 * The tag for a typed text, or null if it can't be a tag.
 * @param {string} text
 * @returns {string | null}
 */
export function normaliseTag(text) {
	const tag = normal(withoutInvisible(text.toWellFormed()));
	// Characters that become neighbours may have a composed form.
	const seen = withoutInvisible(tag);
	const name = seen === tag ? tag : normal(seen);
	const length = [...name].length;
	if (length === 0 || length > MAX_TAG_LENGTH || NEVER.test(name)) return null;
	return name;
}

/** Separators between tags: the commas of several scripts, in all widths. */
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
			// Lower case may have a composed form that upper case hasn't: ǰ for J̌.
			.normalize("NFC")
	);
}

/**
 * Whether a text has separators between tags.
 * @param {string} text
 */
export function isList(text) {
	return COMMA.test(text);
}

/**
 * Splits a text at commas into tags and into parts that can't be tags.
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

/** Letters that people type differently, but that no decomposition maps. The host has the same. */
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
 * A text without accents, for comparison.
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
 * Where a typed text occurs in a tag, with or without accents, as the host finds it; null if it
 * doesn't.
 * @param {string} tag
 * @param {string} typed As a tag.
 * @returns {{start: number, end: number} | null}
 */
export function placeIn(tag, typed) {
	const exact = tag.indexOf(typed);
	if (exact >= 0) return { start: exact, end: exact + typed.length };
	let text = "";
	/** The position of the original character, for each unit of `text`. */
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
 * All tags of both lists, without repetitions and in their order.
 * @param {readonly string[]} first
 * @param {readonly string[]} second
 */
export function uniteTags(first, second) {
	return [...new Set([...first, ...second])];
}

/**
 * Address of a tag's page on the site, whose own address ends in a slash.
 * @param {string} siteUrl
 * @param {string} tag
 */
export function tagAddress(siteUrl, tag) {
	// The path segments "." and ".." would be removed, even if encoded.
	if (tag === "." || tag === "..")
		return `${siteUrl}tag/?name=${tag.replaceAll(".", "%2E")}`;
	return `${siteUrl}tag/${encoded(tag)}`;
}

/**
 * Address of the page with a web site's notes.
 * @param {string} siteUrl
 * @param {string} pageUrl URL of a page of the web site.
 */
export function siteAddress(siteUrl, pageUrl) {
	const site = new URL(pageUrl).hostname.replace(/^www\./, "");
	return `${siteUrl}site/${encoded(site)}`;
}

/**
 * Encodes a name as the site does in its addresses.
 * @param {string} name
 */
function encoded(name) {
	return encodeURIComponent(name).replace(
		/[!'()*]/g,
		(c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
	);
}
