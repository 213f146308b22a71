/**
 * The line at the lower edge that says what was done, with its buttons: Undo, send again, cancel.
 */

import { element, put, show } from "../shared/elements.js";

/** @typedef {"undo" | "again" | "cancel"} Button */

/** @type {Partial<Record<Button, () => void>>} */
let actions = {};

/**
 * @param {string} sentence
 * @param {Partial<Record<Button, () => void>>} [buttons]
 */
export function notify(sentence, buttons = {}) {
	actions = buttons;
	show("notice", true);
	put(element("notice-text"), sentence);
	for (const name of /** @type {Button[]} */ (["undo", "again", "cancel"]))
		show(`notice-${name}`, name in buttons);
}

export function closeNotice() {
	actions = {};
	show("notice", false);
	put(element("notice-text"), "");
}

/**
 * Presses one of the buttons, if it is shown.
 * @param {Button} name
 */
export function press(name) {
	actions[name]?.();
}

/**
 * Connects the buttons.
 * @param {() => void} onPress Called after each.
 */
export function listenToNotice(onPress) {
	for (const name of /** @type {Button[]} */ (["undo", "again", "cancel"]))
		element(`notice-${name}`).addEventListener("click", () => {
			press(name);
			onPress();
		});
	element("notice-close").addEventListener("click", () => {
		closeNotice();
		onPress();
	});
}
