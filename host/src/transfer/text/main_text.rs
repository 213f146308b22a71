//! Finds the main text of a page by its landmarks, as the extension does in the browser: the text of
//! `main` or of its one article, without navigation, footers and the like.

use super::{
    landmarks::Secondary,
    tree::{Kind, NodeIndex, ROOT, Tree},
};

/// Length in characters from which a part that looks secondary is kept, if less than half of it is
/// links.
const MANY_CHARS: usize = 4_000;
/// Length in characters below which a main text is doubtful.
const FEW_CHARS: usize = 200;

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
