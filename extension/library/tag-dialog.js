/**
 * The dialog in which tags are added to the selected notes or removed from them.
 */

import { element } from "../shared/elements.js";
import { say } from "../shared/i18n.js";
import { openDialog, tagFieldBlock } from "./dialogs.js";
import { countOf } from "./edit-many.js";
import { MAX_NOTES, suggestFor } from "./fitting-tags.js";
import { counted } from "./results.js";
import { nameOf } from "./row-view.js";
import { suggestionBlock } from "./suggested-tags.js";

/** @import {NoteRow} from "../protocol.js" */
/** @import {Connection} from "./connection.js" */
/** @import {Target} from "./edit-many.js" */
/** @import {Done} from "./suggested-tags.js" */

/**
 * Resolves with the tags that the user typed; null if the dialog was closed without them.
 * Suggested tags are added while it is open.
 * @param {Connection} connection
 * @param {"addTags" | "removeTags"} which
 * @param {Target} whom
 * @param {object} parts
 * @param {NoteRow[]} parts.rows Those of the notes that are known.
 * @param {(tag: string, ids: number[]) => Promise<Done>} parts.add
 * @param {(edit: number, n: number) => Promise<Done>} parts.undo
 * @returns {Promise<string[] | null>}
 */
export async function chooseTags(connection, which, whom, { rows, add, undo }) {
	const n = countOf(whom);
	const adds = which === "addTags";
	const { field, input, block } = tagFieldBlock(connection, say(which), () =>
		adds || !("ids" in whom) ? null : tagsOf(rows),
	);
	const known = rows.slice(0, MAX_NOTES);
	const names = new Map(known.map((row) => [row.id, nameOf(row)]));
	const suggestions = suggestionBlock({
		of: known.length,
		nameOf: (id) => names.get(id) ?? say("noteNumber", id),
		add: (tag, ids) => {
			// It would sound as if that were taken back.
			element("dialog-cancel").textContent = say("close");
			return add(tag, ids);
		},
		undo,
	});
	let isOpen = true;
	const isAgreed = await openDialog({
		heading: adds
			? counted(n, "addTagsTo_one", "addTagsTo_many")
			: counted(n, "removeTagsFrom_one", "removeTagsFrom_many"),
		content: adds ? [block, suggestions.block] : [block],
		ok: say(which),
		check: () => field.tags.length > 0 && field.pending.trim() === "",
		onOpen: (agree) => {
			field.onDone = agree;
			input.focus();
			if (!adds) return;
			const ids = known.map(({ id }) => id);
			void suggestFor(connection, ids, () => isOpen)
				.then(suggestions.offer)
				// An older host suggests nothing; tags can be typed without it.
				.catch(() => {});
		},
	});
	isOpen = false;
	return isAgreed ? field.tags : null;
}

/**
 * The tags of some notes, with how many of these have each.
 * @param {NoteRow[]} rows
 */
function tagsOf(rows) {
	/** @type {Map<string, number>} */
	const counts = new Map();
	for (const { tags } of rows)
		for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
	return [...counts]
		.map(([name, count]) => ({ name, count }))
		.sort((a, b) => b.count - a.count || a.name.localeCompare(b.name));
}
