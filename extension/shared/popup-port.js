/**
 * What the popup and the background say to each other: the popup tells what
 * the user does, the background shows the page's view after each change.
 */

import { HostError } from "./host.js";
import { savableUrl } from "./tab.js";
import { fit, LIMITS } from "./text.js";

/**
 * @typedef {import("./pages.js").View} View
 * @typedef {import("./pages.js").Known} Known
 * @typedef {import("./edits.js").Edits} Edits
 * @typedef {import("../protocol.js").SuggestedTag} SuggestedTag
 * @typedef {{name: string, count: number}} TagCount
 */

/**
 * @typedef {{do: "open", tab: import("./pages.js").Tab}
 *   | {do: "reopen", tab: import("./pages.js").Tab, known: Known, revision: number}
 *   | {do: "edit", edits: Edits, revision: number, turn: number}
 *   | {do: "save"} | {do: "undo"} | {do: "delete"} | {do: "tryHost"}
 *   | {do: "lookAround", turn: number}
 *   | {do: "complete", text: string, exclude: string[], turn: number}
 *   | {do: "suggest", title: string, text: string, tags: string[], dismissed: string[],
 *      turn: number}
 *   | {do: "preview", text: string, turn: number}} FromPopup
 */

/**
 * `turn` is that of the last edit, or of what was asked for:
 * the popup has moved on where it isn't its own last one.
 * @typedef {{view: View, turn: number} | {tags: TagCount[], turn: number}
 *   | {suggestions: SuggestedTag[], turn: number} | {around: Around, turn: number}
 *   | {preview: Preview, turn: number} | {tried: true}} ToPopup `tried`: the host was asked again, and it is known what came of it.
 */

/**
 * Other notes that have to do with the page.
 * @typedef {object} Around
 * @property {number} onThisSite How many notes of its web site there are, its own included.
 * @property {{id: number, url: string} | null} elsewhere The note of the address by which
 *   the page wants to be known, where that is another one.
 */

/**
 * A note as the host renders it.
 * @typedef {object} Preview
 * @property {import("../protocol.js").MarkdownNode[] | null} nodes Null where it wasn't rendered.
 * @property {boolean} outdated Whether that is since the host is older than this extension.
 */

export const POPUP_PORT = "popup";

/** As many as fit under the field without scrolling. */
const COMPLETIONS = 6;

/**
 * Connects a popup with its page.
 * @param {chrome.runtime.Port} port
 * @param {object} parts
 * @param {import("./pages.js").Pages} parts.pages
 * @param {import("./refusals.js").Refusals} parts.refusals
 * @param {import("./host.js").Host} parts.host
 * @param {Promise<void>} parts.ready
 * @param {() => void} parts.tryHost
 * @param {() => Promise<import("./pages.js").Tab>} parts.activeTab
 * @param {typeof import("./tab.js").watchTitle} [parts.watchTitle]
 */
export function servePopup(
	port,
	{ pages, refusals, host, ready, tryHost, activeTab, watchTitle },
) {
	/**
	 * Of the page: empty until the popup has told its tab, null where it can't be saved.
	 * @type {string | null}
	 */
	let url = "";
	/** @type {(FromPopup & {do: "edit"}) | null} Typed before the popup knew its own tab. */
	let early = null;
	let turn = 0;
	let lastShown = "";
	let open = true;
	/** Ends the watch over the title of the tab. */
	let unwatch = () => {};
	/** @type {string[]} Suggestions refused in this popup, each of which counts once. */
	let counted = [];

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

	/**
	 * @param {import("./pages.js").Tab} told
	 * @param {(FromPopup & {do: "reopen"}) | null} again
	 */
	const openPage = async (told, again) => {
		url = savableUrl(told.url);
		if (url === null) {
			if (told.tabId !== undefined) pages.intendNot(told.tabId);
			return;
		}
		const tab = { ...told, url, title: fit(told.title, LIMITS.title) };
		if (open && told.tabId !== undefined && watchTitle) {
			const page = url;
			unwatch();
			unwatch = watchTitle(told.tabId, (now) => {
				// Else the tab shows another page by now.
				if (savableUrl(now.url) === page)
					pages.retitle(page, fit(now.title, LIMITS.title));
			});
		}
		if (again) pages.reopen(tab, popup, again.known, again.revision);
		const opened = again ? null : pages.open(tab, popup);
		if (early) edit(early);
		early = null;
		await opened;
		// After the save, which is asked for first.
		host.greetAgain();
	};

	/** @param {FromPopup & {do: "edit"}} message */
	const edit = (message) => {
		turn = message.turn;
		if (url === "") early = message;
		else if (url) pages.edit(url, message.edits, message.revision);
	};

	/** @param {FromPopup} message */
	const act = async (message) => {
		switch (message.do) {
			case "open":
				await openPage(message.tab, null);
				return;
			case "reopen":
				await openPage(message.tab, message);
				return;
			case "edit":
				edit(message);
				return;
			case "save":
				if (url) await pages.save(url);
				return;
			case "undo":
				if (url) pages.remove(url, "undone");
				return;
			case "delete":
				if (url) pages.remove(url, "deleted");
				return;
			case "tryHost": {
				tryHost();
				// Held until the host has greeted; rejected when it can't be reached.
				if (url) await host.request("noteForUrl", { url }).catch(() => null);
				post({ tried: true });
				return;
			}
			case "complete": {
				const { text, exclude } = message;
				const params = { text, exclude, limit: COMPLETIONS };
				// Without the host there are no completions, and the popup says so anyway.
				const found = await host.request("completeTags", params).catch(() => null);
				if (found) post({ tags: found.tags, turn: message.turn });
				return;
			}
			case "preview": {
				const { text } = message;
				const preview = await host.request("renderMarkdown", { text }).then(
					({ nodes }) => ({ nodes, outdated: false }),
					(error) => {
						const kind = error instanceof HostError ? error.kind : null;
						return { nodes: null, outdated: kind === "unknown_method" };
					},
				);
				post({ preview, turn: message.turn });
				return;
			}
			case "lookAround": {
				if (!url) return;
				const look = (/** @type {string} */ address) =>
					host.request("noteForUrl", { url: address }).catch(() => null);
				const canonical = pages.canonical(url);
				const here = await look(url);
				const there = canonical && here ? (await look(canonical))?.note : null;
				const other = there && there.id !== here?.note?.id ? there : null;
				const elsewhere = other && { id: other.id, url: other.url };
				post({
					around: { onThisSite: here?.onThisSite ?? 0, elsewhere },
					turn: message.turn,
				});
				return;
			}
			case "suggest": {
				if (!url) return;
				const { title, text, tags, dismissed } = message;
				refusals.add(
					url,
					dismissed.filter((tag) => !counted.includes(tag)),
				);
				counted = dismissed;
				// Chosen after all, here or elsewhere on the site.
				refusals.forget(url, tags);
				const refused = refusals.of(url, dismissed);
				const says = pages.says(url);
				const params = { url, title, text, tags, dismissed, refused, ...says };
				const suggestions = await host.request("suggestTags", params).then(
					(result) => result.tags,
					// Without the host, or with an older one.
					() => [],
				);
				post({ suggestions, turn: message.turn });
			}
		}
	};

	// Each waits for the same promise, so they are done in the order they came.
	port.onMessage.addListener((message) => void ready.then(() => act(message)));
	port.onDisconnect.addListener(async () => {
		open = false;
		unwatch();
		await ready;
		// Closed before it could tell its tab: the click was a save all the same.
		if (url === "") void openPage(await activeTab(), null);
		if (url) pages.close(url, popup);
	});
}
