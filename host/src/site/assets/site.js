// Keyboard shortcuts (/ focuses the search, j and k move between notes, Enter opens one, ? shows
// all keys), compact rows, "More" in place and relative dates. All pages work without this script.
//
// Single-key shortcuts can be turned off (WCAG 2.2, 2.1.4), because speech input can trigger them
// by accident.

/** Keys in the browser's storage for this site. */
const SINGLE_KEYS = "single-keys";
const COMPACT = "compact";

/** Age in days up to which dates are shown relative to now. */
const RELATIVE_DAYS = 28;

/** Tags of a note that are shown at first, as in `note_card.rs`. */
const FIRST_TAGS = 6;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY_MS = 24 * HOUR;

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

let on = setting(SINGLE_KEYS) !== "off";
/** @type {HTMLDialogElement | undefined} */
let help;

// Before the page is painted.
document.documentElement.classList.toggle("compact", setting(COMPACT) === "on");

document.addEventListener("DOMContentLoaded", () => {
	help = makeHelp();
	offerCompactRows();
	offerWholeNotes();
	showRelativeDates(document);
});

document.addEventListener("keydown", (event) => {
	if (event.defaultPrevented || event.isComposing) return;
	if (event.ctrlKey || event.altKey || event.metaKey) return;
	const { target } = event;
	if (target instanceof HTMLElement && isTypedInto(target)) {
		if (event.key === "Escape") target.blur();
		return;
	}
	if (help?.open || !on) return;
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
			help?.showModal();
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

/**
 * Returns a setting, or null for its default.
 * @param {string} name
 */
function setting(name) {
	try {
		return localStorage.getItem(name);
	} catch {
		// Without storage, the default applies.
		return null;
	}
}

/**
 * @param {string} name
 * @param {string | null} value null for the default
 */
function keepSetting(name, value) {
	try {
		if (value === null) localStorage.removeItem(name);
		else localStorage.setItem(name, value);
	} catch {
		// Without storage, the setting applies to this page only.
	}
}

/** Connects the switch between compact rows and cards. */
function offerCompactRows() {
	const box = /** @type {HTMLInputElement | null} */ (document.querySelector("#compact"));
	if (!box) return;
	const root = document.documentElement;
	box.checked = root.classList.contains("compact");
	box.addEventListener("change", () => {
		root.classList.toggle("compact", box.checked);
		keepSetting(COMPACT, box.checked ? "on" : null);
		hideNeedlessMore();
	});
}

/** Shows the whole text, or all tags, of a note in place. */
function offerWholeNotes() {
	hideNeedlessMore();
	addEventListener("resize", hideNeedlessMore);
	document.addEventListener("click", (event) => {
		if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
		if (!(event.target instanceof Element)) return;
		const link = event.target.closest(".show-more, .rest a");
		if (!link) return;
		event.preventDefault();
		if (link.matches(".show-more")) {
			const whole = link.previousElementSibling?.classList.toggle("whole") ?? false;
			link.textContent = whole ? "Less" : "More";
		} else {
			const list = link.closest("ul");
			const next = list?.querySelectorAll("a")[FIRST_TAGS];
			list?.classList.add("unfolded");
			// The link that had the focus is hidden now.
			next?.focus();
		}
	});
}

/** Hides "More" where four lines are enough for the text. */
function hideNeedlessMore() {
	/** @type {NodeListOf<HTMLElement>} */
	const links = document.querySelectorAll(".show-more");
	const texts = [...links].map((link) => link.previousElementSibling);
	// All reads come before all writes, so that the browser computes one layout.
	const enough = texts.map(
		(text) =>
			text instanceof HTMLElement &&
			!text.classList.contains("whole") &&
			text.clientHeight > 0 &&
			text.scrollHeight <= text.clientHeight + 1,
	);
	for (const [place, link] of links.entries()) link.hidden = enough[place] ?? false;
}

/**
 * Shows recent dates relative to now; the tooltip has the exact one.
 * @param {ParentNode} within
 */
function showRelativeDates(within) {
	const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
	/** @type {NodeListOf<HTMLTimeElement>} */
	const times = within.querySelectorAll(
		"article ul.facts time[title], .from time, .elsewhere time, .related-notes time",
	);
	for (const time of times) {
		const age = Date.now() - Date.parse(time.dateTime);
		if (!(age >= 0) || age > RELATIVE_DAYS * DAY_MS) continue;
		if (age < MINUTE) time.textContent = "just now";
		else if (age < HOUR)
			time.textContent = format.format(-Math.floor(age / MINUTE), "minute");
		else if (age < DAY_MS)
			time.textContent = format.format(-Math.floor(age / HOUR), "hour");
		else if (age < 7 * DAY_MS)
			time.textContent = format.format(-Math.floor(age / DAY_MS), "day");
		else time.textContent = format.format(-Math.floor(age / (7 * DAY_MS)), "week");
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
	box.addEventListener("change", () => {
		on = box.checked;
		keepSetting(SINGLE_KEYS, on ? null : "off");
	});
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
