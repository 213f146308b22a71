// Makes packaging/store/amo-metadata.json, what `web-ext sign --amo-metadata` sends to
// addons.mozilla.org, from the texts beside it: `npm run store`. Its fields are those of “Add-on
// Create” in AMO's API, version 5
// (https://mozilla.github.io/addons-server/topics/api/addons.html).

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** @param {string} name */
const text = async (name) =>
	(await readFile(new URL(name, import.meta.url), "utf8")).trim();

/** @param {string} language */
async function summary(language) {
	const file = new URL(
		`../../extension/_locales/${language}/messages.json`,
		import.meta.url,
	);
	return JSON.parse(await readFile(file, "utf8")).extensionDescription.message;
}

/** The content of amo-metadata.json. */
export async function metadata() {
	const content = {
		slug: "url-notes",
		default_locale: "en-US",
		categories: ["bookmarks", "search-tools"],
		summary: { "en-US": await summary("en"), de: await summary("de") },
		description: {
			"en-US": await text("listing.en.md"),
			de: await text("listing.de.md"),
		},
		requires_payment: false,
		version: { license: "MIT", approval_notes: await text("reviewers.md") },
	};
	return `${JSON.stringify(content, null, "\t")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
	await writeFile(new URL("amo-metadata.json", import.meta.url), await metadata());
