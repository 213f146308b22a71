// Parses the days of a query, as host/src/domain/query/days.rs does: `2025-08-01`,
// `yesterday`, `-7d`.

/** @param {Date} date */
export function localDay(date) {
	const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
	const year = String(date.getFullYear()).padStart(4, "0");
	return `${year}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * Returns the day itself, the first day of a month or year, or a day relative to today.
 * @param {string} text
 * @param {string} today
 */
export function dayOf(text, today) {
	if (/^today$/i.test(text)) return today;
	const [, count = "1", unit = /^yesterday$/i.test(text) ? "d" : ""] =
		/^-(\d{1,5})([dwmy])$/i.exec(text) ?? [];
	if (unit !== "") return daysBefore(today, Number(count), unit.toLowerCase());
	const [, year, month = "01", day = "01"] =
		/^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text) ?? [];
	if (year === undefined) return undefined;
	const first = `${year}-${month}-${day}`;
	const moment = Date.parse(`${first}T00:00:00Z`);
	// Some browsers parse the 31st of a short month as the 1st of the next month.
	const same = new Date(moment || 0).toISOString().startsWith(first);
	return Number.isNaN(moment) || !same ? undefined : first;
}

/**
 * @param {string} today
 * @param {number} count
 * @param {string} unit
 */
function daysBefore(today, count, unit) {
	const date = new Date(`${today}T00:00:00Z`);
	if (unit === "d") date.setUTCDate(date.getUTCDate() - count);
	else if (unit === "w") date.setUTCDate(date.getUTCDate() - 7 * count);
	else {
		const day = date.getUTCDate();
		date.setUTCMonth(date.getUTCMonth() - (unit === "y" ? 12 : 1) * count);
		// If the month has no such day, its last day is meant.
		if (date.getUTCDate() !== day) date.setUTCDate(0);
	}
	return date.getUTCFullYear() > 0 ? date.toISOString().slice(0, 10) : undefined;
}
