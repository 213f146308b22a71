// Dates for the user: how long ago a moment was, and the date as the site shows it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, date, dateAndTime } from "../../extension/shared/dates.js";

/** @param {string} local A local date and time. */
const at = (local) => new Date(local).toISOString();

test("says how long ago a moment was, in the largest unit that fits", () => {
	const now = Date.parse("2026-11-29T10:00:00");
	/** @type {[moment: string, english: string | null, german: string | null][]} */
	const moments = [
		["2026-11-29T09:59:30", null, null],
		["2026-11-29T10:00:30", null, null],
		["2026-11-29T09:59:00", "1 minute ago", "vor 1 Minute"],
		["2026-11-29T09:00:01", "59 minutes ago", "vor 59 Minuten"],
		["2026-11-29T09:00:00", "1 hour ago", "vor 1 Stunde"],
		["2026-11-29T00:10:00", "9 hours ago", "vor 9 Stunden"],
		// Late yesterday: still counted in hours.
		["2026-11-28T23:50:00", "10 hours ago", "vor 10 Stunden"],
		["2026-11-28T21:00:00", "yesterday", "gestern"],
		["2026-11-28T00:00:00", "yesterday", "gestern"],
		["2026-11-23T12:00:00", "6 days ago", "vor 6 Tagen"],
		["2026-11-22T12:00:00", "1 week ago", "vor 1 Woche"],
		["2026-11-08T10:00:00", "3 weeks ago", "vor 3 Wochen"],
		["2026-10-30T10:00:00", "4 weeks ago", "vor 4 Wochen"],
		["2026-10-29T10:00:00", "1 month ago", "vor 1 Monat"],
		["2026-09-30T10:00:00", "1 month ago", "vor 1 Monat"],
		["2025-11-30T10:00:00", "11 months ago", "vor 11 Monaten"],
		["2025-11-29T10:00:00", "1 year ago", "vor 1 Jahr"],
		["2001-01-01T10:00:00", "25 years ago", "vor 25 Jahren"],
	];
	for (const [moment, english, german] of moments) {
		assert.equal(ago(at(moment), now, "en-US"), english, moment);
		assert.equal(ago(at(moment), now, "de"), german, moment);
	}
});

test("the shortest month is a month, and no month is none", () => {
	for (const [then, now] of [
		["2026-01-31T10:00:00", "2026-03-03T10:00:00"],
		["2026-02-01T10:00:00", "2026-03-04T10:00:00"],
		["2026-07-31T10:00:00", "2026-08-31T10:00:00"],
	]) {
		assert.equal(ago(at(`${then}`), Date.parse(`${now}`), "en"), "1 month ago", then);
	}
});

test("a moment in the future is shown as its date", () => {
	const now = Date.parse("2026-11-29T10:00:00");
	assert.equal(ago(at("2027-02-03T10:00:00"), now, "en"), "3 Feb 2027");
	assert.equal(ago("no moment at all", now, "en"), "no moment at all");
});

test("dates have the form that the site has, in every variety of English", () => {
	for (const language of ["en", "en-US", "en-GB", "en-ZA"]) {
		assert.equal(date(at("2026-11-29T14:05:00"), language), "29 Nov 2026", language);
		assert.equal(dateAndTime(at("2026-09-01T04:05:00"), language), "1 Sep 2026, 04:05");
		assert.equal(dateAndTime(at("2026-09-01T00:00:00"), language), "1 Sep 2026, 00:00");
	}
});

test("German dates have the usual German form", () => {
	assert.equal(date(at("2026-11-29T14:05:00"), "de"), "29. Nov. 2026");
	assert.equal(dateAndTime(at("2026-06-01T14:05:00"), "de-AT"), "1. Juni 2026, 14:05");
});
