// The size of the popup. Browsers show at most 800 × 600 px of it.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { until } from "./driver/until.js";
import { project } from "./program.js";
import { inEachBrowser } from "./test-environment.js";

const pictures = path.join(project, "tests/browser/pictures");
await mkdir(pictures, { recursive: true });

for (const language of ["en", "de"]) {
	inEachBrowser(
		`is never higher than 600 px, and shows its whole footer (${language})`,
		async (world, browser) => {
			const title = "A title that is so long that it needs all three lines ".repeat(4);
			const address = "/article?utm_source=a";
			await world.command("add", world.web.address(address), "--title", title);
			await world.command("add", world.web.address("/article#d"));
			const { popup } = await world.save(browser, "/article");
			await until("the line is there", () => popup.shows("#same-page"));
			await popup.type("machine learning,information retrieval,operating systems,");
			await popup.type("build systems,databases,functional programming,hardware,");
			await popup.focus("#summary");
			await popup.evaluate((text) => {
				const field = /** @type {HTMLTextAreaElement} */ (
					document.querySelector("#summary")
				);
				field.value = text;
				field.dispatchEvent(new Event("input", { bubbles: true }));
			}, "A long note.\n".repeat(60));
			await popup.reaches("saved");
			const measured = () =>
				popup.evaluate(() => {
					const { width, height } = document.body.getBoundingClientRect();
					const footer = document.querySelector("footer")?.getBoundingClientRect();
					const main = document.querySelector("main")?.getBoundingClientRect();
					return {
						width,
						height,
						isWhole: Boolean(footer && main && footer.bottom < main.bottom),
					};
				});
			for (const what of ["form", "search"]) {
				if (what === "search") {
					await popup.click("#find");
					await until("the newest notes are listed", () => popup.shows("#found"));
				}
				const { width, height, isWhole } = await measured();
				assert.ok(height <= 600, `${what}: ${height} px high`);
				assert.ok(width <= 800, `${what}: ${width} px wide`);
				assert.ok(isWhole, `${what}: the footer is cut`);
				const name = `popup-size-${what}-${language}-${browser.name}.png`;
				await popup.picture(path.join(pictures, name));
			}
		},
		{ language },
	);
}
