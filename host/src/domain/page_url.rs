//! A page's URL, and the page key, which decides whether two URLs are the same page.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::Url;

use super::{
    app_routes::route_of,
    page_forms,
    secrets::{without_plain_user_info, without_user_info},
    share_parameters::{Ignored, path_of},
};
use crate::error::{Error, Result};

/// Longest stored URL, in bytes.
const MAX_URL_BYTES: usize = 64 * 1024;
/// Longest searchable part of an address, in bytes.
const MAX_WORDS_BYTES: usize = 2048;

/// A URL as captured, with its page key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageUrl {
    text: String,
    parsed: Url,
    key: String,
}

/// Returns whether the host is one that the site uses as its own origin: 80 random bits in base 32
/// after an `n`, below `localhost`.
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
    /// Parses an absolute URL of any scheme. In a page of the notes' own site, replaces
    /// `LABEL.localhost` (`site/identity.rs`) by the public name `localhost`, so that no backup and
    /// no published page reveals the label.
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

    /// Refuses what a browser can't save: anything except http and https, and `file` unless the
    /// user has enabled it.
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

    /// Returns the URL byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the page key, which is itself a URL and its own page key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the web site: the host without a leading `www.`, or an empty text if the URL has
    /// none.
    #[must_use]
    pub fn site(&self) -> &str {
        let host = self.parsed.host_str().unwrap_or_default();
        host.strip_prefix("www.").unwrap_or(host)
    }

    /// Returns the host name, or an empty text if the URL has none.
    #[must_use]
    pub(super) fn host(&self) -> &str {
        self.parsed.host_str().unwrap_or_default()
    }

    /// Returns whether it is the address of a web site's home page.
    #[must_use]
    pub(super) fn is_home(&self) -> bool {
        self.parsed.path() == "/"
            && self.parsed.query().is_none()
            && self.parsed.fragment().is_none()
    }

    /// Returns the searchable part: site, path and parameters, decoded, without tracking
    /// parameters, and cut if it is too long.
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

    /// Returns the URL without user name and password, as it is shown.
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        without_user_info(&self.text)
    }

    /// Removes user name and password; the page stays the same.
    #[must_use]
    pub fn without_user_info(self) -> Self {
        match without_user_info(&self.text) {
            Cow::Borrowed(_) => self,
            Cow::Owned(shown) => Self::parse(&shown).unwrap_or(self),
        }
    }

    /// Returns whether the URL may become a link.
    #[must_use]
    pub fn is_linkable(&self) -> bool {
        matches!(self.parsed.scheme(), "http" | "https" | "mailto")
    }

    /// Returns how `saved`, a URL of the same page, differs from this one, in words ("same page
    /// without utm_source") and as the most significant difference, or `None` if they are equal.
    #[must_use]
    pub fn same_page_as(&self, saved: &Self) -> Option<(String, Difference)> {
        if self.text == saved.text || self.key != saved.key {
            return None;
        }
        let mut differences = Vec::new();
        let mut kind = Difference::Spelling;
        let ours = ignored_names(&resolved(&self.parsed));
        let theirs = ignored_names(&resolved(&saved.parsed));
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
        let has_other_host = self.parsed.host_str() != saved.parsed.host_str();
        if let Some(host) = saved.parsed.host_str().filter(|_| has_other_host) {
            differences.push(format!("at {host}"));
        }
        if self.parsed.scheme() != saved.parsed.scheme() {
            differences.push(format!("over {}", saved.parsed.scheme()));
        }
        let slash = |url: &Url| url.path().ends_with('/');
        match (slash(&self.parsed), slash(&saved.parsed)) {
            _ if has_other_host => {}
            (true, false) => differences.push("without the slash at the end".into()),
            (false, true) => differences.push("with a slash at the end".into()),
            _ => {}
        }
        let has_other_reference = path_of(&self.parsed) != self.parsed.path()
            || path_of(&saved.parsed) != saved.parsed.path();
        if has_other_reference {
            differences.push("with another reference in its path".into());
        }
        let path = |url: &Url| unescaped(path_of(url)).trim_end_matches('/').to_owned();
        let has_other_form = !has_other_host && path(&self.parsed) != path(&saved.parsed);
        let is_other_version = {
            let [ours, theirs] = [&self.parsed, &saved.parsed]
                .map(|url| page_forms::version_of(url, &unescaped(url.path())).map(str::to_owned));
            ours != theirs
        };
        if is_other_version {
            differences.push("in another version".into());
        } else if has_other_form {
            differences.push("in another form".into());
        }
        let credentials =
            |url: &Url| (url.username().to_owned(), url.password().map(str::to_owned));
        if credentials(&self.parsed) != credentials(&saved.parsed) {
            differences.push("with another user name or password".into());
            kind = Difference::UserInfo;
        }
        if self.parsed.fragment() != saved.parsed.fragment() {
            differences.push("at another place in the page".into());
            kind = Difference::Place;
        }
        if !without.is_empty() || !with.is_empty() || has_other_reference {
            kind = Difference::Tracking;
        }
        if has_other_host || has_other_form {
            kind = Difference::Form;
        }
        if is_other_version {
            kind = Difference::Version;
        }
        if differences.is_empty() {
            differences.push("with its address written differently".into());
        }
        Some((format!("same page {}", differences.join(", ")), kind))
    }
}

