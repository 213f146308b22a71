//! Reads elCurator's JSON, as described by its export and wallabag's importer. `is_saved` is
//! ignored, because it matters only to elCurator.

use super::{
    json::{self, Fields},
    row::{Found, Row, Sink},
    source::Source,
};
use crate::error::Result;

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each_object(source, &[], sink, &found)
}

fn found(page: &Fields<'_>, line: u64) -> Found {
    Row {
        line,
        url: page.text("url"),
        title: page.text("title"),
        tags: page.texts("tags"),
        excerpt: page.first_some(&["description", "excerpt"]),
        saved: page.date("created_at"),
        ..Row::default()
    }
    .into()
}
