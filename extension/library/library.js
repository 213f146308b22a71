/**
 * The library page: search, select and change notes. Assembles the parts, and carries out what
 * keys and buttons ask for.
 */

import { browser } from "../shared/browser.js";
import { showCure, standing } from "../shared/connection-status.js";
import { announce, copies, element, put, show } from "../shared/elements.js";
import { problemOf, say, sayEverywhere } from "../shared/i18n.js";
import { Connection, Refused } from "./connection.js";
import { confirms } from "./dialogs.js";
import { download } from "./download.js";
import { countOf, Operation } from "./edit-many.js";
import { Edits, fail } from "./edits.js";
import { exportFile, wholeNotes } from "./export-notes.js";
import { MAX_NOTES } from "./fitting-tags.js";
import { help } from "./help.js";
import { Inbox } from "./inbox.js";
import { listAction } from "./keys.js";
import { editNote, editPage, mergeTwo, reason } from "./note-dialog.js";
import { NoteList } from "./note-list.js";
import { NoteQueue } from "./note-queue.js";
import { closeNotice, listenToNotice, notify, press } from "./notice.js";
import { counted, emptySentence, number, question } from "./results.js";
import { isLink, isOnChoice, isOnLink, nameOf, RowView, readerOf } from "./row-view.js";
import { SavedSearches } from "./saved-searches.js";
import { loadIds, loadPage } from "./search.js";
import { Selection } from "./selection.js";
import { SiteIcons } from "./site-icons.js";
import { chooseTags } from "./tag-dialog.js";
import { Triage } from "./triage.js";

/** @import {LibraryStatus} from "../shared/messages.js" */
/** @import {Change, Target} from "./edit-many.js" */
/** @import {Action} from "./keys.js" */

/** How long typing in the search field must pause before it is searched, in milliseconds. */
const PAUSE_MS = 150;
/** What triage goes through if nothing is searched for. */
const UNTAGGED = "is:untagged";

sayEverywhere(document);
document.title = say("libraryPageTitle");

const connection = new Connection();
const notes = new NoteList(
	(params) => loadPage(connection, params),
	(params) => loadIds(connection, params),
);
const selection = new Selection();
const view = new RowView(
	element("list"),
	element("rows"),
	notes,
	selection,
	new SiteIcons(connection),
);
const edits = new Edits(connection, nameById);
const triageNotes = new NoteQueue((params) => loadPage(connection, params));
const triage = new Triage(connection, element("triage-panel"), triageNotes);
const inbox = new Inbox(connection, element("inbox-panel"));
const searches = new SavedSearches(connection);
const query = /** @type {HTMLInputElement} */ (element("query"));
const order = /** @type {HTMLSelectElement} */ (element("order"));
const list = element("list");

let isTrash = false;
let isTriage = false;
let isInbox = false;
let wasListed = false;
/** @type {string | null} The page whose note is edited first. */
let toEdit = null;
/** @type {LibraryStatus | null} */
let status = null;
/** @type {unknown} Why the list couldn't be loaded. */
let failure = null;

/* What is shown. */

function draw() {
	const { total } = notes;
	const { query: asked } = notes.asked;
	const isStuck = failure !== null && !wasListed;
	const listed = isStuck
		? "trouble"
		: !wasListed
			? "loading"
			: total > 0
				? "list"
				: "empty";
	const state = isInbox ? "inbox" : isTriage ? "triage" : listed;
	document.body.dataset.state = state;
	show("list", state === "list");
	show("triage-panel", isTriage);
	show("inbox-panel", isInbox);
	element("view-notes").ariaPressed = String(!isTrash && !isInbox);
	element("view-inbox").ariaPressed = String(isInbox);
	element("view-trash").ariaPressed = String(isTrash && !isInbox);
	show("empty", state === "empty" || state === "loading");
	put(element("empty"), emptySentence(state, asked, isTrash));
	show("trouble", failure !== null);
	if (state === "list") view.draw();
	drawTools();
	const sentences = notes.problems.map(problemOf);
	show("query-problems", sentences.length > 0);
	put(element("query-problems"), sentences.join(" "));
}

