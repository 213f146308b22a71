// Screenshots of every state of the popup and of every page, for people to look at, and checks
// with axe that everybody can read them.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { STANDARD, unreadable } from "./axe.js";
import { until } from "./driver/until.js";
import { project } from "./program.js";
import { inEachBrowser } from "./test-environment.js";

const pictures = path.join(project, "tests/browser/pictures");
await mkdir(pictures, { recursive: true });

/** @type {("light" | "dark")[]} */
const SCHEMES = ["light", "dark"];
/**
 * Colours don't depend on the width, and what fits doesn't depend on the colours. So a page is
 * looked at light and wide, and dark and narrow.
 */
const WIDTHS = {
	extension: { light: 1000, dark: 360 },
	site: { light: 1280, dark: 320 },
};
const MARKDOWN =
	"Nested:\n\n- one\n  - `two`\n    1. three\n\n| a | b |\n|---|---|\n| **1** | ~~2~~ |\n\n> quoted\n\n```\ncode\n```\n\n- [x] done\n- [ ] not done\n\n# A heading\n\n[A link](https://example.org/)";

const WORDS_OF_CODE = "const total = pages.filter(({ text }) => text).map(count);";
/** Kept texts of pages, by what they are like. */
const TEXTS = {
	japanese: [
		"東京の図書館",
		"# 東京の図書館\n\n## 静かな場所\n\n機械学習を学ぶには、**静かな場所**が必要です。図書館は朝九時に開き、夜八時に閉まります。[地図](https://example.jp/地図)を見てください。\n\n> 本を読む人は幸せです。\n\n1. 本を選ぶ\n2. 席に座る\n\n| 曜日 | 時間 |\n|---|---|\n| 月曜日 | 九時から八時まで |",
		"> 図書館は朝九時に開き",
	],
	arabic: [
		"كيف تختار قاعدة بيانات",
		"# كيف تختار قاعدة بيانات\n\nقاعدة البيانات **هي ذاكرة** البرنامج. استخدم `SELECT id FROM notes` أو [الدليل](https://example.org/dalil) لتعرف المزيد، نحو PostgreSQL 17.\n\n- الذاكرة\n- السرعة\n  - القراءة\n  - الكتابة\n\n> الكتاب خير جليس.\n\n```\nSELECT count(*) FROM notes; -- يساراً\n```\n\n| الاسم | السعر |\n|---|---|\n| أول | 12 |",
		"> قاعدة البيانات هي ذاكرة البرنامج",
	],
	code: [
		"How the search is written",
		`# How the search is written\n\nCall \`search_texts(None, &parsed, before)\` and then \`${"a_very_long_name_".repeat(9)}\`:\n\n\`\`\`rust\nfn main() {\n    ${WORDS_OF_CODE.repeat(3)}\n}\n\`\`\`\n\n- A step:\n\n  \`\`\`\n  ${WORDS_OF_CODE.repeat(3)}\n  \`\`\`\n\n  > In a quote:\n  >\n  > \`\`\`sh\n  > ${"curl --fail --location ".repeat(9)}\n  > \`\`\`\n\n## \`headings\` have code\n\nhttps://example.org/${"a/long/address/".repeat(12)}`,
		"> Call search_texts(None, &parsed, before) and then",
	],
	table: [
		"Prices of memory",
		`# Prices of memory\n\nA table says more.\n\n|${" name |".repeat(16)}\n|${" --: |".repeat(16)}\n${`|${" a cell, **123.45** |".repeat(16)}\n`.repeat(6)}\n| ${"word".repeat(40)} | b |\n|---|---|\n| 1 | [2](https://example.org/2) |`,
		"> A table says more",
	],
};

