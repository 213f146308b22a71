// The host is tried again soon, then less and less often, and later by an alarm.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Retry } from "../../extension/background/retry.js";

function retrying() {
	mock.timers.enable({ apis: ["setTimeout", "Date"] });
	/** @type {any} */
	const alarms = {
		minutes: null,
		create: async (/** @type {string} */ _name, /** @type {any} */ info) => {
			alarms.minutes = info.periodInMinutes;
		},
		clear: async () => {
			alarms.minutes = null;
		},
	};
	let attempts = 0;
	const retry = new Retry(alarms, () => {
		attempts += 1;
	});
	return { retry, alarms, attempts: () => attempts };
}

test.afterEach(() => mock.timers.reset());

/** Milliseconds until the next attempt, or null where only the alarm is left. */
function waitFor(/** @type {() => number} */ attempts) {
	const before = attempts();
	for (let waited = 0; waited < 60_000; waited += 250) {
		if (attempts() > before) return waited;
		mock.timers.tick(250);
	}
	return null;
}

test("the delays grow, and then the alarm takes over", () => {
	const { retry, alarms, attempts } = retrying();
	const waits = [];
	for (let i = 0; i < 7; i += 1) {
		retry.failed(true);
		waits.push(waitFor(attempts));
	}
	assert.deepEqual(waits, [250, 1000, 2000, 4000, 8000, 16_000, null]);
	assert.equal(alarms.minutes, 0.5);
});

test("the alarm is rarer if no changes are waiting", () => {
	const { retry, alarms } = retrying();
	retry.failed(false);
	assert.equal(alarms.minutes, 5);
	retry.failed(true);
	assert.equal(alarms.minutes, 0.5);
});

test("a failure that is reported several times causes one attempt", () => {
	const { retry, attempts } = retrying();
	for (let i = 0; i < 5; i += 1) retry.failed(true);
	mock.timers.tick(250);
	assert.equal(attempts(), 1);
	mock.timers.tick(60_000);
	assert.equal(attempts(), 1);
});

test("a success stops the attempts and the alarm", () => {
	const { retry, alarms, attempts } = retrying();
	retry.failed(true);
	retry.succeeded();
	mock.timers.tick(60_000);
	assert.equal(attempts(), 0);
	assert.equal(alarms.minutes, null);
});

test("a host that ends right after `hello` isn't restarted all the time", () => {
	const { retry, attempts } = retrying();
	const waits = [];
	for (let i = 0; i < 4; i += 1) {
		retry.failed(true);
		waits.push(waitFor(attempts));
		retry.succeeded();
		mock.timers.tick(100);
	}
	assert.deepEqual(waits, [250, 1000, 2000, 4000]);
});

test("after a long connection the delays start again", () => {
	const { retry, attempts } = retrying();
	for (let i = 0; i < 3; i += 1) {
		retry.failed(true);
		waitFor(attempts);
	}
	retry.succeeded();
	mock.timers.tick(10_000);
	retry.failed(true);
	assert.equal(waitFor(attempts), 250);
});

test("during a week without a host, it is tried twice a minute at most, and found soon", () => {
	const { retry, alarms, attempts } = retrying();
	let away = true;
	retry.failed(true);
	for (let day = 0; day < 7; day += 1) {
		const before = attempts();
		// As a day of the background's life: each alarm tries, and fails.
		for (let halfMinute = 0; halfMinute < 2 * 60 * 24; halfMinute += 1) {
			mock.timers.tick(30_000);
			assert.equal(alarms.minutes, 0.5, "what would wake the background is still there");
			retry.failed(away);
		}
		assert.ok(attempts() - before <= 6, "timers are for the first half minute alone");
	}
	away = false;
	retry.succeeded();
	assert.equal(alarms.minutes, null);
});
