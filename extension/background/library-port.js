/**
 * The background's side of the library page's port: passes the page's requests on to the host,
 * and sends the page the state of the connection after each change.
 */

import { cureFor } from "./diagnosis.js";
import { HostError, Unreachable } from "./host.js";

/** @import {FromLibrary, LibraryMethod, ToLibrary} from "../shared/messages.js" */

/**
 * The methods that the page may call, and whether they change notes.
 * @type {Readonly<Record<LibraryMethod, boolean>>}
 */
const WRITES = {
	listNotes: false,
	listNoteIds: false,
	searchNotes: false,
	noteForUrl: false,
	editNotes: true,
	editStatus: false,
	cancelEdit: true,
	undoEdit: true,
	updateNote: true,
	changeAddress: true,
	mergeNotes: true,
	settleConflict: true,
	completeTags: false,
	suggestTags: false,
	icons: false,
	suggestForNotes: false,
	searchList: false,
	searchSave: false,
	searchForget: false,
	listArrivals: false,
	keepArrival: true,
	skipArrivals: false,
	unkeepArrival: false,
	unskipArrivals: false,
};

/**
 * @param {chrome.runtime.Port} port
 * @param {object} parts
 * @param {Pick<import("./host.js").Host, "hello" | "trouble" | "request">} parts.host
 * @param {Pick<import("./badge.js").Badge, "written">} parts.badge
 * @param {Promise<unknown>} parts.ready
 * @param {() => void} parts.tryHost
 * @param {Set<() => void>} parts.watchers Called after each change.
 */
export function serveLibrary(port, { host, badge, ready, tryHost, watchers }) {
	let isOpen = true;
	/** @param {ToLibrary} message */
	const post = (message) => {
		if (isOpen) port.postMessage(message);
	};
	const show = () => {
		const { hello, trouble } = host;
		const cure = trouble && cureFor(trouble);
		post({ status: { hello, trouble, cure, hindrance: null } });
	};

	/** @param {FromLibrary} message */
	const act = async (message) => {
		if ("do" in message) {
			tryHost();
			return;
		}
		const { turn, method, params } = message;
		if (!Object.hasOwn(WRITES, method)) return;
		try {
			const result = await host.request(method, /** @type {any} */ (params));
			if (WRITES[method]) badge.written(method);
			post({ turn, result });
		} catch (error) {
			post({ turn, refusal: refusalOf(error) });
		}
	};

	watchers.add(show);
	port.onMessage.addListener((message) => void ready.then(() => act(message)));
	port.onDisconnect.addListener(() => {
		isOpen = false;
		watchers.delete(show);
	});
	void ready.then(show);
}

/**
 * @param {unknown} error
 * @returns {import("../shared/messages.js").LibraryRefusal}
 */
function refusalOf(error) {
	if (error instanceof HostError) return { kind: error.kind, message: error.message };
	const message = error instanceof Error ? error.message : String(error);
	if (!(error instanceof Unreachable)) return { kind: "internal", message };
	return { kind: "unreachable", message, cause: error.reason };
}
