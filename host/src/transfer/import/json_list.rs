//! Reads any JSON with objects that have an address, by the names of their members as in a table
//! (`columns.rs`). A surrounding folder, window or session gives them its name.

use std::collections::BTreeSet;

use super::{
    columns::{self, Column, Dialect, Filling},
    dates::Moment,
    json::{self, Fields, Item},
    outline::{Node, Outline, is_address},
    row::{FOLDERS, Found, Row, Sink, shortened},
    source::Source,
    url_notes,
};
use crate::error::Result;

/// Deepest object.
const MAX_DEPTH: usize = 30;
/// Most omitted members that are named.
const NAMED: usize = 12;

/// The surroundings of a bookmark.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    pub(super) folders: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) saved: Moment,
}

/// The names that a program uses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming {
    /// Members with the name of a folder.
    pub(super) folder: &'static [&'static str],
    /// Members with tags of everything in a folder.
    pub(super) tags: &'static [&'static str],
    /// Members with the time at which everything in a folder was saved.
    pub(super) saved: &'static [&'static str],
    /// Members that are skipped.
    pub(super) skip: &'static [&'static str],
}

/// Names that most programs use.
const USUAL: Naming = Naming {
    folder: &["title", "name", "label"],
    tags: &["tags", "labels"],
    // OneTab's and those of other tab managers.
    saved: &["createDate", "sessionStartTime"],
    skip: &[],
};

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let mut left = BTreeSet::new();
    let (mut own, mut others) = (false, false);
    walk(
        source,
        &USUAL,
        &mut |found| {
            if let Found::Row(row) = &found {
                own |= row.own;
                others |= !row.own;
            }
            sink(found)
        },
        &mut left,
    )?;
    if own {
        sink(Found::Notice(
            "The file isn't marked as an export of url-notes. Its members are those of one, so url-notes guessed that they mean the same.".into(),
        ))?;
    }
    if !others {
        return Ok(());
    }
    sink(Found::Notice(
        "url-notes doesn't know this format, so it guessed what the members mean.".into(),
    ))?;
    if !left.is_empty() {
        let names: Vec<String> = left
            .iter()
            .take(NAMED)
            .map(|name| format!("\"{}\"", shortened(name)))
            .collect();
        let more = match left.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        sink(Found::Notice(format!(
            "These members don't fit into a note and were left out: {}{more}.",
            names.join(", ")
        )))?;
    }
    Ok(())
}

/// Calls `sink` with everything in a file that has an address. `left` receives the names of omitted
/// members.
pub(super) fn walk(
    source: &mut Source,
    naming: &Naming,
    sink: &mut Sink<'_>,
    left: &mut BTreeSet<String>,
) -> Result<()> {
    let outline = Outline::of(source)?.unwrap_or_default();
    let names: Vec<String> = match outline.top() {
        Some(Node::Object(members)) => members
            .iter()
            .filter(|(name, node)| {
                matches!(node, Node::List(_) | Node::Object(_))
                    && !naming.skip.contains(&name.as_str())
            })
            .map(|(name, _)| name.clone())
            .collect(),
        _ => Vec::new(),
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut walk = Walk { naming, left };
    json::each_folder(source, &names, sink, &mut |item, sink| {
        walk.item(item, sink)
    })
}

struct Walk<'a> {
    naming: &'a Naming,
    left: &'a mut BTreeSet<String>,
}

