/**
 * Finds the tags of the user's own that fit several notes. Pure, except that it asks the host.
 */

/** @import {NoteSuggestions} from "../protocol.js" */
/** @import {Connection} from "./connection.js" */

/** The most notes that tags are suggested for: as many as the host takes. */
export const MAX_NOTES = 200;
/** Tags that are suggested. */
const SHOWN = 5;
/** A tag fits a note if it is right more often than not. */
const FITS = 0.5;

/** @typedef {{tag: string, ids: number[]}} Fitting A tag, and the notes that it fits. */

/**
 * The tags that fit the most notes. Pure.
 * @param {readonly NoteSuggestions[]} notes
 * @returns {Fitting[]}
 */
export function fittingTags(notes) {
	/** @type {Map<string, Fitting & {score: number}>} */
	const found = new Map();
	for (const { id, tags } of notes)
		for (const { name, score } of tags) {
			if (score < FITS) continue;
			const fitting = found.get(name) ?? { tag: name, ids: [], score: 0 };
			fitting.ids.push(id);
			fitting.score += score;
			found.set(name, fitting);
		}
	return [...found.values()]
		.sort((a, b) => b.score - a.score || a.tag.localeCompare(b.tag))
		.slice(0, SHOWN)
		.map(({ tag, ids }) => ({ tag, ids }));
}

/**
 * Asks the host for tags that suit the notes. It answers in parts, so that saves needn't wait.
 * Rejects with `Refused`.
 * @param {Pick<Connection, "call">} connection
 * @param {number[]} ids
 * @param {() => boolean} isWanted Whether the answer is still of use.
 */
export async function suggestFor(connection, ids, isWanted = () => true) {
	/** @type {NoteSuggestions[]} */
	const notes = [];
	let rest = ids.slice(0, MAX_NOTES);
	while (rest.length > 0 && isWanted()) {
		const part = await connection.call("suggestForNotes", { ids: rest });
		notes.push(...part.notes);
		rest = rest.slice(Math.max(1, part.lookedAt));
	}
	return fittingTags(notes);
}
