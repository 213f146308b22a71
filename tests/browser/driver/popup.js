// The popup as a person uses it, the same in both browsers. chromium.js and firefox.js provide
// a `Channel` to its document and keyboard.

import { until } from "./until.js";

/**
 * @typedef {object} Channel
 * @property {<A extends unknown[], R>(run: (...args: A) => R, ...args: A) => Promise<Awaited<R>>} evaluate
 *   runs a self-contained function in the popup's document
 * @property {(text: string) => Promise<void>} type as real key strokes to what has the focus
 * @property {(key: string) => Promise<void>} press a key by its DOM name, or several at once: "Alt+2"
 * @property {(file: string) => Promise<void>} picture writes a PNG
 * @property {number} clickedAt when the button was clicked, in ms since 1970
 * @property {() => Promise<boolean>} isOpen
 * @property {() => Promise<import("puppeteer-core").SerializedAXNode | null>} [heard] the
 *   popup's accessibility tree, if the browser provides it
 * @property {() => Promise<void>} dismiss closes it as a click elsewhere does
 */

/** @typedef {"saving" | "saved" | "unsaved" | "queued" | "error"} State */

export class Popup {
	/** @param {Channel} channel */
	constructor(channel) {
		this.channel = channel;
		this.evaluate = channel.evaluate;
		this.type = channel.type;
		this.press = channel.press;
		this.picture = channel.picture;
		this.clickedAt = channel.clickedAt;
		this.isOpen = channel.isOpen;
		this.heard = channel.heard;
	}

	/** @returns {Promise<State>} */
	state() {
		return this.evaluate(() => /** @type {State} */ (document.body.dataset.state));
	}

	/**
	 * Waits for a state, and for the parts of the popup that it loads last.
	 * @param {State} state
	 */
	async reaches(state) {
		await until(`the popup is ${state}`, async () => {
			const [now, status, parts] = await this.evaluate(() => [
				document.body.dataset.state,
				document.querySelector("#status")?.textContent,
				document.body.dataset.parts,
			]);
			if (now !== state) throw new Error(`it is ${now}: ${status}`);
			if (parts !== "all") throw new Error("not all of its parts are loaded");
			return true;
		});
	}

	/**
	 * Text of an element.
	 * @param {string} selector
	 * @returns {Promise<string>}
	 */
	text(selector) {
		return this.evaluate(
			(s) => document.querySelector(s)?.textContent?.trim() ?? "",
			selector,
		);
	}

	/**
	 * Waits until an element has this text. The popup's text may still change, for instance
	 * while the background finds the cause of a problem.
	 * @param {string} selector
	 * @param {RegExp} expected
	 * @returns {Promise<string>} Its whole text.
	 */
	says(selector, expected) {
		return until(`${selector} says ${expected}`, async () => {
			const text = await this.text(selector);
			if (!expected.test(text)) throw new Error(text);
			return text;
		});
	}

	/**
	 * Value of a field.
	 * @param {string} selector
	 * @returns {Promise<string>}
	 */
	value(selector) {
		return this.evaluate(
			(s) =>
				/** @type {HTMLInputElement | null} */ (document.querySelector(s))?.value ?? "",
			selector,
		);
	}

	/**
	 * Whether an element is visible.
	 * @param {string} selector
	 * @returns {Promise<boolean>}
	 */
	shows(selector) {
		return this.evaluate(
			(s) => document.querySelector(s)?.checkVisibility() ?? false,
			selector,
		);
	}

	/** The chosen tags, in order. */
	tags() {
		return this.#tagNames("#chosen [data-tag]");
	}

	/** The completions and suggestions that are shown, in order. */
	offered() {
		return this.#tagNames("[role=option][data-tag]");
	}

	/**
	 * @param {string} selector
	 * @returns {Promise<string[]>}
	 */
	#tagNames(selector) {
		return this.evaluate(
			(s) =>
				[...document.querySelectorAll(s)]
					.filter((element) => element.checkVisibility())
					.map((element) => element.getAttribute("data-tag") ?? ""),
			selector,
		);
	}

	/** @param {string[]} tags */
	async hasTags(...tags) {
		await until(`the tags are ${tags}`, async () => {
			const chosen = await this.tags();
			if (chosen.join() !== tags.join()) throw new Error(`they are ${chosen}`);
			return true;
		});
	}

	/** @param {string[]} tags the first ones of the list */
	async offers(...tags) {
		await until(`${tags} are offered`, async () => {
			const offered = (await this.offered()).slice(0, tags.length);
			if (offered.join() !== tags.join()) throw new Error(`these are: ${offered}`);
			return true;
		});
	}

	/**
	 * The extension's storage, as JSON.
	 * @returns {Promise<string>}
	 */
	stored() {
		return this.evaluate(async () => {
			const { browser, chrome } = /** @type {any} */ (globalThis);
			return JSON.stringify(await (browser ?? chrome).storage.local.get(null));
		});
	}

	/**
	 * Id of the element that has the focus.
	 * @returns {Promise<string>}
	 */
	focused() {
		return this.evaluate(() => document.activeElement?.id ?? "");
	}

	/** @param {string} selector */
	focus(selector) {
		return this.evaluate(
			(s) => /** @type {HTMLElement} */ (document.querySelector(s)).focus(),
			selector,
		);
	}

	/** @param {string} selector */
	click(selector) {
		return this.evaluate(
			(s) => /** @type {HTMLElement} */ (document.querySelector(s)).click(),
			selector,
		);
	}

	/** Closes the popup as a click beside it does. */
	async dismiss() {
		await this.channel.dismiss();
		await this.closes();
	}

	async closes() {
		await until("the popup is closed", async () => !(await this.isOpen()));
	}
}
