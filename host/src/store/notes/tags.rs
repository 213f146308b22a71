//! Tags: lists, counts, notes, and aliases. `tag_edits.rs` changes them.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{
    Connection, OptionalExtension as _, Transaction, params, params_from_iter, types::Value,
};

use crate::{
    domain::{Note, NoteId, Tag},
    error::Result,
    store::{
        connection::reader::Reader,
        notes::{
            aliases::{stored_name, without_aliases},
            note_rows::{load, select_notes},
            tag_sets::{TagSet, alone, exact, tag_set},
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
    /// Number of the notes that have it only by way of a tag that implies it, where that was counted:
    /// see [`Reader::count_implied`].
    pub implied: u64,
}

impl TagCount {
    /// Returns the number of notes that the tag's page lists.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.uses + self.implied
    }
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

impl TagFilter {
    /// Returns the filter of a single tag.
    #[must_use]
    pub fn of(tag: &Tag) -> Self {
        Self {
            with: vec![tag.clone()],
            without: Vec::new(),
        }
    }
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

/// A filter with ids.
pub(in crate::store) struct TagIds {
    /// A note must have a tag of each set.
    pub(in crate::store) with: Vec<TagSet>,
    /// A note must have no tag of any set.
    pub(in crate::store) without: Vec<TagSet>,
}

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

    /// Returns the number of notes with this tag itself, by any of its names.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn tag_uses(&self, tag: &Tag) -> Result<u64> {
        Ok(tag_set(&self.conn, tag)?.map_or(0, |set| set.own_uses))
    }

    /// Returns whether a note has this tag, by any of its names, or one that implies it.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn has_notes(&self, tag: &Tag) -> Result<bool> {
        Ok(tag_set(&self.conn, tag)?.is_some_and(|set| set.uses > 0))
    }

    /// Returns whether another tag in use implies this one.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn is_implied(&self, tag: &Tag) -> Result<bool> {
        Ok(tag_set(&self.conn, tag)?.is_some_and(|set| set.ids.len() > 1))
    }

    /// Returns the tag that a name means without those that imply it: `rust` of `=rust`.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn tag_named_alone(&self, name: &Tag) -> Result<Option<Tag>> {
        exact(&self.conn, name)
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
        let mut tags = without_aliases(&self.conn, names)?;
        for tag in tags.iter_mut().filter(|tag| tag.as_str().starts_with('=')) {
            if let Some(named) = exact(&self.conn, tag)? {
                *tag = alone(&without_aliases(&self.conn, &[named])?.remove(0));
            }
        }
        Ok(tags)
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
                        implied: 0,
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

    /// Returns the note at a place among those that pass the filter.
    pub(in crate::store) fn tagged_note(
        &self,
        filter: &TagFilter,
        place: i64,
    ) -> Result<Option<i64>> {
        let Some(ids) = self.tag_ids(filter)? else {
            return Ok(None);
        };
        let (matching, mut values) = ids.matching();
        values.push(place.into());
        let sql = [&matching, " LIMIT 1 OFFSET ?"].concat();
        let mut query = self.conn.prepare_cached(&sql)?;
        Ok(query
            .query_row(params_from_iter(values), |row| row.get(0))
            .optional()?)
    }

    /// Returns the number of notes that pass the filter.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn count_with_tags(&self, filter: &TagFilter) -> Result<u64> {
        let Some(ids) = self.tag_ids(filter)? else {
            return Ok(0);
        };
        if let ([set], []) = (ids.with.as_slice(), ids.without.as_slice())
            && set.ids.len() == 1
        {
            return Ok(set.uses);
        }
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
        let named: Vec<i64> = ids.named().collect();
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
        let tags = self.tag_counts(&sql, params_from_iter(values))?;
        let exact = self.count_with_tags(filter)? <= RELATED_WINDOW.into();
        let tags = match exact {
            true => self.with_implied(tags, (filter, &ids), limit, |narrowed| {
                self.count_with_tags(narrowed)
            })?,
            // The counts are those of the newest notes.
            false => tags,
        };
        Ok(RelatedTags { tags, exact })
    }

    fn tag_counts(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<TagCount>> {
        Ok(self
            .conn
            .prepare_cached(sql)?
            .query_map(params, |row| {
                Ok(TagCount {
                    tag: Tag::from_stored(row.get(0)?),
                    uses: row.get(1)?,
                    implied: 0,
                })
            })?
            .collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the ids of a filter, the tag with the fewest notes first, or `None` if a required
    /// tag isn't in use, so that nothing matches.
    pub(in crate::store) fn tag_ids(&self, filter: &TagFilter) -> Result<Option<TagIds>> {
        let in_use = |tag: &Tag| -> Result<Option<TagSet>> {
            Ok(tag_set(&self.conn, tag)?.filter(|set| set.uses > 0))
        };
        let mut with = Vec::with_capacity(filter.with.len());
        for tag in &filter.with {
            match in_use(tag)? {
                Some(set) => with.push(set),
                None => return Ok(None),
            }
        }
        with.sort_unstable_by_key(|set| (set.uses, set.tag, set.ids.len()));
        with.dedup();
        let mut without = Vec::with_capacity(filter.without.len());
        for tag in &filter.without {
            without.extend(in_use(tag)?);
        }
        Ok(Some(TagIds { with, without }))
    }
}

impl TagIds {
    /// Returns the tags that the filter names.
    pub(in crate::store) fn named(&self) -> impl Iterator<Item = i64> {
        self.with.iter().chain(&self.without).map(|set| set.tag)
    }

    /// Returns whether a tag of the filter is implied by others, so that its notes aren't a range of
    /// rows.
    pub(in crate::store) fn has_implied(&self) -> bool {
        self.with.iter().any(|set| set.ids.len() > 1)
    }

    /// Returns SQL for the matching note ids (as `m.note_id`), to which conditions can be appended,
    /// with its values. The rarest tag drives the query.
    fn matching(&self) -> (String, Vec<Value>) {
        let mut sql = String::new();
        let mut values = Vec::new();
        let others = match self.with.split_first() {
            Some((rarest, others)) => {
                match rarest.ids.as_slice() {
                    [only] => {
                        sql.push_str("SELECT m.note_id FROM note_tags m WHERE m.tag_id = ?");
                        values.push(Value::from(*only));
                    }
                    ids => {
                        sql.push_str(
                            "SELECT m.note_id FROM (SELECT DISTINCT note_id FROM note_tags \
                             WHERE tag_id IN (",
                        );
                        sql.push_str(&placeholders(ids.len()));
                        sql.push_str(")) m WHERE 1");
                        values.extend(ids.iter().map(|id| Value::from(*id)));
                    }
                }
                others
            }
            None => {
                sql.push_str("SELECT m.note_id FROM (SELECT id AS note_id FROM notes) m WHERE 1");
                &[]
            }
        };
        for (condition, sets) in [
            (" AND EXISTS ", others),
            (" AND NOT EXISTS ", &self.without),
        ] {
            for set in sets {
                sql.push_str(condition);
                sql.push_str(
                    "(SELECT 1 FROM note_tags o WHERE o.note_id = m.note_id AND o.tag_id IN (",
                );
                sql.push_str(&placeholders(set.ids.len()));
                sql.push_str("))");
                values.extend(set.ids.iter().map(|id| Value::from(*id)));
            }
        }
        (sql, values)
    }
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
