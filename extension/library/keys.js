/**
 * What each key does in the list, in triage and in the inbox. Pure.
 */

/**
 * @typedef {"next" | "previous" | "extendNext" | "extendPrevious" | "pageDown" | "pageUp" |
 *   "first" | "last" | "toggle" | "all" | "addTags" | "removeTags" | "edit" | "read" | "delete" |
 *   "restore" | "open" | "readText" | "search" | "help" | "clear" | "undo" | "triage" | "export"} Action
 * @typedef {"next" | "skip" | "delete" | "undo" | "tags" | "leave" | "open" | `suggestion${number}`
 *   } TriageAction
 * @typedef {"next" | "previous" | "open" | "keep" | "keepWith" | "skip" | "skipFeed" | "undo" |
 *   "leave"} InboxAction
 * @typedef {Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">} Key
 */

/** @type {Readonly<Record<string, Action>>} */
const LIST = {
	j: "next",
	ArrowDown: "next",
	k: "previous",
	ArrowUp: "previous",
	PageDown: "pageDown",
	PageUp: "pageUp",
	Home: "first",
	End: "last",
	x: "toggle",
	" ": "toggle",
	t: "addTags",
	"#": "removeTags",
	e: "edit",
	r: "read",
	Delete: "delete",
	o: "open",
	Enter: "open",
	v: "readText",
	"/": "search",
	"?": "help",
	Escape: "clear",
	z: "undo",
};

/** @type {Readonly<Record<string, InboxAction>>} */
const INBOX = {
	j: "next",
	ArrowDown: "next",
	k: "previous",
	ArrowUp: "previous",
	o: "open",
	Enter: "open",
	s: "keep",
	t: "keepWith",
	d: "skip",
	Delete: "skip",
	u: "undo",
	z: "undo",
	Escape: "leave",
};

/** @type {Readonly<Record<string, TriageAction>>} */
const TRIAGE = {
	Enter: "next",
	s: "skip",
	d: "delete",
	Delete: "delete",
	u: "undo",
	z: "undo",
	t: "tags",
	o: "open",
	Escape: "leave",
};

/** @param {Key} key */
const isPlain = ({ ctrlKey, metaKey, altKey }) => !ctrlKey && !metaKey && !altKey;

/**
 * The key in lower case, so that Caps Lock doesn't matter.
 * @param {Key} key
 */
const named = ({ key }) => (key.length === 1 ? key.toLowerCase() : key);

/**
 * @param {Key} key
 * @returns {Action | null}
 */
export function listAction(key) {
	const name = named(key);
	if ((key.ctrlKey || key.metaKey) && !key.altKey) {
		if (name === "a" && !key.shiftKey) return "all";
		if (name === "z" && !key.shiftKey) return "undo";
		return null;
	}
	if (!isPlain(key)) return null;
	if (key.shiftKey) {
		if (name === "ArrowDown" || name === "j") return "extendNext";
		if (name === "ArrowUp" || name === "k") return "extendPrevious";
		// Characters that are typed with Shift on some keyboards.
		return name === "#" || name === "?" || name === "/" ? (LIST[name] ?? null) : null;
	}
	return Object.hasOwn(LIST, name) ? (LIST[name] ?? null) : null;
}

/**
 * @param {Key} key
 * @returns {TriageAction | null}
 */
export function triageAction(key) {
	if (!isPlain(key) || key.shiftKey) return null;
	const digit = /^[1-5]$/.exec(key.key)?.[0] ?? /^Digit([1-5])$/.exec(key.code)?.[1];
	if (digit) return `suggestion${Number(digit)}`;
	const name = named(key);
	return Object.hasOwn(TRIAGE, name) ? (TRIAGE[name] ?? null) : null;
}

/**
 * @param {Key} key
 * @returns {InboxAction | null}
 */
export function inboxAction(key) {
	if (!isPlain(key)) return null;
	const name = named(key);
	if (key.shiftKey) return name === "d" ? "skipFeed" : null;
	return Object.hasOwn(INBOX, name) ? (INBOX[name] ?? null) : null;
}
