/**
 * What the user has typed about a page, and what becomes of it where the page
 * turns out to have a note already. Pure; the popup and the background use it
 * alike.
 */

import { splitTags, uniteTags } from "./tags.js";

/**
 * The fields that the user has touched, whole. `pending` is the text in the
 * tag field that isn't a tag yet.
 * @typedef {{title?: string, tags?: string[], pending?: string, summary?: string}} Edits
 */

/** @typedef {{title: string, tags: string[], summary: string}} Fields */

/**
 * What a note became by what others did to it.
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
 * The edits with the pending text made a tag: the popup is closed, nobody
 * will press Enter any more.
 * @param {Edits} edits
 * @param {readonly string[]} current Tags of the note.
 * @returns {Edits}
 */
export function commitPending(edits, current) {
	const { pending, ...rest } = edits;
	if (!pending?.trim()) return rest;
	const { tags, refused } = splitTags(pending);
	// Too long for a tag: as much of it as a tag holds.
	const cut = refused.flatMap((text) => splitTags([...text].slice(0, 100).join("")).tags);
	return { ...rest, tags: uniteTags(rest.tags ?? current, [...tags, ...cut]) };
}

/**
 * A note's fields joined with what was typed without having seen them:
 * nothing on either side is lost.
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
 * What was typed twice without either having been seen, as one.
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
	// Whole lines are compared: "yes" is not said by "yesterday".
	const lines = (/** @type {string} */ text) => `\n${text.replace(/[ \t]+$/gm, "")}\n`;
	if (typed.trim() === "" || lines(existing).includes(lines(typed.trim())))
		return existing;
	if (existing.trim() === "") return typed;
	return `${existing.trimEnd()}\n\n${typed}`;
}

/**
 * What was typed in sight of a note, over what the note has become meanwhile: what was
 * added to the note is added, and what the user took out of it stays out.
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
		// Paragraphs that were added; else it is another text.
		all.summary =
			added !== null && (old === "" || /^\s*$|^[ \t]*\n/.test(added))
				? uniteSummaries(edits.summary, added.replace(/^\s*\n/, "").trimEnd())
				: uniteSummaries(now.summary, edits.summary);
	}
	return all;
}

/**
 * What was typed in sight of a note, over several changes of it, each of which begins with
 * what the edits had made of the one before.
 * @param {readonly Change[]} changes
 * @param {Edits} edits
 */
export function rebaseAll(changes, edits) {
	return changes.reduce((all, { before, now }) => rebase(before, now, all), edits);
}

/**
 * What the popup is to show once it is told of a note, or of what an earlier popup left.
 * @param {object} known
 * @param {Fields | null} known.note
 * @param {readonly Change[] | null} known.changes Of that note since this popup has taken it
 *   in; null where it hasn't yet.
 * @param {Edits | null} known.leftover
 * @param {boolean} known.leftoverSeen Whether that was typed in sight of the note.
 * @param {string} known.title Of the tab.
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
 * The note's fields with the touched ones replaced: the user has seen the note.
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
