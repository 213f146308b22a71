/**
 * The welcome page: how to install the program, pin the button and save a page. It shows the
 * state of the connection and has the background try again until the program is connected.
 */

import { browser, connectToBackground, isFirefox } from "../shared/browser.js";
import { showCure, standing } from "../shared/connection-status.js";
import { copies, element, put } from "../shared/elements.js";
import { say, sayEverywhere } from "../shared/i18n.js";

/** How often the connection is tried while this page is visible. */
const TRY_EVERY_MS = 1500;

/** @type {chrome.runtime.Port} */
let port;

function connect() {
	port = connectToBackground("options");
	port.onMessage.addListener(show);
	// The browser suspended the background; this starts it again.
	port.onDisconnect.addListener(connect);
}

/** @param {import("../shared/messages.js").Overview} shown */
function show(shown) {
	const { state, sentence } = standing(shown);
	document.body.dataset.state = element("connection").dataset.state = state;
	put(element("connection"), state === "connected" ? say("welcomeConnected") : sentence);
	showCure(shown);
	const site = /** @type {HTMLAnchorElement} */ (element("site"));
	element("site-line").hidden = !shown.hello;
	if (shown.hello) site.href = shown.hello.siteUrl;
}

async function showButton() {
	const settings = await browser.action.getUserSettings().catch(() => null);
	const pinned = settings?.isOnToolbar === true;
	element("pin").toggleAttribute("data-done", pinned);
	put(
		element("pin-words"),
		say(pinned ? "welcomePinned" : isFirefox ? "welcomePinFirefox" : "welcomePin"),
	);
}

async function start() {
	sayEverywhere(document);
	document.title = say("welcomeTitle");
	connect();
	copies(element("copy-cure"), element("cure-command"));
	setInterval(() => {
		if (document.hidden) return;
		if (document.body.dataset.state !== "connected") port.postMessage({ do: "try" });
		void showButton();
	}, TRY_EVERY_MS);
	void showButton();
	const [command] = await browser.commands.getAll();
	put(
		element("try"),
		command?.shortcut
			? say("welcomeClickOrPress", command.shortcut)
			: say("welcomeClick"),
	);
}

void start();
