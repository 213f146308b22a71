/**
 * How the sync with other devices stands, in words. Pure.
 */

import { ago } from "../shared/dates.js";

/**
 * @param {import("../protocol.js").SyncStatus} status
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
