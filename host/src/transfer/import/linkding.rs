//! What linkding's interface for programs answers. Its export is `netscape.rs`'s.

use serde::Deserialize;

use super::{
    json::{self, Loose},
    row::{ARCHIVE, Row, Sink, TO_READ, date},
    source::Source,
};
use crate::error::Result;

#[derive(Debug, Deserialize)]
struct Bookmark {
    #[serde(default)]
    url: Loose,
    #[serde(default)]
    title: Loose,
    #[serde(default)]
    description: Loose,
    #[serde(default)]
    notes: Loose,
    #[serde(default)]
    website_title: Loose,
    #[serde(default)]
    is_archived: Loose,
    #[serde(default)]
    unread: Loose,
    #[serde(default)]
    tag_names: Vec<Loose>,
    #[serde(default)]
    date_added: Loose,
    #[serde(default)]
    date_modified: Loose,
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each(source, &["results"], sink, |item, sink| {
        sink(match item.read::<Bookmark>() {
            Err(refused) => refused,
            Ok(bookmark) => {
                let mut tags: Vec<String> =
                    bookmark.tag_names.into_iter().map(|tag| tag.0).collect();
                for (is, tag) in [(bookmark.is_archived, ARCHIVE), (bookmark.unread, TO_READ)] {
                    if is.is_yes() {
                        tags.push(tag.into());
                    }
                }
                let title = bookmark.title.some().unwrap_or(bookmark.website_title.0);
                Row {
                    line: item.line,
                    url: bookmark.url.0,
                    title,
                    tags,
                    note: json::paragraphs([bookmark.description, bookmark.notes]),
                    saved: date(&bookmark.date_added.0),
                    updated: date(&bookmark.date_modified.0),
                    ..Row::default()
                }
                .into()
            }
        })
    })
}
