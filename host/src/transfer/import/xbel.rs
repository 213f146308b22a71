//! Reads XBEL, the XML Bookmark Exchange Language 1.0
//! (<https://pyxml.sourceforge.net/topics/xbel/>), as written by floccus, buku, KDE, Otter, Midori
//! and Nextcloud and its derivatives.

use std::collections::HashMap;

use super::{
    netscape::split_tags,
    row::{FOLDERS, Found, Row, Sink, date},
    source::Source,
    xml::{self, Element, Elements},
};
use crate::error::Result;

/// Most bookmarks that are remembered for aliases.
const MAX_IDS: usize = 200_000;

pub(super) fn recognises(text: &str) -> bool {
    xml::root(text).as_deref() == Some("xbel")
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let mut reading = Reading {
        sink,
        path: Vec::new(),
        row: None,
        inside: Vec::new(),
        text: String::new(),
        ids: HashMap::new(),
        aliases: Vec::new(),
    };
    xml::read(source, &mut reading)?;
    reading.end()
}

struct Reading<'a, 's> {
    sink: &'a mut Sink<'s>,
    /// Names of the surrounding folders; `None` for those without a name.
    path: Vec<Option<String>>,
    row: Option<Row>,
    /// The surrounding elements, the outermost first.
    inside: Vec<String>,
    text: String,
    /// Addresses by the ids of their bookmarks.
    ids: HashMap<String, String>,
    /// Bookmarks repeated in another folder, by id.
    aliases: Vec<(String, Row)>,
}

impl Reading<'_, '_> {
    fn folders(&self) -> Vec<String> {
        let names: Vec<String> = self.path.iter().flatten().cloned().collect();
        names[names.len().saturating_sub(FOLDERS + 1)..].to_vec()
    }

    /// Returns the name of the element around `name`.
    fn parent(&self) -> &str {
        self.inside.last().map_or("", String::as_str)
    }

    fn end(&mut self) -> Result<()> {
        for (id, mut row) in std::mem::take(&mut self.aliases) {
            let found = match self.ids.get(&id) {
                Some(url) => {
                    row.url.clone_from(url);
                    row.into()
                }
                None => {
                    Found::refused(row.line, "It is an alias of a bookmark that doesn't exist.")
                }
            };
            (self.sink)(found)?;
        }
        Ok(())
    }
}

impl Elements for Reading<'_, '_> {
    fn open(&mut self, element: Element) -> Result<()> {
        self.text.clear();
        match element.name.as_str() {
            "folder" => self.path.push(None),
            "bookmark" => {
                let url = element.attribute(&["href"]).to_owned();
                let id = element.attribute(&["id"]);
                if !id.is_empty() && self.ids.len() < MAX_IDS {
                    self.ids.insert(id.to_owned(), url.clone());
                }
                self.row = Some(Row {
                    line: element.line,
                    url,
                    folders: self.folders(),
                    tags: split_tags(element.attribute(&["tags"])),
                    saved: date(element.attribute(&["added"])),
                    updated: date(element.attribute(&["modified"])),
                    ..Row::default()
                });
            }
            "alias" if self.aliases.len() < MAX_IDS => {
                let row = Row {
                    line: element.line,
                    folders: self.folders(),
                    ..Row::default()
                };
                let id = element.attribute(&["ref"]).to_owned();
                self.aliases.push((id, row));
            }
            _ => {}
        }
        self.inside.push(element.name);
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn close(&mut self, name: &str) -> Result<()> {
        self.inside.pop();
        let text = std::mem::take(&mut self.text);
        let parent = self.parent().to_owned();
        match (name, &mut self.row) {
            ("title", Some(row)) if parent == "bookmark" => row.title = text,
            ("title", None) if parent == "folder" => {
                if let Some(folder) = self.path.last_mut() {
                    *folder = Some(text.trim().to_owned());
                }
            }
            ("desc", Some(row)) if parent == "bookmark" => row.note = text.trim().to_owned(),
            // Additions of programs in `info`.
            ("tag" | "tags" | "label" | "labels" | "keyword" | "keywords", Some(row)) => {
                row.tags.extend(split_tags(&text));
            }
            ("bookmark", row) => {
                if let Some(row) = row.take() {
                    (self.sink)(row.into())?;
                }
            }
            ("folder", _) => {
                self.path.pop();
            }
            _ => {}
        }
        Ok(())
    }
}
