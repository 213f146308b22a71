/**
 * The suggested tags below the tag field: a listbox of its own that never has the focus. The
 * tag field handles the keys that take a suggestion. `popup.js` requests suggestions from the
 * host and passes them to `offer`.
 */

import { say } from "../shared/i18n.js";

/** @typedef {import("../protocol.js").SuggestedTag} SuggestedTag */

/** Suggestions that are shown: each has a key. */
const SHOWN = 5;

/** Marks the place of the tag in a sentence. */
const PLACE = "\ufffc";

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
	/** The typed text, if it would be a new tag; else empty. */
	#newTag = "";
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
	 * @param {string} newTag The typed text, if it would be a new tag; else empty.
	 */
	stepAside(aside, newTag) {
		if (aside === this.#aside && newTag === this.#newTag) return;
		this.#aside = aside;
		this.#newTag = newTag;
		this.#draw();
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
		this.#list.replaceChildren(
			...shown.map((tag, place) => {
				const option = document.createElement("li");
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
			this.#reason.replaceChildren(...(this.#newTag ? [newTagHint(this.#newTag)] : []));
			return;
		}
		const words = document.createElement("bdi");
		if (tag === this.#tags[0]) {
			words.textContent = say("suggestedBecause", reasonFor(tag));
			this.#reason.replaceChildren(words, " ", key("Tab"));
			return;
		}
		words.textContent = tag.name;
		this.#reason.replaceChildren(words, ` – ${reasonFor(tag)}`);
	}
}

/**
 * The hint that a tag is new. If there is little room, only the tag is cut.
 * @param {string} tag
 */
function newTagHint(tag) {
	const [before = "", after = ""] = say("newTag", PLACE).split(PLACE);
	const sentence = document.createElement("span");
	const name = document.createElement("bdi");
	name.textContent = tag;
	sentence.append(before, name, after);
	return sentence;
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
