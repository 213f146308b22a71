//! Writes of texts of pages that are applied once, even if they are sent again.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

use crate::{
    domain::NoteId,
    error::{Error, Result},
    store::{
        notes::texts::{Kept, NewText, PutText},
        transaction::{Operation, Store, operations},
    },
};

impl Store {
    /// Stores the text of a note, once for each operation: see [`Writer::put_text`].
    ///
    /// # Errors
    /// Those of `put_text`; `OpIdReused`.
    pub fn put_text_once(
        &mut self,
        operation: Operation,
        now: Timestamp,
        id: NoteId,
        text: &NewText,
        force: bool,
    ) -> Result<PutText> {
        self.write(now, |writer| {
            if let Some(done) = text_of(&writer.tx, operation)? {
                return Ok(done);
            }
            let done = writer.put_text(id, text, force)?;
            let stamp = writer.clock.stamp(now);
            remember_text(&writer.tx, operation, done, stamp)?;
            Ok(done)
        })
    }

    /// Removes the text of a note, once for each operation: see [`Writer::remove_text`].
    ///
    /// # Errors
    /// Those of `remove_text`; `OpIdReused`.
    pub fn remove_text_once(
        &mut self,
        operation: Operation,
        now: Timestamp,
        id: NoteId,
    ) -> Result<()> {
        self.write(now, |writer| {
            if text_of(&writer.tx, operation)?.is_some() {
                return Ok(());
            }
            writer.remove_text(id)?;
            let done = PutText {
                words: 0,
                kept: Kept::New,
            };
            let stamp = writer.clock.stamp(now);
            remember_text(&writer.tx, operation, done, stamp)
        })
    }
}

/// The stored result of an operation on the text of a page. `kept`: see [`Kept::name`].
#[derive(Serialize, Deserialize)]
struct StoredText {
    words: u32,
    kept: String,
}

/// Returns the result of an operation on the text of a page, if it was already applied.
///
/// # Errors
/// `OpIdReused` if the id was used for another method; the `store_*` kinds.
fn text_of(conn: &Connection, operation: Operation) -> Result<Option<PutText>> {
    let Some(result) = operations::stored_result(conn, operation)? else {
        return Ok(None);
    };
    let stored: StoredText = serde_json::from_str(&result).map_err(Error::internal)?;
    Ok(Some(PutText {
        words: stored.words,
        kept: Kept::named(&stored.kept).unwrap_or(Kept::New),
    }))
}

/// Stores the result of an operation on the text of a page.
fn remember_text(
    tx: &Transaction<'_>,
    operation: Operation,
    done: PutText,
    done_at: Timestamp,
) -> Result<()> {
    let stored = StoredText {
        words: done.words,
        kept: done.kept.name().into(),
    };
    let text = serde_json::to_string(&stored).map_err(Error::internal)?;
    operations::store(tx, operation, &text, done_at)
}
