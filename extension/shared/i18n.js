/**
 * The texts of the user interface, from `_locales`.
 */

import { browser } from "./browser.js";

/**
 * @param {string} name Key in `_locales/en/messages.json`.
 * @param {...(string | number)} values For its placeholders, in order.
 */
export function say(name, ...values) {
	return browser.i18n.getMessage(name, values.map(String));
}

/**
 * Why something was refused: in the host's words, or in ours where it had none.
 * @param {{message: string, cause?: import("./messages.js").Cause}} refusal
 */
export function reasonOf({ message, cause }) {
	return cause ? say(`cause_${cause}`) : message;
}

/**
 * What is to be done with the command that mends a cause.
 * @param {import("./messages.js").Cause | null} cause
 */
export function whereToCure(cause) {
	// The browser goes on with the extension that it has loaded.
	return say(cause === "host_too_new" ? "cureWhereThenReload" : "cureWhere");
}

/**
 * The language of the texts; in the browser's own variety where it has one. Where the
 * browser speaks a language that there are no texts in, they are in English.
 */
export function language() {
	const spoken = browser.i18n.getUILanguage();
	const written = say("language");
	return spoken.split("-")[0] === written ? spoken : written;
}

/** Which way the texts run, whatever the way of the browser's own: English isn't turned round. */
function direction() {
	const isTheBrowsers = language() === browser.i18n.getUILanguage();
	return isTheBrowsers ? say("@@bidi_dir") : "ltr";
}

/**
 * Puts the texts into a page: `data-say` names the text of an element,
 * `data-say-placeholder`, `data-say-aria-label` and `data-say-title` of its attributes.
 * @param {Document} page
 */
export function sayEverywhere(page) {
	page.documentElement.lang = language();
	page.documentElement.dir = direction();
	for (const element of page.querySelectorAll("[data-say]")) {
		element.textContent = say(element.getAttribute("data-say") ?? "");
	}
	for (const attribute of ["placeholder", "aria-label", "title"]) {
		for (const element of page.querySelectorAll(`[data-say-${attribute}]`)) {
			element.setAttribute(
				attribute,
				say(element.getAttribute(`data-say-${attribute}`) ?? ""),
			);
		}
	}
}
