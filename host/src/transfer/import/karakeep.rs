//! Karakeep's (Hoarder's) JSON.

use std::collections::HashMap;

use super::{
    json::{self, Fields},
    row::{ARCHIVE, Found, Row, STARRED, Sink},
    source::Source,
};
use crate::error::Result;

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    // They follow the bookmarks that are in them.
    let mut lists = HashMap::new();
    json::each(source, &["lists"], sink, &mut |item, _| {
        if let Ok(list) = item.fields() {
            lists.insert(list.text("id"), list.text("name"));
        }
        Ok(())
    })?;
    json::each(source, &["bookmarks"], sink, &mut |item, sink| {
        sink(item.fields().map_or_else(
            |refused| refused,
            |bookmark| found(&bookmark, &lists, item.line),
        ))
    })
}

fn found(bookmark: &Fields<'_>, lists: &HashMap<String, String>, line: u64) -> Found {
    let Some(content) = bookmark.object("content") else {
        return Found::refused(line, "It has no content.");
    };
    let Some(url) = content.some("url").or_else(|| content.some("sourceUrl")) else {
        return Found::refused(line, "It is a text of its own and has no address.");
    };
    let mut tags = bookmark.texts("tags");
    for (state, tag) in [("archived", ARCHIVE), ("favourited", STARRED)] {
        if bookmark.is_yes(state) {
            tags.push(tag.into());
        }
    }
    let within = bookmark.texts("lists");
    Row {
        line,
        url,
        title: bookmark.text("title"),
        tags,
        folders: within
            .iter()
            .filter_map(|id| lists.get(id).cloned())
            .collect(),
        note: json::paragraphs([content.text("text"), bookmark.text("note")]),
        saved: bookmark.date("createdAt"),
        ..Row::default()
    }
    .into()
}
