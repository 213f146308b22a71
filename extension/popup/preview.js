/**
 * Turns the tree that the host renders of a note into elements. Only elements of a fixed list
 * are created, so a note can't insert others. Loaded when the first preview is requested.
 */

import { say } from "../shared/i18n.js";

/**
 * @typedef {import("../protocol.js").MarkdownNode} MarkdownNode
 * @typedef {import("../protocol.js").MarkdownName} MarkdownName
 */

/**
 * The elements of a preview. Of others, which a newer host may send, only the text is shown.
 * @type {ReadonlySet<string>}
 */
const NAMES = new Set(
	/** @type {MarkdownName[]} */ ([
		...["p", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "hr", "br"],
		...["ul", "ol", "li", "em", "strong", "del", "a", "task"],
		...["table", "thead", "tbody", "tr", "th", "td"],
	]),
);

/** Schemes of addresses that become links. */
const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/**
 * @param {readonly MarkdownNode[]} nodes
 * @returns {DocumentFragment}
 */
export function previewOf(nodes) {
	const preview = document.createDocumentFragment();
	preview.append(...nodes.flatMap(elementsOf));
	return preview;
}

/**
 * @param {MarkdownNode} node
 * @returns {(Node | string)[]}
 */
function elementsOf(node) {
	if (typeof node === "string") return [node];
	const { name, href, title, start, align, done, children = [] } = node;
	const content = children.flatMap(elementsOf);
	if (!NAMES.has(name) || (name === "a" && !isLink(href))) return content;
	const element = document.createElement(name === "task" ? "span" : name);
	element.append(...content);
	switch (name) {
		case "a": {
			const link = /** @type {HTMLAnchorElement} */ (element);
			link.href = href ?? "";
			link.target = "_blank";
			link.rel = "noreferrer noopener";
			if (title) link.title = title;
			break;
		}
		case "ol":
			if (Number.isSafeInteger(start)) element.setAttribute("start", String(start));
			break;
		case "th":
		case "td":
			if (align === "center" || align === "right") element.className = align;
			break;
		case "task":
			element.className = "task";
			element.role = "img";
			element.ariaLabel = say(done ? "taskDone" : "taskToDo");
			element.textContent = done ? "☑" : "☐";
			break;
		case "p":
		case "li":
		case "blockquote":
			element.dir = "auto";
	}
	return [element];
}

/** @param {string | undefined} address */
function isLink(address) {
	if (typeof address !== "string" || !URL.canParse(address)) return false;
	return SCHEMES.has(new URL(address).protocol);
}