/** @param {import("./test-environment.js").World} world */
async function fill(world) {
	const long = "A title that says it all, and then once more at length, ".repeat(7);
	for (const [url, title, summary, ...tags] of [
		["https://example.org/long", long, "", "to read"],
		[
			"https://www.example.org/a/very/long/address/without/any/space".repeat(4),
			"",
			"",
			"c++",
		],
		[
			"https://example.co.il/",
			"איך לבחור מסד נתונים",
			"לאט **לאט**.",
			"מסדי נתונים",
			"databases",
		],
		[
			"https://example.jp/",
			"東京の図書館で機械学習を学ぶ",
			"静かな場所です。",
			"機械学習",
		],
		[
			"https://example.org/markdown",
			"What Markdown can do",
			"Nested:\n\n- one\n  - `two`\n    1. three\n\n| a | b |\n|---|---|\n| **1** | ~~2~~ |\n\n> quoted\n\n```\ncode\n```\n\n- [x] done\n- [ ] not done",
			"markdown",
			"databases",
		],
	]) {
		const tagOptions = tags.flatMap((tag) => ["--tag", tag]);
		await world.command(
			"add",
			`${url}`,
			"--title",
			`${title}`,
			"--summary",
			`${summary}`,
			...tagOptions,
		);
	}
}

inEachBrowser(
	"shows the popup's states readably, in light and dark",
	async (world, browser) => {
		await fill(world);
		/** @type {string[]} */
		const faults = [];
		for (const scheme of SCHEMES) {
			await browser.useScheme(scheme);
			/**
			 * @param {string} state
			 * @param {import("./driver/popup.js").Popup} popup
			 */
			const look = async (state, popup) => {
				await popup.picture(
					path.join(pictures, `popup-${state}-${browser.name}-${scheme}.png`),
				);
				faults.push(...(await unreadable(`popup, ${state}, ${scheme}`, popup.evaluate)));
			};
			const { page, popup } = await world.save(browser, `/article?${scheme}`);
			await look("saved", popup);
			await popup.type("build systems,機械学習,da");
			await popup.offers("databases");
			await look("completing", popup);
			await popup.press("Tab");
			await popup.focus("#summary");
			await popup.type("Caching **halved** it.");
			await popup.hasTags("build systems", "機械学習", "databases");
			await popup.reaches("saved");
			await look("edited", popup);
			await popup.evaluate((text) => {
				const field = /** @type {HTMLTextAreaElement} */ (
					document.querySelector("#summary")
				);
				field.value = text;
				field.dispatchEvent(new Event("input", { bubbles: true }));
			}, MARKDOWN);
			await popup.click("#preview-note");
			await until("the preview is there", () => popup.shows("#preview strong"));
			await look("preview", popup);
			await popup.click("#preview-note");
			await until("the text is there", () => popup.shows("#summary"));
			await popup.reaches("saved");
			await popup.dismiss();
			const again = await world.click(browser, page);
			await again.hasTags("build systems", "機械学習", "databases");
			await look("saved-before", again);
			await again.click("#delete");
			await again.reaches("unsaved");
			await look("deleted", again);
			await again.dismiss();
			for (const address of ["/long-title", "/hebrew", "/japanese", "/amp/article"]) {
				const other = await world.save(browser, `${address}?${scheme}`);
				await look(address.slice(1).replace("/", "-"), other.popup);
				await other.popup.dismiss();
			}
			const unsavable = await world.click(browser, await browser.open(), "error");
			await until("the newest notes are listed", () => unsavable.shows("#found"));
			await look("unsavable", unsavable);
			await unsavable.type("the before:x");
			await unsavable.says("#search-says", /before:x/);
			await look("search", unsavable);
			await unsavable.dismiss();
		}
		assert.deepEqual(faults, []);
	},
);

