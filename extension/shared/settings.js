/**
 * The user's settings of this extension, and whether a click saves at once.
 */

/**
 * `badge`: whether the button marks pages that are saved already, where the browser
 * lets it know the page (permission `tabs`). `stripUserInfo`: whether user name and
 * password are dropped from addresses before anything is done with them.
 * @typedef {{saveOnOpen: boolean, badge: boolean, stripUserInfo: boolean}} Settings
 */

/** Where they are in `storage.local`. */
export const SETTINGS_KEY = "settings";
/** Where it is kept what the host's configuration says. */
export const SAID_BY_HOST = "saveOnOpenSaidByHost";
const WELCOMED = "welcomed";

/** @type {Readonly<Settings>} */
const DEFAULTS = Object.freeze({
	saveOnOpen: true,
	badge: false,
	stripUserInfo: false,
});

/**
 * @param {Pick<typeof chrome.storage.local, "get">} area
 * @returns {Promise<Settings>}
 */
export async function loadSettings(area) {
	const stored = await area.get(SETTINGS_KEY);
	return {
		...DEFAULTS,
		.../** @type {Partial<Settings>} */ (stored[SETTINGS_KEY] ?? {}),
	};
}

/**
 * @param {Pick<typeof chrome.storage.local, "set">} area
 * @param {Settings} settings
 */
export function saveSettings(area, settings) {
	return area.set({ [SETTINGS_KEY]: settings });
}

/**
 * The permission by which addresses and titles of all tabs are known, asked for where
 * it is first needed and given back where it no longer is.
 * @type {chrome.permissions.Permissions}
 */
export const TABS = { permissions: ["tabs"] };

/**
 * Gives it back, unless it is needed for the marks.
 * @param {Pick<typeof chrome.storage.local, "get">} area
 * @param {Pick<typeof chrome.permissions, "contains" | "remove">} permissions
 */
export async function giveTabsBack(area, permissions) {
	if (await marksSaved(area, permissions)) return;
	// An administrator may have forced it on the user, who then has to live with it.
	await permissions.remove(TABS).catch(() => false);
}

/**
 * Whether saved pages are to be marked: wanted here, and not forbidden in the browser since.
 * @param {Pick<typeof chrome.storage.local, "get">} area
 * @param {Pick<typeof chrome.permissions, "contains">} permissions
 */
export async function marksSaved(area, permissions) {
	return (await loadSettings(area)).badge && (await permissions.contains(TABS));
}

/**
 * The user has taken a permission back in the browser: the marks stay off until they are
 * asked for anew, also where something else asks for the permission meanwhile.
 * @param {Pick<typeof chrome.storage.local, "get" | "set">} area
 * @param {Pick<typeof chrome.permissions, "contains">} permissions
 */
export async function heedRevocation(area, permissions) {
	const settings = await loadSettings(area);
	if (!settings.badge || (await permissions.contains(TABS))) return;
	await saveSettings(area, { ...settings, badge: false });
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
	const stored = await area.get([SETTINGS_KEY, SAID_BY_HOST]);
	const settings = /** @type {Partial<Settings>} */ (stored[SETTINGS_KEY] ?? {});
	return settings.saveOnOpen !== false && stored[SAID_BY_HOST] !== false;
}

/**
 * Whether the user has never been welcomed; from now on they have. (Firefox installs
 * a temporary add-on anew at each of its starts.)
 * @param {Pick<typeof chrome.storage.local, "get" | "set">} area
 */
export async function firstRun(area) {
	const stored = await area.get(WELCOMED);
	await area.set({ [WELCOMED]: true });
	return stored[WELCOMED] !== true;
}
