/**
 * The background's side of the port of the page that saves all tabs of a window: saves the tabs
 * that the page sends, and reports how many were saved after each answer.
 */

import { BackgroundSaves } from "./background-save.js";
import { cureFor } from "./diagnosis.js";

/** @import {FromWindow, WindowSummary} from "../shared/messages.js" */

/**
 * @param {chrome.runtime.Port} port
 * @param {object} parts
 * @param {BackgroundSaves} parts.backgroundSaves
 * @param {import("./outbox.js").Outbox} parts.outbox
 * @param {import("./host.js").Host} parts.host
 * @param {Promise<void>} parts.ready
 * @param {Set<() => void>} parts.watchers Called after each change.
 */
export function serveWindow(port, { backgroundSaves, outbox, host, ready, watchers }) {
	/** @type {import("./background-save.js").Batch | null} */
	let batch = null;
	const show = () => {
		if (!batch) return;
		const { trouble } = host;
		/** @type {WindowSummary} */
		const summary = {
			...BackgroundSaves.summary(batch),
			trouble,
			cure: trouble && cureFor(trouble),
			hindrance: outbox.trouble?.message ?? null,
		};
		port.postMessage(summary);
	};
	watchers.add(show);
	port.onMessage.addListener(async (/** @type {FromWindow} */ { pages, tags }) => {
		await ready;
		batch = backgroundSaves.saveAll(pages, tags, show);
		show();
	});
	port.onDisconnect.addListener(() => {
		watchers.delete(show);
		if (batch) backgroundSaves.forget(batch);
	});
}
