//! Reads Karakeep's (Hoarder's) JSON.

use std::collections::HashMap;

use super::{
    json::{self, Fields},
    row::{ARCHIVE, FOLDERS, Found, Row, RowText, STARRED, Sink},
    source::Source,
};
use crate::error::Result;

/// A list with its parent.
#[derive(Default)]
struct List {
    name: String,
    parent: String,
    /// A smart list is a saved search, so the user didn't put its bookmarks into it.
    is_smart: bool,
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    // Lists follow the bookmarks that are in them.
    let mut lists: HashMap<String, List> = HashMap::new();
    json::each(source, &["lists"], &mut |_| Ok(()), &mut |item, _| {
        if let Ok(list) = item.fields() {
            lists.insert(
                list.text("id"),
                List {
                    name: list.text("name"),
                    parent: list.text("parentId"),
                    is_smart: list.text("type") == "smart",
                },
            );
        }
        Ok(())
    })?;
    json::each_object(source, &["bookmarks"], sink, &|bookmark, line| {
        found(bookmark, &lists, line)
    })
}

/// Returns the names of a list and its parents, the outermost first. Lists may refer to each other
/// in a circle.
fn path(id: &str, lists: &HashMap<String, List>) -> Vec<String> {
    let mut path = Vec::new();
    let mut next = id;
    while let Some(list) = lists.get(next)
        && path.len() <= FOLDERS
    {
        if !list.is_smart {
            path.push(list.name.clone());
        }
        next = &list.parent;
    }
    path.reverse();
    path
}

fn found(bookmark: &Fields<'_>, lists: &HashMap<String, List>, line: u64) -> Found {
    let Some(content) = bookmark.object("content") else {
        return Found::refused(line, "It has no content.");
    };
    let Some(url) = content.some("url").or_else(|| content.some("sourceUrl")) else {
        return Found::refused(line, "It is a text without an address.");
    };
    let mut tags = bookmark.texts("tags");
    for (state, tag) in [("archived", ARCHIVE), ("favourited", STARRED)] {
        if bookmark.is_yes(state) {
            tags.push(tag.into());
        }
    }
    let within = bookmark.texts("lists");
    let is_smart = |id: &str| lists.get(id).is_some_and(|list| list.is_smart);
    Row {
        line,
        url,
        title: bookmark
            .some("title")
            .unwrap_or_else(|| content.text("title")),
        tags,
        folders: within
            .iter()
            .filter(|id| !is_smart(id))
            .flat_map(|id| path(id, lists))
            .collect(),
        note: json::paragraphs([content.text("text"), bookmark.text("note")]),
        text: RowText::html(content.some("htmlContent")),
        saved: bookmark.date("createdAt"),
        updated: bookmark.date("modifiedAt"),
        ..Row::default()
    }
    .into()
}