for (const language of ["en", "de"]) {
	inEachBrowser(
		`shows the popup readably at any width, enlarged, and from right to left (${language})`,
		async (world, browser) => {
			await fill(world);
			/** @type {string[]} */
			const faults = [];
			const word = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen".repeat(2);
			await world.command(
				"add",
				"https://e.org/",
				"--title",
				word,
				"--tag",
				word.slice(0, 99),
			);
			const { popup } = await world.save(browser, "/article");
			await popup.type(`to read,${word.slice(0, 99)},gödel,`);
			await popup.evaluate((word) => {
				for (const id of ["title", "summary"]) {
					const field = /** @type {HTMLTextAreaElement} */ (document.getElementById(id));
					field.value = `${word} ${word}`;
					field.dispatchEvent(new Event("input", { bubbles: true }));
				}
			}, word);
			await popup.reaches("saved");
			await popup.type("d");
			await popup.offers("databases");
			for (const { width, zoom, direction } of [
				{ width: 320, zoom: 1, direction: "ltr" },
				{ width: 380, zoom: 1, direction: "rtl" },
				{ width: 400, zoom: 2, direction: "ltr" },
			]) {
				const what = `popup-${language}-${width}-${zoom}-${direction}-${browser.name}`;
				const cut = await popup.evaluate(
					(width, zoom, direction) => {
						document.documentElement.dir = direction;
						document.body.style.inlineSize = `${width / zoom}px`;
						document.documentElement.style.zoom = String(zoom);
						const { right, left } = document.body.getBoundingClientRect();
						return [...document.querySelectorAll("main *")]
							.filter((element) => element.checkVisibility())
							.filter((element) => {
								const box = element.getBoundingClientRect();
								return box.left < left - 1 || box.right > right + 1;
							})
							.map(({ id, tagName }) => id || tagName);
					},
					width,
					zoom,
					direction,
				);
				await popup.picture(path.join(pictures, `${what}.png`));
				for (const part of cut) faults.push(`${what}: ${part} is cut off`);
				faults.push(...(await unreadable(what, popup.evaluate)));
			}
			assert.deepEqual(faults, []);
		},
		{ language },
	);
}

for (const language of ["en", "de"]) {
	inEachBrowser(
		`lists a note's other addresses readably, dark, narrow and from right to left (${language})`,
		async (world, browser) => {
			const faults = [];
			const long = `/article?utm_source=a&utm_campaign=${"x".repeat(300)}`;
			for (const address of ["/article?utm_source=a", long, "/article?fbclid=c#d"])
				await world.command("add", world.web.address(address), "--tag", "ci");
			const page = await browser.open(world.web.address("/article"));
			for (const { scheme, width, direction } of /** @type {const} */ ([
				{ scheme: "light", width: 380, direction: "ltr" },
				{ scheme: "dark", width: 360, direction: "ltr" },
				{ scheme: "dark", width: 380, direction: "rtl" },
			])) {
				await browser.useScheme(scheme);
				const popup = await world.click(browser, page);
				await until("they are there", () => popup.shows("#addresses"));
				await popup.focus("#title");
				for (const key of ["Tab", "Enter"]) await popup.press(key);
				await until("they are open", () => popup.shows("#addresses-list"));
				assert.equal(await popup.focused(), "addresses-summary");
				const what = `popup-addresses-${language}-${width}-${scheme}-${direction}-${browser.name}`;
				const wide = await popup.evaluate(
					(width, direction) => {
						document.documentElement.dir = direction;
						document.body.style.inlineSize = `${width - 28}px`;
						return [...document.querySelectorAll("#addresses *")]
							.filter(
								(part) => part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0,
							)
							.map(({ id, tagName }) => id || tagName);
					},
					width,
					direction,
				);
				await popup.picture(path.join(pictures, `${what}.png`));
				for (const part of wide) faults.push(`${what}: ${part} is cut off`);
				faults.push(...(await unreadable(what, popup.evaluate)));
				await popup.dismiss();
			}
			assert.deepEqual(faults, []);
		},
		{ language },
	);
}

inEachBrowser(
	"shows suggested tags and quotes readably, long ones too, in light and dark",
	async (world, browser) => {
		const long = "what to do with the starter that is left over at the end of the day";
		const faults = [];
		for (let day = 1; day <= 6; day += 1) {
			const tags = ["baking", "機械学習", long, "מסדי נתונים", "fermentation", "kitchen"];
			const options = tags.flatMap((tag) => ["--tag", tag]);
			const title = "Bread with a long fermentation";
			await world.command(
				"add",
				`https://bread.example/${day}`,
				"--title",
				title,
				...options,
			);
		}
		for (const scheme of SCHEMES) {
			await browser.useScheme(scheme);
			const { popup } = await world.save(browser, `/bread?${scheme}`);
			await popup.offers("baking");
			const [wide, places] = await popup.evaluate(() => [
				document.documentElement.scrollWidth > window.innerWidth,
				[...document.querySelectorAll("#suggestions li")].map(
					(chip) => chip.getBoundingClientRect().bottom,
				),
			]);
			const below = await popup.evaluate(
				() => document.querySelector("#why")?.getBoundingClientRect().top ?? 0,
			);
			if (wide) faults.push(`${scheme}: scrolls sideways`);
			if (places.length < 4 || places.some((bottom) => bottom > below + 1))
				faults.push(`${scheme}: not all are seen: ${places}, ${below}`);
			await popup.picture(
				path.join(pictures, `popup-suggesting-${browser.name}-${scheme}.png`),
			);
			faults.push(...(await unreadable(`suggesting, ${scheme}`, popup.evaluate)));
			await popup.evaluate((long) => {
				const field = /** @type {HTMLTextAreaElement} */ (
					document.querySelector("#summary")
				);
				field.value = `> ${`${long} `.repeat(4)}\n\n> 醗酵は時間がかかる。\n\n> תסיסה ארוכה`;
				field.dispatchEvent(new Event("input", { bubbles: true }));
			}, long);
			await popup.says("#quotes-count", /^3 quotes$/);
			await popup.click("#quotes summary");
			await popup.picture(
				path.join(pictures, `popup-quotes-${browser.name}-${scheme}.png`),
			);
			faults.push(...(await unreadable(`quotes, ${scheme}`, popup.evaluate)));
			await popup.reaches("saved");
			await popup.dismiss();
		}
		assert.deepEqual(faults, []);
	},
);

