// Ends a browser without warning.

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
