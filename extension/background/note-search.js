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
	const notes = found?.notes ?? [];
	if (query && found) notes.push(...(await inTexts(query, RESULTS - notes.length, host)));
	return {
		notes,
		problems: found?.problems ?? [],
		away,
		siteUrl: host.hello?.siteUrl ?? null,
	};
}

/**
 * Returns the notes that match a query only with the texts of their pages, the newest first. Empty
 * if the host is older or can't be reached.
 * @param {string} query
 * @param {number} limit
 * @param {Pick<import("./host.js").Host, "request" | "hello">} host
 * @returns {Promise<import("../protocol.js").FoundNote[]>}
 */
export async function inTexts(query, limit, host) {
	if (limit < 1 || !host.hello?.texts) return [];
	const params = { query, limit, in: /** @type {const} */ ("text") };
	const found = await host.request("searchNotes", params).catch(() => null);
	return found?.notes ?? [];
}
