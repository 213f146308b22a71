//! Reads the feeds of an OPML file (<http://opml.org/spec2.opml>), as feed readers export them.

use super::{
    row::FOLDERS,
    source::Source,
    xml::{self, Element, Elements},
};
use crate::{
    domain::{MAX_TAGS, Tag, is_comma},
    error::{Error, Result},
};

/// Most feeds that are read from a file.
const MAX_LISTED: usize = 10_000;

/// A feed in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFeed {
    /// Its line, from 1.
    pub line: u64,
    /// Its address as written.
    pub url: String,
    /// Its title; may be empty.
    pub title: String,
    /// The address of its web site; may be empty.
    pub site_url: String,
    /// Its categories and the innermost folders around it.
    pub tags: Vec<Tag>,
}

/// The content of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedList {
    /// The feeds.
    pub feeds: Vec<ListedFeed>,
    /// Lines of links without the address of a feed.
    pub other_links: Vec<u64>,
}

/// Reads the feeds of an OPML file. `folders`: whether folders become tags.
///
/// # Errors
/// `InvalidParams` with a sentence if the file isn't OPML, is truncated, is nested too deeply, or
/// has more than 10,000 feeds.
pub fn feed_list(source: &mut Source, folders: bool) -> Result<FeedList> {
    let mut reading = Reading {
        folders,
        path: Vec::new(),
        is_opml: false,
        list: FeedList::default(),
    };
    xml::read(source, &mut reading)?;
    match reading.is_opml {
        true => Ok(reading.list),
        false => Err(not_opml()),
    }
}

fn not_opml() -> Error {
    Error::InvalidParams(
        "The file isn't a list of feeds in OPML. Export the feeds as OPML in your feed reader."
            .into(),
    )
}

struct Reading {
    folders: bool,
    /// The name of each open outline, empty for feeds.
    path: Vec<String>,
    is_opml: bool,
    list: FeedList,
}

impl Elements for Reading {
    fn open(&mut self, element: Element) -> Result<()> {
        if !self.is_opml {
            self.is_opml = element.name == "opml";
            return if self.is_opml {
                Ok(())
            } else {
                Err(not_opml())
            };
        }
        if element.name != "outline" {
            return Ok(());
        }
        let title = element.attribute(&["title", "text"]);
        let mut url = element.attribute(&["xmlurl"]);
        if url.is_empty() && matches!(element.attribute(&["type"]), "rss" | "atom") {
            url = element.attribute(&["url"]);
        }
        if url.is_empty() {
            if !element.attribute(&["url", "htmlurl", "href"]).is_empty() {
                self.list.other_links.push(element.line);
            }
            self.path.push(title.to_owned());
            return Ok(());
        }
        if self.list.feeds.len() >= MAX_LISTED {
            return Err(Error::InvalidParams(
                "The file has more than 10,000 feeds; nothing was imported.".into(),
            ));
        }
        let folders: &[String] = match self.folders {
            true => &self.path[self.path.len().saturating_sub(FOLDERS)..],
            false => &[],
        };
        // A category is a path, `/a/b`.
        let categories = element.attribute(&["category"]).split(',');
        let categories = categories.map(|path| path.trim().trim_matches('/'));
        let names = categories.chain(folders.iter().map(String::as_str));
        let mut tags: Vec<Tag> = Vec::new();
        for name in names.flat_map(|name| name.split(|c| c == ',' || is_comma(c))) {
            if let Ok(tag) = Tag::parse(name)
                && !tags.contains(&tag)
                && tags.len() < MAX_TAGS
            {
                tags.push(tag);
            }
        }
        self.list.feeds.push(ListedFeed {
            line: element.line,
            url: url.trim().to_owned(),
            title: title.to_owned(),
            site_url: element.attribute(&["htmlurl"]).trim().to_owned(),
            tags,
        });
        self.path.push(String::new());
        Ok(())
    }

    fn text(&mut self, _: &str) {}

    fn close(&mut self, name: &str) -> Result<()> {
        if name == "outline" {
            self.path.pop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, folders: bool) -> Result<FeedList> {
        feed_list(&mut Source::of_bytes(text.as_bytes().to_vec())?, folders)
    }

    #[test]
    fn feeds_get_the_names_of_their_folders_as_tags() {
        let file = r#"<?xml version="1.0"?>
<opml version="2.0"><head><title>Mine</title></head><body>
<outline text="Tech &amp; more">
  <outline text="Rust" title="Rust, safe">
    <outline type="rss" text="Blog" xmlUrl="https://e.org/a?x=1&amp;y=2" htmlUrl="https://e.org/"/>
    <outline text="本" xmlUrl="https://e.org/b" category="/News/Daily,Japan、日本"/>
  </outline>
</outline>
<outline type="rss" url="feed://e.org/c"/>
<outline type="link" text="A page" url="https://e.org/page"/>
<outline text="Empty folder"/>
</body></opml>"#;
        let list = read(file, true).unwrap();
        let found: Vec<_> = list
            .feeds
            .iter()
            .map(|feed| {
                let tags: Vec<&str> = feed.tags.iter().map(Tag::as_str).collect();
                (
                    feed.line,
                    feed.url.as_str(),
                    feed.title.as_str(),
                    tags.join("|"),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                (
                    5,
                    "https://e.org/a?x=1&y=2",
                    "Blog",
                    "tech & more|rust|safe".into()
                ),
                (
                    6,
                    "https://e.org/b",
                    "本",
                    "news/daily|japan|日本|tech & more|rust|safe".to_owned()
                ),
                (9, "feed://e.org/c", "", String::new()),
            ]
        );
        assert_eq!(list.feeds[0].site_url, "https://e.org/");
        assert_eq!(list.other_links, [10]);
        let flat = read(file, false).unwrap();
        assert_eq!(flat.feeds[0].tags, []);
    }

    #[test]
    fn other_files_are_refused_with_a_sentence() {
        for (file, why) in [
            ("", "isn't a list of feeds"),
            ("just text", "isn't a list of feeds"),
            ("<rss version='2.0'></rss>", "isn't a list of feeds"),
            (
                "<opml><body><outline xmlUrl='https://e.org/'>",
                "ends in the middle",
            ),
        ] {
            let error = read(file, true).unwrap_err().to_string();
            assert!(error.contains(why), "{file}: {error}");
        }
        let many = "<outline xmlUrl='https://e.org/'/>".repeat(MAX_LISTED + 1);
        let error = read(&format!("<opml>{many}</opml>"), true).unwrap_err();
        assert!(error.to_string().contains("more than 10,000"));
        let deep = "<outline text='x'>".repeat(20_000);
        assert!(read(&format!("<opml>{deep}"), true).is_err());
    }
}
