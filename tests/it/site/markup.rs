//! Checks the HTML of pages as strictly as the strictest browser would parse it.

/// Every element that a page of the site may contain.
const ELEMENTS: [&str; 51] = [
    "a",
    "article",
    "bdi",
    "blockquote",
    "body",
    "br",
    "button",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "input",
    "label",
    "li",
    "link",
    "main",
    "mark",
    "meta",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "span",
    "strong",
    "summary",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "ul",
];

/// The only permitted script element.
const SCRIPT: &str = "<script src=\"/site.js\"></script>";

/// Every permitted attribute. No `on…`, no `style`, no `src`.
const ATTRIBUTES: [&str; 28] = [
    "action",
    "aria-current",
    "aria-hidden",
    "aria-label",
    "aria-labelledby",
    "autocapitalize",
    "autocomplete",
    "charset",
    "class",
    "content",
    "datetime",
    "dir",
    "for",
    "href",
    "id",
    "lang",
    "name",
    "open",
    "placeholder",
    "rel",
    "role",
    "spellcheck",
    "start",
    "tabindex",
    "target",
    "title",
    "type",
    "value",
];

/// Returns text as it is escaped in the pages.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Checks all tags of a page: only known elements and attributes, quoted values, and harmless
/// links.
#[track_caller]
pub(super) fn assert_harmless(page: &str, of: &str) {
    let body = page
        .strip_prefix("<!DOCTYPE html>")
        .unwrap_or_else(|| panic!("{of} is no page"));
    let body = body.replacen(SCRIPT, "", 1);
    for tag in body.split('<').skip(1) {
        let (name, mut rest) = split_name(tag.strip_prefix('/').unwrap_or(tag));
        assert!(ELEMENTS.contains(&name), "{of}: <{tag}");
        while !rest.starts_with('>') {
            rest = rest
                .strip_prefix(' ')
                .unwrap_or_else(|| panic!("{of}: <{tag}"));
            let (name, after) = split_name(rest);
            assert!(ATTRIBUTES.contains(&name), "{of}: <{tag}");
            rest = after;
            if let Some(value) = rest.strip_prefix("=\"") {
                let (value, after) = value
                    .split_once('"')
                    .unwrap_or_else(|| panic!("{of}: <{tag}"));
                assert!(name != "href" || is_harmless_address(value), "{of}: <{tag}");
                rest = after;
            }
        }
    }
}

fn split_name(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '-')
        .unwrap_or(text.len());
    text.split_at(end)
}

fn is_harmless_address(address: &str) -> bool {
    let address = address.replace("&amp;", "&");
    let base = url::Url::parse("http://localhost:6683/").unwrap();
    let url = base.join(&address).unwrap();
    // Either an address on the site or a complete one of another site.
    if address.starts_with('/') || address.starts_with('#') {
        return url.host() == base.host();
    }
    matches!(url.scheme(), "http" | "https" | "mailto") && url::Url::parse(&address).is_ok()
}