for (const language of ["en", "de"]) {
	inEachBrowser(
		`shows readably what to do without a host, in light and dark (${language})`,
		async (world, browser) => {
			const faults = [];
			for (const scheme of SCHEMES) {
				await browser.useScheme(scheme);
				const { popup } = await world.save(browser, `/article?${scheme}`, "queued");
				await popup.picture(
					path.join(pictures, `popup-queued-${language}-${browser.name}-${scheme}.png`),
				);
				const height = await popup.evaluate(
					() => document.querySelector("#cure-command")?.clientHeight ?? 0,
				);
				if (height > 30) faults.push(`${scheme}: the command is broken into lines`);
				faults.push(...(await unreadable(`popup, queued, ${scheme}`, popup.evaluate)));
				await popup.focus("#summary");
				await popup.type("Caching **halved** it.");
				await popup.click("#preview-note");
				await until("the reason is there", () => popup.shows("#preview .reason"));
				await popup.picture(
					path.join(pictures, `popup-as-typed-${language}-${browser.name}-${scheme}.png`),
				);
				faults.push(...(await unreadable(`popup, as typed, ${scheme}`, popup.evaluate)));
				await popup.dismiss();
			}
			assert.deepEqual(faults, []);
		},
		{ registered: false, language },
	);
}

/**
 * Takes a picture of a page, and returns what is wrong with it.
 *
 * @param {import("puppeteer-core").Page} page
 * @param {string} what
 * @param {number} width
 */
async function lookAt(page, what, width) {
	/** @type {string[]} */
	const faults = [];
	await page.setViewport({ width, height: 900 });
	await page.screenshot({ path: `${path.join(pictures, what)}.png`, fullPage: true });
	const { fits, cells } = await page.evaluate(() => ({
		fits: document.documentElement.scrollWidth <= window.innerWidth,
		cells: [...document.querySelectorAll("th, td")]
			.filter((cell) => cell.scrollWidth > cell.clientWidth + 1)
			.map((cell) => cell.textContent),
	}));
	if (!fits) faults.push(`${what} scrolls sideways`);
	for (const cell of cells) faults.push(`${what}: goes out of its cell: ${cell}`);
	const evaluate = page.evaluate.bind(page);
	// Here all of it is ours: what axe merely recommends holds, too.
	faults.push(...(await unreadable(what, evaluate, [...STANDARD, "best-practice"])));
	return faults;
}

/** @param {import("puppeteer-core").Page} page */
const connects = (page) =>
	until("the connection is shown", () =>
		page.$eval("#connection", (line) =>
			/trouble|connected/.test(line.getAttribute("data-state") ?? ""),
		),
	);

