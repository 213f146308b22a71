/** What is captured of a page after its save, while the page still loads. */

/** @import {Captured} from "./capture.js" */

/**
 * Calls `add` with each later capture: the fields that differ from those captured before, and
 * the first quote.
 * @param {Promise<Captured> | undefined} late
 * @param {Captured} before What was captured so far.
 * @param {boolean} quotes Whether to pass on the page's selection.
 * @param {(captured: Captured) => void} add
 */
export async function passOnLate(late, before, quotes, add) {
	if (!late) return;
	const { quote, late: later, ...more } = await late;
	const changed = Object.entries(more).filter(
		([name, value]) =>
			JSON.stringify(value) !== JSON.stringify(Reflect.get(before, name)),
	);
	add({
		...Object.fromEntries(changed),
		...(quote && quotes && !before.quote && { quote }),
	});
	await passOnLate(later, { ...before, ...more, ...(quote && { quote }) }, quotes, add);
}
