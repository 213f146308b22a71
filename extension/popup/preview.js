/**
 * The preview of a note: what `markdown.js` reads, as elements. They are made one by
 * one, from a fixed list of names, so a note can't bring any others along. Loaded when
 * it is first asked for.
 */

import { readMarkdown } from "../shared/markdown.js";
import { say } from "../shared/wording.js";

/** @typedef {import("../shared/markdown.js").Part} Part */

/**
 * @param {string} markdown
 * @returns {DocumentFragment}
 */
export function previewOf(markdown) {
	const preview = document.createDocumentFragment();
	preview.append(...readMarkdown(markdown).map(elementOf));
	return preview;
}

/**
 * @param {Part | string} part
 * @returns {Node | string}
 */
function elementOf(part) {
	if (typeof part === "string") return part;
	const { name, attributes = {}, content } = part;
	const element = document.createElement(nameOf(name));
	element.append(...content.map(elementOf));
	switch (name) {
		case "a": {
			const link = /** @type {HTMLAnchorElement} */ (element);
			link.href = attributes.href ?? "";
			link.target = "_blank";
			link.rel = "noreferrer noopener";
			break;
		}
		case "ol":
			if (attributes.start) element.setAttribute("start", attributes.start);
			break;
		case "th":
		case "td":
			if (attributes.class) element.className = attributes.class;
			break;
		case "task":
			element.className = "task";
			element.role = "img";
			element.ariaLabel = say(attributes.done === "true" ? "taskDone" : "taskToDo");
			break;
		case "p":
		case "li":
		case "blockquote":
			element.dir = "auto";
	}
	return element;
}

/**
 * The element for a part. A note's headings are below those of the page that shows it.
 * @param {string} name
 */
function nameOf(name) {
	if (name === "task") return "span";
	const level = /^h([1-6])$/.exec(name)?.[1];
	return level ? `h${Math.min(6, Number(level) + 1)}` : name;
}
