// The web that the tests read: a server of pages on a port of its own.

import { createServer } from "node:http";

/** @type {Record<string, string>} */
const PAGES = {
	"/article": `<!doctype html><html lang="en"><meta charset="utf-8">
		<title>How we cut our build times in half</title>
		<meta name="description" content="Caching, and less of everything else.">
		<meta property="og:site_name" content="The Build Journal">
		<meta property="article:published_time" content="2025-08-14T09:30:00Z">
		<h1>How we cut our build times in half</h1><p>Caching came first.</p>`,
	"/second-article": `<!doctype html><html lang="en"><meta charset="utf-8">
		<title>What a linker does all day</title><p>It links.</p>`,
	"/bread": `<!doctype html><html lang="en"><meta charset="utf-8">
		<title>A sourdough bread for busy people</title>
		<meta name="keywords" content="Sourdough, Rye Flour">
		<meta name="description" content="Little work, long waiting."><p>Bread.</p>`,
	"/japanese": `<!doctype html><html lang="ja"><meta charset="utf-8">
		<title>東京の図書館で機械学習を学ぶ</title><p>静かな場所です。</p>`,
	"/hebrew": `<!doctype html><html lang="he" dir="rtl"><meta charset="utf-8">
		<title>איך לבחור מסד נתונים</title><p>לאט לאט.</p>`,
	"/long-title": `<!doctype html><html lang="en"><meta charset="utf-8">
		<title>${"On the length of titles, ".repeat(16).trim()}</title>`,
	"/huge-title": `<!doctype html><html lang="en"><meta charset="utf-8">
		<title>Huge ${"x".repeat(5 * 1024 * 1024)}</title>`,
	"/markup": `<!doctype html><html lang="en"><meta charset="utf-8">
		<title>&lt;img src=x onerror="document.title='broken'"&gt; &amp;amp; co</title>
		<meta name="description" content="&lt;script&gt;document.title='broken'&lt;/script&gt;">`,
	"/links": `<!doctype html><html lang="en"><meta charset="utf-8">
		<title>What to read</title><p id="words">Words that are here, and words that are here again.</p>
		<p><a id="good" href="/second-article">On  <b>linkers</b></a>
		<a id="script" href="javascript:void(0)">Nothing</a> <a id="mail" href="mailto:me@example.org">Mail</a>`,
	"/untitled": "<!doctype html><meta charset=utf-8><p>No title, no anything.",
};

/**
 * Serves the pages until `close`; a query in the address changes nothing.
 *
 * @returns {Promise<{ address(path: string): string, close(): Promise<void> }>}
 */
export async function serveWeb() {
	const server = createServer((request, response) => {
		const { pathname } = new URL(request.url ?? "/", "http://localhost");
		const page = PAGES[pathname];
		response.writeHead(page ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
		response.end(page ?? "");
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	return {
		address: (path) => `http://127.0.0.1:${port}${path}`,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}
