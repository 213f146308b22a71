//! Reads the rows of an FTS5 expression in chunks.

use std::time::Duration;

use rusqlite::params;

use crate::{
    domain::NoteId,
    error::Result,
    store::{
        connection::{query_deadline::given_up, reader::Reader},
        notes::fts_index,
    },
};

/// The next result of a stream or a search.
pub(super) enum Step<T> {
    At(T),
    End,
    /// It would take too long.
    BudgetExhausted,
}

/// Most rows that are requested at once.
pub(super) const MAX_CHUNK: u32 = 512;

/// A full-text index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    Notes,
    /// Of most texts of pages. Its rows are numbers in the order of the notes.
    Texts,
    /// Of the other texts.
    LateTexts,
}

/// The rows of an FTS5 expression, one chunk at a time, as those of the notes in `notes_fts`.
pub(super) struct WordRows {
    index: Index,
    pub(super) expression: String,
    /// The requested rows, or fewer if FTS5 was stopped.
    chunk: Vec<i64>,
    /// Index of the current row.
    at: usize,
    /// Whether there are no rows after the chunk.
    ended: bool,
    size: u32,
    /// How many rows of the chunk were returned.
    returned: usize,
    /// Number of successive chunks of which most rows were skipped.
    pub(super) leaps: u32,
}

impl WordRows {
    pub(super) fn new(expression: String, size: u32) -> Self {
        Self::of(Index::Notes, expression, size)
    }

    pub(super) fn of(index: Index, expression: String, size: u32) -> Self {
        Self {
            index,
            expression,
            chunk: Vec::new(),
            at: 0,
            ended: false,
            size: size.clamp(1, MAX_CHUNK),
            returned: 0,
            leaps: 0,
        }
    }
}

impl WordRows {
    /// Returns the newest row at or below `row` without a query. Rows must be requested in
    /// descending order.
    pub(super) fn known(&mut self, row: i64) -> Option<Step<i64>> {
        self.at += self.chunk[self.at..].partition_point(|found| *found > row);
        match self.chunk.get(self.at) {
            Some(found) => {
                self.returned += 1;
                Some(Step::At(*found))
            }
            None if self.ended => Some(Step::End),
            None => {
                // The more rows were useful, the more are requested next time.
                if self.returned * 2 > self.chunk.len() {
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

    /// Like [`WordRows::known`], but queries FTS5.
    pub(super) fn ask(
        &mut self,
        reader: &Reader,
        row: i64,
        time: &mut Duration,
    ) -> Result<Step<i64>> {
        self.chunk.clear();
        self.at = 0;
        let mut query = reader.conn.prepare_cached(match self.index {
            Index::Notes => {
                "SELECT rowid FROM notes_fts WHERE notes_fts MATCH ? AND rowid <= ? \
                 ORDER BY rowid DESC LIMIT ?"
            }
            Index::Texts => {
                "SELECT r.note_id FROM texts_fts f CROSS JOIN text_rows r ON r.fts_row = f.rowid \
                 WHERE texts_fts MATCH ? AND f.rowid <= \
                     (SELECT fts_row FROM text_rows WHERE note_id < ? \
                      ORDER BY note_id DESC LIMIT 1) \
                 ORDER BY f.rowid DESC LIMIT ?"
            }
            Index::LateTexts => {
                "SELECT rowid FROM late_texts_fts WHERE late_texts_fts MATCH ? AND rowid <= ? \
                 ORDER BY rowid DESC LIMIT ?"
            }
        })?;
        let by_note = self.index == Index::Texts;
        let bound = match by_note {
            true => (row + 1).saturating_mul(fts_index::ROW_MICROS),
            false => row,
        };
        let (read, left) = reader
            .query_deadline
            .limit(*time, || -> rusqlite::Result<()> {
                let mut rows = query.query(params![self.expression, bound, self.size])?;
                while let Some(found) = rows.next()? {
                    let found = found.get(0)?;
                    self.chunk.push(match by_note {
                        true => fts_index::row(NoteId(found)),
                        false => found,
                    });
                }
                Ok(())
            });
        *time = left;
        match read {
            Ok(()) => self.ended = self.chunk.len() < usize::try_from(self.size).unwrap_or(0),
            Err(error) if given_up(&error) => {}
            Err(error) => return Err(error.into()),
        }
        // The first row is returned now.
        self.returned = 1;
        Ok(match self.chunk.first() {
            Some(found) => Step::At(*found),
            None if self.ended => Step::End,
            None => Step::BudgetExhausted,
        })
    }
}
