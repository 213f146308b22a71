//! The names of tags: aliases, and names of older versions.

use rusqlite::{Connection, OptionalExtension as _};

use crate::{domain::Tag, error::Result};

/// Returns the tag of an alias.
pub(in crate::store) fn tag_of_alias(conn: &Connection, name: &Tag) -> Result<Option<Tag>> {
    Ok(conn
        .prepare_cached(
            "SELECT t.name FROM tag_aliases a JOIN tags t ON t.id = a.tag_id WHERE a.name = ?",
        )?
        .query_row([name.as_str()], |row| row.get(0).map(Tag::from_stored))
        .optional()?)
}

/// Replaces aliases by their tags: see [`Reader::tags_of_names`].
pub(in crate::store) fn without_aliases(conn: &Connection, names: &[Tag]) -> Result<Vec<Tag>> {
    let mut tags: Vec<Tag> = Vec::with_capacity(names.len());
    for name in names {
        let tag = tag_of_alias(conn, name)?.unwrap_or_else(|| name.clone());
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// Returns a name as stored: that of a tag or alias of an older version if it is exactly this one,
/// or else its present normal form ([`Tag::renewed`]).
pub(in crate::store) fn stored_name(conn: &Connection, name: &Tag) -> Result<Tag> {
    let Some(renewed) = name.renewed() else {
        return Ok(name.clone());
    };
    let known = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM tags WHERE name = ?1 AND (uses > 0 OR EXISTS (
                 SELECT 1 FROM trash t, json_each(t.tags) j WHERE j.value = ?1)))
                 OR EXISTS (SELECT 1 FROM tag_aliases WHERE name = ?1)",
        )?
        .query_row([name.as_str()], |row| row.get(0))?;
    Ok(if known { name.clone() } else { renewed })
}
