/**
 * What the popup says about addresses: that the note was saved under another one ("same page"),
 * the list of the note's other addresses, and secrets in an address.
 */

import { element } from "../shared/elements.js";
import { language, say } from "../shared/i18n.js";
import { shownAddress } from "../shared/tab.js";
import { capitalised, middleCut } from "../shared/text.js";

/** Longest address that is shown uncut, in characters: two lines of the popup. */
const MAX_SHOWN = 90;

/**
 * Explains why a note with another address is the same page's.
 * @param {import("../protocol.js").SamePage | null} samePage
 */
export function showSamePage(samePage) {
	const line = element("same-page");
	line.hidden = !samePage;
	line.textContent = "";
	line.title = "";
	if (!samePage) return;
	const { reason, because, url } = samePage;
	const address = shownAddress(url);
	// A newer host may have reasons that this extension has no text for.
	line.textContent =
		say(`samePage_${reason}`, address) || `${capitalised(because)}: ${address}`;
	line.title = capitalised(because);
}

/**
 * Warns of a password or access tokens in the page's address.
 * @param {string | null} pageUrl
 * @param {boolean} isRemoved Whether the setting removes the password from what is saved.
 * @param {string[]} [tokens] Names of the parameters with access tokens.
 */
export function showSecrets(pageUrl, isRemoved, tokens = []) {
	const line = element("secret");
	const hasPassword = pageUrl !== null && shownAddress(pageUrl) !== pageUrl;
	line.hidden = !hasPassword && tokens.length === 0;
	line.textContent = [
		hasPassword ? say(isRemoved ? "passwordRemoved" : "passwordInAddress") : "",
		tokens.length > 0 ? say("tokenInAddress", tokens.join(", ")) : "",
	]
		.filter(Boolean)
		.join(" ");
}

/**
 * Lists the addresses of a note, except those that the popup shows elsewhere.
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
	// If an unchanged list were replaced, a focused link would lose the focus.
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
	shown.textContent = middleCut(address, MAX_SHOWN);
	row.append(shown);
	return row;
}
