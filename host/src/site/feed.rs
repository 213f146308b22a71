//! Formats for other programs: the newest notes as an Atom feed (RFC 4287), and the OpenSearch 1.1
//! description with which browsers add the site's search.
//!
//! Their addresses are absolute, because they are read outside of the site.

use std::fmt::{self, Write as _};

use jiff::Timestamp;

use super::{links::Links, markdown};
use crate::{
    domain::{Note, timestamp_text},
    site::views::{is_linkable, title},
};

/// The metadata of a feed.
#[derive(Debug)]
pub(super) struct Feed<'a> {
    /// The title of the page with the same notes.
    pub title: &'a str,
    /// Who wrote it.
    pub author: &'a str,
    /// Address of the feed.
    pub address: &'a str,
    /// Address of that page.
    pub page: &'a str,
    /// The latest change of its notes.
    pub updated: Timestamp,
}

/// Renders these notes as an Atom feed.
pub(super) fn atom(links: &Links, feed: &Feed<'_>, notes: &[Note]) -> String {
    // The id is independent of the port and of the browser's origin.
    let path = feed
        .address
        .strip_prefix(&links.home())
        .unwrap_or(feed.address);
    let entries: Vec<String> = notes.iter().map(|note| entry(links, note)).collect();
    feed_of_entries(feed, &links.identity(path), &entries)
}

/// Assembles a feed from entries rendered by [`entry`].
pub(super) fn feed_of_entries(feed: &Feed<'_>, identity: &str, entries: &[String]) -> String {
    let mut xml = Xml::new();
    xml.text
        .push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    xml.open("feed xmlns=\"http://www.w3.org/2005/Atom\"");
    xml.element("id", &[], identity);
    xml.element("title", &[], feed.title);
    xml.element("updated", &[], &timestamp_text(feed.updated));
    xml.empty(
        "link",
        &[
            ("rel", "self"),
            ("type", "application/atom+xml"),
            ("href", feed.address),
        ],
    );
    xml.empty(
        "link",
        &[
            ("rel", "alternate"),
            ("type", "text/html"),
            ("href", feed.page),
        ],
    );
    xml.open("author");
    xml.element("name", &[], feed.author);
    xml.close("author");
    xml.element(
        "generator",
        &[("version", env!("CARGO_PKG_VERSION"))],
        "url-notes",
    );
    for entry in entries {
        xml.text.push_str(entry);
    }
    xml.close("feed");
    xml.text
}

/// Renders a feed entry.
pub(super) fn entry(links: &Links, note: &Note) -> String {
    let mut xml = Xml::new();
    let permalink = links.note(note.id);
    xml.open("entry");
    xml.element("id", &[], &links.identity(&format!("note/{}", note.id.0)));
    xml.element("title", &[], &title(note));
    xml.element("published", &[], &timestamp_text(note.saved_at));
    xml.element("updated", &[], &timestamp_text(note.updated_at));
    // Feed readers open the page. Schemes other than those of pages don't become links.
    if is_linkable(note) {
        xml.empty("link", &[("rel", "alternate"), ("href", &note.address())]);
        xml.empty("link", &[("rel", "related"), ("href", &permalink)]);
    } else {
        xml.empty("link", &[("rel", "alternate"), ("href", &permalink)]);
    }
    for tag in &note.tags {
        xml.empty("category", &[("term", tag.as_str())]);
    }
    if let Some(excerpt) = &note.metadata.excerpt {
        xml.element("summary", &[], excerpt);
    }
    if !note.summary.trim().is_empty() {
        let html = markdown::render(&note.shown_summary(), 2).into_string();
        xml.element("content", &[("type", "html")], &html);
    }
    xml.close("entry");
    xml.text
}

/// Returns the time of the latest change. For a feed without notes, the epoch.
pub(super) fn updated(notes: &[Note]) -> Timestamp {
    let changes = notes.iter().map(|note| note.updated_at);
    changes.max().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Renders the OpenSearch description.
pub(super) fn opensearch(links: &Links) -> String {
    let mut xml = Xml::new();
    xml.text
        .push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    xml.open("OpenSearchDescription xmlns=\"http://a9.com/-/spec/opensearch/1.1/\"");
    xml.element("ShortName", &[], "url-notes");
    xml.element(
        "Description",
        &[],
        "Search the pages you saved, and your notes",
    );
    xml.element("InputEncoding", &[], "UTF-8");
    xml.element("OutputEncoding", &[], "UTF-8");
    xml.element(
        "Image",
        &[("width", "32"), ("height", "32"), ("type", "image/svg+xml")],
        &links.icon(),
    );
    let template = format!("{}?q={{searchTerms}}", links.search());
    xml.empty("Url", &[("type", "text/html"), ("template", &template)]);
    xml.empty(
        "Url",
        &[
            ("type", "application/opensearchdescription+xml"),
            ("rel", "self"),
            ("template", &links.opensearch()),
        ],
    );
    xml.close("OpenSearchDescription");
    xml.text
}

/// An XML writer. Element names are literals in this file; everything else is escaped.
struct Xml {
    text: String,
}

impl Xml {
    fn new() -> Self {
        Self {
            text: String::new(),
        }
    }

    fn open(&mut self, name: &str) {
        self.write(format_args!("<{name}>\n"));
    }

    fn close(&mut self, name: &str) {
        self.write(format_args!("</{name}>\n"));
    }

    fn element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.write(format_args!("<{name}"));
        self.attributes(attributes);
        self.write(format_args!(">{}</{name}>\n", Escaped(text)));
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.write(format_args!("<{name}"));
        self.attributes(attributes);
        self.write(format_args!("/>\n"));
    }

    fn attributes(&mut self, attributes: &[(&str, &str)]) {
        for (name, value) in attributes {
            self.write(format_args!(" {name}=\"{}\"", Escaped(value)));
        }
    }

    fn write(&mut self, text: fmt::Arguments<'_>) {
        self.text
            .write_fmt(text)
            .expect("a String takes whatever is written to it");
    }
}

