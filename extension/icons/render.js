/**
 * Draws the PNG sizes of `icon.svg` with Chromium: `npm run icons`.
 *
 * Each size is drawn from the vector itself, so the small ones stay sharp.
 * CHROMIUM names another browser than /usr/bin/chromium.
 */
import { readFile } from "node:fs/promises";
import puppeteer from "puppeteer-core";

const folder = new URL(".", import.meta.url);
const svg = await readFile(new URL("icon.svg", folder), "utf8");
const browser = await puppeteer.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
const page = await browser.newPage();
for (const size of [16, 32, 48, 128]) {
	await page.setViewport({ width: size, height: size });
	await page.setContent(
		`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`,
	);
	await page.screenshot({
		path: /** @type {`${string}.png`} */ (new URL(`icon-${size}.png`, folder).pathname),
		omitBackground: true,
	});
}
await browser.close();
