// Waits for a condition. These tests wait for nothing else.

import { setTimeout as pause } from "node:timers/promises";

/** Nothing takes that long that hasn't failed, however busy the machine is. */
export const HANGS_MS = 120_000;

/** No whole test does. */
export const TEST_HANGS_MS = 8 * 60_000;

/** A check is work for the browser, too, which keeps it from what it is waited for. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 150;

/**
 * Repeats a check until its result is truthy, and returns that.
 *
 * @template T
 * @param {string} what the condition as a sentence, for the error
 * @param {() => T | Promise<T>} ask
 * @param {number} [milliseconds] time limit for a busy machine
 * @returns {Promise<Exclude<T, false | null | undefined>>}
 */
export async function until(what, ask, milliseconds = HANGS_MS) {
	const end = Date.now() + milliseconds;
	let wait = FIRST_PAUSE_MS;
	/** @type {unknown} */
	let last;
	for (;;) {
		try {
			// A browser that has lost a page may never answer.
			last = await within(Math.max(end - Date.now(), FIRST_PAUSE_MS), ask());
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
		await pause(wait);
		wait = Math.min(wait * 1.25, LONGEST_PAUSE_MS);
	}
}

/**
 * Waits for a promise, but not for ever.
 *
 * @template T
 * @param {number} milliseconds
 * @param {T | Promise<T>} promise
 * @returns {Promise<T>} rejects if that takes longer
 */
export async function within(milliseconds, promise) {
	// Its result may come when nobody waits for it any more.
	Promise.resolve(promise).catch(() => {});
	const ended = new AbortController();
	const late = pause(milliseconds, null, { signal: ended.signal }).then(() => {
		throw new Error(`no answer within ${milliseconds / 1000} s`);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		late.catch(() => {});
		ended.abort();
	}
}
