//! Decides which fragments identify a page of an application, and which only a position in a page.
//!
//! A fragment is a route if the site is a known application, or if it has the form of a route:
//! `#/inbox`, `#!inbox`, `#inbox/7`, `#?page=2`, `#view=list&id=7`, `#@alice`. Otherwise it is a
//! position in the page (`#section-3`, `#L10-L20`), and so are the parameters with which PDF
//! readers (ISO 32000, RFC 8118), media (W3C Media Fragments) and document editors address a
//! position. A fragment directive (`:~:text=…`, WICG "URL Fragment Text Directives") never counts,
//! nor does a token left by a sign-in (RFC 6749, 4.2.2).

use url::Url;

use super::{
    page_forms::is_results,
    secrets::is_token_name,
    share_parameters::{Ignored, is_below},
};

/// Applications in which every fragment is a page. Source: their own addresses.
const APPLICATIONS: &[&str] = &[
    "mail.google.com",
    "contacts.google.com",
    "keep.google.com",
    "web.telegram.org",
    "webk.telegram.org",
    "webz.telegram.org",
    "mega.nz",
    "matrix.to",
    "app.element.io",
    "godbolt.org",
    "gchq.github.io", // CyberChef
    "app.fastmail.com",
    "app.tuta.com",
    "mail.tutanota.com",
    "excalidraw.com",
    "tiddlywiki.com",
    "tiddlyhost.com",
];

/// Sites on which no fragment is a page, whatever its form. Source: their own addresses.
const DOCUMENTS: &[&str] = &[
    "docs.google.com",
    "drive.google.com",
    "books.google.*",
    "youtube.com",
    "youtu.be",
    "github.com",
    "wikipedia.org",
    "wikimedia.org",
    "wiktionary.org",
    "wikisource.org",
    "wikidata.org",
    "arxiv.org",
];

/// Fragment parameters that address a position in a page, or track where a link comes from.
const PLACES: &[&str] = &[
    "t",
    "time",
    "start",
    "end",
    "xywh",
    "track", // media
    "nameddest",
    "zoom",
    "toolbar",
    "navpanes",
    "pagemode",
    "search",
    "highlight",
    "comment", // PDF
    "heading",
    "slide",
    "gid",
    "range",
    "bookmark",
    "cell", // editors
    "line",
    "lines",
    "section",
    "sec",
    "anchor",
    "scroll",
    "para",
    "paragraph",
    "footnote",
    "ref",
    "source",
    "from",
    "via",
    "referrer",
    "xtor",
    "at_pco",
    "comments",
];

/// Parameters that address a position only in a PDF.
const PDF_PLACES: &[&str] = &["page", "view", "viewrect", "fdf"];

/// Returns the fragment of a page key with its `#`, or an empty text if the fragment isn't a route.
pub(super) fn route_of(url: &Url, fragment: &str) -> String {
    let fragment = fragment.split(":~:").next().unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let known = |hosts: &[&str]| hosts.iter().any(|known| is_below(host, known));
    if matches!(fragment, "" | "/" | "!" | "!/") || known(DOCUMENTS) || is_results(url) {
        return String::new();
    }
    if known(APPLICATIONS) || fragment.starts_with(['/', '!', '@']) {
        return format!("#{}", without_tokens(fragment));
    }
    let (path, query) = match fragment.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None if is_parameters(fragment) => ("", None),
        None => (fragment, None),
    };
    let parameters = match query {
        Some(query) if is_parameters(query) => Some(query),
        None if is_parameters(fragment) => Some(fragment),
        _ => None,
    };
    if let Some(parameters) = parameters {
        let kept = kept(url, parameters);
        return match (query, kept.as_str()) {
            (None, "") => String::new(),
            (None, kept) => format!("#{kept}"),
            (Some(_), "") if !is_path(path) => String::new(),
            (Some(_), "") => format!("#{path}"),
            (Some(_), kept) => format!("#{path}?{kept}"),
        };
    }
    if is_path(fragment) {
        return format!("#{fragment}");
    }
    String::new()
}

/// Returns whether the whole text is one or more `name=value`.
fn is_parameters(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']'))
    };
    let mut some = false;
    for parameter in text.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some((name, value)) if is_name(name) => {
                some |= !value.trim_start_matches('=').is_empty()
            }
            // `view=a&fullscreen`.
            None if some && is_name(parameter) => {}
            _ => return false,
        }
    }
    some
}

/// Returns whether a fragment is a path such as `inbox/7`. The anchor of a heading keeps its
/// capital and has `_` for spaces (`TCP/IP`, `Input/output` in `MediaWiki`); pages of wikis have no
/// routes.
fn is_path(fragment: &str) -> bool {
    let Some((first, rest)) = fragment.split_once('/') else {
        return false;
    };
    !rest.is_empty()
        && !first.is_empty()
        && first.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && first
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
}

