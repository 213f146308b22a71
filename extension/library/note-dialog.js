/**
 * The dialogs about one note: its title, tags, text and address; and merging two notes.
 */

import { say } from "../shared/i18n.js";
import { byteLength, fit, LIMITS, PassageLinks } from "../shared/text.js";
import { Conflicts } from "./conflicts.js";
import { Refused } from "./connection.js";
import { confirms, make, openDialog, tagFieldBlock } from "./dialogs.js";
import { nameOf } from "./row-view.js";

/** @import {Note, NoteRow} from "../protocol.js" */
/** @import {Connection} from "./connection.js" */

/**
 * Edits the note of a page, as `editNote` does.
 * @param {Connection} connection
 * @param {string} url
 */
export async function editPage(connection, url) {
	const { note } = await connection.call("noteForUrl", { url });
	return note ? editNote(connection, note) : say("noteGone", url);
}

/**
 * Edits a note. Resolves with a sentence about what was done; null if nothing was.
 * @param {Connection} connection
 * @param {Pick<NoteRow, "id" | "url" | "title">} row
 * @returns {Promise<string | null>}
 */
export async function editNote(connection, row) {
	const { note, conflicts } = await connection.call("noteForUrl", { url: row.url });
	if (note?.id !== row.id) return say("noteGone", nameOf(row));
	const title = input("note-title", note.title, "text");
	title.dir = "auto";
	const address = input("note-address", note.url, "url");
	address.dir = "ltr";
	const text = make("textarea", { id: "note-text" });
	const links = new PassageLinks();
	text.value = links.shorten(note.summary);
	links.copyWhole(text);
	const typed = () => links.expand(text.value.toWellFormed());
	text.rows = 8;
	text.dir = "auto";
	const read = input("note-read", "", "checkbox");
	read.checked = note.read;
	const { field, block } = tagFieldBlock(connection, say("tags"));
	field.tags = note.tags;
	const problem = make("p", { id: "note-problem", className: "warning" });
	problem.role = "alert";
	/** @type {string | null} */
	let done = null;
	/** One for each operation, so that a repeated "Save" does nothing twice. */
	const opIds = [crypto.randomUUID(), crypto.randomUUID()];
	const previousAddresses = make(
		"p",
		{ className: "hint" },
		...note.addresses.flatMap((other) => [make("bdi", { text: other }), make("br")]),
	);
	const check = async () => {
		problem.textContent = "";
		if (field.pending.trim() !== "") {
			problem.textContent = say("tagRefused");
			return false;
		}
		if (byteLength(typed()) > LIMITS.summary) {
			problem.textContent = say("summaryTooLong");
			return false;
		}
		try {
			await save();
			if (address.value.trim() !== note.url) {
				const merged = await changeAddress(
					connection,
					note,
					address.value.trim(),
					`${opIds[1]}`,
				);
				if (!merged) return false;
				done = merged;
			}
			return true;
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			problem.textContent = reason(error);
			// Another address may be typed now.
			if (error.kind !== "unreachable") opIds[1] = crypto.randomUUID();
			return false;
		}
	};
	const choices = new Conflicts(connection, note.id);
	choices.onProblem = (error) => {
		problem.textContent = reason(error);
	};
	choices.onSettled = (settled) => {
		problem.textContent = "";
		done = say("conflictSettled");
		// What the user has typed stays where nothing else was chosen.
		if (settled.title !== note.title) title.value = settled.title;
		if (settled.summary !== note.summary) text.value = links.shorten(settled.summary);
		Object.assign(note, settled);
	};
	const save = async () => {
		const newTitle = fit(title.value.replace(/\s+/g, " ").trim(), LIMITS.title);
		const summary = typed();
		const change = {
			...(newTitle !== note.title && { title: newTitle }),
			...(field.tags.join() !== note.tags.join() && { tags: field.tags }),
			...(summary !== note.summary && { summary }),
			...(read.checked !== note.read && { read: read.checked }),
		};
		if (Object.keys(change).length === 0) return;
		const { note: saved } = await connection.call("updateNote", {
			opId: `${opIds[0]}`,
			id: note.id,
			...change,
			seen: { tags: note.tags, summary: note.summary },
		});
		Object.assign(note, saved);
		opIds[0] = crypto.randomUUID();
		done = say("noteSaved");
	};
	await openDialog({
		heading: say("editNote"),
		content: [
			labelled("title", title),
			...choices.block("title", conflicts, title, () => title.value !== note.title),
			make("p", { className: "label", text: say("tags") }),
			block,
			labelled("note", text),
			...choices.block("text", conflicts, text, () => typed() !== note.summary),
			make("label", { className: "check" }, read, say("read")),
			labelled("address", address),
			make("p", { className: "hint", text: say("addressHint") }),
			...(note.addresses.length > 0 ? [previousAddresses] : []),
			problem,
		],
		ok: say("save"),
		check,
		onOpen: (agree) => {
			field.onDone = agree;
			title.focus();
		},
	});
	return done;
}

