//! Addresses that only lead to another one: redirectors of services, views of browsers, and
//! addresses without a scheme.

use std::borrow::Cow;

use url::{Url, form_urlencoded};

/// Most nested redirectors.
const MAX_LAYERS: usize = 5;

/// A redirector: hosts (`*` stands for the variants of a service), the beginning of the path, and
/// the parameters that may contain the target; none if the whole query is the target.
///
/// Sources: the rules "redirections" of ClearURLs (<https://docs.clearurls.xyz>) and the list of
/// wrappers of the Neat URL and Skip Redirect extensions, of which only redirectors with a readable
/// target are included, not those that sign or encode it.
const REDIRECTORS: &[(&[&str], &str, &[&str])] = &[
    (
        &["google.*", "www.google.*", "news.google.*"],
        "/url",
        &["q", "url"],
    ),
    (
        &["www.youtube.com", "youtube.com", "m.youtube.com"],
        "/redirect",
        &["q"],
    ),
    (
        &[
            "l.facebook.com",
            "lm.facebook.com",
            "www.facebook.com",
            "m.facebook.com",
            "l.messenger.com",
        ],
        "/l.php",
        &["u"],
    ),
    (
        &["l.instagram.com", "l.threads.net", "l.threads.com"],
        "/",
        &["u"],
    ),
    (&["out.reddit.com"], "/", &["url"]),
    (&["slack-redir.net"], "/link", &["url"]),
    (&["steamcommunity.com"], "/linkfilter", &["url", "u"]),
    (&["vk.com", "m.vk.com", "away.vk.com"], "/away", &["to"]),
    (&["duckduckgo.com", "html.duckduckgo.com"], "/l/", &["uddg"]),
    (
        &["www.linkedin.com", "linkedin.com"],
        "/redir/redirect",
        &["url"],
    ),
    (
        &["www.linkedin.com", "linkedin.com"],
        "/safety/go",
        &["url"],
    ),
    (&["t.umblr.com"], "/redirect", &["z"]),
    (&["exit.sc", "gate.sc"], "/", &["url"]),
    (&["getpocket.com"], "/redirect", &["url"]),
    (&["*.safelinks.protection.outlook.com"], "/", &["url"]),
    (&["link.zhihu.com"], "/", &["target"]),
    (&["link.juejin.cn"], "/", &["target"]),
    (&["www.pixiv.net"], "/jump.php", &["url"]),
    (&["www.pixiv.net"], "/jump.php", &[]),
    (&["www.deviantart.com"], "/users/outgoing", &[]),
    (&["href.li"], "/", &[]),
];

/// Returns the target of a redirecting address, or `None` if it isn't one.
pub(super) fn unwrapped(address: &str) -> Option<String> {
    let mut target: Option<String> = None;
    for _ in 0..MAX_LAYERS {
        match layer(target.as_deref().unwrap_or(address)) {
            Some(inner) => target = Some(inner),
            None => break,
        }
    }
    target.filter(|target| after(target, "view-source:").is_none())
}

fn layer(address: &str) -> Option<String> {
    let target = match after(address, "view-source:") {
        Some(target) => Cow::Borrowed(target),
        None => match after(address, "about:reader?") {
            Some(query) => Cow::Owned(parameter(query, &["url"])?),
            None => of_redirector(address)?,
        },
    };
    // An address without a target stays unchanged.
    let is_page = Url::parse(&target).is_ok_and(|url| {
        matches!(
            url.scheme(),
            "http" | "https" | "about" | "file" | "view-source"
        )
    });
    is_page.then(|| target.into_owned())
}

fn of_redirector(address: &str) -> Option<Cow<'_, str>> {
    let rest = after(address, "https://").or_else(|| after(address, "http://"))?;
    // Most addresses have no parameters.
    let (place, query) = rest.split_once('?')?;
    let (host, path) = place
        .find('/')
        .map_or((place, "/"), |at| place.split_at(at));
    let (_, _, names) = REDIRECTORS.iter().find(|(hosts, start, names)| {
        path.starts_with(start)
            && hosts.iter().any(|own| is_host(host, own))
            && (names.is_empty() || names.iter().any(|name| has_parameter(query, name)))
    })?;
    if names.is_empty() {
        let decoded = percent_encoding::percent_decode_str(query)
            .decode_utf8()
            .ok()?;
        // A plain address, or an encoded one.
        return Some(if query.contains("://") {
            Cow::Borrowed(query)
        } else {
            decoded
        });
    }
    parameter(query, names).map(Cow::Owned)
}

fn after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let own = text.get(..start.len())?;
    own.eq_ignore_ascii_case(start)
        .then(|| &text[start.len()..])
}

fn is_host(host: &str, own: &str) -> bool {
    if let Some(end) = own.strip_prefix('*') {
        return host.len() > end.len() && host.to_ascii_lowercase().ends_with(end);
    }
    let Some(start) = own.strip_suffix('*') else {
        return host.eq_ignore_ascii_case(own);
    };
    // A country: `google.de`, `google.co.uk`.
    let end = after(host, start).unwrap_or_default();
    let labels = end.split('.').count();
    !end.is_empty()
        && labels <= 2
        && end.len() <= 6
        && end
            .bytes()
            .all(|byte| byte == b'.' || byte.is_ascii_alphabetic())
}

