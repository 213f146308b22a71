//! Implied tags as a tree, and the neighbours of one tag in it.

use std::{cell::Cell, collections::HashMap};

use crate::{
    domain::{Tag, TagGraph},
    error::Result,
    store::{connection::reader::Reader, notes::tags::TagCount},
};

/// Most tags of a tree. A tag below several others counts each time.
const MAX_BRANCHES: usize = if cfg!(test) { 8 } else { 400 };

/// A tag with the tags that imply it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagBranch {
    /// The tag with its numbers of notes.
    pub count: TagCount,
    /// The tags that imply it directly, those with the most notes first.
    pub below: Vec<TagBranch>,
}

/// The tags that are implied but imply no others, each with all that are below.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagTree {
    /// Those with the most notes first.
    pub branches: Vec<TagBranch>,
    /// Whether the tree was too large and some tags are missing.
    pub is_cut: bool,
}

/// The neighbours of a tag in the tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFamily {
    /// The tags that imply it directly, those with the most notes first.
    pub implying: Vec<TagCount>,
    /// The tags that it implies, directly or through others, nearest first.
    pub implied: Vec<Tag>,
}

impl TagTree {
    /// Returns the tree of a graph, whose tags have these numbers of notes.
    #[must_use]
    pub fn of(graph: &TagGraph, counts: &HashMap<Tag, TagCount>) -> Self {
        let left = Cell::new(MAX_BRANCHES);
        let mut tops: Vec<&Tag> = graph.tops().collect();
        sort(&mut tops, counts);
        let branches = tops
            .into_iter()
            .map_while(|tag| branch(graph, counts, tag, &left))
            .collect();
        Self {
            branches,
            is_cut: left.get() == 0,
        }
    }
}

impl TagFamily {
    /// Returns the neighbours of a tag in a graph, whose tags have these numbers of notes.
    #[must_use]
    pub fn of(graph: &TagGraph, tag: &Tag, counts: &HashMap<Tag, TagCount>) -> Self {
        let mut implying: Vec<&Tag> = graph.directly_implying(tag).collect();
        sort(&mut implying, counts);
        Self {
            implying: implying
                .into_iter()
                .filter_map(|tag| counts.get(tag))
                .filter(|count| count.total() > 0)
                .cloned()
                .collect(),
            implied: graph.implied(tag),
        }
    }
}

impl Reader {
    /// Returns the tree of implied tags. `total` counts the notes with a tag or one that implies it.
    ///
    /// # Errors
    /// Those of `total`; the `store_*` kinds, as for every method here.
    pub fn tag_tree(&self, total: impl Fn(&Tag) -> Result<u64>) -> Result<TagTree> {
        let graph = self.tag_graph()?;
        if graph.is_empty() {
            return Ok(TagTree::default());
        }
        let counts = self.counts_of(&mut graph.tags(), total)?;
        Ok(TagTree::of(&graph, &counts))
    }

    /// Returns the neighbours of a tag in the tree.
    ///
    /// # Errors
    /// Those of `total`; the `store_*` kinds.
    pub fn tag_family(&self, tag: &Tag, total: impl Fn(&Tag) -> Result<u64>) -> Result<TagFamily> {
        let graph = self.tag_graph()?;
        if !graph.contains(tag) {
            return Ok(TagFamily::default());
        }
        let counts = self.counts_of(&mut graph.directly_implying(tag), total)?;
        Ok(TagFamily::of(&graph, tag, &counts))
    }

    fn counts_of(
        &self,
        tags: &mut dyn Iterator<Item = &Tag>,
        total: impl Fn(&Tag) -> Result<u64>,
    ) -> Result<HashMap<Tag, TagCount>> {
        let mut counts = tags
            .map(|tag| {
                Ok(TagCount {
                    uses: self.tag_uses(tag)?,
                    tag: tag.clone(),
                    implied: 0,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        self.count_implied(&mut counts, total)?;
        Ok(counts
            .into_iter()
            .map(|count| (count.tag.clone(), count))
            .collect())
    }
}

/// Returns a branch of the tree, or `None` if the tree is full.
fn branch(
    graph: &TagGraph,
    counts: &HashMap<Tag, TagCount>,
    tag: &Tag,
    left: &Cell<usize>,
) -> Option<TagBranch> {
    left.set(left.get().checked_sub(1)?);
    let mut below: Vec<&Tag> = graph.directly_implying(tag).collect();
    sort(&mut below, counts);
    Some(TagBranch {
        count: counts.get(tag)?.clone(),
        below: below
            .into_iter()
            .map_while(|tag| branch(graph, counts, tag, left))
            .collect(),
    })
}

/// Sorts tags: those with the most notes first, then by name.
fn sort(tags: &mut [&Tag], counts: &HashMap<Tag, TagCount>) {
    let total = |tag: &Tag| counts.get(tag).map_or(0, TagCount::total);
    tags.sort_by(|a, b| total(b).cmp(&total(a)).then_with(|| a.cmp(b)));
}
