/**
 * Asks the host for a page of a list. The best matches come from its search, which ranks them;
 * everything else from its lists.
 */

/** @import {ListNoteIdsResult, ListNotesResult, NoteRow} from "../protocol.js" */
/** @import {Connection} from "./connection.js" */
/** @import {IdParams, PageParams} from "./note-list.js" */

/** The most that a search gives. */
const BEST = 100;

/**
 * @param {Pick<Connection, "call">} connection
 * @param {PageParams} params
 * @returns {Promise<ListNotesResult>}
 */
export async function loadPage(connection, { order, ...params }) {
	if (order !== "best") return connection.call("listNotes", { order, ...params });
	if (!isRanked(params)) return connection.call("listNotes", params);
	const { query = "" } = params;
	const best = (/** @type {string} */ sought) =>
		connection.call("searchNotes", { query: sought, limit: BEST, order: "best" });
	const [all, unread] = await Promise.all([best(query), best(`(${query}) is:unread`)]);
	const isUnread = new Set(unread.notes.map(({ id }) => id));
	const rows = all.notes.map(
		({ id, url, title, tags, savedAt }) =>
			/** @type {NoteRow} */ ({
				id,
				url,
				title,
				tags,
				savedAt,
				updatedAt: savedAt,
				deletedAt: null,
				read: !isUnread.has(id),
				site: siteOf(url),
				hasNote: false,
				text: null,
				gist: null,
				link: null,
			}),
	);
	return {
		notes: rows,
		total: rows.length,
		cursor: null,
		revision: 0,
		...(all.problems && { problems: all.problems }),
	};
}

/**
 * Asks the host for ids of a list.
 * @param {Pick<Connection, "call">} connection
 * @param {IdParams} params
 * @returns {Promise<ListNoteIdsResult>}
 */
export async function loadIds(connection, { order, ...params }) {
	if (order !== "best") return connection.call("listNoteIds", { order, ...params });
	if (!isRanked(params)) return connection.call("listNoteIds", params);
	const { query = "", from = 0 } = params;
	const { notes, total, revision } = await loadPage(connection, { query, order });
	return { ids: notes.slice(from).map(({ id }) => id), total, revision };
}

/**
 * Whether there is a best match: not without words to match, and not in the trash.
 * @param {{query?: string, trash?: boolean}} params
 */
const isRanked = ({ query = "", trash }) => query.trim() !== "" && !trash;

/** @param {string} url */
function siteOf(url) {
	try {
		return new URL(url).hostname.replace(/^www\./, "");
	} catch {
		return "";
	}
}
