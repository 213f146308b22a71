/**
 * Functions for the elements of the extension's pages.
 */

import { say } from "./i18n.js";

/**
 * The element with this id, which the page's HTML must have.
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} id
 */
export const element = (id) => /** @type {E} */ (document.getElementById(id));

/**
 * @param {string} id
 * @param {boolean} visible
 */
export function show(id, visible) {
	element(id).hidden = !visible;
}

/**
 * Has screen readers read a sentence out, through the page's live region `#announcement`.
 * A repeated sentence isn't read out again.
 * @param {string} sentence
 */
export function announce(sentence) {
	put(element("announcement"), sentence);
}

/**
 * Sets the text of a live region. Screen readers would read an unchanged text out again, so
 * that is left alone.
 * @param {HTMLElement} place
 * @param {string} sentence
 */
export function put(place, sentence) {
	if (place.textContent !== sentence) place.textContent = sentence;
}

/**
 * Makes a button copy the text of another element, and confirm it in its own label.
 * @param {HTMLElement} button
 * @param {HTMLElement} source
 * @param {() => void} [onCopied]
 */
export function copies(button, source, onCopied = () => {}) {
	button.addEventListener("click", async () => {
		await navigator.clipboard.writeText(source.textContent ?? "");
		onCopied();
		button.textContent = say("copied");
	});
}
