// Where the pages are files: a server shows a folder's page by the folder's name, which is
// the address to keep. A disk doesn't, so links name the page.

if (location.protocol !== "file:" && location.pathname.endsWith("/index.html")) {
	const folder = location.pathname.slice(0, -"index.html".length);
	history.replaceState(history.state, "", folder + location.search + location.hash);
}