/// The most significant difference between two URLs of one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Another version of a paper.
    Version,
    /// One of them is a short link or has another form, or uses another host name of the site.
    Form,
    /// Parameters, or a reference in the path, that don't identify the page.
    Tracking,
    /// The position in the page.
    Place,
    /// User name or password.
    UserInfo,
    /// Scheme, slash, percent-encoding or letters.
    Spelling,
}

/// Returns the URL with a short link resolved.
fn resolved(url: &Url) -> Cow<'_, Url> {
    page_forms::resolved(url, &unescaped(path_of(url)))
}

fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

/// Returns the names of the parameters that don't count, without duplicates.
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

/// Computes the page key: host and path normalised by the URL standard, http = https, no default
/// port, no trailing slash, no parameter that doesn't count, no fragment unless it is a route;
/// percent-encoding as compared by RFC 3986, 6.2.2. User name and password don't make another page,
/// nor does another form of the address (`page_forms.rs`).
fn page_key(url: &Url) -> String {
    let mut key = key_read_once(&resolved(url));
    // Decoding may reveal a parameter or a path to which a rule applies. Each pass that changes
    // something makes the URL shorter.
    while url.as_str().contains('%')
        && let Ok(again) = Url::parse(&key)
        && let next = key_read_once(&resolved(&again))
        && next.len() < key.len()
    {
        key = next;
    }
    key
}

fn key_read_once(url: &Url) -> String {
    let route = route_of(url, &unescaped(url.fragment().unwrap_or_default()));
    if !matches!(url.scheme(), "http" | "https") {
        let mut whole = url.clone();
        whole.set_fragment(None);
        // Parsed again until nothing changes: of `file://host//c:/x`, the first pass drops a slash,
        // and only the second one sees the drive, with which no host is permitted. Each pass that
        // changes something makes the URL shorter.
        while let Ok(again) = Url::parse(&unescaped(&without_plain_user_info(whole.as_str())))
            && again.as_str().len() < whole.as_str().len()
        {
            whole = again;
        }
        return format!("{}{route}", unescaped(whole.as_str()));
    }
    let host = url.host_str().unwrap_or_default();
    // Removes both default ports, because the key has one scheme for both.
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

/// Returns the parameters that count, with normalised percent-encoding.
fn kept_parameters(url: &Url) -> impl Iterator<Item = Cow<'_, str>> {
    let ignored = Ignored::at(url);
    url.query()
        .unwrap_or_default()
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(unescaped)
        .filter(move |parameter| !ignored.has(parameter))
}

