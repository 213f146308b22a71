/**
 * The entries of the context menus: where each is offered, and what a click on
 * it asks for. How pages and links are saved is `page-session.js` and `background-save.js`.
 */

import { browser } from "../shared/browser.js";
import { say } from "../shared/i18n.js";
import { savableUrl } from "../shared/tab.js";
import { fit, LIMITS } from "../shared/text.js";

const WEB = ["http://*/*", "https://*/*"];
const PAGES = [...WEB, "file:///*"];

/** A link whose page says later what it is called is saved without its words. */
const ANSWER_WITHIN_MS = 300;

const SAVE_PAGE = "save-page";
const SAVE_LINK = "save-link";
const SAVE_SELECTION = "save-selection";
const SAVE_WINDOW = "save-window";

/** What the browser is asked to show; it remembers that until it is asked anew. */
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
		{ id: SAVE_WINDOW, title: say("menuSaveWindow"), contexts: ["action"] },
	];
	await browser.contextMenus.removeAll();
	for (const entry of entries) {
		// Twice at once (an update at the browser's start) the second one is told "duplicate".
		browser.contextMenus.create(entry, () => void browser.runtime.lastError);
	}
}

/**
 * A click on an entry. To be called in the very turn of the event: a popup may
 * only be opened while that counts as the user's doing.
 * @param {chrome.contextMenus.OnClickData} click
 * @param {chrome.tabs.Tab | undefined} tab
 * @param {object} parts
 * @param {import("./page-session.js").Pages} parts.pages
 * @param {import("./background-save.js").BackgroundSaves} parts.backgroundSaves
 * @param {Promise<void>} parts.ready
 * @param {(url?: string) => string | null} [parts.savable] The address to save; once `ready`.
 */
export async function onMenuClick(
	click,
	tab,
	{ pages, backgroundSaves, ready, savable = savableUrl },
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
			backgroundSaves.tell(url, tab.id);
			await pages.saveWithoutPopup({
				url,
				title: fit(tab.title ?? "", LIMITS.title),
				tabId: tab.id,
			});
			return;
		}
		case SAVE_LINK: {
			if (savableUrl(click.linkUrl) === null) return;
			// Firefox tells it; in Chromium the page is asked.
			const { linkText } = /** @type {{linkText?: string}} */ (click);
			const text = linkText?.trim() || (await textOfLink(tab.id, click));
			await ready;
			const url = savable(click.linkUrl);
			if (url !== null) backgroundSaves.save(url, text, tab.id);
			return;
		}
		case SAVE_WINDOW:
			await browser.tabs.create({
				url: browser.runtime.getURL("window/window.html"),
				windowId: tab.windowId,
				index: tab.index + 1,
			});
	}
}

/** Whether the popup could be opened. Chromium before 127 has no such call. */
async function popupOpens() {
	try {
		await browser.action.openPopup();
		return true;
	} catch {
		return false;
	}
}

/**
 * What the clicked link says, as far as the page may be asked and answers in time.
 * @param {number} tabId
 * @param {chrome.contextMenus.OnClickData} click
 * @returns {Promise<string>}
 */
async function textOfLink(tabId, click) {
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	/** @type {Promise<string>} */
	const patience = new Promise((resolve) => {
		timer = setTimeout(resolve, ANSWER_WITHIN_MS, "");
	});
	const said = browser.scripting
		.executeScript({
			target: { tabId, frameIds: [click.frameId ?? 0] },
			func: readLink,
			args: [click.linkUrl ?? ""],
			// Else the browser waits for the page to be loaded, which may be never.
			injectImmediately: true,
		})
		.then(
			([answer]) => (typeof answer?.result === "string" ? answer.result : ""),
			() => "", // A frame of another site.
		);
	const text = await Promise.race([said, patience]);
	clearTimeout(timer);
	return text;
}

/**
 * Runs inside the page, so it may use nothing from outside its own braces.
 * @param {string} address
 */
export function readLink(address) {
	const found = [...document.links].filter((link) => link.href === address);
	const clicked = document.activeElement?.closest("a");
	if (clicked && found.includes(clicked)) found.unshift(clicked);
	for (const link of found) {
		const said =
			// biome-ignore lint/performance/useDomNodeTextContent: only what is visible counts.
			link.innerText ||
			link.getAttribute("aria-label") ||
			link.title ||
			link.querySelector("img[alt]")?.getAttribute("alt");
		const text = said?.replace(/\s+/g, " ").trim();
		if (text) return text;
	}
	return "";
}
