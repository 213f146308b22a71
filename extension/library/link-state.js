/**
 * What is known of the page behind a row's note: gone, moved, perhaps gone. Pure, without the page.
 */

import { date } from "../shared/dates.js";

/** @import {NoteRow} from "../protocol.js" */
/** @typedef {(key: string, ...values: string[]) => string} Say */

/**
 * The text, and the address that helps: a copy, or where the page is now; empty if there is none.
 * Null if there is nothing to say.
 * @param {NoteRow} row
 * @param {string} language
 * @param {Say} say
 * @returns {{ text: string, lost: boolean, name: string, address: string } | null}
 */
export function linkState(row, language, say) {
	const { link } = row;
	if (!link) return null;
	const { verdict, finalUrl, archiveUrl } = link;
	if (verdict === "moved" && finalUrl)
		return { text: say("linkMoved"), lost: false, name: finalUrl, address: finalUrl };
	const since = date(link.since, language);
	const texts = {
		gone: () => say("linkGone", since),
		soft: () => say("linkSoft"),
		unreachable: () => say("linkUnreachable", since),
	};
	const text = texts[/** @type {keyof typeof texts} */ (verdict)];
	if (!text) return null;
	const address = archiveUrl ?? "";
	return { text: text(), lost: true, name: say("archivedCopy"), address };
}
