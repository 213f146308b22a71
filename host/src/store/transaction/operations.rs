//! Results of writes, so that a repeated write gets the same answer.
//!
//! The table `operations` has its own format that later versions can read. Changes of the types of
//! wire or domain must not change what is stored.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{Metadata, NewTitle, Note, NoteId, Tag},
    error::{Error, Result},
    store::notes::note_rows::{deleted_note, load, select_notes},
};

/// A write that is applied once, however often it arrives.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The operation's id, chosen by the sender.
    pub id: Uuid,
    /// The method. The same id with another method is refused.
    pub method: &'static str,
}

/// The result of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationResult {
    /// The note after the operation.
    pub note: Note,
    /// Whether the operation created the note.
    pub created: bool,
    /// The page's title, if a save found that it has changed: see [`NewTitle`].
    pub new_title: Option<NewTitle>,
}

/// [`OperationResult`] as stored in the table. Times are in µs since 1970.
#[derive(Serialize, Deserialize)]
struct Stored {
    id: i64,
    saved_at: i64,
    updated_at: i64,
    deleted_at: Option<i64>,
    url: String,
    #[serde(default)]
    addresses: Vec<String>,
    title: String,
    title_typed: bool,
    #[serde(default)]
    page_title: Option<String>,
    /// The page's new title, and the one before.
    #[serde(default)]
    new_title: Option<(String, String)>,
    #[serde(default = "is_read")]
    read: bool,
    tags: Vec<String>,
    summary: String,
    excerpt: Option<String>,
    published_at: Option<String>,
    site_name: Option<String>,
    lang: Option<String>,
    created: bool,
}

/// The default for results that were stored before schema 7.
fn is_read() -> bool {
    true
}

/// The used fields of a result from before version 1.0, which was stored in the form of the wire.
#[derive(Deserialize)]
struct Earlier {
    note: EarlierNote,
    #[serde(default)]
    created: bool,
}

#[derive(Deserialize)]
struct EarlierNote {
    id: i64,
}

impl From<&OperationResult> for Stored {
    fn from(result: &OperationResult) -> Self {
        let note = &result.note;
        Self {
            id: note.id.0,
            saved_at: note.saved_at.as_microsecond(),
            updated_at: note.updated_at.as_microsecond(),
            deleted_at: note.deleted_at.map(Timestamp::as_microsecond),
            url: note.url.clone(),
            addresses: note.addresses.clone(),
            title: note.title.clone(),
            title_typed: note.title_typed,
            page_title: note.page_title.clone(),
            new_title: result
                .new_title
                .as_ref()
                .map(|new| (new.title.clone(), new.before.clone())),
            read: note.read,
            tags: note.tags.iter().map(Tag::to_string).collect(),
            summary: note.summary.clone(),
            excerpt: note.metadata.excerpt.clone(),
            published_at: note.metadata.published_at.clone(),
            site_name: note.metadata.site_name.clone(),
            lang: note.metadata.lang.clone(),
            created: result.created,
        }
    }
}

impl From<Stored> for OperationResult {
    fn from(stored: Stored) -> Self {
        let moment = |micros: i64| NoteId(micros).moment();
        Self {
            note: Note {
                id: NoteId(stored.id),
                saved_at: moment(stored.saved_at),
                updated_at: moment(stored.updated_at),
                deleted_at: stored.deleted_at.map(moment),
                url: stored.url,
                addresses: stored.addresses,
                title: stored.title,
                title_typed: stored.title_typed,
                page_title: stored.page_title,
                read: stored.read,
                tags: stored.tags.into_iter().map(Tag::from_stored).collect(),
                summary: stored.summary,
                metadata: Metadata {
                    excerpt: stored.excerpt,
                    published_at: stored.published_at,
                    site_name: stored.site_name,
                    lang: stored.lang,
                },
            },
            created: stored.created,
            new_title: stored
                .new_title
                .map(|(title, before)| NewTitle { title, before }),
        }
    }
}

/// Returns the result of an operation that was already applied.
///
/// # Errors
/// `OpIdReused` if the id was used for another method; the `store_*` kinds.
pub(super) fn result_of(
    conn: &Connection,
    operation: Operation,
) -> Result<Option<OperationResult>> {
    let Some(result) = stored_result(conn, operation)? else {
        return Ok(None);
    };
    match serde_json::from_str::<Stored>(&result) {
        Ok(stored) => Ok(Some(stored.into())),
        Err(_) => earlier(conn, &result).map(Some),
    }
}

/// Returns the stored result of an operation, if it was already applied.
pub(in crate::store) fn stored_result(
    conn: &Connection,
    operation: Operation,
) -> Result<Option<String>> {
    let found: Option<(String, String)> = conn
        .prepare_cached("SELECT method, result FROM operations WHERE op_id = ?")?
        .query_row([operation.id.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    match found {
        Some((method, _)) if method != operation.method => Err(Error::OpIdReused),
        found => Ok(found.map(|(_, result)| result)),
    }
}

/// The stored result of an operation that edits many notes.
#[derive(Serialize, Deserialize)]
struct StoredEdit {
    edit: i64,
}

/// Returns the id of the edit that an operation started or undid, if it was already applied.
///
/// # Errors
/// `OpIdReused` if the id was used for another method; the `store_*` kinds.
pub(in crate::store) fn edit_of(conn: &Connection, operation: Operation) -> Result<Option<i64>> {
    let Some(result) = stored_result(conn, operation)? else {
        return Ok(None);
    };
    let stored: StoredEdit = serde_json::from_str(&result).map_err(Error::internal)?;
    Ok(Some(stored.edit))
}

/// Stores the id of the edit that an operation started or undid.
pub(in crate::store) fn remember_edit(
    tx: &Transaction<'_>,
    operation: Operation,
    edit: i64,
    done_at: Timestamp,
) -> Result<()> {
    let text = serde_json::to_string(&StoredEdit { edit }).map_err(Error::internal)?;
    store(tx, operation, &text, done_at)
}

/// Returns the result of an earlier version, with the current state of its note.
fn earlier(conn: &Connection, result: &str) -> Result<OperationResult> {
    let Earlier { note, created } = serde_json::from_str(result).map_err(Error::internal)?;
    let live = load(conn, select_notes!("WHERE n.id = ?"), [note.id])?;
    let note = match live.into_iter().next() {
        Some(note) => note,
        None => conn
            .prepare_cached("SELECT * FROM trash WHERE id = ?")?
            .query_row([note.id], deleted_note)
            .optional()?
            .transpose()?
            .ok_or(Error::NotFound)?,
    };
    Ok(OperationResult {
        note,
        created,
        new_title: None,
    })
}

/// Stores the result of an operation. `done_at` is a time of the store's clock.
pub(super) fn remember(
    tx: &Transaction<'_>,
    operation: Operation,
    result: &OperationResult,
    done_at: Timestamp,
) -> Result<()> {
    let text = serde_json::to_string(&Stored::from(result)).map_err(Error::internal)?;
    store(tx, operation, &text, done_at)
}

/// Stores the result of an operation in a form that later versions can read.
pub(in crate::store) fn store(
    tx: &Transaction<'_>,
    operation: Operation,
    text: &str,
    done_at: Timestamp,
) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO operations (op_id, method, result, done_at) VALUES (?, ?, ?, ?)",
    )?
    .execute(params![
        operation.id.as_bytes(),
        operation.method,
        text,
        done_at.as_microsecond()
    ])?;
    Ok(())
}
