// The reader: the text of a page on the site, in real browsers.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import axe from "axe-core";
import { until } from "./driver/until.js";
import { inEachBrowser } from "./test-environment.js";

/** Defines the global `axe` on the page it runs on. */
const loadAxe = /** @type {() => void} */ (new Function(axe.source));

const TEXT = `# A page

The **memory** is the [bottleneck](https://example.org/b), said the reader.

| a | ${"a wide column | ".repeat(12)}
| - | ${"- | ".repeat(12)}
| 1 | ${"another wide cell | ".repeat(12)}

\`\`\`js
${"const words = 'a long line of code'; ".repeat(6)}
\`\`\`
`;

inEachBrowser(
	"the library links a note to its kept text, by click and by key",
	async (world, browser) => {
		const origin = await world.origin();
		const file = path.join(world.home, "page.md");
		await writeFile(file, TEXT);
		for (const name of ["none", "kept"])
			await world.command("add", `https://example.org/${name}`, "--title", name);
		await world.command("text", "add", "https://example.org/kept", file);
		const note = (await world.notes()).find(({ title }) => title === "kept");
		const page = await browser.own("library/library.html");
		await until("the link is there", () => page.$("#row-0 .facts a.text"));
		assert.equal(
			await page.$eval("#row-0 .facts a.text", (link) => link.getAttribute("href")),
			`${origin}/note/${note?.id}/text`,
		);
		assert.equal(await page.$("#row-1 .facts a.text"), null);
		await page.bringToFront();
		await page.focus("#list");
		await page.keyboard.press("j");
		await page.keyboard.press("v");
		await until("the library says that there is no text", () =>
			page.$eval("#notice-text", (notice) => /No text/.test(notice.textContent ?? "")),
		);
		await page.keyboard.press("k");
		await page.keyboard.press("v");
		await until("the text is open", async () =>
			(await browser.addresses()).includes(`${origin}/note/${note?.id}/text`),
		);
	},
);

inEachBrowser(
	"the text of a page is read on the site, with the quotes of its note",
	async (world, browser) => {
		const origin = await world.origin();
		const url = "https://example.org/page";
		await world.command(
			...["add", url, "--title", "A page"],
			...["--summary", "> Memory is the bottleneck\n\n> said the reader"],
		);
		const file = path.join(world.home, "page.md");
		await writeFile(file, TEXT);
		await world.command("text", "add", url, file);
		const [note] = await world.notes();
		const page = await browser.open(`${origin}/note/${note?.id}`);
		const line = await page.evaluate(() => {
			const terms = [...document.querySelectorAll("dl.facts div")];
			const term = terms.find((term) => /^Text/.test(term.textContent ?? ""));
			return term?.textContent;
		});
		assert.match(`${line}`, /^Text[\d,]+ words, read on /);
		const target = await page.evaluate(
			() => document.querySelector("dl.facts a")?.getAttribute("href") ?? "",
		);
		assert.equal(target, `/note/${note?.id}/text`);
		await page.goto(`${origin}${target}`);
		const seen = await page.evaluate(() => ({
			title: document.title,
			heading: document.querySelector("h1")?.textContent,
			marks: [...document.querySelectorAll(".page-text mark")].map(
				(mark) => mark.textContent,
			),
			robots: document.querySelector("meta[name=robots]")?.getAttribute("content"),
			direction: document.querySelector(".page-text")?.getAttribute("dir"),
		}));
		assert.deepEqual(seen, {
			title: "url-notes | Text of A page",
			heading: "A page",
			marks: ["memory", " is the ", "bottleneck", "said the reader"],
			robots: "noindex",
			direction: "auto",
		});
		for (const { width, scheme } of /** @type {const} */ ([
			{ width: 360, scheme: "light" },
			{ width: 1200, scheme: "dark" },
		])) {
			await browser.useScheme(scheme);
			await page.setViewport({ width, height: 900 });
			await page.goto(`${origin}${target}`);
			const shape = await page.evaluate(() => {
				const table = document.querySelector(".page-text .wide");
				return {
					page: document.documentElement.scrollWidth <= innerWidth,
					table: (table?.scrollWidth ?? 0) > (table?.clientWidth ?? 0),
				};
			});
			// The page doesn't scroll sideways; its table does.
			assert.deepEqual(shape, { page: true, table: true }, `${width}`);
			await page.evaluate(loadAxe);
			const faults = await page.evaluate(async () => {
				const { violations } = await /** @type {any} */ (window).axe.run();
				return violations.map((/** @type {any} */ fault) => fault.id);
			});
			assert.deepEqual(faults, [], `${width}`);
		}
		// Removed, it is gone from the site at once.
		await world.command("text", "rm", url);
		const gone = await page.goto(`${origin}${target}`);
		assert.equal(gone?.status(), 404);
		assert.match(await page.content(), /No text of this page is kept/);
		await page.close();
	},
);
