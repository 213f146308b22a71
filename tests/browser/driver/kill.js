// Ends a browser, at once or as users do.

import { HANGS_MS, within } from "./until.js";

/**
 * Kills the browser and its process group at once. Puppeteer starts each browser in its own
 * group.
 *
 * @param {import("puppeteer-core").Browser} browser
 * @returns {Promise<void>}
 */
export function kill(browser) {
	const program = browser.process();
	if (!program?.pid) throw new Error("The browser has no process.");
	// It may have ended by itself.
	if (program.exitCode !== null || program.signalCode !== null) return Promise.resolve();
	const { pid } = program;
	return new Promise((resolve) => {
		program.once("exit", () => resolve());
		process.kill(-pid, "SIGKILL");
	});
}

/**
 * Closes the browser as users do. One that doesn't end is killed.
 *
 * @param {import("puppeteer-core").Browser} browser
 * @returns {Promise<void>}
 */
export async function close(browser) {
	try {
		await within(HANGS_MS / 2, browser.close());
	} catch (error) {
		await kill(browser);
		console.log(`A browser didn't close, and was killed: ${error}`);
	}
}
