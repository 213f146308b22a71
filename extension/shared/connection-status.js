/**
 * The state of the connection in words, and small parts that pages are made of;
 * shared by the settings and the first run.
 */

import { say, whereToCure } from "./i18n.js";

/**
 * How the connection stands.
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
 * An element that the page has.
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} id
 */
export const element = (id) => /** @type {E} */ (document.getElementById(id));

/**
 * Shows the command that mends what is wrong, if there is one.
 * @param {Pick<import("./messages.js").Overview, "trouble" | "cure">} overview
 */
export function showCure({ trouble, cure }) {
	element("cure").hidden = cure === null;
	// Another command isn't copied yet.
	if (element("cure-command").textContent !== cure)
		put(element("copy-cure"), say("copy"));
	put(element("cure-where"), whereToCure(trouble));
	put(element("cure-command"), cure ?? "");
}

/**
 * Written anew it would be read out anew.
 * @param {HTMLElement} place
 * @param {string} sentence
 */
export function put(place, sentence) {
	if (place.textContent !== sentence) place.textContent = sentence;
}

/**
 * A button that copies what another element says, and says so.
 * @param {HTMLElement} button
 * @param {HTMLElement} source
 */
export function copies(button, source) {
	button.addEventListener("click", async () => {
		await navigator.clipboard.writeText(source.textContent ?? "");
		button.textContent = say("copied");
	});
}
