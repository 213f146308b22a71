/**
 * The preview of the note in place of its text field. The host renders the text; `preview.js`,
 * loaded when it is first needed, turns the result into elements.
 */

import { announce, element } from "../shared/elements.js";
import { say } from "../shared/i18n.js";

export class NotePreview {
	/** @type {HTMLElement} */ #preview = element("preview");
	/** @type {HTMLElement} */ #button = element("preview-note");
	/** @type {HTMLTextAreaElement} */ #summary;
	/** Number of the last request. */
	#turn = 0;

	/**
	 * Called to have the host render a text; the result goes to `show`.
	 * @type {(text: string, turn: number) => void}
	 */
	onRequest = () => {};

	/** Called when the text field is visible again. */
	onClose = () => {};

	/** @param {HTMLTextAreaElement} summary The text field. */
	constructor(summary) {
		this.#summary = summary;
	}

	/** Shows the preview in place of the text field, or the other way round. */
	toggle() {
		const hadFocus = [this.#summary, this.#preview, this.#button].some(
			(part) => part === document.activeElement,
		);
		const isOpen = this.#preview.hidden;
		if (isOpen) {
			this.#request();
			// Until the host answers, which is usually too fast to notice.
			this.#showTyped();
		}
		this.#preview.style.minBlockSize = `${this.#summary.offsetHeight}px`;
		this.#summary.hidden = isOpen;
		this.#preview.hidden = !isOpen;
		if (!isOpen) this.onClose();
		this.#button.ariaPressed = String(isOpen);
		if (!hadFocus) announce(say(isOpen ? "previewLabel" : "note"));
		else if (isOpen) this.#preview.focus();
		else this.#summary.focus();
	}

	/** Renders the text again, if the preview is open. */
	refresh() {
		if (!this.#preview.hidden) this.#request();
	}

	#request() {
		this.#turn += 1;
		this.#preview.ariaBusy = "true";
		this.onRequest(this.#summary.value.toWellFormed(), this.#turn);
	}

	/**
	 * Shows what the host rendered, unless the text was requested again since.
	 * @param {import("../shared/messages.js").Preview} rendered
	 * @param {number} turn Number of its request.
	 */
	async show({ nodes, outdated }, turn) {
		if (turn !== this.#turn) return;
		const { previewOf } = await import("./preview.js");
		if (turn !== this.#turn) return;
		this.#preview.ariaBusy = null;
		if (!this.#summary.value.trim()) this.#preview.textContent = say("previewEmpty");
		else if (nodes) this.#preview.replaceChildren(previewOf(nodes));
		else {
			const reason = say(outdated ? "previewOutdated" : "previewUnreachable");
			this.#showTyped(reason);
			if (!this.#preview.hidden) announce(reason);
		}
	}

	/**
	 * Shows the text as it was typed.
	 * @param {string} [reason] Why it isn't rendered.
	 */
	#showTyped(reason) {
		const typed = document.createElement("div");
		typed.className = "typed";
		typed.dir = "auto";
		typed.textContent = this.#summary.value;
		const line = document.createElement("p");
		line.className = "reason";
		line.textContent = reason ?? "";
		this.#preview.replaceChildren(...(reason ? [line] : []), typed);
	}
}
