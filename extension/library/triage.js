/**
 * Triage: one note after the other, with its description and suggested tags. Tags are added when
 * the user goes on; each step can be taken back.
 */

import { browser } from "../shared/browser.js";
import { ago } from "../shared/dates.js";
import { announce } from "../shared/elements.js";
import { language, say } from "../shared/i18n.js";
import { button, make, tagFieldBlock } from "./dialogs.js";
import { Operation } from "./edit-many.js";
import { triageAction } from "./keys.js";
import { isLink, nameOf } from "./row-view.js";

/** @import {Note, NoteRow, SuggestedTag} from "../protocol.js" */
/** @import {Connection} from "./connection.js" */
/** @import {NoteQueue} from "./note-queue.js" */

/** Suggestions with a key of their own. */
const SUGGESTIONS = 5;

export class Triage {
	/** @type {Connection} */ #connection;
	/** @type {HTMLElement} */ #panel;
	/** @type {NoteQueue} */ #notes;
	#place = 0;
	/** @type {NoteRow | undefined} */ #row;
	/** @type {SuggestedTag[]} */ #suggestions = [];
	/** @type {ReturnType<typeof tagFieldBlock> | null} */ #tags = null;
	/** @type {{place: number, edit: number | null}[]} What was done, the last at the end. */
	#steps = [];
	/** Whether a step is being sent. */
	#isBusy = false;
	/** @type {HTMLElement} */ #chips = make("ol", { id: "triage-suggestions" });
	/** @type {HTMLElement} */ #problem = make("p", { className: "warning" });

	/** Called when the user leaves. */
	onLeave = () => {};

	/**
	 * Called with an error of the host.
	 * @type {(error: unknown) => string}
	 */
	onError = () => "";

