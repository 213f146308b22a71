//! The forms that addresses of one page have: short links, players, host names, product titles,
//! versions, AMP.
//!
//! Only forms whose page follows from the address alone, without a request. `redd.it`, `t.co`,
//! `amzn.to` and the like are excluded, because only their servers know the target. So is
//! `music.youtube.com`, a different application with the same songs. The store keeps every address
//! as captured; a change of these rules only needs the page keys to be computed again
//! (`store/notes/page_keys.rs`).
//!
//! The kinds of page that are saved most:
//!
//! | kind | one page | another page | source |
//! |---|---|---|---|
//! | `YouTube` | `youtu.be/ID`, `/shorts/ID`, `/live/ID`, `/embed/ID`; `t`, `si`, `pp`, and `list` beside `v` | `/playlist`, `music.youtube.com` | share button and player, "Embed videos & playlists" |
//! | Amazon | `/TITLE/dp/ID`, `/gp/product/ID`, `/gp/aw/d/ID`, `ref=` in path and query | another country, `/-/en/`, `psc`, `smid` | Amazon's own links and redirects |
//! | X | `twitter.com`, `mobile.`, any user name before `/status/ID`, `/photo/1` | `/ID/quotes` | X's redirects |
//! | Reddit | `old.`, `new.`, `np.`; `/r/NAME/comments/ID/TITLE`, `/comments/ID` | a comment's own page, `sort` | Reddit's redirects and permalinks |
//! | Google results | `google.com`, spaces as `+`, every fragment, `oq`, `ved`, `sca_esv` … | `tbm`, `udm`, `tbs`, `start`, another country | Google's own links, the lists of `share_parameters.rs` |
//! | Wikipedia | `LANGUAGE.m.wikipedia.org`, `wprov`, every fragment | `oldid`, `action` | "Manual:MobileFrontend" of `MediaWiki` |
//! | `arXiv` | `/abs`, `/pdf`, `/html`, each with or without a version | another paper | "Understanding the arXiv identifier"; the popup names another version |
//! | GitHub | `?tab=readme-ov-file` and the other files shown below a repository | `?tab=repositories` | GitHub's own links |
//! | archive.org | scheme and port of the captured address, modifiers such as `id_`, `if_` | the page itself, another time of capture | the Wayback Machine's own links and frames |
//! | AMP | `google.com/amp/s/…`, `….cdn.ampproject.org/c/s/…`, `/ARTICLE/amp`, `.amp.html`, `?amp=1` | a page named `amp` | "Using the Google AMP Cache" on amp.dev; the AMP plugin for `WordPress` |
//!
//! Further sources: the DOI Handbook on `dx.doi.org`. Parameters are in `share_parameters.rs`,
//! fragments in `app_routes.rs`.

use std::borrow::Cow;

use url::Url;

use super::share_parameters::is_below;

/// Host names that redirect to another one with the same paths.
const HOSTS: &[(&str, &str)] = &[
    ("youtube.com", "www.youtube.com"),
    ("m.youtube.com", "www.youtube.com"),
    ("twitter.com", "x.com"),
    ("www.twitter.com", "x.com"),
    ("mobile.twitter.com", "x.com"),
    ("www.x.com", "x.com"),
    ("mobile.x.com", "x.com"),
    ("reddit.com", "www.reddit.com"),
    ("old.reddit.com", "www.reddit.com"),
    ("new.reddit.com", "www.reddit.com"),
    ("np.reddit.com", "www.reddit.com"),
    ("m.reddit.com", "www.reddit.com"),
    ("amp.reddit.com", "www.reddit.com"),
    ("google.com", "www.google.com"),
    ("www.github.com", "github.com"),
    ("www.arxiv.org", "arxiv.org"),
    ("export.arxiv.org", "arxiv.org"),
    ("m.wikidata.org", "www.wikidata.org"),
    ("m.mediawiki.org", "www.mediawiki.org"),
    ("amp.theguardian.com", "www.theguardian.com"),
    ("dx.doi.org", "doi.org"),
];

