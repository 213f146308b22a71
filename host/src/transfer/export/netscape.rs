//! Exports bookmarks in the format that every browser and service reads. Dates are in seconds;
//! trash and page metadata are not included.

use std::{borrow::Cow, collections::BTreeMap, io::Write};

use super::note_batches::each_note;
use crate::{
    domain::{Note, NoteId, Tag, TagGraph},
    store::Reader,
};

/// Writes all notes, oldest first, with their tags and texts. If there are implied tags, they become
/// folders, each within the one that it implies, and a note is in the folder of its first such tag.
///
/// # Errors
/// Those of the store and of `out`.
pub fn netscape(store: &Reader, out: &mut dyn Write) -> anyhow::Result<()> {
    out.write_all(
        b"<!DOCTYPE NETSCAPE-Bookmark-file-1>\n\
          <META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset=UTF-8\">\n\
          <TITLE>Bookmarks</TITLE>\n\
          <H1>Bookmarks</H1>\n\
          <DL><p>\n",
    )?;
    let graph = store.tag_graph()?;
    let mut folders: BTreeMap<Vec<Tag>, Vec<NoteId>> = BTreeMap::new();
    each_note(store, &mut |note| {
        match note.tags.iter().find(|tag| graph.contains(tag)) {
            Some(tag) => folders.entry(path(&graph, tag)).or_default().push(note.id),
            None => entry(note, 1, out)?,
        }
        Ok(())
    })?;
    let mut open: Vec<Tag> = Vec::new();
    for (folder, notes) in folders {
        let common = open.iter().zip(&folder).take_while(|(a, b)| a == b).count();
        close(&mut open, common, out)?;
        for tag in &folder[common..] {
            open.push(tag.clone());
            let indent = indent(open.len());
            // An import of ours doesn't take the folder for a tag of its notes.
            writeln!(
                out,
                "{indent}<DT><H3 IMPLIED=\"1\">{}</H3>",
                escaped(tag.as_str())
            )?;
            writeln!(out, "{indent}<DL><p>")?;
        }
        for id in notes {
            if let Some(note) = store.note(id)? {
                entry(&note, open.len() + 1, out)?;
            }
        }
    }
    close(&mut open, 0, out)?;
    out.write_all(b"</DL><p>\n")?;
    Ok(())
}

/// Returns the folders of a tag, from the outermost to its own. Of several tags that it implies, the
/// first by name is followed.
fn path(graph: &TagGraph, tag: &Tag) -> Vec<Tag> {
    let above = |tag: &Tag| graph.directly_implied(tag).next().cloned();
    let mut path: Vec<Tag> = std::iter::successors(Some(tag.clone()), above).collect();
    path.reverse();
    path
}

/// Closes folders down to a depth.
fn close(open: &mut Vec<Tag>, depth: usize, out: &mut dyn Write) -> std::io::Result<()> {
    while open.len() > depth {
        writeln!(out, "{}</DL><p>", indent(open.len()))?;
        open.pop();
    }
    Ok(())
}

fn indent(depth: usize) -> String {
    "    ".repeat(depth)
}

fn entry(note: &Note, depth: usize, out: &mut dyn Write) -> std::io::Result<()> {
    let indent = indent(depth);
    let saved = note.saved_at.as_second();
    let updated = note.updated_at.as_second();
    write!(
        out,
        "{indent}<DT><A HREF=\"{}\" ADD_DATE=\"{saved}\"",
        escaped(&note.address())
    )?;
    if updated != saved {
        write!(out, " LAST_MODIFIED=\"{updated}\"")?;
    }
    if !note.tags.is_empty() {
        let tags: Vec<&str> = note.tags.iter().map(Tag::as_str).collect();
        // Without the comma, a single tag of several words would be read as several tags.
        let end = if tags.len() == 1 && tags[0].contains(' ') {
            ","
        } else {
            ""
        };
        write!(out, " TAGS=\"{}{end}\"", escaped(&tags.join(",")))?;
    }
    // Pinboard's attribute, which an import turns into a tag, and ours, which says that the state
    // is meant.
    if !note.read {
        write!(out, " TOREAD=\"1\" READ=\"0\"")?;
    } else if note.tags.iter().any(Tag::is_to_read) {
        write!(out, " READ=\"1\"")?;
    }
    let title = note.name();
    // Chromium parses line by line.
    let title = title.replace(['\n', '\r'], " ");
    writeln!(out, ">{}</A>", escaped(&title))?;
    if !note.summary.is_empty() {
        // The same in each folder: an import takes this indentation off the lines of the text.
        writeln!(out, "    <DD>{}", escaped(&note.shown_summary()))?;
    }
    Ok(())
}

fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;"),
    )
}
