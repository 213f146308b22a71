/** The labels of the rows in the tag field's list of completions. */

import { say } from "./i18n.js";
import { placeIn } from "./tags.js";

/** Marks the place of the tag in a sentence. */
const PLACE = "\ufffc";

/**
 * The label of the row that creates a tag. If there is little room, only the tag is cut.
 * @param {string} tag
 */
export function createLabel(tag) {
	const [before = "", after = ""] = say("createTag", PLACE).split(PLACE);
	const sentence = document.createElement("span");
	const name = document.createElement("bdi");
	name.textContent = tag;
	sentence.append(before, name, after);
	return [sentence];
}

/**
 * The label of a completion: its name, and how many notes have it.
 * @param {{name: string, count: number}} completion
 * @param {string} typed
 */
export function completionLabel({ name, count }, typed) {
	const uses = document.createElement("span");
	uses.className = "uses";
	uses.ariaHidden = "true"; // The description says it.
	uses.textContent = count > 0 ? String(count) : ""; // None for tags that others imply.
	return [marked(name, typed), uses];
}

/**
 * A name with the typed part marked.
 * @param {string} name
 * @param {string} typed
 */
function marked(name, typed) {
	const label = document.createElement("bdi");
	const place = typed ? placeIn(name, typed) : null;
	if (!place) {
		label.textContent = name;
		return label;
	}
	const { start, end } = place;
	const mark = document.createElement("mark");
	mark.textContent = name.slice(start, end);
	label.append(name.slice(0, start), mark, name.slice(end));
	return label;
}
