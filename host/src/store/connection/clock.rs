//! A clock for expiry that survives jumps of the computer's clock.
//!
//! Deleted notes and finished operations expire after a number of days. A computer's clock that is
//! set wrongly, even once, would expire all of them. So the store keeps a clock of its own. It
//! follows the computer's clock if that moves by small steps from one write to the next, advances
//! by a day at most if it jumps forward, and stands still if it jumps back. If the computer was off
//! for weeks, notes stay in the trash that much longer.

use jiff::{Timestamp, civil::date, tz::TimeZone};
use rusqlite::Connection;

use crate::error::{Error, Result};

/// Largest step of the clock between two writes that counts in full, in µs; a larger jump counts as
/// this much.
const STEP: i64 = 24 * 60 * 60 * 1_000_000;
/// Step after which the clock is stored even if nothing else is written, in µs.
const WORTH_WRITING: i64 = STEP / 4;

/// The first plausible year, and the first one after the last.
const YEARS: [i16; 2] = [1970, 2201];

/// Refuses to work with an implausible clock.
///
/// # Errors
/// `clock_wrong` outside the years 1970 to 2200.
pub(in crate::store) fn require_plausible(now: Timestamp) -> Result<()> {
    let begins = |year| {
        date(year, 1, 1)
            .to_zoned(TimeZone::UTC)
            .map(|day| day.timestamp())
    };
    let [first, after] = YEARS.map(begins);
    let (first, after) = (
        first.map_err(Error::internal)?,
        after.map_err(Error::internal)?,
    );
    if first <= now && now < after {
        return Ok(());
    }
    let year = now.to_zoned(TimeZone::UTC).year();
    Err(Error::ClockWrong { year })
}

/// The clock at one write, in µs since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Clock {
    /// The time that is known to have passed.
    pub(in crate::store) known: i64,
    /// The last reading of the computer's clock.
    pub(in crate::store) seen: i64,
    /// The latest reading of the computer's clock.
    pub(in crate::store) highest: i64,
}

impl Clock {
    /// Returns the stored clock, advanced to `now`. A database without a stored clock starts at the
    /// newest time in it.
    pub(in crate::store) fn at(conn: &Connection, now: Timestamp) -> Result<Self> {
        let now = now.as_microsecond();
        let (known, seen, highest): (Option<i64>, Option<i64>, Option<i64>) = conn
            .prepare_cached("SELECT clock, clock_seen, clock_highest FROM meta")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let last = match (known, seen, highest) {
            (Some(known), Some(seen), Some(highest)) => Self {
                known,
                seen,
                highest,
            },
            _ => {
                let newest: Option<i64> = conn.query_row(
                    "SELECT max(at) FROM (SELECT max(id) AS at FROM notes
                     UNION ALL SELECT max(deleted_at) FROM trash
                     UNION ALL SELECT max(done_at) FROM operations)",
                    [],
                    |row| row.get(0),
                )?;
                let newest = newest.map_or(now, |newest| newest.min(now));
                Self {
                    known: newest,
                    seen: newest,
                    highest: newest,
                }
            }
        };
        Ok(last.advanced_to(now))
    }

    fn advanced_to(self, now: i64) -> Self {
        let step = now.saturating_sub(self.seen);
        let (passed, seen) = match step {
            // A small step back: the time until the old reading is reached again is already
            // counted.
            ..0 if step >= -STEP => (0, self.seen),
            ..0 => (0, now),
            0..=STEP => (step, now),
            // A jump to a time that was reached before doesn't count.
            _ if now <= self.highest => (0, now),
            _ => (STEP, now),
        };
        Self {
            known: self.known.saturating_add(passed).min(now).max(self.known),
            seen,
            highest: self.highest.max(now),
        }
    }

    /// Returns whether the clock should be stored by a write of its own, so that small steps are
    /// noticed even if nobody saves anything.
    pub(in crate::store) fn is_worth_writing(self, conn: &Connection) -> Result<bool> {
        let last: Option<i64> = conn
            .prepare_cached("SELECT clock_seen FROM meta")?
            .query_row([], |row| row.get(0))?;
        Ok(last.is_none_or(|last| last.abs_diff(self.seen) >= WORTH_WRITING.unsigned_abs()))
    }

    /// Returns the time this many days before the known time.
    pub(in crate::store) fn days_ago(self, days: i64) -> i64 {
        self.known.saturating_sub(days * STEP)
    }

    /// Returns the timestamp for something that will expire. A computer's clock that went back must
    /// not make it older than it is.
    pub(in crate::store) fn stamp(self, now: Timestamp) -> Timestamp {
        Timestamp::from_microsecond(self.known).map_or(now, |known| now.max(known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = STEP;
    const START: Clock = Clock {
        known: 100 * DAY,
        seen: 100 * DAY,
        highest: 100 * DAY,
    };

    /// Checks how many days are known to have passed after these readings, in days from the start.
    #[track_caller]
    fn check(readings: &[f64], known: f64) {
        let mut clock = START;
        for reading in readings {
            #[expect(clippy::cast_possible_truncation, reason = "a few days in µs")]
            let now = (reading * 86_400e6) as i64;
            clock = clock.advanced_to(START.seen + now);
        }
        #[expect(clippy::cast_precision_loss, reason = "a few days in µs")]
        let passed = (clock.known - START.known) as f64 / 86_400e6;
        assert!((passed - known).abs() < 1e-6, "{passed} days");
    }

    #[test]
    fn small_steps_count_in_full_and_a_jump_forward_as_a_day() {
        check(&[0.5, 1.0, 1.9], 1.9);
        check(&[60.0], 1.0);
        check(&[60.0, 60.5, 61.0], 2.0);
        check(&[0.5, 21.5, 22.0], 2.0);
    }

    #[test]
    fn a_clock_that_jumps_back_and_forth_does_not_advance() {
        check(&[60.0, 0.0, 60.0, 0.0, 60.0, 0.0], 1.0);
        check(&[0.1, 0.0, 0.1, 0.0, 0.1, 0.0, 0.1], 0.1);
        check(&[-50.0, 0.0, -50.0, 0.0, -50.0, 0.5], 0.5);
    }

    #[test]
    fn a_clock_that_was_ahead_once_is_followed_again() {
        check(&[60.0, 0.5, 1.0, 1.5], 1.5);
        check(&[36_500.0, 0.5, 1.0, 1.5, 2.0], 2.0);
    }

    #[test]
    fn a_clock_that_is_behind_does_not_advance() {
        check(&[-50.0, -49.5, -49.0], 0.0);
    }

    #[test]
    fn only_plausible_years_are_accepted() {
        for (moment, year) in [
            ("1970-01-01T00:00:00Z", None),
            ("2200-12-31T23:59:59Z", None),
            ("1969-12-31T23:59:59Z", Some(1969)),
            ("2201-01-01T00:00:00Z", Some(2201)),
            ("9999-12-30T00:00:00Z", Some(9999)),
        ] {
            let refused = require_plausible(moment.parse().unwrap()).err();
            let said = refused.map(|error| match error {
                Error::ClockWrong { year } => year,
                other => panic!("{other}"),
            });
            assert_eq!(said, year, "{moment}");
        }
    }
}
