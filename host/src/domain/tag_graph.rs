//! Implied tags: a graph in which each tag points at the tags that it implies. Pure.
//!
//! A note with the tag `rust` is also found by `programming` if `rust` implies it. Implied tags are
//! applied when notes are read and are never written to notes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::tag::Tag;

/// Longest chain of implied tags.
pub const MAX_IMPLIED_DEPTH: usize = 8;
/// Most tags that one tag may imply, directly or through others.
pub const MAX_IMPLIED: usize = 64;
/// Most tags that may imply one tag, directly or through others.
pub const MAX_IMPLYING: usize = 255;

/// A tag and one that it implies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Implication {
    /// The tag that notes have.
    pub tag: Tag,
    /// The tag that it implies.
    pub implied: Tag,
}

/// Why a tag can't imply another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It would imply itself.
    Itself,
    /// The other one implies it already. The chain leads from the other tag to this one.
    Circle(Vec<Tag>),
    /// A chain would be longer than [`MAX_IMPLIED_DEPTH`].
    TooDeep,
    /// This tag would imply more than [`MAX_IMPLIED`] others.
    TooManyImplied(Tag),
    /// More than [`MAX_IMPLYING`] tags would imply this one.
    TooManyImplying(Tag),
}

/// All tags that imply others or are implied. Never has a circle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagGraph {
    implied: BTreeMap<Tag, BTreeSet<Tag>>,
    implying: BTreeMap<Tag, BTreeSet<Tag>>,
}

type Edges = BTreeMap<Tag, BTreeSet<Tag>>;

impl TagGraph {
    /// Returns whether no tag implies another one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.implied.is_empty()
    }

    /// Returns whether a tag implies another one or is implied.
    #[must_use]
    pub fn contains(&self, tag: &Tag) -> bool {
        self.implied.contains_key(tag) || self.implying.contains_key(tag)
    }

    /// Returns all implications, by name.
    pub fn iter(&self) -> impl Iterator<Item = Implication> {
        self.implied.iter().flat_map(|(tag, all)| {
            all.iter().map(|implied| Implication {
                tag: tag.clone(),
                implied: implied.clone(),
            })
        })
    }

    /// Returns all tags that imply others or are implied, by name.
    pub fn tags(&self) -> impl Iterator<Item = &Tag> {
        let all: BTreeSet<&Tag> = self.implied.keys().chain(self.implying.keys()).collect();
        all.into_iter()
    }

    /// Returns the tags that are implied and imply no others, by name.
    pub fn tops(&self) -> impl Iterator<Item = &Tag> {
        self.implying
            .keys()
            .filter(|tag| !self.implied.contains_key(*tag))
    }

    /// Returns the tags that imply this one directly, by name.
    pub fn directly_implying(&self, tag: &Tag) -> impl Iterator<Item = &Tag> {
        self.implying.get(tag).into_iter().flatten()
    }

    /// Returns the tags that this one implies directly, by name.
    pub fn directly_implied(&self, tag: &Tag) -> impl Iterator<Item = &Tag> {
        self.implied.get(tag).into_iter().flatten()
    }

    /// Returns the tags that this one implies, directly or through others, nearest first.
    #[must_use]
    pub fn implied(&self, tag: &Tag) -> Vec<Tag> {
        reached(&self.implied, tag)
    }

    /// Returns the tags that imply this one, directly or through others, nearest first.
    #[must_use]
    pub fn implying(&self, tag: &Tag) -> Vec<Tag> {
        reached(&self.implying, tag)
    }

    /// Has one tag imply another one. Returns whether that is new.
    ///
    /// # Errors
    /// The reason if it can't; then nothing changes.
    pub fn add(&mut self, tag: &Tag, implied: &Tag) -> Result<bool, Refused> {
        if tag == implied {
            return Err(Refused::Itself);
        }
        if self
            .implied
            .get(tag)
            .is_some_and(|all| all.contains(implied))
        {
            return Ok(false);
        }
        if let Some(chain) = self.chain(implied, tag) {
            return Err(Refused::Circle(chain));
        }
        self.insert(tag, implied);
        let refused = self.broken_limit(tag, implied);
        match refused {
            Some(refused) => {
                self.remove(tag, implied);
                Err(refused)
            }
            None => Ok(true),
        }
    }

    /// Has a tag no longer imply another one. Returns whether it did.
    pub fn remove(&mut self, tag: &Tag, implied: &Tag) -> bool {
        let was = take(&mut self.implied, tag, implied);
        take(&mut self.implying, implied, tag);
        was
    }

    /// Gives the implications of a tag to the one that it was renamed to or merged into. Returns those
    /// that would make a circle or break a limit; they are dropped.
    pub fn merge(&mut self, gone: &Tag, stays: &Tag) -> Vec<Implication> {
        let mut dropped = Vec::new();
        for Implication { tag, implied } in self.of_tag(gone) {
            self.remove(&tag, &implied);
            let renamed = |tag: &Tag| if tag == gone { stays } else { tag }.clone();
            let (tag, implied) = (renamed(&tag), renamed(&implied));
            match self.add(&tag, &implied) {
                Ok(_) | Err(Refused::Itself) => {}
                Err(_) => dropped.push(Implication { tag, implied }),
            }
        }
        dropped
    }

    /// Removes a tag. What implied others through it implies them directly.
    pub fn remove_tag(&mut self, gone: &Tag) {
        let (below, above): (Vec<_>, Vec<_>) = self
            .of_tag(gone)
            .into_iter()
            .partition(|edge| edge.implied == *gone);
        for Implication { tag, implied } in below.iter().chain(&above) {
            self.remove(tag, implied);
        }
        for Implication { tag, .. } in &below {
            for Implication { implied, .. } in &above {
                // Chains only get shorter, and each tag implies what it implied before.
                self.insert(tag, implied);
            }
        }
    }

    /// Returns the implications from and to a tag.
    fn of_tag(&self, tag: &Tag) -> Vec<Implication> {
        let to = self.directly_implying(tag).map(|other| (other, tag));
        let from = self.implied.get(tag).into_iter().flatten();
        to.chain(from.map(|other| (tag, other)))
            .map(|(tag, implied)| Implication {
                tag: tag.clone(),
                implied: implied.clone(),
            })
            .collect()
    }

    fn insert(&mut self, tag: &Tag, implied: &Tag) {
        let put = |edges: &mut Edges, from: &Tag, to: &Tag| {
            edges.entry(from.clone()).or_default().insert(to.clone());
        };
        put(&mut self.implied, tag, implied);
        put(&mut self.implying, implied, tag);
    }

    /// Returns the limit that a new implication breaks, if any.
    fn broken_limit(&self, tag: &Tag, implied: &Tag) -> Option<Refused> {
        let (above, below) = (self.implied(implied), self.implying(tag));
        if longest(&self.implying, tag) + 1 + longest(&self.implied, implied) > MAX_IMPLIED_DEPTH {
            return Some(Refused::TooDeep);
        }
        let mut above = std::iter::once(implied).chain(&above);
        if let Some(full) = above.find(|top| self.implying(top).len() > MAX_IMPLYING) {
            return Some(Refused::TooManyImplying(full.clone()));
        }
        let mut below = std::iter::once(tag).chain(&below);
        let full = below.find(|bottom| self.implied(bottom).len() > MAX_IMPLIED)?;
        Some(Refused::TooManyImplied(full.clone()))
    }

    /// Returns the shortest chain by which a tag implies another one.
    fn chain(&self, from: &Tag, to: &Tag) -> Option<Vec<Tag>> {
        let mut before: HashMap<&Tag, &Tag> = HashMap::new();
        let mut queue = vec![from];
        let mut at = 0;
        while let Some(tag) = queue.get(at).copied() {
            at += 1;
            if tag == to {
                let steps = std::iter::successors(Some(to), |tag| before.get(tag).copied());
                let mut chain: Vec<Tag> = steps.cloned().collect();
                chain.reverse();
                return Some(chain);
            }
            for next in self.implied.get(tag).into_iter().flatten() {
                if next != from && !before.contains_key(next) {
                    before.insert(next, tag);
                    queue.push(next);
                }
            }
        }
        None
    }
}

