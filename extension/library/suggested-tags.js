/**
 * Suggestions for the selected notes: tags of the user's own that suit several of them, to be added
 * to all of these or to those that the user chooses.
 */

import { announce } from "../shared/elements.js";
import { say } from "../shared/i18n.js";
import { button, make } from "./dialogs.js";
import { counted, number } from "./results.js";

/** @import {Fitting} from "./fitting-tags.js" */

/**
 * What became of a change: a sentence, and the id of the edit if it can be undone.
 * @typedef {{sentence: string, edit: number | null}} Done
 */

/**
 * The block of suggestions in the tag dialog. It has its space before the suggestions arrive.
 * @param {object} parts
 * @param {number} parts.of Number of notes that tags are suggested for.
 * @param {(id: number) => string} parts.nameOf
 * @param {(tag: string, ids: number[]) => Promise<Done>} parts.add
 * @param {(edit: number, n: number) => Promise<Done>} parts.undo
 */
export function suggestionBlock({ of, nameOf, add, undo }) {
	const heading = make("h3", { text: say("suggestionsLabel") });
	const list = make("ul", {});
	const block = make("section", { id: "suggested" }, heading, list);
	heading.hidden = true;

	/** @param {Fitting[]} tags */
	const offer = (tags) => {
		heading.hidden = tags.length === 0;
		list.replaceChildren(...tags.map(suggestion));
		if (tags.length > 0)
			announce(tags.map(({ tag, ids }) => sentence(tag, ids.length)).join(" "));
	};

	/**
	 * @param {string} tag
	 * @param {number} n
	 */
	const sentence = (tag, n) =>
		of === 1 ? say("tagFitsOne", tag) : say("tagFits", tag, number(n), number(of));

	/**
	 * @param {Fitting} fitting
	 * @param {number} place
	 */
	const suggestion = ({ tag, ids }, place) => {
		/** @type {number | null} */
		let edit = null;
		let isBusy = false;
		const boxes = ids.map((id) => {
			const box = make("input", {});
			box.type = "checkbox";
			box.checked = true;
			box.value = String(id);
			box.addEventListener("change", () => draw());
			return box;
		});
		const chosen = () =>
			boxes.filter(({ checked }) => checked).map(({ value }) => Number(value));
		const text = make("span", { className: "fits", text: sentence(tag, ids.length) });
		text.id = `fits-${place}`;
		const status = make("span", { className: "done" });
		status.role = "status";
		const addButton = button("", async () => {
			const ids = chosen();
			if (isBusy || ids.length === 0) return;
			isBusy = true;
			draw();
			const done = await (edit === null ? add(tag, ids) : undo(edit, ids.length));
			edit = done.edit;
			status.textContent = done.sentence;
			isBusy = false;
			draw();
		});
		const choose = button(say("chooseNotes"), () => {
			choices.hidden = !choices.hidden;
			draw();
		});
		for (const made of [addButton, choose])
			made.setAttribute("aria-describedby", text.id);
		const choices = make(
			"ul",
			{ className: "choices" },
			...boxes.map((box) => {
				const name = make("bdi", { text: nameOf(Number(box.value)) });
				return make("li", {}, make("label", { className: "check" }, box, name));
			}),
		);
		choices.hidden = true;
		const draw = () => {
			const n = chosen().length;
			const isAdded = edit !== null;
			addButton.textContent = isAdded
				? say("undo")
				: counted(n, "addToNotes_one", "addToNotes_many");
			addButton.ariaDisabled = String(isBusy || n === 0);
			choose.hidden = isAdded;
			choices.hidden ||= isAdded;
			choose.ariaExpanded = String(!choices.hidden);
		};
		draw();
		const row = make("li", {}, text, addButton, choose, status, choices);
		row.dataset.tag = tag;
		return row;
	};
	return { block, offer };
}
