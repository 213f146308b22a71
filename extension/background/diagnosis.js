/**
 * Finds the cause why the host can't be reached from the browser's error text. Pure.
 *
 * The texts are those of Chromium 156 and Firefox 153, compared from their start. For an unknown
 * text, the cause depends on whether the host had responded before.
 */

/** @import {Cause} from "../shared/messages.js" */

/** @type {readonly [start: string, cause: Cause][]} */
const BEFORE_HELLO = [
	// Also if the host manifest can't be read or names a missing program.
	["Specified native messaging host not found", "not_registered_or_program_missing"],
	["Access to the specified native messaging host is forbidden", "not_allowed"],
	["Failed to start native messaging host", "program_missing_or_not_executable"],
	["Native host has exited", "program_crashed_or_not_executable"],
	// Also if the host manifest doesn't list this extension.
	["No such native application", "not_registered_or_not_allowed"],
	["An unexpected error occurred", "program_missing_or_not_executable"],
	// If the program exits by itself, Firefox has no error text.
];

/** @type {readonly [start: string, cause: Cause][]} */
const AT_ANY_TIME = [
	["Error when communicating with the native messaging host", "program_garbled"],
	["Native application tried to send a message", "program_garbled"],
];

/**
 * The cause of a closed port.
 * @param {string | null} text The browser's error text, if any.
 * @param {boolean} greeted Whether the host had answered `hello` on this port.
 * @returns {Cause}
 */
export function diagnose(text, greeted) {
	const known = (/** @type {readonly [string, Cause][]} */ table) =>
		table.find(([start]) => text?.startsWith(start))?.[1];
	const cause = known(AT_ANY_TIME) ?? (greeted ? "program_ended" : known(BEFORE_HELLO));
	return cause ?? "program_crashed";
}

/**
 * The command that fixes a cause. Null if there is nothing to do: the extension restarts the
 * host by itself.
 * @param {Cause} cause
 * @returns {string | null}
 */
export function cureFor(cause) {
	if (cause === "program_ended") return null;
	// The extension is loaded from the folder. If the host is newer, the folder was updated and
	// the browser still runs the old extension.
	if (cause === "host_too_new") return "git pull && ./install.sh";
	return "./install.sh";
}
