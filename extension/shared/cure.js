/**
 * What the user does about a cause why the program can't be used: a command, and where to run it.
 *
 * Users who loaded the folder of the project have `install.sh` in it. Those who installed the
 * extension from a store have no folder: they download the archive of the release for their system,
 * which needs no compiler. On Windows there are no shell scripts: everybody runs the installer, which
 * puts the program and the folder of the extension on the disk.
 */

import { browser } from "./browser.js";
import { element, put, show } from "./elements.js";
import { say, whereToCure } from "./i18n.js";

/** @import {Cause} from "./messages.js" */

/**
 * Where the user gets the program, if there is no folder with `install.sh`.
 * @typedef {object} Download
 * @property {string | null} page Address of the page that has the file: the project's, which
 *   packages for stores name in their manifest (packaging/extension.sh).
 * @property {string | null} file Name of the archive or installer for this system; null if there is
 *   none.
 * @property {boolean} isInstaller Whether the file is a program that installs.
 * @property {boolean} isLoaded Whether the extension was loaded from a folder.
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

/**
 * The causes for which an installed program has a command that helps, on Windows.
 * @type {Readonly<Partial<Record<Cause, "register" | "doctor">>>}
 */
const COMMANDS = {
	not_allowed: "register",
	not_registered_or_not_allowed: "register",
	not_registered_or_program_missing: "register",
	program_crashed: "doctor",
	program_crashed_or_not_executable: "doctor",
	program_garbled: "doctor",
	program_silent: "doctor",
};

/** @type {Download | null} */
let download = null;

/**
 * Returns where the user gets the program, or null if they have a folder with `install.sh`.
 *
 * @param {Pick<chrome.management.ExtensionInfo, "installType">} self
 * @param {{os: string, arch: string}} platform of `runtime.getPlatformInfo()`
 * @param {{version: string, homepage_url?: string | undefined}} manifest
 * @returns {Download | null}
 */
export function downloadFor(self, platform, { version, homepage_url }) {
	const isLoaded = self.installType !== "normal" && self.installType !== "admin";
	const isInstaller = platform.os === "win";
	if (isLoaded && !isInstaller) return null;
	const page = homepage_url ?? null;
	const processor = PROCESSORS[platform.arch];
	if (isInstaller) {
		// Windows on ARM runs programs for x86-64 (packaging/windows.sh).
		const file = processor ? `url-notes-${version}-x86_64-windows-setup.exe` : null;
		return { page, file, isInstaller, isLoaded };
	}
	const system = SYSTEMS[platform.os];
	const named = system === "darwin" && processor === "aarch64" ? "arm64" : processor;
	const file = system && named ? `url-notes-${version}-${named}-${system}.tar.gz` : null;
	return { page, file, isInstaller, isLoaded };
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
 * @param {Download | null} [from] null: there is a folder with `install.sh`
 * @returns {{where: string, command: string | null, page: string | null} | null} null if there is
 *   nothing to do
 */
export function cureOf({ trouble, cure }, from = download) {
	if (cure === null) return null;
	if (from === null) return { where: whereToCure(trouble), command: cure, page: null };
	const { page, file, isInstaller, isLoaded } = from;
	if (trouble === "host_too_new") {
		const where = say(isLoaded ? "cureReload" : "cureByBrowser");
		return { where, command: null, page: null };
	}
	if (file === null) return { where: say("cureNoArchive"), command: null, page };
	if (isInstaller) {
		const word = trouble && COMMANDS[trouble];
		const where = say(word ? `cureInstaller_${word}` : "cureInstaller", file);
		return { where, command: word ? `url-notes ${word}` : null, page };
	}
	const folder = file.replace(/\.tar\.gz$/, "");
	return {
		where: say("cureDownload", file),
		command: `tar -xzf ${file} && ./${folder}/install.sh`,
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
