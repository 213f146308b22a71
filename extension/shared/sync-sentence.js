/**
 * How the sync with other devices stands, in words. Pure.
 */

import { ago } from "./dates.js";

/** @typedef {import("../protocol.js").SyncStatus} SyncStatus */

/** How long sync may fail before the popup says so, in milliseconds: devices are often away. */
const PATIENCE = 24 * 3600_000;

/**
 * Returns whether sync has failed for so long that the user should know.
 * @param {SyncStatus} status
 * @param {number} [now] In milliseconds since 1970.
 */
export function isSyncOverdue({ lastAt, problem }, now = Date.now()) {
	return (
		problem !== undefined &&
		problem !== null &&
		!(now - Date.parse(lastAt ?? "") < PATIENCE)
	);
}

/**
 * @param {SyncStatus} status
 * @param {string} language BCP 47.
 * @param {(key: string, ...values: string[]) => string} say
 * @param {number} [now] In milliseconds since 1970.
 */
export function syncSentence(
	{ place, lastAt, problem },
	language,
	say,
	now = Date.now(),
) {
	const when = lastAt && (ago(lastAt, now, language) ?? say("justNow"));
	if (problem) {
		// The program's sentence, which says what to do.
		const before = when ? say("syncLast", when) : "";
		return [problem.sentence, before].filter(Boolean).join(" ");
	}
	return when ? say("synced", place, when) : say("syncNotYet", place);
}
