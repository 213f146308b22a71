/**
 * The tag field: chosen tags, the text being typed, and completions as a
 * listbox (the WAI-ARIA combobox pattern, list autocomplete with manual
 * selection). It knows nothing of notes or of the host: completions are asked
 * for and given by its owner.
 */

import { say } from "../shared/i18n.js";
import {
	isList,
	MAX_TAG_LENGTH,
	normaliseTag,
	placeIn,
	splitTags,
	uniteTags,
} from "../shared/tags.js";

/** @typedef {{name: string, count: number}} TagCount */

export class TagField {
	/** @type {HTMLInputElement} */ #input;
	/** @type {HTMLElement} */ #chosen;
	/** @type {HTMLElement} */ #list;
	/** @type {HTMLElement} */ #hint;
	/** @type {string[]} */ #tags = [];
	/** @type {TagCount[]} Shown now. */ #options = [];
	/** Index of the highlighted option, or -1. */
	#active = -1;
	/** Whether the user wants completions for what the field holds. */
	#wanted = false;
	/** Which one is gone to when they come: 1 is the first, -1 the last. */
	#wantedStep = /** @type {-1 | 0 | 1} */ (0);
	/** Whether there are none. */
	#fitsNone = false;

	/** Called when the tags or the pending text have changed by the user. */
	onChange = () => {};

	/**
	 * Called when completions are wanted; they come back through `offer`.
	 * @type {(text: string, exclude: string[]) => void}
	 */
	onWanted = () => {};

	/**
	 * To be read out.
	 * @type {(sentence: string) => void}
	 */
	onAnnounce = () => {};

	/**
	 * Called when typing begins or ends, and when completions open or close; with the tag
	 * that is typed where none in use fits.
	 * @type {(busy: boolean, fresh: string) => void}
	 */
	onBusy = () => {};

	/**
	 * Called with the place of a suggestion whose key was pressed, -1 for the key that
	 * refuses them all. True where there was one.
	 * @type {(place: number) => boolean}
	 */
	onSuggestionKey = () => false;

