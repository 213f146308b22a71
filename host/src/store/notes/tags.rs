//! Tags: lists, counts, notes, and aliases. `tag_edits.rs` changes them.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{
    Connection, OptionalExtension as _, Transaction, params, params_from_iter, types::Value,
};

use crate::{
    domain::{Note, NoteId, Tag},
    error::Result,
    store::{
        connection::reader::Reader,
        notes::{
            aliases::without_aliases,
            note_rows::{load, select_notes},
        },
    },
};

/// A tag with its number of notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagCount {
    /// The tag.
    pub tag: Tag,
    /// Number of its notes, without the trash.
    pub uses: u64,
}

/// An alias of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The alias. No note has it as a tag.
    pub name: Tag,
    /// Its tag with the number of notes, 0 if it has none yet.
    pub of: TagCount,
}

/// Order of a list of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TagOrder {
    /// Most notes first.
    #[default]
    Uses,
    /// By name.
    Name,
    /// The tag of the newest note first.
    Recent,
}

/// Selects notes that have all of some tags and none of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFilter {
    /// All of these.
    pub with: Vec<Tag>,
    /// None of these.
    pub without: Vec<Tag>,
}

/// Tags that occur on the same notes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelatedTags {
    /// The tags with the most common notes first.
    pub tags: Vec<TagCount>,
    /// Whether all matching notes were counted, or only the newest [`RELATED_WINDOW`].
    pub exact: bool,
}

/// Number of notes that are searched for related tags, which takes a few milliseconds.
pub const RELATED_WINDOW: u32 = 2_000;

/// A filter with ids. `None` if a required tag is unknown, so nothing matches.
pub(in crate::store) struct TagIds {
    pub(in crate::store) with: Vec<i64>,
    pub(in crate::store) without: Vec<i64>,
}

/// Returns the tag in use with this name (`?1`), or the tag of this alias.
const TAG_IN_USE: &str = "SELECT id, uses FROM tags WHERE name = ?1 AND uses > 0 UNION ALL \
     SELECT t.id, t.uses FROM tag_aliases a JOIN tags t ON t.id = a.tag_id \
     WHERE a.name = ?1 AND t.uses > 0";