/// Returns the parameters that identify the page, in their order.
fn kept(url: &Url, parameters: &str) -> String {
    let ignored = Ignored::at(url);
    let in_pdf = is_pdf(url);
    let among = |name: &str, known: &[&str]| known.iter().any(|k| name.eq_ignore_ascii_case(k));
    let kept: Vec<&str> = parameters
        .split('&')
        .filter(|parameter| {
            let name = parameter.split('=').next().unwrap_or_default();
            let is_place = among(name, PLACES) || in_pdf && among(name, PDF_PLACES);
            let means_nothing = parameter.is_empty() || name == "_" || is_place;
            !(means_nothing || ignored.has(parameter) || is_token_name(name))
        })
        .collect();
    // The remains of a sign-in concern only the sign-in.
    let signed_in = parameters
        .split('&')
        .any(|parameter| is_token_name(parameter.split('=').next().unwrap_or_default()));
    let about_sign_in = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default();
        among(name, SIGN_IN)
    };
    if signed_in {
        return kept
            .into_iter()
            .filter(|parameter| !about_sign_in(parameter))
            .collect::<Vec<_>>()
            .join("&");
    }
    kept.join("&")
}

/// Parameters beside a token in the answer to a sign-in (RFC 6749, 4.2.2; `OpenID` Connect).
const SIGN_IN: &[&str] = &[
    "token_type",
    "expires_in",
    "expires_at",
    "scope",
    "state",
    "session_state",
    "authuser",
    "prompt",
    "type",
    "provider_token",
    "provider_refresh_token",
    "iss",
    "hd",
];

/// Removes tokens from the parameters of a route.
fn without_tokens(route: &str) -> String {
    let Some((path, query)) = route.split_once('?') else {
        return route.to_owned();
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|parameter| !is_token_name(parameter.split('=').next().unwrap_or_default()))
        .collect();
    if kept.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", kept.join("&"))
    }
}

fn is_pdf(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    path.ends_with(".pdf") || path.contains("/pdf/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(url: &str) -> String {
        let url = Url::parse(url).unwrap();
        route_of(&url, url.fragment().unwrap_or_default())
    }

    #[test]
    fn applications_that_route_in_the_fragment_keep_their_pages_apart() {
        for (url, expected) in [
            (
                "https://mail.google.com/mail/u/1/#label/x/Fm1",
                "#label/x/Fm1",
            ),
            ("https://mail.google.com/mail/u/1/#starred", "#starred"),
            ("https://web.telegram.org/a/#-1001", "#-1001"),
            ("https://chat.example/#@carol", "#@carol"),
            ("https://e.org/#/room/!a:b.org", "#/room/!a:b.org"),
            ("https://e.org/#!topic/list/1", "#!topic/list/1"),
            ("https://e.org/app#?page=7", "#?page=7"),
            ("https://e.org/app#list?page=7", "#list?page=7"),
            ("https://e.org/app#users/12", "#users/12"),
            (
                "https://e.org/app#users/12/edit?tab=a",
                "#users/12/edit?tab=a",
            ),
            ("https://e.org/app#view=item&id=9", "#view=item&id=9"),
            ("https://e.org/app#page=2", "#page=2"),
            ("https://e.org/map#map=5/10.1/20.2", "#map=5/10.1/20.2"),
            (
                "https://e.org/app#view=item&utm_source=x&id=9",
                "#view=item&id=9",
            ),
            ("https://tiddlywiki.com/#Reference", "#Reference"),
        ] {
            assert_eq!(route(url), expected, "{url}");
        }
    }

    #[test]
    fn a_fragment_is_not_a_page_of_its_own() {
        for url in [
            "https://e.org/a#section-3",
            "https://e.org/a#toc",
            "https://e.org/a#L10-L20",
            "https://e.org/a#:~:text=some%20words",
            "https://e.org/a#part:~:text=x&text=y",
            "https://e.org/a.pdf#page=3",
            "https://e.org/pdf/2301.1#page=3&zoom=100",
            "https://e.org/a.mp4#t=30",
            "https://e.org/a.mp4#t=10,20&xywh=1,2,3,4",
            "https://e.org/a#xtor=RSS-1",
            "https://e.org/a#utm_source=x&utm_medium=y",
            "https://e.org/a#ref=home",
            "https://docs.google.com/document/d/1/edit#heading=h.abc",
            "https://docs.google.com/spreadsheets/d/1/edit#gid=12&range=A1",
            "https://docs.google.com/presentation/d/1/edit#slide=id.p3",
            "https://en.wikipedia.org/wiki/Protocol#input/output",
            "https://wiki.example/wiki/Protocol#TCP/IP",
            "https://wiki.example/wiki/Protocol#Input/output_units",
            "https://e.org/a#What_is_it?",
            "https://e.org/a#R&D",
            "https://e.org/a#a==",
            "https://e.org/a#method.from",
            "https://e.org/a#impl-From%3CT%3E",
            "https://e.org/a#_=_",
            "https://e.org/a#access_token=x&token_type=bearer&expires_in=3600&state=1",
            "https://e.org/a#",
            "https://e.org/a#/",
            "https://e.org/a#!",
            "https://github.com/a/b/blob/main/c.rs#L5",
            "https://github.com/a/b#a/b",
        ] {
            assert_eq!(route(url), "", "{url}");
        }
    }
}
