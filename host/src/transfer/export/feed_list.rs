//! Writes the feeds as OPML 2.0 (<http://opml.org/spec2.opml>), for other feed readers.

use std::io::{self, Write};

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use crate::{domain::Tag, store::Feed};

/// Writes feeds, each in a folder of its first tag, because many readers know only folders. All
/// tags are in `category`. Addresses are without user names and passwords.
///
/// # Errors
/// Those of `out`.
pub fn feed_list(feeds: &[Feed], out: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut opml = BytesStart::new("opml");
    opml.push_attribute(("version", "2.0"));
    xml.write_event(Event::Start(opml))?;
    let start = |name: &'static str| Event::Start(BytesStart::new(name));
    let end = |name: &'static str| Event::End(BytesEnd::new(name));
    xml.write_event(start("head"))?;
    xml.write_event(start("title"))?;
    xml.write_event(Event::Text(BytesText::new("Feeds in url-notes")))?;
    xml.write_event(end("title"))?;
    xml.write_event(end("head"))?;
    xml.write_event(start("body"))?;
    let mut folders: Vec<&str> = Vec::new();
    for folder in feeds.iter().filter_map(first_tag) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders.sort_unstable();
    for folder in folders {
        let mut outline = BytesStart::new("outline");
        outline.push_attribute(("text", allowed(folder).as_str()));
        xml.write_event(Event::Start(outline))?;
        for feed in feeds.iter().filter(|feed| first_tag(feed) == Some(folder)) {
            write(&mut xml, feed)?;
        }
        xml.write_event(end("outline"))?;
    }
    for feed in feeds.iter().filter(|feed| feed.tags.is_empty()) {
        write(&mut xml, feed)?;
    }
    xml.write_event(end("body"))?;
    xml.write_event(end("opml"))?;
    writeln!(xml.get_mut())
}

fn first_tag(feed: &Feed) -> Option<&str> {
    feed.tags.first().map(Tag::as_str)
}

fn write(xml: &mut Writer<&mut dyn Write>, feed: &Feed) -> io::Result<()> {
    let mut outline = BytesStart::new("outline");
    outline.push_attribute(("type", "rss"));
    outline.push_attribute(("text", allowed(&feed.name()).as_str()));
    outline.push_attribute(("xmlUrl", allowed(&feed.address()).as_str()));
    if let Some(site) = &feed.site_url {
        outline.push_attribute(("htmlUrl", allowed(site).as_str()));
    }
    if !feed.tags.is_empty() {
        let names: Vec<&str> = feed.tags.iter().map(Tag::as_str).collect();
        outline.push_attribute(("category", allowed(&names.join(",")).as_str()));
    }
    xml.write_event(Event::Empty(outline))
}

/// Removes the characters that XML 1.0 (2.2) doesn't allow.
fn allowed(text: &str) -> String {
    let is_allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(is_allowed).collect()
}
