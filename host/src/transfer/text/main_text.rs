//! Finds the main text of a page by its landmarks, as the extension does in the browser: the text of
//! `main` or of its one article, without navigation, footers and the like.

use super::{
    landmarks::Secondary,
    tree::{Kind, NodeIndex, ROOT, Tree},
};

/// Length in characters from which a part that looks secondary by its name is kept, if less than
/// half of it is links.
const MANY_CHARS: usize = 4_000;

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

    /// Finds it by landmarks, as `read-text.js` does.
    pub(super) fn find(tree: &Tree) -> Self {
        let (chars, link_chars) = lengths(tree, |_| false);
        let prose: Vec<usize> = chars
            .iter()
            .zip(&link_chars)
            .map(|(all, links)| all.saturating_sub(*links))
            .collect();
        let root = root(tree, &prose);
        let left_out: Vec<bool> = (0..tree.nodes.len())
            .map(|node| {
                let is_most = prose[node] * 2 >= prose[root];
                match tree.nodes[node].landmark.secondary {
                    Secondary::No => false,
                    Secondary::Certainly => true,
                    _ if is_most => false,
                    Secondary::Probably => true,
                    Secondary::ByName => {
                        chars[node] < MANY_CHARS || link_chars[node] * 2 >= chars[node]
                    }
                }
            })
            .collect();
        let (kept, _) = lengths(tree, |node| node != root && left_out[node]);
        if kept[root] == 0 {
            return Self::all(tree);
        }
        Self { root, left_out }
    }
}

/// Returns the part of the page that has its text: its one main part, and in it the article with
/// most of the text. `prose`: characters of each node outside of links.
fn root(tree: &Tree, prose: &[usize]) -> NodeIndex {
    let is_main = |node: NodeIndex| tree.nodes[node].landmark.is_main && prose[node] > 0;
    let mut root = ROOT;
    let mains = outermost(tree, ROOT, is_main);
    if let [only] = mains.as_slice()
        && prose[*only] * 4 >= prose[ROOT]
    {
        root = *only;
    }
    let articles = outermost(tree, root, |node| tree.nodes[node].kind == Kind::Article);
    let all: usize = articles.iter().map(|article| prose[*article]).sum();
    let article = articles
        .into_iter()
        .find(|article| all > 0 && prose[*article] * 5 >= all * 4);
    article
        .filter(|article| prose[*article] * 3 >= prose[root])
        .unwrap_or(root)
}

/// Returns the descendants of a node that are wanted and in no other one that is, in their order.
fn outermost(
    tree: &Tree,
    root: NodeIndex,
    is_wanted: impl Fn(NodeIndex) -> bool,
) -> Vec<NodeIndex> {
    let mut found = Vec::new();
    let mut waiting: Vec<NodeIndex> = tree.children(root).collect();
    while let Some(node) = waiting.pop() {
        match is_wanted(node) {
            true => found.push(node),
            false => waiting.extend(tree.children(node)),
        }
    }
    found.sort_unstable();
    found
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
