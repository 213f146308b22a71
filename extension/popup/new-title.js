/**
 * Offers the page's title if it has changed since the user typed the note's. Nothing changes
 * until the user takes it.
 */

import { announce } from "../shared/elements.js";
import { say } from "../shared/i18n.js";

/**
 * @param {string | null} title The page's title now; null to offer none.
 * @param {HTMLTextAreaElement} field The note's title.
 */
export function showNewTitle(title, field) {
	const shown = document.getElementById("new-title");
	if (!title || field.value === title) {
		shown?.remove();
		return;
	}
	// If an unchanged line were replaced, its focused button would lose the focus.
	if (shown?.dataset.title === title) return;
	shown?.remove();
	const line = document.createElement("p");
	line.id = "new-title";
	line.dataset.title = title;
	const use = document.createElement("button");
	use.type = "button";
	use.textContent = say("useTitle");
	use.addEventListener("click", () => {
		field.value = title;
		// The form handles it as if it was typed.
		field.dispatchEvent(new Event("input", { bubbles: true }));
		line.remove();
		field.focus();
	});
	const text = document.createElement("span");
	text.dir = "auto";
	text.textContent = say("newTitle", title);
	line.append(text, use);
	field.after(line);
	announce(say("newTitle", title));
}
