//! What Shaarli's interface for programs answers. Its export is `netscape.rs`'s.

use serde::Deserialize;

use super::{
    json::{self, Loose},
    row::{Row, Sink, date},
    source::Source,
};
use crate::error::Result;

#[derive(Debug, Deserialize)]
struct Link {
    #[serde(default)]
    url: Loose,
    #[serde(default)]
    title: Loose,
    #[serde(default)]
    description: Loose,
    #[serde(default)]
    tags: Vec<Loose>,
    #[serde(default)]
    created: Loose,
    #[serde(default)]
    updated: Loose,
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each(source, &[], sink, |item, sink| {
        sink(match item.read::<Link>() {
            Err(refused) => refused,
            Ok(link) => Row {
                line: item.line,
                url: link.url.0,
                title: link.title.0,
                tags: link.tags.into_iter().map(|tag| tag.0).collect(),
                note: link.description.0,
                saved: date(&link.created.0),
                updated: date(&link.updated.0),
                ..Row::default()
            }
            .into(),
        })
    })
}