/// Projects whose mobile pages are at `LANGUAGE.m.PROJECT`.
const WIKIS: &[&str] = &[
    "wikipedia.org",
    "wiktionary.org",
    "wikibooks.org",
    "wikinews.org",
    "wikiquote.org",
    "wikisource.org",
    "wikiversity.org",
    "wikivoyage.org",
    "wikimedia.org",
];

/// Path prefixes of videos. In a short link, the video is the whole path.
const VIDEOS: &[&str] = &["shorts", "live", "embed", "v"];

/// Beginnings of the paths of products.
const PRODUCTS: &[&[&str]] = &[
    &["dp"],
    &["gp", "product"],
    &["gp", "aw", "d"],
    &["exec", "obidos", "ASIN"],
    &["o", "ASIN"],
];

/// Forms of a paper.
const PAPERS: &[&str] = &["abs", "pdf", "html"];

/// Sites on which a page may be named `amp`, or that hold other sites' pages.
const NOT_AMP: &[&str] = &[
    "github.com",
    "gitlab.com",
    "codeberg.org",
    "bitbucket.org",
    "npmjs.com",
    "pypi.org",
    "crates.io",
    "docs.rs",
    "hub.docker.com",
    "archive.org",
    "wikipedia.org",
];

/// Parameters that AMP's viewers and caches add.
const AMP_VIEWER: &[&str] = &["amp_js_v", "amp_gsa", "usqp", "aoh"];

/// Returns the address that leads to the same page by its rule, or the same address if no rule
/// applies. `path` is its decoded path.
pub(super) fn resolved<'a>(url: &'a Url, path: &str) -> Cow<'a, Url> {
    if url.host_str().is_none() || url.port().is_some() {
        return Cow::Borrowed(url);
    }
    match without_amp(url, path) {
        Some(page) => Cow::Owned(form_of(&page, page.path()).unwrap_or(page)),
        None => form_of(url, path).map_or(Cow::Borrowed(url), Cow::Owned),
    }
}

/// Returns the version of a paper that an address names.
pub(super) fn version_of<'a>(url: &Url, path: &'a str) -> Option<&'a str> {
    is_below(url.host_str()?, "arxiv.org")
        .then(|| paper_of(path)?.1)
        .flatten()
}

/// Returns the other form of an address.
fn form_of(url: &Url, path: &str) -> Option<Url> {
    let own = url.host_str()?;
    let host = host_of(own);
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let query = url.query().filter(|query| !query.is_empty());
    let mut form = url.clone();
    if let Some(video) = video_of(own, &parts) {
        form.set_host(Some("www.youtube.com")).ok()?;
        form.set_path("/watch");
        form.set_query(Some(&match query {
            Some(query) => format!("v={video}&{query}"),
            None => format!("v={video}"),
        }));
        return Some(form);
    }
    if let Some((shop, product)) = product_of(own, &parts) {
        form.set_host(Some(&shop)).ok()?;
        form.set_path(&format!("/dp/{product}"));
    } else {
        if *host != *own {
            form.set_host(Some(&host)).ok()?;
        }
        let other = match &*host {
            "x.com" => post_of(&parts),
            "www.reddit.com" => thread_of(&parts),
            "web.archive.org" => capture_of(path),
            "arxiv.org" => paper_of(path).map(|(id, _)| format!("/abs/{id}")),
            _ => None,
        };
        if let Some(other) = other {
            form.set_path(&other);
        }
        if let Some(query) = query.filter(|_| is_results(&form)) {
            form.set_query(Some(&query.replace('+', "%20")));
        }
    }
    (form != *url).then_some(form)
}

fn host_of(host: &str) -> Cow<'_, str> {
    match HOSTS.iter().find(|(from, _)| *from == host) {
        Some((_, to)) => (*to).into(),
        None => wiki_of(host).map_or(host.into(), Cow::Owned),
    }
}

