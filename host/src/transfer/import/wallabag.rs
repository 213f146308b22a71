//! wallabag's JSON, with the annotations of a page as quotes below each other.

use serde::Deserialize;

use super::{
    json::{self, Loose},
    row::{ARCHIVE, Row, STARRED, Sink, TO_READ, date},
    source::Source,
};
use crate::error::Result;

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    url: Loose,
    #[serde(default)]
    title: Loose,
    #[serde(default)]
    tags: Vec<Loose>,
    #[serde(default)]
    is_archived: Loose,
    #[serde(default)]
    is_starred: Loose,
    #[serde(default)]
    created_at: Loose,
    #[serde(default)]
    updated_at: Loose,
    #[serde(default)]
    published_at: Loose,
    #[serde(default)]
    language: Loose,
    #[serde(default)]
    annotations: Vec<Annotation>,
}

#[derive(Debug, Deserialize)]
struct Annotation {
    #[serde(default)]
    text: Loose,
    #[serde(default)]
    quote: Loose,
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each(source, &["entries"], sink, |item, sink| {
        sink(match item.read::<Entry>() {
            Err(refused) => refused,
            Ok(entry) => {
                let mut tags: Vec<String> = entry.tags.into_iter().map(|tag| tag.0).collect();
                tags.push(
                    if entry.is_archived.is_yes() {
                        ARCHIVE
                    } else {
                        TO_READ
                    }
                    .into(),
                );
                if entry.is_starred.is_yes() {
                    tags.push(STARRED.into());
                }
                let notes = entry.annotations.into_iter().map(Annotation::markdown);
                Row {
                    line: item.line,
                    url: entry.url.0,
                    title: entry.title.0,
                    tags,
                    note: notes.collect::<Vec<_>>().join("\n\n"),
                    saved: date(&entry.created_at.0),
                    updated: date(&entry.updated_at.0),
                    published: entry.published_at.some(),
                    lang: entry.language.some(),
                    ..Row::default()
                }
                .into()
            }
        })
    })
}

impl Annotation {
    fn markdown(self) -> String {
        let quote: Vec<String> = self
            .quote
            .0
            .lines()
            .map(|line| format!("> {line}"))
            .collect();
        json::paragraphs([Loose(quote.join("\n")), self.text])
    }
}