/**
 * Gives a note another address, or offers to merge it with the note of that page.
 * @param {Connection} connection
 * @param {Note} note
 * @param {string} url
 * @param {string} opId
 * @returns {Promise<string | null>} What was done.
 */
async function changeAddress(connection, note, url, opId) {
	try {
		await connection.call("changeAddress", { opId, id: note.id, url });
		return say("addressChanged");
	} catch (error) {
		if (!(error instanceof Refused) || error.kind !== "address_taken") throw error;
		const { note: other } = await connection.call("noteForUrl", { url });
		if (!other || other.id === note.id) throw error;
		if (!(await confirms(say("addressTaken", nameOf(other)), say("mergeNotes"))))
			return null;
		await merge(connection, other.id, note.id);
		return say("notesMerged", nameOf(other));
	}
}

/**
 * Asks which of two notes stays, and merges them. Resolves with a sentence; null if cancelled.
 * @param {Connection} connection
 * @param {[NoteRow, NoteRow]} rows
 */
export async function mergeTwo(connection, rows) {
	const choices = rows.map((row, index) => {
		const choice = input(`keep-${index}`, String(row.id), "radio");
		choice.name = "keep";
		choice.checked = index === 0;
		const about = make(
			"span",
			{},
			make("bdi", { text: nameOf(row) }),
			make("bdi", { className: "hint", text: row.url }),
		);
		return { choice, label: make("label", { className: "check" }, choice, about) };
	});
	const isAgreed = await openDialog({
		heading: say("mergeQuestion"),
		content: [
			make("p", { className: "hint", text: say("mergeHint") }),
			...choices.map(({ label }) => label),
		],
		ok: say("mergeNotes"),
	});
	if (!isAgreed) return null;
	const [first, second] = rows;
	const isFirst = choices[0]?.choice.checked;
	const [keep, drop] = isFirst ? [first, second] : [second, first];
	await merge(connection, keep.id, drop.id);
	return say("notesMerged", nameOf(keep));
}

/**
 * @param {Connection} connection
 * @param {number} keep
 * @param {number} drop
 */
const merge = (connection, keep, drop) =>
	connection.call("mergeNotes", { opId: crypto.randomUUID(), keep, drop });

/**
 * The sentence for a request that failed.
 * @param {Refused} error
 */
export function reason({ kind, cause, message }) {
	if (kind === "selection_changed") return say("selectionChanged");
	if (kind === "settled_already") return say("settledAlready");
	if (kind === "unknown_method") return say("hostOutdated");
	return cause ? `${say("notConnected")} ${say(`cause_${cause}`)}` : message;
}

/**
 * @param {string} id
 * @param {string} value
 * @param {string} type
 */
function input(id, value, type) {
	const made = make("input", { id });
	made.type = type;
	made.value = value;
	return made;
}

/**
 * @param {string} text
 * @param {HTMLElement} field
 */
function labelled(text, field) {
	const label = make("label", { className: "label", text: say(text) });
	label.htmlFor = field.id;
	const group = make("div", { className: "labelled" }, label, field);
	return group;
}
