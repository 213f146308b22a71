/**
 * The background's side of the port of the page that saves all tabs of a window: saves the tabs
 * that the page sends, and reports how many were saved after each answer.
 */

import { savableUrl } from "../shared/tab.js";
import { BackgroundSaves } from "./background-save.js";
import { cureFor } from "./diagnosis.js";
import { ownPages } from "./own-site.js";

/** @import {FromWindow, WindowSummary} from "../shared/messages.js" */

/** How long saves wait for the tags that existing notes have, in milliseconds. */
const WAIT_MS = 1000;

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
	let isOpen = true;
	const show = () => {
		if (!batch || !isOpen) return;
		const { trouble } = host;
		/** @type {WindowSummary} */
		const summary = {
			...BackgroundSaves.summary(batch),
			trouble,
			cure: trouble && cureFor(trouble),
			hindrance: outbox.trouble?.message ?? null,
			siteUrl: host.hello?.siteUrl ?? null,
		};
		port.postMessage(summary);
	};
	watchers.add(show);
	/**
	 * The tags of the notes that these pages have already, by id; none if the host is away or
	 * takes long: no save waits for them.
	 * @param {import("./background-save.js").PageToSave[]} pages
	 */
	const tagsBefore = async (pages) => {
		const urls = pages.map(({ url }) => savableUrl(url)).filter((url) => url !== null);
		const found = await Promise.all(
			urls.map((url) => host.request("noteForUrl", { url }).catch(() => null)),
		);
		const notes = found.map((answer) => answer?.note).filter((note) => note != null);
		return new Map(notes.map(({ id, tags }) => [id, tags]));
	};
	port.onMessage.addListener(async (/** @type {FromWindow} */ message) => {
		await ready;
		if (message.do === "undo") {
			if (batch) backgroundSaves.undo(batch);
			return;
		}
		const { pages, tags } = message;
		/** @type {Promise<Map<number, string[]>>} */
		const tooLate = new Promise((resolve) => setTimeout(resolve, WAIT_MS, new Map()));
		const [before, own] = await Promise.all([
			Promise.race([tagsBefore(pages), tooLate]),
			ownPages(pages, host),
		]);
		batch = backgroundSaves.saveAll(pages, tags, show, before, own);
		if (isOpen) show();
		else backgroundSaves.forget(batch);
	});
	port.onDisconnect.addListener(() => {
		isOpen = false;
		watchers.delete(show);
		if (batch) backgroundSaves.forget(batch);
	});
}