/// Removes an edge, and the entry of a tag without edges.
fn take(edges: &mut Edges, from: &Tag, to: &Tag) -> bool {
    let Some(all) = edges.get_mut(from) else {
        return false;
    };
    let was = all.remove(to);
    if all.is_empty() {
        edges.remove(from);
    }
    was
}

/// Returns all tags that edges lead to, nearest first.
fn reached(edges: &Edges, from: &Tag) -> Vec<Tag> {
    let mut found: Vec<Tag> = Vec::new();
    let mut seen: BTreeSet<&Tag> = BTreeSet::from([from]);
    let mut level = vec![from];
    while !level.is_empty() {
        let next = level.iter().flat_map(|tag| edges.get(*tag)).flatten();
        level = next.filter(|tag| seen.insert(tag)).collect();
        found.extend(level.iter().copied().cloned());
    }
    found
}

/// Returns the length of the longest chain of edges from a tag.
fn longest(edges: &Edges, from: &Tag) -> usize {
    let mut level: BTreeSet<&Tag> = BTreeSet::from([from]);
    let mut length = 0;
    loop {
        level = level
            .iter()
            .filter_map(|tag| edges.get(*tag))
            .flatten()
            .collect();
        // A chain that was too long already counts as one step more.
        if level.is_empty() || length > MAX_IMPLIED_DEPTH {
            return length;
        }
        length += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tag(name: &str) -> Tag {
        Tag::parse(name).unwrap()
    }

    fn graph(edges: &[(&str, &str)]) -> TagGraph {
        let mut graph = TagGraph::default();
        for (from, to) in edges {
            graph.add(&tag(from), &tag(to)).unwrap();
        }
        graph
    }

    fn names(tags: &[Tag]) -> Vec<&str> {
        tags.iter().map(Tag::as_str).collect()
    }

    #[test]
    fn implications_go_through_other_tags() {
        let graph = graph(&[
            ("tokio", "rust"),
            ("rust", "programming"),
            ("go", "programming"),
        ]);
        assert_eq!(
            names(&graph.implied(&tag("tokio"))),
            ["rust", "programming"]
        );
        assert_eq!(
            names(&graph.implying(&tag("programming"))),
            ["go", "rust", "tokio"]
        );
        assert_eq!(
            names(&graph.tops().cloned().collect::<Vec<_>>()),
            ["programming"]
        );
        assert!(graph.implied(&tag("unknown")).is_empty());
    }

    #[test]
    fn circles_are_refused_with_their_chain() {
        let mut graph = graph(&[("a", "b"), ("b", "c")]);
        assert_eq!(graph.add(&tag("a"), &tag("a")), Err(Refused::Itself));
        let Err(Refused::Circle(chain)) = graph.add(&tag("c"), &tag("a")) else {
            panic!("no circle");
        };
        assert_eq!(names(&chain), ["a", "b", "c"]);
        assert_eq!(graph.add(&tag("a"), &tag("b")), Ok(false));
        assert_eq!(graph.add(&tag("a"), &tag("c")), Ok(true));
    }

    #[test]
    fn chains_and_sets_are_limited() {
        let mut chain = TagGraph::default();
        for step in 0..MAX_IMPLIED_DEPTH {
            let [from, to] = [step, step + 1].map(|n| tag(&n.to_string()));
            assert_eq!(chain.add(&from, &to), Ok(true));
        }
        let [last, next, first] = ["8", "9", "-1"].map(tag);
        assert_eq!(chain.add(&last, &next), Err(Refused::TooDeep));
        assert_eq!(chain.add(&first, &tag("0")), Err(Refused::TooDeep));
        assert!(!chain.contains(&next));
        let mut wide = graph(&[("top", "above")]);
        for n in 0..MAX_IMPLYING - 1 {
            wide.add(&tag(&format!("n{n}")), &tag("top")).unwrap();
        }
        // One less fits below the tag that the top implies.
        let full = Err(Refused::TooManyImplying(tag("above")));
        assert_eq!(wide.add(&tag("more"), &tag("top")), full);
        for n in 0..MAX_IMPLIED - 2 {
            wide.add(&tag("n0"), &tag(&format!("up{n}"))).unwrap();
        }
        let full = Err(Refused::TooManyImplied(tag("n0")));
        assert_eq!(wide.add(&tag("n0"), &tag("over")), full);
        assert_eq!(wide.add(&tag("top"), &tag("over")), full);
    }

    #[test]
    fn a_merge_moves_implications_and_drops_circles() {
        let mut graph = graph(&[("a", "x"), ("x", "b"), ("a", "y"), ("z", "a")]);
        let dropped = graph.merge(&tag("a"), &tag("b"));
        assert_eq!(
            dropped,
            [Implication {
                tag: tag("b"),
                implied: tag("x")
            }]
        );
        let left: Vec<_> = graph
            .iter()
            .map(|e| format!("{}>{}", e.tag, e.implied))
            .collect();
        assert_eq!(left, ["b>y", "x>b", "z>b"]);
    }

    #[test]
    fn what_a_removed_tag_stood_between_stays_implied() {
        let mut graph = graph(&[("a", "mid"), ("b", "mid"), ("mid", "top")]);
        graph.remove_tag(&tag("mid"));
        let left: Vec<_> = graph
            .iter()
            .map(|e| format!("{}>{}", e.tag, e.implied))
            .collect();
        assert_eq!(left, ["a>top", "b>top"]);
    }

    proptest! {
        #[test]
        fn no_order_of_edits_makes_a_circle_or_breaks_a_limit(
            edits in prop::collection::vec((0..4_u8, 0..12_u8, 0..12_u8), 0..60)
        ) {
            let mut graph = TagGraph::default();
            for (edit, from, to) in edits {
                let [from, to] = [from, to].map(|n| tag(&n.to_string()));
                match edit {
                    0 | 1 => drop(graph.add(&from, &to)),
                    2 => drop(graph.merge(&from, &to)),
                    _ => graph.remove_tag(&from),
                }
                for edge in graph.iter() {
                    prop_assert!(graph.chain(&edge.implied, &edge.tag).is_none());
                    prop_assert!(graph.implying[&edge.implied].contains(&edge.tag));
                    prop_assert!(longest(&graph.implied, &edge.tag) <= MAX_IMPLIED_DEPTH);
                }
                let both = graph.implying.values().map(BTreeSet::len).sum::<usize>();
                prop_assert_eq!(both, graph.iter().count());
            }
        }
    }
}
