//! Finds the feeds that a page names.

use html5gum::{Token, Tokenizer};
use url::Url;

use crate::encoding;

/// Most feeds of a page.
const MAX_FEEDS: usize = 20;

/// Returns the addresses of a page's feeds: each `link` with `rel=alternate` and a media type of a
/// feed (WHATWG, HTML, "Link type alternate"), in the order of the page. Feeds of comments come
/// last.
#[must_use]
pub fn feeds_of_page(bytes: &[u8], url: &Url, content_type: Option<&str>) -> Vec<Url> {
    let html = encoding::decode(bytes, content_type);
    let mut base = url.clone();
    let (mut feeds, mut of_comments) = (Vec::new(), Vec::new());
    for token in Tokenizer::new(html.as_str()) {
        let Ok(Token::StartTag(tag)) = token else {
            continue;
        };
        let attribute = |name: &[u8]| {
            let value = tag.attributes.get(name)?;
            Some(String::from_utf8_lossy(value).trim().to_owned())
        };
        match &**tag.name {
            b"base" => {
                if let Some(href) = attribute(b"href").and_then(|href| url.join(&href).ok()) {
                    base = href;
                }
            }
            b"link" => {
                let rel = attribute(b"rel").unwrap_or_default();
                let is_alternate = rel.split_ascii_whitespace().any(|word| {
                    word.eq_ignore_ascii_case("alternate") || word.eq_ignore_ascii_case("feed")
                });
                if !is_alternate || !attribute(b"type").is_some_and(|kind| is_feed(&kind)) {
                    continue;
                }
                let href = attribute(b"href").filter(|href| !href.is_empty());
                let Some(feed) = href.and_then(|href| base.join(&href).ok()) else {
                    continue;
                };
                let title = attribute(b"title").unwrap_or_default().to_lowercase();
                let is_of_comments = title.contains("comment")
                    || title.contains("kommentar")
                    || feed.path().contains("/comments/");
                match is_of_comments {
                    true => of_comments.push(feed),
                    false => feeds.push(feed),
                }
            }
            _ => {}
        }
    }
    feeds.append(&mut of_comments);
    let mut known = Vec::new();
    for feed in feeds {
        if matches!(feed.scheme(), "http" | "https") && !known.contains(&feed) {
            known.push(feed);
        }
    }
    known.truncate(MAX_FEEDS);
    known
}

fn is_feed(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default().trim();
    [
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
    ]
    .iter()
    .any(|known| kind.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, feeds: &[&str]) {
        let url = "https://e.org/blog/page".parse().unwrap();
        let found = feeds_of_page(html.as_bytes(), &url, None);
        let found: Vec<&str> = found.iter().map(Url::as_str).collect();
        assert_eq!(found, feeds, "{html}");
    }

    #[test]
    fn feeds_are_found_in_the_order_of_the_page() {
        check(
            "<!doctype html><title>x</title>
             <link rel=stylesheet href=style.css>
             <link rel='alternate' hreflang=de href=/de>
             <link rel=alternate type='application/rss+xml' title='Site » Comments' href=/comments/feed/>
             <LINK REL='Alternate nofollow' TYPE=application/atom+xml HREF=feed.atom?a=1&amp;b=2>
             <link rel=alternate type=application/feed+json href='https://f.org/feed.json'>
             <link rel=alternate type=application/atom+xml href=feed.atom?a=1&amp;b=2>
             <!-- <link rel=alternate type=application/rss+xml href=/no> -->
             <link rel=alternate type=application/rss+xml href='javascript:alert(1)'>
             <link rel=alternate type=application/rss+xml>",
            &[
                "https://e.org/blog/feed.atom?a=1&b=2",
                "https://f.org/feed.json",
                "https://e.org/comments/feed/",
            ],
        );
    }

    #[test]
    fn the_base_of_the_page_counts() {
        check(
            "<base href='/other/'><link rel=alternate type=application/rss+xml href=rss>",
            &["https://e.org/other/rss"],
        );
        check("no page at all", &[]);
    }
}
