// Waits for a condition. These tests wait for nothing else.

import { setTimeout as pause } from "node:timers/promises";

/**
 * Repeats a check until its result is truthy, and returns that.
 *
 * @template T
 * @param {string} what the condition as a sentence, for the error
 * @param {() => T | Promise<T>} ask
 * @param {number} [milliseconds] time limit for a busy machine
 * @returns {Promise<Exclude<T, false | null | undefined>>}
 */
export async function until(what, ask, milliseconds = 30_000) {
	const end = Date.now() + milliseconds;
	/** @type {unknown} */
	let last;
	for (;;) {
		try {
			last = await ask();
			if (last) return /** @type {any} */ (last);
		} catch (error) {
			// The object of the check may not exist yet, such as a popup that is opening.
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
