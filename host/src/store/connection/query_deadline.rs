//! Stops statements that take too long.
//!
//! FTS5 searches for the next matching row in one step and doesn't report progress. If a match is
//! rare and its words are frequent, that step reads the whole index. SQLite calls the progress
//! handler whenever FTS5 reads a b-tree page of the index, and the handler can interrupt the
//! statement.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode};

/// Virtual machine steps of SQLite between two readings of the clock: about ten b-tree pages of the
/// index.
const STEPS: i32 = 30;

/// The deadline of one connection.
#[derive(Debug)]
pub(in crate::store) struct QueryDeadline {
    start: Instant,
    /// The deadline, in µs after `start`; 0 means none.
    end: Arc<AtomicU64>,
}

impl QueryDeadline {
    /// Creates the deadline and installs the progress handler on a connection.
    pub(in crate::store) fn with(conn: &mut Connection) -> rusqlite::Result<Self> {
        let start = Instant::now();
        let end = Arc::new(AtomicU64::new(0));
        let watched = Arc::clone(&end);
        conn.progress_handler(
            STEPS,
            Some(move || match watched.load(Ordering::Relaxed) {
                0 => false,
                end => micros(start.elapsed()) >= end,
            }),
        )?;
        Ok(Self { start, end })
    }

    /// Runs `work`. Its statements fail with [`given_up`] after `time`. Returns the time that is
    /// left.
    pub(in crate::store) fn limit<T>(
        &self,
        time: Duration,
        work: impl FnOnce() -> T,
    ) -> (T, Duration) {
        let before = self.start.elapsed();
        // Never 0, which means no deadline.
        let end = micros(before + time).max(1);
        self.end.store(end, Ordering::Relaxed);
        let reset = Reset(&self.end);
        let done = work();
        drop(reset);
        let taken = self.start.elapsed().saturating_sub(before);
        (done, time.saturating_sub(taken))
    }
}

/// Resets the deadline even if the work panics, because the connection is still used.
struct Reset<'a>(&'a AtomicU64);

impl Drop for Reset<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Returns whether a statement failed because its time was up.
pub(in crate::store) fn given_up(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_what_has_no_end_and_nothing_else() {
        let mut conn = Connection::open_in_memory().unwrap();
        let query_deadline = QueryDeadline::with(&mut conn).unwrap();
        let count = |upto: &str| {
            let sql = format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n {upto}) \
                 SELECT count(*) FROM n"
            );
            conn.query_row(&sql, [], |row| row.get::<_, i64>(0))
        };
        let (ended, left) = query_deadline.limit(Duration::from_millis(1), || count(""));
        assert!(given_up(&ended.unwrap_err()));
        assert_eq!(left, Duration::ZERO);
        assert_eq!(count("LIMIT 10000").unwrap(), 10_000);
    }
}
