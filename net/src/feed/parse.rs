//! Reads a feed of any format.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
};

use feed_rs::model::{Entry, Feed, FeedType, Link, Text};
use url::Url;

use super::{
    json, mend,
    parsed::{MAX_DEPTH, MAX_ENTRIES, NotAFeed, ParsedEntry, ParsedFeed},
    text,
    xml::{self, Outline},
};
use crate::encoding;

/// Most categories of an entry that are kept.
const MAX_TAGS: usize = 20;
/// Longest wait that a feed may ask for, in minutes.
const MAX_TTL: u32 = 7 * 24 * 60;

thread_local! {
    static IS_READING: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics of the parser from being printed. [`read`] turns them into an error.
pub fn quiet_panics() {
    let hook = take_hook();
    set_hook(Box::new(move |panic| {
        if !IS_READING.get() {
            hook(panic);
        }
    }));
}

/// Reads RSS, Atom or JSON Feed. `url` is where it came from, `content_type` the server's
/// `Content-Type`.
///
/// At most [`MAX_ENTRIES`] entries are read. Entities that the file declares aren't expanded, and
/// nothing that it names is opened.
///
/// # Errors
/// [`NotAFeed`], also for one that is nested more than 64 elements deep or has a
/// tag with more than 256 attributes.
pub fn read(bytes: &[u8], url: &Url, content_type: Option<&str>) -> Result<ParsedFeed, NotAFeed> {
    let text = encoding::decode(bytes, content_type);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n', '\0']);
    if text.starts_with('{') {
        return Ok(finished(json::read(text)?, url));
    }
    let outline = xml::outline(text, MAX_ENTRIES);
    if outline.depth > MAX_DEPTH || outline.is_crowded {
        return Err(NotAFeed);
    }
    let whole = match outline.cut {
        Some(end) => &text[..end],
        None => text,
    };
    let as_it_is = outline
        .cut
        .is_none()
        .then(|| parse(without_declaration(whole), url));
    let feed = match as_it_is.flatten() {
        Some(feed) => feed,
        None => parse(&mend::mended(whole).ok_or(NotAFeed)?, url).ok_or(NotAFeed)?,
    };
    Ok(finished(converted(feed, &outline), url))
}

/// Returns the text without an XML declaration, since it is no longer in the encoding that it
/// declares.
fn without_declaration(text: &str) -> &str {
    match text
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split_once("?>"))
    {
        Some((_, rest)) => rest,
        None => text,
    }
}

/// Reads a feed by feed-rs. `None` if it can't.
fn parse(text: &str, url: &Url) -> Option<Feed> {
    IS_READING.set(true);
    let feed = catch_unwind(AssertUnwindSafe(|| {
        feed_rs::parser::Builder::new()
            .base_uri(Some(url))
            // Its own ids change at each fetch, if there is nothing to make one of.
            .id_generator(|_, _, _| String::new())
            .build()
            .parse(text.as_bytes())
    }));
    IS_READING.set(false);
    feed.ok()?.ok()
}

fn converted(feed: Feed, outline: &Outline) -> ParsedFeed {
    let is_atom = feed.feed_type == FeedType::Atom;
    let lang = feed.language;
    let title = |title: Option<Text>| match title {
        None => String::new(),
        // RSS doesn't say whether a title is HTML; mostly it is.
        Some(title) if is_atom && title.content_type.as_str() == "text/plain" => {
            text::plain_title(&title.content)
        }
        Some(title) => text::title(&title.content),
    };
    let entry = |entry: Entry| {
        let excerpt = |text: &str| text::excerpt(text);
        let summary = entry.summary.and_then(|summary| excerpt(&summary.content));
        let content = || entry.content.and_then(|content| excerpt(&content.body?));
        let mut tags: Vec<String> = Vec::new();
        for category in entry.categories {
            let tag = text::plain_title(&category.label.unwrap_or(category.term));
            if !tag.is_empty() && !tags.contains(&tag) && tags.len() < MAX_TAGS {
                tags.push(tag);
            }
        }
        ParsedEntry {
            url: page(&entry.links).unwrap_or_default(),
            guid: entry.id,
            title: title(entry.title),
            excerpt: summary.or_else(content),
            published_at: entry
                .published
                .or(entry.updated)
                .map(|date| date.to_rfc3339()),
            lang: entry.language.or_else(|| lang.clone()),
            tags,
        }
    };
    let ttl = feed.ttl.map(|minutes| i64::from(minutes.min(MAX_TTL)) * 60);
    ParsedFeed {
        site_url: page(&feed.links),
        title: title(feed.title),
        wait_s: ttl.max(outline.period_s),
        entries: feed.entries.into_iter().map(entry).collect(),
    }
}

/// Returns the link to a page among those to comments, feeds and files.
fn page(links: &[Link]) -> Option<String> {
    let is_page = |link: &&Link| {
        link.target.is_none() && matches!(link.rel.as_deref(), None | Some("alternate"))
    };
    let is_html = |link: &&Link| {
        let kind = link.media_type.as_deref();
        kind.is_none_or(|kind| kind.contains("html"))
    };
    let found = links.iter().filter(is_page).find(is_html);
    let found = found.or_else(|| links.iter().find(is_page))?;
    Some(found.href.trim().to_owned()).filter(|href| !href.is_empty())
}

/// Completes addresses and ids, and leaves out entries without an address.
fn finished(mut feed: ParsedFeed, url: &Url) -> ParsedFeed {
    let whole = |href: &str| {
        let url = url.join(href).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| url.into())
    };
    feed.site_url = feed.site_url.and_then(|href| whole(&href));
    feed.entries.truncate(MAX_ENTRIES);
    feed.entries.retain_mut(|entry| {
        // The id of RSS is the page's address, if there is no other (`isPermaLink`).
        let href = match entry.url.as_str() {
            "" if entry.guid.starts_with("http") => &entry.guid,
            href => href,
        };
        let Some(url) = whole(href).filter(|_| !href.is_empty()) else {
            return false;
        };
        if entry.guid.is_empty() {
            entry.guid.clone_from(&url);
        }
        entry.url = url;
        if entry.excerpt.as_ref() == Some(&entry.title) {
            entry.excerpt = None;
        }
        true
    });
    feed
}
