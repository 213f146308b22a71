/**
 * Turns notes into a file that `url-notes import` reads. Pure.
 */

/** @import {Note, NoteRow} from "../protocol.js" */

/** Notes that are asked for at the same time. */
const AT_ONCE = 8;

/**
 * The whole notes of some rows. A note that changed its address or was deleted meanwhile is
 * exported as its row shows it, without its text.
 * @param {readonly NoteRow[]} rows
 * @param {(url: string) => Promise<{note: Note | null}>} noteForUrl
 * @param {(done: number) => void} onProgress
 */
export async function wholeNotes(rows, noteForUrl, onProgress) {
	/** @type {(Note | NoteRow)[]} */
	const notes = [];
	for (let from = 0; from < rows.length; from += AT_ONCE) {
		const some = rows.slice(from, from + AT_ONCE);
		const found = await Promise.all(some.map(({ url }) => noteForUrl(url)));
		for (const [index, row] of some.entries()) {
			const note = found[index]?.note;
			notes.push(note?.id === row.id ? note : row);
		}
		onProgress(notes.length);
	}
	return notes;
}

/**
 * The file's text. The import recognises it by `urlNotes`.
 * @param {readonly (Note | NoteRow)[]} notes
 */
export function exportFile(notes) {
	return `${JSON.stringify({ urlNotes: 1, notes }, null, "\t")}\n`;
}
