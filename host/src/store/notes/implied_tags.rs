//! Implied tags: edits of which tags imply others, and the counts that they add.
//!
//! No note has a tag because another one implies it. A filter by a tag looks for that tag and all that
//! imply it, so an implication takes effect at once on all notes, and so does its removal.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _};

use crate::{
    domain::{Implication, MAX_IMPLYING, RefusedImplication, Tag, TagGraph},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::{
            aliases::{stored_name, tag_of_alias},
            tag_sets::{TagSet, alone, tag_graph, tag_set},
            tags::{TagCount, TagFilter, TagIds},
        },
        transaction::Writer,
    },
};

/// Most tags that implications add to a list of related tags.
const MAX_ADDED: usize = 16;

/// A tag that another one brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtTag {
    /// The implied tag.
    pub tag: Tag,
    /// The tag that implies it, directly or through others.
    pub by: Tag,
}

impl Reader {
    /// Returns which tags imply which.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn tag_graph(&self) -> Result<TagGraph> {
        tag_graph(&self.conn)
    }

    /// Returns the tags that come with these by implication, without these themselves, in the order of
    /// the tags that bring them.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn brought_tags(&self, tags: &[Tag]) -> Result<Vec<BroughtTag>> {
        let graph = self.tag_graph()?;
        let mut brought: Vec<BroughtTag> = Vec::new();
        if graph.is_empty() {
            return Ok(brought);
        }
        let tags = self.stored_names(tags)?;
        for by in &tags {
            for tag in graph.implied(by) {
                if !tags.contains(&tag) && !brought.iter().any(|known| known.tag == tag) {
                    let by = by.clone();
                    brought.push(BroughtTag { tag, by });
                }
            }
        }
        Ok(brought)
    }

    /// Returns the tags that each name of a filter means: the tag and those that imply it.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn named_sets(&self, names: &[Tag]) -> Result<Vec<Vec<Tag>>> {
        let mut name = self
            .conn
            .prepare_cached("SELECT name FROM tags WHERE id = ?")?;
        let mut sets = Vec::with_capacity(names.len());
        for tag in names {
            sets.push(match tag_set(&self.conn, tag)? {
                None => vec![tag.clone()],
                Some(set) => set
                    .ids
                    .iter()
                    .map(|id| Ok(Tag::from_stored(name.query_row([id], |row| row.get(0))?)))
                    .collect::<Result<_>>()?,
            });
        }
        Ok(sets)
    }

    /// Counts the notes that have these tags only by implication. `total` counts the notes with a tag
    /// or one that implies it; it is called for tags that others imply.
    ///
    /// # Errors
    /// Those of `total`; the `store_*` kinds.
    pub fn count_implied(
        &self,
        counts: &mut [TagCount],
        total: impl Fn(&Tag) -> Result<u64>,
    ) -> Result<()> {
        let implied: HashSet<i64> = self
            .conn
            .prepare_cached("SELECT parent_id FROM tag_parents")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if implied.is_empty() {
            return Ok(());
        }
        let mut id = self
            .conn
            .prepare_cached("SELECT id FROM tags WHERE name = ?")?;
        for count in counts {
            let id: Option<i64> = id
                .query_row([count.tag.as_str()], |row| row.get(0))
                .optional()?;
            if id.is_some_and(|id| implied.contains(&id)) {
                count.implied = total(&count.tag)?.saturating_sub(count.uses);
            }
        }
        Ok(())
    }

    /// Adds to related tags what implications contribute: the notes that have them by implication, and
    /// tags that some of these notes have only so. `count` counts the notes of a filter.
    pub(in crate::store) fn with_implied(
        &self,
        mut related: Vec<TagCount>,
        (filter, ids): (&TagFilter, &TagIds),
        limit: u32,
        count: impl Fn(&TagFilter) -> Result<u64>,
    ) -> Result<Vec<TagCount>> {
        let graph = self.tag_graph()?;
        if graph.is_empty() {
            return Ok(related);
        }
        let narrowed = |tag: &Tag| {
            let mut narrowed = filter.clone();
            narrowed.with.push(tag.clone());
            count(&narrowed)
        };
        let mut name = self
            .conn
            .prepare_cached("SELECT name FROM tags WHERE id = ?")?;
        let mut name = |set: &TagSet| -> Result<Tag> {
            Ok(Tag::from_stored(
                name.query_row([set.tag], |row| row.get(0))?,
            ))
        };
        let mut known: HashSet<Tag> = HashSet::new();
        for set in &ids.with {
            let tag = name(set)?;
            known.extend(graph.implied(&tag));
            known.insert(tag);
        }
        // What all these notes have by implication doesn't narrow the filter.
        related.retain(|count| !known.contains(&count.tag));
        self.count_implied(&mut related, narrowed)?;
        for set in &ids.without {
            known.insert(name(set)?);
        }
        known.extend(related.iter().map(|count| count.tag.clone()));
        let listed: Vec<Tag> = related.iter().map(|count| count.tag.clone()).collect();
        let above = listed.iter().flat_map(|tag| graph.implied(tag));
        let above: Vec<Tag> = above.filter(|tag| known.insert(tag.clone())).collect();
        for tag in above.into_iter().take(MAX_ADDED) {
            let uses = narrowed(&alone(&tag))?;
            let implied = narrowed(&tag)?.saturating_sub(uses);
            related.push(TagCount { tag, uses, implied });
        }
        related.sort_by(|a, b| b.total().cmp(&a.total()).then_with(|| a.tag.cmp(&b.tag)));
        related.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(related)
    }
}