/// Returns `en.wikipedia.org` for `en.m.wikipedia.org`.
fn wiki_of(host: &str) -> Option<String> {
    WIKIS.iter().find_map(|project| {
        let language = host.strip_suffix(project)?.strip_suffix(".m.")?;
        (!language.contains('.')).then(|| format!("{language}.{project}"))
    })
}

/// Returns the video of an address that has it in its path.
fn video_of<'p>(host: &str, parts: &[&'p str]) -> Option<&'p str> {
    let id = match (host, parts) {
        ("youtu.be", [id]) => id,
        (
            "youtube.com"
            | "www.youtube.com"
            | "m.youtube.com"
            | "www.youtube-nocookie.com"
            | "youtube-nocookie.com",
            [form, id],
        ) if VIDEOS.contains(form) => id,
        _ => return None,
    };
    let is_id = !id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    // Players of lists and channels have these in place of a video.
    (is_id && !matches!(*id, "videoseries" | "live_stream" | "playlist")).then_some(id)
}

/// Returns the shop and the number of a product.
fn product_of<'p>(host: &str, parts: &[&'p str]) -> Option<(String, &'p str)> {
    let bare = ["www.", "smile.", "m."]
        .iter()
        .find_map(|part| host.strip_prefix(part))
        .unwrap_or(host);
    let shop = bare.strip_prefix("amazon.")?;
    if shop.split('.').count() > 2 {
        return None;
    }
    let is_id = |id: &str| {
        id.len() == 10
            && id
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let product_in = |parts: &[&'p str]| {
        PRODUCTS.iter().find_map(|form| {
            let [id, rest @ ..] = parts.strip_prefix(*form)? else {
                return None;
            };
            let rest_is_reference = rest.iter().all(|part| part.starts_with("ref="));
            (is_id(id) && rest_is_reference).then_some(*id)
        })
    };
    let product = product_in(parts).or_else(|| match parts {
        // The title, which may be anything.
        [_, rest @ ..] if rest.first() == Some(&"dp") => product_in(rest),
        _ => None,
    })?;
    Some((format!("www.amazon.{shop}"), product))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Returns the path of a post by its number, which alone identifies it.
fn post_of(parts: &[&str]) -> Option<String> {
    let id = match parts {
        ["i", "web", "status", id] | [_, "status" | "statuses", id] => id,
        [_, "status", id, "photo" | "video", n] if is_number(n) => id,
        _ => return None,
    };
    is_number(id).then(|| format!("/i/status/{id}"))
}

/// Returns the path of a thread, or of a comment in it.
fn thread_of(parts: &[&str]) -> Option<String> {
    let rest = match parts {
        ["r" | "user" | "u", _, "comments", rest @ ..] | ["comments", rest @ ..] => rest,
        _ => return None,
    };
    let is_id = |id: &str| {
        (1..=12).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    match rest {
        [id] | [id, _] if is_id(id) => Some(format!("/comments/{id}")),
        [id, _, comment] if is_id(id) && is_id(comment) => {
            Some(format!("/comments/{id}/_/{comment}"))
        }
        _ => None,
    }
}

/// Returns the path of a capture without modifier, and without scheme and port of the captured
/// address.
fn capture_of(path: &str) -> Option<String> {
    let (time, target) = path.strip_prefix("/web/")?.split_once('/')?;
    let digits = time.trim_end_matches(|c: char| c.is_ascii_lowercase() || c == '_');
    let modifier = &time[digits.len()..];
    let is_modifier = modifier.is_empty() || modifier.len() == 3 && modifier.ends_with('_');
    if !is_number(digits) || digits.len() > 14 || !is_modifier {
        return None;
    }
    let bare = without_scheme(target);
    let (host, page) = bare.split_once('/').unwrap_or((bare, ""));
    let host = host
        .strip_suffix(":80")
        .or_else(|| host.strip_suffix(":443"))
        .unwrap_or(host);
    // A scheme within would be taken off the next time.
    let is_whole = host.contains('.') && without_scheme(host) == host;
    is_whole.then(|| format!("/web/{digits}/{}/{page}", host.to_ascii_lowercase()))
}

fn without_scheme(address: &str) -> &str {
    let rest = ["https", "http"].iter().find_map(|scheme| {
        let start = address.get(..scheme.len())?;
        let rest = &address[scheme.len()..];
        let rest = rest
            .strip_prefix(':')
            .or_else(|| rest.strip_prefix("%3A"))?;
        (start.eq_ignore_ascii_case(scheme) && rest.starts_with('/')).then_some(rest)
    });
    rest.map_or(address, |rest| rest.trim_start_matches('/'))
}

/// Returns the id and the version of the paper that a path names.
fn paper_of(path: &str) -> Option<(&str, Option<&str>)> {
    let (form, id) = path.trim_matches('/').split_once('/')?;
    let id = id.strip_suffix(".pdf").unwrap_or(id);
    PAPERS.contains(&form).then(|| paper_id(id)).flatten()
}

/// Splits an id of a paper, such as `1706.03762v5` or `hep-th/9901001`, into id and version.
pub(super) fn paper_id(text: &str) -> Option<(&str, Option<&str>)> {
    let is_digits = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && is_number(text)
    };
    let (id, version) = match text.rsplit_once('v') {
        Some((id, version)) if is_digits(version, 1..=3) => (id, Some(version)),
        _ => (text, None),
    };
    let is_id = match id.split_once('/') {
        Some((archive, number)) => {
            let (archive, class) = archive.split_once('.').unwrap_or((archive, "XX"));
            let is_archive = archive.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            let is_class = class.len() == 2 && class.bytes().all(|b| b.is_ascii_uppercase());
            !archive.is_empty() && is_archive && is_class && is_digits(number, 7..=7)
        }
        None => id
            .split_once('.')
            .is_some_and(|(month, number)| is_digits(month, 4..=4) && is_digits(number, 4..=5)),
    };
    is_id.then_some((id, version))
}

/// Returns whether an address is that of Google's results.
pub(super) fn is_results(url: &Url) -> bool {
    url.path() == "/search"
        && url
            .host_str()
            .is_some_and(|host| host.starts_with("www.") && is_below(host, "google.*"))
}

/// Returns the page of an address in AMP's viewers, caches and forms.
fn without_amp(url: &Url, path: &str) -> Option<Url> {
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let target = amp_target(url, path);
    let (page, path) = match &target {
        Some(target) => (target, target.path()),
        None => (url, path),
    };
    match without_amp_suffix(page.host_str()?, path) {
        Some(path) => {
            let mut page = page.clone();
            page.set_path(&path);
            Some(page)
        }
        None => target,
    }
}

fn is_amp_host(host: &str, path: &str) -> bool {
    let is_viewer = is_below(host, "google.*") && path.starts_with("/amp/");
    is_viewer || is_below(host, "cdn.ampproject.org")
}

/// Returns the page that a viewer or a cache shows.
fn amp_target(url: &Url, path: &str) -> Option<Url> {
    let host = url.host_str()?;
    if !is_amp_host(host, path) {
        return None;
    }
    let rest = ["/amp/", "/c/", "/v/"]
        .iter()
        .find_map(|start| path.strip_prefix(start))?;
    let rest = rest.strip_prefix("s/").unwrap_or(rest);
    if !rest.split('/').next()?.contains('.') {
        return None;
    }
    let kept = url.query().unwrap_or_default().split('&').filter(|kept| {
        let name = kept.split('=').next().unwrap_or_default();
        !kept.is_empty() && !AMP_VIEWER.contains(&name)
    });
    let query = kept.collect::<Vec<_>>().join("&");
    let sign = if query.is_empty() { "" } else { "?" };
    let target = Url::parse(&format!("https://{rest}{sign}{query}")).ok()?;
    // A viewer in a viewer would be taken off the next time.
    let is_page = target.port().is_none() && !is_amp_host(target.host_str()?, target.path());
    is_page.then_some(target)
}

/// Removes `/amp` after an article, and `.amp` before `.html`.
fn without_amp_suffix(host: &str, path: &str) -> Option<String> {
    if NOT_AMP.iter().any(|known| is_below(host, known)) {
        return None;
    }
    let mut page = path.trim_end_matches('/');
    while let Some(article) = page.strip_suffix("/amp").filter(|page| is_article(page)) {
        page = article.trim_end_matches('/');
    }
    if let Some(article) = page.strip_suffix(".amp.html") {
        let article = article.trim_end_matches(".amp");
        return (!article.ends_with('/')).then(|| format!("{article}.html"));
    }
    (page.len() < path.trim_end_matches('/').len()).then(|| page.to_owned())
}

/// Returns whether a path looks like that of an article: its last part is a file, a number, or has
/// words in it.
fn is_article(path: &str) -> bool {
    let name = path.trim_end_matches('/').rsplit('/').next();
    name.is_some_and(|name| {
        let is_file = name.ends_with(".html") || name.ends_with(".htm");
        let has_words = name.matches('-').count() >= 2 && !name.starts_with('@');
        is_file || has_words || is_number(name) && name.len() >= 4
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the form of an address, which must be its own form.
    fn form(url: &str) -> String {
        let url = Url::parse(url).unwrap();
        let form = resolved(&url, url.path()).into_owned();
        assert_eq!(*resolved(&form, form.path()), form);
        form.into()
    }

    #[test]
    fn a_product_is_one_page_in_every_form_of_its_address() {
        for url in [
            "https://www.amazon.de/dp/3897219433",
            "https://www.amazon.de/Tee-Trinken-Band-1/dp/3897219433",
            "https://www.amazon.de/Tee-Trinken/dp/3897219433/ref=sr_1_5",
            "https://www.amazon.de/gp/product/3897219433/",
            "https://www.amazon.de/gp/aw/d/3897219433",
            "https://www.amazon.de/exec/obidos/ASIN/3897219433/ref=nosim",
            "https://www.amazon.de/o/ASIN/3897219433",
            "https://amazon.de/dp/3897219433",
            "https://smile.amazon.de/dp/3897219433",
        ] {
            assert_eq!(form(url), "https://www.amazon.de/dp/3897219433", "{url}");
        }
        assert_eq!(
            form("https://www.amazon.co.uk/A/dp/B00ABCDEFG"),
            "https://www.amazon.co.uk/dp/B00ABCDEFG"
        );
        for url in [
            "https://www.amazon.de/dp/3897219433/reviews",
            "https://www.amazon.de/-/en/Tee/dp/3897219433",
            "https://www.amazon.de/product-reviews/3897219433",
            "https://www.amazon.de/dp/notanumber",
            "https://www.amazon.de/gp/bestsellers/books",
            "https://music.amazon.de/dp/3897219433",
            "https://aws.amazon.com/dp/3897219433",
            "https://amazon.evil.example.org/gp/product/3897219433",
        ] {
            assert_eq!(form(url), url);
        }
    }

    #[test]
    fn a_post_and_a_thread_are_one_page_in_every_form_of_their_address() {
        for (url, expected) in [
            (
                "https://twitter.com/jo/status/12",
                "https://x.com/i/status/12",
            ),
            ("https://x.com/jo/statuses/12", "https://x.com/i/status/12"),
            (
                "https://x.com/jo/status/12/photo/1",
                "https://x.com/i/status/12",
            ),
            (
                "https://x.com/jo/status/12/video/1",
                "https://x.com/i/status/12",
            ),
            ("https://x.com/i/web/status/12", "https://x.com/i/status/12"),
            (
                "https://x.com/jo/status/12/quotes",
                "https://x.com/jo/status/12/quotes",
            ),
            ("https://x.com/jo", "https://x.com/jo"),
            (
                "https://old.reddit.com/r/rust/comments/1ab2c/what_is_it/",
                "https://www.reddit.com/comments/1ab2c",
            ),
            (
                "https://reddit.com/r/rust/comments/1ab2c",
                "https://www.reddit.com/comments/1ab2c",
            ),
            (
                "https://np.reddit.com/user/jo/comments/1ab2c/x/",
                "https://www.reddit.com/comments/1ab2c",
            ),
            (
                "https://www.reddit.com/r/rust/comments/1ab2c/what_is_it/k9/",
                "https://www.reddit.com/comments/1ab2c/_/k9",
            ),
            (
                "https://www.reddit.com/r/rust/comments/1ab2c/comment/k9/",
                "https://www.reddit.com/comments/1ab2c/_/k9",
            ),
            (
                "https://old.reddit.com/r/rust/",
                "https://www.reddit.com/r/rust/",
            ),
            (
                "https://www.reddit.com/r/rust/comments/",
                "https://www.reddit.com/r/rust/comments/",
            ),
        ] {
            assert_eq!(form(url), expected, "{url}");
        }
    }

    #[test]
    fn a_paper_is_one_page_in_every_form_and_version() {
        for url in [
            "https://arxiv.org/abs/1706.03762",
            "https://arxiv.org/abs/1706.03762v5",
            "https://arxiv.org/pdf/1706.03762",
            "https://arxiv.org/pdf/1706.03762v7.pdf",
            "https://www.arxiv.org/html/1706.03762v7",
            "https://export.arxiv.org/abs/1706.03762",
        ] {
            assert_eq!(form(url), "https://arxiv.org/abs/1706.03762", "{url}");
        }
        assert_eq!(
            form("https://arxiv.org/pdf/math.GT/0309136v1"),
            "https://arxiv.org/abs/math.GT/0309136"
        );
        for url in [
            "https://arxiv.org/list/cs.AI/recent",
            "https://arxiv.org/abs/1706.037",
            "https://arxiv.org/pdf/1706.03762v7/extra",
            "https://e.org/pdf/1706.03762",
        ] {
            assert_eq!(form(url), url);
        }
        for (url, version) in [
            ("https://arxiv.org/pdf/1706.03762v7.pdf", Some("7")),
            ("https://arxiv.org/abs/1706.03762", None),
            ("https://e.org/abs/1706.03762v7", None),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(version_of(&url, url.path()), version);
        }
    }

    #[test]
    fn a_capture_is_one_page_whatever_its_modifier_and_the_scheme_of_its_address() {
        for url in [
            "https://web.archive.org/web/20200102030405/http://e.org/a",
            "https://web.archive.org/web/20200102030405/https://e.org/a",
            "https://web.archive.org/web/20200102030405id_/https://E.org:80/a",
            "https://web.archive.org/web/20200102030405if_/http:/e.org/a",
            "https://web.archive.org/web/20200102030405/http%3A//e.org/a",
            "https://web.archive.org/web/20200102030405/e.org/a",
        ] {
            let expected = "https://web.archive.org/web/20200102030405/e.org/a";
            assert_eq!(form(url), expected, "{url}");
        }
        for url in [
            "https://web.archive.org/web/*/http://e.org/a",
            "https://web.archive.org/web/2020*/e.org",
            "https://web.archive.org/web/20200102030405/http://http://e.org/a",
            "https://web.archive.org/save/http://e.org/a",
            "https://archive.org/details/a",
        ] {
            assert_eq!(form(url), url);
        }
    }

    #[test]
    fn an_amp_page_is_the_page_that_it_shows() {
        for (url, expected) in [
            (
                "https://www.google.com/amp/s/e.org/a/b.html",
                "https://e.org/a/b.html",
            ),
            (
                "https://www.google.de/amp/e.org/a?id=7&usqp=x&amp_js_v=0.1#aoh=1",
                "https://e.org/a?id=7",
            ),
            (
                "https://e-org.cdn.ampproject.org/c/s/e.org/2020/01/some-long-title/amp/?amp_gsa=1",
                "https://e.org/2020/01/some-long-title",
            ),
            (
                "https://e-org.cdn.ampproject.org/v/s/e.org/a",
                "https://e.org/a",
            ),
            (
                "https://e.org/some-long-title/amp/",
                "https://e.org/some-long-title",
            ),
            ("https://e.org/news/12345/amp", "https://e.org/news/12345"),
            ("https://e.org/a.html/amp", "https://e.org/a.html"),
            ("https://e.org/a.amp.html", "https://e.org/a.html"),
            (
                "https://amp.theguardian.com/tea/a",
                "https://www.theguardian.com/tea/a",
            ),
            (
                "https://www.google.com/amp/s/en.m.wikipedia.org/wiki/Tea",
                "https://en.wikipedia.org/wiki/Tea",
            ),
            (
                "https://www.google.com/amp/s/youtu.be/a1",
                "https://www.youtube.com/watch?v=a1",
            ),
        ] {
            assert_eq!(form(url), expected, "{url}");
        }
        for url in [
            "https://github.com/some-user-name/amp",
            "https://www.npmjs.com/package/amp",
            "https://e.org/amp",
            "https://e.org/guitar/amp",
            "https://e.org/@jo-a-b/amp",
            "https://en.wikipedia.org/wiki/Amp",
            "https://e.org/.amp.html",
            "https://www.google.com/amp/s/www.google.com/amp/s/e.org",
            "https://www.google.com/amp/s/nothing",
            "https://e.org:8443/some-long-title/amp",
            "https://cdn.ampproject.org/v0.js",
        ] {
            assert_eq!(form(url), url);
        }
    }

    #[test]
    fn google_results_are_one_page_however_their_spaces_are_written() {
        assert_eq!(
            form("https://google.com/search?q=tea+time&start=10"),
            "https://www.google.com/search?q=tea%20time&start=10"
        );
        assert_eq!(
            form("https://e.org/search?q=a+b"),
            "https://e.org/search?q=a+b"
        );
    }

    #[test]
    fn a_short_link_is_the_address_that_it_leads_to() {
        for (short, long) in [
            (
                "https://youtu.be/dQw4w9WgXcQ",
                "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            ),
            (
                "https://youtu.be/dQw4w9WgXcQ/?t=42&list=PL1",
                "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=42&list=PL1",
            ),
            (
                "https://m.youtube.com/watch?v=a-_1",
                "https://www.youtube.com/watch?v=a-_1",
            ),
            (
                "https://youtube.com/shorts/a1?feature=share",
                "https://www.youtube.com/watch?v=a1&feature=share",
            ),
            (
                "https://www.youtube.com/live/a1",
                "https://www.youtube.com/watch?v=a1",
            ),
            (
                "https://www.youtube-nocookie.com/embed/a1",
                "https://www.youtube.com/watch?v=a1",
            ),
            (
                "https://mobile.twitter.com/jo/status/1",
                "https://x.com/i/status/1",
            ),
            (
                "https://de.m.wikipedia.org/wiki/Katze",
                "https://de.wikipedia.org/wiki/Katze",
            ),
            ("https://dx.doi.org/10.1/x", "https://doi.org/10.1/x"),
        ] {
            let url = Url::parse(short).unwrap();
            let there = resolved(&url, url.path()).into_owned();
            assert_eq!(there.as_str(), long, "{short}");
            assert_eq!(resolved(&there, there.path()).as_str(), long);
        }
    }

    #[test]
    fn what_only_a_server_knows_and_what_is_another_page_stays_apart() {
        for url in [
            "https://youtu.be/",
            "https://youtu.be/a1/b",
            "https://youtu.be/a%20b",
            "https://www.youtube.com/embed/videoseries?list=PL1",
            "https://www.youtube.com/embed/live_stream?channel=UC1",
            "https://www.youtube.com/@jo/live",
            "https://www.youtube.com/shorts/",
            "https://music.youtube.com/watch?v=a1",
            "https://youtu.be:8443/a1",
            "https://redd.it/1",
            "https://t.co/1",
            "https://m.wikipedia.org/",
            "https://a.b.m.wikipedia.org/",
            "https://notyoutu.be/a1",
            "https://youtube.example/shorts/a1",
            "file:///shorts/a1",
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(*resolved(&url, url.path()), url);
        }
    }
}
