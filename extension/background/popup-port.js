/**
 * The background's side of the popup's port: handles what the user does in the popup, and
 * sends it the page's view after each change.
 */

import { savableUrl } from "../shared/tab.js";
import { fit, LIMITS } from "../shared/text.js";
import { HostError } from "./host.js";
import { markQuotes } from "./mark-quotes.js";
import { searchFor } from "./note-search.js";
import { isMaybeOwn, ownPage } from "./own-site.js";

/** @import {FromPopup, ToPopup} from "../shared/messages.js" */

/**
 * @typedef {import("../shared/merge.js").Edits} Edits
 * @typedef {import("../protocol.js").SuggestedTag} SuggestedTag
 * @typedef {{name: string, count: number}} TagCount
 */

/** Completions that fit below the field without scrolling, with the row that creates a tag. */
const COMPLETIONS = 5;

/**
 * Handles the messages of one popup until its port closes.
 * @param {chrome.runtime.Port} port
 * @param {object} parts
 * @param {import("./page-session.js").Pages} parts.pages
 * @param {import("./dismissed-tags.js").DismissedTags} parts.dismissedTags
 * @param {import("./text-saves.js").TextSaves} parts.textSaves
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
		textSaves,
		host,
		ready,
		tryHost,
		activeTab,
		watchTitle,
		savable = savableUrl,
	},
) {
	/**
	 * URL of the page: empty until the popup has sent its tab, null if it can't be saved.
	 * @type {string | null}
	 */
	let url = "";
	/** Whether user name and password were removed from it. */
	let stripped = false;
	/** @type {(FromPopup & {do: "edit"}) | null} An edit that arrived before the tab. */
	let pendingEdit = null;
	/** Number of the last edit. */
	let turn = 0;
	/** The last view as JSON: it isn't sent twice. */
	let lastView = "";
	let open = true;
	/** Stops watching the title of the tab. */
	let unwatch = () => {};
	/** Whether the popup shows what becomes of the page's text. */
	let wantsText = false;
	/** Stops watching it. */
	let unwatchText = () => {};
	/** @type {number | undefined} The tab that shows the page. */
	let tabId;
	/** @type {string[]} Suggestions dismissed in this popup, each of which counts once. */
	let counted = [];

	/** @param {ToPopup} message */
	const post = (message) => {
		if (open) port.postMessage(message);
	};
	/** @type {import("./popup-view.js").Popup} */
	const popup = {
		show(view) {
			const message = { view, turn, ...(stripped && { stripped }) };
			const json = JSON.stringify(message);
			if (json === lastView) return;
			lastView = json;
			post(message);
		},
	};

	const watchText = () => {
		if (!wantsText || !open || !url) return;
		unwatchText();
		unwatchText = textSaves.watch(url, tabId, (text) => post({ text }));
	};

	/**
	 * @param {import("../shared/messages.js").Tab} sent The popup's tab.
	 * @param {(FromPopup & {do: "reopen"}) | null} again The message, if the popup reconnects.
	 */
	const openPage = async (sent, again) => {
		const page = savable(sent.url);
		stripped = page !== savableUrl(sent.url);
		if (page === null) {
			url = null;
			if (sent.tabId !== undefined) pages.cancelRequest(sent.tabId);
			return;
		}
		const own =
			!again && isMaybeOwn(page) ? await ownPage({ ...sent, url: page }, host) : null;
		if (own) {
			if (sent.tabId !== undefined) pages.cancelRequest(sent.tabId);
			await openOwn(own);
			return;
		}
		url = page;
		tabId = sent.tabId;
		const tab = { ...sent, url, title: fit(sent.title, LIMITS.title) };
		if (open && sent.tabId !== undefined && watchTitle) {
			unwatch();
			unwatch = watchTitle(sent.tabId, (now) => {
				// Otherwise the tab shows another page by now.
				if (savable(now.url) === page) pages.retitle(page, fit(now.title, LIMITS.title));
			});
		}
		if (again) pages.reopen(tab, popup, again.known, again.revision);
		if (open && !again && !wantsText) textSaves.hold(page);
		watchText();
		const opened = again ? null : pages.open(tab, popup);
		if (pendingEdit) edit(pendingEdit);
		pendingEdit = null;
		await opened;
		// After the save, which must not wait.
		host.refreshHello();
	};

	/**
	 * The page is one of the user's own site: its note is edited, and nothing is saved.
	 * @param {import("../shared/messages.js").Own} own
	 */
	const openOwn = async (own) => {
		post({ own });
		url = own.note?.url ?? null;
		if (!own.note) return;
		stripped = false;
		watchText();
		const opened = pages.open({ ...own.note, tabId: undefined }, popup, false);
		if (pendingEdit) edit(pendingEdit);
		pendingEdit = null;
		await opened;
		if (!open) pages.close(own.note.url, popup);
	};

	/** @param {FromPopup & {do: "edit"}} message */
	const edit = (message) => {
		turn = message.turn;
		if (url === "") pendingEdit = message;
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
			case "restore":
				if (url) pages.restore(url);
				return;
			case "merge":
				if (url) pages.merge(url, message.keep);
				return;
			case "undo":
				if (url) pages.remove(url, "undone");
				return;
			case "delete":
				if (url) pages.remove(url, "deleted");
				return;
			case "tryHost": {
				tryHost();
				// Answered once the host is reached; rejected if it can't be.
				if (url) await host.request("noteForUrl", { url }).catch(() => null);
				post({ tried: true });
				return;
			}
			case "complete": {
				const { text, exclude } = message;
				const params = { text, exclude, limit: COMPLETIONS };
				// If the host is away there are no completions, and the typed text can be taken.
				const found = await host.request("completeTags", params).catch(() => null);
				post({ tags: found?.tags ?? [], turn: message.turn });
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
			case "search": {
				post({ found: await searchFor(message.query, host), turn: message.turn });
				return;
			}
			case "findRelated": {
				if (!url) return;
				const find = (/** @type {string} */ address) =>
					host.request("noteForUrl", { url: address }).catch(() => null);
				const canonical = savable(pages.canonical(url));
				const here = await find(url);
				if (here) textSaves.known(url, here.note?.id, here.text);
				const there = canonical && here ? (await find(canonical))?.note : null;
				const other = there && there.id !== here?.note?.id ? there : null;
				const elsewhere = other && { id: other.id, url: other.url };
				post({
					related: { onThisSite: here?.onThisSite ?? 0, elsewhere },
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
				// The user chose them after all, here or elsewhere on the web site.
				dismissedTags.forget(url, tags);
				const refused = dismissedTags.of(url, dismissed);
				const metadata = pages.metadata(url);
				const params = { url, title, text, tags, dismissed, refused, ...metadata };
				const { tags: suggestions, implied } = await host
					.request("suggestTags", params)
					// The host is away, or too old to suggest tags.
					.catch(() => ({ tags: [], implied: [] }));
				post({ suggestions, implied, turn: message.turn });
				return;
			}
			case "watchText":
				wantsText = true;
				watchText();
				return;
			case "text":
				if (url) await textSaves.act(url, message.act);
				return;
			case "markQuotes":
				post({ marked: await markQuotes(tabId, message.quotes) });
		}
	};

	// All messages wait for the same promise, so they are handled in order.
	port.onMessage.addListener((message) => void ready.then(() => act(message)));
	port.onDisconnect.addListener(async () => {
		open = false;
		unwatch();
		unwatchText();
		await ready;
		// Closed before it could send its tab: the click saves the page all the same.
		if (url === "") void openPage(await activeTab(), null);
		if (!url) return;
		pages.close(url, popup);
		textSaves.release(url);
	});
}
