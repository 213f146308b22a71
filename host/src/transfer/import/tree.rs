//! The bookmarks of browsers as they keep them: Chromium's file `Bookmarks`,
//! Firefox's backups. Trees, in which the name of a folder may follow what is in
//! it, so they are read as a whole.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    json::Loose,
    row::{FOLDERS, Found, Row, Sink, date, since_1601},
    source::{Counting, MAX_HELD_BYTES, Source, unreadable},
};
use crate::error::{Error, Result};

/// A folder or a bookmark, of either.
#[derive(Debug, Deserialize)]
struct Node {
    #[serde(default, alias = "name")]
    title: Loose,
    #[serde(default, alias = "url")]
    uri: Loose,
    #[serde(default, rename = "dateAdded")]
    firefox_added: Loose,
    #[serde(default, rename = "lastModified")]
    firefox_modified: Loose,
    #[serde(default)]
    date_added: Loose,
    /// Firefox's, by commas.
    #[serde(default)]
    tags: Loose,
    /// The keyword that opens it.
    #[serde(default)]
    keyword: Loose,
    #[serde(default)]
    annos: Vec<Annotation>,
    #[serde(default)]
    children: Vec<Node>,
    /// What a folder of Firefox's own is.
    root: Option<Loose>,
}

#[derive(Debug, Deserialize)]
struct Annotation {
    #[serde(default)]
    name: Loose,
    #[serde(default)]
    value: Loose,
}

/// Chromium's file.
#[derive(Debug, Deserialize)]
struct Bookmarks<'a> {
    #[serde(borrow)]
    roots: std::collections::BTreeMap<String, &'a RawValue>,
}

pub(super) fn firefox(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let text = held(source)?;
    let mut root: Node = serde_json::from_str(&text).map_err(|error| broken(&error))?;
    root.root = Some(Loose::default());
    walk(root, sink, &mut 0)
}

pub(super) fn chromium(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let text = held(source)?;
    let file: Bookmarks<'_> = serde_json::from_str(&text).map_err(|error| broken(&error))?;
    let mut count = 0;
    for root in file.roots.values() {
        // Some are no folders.
        if root.get().starts_with('{') {
            let mut node: Node =
                serde_json::from_str(root.get()).map_err(|error| broken(&error))?;
            node.root = Some(Loose::default());
            walk(node, sink, &mut count)?;
        }
    }
    Ok(())
}

fn held(source: &mut Source) -> Result<String> {
    let mut text = String::new();
    let mut file = Counting::new(source.text()?, MAX_HELD_BYTES);
    std::io::Read::read_to_string(&mut file, &mut text).map_err(|error| unreadable(&error))?;
    Ok(text)
}

fn broken(error: &serde_json::Error) -> Error {
    let line = error.line();
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    Error::InvalidParams(if error.is_eof() {
        format!("The file ends in the middle, on line {line}; nothing was imported.")
    } else if what.contains("recursion") {
        format!("On line {line} folders are nested deeper than 60 times; nothing was imported.")
    } else {
        format!("The file is broken on line {line} ({what}); nothing was imported.")
    })
}

/// Goes through a tree, in the order of the file. Its depth is bounded by the reader's.
fn walk(root: Node, sink: &mut Sink<'_>, count: &mut u64) -> Result<()> {
    let mut path: Vec<String> = Vec::new();
    let mut open = vec![(root.children.into_iter(), false)];
    while let Some((children, named)) = open.last_mut() {
        let Some(mut node) = children.next() else {
            if *named {
                path.pop();
            }
            open.pop();
            continue;
        };
        if !node.uri.0.is_empty() {
            *count += 1;
            let from = path.len().saturating_sub(FOLDERS);
            sink(bookmark(node, path[from..].to_vec(), *count))?;
            continue;
        }
        let children = std::mem::take(&mut node.children);
        let named = node.root.is_none();
        if named {
            path.push(node.title.0);
        }
        open.push((children.into_iter(), named));
    }
    Ok(())
}

fn bookmark(node: Node, folders: Vec<String>, number: u64) -> Found {
    let note = node
        .annos
        .into_iter()
        .find(|annotation| annotation.name.0 == "bookmarkProperties/description")
        .map(|annotation| annotation.value.0);
    let chromium = node.date_added.0.parse().ok().and_then(since_1601);
    let tags = node.tags.0.split(',').map(str::to_owned);
    let keyword = node.keyword.some();
    Row {
        line: number,
        url: node.uri.0,
        title: node.title.0,
        tags: tags.chain(keyword).collect(),
        folders,
        note: note.unwrap_or_default(),
        saved: chromium.or_else(|| date(&node.firefox_added.0)),
        updated: date(&node.firefox_modified.0),
        ..Row::default()
    }
    .into()
}
