/** Offers a text as a file. */

import { make } from "./dialogs.js";

/** How long the browser may take to read the file, in milliseconds. */
const READ_MS = 60_000;

/**
 * @param {string} text
 * @param {string} name
 */
export function download(text, name) {
	const blob = new Blob([text], { type: "application/json" });
	const link = make("a");
	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), READ_MS);
}
