//! Reads Readability's JSON.

use super::{
    json::{self, Fields},
    row::{ARCHIVE, Found, Row, STARRED, Sink, TO_READ},
    source::Source,
};
use crate::error::Result;

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each_object(source, &["bookmarks"], sink, &found)
}

fn found(bookmark: &Fields<'_>, line: u64) -> Found {
    let mut tags = bookmark.texts("tags");
    let archived = bookmark.is_yes("archive");
    tags.push(if archived { ARCHIVE } else { TO_READ }.into());
    if bookmark.is_yes("favorite") {
        tags.push(STARRED.into());
    }
    Row {
        line,
        url: bookmark.text("article__url"),
        title: bookmark.text("article__title"),
        tags,
        excerpt: bookmark.some("article__excerpt"),
        saved: bookmark.date("date_added"),
        ..Row::default()
    }
    .into()
}
