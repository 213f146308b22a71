/**
 * The suggested tags under the tag field: a listbox of its own that never has the
 * focus. The keys that take one are pressed in the tag field. It knows nothing of
 * the host: suggestions are asked for and given by its owner.
 */

import { say } from "../shared/i18n.js";

/** @typedef {import("../protocol.js").SuggestedTag} SuggestedTag */

/** As many as have a key. */
const SHOWN = 5;

/** Stands for what is put into a sentence. */
const PLACE = "\ufffc";

export class Suggestions {
	/** @type {HTMLElement} */ #list;
	/** @type {HTMLElement} */ #why;
	/** @type {HTMLElement} */ #box;
	/** @type {HTMLElement} */ #refuse;
	/** @type {SuggestedTag[]} */ #tags = [];
	/** @type {string[]} What the user doesn't want for this page. */ #dismissed = [];
	/** Whether something else has the place. */
	#aside = false;
	/** What is typed and would be a tag that no note has. */
	#fresh = "";
	#announced = false;

	/**
	 * Called with a tag that the user takes.
	 * @type {(tag: string) => void}
	 */
	onTake = () => {};

	/**
	 * To be read out.
	 * @type {(sentence: string) => void}
	 */
	onAnnounce = () => {};

	/**
	 * @param {object} elements
	 * @param {HTMLElement} elements.box
	 * @param {HTMLElement} elements.list
	 * @param {HTMLElement} elements.why
	 * @param {HTMLElement} elements.refuse
	 */
	constructor({ box, list, why, refuse }) {
		this.#box = box;
		this.#list = list;
		this.#why = why;
		this.#refuse = refuse;
		refuse.addEventListener("click", () => this.dismiss());
		// The focus stays in the field.
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

	/** Those that were refused. */
	get dismissed() {
		return this.#dismissed;
	}

	/** Whether any can be taken now. */
	get open() {
		return !this.#aside && this.#tags.length > 0;
	}

	/**
	 * Shows suggestions in the place that is kept for them.
	 * @param {SuggestedTag[]} tags
	 */
	offer(tags) {
		this.#tags = tags
			.filter(({ name }) => !this.#dismissed.includes(name))
			.slice(0, SHOWN);
		// The note below takes the place that isn't needed, unless it is being written: then
		// the place is neither given up nor taken again.
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
	 * Leaves out what was chosen, until there are new suggestions.
	 * @param {string[]} chosen
	 */
	leaveOut(chosen) {
		const left = this.#tags.filter(({ name }) => !chosen.includes(name));
		if (left.length === this.#tags.length) return;
		this.#tags = left;
		this.#draw();
	}

	/**
	 * @param {boolean} aside Whether typing is in the way.
	 * @param {string} fresh What is typed, where no tag in use fits; else empty.
	 */
	stepAside(aside, fresh) {
		if (aside === this.#aside && fresh === this.#fresh) return;
		this.#aside = aside;
		this.#fresh = fresh;
		this.#draw();
	}

	/**
	 * Takes the one at this place, counted from 0. False where there is none.
	 * @param {number} place
	 */
	take(place) {
		const tag = this.open ? this.#tags[place] : undefined;
		if (tag) this.onTake(tag.name);
		return tag !== undefined;
	}

	/** Refuses those that are shown. */
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
				option.title = `${tag.name}: ${why(tag)}`;
				option.setAttribute("aria-keyshortcuts", `Alt+${place + 1}`);
				option.setAttribute("aria-description", why(tag));
				if (tag.reason === "keyword") option.className = "new";
				const name = document.createElement("bdi");
				name.textContent = tag.name;
				option.append(name);
				return option;
			}),
		);
		// What has no room in the place isn't offered: nobody would see it.
		const room = this.#list.getBoundingClientRect().bottom + 1;
		for (const option of [...this.#list.children])
			if (option.getBoundingClientRect().bottom > room) option.remove();
		if (!this.#aside) this.#tags = this.#tags.slice(0, this.#list.children.length);
		this.#refuse.hidden = shown.length === 0;
		this.#explain(shown[0]);
	}

	/** @param {SuggestedTag | undefined} tag */
	#explain(tag) {
		if (!tag || this.#aside) {
			this.#why.replaceChildren(...(this.#fresh ? [isNew(this.#fresh)] : []));
			return;
		}
		const words = document.createElement("bdi");
		if (tag === this.#tags[0]) {
			words.textContent = say("suggestedBecause", why(tag));
			this.#why.replaceChildren(words, " ", key("Tab"));
			return;
		}
		words.textContent = tag.name;
		this.#why.replaceChildren(words, ` – ${why(tag)}`);
	}
}

/**
 * That a tag is new, in words of which only the tag may be cut.
 * @param {string} tag
 */
function isNew(tag) {
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
 * Why a tag is suggested, in words.
 * @param {SuggestedTag} tag
 */
function why({ reason, detail = "", because }) {
	if (reason === "similar_notes" && detail === "1") return say("because_similar_note");
	// A newer host may have reasons that aren't known here.
	return say(`because_${reason}`, detail) || because;
}
