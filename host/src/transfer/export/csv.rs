//! Exports a table for spreadsheets.

use std::{borrow::Cow, io::Write};

use super::note_batches::each_note;
use crate::{
    domain::{Tag, timestamp_text},
    store::Reader,
};

/// Writes all notes, oldest first, with tags separated by commas. A field that a spreadsheet would
/// treat as a formula gets an apostrophe in front.
///
/// # Errors
/// Those of the store and of `out`.
pub fn csv(store: &Reader, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut table = ::csv::Writer::from_writer(out);
    table.write_record([
        "url",
        "title",
        "tags",
        "summary",
        "excerpt",
        "savedAt",
        "updatedAt",
        "publishedAt",
        "siteName",
        "lang",
        "read",
    ])?;
    each_note(store, &mut |note| {
        let tags: Vec<&str> = note.tags.iter().map(Tag::as_str).collect();
        let tags = if tags.iter().any(|tag| is_read_otherwise(tag)) {
            serde_json::to_string(&tags)?
        } else {
            tags.join(",")
        };
        let saved_at = timestamp_text(note.saved_at);
        let updated_at = timestamp_text(note.updated_at);
        let metadata = &note.metadata;
        let known = |value: &'_ Option<String>| value.clone().unwrap_or_default();
        let address = note.address();
        let fields = [
            &*address,
            &note.title,
            &tags,
            &note.shown_summary(),
            &known(&metadata.excerpt),
            &saved_at,
            &updated_at,
            &known(&metadata.published_at),
            &known(&metadata.site_name),
            &known(&metadata.lang),
            if note.read { "true" } else { "false" },
        ];
        Ok(table.write_record(fields.map(guarded).iter().map(|field| field.as_bytes()))?)
    })?;
    table.flush()?;
    Ok(())
}

/// The characters that start a formula according to OWASP ("CSV Injection").
fn guarded(field: &str) -> Cow<'_, str> {
    // A field that already looks guarded gets an apostrophe too, so that an import can always
    // remove one.
    let start = field.trim_start_matches('\'');
    if start.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{field}"))
    } else {
        Cow::Borrowed(field)
    }
}
/// Returns whether an import would misread a tag between commas: signs that separate tags, or an
/// initial quotation mark or bracket (`import/values.rs`).
fn is_read_otherwise(tag: &str) -> bool {
    tag.contains(['|', ';']) || tag.starts_with(['"', '\'', '[', '{', '('])
}
