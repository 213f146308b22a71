/**
 * Draws the visible rows of the list, and no others. The list has the focus; the current row is
 * its `aria-activedescendant`.
 */

import { ago, dateAndTime } from "../shared/dates.js";
import { language, say } from "../shared/i18n.js";
import { linkState } from "./link-state.js";
import { ROW, scrolledTo, scrollHeight, visibleRows } from "./visible.js";

/** @import {NoteRow} from "../protocol.js" */

const LANGUAGE = language();

/** Tags that a row shows; the others are counted. */
const TAGS = 6;

/** A note's title, or its address if it has none.
 * @param {{title: string, url: string}} note */
export const nameOf = ({ title, url }) => title || url;

/**
 * Whether an address may be a link.
 * @param {string} url
 */
export const isLink = (url) => /^(https?|mailto):/i.test(url);

/**
 * Whether a link was clicked.
 * @param {Event} event
 */
export const isOnLink = ({ target }) =>
	/** @type {Element} */ (target).closest("a") !== null;

/**
 * Whether the button of a row was clicked that leads to what several devices wrote.
 * @param {Event} event
 */
export const isOnChoice = ({ target }) =>
	/** @type {Element} */ (target).closest(".choose") !== null;

export class RowView {
	/** @type {HTMLElement} */ #list;
	/** @type {HTMLElement} */ #rows;
	/** @type {import("./note-list.js").NoteList} */ #notes;
	/** @type {import("./selection.js").Selection} */ #selection;
	/** @type {import("./site-icons.js").SiteIcons} */ #icons;
	/** @type {Map<number, {row: NoteRow | undefined, element: HTMLElement}>} By place. */
	#drawn = new Map();
	#current = 0;
	#frame = 0;
	/** Address of the local site; empty while it isn't known. */
	#site = "";

	/**
	 * Called with the rows that are drawn: from the first to before the end.
	 * @type {(first: number, end: number) => void}
	 */
	onNeed = () => {};

	/**
	 * Called when a row was clicked, with where in it.
	 * @type {(place: number, event: MouseEvent, isBox: boolean) => void}
	 */
	onClick = () => {};

