// Both browsers behind one API.

import * as chromium from "./chromium.js";
import * as firefox from "./firefox.js";

/**
 * @typedef {object} Start
 * @property {string} [extension] folder of the extension; without it the browser has to
 *   find one by itself, as a package installs it
 * @property {string} home the browser's HOME; everything it writes is below
 * @property {NodeJS.ProcessEnv} environment of the browser, and so of the host
 * @property {string} [language] of the browser's own words
 * @property {string[]} [others] folders of other extensions
 * @property {boolean} [first] whether the extension is installed now, and so shows its page of
 *   the first run, which is closed
 * @property {boolean} [keepsWelcome] it isn't closed
 * @property {boolean} [headed] Chromium gets a screen, a mouse and a keyboard of its own: without them it has
 *   neither menus nor an address bar. Firefox has them in any case
 * @property {boolean} [littleStorage] Firefox bounds what the extension may store as Chromium does in any case
 * @property {string} [resolves] a host name that leads to this machine, as its owner could make it
 */

/**
 * A running browser with the extension in its toolbar.
 *
 * @typedef {object} Browser
 * @property {string} name
 * @property {(url?: string) => Promise<import("puppeteer-core").Page>} open a new tab
 * @property {(page: import("puppeteer-core").Page, address: string) => Promise<void>} visit goes
 *   to any address, as one that the user has typed
 * @property {(page: import("puppeteer-core").Page, name?: string) => Promise<import("./popup.js").Popup>} clickButton
 *   the toolbar button, clicked while this tab is in front; or that of another extension, which has the id `name@name`
 * @property {() => Promise<import("puppeteer-core").Page[]>} pages all tabs
 * @property {(path: string) => Promise<import("puppeteer-core").Page>} own a new tab with a page of the
 *   extension, as in "options/options.html"
 * @property {(path: string) => Promise<import("puppeteer-core").Page>} ownTab the tab that shows such a page,
 *   once there is one
 * @property {(page: import("puppeteer-core").Page, selector: string | null, entry: string) => Promise<void>} chooseFromMenu
 *   an entry of the context menu of an element, or of the toolbar button where it is null
 * @property {(page: import("puppeteer-core").Page, selector: string | null) => Promise<string[]>} menuEntries ids of
 *   the extension's entries that are offered there
 * @property {(page: import("puppeteer-core").Page) => Promise<void>} pressShortcut the one of the button
 * @property {(page: import("puppeteer-core").Page, text: string) => Promise<void>} typeInAddressBar
 * @property {() => Promise<{ hint: string, lines: string[] }>} addressBar what the extension shows in it: the line
 *   that is always there, and what was found
 * @property {(line: number | null, page: import("puppeteer-core").Page) => Promise<void>} enterInAddressBar Enter on a line,
 *   from 0, or on what was typed
 * @property {() => Promise<void>} allow Yes, to the browser's question about a permission
 * @property {() => Promise<boolean>} absentInPrivate whether a private window, opened for that, has nothing of the extension
 * @property {(page: import("puppeteer-core").Page) => Promise<string>} badge what the button says while this tab is in front
 * @property {(page: import("puppeteer-core").Page) => Promise<() => Promise<string[]>>} watchBadge returns a
 *   function for all that the button has said since, in front of this tab, however shortly
 * @property {() => Promise<import("./popup.js").Popup>} openPopup the popup that has opened by itself
 * @property {() => Promise<string[]>} addresses of all tabs
 * @property {() => Promise<boolean>} outlastsIdleness whether what the background does goes on, with nobody near,
 *   in spite of the browser's wish to put it to sleep
 * @property {(scheme: "light" | "dark") => Promise<void>} useScheme for what is opened from now on
 * @property {() => Promise<void>} close
 * @property {() => Promise<void>} kill as a crash or the end of the session does, without warning
 * @property {() => Promise<void>} clear removes the extension with all that it stored, and closes all tabs
 * @property {(start: Start) => Promise<Browser>} reuse installs the extension in a browser that was cleared
 */

/** @typedef {{ name: string, start(start: Start): Promise<Browser> }} Driver */

/** @type {Driver[]} */
export const browsers = [chromium, firefox];
