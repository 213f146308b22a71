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
    /// By its class or id: kept if it is long and has few links.
    ByName,
    /// By what it is: kept only if it has half of a page's text.
    Probably,
    Certainly,
}

/// Words of a class or an id that mark what isn't the main text.
const SECONDARY_WORDS: &[&str] = &[
    "ad",
    "ads",
    "advert",
    "advertisement",
    "breadcrumb",
    "breadcrumbs",
    "consent",
    "cookie",
    "cookies",
    "menu",
    "modal",
    "nav",
    "navbar",
    "navigation",
    "newsletter",
    "pager",
    "pagination",
    "popup",
    "promo",
    "recommended",
    "related",
    "share",
    "sharing",
    "sidebar",
    "skip",
    "social",
    "sponsored",
    "subscribe",
    "toolbar",
];
/// Roles of what isn't the main text (WAI-ARIA 1.2).
const SECONDARY_ROLES: &[&str] = &[
    "alertdialog",
    "banner",
    "complementary",
    "contentinfo",
    "dialog",
    "menu",
    "menubar",
    "navigation",
    "search",
    "tablist",
    "toolbar",
];
/// Classes of what pages show beside the text for those who edit it.
const TOOLS: &[&str] = &["mw-editsection"];

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
    let classes = lower(b"class");
    let is_formula = name == b"math" || classes.contains("mwe-math-mathml");
    let is_hidden = attribute(b"hidden").is_some_and(|value| value != b"until-found")
        || lower(b"aria-hidden") == "true" && name != b"code"
        // Wikipedia shows an image in place of the source of a formula.
        || style.contains("display:none") && !is_formula
        || style.contains("visibility:hidden")
        || style.split(';').any(|rule| matches!(rule, "font-size:0" | "font-size:0px"))
        || attribute(b"contenteditable").is_some_and(|value| value != b"false")
        || classes.split_ascii_whitespace().any(|class| TOOLS.contains(&class));
    let role = lower(b"role");
    let is_main = name == b"main" || role == "main";
    let secondary = match name {
        b"nav" | b"footer" | b"dialog" => Secondary::Certainly,
        b"aside" | b"form" | b"search" => Secondary::Probably,
        b"header" if !in_main => Secondary::Probably,
        _ if SECONDARY_ROLES.contains(&role.as_str()) => Secondary::Probably,
        _ => {
            let names = [classes, lower(b"id")].join(" ");
            let mut words =
                names.split(|c: char| c.is_ascii_whitespace() || matches!(c, '_' | '-'));
            match words.any(|word| SECONDARY_WORDS.contains(&word)) {
                true => Secondary::ByName,
                false => Secondary::No,
            }
        }
    };
    (Landmark { is_main, secondary }, is_hidden)
}
