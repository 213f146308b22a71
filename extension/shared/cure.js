/**
 * What the user does about a cause why the program can't be used: a command, and where to run it.
 *
 * Users who loaded the folder of the project have `install.sh` in it. Those who installed the
 * extension from a store have no folder: they download the archive of the release for their system,
 * which needs no compiler.
 */

import { browser } from "./browser.js";
import { element, put, show } from "./elements.js";
import { say, whereToCure } from "./i18n.js";

/** @import {Cause} from "./messages.js" */

/**
 * Where users of a store get the program.
 * @typedef {object} Download
 * @property {string | null} page Address of the page that has the archive: the project's, which
 *   packages for stores name in their manifest (packaging/extension.sh).
 * @property {string | null} archive Name of the file for this system, without its ending; null if
 *   there is none.
 */

/**
 * How `uname` names the systems and processors that have archives, see packaging/release.sh.
 * @type {Readonly<Record<string, string>>}
 */
const SYSTEMS = { linux: "linux", mac: "darwin" };
/** @type {Readonly<Record<string, string>>} */
const PROCESSORS = {
	"x86-64": "x86_64",
	x86_64: "x86_64",
	arm64: "aarch64",
	aarch64: "aarch64",
};

/** @type {Download | null} */
let download = null;

/**
 * Returns where the user gets the program, or null if the extension was loaded from a folder.
 *
 * @param {Pick<chrome.management.ExtensionInfo, "installType">} self
 * @param {{os: string, arch: string}} platform of `runtime.getPlatformInfo()`
 * @param {{version: string, homepage_url?: string | undefined}} manifest
 * @returns {Download | null}
 */
export function downloadFor(self, platform, { version, homepage_url }) {
	if (self.installType !== "normal" && self.installType !== "admin") return null;
	const system = SYSTEMS[platform.os];
	const processor = PROCESSORS[platform.arch];
	const named = system === "darwin" && processor === "aarch64" ? "arm64" : processor;
	const archive = system && named ? `url-notes-${version}-${named}-${system}` : null;
	return { page: homepage_url ?? null, archive };
}

/**
 * Finds out how the extension was installed, and then calls `redraw`, since {@link cureOf} may say
 * another thing then.
 * @param {() => void} redraw
 */
export function whenInstallationIsKnown(redraw) {
	// Outside a browser, in tests.
	if (!browser?.management) return;
	const { management, runtime } = browser;
	void Promise.all([management.getSelf(), runtime.getPlatformInfo()]).then(
		([self, platform]) => {
			download = downloadFor(self, platform, runtime.getManifest());
			if (download) redraw();
		},
	);
}

/**
 * Returns what the user does: a sentence, and the command and the link that it speaks of.
 *
 * @param {{trouble: Cause | null, cure: string | null}} state
 * @param {Download | null} [from] null: the extension was loaded from a folder
 * @returns {{where: string, command: string | null, page: string | null} | null} null if there is
 *   nothing to do
 */
export function cureOf({ trouble, cure }, from = download) {
	if (cure === null) return null;
	if (from === null) return { where: whereToCure(trouble), command: cure, page: null };
	if (trouble === "host_too_new")
		return { where: say("cureByBrowser"), command: null, page: null };
	const { page, archive } = from;
	if (archive === null) return { where: say("cureNoArchive"), command: null, page };
	return {
		where: say("cureDownload", `${archive}.tar.gz`),
		command: `tar -xzf ${archive}.tar.gz && ./${archive}/install.sh`,
		page,
	};
}

/**
 * Fills the elements that say what to do.
 * @param {ReturnType<typeof cureOf>} cure
 */
export function putCure(cure) {
	const command = cure?.command ?? "";
	// "Copied" was said of another command.
	if (element("cure-command").textContent !== command)
		put(element("copy-cure"), say("copy"));
	put(element("cure-where"), cure?.where ?? "");
	put(element("cure-command"), command);
	show("cure-command", command !== "");
	show("copy-cure", command !== "");
	const link = /** @type {HTMLAnchorElement} */ (element("cure-download"));
	link.hidden = !cure?.page;
	if (cure?.page) link.href = cure.page;
}
