/**
 * Asks the host for a page of a list. The best matches come from its search, which ranks them;
 * everything else from its lists.
 */

/** @import {ListNotesResult, NoteRow} from "../protocol.js" */
/** @import {Connection} from "./connection.js" */
/** @import {PageParams} from "./note-list.js" */

/** The most that a search gives. */
const BEST = 100;

/**
 * @param {Pick<Connection, "call">} connection
 * @param {PageParams} params
 * @returns {Promise<ListNotesResult>}
 */
export async function loadPage(connection, { order, ...params }) {
	if (order !== "best") return connection.call("listNotes", { order, ...params });
	const { query = "", trash } = params;
	// Without words to match, and in the trash, there is no best match.
	if (query.trim() === "" || trash) return connection.call("listNotes", params);
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
			}),
	);
	return {
		notes: rows,
		total: rows.length,
		cursor: null,
		...(all.problems && { problems: all.problems }),
	};
}

/** @param {string} url */
function siteOf(url) {
	try {
		return new URL(url).hostname.replace(/^www\./, "");
	} catch {
		return "";
	}
}
