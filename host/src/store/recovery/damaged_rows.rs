//! Recognises notes, tags and aliases among the rows of a damaged database.

use crate::{
    domain::{Metadata, Note, NoteId},
    store::{
        notes::note_rows::saved_at,
        recovery::btree_reader::{Row, Value},
    },
};

/// Ids of notes, which are times in µs. On a stray index page, values in this range (from 1973 on)
/// are ids of notes and not of tags.
pub(super) const LARGE_IDS: std::ops::RangeInclusive<i64> = 100_000_000_000_000..=NoteId::MAX.0;

/// A row of `notes` or `trash`.
pub(super) struct SavedRow {
    pub(super) note: Note,
    pub(super) page_key: String,
    pub(super) partial: bool,
    /// Whether the row has the column `read`, which schema 7 added.
    pub(super) has_read_column: bool,
    /// JSON, of a note in the trash.
    pub(super) tags: Option<String>,
}

pub(super) fn is_note_id(id: i64) -> bool {
    (NoteId::MIN.0..=NoteId::MAX.0).contains(&id)
}

/// Returns whether the name on a stray page can be that of a tag. Tables and indexes of sites look
/// the same except for the dot at the end of each name, and so do the settings of FTS5.
pub(super) fn may_be_tag(name: &str) -> bool {
    !name.ends_with('.') && !FTS_SETTINGS.contains(&name)
}

/// Reads text and id of an index entry over texts, or of an alias up to schema 4.
pub(super) fn named(row: &Row) -> Option<(&str, i64)> {
    match row.values.as_slice() {
        [Value::Text(text), Value::Integer(id)] if row.rowid.is_none() => Some((text, *id)),
        _ => None,
    }
}

/// Reads an alias since schema 5: text, id and folded text.
pub(super) fn alias(row: &Row) -> Option<(&str, i64)> {
    match row.values.as_slice() {
        [
            Value::Text(text),
            Value::Integer(id),
            Value::Text(_) | Value::Null,
        ] if row.rowid.is_none() => Some((text, *id)),
        _ => None,
    }
}

/// Reads a row of `notes`. Schema 1 has the site after the page key; later ones have the site's id
/// at the end, schema 5 the shift after that, and schemas 6 and 7 two more fields each.
pub(super) fn live_row(row: &Row) -> Option<SavedRow> {
    let [Value::Null, Value::Text(key), fields @ ..] = row.values.as_slice() else {
        return None;
    };
    let (fields, rest) = if matches!(fields.len(), 12..=14) {
        fields.split_at(10)
    } else {
        (fields, [].as_slice())
    };
    let (fields, shift) = match fields {
        [fields @ .., shift] if fields.len() == 9 => (fields, shift),
        _ => (fields, &Value::Null),
    };
    let [without_site @ .., Value::Integer(_) | Value::Null] = fields else {
        return None;
    };
    let mut found = saved(row, key, without_site, shift)
        .or_else(|| saved(row, key, fields.get(1..)?, shift))?;
    newer_columns(rest, &mut found)?;
    Some(found)
}

/// Reads the columns that schemas since 5 added: `addresses`, `title_typed`, `read` and
/// `page_title`; in the trash also `merged_into`, before `page_title`.
fn newer_columns(rest: &[Value], found: &mut SavedRow) -> Option<()> {
    let (rest, newer) = rest.split_at(rest.len().min(2));
    let (read, page_title) = match newer {
        [] => (None, None),
        [Value::Integer(read @ (0 | 1)), newer @ ..] => {
            let page_title = match newer {
                [] | [Value::Null | Value::Integer(_)] => None,
                [Value::Null | Value::Integer(_), Value::Null] => None,
                [Value::Text(title)] | [Value::Null | Value::Integer(_), Value::Text(title)] => {
                    Some(title.clone())
                }
                _ => return None,
            };
            (Some(*read), page_title)
        }
        _ => return None,
    };
    found.note.read = read.unwrap_or(1) == 1;
    found.note.page_title = page_title;
    found.has_read_column = read.is_some();
    let note = &mut found.note;
    match rest {
        [] => Some(()),
        [addresses, Value::Integer(typed @ (0 | 1))] => {
            note.addresses = match addresses {
                Value::Null => Vec::new(),
                Value::Text(text) => serde_json::from_str(text).unwrap_or_default(),
                _ => return None,
            };
            note.title_typed = *typed == 1;
            Some(())
        }
        _ => None,
    }
}

/// Reads a row of `trash`. Schema 1 has the site after the page key, schema 5 the shift at the end,
/// schema 6 two more fields, and schema 7 three.
pub(super) fn trashed_row(row: &Row) -> Option<SavedRow> {
    let [Value::Null, Value::Text(key), fields @ ..] = row.values.as_slice() else {
        return None;
    };
    let (fields, rest) = if matches!(fields.len(), 13 | 15 | 16) {
        fields.split_at(11)
    } else {
        (fields, [].as_slice())
    };
    let (fields, tags, deleted, shift) = match fields {
        [fields @ .., Value::Text(tags), Value::Integer(deleted)] => {
            (fields, tags, deleted, &Value::Null)
        }
        [
            fields @ ..,
            Value::Text(tags),
            Value::Integer(deleted),
            shift,
        ] => (fields, tags, deleted, shift),
        _ => return None,
    };
    let fields = match fields.len() {
        9 => fields.get(1..)?,
        _ => fields,
    };
    let mut saved = saved(row, key, fields, shift)?;
    newer_columns(rest, &mut saved)?;
    saved.note.deleted_at = Some(NoteId(*deleted).moment());
    saved.tags = Some(tags.clone());
    Some(saved)
}

/// Reads the fields from the address to the time of the last change.
pub(super) fn saved(row: &Row, key: &str, fields: &[Value], shift: &Value) -> Option<SavedRow> {
    let id = row.rowid?;
    let shift = match shift {
        Value::Null => None,
        Value::Integer(shift) => Some(*shift),
        _ => return None,
    };
    let [
        Value::Text(url),
        Value::Text(title),
        Value::Text(summary),
        excerpt,
        published_at,
        site_name,
        lang,
        Value::Integer(updated_at),
    ] = fields
    else {
        return None;
    };
    let optional = |value: &Value| match value {
        Value::Null => Some(None),
        Value::Text(text) => Some(Some(text.clone())),
        _ => None,
    };
    if !is_note_id(id) {
        return None;
    }
    Some(SavedRow {
        note: Note {
            id: NoteId(id),
            saved_at: saved_at(id, shift),
            url: url.clone(),
            title: title.clone(),
            title_typed: true,
            page_title: None,
            addresses: Vec::new(),
            tags: Vec::new(),
            summary: summary.clone(),
            metadata: Metadata {
                excerpt: optional(excerpt)?,
                published_at: optional(published_at)?,
                site_name: optional(site_name)?,
                lang: optional(lang)?,
            },
            updated_at: NoteId(*updated_at).moment(),
            deleted_at: None,
            read: true,
        },
        page_key: key.to_owned(),
        partial: row.partial,
        has_read_column: false,
        tags: None,
    })
}

/// The settings that FTS5 stores for our indexes, each with a number.
pub(super) const FTS_SETTINGS: [&str; 4] = ["automerge", "crisismerge", "hashsize", "version"];
