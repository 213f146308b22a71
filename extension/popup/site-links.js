/**
 * The popup's links to the site: to the note or its first tag, to the other notes of the page's
 * web site, and to a note that the page has under its canonical URL. Below them, why the site can't
 * be reached, and why devices have not been synced for long.
 */

import { element } from "../shared/elements.js";
import { language, say } from "../shared/i18n.js";
import { syncSentence } from "../shared/sync-sentence.js";
import { siteAddress, tagAddress } from "../shared/tags.js";

/** @import {Related, View} from "../shared/messages.js" */

/**
 * @param {View | null} view
 * @param {object} parts
 * @param {string[]} parts.tags Chosen in the popup.
 * @param {string | null} parts.pageUrl
 * @param {Related | null} parts.related
 * @param {string | null} parts.foundSite Address of the site, if a search gave it.
 */
export function showSiteLinks(view, { tags, pageUrl, related, foundSite }) {
	const main = /** @type {HTMLAnchorElement} */ (element("open-site"));
	const siteUrl = view?.siteUrl;
	main.hidden = !siteUrl && !foundSite;
	if (!siteUrl || !view) {
		// The page can't be saved.
		if (foundSite) {
			main.href = foundSite;
			main.textContent = say("openSite");
		}
		return;
	}
	const home = /** @type {HTMLAnchorElement} */ (element("home"));
	home.href = siteUrl;
	const [tag] = tags;
	const note = view.page.removed ? null : view.page.note;
	if (tag !== undefined && !view.page.removed) {
		main.href = tagAddress(siteUrl, tag);
		main.textContent = say("openTag", tag);
	} else if (note) {
		main.href = `${siteUrl}note/${note.id}`;
		main.textContent = say("openNote");
	} else {
		main.href = siteUrl;
		main.textContent = say("openSite");
	}
	home.hidden = main.href === home.href;
	const count = related?.onThisSite ?? 0;
	const others = /** @type {HTMLAnchorElement} */ (element("on-site"));
	// If the page's own note is the only one, there are no others.
	others.hidden = pageUrl === null || count <= (note ? 1 : 0);
	if (pageUrl !== null) {
		others.href = siteAddress(siteUrl, pageUrl);
		others.textContent = count === 1 ? say("oneOnThisSite") : say("onThisSite", count);
	}
	const elsewhere = element("elsewhere");
	const link = /** @type {HTMLAnchorElement} */ (elsewhere.firstElementChild);
	elsewhere.hidden = !related?.elsewhere;
	element("merge").hidden = !note;
	if (related?.elsewhere) {
		link.href = `${siteUrl}note/${related.elsewhere.id}`;
		link.textContent = say("elsewhere", related.elsewhere.url);
	}
	const problem = element("site-problem");
	problem.hidden = !view.siteProblem;
	problem.textContent = view.siteProblem;
	const sync = element("sync-problem");
	sync.hidden = !view.sync;
	sync.textContent = view.sync
		? `${say("sync")}: ${syncSentence(view.sync, language(), say)}`
		: "";
}
