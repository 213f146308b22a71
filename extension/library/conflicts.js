/**
 * What several devices wrote about a note at the same time, in its dialog: other titles and texts, and
 * the buttons that choose one.
 */

import { ago } from "../shared/dates.js";
import { announce } from "../shared/elements.js";
import { language, say } from "../shared/i18n.js";
import { Refused } from "./connection.js";
import { button, confirms, make } from "./dialogs.js";

/** @import {Alternative, Note, NoteConflicts, SettleConflictParams} from "../protocol.js" */
/** @typedef {Pick<SettleConflictParams, "keep" | "title" | "text">} Choice */
/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */

/** The blocks of a dialog, with the fields that they belong to. */
export class Conflicts {
	#connection;
	#note;
	/** Called after a choice, with the note as it is now. @type {(note: Note) => void} */
	onSettled = () => {};
	/** Called if a choice failed. @type {(error: Refused) => void} */
	onProblem = () => {};

	/**
	 * @param {import("./connection.js").Connection} connection
	 * @param {number} note Its id.
	 */
	constructor(connection, note) {
		this.#connection = connection;
		this.#note = note;
	}

	/**
	 * The block for one field; nothing if it has no alternatives.
	 * @param {"title" | "text"} kind
	 * @param {NoteConflicts | undefined} conflicts
	 * @param {Field} field
	 * @param {() => boolean} isChanged Whether the user has typed in the field.
	 * @returns {HTMLElement[]}
	 */
	block(kind, conflicts, field, isChanged) {
		const others = conflicts?.[kind === "title" ? "titles" : "texts"] ?? [];
		if (others.length === 0) return [];
		const heading = make("h3", { id: `others-${kind}`, text: say(`others_${kind}`) });
		const block = make("section", { className: "others" }, heading);
		block.setAttribute("aria-labelledby", heading.id);
		const choose = (/** @type {Choice} */ choice) => {
			const opId = crypto.randomUUID();
			return async () => {
				const buttons = block.querySelectorAll("button");
				if ([...buttons].some(({ ariaDisabled }) => ariaDisabled === "true")) return;
				if (
					!choice.keep &&
					isChanged() &&
					!(await confirms(say("replaceTyped"), say("replace")))
				)
					return;
				for (const other of buttons) other.ariaDisabled = "true";
				if (!(await this.#settle({ opId, ...choice }))) {
					for (const other of buttons) other.ariaDisabled = null;
					return;
				}
				block.remove();
				field.focus();
			};
		};
		const taken = (/** @type {Alternative} */ { text }) =>
			kind === "title" ? { title: text } : { text };
		for (const [place, other] of others.entries()) {
			const value = make(kind === "title" ? "bdi" : "blockquote", { text: other.text });
			value.id = `other-${kind}-${place}`;
			value.dir = "auto";
			const take = button(say(`take_${kind}`), choose(taken(other)));
			take.setAttribute("aria-describedby", value.id);
			const when = ago(other.writtenAt, Date.now(), language()) ?? say("justNow");
			block.append(
				make(
					"div",
					{ className: "other" },
					value,
					make("span", { className: "hint", text: when }),
					take,
				),
			);
		}
		if (conflicts?.more)
			block.append(
				make("p", { className: "hint", text: say("othersTooLong", conflicts.more) }),
			);
		block.append(button(say(`keep_${kind}`), choose({ keep: kind })));
		return [block];
	}

	/**
	 * @param {Choice & {opId: string}} choice
	 * @returns {Promise<boolean>} Whether it was carried out.
	 */
	async #settle(choice) {
		try {
			const params = { id: this.#note, ...choice };
			const { note } = await this.#connection.call("settleConflict", params);
			announce(say("conflictSettled"));
			this.onSettled(note);
			return true;
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			this.onProblem(error);
			return false;
		}
	}
}
