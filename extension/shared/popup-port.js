/**
 * What the popup and the background say to each other: the popup tells what
 * the user does, the background shows the page's view after each change.
 */

import { savableUrl } from "./capture.js";

/**
 * @typedef {import("./pages.js").View} View
 * @typedef {import("./pages.js").Known} Known
 * @typedef {import("./edits.js").Edits} Edits
 * @typedef {{name: string, count: number}} TagCount
 */

/**
 * @typedef {{do: "open", tab: import("./pages.js").Tab}
 *   | {do: "reopen", tab: import("./pages.js").Tab, known: Known, revision: number}
 *   | {do: "edit", edits: Edits, revision: number, turn: number}
 *   | {do: "save"} | {do: "undo"} | {do: "delete"} | {do: "tryHost"}
 *   | {do: "complete", text: string, exclude: string[], turn: number}} FromPopup
 */

/**
 * `turn` is that of the last edit, or of the completion that was asked for:
 * the popup has moved on where it isn't its own last one.
 * @typedef {{view: View, turn: number} | {tags: TagCount[], turn: number}} ToPopup
 */

export const POPUP_PORT = "popup";

/** As many as fit under the field without scrolling. */
const COMPLETIONS = 6;

/**
 * Connects a popup with its page.
 * @param {chrome.runtime.Port} port
 * @param {object} parts
 * @param {import("./pages.js").Pages} parts.pages
 * @param {import("./host.js").Host} parts.host
 * @param {Promise<void>} parts.ready
 * @param {() => void} parts.tryHost
 */
export function servePopup(port, { pages, host, ready, tryHost }) {
	let url = "";
	let turn = 0;
	let lastShown = "";
	let open = true;

	/** @param {ToPopup} message */
	const post = (message) => {
		if (open) port.postMessage(message);
	};
	/** @type {import("./pages.js").Popup} */
	const popup = {
		show(view) {
			const message = { view, turn };
			const shown = JSON.stringify(message);
			if (shown === lastShown) return;
			lastShown = shown;
			post(message);
		},
	};

	/** @param {FromPopup} message */
	const act = async (message) => {
		switch (message.do) {
			case "open":
			case "reopen": {
				const savable = savableUrl(message.tab.url);
				if (savable === null) return;
				url = savable;
				const tab = { ...message.tab, url };
				if (message.do === "open") await pages.open(tab, popup);
				else pages.reopen(tab, popup, message.known, message.revision);
				return;
			}
			case "edit":
				turn = message.turn;
				pages.edit(url, message.edits, message.revision);
				return;
			case "save":
				await pages.save(url);
				return;
			case "undo":
				pages.remove(url, "undone");
				return;
			case "delete":
				pages.remove(url, "deleted");
				return;
			case "tryHost":
				tryHost();
				return;
			case "complete": {
				const { text, exclude } = message;
				const params = { text, exclude, limit: COMPLETIONS };
				// Without the host there are no completions, and the popup says so anyway.
				const tags = await host.request("completeTags", params).then(
					(result) => result.tags,
					() => [],
				);
				post({ tags, turn: message.turn });
			}
		}
	};

	// Each waits for the same promise, so they are done in the order they came.
	port.onMessage.addListener((message) => void ready.then(() => act(message)));
	port.onDisconnect.addListener(() => {
		open = false;
		void ready.then(() => pages.close(url, popup));
	});
}
