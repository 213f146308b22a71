/**
 * What the popup and the background say to each other: the popup tells what
 * the user does, the background shows the page's view after each change.
 */

import { savableUrl } from "../shared/tab.js";
import { fit, LIMITS } from "../shared/text.js";
import { HostError } from "./host.js";

/** @import {FromPopup, ToPopup} from "../shared/messages.js" */

/**
 * @typedef {import("../shared/merge.js").Edits} Edits
 * @typedef {import("../protocol.js").SuggestedTag} SuggestedTag
 * @typedef {{name: string, count: number}} TagCount
 */

/** As many as fit under the field without scrolling. */
const COMPLETIONS = 6;

/**
 * Connects a popup with its page.
 * @param {chrome.runtime.Port} port
 * @param {object} parts
 * @param {import("./page-session.js").Pages} parts.pages
 * @param {import("./dismissed-tags.js").DismissedTags} parts.dismissedTags
 * @param {import("./host.js").Host} parts.host
 * @param {Promise<void>} parts.ready
 * @param {() => void} parts.tryHost
 * @param {() => Promise<import("../shared/messages.js").Tab>} parts.activeTab
 * @param {typeof import("../shared/tab.js").watchTitle} [parts.watchTitle]
 * @param {(url?: string) => string | null} [parts.savable] The address to save for a tab.
 */
export function servePopup(
	port,
	{
		pages,
		dismissedTags,
		host,
		ready,
		tryHost,
		activeTab,
		watchTitle,
		savable = savableUrl,
	},
) {
	/**
	 * Of the page: empty until the popup has told its tab, null where it can't be saved.
	 * @type {string | null}
	 */
	let url = "";
	/** Whether user name and password were dropped from it. */
	let stripped = false;
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
	/** @type {import("./popup-view.js").Popup} */
	const popup = {
		show(view) {
			const message = { view, turn, ...(stripped && { stripped }) };
			const shown = JSON.stringify(message);
			if (shown === lastShown) return;
			lastShown = shown;
			post(message);
		},
	};

	/**
	 * @param {import("../shared/messages.js").Tab} told
	 * @param {(FromPopup & {do: "reopen"}) | null} again
	 */
	const openPage = async (told, again) => {
		url = savable(told.url);
		stripped = url !== savableUrl(told.url);
		if (url === null) {
			if (told.tabId !== undefined) pages.cancelRequest(told.tabId);
			return;
		}
		const tab = { ...told, url, title: fit(told.title, LIMITS.title) };
		if (open && told.tabId !== undefined && watchTitle) {
			const page = url;
			unwatch();
			unwatch = watchTitle(told.tabId, (now) => {
				// Else the tab shows another page by now.
				if (savable(now.url) === page) pages.retitle(page, fit(now.title, LIMITS.title));
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
				const canonical = savable(pages.canonical(url));
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
				dismissedTags.add(
					url,
					dismissed.filter((tag) => !counted.includes(tag)),
				);
				counted = dismissed;
				// Chosen after all, here or elsewhere on the site.
				dismissedTags.forget(url, tags);
				const refused = dismissedTags.of(url, dismissed);
				const says = pages.metadata(url);
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