function drawTools() {
	const { total } = notes;
	const n = selection.count(total);
	show("tools", wasListed && !isTriage && !isInbox);
	put(
		element("count"),
		n > 0
			? counted(n, "selected_one", "selected_many", number(total))
			: counted(total, "noteCount_one", "noteCount_many"),
	);
	show("select-all", total > 0 && n < total);
	show("clear", n > 0);
	for (const id of ["add-tags", "remove-tags", "edit", "read", "unread", "delete"])
		show(id, !isTrash && total > 0);
	show("edit", !isTrash && total > 0 && n <= 1);
	show("export", !isTrash && n > 0);
	show("merge", !isTrash && selection.ids.length === 2);
	show("restore", isTrash && total > 0);
}

/** @param {LibraryStatus} now */
function drawStatus(now) {
	const { state, sentence } = standing(now);
	const outdated = failure instanceof Refused && failure.kind === "unknown_method";
	const refusal = failure instanceof Refused && !failure.cause ? reason(failure) : null;
	element("connection").dataset.state = refusal ? "trouble" : state;
	put(element("connection"), state === "trouble" ? sentence : (refusal ?? sentence));
	showCure({
		trouble: outdated ? "host_too_old" : now.trouble,
		cure: outdated ? "./install.sh" : now.cure,
	});
	const site = /** @type {HTMLAnchorElement} */ (element("site"));
	site.hidden = !now.hello?.siteUrl;
	if (!now.hello) return;
	site.href = now.hello.siteUrl;
	view.site = now.hello.siteUrl;
	void inbox.look(now.hello);
}

connection.onStatus = (now) => {
	if (now.hello !== null && status?.hello !== now.hello) void searches.refresh();
	const isBack = now.hello !== null && status?.hello !== now.hello && failure !== null;
	status = now;
	drawStatus(now);
	if (isBack) void (isInbox ? inbox.open() : reload());
};
notes.onChange = () => {
	failure = null;
	wasListed = true;
	draw();
};
notes.onError = (error) => {
	failure = error;
	draw();
	if (status) drawStatus(status);
};
view.onNeed = (first, end) => void notes.need(first, end);

/** Keeps in the page's address what it shows, so that it survives a reload. */
function showInAddress() {
	const address = new URL(location.href);
	address.search = "";
	if (query.value) address.searchParams.set("q", query.value);
	if (order.value !== "newest") address.searchParams.set("order", order.value);
	if (isTrash) address.searchParams.set("view", "trash");
	if (isInbox) address.searchParams.set("view", "inbox");
	if (toEdit !== null) address.searchParams.set("edit", toEdit);
	history.replaceState(null, "", address);
}

/* The list. */

async function open() {
	const asked = {
		query: query.value,
		trash: isTrash,
		order: /** @type {import("./note-list.js").Asked["order"]} */ (order.value),
	};
	selection.clear();
	view.toTop();
	searches.mark(asked.query);
	showInAddress();
	await notes.open(asked);
}

/**
 * Loads the list again. The current note stays the current one if it is still there, unless the
 * user goes to another meanwhile. Selected notes that have left the list aren't selected any
 * longer.
 */
async function reload() {
	const { current } = view;
	const id = notes.at(current)?.id;
	await notes.refresh();
	selection.moved();
	// If the host is away, the list says so.
	selection.drop(await notes.gone(selection.ids).catch(() => []));
	const place = id === undefined ? -1 : notes.placeOf(id);
	if (place >= 0 && place !== current && view.current === current) view.go(place);
	else draw();
}

/** @param {boolean} trash */
function showTrash(trash) {
	if (isTriage) leaveTriage();
	if (isInbox) showInbox(false);
	if (trash === isTrash) return;
	isTrash = trash;
	void open().then(() => list.focus());
}

