/**
 * The popup's line about the page's text: whether it was kept, or why not, with the buttons that
 * change that. The background owns the state.
 */

import { element } from "../shared/elements.js";
import { language, say } from "../shared/i18n.js";
import { siteName } from "../shared/text.js";

/** @import {TextAct, TextState} from "../shared/messages.js" */

/** What the main button does in a state, and what Alt+T does. */
const ACTS = /** @type {Partial<Record<TextState["is"], TextAct>>} */ ({
	ask: "keep",
	older: "force",
	removed: "keep",
	site: "allow",
});
const NEVER = ["kept", "waiting", "removed", "ask"];
const REMOVABLE = ["kept", "waiting", "unremoved"];

export class TextLine {
	/** @type {TextState} */ #state = { is: "unknown" };
	/** URL of the page; empty while there is none, or after Undo and Delete. */
	#url = "";
	/** Address of the view that shows the text; empty while it isn't known. */
	#reader = "";
	/** @type {(act: TextAct) => void} */ #send;

	/** @param {(act: TextAct) => void} send Sends to the background what the user does. */
	constructor(send) {
		this.#send = send;
		element("text-act").addEventListener("click", () => {
			const act = ACTS[this.#state.is];
			if (act) send(act);
		});
		element("text-never").addEventListener("click", () => send("never"));
		element("text-remove").addEventListener("click", () => send("remove"));
		document.addEventListener("keydown", (event) => {
			const { altKey, ctrlKey, metaKey, code, key } = event;
			// The physical key: with Alt it may write another character.
			const isT = (code || `Key${key.toUpperCase()}`) === "KeyT";
			if (!altKey || ctrlKey || metaKey || !isT) return;
			event.preventDefault();
			this.#toggle();
		});
	}

	/** @param {TextState} state */
	show(state) {
		this.#state = state;
		this.#draw();
	}

	/**
	 * @param {string} url URL of the page; empty if nothing is to be said about its text.
	 * @param {string} reader Address of the view that shows the text, if there is one.
	 */
	isAbout(url, reader) {
		if (url === this.#url && reader === this.#reader) return;
		this.#url = url;
		this.#reader = reader;
		this.#draw();
	}

	/** Removes the text, or keeps it again. */
	#toggle() {
		const { is } = this.#state;
		if (this.#url === "") return;
		if ([...REMOVABLE, "reading"].includes(is)) this.#send("remove");
		else if (is === "removed" ? this.#mayReturn() : is === "ask" || is === "site")
			this.#send(ACTS[is] ?? "keep");
	}

	#mayReturn() {
		return this.#state.is !== "removed" || this.#state.again;
	}

	#draw() {
		const focused = document.activeElement;
		const isShown = this.#url !== "";
		const { is } = this.#state;
		element("page-text").hidden = is === "off";
		this.#say(
			isShown ? this.#sentence() : "",
			isShown && is === "kept" ? this.#reader : "",
		);
		const act = element("text-act");
		act.hidden = !isShown || !(is in ACTS) || !this.#mayReturn();
		if (!act.hidden) act.textContent = say(`textAct_${is}`);
		element("text-never").hidden =
			!isShown || !NEVER.includes(is) || siteName(this.#url) === "";
		element("text-remove").hidden = !isShown || !REMOVABLE.includes(is);
		// A focused button that was hidden passes the focus on.
		if (!(focused instanceof HTMLButtonElement) || focused.checkVisibility()) return;
		const next = document.querySelector("#page-text button:not([hidden])");
		/** @type {HTMLElement} */ (
			(next?.checkVisibility() && next) || element("tags")
		).focus();
	}

	/**
	 * @param {string} sentence
	 * @param {string} address What it links to, if anything.
	 */
	#say(sentence, address) {
		const line = element("text-says");
		const link = /** @type {HTMLAnchorElement | null} */ (line.firstElementChild);
		// Screen readers would read an unchanged text out again.
		if (line.textContent === sentence && (link?.href ?? "") === address) return;
		if (!address) {
			line.textContent = sentence;
			return;
		}
		const reader = document.createElement("a");
		reader.href = address;
		reader.target = "_blank";
		reader.rel = "noreferrer";
		reader.textContent = sentence;
		line.replaceChildren(reader);
	}

	#sentence() {
		const state = this.#state;
		switch (state.is) {
			case "off":
			case "unknown":
			case "reading":
				return "";
			case "kept": {
				const words = state.words.toLocaleString(language());
				if (!state.whole) return say("textBeginningKept", words);
				return state.words === 1 ? say("textKeptOneWord") : say("textKept", words);
			}
			case "failed":
				return say("noTextBecause", state.message);
			case "none":
				return say(`noText_${state.why}`);
			case "site":
				return say("textSite", siteName(this.#url));
			default:
				return say(`textIs_${state.is}`);
		}
	}
}
