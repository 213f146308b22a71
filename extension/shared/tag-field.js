/**
 * The tag field: chosen tags, the text being typed, and completions in a listbox (the WAI-ARIA
 * combobox pattern, list autocomplete with manual selection). It knows neither notes nor the
 * host: its owner requests completions and passes them to `offer`.
 */

import { say } from "./i18n.js";
import {
	isList,
	MAX_TAG_LENGTH,
	normaliseTag,
	placeIn,
	splitTags,
	uniteTags,
} from "./tags.js";

/** @typedef {{name: string, count: number}} TagCount */

export class TagField {
	/** @type {HTMLInputElement} */ #input;
	/** @type {HTMLElement} */ #chosen;
	/** @type {HTMLElement} */ #list;
	/** @type {HTMLElement} */ #hint;
	/** @type {string[]} */ #tags = [];
	/** @type {TagCount[]} Completions that are shown. */ #options = [];
	/** Index of the highlighted option, or -1. */
	#active = -1;
	/** Whether completions for the text in the field were requested. */
	#requested = false;
	/** The completion to highlight when they arrive: 1 is the first, -1 the last, 0 none. */
	#requestedStep = /** @type {-1 | 0 | 1} */ (0);
	/** Whether the last request found no completion. */
	#foundNone = false;

	/** Called when the user changed the tags or the typed text. */
	onChange = () => {};

	/**
	 * Called to request completions; the owner passes them to `offer`.
	 * @type {(text: string, exclude: string[]) => void}
	 */
	onRequest = () => {};

	/**
	 * Called with a sentence for screen readers.
	 * @type {(sentence: string) => void}
	 */
	onAnnounce = () => {};

	/**
	 * Called when typing begins or ends, and when completions open or close. `newTag` is the
	 * typed tag if no existing tag matches it, else empty.
	 * @type {(busy: boolean, newTag: string) => void}
	 */
	onBusy = () => {};

	/**
	 * Called when the key of a suggestion was pressed, with its place counted from 0; -1 is the
	 * key that dismisses all of them. Returns whether there was one.
	 * @type {(place: number) => boolean}
	 */
	onSuggestionKey = () => false;

	/** Called when the user presses Enter in the empty field. */
	onDone = () => {};