	/**
	 * @param {HTMLElement} list
	 * @param {HTMLElement} rows
	 * @param {import("./note-list.js").NoteList} notes
	 * @param {import("./selection.js").Selection} selection
	 * @param {import("./site-icons.js").SiteIcons} icons
	 */
	constructor(list, rows, notes, selection, icons) {
		this.#list = list;
		this.#rows = rows;
		this.#notes = notes;
		this.#selection = selection;
		this.#icons = icons;
		icons.onLoad = () => this.#showIcons();
		list.addEventListener("scroll", () => this.#soon(), { passive: true });
		new ResizeObserver(() => this.#soon()).observe(list);
		list.addEventListener("click", (event) => {
			const target = /** @type {Element} */ (event.target);
			const row = target.closest("[data-place]");
			if (!row) return;
			const place = Number(row.getAttribute("data-place"));
			this.onClick(place, event, target.closest(".pick") !== null);
		});
		list.addEventListener("mouseover", ({ target }) => {
			// Not with each row: formats of dates take long to make.
			const when = /** @type {HTMLElement} */ (target);
			const { moment } = when.dataset;
			if (moment && !when.title) when.title = dateAndTime(moment, LANGUAGE);
		});
		// Otherwise Shift and a click select the text between.
		list.addEventListener("mousedown", (event) => {
			if (event.shiftKey) event.preventDefault();
		});
	}

	/**
	 * Kept texts are read on the local site.
	 * @param {string} address Empty if it isn't known.
	 */
	set site(address) {
		if (address === this.#site) return;
		this.#site = address;
		for (const { element } of this.#drawn.values()) element.remove();
		this.#drawn.clear();
		this.draw();
	}

	/** The place of the current row. */
	get current() {
		return this.#current;
	}

	/** Number of rows that fit on the screen. */
	get screen() {
		return Math.max(1, Math.floor(this.#list.clientHeight / ROW));
	}

	/** Makes a row the current one, and scrolls it into view.
	 * @param {number} place */
	go(place) {
		const { total } = this.#notes;
		this.#current = Math.max(0, Math.min(place, total - 1));
		const { scrollTop, clientHeight } = this.#list;
		const top = scrolledTo(this.#current, total, scrollTop, clientHeight);
		this.#rows.style.height = `${scrollHeight(total)}px`;
		if (top !== scrollTop) this.#list.scrollTop = top;
		this.draw();
	}

	/** Begins at the first row. */
	toTop() {
		this.#current = 0;
		this.#list.scrollTop = 0;
	}

	#soon() {
		this.#frame ||= requestAnimationFrame(() => this.draw());
	}

	draw() {
		cancelAnimationFrame(this.#frame);
		this.#frame = 0;
		const { total } = this.#notes;
		this.#current = Math.max(0, Math.min(this.#current, total - 1));
		this.#list.setAttribute("aria-rowcount", String(total));
		this.#rows.style.height = `${scrollHeight(total)}px`;
		const { scrollTop, clientHeight } = this.#list;
		const { first, end, offset } = visibleRows(total, scrollTop, clientHeight);
		for (const [place, { element }] of this.#drawn) {
			if (place >= first && place < end) continue;
			element.remove();
			this.#drawn.delete(place);
		}
		for (let place = first; place < end; place += 1) this.#drawRow(place, offset);
		const active = this.#drawn.get(this.#current);
		if (active?.row) this.#list.setAttribute("aria-activedescendant", active.element.id);
		else this.#list.removeAttribute("aria-activedescendant");
		this.onNeed(first, end);
	}

	#showIcons() {
		for (const { row, element } of this.#drawn.values())
			if (row) this.#showIcon(row, element);
	}

	/**
	 * @param {NoteRow} row
	 * @param {HTMLElement} element
	 */
	#showIcon({ site }, element) {
		const place = element.querySelector(".icon");
		const address = this.#icons.of(site);
		if (!place || !address || place.firstChild) return;
		const image = new Image(16, 16);
		image.alt = "";
		image.src = address;
		place.append(image);
		// Without any icon there are no placeholders either.
		this.#list.dataset.icons = "some";
	}

	/**
	 * @param {number} place
	 * @param {number} offset
	 */
	#drawRow(place, offset) {
		const row = this.#notes.at(place);
		let drawn = this.#drawn.get(place);
		if (!drawn || drawn.row !== row) {
			const element = rowElement(row, place, this.#site);
			if (drawn) drawn.element.replaceWith(element);
			else this.#rows.append(element);
			drawn = { row, element };
			this.#drawn.set(place, drawn);
			if (row) this.#showIcon(row, element);
		}
		const { element } = drawn;
		element.style.transform = `translateY(${place * ROW - offset}px)`;
		element.setAttribute(
			"aria-selected",
			String(row !== undefined && this.#selection.has(row.id)),
		);
		element.classList.toggle("current", place === this.#current);
	}
}

/**
 * @param {NoteRow | undefined} row Undefined while it isn't loaded.
 * @param {number} place
 * @param {string} site Address of the local site; empty if it isn't known.
 */
function rowElement(row, place, site) {
	const element = part("div", "row");
	element.role = "row";
	element.id = `row-${place}`;
	element.dataset.place = String(place);
	element.setAttribute("aria-rowindex", String(place + 1));
	const pick = cell("pick");
	const box = part("span", "box");
	box.ariaHidden = "true";
	pick.append(box);
	const main = cell("main");
	element.append(pick, main);
	if (!row) {
		element.classList.add("coming");
		main.append(part("span", "title", say("loading")));
		return element;
	}
	element.dataset.note = String(row.id);
	const title = isLink(row.url)
		? link("title", nameOf(row), row.url)
		: part("span", "title", nameOf(row));
	title.dir = "auto";
	const first = part("span", "first");
	if (!row.read) {
		element.classList.add("unread");
		const mark = part("span", "mark");
		mark.title = say("unread");
		mark.append(part("span", "unseen", `${say("unread")}: `));
		first.append(mark);
	}
	first.append(title);
	const facts = part("span", "facts");
	const moment = row.deletedAt ?? row.savedAt;
	const when = part("time", "when", ago(moment, Date.now(), LANGUAGE) ?? say("justNow"));
	when.dataset.moment = moment;
	const state = linkState(row, LANGUAGE, say);
	if (state) {
		const shown = part("span", state.lost ? "state lost" : "state");
		const target = isLink(state.address) && link("copy", state.name, state.address);
		shown.append(part("span", "said", state.text), ...(target ? [" ", target] : []));
		facts.append(shown);
	}
	if (row.conflicts) {
		const choose = part("button", "choose", say("chooseVersion"));
		/** @type {HTMLButtonElement} */ (choose).type = "button";
		// The row has a key for it.
		choose.tabIndex = -1;
		choose.title = say("chooseVersionHint");
		facts.append(choose);
	}
	if (row.site) facts.append(part("span", "icon"));
	facts.append(part("bdi", "site", row.site), when);
	if (row.sync) facts.append(part("bdi", "device", say("fromDevice", row.sync.device)));
	const reader = readerOf(row, site);
	if (reader) facts.append(link("text", say("readText"), reader));
	const gist = gistOf(row, site);
	if (gist) facts.append(gist);
	for (const tag of row.tags.slice(0, TAGS)) facts.append(part("bdi", "tag", tag));
	if (row.tags.length > TAGS)
		facts.append(part("span", "more", `+${row.tags.length - TAGS}`));
	main.append(first, facts);
	return element;
}

/**
 * Address of the kept text of a note's page; empty if there is none, or if it isn't known.
 * @param {NoteRow} row
 * @param {string} site Address of the local site.
 */
export const readerOf = (row, site) =>
	row.text && site ? `${site}note/${row.id}/text` : "";

/**
 * A link to the summary by a language model, which is on the site; nothing if the user wrote a text.
 * @param {NoteRow} row
 * @param {string} site Address of the local site.
 */
function gistOf({ id, gist, hasNote }, site) {
	// A program of an earlier version sends none.
	if (!gist || hasNote || !site) return undefined;
	const made = link("gist", say("gistBy", gist.maker), `${site}note/${id}`);
	made.title = gist.text;
	return made;
}

/**
 * A link that the keyboard doesn't stop at: the row has keys for it.
 * @param {string} name
 * @param {string} text
 * @param {string} address
 */
function link(name, text, address) {
	const made = document.createElement("a");
	made.className = name;
	made.textContent = text;
	made.href = address;
	made.target = "_blank";
	made.rel = "noreferrer";
	made.tabIndex = -1;
	return made;
}

/** @param {string} name */
function cell(name) {
	const made = part("span", name);
	made.role = "gridcell";
	return made;
}

/**
 * @param {string} tag
 * @param {string} name
 * @param {string} [text]
 */
function part(tag, name, text = "") {
	const made = document.createElement(tag);
	made.className = name;
	made.textContent = text;
	return made;
}
