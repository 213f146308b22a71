//! Exports bookmarks in the format that every browser and service reads. Dates are in seconds;
//! trash and page metadata are not included.

use std::{borrow::Cow, io::Write};

use super::note_batches::each_note;
use crate::{domain::Tag, store::Reader};

/// Writes a list of all notes, oldest first, with their tags and texts.
///
/// # Errors
/// Those of the store and of `out`.
pub fn netscape(store: &Reader, out: &mut dyn Write) -> anyhow::Result<()> {
    out.write_all(
        b"<!DOCTYPE NETSCAPE-Bookmark-file-1>\n\
          <META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset=UTF-8\">\n\
          <TITLE>Bookmarks</TITLE>\n\
          <H1>Bookmarks</H1>\n\
          <DL><p>\n",
    )?;
    each_note(store, &mut |note| {
        let saved = note.saved_at.as_second();
        let updated = note.updated_at.as_second();
        write!(
            out,
            "    <DT><A HREF=\"{}\" ADD_DATE=\"{saved}\"",
            escaped(&note.address())
        )?;
        if updated != saved {
            write!(out, " LAST_MODIFIED=\"{updated}\"")?;
        }
        if !note.tags.is_empty() {
            let tags: Vec<&str> = note.tags.iter().map(Tag::as_str).collect();
            // Without the comma, a single tag of several words would be read as several tags.
            let end = if tags.len() == 1 && tags[0].contains(' ') {
                ","
            } else {
                ""
            };
            write!(out, " TAGS=\"{}{end}\"", escaped(&tags.join(",")))?;
        }
        // Pinboard's attribute, which an import turns into a tag, and ours, which says that the state
        // is meant.
        if !note.read {
            write!(out, " TOREAD=\"1\" READ=\"0\"")?;
        } else if note.tags.iter().any(Tag::is_to_read) {
            write!(out, " READ=\"1\"")?;
        }
        let title = note.name();
        // Chromium parses line by line.
        let title = title.replace(['\n', '\r'], " ");
        writeln!(out, ">{}</A>", escaped(&title))?;
        if !note.summary.is_empty() {
            writeln!(out, "    <DD>{}", escaped(&note.shown_summary()))?;
        }
        Ok(())
    })?;
    out.write_all(b"</DL><p>\n")?;
    Ok(())
}

fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;"),
    )
}
