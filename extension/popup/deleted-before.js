/** The popup's line about a note of the page that was deleted before, with Restore. */

import { ago, dateAndTime } from "../shared/dates.js";
import { element } from "../shared/elements.js";
import { language, say } from "../shared/i18n.js";

/** @import {Note} from "../shared/messages.js" */

/** @param {Note | null} note */
export function showDeletedBefore(note) {
	const line = element("deleted-before");
	line.hidden = !note?.deletedAt;
	if (!note?.deletedAt) return;
	const time = ago(note.deletedAt, Date.now(), language()) ?? say("justNow");
	const text = element("deleted-before-text");
	text.textContent = [
		say("deletedBefore", time),
		note.tags.length > 0 ? say("deletedBeforeTags", note.tags.join(", ")) : "",
	]
		.filter(Boolean)
		.join(" ");
	line.title = [dateAndTime(note.deletedAt, language()), note.title, note.summary]
		.filter(Boolean)
		.join("\n");
}

/** @param {() => void} onRestore */
export function listenToRestore(onRestore) {
	element("restore").addEventListener("click", onRestore);
}