fn has_parameter(query: &str, name: &str) -> bool {
    query
        .split(['&', '#'])
        .any(|pair| pair.split_once('=').is_some_and(|(own, _)| own == name))
}

/// Returns the first of these parameters that is an address.
fn parameter(query: &str, names: &[&str]) -> Option<String> {
    let query = query.split('#').next().unwrap_or_default();
    names.iter().find_map(|name| {
        let mut all = form_urlencoded::parse(query.as_bytes());
        let (_, value) = all.find(|(own, value)| own == name && value.contains(':'))?;
        Some(value.into_owned())
    })
}

/// Adds `https:` to an address without a scheme. Returns `None` if it has one, or may be relative.
pub(super) fn with_scheme(address: &str) -> Option<String> {
    if let Some(host) = after(address, "www.") {
        let host = host.split(['/', '?', '#', ':']).next().unwrap_or_default();
        let is_host = host.contains('.') && !host.contains(char::is_whitespace);
        return is_host.then(|| format!("https://{address}"));
    }
    let host = address.strip_prefix("//")?;
    host.starts_with(char::is_alphanumeric)
        .then(|| format!("https:{address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_addresses_are_unwrapped() {
        for (address, expected) in [
            ("view-source:https://e.org/?a#b", "https://e.org/?a#b"),
            ("View-Source:view-source:https://e.org/", "https://e.org/"),
            (
                "about:reader?url=https%3A%2F%2Fe.org%2Fa%3Fb%3Dc%26d",
                "https://e.org/a?b=c&d",
            ),
            (
                "https://www.google.com/url?sa=t&url=https%3A%2F%2Fe.org%2F&usg=x",
                "https://e.org/",
            ),
            (
                "http://www.google.co.uk/url?q=http://e.org/a?b&sa=D",
                "http://e.org/a?b",
            ),
            ("https://google.de/url?q=https://e.org/", "https://e.org/"),
            (
                "https://www.youtube.com/redirect?event=x&q=https%3A%2F%2Fe.org",
                "https://e.org",
            ),
            (
                "https://l.facebook.com/l.php?u=https%3A%2F%2Fe.org%2F%3Ffbclid%3D1&h=x",
                "https://e.org/?fbclid=1",
            ),
            (
                "https://l.instagram.com/?u=https%3A%2F%2Fe.org%2F&e=x",
                "https://e.org/",
            ),
            (
                "https://out.reddit.com/t3_x?url=https%3A%2F%2Fe.org%2F&token=x",
                "https://e.org/",
            ),
            (
                "https://slack-redir.net/link?url=https%3A%2F%2Fe.org%2F&v=3",
                "https://e.org/",
            ),
            (
                "https://steamcommunity.com/linkfilter/?u=https%3A%2F%2Fe.org%2F",
                "https://e.org/",
            ),
            (
                "https://vk.com/away.php?to=https%3A%2F%2Fe.org%2F&cc_key=",
                "https://e.org/",
            ),
            (
                "https://duckduckgo.com/l/?kh=-1&uddg=https%3A%2F%2Fe.org%2F",
                "https://e.org/",
            ),
            (
                "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fe.org%2F&data=x",
                "https://e.org/",
            ),
            ("https://href.li/?https://e.org/?a=1", "https://e.org/?a=1"),
            (
                "https://www.pixiv.net/jump.php?https%3A%2F%2Fe.org%2F",
                "https://e.org/",
            ),
            // Nested redirectors.
            (
                "https://www.google.com/url?q=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3Dhttps%253A%252F%252Fe.org%252F",
                "https://e.org/",
            ),
        ] {
            assert_eq!(unwrapped(address).as_deref(), Some(expected), "{address}");
        }
    }

    #[test]
    fn addresses_without_a_target_stay() {
        for address in [
            "https://e.org/url?q=https://f.org/",
            "https://google.evil.example/url?q=https://e.org/",
            "https://www.google.com/search?q=https://e.org/",
            "https://www.google.com/url?q=words",
            "https://www.google.com/url?q=javascript:alert(1)",
            "https://www.youtube.com/watch?v=x&q=https://e.org/",
            "view-source:",
            "about:reader",
            "about:reader?url=x",
            "https://www.facebook.com/sharer.php?u=https://e.org/",
            "",
        ] {
            assert_eq!(unwrapped(address), None, "{address}");
        }
    }

    #[test]
    fn an_address_without_a_scheme_gets_one_where_it_is_plain() {
        for (address, expected) in [
            ("www.x.example", Some("https://www.x.example")),
            (
                "WWW.x.example:8080/a?b",
                Some("https://WWW.x.example:8080/a?b"),
            ),
            ("//x.example/a", Some("https://x.example/a")),
            ("www.x", None),
            ("x.example", None),
            ("/a", None),
            ("?Z-mb0g", None),
            ("https://www.x.example", None),
        ] {
            assert_eq!(with_scheme(address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn fuzz_redirects() {
        crate::fuzz::text(
            &[
                "https://www.google.com/url?q=https%3A%2F%2Fe.org&url=x",
                "view-source:about:reader?url=view-source:http://e.org",
                "https://href.li/?https://e.org",
            ],
            |text| {
                let _ = unwrapped(text);
                let _ = with_scheme(text);
            },
        );
    }
}
