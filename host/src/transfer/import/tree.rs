//! Reads browsers' own bookmark files: Chromium's file `Bookmarks`, and Firefox's backups. In these
//! trees the name of a folder may follow its content, so they are held in memory.

use super::{
    dates::chromium_date,
    json::{self, Fields},
    row::{FOLDERS, Found, Row, Sink},
    source::{Source, unreadable},
};
use crate::error::{Error, Result};

/// Deepest folder. Each is parsed once for every folder around it.
const MAX_DEPTH: usize = 60;

/// Name of the folder of deleted bookmarks.
const TRASH: &str = "trash";

pub(super) fn firefox(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let text = held(source)?;
    walk(&[parsed(&text)?], sink)
}

pub(super) fn chromium(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let text = held(source)?;
    // Some of the roots aren't folders. Opera nests most of its own in one, and Opera and Vivaldi
    // keep deleted bookmarks there.
    let mut roots = Vec::new();
    for (name, root) in parsed(&text)?
        .object("roots")
        .unwrap_or_default()
        .all_objects()
    {
        if name == TRASH {
            continue;
        }
        if root.has("children") {
            roots.push(root);
            continue;
        }
        let inner = root.all_objects().filter(|(name, _)| *name != TRASH);
        roots.extend(inner.map(|(_, root)| root));
    }
    walk(&roots, sink)
}

fn held(source: &mut Source) -> Result<String> {
    source.may_be_held()?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut source.json_text()?, &mut text)
        .map_err(|error| unreadable(&error))?;
    Ok(text)
}

fn parsed(text: &str) -> Result<Fields<'_>> {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(Fields::of(text).unwrap_or_default()),
        Err(error) => {
            let line = error.line();
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or_default();
            Err(Error::InvalidParams(if error.is_eof() {
                format!("The file ends in the middle, on line {line}; nothing was imported.")
            } else {
                format!("The file is broken on line {line} ({what}); nothing was imported.")
            }))
        }
    }
}

/// Walks over trees in the order of the file.
fn walk(roots: &[Fields<'_>], sink: &mut Sink<'_>) -> Result<()> {
    let mut count = 0;
    let mut path: Vec<String> = Vec::new();
    // What is left of each open folder, and whether the user named it.
    let children = roots.iter().flat_map(|root| root.objects("children"));
    let mut open = vec![(children.collect::<Vec<_>>().into_iter(), false)];
    while let Some((children, named)) = open.last_mut() {
        let Some(node) = children.next() else {
            if *named {
                path.pop();
            }
            open.pop();
            continue;
        };
        if let Some(url) = node.some("uri").or_else(|| node.some("url")) {
            count += 1;
            // One more than are used, so that it is known whether there are more.
            let from = path.len().saturating_sub(FOLDERS + 1);
            sink(bookmark(&node, url, path[from..].to_vec(), count))?;
            continue;
        }
        if open.len() >= MAX_DEPTH {
            return Err(Error::InvalidParams(format!(
                "Folders are nested more than {MAX_DEPTH} levels deep; nothing was imported."
            )));
        }
        // Firefox's own folders have names that nobody chose.
        let named = !node.has("root");
        if named {
            path.push(title(&node));
        }
        open.push((node.objects("children").into_iter(), named));
    }
    if count == 0 && roots.iter().any(|root| root.has("children")) {
        sink(Found::Empty)?;
    }
    Ok(())
}

fn title(node: &Fields<'_>) -> String {
    node.some("title").unwrap_or_else(|| node.text("name"))
}

fn bookmark(node: &Fields<'_>, url: String, folders: Vec<String>, number: u64) -> Found {
    let annotations = node.objects("annos");
    let note = annotations
        .iter()
        .find(|annotation| annotation.text("name") == "bookmarkProperties/description");
    let note = note.map(|note| note.text("value"));
    // Vivaldi's.
    let about = node.object("meta_info").unwrap_or_default();
    let note = note.unwrap_or_else(|| about.text("Description"));
    let chromium = chromium_date(&node.text("date_added"));
    let tags = node.texts("tags");
    let keyword = node.some("keyword");
    let mut row = Row {
        line: number,
        url,
        title: title(node),
        tags: tags.into_iter().chain(keyword).collect(),
        folders,
        note,
        saved: chromium.or(node.date("dateAdded")),
        updated: node.date("lastModified"),
        ..Row::default()
    };
    if node.is_halved() {
        row.left.push(json::half_character());
    }
    row.into()
}
