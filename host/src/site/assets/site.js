// Keyboard shortcuts of the site: / focuses the search, j and k move between notes, Enter opens
// one, ? shows all keys. All pages work without this script.
//
// Single-key shortcuts can be turned off (WCAG 2.2, 2.1.4), because speech input can trigger them
// by accident.

/** Key in the browser's storage for this site. */
const SETTING = "single-keys";

/** What j and k move between: the notes of a page, or else its tags or sites. */
const STOPS = [
	"article :is(h1, h2, h3, h4) a",
	".related-notes li > a",
	".counted li > a:first-child",
];

/** @type {[keys: string[], does: string][]} */
const KEYS = [
	[["/"], "search"],
	[["j"], "next note"],
	[["k"], "previous note"],
	[["Enter"], "open the page of the note in a new tab"],
	[["o"], "open the note"],
	[["?"], "show these shortcuts"],
	[["Esc"], "leave a field, or close this"],
];

let on = readSetting();
const help = makeHelp();

document.addEventListener("keydown", (event) => {
	if (event.defaultPrevented || event.isComposing) return;
	if (event.ctrlKey || event.altKey || event.metaKey) return;
	const { target } = event;
	if (target instanceof HTMLElement && isTypedInto(target)) {
		if (event.key === "Escape") target.blur();
		return;
	}
	if (help.open || !on) return;
	if (act(event.key)) event.preventDefault();
});

/**
 * @param {string} key
 * @returns {boolean} whether the key did something
 */
function act(key) {
	switch (key) {
		case "/": {
			const field = /** @type {HTMLInputElement | null} */ (document.querySelector("#q"));
			field?.focus();
			field?.select();
			return field !== null;
		}
		case "j":
			return go(1);
		case "k":
			return go(-1);
		case "o":
			return openNote();
		case "?":
			help.showModal();
			return true;
		default:
			return false;
	}
}

/** @param {Element} element */
function isTypedInto(element) {
	return element.matches("input:not([type=checkbox]), textarea, select");
}

/** @param {number} step */
function go(step) {
	const stops = stopsOfPage();
	const { activeElement } = document;
	let next = stops.findIndex((stop) => stop === activeElement) + step;
	if (!stops.includes(/** @type {HTMLElement} */ (activeElement))) {
		// Starts at the focused element or at the visible part of the page.
		next = stops.findIndex((stop) => isAhead(stop));
		if (next < 0) next = step > 0 ? 0 : stops.length - 1;
		else if (step < 0) next = Math.max(0, next - 1);
	}
	const stop = stops[next];
	if (!stop) return false;
	stop.focus({ preventScroll: true });
	const shown = stop.closest("article") ?? stop;
	shown.scrollIntoView({ block: shown.matches("article") ? "start" : "nearest" });
	return true;
}

/** @returns {HTMLElement[]} */
function stopsOfPage() {
	for (const selector of STOPS) {
		const stops = [
			.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector)),
		];
		if (stops.length > 0) return stops;
	}
	return [];
}

/**
 * Returns whether an element comes after the focused one, or, without focus, isn't above the
 * window.
 * @param {HTMLElement} stop
 */
function isAhead(stop) {
	const { activeElement, body } = document;
	if (activeElement && activeElement !== body && !activeElement.matches("main")) {
		return Boolean(
			activeElement.compareDocumentPosition(stop) & Node.DOCUMENT_POSITION_FOLLOWING,
		);
	}
	return stop.getBoundingClientRect().top >= 0;
}

function openNote() {
	const note = document.activeElement?.closest("article");
	const link = /** @type {HTMLAnchorElement | null | undefined} */ (
		note?.querySelector("a[rel~=bookmark]")
	);
	link?.click();
	return Boolean(link);
}

/** @returns {boolean} */
function readSetting() {
	try {
		return localStorage.getItem(SETTING) !== "off";
	} catch {
		// Without storage, the default applies.
		return true;
	}
}

/** @param {boolean} wanted */
function turn(wanted) {
	on = wanted;
	try {
		if (on) localStorage.removeItem(SETTING);
		else localStorage.setItem(SETTING, "off");
	} catch {
		// Without storage, the setting applies to this page only.
	}
}

/**
 * Returns the list of keys, and the button in the page's footer that shows it.
 * @returns {HTMLDialogElement}
 */
function makeHelp() {
	const dialog = document.createElement("dialog");
	dialog.className = "keys";
	dialog.setAttribute("aria-labelledby", "keys-title");
	const title = make("h2", "Keys");
	title.id = "keys-title";
	const list = document.createElement("dl");
	for (const [keys, does] of KEYS) {
		const row = document.createElement("div");
		const names = document.createElement("dt");
		names.append(...keys.map((key) => make("kbd", key)));
		row.append(names, make("dd", does));
		list.append(row);
	}
	const label = document.createElement("label");
	const box = document.createElement("input");
	box.type = "checkbox";
	box.checked = on;
	box.addEventListener("change", () => turn(box.checked));
	label.append(box, "Single-key shortcuts");
	const form = document.createElement("form");
	form.method = "dialog";
	form.append(make("button", "Close"));
	dialog.append(title, list, label, form);
	document.body.append(dialog);

	const item = document.createElement("li");
	const button = make("button", "Keys");
	button.addEventListener("click", () => dialog.showModal());
	item.append(button);
	document.querySelector(".foot ul")?.append(item);
	return dialog;
}

/**
 * @template {keyof HTMLElementTagNameMap} N
 * @param {N} name
 * @param {string} text
 */
function make(name, text) {
	const element = document.createElement(name);
	element.textContent = text;
	return element;
}
