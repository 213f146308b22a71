/**
 * The note of a page that was deleted before the page was saved again: whether the popup offers
 * to restore it, and how it is restored.
 */

/**
 * @import {Entry, Note, PageRecord} from "../shared/messages.js"
 * @import {Outbox} from "./outbox.js"
 */

/** A note without tags and text that existed for a shorter time was saved by mistake. */
const MISTAKE_MS = 10 * 60 * 1000;

/**
 * The deleted note, if the user may miss it.
 * @param {Note | undefined} note
 * @returns {Note | null}
 */
export function worthRestoring(note) {
	if (!note?.deletedAt) return null;
	const lifetime = Date.parse(note.deletedAt) - Date.parse(note.savedAt);
	const hasContent = note.tags.length > 0 || note.summary.trim() !== "";
	return hasContent || lifetime > MISTAKE_MS ? note : null;
}

/**
 * Restores the deleted note of a page, with what was saved of the page since.
 * @param {PageRecord} page
 * @param {Outbox} outbox
 */
export function restoreDeleted(page, outbox) {
	const { deletedNote, note } = page;
	if (!deletedNote) return;
	page.deletedNote = null;
	page.created = false;
	page.removed = null;
	if (note && !page.trashed) {
		const params = { id: deletedNote.id, mergeWith: note.id };
		outbox.add("restoreNote", params, page.url);
	} else {
		page.trashed = false;
		page.note = { ...deletedNote, deletedAt: null };
		outbox.add("restoreNote", { id: deletedNote.id }, page.url);
	}
}

/**
 * Whether a write replaces the page's note by another one when it is answered.
 * @param {Entry} entry
 */
export const replacesNote = ({ method, params }) =>
	method === "saveNote" || (method === "restoreNote" && "mergeWith" in params);
