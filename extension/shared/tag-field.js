/**
 * The tag field: chosen tags, the text being typed, and completions in a listbox (the WAI-ARIA
 * combobox pattern, list autocomplete with automatic selection). The first completion is
 * highlighted; Enter and Tab take the highlighted row. The last row creates the tag as typed. It
 * knows neither notes nor the host: its owner requests completions and passes them to `offer`.
 */

import { say } from "./i18n.js";
import { completionLabel, createLabel } from "./tag-labels.js";
import {
	isList,
	MAX_TAG_LENGTH,
	normaliseTag,
	placeIn,
	splitTags,
	uniteTags,
} from "./tags.js";

/** @typedef {{name: string, count: number}} TagCount */
/** @typedef {TagCount & {isNew?: boolean}} Row A completion, or the row that creates a tag. */

/** How long Enter and Tab wait for completions that were requested, in milliseconds. */
const WAIT_MS = 300;

export class TagField {
	/** @type {HTMLInputElement} */ #input;
	/** @type {HTMLElement} */ #chosen;
	/** @type {HTMLElement} */ #list;
	/** @type {HTMLElement} */ #hint;
	/** @type {string[]} */ #tags = [];
	/** @type {TagCount[]} Completions of the last answer that still match. */ #options =
		[];
	/** @type {Row[]} The rows that are shown. */ #rows = [];
	/** Index of the highlighted row, or -1. */
	#active = -1;
	/** Whether the user moved the highlight. */
	#moved = false;
	/** Whether completions for the text in the field were requested. */
	#requested = false;
	/** Whether completions for exactly this text arrived. */
	#answered = false;
	/** Whether rows are shown while the user types. They aren't before the first answer. */
	#listing = false;
	/** The row to highlight if the field is empty: 1 is the first, -1 the last, 0 none. */
	#requestedStep = /** @type {-1 | 0 | 1} */ (0);
	/**
	 * Runs while Enter or Tab waits for completions.
	 * @type {ReturnType<typeof setTimeout> | undefined}
	 */
	#waiting;

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
	 * Called when typing begins or ends, and when completions open or close.
	 * @type {(busy: boolean) => void}
	 */
	onBusy = () => {};

	/**
	 * Called when the key of a suggestion was pressed, with its place counted from 0; -1 is the
	 * key that dismisses all of them. Returns whether there was one.
	 * @type {(place: number) => boolean}
	 */
	onSuggestionKey = () => false;

	/**
	 * Called when an arrow moves to the next (1) or the previous (-1) suggestion, or when none is
	 * to be highlighted any longer (0). Returns the id of the highlighted suggestion, null if it
	 * moved past the last one, and undefined if there are no suggestions.
	 * @type {(step: -1 | 0 | 1) => string | null | undefined}
	 */
	onSuggestionStep = () => undefined;

