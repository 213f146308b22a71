//! Applications for macOS and iOS that export a JSON list: GoodLinks and Anybox.

use super::{
    json::{self, Fields},
    row::{Found, Moment, Row, STARRED, Sink, TO_READ},
    source::Source,
};
use crate::error::Result;

/// Reads GoodLinks, from version 1.2.1 on: times are in seconds since 1970, with a fraction;
/// `readAt` exists once a page was read.
///
/// Source: a converter of these exports to Instapaper and Raindrop, which reads `url`, `tags`,
/// `addedAt` and `readAt`; a TypeScript program that declares `starred` and `title` and a `readAt`
/// that may be null. The other names are columns in a description of the application's database;
/// whether exports have them, and highlights, isn't verified.
pub(super) fn goodlinks(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each_object(source, &[], sink, &|link, line| {
        let mut tags = link.texts("tags");
        if link.is_yes("starred") {
            tags.push(STARRED.into());
        }
        // The database has 0 for what was never read.
        if link.date("readAt") == Moment::Unsaid && !link.is_yes("read") {
            tags.push(TO_READ.into());
        }
        Row {
            line,
            url: link.first(&["url", "originalURL"]),
            title: link.text("title"),
            tags,
            note: json::paragraphs([link.text("note"), json::quotes(&link.objects("highlights"))]),
            excerpt: link.some("summary"),
            published: link.some("publishedAt"),
            site_name: link.some("siteName"),
            saved: link.date("addedAt"),
            updated: link.date("modifiedAt"),
            ..Row::default()
        }
        .into()
    })
}

/// Reads Anybox: each tag is a list of its parents' names and its own; all of them become tags.
///
/// Source: a converter of these exports to Markdown, which reads `title`, `url`, `dateAdded` (a
/// text that begins with the day), `description`, `comment` and `tags`, lists of lists. Stars,
/// folders and dates of changes aren't verified.
pub(super) fn anybox(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each_object(source, &[], sink, &anybox_link)
}

fn anybox_link(link: &Fields<'_>, line: u64) -> Found {
    let mut tags = link.texts("tags");
    if ["isStarred", "starred"]
        .iter()
        .any(|name| link.is_yes(name))
    {
        tags.push(STARRED.into());
    }
    Row {
        line,
        url: link.text("url"),
        title: link.text("title"),
        tags,
        folders: link.texts("folder"),
        note: link.text("comment"),
        excerpt: link.some("description"),
        saved: link.date("dateAdded"),
        updated: link.first_date(&["dateModified", "dateUpdated"]),
        ..Row::default()
    }
    .into()
}
