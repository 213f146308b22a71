// Invisible characters, and which of them are kept in the name of a tag. A copy of
// extension/shared/invisible.js, because neither side loads the other's files;
// tests/extension/tags.test.js keeps them equal.

const INVISIBLE =
	// biome-ignore lint/suspicious/noMisleadingCharacterClass: each character is matched on its own
	/[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e00ff}\u{e01f0}-\u{e0fff}]|[\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
/** The flags of England, Scotland and Wales. Other tag characters could hide any text. */
const FLAGS = ["gbeng", "gbsct", "gbwls"].map((region) =>
	[...region]
		.map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0)))
		.concat("\u{e007f}"),
);
const VIRAMA =
	/^[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u17d2]$/;
const HAN = /^[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{323af}]$/u;
/** `Extended_Pictographic`, as ranges that include a few other characters. */
const PICTURE =
	/^[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\u{1f000}-\u{1f3fa}\u{1f400}-\u{1faff}]$/u;
const SKIN = /^[\ufe0f\u{1f3fb}-\u{1f3ff}]$/u;
const ARABIC_LETTER =
	/^[\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06fc\u06ff\u0750-\u077f]$/;
const ARABIC_MARK = /^[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]$/;
/** Arabic letters that join only the preceding letter, or none. */
const JOINS_NO_NEXT =
	/^[\u0621-\u0625\u0627\u0629\u062f-\u0632\u0648\u0671-\u0677\u0688-\u0699\u06c0\u06c3-\u06cb\u06cd\u06cf\u06d2\u06d3\u06d5\u06ee\u06ef\u0759-\u075b\u076b\u076c\u0771\u0773\u0774\u0778\u0779]$/;

/**
 * Returns the text without invisible characters that have no effect.
 * @param {string} text
 */
export function withoutInvisible(text) {
	if (!INVISIBLE.test(text)) return text;
	const characters = [...text];
	/** @type {string[]} */
	const seen = [];
	for (let at = 0; at < characters.length; at += 1) {
		const character = /** @type {string} */ (characters[at]);
		const after = characters.slice(at + 1);
		if (character === "\u{1f3f4}") {
			const flag = FLAGS.find((flag) => flag.every((c, place) => after[place] === c));
			if (flag !== undefined) {
				seen.push(character, ...flag);
				at += flag.length;
				continue;
			}
		}
		if (!INVISIBLE.test(character) || isKept(seen, character, after))
			seen.push(character);
	}
	return seen.join("");
}

/**
 * Returns whether an invisible character changes how its neighbours look.
 * @param {readonly string[]} before All of it kept.
 * @param {string} character
 * @param {readonly string[]} after
 */
function isKept(before, character, after) {
	const last = before.at(-1) ?? "";
	if (last === "") return false;
	const next = after.find((c) => !INVISIBLE.test(c)) ?? "";
	if (character === "\u200c")
		return (VIRAMA.test(last) && next !== "") || partsArabic(before, next);
	if (character === "\u200d")
		return VIRAMA.test(last) || VIRAMA.test(next) || joinsPictures(before, after);
	if (/[\ufe0e\ufe0f]/.test(character))
		return PICTURE.test(last) || (/[0-9#*]/.test(last) && next === "\u20e3");
	if (/[\ufe00-\ufe02\u{e0100}-\u{e01ef}]/u.test(character)) return HAN.test(last);
	return /[\u180b-\u180d\u180f]/.test(character) && /[\u1820-\u18aa]/.test(last);
}

/** @type {(before: readonly string[], after: readonly string[]) => boolean} */
function joinsPictures(before, after) {
	const base = before.findLast((c) => !SKIN.test(c)) ?? "";
	return PICTURE.test(base) && PICTURE.test(after[0] ?? "");
}

/** @type {(before: readonly string[], next: string) => boolean} */
function partsArabic(before, next) {
	const last = before.findLast((c) => !ARABIC_MARK.test(c)) ?? "";
	const joins = ARABIC_LETTER.test(last) && !JOINS_NO_NEXT.test(last);
	return joins && ARABIC_LETTER.test(next) && next !== "\u0621";
}
