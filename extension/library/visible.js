/**
 * Which rows of a long list are visible. Pure.
 *
 * Browsers can't make an element of any height: Firefox draws nothing below about 17 million
 * pixels. A longer list gets a shorter scroll range, in which the same place shows the same share
 * of the list.
 */

/** Height of a row in pixels, as in `library.css`. */
export const ROW = 56;
/** Greatest height of the scroll range in pixels. */
export const MAX_HEIGHT = 10_000_000;
/** Rows that are drawn above and below the visible ones. */
const SPARE = 8;

/**
 * @param {number} total Number of rows.
 * @returns {number} Height of the scroll range in pixels.
 */
export function scrollHeight(total) {
	return Math.min(total * ROW, MAX_HEIGHT);
}

/**
 * The distance by which the list is drawn lower than it would be in a range of its full height.
 * @param {number} total
 * @param {number} top Scroll position in pixels.
 * @param {number} height Height of the visible part in pixels.
 */
function shift(total, top, height) {
	const full = total * ROW;
	const range = scrollHeight(total);
	if (full <= range || range <= height) return 0;
	return (top / (range - height)) * (full - height) - top;
}

/**
 * The rows to draw: from `first` to before `end`. Row `i` is drawn at `i * ROW - offset` pixels
 * of the scroll range.
 * @param {number} total
 * @param {number} top
 * @param {number} height
 * @returns {{first: number, end: number, offset: number}}
 */
export function visibleRows(total, top, height) {
	const offset = shift(total, top, height);
	const from = Math.floor((top + offset) / ROW);
	const to = Math.ceil((top + offset + height) / ROW);
	const first = Math.max(0, Math.min(from - SPARE, total));
	return { first, end: Math.max(first, Math.min(to + SPARE, total)), offset };
}

/**
 * The scroll position at which a row is wholly visible; the present one if it is already.
 * @param {number} row
 * @param {number} total
 * @param {number} top
 * @param {number} height
 */
export function scrolledTo(row, total, top, height) {
	const offset = shift(total, top, height);
	const above = row * ROW - offset;
	if (above >= top && above + ROW <= top + height) return top;
	const full = total * ROW;
	const range = scrollHeight(total);
	const wanted = above < top ? row * ROW : (row + 1) * ROW - height;
	if (full <= range || range <= height) return Math.max(0, wanted);
	const share = (range - height) / (full - height);
	return Math.max(0, Math.min(range - height, wanted * share));
}
