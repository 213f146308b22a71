/**
 * The dialogs of the library page: questions, tags, and the tag field in them. Each is made when
 * it opens and removed when it closes.
 */

import { announce } from "../shared/elements.js";
import { say } from "../shared/i18n.js";
import { TagField } from "../shared/tag-field.js";

/** @import {Connection} from "./connection.js" */

/** Completions below the tag field. */
const COMPLETIONS = 6;

/**
 * An element with a text.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Partial<Record<"id" | "className" | "text", string>>} [fields]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, { id, className, text } = {}, ...children) {
	const made = document.createElement(tag);
	if (id) made.id = id;
	if (className) made.className = className;
	if (text) made.textContent = text;
	made.append(...children);
	return made;
}

/**
 * @param {string} text
 * @param {() => void} onClick
 * @param {string} [id]
 */
export function button(text, onClick, id) {
	const made = make("button", { text, ...(id && { id }) });
	made.type = "button";
	made.addEventListener("click", onClick);
	return made;
}

/**
 * Opens a dialog. Resolves with whether the user agreed.
 * @param {object} parts
 * @param {string} parts.heading
 * @param {(Node | string)[]} parts.content
 * @param {string} [parts.ok] Label of the button that agrees; without it there is only "Close".
 * @param {boolean} [parts.isDanger]
 * @param {() => boolean | Promise<boolean>} [parts.check] Whether the dialog may close.
 * @param {(agree: () => void, dialog: HTMLDialogElement) => void} [parts.onOpen] Gets the function
 *   that agrees.
 * @returns {Promise<boolean>}
 */
export function openDialog({ heading, content, ok, isDanger, check, onOpen }) {
	const title = make("h2", { id: "dialog-heading", text: heading });
	const form = make("form", {}, title, ...content);
	const dialog = make("dialog", { id: "dialog" }, form);
	dialog.setAttribute("aria-labelledby", "dialog-heading");
	form.noValidate = true;
	form.autocomplete = "off";
	let agreed = false;
	let isChecking = false;
	const agree = async () => {
		if (isChecking) return;
		isChecking = true;
		try {
			if (check && !(await check())) return;
		} finally {
			isChecking = false;
		}
		agreed = true;
		dialog.close();
	};
	const buttons = make("p", { className: "buttons" });
	buttons.append(
		button(say(ok ? "cancel" : "close"), () => dialog.close(), "dialog-cancel"),
	);
	if (ok) {
		const yes = make("button", {
			id: "dialog-ok",
			text: ok,
			className: isDanger ? "danger" : "primary",
		});
		yes.type = "submit";
		buttons.append(yes);
	}
	form.append(buttons);
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		void agree();
	});
	const before = /** @type {HTMLElement | null} */ (document.activeElement);
	document.body.append(dialog);
	dialog.showModal();
	onOpen?.(() => void agree(), dialog);
	return new Promise((resolve) => {
		dialog.addEventListener("close", () => {
			dialog.remove();
			before?.focus();
			resolve(agreed);
		});
	});
}

/**
 * Asks whether to do something.
 * @param {string} question
 * @param {string} ok
 * @param {{isDanger?: boolean}} [options]
 */
export function confirms(question, ok, { isDanger = false } = {}) {
	return openDialog({
		heading: question,
		content: [],
		ok,
		isDanger,
		onOpen: (_, dialog) => {
			// Another dialog may be open below.
			/** @type {HTMLElement | null} */ (dialog.querySelector("#dialog-ok"))?.focus();
		},
	});
}

/**
 * A tag field with completions from the host. The page has at most one at a time.
 * @param {Connection} connection
 * @param {string} label
 * @param {() => {name: string, count: number}[] | null} [ownTags] Completes these instead.
 */
export function tagFieldBlock(connection, label, ownTags = () => null) {
	const input = make("input", { id: "tags" });
	input.type = "text";
	input.dir = "auto";
	input.maxLength = 10_000;
	input.autocapitalize = "none";
	for (const [name, value] of Object.entries({
		role: "combobox",
		"aria-autocomplete": "list",
		"aria-controls": "completions",
		"aria-expanded": "false",
		"aria-describedby": "tag-hint",
		"aria-label": label,
		placeholder: say("tagsPlaceholder"),
	}))
		input.setAttribute(name, value);
	const chosen = make("ul", { id: "chosen" });
	chosen.ariaLabel = say("chosenLabel");
	chosen.hidden = true;
	const list = make("ul", { id: "completions" });
	list.role = "listbox";
	list.ariaLabel = say("completionsLabel");
	list.hidden = true;
	const box = make("div", { id: "tag-field" }, chosen, input, list);
	const hint = make("p", { id: "tag-hint", className: "warning" });
	hint.role = "alert";
	const field = new TagField({ box, input, chosen, list, hint });
	field.onAnnounce = announce;
	let turn = 0;
	field.onRequest = async (text, exclude) => {
		turn += 1;
		const asked = turn;
		const own = ownTags();
		if (own) {
			const typed = text.toLowerCase();
			field.offer(own.filter(({ name }) => name.includes(typed)).slice(0, COMPLETIONS));
			return;
		}
		const found = await connection
			.call("completeTags", { text, exclude, limit: COMPLETIONS })
			// Without the host, the text can be taken as typed.
			.catch(() => ({ tags: [] }));
		if (asked === turn) field.offer(found.tags);
	};
	return { field, input, block: make("div", { className: "tag-block" }, box, hint) };
}
