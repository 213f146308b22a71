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
 * Puts the texts into a page: `data-say` names the text of an element,
 * `data-say-placeholder`, `data-say-aria-label` and `data-say-title` of its attributes.
 * @param {Document} page
 */
export function sayEverywhere(page) {
	page.documentElement.lang = browser.i18n.getUILanguage();
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
