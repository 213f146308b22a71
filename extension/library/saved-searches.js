/**
 * The saved searches: a row of buttons below the search field, and the dialogs that save, rename
 * and forget them.
 */

import { element, show } from "../shared/elements.js";
import { say } from "../shared/i18n.js";
import { Refused } from "./connection.js";
import { make, openDialog } from "./dialogs.js";
import { reason } from "./note-dialog.js";
import { notify } from "./notice.js";
import { counted } from "./results.js";

/** @import {SavedSearch} from "../protocol.js" */
/** @import {Connection} from "./connection.js" */

/** Longest name, in characters. */
const MAX_NAME = 100;

/**
 * A name as the host compares it.
 * @param {string} name
 */
const folded = (name) => name.trim().split(/\s+/).join(" ").toLowerCase();

export class SavedSearches {
	/** @type {Connection} */ #connection;
	/** @type {SavedSearch[]} */ #searches = [];
	#query = "";
	/** Whether the host has answered; an older one has no saved searches. */
	#isKnown = false;

	/**
	 * Called with the query of a saved search that the user opens.
	 * @type {(query: string) => void}
	 */
	onOpen = () => {};

	/** @param {Connection} connection */
	constructor(connection) {
		this.#connection = connection;
		element("save-search").addEventListener("click", () => void this.#save());
		element("edit-searches").addEventListener("click", () => void this.#edit());
	}

	/** Loads them again. Without an answer, the last ones stay. */
	async refresh() {
		const found = await this.#connection.call("searchList", {}).catch(() => null);
		if (found) this.#show(found.searches);
	}

	/**
	 * Marks the saved search that is open.
	 * @param {string} query The query of the list.
	 */
	mark(query) {
		this.#query = query.trim();
		this.#draw();
	}

	/** @param {SavedSearch[]} searches */
	#show(searches) {
		this.#searches = searches;
		this.#isKnown = true;
		this.#draw();
	}

	#draw() {
		const isSaved = this.#searches.some(({ query }) => query === this.#query);
		const canSave = this.#isKnown && this.#query !== "" && !isSaved;
		show("saved", this.#searches.length > 0 || canSave);
		show("saved-list", this.#searches.length > 0);
		show("save-search", canSave);
		show("edit-searches", this.#searches.length > 0);
		const focused = document.activeElement?.getAttribute("data-search");
		element("saved-list").replaceChildren(
			...this.#searches.map(({ name, query }) => {
				const open = make("button", {}, make("bdi", { text: name }));
				open.type = "button";
				open.title = query;
				open.dataset.search = name;
				open.ariaPressed = String(query === this.#query);
				open.addEventListener("click", () => this.onOpen(query));
				return make("li", {}, open);
			}),
		);
		if (focused)
			/** @type {HTMLElement | null} */ (
				document.querySelector(`[data-search="${CSS.escape(focused)}"]`)
			)?.focus();
	}

	/**
	 * The saved search with a name.
	 * @param {string} name
	 */
	#named(name) {
		return this.#searches.find((search) => folded(search.name) === folded(name));
	}

	/** Saves the query of the list under a name. */
	async #save() {
		const query = this.#query;
		const name = nameField("", say("searchName"));
		name.id = "search-name";
		const problem = problemLine();
		/** The name that the user was warned of: another search has it. */
		let warned = "";
		await openDialog({
			heading: say("saveSearchHeading"),
			content: [
				make("p", { className: "hint" }, make("bdi", { text: query })),
				make("p", { className: "label", text: say("searchName") }),
				name,
				problem,
			],
			ok: say("save"),
			check: async () => {
				const other = this.#named(name.value);
				if (other && other.query !== query && warned !== folded(name.value)) {
					warned = folded(name.value);
					problem.textContent = say("searchReplaces", other.name, other.query);
					return false;
				}
				return this.#send(problem, "searchSave", { name: name.value, query });
			},
			onOpen: () => name.focus(),
		});
	}

	/** Renames and forgets saved searches. */
	async #edit() {
		const problem = problemLine();
		const rows = this.#searches.map((search) => {
			const name = nameField(search.name, say("searchName"));
			const forget = make("input", {});
			forget.type = "checkbox";
			return { search, name, forget };
		});
		/** @type {typeof rows} */
		const forgotten = [];
		const check = async () => {
			const kept = rows.filter(({ forget }) => !forget.checked);
			const renamed = kept.filter(({ search, name }) => name.value !== search.name);
			const taken = renamed.find(({ search, name }) => {
				const other = rows.find(
					(row) =>
						row.search !== search &&
						[row.search.name, row.name.value].map(folded).includes(folded(name.value)),
				);
				return other !== undefined;
			});
			if (taken) {
				problem.textContent = say("searchNameTaken", taken.name.value);
				taken.name.focus();
				return false;
			}
			for (const { search, name } of renamed) {
				const { query, name: oldName } = search;
				const params = { name: name.value, query, oldName };
				if (!(await this.#send(problem, "searchSave", params))) return false;
				search.name = name.value;
			}
			for (const row of rows) {
				if (!row.forget.checked || forgotten.includes(row)) continue;
				const { name } = row.search;
				if (!(await this.#send(problem, "searchForget", { name }))) return false;
				forgotten.push(row);
			}
			return true;
		};
		await openDialog({
			heading: say("savedSearches"),
			content: [
				make(
					"ul",
					{ id: "searches" },
					...rows.map(({ search, name, forget }) =>
						make(
							"li",
							{},
							name,
							make("label", { className: "check" }, forget, say("forgetSearch")),
							make("p", { className: "hint" }, make("bdi", { text: search.query })),
						),
					),
				),
				problem,
			],
			ok: say("save"),
			check,
		});
		if (forgotten.length === 0) return;
		const n = forgotten.length;
		notify(counted(n, "didForget_one", "didForget_many"), {
			undo: async () => {
				const undone = make("p", {});
				for (const { search } of forgotten) {
					const { name, query } = search;
					if (!(await this.#send(undone, "searchSave", { name, query }))) {
						notify(undone.textContent ?? "");
						return;
					}
				}
				notify(counted(n, "didUnforget_one", "didUnforget_many"));
			},
		});
	}

	/**
	 * Sends a change and shows the searches that there are then. Shows why it failed.
	 * @template {"searchSave" | "searchForget"} M
	 * @param {HTMLElement} problem
	 * @param {M} method
	 * @param {import("../protocol.js").Methods[M]["params"]} params
	 */
	async #send(problem, method, params) {
		problem.textContent = "";
		if (params.name.trim() === "") {
			problem.textContent = say("searchNeedsName");
			return false;
		}
		try {
			const { searches } = await this.#connection.call(method, params);
			this.#show(searches);
			return true;
		} catch (error) {
			problem.textContent = error instanceof Refused ? reason(error) : String(error);
			return false;
		}
	}
}

/**
 * @param {string} value
 * @param {string} label
 */
function nameField(value, label) {
	const field = make("input", {});
	field.type = "text";
	field.value = value;
	field.maxLength = MAX_NAME;
	field.dir = "auto";
	field.ariaLabel = label;
	return field;
}

function problemLine() {
	const problem = make("p", { id: "search-problem", className: "warning" });
	problem.role = "alert";
	return problem;
}
