/**
 * The user's settings of this extension, and whether a click saves at once.
 */

/** @typedef {{saveOnOpen: boolean}} Settings */

const KEY = "settings";
const SAID_BY_HOST = "saveOnOpenSaidByHost";

/** @type {Readonly<Settings>} */
const DEFAULTS = Object.freeze({ saveOnOpen: true });

/**
 * @param {Pick<typeof chrome.storage.local, "get">} area
 * @returns {Promise<Settings>}
 */
export async function loadSettings(area) {
	const stored = await area.get(KEY);
	return { ...DEFAULTS, .../** @type {Partial<Settings>} */ (stored[KEY] ?? {}) };
}

/**
 * @param {Pick<typeof chrome.storage.local, "set">} area
 * @param {Settings} settings
 */
export function saveSettings(area, settings) {
	return area.set({ [KEY]: settings });
}

/**
 * Remembers what the host's configuration says, for clicks that come before
 * the host has answered.
 * @param {Pick<typeof chrome.storage.local, "set">} area
 * @param {boolean | null} saveOnOpen
 */
export function rememberHostSaveOnOpen(area, saveOnOpen) {
	return area.set({ [SAID_BY_HOST]: saveOnOpen });
}

/**
 * Whether opening the popup saves: not where either the user's setting here or
 * the host's configuration says no.
 * @param {Pick<typeof chrome.storage.local, "get">} area
 * @returns {Promise<boolean>}
 */
export async function savesOnOpen(area) {
	const stored = await area.get([KEY, SAID_BY_HOST]);
	const settings = /** @type {Partial<Settings>} */ (stored[KEY] ?? {});
	return settings.saveOnOpen !== false && stored[SAID_BY_HOST] !== false;
}
