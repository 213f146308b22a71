/** The list of the keys. */

import { say } from "../shared/i18n.js";
import { make, openDialog } from "./dialogs.js";

/** Shows what the keys of `keys.js` do in the list. */
export function help() {
	const keys = [
		["j ↓", "keyNext"],
		["k ↑", "keyPrevious"],
		["x", "keySelect"],
		["Shift+↓ Shift+↑", "keyRange"],
		["Ctrl+A", "selectAll"],
		["Esc", "clearSelection"],
		["Enter", "keyOpen"],
		["v", "readText"],
		["t", "addTags"],
		["#", "removeTags"],
		["e", "editNote"],
		["r", "keyRead"],
		["Del", "delete"],
		["z", "undo"],
		["/", "librarySearch"],
		["?", "libraryKeys"],
	];
	const rows = keys.flatMap(([key = "", name = ""]) => [
		make(
			"dt",
			{},
			...key.split(" ").flatMap((part) => [make("kbd", { text: part }), " "]),
		),
		make("dd", { text: say(name) }),
	]);
	void openDialog({
		heading: say("libraryKeys"),
		content: [make("dl", { className: "keys" }, ...rows)],
	});
}