/** @param {boolean} shown */
function showInbox(shown) {
	isInbox = shown;
	if (isTriage) leaveTriage();
	closeNotice();
	showInAddress();
	draw();
	if (shown) void inbox.open();
	else void reload().then(() => list.focus());
}
inbox.onLeave = () => showInbox(false);
inbox.onCount = (total) => {
	show("view-inbox", total !== null || isInbox);
	const name = total ? say("libraryInboxCount", number(total)) : say("libraryInbox");
	put(element("view-inbox"), name);
};

searches.onOpen = (saved) => {
	query.value = saved;
	if (isTriage) leaveTriage();
	void open().then(() => list.focus());
};

/* Changes. */

edits.onDone = async (change) => {
	if (change?.delete || change?.restore) selection.clear();
	await reload();
};

/** @param {number} id */
function nameById(id) {
	const row = notes.row(id);
	return row ? nameOf(row) : say("noteNumber", id);
}

/** The selected notes, or the current one. Null if there are none, or if the user was told why. */
async function target() {
	try {
		return await selected();
	} catch (error) {
		fail(error);
		return null;
	}
}

async function selected() {
	if (selection.isAll) {
		const { query: asked, order: by } = notes.asked;
		const [problem] = notes.problems;
		if (problem) {
			// The host refuses it too: a partly ignored query finds more notes than intended.
			notify(say("nothingChanged", problemOf(problem)));
			return null;
		}
		if (selection.excluded.length === 0 && by !== "best")
			return /** @type {Target} */ ({ query: asked, count: notes.total });
		return { ids: await notes.allIds(selection.excluded) };
	}
	const current = notes.at(view.current);
	const ids = selection.ids.length > 0 ? selection.ids : current ? [current.id] : [];
	return ids.length > 0 ? { ids } : null;
}

/**
 * Changes the selected notes, after a question if they are more than a screen shows.
 * @param {Change} change
 * @param {Target | null} [to]
 */
async function apply(change, to) {
	const whom = to ?? (await target());
	if (!whom) return;
	const n = countOf(whom);
	if (n > view.screen) {
		const ok = say(change.delete ? "delete" : "change");
		const isDanger = Boolean(change.delete);
		if (!(await confirms(question(change, n), ok, { isDanger }))) return;
	}
	await edits.carryOut(Operation.edit(connection, whom, change), change, n);
}

/** @param {"addTags" | "removeTags"} which */
async function changeTags(which) {
	const whom = await target();
	if (!whom) return;
	const tags = await chooseTags(connection, which, whom, {
		rows: await suggestable(whom),
		add: (tag, ids) => {
			const change = { addTags: [tag] };
			const operation = Operation.edit(connection, { ids }, change);
			return edits.carryOut(operation, change, ids.length);
		},
		undo: (edit, n) => edits.undo(edit, n),
	});
	if (tags) await apply({ [which]: tags }, whom);
}

/**
 * The first of the notes to change, as many as tags are suggested for.
 * @param {Target} whom
 */
async function suggestable(whom) {
	try {
		if ("ids" in whom) return await notes.rowsOf(whom.ids.slice(0, MAX_NOTES));
		const params = { query: whom.query, limit: MAX_NOTES };
		return (await connection.call("listNotes", params)).notes;
	} catch {
		return []; // Tags can be typed all the same.
	}
}

/** Marks the notes as read; if the first of them is read, as unread. */
async function toggleRead() {
	const first = selection.ids[0];
	const row = first === undefined ? notes.at(view.current) : notes.row(first);
	await apply({ read: !(row?.read ?? false) });
}

async function editCurrent() {
	const [id] = selection.ids;
	const row = id === undefined ? notes.at(view.current) : notes.row(id);
	if (!row || isTrash) return;
	await aboutNote(() => editNote(connection, row));
}

async function mergeSelected() {
	await aboutNote(async () => {
		const [first, second] = await notes.rowsOf(selection.ids);
		return first && second ? mergeTwo(connection, [first, second]) : null;
	});
}

