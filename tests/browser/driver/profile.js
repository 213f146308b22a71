// Profiles of browsers that have been started before. In its first start Firefox compiles and
// creates what it later only reads, which takes longer than most tests. So it has that
// start once, without the extension, and each test gets a copy of what came of it.

import { createHash } from "node:crypto";
import { access, cp, mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { target } from "../program.js";

/** They stay there for the next run, as `cargo` keeps what it has built. */
const kept = path.join(target, "browser-profiles");

/**
 * Writes a profile that has had its first start.
 * @param {string} folder of the new profile
 * @param {string} program the browser's file; the profile is made anew if it changes
 * @param {unknown} settings what else the profile depends on, as JSON can hold it
 * @param {(profile: string, home: string) => Promise<void>} startAndClose has the first start, in
 *   two folders that are removed or moved afterwards
 */
export async function copyStartedProfile(folder, program, settings, startAndClose) {
	const { size, mtimeMs } = await stat(program);
	const made = createHash("sha256")
		.update(JSON.stringify([program, size, mtimeMs, settings]))
		.digest("hex");
	const profile = path.join(kept, made);
	if (!(await exists(profile))) await make(profile, startAndClose);
	await cp(profile, folder, { recursive: true });
}

/**
 * @param {string} profile
 * @param {(profile: string, home: string) => Promise<void>} startAndClose
 */
async function make(profile, startAndClose) {
	await mkdir(kept, { recursive: true });
	const folder = await mkdtemp(path.join(kept, "new-"));
	try {
		await startAndClose(path.join(folder, "profile"), path.join(folder, "home"));
		await rename(path.join(folder, "profile"), profile).catch(async (error) => {
			// The tests of another file have just made it, too.
			if (!(await exists(profile))) throw error;
		});
	} finally {
		await rm(folder, { recursive: true, force: true, maxRetries: 20 });
	}
}

/** @param {string} file */
const exists = (file) =>
	access(file).then(
		() => true,
		() => false,
	);
