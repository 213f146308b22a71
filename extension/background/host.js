/**
 * The connection to the native messaging host: one port, requests and their
 * answers, and what is wrong when there is none. The one module that names
 * native messaging.
 *
 * It neither repeats nor remembers a request: what has to survive a broken
 * port is the outbox's, when to try again is `retry.js`.
 */

import { browser } from "../shared/browser.js";
import { diagnose } from "./diagnosis.js";

/** @import {Cause} from "../shared/messages.js" */

/**
 * @typedef {import("../protocol.js").Methods} Methods
 * @typedef {import("../protocol.js").ErrorKind} ErrorKind
 * @typedef {import("../protocol.js").HelloResult} HelloResult
 */

/**
 * A port as this module uses it.
 * @typedef {object} NativePort
 * @property {(message: object) => void} post Throws where the port is closed.
 * @property {() => void} close
 * @property {(listener: (message: unknown) => void) => void} onMessage
 * @property {(listener: (reason: string | null) => void) => void} onClose
 *   Called with what the browser says, also where the port never opened.
 */

/** Name under which the host is registered with the browser. */
export const HOST_NAME = "url_notes";

/** Version of the messages that this extension speaks. */
export const PROTOCOL = 1;

/** A host that hasn't greeted by then has gone astray. */
const HELLO_WITHIN_MS = 10_000;

/** Longer than the longest wait of the host for a busy database. */
const ANSWER_WITHIN_MS = 60_000;

/** The host's own refusal. Code branches on `kind` alone. */
export class HostError extends Error {
	/**
	 * @param {ErrorKind} kind
	 * @param {string} message One sentence for the user.
	 */
	constructor(kind, message) {
		super(message);
		this.name = "HostError";
		this.kind = kind;
	}
}

/** There is no answer, since there is no host. */
export class Unreachable extends Error {
	/** @param {Cause} reason */
	constructor(reason) {
		super(`The host can't be reached: ${reason}`);
		this.name = "Unreachable";
		this.reason = reason;
	}
}

/**
 * A request as it goes over the wire.
 * @template {keyof Methods} M
 * @param {number} id
 * @param {M} method
 * @param {Methods[M]["params"]} params
 */
export function requestMessage(id, method, params) {
	return { jsonrpc: "2.0", id, method, params };
}

/**
 * What a message from the host answers, or null where it is no answer at all.
 * @param {unknown} message
 * @returns {{id: unknown, result: object} | {id: unknown, error: HostError} | null}
 */