	/**
	 * @param {Connection} connection
	 * @param {HTMLElement} panel
	 * @param {NoteQueue} notes The notes to go through: a list of its own.
	 */
	constructor(connection, panel, notes) {
		this.#connection = connection;
		this.#panel = panel;
		this.#notes = notes;
		this.#problem.role = "alert";
		panel.addEventListener("keydown", (event) => this.#onKey(event));
	}

	/** Shows the first note of the list. */
	async begin() {
		this.#steps = [];
		await this.#show(0);
	}

	/** @param {number} place */
	async #show(place) {
		this.#place = place;
		await this.#notes.need(place + 1);
		this.#row = this.#notes.at(place);
		this.#suggestions = [];
		const row = this.#row;
		if (!row) {
			this.#showEnd();
			return;
		}
		/** @type {Note | null} */
		let note = null;
		try {
			({ note } = await this.#connection.call("noteForUrl", { url: row.url }));
		} catch (error) {
			this.#problem.textContent = this.onError(error);
		}
		if (this.#row !== row) return;
		this.#draw(row, note);
		void this.#suggest(row, note);
	}

	#showEnd() {
		this.#tags = null;
		const heading = make("h2", { text: say("triageDone") });
		heading.tabIndex = -1;
		this.#panel.replaceChildren(
			heading,
			make(
				"p",
				{ className: "buttons" },
				button(say("undo"), () => void this.#undo(), "triage-undo"),
				button(say("triageLeave"), () => this.onLeave(), "triage-leave"),
			),
			this.#problem,
		);
		heading.focus();
	}

	/**
	 * @param {NoteRow} row
	 * @param {Note | null} note
	 */
	#draw(row, note) {
		const heading = make("h2", { id: "triage-title" });
		heading.tabIndex = -1;
		heading.dir = "auto";
		if (isLink(row.url)) {
			const link = make("a", { text: nameOf(row) });
			link.href = row.url;
			link.target = "_blank";
			link.rel = "noreferrer";
			heading.append(link);
		} else heading.textContent = nameOf(row);
		const when = ago(row.savedAt, Date.now(), language()) ?? say("justNow");
		const facts = make("p", { className: "hint", text: `${row.site} · ${when}` });
		const text = note?.summary || note?.excerpt || "";
		const about = make("p", { id: "triage-text", text });
		about.dir = "auto";
		this.#tags = tagFieldBlock(this.#connection, say("tags"));
		const { field, input, block } = this.#tags;
		field.tags = row.tags;
		field.onSuggestionKey = (place) => this.#take(place);
		field.onDone = () => void this.#next();
		field.onChange = () => this.#drawChips();
		const action = (
			/** @type {string} */ key,
			/** @type {string} */ name,
			/** @type {() => unknown} */ act,
		) => {
			const made = button(say(name), () => void act(), `triage-${name}`);
			made.append(" ", make("kbd", { text: key }));
			if (name === "triageNext") made.className = "primary";
			return made;
		};
		this.#chips.ariaLabel = say("suggestionsLabel");
		this.#panel.replaceChildren(
			make("p", {
				id: "triage-count",
				className: "hint",
				text: say("triageCount", this.#place + 1, this.#notes.total),
			}),
			heading,
			facts,
			about,
			this.#chips,
			block,
			this.#problem,
			make(
				"p",
				{ className: "buttons" },
				action("Enter", "triageNext", () => this.#next()),
				action("s", "triageSkip", () => this.#step(null)),
				action("d", "delete", () => this.#delete()),
				action("u", "undo", () => this.#undo()),
				action("Esc", "triageLeave", () => this.onLeave()),
			),
		);
		this.#drawChips();
		input.addEventListener("keydown", (event) => {
			if (event.key !== "Escape" || event.defaultPrevented) return;
			event.stopPropagation();
			heading.focus();
		});
		heading.focus();
		announce(say("triageCount", this.#place + 1, this.#notes.total));
	}

	/**
	 * @param {NoteRow} row
	 * @param {Note | null} note
	 */
	async #suggest(row, note) {
		const found = await this.#connection
			.call("suggestTags", {
				url: row.url,
				title: row.title,
				...(note?.excerpt && { excerpt: note.excerpt }),
				...(note?.summary && { text: note.summary.slice(0, 8000) }),
				tags: row.tags,
				limit: SUGGESTIONS,
			})
			.catch(() => ({ tags: [] }));
		if (this.#row !== row) return;
		this.#suggestions = found.tags.slice(0, SUGGESTIONS);
		this.#drawChips();
	}

	#drawChips() {
		const chosen = this.#tags?.field.tags ?? [];
		this.#chips.hidden = this.#suggestions.length === 0;
		this.#chips.replaceChildren(
			...this.#suggestions.map(({ name }, place) => {
				const chip = button("", () => void this.#take(place));
				chip.dataset.tag = name;
				chip.ariaPressed = String(chosen.includes(name));
				chip.append(
					make("kbd", { text: String(place + 1) }),
					" ",
					make("bdi", { text: name }),
				);
				return make("li", {}, chip);
			}),
		);
	}

	/**
	 * Adds a suggested tag, or takes it back.
	 * @param {number} place
	 */
	#take(place) {
		const tag = this.#suggestions[place]?.name;
		const field = this.#tags?.field;
		if (tag === undefined || !field) return false;
		const isChosen = field.tags.includes(tag);
		field.tags = isChosen
			? field.tags.filter((other) => other !== tag)
			: [...field.tags, tag];
		announce(say(isChosen ? "tagRemoved" : "tagAdded", tag));
		this.#drawChips();
		return true;
	}

	/** @param {KeyboardEvent} event */
	#onKey(event) {
		const target = /** @type {Element} */ (event.target);
		if (event.isComposing || event.defaultPrevented || target.matches("input")) return;
		const action = triageAction(event);
		// Enter on a button or a link is for that.
		if (!action || (action === "next" && target.matches("button, a"))) return;
		event.preventDefault();
		switch (action) {
			case "next":
				void this.#next();
				return;
			case "skip":
				void this.#step(null);
				return;
			case "delete":
				void this.#delete();
				return;
			case "undo":
				void this.#undo();
				return;
			case "tags":
				this.#tags?.input.focus();
				return;
			case "open":
				if (this.#row && isLink(this.#row.url))
					void browser.tabs.create({ url: this.#row.url });
				return;
			case "leave":
				this.onLeave();
				return;
			default:
				this.#take(Number(action.slice(-1)) - 1);
		}
	}

	/** Adds the chosen tags and removes those taken out, and goes on. */
	async #next() {
		const row = this.#row;
		const field = this.#tags?.field;
		if (!row || !field) return;
		if (field.pending.trim() !== "") {
			this.#problem.textContent = say("tagRefused");
			return;
		}
		const addTags = field.tags.filter((tag) => !row.tags.includes(tag));
		const removeTags = row.tags.filter((tag) => !field.tags.includes(tag));
		if (addTags.length + removeTags.length === 0) await this.#step(null);
		else
			await this.#step({
				...(addTags.length > 0 && { addTags }),
				...(removeTags.length > 0 && { removeTags }),
			});
	}

	async #delete() {
		if (this.#row) await this.#step({ delete: true });
	}

	/**
	 * Changes the note, and shows the next one. If the change fails, the note stays.
	 * @param {import("./edit-many.js").Change | null} change
	 */
	async #step(change) {
		const row = this.#row;
		if (!row || this.#isBusy) return;
		this.#isBusy = true;
		this.#problem.textContent = "";
		try {
			const operation = change
				? Operation.edit(this.#connection, { ids: [row.id] }, change)
				: null;
			const result = operation ? await operation.run() : null;
			if (result && result.missingCount + result.refusedCount > 0)
				this.#problem.textContent = say("noteGone", nameOf(row));
			this.#steps.push({ place: this.#place, edit: result?.edit ?? null });
			await this.#show(this.#place + 1);
		} catch (error) {
			this.#problem.textContent = this.onError(error);
		} finally {
			this.#isBusy = false;
		}
	}

	/** Takes the last step back, and shows its note again. */
	async #undo() {
		const step = this.#steps.at(-1);
		if (!step || this.#isBusy) return;
		this.#isBusy = true;
		this.#problem.textContent = "";
		try {
			if (step.edit !== null) await Operation.undo(this.#connection, step.edit).run();
			this.#steps.pop();
			await this.#show(step.place);
		} catch (error) {
			this.#problem.textContent = this.onError(error);
		} finally {
			this.#isBusy = false;
		}
	}
}
