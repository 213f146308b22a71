//! Reads Omnivore's export: a zip file with the pages in `metadata_N_to_M.json` and their
//! highlights in `highlights/SLUG.md`, or one of those files alone.

use std::collections::HashMap;

use super::{
    json::{self, Fields},
    row::{ARCHIVE, Found, Row, Sink},
    source::Source,
};
use crate::error::Result;

/// Selects the files with highlights in a zip file, by the slug of their page.
pub(super) fn highlights<'a, T>(files: impl Iterator<Item = (&'a str, T)>) -> HashMap<String, T> {
    let of_slug = |(name, file): (&str, T)| {
        let (_, name) = name.split_once("highlights/")?;
        Some((name.strip_suffix(".md")?.to_owned(), file))
    };
    files.filter_map(of_slug).collect()
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    pages(source, sink, &mut |_| Ok(String::new()))
}

/// Reads pages. `highlights` returns the highlights of the page with a slug.
pub(super) fn pages(
    source: &mut Source,
    sink: &mut Sink<'_>,
    highlights: &mut dyn FnMut(&str) -> Result<String>,
) -> Result<()> {
    json::each(source, &[], sink, &mut |item, sink| match item.fields() {
        Err(refused) => sink(refused),
        Ok(page) => {
            let note = highlights(&page.text("slug"))?;
            sink(found(&page, note, item.line))
        }
    })
}

fn found(page: &Fields<'_>, note: String, line: u64) -> Found {
    let mut tags = page.texts("labels");
    if page.text("state").eq_ignore_ascii_case("archived") || page.is_yes("isArchived") {
        tags.push(ARCHIVE.into());
    }
    Row {
        line,
        url: page.first(&["url", "originalArticleUrl"]),
        title: page.text("title"),
        tags,
        note,
        excerpt: page.some("description"),
        published: page.some("publishedAt"),
        saved: page.first_date(&["savedAt", "createdAt"]),
        updated: page.date("updatedAt"),
        ..Row::default()
    }
    .into()
}
