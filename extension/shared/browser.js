/**
 * The only module that uses the browser's global object (`browser` in Firefox, `chrome` in
 * Chromium). Both return promises under Manifest V3, so they need no further adaption.
 */

const scope =
	/** @type {{browser?: typeof globalThis.chrome, chrome?: typeof globalThis.chrome}} */ (
		globalThis
	);

/** The extension API. Undefined outside a browser, in tests of pure modules. */
export const browser = /** @type {typeof globalThis.chrome} */ (
	scope.browser ?? scope.chrome
);

/**
 * Opens a port to the background, which starts if it doesn't run.
 * @param {import("./messages.js").PortName} name
 */
export const connectToBackground = (name) => browser.runtime.connect({ name });

/** Whether this is Firefox or a relative. */
export const isFirefox = "getBrowserInfo" in (browser?.runtime ?? {});
