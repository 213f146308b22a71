//! The address of a feed.

use url::Url;

use crate::error::{Error, Result};

/// Longest address of a feed, in bytes.
const MAX_BYTES: usize = 4096;

/// Returns the address of a feed in the form in which it is stored: http or https, without a
/// fragment. Addresses that begin with `feed:` are those of the page behind it: `feed://host/` is
/// `http://host/`.
///
/// # Errors
/// `InvalidParams`, with a sentence.
pub fn feed_address(text: &str) -> Result<String> {
    let refused = |why: &str| {
        Err(Error::InvalidParams(format!(
            "This isn't the address of a feed: {why}."
        )))
    };
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return refused("it is longer than 4,096 bytes");
    }
    let text = match text
        .get(..5)
        .filter(|start| start.eq_ignore_ascii_case("feed:"))
    {
        None => text.to_owned(),
        Some(_) if text[5..].starts_with("//") => format!("http:{}", &text[5..]),
        Some(_) => text[5..].to_owned(),
    };
    let Ok(mut url) = Url::parse(&text) else {
        return refused("it isn't a complete address such as https://example.org/feed");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refused("only http and https are read");
    }
    url.set_fragment(None);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_feed_has_one_form() {
        for (text, address) in [
            (" HTTPS://E.org ", "https://e.org/"),
            ("https://e.org/feed?a=1#top", "https://e.org/feed?a=1"),
            ("feed://e.org/rss", "http://e.org/rss"),
            ("FEED:https://e.org/rss", "https://e.org/rss"),
            ("http://user:pass@e.org/", "http://user:pass@e.org/"),
        ] {
            assert_eq!(feed_address(text).unwrap(), address, "{text}");
        }
    }

    #[test]
    fn other_addresses_are_refused_with_a_sentence() {
        let long = format!("https://e.org/{}", "a".repeat(MAX_BYTES));
        for (text, why) in [
            ("", "complete address"),
            ("e.org/feed", "complete address"),
            ("/etc/passwd", "complete address"),
            ("file:///etc/passwd", "only http"),
            ("feed:file:///etc/passwd", "only http"),
            ("javascript:alert(1)", "only http"),
            ("ftp://e.org/feed", "only http"),
            ("日本", "complete address"),
            (&long, "longer"),
        ] {
            let error = feed_address(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