for (const language of ["en", "de"]) {
	inEachBrowser(
		`shows its own pages readably, in light and dark, wide and narrow (${language})`,
		async (world, browser) => {
			await fill(world);
			/** @type {string[]} */
			const faults = [];
			for (const scheme of SCHEMES) {
				await browser.useScheme(scheme);
				for (const name of ["options", "welcome", "window"]) {
					const page = await browser.own(`${name}/${name}.html`);
					if (name !== "window") await connects(page);
					const what = `${name}-${language}-${scheme}-${browser.name}`;
					faults.push(...(await lookAt(page, what, WIDTHS.extension[scheme])));
					await page.close();
				}
			}
			assert.deepEqual(faults, []);
		},
		{ language },
	);

	inEachBrowser(
		`shows readably what waits and what is wrong on its own pages, in light and dark (${language})`,
		async (world, browser) => {
			for (const address of ["/article", "/long-title", "/hebrew", "/japanese"]) {
				const { popup } = await world.save(browser, address, "queued");
				if (address === "/japanese") await popup.type("機械学習,");
				await popup.dismiss();
			}
			/** @type {string[]} */
			const faults = [];
			for (const scheme of SCHEMES) {
				await browser.useScheme(scheme);
				for (const name of ["options", "welcome"]) {
					const page = await browser.own(`${name}/${name}.html`);
					await connects(page);
					const what = `${name}-trouble-${language}-${scheme}-${browser.name}`;
					faults.push(...(await lookAt(page, what, WIDTHS.extension[scheme])));
					await page.close();
				}
			}
			assert.deepEqual(faults, []);
		},
		{ registered: false, language },
	);
}

inEachBrowser(
	"shows the site readably, in light and dark, wide and narrow",
	async (world, browser) => {
		await world.siteAnswers();
		/** @type {string[]} */
		const faults = [];
		/** @param {Record<string, string>} addresses */
		const look = async (addresses) => {
			for (const scheme of SCHEMES) {
				await browser.useScheme(scheme);
				const page = await browser.open();
				for (const [name, address] of Object.entries(addresses)) {
					await page.goto(`${world.site}${address}`);
					if (name === "keys") {
						await page.$eval(".foot button", (button) => button.click());
					}
					if (name.startsWith("search-in-")) {
						const found = await page.$("main article");
						if (!found) faults.push(`${name} finds nothing`);
					}
					const what = `site-${name}-${browser.name}-${scheme}`;
					faults.push(...(await lookAt(page, what, WIDTHS.site[scheme])));
				}
				await page.close();
			}
		};
		await look({
			empty: "/",
			"empty-tags": "/tags",
			"empty-sites": "/sites",
			"empty-all": "/all/0",
		});
		await fill(world);
		await world.bring({
			url: "https://feeds.example/",
			title: "東京の図書館",
			tags: [],
			entries: [
				{ url: "https://feeds.example/1", title: "a".repeat(300) },
				{ url: "https://feeds.example/2", title: "איך לבחור מסד נתונים", lang: "he" },
				{
					url: "https://feeds.example/3",
					title: "機械学習を学ぶ",
					excerpt: "A quiet place. ".repeat(30),
				},
			],
		});
		const [newest] = await world.notes();
		await look({
			home: "/",
			tags: "/tags",
			"tags-by-name": "/tags?sort=name",
			"tags-recent": "/tags?sort=recent",
			tag: "/tag/databases",
			narrowed: "/tag/databases?with=markdown&without=gpu",
			all: "/all/0",
			inbox: "/inbox",
			note: `/note/${newest?.id}`,
			sites: "/sites",
			site: "/site/example.org",
			search: "/search?q=markdown+tag:databases",
			best: "/search?q=markdown&sort=relevance",
			"search-help": "/search",
			keys: "/search",
			missing: "/tag/no%20such%20tag",
			"missing-page": "/tgas",
		});
		const texts = Object.entries(TEXTS);
		const ids = await world.put(
			texts.map(([name, [title, text, summary]]) => ({
				url: `https://texts.example/${name}`,
				title: `${title}`,
				tags: ["texts"],
				summary: `${summary}`,
				excerpt: null,
				text,
			})),
		);
		await look({
			...Object.fromEntries(
				texts.map(([name], at) => [`text-${name}`, `/note/${ids[at]}/text`]),
			),
			// Words of the texts alone.
			"search-in-japanese-text": "/search?q=幸せです",
			"search-in-arabic-text": "/search?q=جليس",
			"search-in-code": "/search?q=location",
			"search-in-texts": "/search?q=in:text+cell",
		});
		await world.command("rm", `${newest?.id}`);
		await look({ trash: `/note/${newest?.id}` });
		assert.deepEqual(faults, []);
	},
);
