/**
 * The settings of this extension, and whether a click saves the page.
 */

/**
 * `saveOnOpen`: whether opening the popup saves the page. `badge`: whether the button marks
 * saved pages, which needs the permission `tabs`. `stripUserInfo`: whether user name and
 * password are removed from addresses before they are saved. `keepText`: whether the text of a
 * saved page is kept.
 * @typedef {{saveOnOpen: boolean, badge: boolean, stripUserInfo: boolean, keepText: KeepText}}
 *   Settings
 * @typedef {"always" | "ask" | "never"} KeepText
 */

/** Key of the settings in `storage.local`. */
export const SETTINGS_KEY = "settings";
/** Key of the last `saveOnOpen` of the host's configuration. */
export const SAID_BY_HOST = "saveOnOpenSaidByHost";
/** Key of the last `keepText` of the host's configuration; "never" if the host keeps no texts. */
export const TEXTS_SAID_BY_HOST = "keepTextSaidByHost";
const WELCOMED = "welcomed";

/** @type {Readonly<Settings>} */
const DEFAULTS = Object.freeze({
	saveOnOpen: true,
	badge: false,
	stripUserInfo: false,
	keepText: "always",
});

/**
 * @param {unknown} stored
 * @returns {Settings}
 */
export const withDefaults = (stored) => ({
	...DEFAULTS,
	.../** @type {Partial<Settings>} */ (stored ?? {}),
});

/**
 * @param {Pick<typeof chrome.storage.local, "get">} area
 * @returns {Promise<Settings>}
 */
export async function loadSettings(area) {
	return withDefaults((await area.get(SETTINGS_KEY))[SETTINGS_KEY]);
}

/**
 * @param {Pick<typeof chrome.storage.local, "set">} area
 * @param {Settings} settings
 */
export function saveSettings(area, settings) {
	return area.set({ [SETTINGS_KEY]: settings });
}

/**
 * The permission to see the addresses and titles of all tabs. It is requested when it is first
 * needed and given back when it no longer is.
 * @type {chrome.permissions.Permissions}
 */
export const TABS = { permissions: ["tabs"] };

/**
 * Gives the permission back, unless the badge needs it.
 * @param {Pick<typeof chrome.storage.local, "get">} area
 * @param {Pick<typeof chrome.permissions, "contains" | "remove">} permissions
 */
export async function giveTabsBack(area, permissions) {
	if (await marksSaved(area, permissions)) return;
	// Fails if an administrator enforces the permission.
	await permissions.remove(TABS).catch(() => false);
}

/**
 * Whether the badge marks saved pages: if the setting is on and the browser still allows it.
 * @param {Pick<typeof chrome.storage.local, "get">} area
 * @param {Pick<typeof chrome.permissions, "contains">} permissions
 */
export async function marksSaved(area, permissions) {
	return (await loadSettings(area)).badge && (await permissions.contains(TABS));
}

/**
 * Turns the badge setting off if the user revoked the permission in the browser. It stays off
 * until the user turns it on again, even if the permission is granted for another purpose.
 * @param {Pick<typeof chrome.storage.local, "get" | "set">} area
 * @param {Pick<typeof chrome.permissions, "contains">} permissions
 */
export async function heedRevocation(area, permissions) {
	const settings = await loadSettings(area);
	if (!settings.badge || (await permissions.contains(TABS))) return;
	await saveSettings(area, { ...settings, badge: false });
}

/**
 * Stores the host's configuration, for clicks before the host has responded.
 * @param {Pick<typeof chrome.storage.local, "set">} area
 * @param {boolean | null} saveOnOpen
 * @param {KeepText} keepText
 */
export function rememberHostSettings(area, saveOnOpen, keepText) {
	return area.set({ [SAID_BY_HOST]: saveOnOpen, [TEXTS_SAID_BY_HOST]: keepText });
}

/**
 * Whether opening the popup saves the page: both the setting and the host's configuration must
 * allow it.
 * @param {Pick<typeof chrome.storage.local, "get">} area
 * @returns {Promise<boolean>}
 */
export async function savesOnOpen(area) {
	const stored = await area.get([SETTINGS_KEY, SAID_BY_HOST]);
	const settings = /** @type {Partial<Settings>} */ (stored[SETTINGS_KEY] ?? {});
	return settings.saveOnOpen !== false && stored[SAID_BY_HOST] !== false;
}

/**
 * Whether the welcome page was never shown. Remembers that it was, because Firefox installs a
 * temporary extension again each time it starts.
 * @param {Pick<typeof chrome.storage.local, "get" | "set">} area
 */
export async function firstRun(area) {
	const stored = await area.get(WELCOMED);
	await area.set({ [WELCOMED]: true });
	return stored[WELCOMED] !== true;
}
