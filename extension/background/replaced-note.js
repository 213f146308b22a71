/**
 * Gives a page another note than the one that was just saved: the page's deleted note, restored,
 * or the note of another address of the page, with which the new one is merged.
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
 * @returns {boolean} False if there is none.
 */
export function restoreDeleted(page, outbox) {
	const { deletedNote, note } = page;
	if (!deletedNote) return false;
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
	return true;
}

/**
 * Merges the note of a page into an older one.
 * @param {PageRecord} page
 * @param {number} keep Id of the older note.
 * @param {Outbox} outbox
 * @returns {boolean} False if the page has no other note.
 */
export function mergeInto(page, keep, outbox) {
	const { note } = page;
	if (!note || note.id === keep || page.removed) return false;
	page.created = false;
	page.deletedNote = null;
	outbox.add("mergeNotes", { keep, drop: note.id }, page.url);
	return true;
}

/**
 * Whether a write replaces the page's note by another one when it is answered.
 * @param {Entry} entry
 */
export const replacesNote = ({ method, params }) =>
	method === "saveNote" ||
	method === "mergeNotes" ||
	(method === "restoreNote" && "mergeWith" in params);
