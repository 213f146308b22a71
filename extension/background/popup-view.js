/**
 * The view of a page that the popup shows, made from the page's record, the popup's session
 * and the state of host, outbox and storage. Pure.
 */

import { isSyncOverdue } from "../shared/sync-sentence.js";
import { cureFor } from "./diagnosis.js";

/** @import {PageRecord, Refusal, View} from "../shared/messages.js" */
/** @import {Change, Edits, Fields} from "../shared/merge.js" */

/**
 * What the background keeps of a page only while a popup shows it.
 * @typedef {object} PopupSession
 * @property {Popup} popup
 * @property {number | undefined} tabId
 * @property {number} revision Increased when the popup has something to merge into its fields.
 * @property {Edits | null} leftover Edits of an earlier popup, not merged yet.
 * @property {Change[]} noteChanges How each of the last revisions changed the note, as far
 *   back as the popup had it before.
 * @property {Partial<Fields>} refusedFields Of updates that the host refused.
 * @property {import("../protocol.js").SeenFields} refusedSeen The fields that those would have
 *   replaced.
 * @property {string[]} [keywords] The page's own keywords.
 * @property {string} [opening] The page's first paragraphs, if it has no description.
 * @property {string} [canonical] The page's canonical URL.
 * @property {Refusal | null} refusal Of a save that was discarded, since nothing was
 * @property {ReturnType<typeof setTimeout>} [timer]
 */

/** @typedef {{show: (view: View) => void}} Popup */

/**
 * @param {object} parts
 * @param {PageRecord} parts.page
 * @param {PopupSession} parts.session
 * @param {boolean} parts.isOpening Whether it isn't decided yet if the click saves.
 * @param {boolean} parts.hasUnsentFields
 * @param {import("./outbox.js").Outbox} parts.outbox
 * @param {Pick<import("./host.js").Host, "hello" | "trouble">} parts.host
 * @param {boolean} parts.storageIsFull
 * @returns {View}
 */
export function viewOf(parts) {
	const { page, session, outbox, host, storageIsFull } = parts;
	const { hello, trouble } = host;
	const refused = outbox.refusedFor(page.url);
	// After Undo or Delete, only a refused deletion still matters.
	const isMoot = page.removed && refused?.method !== "deleteNote";
	const refusal = isMoot ? null : (session.refusal ?? refused?.refused ?? null);
	return {
		state: stateOf(parts, refusal),
		revision: session.revision,
		page: {
			note: page.note,
			created: page.created,
			samePage: page.samePage,
			tokens: page.tokens ?? [],
			newTitle: page.newTitle ?? null,
			removed: page.removed,
			trashed: page.trashed,
			deletedNote: page.removed ? null : (page.deletedNote ?? null),
		},
		leftover: session.leftover,
		leftoverSeen: session.leftover !== null && page.seen && page.note !== null,
		canonical: session.canonical ?? null,
		trouble,
		cure: trouble && cureFor(trouble),
		refusal,
		hindrance: outbox.trouble?.message ?? null,
		siteUrl: hello?.siteUrl ?? null,
		siteProblem: hello?.siteProblem ?? null,
		sync: hello?.sync && isSyncOverdue(hello.sync) ? hello.sync : null,
		unkept: storageIsFull,
	};
}

/**
 * @param {Parameters<typeof viewOf>[0]} parts
 * @param {Refusal | null} refusal
 * @returns {View["state"]}
 */
function stateOf({ page, isOpening, hasUnsentFields, outbox, host }, refusal) {
	const isWaiting = outbox.waitingFor(page.url).length > 0;
	const isDirty = page.note !== null && !page.removed && (!page.seen || hasUnsentFields);
	if (isOpening || page.wanted || isWaiting || (isDirty && !refusal)) {
		return host.trouble || outbox.trouble ? "queued" : "saving";
	}
	if (refusal) return "error";
	return page.note && !page.removed ? "saved" : "unsaved";
}
