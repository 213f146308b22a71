/**
 * The connection to the native messaging host: one port, requests and responses, and the cause
 * if there is no connection. The only module that uses native messaging.
 *
 * It neither repeats nor stores requests: `outbox.js` keeps what must survive a broken port,
 * and `retry.js` decides when to try again.
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
 * @property {(message: object) => void} post Throws if the port is closed.
 * @property {() => void} close
 * @property {(listener: (message: unknown) => void) => void} onMessage
 * @property {(listener: (reason: string | null) => void) => void} onClose
 *   Called with the browser's error text, also if the port never opened.
 */

/** Name under which the host is registered with browsers. */
export const HOST_NAME = "url_notes";

/** Version of the protocol that this extension uses. */
export const PROTOCOL = 1;

/** The host must answer `hello` within this time. */
const HELLO_WITHIN_MS = 10_000;

/** The host must answer other requests within this time, which is longer than it ever waits
 * for a busy database. */
const ANSWER_WITHIN_MS = 60_000;

/** An error that the host responded with. Code branches on `kind` alone. */
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

/** There is no response, because the host can't be reached. */
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
 * Reads a response of the host. Null if the message isn't a response.
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
 * Opens a port to the host. Errors are reported through `onClose`.
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
				// Firefox sets the error on the port, Chromium in `lastError`.
				const { error } = /** @type {{error?: {message?: string} | null}} */ (port);
				listener(error?.message ?? browser.runtime.lastError?.message ?? null);
			}),
	};
}

/**
 * A request without a response.
 * @typedef {object} PendingRequest
 * @property {ReturnType<typeof requestMessage>} message
 * @property {(result: any) => void} resolve With the result of the method.
 * @property {(error: Error) => void} reject
 * @property {ReturnType<typeof setTimeout>} [timer] Starts when the request is sent.
 */

/** The host, for the rest of the extension. */
export class Host {
	/** @type {() => NativePort} */ #openPort;
	/** @type {string} */ #extension;
	/** @type {NativePort | null} */ #port = null;
	/** @type {HelloResult | null} */ #hello = null;
	/** @type {Cause | null} */ #trouble = null;
	/** @type {Map<number, PendingRequest>} Sent and not answered, by id. */ #pending =
		new Map();
	/** @type {PendingRequest[]} To be sent once the host has answered `hello`. */ #queued =
		[];
	#lastId = 0;

	/** Called when `hello` or `trouble` has changed. */
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

	/** The host's response to `hello` while it is connected, else null. */
	get hello() {
		return this.#hello;
	}

	/** Why the last attempt to connect failed; null before the first and after a success. */
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
		this.#sendHello(port);
	}

	/**
	 * Sends a request, and connects first if necessary.
	 * Rejects only with {@link HostError} or {@link Unreachable}.
	 * @template {keyof Methods} M
	 * @param {M} method
	 * @param {Methods[M]["params"]} params
	 * @returns {Promise<Methods[M]["result"]>}
	 */
	request(method, params) {
		this.connect();
		return new Promise((resolve, reject) => {
			const request = {
				message: requestMessage(++this.#lastId, method, params),
				resolve,
				reject,
			};
			if (this.#port === null)
				reject(new Unreachable(this.#trouble ?? "program_crashed"));
			else if (this.#hello === null) this.#queued.push(request);
			else this.#post(this.#port, request, ANSWER_WITHIN_MS);
		});
	}

	/**
	 * Sends `hello` again: its result may have changed since the port was opened. For instance,
	 * a host that has just started doesn't know yet which program owns the site's port.
	 */
	refreshHello() {
		if (this.#port && this.#hello) this.#sendHello(this.#port, ANSWER_WITHIN_MS);
	}

	/**
	 * @param {NativePort} port
	 * @param {number} [within] Time for the response, in ms.
	 */
	#sendHello(port, within = HELLO_WITHIN_MS) {
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
			for (const request of this.#queued.splice(0))
				this.#post(port, request, ANSWER_WITHIN_MS);
			this.onChange();
		};
		/** @param {Error} error */
		const reject = (error) => {
			if (!(error instanceof HostError)) return; // `#end` has set the cause.
			// A host without `hello` is older than this protocol. One that no longer supports
			// it is newer.
			this.#drop(
				port,
				error.kind === "protocol_unsupported" ? "host_too_new" : "host_too_old",
			);
		};
		this.#post(port, { message, resolve, reject }, within);
	}

	/**
	 * @param {NativePort} port
	 * @param {PendingRequest} request
	 * @param {number} within Time for the response, in ms.
	 */
	#post(port, request, within) {
		if (port !== this.#port) {
			// The port was closed while earlier requests were being sent.
			request.reject(new Unreachable(this.#trouble ?? "program_ended"));
			return;
		}
		this.#pending.set(request.message.id, request);
		request.timer = setTimeout(() => this.#drop(port, "program_silent"), within);
		try {
			port.post(request.message);
		} catch {
			// The port is closed. Its `onClose` may come later or never.
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
		const request = this.#pending.get(/** @type {number} */ (answer.id));
		if (!request) return; // A response to an unknown request is ignored.
		this.#pending.delete(/** @type {number} */ (answer.id));
		clearTimeout(request.timer);
		if ("error" in answer) request.reject(answer.error);
		else request.resolve(answer.result);
	}

	/**
	 * Closes the port.
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
		const unanswered = [...this.#pending.values(), ...this.#queued.splice(0)];
		this.#pending.clear();
		for (const request of unanswered) {
			clearTimeout(request.timer);
			request.reject(new Unreachable(cause));
		}
		this.onChange();
	}
}
