//! Reads the XML of Pinboard's and Delicious' APIs (<https://pinboard.in/api/>, `posts/all`).

use super::{
    netscape::{is_yes, split_tags, without_blockquotes},
    row::{Row, Sink, TO_READ, date},
    source::Source,
    xml::{self, Element, Elements},
};
use crate::error::Result;

pub(super) fn recognises(text: &str) -> bool {
    xml::root(text).as_deref() == Some("posts")
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    xml::read(source, &mut Reading { sink })
}

struct Reading<'a, 's> {
    sink: &'a mut Sink<'s>,
}

impl Elements for Reading<'_, '_> {
    fn open(&mut self, element: Element) -> Result<()> {
        if element.name != "post" {
            return Ok(());
        }
        let mut tags = split_tags(element.attribute(&["tag", "tags"]));
        // Delicious' tag for no tags.
        tags.retain(|tag| !tag.starts_with("system:"));
        if is_yes(element.attribute(&["toread"])) {
            tags.push(TO_READ.into());
        }
        let row = Row {
            line: element.line,
            url: element.attribute(&["href"]).to_owned(),
            title: element.attribute(&["description"]).to_owned(),
            note: without_blockquotes(element.attribute(&["extended"])),
            tags,
            saved: date(element.attribute(&["time"])),
            ..Row::default()
        };
        (self.sink)(row.into())
    }

    fn text(&mut self, _: &str) {}

    fn close(&mut self, _: &str) -> Result<()> {
        Ok(())
    }
}
