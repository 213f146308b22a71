// The two browsers under one API.

import * as chromium from "./chromium.js";
import * as firefox from "./firefox.js";

/**
 * @typedef {object} Start
 * @property {string} [extension] folder of the extension; without it the browser has to
 *   find one by itself, as a package installs it
 * @property {string} home the browser's HOME; everything it writes is below
 * @property {NodeJS.ProcessEnv} environment of the browser, and so of the host
 * @property {string} [language] of the browser's own words
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
 * @property {(page: import("puppeteer-core").Page) => Promise<import("./popup.js").Popup>} clickButton
 *   the toolbar button, clicked while this tab is in front
 * @property {() => Promise<import("puppeteer-core").Page[]>} pages all tabs
 * @property {() => Promise<string[]>} addresses of all tabs
 * @property {(scheme: "light" | "dark") => Promise<void>} useScheme for what is opened from now on
 * @property {() => Promise<void>} close
 * @property {() => Promise<void>} kill as a crash or the end of the session does, without warning
 */

/** @typedef {{ name: string, start(start: Start): Promise<Browser> }} Driver */

/** @type {Driver[]} */
export const browsers = [chromium, firefox];
