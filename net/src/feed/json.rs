//! Reads JSON Feed, versions 1 and 1.1 (<https://www.jsonfeed.org/version/1.1/>).
//!
//! At most [`MAX_ENTRIES`] items are held in memory, whatever the file has.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::Value;

use super::{
    parsed::{MAX_ENTRIES, NotAFeed, ParsedEntry, ParsedFeed},
    text,
};

#[derive(Deserialize)]
struct Feed {
    version: Value,
    #[serde(default)]
    title: Value,
    #[serde(default)]
    home_page_url: Value,
    #[serde(default)]
    language: Value,
    #[serde(default, deserialize_with = "first_items")]
    items: Vec<Item>,
}

/// Any value may be of the wrong type, and is then as good as none.
#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    url: Value,
    #[serde(default)]
    external_url: Value,
    #[serde(default)]
    title: Value,
    #[serde(default)]
    summary: Value,
    #[serde(default)]
    content_text: Value,
    #[serde(default)]
    content_html: Value,
    #[serde(default)]
    date_published: Value,
    #[serde(default)]
    date_modified: Value,
    #[serde(default)]
    language: Value,
    #[serde(default)]
    tags: Value,
}

/// Reads the first items and skips the rest.
fn first_items<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Item>, D::Error> {
    struct First;

    impl<'de> Visitor<'de> for First {
        type Value = Vec<Item>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of items")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Item>, A::Error> {
            let mut items = Vec::new();
            while items.len() < MAX_ENTRIES {
                match list.next_element()? {
                    Some(item) => items.push(item),
                    None => return Ok(items),
                }
            }
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(items)
        }
    }

    deserializer.deserialize_seq(First)
}

fn string(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        // Ids are numbers in many feeds.
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads a JSON Feed.
///
/// # Errors
/// [`NotAFeed`] for other JSON, and for what isn't JSON.
pub(super) fn read(json: &str) -> Result<ParsedFeed, NotAFeed> {
    // serde_json refuses a depth of 128.
    let feed: Feed = serde_json::from_str(json).map_err(|_| NotAFeed)?;
    let version = string(&feed.version).ok_or(NotAFeed)?;
    if !version.contains("jsonfeed.org/version/") {
        return Err(NotAFeed);
    }
    let lang = string(&feed.language);
    let entry = |item: &Item| {
        let html = string(&item.content_html);
        let plain = || {
            [&item.summary, &item.content_text]
                .into_iter()
                .find_map(string)
        };
        let excerpt = plain().map(|text| text.replace('&', "&amp;").replace('<', "&lt;"));
        let url = [&item.url, &item.external_url].into_iter().find_map(string);
        ParsedEntry {
            guid: string(&item.id).unwrap_or_default(),
            url: url.unwrap_or_default(),
            title: string(&item.title).map_or_else(String::new, |title| text::plain_title(&title)),
            excerpt: excerpt.or(html).and_then(|html| text::excerpt(&html)),
            published_at: [&item.date_published, &item.date_modified]
                .into_iter()
                .find_map(string),
            lang: string(&item.language).or_else(|| lang.clone()),
            tags: item
                .tags
                .as_array()
                .map_or_else(Vec::new, |tags| tags.iter().filter_map(string).collect()),
        }
    };
    Ok(ParsedFeed {
        title: string(&feed.title).map_or_else(String::new, |title| text::plain_title(&title)),
        site_url: string(&feed.home_page_url),
        wait_s: None,
        entries: feed.items.iter().map(entry).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_feed_is_read() {
        let feed = read(
            r#"{"version": "https://jsonfeed.org/version/1.1", "title": "One & <b>two</b>",
                "home_page_url": "https://e.org/", "language": "de", "items": [
                {"id": 7, "url": "https://e.org/7", "title": "Seven", "content_html": "<p>7 &amp; more</p>",
                 "date_published": "2026-11-29T12:00:00Z", "tags": ["numbers", 3, null]},
                {"external_url": "https://f.org/", "content_text": "1 < 2", "language": "en", "title": null}]}"#,
        );
        let feed = feed.unwrap();
        assert_eq!(feed.title, "One & <b>two</b>");
        assert_eq!(feed.site_url.as_deref(), Some("https://e.org/"));
        let [seven, other] = &feed.entries[..] else {
            panic!()
        };
        assert_eq!((&*seven.guid, &*seven.url), ("7", "https://e.org/7"));
        assert_eq!(seven.excerpt.as_deref(), Some("7 & more"));
        assert_eq!(seven.lang.as_deref(), Some("de"));
        assert_eq!(seven.published_at.as_deref(), Some("2026-11-29T12:00:00Z"));
        assert_eq!(seven.tags, ["numbers", "3"]);
        assert_eq!((&*other.guid, &*other.url), ("", "https://f.org/"));
        assert_eq!(other.excerpt.as_deref(), Some("1 < 2"));
        assert_eq!(other.lang.as_deref(), Some("en"));
    }

    #[test]
    fn other_json_is_no_feed() {
        for json in [
            "{}",
            r#"{"version": "1"}"#,
            r#"{"version": "https://jsonfeed.org/version/1", "items": 3}"#,
            r#"{"version": "https://jsonfeed.org/version/1", "items": ["#,
            &format!("{{\"a\":{}", "[".repeat(200)),
        ] {
            assert_eq!(read(json), Err(NotAFeed), "{json}");
        }
    }
}
