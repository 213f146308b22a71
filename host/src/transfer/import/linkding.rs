//! Reads the responses of linkding's API. Its export is read by `netscape.rs`.

use super::{
    json::{self, Fields},
    row::{ARCHIVE, Found, Row, Sink, TO_READ},
    source::Source,
};
use crate::error::Result;

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each_object(source, &["results"], sink, &found)
}

fn found(bookmark: &Fields<'_>, line: u64) -> Found {
    let mut tags = bookmark.texts("tag_names");
    for (state, tag) in [("is_archived", ARCHIVE), ("unread", TO_READ)] {
        if bookmark.is_yes(state) {
            tags.push(tag.into());
        }
    }
    let title = bookmark.some("title");
    Row {
        line,
        url: bookmark.text("url"),
        title: title.unwrap_or_else(|| bookmark.text("website_title")),
        tags,
        note: json::paragraphs([bookmark.text("description"), bookmark.text("notes")]),
        saved: bookmark.date("date_added"),
        updated: bookmark.date("date_modified"),
        ..Row::default()
    }
    .into()
}
