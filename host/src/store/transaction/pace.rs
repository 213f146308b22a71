//! How much a transaction takes when other programs may save meanwhile.
//!
//! A large transaction costs less for each of its rows: they share b-tree pages, and the disk is waited
//! for once. But who saves waits for its end. So transactions are long while nobody else writes, and
//! short from then on that somebody does.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::error::Result;

/// How long the work of a transaction takes while nobody else writes. Who begins to save waits for one
/// of these.
const LONG: Duration = Duration::from_millis(250);
/// How long it takes while others write.
const SHORT: Duration = Duration::from_millis(4);
/// How long others count as writing after they did.
const BUSY: Duration = if cfg!(test) {
    Duration::MAX
} else {
    Duration::from_secs(5)
};
/// Rows of the first transaction, before it is known whether others write.
const FIRST: usize = if cfg!(test) { 3 } else { 64 };
/// Fewest and most rows while nobody else writes. Fewer take hardly less time, since the disk is waited
/// for.
const ALONE: (usize, usize) = if cfg!(test) { (5, 5) } else { (500, 2_000) };
/// Fewest and most rows while others write.
const BESIDE: (usize, usize) = if cfg!(test) { (3, 3) } else { (8, 100) };

/// How many rows the next transaction takes.
#[derive(Debug)]
pub(in crate::store) struct Pace {
    /// How long the work on a row took, in µs; 0 if that isn't known yet.
    micros: u128,
    /// What SQLite said about writes of other connections.
    seen: Option<i64>,
    /// When others wrote last.
    others: Option<Instant>,
}

impl Pace {
    pub(in crate::store) fn new() -> Self {
        Self {
            micros: 0,
            seen: None,
            others: None,
        }
    }

    /// Returns how many rows the next transaction takes. Called between transactions.
    pub(in crate::store) fn next(&mut self, conn: &Connection) -> Result<usize> {
        let mut query = conn.prepare_cached("PRAGMA data_version")?;
        let now: i64 = query.query_row([], |row| row.get(0))?;
        if self.seen.replace(now).is_some_and(|seen| seen != now) {
            self.others = Some(Instant::now());
        }
        if self.micros == 0 {
            return Ok(FIRST);
        }
        let (time, (fewest, most)) = match self.others {
            Some(at) if at.elapsed() < BUSY => (SHORT, BESIDE),
            _ => (LONG, ALONE),
        };
        let fitting = usize::try_from(time.as_micros() / self.micros).unwrap_or(most);
        Ok(fitting.clamp(fewest, most))
    }

    /// Records how long the work on some rows took, without waiting for the disk and for others.
    pub(in crate::store) fn took(&mut self, rows: usize, time: Duration) {
        self.micros = (time.as_micros() / (rows.max(1) as u128)).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_short_from_then_on_that_others_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("any.db");
        let [own, other] = [(), ()].map(|()| Connection::open(&path).unwrap());
        own.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)")
            .unwrap();
        let mut pace = Pace::new();
        assert_eq!(pace.next(&own).unwrap(), FIRST);
        pace.took(FIRST, Duration::from_millis(1));
        for _ in 0..2 {
            own.execute("INSERT INTO t VALUES (1)", []).unwrap();
            assert_eq!(pace.next(&own).unwrap(), ALONE.1);
        }
        other.execute("INSERT INTO t VALUES (1)", []).unwrap();
        for _ in 0..2 {
            assert_eq!(pace.next(&own).unwrap(), BESIDE.1);
            own.execute("INSERT INTO t VALUES (1)", []).unwrap();
        }
    }
}
