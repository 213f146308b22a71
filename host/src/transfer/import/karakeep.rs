//! Karakeep's (Hoarder's) JSON.

use std::collections::HashMap;

use serde::Deserialize;

use super::{
    json::{self, Loose},
    row::{ARCHIVE, Found, Row, STARRED, Sink, date},
    source::Source,
};
use crate::error::Result;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bookmark {
    #[serde(default)]
    created_at: Loose,
    #[serde(default)]
    title: Loose,
    #[serde(default)]
    tags: Vec<Loose>,
    #[serde(default)]
    lists: Vec<Loose>,
    #[serde(default)]
    note: Loose,
    #[serde(default)]
    archived: Loose,
    #[serde(default)]
    favourited: Loose,
    content: Option<Content>,
}

#[derive(Debug, Deserialize)]
struct Content {
    #[serde(default)]
    url: Loose,
    #[serde(default, alias = "sourceUrl")]
    source_url: Loose,
    #[serde(default)]
    text: Loose,
}

#[derive(Debug, Deserialize)]
struct List {
    #[serde(default)]
    id: Loose,
    #[serde(default)]
    name: Loose,
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    // They follow the bookmarks that are in them.
    let mut lists = HashMap::new();
    json::each(source, &["lists"], sink, |item, _| {
        if let Ok(List { id, name }) = item.read() {
            lists.insert(id.0, name.0);
        }
        Ok(())
    })?;
    json::each(source, &["bookmarks"], sink, |item, sink| {
        sink(match item.read::<Bookmark>() {
            Err(refused) => refused,
            Ok(bookmark) => found(bookmark, &lists, item.line),
        })
    })
}

fn found(bookmark: Bookmark, lists: &HashMap<String, String>, line: u64) -> Found {
    let Some(content) = bookmark.content else {
        return Found::refused(line, "It has no content.");
    };
    let address = [content.url.0, content.source_url.0];
    let Some(url) = address.into_iter().find(|url| !url.is_empty()) else {
        return Found::refused(line, "It is a text of its own and has no address.");
    };
    let mut tags: Vec<String> = bookmark.tags.into_iter().map(|tag| tag.0).collect();
    for (is, tag) in [(bookmark.archived, ARCHIVE), (bookmark.favourited, STARRED)] {
        if is.is_yes() {
            tags.push(tag.into());
        }
    }
    Row {
        line,
        url,
        title: bookmark.title.0,
        tags,
        folders: bookmark
            .lists
            .iter()
            .filter_map(|id| lists.get(&id.0).cloned())
            .collect(),
        note: json::paragraphs([content.text, bookmark.note]),
        saved: date(&bookmark.created_at.0),
        ..Row::default()
    }
    .into()
}
