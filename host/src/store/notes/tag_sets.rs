//! The sets of tags that a filter means: each tag with those that imply it.

use rusqlite::{Connection, params};

use crate::{
    domain::{MAX_IMPLYING, Tag, TagGraph},
    error::Result,
    store::notes::aliases::stored_name,
};

/// The tags that a name in a filter means: the tag and those that imply it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct TagSet {
    /// The tag itself.
    pub(in crate::store) tag: i64,
    /// The tag and those that imply it.
    pub(in crate::store) ids: Vec<i64>,
    /// Number of notes with the tag itself.
    pub(in crate::store) own_uses: u64,
    /// The sum of the notes of all these tags. A note with two of them counts twice.
    pub(in crate::store) uses: u64,
}

impl TagSet {
    /// Returns the set of a tag alone, which this many notes have.
    fn of(tag: i64, own_uses: u64) -> Self {
        Self {
            tag,
            ids: vec![tag],
            own_uses,
            uses: own_uses,
        }
    }
}

/// Returns the tag that a filter names alone: `=rust` means the tag `rust` without those that imply it, unless a tag
/// or an alias has exactly this name.
pub(in crate::store) fn exact(conn: &Connection, name: &Tag) -> Result<Option<Tag>> {
    let Some(rest) = name.as_str().strip_prefix('=') else {
        return Ok(None);
    };
    let is_known: bool = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM tags t WHERE t.name = ?1 AND (t.uses > 0
                 OR EXISTS (SELECT 1 FROM tag_parents p WHERE t.id IN (p.tag_id, p.parent_id))))
                 OR EXISTS (SELECT 1 FROM tag_aliases WHERE name = ?1)",
        )?
        .query_row([name.as_str()], |row| row.get(0))?;
    Ok(match is_known {
        true => None,
        false => Tag::sought(rest).ok(),
    })
}

/// Returns the tags that a name in a filter means, or `None` if there is no such tag.
pub(in crate::store) fn tag_set(conn: &Connection, name: &Tag) -> Result<Option<TagSet>> {
    let alone = exact(conn, name)?;
    let name = stored_name(conn, alone.as_ref().unwrap_or(name))?;
    // Sorted here: to sort by uses, SQLite would walk over all tags.
    let mut query = conn.prepare_cached(
        "SELECT t.id, t.uses FROM tag_aliases a JOIN tags t ON t.id = a.tag_id WHERE a.name = ?1
         UNION ALL SELECT id, uses FROM tags WHERE name = ?1",
    )?;
    let named = query.query_map([name.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let named: Vec<(i64, u64)> = named.collect::<rusqlite::Result<_>>()?;
    // An unused tag may have the name of an alias.
    let found = named.iter().copied().rev().max_by_key(|(_, uses)| *uses);
    let Some((tag, own_uses)) = found else {
        return Ok(None);
    };
    match alone {
        Some(_) => Ok(Some(TagSet::of(tag, own_uses))),
        None => with_implying(conn, tag, own_uses).map(Some),
    }
}

/// Returns a tag, which this many notes have itself, and those that imply it.
pub(in crate::store) fn with_implying(
    conn: &Connection,
    tag: i64,
    own_uses: u64,
) -> Result<TagSet> {
    let mut set = TagSet::of(tag, own_uses);
    // Unsorted, and joined in this order: SQLite would walk over all tags otherwise.
    let mut below = conn.prepare_cached(
        "WITH RECURSIVE below (id) AS (
             SELECT tag_id FROM tag_parents WHERE parent_id = ?1
             UNION SELECT p.tag_id FROM below b JOIN tag_parents p ON p.parent_id = b.id
         ) SELECT t.id, t.uses FROM below b CROSS JOIN tags t ON t.id = b.id
         WHERE t.id <> ?1 LIMIT ?2",
    )?;
    let mut rows = below.query(params![tag, MAX_IMPLYING])?;
    while let Some(row) = rows.next()? {
        set.ids.push(row.get(0)?);
        set.uses += row.get::<_, u64>(1)?;
    }
    // The key under which facets keep the notes of a set.
    set.ids.sort_unstable();
    Ok(set)
}

/// Returns all tags that imply others.
pub(in crate::store) fn tag_graph(conn: &Connection) -> Result<TagGraph> {
    let mut graph = TagGraph::default();
    let mut query = conn.prepare_cached(
        "SELECT t.name, p.name FROM tag_parents e JOIN tags t ON t.id = e.tag_id
         JOIN tags p ON p.id = e.parent_id ORDER BY e.tag_id, e.parent_id",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let [tag, implied] = [0, 1].map(|at| row.get(at).map(Tag::from_stored));
        // Those that break a rule, in a damaged database, are left out; a check reports them.
        let _ = graph.add(&tag?, &implied?);
    }
    Ok(graph)
}

/// Returns the name by which a filter means a tag without those that imply it.
#[must_use]
pub fn alone(tag: &Tag) -> Tag {
    Tag::from_stored(format!("={tag}"))
}
