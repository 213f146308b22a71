/**
 * Texts in the forms that host and user get: well-formed Unicode, at most so many bytes of UTF-8,
 * cut or shortened. Pure.
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

/** A link to a passage, as the program writes it below a quote, and as older versions did. */
const PASSAGE = /\[(Go to passage|in the page)\]\(<([^<>\n]*:~:text=[^<>\n]*)>\)/g;
const SHORT_PASSAGE = /\[(Go to passage|in the page)\]\(#(\d+)\)/g;

/**
 * Shortens the links of quotes in a text field: `[Go to passage](#1)` stands for a link whose
 * address may have 400 characters. Keeps the addresses; the stored text always has them.
 */
export class PassageLinks {
	/** @type {Map<string, string>} Addresses by their numbers. */ #addresses = new Map();

	/**
	 * Makes a text field copy and cut its text as it is stored: elsewhere, a number would mean
	 * nothing, or another passage.
	 * @param {HTMLTextAreaElement} field
	 */
	copyWhole(field) {
		for (const type of /** @type {const} */ (["copy", "cut"])) {
			field.addEventListener(type, (event) => {
				const { value, selectionStart, selectionEnd } = field;
				const selected = value.slice(selectionStart, selectionEnd);
				const whole = this.expand(selected);
				if (whole === selected) return;
				event.clipboardData?.setData("text/plain", whole);
				event.preventDefault();
				// The only way to delete text that the user can undo.
				if (type === "cut") document.execCommand("delete");
			});
		}
	}

	/**
	 * The text as it is shown.
	 * @param {string} text
	 */
	shorten(text) {
		return text.replace(PASSAGE, (_link, words, address) => {
			const known = [...this.#addresses].find(([, other]) => other === address);
			return `[${words}](#${known?.[0] ?? this.#add(address, text)})`;
		});
	}

	/**
	 * The text as it is stored.
	 * @param {string} text
	 */
	expand(text) {
		return text.replace(SHORT_PASSAGE, (link, words, number) => {
			const address = this.#addresses.get(number);
			return address === undefined ? link : `[${words}](<${address}>)`;
		});
	}

	/**
	 * @param {string} address
	 * @param {string} text A number that the user's own text has isn't used.
	 */
	#add(address, text) {
		let number = this.#addresses.size + 1;
		while (this.#addresses.has(`${number}`) || text.includes(`](#${number})`))
			number += 1;
		this.#addresses.set(`${number}`, address);
		return number;
	}
}