impl Writer<'_> {
    /// Has the tag `tag` imply `implied`. Both may be aliases, or tags without notes. Returns the two
    /// tags and whether that is new.
    ///
    /// # Errors
    /// `InvalidParams` if it would make a circle or break a limit; the `store_*` kinds.
    pub fn imply_tag(&self, tag: &Tag, implied: &Tag) -> Result<(Implication, bool)> {
        let [tag, implied] = self.both(tag, implied)?;
        let is_new = tag_graph(&self.tx)?
            .add(&tag, &implied)
            .map_err(|refused| Error::InvalidParams(sentence(&tag, &implied, &refused)))?;
        if is_new {
            self.execute(
                "INSERT OR IGNORE INTO tag_parents (tag_id, parent_id) VALUES (?, ?)",
                [self.tag_id(&tag)?, self.tag_id(&implied)?],
            )?;
        }
        Ok((Implication { tag, implied }, is_new))
    }

    /// Has a tag no longer imply another one.
    ///
    /// # Errors
    /// `InvalidParams` if it doesn't; the `store_*` kinds.
    pub fn remove_implication(&self, tag: &Tag, implied: &Tag) -> Result<Implication> {
        let [tag, implied] = self.both(tag, implied)?;
        let mut graph = tag_graph(&self.tx)?;
        if !graph.remove(&tag, &implied) {
            let pair = Implication { tag, implied };
            if self.remove_left_out(&pair)? {
                return Ok(pair);
            }
            let Implication { tag, implied } = pair;
            let through = match graph.implied(&tag).contains(&implied) {
                true => " itself, only through another tag",
                false => "",
            };
            return Err(Error::InvalidParams(format!(
                "\"{tag}\" doesn't imply \"{implied}\"{through}. To list all implied tags, run `url-notes tag imply`."
            )));
        }
        self.store_graph(&graph)?;
        Ok(Implication { tag, implied })
    }

    /// Removes one that an import added. Returns false if it is gone.
    pub(in crate::store) fn undo_implication(&self, tag: i64, implied: i64) -> Result<bool> {
        let gone = self
            .tx
            .prepare_cached("DELETE FROM tag_parents WHERE tag_id = ? AND parent_id = ?")?
            .execute([tag, implied])?;
        Ok(gone > 0)
    }

    /// Replaces all implications. The tags must have the names that they have in the database.
    pub(in crate::store) fn store_graph(&self, graph: &TagGraph) -> Result<()> {
        self.execute("DELETE FROM tag_parents", [])?;
        for Implication { tag, implied } in graph.iter() {
            self.execute(
                "INSERT INTO tag_parents (tag_id, parent_id) VALUES (?, ?)",
                [self.tag_id(&tag)?, self.tag_id(&implied)?],
            )?;
        }
        Ok(())
    }

    /// Returns the tags of two names.
    fn both(&self, tag: &Tag, implied: &Tag) -> Result<[Tag; 2]> {
        let stored = |name: &Tag| -> Result<Tag> {
            let name = stored_name(&self.tx, name)?;
            Ok(tag_of_alias(&self.tx, &name)?.unwrap_or(name))
        };
        Ok([stored(tag)?, stored(implied)?])
    }
}

/// Returns the graph after the tags `gone` were renamed to or merged into `stays`, or removed, and the
/// implications that had to be dropped. Returns `None` if that changes nothing.
pub(in crate::store) fn graph_after(
    conn: &Connection,
    gone: &[Tag],
    stays: Option<&Tag>,
) -> Result<Option<(TagGraph, Vec<Implication>)>> {
    let mut graph = tag_graph(conn)?;
    if !gone.iter().chain(stays).any(|tag| graph.contains(tag)) {
        return Ok(None);
    }
    let mut dropped = Vec::new();
    for tag in gone {
        match stays {
            Some(stays) => dropped.append(&mut graph.merge(tag, stays)),
            None => graph.remove_tag(tag),
        }
    }
    Ok(Some((graph, dropped)))
}

fn sentence(tag: &Tag, implied: &Tag, refused: &RefusedImplication) -> String {
    match refused {
        RefusedImplication::Itself => format!("\"{tag}\" can't imply itself."),
        RefusedImplication::Circle(chain) => {
            let chain: Vec<String> = chain.iter().map(|tag| format!("\"{tag}\"")).collect();
            format!(
                "\"{tag}\" can't imply \"{implied}\", because {}.",
                chain
                    .join(", which implies ")
                    .replacen(", which implies", " implies", 1)
            )
        }
        RefusedImplication::TooDeep => format!(
            "\"{tag}\" can't imply \"{implied}\": a chain of implied tags can have {} steps.",
            crate::domain::MAX_IMPLIED_DEPTH
        ),
        RefusedImplication::TooManyImplied(full) => format!(
            "\"{tag}\" can't imply \"{implied}\": \"{full}\" would imply more than {} tags.",
            crate::domain::MAX_IMPLIED
        ),
        RefusedImplication::TooManyImplying(full) => format!(
            "\"{tag}\" can't imply \"{implied}\": more than {MAX_IMPLYING} tags would imply \"{full}\"."
        ),
    }
}
