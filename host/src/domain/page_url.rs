//! A page's address, and the page key: what makes two addresses one page.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::Url;

use super::{
    app_routes::route_of,
    secrets::without_user_info,
    share_parameters::{Ignored, path_of},
};
use crate::error::{Error, Result};

/// Longest URL that is stored, in bytes.
const MAX_URL_BYTES: usize = 64 * 1024;
/// So much of an address can be searched, in bytes.
const MAX_WORDS_BYTES: usize = 2048;

/// A URL as captured, with its page key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageUrl {
    text: String,
    parsed: Url,
    key: String,
}

/// Whether this is a host of which a site of notes makes its own origin: 80 random bits in base
/// 32 after an `n`, below `localhost`.
fn is_own_site(host: &str) -> bool {
    let label = host.strip_suffix(".localhost");
    label
        .and_then(|label| label.strip_prefix('n'))
        .is_some_and(|bits| {
            bits.len() == 16
                && bits
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
        })
}

impl PageUrl {
    /// Reads an absolute URL of any scheme. A page of the notes' own site gets the name that
    /// everybody may know: `localhost` for `LABEL.localhost` (`site/identity.rs`), so that no
    /// backup and nothing that is published has the label.
    ///
    /// # Errors
    /// `InvalidUrl` with the reason.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_URL_BYTES {
            return Err(Error::InvalidUrl("it is longer than 64 KiB".into()));
        }
        let mut parsed = Url::parse(text).map_err(|error| {
            Error::InvalidUrl(match error {
                url::ParseError::RelativeUrlWithoutBase if text.trim().is_empty() => {
                    "it is empty".into()
                }
                url::ParseError::RelativeUrlWithoutBase => {
                    "it has no scheme, such as https://".into()
                }
                other => format!("it isn't a valid URL ({other})"),
            })
        })?;
        let is_own = parsed.host_str().is_some_and(is_own_site);
        let text = match is_own && parsed.set_host(Some("localhost")).is_ok() {
            true => parsed.to_string(),
            false => text.to_owned(),
        };
        let key = page_key(&parsed);
        Ok(Self { text, parsed, key })
    }

    /// Refuses what a browser can't save: anything but http and https, and
    /// `file` unless the user turned that on.
    ///
    /// # Errors
    /// `InvalidUrl` that names the scheme.
    pub fn require_savable(&self, files_too: bool) -> Result<()> {
        match self.parsed.scheme() {
            "http" | "https" => Ok(()),
            "file" if files_too => Ok(()),
            "file" => Err(Error::InvalidUrl(
                "to save files, set save-file-urls = true in the configuration".into(),
            )),
            scheme => Err(Error::InvalidUrl(format!(
                "only http and https pages are saved, not {scheme}:"
            ))),
        }
    }

    /// The URL byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The page key: itself a URL, and its own page key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The web site: the host without a leading `www.`; empty where the URL has none.
    #[must_use]
    pub fn site(&self) -> &str {
        let host = self.parsed.host_str().unwrap_or_default();
        host.strip_prefix("www.").unwrap_or(host)
    }

    /// What the page is found by: site, path and parameters, without those that
    /// are for tracking; decoded, and cut where it is longer than an address to read.
    #[must_use]
    pub fn words(&self) -> String {
        let mut text = format!("{} {}", self.site(), self.parsed.path());
        for parameter in kept_parameters(&self.parsed) {
            text.push(' ');
            text.push_str(&parameter);
        }
        let decoded = percent_decode_str(&text).decode_utf8_lossy();
        decoded[..decoded.floor_char_boundary(MAX_WORDS_BYTES)].to_owned()
    }

    /// The URL as it is shown: without user name and password.
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        without_user_info(&self.text)
    }

    /// The same page without user name and password.
    #[must_use]
    pub fn without_user_info(self) -> Self {
        match without_user_info(&self.text) {
            Cow::Borrowed(_) => self,
            Cow::Owned(shown) => Self::parse(&shown).unwrap_or(self),
        }
    }

    /// Whether it may be made a link.
    #[must_use]
    pub fn is_linkable(&self) -> bool {
        matches!(self.parsed.scheme(), "http" | "https" | "mailto")
    }

    /// How `saved`, a URL of the same page, differs from this one, in words:
    /// "same page without utm_source". None where they don't differ.
    #[must_use]
    pub fn same_page_as(&self, saved: &Self) -> Option<String> {
        if self.text == saved.text || self.key != saved.key {
            return None;
        }
        let mut differences = Vec::new();
        let ours = ignored_names(&self.parsed);
        let theirs = ignored_names(&saved.parsed);
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            these
                .iter()
                .filter(|name| !those.contains(name))
                .cloned()
                .collect()
        };
        let without = only(&ours, &theirs);
        if !without.is_empty() {
            differences.push(format!("without {}", listed(&without)));
        }
        let with = only(&theirs, &ours);
        if !with.is_empty() {
            differences.push(format!("with {}", listed(&with)));
        }
        if self.parsed.scheme() != saved.parsed.scheme() {
            differences.push(format!("over {}", saved.parsed.scheme()));
        }
        let slash = |url: &Url| url.path().ends_with('/');
        match (slash(&self.parsed), slash(&saved.parsed)) {
            (true, false) => differences.push("without the slash at the end".into()),
            (false, true) => differences.push("with a slash at the end".into()),
            _ => {}
        }
        if path_of(&self.parsed) != self.parsed.path()
            || path_of(&saved.parsed) != saved.parsed.path()
        {
            differences.push("with another reference in its path".into());
        }
        let credentials =
            |url: &Url| (url.username().to_owned(), url.password().map(str::to_owned));
        if credentials(&self.parsed) != credentials(&saved.parsed) {
            differences.push("with another user name or password".into());
        }
        if self.parsed.fragment() != saved.parsed.fragment() {
            differences.push("at another place in the page".into());
        }
        if differences.is_empty() {
            differences.push("with its address written differently".into());
        }
        Some(format!("same page {}", differences.join(", ")))
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

