/**
 * Carries out edits of many notes, and says what they did, with Undo, or why they failed.
 */

import { say } from "../shared/i18n.js";
import { Refused } from "./connection.js";
import { isUnknown, Operation } from "./edit-many.js";
import { reason } from "./note-dialog.js";
import { notify } from "./notice.js";
import { counted, number, outcome, undoOutcome } from "./results.js";

/** @import {EditResult} from "../protocol.js" */
/** @import {Connection} from "./connection.js" */
/** @import {Change} from "./edit-many.js" */
/** @import {Done} from "./suggested-tags.js" */

export class Edits {
	/** @type {Connection} */ #connection;
	/** @type {(id: number) => string} */ #nameOf;
	/** @type {Map<number, EditResult>} What edits did, by their id. */ #results =
		new Map();

	/**
	 * Called after an edit or an undo, and if notes have changed meanwhile. Null: no change is known.
	 * @type {(change: Change | null) => Promise<void>}
	 */
	onDone = async () => {};

	/**
	 * @param {Connection} connection
	 * @param {(id: number) => string} nameOf
	 */
	constructor(connection, nameOf) {
		this.#connection = connection;
		this.#nameOf = nameOf;
	}

	/**
	 * @param {Operation} operation
	 * @param {Change | null} change Null for an undo.
	 * @param {number} n Number of notes.
	 * @returns {Promise<Done>}
	 */
	async carryOut(operation, change, n) {
		operation.onProgress = ({ changed, restored, state }) => {
			const done = state === "undoing" ? restored : changed;
			notify(say("inProgress", number(done), number(n)), {
				...(change && { cancel: () => void operation.cancel().catch(fail) }),
			});
		};
		try {
			const result = await operation.run();
			const edit = change && result.state === "done" ? result.edit : null;
			let sentence = say("didCancel");
			if (!change) {
				const undone = this.#results.get(result.edit ?? -1);
				sentence = undoOutcome(result, undone, this.#nameOf);
			} else if (result.state !== "undone")
				sentence = outcome(change, result, this.#nameOf);
			if (edit !== null) this.#results.set(edit, result);
			const canUndo = edit !== null && result.changed > 0;
			notify(sentence, {
				...(canUndo && { undo: () => void this.undo(edit, result.changed) }),
			});
			await this.onDone(change);
			return { sentence, edit: canUndo ? edit : null };
		} catch (error) {
			if (isUnknown(error)) {
				const why = error instanceof Refused ? reason(error) : "";
				const sentence = `${counted(n, "allOrNone_one", "allOrNone_many")} ${why}`;
				notify(sentence, { again: () => void this.carryOut(operation, change, n) });
				this.#connection.tryHost();
				return { sentence, edit: null };
			}
			const sentence = fail(error);
			if (error instanceof Refused && error.kind === "selection_changed")
				await this.onDone(null);
			return { sentence, edit: null };
		}
	}

	/**
	 * Takes an edit back.
	 * @param {number} edit
	 * @param {number} n Number of notes.
	 */
	undo(edit, n) {
		return this.carryOut(Operation.undo(this.#connection, edit), null, n);
	}
}

/**
 * Says why something failed.
 * @param {unknown} error
 */
export function fail(error) {
	const sentence = error instanceof Refused ? reason(error) : String(error);
	notify(sentence);
	return sentence;
}
