// For exported sites. A server shows a folder's page at the folder's name, which is the canonical
// address. A disk doesn't, so links name the file.

if (location.protocol !== "file:" && location.pathname.endsWith("/index.html")) {
	const folder = location.pathname.slice(0, -"index.html".length);
	history.replaceState(history.state, "", folder + location.search + location.hash);
}

const { src: scriptAddress } = /** @type {HTMLScriptElement} */ (document.currentScript);

// Queries that only the served site answers: another script finds the equivalent page. The search
// page answers its own.
document.addEventListener("DOMContentLoaded", () => {
	const asksForMore = /[?&](with|without|tag|before|sort)=/.test(location.search);
	const searches = document.querySelector("#found") !== null;
	if (document.querySelector("#lost") || (asksForMore && !searches)) {
		const script = document.createElement("script");
		script.src = new URL("404.js", scriptAddress).href;
		document.head.append(script);
	}
});
