//! The rows of an expression of FTS5, read in chunks.

use std::time::Duration;

use rusqlite::params;

use crate::{
    error::Result,
    store::connection::{query_deadline::given_up, reader::Reader},
};

/// What a stream or a search says to "go on".
pub(super) enum Step<T> {
    At(T),
    End,
    /// It would take too long.
    BudgetExhausted,
}

/// The most rows that are asked for at once.
pub(super) const MAX_CHUNK: u32 = 512;

/// The rows of an FTS5 expression, a chunk at a time.
pub(super) struct WordRows {
    pub(super) expression: String,
    /// As many as were asked for, or fewer where FTS5 was stopped.
    chunk: Vec<i64>,
    /// Those before it have been passed.
    at: usize,
    /// Whether there is nothing below the chunk.
    ended: bool,
    size: u32,
    /// How many of the chunk were told.
    told: usize,
    /// Chunks in a row of which most was leapt over.
    pub(super) leaps: u32,
}

impl WordRows {
    pub(super) fn new(expression: String, size: u32) -> Self {
        Self {
            expression,
            chunk: Vec::new(),
            at: 0,
            ended: false,
            size: size.clamp(1, MAX_CHUNK),
            told: 0,
            leaps: 0,
        }
    }
}

impl WordRows {
    /// The newest row at `row` or below, without asking FTS5. Rows are asked for
    /// from the newest to the oldest.
    pub(super) fn known(&mut self, row: i64) -> Option<Step<i64>> {
        self.at += self.chunk[self.at..].partition_point(|found| *found > row);
        match self.chunk.get(self.at) {
            Some(found) => {
                self.told += 1;
                Some(Step::At(*found))
            }
            None if self.ended => Some(Step::End),
            None => {
                // The more of them were of use, the more next time.
                if self.told * 2 > self.chunk.len() {
                    self.leaps = 0;
                    self.size = (self.size * 2).min(MAX_CHUNK);
                } else if !self.chunk.is_empty() {
                    self.leaps += 1;
                    self.size = (self.size / 4).max(4);
                }
                None
            }
        }
    }

    /// As [`WordRows::known`], from FTS5.
    pub(super) fn ask(
        &mut self,
        reader: &Reader,
        row: i64,
        time: &mut Duration,
    ) -> Result<Step<i64>> {
        self.chunk.clear();
        self.at = 0;
        let mut query = reader.conn.prepare_cached(
            "SELECT rowid FROM notes_fts WHERE notes_fts MATCH ? AND rowid <= ? \
             ORDER BY rowid DESC LIMIT ?",
        )?;
        let (read, left) = reader
            .query_deadline
            .limit(*time, || -> rusqlite::Result<()> {
                let mut rows = query.query(params![self.expression, row, self.size])?;
                while let Some(row) = rows.next()? {
                    self.chunk.push(row.get(0)?);
                }
                Ok(())
            });
        *time = left;
        match read {
            Ok(()) => self.ended = self.chunk.len() < usize::try_from(self.size).unwrap_or(0),
            Err(error) if given_up(&error) => {}
            Err(error) => return Err(error.into()),
        }
        // The first one is told now.
        self.told = 1;
        Ok(match self.chunk.first() {
            Some(found) => Step::At(*found),
            None if self.ended => Step::End,
            None => Step::BudgetExhausted,
        })
    }
}