/// Text for XML. Characters that XML 1.0 can't represent (2.2, Char: most control characters) are
/// replaced.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                // Unescaped, attribute normalisation would turn them into spaces.
                '\t' | '\n' | '\r' => write!(f, "&#{};", u32::from(c))?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use atom_syndication as read;
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Metadata, NoteId, parse_tags};

    fn note(title: &str, url: &str, summary: &str) -> Note {
        let id = NoteId::at("2025-08-12T10:00:00Z".parse().unwrap());
        Note {
            id,
            saved_at: id.moment(),
            url: url.into(),
            title: title.into(),
            title_typed: true,
            page_title: None,
            addresses: Vec::new(),
            tags: parse_tags(&["gpu", "a & b"]).unwrap(),
            summary: summary.into(),
            metadata: Metadata {
                excerpt: Some("The page's <own> words".into()),
                ..Metadata::default()
            },
            updated_at: "2025-08-13T10:00:00Z".parse().unwrap(),
            deleted_at: None,
            read: true,
        }
    }

    fn feed(notes: &[Note]) -> String {
        let links = Links::absolute("http://localhost:6683");
        atom(
            &links,
            &Feed {
                title: "url-notes | tag | gpu",
                author: "url-notes",
                address: &(links.home() + "tag/gpu/feed.atom"),
                page: &(links.home() + "tag/gpu"),
                updated: updated(notes),
            },
            notes,
        )
    }

    #[test]
    fn a_feed_has_what_atom_asks_for() {
        expect![[r#"
            <?xml version="1.0" encoding="utf-8"?>
            <feed xmlns="http://www.w3.org/2005/Atom">
            <id>tag:url-notes.localhost,2025:tag/gpu/feed.atom</id>
            <title>url-notes | tag | gpu</title>
            <updated>2025-08-13T10:00:00.000Z</updated>
            <link rel="self" type="application/atom+xml" href="http://localhost:6683/tag/gpu/feed.atom"/>
            <link rel="alternate" type="text/html" href="http://localhost:6683/tag/gpu"/>
            <author>
            <name>url-notes</name>
            </author>
            <generator version="0.1.0">url-notes</generator>
            <entry>
            <id>tag:url-notes.localhost,2025:note/1754992800000000</id>
            <title>A &lt;b&gt; &amp; &quot;c&quot;</title>
            <published>2025-08-12T10:00:00.000Z</published>
            <updated>2025-08-13T10:00:00.000Z</updated>
            <link rel="alternate" href="https://e.org/?a=1&amp;b=2"/>
            <link rel="related" href="http://localhost:6683/note/1754992800000000"/>
            <category term="gpu"/>
            <category term="a &amp; b"/>
            <summary>The page's &lt;own&gt; words</summary>
            <content type="html">&lt;p&gt;&lt;strong&gt;bold&lt;/strong&gt; &amp;lt;i&amp;gt;&lt;/p&gt;&#10;</content>
            </entry>
            </feed>
        "#]]
        .assert_eq(&feed(&[note("A <b> & \"c\"", "https://e.org/?a=1&b=2", "**bold** <i>")]));
    }

    #[test]
    fn a_feed_without_notes_is_a_feed() {
        let parsed: read::Feed = feed(&[]).parse().unwrap();
        assert_eq!(parsed.entries().len(), 0);
        assert_eq!(parsed.updated().to_rfc3339(), "1970-01-01T00:00:00+00:00");
    }

    #[test]
    fn other_schemes_are_no_links() {
        let xml = feed(&[note("", "javascript:alert(1)", "")]);
        assert!(!xml.contains("href=\"javascript:"), "{xml}");
        let parsed: read::Feed = xml.parse().unwrap();
        let entry = &parsed.entries()[0];
        assert_eq!(
            entry.links()[0].href(),
            "http://localhost:6683/note/1754992800000000"
        );
        assert_eq!(entry.title().as_str(), "javascript:alert(1)");
    }

    proptest! {
        /// Parsed by an independent parser.
        #[test]
        fn whatever_a_note_holds_comes_back(
            title in ".{1,30}", excerpt in "\\PC{1,30}", url in "https://e\\.org/[!-~é機]{0,20}",
        ) {
            let mut note = note(&title, &url, &title);
            note.metadata.excerpt = Some(excerpt.clone());
            let parsed: read::Feed = feed(&[note]).parse().unwrap();
            let entry = &parsed.entries()[0];
            let sound = |c: char| if c < ' ' && !"\t\n\r".contains(c) { '\u{fffd}' } else { c };
            let kept: String = title.chars().map(sound).collect();
            prop_assert_eq!(entry.title().as_str().trim(), kept.trim());
            prop_assert_eq!(entry.summary().unwrap().as_str().trim(), excerpt.trim());
            prop_assert_eq!(entry.links()[0].href(), url);
            prop_assert_eq!(entry.published().unwrap().to_rfc3339(), "2025-08-12T10:00:00+00:00");
        }
    }

    #[test]
    fn browsers_get_an_opensearch_description() {
        let xml = opensearch(&Links::absolute("http://localhost:6683"));
        assert!(xml.contains(
            r#"<Url type="text/html" template="http://localhost:6683/search?q={searchTerms}"/>"#
        ));
    }
}
