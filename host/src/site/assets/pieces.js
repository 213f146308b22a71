// The search index of an exported site. Without a server, a page loads the pieces of the index that
// it needs as scripts, because a page opened from a disk can load nothing else.
// host/src/site/files/index.rs writes them.

/**
 * @typedef {object} Start the data that is loaded first
 * @property {number} notes
 * @property {number} notesPerPiece
 * @property {number} notesPerPage of listing pages
 * @property {string[]} words the first word of each piece
 * @property {number[]} moments upper bound of the save time of each piece's first note, in seconds
 * since 1970
 * @property {number} shift how many seconds before that bound it may have been
 */

/** @typedef {string | [name: string, file: string]} Named with its file name if that differs */

/**
 * @typedef {object} Note
 * @property {number} id
 * @property {number} [shift] how many µs the id is later than the save
 * @property {string} url
 * @property {boolean} link whether the address may be a link
 * @property {string} title
 * @property {Named[]} tags
 * @property {string} text
 * @property {string} [excerpt]
 * @property {string} address the searchable part of the address
 * @property {Named} [site]
 * @property {string} [icon] name of the web site's icon; empty if only other web sites have one
 * @property {string} saved a day
 * @property {string} [published]
 * @property {string} [lang]
 */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Most pieces that are loaded for an unfinished word. */
const MAX_PIECES = 12;

/** The address of the whole site. */
export const root = new URL(
	".",
	/** @type {HTMLScriptElement} */ (document.currentScript).src,
);

/** The last unfinished word that begins more words than are loaded. */
export let tooShort = "";

/** @type {Map<string, (data: unknown) => void>} */
const awaited = new Map();
/** @type {Map<string, Promise<unknown>>} */
const pieces = new Map();

// Functions that the scripts of the index call.
Object.assign(globalThis, {
	/** @type {(name: string, data: unknown) => void} */
	urlNotes: (name, data) => awaited.get(name)?.(data),
});

/**
 * @param {string} name
 * @returns {Promise<unknown>}
 */
function piece(name) {
	const known = pieces.get(name);
	if (known) return known;
	const loaded = new Promise((resolve, reject) => {
		awaited.set(name, resolve);
		const script = document.createElement("script");
		script.src = new URL(`search/${name}.js`, root).href;
		script.addEventListener("error", () => {
			reject(new Error(`A part of the index is missing: search/${name}.js.`));
		});
		// A piece that is truncated, or belongs to another export, passes no data.
		script.addEventListener("load", () => {
			reject(new Error(`A part of the index is damaged: search/${name}.js.`));
		});
		document.head.append(script);
	});
	pieces.set(name, loaded);
	return loaded;
}

export const start = () => /** @type {Promise<Start>} */ (piece("start"));

/**
 * Returns the note with a number.
 * @param {number} number
 * @param {Start} start
 */
export async function noteOf(number, { notesPerPiece }) {
	const name = `notes/${Math.floor(number / notesPerPiece)}`;
	const notes = /** @type {Note[]} */ (await piece(name));
	return /** @type {Note} */ (notes[number % notesPerPiece]);
}

/**
 * Decodes note numbers, each stored as the difference from the one before.
 * @param {string} text
 */
function numbersOf(text) {
	const numbers = [];
	let next = 0;
	let number = 0;
	let shift = 0;
	for (const c of text) {
		const digit = DIGITS.indexOf(c);
		number += (digit % 32) * 2 ** shift;
		shift += 5;
		if (digit < 32) {
			next += number + 1;
			numbers.push(next - 1);
			number = 0;
			shift = 0;
		}
	}
	return numbers;
}

/**
 * Returns the notes that have a word of the index, or one that begins with it.
 * @param {string} word
 * @param {boolean} unfinished
 * @param {Start} start
 */
export async function notesWith(word, unfinished, start) {
	let first = start.words.findLastIndex((begins) => begins <= word);
	if (first < 0) first = 0;
	let last = first;
	const goesOn = (/** @type {number} */ place) =>
		start.words[place]?.startsWith(word) ?? false;
	while (unfinished && last + 1 < first + MAX_PIECES && goesOn(last + 1)) {
		last++;
	}
	if (unfinished && goesOn(last + 1)) tooShort = word;
	const wanted = [];
	for (let number = first; number <= last && number < start.words.length; number++) {
		wanted.push(/** @type {Promise<string[]>} */ (piece(`words/${number}`)));
	}
	const has = new Uint8Array(start.notes);
	for (const words of await Promise.all(wanted)) {
		for (let place = 0; place + 1 < words.length; place += 2) {
			const there = words[place] ?? "";
			if (unfinished ? there.startsWith(word) : there === word) {
				for (const number of numbersOf(words[place + 1] ?? "")) has[number] = 1;
			}
		}
	}
	return has;
}

/** @param {Named} named */
export function nameOf(named) {
	return typeof named === "string" ? named : named[0];
}

/**
 * @param {"tag" | "site" | "note"} kind
 * @param {Named} named
 * @param {number} [page] of its list, from 0
 */
export function pageOf(kind, named, page = 0) {
	const folder = encodeURIComponent(typeof named === "string" ? named : named[1]);
	const file = page === 0 ? "index.html" : `${page + 1}.html`;
	return new URL(`${kind}/${folder}/${file}`, root).href;
}

/** @param {string} query */
export function searchFor(query) {
	const address = new URL("search/index.html", root);
	address.search = String(new URLSearchParams({ q: query }));
	return address.href;
}
