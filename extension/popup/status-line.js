/**
 * The status line of the popup: what has become of the save.
 */

import { ago, dateAndTime } from "../shared/dates.js";
import { element } from "../shared/elements.js";
import { language, reasonOf, say } from "../shared/i18n.js";
import { capitalised } from "../shared/text.js";

/** @import {View} from "../shared/messages.js" */

/** An update of a saved note is mentioned only if it takes longer than this. */
const SLOW_MS = 1000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let slowTimer;
/** The text for a note that was saved at this time. */
let savedText = { savedAt: "", text: "" };

/** @param {View} view */
export function showStatus(view) {
	clearTimeout(slowTimer);
	const parts = partsOf(view);
	// "Saved" doesn't flicker at each keystroke: an update is mentioned only if it is slow.
	const { note, removed } = view.page;
	if (view.state === "saving" && note && !removed) {
		slowTimer = setTimeout(setStatus, SLOW_MS, ...parts);
	} else {
		setStatus(...parts);
	}
}

/**
 * @param {string} headline
 * @param {string} [reason]
 * @param {string} [tooltip]
 */
export function setStatus(headline, reason = "", tooltip = "") {
	const status = element("status");
	status.title = tooltip;
	// Screen readers would read an unchanged text out again.
	if (status.textContent === `${headline} ${reason}`.trim()) return;
	const strong = document.createElement("strong");
	strong.textContent = headline;
	status.replaceChildren(strong, ...(reason ? [` ${reason}`] : []));
}

/**
 * @param {View} view
 * @returns {[headline: string, reason?: string, tooltip?: string]}
 */
function partsOf({ state, page, refusal, trouble, hindrance }) {
	const { note, created, removed } = page;
	switch (state) {
		case "saving":
			return [say(removed ? "removing" : "saving")];
		case "queued":
			return [
				say(removed ? "queuedRemoval" : "queued"),
				trouble ? say(`cause_${trouble}`) : (hindrance ?? ""),
			];
		case "saved":
			return created || !note
				? [say("saved")]
				: [savedAgo(note.savedAt), "", dateAndTime(note.savedAt, language())];
		case "unsaved":
			return [say(removed ?? "unsaved")];
		case "error":
			return refusal?.kind === "invalid_url"
				? [say("unsavable")]
				: [say("refused"), refusal ? reasonOf(refusal) : ""];
	}
}

/**
 * Says when an existing note was saved. The text stays the same while the popup is open, since
 * screen readers would read out each change.
 * @param {string} savedAt RFC 3339.
 */
function savedAgo(savedAt) {
	if (savedText.savedAt !== savedAt) {
		const time = ago(savedAt, Date.now(), language()) ?? say("justNow");
		savedText = { savedAt, text: capitalised(say("savedBefore", time)) };
	}
	return savedText.text;
}
