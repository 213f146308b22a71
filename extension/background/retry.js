/**
 * Decides when to try the host again: soon at first, then less and less often. Later an alarm
 * takes over, since the browser may suspend the background.
 */

/** Delays in ms while the background is awake. */
const WAITS = [250, 1000, 2000, 4000, 8000, 16_000];

/** After a connection of this length, the delays start from the first again. */
const GOOD_AFTER_MS = 10_000;

/** Browsers wake the background every half minute at most. */
const ALARM_MINUTES = { waiting: 0.5, idle: 5 };

export const ALARM = "try-the-host-again";

export class Retry {
	/** @type {Pick<typeof chrome.alarms, "create" | "clear">} */ #alarms;
	/** @type {() => void} */ #attempt;
	/** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
	/** @type {number | null} Minutes of the alarm that is set. */ #alarm = null;
	#failures = 0;
	#goodSince = 0;

	/**
	 * @param {Pick<typeof chrome.alarms, "create" | "clear">} alarms
	 * @param {() => void} attempt
	 */
	constructor(alarms, attempt) {
		this.#alarms = alarms;
		this.#attempt = attempt;
	}

	/** The host responded. */
	succeeded() {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#goodSince ||= Date.now();
		// Also clears an alarm that an earlier background set.
		void this.#alarms.clear(ALARM);
		this.#alarm = null;
	}

	/**
	 * The host can't be reached or refuses all writes.
	 * @param {boolean} waiting Whether the outbox has entries.
	 */
	failed(waiting) {
		if (this.#goodSince && Date.now() - this.#goodSince >= GOOD_AFTER_MS)
			this.#failures = 0;
		this.#goodSince = 0;
		this.#setAlarm(waiting ? ALARM_MINUTES.waiting : ALARM_MINUTES.idle);
		if (this.#timer !== undefined) return;
		const wait = WAITS[this.#failures];
		if (wait === undefined) return; // From now on the alarm is enough.
		this.#failures += 1;
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			this.#attempt();
		}, wait);
	}

	/** @param {number} minutes */
	#setAlarm(minutes) {
		if (this.#alarm === minutes) return;
		this.#alarm = minutes;
		void this.#alarms.create(ALARM, {
			delayInMinutes: minutes,
			periodInMinutes: minutes,
		});
	}
}
