/**
 * The entries of the context menus, and what a click on each does. Pages are saved by
 * `page-session.js`, links by `background-save.js`.
 */

import { browser } from "../shared/browser.js";
import { say } from "../shared/i18n.js";
import { savableUrl } from "../shared/tab.js";
import { fit, LIMITS } from "../shared/text.js";
import { ownPage } from "./own-site.js";

const WEB = ["http://*/*", "https://*/*"];
const PAGES = [...WEB, "file:///*"];

/** If the page takes longer to report a link's text, the link is saved without it. */
const ANSWER_WITHIN_MS = 300;

const SAVE_PAGE = "save-page";
const SAVE_LINK = "save-link";
const SAVE_SELECTION = "save-selection";
const SAVE_WINDOW = "save-window";
const OPEN_LIBRARY = "open-library";

/** Creates the menu entries. The browser keeps them until they are created again. */
export async function offerMenus() {
	/** @type {chrome.contextMenus.CreateProperties[]} */
	const entries = [
		{
			id: SAVE_PAGE,
			title: say("menuSavePage"),
			contexts: ["page"],
			documentUrlPatterns: PAGES,
		},
		// A link that can't be saved (javascript:, mailto:) isn't offered.
		{
			id: SAVE_LINK,
			title: say("menuSaveLink"),
			contexts: ["link"],
			targetUrlPatterns: WEB,
		},
		{
			id: SAVE_SELECTION,
			title: say("menuSaveSelection"),
			contexts: ["selection"],
			documentUrlPatterns: PAGES,
		},
		{ id: OPEN_LIBRARY, title: say("menuLibrary"), contexts: ["action"] },
		{ id: SAVE_WINDOW, title: say("menuSaveWindow"), contexts: ["action"] },
	];
	await browser.contextMenus.removeAll();
	for (const entry of entries) {
		// If this runs twice at once (an update at browser start), the second time fails.
		browser.contextMenus.create(entry, () => void browser.runtime.lastError);
	}
}

/**
 * Handles a click on an entry. Must be called directly from the event: the browser opens a
 * popup only in response to a user's action.
 * @param {chrome.contextMenus.OnClickData} click
 * @param {chrome.tabs.Tab | undefined} tab
 * @param {object} parts
 * @param {import("./page-session.js").Pages} parts.pages
 * @param {import("./background-save.js").BackgroundSaves} parts.backgroundSaves
 * @param {import("./own-site.js").Host} parts.host
 * @param {Promise<void>} parts.ready
 * @param {(url?: string) => string | null} [parts.savable] The address to save; valid once `ready` resolves.
 */
export async function onMenuClick(
	click,
	tab,
	{ pages, backgroundSaves, host, ready, savable = savableUrl },
) {
	if (tab?.id === undefined || tab.incognito) return;
	switch (click.menuItemId) {
		case SAVE_PAGE:
		case SAVE_SELECTION: {
			pages.requestSave(tab.id, click.selectionText ?? "");
			if (await popupOpens()) return;
			await ready;
			const url = savable(tab.url ?? click.pageUrl);
			if (url === null) {
				pages.cancelRequest(tab.id);
				return;
			}
			const title = fit(tab.title ?? "", LIMITS.title);
			if (await ownPage({ url, title }, host)) {
				pages.cancelRequest(tab.id);
				backgroundSaves.flashFailure(tab.id);
				return;
			}
			backgroundSaves.flashResult(url, tab.id);
			await pages.saveWithoutPopup({ url, title, tabId: tab.id });
			return;
		}
		case SAVE_LINK: {
			if (savableUrl(click.linkUrl) === null) return;
			// Firefox reports it; in Chromium the page is read.
			const { linkText } = /** @type {{linkText?: string}} */ (click);
			const text = linkText?.trim() || (await textOfLink(tab.id, click));
			await ready;
			const url = savable(click.linkUrl);
			if (url === null) return;
			if (await ownPage({ url, title: "" }, host)) backgroundSaves.flashFailure(tab.id);
			else backgroundSaves.save(url, text, tab.id);
			return;
		}
		case OPEN_LIBRARY:
			await browser.tabs.create({
				url: browser.runtime.getURL("library/library.html"),
				windowId: tab.windowId,
				index: tab.index + 1,
			});
			return;
		case SAVE_WINDOW:
			await browser.tabs.create({
				url: browser.runtime.getURL("window/window.html"),
				windowId: tab.windowId,
				index: tab.index + 1,
			});
	}
}

/** Opens the popup, if possible. Chromium before 127 has no such function. */
async function popupOpens() {
	try {
		await browser.action.openPopup();
		return true;
	} catch {
		return false;
	}
}

/**
 * The text of the clicked link; empty if the page can't be read in time.
 * @param {number} tabId
 * @param {chrome.contextMenus.OnClickData} click
 * @returns {Promise<string>}
 */
async function textOfLink(tabId, click) {
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	/** @type {Promise<string>} */
	const timeout = new Promise((resolve) => {
		timer = setTimeout(resolve, ANSWER_WITHIN_MS, "");
	});
	const read = browser.scripting
		.executeScript({
			target: { tabId, frameIds: [click.frameId ?? 0] },
			func: readLink,
			args: [click.linkUrl ?? ""],
			// Otherwise the browser waits until the page has loaded, which may never happen.
			injectImmediately: true,
		})
		.then(
			([answer]) => (typeof answer?.result === "string" ? answer.result : ""),
			() => "", // A frame of another site.
		);
	const text = await Promise.race([read, timeout]);
	clearTimeout(timer);
	return text;
}

/**
 * Runs inside the page. It must not use anything from outside its own braces.
 * @param {string} address
 */
export function readLink(address) {
	const found = [...document.links].filter((link) => link.href === address);
	const clicked = document.activeElement?.closest("a");
	if (clicked && found.includes(clicked)) found.unshift(clicked);
	for (const link of found) {
		const label =
			// biome-ignore lint/performance/useDomNodeTextContent: only visible text counts.
			link.innerText ||
			link.getAttribute("aria-label") ||
			link.title ||
			link.querySelector("img[alt]")?.getAttribute("alt");
		const text = label?.replace(/\s+/g, " ").trim();
		if (text) return text;
	}
	return "";
}
