//! Pinboard's JSON; Delicious' has the same names.

use super::{
    json::{self, Fields},
    netscape::{split_tags, without_blockquotes},
    row::{Found, Row, Sink, TO_READ},
    source::Source,
};
use crate::error::Result;

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each(source, &["posts"], sink, &mut |item, sink| {
        sink(
            item.fields()
                .map_or_else(|refused| refused, |fields| found(&fields, item.line)),
        )
    })
}

fn found(post: &Fields<'_>, line: u64) -> Found {
    let names = post.some("tags").unwrap_or_else(|| post.text("tag"));
    let mut tags = split_tags(&names);
    if post.is_yes("toread") {
        tags.push(TO_READ.into());
    }
    Row {
        line,
        url: post.text("href"),
        title: post.text("description"),
        note: without_blockquotes(&post.text("extended")),
        tags,
        saved: post.date("time"),
        ..Row::default()
    }
    .into()
}
