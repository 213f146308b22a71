// Summaries by a language model and the tags that it chose, in real browsers.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import axe from "axe-core";
import { until } from "./driver/until.js";
import { project } from "./program.js";
import { inEachBrowser } from "./test-environment.js";

/** Defines the global `axe` on the page it runs on. */
const loadAxe = /** @type {() => void} */ (new Function(axe.source));

const MARK = "Summary by gemma3:4b, not yours";

/** @param {string} text */
const gist = (text) => ({
	text,
	maker: "gemma3:4b",
	madeAt: "2026-11-28T21:14:00.000Z",
	tags: ["zoology"],
});

const NOTES = [
	{
		url: "https://example.org/krill",
		title: "What whales eat",
		lang: "en",
		tags: ["reading"],
		gist: gist(
			"Baleen whales filter krill from the sea and follow it over thousands of kilometres. The author explains how the animals find the swarms, why the swarms move with the ice, and what that means for whaling bans. A whale eats up to four tonnes a day, as measurements with tags have shown.",
		),
	},
	{
		url: "https://example.jp/pan",
		title: "パンの発酵について",
		lang: "ja",
		tags: ["reading"],
		gist: gist(
			"長時間発酵させたパンの作り方を説明する記事です。温度と時間の関係、酵母の働き、失敗しやすい点を順に取り上げています。",
		),
	},
	{
		url: "https://example.eg/khubz",
		title: "عن الخبز والتخمير الطويل",
		lang: "ar",
		tags: ["reading"],
		gist: gist("تشرح المقالة كيف يُصنع الخبز بتخمير طويل، وما علاقة الحرارة بالوقت."),
	},
	{
		url: "https://example.org/mine",
		title: "A note with my own words",
		tags: ["reading"],
		summary: "My own words.",
		gist: gist("Not shown on the site."),
	},
];

/**
 * Adds notes, as an export has them.
 * @param {import("./test-environment.js").World} world
 * @param {object[]} notes
 */
async function summarise(world, notes) {
	const file = path.join(world.home, "gists.json");
	await writeFile(file, JSON.stringify({ urlNotes: 1, notes }));
	await world.command("import", file);
}

const pictures = path.join(project, "tests/browser/pictures");
await mkdir(pictures, { recursive: true });

inEachBrowser(
	"a summary by a model is marked as such on the site and in the library",
	async (world, browser) => {
		await summarise(world, NOTES);
		const origin = await world.origin();
		const notes = await world.notes();
		const idOf = (/** @type {string} */ url) =>
			notes.find((note) => note.url === url)?.id;
		const views = [
			"/tag/reading",
			...NOTES.slice(0, 3).map(({ url }) => `/note/${idOf(url)}`),
		];
		for (const [number, view] of views.entries())
			for (const { width, scheme } of /** @type {const} */ ([
				{ width: 360, scheme: "dark" },
				{ width: 1000, scheme: "light" },
			])) {
				await browser.useScheme(scheme);
				const page = await browser.open(origin + view);
				await page.setViewport({ width, height: 900 });
				const marks = await page.$$eval(".gist-maker", (found) =>
					found.map((mark) => mark.textContent),
				);
				assert.deepEqual(marks, Array(number === 0 ? 3 : 1).fill(MARK), view);
				const fits = await page.evaluate(
					() => document.documentElement.scrollWidth <= innerWidth,
				);
				assert.equal(fits, true, `${view} at ${width}`);
				const name = `gist-${number}-${browser.name}-${scheme}.png`;
				await page.screenshot({
					path: /** @type {`${string}.png`} */ (path.join(pictures, name)),
					fullPage: true,
				});
				await page.evaluate(loadAxe);
				const faults = await page.evaluate(async () => {
					const { violations } = await /** @type {any} */ (window).axe.run();
					return violations.map((/** @type {any} */ fault) => fault.id);
				});
				assert.deepEqual(faults, [], `${view} at ${width}`);
				await page.close();
			}
		await browser.useScheme("light");
		const library = await browser.own("library/library.html");
		await until("the rows are there", () => library.$(".facts a.gist"));
		await library.screenshot({
			path: /** @type {`${string}.png`} */ (
				path.join(pictures, `gist-library-${browser.name}.png`)
			),
		});
		const links = await library.$$eval(".facts a.gist", (all) =>
			all.map((link) => [
				link.textContent,
				link.getAttribute("href"),
				link.getAttribute("title"),
			]),
		);
		assert.equal(links.length, 3);
		const krill = links.find(([, href]) =>
			href?.endsWith(`/note/${idOf(NOTES[0]?.url ?? "")}`),
		);
		assert.deepEqual([krill?.[0], krill?.[2]], [MARK, NOTES[0]?.gist.text]);
	},
);

inEachBrowser(
	"the popup suggests the tags that a model chose, and says so",
	async (world, browser) => {
		const bread = Array.from({ length: 60 }, (_, number) => ({
			url: `https://kitchen.example/${number}`,
			title: "Bread",
			tags: ["baking"],
		}));
		await summarise(world, [
			{ url: "https://whales.example/", title: "Whales", tags: ["zoology"] },
			...bread,
			{
				url: world.web.address("/second-article"),
				title: "What a linker does all day",
				tags: [],
				gist: gist("Of krill."),
			},
		]);
		const { popup } = await world.save(browser, "/second-article");
		await until("it is offered", async () => (await popup.offered()).includes("zoology"));
		const described = await popup.evaluate(() =>
			document
				.querySelector('#suggestions [data-tag="zoology"]')
				?.getAttribute("aria-description"),
		);
		assert.equal(described, "chosen by the model");
		await popup.focus("#tags");
		for (let place = 0; place <= (await popup.offered()).indexOf("zoology"); place += 1)
			await popup.press("ArrowDown");
		await popup.says("#why", /^zoology – chosen by the model Alt/);
		await popup.picture(path.join(pictures, `popup-gist-${browser.name}.png`));
		await popup.dismiss();
		assert.deepEqual(
			(await world.notes()).find(({ title }) => title.startsWith("What a linker"))?.tags,
			[],
			"nothing is added by itself",
		);
	},
);
