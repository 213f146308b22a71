//! Reads Delicious' JSON. Its HTML is read by `netscape.rs`; its API responses have Pinboard's
//! names.

use super::{
    json::{self, Fields},
    row::{Found, Row, Sink},
    source::Source,
};
use crate::error::Result;

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each_object(source, &[], sink, &found)
}

fn found(link: &Fields<'_>, line: u64) -> Found {
    Row {
        line,
        url: link.text("url"),
        title: link.text("title"),
        tags: link.texts("tags"),
        note: link.text("description"),
        saved: link.date("created"),
        ..Row::default()
    }
    .into()
}
