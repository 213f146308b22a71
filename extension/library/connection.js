/**
 * The library page's end of its port: requests with their answers, and the state of the
 * connection. Knows nothing of notes.
 */

import { connectToBackground } from "../shared/browser.js";

/**
 * @import {FromLibrary, LibraryMethod, LibraryRefusal, LibraryStatus, Methods,
 *   ToLibrary} from "../shared/messages.js"
 */

/** A request that was refused, or that nobody answered. */
export class Refused extends Error {
	/** @param {LibraryRefusal} refusal */
	constructor({ kind, message, cause }) {
		super(message);
		this.name = "Refused";
		this.kind = kind;
		this.cause = cause;
	}
}

/** The background ended before it answered. */
const LOST = /** @type {LibraryRefusal} */ ({
	kind: "unreachable",
	message: "The background has ended.",
	cause: "program_ended",
});

export class Connection {
	/** @type {chrome.runtime.Port} */ #port;
	/** @type {Map<number, {resolve: (result: any) => void, reject: (error: Refused) => void}>} */
	#pending = new Map();
	#turn = 0;

	/**
	 * Called with the state of the connection at the start and after each change.
	 * @type {(status: LibraryStatus) => void}
	 */
	onStatus = () => {};

	constructor() {
		this.#port = this.#connect();
	}

	/**
	 * Asks the host. Rejects only with {@link Refused}.
	 * @template {LibraryMethod} M
	 * @param {M} method
	 * @param {Methods[M]["params"]} params
	 * @returns {Promise<Methods[M]["result"]>}
	 */
	call(method, params) {
		this.#turn += 1;
		const turn = this.#turn;
		return new Promise((resolve, reject) => {
			this.#pending.set(turn, { resolve, reject });
			this.#send({ turn, method, params });
		});
	}

	/** Tries to reach the host again. */
	tryHost() {
		this.#send({ do: "try" });
	}

	/** @param {FromLibrary} message */
	#send(message) {
		this.#port.postMessage(message);
	}

	#connect() {
		const port = connectToBackground("library");
		port.onMessage.addListener((message) =>
			this.#receive(/** @type {ToLibrary} */ (message)),
		);
		port.onDisconnect.addListener(() => {
			// The browser suspended the background; this starts it again.
			this.#port = this.#connect();
			const lost = [...this.#pending.values()];
			this.#pending.clear();
			for (const { reject } of lost) reject(new Refused(LOST));
		});
		return port;
	}

	/** @param {ToLibrary} message */
	#receive(message) {
		if ("status" in message) {
			this.onStatus(message.status);
			return;
		}
		const request = this.#pending.get(message.turn);
		this.#pending.delete(message.turn);
		if ("result" in message) request?.resolve(message.result);
		else request?.reject(new Refused(message.refusal));
	}
}
