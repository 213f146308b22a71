/**
 * The one module that names the browser's own object (`browser` in Firefox,
 * `chrome` in the Chrome family). Both answer with promises under Manifest V3,
 * so nothing else is needed between them.
 */

const scope =
	/** @type {{browser?: typeof globalThis.chrome, chrome?: typeof globalThis.chrome}} */ (
		globalThis
	);

/** The extension API. Absent outside a browser (tests of pure modules). */
export const browser = /** @type {typeof globalThis.chrome} */ (
	scope.browser ?? scope.chrome
);

/** Firefox and its relatives, where something works otherwise there. */
export const isFirefox = "getBrowserInfo" in (browser?.runtime ?? {});
