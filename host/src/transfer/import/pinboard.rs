//! Pinboard's JSON; Delicious' has the same names.

use serde::Deserialize;

use super::{
    json::{self, Loose},
    netscape::{is_yes, split_tags},
    row::{Row, Sink, TO_READ, date},
    source::Source,
};
use crate::error::Result;

#[derive(Debug, Deserialize)]
struct Post {
    #[serde(default)]
    href: Loose,
    /// The title.
    #[serde(default)]
    description: Loose,
    /// The note.
    #[serde(default)]
    extended: Loose,
    #[serde(default)]
    time: Loose,
    #[serde(default)]
    toread: Loose,
    #[serde(default, alias = "tag")]
    tags: Loose,
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each(source, &["posts"], sink, |item, sink| {
        sink(match item.read::<Post>() {
            Err(refused) => refused,
            Ok(post) => {
                let mut tags = split_tags(&post.tags.0);
                if is_yes(&post.toread.0) {
                    tags.push(TO_READ.into());
                }
                Row {
                    line: item.line,
                    url: post.href.0,
                    title: post.description.0,
                    note: post.extended.0,
                    tags,
                    saved: date(&post.time.0),
                    ..Row::default()
                }
                .into()
            }
        })
    })
}