/** @param {() => Promise<string | null>} act */
async function aboutNote(act) {
	try {
		const done = await act();
		if (done === null) return;
		selection.clear();
		notify(done);
		await reload();
	} catch (error) {
		fail(error);
	}
}

async function exportSelected() {
	const whom = await target();
	if (!whom) return;
	try {
		const ids = "ids" in whom ? whom.ids : await notes.allIds([]);
		const rows = await notes.rowsOf(ids);
		const total = number(rows.length);
		const whole = await wholeNotes(
			rows,
			(url) => connection.call("noteForUrl", { url }),
			(done) => notify(say("inProgress", number(done), total)),
		);
		const today = new Date().toISOString().slice(0, 10);
		download(exportFile(whole), `url-notes-${today}.json`);
		notify(counted(rows.length, "didExport_one", "didExport_many"));
	} catch (error) {
		fail(error);
	}
}

/* Triage. */

async function startTriage() {
	if (isTrash) showTrash(false);
	isTriage = true;
	closeNotice();
	draw();
	const asked = query.value.trim() === "" ? UNTAGGED : query.value;
	await triageNotes.open({ query: asked, trash: false, order: "newest" });
	await triage.begin();
}

function leaveTriage() {
	isTriage = false;
	void reload().then(() => list.focus());
	draw();
}
triage.onLeave = leaveTriage;
triage.onError = (error) => (error instanceof Refused ? reason(error) : String(error));
triageNotes.onError = (error) => {
	leaveTriage();
	fail(error);
};

/* Keys and buttons. */

/** @param {-1 | 1} step */
async function extend(step) {
	const from = view.current;
	view.go(from + step);
	await selectTo(from, view.current);
}

/**
 * Selects the notes from where the selection began to a place, even those that aren't loaded.
 * @param {number} from Where it begins if nothing was selected.
 * @param {number} to
 */
async function selectTo(from, to) {
	const [first, last] = selection.range(from, to);
	try {
		await notes.knowIds(first, last);
	} catch (error) {
		fail(error);
		return;
	}
	selection.extend(from, to, (place) => notes.idAt(place));
	draw();
}

/** @type {Readonly<Record<Action, () => unknown>>} */
const ACTIONS = {
	next: () => view.go(view.current + 1),
	previous: () => view.go(view.current - 1),
	pageDown: () => view.go(view.current + view.screen),
	pageUp: () => view.go(view.current - view.screen),
	first: () => view.go(0),
	last: () => view.go(notes.total - 1),
	extendNext: () => extend(1),
	extendPrevious: () => extend(-1),
	toggle: () => {
		const row = notes.at(view.current);
		if (row) selection.toggle(row.id, view.current);
		draw();
	},
	all: () => {
		selection.all();
		draw();
	},
	clear: () => {
		selection.clear();
		draw();
		announce("");
	},
	addTags: () => !isTrash && changeTags("addTags"),
	removeTags: () => !isTrash && changeTags("removeTags"),
	edit: editCurrent,
	read: () => !isTrash && toggleRead(),
	delete: () => !isTrash && apply({ delete: true }),
	restore: () => isTrash && apply({ restore: true }),
	open: () => {
		const row = notes.at(view.current);
		if (row && isLink(row.url)) void browser.tabs.create({ url: row.url });
	},
	readText: () => {
		const row = notes.at(view.current);
		const address = row ? readerOf(row, status?.hello?.siteUrl ?? "") : "";
		if (address) void browser.tabs.create({ url: address });
		else if (row) notify(say("noText"));
	},
	search: () => query.focus(),
	help,
	undo: () => press("undo"),
	triage: startTriage,
	export: exportSelected,
};

