//! Omnivore's export: a zip file with the pages in `metadata_N_to_M.json` and what
//! was marked in them in `highlights/SLUG.md`; or one of those files by itself.

use std::collections::HashMap;

use super::{
    json::{self, Fields},
    row::{ARCHIVE, Found, Row, Sink},
    source::Source,
    zip::{self, Entry},
};
use crate::error::Result;

/// Whether a file of a zip file has pages.
pub(super) fn is_metadata(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or_default();
    name.starts_with("metadata_") && name.ends_with(".json")
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    if !source.is_zip()? {
        return pages(source, sink, &mut |_| Ok(String::new()));
    }
    let entries = zip::entries(source)?;
    let highlights: HashMap<&str, &Entry> = entries
        .iter()
        .filter_map(|entry| {
            let (_, name) = entry.name.split_once("highlights/")?;
            Some((name.strip_suffix(".md")?, entry))
        })
        .collect();
    for entry in entries.iter().filter(|entry| is_metadata(&entry.name)) {
        zip::each_row(source, entry, sink, |source, metadata, sink| {
            pages(metadata, sink, &mut |slug| {
                let Some(entry) = highlights.get(slug) else {
                    return Ok(String::new());
                };
                let bytes = zip::content(source, entry)?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            })
        })?;
    }
    Ok(())
}

fn pages(
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
    if page.text("state").eq_ignore_ascii_case("archived") {
        tags.push(ARCHIVE.into());
    }
    Row {
        line,
        url: page.text("url"),
        title: page.text("title"),
        tags,
        note,
        excerpt: page.some("description"),
        published: page.some("publishedAt"),
        saved: page.date("savedAt"),
        updated: page.date("updatedAt"),
        ..Row::default()
    }
    .into()
}
