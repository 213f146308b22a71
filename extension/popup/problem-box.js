/**
 * The problem box of the popup: why the program can't be reached, the command that fixes it,
 * and the button to try again.
 */

import { cureOf, putCure, whenInstallationIsKnown } from "../shared/cure.js";
import { announce, copies, element, show } from "../shared/elements.js";
import { say } from "../shared/i18n.js";

/** @import {View} from "../shared/messages.js" */

/** "Trying…" stays at least this long, so that the user sees that there was an attempt. */
const SHOWN_TRYING_MS = 400;

/** @type {View | null} */
let shown = null;
whenInstallationIsKnown(() => shown && showProblem(shown));

/** @param {View} view */
export function showProblem(view) {
	shown = view;
	const { state, trouble, hindrance } = view;
	const cure = cureOf(view);
	const isQueued = state === "queued";
	const isUnsaved = state === "unsaved";
	show(
		"problem",
		isQueued ? Boolean(trouble || hindrance) : isUnsaved && Boolean(trouble),
	);
	// If the save is queued, the status line names the cause.
	element("cause").textContent = trouble && !isQueued ? say(`cause_${trouble}`) : "";
	show("cause", !isQueued);
	putCure(cure);
	show("cure-where", cure !== null);
	show("how-to-install", trouble?.startsWith("not_registered") ?? false);
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
