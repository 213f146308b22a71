// Waits for the text of an element on a page.

import { until } from "./until.js";

/**
 * @param {import("puppeteer-core").Page} page
 * @param {string} selector
 * @param {RegExp} pattern
 */
export const says = (page, selector, pattern) =>
	until(`${selector} says ${pattern}`, async () => {
		const text = await page.evaluate(
			(s) => document.querySelector(s)?.textContent?.trim() ?? "",
			selector,
		);
		if (!pattern.test(text)) throw new Error(`it says "${text}"`);
		return text;
	});
