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
 * The sentence for a refusal: the host's, or the extension's if the host had none.
 * @param {{kind: string, message: string, cause?: import("./messages.js").Cause}} refusal
 */
export function reasonOf({ kind, message, cause }) {
	if (kind === "own_site") return say("ownSite");
	return cause ? say(`cause_${cause}`) : message;
}

/**
 * The sentence for an invalid part of a query. A newer host may have problems that this extension
 * has no text for.
 * @param {import("../protocol.js").QueryProblem} problem
 */
export function problemOf({ kind, part, message }) {
	return say(`problem_${kind}`, part) || message;
}

/**
 * The sentence before the command that fixes a cause.
 * @param {import("./messages.js").Cause | null} cause
 */
export function whereToCure(cause) {
	// The browser keeps running the old extension until the user reloads it.
	return say(cause === "host_too_new" ? "cureWhereThenReload" : "cureWhere");
}

/**
 * The language of the texts, in the browser's variety of it (`en-GB`). English if there are no
 * texts in the browser's language.
 */
export function language() {
	const ofBrowser = browser.i18n.getUILanguage();
	const ofTexts = say("language");
	return ofBrowser.split("-")[0] === ofTexts ? ofBrowser : ofTexts;
}

/** The direction of the texts, which may differ from that of the browser's language. */
function direction() {
	const isTheBrowsers = language() === browser.i18n.getUILanguage();
	return isTheBrowsers ? say("@@bidi_dir") : "ltr";
}

/**
 * Inserts the texts into a page. `data-say` names the text of an element;
 * `data-say-placeholder`, `data-say-aria-label` and `data-say-title` those of its attributes.
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