list.addEventListener("keydown", (event) => {
	if (event.target !== list) return;
	const action = listAction(event);
	if (!action) return;
	event.preventDefault();
	event.stopPropagation();
	void ACTIONS[action]();
});
// With nothing focused, the keys that lead somewhere work as well.
document.addEventListener("keydown", (event) => {
	if (event.target !== document.body || isTriage || isInbox) return;
	const action = listAction(event);
	if (action !== "search" && action !== "help" && action !== "next") return;
	event.preventDefault();
	if (action === "next") list.focus();
	else void ACTIONS[action]();
});
view.onClick = (place, event, isBox) => {
	const row = notes.at(place);
	if (!row) return;
	const from = view.current;
	view.go(place);
	if (event.shiftKey) {
		event.preventDefault(); // A link would open a window.
		void selectTo(from, place);
	} else if (isBox || ((event.ctrlKey || event.metaKey) && !isOnLink(event)))
		selection.toggle(row.id, place);
	draw();
	if (!isOnLink(event)) list.focus();
	if (isOnChoice(event)) void aboutNote(() => editNote(connection, row));
};
list.addEventListener("dblclick", (event) => {
	const target = /** @type {Element} */ (event.target);
	if (target.closest("[data-place]") && !target.closest("a, button, .pick"))
		void editCurrent();
});

/** @type {ReturnType<typeof setTimeout> | undefined} */
let pause;
query.addEventListener("input", (event) => {
	clearTimeout(pause);
	if (/** @type {InputEvent} */ (event).isComposing) return;
	pause = setTimeout(() => void open(), PAUSE_MS);
});
query.addEventListener("compositionend", () => void open());
query.addEventListener("keydown", (event) => {
	if (event.isComposing) return;
	if (event.key === "ArrowDown") list.focus();
	else if (event.key === "Escape" && query.value === "") list.focus();
	else return;
	event.preventDefault();
});
element("search").addEventListener("submit", (event) => {
	event.preventDefault();
	clearTimeout(pause);
	void open().then(() => list.focus());
});
order.addEventListener("change", () => void open());

for (const [id, action] of /** @type {[string, Action][]} */ ([
	["select-all", "all"],
	["clear", "clear"],
	["add-tags", "addTags"],
	["remove-tags", "removeTags"],
	["edit", "edit"],
	["delete", "delete"],
	["restore", "restore"],
	["export", "export"],
	["triage", "triage"],
	["help", "help"],
])) {
	element(id).addEventListener("click", () => {
		// The button may be hidden afterwards; a dialog gives the focus back to the list.
		if (id !== "help" && id !== "triage") list.focus();
		void ACTIONS[action]();
	});
}
element("read").addEventListener("click", () => void apply({ read: true }));
element("unread").addEventListener("click", () => void apply({ read: false }));
element("merge").addEventListener("click", () => void mergeSelected());
element("view-notes").addEventListener("click", () => showTrash(false));
element("view-inbox").addEventListener("click", () => showInbox(true));
element("view-trash").addEventListener("click", () => showTrash(true));
element("try-again").addEventListener("click", () => {
	connection.tryHost();
	void open();
});
copies(element("copy-cure"), element("cure-command"), () => announce(say("copied")));
listenToNotice(() => {
	if (!isTriage && !isInbox) list.focus();
});
// Notes are saved and changed elsewhere meanwhile.
document.addEventListener("visibilitychange", () => {
	if (document.visibilityState !== "visible") return;
	void searches.refresh();
	if (status?.hello && !isInbox) void inbox.look(status.hello);
	if (isInbox) void inbox.open();
	else if (wasListed && !isTriage) void reload();
});

const parameters = new URLSearchParams(location.search);
query.value = parameters.get("q") ?? "";
const wantedOrder = parameters.get("order");
if (wantedOrder) order.value = wantedOrder;
if (order.selectedIndex < 0) order.value = "newest";
isTrash = parameters.get("view") === "trash";
isInbox = parameters.get("view") === "inbox";
draw();
toEdit = parameters.get("edit");
void open().then(async () => {
	if (isInbox) void inbox.open();
	else if (document.activeElement === document.body) list.focus();
	if (toEdit === null) return;
	const page = toEdit;
	await aboutNote(() => editPage(connection, page));
	toEdit = null;
	showInAddress();
});
