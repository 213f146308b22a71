/**
 * The other addresses of a page's note: a line below the page's own that opens to a list.
 */

import { language, say } from "../shared/i18n.js";
import { shownAddress } from "../shared/tab.js";
import { middleCut } from "../shared/text.js";

/** So much of an address is shown: two lines of the popup. */
const SIGNS = 90;

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Lists the addresses of a note, without those that are shown elsewhere.
 * @param {{url: string, addresses?: string[]} | null} note
 * @param {(string | null | undefined)[]} elsewhere
 */
export function showAddresses(note, elsewhere) {
	const known = new Set(elsewhere.map((url) => url && shownAddress(url)));
	const all = new Set(
		[note?.url, ...(note?.addresses ?? [])].map((url) => url && shownAddress(url)),
	);
	const others = [...all].flatMap((url) => (url && !known.has(url) ? url : []));
	element("addresses").hidden = others.length === 0;
	element("addresses-summary").textContent =
		others.length === 1
			? say("alsoSavedFrom_one")
			: say("alsoSavedFrom_many", others.length.toLocaleString(language()));
	const list = element("addresses-list");
	const listed = JSON.stringify(others);
	// Written anew, a link would lose the focus.
	if (list.dataset.listed === listed) return;
	list.dataset.listed = listed;
	list.replaceChildren(...others.map(item));
}

/** @param {string} address */
function item(address) {
	const row = document.createElement("li");
	const isWeb = /^https?:/i.test(address);
	const shown = document.createElement(isWeb ? "a" : "bdi");
	if (shown instanceof HTMLAnchorElement) {
		shown.href = address;
		shown.target = "_blank";
		shown.rel = "noreferrer";
	}
	shown.dir = "ltr";
	shown.title = address;
	shown.textContent = middleCut(address, SIGNS);
	row.append(shown);
	return row;
}
