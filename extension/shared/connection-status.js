/**
 * The state of the connection with the program, as a sentence and with the command that fixes
 * it; for the settings, the welcome page and the page that saves all tabs.
 */

import { cureOf, putCure, whenInstallationIsKnown } from "./cure.js";
import { element } from "./elements.js";
import { say } from "./i18n.js";

/**
 * The state of the connection.
 * @param {Pick<import("./messages.js").Overview, "hello" | "trouble" | "hindrance">} overview
 * @returns {{state: "trouble" | "connected" | "checking", sentence: string}}
 */
export function standing({ hello, trouble, hindrance }) {
	const problem =
		hindrance ??
		hello?.storeProblem ??
		(trouble && `${say("notConnected")} ${say(`cause_${trouble}`)}`);
	if (problem) return { state: "trouble", sentence: problem };
	return hello
		? { state: "connected", sentence: say("connected") }
		: { state: "checking", sentence: say("checking") };
}

/** @type {Pick<import("./messages.js").Overview, "trouble" | "cure"> | null} */
let shown = null;
whenInstallationIsKnown(() => shown && showCure(shown));

/**
 * Shows the command that fixes the cause, if there is one.
 * @param {Pick<import("./messages.js").Overview, "trouble" | "cure">} overview
 */
export function showCure(overview) {
	shown = overview;
	const cure = cureOf(overview);
	element("cure").hidden = cure === null;
	putCure(cure);
}