impl Walk<'_> {
    fn item(&mut self, item: &Item<'_>, sink: &mut Sink<'_>) -> Result<()> {
        if let Ok(fields) = item.fields() {
            return self.object(&fields, &Around::default(), item, 0, sink);
        }
        for thing in item.things() {
            self.object(&thing, &Around::default(), item, 0, sink)?;
        }
        for text in item
            .plain_texts()
            .into_iter()
            .filter(|text| is_address(text))
        {
            let row = Row {
                line: item.line,
                url: text,
                ..Row::default()
            };
            sink(row.into())?;
        }
        Ok(())
    }

    fn object(
        &mut self,
        object: &Fields<'_>,
        around: &Around,
        item: &Item<'_>,
        depth: usize,
        sink: &mut Sink<'_>,
    ) -> Result<()> {
        let line = item.line_of(object);
        if depth > MAX_DEPTH {
            return sink(Found::refused(line, "It is nested too deeply."));
        }
        if url_notes::is_ours(object) {
            return sink(url_notes::found(object, line));
        }
        if has_address(object) {
            return sink(self.row(&[object], around, line));
        }
        // A bookmark may have its address in a nested object.
        let inner = object.all_objects().find(|(name, inner)| {
            !self.naming.skip.contains(name) && has_address(inner) && !is_key(name)
        });
        if let Some((_, inner)) = inner {
            return sink(self.row(&[object, &inner], around, line));
        }
        let mut around = around.clone();
        let name = object.first(self.naming.folder);
        if !name.is_empty() && around.folders.len() <= FOLDERS {
            around.folders.push(name);
        }
        for name in self.naming.tags {
            around.tags.extend(object.texts(name));
        }
        around.saved = object.first_date(self.naming.saved).or(around.saved);
        for (_, inner) in object
            .all_objects()
            .filter(|(name, _)| !self.naming.skip.contains(name))
        {
            self.object(&inner, &around, item, depth + 1, sink)?;
        }
        for (name, inner) in object.all_lists() {
            if self.naming.skip.contains(&name) || self.naming.tags.contains(&name) {
                continue;
            }
            for thing in inner {
                self.object(&thing, &around, item, depth + 1, sink)?;
            }
        }
        Ok(())
    }

    /// Reads a bookmark from the members of an object and of a nested one.
    fn row(&mut self, objects: &[&Fields<'_>], around: &Around, line: u64) -> Found {
        let mut row = Row {
            line,
            tags: around.tags.clone(),
            folders: around.folders.clone(),
            ..Row::default()
        };
        let mut filling = Filling::new(
            &mut row,
            Dialect {
                unread: true,
                ..Dialect::default()
            },
        );
        // The user's own tags come before those of states.
        for object in objects {
            for name in object.names() {
                if columns::named(name).0 == Column::Tags {
                    filling.names(object.texts(name));
                }
            }
        }
        for object in objects {
            for name in object.names() {
                let (column, rank) = columns::named(name);
                match column {
                    Column::Tags => {}
                    Column::Lists => filling.row.folders.extend(object.texts(name)),
                    Column::Folder => match object.some(name) {
                        Some(path) => columns::folder(&path, filling.row),
                        None => filling.row.folders.extend(object.texts(name)),
                    },
                    Column::Saved | Column::Updated => {
                        filling.date(column, rank, object.date(name));
                    }
                    Column::Read if object.is_false(name) => filling.text(column, rank, "no"),
                    Column::Note if object.some(name).is_none() => {
                        let quotes = json::quotes(&object.objects(name));
                        let text = match quotes.is_empty() {
                            true => texts_of(object, name).join("\n\n"),
                            false => quotes,
                        };
                        filling.text(column, rank, &text);
                    }
                    Column::Title | Column::Excerpt | Column::Site
                        if object.some(name).is_none() =>
                    {
                        filling.text(column, rank, &texts_of(object, name).join(" "));
                    }
                    Column::Other => {
                        if self.left.len() < 1_000 && object.some(name).is_some() && !is_key(name) {
                            self.left.insert(name.to_owned());
                        }
                    }
                    _ => filling.text(column, rank, &object.text(name)),
                }
            }
        }
        let saved = std::mem::take(&mut row.saved);
        row.saved = saved.or(around.saved.clone());
        // An export of ours that somebody has added to.
        for object in objects {
            let has = |name| object.names().any(|own| own == name);
            if has("deletedAt") || has("addresses") {
                let (kept, left) = url_notes::kept(object);
                row.kept = kept;
                row.left.extend(left);
            }
        }
        row.into()
    }
}

/// Returns the texts of a member: a list of texts, or an object with a text under a common name.
fn texts_of(object: &Fields<'_>, name: &str) -> Vec<String> {
    let inner = object.object(name).unwrap_or_default();
    match inner.first_some(&["text", "content", "markdown", "body", "value", "rendered"]) {
        Some(text) => vec![text],
        None => object.plain_texts(name),
    }
}

/// Returns whether a name is that of a member with a number.
fn is_key(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit()) || matches!(name, "id" | "_id" | "uuid" | "guid")
}

fn has_address(object: &Fields<'_>) -> bool {
    object.names().any(|name| {
        columns::named(name).0 == Column::Url && {
            let text = object.text(name);
            is_address(&text) || url::Url::parse(text.trim()).is_ok()
        }
    })
}
