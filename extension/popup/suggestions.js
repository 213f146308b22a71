/**
 * The suggested tags below the tag field: a listbox of its own that never has the focus. The
 * tag field handles the keys that take a suggestion. `popup.js` requests suggestions from the
 * host and passes them to `offer`.
 */

import { say } from "../shared/i18n.js";

/** @typedef {import("../protocol.js").SuggestedTag} SuggestedTag */

/** Suggestions that are shown: each has a key. */
const SHOWN = 5;

export class Suggestions {
	/** @type {HTMLElement} */ #list;
	/** @type {HTMLElement} */ #reason;
	/** @type {HTMLElement} */ #box;
	/** @type {HTMLElement} */ #dismiss;
	/** @type {SuggestedTag[]} */ #tags = [];
	/** @type {string[]} Suggestions that the user dismissed for this page. */ #dismissed =
		[];
	/** Whether completions or typed text take their place. */
	#aside = false;
	/** Index of the highlighted suggestion, or -1. */
	#active = -1;
	#announced = false;

	/**
	 * Called when the user takes a suggestion.
	 * @type {(tag: string) => void}
	 */
	onTake = () => {};

	/**
	 * Called with a sentence for screen readers.
	 * @type {(sentence: string) => void}
	 */
	onAnnounce = () => {};

