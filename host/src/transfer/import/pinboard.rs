//! Reads Pinboard's JSON, and the API responses of Pinboard and Delicious.

use super::{
    json::{self, Fields},
    netscape::{split_tags, without_blockquotes},
    row::{Found, Row, Sink, TO_READ},
    source::Source,
};
use crate::error::Result;

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each_object(source, &["posts"], sink, &found)
}

fn found(post: &Fields<'_>, line: u64) -> Found {
    let mut tags = tags(post, "tags");
    if tags.is_empty() {
        tags = self::tags(post, "tag");
    }
    if post.is_yes("toread") {
        tags.push(TO_READ.into());
    }
    Row {
        line,
        url: post.text("href"),
        title: post.first(&["description", "title"]),
        note: without_blockquotes(&post.text("extended")),
        tags,
        saved: post.first_date(&["time", "dt"]),
        ..Row::default()
    }
    .into()
}

/// Separated by spaces, as Pinboard writes them, or in any other form.
fn tags(post: &Fields<'_>, name: &str) -> Vec<String> {
    match post.some(name) {
        Some(text) if !text.trim_start().starts_with('[') => split_tags(&text),
        _ => post.texts(name),
    }
}
