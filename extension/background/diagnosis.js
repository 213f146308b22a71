/**
 * Why the host can't be reached, from what the browser says. Pure.
 *
 * The texts were measured in Chromium 156 and Firefox 153. They are matched
 * from the start of the text; one that nobody knows is still told apart by
 * whether the host had spoken before.
 */

/** @import {Cause} from "../shared/messages.js" */

/** @type {readonly [start: string, cause: Cause][]} */
const BEFORE_HELLO = [
	// Chromium says the same for a manifest that can't be read or names a missing program.
	["Specified native messaging host not found", "not_registered_or_program_missing"],
	["Access to the specified native messaging host is forbidden", "not_allowed"],
	["Failed to start native messaging host", "program_missing_or_not_executable"],
	["Native host has exited", "program_crashed_or_not_executable"],
	// Firefox doesn't tell "no manifest" from "extension not in its list".
	["No such native application", "not_registered_or_not_allowed"],
	["An unexpected error occurred", "program_missing_or_not_executable"],
	// Of a program that ends by itself Firefox says nothing at all.
];

/** @type {readonly [start: string, cause: Cause][]} */
const AT_ANY_TIME = [
	["Error when communicating with the native messaging host", "program_garbled"],
	["Native application tried to send a message", "program_garbled"],
];

/**
 * The cause of a closed port.
 * @param {string | null} text What the browser said, if anything.
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
 * The command that mends a cause, or null where there is nothing to do but
 * wait (the extension starts the host again by itself).
 * @param {Cause} cause
 * @returns {string | null}
 */
export function cureFor(cause) {
	if (cause === "program_ended") return null;
	// The extension is loaded from the folder: a newer host means that the
	// folder was updated, and the browser still runs the extension of before.
	if (cause === "host_too_new") return "git pull && ./install.sh";
	return "./install.sh";
}
