/**
 * The popup's fields: title, tags and note. Owns what the user typed, and merges the note into
 * the fields when it arrives or changes. It sends nothing: `popup.js` does.
 */

import { element, show } from "../shared/elements.js";
import { say } from "../shared/i18n.js";
import * as typed from "../shared/merge.js";
import { TagField } from "../shared/tag-field.js";
import { byteLength, fit, LIMITS, PassageLinks } from "../shared/text.js";

/** @import {View} from "../shared/messages.js" */

export class Fields {
	title = /** @type {HTMLTextAreaElement} */ (element("title"));
	summary = /** @type {HTMLTextAreaElement} */ (element("summary"));
	tags = /** @type {HTMLInputElement} */ (element("tags"));
	tagField = new TagField({
		box: element("tag-field"),
		input: this.tags,
		chosen: element("chosen"),
		list: element("completions"),
		hint: element("tag-hint"),
	});
	/** The last revision that was merged into the fields. */
	revision = 0;

	/** Whether the user changed a field. */
	#touched = { title: false, tags: false, summary: false };
	/** @type {View | null} The last one. */ #view = null;
	/** The last revision that a view had. */
	#shownRevision = 0;
	/**
	 * Changes of the note that aren't merged yet; null while the fields have no note.
	 * @type {typed.Change[] | null}
	 */
	#changes = null;
	/** Whether an input method composes a word. */
	#isComposing = false;
	/** Title of the tab. */
	#tabTitle = "";
	/** The links of quotes, which the text field shows in short. */
	#links = new PassageLinks();

	/** Called after each input of the user. */
	onInput = () => {};

	/** Called after a note was merged into the fields. */
	onMerge = () => {};

	constructor() {
		const { title, summary, tags } = this;
		this.#links.copyWhole(summary);
		title.addEventListener("input", () => {
			this.#touched.title = true;
			if (/[\r\n]/.test(title.value))
				title.value = title.value.replace(/\s*[\r\n]+\s*/g, " ");
			grow(title);
			this.onInput();
		});
		title.addEventListener("keydown", (event) => {
			if (event.key !== "Enter" || event.isComposing) return;
			event.preventDefault();
			tags.focus();
		});
		summary.addEventListener("input", () => {
			this.#touched.summary = true;
			const excess = byteLength(this.fullText(summary.value)) - LIMITS.summary;
			const fits = excess <= 0;
			if (!fits)
				summary.value = fit(
					summary.value,
					Math.max(0, byteLength(summary.value) - excess),
				);
			element("summary-hint").textContent = fits ? "" : say("summaryFull");
			grow(summary);
			this.onInput();
		});
		summary.addEventListener("focus", () => {
			// The user's text starts below a quote, not on its last line.
			if (this.#touched.summary || !/(^|\n)>[^\n]*$/.test(summary.value)) return;
			summary.value += "\n\n";
			grow(summary);
		});
		this.tagField.onChange = () => {
			const saved = this.#view?.page.note?.tags ?? [];
			this.#touched.tags ||= this.tagField.tags.join() !== saved.join();
			this.onInput();
		};
		document.addEventListener("compositionstart", () => {
			this.#isComposing = true;
		});
		document.addEventListener("compositionend", () => {
			this.#isComposing = false;
			if (this.#view) this.#mergeIfNew(this.#view);
		});
		element("fields").addEventListener("submit", (event) => event.preventDefault());
	}

	/**
	 * Shows the title of the tab, unless the user has already typed one.
	 * @param {string} title
	 */
	showTabTitle(title) {
		this.#tabTitle = title;
		if (!this.#touched.title) this.title.value = title;
		grow(this.title);
	}

	/** @returns {typed.Edits} */
	edits() {
		/** @type {typed.Edits} */
		const edits = {};
		if (this.#touched.title)
			edits.title = fit(this.title.value.replace(/\s+/g, " "), LIMITS.title);
		if (this.#touched.tags) edits.tags = this.tagField.tags;
		if (this.#touched.summary)
			edits.summary = this.fullText(this.summary.value.toWellFormed());
		const { pending } = this.tagField;
		if (pending) edits.pending = pending.toWellFormed();
		return edits;
	}

	/**
	 * Merges the note of a view into the fields, if it is new or changed.
	 * @param {View} view
	 */
	update(view) {
		const known = this.#view?.page.note ?? null;
		const { note } = view.page;
		if (view.revision > this.#shownRevision) {
			this.#shownRevision = view.revision;
			if (!note || known?.id !== note.id || view.leftover) this.#changes = null;
			else this.#changes?.push({ before: known, now: note });
		}
		this.#view = view;
		this.#mergeIfNew(view);
	}

	/**
	 * Takes the tags as they are stored: the host replaces an alias by its tag.
	 * @param {View} view
	 */
	takeStoredTags({ page }) {
		if (page.note && this.tagField.tags.join() !== page.note.tags.join())
			this.tagField.tags = page.note.tags;
	}

	/**
	 * The text of the note with the whole addresses of its links.
	 * @param {string} text As the text field shows it.
	 */
	fullText(text) {
		return this.#links.expand(text);
	}

	/** Makes the text field of the note as high as its text. */
	growSummary() {
		grow(this.summary);
	}

	/** The page can't be saved: there is nothing to type. */
	disable() {
		for (const field of [this.title, this.tags, this.summary]) field.disabled = true;
		show("fields", false);
	}

	/** @param {View} view */
	#mergeIfNew(view) {
		// Writing to a field would destroy a word that is being composed in it.
		if (view.revision > this.revision && !this.#isComposing) this.#merge(view);
	}

	/**
	 * Merges a note, or the edits of an earlier popup, with what was typed in this one.
	 * @param {View} view
	 */
	#merge({ page: { note }, revision, leftover, leftoverSeen }) {
		const { title, summary, tagField } = this;
		this.revision = revision;
		const fields = typed.takenIn(
			{ note, changes: this.#changes, leftover, leftoverSeen, title: this.#tabTitle },
			this.edits(),
		);
		this.#changes = [];
		const base = note ?? { title: this.#tabTitle, tags: [], summary: "" };
		this.#touched.title ||= fields.title !== base.title;
		this.#touched.tags ||= fields.tags.join() !== base.tags.join();
		this.#touched.summary ||= fields.summary !== base.summary;
		if (title.value !== fields.title) title.value = fields.title;
		tagField.tags = fields.tags;
		const text = this.#links.shorten(fields.summary);
		if (summary.value !== text) {
			// The caret keeps its place in the user's text, which comes first or last.
			const { value, selectionEnd } = summary;
			const isFirst = value !== "" && text.startsWith(value);
			const moved = isFirst ? 0 : text.length - value.length;
			summary.value = text;
			summary.selectionStart = summary.selectionEnd = selectionEnd + moved;
		}
		for (const field of [title, summary]) grow(field);
		this.onMerge();
	}
}

/**
 * Makes a text field as high as its text, within the limits of the style sheet.
 * @param {HTMLTextAreaElement} field
 */
function grow(field) {
	field.style.height = "auto";
	const borders = field.offsetHeight - field.clientHeight;
	field.style.height = `${field.scrollHeight + borders}px`;
}
