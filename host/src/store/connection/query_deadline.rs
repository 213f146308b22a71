//! Gives a statement up that takes too long.
//!
//! FTS5 looks for the next row that matches in one go, without a word about how
//! far it has come. Where such a row is rare and the words in it are frequent,
//! that is the whole index. SQLite's progress handler is asked each time FTS5
//! reads a page of it, and can end the statement.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode};

/// Steps of SQLite's machine between two looks at the clock: some ten pages of
/// the index.
const STEPS: i32 = 30;

/// The clock of one connection.
#[derive(Debug)]
pub(in crate::store) struct QueryDeadline {
    start: Instant,
    /// When it ends, in µs after `start`; 0 where there is no end.
    end: Arc<AtomicU64>,
}

impl QueryDeadline {
    /// A connection whose queries have a deadline.
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

    /// Does `work`, whose statements fail with [`given_up`] after so long. What is
    /// left of that time afterwards.
    pub(in crate::store) fn limit<T>(
        &self,
        time: Duration,
        work: impl FnOnce() -> T,
    ) -> (T, Duration) {
        let before = self.start.elapsed();
        // Never 0, which means no end.
        let end = micros(before + time).max(1);
        self.end.store(end, Ordering::Relaxed);
        let reset = Reset(&self.end);
        let done = work();
        drop(reset);
        let taken = self.start.elapsed().saturating_sub(before);
        (done, time.saturating_sub(taken))
    }
}

/// Also where the work panics: the connection is used on.
struct Reset<'a>(&'a AtomicU64);

impl Drop for Reset<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Whether a statement failed because it took too long.
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
