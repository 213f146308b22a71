//! Exports everything, including trash, aliases and implied tags. An import into an empty store recreates the
//! same store.

use std::io::Write;

use serde::Serialize;

use super::note_batches::{each_deleted, each_note};
use crate::{
    domain::{Implication, Note, timestamp_text},
    store::{Reader, SavedSearch},
    wire::{NoteWithText, note_with_text},
};

/// Whether an export contains the texts of pages, which other people wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// It contains them.
    Include,
    /// It doesn't.
    LeaveOut,
}

/// Reads a note's text, if the export contains texts, and its summary by a model.
fn with_text(store: &Reader, note: &Note, texts: Texts) -> anyhow::Result<NoteWithText> {
    let text = match texts {
        Texts::Include => store.text(note.id)?,
        Texts::LeaveOut => None,
    };
    Ok(note_with_text(note, text, store.gist(note.id)?))
}

/// An alias of a tag.
#[derive(Serialize)]
struct Alias<'a> {
    alias: &'a str,
    tag: &'a str,
}

/// A tag and one that it implies.
#[derive(Serialize)]
struct ImpliedTag<'a> {
    tag: &'a str,
    implies: &'a str,
}

/// A saved search.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Search<'a> {
    search: &'a str,
    query: &'a str,
    saved_at: String,
}

impl<'a> Search<'a> {
    fn of(search: &'a SavedSearch) -> Self {
        Self {
            search: &search.name,
            query: &search.query,
            saved_at: timestamp_text(search.saved_at),
        }
    }
}

/// The icon of a web site: a PNG image in Base64.
#[derive(Serialize)]
struct SiteIcon<'a> {
    site: &'a str,
    icon: String,
}

/// Writes `{"urlNotes": 1, "notes": [], "trash": [], "aliases": [], "implications": [], "searches": [],
/// "icons": []}`, one entry per line. The last three only if there are any.
///
/// # Errors
/// Those of the store and of `out`.
pub fn json(store: &Reader, texts: Texts, out: &mut dyn Write) -> anyhow::Result<()> {
    write!(out, "{{\"urlNotes\": 1,\n\"notes\": [")?;
    let mut before = "\n";
    each_note(store, &mut |note| {
        out.write_all(before.as_bytes())?;
        before = ",\n";
        let note = with_text(store, note, texts)?;
        Ok(serde_json::to_writer(&mut *out, &note)?)
    })?;
    write!(out, "\n],\n\"trash\": [")?;
    before = "\n";
    each_deleted(store, &mut |note| {
        out.write_all(before.as_bytes())?;
        before = ",\n";
        let note = with_text(store, note, texts)?;
        Ok(serde_json::to_writer(&mut *out, &note)?)
    })?;
    write!(out, "\n],\n\"aliases\": [")?;
    before = "\n";
    for alias in store.aliases()? {
        out.write_all(before.as_bytes())?;
        before = ",\n";
        let (alias, tag) = (alias.name.as_str(), alias.of.tag.as_str());
        serde_json::to_writer(&mut *out, &Alias { alias, tag })?;
    }
    let graph = store.tag_graph()?;
    if !graph.is_empty() {
        write!(out, "\n],\n\"implications\": [")?;
        before = "\n";
        for Implication { tag, implied } in graph.iter() {
            out.write_all(before.as_bytes())?;
            before = ",\n";
            let (tag, implies) = (tag.as_str(), implied.as_str());
            serde_json::to_writer(&mut *out, &ImpliedTag { tag, implies })?;
        }
    }
    let searches = store.saved_searches()?;
    if !searches.is_empty() {
        write!(out, "\n],\n\"searches\": [")?;
        before = "\n";
        for search in &searches {
            out.write_all(before.as_bytes())?;
            before = ",\n";
            serde_json::to_writer(&mut *out, &Search::of(search))?;
        }
    }
    before = "\n],\n\"icons\": [\n";
    store.each_icon(|site, icon| {
        out.write_all(before.as_bytes())?;
        before = ",\n";
        let icon = icon.to_base64();
        anyhow::Ok(serde_json::to_writer(&mut *out, &SiteIcon { site, icon })?)
    })?;
    writeln!(out, "\n]}}")?;
    Ok(())
}

/// Writes the same entries as JSON lines, in the same order.
///
/// # Errors
/// Those of the store and of `out`.
pub fn jsonl(store: &Reader, texts: Texts, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut line = |note: &Note| {
        serde_json::to_writer(&mut *out, &with_text(store, note, texts)?)?;
        writeln!(out)?;
        Ok(())
    };
    each_note(store, &mut line)?;
    each_deleted(store, &mut line)?;
    for alias in store.aliases()? {
        let (alias, tag) = (alias.name.as_str(), alias.of.tag.as_str());
        serde_json::to_writer(&mut *out, &Alias { alias, tag })?;
        writeln!(out)?;
    }
    for Implication { tag, implied } in store.tag_graph()?.iter() {
        let (tag, implies) = (tag.as_str(), implied.as_str());
        serde_json::to_writer(&mut *out, &ImpliedTag { tag, implies })?;
        writeln!(out)?;
    }
    for search in store.saved_searches()? {
        serde_json::to_writer(&mut *out, &Search::of(&search))?;
        writeln!(out)?;
    }
    store.each_icon(|site, icon| {
        let icon = icon.to_base64();
        serde_json::to_writer(&mut *out, &SiteIcon { site, icon })?;
        anyhow::Ok(writeln!(out)?)
    })
}
