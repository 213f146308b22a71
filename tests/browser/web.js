// A server with the web pages that the tests save.

import { createServer } from "node:http";
import path from "node:path";

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
	"/undescribed": `<!doctype html><html lang="en"><meta charset="utf-8">
		<title>Notes of a slow week</title><nav><p>Here is all that we have written about anything
			at all in the last ten years.</p></nav>
		<main><h1>Notes of a slow week</h1><p>By A. Baker</p>
		<p>The best sourdough needs a fermentation that is as slow as the week around it.</p></main>`,
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
	"/amp/article": `<!doctype html><html lang="en"><meta charset="utf-8">
		<title>The same for phones</title><link rel="canonical" href="/article"><p>Short.</p>`,
	"/repetitive": `<!doctype html><html lang="en"><meta charset="utf-8">
		<title>The same again and again</title>
		<style>p, h2 { margin: 1500px 0 0; } s { display: none; }</style>
		<h2 id="first">On memory</h2>
		<p id="a">The memory is the bottleneck in most of what we run.</p>
		<p id="b">Some say the memory is <b>the bottleneck</b> of <s>never shown</s> all machines, and memorable it is.</p>
		<p id="c">Others say the memory is the bottleneck of nothing at all.</p>
		<h2 id="second">On memory</h2>
		<p id="d">There is a long part here, which says that the memory is the bottleneck and
			goes on for so many words that nobody wants to have all of them in an address, which
			is why only its beginning and its end are used to find it again on the page.</p>
		<p id="e">機械学習を学ぶ人は図書館へ行く。深層学習を学ぶ人も図書館へ行く。</p>
		<p id="end">After all.</p><div style="height: 3000px"></div>`,
	"/login": `<!doctype html><html lang="en"><meta charset="utf-8">
		<title>Sign in</title><p>Welcome back to the journal.</p>
		<form><input type="email"><input type="password"></form>`,
	"/broken-unicode": `<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title>
		<p id="p">x</p><script>
			document.title = "Half \\ud83d of a sign";
			document.head.append(Object.assign(document.createElement("meta"),
				{ name: "description", content: "The other half \\ude00" }));
			p.textContent = "Selected \\udc00 words";
			getSelection().selectAllChildren(p);
		</script>`,
	"/huge-text": `<!doctype html><html lang="en"><meta charset="utf-8"><title>Huge</title>
		<p id="p">${"many words ".repeat(100_000)}</p><script>getSelection().selectAllChildren(p)</script>`,
	"/plain.txt": "Just text.",
	"/picture.svg": `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><title>Nine</title></svg>`,
	"/paper.pdf": `%PDF-1.1
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj
trailer<</Root 1 0 R/Size 4>>
%%EOF`,
};

/** @type {Record<string, string>} Of what is not HTML. */
const TYPES = {
	".txt": "text/plain",
	".svg": "image/svg+xml",
	".pdf": "application/pdf",
};

/**
 * Serves the pages until `close`; a query in the address changes nothing.
 *
 * @returns {Promise<{ address(path: string): string, close(): Promise<void> }>}
 */
export async function serveWeb() {
	// Room for the longest address that can be saved.
	const server = createServer({ maxHeaderSize: 256 * 1024 }, (request, response) => {
		const { pathname } = new URL(request.url ?? "/", "http://localhost");
		const page = PAGES[pathname];
		const type = TYPES[path.extname(pathname)] ?? "text/html";
		response.writeHead(page ? 200 : 404, { "content-type": `${type}; charset=utf-8` });
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