	/** Called when the user is done with tags. */
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
			else this.onChange(); // Kept as it stands, but not read as a tag yet.
		});
		input.addEventListener("compositionend", () => this.#onText());
		input.addEventListener("paste", (event) => this.#onPaste(event));
		input.addEventListener("blur", ({ relatedTarget }) => {
			this.#close();
			// Only on the way to another field: when the window itself loses the focus
			// (Firefox does so for a moment as the popup opens), typing may go on.
			if (relatedTarget) this.#commitText();
		});
		box.addEventListener("mousedown", (event) => {
			const { target } = event;
			if (target === input || !(target instanceof Element) || target.closest("button"))
				return;
			event.preventDefault(); // The focus stays in the field.
			input.focus();
		});
		list.addEventListener("click", (event) => {
			const option = /** @type {Element} */ (event.target).closest("[data-tag]");
			if (option) this.#take(/** @type {string} */ (option.getAttribute("data-tag")));
		});
		chosen.addEventListener("click", (event) => {
			const button = /** @type {Element} */ (event.target).closest("button");
			const tag = button?.closest("[data-tag]")?.getAttribute("data-tag");
			// A click without a pointer is a key: its user goes on from there.
			if (tag) this.#remove(tag, event.detail === 0);
		});
		chosen.addEventListener("keydown", (event) => this.#onChosenKey(event));
	}

	/** Takes what was typed before there was a tag field as if it were typed now. */
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
	 * Adds a tag that was chosen elsewhere.
	 * @param {string} tag
	 */
	choose(tag) {
		this.#add([tag]);
		this.#input.focus();
	}

	/** Text that isn't a tag yet. */
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
		if (!this.#wanted || document.activeElement !== this.#input) return;
		const active = this.#options[this.#active]?.name;
		this.#options = options.filter(({ name }) => !this.#tags.includes(name));
		this.#active = this.#options.findIndex(({ name }) => name === active);
		const places = this.#options.length;
		if (this.#wantedStep && places > 0)
			this.#active = this.#wantedStep > 0 ? 0 : places - 1;
		this.#wantedStep = 0;
		this.#fitsNone = options.length === 0;
		this.#drawOptions();
		const count = this.#options.length;
		if (count > 0)
			this.onAnnounce(count === 1 ? say("oneCompletion") : say("completions", count));
	}

	/** @param {KeyboardEvent} event */
	#onKey(event) {
		// While an input method composes, its keys are its own (Safari says so with 229).
		if (event.isComposing || event.keyCode === 229) return;
		const open = this.#options.length > 0;
		if (event.altKey && !event.ctrlKey && !event.metaKey) {
			// Opens and closes without going anywhere.
			if (event.key === "ArrowDown" && !open) this.#want();
			if (event.key === "ArrowUp" && open) this.#close();
			if (/^Arrow(Up|Down)$/.test(event.key)) event.preventDefault();
			// By the key, not by what it writes: with Alt that may be another sign.
			// Not the number pad: Windows writes signs with Alt and its digits.
			const digit = /^Digit([0-5])$/.exec(event.code)?.[1];
			if (digit && this.onSuggestionKey(Number(digit) - 1)) event.preventDefault();
			return;
		}
		if (event.ctrlKey || event.metaKey) return;
		// Back to the text, in which these keys move.
		if (/^(Home|End|ArrowLeft|ArrowRight)$/.test(event.key) && this.#active >= 0) {
			this.#active = -1;
			this.#drawOptions();
		}
		switch (event.key) {
			case "ArrowDown":
			case "ArrowUp":
				event.preventDefault();
				if (open) this.#highlight(event.key === "ArrowDown" ? 1 : -1);
				else this.#want(event.key === "ArrowDown" ? 1 : -1);
				return;
			case "Enter":
			case ",":
			// As the comma key of an input method that composes nothing writes it.
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
				// Firefox closes its popup all the same: the key is the panel's first.
				event.preventDefault();
				event.stopPropagation();
				this.#close();
		}
	}

	/**
	 * The chosen tags are one stop of the Tab key; arrows go along them.
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
				// What is typed is a tag to be.
				if ([...event.key].length === 1 && event.key !== " ") this.#input.focus();
				return;
		}
		event.preventDefault();
	}

	/**
	 * Which way an arrow goes along the tags: -1 is to the one before.
	 * @param {string} arrow
	 */
	#stepOf(arrow) {
		const leftToRight = getComputedStyle(this.#chosen).direction === "ltr";
		return (arrow === "ArrowRight") === leftToRight ? 1 : -1;
	}

	/**
	 * @param {number} at Place of a chosen tag.
	 * @returns {boolean} Whether there is one.
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
		// Until the new completions come, those shown that still fit.
		const typed = this.pending.trim();
		const tag = normaliseTag(typed);
		this.#options = tag ? this.#options.filter(({ name }) => placeIn(name, tag)) : [];
		this.#active = -1;
		this.#fitsNone &&= typed !== "";
		this.#drawOptions();
		if (typed) this.#want();
		else this.#wanted = false;
		this.onChange();
	}

	/** @param {ClipboardEvent} event */
	#onPaste(event) {
		const pasted = event.clipboardData?.getData("text/plain") ?? "";
		// One line without a comma is text like any other; a list is tags.
		if (!isList(pasted) && !/\n/.test(pasted.trim())) return;
		event.preventDefault();
		const { selectionStart, selectionEnd } = this.#input;
		const before = this.pending.slice(0, selectionStart ?? 0);
		const after = this.pending.slice(selectionEnd ?? 0);
		this.#commit(`${before}${pasted.replace(/\r?\n/g, ",")}${after}`);
	}

	/** @param {-1 | 0 | 1} [step] Which completion is to be gone to: the first or the last. */
	#want(step = 0) {
		this.#wanted = true;
		this.#wantedStep = step;
		// What is longer is no tag's beginning.
		const text = this.pending.trim();
		if (text.length <= 2 * MAX_TAG_LENGTH) this.onWanted(text, this.#tags);
	}

	/** @param {1 | -1} step */
	#highlight(step) {
		// One place more than there are options: none is highlighted.
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
		// What can't be a tag stays in the field, to be mended there.
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
	 * @param {boolean} [staying] Whether the focus stays among the chosen tags.
	 */
	#remove(tag, staying = false) {
		this.#close();
		const at = this.#tags.indexOf(tag);
		this.tags = this.#tags.filter((other) => other !== tag);
		if (!staying || !this.#focusChosen(Math.min(at, this.#tags.length - 1)))
			this.#input.focus();
		this.onAnnounce(say("tagRemoved", tag));
		this.onChange();
	}

	#close() {
		this.#wanted = false;
		this.#wantedStep = 0;
		this.#fitsNone = false;
		this.#options = [];
		this.#active = -1;
		this.#drawOptions();
	}

	#draw() {
		const focused = document.activeElement?.closest("#chosen [data-tag]");
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
		this.#chosen.scrollTop = this.#chosen.scrollHeight; // The last one is the newest.
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
				uses.ariaHidden = "true"; // It is described.
				uses.textContent = String(count);
				option.append(marked(name, typed), uses);
				return option;
			}),
		);
		const open = this.#options.length > 0;
		this.#list.hidden = !open;
		const isFresh = this.#fitsNone && !this.#tags.includes(typed);
		this.onBusy(open || this.pending !== "", isFresh ? typed : "");
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
