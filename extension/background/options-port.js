/**
 * The background's side of the port of settings and welcome page: sends the state of the
 * connection and the outbox after each change, and handles the user's requests.
 */

import { cureFor } from "./diagnosis.js";

/** @import {FromOptions, Overview} from "../shared/messages.js" */

/**
 * @param {chrome.runtime.Port} port
 * @param {object} parts
 * @param {import("./page-session.js").Pages} parts.pages
 * @param {import("./outbox.js").Outbox} parts.outbox
 * @param {import("./host.js").Host} parts.host
 * @param {import("./storage-queue.js").StorageQueue} parts.queue
 * @param {import("./text-rules.js").TextRules} parts.textRules
 * @param {Promise<void>} parts.ready
 * @param {() => void} parts.tryHost
 * @param {Set<() => void>} parts.watchers Called after each change.
 */
export function serveOptions(
	port,
	{ pages, outbox, host, queue, textRules, ready, tryHost, watchers },
) {
	/** @type {Overview["counts"]} */
	let counts = null;

	const show = () => {
		/** @type {Overview} */
		const overview = {
			hello: host.hello,
			trouble: host.trouble,
			cure: host.trouble && cureFor(host.trouble),
			hindrance: outbox.trouble?.message ?? null,
			entries: outbox.entries,
			drafts: pages.drafts(),
			counts,
			unkept: queue.full,
			sitesWithoutText: textRules.sites,
		};
		port.postMessage(overview);
	};

	/** @param {FromOptions} message */
	const act = async (message) => {
		switch (message.do) {
			case "check":
				// The result of `hello` is as old as the port.
				host.refreshHello();
				counts = await host.request("stats", {}).then(
					({ notes, tags }) => ({ notes, tags }),
					() => null,
				);
				void outbox.deliver();
				show();
				return;
			case "try":
				tryHost();
				return;
			case "retry":
				outbox.retry(message.opId);
				tryHost();
				return;
			case "discard":
				outbox.discard(message.opId);
				return;
			case "discardDraft":
				pages.discardDraft(message.url);
				show();
				return;
			case "allowText":
				textRules.change(message.site, false);
				show();
		}
	};

	watchers.add(show);
	port.onMessage.addListener((message) => void ready.then(() => act(message)));
	port.onDisconnect.addListener(() => watchers.delete(show));
	void ready.then(show);
}
