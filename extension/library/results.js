/**
 * The sentences about changes of many notes: the question before, and the result after.
 */

import { language, say } from "../shared/i18n.js";

/** @import {EditResult} from "../protocol.js" */
/** @import {Change} from "./edit-many.js" */

/** Notes that a sentence names; the others are counted. */
const NAMED = 5;

/** @param {number} n */
export const number = (n) => n.toLocaleString(language());

/**
 * A sentence with a number: keys `STEM_one` and `STEM_many`.
 * @param {number} n
 * @param {string} one
 * @param {string} many
 * @param {...string} values Of the further placeholders.
 */
export const counted = (n, one, many, ...values) =>
	n === 1 ? say(one, "1", ...values) : say(many, number(n), ...values);

/** @param {readonly string[]} tags */
const quoted = (tags) =>
	new Intl.ListFormat(language()).format(tags.map((tag) => say("quotedTag", tag)));

/**
 * The question before a change.
 * @param {Change} change
 * @param {number} n
 */
export function question(change, n) {
	const { addTags, removeTags } = change;
	if (addTags) return counted(n, "askAdd_one", "askAdd_many", quoted(addTags));
	if (removeTags)
		return counted(n, "askRemove_one", "askRemove_many", quoted(removeTags));
	if (change.delete) return counted(n, "askDelete_one", "askDelete_many");
	if (change.restore) return counted(n, "askRestore_one", "askRestore_many");
	if (change.read) return counted(n, "askRead_one", "askRead_many");
	return counted(n, "askUnread_one", "askUnread_many");
}

/**
 * What was done.
 * @param {Change} change
 * @param {EditResult} result
 * @param {(id: number) => string} nameOf
 */
export function outcome(change, result, nameOf) {
	const n = result.changed;
	const parts = [
		change.addTags
			? counted(n, "didAdd_one", "didAdd_many", quoted(change.addTags))
			: change.removeTags
				? counted(n, "didRemove_one", "didRemove_many", quoted(change.removeTags))
				: change.delete
					? counted(n, "didDelete_one", "didDelete_many")
					: change.restore
						? counted(n, "didRestore_one", "didRestore_many")
						: change.read
							? counted(n, "didRead_one", "didRead_many")
							: counted(n, "didUnread_one", "didUnread_many"),
	];
	if (result.unchanged > 0)
		parts.push(counted(result.unchanged, "wereSo_one", "wereSo_many"));
	return [...parts, ...exceptions(result, nameOf)].join(" ");
}

/**
 * What an undo did.
 * @param {EditResult} result
 * @param {EditResult | undefined} edit The result of the edit that was undone. What it left out is
 *   no news.
 * @param {(id: number) => string} nameOf
 */
export function undoOutcome(result, edit, nameOf) {
	const old = new Set([
		...(edit?.missing ?? []),
		...(edit?.refused ?? []).map(({ id }) => id),
	]);
	const news = {
		...result,
		missing: result.missing.filter((id) => !old.has(id)),
		missingCount: result.missingCount - (edit?.missingCount ?? 0),
		refused: result.refused.filter(({ id }) => !old.has(id)),
		refusedCount: result.refusedCount - (edit?.refusedCount ?? 0),
	};
	const done = counted(result.restored, "didUndo_one", "didUndo_many");
	return [done, ...exceptions(news, nameOf)].join(" ");
}

/**
 * The notes that a change left out, by name and with the reason.
 * @param {EditResult} result
 * @param {(id: number) => string} nameOf
 */
function exceptions(result, nameOf) {
	const parts = [];
	/**
	 * @param {string[]} names
	 * @param {number} all
	 */
	const list = (names, all) => {
		const shown = names.slice(0, NAMED);
		if (all > shown.length)
			shown.push(counted(all - shown.length, "andMore_one", "andMore_many"));
		return new Intl.ListFormat(language()).format(shown);
	};
	const { missing, missingCount, refused, refusedCount } = result;
	if (missingCount > 0)
		parts.push(say("areMissing", list(missing.map(nameOf), missingCount)));
	if (refusedCount > 0) {
		const names = refused.map(
			({ id, reason }) => `${nameOf(id)} (${say(`refusal_${reason}`)})`,
		);
		parts.push(say("areRefused", list(names, refusedCount)));
	}
	return parts;
}

/**
 * What is in place of the list; empty if that is shown.
 * @param {string} state
 * @param {string} asked The query.
 * @param {boolean} isTrash
 */
export function emptySentence(state, asked, isTrash) {
	if (state === "loading") return say("loading");
	if (state !== "empty") return "";
	if (asked.trim() !== "") return say("libraryNoMatches");
	return say(isTrash ? "libraryTrashEmpty" : "libraryEmpty");
}
