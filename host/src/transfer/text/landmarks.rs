//! What an element's name, role, class and id say about its place in a page, as the extension reads
//! them in the browser: whether it is the main text, navigation and the like, or hidden.

/// Longest class or id that is examined, in bytes.
const MAX_CLASS_BYTES: usize = 512;

/// What an element says about its place in the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Landmark {
    /// `main`, or an element with that role.
    pub(super) is_main: bool,
    pub(super) secondary: Secondary,
}

/// Whether an element holds something else than the main text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Secondary {
    #[default]
    No,
    /// By its name: kept if it holds most of a text.
    Perhaps,
    Certainly,
}

/// Words of a class or an id that mark what isn't the main text.
const SECONDARY_WORDS: &[&str] = &[
    "nav",
    "navbar",
    "menu",
    "sidebar",
    "cookie",
    "cookies",
    "consent",
    "newsletter",
    "share",
    "sharing",
    "related",
    "promo",
    "ad",
    "ads",
    "breadcrumb",
    "breadcrumbs",
    "pager",
];

/// Examines an element. Also returns whether it is hidden. `in_main` says whether it is in `main` or
/// an article.
pub(super) fn landmark<'a>(
    name: &[u8],
    attribute: impl Fn(&[u8]) -> Option<&'a [u8]>,
    in_main: bool,
) -> (Landmark, bool) {
    let lower = |name: &[u8]| {
        let value = attribute(name).unwrap_or_default();
        String::from_utf8_lossy(&value[..value.len().min(MAX_CLASS_BYTES)]).to_ascii_lowercase()
    };
    let style: String = lower(b"style").split_ascii_whitespace().collect();
    let is_hidden = attribute(b"hidden").is_some()
        || lower(b"aria-hidden") == "true" && name != b"code"
        || style.contains("display:none")
        || style.contains("visibility:hidden")
        || attribute(b"contenteditable").is_some_and(|value| value != b"false");
    let role = lower(b"role");
    let is_main = name == b"main" || role == "main";
    let secondary = match name {
        _ if is_main => Secondary::No,
        b"nav" | b"footer" | b"dialog" => Secondary::Certainly,
        b"header" if !in_main => Secondary::Perhaps,
        b"aside" | b"form" => Secondary::Perhaps,
        _ if matches!(
            role.as_str(),
            "navigation" | "banner" | "contentinfo" | "complementary" | "search" | "dialog"
        ) =>
        {
            Secondary::Certainly
        }
        b"article" | b"a" | b"span" => Secondary::No,
        _ => {
            let names = [lower(b"class"), lower(b"id")].join(" ");
            let mut words = names.split(|c: char| !c.is_ascii_alphanumeric());
            match words.any(|word| SECONDARY_WORDS.contains(&word)) {
                true => Secondary::Perhaps,
                false => Secondary::No,
            }
        }
    };
    (Landmark { is_main, secondary }, is_hidden)
}
