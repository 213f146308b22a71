/**
 * The problem box of the popup: why the program can't be reached, the command that fixes it,
 * and the button to try again.
 */

import { announce, copies, element, show } from "../shared/elements.js";
import { say, whereToCure } from "../shared/i18n.js";

/** @import {View} from "../shared/messages.js" */

/** "Trying…" stays at least this long, so that the user sees that there was an attempt. */
const SHOWN_TRYING_MS = 400;

/** @param {View} view */
export function showProblem({ state, trouble, cure, hindrance }) {
	const isQueued = state === "queued";
	const isUnsaved = state === "unsaved";
	show(
		"problem",
		isQueued ? Boolean(trouble || hindrance) : isUnsaved && Boolean(trouble),
	);
	// If the save is queued, the status line names the cause.
	element("cause").textContent = trouble && !isQueued ? say(`cause_${trouble}`) : "";
	show("cause", !isQueued);
	for (const part of ["cure-where", "cure-command", "copy-cure"])
		show(part, cure !== null);
	show("how-to-install", trouble?.startsWith("not_registered") ?? false);
	if (element("cure-command").textContent !== cure)
		element("copy-cure").textContent = say("copy");
	element("cure-where").textContent = whereToCure(trouble);
	element("cure-command").textContent = cure ?? "";
}

/**
 * Connects the buttons of the box.
 * @param {() => void} onTryAgain Called to try the host once more.
 */
export function listenToProblemBox(onTryAgain) {
	element("try-again").addEventListener("click", () => {
		const button = element("try-again");
		// Not `disabled`: a disabled button loses the focus.
		if (button.ariaDisabled === "true") return;
		button.ariaDisabled = "true";
		button.textContent = say("trying");
		announce(say("trying"));
		onTryAgain();
	});
	copies(element("copy-cure"), element("cure-command"), () => announce(say("copied")));
}

/** The attempt to reach the host has ended, with whatever result. */
export function showTried() {
	setTimeout(resetTryAgain, SHOWN_TRYING_MS);
}

/** Makes the button available again. */
export function resetTryAgain() {
	const button = element("try-again");
	button.ariaDisabled = null;
	button.textContent = say("tryAgain");
	// If the status has changed, its own live region reads it out.
	announce(button.checkVisibility() ? (element("status").textContent ?? "") : "");
}
