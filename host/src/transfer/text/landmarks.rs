//! Finds the main text of a page by its landmarks, as the extension does in the browser: the text of
//! `main` or of its one article, without navigation, footers and the like.

use super::tree::{Kind, NodeIndex, ROOT, Tree};

/// Length in characters from which a part that looks secondary is kept, if less than half of it is
/// links.
const MANY_CHARS: usize = 4_000;
/// Length in characters below which a main text is doubtful.
const FEW_CHARS: usize = 200;
/// Longest class or id that is examined, in bytes.
const MAX_CLASS_BYTES: usize = 512;

/// What an element says about its place in the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Landmark {
    /// `main`, or an element with that role.
    pub(super) is_main: bool,
    secondary: Secondary,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Secondary {
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

/// The main text of a page.
pub(super) struct MainText {
    /// The element that contains it.
    pub(super) root: NodeIndex,
    /// Of each node, whether it is left out with everything in it.
    pub(super) left_out: Vec<bool>,
}

impl MainText {
    /// The whole page is the text.
    pub(super) fn all(tree: &Tree) -> Self {
        Self {
            root: ROOT,
            left_out: vec![false; tree.nodes.len()],
        }
    }

    /// Finds it by landmarks.
    pub(super) fn find(tree: &Tree) -> Self {
        let (chars, link_chars) = lengths(tree, |_| false);
        let left_out: Vec<bool> = (0..tree.nodes.len())
            .map(|node| match tree.nodes[node].landmark.secondary {
                Secondary::No => false,
                Secondary::Certainly => true,
                Secondary::Perhaps => {
                    chars[node] < MANY_CHARS || link_chars[node] * 2 >= chars[node]
                }
            })
            .collect();
        let (kept, _) = lengths(tree, |node| left_out[node]);
        if kept[ROOT] < FEW_CHARS && chars[ROOT] > kept[ROOT] {
            return Self::all(tree);
        }
        let mut root = ROOT;
        let mut mains = (0..tree.nodes.len())
            .filter(|node| tree.nodes[*node].landmark.is_main && kept[*node] > 0);
        if let (Some(only), None) = (mains.next(), mains.next())
            && kept[only] >= FEW_CHARS
        {
            root = only;
        }
        if let Some(article) = main_article(tree, root, &kept) {
            root = article;
        }
        Self { root, left_out }
    }
}

/// Returns the article with at least four fifths of the text of all articles in an element.
fn main_article(tree: &Tree, root: NodeIndex, kept: &[usize]) -> Option<NodeIndex> {
    let mut all = 0;
    let mut longest = None;
    let mut waiting: Vec<NodeIndex> = tree.children(root).collect();
    while let Some(node) = waiting.pop() {
        if tree.nodes[node].kind == Kind::Article {
            all += kept[node];
            if longest.is_none_or(|longest: NodeIndex| kept[longest] < kept[node]) {
                longest = Some(node);
            }
        } else {
            waiting.extend(tree.children(node));
        }
    }
    longest.filter(|article| kept[*article] >= FEW_CHARS && kept[*article] * 5 >= all * 4)
}

/// Returns the characters in each node, and those of links, without white space and without nodes
/// that are left out.
fn lengths(tree: &Tree, left_out: impl Fn(NodeIndex) -> bool) -> (Vec<usize>, Vec<usize>) {
    let mut chars = vec![0; tree.nodes.len()];
    let mut link_chars = vec![0; tree.nodes.len()];
    // Descendants follow their ancestors.
    for index in (1..tree.nodes.len()).rev() {
        let node = &tree.nodes[index];
        if left_out(index) {
            (chars[index], link_chars[index]) = (0, 0);
            continue;
        }
        match node.kind {
            Kind::Text => {
                let text = tree.text(index);
                chars[index] = text.chars().filter(|c| !c.is_whitespace()).count();
            }
            Kind::Link => link_chars[index] = chars[index],
            _ => {}
        }
        chars[node.parent] += chars[index];
        link_chars[node.parent] += link_chars[index];
    }
    (chars, link_chars)
}
