/**
 * The state of the connection with the program, as a sentence and with the command that fixes
 * it; for the settings, the welcome page and the page that saves all tabs.
 */

import { element, put } from "./elements.js";
import { say, whereToCure } from "./i18n.js";

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

/**
 * Shows the command that fixes the cause, if there is one.
 * @param {Pick<import("./messages.js").Overview, "trouble" | "cure">} overview
 */
export function showCure({ trouble, cure }) {
	element("cure").hidden = cure === null;
	// "Copied" was said of another command.
	if (element("cure-command").textContent !== cure)
		put(element("copy-cure"), say("copy"));
	put(element("cure-where"), whereToCure(trouble));
	put(element("cure-command"), cure ?? "");
}