export function readAnswer(message) {
	if (!isRecord(message) || message.jsonrpc !== "2.0" || !("id" in message)) return null;
	const { id, result, error } = message;
	if (isRecord(result) && error === undefined) return { id, result };
	if (!isRecord(error) || !isRecord(error.data) || typeof error.data.kind !== "string")
		return null;
	const kind = /** @type {ErrorKind} */ (error.data.kind);
	return { id, error: new HostError(kind, String(error.message)) };
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isRecord(value) {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Opens a real port. What goes wrong is told through `onClose`.
 * @returns {NativePort}
 */
export function openNativePort() {
	const port = browser.runtime.connectNative(HOST_NAME);
	return {
		post: (message) => port.postMessage(message),
		close: () => port.disconnect(),
		onMessage: (listener) => port.onMessage.addListener(listener),
		onClose: (listener) =>
			port.onDisconnect.addListener(() => {
				// Firefox tells the reason on the port, Chromium in lastError.
				const { error } = /** @type {{error?: {message?: string} | null}} */ (port);
				listener(error?.message ?? browser.runtime.lastError?.message ?? null);
			}),
	};
}

/**
 * @typedef {object} Asked
 * @property {ReturnType<typeof requestMessage>} message
 * @property {(result: any) => void} resolve The asker knows the method's result.
 * @property {(error: Error) => void} reject
 * @property {ReturnType<typeof setTimeout>} [timer] Runs from the moment of sending.
 */

/** The host as the rest of the extension sees it. */
export class Host {
	/** @type {() => NativePort} */ #openPort;
	/** @type {string} */ #extension;
	/** @type {NativePort | null} */ #port = null;
	/** @type {HelloResult | null} */ #hello = null;
	/** @type {Cause | null} */ #trouble = null;
	/** @type {Map<number, Asked>} Sent, not answered. */ #asked = new Map();
	/** @type {Asked[]} To be sent after the greeting. */ #held = [];
	#lastId = 0;

	/** Called whenever `hello` or `trouble` have changed. */
	onChange = () => {};

	/**
	 * @param {object} options
	 * @param {string} options.extension Version of this extension.
	 * @param {() => NativePort} [options.openPort]
	 */
	constructor({ extension, openPort = openNativePort }) {
		this.#extension = extension;
		this.#openPort = openPort;
	}

	/** The host's greeting while the port is open and greeted, else null. */
	get hello() {
		return this.#hello;
	}

	/** Why the last attempt failed; null before the first and after a good one. */
	get trouble() {
		return this.#trouble;
	}

	/** Opens the port unless there is one. */
	connect() {
		if (this.#port) return;
		/** @type {NativePort} */
		let port;
		try {
			port = this.#openPort();
		} catch (error) {
			this.#end(null, diagnose(String(error), false));
			return;
		}
		this.#port = port;
		port.onMessage((message) => {
			if (port === this.#port) this.#receive(port, message);
		});
		port.onClose((reason) => {
			if (port === this.#port) this.#end(port, diagnose(reason, this.#hello !== null));
		});
		this.#greet(port);
	}

	/**
	 * Asks the host, connecting first where need be.
	 * Rejects with {@link HostError} or {@link Unreachable}, nothing else.
	 * @template {keyof Methods} M
	 * @param {M} method
	 * @param {Methods[M]["params"]} params
	 * @returns {Promise<Methods[M]["result"]>}
	 */
	request(method, params) {
		this.connect();
		return new Promise((resolve, reject) => {
			const asked = {
				message: requestMessage(++this.#lastId, method, params),
				resolve,
				reject,
			};
			if (this.#port === null)
				reject(new Unreachable(this.#trouble ?? "program_crashed"));
			else if (this.#hello === null) this.#held.push(asked);
			else this.#post(this.#port, asked, ANSWER_WITHIN_MS);
		});
	}

	/**
	 * Asks again what may have changed since the port was opened, such as who has the site's
	 * port: a host that has just started doesn't know yet.
	 */
	refreshHello() {
		if (this.#port && this.#hello) this.#greet(this.#port, ANSWER_WITHIN_MS);
	}

	/**
	 * @param {NativePort} port
	 * @param {number} [within]
	 */
	#greet(port, within = HELLO_WITHIN_MS) {
		const params = { protocol: PROTOCOL, extension: this.#extension };
		const message = requestMessage(++this.#lastId, "hello", params);
		/** @param {HelloResult} hello */
		const resolve = (hello) => {
			if (hello.protocol !== PROTOCOL) {
				this.#drop(port, hello.protocol < PROTOCOL ? "host_too_old" : "host_too_new");
				return;
			}
			this.#hello = hello;
			this.#trouble = null;
			for (const asked of this.#held.splice(0)) this.#post(port, asked, ANSWER_WITHIN_MS);
			this.onChange();
		};
		/** @param {Error} error */
		const reject = (error) => {
			if (!(error instanceof HostError)) return; // The port's end has said it already.
			// A host that knows no `hello` is older than this protocol; one that no
			// longer speaks it is newer.
			this.#drop(
				port,
				error.kind === "protocol_unsupported" ? "host_too_new" : "host_too_old",
			);
		};
		this.#post(port, { message, resolve, reject }, within);
	}

	/**
	 * @param {NativePort} port
	 * @param {Asked} asked
	 * @param {number} within
	 */
	#post(port, asked, within) {
		if (port !== this.#port) {
			// The port broke while the requests before this one were being sent.
			asked.reject(new Unreachable(this.#trouble ?? "program_ended"));
			return;
		}
		this.#asked.set(asked.message.id, asked);
		asked.timer = setTimeout(() => this.#drop(port, "program_silent"), within);
		try {
			port.post(asked.message);
		} catch {
			// Closed already, and its onClose is on the way or never comes.
			this.#drop(port, this.#hello ? "program_ended" : "program_crashed");
		}
	}

	/**
	 * @param {NativePort} port
	 * @param {unknown} message
	 */
	#receive(port, message) {
		const answer = readAnswer(message);
		if (!answer) {
			this.#drop(port, "program_garbled");
			return;
		}
		const asked = this.#asked.get(/** @type {number} */ (answer.id));
		if (!asked) return; // An answer to nobody harms nobody.
		this.#asked.delete(/** @type {number} */ (answer.id));
		clearTimeout(asked.timer);
		if ("error" in answer) asked.reject(answer.error);
		else asked.resolve(answer.result);
	}

	/**
	 * Closes the port from this side.
	 * @param {NativePort} port
	 * @param {Cause} cause
	 */
	#drop(port, cause) {
		if (port !== this.#port) return;
		port.close();
		this.#end(port, cause);
	}

	/**
	 * @param {NativePort | null} port
	 * @param {Cause} cause
	 */
	#end(port, cause) {
		if (port !== this.#port) return;
		this.#port = null;
		this.#hello = null;
		this.#trouble = cause;
		const unanswered = [...this.#asked.values(), ...this.#held.splice(0)];
		this.#asked.clear();
		for (const asked of unanswered) {
			clearTimeout(asked.timer);
			asked.reject(new Unreachable(cause));
		}
		this.onChange();
	}
}
