//! Reads wallabag's JSON, versions 1 and 2, with the annotations of a page as quotes, and the page's text.

use super::{
    json::{self, Fields},
    row::{ARCHIVE, Found, Row, RowText, STARRED, Sink, TO_READ},
    source::Source,
};
use crate::error::Result;

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each_object(source, &["entries", "items"], sink, &found)
}

fn found(entry: &Fields<'_>, line: u64) -> Found {
    let mut tags = entry.texts("tags");
    // Names of version 1: `is_read`, `is_fav`.
    let state = if entry.is_yes("is_archived") || entry.is_yes("is_read") {
        ARCHIVE
    } else {
        TO_READ
    };
    tags.push(state.into());
    if entry.is_yes("is_starred") || entry.is_yes("is_fav") {
        tags.push(STARRED.into());
    }
    let annotations = entry.objects("annotations");
    let notes = annotations.iter().map(|annotation| {
        let quote = annotation.text("quote");
        let quote: Vec<String> = quote.lines().map(|line| format!("> {line}")).collect();
        json::paragraphs([quote.join("\n"), annotation.text("text")])
    });
    Row {
        line,
        url: entry.text("url"),
        title: entry.text("title"),
        tags,
        note: notes.collect::<Vec<_>>().join("\n\n"),
        saved: entry.date("created_at"),
        updated: entry.date("updated_at"),
        published: entry.some("published_at"),
        lang: entry.some("language"),
        text: RowText::html(entry.some("content")),
        ..Row::default()
    }
    .into()
}
