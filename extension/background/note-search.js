/**
 * The popup's search: the notes that match a query, best first, then those that match with the
 * texts of their pages.
 */

import { HostError, Unreachable } from "./host.js";

/** A query that finds all notes; an empty one finds none. */
export const ALL = "after:1970";

/** Notes that the popup lists. */
const RESULTS = 8;

/**
 * Searches without failing: what the host can't do gives an empty result.
 * @param {string} query With an empty query, the newest notes.
 * @param {Pick<import("./host.js").Host, "request" | "hello">} host
 * @returns {Promise<import("../shared/messages.js").Found>}
 */
export async function searchFor(query, host) {
	const params = { query: query || ALL, limit: RESULTS };
	/** @type {import("../shared/messages.js").Cause | null} */
	let away = null;
	const found = await host
		.request("searchNotes", query ? { ...params, order: "best" } : params)
		.catch((error) => {
			// An older host doesn't know the order.
			const isOld = error instanceof HostError && error.kind === "invalid_params";
			if (isOld) return host.request("searchNotes", params);
			throw error;
		})
		.catch((error) => {
			if (error instanceof Unreachable) away = error.reason;
			return null;
		});
	return {
		notes:
			query && found
				? await withTexts(found.notes, query, RESULTS, host)
				: (found?.notes ?? []),
		problems: found?.problems ?? [],
		away,
		siteUrl: host.hello?.siteUrl ?? null,
	};
}

/** A search in many texts that takes too long is continued so often. */
const PARTS = 4;

/**
 * Returns matches, followed by the notes that match only with the texts of their pages, the newest
 * first. Adds none if the host is older or can't be reached, or if the query itself asked for texts.
 * @param {import("../protocol.js").FoundNote[]} notes
 * @param {string} query
 * @param {number} limit Most results, with the matches.
 * @param {Pick<import("./host.js").Host, "request" | "hello">} host
 * @returns {Promise<import("../protocol.js").FoundNote[]>}
 */
export async function withTexts(notes, query, limit, host) {
	const all = [...notes];
	if (!host.hello?.texts || notes.some((note) => note.where === "text")) return all;
	/** @type {import("../protocol.js").SearchNotesParams} */
	const params = { query, in: "text" };
	for (let part = 0; part < PARTS && all.length < limit; part += 1) {
		params.limit = limit - all.length;
		const found = await host.request("searchNotes", { ...params }).catch(() => null);
		all.push(...(found?.notes ?? []));
		if (found?.next === undefined) break;
		params.before = found.next;
	}
	return all;
}
