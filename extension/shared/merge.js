/**
 * Merges the text that the user typed about a page with the page's note: with an existing note
 * that arrives later, and with changes that others make to it. Pure; used by popup and
 * background.
 */

import { splitTags, uniteTags } from "./tags.js";

/**
 * The whole content of each field that the user changed. `pending` is text in the tag field
 * that isn't a tag yet.
 * @typedef {{title?: string, tags?: string[], pending?: string, summary?: string}} Edits
 */

/** @typedef {{title: string, tags: string[], summary: string}} Fields */

/**
 * A change of a note by someone else, for instance another popup.
 * @typedef {{before: Fields, now: Fields}} Change
 */

/** @param {Edits} edits */
export function isEmpty(edits) {
	return (
		edits.title === undefined &&
		edits.tags === undefined &&
		edits.summary === undefined &&
		!edits.pending?.trim()
	);
}

/**
 * Turns the pending text into tags, because the popup was closed before the user pressed
 * Enter.
 * @param {Edits} edits
 * @param {readonly string[]} current Tags of the note.
 * @returns {Edits}
 */
export function commitPending(edits, current) {
	const { pending, ...rest } = edits;
	if (!pending?.trim()) return rest;
	const { tags, refused } = splitTags(pending);
	// Text that is too long for a tag is cut to a tag's length.
	const cut = refused.flatMap((text) => splitTags([...text].slice(0, 100).join("")).tags);
	return { ...rest, tags: uniteTags(rest.tags ?? current, [...tags, ...cut]) };
}

/**
 * Merges a note's fields with edits that were made before the user saw them. Nothing on either
 * side is lost.
 * @param {Fields} note
 * @param {Edits} edits
 * @returns {Fields}
 */
export function unite(note, edits) {
	return {
		title: edits.title ?? note.title,
		tags: uniteTags(note.tags, edits.tags ?? []),
		summary: uniteSummaries(note.summary, edits.summary ?? ""),
	};
}

/**
 * Merges two edits, neither of which was made in sight of the other.
 * @param {Edits} older
 * @param {Edits} newer
 * @returns {Edits}
 */
export function uniteEdits(older, newer) {
	/** @type {Edits} */
	const both = { ...older, ...newer };
	if (older.tags && newer.tags) both.tags = uniteTags(older.tags, newer.tags);
	if (older.summary !== undefined && newer.summary !== undefined) {
		both.summary = uniteSummaries(older.summary, newer.summary);
	}
	return both;
}

/**
 * @param {string} existing
 * @param {string} typed
 */
function uniteSummaries(existing, typed) {
	// Compares whole lines: "yesterday" doesn't contain the line "yes".
	const lines = (/** @type {string} */ text) => `\n${text.replace(/[ \t]+$/gm, "")}\n`;
	if (typed.trim() === "" || lines(existing).includes(lines(typed.trim())))
		return existing;
	if (existing.trim() === "") return typed;
	return `${existing.trimEnd()}\n\n${typed}`;
}

/**
 * Applies a change of a note to edits that the user made in sight of the note. Additions to the
 * note are added; what the user removed stays removed.
 * @param {Fields} before
 * @param {Fields} now
 * @param {Edits} edits
 * @returns {Edits}
 */
export function rebase(before, now, edits) {
	const all = { ...edits };
	if (edits.tags) {
		const added = now.tags.filter((tag) => !before.tags.includes(tag));
		all.tags = uniteTags(edits.tags, added);
	}
	if (edits.summary !== undefined && now.summary !== before.summary) {
		const old = before.summary.trimEnd();
		const added = now.summary.startsWith(old) ? now.summary.slice(old.length) : null;
		// If paragraphs were added they are appended; otherwise both texts are kept.
		all.summary =
			added !== null && (old === "" || /^\s*$|^[ \t]*\n/.test(added))
				? uniteSummaries(edits.summary, added.replace(/^\s*\n/, "").trimEnd())
				: uniteSummaries(now.summary, edits.summary);
	}
	return all;
}

/**
 * Applies several changes of a note to edits, one after the other.
 * @param {readonly Change[]} changes
 * @param {Edits} edits
 */
export function rebaseAll(changes, edits) {
	return changes.reduce((all, { before, now }) => rebase(before, now, all), edits);
}

/**
 * The fields that the popup shows when a note, or the edits of an earlier popup, arrive.
 * @param {object} known
 * @param {Fields | null} known.note
 * @param {readonly Change[] | null} known.changes Of that note since the popup merged it; null
 *   if it hasn't yet.
 * @param {Edits | null} known.leftover
 * @param {boolean} known.leftoverSeen Whether that was typed in sight of the note.
 * @param {string} known.title The tab's title.
 * @param {Edits} mine Typed in this popup.
 * @returns {Fields}
 */
export function takenIn({ note, changes, leftover, leftoverSeen, title }, mine) {
	if (!note)
		return replace({ title, tags: [], summary: "" }, uniteEdits(leftover ?? {}, mine));
	if (changes) return replace(note, rebaseAll(changes, mine));
	if (!leftover || !leftoverSeen) return unite(note, uniteEdits(leftover ?? {}, mine));
	return unite(replace(note, leftover), mine);
}

/**
 * Replaces a note's fields by edits that the user made in sight of it.
 * @param {Fields} note
 * @param {Edits} edits
 * @returns {Fields}
 */
export function replace(note, edits) {
	return {
		title: edits.title ?? note.title,
		tags: edits.tags ?? note.tags,
		summary: edits.summary ?? note.summary,
	};
}

/**
 * The fields of `wanted` that differ from the note's.
 * @param {Fields} note
 * @param {Fields} wanted
 * @returns {Partial<Fields>}
 */
export function difference(note, wanted) {
	/** @type {Partial<Fields>} */
	const changed = {};
	if (wanted.title !== note.title) changed.title = wanted.title;
	if (wanted.summary !== note.summary) changed.summary = wanted.summary;
	if (JSON.stringify(wanted.tags) !== JSON.stringify(note.tags))
		changed.tags = wanted.tags;
	return changed;
}