	/**
	 * @param {object} elements
	 * @param {HTMLElement} elements.box
	 * @param {HTMLElement} elements.list
	 * @param {HTMLElement} elements.reason Why a tag is suggested.
	 * @param {HTMLElement} elements.dismiss
	 */
	constructor({ box, list, reason, dismiss }) {
		this.#box = box;
		this.#list = list;
		this.#reason = reason;
		this.#dismiss = dismiss;
		dismiss.addEventListener("click", () => this.dismiss());
		// Keeps the focus in the tag field.
		box.addEventListener("mousedown", (event) => event.preventDefault());
		list.addEventListener("click", (event) => {
			const option = /** @type {Element} */ (event.target).closest("[data-tag]");
			if (option) this.onTake(/** @type {string} */ (option.getAttribute("data-tag")));
		});
		list.addEventListener("mouseover", (event) => {
			const option = /** @type {Element} */ (event.target).closest("[data-tag]");
			const tag = option?.getAttribute("data-tag");
			const pointed = this.#tags.find(({ name }) => name === tag);
			if (pointed) this.#explain(pointed);
		});
		list.addEventListener("mouseleave", () => this.#explain(this.#tags[0]));
	}

	/** The dismissed suggestions. */
	get dismissed() {
		return this.#dismissed;
	}

	/** Whether there is a suggestion that can be taken now. */
	get open() {
		return !this.#aside && this.#tags.length > 0;
	}

	/**
	 * Shows suggestions in the space reserved for them.
	 * @param {SuggestedTag[]} tags
	 */
	offer(tags) {
		this.#tags = tags
			.filter(({ name }) => !this.#dismissed.includes(name))
			.slice(0, SHOWN);
		// Without suggestions the note moves up, but not while the user is typing in it.
		const below = document.activeElement?.id === "summary";
		if (!below) this.#box.hidden = this.#tags.length === 0;
		if (this.#box.hidden) this.#tags = [];
		this.#draw();
		if (this.#tags.length === 0 || this.#announced) return;
		this.#announced = true;
		const names = this.#tags.map(({ name }) => name).join(", ");
		this.onAnnounce(say("suggestionsOffered", names));
	}

	/**
	 * Hides suggestions that the user has chosen as tags.
	 * @param {string[]} chosen
	 */
	leaveOut(chosen) {
		const left = this.#tags.filter(({ name }) => !chosen.includes(name));
		if (left.length === this.#tags.length) return;
		this.#tags = left;
		this.#draw();
	}

	/**
	 * Makes room for completions and typed text, or shows the suggestions again.
	 * @param {boolean} aside Whether to make room.
	 */
	stepAside(aside) {
		if (aside === this.#aside) return;
		this.#aside = aside;
		this.#draw();
	}

	/**
	 * Highlights the next or the previous suggestion.
	 * @param {-1 | 0 | 1} step 0 highlights none.
	 * @returns {string | null | undefined} Its id; null if none is highlighted; undefined if there
	 *   are no suggestions.
	 */
	highlight(step) {
		if (!this.open) return undefined;
		// One position more than there are suggestions: none highlighted.
		const places = this.#tags.length + 1;
		this.#active = step === 0 ? -1 : ((this.#active + 1 + step + places) % places) - 1;
		for (const [place, option] of [...this.#list.children].entries())
			option.ariaSelected = String(place === this.#active);
		this.#explain(this.#tags[Math.max(this.#active, 0)]);
		return this.#list.children[this.#active]?.id ?? null;
	}

	/**
	 * Takes the highlighted suggestion.
	 * @returns {boolean} False if there is none.
	 */
	takeHighlighted() {
		return this.#active >= 0 && this.take(this.#active);
	}

	/**
	 * Takes the suggestion at this place.
	 * @param {number} place Counted from 0.
	 * @returns {boolean} False if there is none.
	 */
	take(place) {
		const tag = this.open ? this.#tags[place] : undefined;
		if (tag) this.onTake(tag.name);
		return tag !== undefined;
	}

	/** Dismisses the suggestions that are shown. */
	dismiss() {
		if (!this.open) return;
		this.#dismissed = [...this.#dismissed, ...this.#tags.map(({ name }) => name)];
		this.#tags = [];
		this.#draw();
		this.onAnnounce(say("suggestionsDismissed"));
	}

	#draw() {
		const shown = this.#aside ? [] : this.#tags;
		this.#active = -1;
		this.#list.replaceChildren(
			...shown.map((tag, place) => {
				const option = document.createElement("li");
				option.id = `suggestion-${place}`;
				option.role = "option";
				option.ariaSelected = "false";
				option.dataset.tag = tag.name;
				option.title = `${tag.name}: ${reasonFor(tag)}`;
				option.setAttribute("aria-keyshortcuts", `Alt+${place + 1}`);
				option.setAttribute("aria-description", reasonFor(tag));
				if (tag.reason === "keyword") option.className = "new";
				const name = document.createElement("bdi");
				name.textContent = tag.name;
				option.append(name);
				return option;
			}),
		);
		// Suggestions that don't fit can't be taken, since the user doesn't see them.
		const room = this.#list.getBoundingClientRect().bottom + 1;
		for (const option of [...this.#list.children])
			if (option.getBoundingClientRect().bottom > room) option.remove();
		if (!this.#aside) this.#tags = this.#tags.slice(0, this.#list.children.length);
		this.#dismiss.hidden = shown.length === 0;
		this.#explain(shown[0]);
	}

	/** @param {SuggestedTag | undefined} tag */
	#explain(tag) {
		if (!tag || this.#aside) {
			this.#reason.replaceChildren();
			return;
		}
		const words = document.createElement("bdi");
		const place = this.#tags.indexOf(tag);
		const shortcut = key(`Alt+${place + 1}`);
		if (place === 0) {
			words.textContent = say("suggestedBecause", reasonFor(tag));
			this.#reason.replaceChildren(words, " ", shortcut);
			return;
		}
		words.textContent = tag.name;
		this.#reason.replaceChildren(words, ` – ${reasonFor(tag)} `, shortcut);
	}
}

/** @param {string} label */
function key(label) {
	const element = document.createElement("kbd");
	element.textContent = label;
	return element;
}

/**
 * The sentence that says why a tag is suggested.
 * @param {SuggestedTag} tag
 */
function reasonFor({ reason, detail = "", because }) {
	if (reason === "similar_notes" && detail === "1") return say("because_similar_note");
	// A newer host may have reasons that this extension has no text for.
	return say(`because_${reason}`, detail) || because;
}
