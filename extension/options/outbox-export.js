/**
 * Turns the unsaved changes into a file: notes that `url-notes import` reads, and the unchanged
 * entries and drafts beside them. Pure.
 */

/** @import {Entry, PageRecord} from "../shared/messages.js" */

/**
 * @typedef {import("../protocol.js").SaveNoteParams} SaveNoteParams
 */

/**
 * @typedef {{url: string, title?: string, tags?: string[], summary?: string,
 *   excerpt?: string, publishedAt?: string, siteName?: string, lang?: string,
 *   savedAt?: string}} WaitingNote
 */

/**
 * Makes a note for each page with unsaved changes; later changes replace earlier ones. Deletions
 * are only in `waiting`.
 * @param {readonly Entry[]} entries
 * @param {readonly PageRecord[]} drafts
 */
export function waitingFile(entries, drafts) {
	/** @type {Map<string, WaitingNote>} */
	const notes = new Map();
	const at = (/** @type {string} */ url) => {
		const note = notes.get(url) ?? { url };
		notes.set(url, note);
		return note;
	};
	for (const { method, params, page, addedAt } of entries) {
		if (method === "saveNote") {
			const { opId: _, quote, ...fields } = /** @type {SaveNoteParams} */ (params);
			const note = at(page);
			const quoted = quote ? quote.text.replace(/^/gm, "> ") : "";
			const texts = [note.summary, fields.summary, quoted].filter(Boolean);
			Object.assign(note, { savedAt: addedAt, ...fields });
			if (texts.length > 0) note.summary = texts.join("\n\n");
		} else if (method === "updateNote") {
			const { title, tags, summary } =
				/** @type {import("../protocol.js").UpdateNoteParams} */ (params);
			take(at(page), { title, tags, summary });
		}
	}
	for (const { url, title, edits, note } of drafts) {
		const { pending, ...typed } = edits;
		const tags = pending?.trim()
			? [...(typed.tags ?? note?.tags ?? []), pending.trim()]
			: typed.tags;
		take(at(url), { title: typed.title ?? title, tags, summary: typed.summary });
	}
	// The import recognises the file by `urlNotes`.
	return { urlNotes: 1, notes: [...notes.values()], waiting: { entries, drafts } };
}

/**
 * @param {WaitingNote} note
 * @param {{title?: string, tags?: string[], summary?: string}} fields
 */
function take(note, { title, tags, summary }) {
	if (title !== undefined) note.title = title;
	if (tags) note.tags = tags;
	if (summary !== undefined) note.summary = summary;
}
