//! Reads Omnivore's export: a zip file with the pages in `metadata_N_to_M.json`, their highlights in
//! `highlights/SLUG.md` and their texts in `content/SLUG.html`, or one of the first files alone.

use std::collections::HashMap;

use super::{
    json::{self, Fields},
    row::{ARCHIVE, Found, Row, RowText, Sink},
    source::Source,
};
use crate::error::Result;

/// What else an archive has of a page.
#[derive(Default)]
pub(super) struct Extras {
    /// Its highlights, as Markdown.
    pub(super) highlights: String,
    /// Its text, as HTML.
    pub(super) content: Option<String>,
}

/// Selects the files with highlights in a zip file, by the slug of their page.
pub(super) fn highlights<'a, T>(files: impl Iterator<Item = (&'a str, T)>) -> HashMap<String, T> {
    of_slugs(files, "highlights/", ".md")
}

/// Selects the files with texts in a zip file, by the slug of their page.
pub(super) fn contents<'a, T>(files: impl Iterator<Item = (&'a str, T)>) -> HashMap<String, T> {
    of_slugs(files, "content/", ".html")
}

fn of_slugs<'a, T>(
    files: impl Iterator<Item = (&'a str, T)>,
    folder: &str,
    end: &str,
) -> HashMap<String, T> {
    let of_slug = |(name, file): (&str, T)| {
        let (_, name) = name.split_once(folder)?;
        Some((name.strip_suffix(end)?.to_owned(), file))
    };
    files.filter_map(of_slug).collect()
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    pages(source, sink, &mut |_| Ok(Extras::default()))
}

/// Reads pages. `extras` returns what else there is of the page with a slug.
pub(super) fn pages(
    source: &mut Source,
    sink: &mut Sink<'_>,
    extras: &mut dyn FnMut(&str) -> Result<Extras>,
) -> Result<()> {
    json::each(source, &[], sink, &mut |item, sink| match item.fields() {
        Err(refused) => sink(refused),
        Ok(page) => {
            let extras = extras(&page.text("slug"))?;
            sink(found(&page, extras, item.line))
        }
    })
}

fn found(page: &Fields<'_>, extras: Extras, line: u64) -> Found {
    let mut tags = page.texts("labels");
    if page.text("state").eq_ignore_ascii_case("archived") || page.is_yes("isArchived") {
        tags.push(ARCHIVE.into());
    }
    Row {
        line,
        url: page.first(&["url", "originalArticleUrl"]),
        title: page.text("title"),
        tags,
        note: extras.highlights,
        text: RowText::html(extras.content),
        excerpt: page.some("description"),
        published: page.some("publishedAt"),
        saved: page.first_date(&["savedAt", "createdAt"]),
        updated: page.date("updatedAt"),
        ..Row::default()
    }
    .into()
}
