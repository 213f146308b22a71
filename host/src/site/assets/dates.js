// Formats days as the other pages of the site do.

const MONTHS = [
	"January",
	"February",
	"March",
	"April",
	"May",
	"June",
	"July",
	"August",
	"September",
	"October",
	"November",
	"December",
];
const DAYS = [
	"Sunday",
	"Monday",
	"Tuesday",
	"Wednesday",
	"Thursday",
	"Friday",
	"Saturday",
];

/**
 * A day in full: `Thursday, 21 August 2025`.
 * @param {string} day `2025-08-21`
 */
export function longDay(day) {
	const date = new Date(`${day}T00:00:00Z`);
	return `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/**
 * A day in short: `21 Aug 2025`.
 * @param {string} day `2025-08-21`
 */
export function shortDay(day) {
	const date = new Date(`${day}T00:00:00Z`);
	return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]?.slice(0, 3)} ${date.getUTCFullYear()}`;
}