	/**
	 * Called to take the highlighted suggestion. Returns whether there was one.
	 * @type {() => boolean}
	 */
	onSuggestionTake = () => false;

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
			this.onSuggestionStep(0);
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
		this.#options = options.filter(({ name }) => !this.#tags.includes(name));
		this.#answered = true;
		this.#listing = true;
		this.#fillRows();
		if (this.pending === "" && this.#requestedStep && this.#rows.length > 0)
			this.#active = this.#requestedStep > 0 ? 0 : this.#rows.length - 1;
		this.#requestedStep = 0;
		this.#drawRows();
		const count = this.#options.length;
		if (count > 0)
			this.onAnnounce(count === 1 ? say("oneCompletion") : say("completions", count));
		if (this.#waiting !== undefined) this.#stopWaiting();
	}

	/** Makes the rows from the completions, and keeps the highlight the user moved. */
	#fillRows() {
		const highlighted = this.#moved ? this.#rows[this.#active] : undefined;
		const typed = normaliseTag(this.pending);
		/** @param {TagCount} option */
		const isExact = ({ name }) => name === typed;
		this.#rows = [
			...this.#options.filter(isExact),
			...this.#options.filter((option) => !isExact(option)),
		];
		const isKnown = this.#options.some(isExact) || this.#tags.includes(typed ?? "");
		if (typed && !isKnown && this.#listing)
			this.#rows.push({ name: typed, count: 0, isNew: true });
		this.#active = highlighted
			? this.#rows.findIndex(
					({ name, isNew }) =>
						isNew === highlighted.isNew && (isNew || name === highlighted.name),
				)
			: -1;
		if (this.#active < 0 && this.#rows.length > 0 && typed) {
			this.#active = 0;
			this.#moved = false;
		}
	}

	/** @param {KeyboardEvent} event */
	#onKey(event) {
		// Keys of a composition belong to the input method (Safari marks them with 229).
		if (event.isComposing || event.keyCode === 229) return;
		// A key after an Enter that still waits for completions applies to what comes after it.
		if (this.#waiting !== undefined && !/^(Alt|Control|Meta|Shift)/.test(event.key))
			this.#stopWaiting();
		const open = this.#rows.length > 0;
		if (event.altKey && !event.ctrlKey && !event.metaKey) {
			if (event.key === "ArrowDown" && !open) this.#request();
			if (event.key === "ArrowUp" && open) this.#close();
			if (/^Arrow(Up|Down)$/.test(event.key)) event.preventDefault();
			// The physical key: with Alt it may write another character. Not the number pad:
			// Windows enters characters with Alt and its digits.
			const digit = /^Digit([0-5])$/.exec(event.code)?.[1];
			if (digit && this.onSuggestionKey(Number(digit) - 1)) event.preventDefault();
			return;
		}
		if (event.ctrlKey || event.metaKey) {
			if (event.key !== "Enter" || this.pending.trim() === "") return;
			// In the empty field, these keys close the popup.
			event.preventDefault();
			event.stopPropagation();
			this.#commitText();
			return;
		}
		switch (event.key) {
			case "ArrowDown":
			case "ArrowUp": {
				event.preventDefault();
				const step = event.key === "ArrowDown" ? 1 : -1;
				if (open) this.#highlight(step);
				else if (this.pending !== "" || !this.#highlightSuggestion(step))
					this.#request(step);
				return;
			}
			case "Enter":
				event.preventDefault();
				if (this.pending === "" && this.#active < 0) {
					if (!this.onSuggestionTake()) this.onDone();
				} else this.#takeRow();
				return;
			case ",":
			// What the comma key writes in other scripts.
			case "，":
			case "、":
			case "､":
			case "،":
				event.preventDefault();
				this.#commitText();
				return;
			case "Tab":
				// In the empty field, Tab only moves on.
				if (event.shiftKey || this.pending.trim() === "") return;
				event.preventDefault();
				this.#takeRow();
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
				if (!open && !this.#input.hasAttribute("aria-activedescendant")) return;
				// In Firefox the popup closes all the same: its panel handles the key first.
				event.preventDefault();
				event.stopPropagation();
				this.#close();
				this.onSuggestionStep(0);
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
		this.#moved = false;
		this.#listing &&= typed !== "";
		this.#fillRows();
		this.#drawRows();
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

	/** @param {-1 | 0 | 1} [step] The row to highlight, as `#requestedStep`. */
	#request(step = 0) {
		const text = this.pending.trim();
		this.#answered = false;
		// No tag begins with a longer text.
		this.#requested = text.length <= 2 * MAX_TAG_LENGTH;
		this.#requestedStep = step;
		if (this.#requested) this.onRequest(text, this.#tags);
	}

	/** @param {1 | -1} step */
	#highlight(step) {
		this.#moved = true;
		const count = this.#rows.length;
		const from = this.#active < 0 && step < 0 ? 0 : this.#active;
		this.#active = (from + step + count) % count;
		this.#drawRows();
	}

	/**
	 * @param {1 | -1} step
	 * @returns {boolean} Whether there are suggestions.
	 */
	#highlightSuggestion(step) {
		const id = this.onSuggestionStep(step);
		if (id === undefined) return false;
		if (id === null) this.#input.removeAttribute("aria-activedescendant");
		else this.#input.setAttribute("aria-activedescendant", id);
		return true;
	}

	/**
	 * Takes the highlighted row. If completions of the typed text are still on their way, it
	 * waits for them, so that the result doesn't depend on who is faster.
	 */
	#takeRow() {
		const row = this.#rows[this.#active];
		if (row && (this.#answered || !row.isNew)) this.#take(row.name);
		else if (this.#requested && !this.#answered)
			this.#waiting = setTimeout(() => this.#stopWaiting(), WAIT_MS);
		else this.#commitText();
	}

	/** Takes the highlighted row, or the text as typed if there is none. */
	#stopWaiting() {
		clearTimeout(this.#waiting);
		this.#waiting = undefined;
		const row = this.#rows[this.#active];
		if (row) this.#take(row.name);
		else this.#commitText();
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
			this.#drawRows();
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
		clearTimeout(this.#waiting);
		this.#waiting = undefined;
		this.#requested = false;
		this.#answered = false;
		this.#listing = false;
		this.#moved = false;
		this.#options = [];
		this.#rows = [];
		this.#active = -1;
		this.#drawRows();
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

	#drawRows() {
		const typed = normaliseTag(this.pending) ?? "";
		this.#list.replaceChildren(
			...this.#rows.map((row, index) => {
				const option = document.createElement("li");
				option.id = `completion-${index}`;
				option.role = "option";
				option.dataset.tag = row.name;
				option.ariaSelected = String(index === this.#active);
				option.append(
					...(row.isNew ? createLabel(row.name) : completionLabel(row, typed)),
				);
				if (row.isNew) {
					option.className = "create";
					// Its parts would be read with spaces between them.
					option.ariaLabel = say("createTag", row.name);
				} else if (row.count > 0)
					option.setAttribute(
						"aria-description",
						row.count === 1 ? say("usedOnce") : say("usedTimes", row.count),
					);
				return option;
			}),
		);
		const open = this.#rows.length > 0;
		this.#list.hidden = !open;
		this.onBusy(open || this.pending !== "");
		this.#input.ariaExpanded = String(open);
		if (this.#active >= 0) {
			this.#input.setAttribute("aria-activedescendant", `completion-${this.#active}`);
			this.#list.children[this.#active]?.scrollIntoView({ block: "nearest" });
		} else {
			this.#input.removeAttribute("aria-activedescendant");
		}
	}
}
