// Waits for a condition. These tests wait for nothing else.

import { setTimeout as pause } from "node:timers/promises";

/**
 * Asks again and again until the answer is truthy, and returns it.
 *
 * @template T
 * @param {string} what the condition in words, for the failure
 * @param {() => T | Promise<T>} ask
 * @param {number} [milliseconds] how long a healthy but busy machine may take
 * @returns {Promise<Exclude<T, false | null | undefined>>}
 */
export async function until(what, ask, milliseconds = 15_000) {
	const end = Date.now() + milliseconds;
	/** @type {unknown} */
	let last;
	for (;;) {
		try {
			last = await ask();
			if (last) return /** @type {any} */ (last);
		} catch (error) {
			// What is asked may not be there yet: a popup that opens, a page that loads.
			last = error;
		}
		if (Date.now() > end) {
			const detail = last instanceof Error ? last.message : JSON.stringify(last);
			throw new Error(
				`Waited ${milliseconds / 1000} s in vain until ${what}; last: ${detail}`,
			);
		}
		await pause(20);
	}
}
