// Which dates `readPage` finds in pages of every kind. The program reads them: the same corpus is
// used by host/src/domain/published_date.rs.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import puppeteer from "puppeteer-core";
import { fitCaptured } from "../../extension/background/capture.js";
import { readPage } from "../../extension/background/read-page.js";

const CORPUS = new URL("../fixtures/published-dates.json", import.meta.url);

/** @type {{what: string, html: string, dates: string[], publishedAt: string | null}[]} */
const corpus = JSON.parse(await readFile(CORPUS, "utf8"));

test("the dates of every form in the corpus are found", async () => {
	assert.ok(corpus.length >= 40);
	const browser = await puppeteer.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
	});
	try {
		const page = await browser.newPage();
		/** @type {{what: string, dates: string[], lang: string | null}[]} */
		const found = [];
		for (const { what, html } of corpus) {
			await page.setContent(html);
			const read = /** @type {ReturnType<typeof readPage>} */ (
				await page.evaluate(`(${readPage})()`)
			);
			const { publishedAt, otherDates = [], lang = null } = fitCaptured(read);
			found.push({ what, dates: publishedAt ? [publishedAt, ...otherDates] : [], lang });
		}
		if (process.env.UPDATE_EXPECT) {
			const whole = corpus.map((row, at) => ({
				...row,
				lang: found[at]?.lang,
				dates: found[at]?.dates,
			}));
			const lines = whole.map((row) => JSON.stringify(row)).join(",\n");
			await writeFile(CORPUS, `[\n${lines}\n]\n`);
			return;
		}
		assert.deepEqual(
			found,
			corpus.map((row) => ({
				what: row.what,
				dates: row.dates,
				lang: Reflect.get(row, "lang"),
			})),
		);
	} finally {
		await browser.close();
	}
});