	/**
	 * @param {object} elements
	 * @param {HTMLElement} elements.box
	 * @param {HTMLInputElement} elements.input
	 * @param {HTMLElement} elements.chosen
	 * @param {HTMLElement} elements.list
	 * @param {HTMLElement} elements.hint
	 */
	constructor({ box, input, chosen, list, hint }) {
		this.#input = input;
		this.#chosen = chosen;
		this.#list = list;
		this.#hint = hint;
		input.addEventListener("keydown", (event) => this.#onKey(event));
		input.addEventListener("input", (event) => {
			if (!(/** @type {InputEvent} */ (event).isComposing)) this.#onText();
			else this.onChange(); // Kept as it is, but not split into tags yet.
		});
		input.addEventListener("compositionend", () => this.#onText());
		input.addEventListener("paste", (event) => this.#onPaste(event));
		input.addEventListener("blur", ({ relatedTarget }) => {
			this.#close();
			// Only if another field gets the focus. If the window loses it (in Firefox it does
			// for a moment while the popup opens), the user may go on typing.
			if (relatedTarget) this.#commitText();
		});
		box.addEventListener("mousedown", (event) => {
			const { target } = event;
			if (target === input || !(target instanceof Element) || target.closest("button"))
				return;
			event.preventDefault(); // Keeps the focus in the field.
			input.focus();
		});
		list.addEventListener("click", (event) => {
			const option = /** @type {Element} */ (event.target).closest("[data-tag]");
			if (option) this.#take(/** @type {string} */ (option.getAttribute("data-tag")));
		});
		chosen.addEventListener("click", (event) => {
			const button = /** @type {Element} */ (event.target).closest("button");
			const tag = button?.closest("[data-tag]")?.getAttribute("data-tag");
			// A click by keyboard keeps the focus among the tags.
			if (tag) this.#remove(tag, event.detail === 0);
		});
		chosen.addEventListener("keydown", (event) => this.#onChosenKey(event));
	}

	/** Handles text that was typed before this tag field existed. */
	begin() {
		if (this.pending) this.#onText();
	}

	get tags() {
		return this.#tags;
	}

	/** @param {string[]} tags */
	set tags(tags) {
		this.#tags = tags;
		this.#draw();
	}

	/**
	 * Adds a tag that the user chose outside this field.
	 * @param {string} tag
	 */
	choose(tag) {
		this.#add([tag]);
		this.#input.focus();
	}

	/** The typed text that isn't a tag yet. */
	get pending() {
		return this.#input.value;
	}

	/** @param {string} text */
	set pending(text) {
		this.#input.value = text;
	}

	/**
	 * Shows completions of the text in the field.
	 * @param {TagCount[]} options
	 */
	offer(options) {
		if (!this.#requested || document.activeElement !== this.#input) return;
		const active = this.#options[this.#active]?.name;
		this.#options = options.filter(({ name }) => !this.#tags.includes(name));
		this.#active = this.#options.findIndex(({ name }) => name === active);
		const places = this.#options.length;
		if (this.#requestedStep && places > 0)
			this.#active = this.#requestedStep > 0 ? 0 : places - 1;
		this.#requestedStep = 0;
		this.#foundNone = options.length === 0;
		this.#drawOptions();
		const count = this.#options.length;
		if (count > 0)
			this.onAnnounce(count === 1 ? say("oneCompletion") : say("completions", count));
	}

	/** @param {KeyboardEvent} event */
	#onKey(event) {
		// Keys of a composition belong to the input method (Safari marks them with 229).
		if (event.isComposing || event.keyCode === 229) return;
		const open = this.#options.length > 0;
		if (event.altKey && !event.ctrlKey && !event.metaKey) {
			// Opens and closes the list without highlighting anything.
			if (event.key === "ArrowDown" && !open) this.#request();
			if (event.key === "ArrowUp" && open) this.#close();
			if (/^Arrow(Up|Down)$/.test(event.key)) event.preventDefault();
			// The physical key: with Alt it may write another character. Not the number pad:
			// Windows enters characters with Alt and its digits.
			const digit = /^Digit([0-5])$/.exec(event.code)?.[1];
			if (digit && this.onSuggestionKey(Number(digit) - 1)) event.preventDefault();
			return;
		}
		if (event.ctrlKey || event.metaKey) return;
		// These keys move in the text, so no completion stays highlighted.
		if (/^(Home|End|ArrowLeft|ArrowRight)$/.test(event.key) && this.#active >= 0) {
			this.#active = -1;
			this.#drawOptions();
		}
		switch (event.key) {
			case "ArrowDown":
			case "ArrowUp":
				event.preventDefault();
				if (open) this.#highlight(event.key === "ArrowDown" ? 1 : -1);
				else this.#request(event.key === "ArrowDown" ? 1 : -1);
				return;
			case "Enter":
			case ",":
			// What the comma key writes in other scripts.
			case "，":
			case "、":
			case "､":
			case "،":
				event.preventDefault();
				if (this.#active >= 0) this.#takeActive();
				else if (event.key === "Enter" && this.pending === "") this.onDone();
				else this.#commitText();
				return;
			case "Tab":
				if (event.shiftKey) return;
				if (this.pending === "" && this.onSuggestionKey(0)) event.preventDefault();
				if (!open || this.pending.trim() === "") return;
				event.preventDefault();
				this.#active = Math.max(this.#active, 0);
				this.#takeActive();
				return;
			case "ArrowLeft":
			case "ArrowRight":
				if (event.shiftKey || this.#stepOf(event.key) > 0) return;
				if (this.#input.selectionStart !== 0 || this.#input.selectionEnd !== 0) return;
				if (this.#focusChosen(this.#tags.length - 1)) event.preventDefault();
				return;
			case "Backspace":
				if (this.pending !== "") return;
				if (this.#tags.length > 0)
					this.#remove(/** @type {string} */ (this.#tags.at(-1)));
				return;
			case "Escape":
				if (!open) return;
				// In Firefox the popup closes all the same: its panel handles the key first.
				event.preventDefault();
				event.stopPropagation();
				this.#close();
		}
	}

	/**
	 * Keys on the chosen tags: Tab stops there once, the arrows move between them.
	 * @param {KeyboardEvent} event
	 */
	#onChosenKey(event) {
		if (event.altKey || event.ctrlKey || event.metaKey) return;
		const item = /** @type {Element} */ (event.target).closest("[data-tag]");
		const tag = item?.getAttribute("data-tag");
		if (!tag) return;
		const at = this.#tags.indexOf(tag);
		switch (event.key) {
			case "ArrowLeft":
			case "ArrowRight": {
				const to = at + this.#stepOf(event.key);
				if (to === this.#tags.length) this.#input.focus();
				else this.#focusChosen(to);
				break;
			}
			case "Home":
				this.#focusChosen(0);
				break;
			case "End":
				this.#input.focus();
				break;
			case "Backspace":
			case "Delete":
				this.#remove(tag, true);
				break;
			default:
				// Typed characters go to the field.
				if ([...event.key].length === 1 && event.key !== " ") this.#input.focus();
				return;
		}
		event.preventDefault();
	}

	/**
	 * The direction of an arrow key among the tags: -1 is towards the first.
	 * @param {string} arrow
	 */
	#stepOf(arrow) {
		const leftToRight = getComputedStyle(this.#chosen).direction === "ltr";
		return (arrow === "ArrowRight") === leftToRight ? 1 : -1;
	}

	/**
	 * @param {number} at Index of a chosen tag.
	 * @returns {boolean} Whether there is such a tag.
	 */
	#focusChosen(at) {
		const button = this.#chosen.children[at]?.querySelector("button");
		button?.focus();
		return Boolean(button);
	}

	#onText() {
		this.#hint.textContent = "";
		if (isList(this.pending)) {
			this.#commitText();
			return;
		}
		// Until new completions arrive, the shown ones that still match stay.
		const typed = this.pending.trim();
		const tag = normaliseTag(typed);
		this.#options = tag ? this.#options.filter(({ name }) => placeIn(name, tag)) : [];
		this.#active = -1;
		this.#foundNone &&= typed !== "";
		this.#drawOptions();
		if (typed) this.#request();
		else this.#requested = false;
		this.onChange();
	}

	/** @param {ClipboardEvent} event */
	#onPaste(event) {
		const pasted = event.clipboardData?.getData("text/plain") ?? "";
		// A single line without a comma is inserted as text; a list becomes tags.
		if (!isList(pasted) && !/\n/.test(pasted.trim())) return;
		event.preventDefault();
		const { selectionStart, selectionEnd } = this.#input;
		const before = this.pending.slice(0, selectionStart ?? 0);
		const after = this.pending.slice(selectionEnd ?? 0);
		this.#commit(`${before}${pasted.replace(/\r?\n/g, ",")}${after}`);
	}

	/** @param {-1 | 0 | 1} [step] The completion to highlight, as `#requestedStep`. */
	#request(step = 0) {
		this.#requested = true;
		this.#requestedStep = step;
		// No tag begins with a longer text.
		const text = this.pending.trim();
		if (text.length <= 2 * MAX_TAG_LENGTH) this.onRequest(text, this.#tags);
	}

	/** @param {1 | -1} step */
	#highlight(step) {
		// One position more than there are options: nothing highlighted.
		const places = this.#options.length + 1;
		this.#active = ((this.#active + 1 + step + places) % places) - 1;
		this.#drawOptions();
	}

	#takeActive() {
		const option = this.#options[this.#active];
		if (option) this.#take(option.name);
	}

	/** @param {string} tag */
	#take(tag) {
		this.pending = "";
		this.#add([tag]);
	}

	#commitText() {
		if (this.pending.trim() !== "") this.#commit(this.pending);
		else if (this.pending !== "") {
			this.pending = "";
			this.#drawOptions();
			this.onChange();
		}
	}

	/** @param {string} text */
	#commit(text) {
		const { tags, refused } = splitTags(text);
		// Text that can't be a tag stays in the field, so that the user can correct it.
		this.pending = refused.join(" ");
		this.#hint.textContent = refused.length > 0 ? say("tagRefused") : "";
		this.#add(tags);
	}

	/** @param {string[]} tags */
	#add(tags) {
		const added = tags.filter((tag) => !this.#tags.includes(tag));
		this.#close();
		this.tags = uniteTags(this.#tags, tags);
		if (added.length > 0) this.onAnnounce(say("tagAdded", added.join(", ")));
		this.onChange();
	}

	/**
	 * @param {string} tag
	 * @param {boolean} [keepsFocus] Whether the focus stays among the chosen tags.
	 */
	#remove(tag, keepsFocus = false) {
		this.#close();
		const at = this.#tags.indexOf(tag);
		this.tags = this.#tags.filter((other) => other !== tag);
		if (!keepsFocus || !this.#focusChosen(Math.min(at, this.#tags.length - 1)))
			this.#input.focus();
		this.onAnnounce(say("tagRemoved", tag));
		this.onChange();
	}

	#close() {
		this.#requested = false;
		this.#requestedStep = 0;
		this.#foundNone = false;
		this.#options = [];
		this.#active = -1;
		this.#drawOptions();
	}

	#draw() {
		const { activeElement } = document;
		const focused = this.#chosen.contains(activeElement)
			? activeElement?.closest("[data-tag]")
			: null;
		const stays = focused
			? this.#tags.indexOf(focused.getAttribute("data-tag") ?? "")
			: -1;
		this.#chosen.replaceChildren(
			...this.#tags.map((tag, at) => {
				const item = document.createElement("li");
				item.dataset.tag = tag;
				const name = document.createElement("bdi");
				name.textContent = tag;
				const button = document.createElement("button");
				button.type = "button";
				button.setAttribute("aria-label", say("removeTag", tag));
				button.tabIndex = at === this.#tags.length - 1 ? 0 : -1;
				button.textContent = "×";
				item.append(name, button);
				return item;
			}),
		);
		this.#chosen.hidden = this.#tags.length === 0;
		this.#chosen.scrollTop = this.#chosen.scrollHeight; // Shows the newest one.
		if (stays >= 0) this.#focusChosen(stays);
	}

	#drawOptions() {
		const typed = normaliseTag(this.pending) ?? "";
		this.#list.replaceChildren(
			...this.#options.map(({ name, count }, index) => {
				const option = document.createElement("li");
				option.id = `completion-${index}`;
				option.role = "option";
				option.dataset.tag = name;
				option.ariaSelected = String(index === this.#active);
				option.setAttribute(
					"aria-description",
					count === 1 ? say("usedOnce") : say("usedTimes", count),
				);
				const uses = document.createElement("span");
				uses.className = "uses";
				uses.ariaHidden = "true"; // The description says it.
				uses.textContent = String(count);
				option.append(marked(name, typed), uses);
				return option;
			}),
		);
		const open = this.#options.length > 0;
		this.#list.hidden = !open;
		const isNew = this.#foundNone && !this.#tags.includes(typed);
		this.onBusy(open || this.pending !== "", isNew ? typed : "");
		this.#input.ariaExpanded = String(open);
		if (this.#active >= 0) {
			this.#input.setAttribute("aria-activedescendant", `completion-${this.#active}`);
			this.#list.children[this.#active]?.scrollIntoView({ block: "nearest" });
		} else {
			this.#input.removeAttribute("aria-activedescendant");
		}
	}
}

/**
 * A name with the typed part marked.
 * @param {string} name
 * @param {string} typed
 */
function marked(name, typed) {
	const label = document.createElement("bdi");
	const place = typed ? placeIn(name, typed) : null;
	if (!place) {
		label.textContent = name;
		return label;
	}
	const { start, end } = place;
	const mark = document.createElement("mark");
	mark.textContent = name.slice(start, end);
	label.append(name.slice(0, start), mark, name.slice(end));
	return label;
}