/// The names of the parameters that don't count, each once.
fn ignored_names(url: &Url) -> Vec<String> {
    let ignored = Ignored::at(url);
    let mut names: Vec<String> = Vec::new();
    for parameter in url.query().unwrap_or_default().split('&') {
        let parameter = unescaped(parameter);
        if ignored.has(&parameter) {
            let name = parameter.split('=').next().unwrap_or_default().to_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Host and path as the URL standard normalises them, http = https, no default
/// port, no slash at the end, no parameter that doesn't count, no fragment unless it
/// routes; percent-encoding as RFC 3986, 6.2.2 compares it. User name and password don't
/// make another page.
fn page_key(url: &Url) -> String {
    let route = route_of(url, &unescaped(url.fragment().unwrap_or_default()));
    if !matches!(url.scheme(), "http" | "https") {
        let mut whole = url.clone();
        whole.set_fragment(None);
        // Read again until that changes nothing: of `file://host//c:/x` the first
        // reading drops a slash, and only the second one sees the drive, which no
        // host goes with. Each reading that changes something leaves less.
        while let Ok(again) = Url::parse(&unescaped(&without_user_info(whole.as_str())))
            && again.as_str().len() < whole.as_str().len()
        {
            whole = again;
        }
        return format!("{}{route}", unescaped(whole.as_str()));
    }
    let host = url.host_str().unwrap_or_default();
    // Both default ports go: the key has one scheme for both.
    let port = match url.port() {
        None | Some(80 | 443) => String::new(),
        Some(port) => format!(":{port}"),
    };
    let path = unescaped(path_of(url));
    let path = match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    let kept: Vec<Cow<'_, str>> = kept_parameters(url).collect();
    let query = if kept.is_empty() {
        String::new()
    } else {
        format!("?{}", kept.join("&"))
    };
    format!("https://{host}{port}{path}{query}{route}")
}

/// The parameters that count, with their percent-encoding normalised.
fn kept_parameters(url: &Url) -> impl Iterator<Item = Cow<'_, str>> {
    let ignored = Ignored::at(url);
    url.query()
        .unwrap_or_default()
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(unescaped)
        .filter(move |parameter| !ignored.has(parameter))
}

/// Percent-encoding as RFC 3986, 6.2.2 compares it: what needs none is decoded, and hex
/// digits are capitals. What stands after a `%` that encodes nothing may make it encode
/// something, so this goes on until nothing changes.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut text = text.to_owned();
    loop {
        let mut plain = String::with_capacity(text.len());
        let mut parts = text.split('%');
        plain.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let byte = part
                .get(..2)
                .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
                .and_then(|hex| u8::from_str_radix(hex, 16).ok());
            match byte {
                Some(byte)
                    if byte.is_ascii_alphanumeric()
                        || matches!(byte, b'-' | b'.' | b'_' | b'~') =>
                {
                    plain.push(char::from(byte));
                    plain.push_str(&part[2..]);
                }
                Some(byte) => {
                    plain.push_str(&format!("%{byte:02X}"));
                    plain.push_str(&part[2..]);
                }
                None => {
                    plain.push('%');
                    plain.push_str(part);
                }
            }
        }
        if plain.len() == text.len() {
            return Cow::Owned(plain);
        }
        text = plain;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(url: &str) -> String {
        PageUrl::parse(url).unwrap().key().to_owned()
    }

    #[test]
    fn one_page_has_one_key() {
        for (url, expected) in [
            ("http://Example.COM:80/a/", "https://example.com/a"),
            ("https://example.com:443/a", "https://example.com/a"),
            ("https://example.com", "https://example.com/"),
            ("https://example.com//", "https://example.com/"),
            ("https://example.com:8443/a", "https://example.com:8443/a"),
            ("https://example.com/a/../b/./c", "https://example.com/b/c"),
            (
                "https://example.com/?utm_source=x&id=7&UTM_Medium=y&b=2",
                "https://example.com/?id=7&b=2",
            ),
            (
                "https://example.com/?b=2&a=1",
                "https://example.com/?b=2&a=1",
            ),
            ("https://example.com/?fbclid=x", "https://example.com/"),
            ("https://example.com/?", "https://example.com/"),
            ("https://example.com/a#part", "https://example.com/a"),
            (
                "https://example.com/a#:~:text=word",
                "https://example.com/a",
            ),
            (
                "https://example.com/#/inbox/7",
                "https://example.com/#/inbox/7",
            ),
            (
                "https://example.com/#/inbox:~:text=word",
                "https://example.com/#/inbox",
            ),
            ("https://example.com/#!inbox", "https://example.com/#!inbox"),
            ("https://me:secret@example.com/", "https://example.com/"),
            (
                "https://bücher.example/ä",
                "https://xn--bcher-kva.example/%C3%A4",
            ),
            ("http://[::1]:6683/x", "https://[::1]:6683/x"),
            ("file:///tmp/a.html#x", "file:///tmp/a.html"),
        ] {
            assert_eq!(key(url), expected, "{url}");
        }
        assert_ne!(key("https://example.com/A"), key("https://example.com/a"));
        assert_ne!(key("https://www.example.com/"), key("https://example.com/"));
    }

    #[test]
    fn percent_encoding_is_compared_as_rfc_3986_says() {
        for (url, expected) in [
            ("https://e.org/%7Ejo/%61%2d%5F%2E", "https://e.org/~jo/a-_."),
            ("https://e.org/a%2fb%c3%a4", "https://e.org/a%2Fb%C3%A4"),
            (
                "https://e.org/?q=%41%2b%20&%75tm_source=x",
                "https://e.org/?q=A%2B%20",
            ),
            ("https://e.org/100%", "https://e.org/100%"),
            ("https://e.org/%%34%31", "https://e.org/A"),
            ("https://e.org/%2541", "https://e.org/%2541"),
            ("https://e.org/#/%7ejo", "https://e.org/#/~jo"),
            ("ftp://jo:pw@e.org/%7ejo%2f", "ftp://e.org/~jo%2F"),
        ] {
            assert_eq!(key(url), expected, "{url}");
        }
    }

    #[test]
    fn what_a_share_button_adds_makes_no_other_page() {
        for (shared, page) in [
            (
                "https://www.youtube.com/watch?v=a1&si=x&pp=y&t=42s",
                "https://www.youtube.com/watch?v=a1",
            ),
            (
                "https://www.youtube.com/watch?v=a1&list=PL1&index=3",
                "https://www.youtube.com/watch?v=a1",
            ),
            (
                "https://www.youtube.com/playlist?list=PL1&si=x",
                "https://www.youtube.com/playlist?list=PL1",
            ),
            ("https://youtu.be/a1?si=x", "https://youtu.be/a1"),
            (
                "https://x.com/jo/status/1?s=46&t=abc",
                "https://x.com/jo/status/1",
            ),
            (
                "https://twitter.com/jo/status/1?ref_src=twsrc%5Etfw",
                "https://twitter.com/jo/status/1",
            ),
            (
                "https://www.reddit.com/r/a/comments/1/b/?share_id=x&rdt=5",
                "https://www.reddit.com/r/a/comments/1/b",
            ),
            (
                "https://www.instagram.com/p/1/?igsh=x",
                "https://www.instagram.com/p/1",
            ),
            (
                "https://open.spotify.com/track/1?si=x&context=y",
                "https://open.spotify.com/track/1",
            ),
            (
                "https://www.tiktok.com/@jo/video/1?_r=1&_t=x",
                "https://www.tiktok.com/@jo/video/1",
            ),
            (
                "https://www.linkedin.com/posts/1?trk=x&rcm=y",
                "https://www.linkedin.com/posts/1",
            ),
            (
                "https://www.amazon.de/dp/B0/ref=sr_1_5?qid=1&sr=8-5&pd_rd_w=x",
                "https://www.amazon.de/dp/B0",
            ),
            (
                "https://jo.substack.com/p/a?r=x&utm_medium=web",
                "https://jo.substack.com/p/a",
            ),
            (
                "https://www.google.com/search?q=a&ved=x&sca_esv=y",
                "https://www.google.com/search?q=a",
            ),
            (
                "https://docs.google.com/document/d/1/edit?usp=sharing",
                "https://docs.google.com/document/d/1/edit",
            ),
            (
                "https://en.wikipedia.org/wiki/A?wprov=sfla1",
                "https://en.wikipedia.org/wiki/A",
            ),
        ] {
            assert_eq!(key(shared), key(page), "{shared}");
        }
        for (one, other) in [
            (
                "https://www.youtube.com/watch?v=a1",
                "https://www.youtube.com/watch?v=a2",
            ),
            (
                "https://www.youtube.com/playlist?list=PL1",
                "https://www.youtube.com/playlist?list=PL2",
            ),
            ("https://e.org/?s=1", "https://e.org/?s=2"),
            ("https://e.org/?si=1", "https://e.org/?si=2"),
            ("https://e.org/?list=1&v=1", "https://e.org/?list=2&v=1"),
            (
                "https://news.example/item?id=1",
                "https://news.example/item?id=2",
            ),
            (
                "https://www.reddit.com/r/a?sort=new",
                "https://www.reddit.com/r/a?sort=top",
            ),
            ("https://e.org/dp/B0/ref=a", "https://e.org/dp/B0/ref=b"),
        ] {
            assert_ne!(key(one), key(other), "{one}");
        }
    }

    #[test]
    fn says_why_two_addresses_are_one_page() {
        for (new, saved, because) in [
            (
                "https://e.org/?utm_source=x",
                "https://e.org/",
                "same page without utm_source",
            ),
            (
                "https://e.org/?utm_source=x&utm_medium=y&gclid=1",
                "http://e.org/",
                "same page without utm_source, utm_medium and gclid, over http",
            ),
            (
                "https://e.org/a",
                "https://e.org/a/",
                "same page with a slash at the end",
            ),
            (
                "https://e.org/a#b",
                "https://e.org/a",
                "same page at another place in the page",
            ),
            (
                "https://youtube.com/watch?v=1&list=2&si=3",
                "https://youtube.com/watch?v=1",
                "same page without list and si",
            ),
            (
                "https://jo:pw@e.org/a",
                "https://e.org/a",
                "same page with another user name or password",
            ),
            (
                "https://e.org/a",
                "https://E.org/a",
                "same page with its address written differently",
            ),
        ] {
            let (new, saved) = (PageUrl::parse(new).unwrap(), PageUrl::parse(saved).unwrap());
            assert_eq!(new.same_page_as(&saved).as_deref(), Some(because));
        }
        let url = PageUrl::parse("https://e.org/a").unwrap();
        assert_eq!(url.same_page_as(&url), None);
    }

    #[test]
    fn says_what_is_wrong_with_an_address() {
        let wrong = |url: &str| match PageUrl::parse(url) {
            Ok(url) => url.require_savable(false).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(wrong("example.com/a").contains("no scheme"));
        assert!(wrong("").contains("empty"));
        assert!(wrong("https://").contains("isn't a valid URL"));
        assert!(wrong("javascript:alert(1)").contains("not javascript:"));
        assert!(wrong("file:///etc/passwd").contains("save-file-urls"));
        assert!(wrong(&format!("https://e.org/{}", "a".repeat(70_000))).contains("64 KiB"));
        assert!(
            PageUrl::parse("file:///x")
                .unwrap()
                .require_savable(true)
                .is_ok()
        );
    }

    #[test]
    fn the_key_of_a_drive_behind_a_host_was_not_its_own_key() {
        for (text, key) in [
            ("file://host//c:/x", "file:///c:/x"),
            ("file://0//a://0//a:/x", "file:///a://0//a:/x"),
            ("file://0////a:/x", "file:///a:/x"),
            (
                "file://0//a://0//a://0/site:/a",
                "file:///a://0//a://0/site:/a",
            ),
        ] {
            let url = PageUrl::parse(text).unwrap();
            assert_eq!(url.key(), key, "{text}");
            assert_eq!(PageUrl::parse(key).unwrap().key(), key);
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(
            scheme in "(http|https|HTTP|ftp|file|about)",
            host in "([a-zA-Z0-9.]{1,12}|\\[::1\\]|bücher\\.example)",
            port in "(|:80|:443|:8080)",
            path in "(/[a-zA-Z0-9%./機 ]{0,8}){0,4}/{0,3}",
            query in "(|\\?[a-z_=&%+机]{0,20}|\\?utm_a=1&b=2&&fbclid=)",
            fragment in "(|#[a-z/!:~]{0,8}|#/x|#!y|#/x:~:text=z)",
        ) {
            let url = format!("{scheme}://{host}{port}{path}{query}{fragment}");
            if let Ok(page) = PageUrl::parse(&url) {
                let again = PageUrl::parse(page.key()).unwrap();
                prop_assert_eq!(again.key(), page.key());
                prop_assert_eq!(page.as_str(), url);
            }
        }

        #[test]
        fn never_panics(text in any::<String>(), other in any::<String>()) {
            if let (Ok(a), Ok(b)) = (PageUrl::parse(&text), PageUrl::parse(&other)) {
                let _ = a.same_page_as(&b);
            }
            let _ = PageUrl::parse(&format!("http://{text}"));
        }
    }

    #[test]
    fn fuzz_page_url() {
        crate::fuzz::text(
            &[
                "https://www.e.org:443/a/b/?utm_source=x&q=1#/route",
                "http://user:pass@[::1]:8080/%E6%A9%9F?a=b&&c#:~:text=d",
                "mailto:a@e.org",
                "file:///home/a",
                "https://www.youtube.com/watch?v=%61&list=b&t=1#@a/b?c=d&e=%%34%31",
                "https://www.amazon.co.uk/dp/a/ref=b#view=c&id=d/e",
                "ftp://u:p@h/%%32%35",
            ],
            |text| {
                if let Ok(url) = PageUrl::parse(text) {
                    assert_eq!(url.as_str(), text);
                    let key = PageUrl::parse(url.key()).unwrap();
                    assert_eq!(key.key(), url.key());
                    if url.key().starts_with("https:") {
                        assert_eq!(key.site(), url.site());
                    }
                    assert!(url.words().len() <= MAX_WORDS_BYTES);
                }
            },
        );
    }
}
