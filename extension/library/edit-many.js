/**
 * Changes of many notes at once: sends them, waits for long ones, and takes them back. Each is a
 * single operation of the host, which changes all of the notes or none.
 */

import { Refused } from "./connection.js";

/** @import {EditNotesParams, EditResult} from "../protocol.js" */
/** @import {Connection} from "./connection.js" */

/** How often the page asks how far a long edit is, in milliseconds. */
const ASK_MS = 300;

/**
 * What is changed.
 * @typedef {Pick<EditNotesParams, "addTags" | "removeTags" | "read" | "delete" | "restore">} Change
 */

/**
 * The notes to change: these, or those that a query finds.
 * @typedef {{ids: number[]} | {query: string, count: number}} Target
 */

/** @param {Target} target */
export const countOf = (target) => ("ids" in target ? target.ids.length : target.count);

/** An operation that can be sent again if nobody answered: the host does it once. */
export class Operation {
	/** @type {() => Promise<EditResult>} */ #send;
	/** @type {Connection} */ #connection;
	/** @type {EditResult | null} */ #last = null;

	/**
	 * Called with how far a long edit is.
	 * @type {(result: EditResult) => void}
	 */
	onProgress = () => {};

	/**
	 * @param {Connection} connection
	 * @param {() => Promise<EditResult>} send
	 */
	constructor(connection, send) {
		this.#connection = connection;
		this.#send = send;
	}

	/**
	 * @param {Connection} connection
	 * @param {Target} target
	 * @param {Change} change
	 */
	static edit(connection, target, change) {
		const notes = "ids" in target ? { ids: target.ids } : { query: target.query };
		const params = /** @type {EditNotesParams} */ ({
			opId: crypto.randomUUID(),
			...notes,
			expectedCount: countOf(target),
			...change,
		});
		return new Operation(connection, () => connection.call("editNotes", params));
	}

	/**
	 * @param {Connection} connection
	 * @param {number} edit
	 */
	static undo(connection, edit) {
		const params = { opId: crypto.randomUUID(), edit };
		return new Operation(connection, () => connection.call("undoEdit", params));
	}

	/**
	 * Sends the operation, or sends it again, and waits until it is finished.
	 * Rejects with {@link Refused}.
	 * @returns {Promise<EditResult>}
	 */
	async run() {
		let result = await this.#send();
		while (result.state === "running" || result.state === "undoing") {
			this.#last = result;
			this.onProgress(result);
			await new Promise((resolve) => setTimeout(resolve, ASK_MS));
			if (result.edit === null) break;
			result = await this.#connection.call("editStatus", { edit: result.edit });
		}
		this.#last = result;
		return result;
	}

	/** Cancels a long edit: the notes get back what they had. `run` resolves then. */
	async cancel() {
		const edit = this.#last?.edit;
		if (edit === null || edit === undefined) return;
		await this.#connection.call("cancelEdit", { edit });
	}
}

/**
 * Whether an operation may have been done, although it failed here.
 * @param {unknown} error
 */
export const isUnknown = (error) =>
	error instanceof Refused && error.kind === "unreachable";
