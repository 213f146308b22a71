/**
 * Formats dates for the user: how long ago a moment was, and the date itself. English dates
 * look as on the site (`29 Nov 2026`); other languages have the same parts in the format of
 * `Intl`. Pure.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time before midnight is given in hours up to this age, then in days: "yesterday". */
const HOURS = 12 * HOUR;

/** @typedef {[count: number, unit: "minute" | "hour" | "day" | "week" | "month" | "year"]} Distance */

/**
 * How long ago a moment was, as in "3 weeks ago". Null if it was less than a minute, for which
 * the extension has its own text. The date if the moment is in the future.
 * @param {string} moment RFC 3339.
 * @param {number} now In milliseconds since 1970.
 * @param {string} language BCP 47.
 */
export function ago(moment, now, language) {
	const elapsed = now - Date.parse(moment);
	if (Math.abs(elapsed) < MINUTE) return null;
	if (!(elapsed > 0)) return date(moment, language);
	const [count, unit] = distance(new Date(moment), new Date(now));
	const numeric = unit === "day" ? "auto" : "always";
	return relativeFormat(language, numeric).format(-count, unit);
}

/** @type {Map<string, Intl.RelativeTimeFormat>} Making one takes longer than using it. */
const relativeFormats = new Map();

/**
 * @param {string} language
 * @param {"auto" | "always"} numeric
 */
function relativeFormat(language, numeric) {
	const key = `${language} ${numeric}`;
	const format =
		relativeFormats.get(key) ?? new Intl.RelativeTimeFormat(language, { numeric });
	relativeFormats.set(key, format);
	return format;
}

/**
 * @param {Date} then
 * @param {Date} now
 * @returns {Distance}
 */
function distance(then, now) {
	const elapsed = now.getTime() - then.getTime();
	if (elapsed < HOUR) return [Math.floor(elapsed / MINUTE), "minute"];
	const days = (midnight(now) - midnight(then)) / DAY;
	if (elapsed < HOURS || days === 0) return [Math.floor(elapsed / HOUR), "hour"];
	if (days < 7) return [days, "day"];
	if (days < 31) return [Math.floor(days / 7), "week"];
	const months =
		12 * (now.getFullYear() - then.getFullYear()) +
		(now.getMonth() - then.getMonth()) -
		(now.getDate() < then.getDate() ? 1 : 0);
	return months < 12 ? [months, "month"] : [Math.floor(months / 12), "year"];
}

/**
 * The start of a local day, as UTC: there, all days have 24 hours.
 * @param {Date} moment
 */
function midnight(moment) {
	return Date.UTC(moment.getFullYear(), moment.getMonth(), moment.getDate());
}

/**
 * The local date of a moment: `29 Nov 2026`.
 * @param {string} moment RFC 3339.
 * @param {string} language BCP 47.
 */
export function date(moment, language) {
	return formatted(moment, language, {});
}

/**
 * The local date and time of a moment: `29 Nov 2026, 14:05`.
 * @param {string} moment RFC 3339.
 * @param {string} language BCP 47.
 */
export function dateAndTime(moment, language) {
	return formatted(moment, language, {
		hour: "2-digit",
		minute: "2-digit",
		hourCycle: "h23",
	});
}

/**
 * @param {string} moment
 * @param {string} language
 * @param {Intl.DateTimeFormatOptions} time
 */
function formatted(moment, language, time) {
	const at = new Date(moment);
	if (Number.isNaN(at.getTime())) return moment;
	/** @type {Intl.DateTimeFormatOptions} */
	const options = { day: "numeric", month: "short", year: "numeric", ...time };
	if (!/^en\b/.test(language)) {
		return new Intl.DateTimeFormat(language, options).format(at);
	}
	// Varieties of English differ: some put the month first or write "Sept".
	const parts = new Intl.DateTimeFormat("en-US", options).formatToParts(at);
	const part = (/** @type {Intl.DateTimeFormatPartTypes} */ type) =>
		parts.find((found) => found.type === type)?.value ?? "";
	const day = `${part("day")} ${part("month")} ${part("year")}`;
	return time.hour ? `${day}, ${part("hour")}:${part("minute")}` : day;
}
