//! Reads OPML 2.0 (<http://opml.org/spec2.opml>): outlines of links, and lists of feeds.

use super::{
    html::{Context, Token, Tokens},
    row::{FOLDERS, Found, Row, Sink, date, shortened},
    source::Source,
    xml::{self, Element, Elements},
};
use crate::error::Result;

pub(super) fn recognises(text: &str) -> bool {
    xml::root(text).as_deref() == Some("opml")
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    xml::read(
        source,
        &mut Reading {
            sink,
            path: Vec::new(),
        },
    )
}

struct Reading<'a, 's> {
    sink: &'a mut Sink<'s>,
    path: Vec<Outline>,
}

/// An open outline.
struct Outline {
    line: u64,
    /// Its text, unless it is a link.
    name: Option<String>,
    /// Whether it contains another one.
    has_children: bool,
}

impl Elements for Reading<'_, '_> {
    fn open(&mut self, element: Element) -> Result<()> {
        if element.name != "outline" {
            return Ok(());
        }
        if let Some(around) = self.path.last_mut() {
            around.has_children = true;
        }
        let text = element.attribute(&["text", "title"]);
        let (linked, text) = linked(text);
        let said = element.attribute(&["url", "htmlurl", "href", "xmlurl"]);
        let url = match said.is_empty() {
            true => linked,
            false => Some(said.to_owned()),
        };
        let is_link = url.is_some();
        if let Some(url) = url {
            let names = self.path.iter().filter_map(|outline| outline.name.clone());
            let names: Vec<String> = names.collect();
            let categories = element.attribute(&["category", "tags"]).split(',');
            let row = Row {
                line: element.line,
                url,
                title: text.clone(),
                folders: names[names.len().saturating_sub(FOLDERS + 1)..].to_vec(),
                // A category is a path, `/a/b`.
                tags: categories
                    .map(|path| path.trim().trim_start_matches('/').to_owned())
                    .collect(),
                note: element
                    .attribute(&["_note", "note", "description"])
                    .to_owned(),
                saved: date(element.attribute(&["created", "added"])),
                ..Row::default()
            };
            (self.sink)(row.into())?;
        }
        self.path.push(Outline {
            line: element.line,
            name: (!is_link).then_some(text),
            has_children: false,
        });
        Ok(())
    }

    fn text(&mut self, _: &str) {}

    fn close(&mut self, name: &str) -> Result<()> {
        if name != "outline" {
            return Ok(());
        }
        match self.path.pop() {
            Some(Outline {
                line,
                name: Some(name),
                has_children: false,
            }) if !name.trim().is_empty() => {
                let sentence = format!("\"{}\" has no address.", shortened(name.trim()));
                (self.sink)(Found::refused(line, sentence))
            }
            _ => Ok(()),
        }
    }
}

/// Returns the address of a link in a text, which outliners write as HTML, and the text without
/// tags.
fn linked(text: &str) -> (Option<String>, String) {
    if !text.contains('<') {
        return (None, text.to_owned());
    }
    let mut tokens = Tokens::new(text.as_bytes());
    tokens.within(Context::Between);
    let (mut url, mut plain) = (None, String::new());
    while let Ok(Some(token)) = tokens.next() {
        match token {
            Token::Text(text, _) => plain.push_str(&text),
            Token::Tag(tag) if tag.name == "a" && !tag.closing && url.is_none() => {
                url = tag.attribute(&["href"]).map(str::to_owned);
            }
            Token::Tag(_) => {}
        }
    }
    (url, plain)
}
