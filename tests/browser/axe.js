// What axe finds wrong with a document.

import axe from "axe-core";

/** @typedef {(run: (...args: any[]) => unknown, ...args: unknown[]) => Promise<unknown>} Evaluate */

/** The rules of the standard. */
export const STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

// Parsed here, run there: a document's own policy forbids neither.
const loadAxe = /** @type {() => void} */ (new Function(axe.source));

/**
 * What keeps people from reading a document, one sentence each.
 *
 * @param {string} what the document is called in the sentences
 * @param {Evaluate} evaluate runs a function in the document
 * @param {string[]} [rules] the tags of axe's rules
 * @returns {Promise<string[]>}
 */
export async function unreadable(what, evaluate, rules = STANDARD) {
	// A document keeps it, and it is half a megabyte.
	if (!(await evaluate(() => "axe" in window))) await evaluate(loadAxe);
	const found = await evaluate(async (/** @type {string[]} */ runOnly) => {
		/** @type {typeof axe} */
		const loaded = /** @type {any} */ (window).axe;
		const { violations } = await loaded.run({ runOnly, resultTypes: ["violations"] });
		return violations.flatMap(({ id, nodes }) =>
			nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`),
		);
	}, rules);
	return /** @type {string[]} */ (found).map((fault) => `${what}: ${fault}`);
}
