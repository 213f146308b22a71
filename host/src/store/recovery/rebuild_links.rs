//! Repairs what is known of links: recognises rows of `links` in a damaged database.

use rusqlite::params;

use crate::{
    domain::{LinkVerdict, NoteId},
    error::Result,
    store::{
        recovery::{
            btree_reader::{Row, Value},
            damaged_database::DamagedDatabase,
            damaged_rows::LARGE_IDS,
        },
        transaction::Writer,
    },
};

impl DamagedDatabase {
    /// Restores what is known of the links of notes that were recovered. An incomplete row is left
    /// out: its page is checked again.
    pub(super) fn links(&self, writer: &Writer<'_>) -> Result<()> {
        for row in self.rows(self.own("links").chain(self.stray("links"))) {
            let Some((id, numbers, [final_url, archive_url])) = link_row(&row) else {
                continue;
            };
            if writer.live(id)?.is_none() && !writer.is_in_trash(id)? {
                continue;
            }
            let [
                due_at,
                checked_at,
                verdict,
                status,
                since,
                last,
                count,
                missing,
            ] = numbers;
            writer.execute(
                "INSERT OR IGNORE INTO links (note_id, due_at, checked_at, verdict, status,
                     final_url, failing_since, failed_at, failures, missing, archive_url)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    id.0,
                    due_at,
                    checked_at,
                    verdict,
                    status,
                    final_url,
                    since,
                    last,
                    count,
                    missing,
                    archive_url
                ],
            )?;
        }
        Ok(())
    }
}

/// The note, the numbers and the texts of a row of `links`, in the order of the columns.
type LinkRow = (NoteId, [Option<i64>; 8], [Option<String>; 2]);

/// Reads a row of `links`.
fn link_row(row: &Row) -> Option<LinkRow> {
    let [
        Value::Null,
        due_at @ Value::Integer(_),
        checked_at,
        Value::Integer(verdict),
        status,
        final_url,
        since,
        last,
        count @ Value::Integer(_),
        missing @ Value::Integer(0 | 1),
        archive_url,
    ] = row.values.as_slice()
    else {
        return None;
    };
    LinkVerdict::from_number(*verdict)?;
    let id = row.rowid.filter(|id| LARGE_IDS.contains(id))?;
    let is_failing = [since, last].map(|value| matches!(value, Value::Integer(_)));
    if row.partial || is_failing[0] != is_failing[1] {
        return None;
    }
    let number = |value: &Value| match value {
        Value::Null => Some(None),
        Value::Integer(number) => Some(Some(*number)),
        _ => None,
    };
    let text = |value: &Value| match value {
        Value::Null => Some(None),
        Value::Text(text) => Some(Some(text.clone())),
        _ => None,
    };
    let numbers = [
        number(due_at)?,
        number(checked_at)?,
        Some(*verdict),
        number(status)?,
        number(since)?,
        number(last)?,
        number(count)?,
        number(missing)?,
    ];
    Some((NoteId(id), numbers, [text(final_url)?, text(archive_url)?]))
}