/// Normalises percent-encoding as compared by RFC 3986, 6.2.2: decodes what needs no encoding, and
/// uses capital hex digits. Decoding may complete another encoding after a `%`, so this repeats
/// until nothing changes.
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
    fn parameters_of_share_buttons_do_not_make_another_page() {
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

    /// For each site: an address, what share buttons, searches and mails add to it, and what makes
    /// it another page.
    const SITES: &[(&str, &str, &str)] = &[
        (
            "https://www.youtube.com/watch?v=a1",
            "si=x&pp=y&ab_channel=z&t=42s&list=PL1",
            "v=a2",
        ),
        (
            "https://www.youtube.com/playlist?list=PL1",
            "si=x",
            "list=PL2",
        ),
        (
            "https://www.youtube.com/results?search_query=a",
            "app=desktop",
            "sp=EgIQAw",
        ),
        (
            "https://x.com/jo/status/1",
            "s=46&t=abc&cxt=1&ref_src=x",
            "lang=de",
        ),
        ("https://x.com/search?q=a", "src=typed_query", "f=live"),
        (
            "https://www.threads.net/@jo/post/1",
            "xmt=a&slof=1&igshid=x",
            "hl=de",
        ),
        (
            "https://www.reddit.com/r/a/comments/1/b",
            "share_id=x&rdt=5&entry_point=y&post_index=1",
            "sort=new",
        ),
        (
            "https://www.instagram.com/p/1",
            "igsh=x&igshid=y&ig_rid=z&img_index=2",
            "lang=de",
        ),
        (
            "https://www.facebook.com/photo?fbid=1",
            "mibextid=x&__cft__[0]=y&__tn__=z&rdid=w",
            "set=a.2",
        ),
        (
            "https://www.tiktok.com/@jo/video/1",
            "_r=1&_t=x&trackParams=y&checksum=z",
            "lang=de",
        ),
        (
            "https://www.linkedin.com/jobs/search?currentJobId=1",
            "trk=x&trkInfo=y&trackingId=z&original_referer=w&refId=v",
            "currentJobId=2",
        ),
        (
            "https://open.spotify.com/track/1",
            "si=x&pi=y&dlsi=z&context=w",
            "locale=de",
        ),
        (
            "https://music.apple.com/de/album/a/1",
            "itsct=x&itscg=y&ct=z&at=w",
            "i=2",
        ),
        ("https://soundcloud.com/jo/a", "si=x", "in=jo/sets/b"),
        (
            "https://jo.bandcamp.com/album/a",
            "from=hp&search_rank=1",
            "tab=b",
        ),
        (
            "https://www.bilibili.com/video/BV1",
            "spm_id_from=x&vd_source=y&trackid=z&from_spmid=w",
            "p=2",
        ),
        (
            "https://www.nicovideo.jp/watch/sm1",
            "ref=x&transition_type=y",
            "from=30",
        ),
        (
            "https://www.amazon.de/dp/B0",
            "ref=x&qid=1&pd_rd_w=y&pf_rd_p=z&th=1&keywords=w&hvadid=1&tag=t-21&ref_=v",
            "smid=A1",
        ),
        ("https://www.amazon.de/dp/B0", "linkCode=x", "psc=1"),
        (
            "https://www.amazon.de/s?k=a",
            "crid=x&sprefix=y",
            "rh=n%3A1",
        ),
        ("https://www.amazon.de/s?i=b", "qid=1", "keywords=a"),
        (
            "https://www.ebay.de/itm/1",
            "_trkparms=x&hash=y&mkcid=1&_skw=z&ssrc=1",
            "var=2",
        ),
        (
            "https://www.etsy.com/listing/1/a",
            "click_key=x&ref=y&plkey=z&frs=1",
            "variation0=2",
        ),
        (
            "https://www.walmart.com/ip/1",
            "athcpid=x&from=/search&wmlspartner=y",
            "selected=true",
        ),
        (
            "https://www.aliexpress.com/item/1.html",
            "spm=x&algo_pvid=y&curPageLogUid=z&utparam-url=w&pdp_npi=v",
            "sku_id=2",
        ),
        (
            "https://detail.tmall.com/item.htm?id=1",
            "spm=x&ali_trackid=y",
            "skuId=2",
        ),
        (
            "https://www.temu.com/a.html",
            "_x_ads_id=x&refer_page_sn=1&_oak_region=2",
            "goods_id=1",
        ),
        (
            "https://www.google.com/search?q=a",
            "ved=x&sxsrf=y&ei=z&ie=UTF-8&client=w&source=hp&gs_lcrp=v",
            "tbm=isch",
        ),
        (
            "https://www.google.com/search?q=%83A",
            "sourceid=chrome",
            "ie=Shift_JIS",
        ),
        (
            "https://docs.google.com/document/d/1/edit",
            "usp=sharing&ouid=1&rtpof=true&sd=true",
            "tab=t.1",
        ),
        (
            "https://play.google.com/store/apps/details?id=a",
            "pcampaignid=x&referrer=y",
            "id=b",
        ),
        (
            "https://www.bing.com/search?q=a",
            "cvid=x&form=y&pq=z&refig=w",
            "first=11",
        ),
        (
            "https://duckduckgo.com/?q=a",
            "t=ffab&atb=v1&origin=x",
            "ia=images",
        ),
        (
            "https://yandex.ru/search?text=a",
            "clid=1&suggest_reqid=x&msid=y",
            "lr=213",
        ),
        (
            "https://image.baidu.com/search/index?word=a",
            "rsv_pq=x&rsv_t=y&inputT=1",
            "tn=baiduimage",
        ),
        (
            "https://news.yahoo.co.jp/articles/1",
            "source=sns&dv=pc&mid=other&date=1&ctg=it&bt=x",
            "page=2",
        ),
        ("https://medium.com/@jo/a-1", "source=x&sk=y", "page=2"),
        (
            "https://jo.substack.com/p/a",
            "r=x&publication_id=1&post_id=2&triedRedirect=true",
            "comments=1",
        ),
        (
            "https://substack.com/app-link/post?publication_id=1",
            "r=x",
            "post_id=2",
        ),
        ("https://www.tumblr.com/jo/1", "source=share", "page=2"),
        (
            "https://note.com/jo/n/n1",
            "sub_rt=share_h&magazine_key=x",
            "page=2",
        ),
        (
            "https://www.nytimes.com/2026/01/02/a.html",
            "smid=x&unlocked_article_code=y&sgrp=z",
            "page=2",
        ),
        (
            "https://www.theguardian.com/a",
            "CMP=share_btn_url",
            "page=2",
        ),
        (
            "https://www.bbc.com/news/a",
            "at_medium=x&ns_mchannel=y&xtor=z&ocid=w",
            "page=2",
        ),
        (
            "https://www.washingtonpost.com/a",
            "itid=x&pwapi_token=y",
            "page=2",
        ),
        (
            "https://www.bloomberg.com/news/a",
            "srnd=x&leadSource=y&trk=z",
            "page=2",
        ),
        ("https://www.wsj.com/a", "mod=x&reflink=y&st=z", "page=2"),
        ("https://www.forbes.com/sites/a", "sh=1", "page=2"),
        ("https://www.wired.com/story/a", "mbid=x&bxid=y", "page=2"),
        (
            "https://www.dailymail.co.uk/a.html",
            "ito=x&ns_campaign=y",
            "page=2",
        ),
        (
            "https://www.asahi.com/articles/A.html",
            "iref=x&ref=y",
            "page=2",
        ),
        (
            "https://www.nikkei.com/article/A",
            "n_cid=x&i_cid=y&n_tw=1",
            "page=2",
        ),
        ("https://www.quora.com/a", "share=1&oid=2", "__filter__=all"),
        (
            "https://stackoverflow.com/questions/1/a",
            "noredirect=1&lq=1&rq=3",
            "answertab=votes",
        ),
        (
            "https://math.stackexchange.com/questions/1/a",
            "noredirect=1&lq=1",
            "page=2",
        ),
        (
            "https://mp.weixin.qq.com/s?__biz=a&mid=1&idx=1&sn=b",
            "chksm=x&scene=21&mpshare=1",
            "idx=2",
        ),
        (
            "https://www.xiaohongshu.com/explore/1",
            "share_id=x&app_platform=y&xhsshare=z",
            "page=2",
        ),
        (
            "https://www.imdb.com/title/tt1",
            "ref_=x&pf_rd_p=y",
            "season=2",
        ),
        (
            "https://www.netflix.com/browse",
            "trackId=1&tctx=x",
            "jbv=2",
        ),
        ("https://en.wikipedia.org/wiki/A", "wprov=sfla1", "oldid=2"),
        (
            "https://en.wikipedia.org/w/index.php?title=A",
            "wprov=x",
            "action=history",
        ),
        (
            "https://store.steampowered.com/app/1/a",
            "snr=x",
            "l=german",
        ),
        (
            "https://github.com/a/b/issues",
            "notification_referrer_id=x&email_token=y&reference_location=z",
            "q=is%3Aopen",
        ),
        (
            "https://www.mozilla.org/en-US/firefox/all",
            "src=x&redirect_source=y",
            "platform=win",
        ),
        (
            "https://www.goodreads.com/book/show/1",
            "ref=x&from_search=true&qid=y&rank=1",
            "page=2",
        ),
        (
            "https://www.kickstarter.com/projects/jo/a",
            "ref=x",
            "tab=faq",
        ),
        (
            "https://www.meetup.com/a/events/1",
            "eventOrigin=x&recId=y",
            "page=2",
        ),
        (
            "https://www.airbnb.de/rooms/1",
            "federated_search_id=x&source_impression_id=y",
            "check_in=2026-12-01",
        ),
        (
            "https://www.booking.com/hotel/de/a.html",
            "aid=1&sid=x&label=y&srpvid=z",
            "checkin=2026-12-01",
        ),
        ("https://vk.com/wall-1_2", "trackcode=x", "reply=3"),
        (
            "https://example.org/a?id=7",
            "utm_id=x&gad_source=1&fbclid=y&mc_eid=z&irclickid=w&cm_mmc=v&itm_source=u",
            "id=8",
        ),
        (
            "https://example.org/a?id=7",
            "hsa_acc=1&bsft_uid=2&mtm_group=3&li_fat_id=4&_kx=5&wt_zmc=6",
            "__s=2",
        ),
        ("https://example.org/a", "gclid=1", "igsh=2"),
    ];

    #[test]
    fn a_sites_share_parameters_do_not_make_another_page_but_content_parameters_do() {
        for (page, added, other) in SITES {
            let with = |parameters: &str| {
                let sign = if page.contains('?') { '&' } else { '?' };
                format!("{page}{sign}{parameters}")
            };
            assert_eq!(key(&with(added)), key(page), "{page} {added}");
            assert_ne!(key(&with(other)), key(page), "{page} {other}");
            for parameter in added.split('&') {
                assert_eq!(key(&with(parameter)), key(page), "{page} {parameter}");
            }
        }
    }

    #[test]
    fn a_short_link_to_a_video_is_the_page_of_the_video() {
        let page = "https://www.youtube.com/watch?v=dQw4w9WgXcQ";
        for url in [
            "https://youtu.be/dQw4w9WgXcQ",
            "https://youtu.be/dQw4w9WgXcQ?si=x&t=42",
            "http://youtu.be/dQw4w9WgXcQ?list=PL1&index=2",
            "https://m.youtube.com/watch?v=dQw4w9WgXcQ&list=PL1",
            "https://youtube.com/watch?v=dQw4w9WgXcQ#t=42",
            "https://www.youtube.com/shorts/dQw4w9WgXcQ?feature=share",
            "https://youtube.com/live/dQw4w9WgXcQ?si=x",
            "https://www.youtube.com/embed/dQw4w9WgXcQ?start_radio=1",
            "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ",
            "https://youtu.be/%64Qw4w9WgXcQ",
        ] {
            assert_eq!(key(url), page, "{url}");
        }
        for url in [
            "https://youtu.be/dQw4w9WgXcR",
            "https://music.youtube.com/watch?v=dQw4w9WgXcQ",
            "https://www.youtube.com/playlist?list=dQw4w9WgXcQ",
            "https://www.youtube.com/embed/videoseries?list=PL1",
        ] {
            assert_ne!(key(url), page, "{url}");
        }
        assert_eq!(
            PageUrl::parse("https://youtu.be/a1").unwrap().site(),
            "youtu.be"
        );
        assert_eq!(
            key("https://twitter.com/jo/status/1"),
            key("https://x.com/jo/status/1?s=46")
        );
        assert_eq!(
            key("https://en.m.wikipedia.org/wiki/A"),
            key("https://en.wikipedia.org/wiki/A")
        );
    }

    #[test]
    fn the_kinds_of_page_that_are_saved_most_have_one_key_in_all_their_forms() {
        for (page, same, other) in [
            (
                "https://www.youtube.com/watch?v=a1",
                &[
                    "https://www.youtube.com/watch?v=a1&t=42s&si=x&pp=y&list=PL1&index=3",
                    "https://youtu.be/a1?t=42",
                    "https://www.youtube.com/embed/a1?start=30&autoplay=1",
                ][..],
                "https://www.youtube.com/watch?v=a2",
            ),
            (
                "https://www.amazon.com/dp/0131103628",
                &[
                    "https://www.amazon.com/C-Language/dp/0131103628/ref=sr_1_1?keywords=c&qid=1",
                    "https://www.amazon.com/C-Language/dp/0131103628/ref=sr_1_1/130-1",
                    "https://www.amazon.com/C-Language/dp/0131103628//ref=sr_1_1",
                    "https://amazon.com/gp/product/0131103628?ref=x&pd_rd_w=y",
                    "https://www.amazon.com/%64p/0131103628?ref_=x",
                ],
                "https://www.amazon.de/dp/0131103628",
            ),
            (
                "https://x.com/jo/status/12",
                &[
                    "https://twitter.com/jo/status/12?s=20&t=x",
                    "https://x.com/i/web/status/12",
                ],
                "https://x.com/jo/status/13",
            ),
            (
                "https://www.reddit.com/r/tea/comments/1ab/green/",
                &[
                    "https://old.reddit.com/r/tea/comments/1ab/green?share_id=x&utm_name=y",
                    "https://www.reddit.com/comments/1ab?context=3",
                ],
                "https://www.reddit.com/r/tea/comments/1ab/green/k9/",
            ),
            (
                "https://www.google.com/search?q=green+tea",
                &[
                    "https://www.google.com/search?q=green%20tea&oq=gre&sca_esv=1&ved=x",
                    "https://google.com/search?q=green+tea&client=firefox-b-d#vhid=x&vssid=l",
                ],
                "https://www.google.com/search?q=green+tea&start=10",
            ),
            (
                "https://en.wikipedia.org/wiki/Tea",
                &["https://en.m.wikipedia.org/wiki/Tea?wprov=sfla1#History"],
                "https://en.wikipedia.org/wiki/Tea?oldid=7",
            ),
            (
                "https://arxiv.org/abs/1706.03762",
                &[
                    "https://arxiv.org/pdf/1706.03762v7.pdf#page=3",
                    "https://arxiv.org/html/1706.03762v2",
                ],
                "https://arxiv.org/abs/1706.03763",
            ),
            (
                "https://github.com/jo/kettle",
                &[
                    "https://github.com/jo/kettle?tab=readme-ov-file#install",
                    "https://github.com/jo/kettle/?tab=MIT-1-ov-file",
                    "https://github.com/jo/kettle?tab=readme",
                ],
                "https://github.com/jo/kettle?tab=repositories",
            ),
            (
                "https://web.archive.org/web/20200102030405/https://e.org/a",
                &["http://web.archive.org/web/20200102030405id_/http://e.org:80/a/"],
                "https://e.org/a",
            ),
            (
                "https://e.org/2020/some-long-title",
                &[
                    "https://e.org/2020/some-long-title/amp/",
                    "https://e.org/2020/some-long-title?amp",
                    "https://e.org/2020/some-long-title/?amp=1",
                    "https://e.org/2020/some-long-title?outputType=amp",
                    "https://www.google.com/amp/s/e.org/2020/some-long-title/amp?amp_js_v=1",
                    "https://e-org.cdn.ampproject.org/v/s/e.org/2020/some-long-title/?usqp=x",
                ],
                "https://e.org/2020/some-long-title?amp=7",
            ),
            (
                "https://books.google.de/books?id=a1",
                &["https://books.google.de/books?id=a1#v=onepage&q=tea&f=false"],
                "https://books.google.de/books?id=a2",
            ),
        ] {
            for url in same {
                assert_eq!(key(url), key(page), "{url}");
            }
            assert_ne!(key(other), key(page), "{other}");
            for url in [page, other] {
                assert_eq!(key(&key(url)), key(url));
            }
        }
    }

    #[test]
    fn a_parameter_whose_name_was_encoded_made_a_key_that_was_not_its_own() {
        for (text, expected) in [
            (
                "https://www.youtube.com/watch?%76=a1&list=PL1",
                "https://www.youtube.com/watch?v=a1",
            ),
            (
                "https://www.amazon.de/%64p/B0?keywords=a",
                "https://www.amazon.de/dp/B0",
            ),
            ("https://e.org/%%32%45/a", "https://e.org/a"),
            (
                "https://m.youtube.com/%%37%33horts/a1",
                "https://www.youtube.com/watch?v=a1",
            ),
        ] {
            assert_eq!(key(text), expected, "{text}");
            assert_eq!(key(expected), expected);
        }
    }

    #[test]
    fn says_why_two_addresses_are_one_page() {
        for (new, saved, because, kind) in [
            (
                "https://e.org/?utm_source=x",
                "https://e.org/",
                "same page without utm_source",
                Difference::Tracking,
            ),
            (
                "https://e.org/?utm_source=x&utm_medium=y&gclid=1",
                "http://e.org/",
                "same page without utm_source, utm_medium and gclid, over http",
                Difference::Tracking,
            ),
            (
                "https://e.org/a",
                "https://e.org/a/",
                "same page with a slash at the end",
                Difference::Spelling,
            ),
            (
                "https://e.org/a#b",
                "https://e.org/a",
                "same page at another place in the page",
                Difference::Place,
            ),
            (
                "https://youtube.com/watch?v=1&list=2&si=3",
                "https://youtube.com/watch?v=1",
                "same page without list and si",
                Difference::Tracking,
            ),
            (
                "https://youtu.be/a1?si=3",
                "https://www.youtube.com/watch?v=a1",
                "same page without si, at www.youtube.com",
                Difference::Form,
            ),
            (
                "https://m.youtube.com/watch?v=a1",
                "https://youtu.be/a1",
                "same page at youtu.be",
                Difference::Form,
            ),
            (
                "https://www.amazon.de/dp/B0/ref=a",
                "https://www.amazon.de/dp/B0",
                "same page with another reference in its path",
                Difference::Tracking,
            ),
            (
                "https://arxiv.org/pdf/1706.03762v2",
                "https://arxiv.org/abs/1706.03762v1",
                "same page in another version",
                Difference::Version,
            ),
            (
                "https://arxiv.org/pdf/1706.03762v2",
                "https://arxiv.org/abs/1706.03762v2",
                "same page in another form",
                Difference::Form,
            ),
            (
                "https://www.amazon.de/Tee/dp/3897219433?ref=a",
                "https://www.amazon.de/dp/3897219433",
                "same page without ref, in another form",
                Difference::Form,
            ),
            (
                "https://jo:pw@e.org/a",
                "https://e.org/a",
                "same page with another user name or password",
                Difference::UserInfo,
            ),
            (
                "https://e.org/a",
                "https://E.org/a",
                "same page with its address written differently",
                Difference::Spelling,
            ),
        ] {
            let (new, saved) = (PageUrl::parse(new).unwrap(), PageUrl::parse(saved).unwrap());
            let said = new.same_page_as(&saved);
            assert_eq!(said, Some((because.to_owned(), kind)), "{}", new.as_str());
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
                "https://youtu.be/a1?%76=b&list=c&t=%%34%31",
                "https://m.youtube.com/%%37%33horts/a1?%6cist=b",
                "https://www.amazon.de/%64p/a/?keywords=b&%63=d&ie=%55TF-8",
                "ftp://u:p@h/%%32%35",
                "https://www.google.com/amp/s/e.org/a-b-c/%61mp/?amp=1&usqp=b",
                "https://web.archive.org/web/2020id_/http%3A//e.org:80/a-b-c/amp",
                "https://old.reddit.com/r/a/comments/1/b/c?d=%65",
                "https://www.google.de/search?q=a+b&amp#c=d",
                "https://export.arxiv.org/pdf/1706.03762v1.pdf?amp",
                "https://www.amazon.de/A/dp/3897219433/ref=b",
                "https://www.amazon.de/A/dp/3897219433/ref=b/c",
            ],
            |text| {
                if let Ok(url) = PageUrl::parse(text) {
                    assert_eq!(url.as_str(), text);
                    let key = PageUrl::parse(url.key()).unwrap();
                    assert_eq!(key.key(), url.key());
                    if url.key().starts_with("https:") && *resolved(&url.parsed) == url.parsed {
                        assert_eq!(key.site(), url.site());
                    }
                    assert!(url.words().len() <= MAX_WORDS_BYTES);
                }
            },
        );
    }
}