impl Reader {
    /// Returns all tags in use.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn tags(&self, order: TagOrder) -> Result<Vec<TagCount>> {
        let sql = match order {
            TagOrder::Uses => "SELECT name, uses FROM tags WHERE uses > 0 ORDER BY uses DESC, name",
            TagOrder::Name => "SELECT name, uses FROM tags WHERE uses > 0 ORDER BY name",
            TagOrder::Recent => {
                "SELECT name, uses FROM tags t WHERE uses > 0 \
                 ORDER BY (SELECT max(note_id) FROM note_tags WHERE tag_id = t.id) DESC, name"
            }
        };
        self.tag_counts(sql, [])
    }

    /// Returns the most used tags.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn top_tags(&self, limit: u32) -> Result<Vec<TagCount>> {
        // The index is ordered by grade. Finds the grade of the last tag first, then sorts only the
        // tags down to that grade.
        self.tag_counts(
            "SELECT name, uses FROM tags WHERE grade >= max(1, ifnull(
                 (SELECT grade FROM tags ORDER BY grade DESC LIMIT 1 OFFSET ?1 - 1), 1))
             ORDER BY uses DESC, id LIMIT ?1",
            [limit],
        )
    }

    /// Returns the number of notes with this tag, by any of its names.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn tag_uses(&self, tag: &Tag) -> Result<u64> {
        let uses = self
            .conn
            .prepare_cached(TAG_IN_USE)?
            .query_row([self.stored_tag(tag)?.as_str()], |row| row.get(1))
            .optional()?;
        Ok(uses.unwrap_or(0))
    }

    /// Returns the tag that a searched name ([`Tag::sought`]) refers to: a tag of an older version
    /// with exactly this name, or else the name in normal form.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn stored_tag(&self, name: &Tag) -> Result<Tag> {
        stored_name(&self.conn, name)
    }

    /// Returns tags that look the same.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn look_alikes(&self) -> Result<Vec<LookAlike>> {
        look_alikes(&self.conn)
    }

    /// Returns the number of notes without a tag, without the trash.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn untagged_count(&self) -> Result<u64> {
        let mut query = self.conn.prepare_cached("SELECT untagged FROM meta")?;
        Ok(query.query_row([], |row| row.get(0))?)
    }

    /// Returns the newest notes without a tag.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn untagged_notes(&self, limit: u32) -> Result<Vec<Note>> {
        load(
            &self.conn,
            select_notes!(
                "WHERE n.id IN (SELECT note_id FROM untagged ORDER BY note_id DESC LIMIT ?) \
                 ORDER BY n.id DESC"
            ),
            [limit],
        )
    }

    /// Replaces aliases by their tags, in the same order and without duplicates.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn tags_of_names(&self, names: &[Tag]) -> Result<Vec<Tag>> {
        without_aliases(&self.conn, names)
    }

    /// Returns typed tags under the names that notes have, without duplicates.
    pub(in crate::store) fn stored_names(&self, names: &[Tag]) -> Result<Vec<Tag>> {
        let stored: Vec<Tag> = names
            .iter()
            .map(|name| stored_name(&self.conn, name))
            .collect::<Result<_>>()?;
        without_aliases(&self.conn, &stored)
    }

    /// All other names of tags, by name.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn aliases(&self) -> Result<Vec<Alias>> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT a.name, t.name, t.uses FROM tag_aliases a JOIN tags t ON t.id = a.tag_id \
                 ORDER BY a.name",
            )?
            .query_map([], |row| {
                Ok(Alias {
                    name: Tag::from_stored(row.get(0)?),
                    of: TagCount {
                        tag: Tag::from_stored(row.get(1)?),
                        uses: row.get(2)?,
                    },
                })
            })?
            .collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the notes that pass the filter, newest first; with `before`, only older ones.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn notes_with_tags(
        &self,
        filter: &TagFilter,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Vec<Note>> {
        let Some(ids) = self.tag_ids(filter)? else {
            return Ok(Vec::new());
        };
        let (matching, mut values) = ids.matching();
        values.push(before.unwrap_or(NoteId::MAX).0.into());
        values.push(limit.into());
        let sql = [
            select_notes!("WHERE n.id IN ("),
            &matching,
            " AND m.note_id < ? ORDER BY m.note_id DESC LIMIT ?) ORDER BY n.id DESC",
        ]
        .concat();
        load(&self.conn, &sql, params_from_iter(values))
    }

    /// Returns the number of notes that pass the filter.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn count_with_tags(&self, filter: &TagFilter) -> Result<u64> {
        if let ([tag], []) = (filter.with.as_slice(), filter.without.as_slice()) {
            return self.tag_uses(tag);
        }
        let Some(ids) = self.tag_ids(filter)? else {
            return Ok(0);
        };
        let (matching, values) = ids.matching();
        let sql = ["SELECT count(*) FROM (", &matching, ")"].concat();
        Ok(self
            .conn
            .prepare_cached(&sql)?
            .query_row(params_from_iter(values), |row| row.get(0))?)
    }

    /// Returns the most frequent tags on the notes that pass the filter, except those in the
    /// filter.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn related_tags(&self, filter: &TagFilter, limit: u32) -> Result<RelatedTags> {
        let Some(ids) = self.tag_ids(filter)? else {
            return Ok(RelatedTags::default());
        };
        let (matching, mut values) = ids.matching();
        values.push(RELATED_WINDOW.into());
        let named: Vec<i64> = ids.with.iter().chain(&ids.without).copied().collect();
        values.extend(named.iter().map(|id| Value::from(*id)));
        values.push(limit.into());
        // Counted by id; only the most frequent ones are looked up by name.
        let sql = [
            "SELECT t.name, c.uses FROM (SELECT nt.tag_id, count(*) AS uses FROM (",
            &matching,
            " ORDER BY m.note_id DESC LIMIT ?) AS found \
             JOIN note_tags nt ON nt.note_id = found.note_id WHERE nt.tag_id NOT IN (",
            &placeholders(named.len()),
            ") GROUP BY nt.tag_id ORDER BY uses DESC, nt.tag_id LIMIT ?) c \
             JOIN tags t ON t.id = c.tag_id ORDER BY c.uses DESC, t.name",
        ]
        .concat();
        Ok(RelatedTags {
            tags: self.tag_counts(&sql, params_from_iter(values))?,
            exact: self.count_with_tags(filter)? <= RELATED_WINDOW.into(),
        })
    }

    fn tag_counts(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<TagCount>> {
        Ok(self
            .conn
            .prepare_cached(sql)?
            .query_map(params, |row| {
                Ok(TagCount {
                    tag: Tag::from_stored(row.get(0)?),
                    uses: row.get(1)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the ids of a filter, the tag with the fewest notes first, or `None` if a required
    /// tag isn't in use.
    pub(in crate::store) fn tag_ids(&self, filter: &TagFilter) -> Result<Option<TagIds>> {
        let mut known: HashMap<&Tag, (i64, i64)> = HashMap::new();
        let mut query = self.conn.prepare_cached(TAG_IN_USE)?;
        for tag in filter.with.iter().chain(&filter.without) {
            let row = query
                .query_row([stored_name(&self.conn, tag)?.as_str()], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            if let Some(row) = row {
                known.insert(tag, row);
            }
        }
        let mut with = Vec::with_capacity(filter.with.len());
        for tag in &filter.with {
            match known.get(tag) {
                Some((id, uses)) => with.push((*uses, *id)),
                None => return Ok(None),
            }
        }
        with.sort_unstable();
        with.dedup();
        Ok(Some(TagIds {
            with: with.into_iter().map(|(_, id)| id).collect(),
            without: filter
                .without
                .iter()
                .filter_map(|tag| known.get(tag).map(|(id, _)| *id))
                .collect(),
        }))
    }
}

impl TagIds {
    /// Returns SQL for the matching note ids (as `m.note_id`), to which conditions can be appended,
    /// with its values. The rarest tag drives the query.
    fn matching(&self) -> (String, Vec<Value>) {
        let mut sql = String::new();
        let mut values = Vec::new();
        let others = match self.with.split_first() {
            Some((rarest, others)) => {
                sql.push_str("SELECT m.note_id FROM note_tags m WHERE m.tag_id = ?");
                values.push(Value::from(*rarest));
                others
            }
            None => {
                sql.push_str("SELECT m.note_id FROM (SELECT id AS note_id FROM notes) m WHERE 1");
                &[]
            }
        };
        for (condition, ids) in [
            (" AND EXISTS ", others),
            (" AND NOT EXISTS ", &self.without),
        ] {
            for id in ids {
                sql.push_str(condition);
                sql.push_str(
                    "(SELECT 1 FROM note_tags o WHERE o.tag_id = ? AND o.note_id = m.note_id)",
                );
                values.push(Value::from(*id));
            }
        }
        (sql, values)
    }
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

/// Tags that look the same because they differ only in invisible characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookAlike {
    /// Their names. The last one stays in a merge.
    pub names: Vec<Tag>,
}

/// Returns the tags, including those in the trash, that look the same, sorted by the name that
/// stays.
pub(in crate::store) fn look_alikes(conn: &Connection) -> Result<Vec<LookAlike>> {
    let mut names: Vec<Tag> = conn
        .prepare(
            "SELECT name FROM tags WHERE uses > 0 UNION SELECT j.value FROM trash t, json_each(t.tags) j",
        )?
        .query_map([], |row| row.get(0).map(Tag::from_stored))?
        .collect::<rusqlite::Result<_>>()?;
    names.sort_unstable();
    let mut alike: BTreeMap<String, Vec<Tag>> = BTreeMap::new();
    for name in names {
        alike.entry(name.look()).or_default().push(name);
    }
    let mut found: Vec<LookAlike> = alike
        .into_values()
        .filter(|names| names.len() > 1)
        .map(|mut names| {
            // The name that users type stays: the one with the fewest invisible characters.
            names.sort_by_key(|name| {
                std::cmp::Reverse((name.renewed().is_some(), name.as_str().len()))
            });
            LookAlike { names }
        })
        .collect();
    found.sort_by(|a, b| a.names.last().cmp(&b.names.last()));
    Ok(found)
}

/// Gives tags of older versions their present normal form, unless another tag or alias has that
/// name. Then both stay until the user merges them.
pub(in crate::store) fn renew_names(tx: &Transaction<'_>) -> Result<()> {
    let names: Vec<Tag> = tx
        .prepare(
            "SELECT name FROM tags UNION SELECT name FROM tag_aliases UNION
                  SELECT j.value FROM trash t, json_each(t.tags) j",
        )?
        .query_map([], |row| row.get(0).map(Tag::from_stored))?
        .collect::<rusqlite::Result<_>>()?;
    let mut known: HashSet<Tag> = names.iter().cloned().collect();
    for name in names {
        let Some(renewed) = name.renewed() else {
            continue;
        };
        if !known.insert(renewed.clone()) {
            continue;
        }
        let both = [renewed.as_str(), name.as_str()];
        tx.execute("UPDATE tags SET name = ? WHERE name = ?", both)?;
        tx.execute("UPDATE tag_aliases SET name = ? WHERE name = ?", both)?;
        tx.execute(
            "UPDATE trash SET tags = (SELECT json_group_array(iif(value = ?2, ?1, value))
                 FROM json_each(trash.tags))
             WHERE EXISTS (SELECT 1 FROM json_each(trash.tags) WHERE value = ?2)",
            both,
        )?;
    }
    Ok(())
}

/// Fills in the folded form of all names: see [`Tag::folded`].
pub(in crate::store) fn fold_names(tx: &Transaction<'_>) -> Result<()> {
    for (names, set) in [
        (
            "SELECT name FROM tags",
            "UPDATE tags SET folded = ? WHERE name = ?",
        ),
        (
            "SELECT name FROM tag_aliases",
            "UPDATE tag_aliases SET folded = ? WHERE name = ?",
        ),
    ] {
        let names: Vec<Tag> = tx
            .prepare(names)?
            .query_map([], |row| row.get(0).map(Tag::from_stored))?
            .collect::<rusqlite::Result<_>>()?;
        let mut set = tx.prepare(set)?;
        for name in names {
            set.execute(params![name.folded(), name.as_str()])?;
        }
    }
    Ok(())
}

/// `?, ?, ?`
pub(in crate::store) fn placeholders(count: usize) -> String {
    vec!["?"; count].join(", ")
}
