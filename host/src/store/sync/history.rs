//! Renamed tags and aliases: what all devices know of them, and what the notes here show.
//! `renew` applies those of other devices, `registers` has what is joined with them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::setup::{Restoring, restoring};
use crate::{
    domain::{
        Note, NoteId, Tag,
        sync::{AliasValue, Moment, PageView, TagEditRecord, TagHistory, UniqueId},
    },
    error::{Error, Result},
    store::{
        notes::note_rows::{tags_for_trash, tags_of_trash},
        transaction::{Writer, pending_index::Indexed},
    },
};

/// Returns a new random id.
pub(super) fn new_id() -> UniqueId {
    #[cfg(test)]
    if let Some(id) = super::tests::histories::repeatable_id() {
        return id;
    }
    UniqueId::from_random(
        Uuid::new_v4().as_u64_pair().0 << 16 | Uuid::new_v4().as_u64_pair().1 >> 48,
    )
}

/// Returns a version for what the user said of something. It is greater than the known one, in case that a
/// clock was so wrong that no time is left after it.
pub(super) fn later_version(known: Option<UniqueId>) -> UniqueId {
    let mut version = new_id();
    for _ in 0..100 {
        if known.is_none_or(|known| known < version) {
            break;
        }
        version = new_id();
    }
    version
}

pub(super) fn parsed_id(text: &str) -> Result<UniqueId> {
    text.parse().map_err(Error::internal)
}

/// Reads what is known. With `applied`, only what the notes here show.
pub(super) fn load_history(conn: &Connection, applied: bool) -> Result<TagHistory> {
    let mut history = TagHistory::default();
    for edit in edits(
        conn,
        "SELECT id, number, from_names, to_name FROM sync_tag_edits WHERE applied >= ?",
        i64::from(applied),
    )? {
        history.add_edit(edit);
    }
    if !applied {
        for (name, value) in aliases(conn, "")? {
            history.add_alias(&name, value);
        }
        return Ok(history);
    }
    history.add_shown_aliases(own_aliases(conn)?);
    Ok(history)
}

/// Returns the aliases of this database.
pub(super) fn own_aliases(conn: &Connection) -> Result<BTreeMap<String, String>> {
    let mut query = conn.prepare_cached(
        "SELECT a.name, t.name FROM tag_aliases a JOIN tags t ON t.id = a.tag_id",
    )?;
    let aliases = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(aliases.collect::<rusqlite::Result<_>>()?)
}

/// Returns the aliases as they were here when they last agreed.
fn shown_aliases(conn: &Connection) -> Result<BTreeMap<String, String>> {
    let mut query =
        conn.prepare_cached("SELECT name, shown FROM sync_aliases WHERE shown IS NOT NULL")?;
    let aliases = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(aliases.collect::<rusqlite::Result<_>>()?)
}

/// Returns how many aliases the user has set and removed.
pub(super) fn changed_aliases(conn: &Connection) -> Result<u64> {
    Ok(differing(&own_aliases(conn)?, &shown_aliases(conn)?))
}

/// Returns how many keys have different values, or one in one of the two alone.
pub(super) fn differing<K: Ord, V: PartialEq>(one: &BTreeMap<K, V>, other: &BTreeMap<K, V>) -> u64 {
    let set = (one.iter()).filter(|(key, value)| other.get(key) != Some(value));
    let removed = other.keys().filter(|key| !one.contains_key(key));
    u64::try_from(set.count() + removed.count()).unwrap_or(u64::MAX)
}

pub(super) fn edits(conn: &Connection, sql: &str, value: i64) -> Result<Vec<TagEditRecord>> {
    let mut query = conn.prepare_cached(sql)?;
    let mut rows = query.query([value])?;
    let mut edits = Vec::new();
    while let Some(row) = rows.next()? {
        let from = tags_of_trash(row.get_ref(2)?.as_str().map_err(Error::internal)?)?;
        edits.push(TagEditRecord {
            id: parsed_id(row.get_ref(0)?.as_str().map_err(Error::internal)?)?,
            number: row.get(1)?,
            from: from.iter().map(|tag| tag.as_str().to_owned()).collect(),
            to: row.get(3)?,
        });
    }
    Ok(edits)
}

pub(super) fn aliases(conn: &Connection, rest: &str) -> Result<Vec<(String, AliasValue)>> {
    let sql = format!("SELECT name, micros, version, tag FROM sync_aliases {rest}");
    let mut query = conn.prepare_cached(&sql)?;
    let mut rows = query.query([])?;
    let mut aliases = Vec::new();
    while let Some(row) = rows.next()? {
        let at = Moment {
            micros: row.get(1)?,
            version: parsed_id(row.get_ref(2)?.as_str().map_err(Error::internal)?)?,
        };
        let tag = row.get(3)?;
        aliases.push((row.get(0)?, AliasValue { at, tag }));
    }
    Ok(aliases)
}

/// Returns the number of renamed tags, aliases and registers that can't be read.
pub(in crate::store) fn unreadable_history(conn: &Connection) -> Result<u64> {
    let mut broken = 0;
    let mut query = conn.prepare("SELECT id, from_names FROM sync_tag_edits")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let text = |at| {
            row.get_ref(at)
                .map(|value| value.as_str().unwrap_or_default())
        };
        let is_sound = is_tag_edit(text(0)?, text(1)?);
        broken += u64::from(!is_sound);
    }
    let mut query = conn.prepare("SELECT version FROM sync_aliases")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let version = row.get_ref(0)?.as_str().unwrap_or_default();
        broken += u64::from(!is_id(version));
    }
    let mut query = conn.prepare("SELECT name, version, value FROM sync_registers")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let name = row.get_ref(0)?.as_str().unwrap_or_default();
        let version = row.get_ref(1)?.as_str().unwrap_or_default();
        let value = row.get_ref(2)?.as_str_or_null().unwrap_or(Some(""));
        broken += u64::from(!is_register(name, version, value));
    }
    Ok(broken)
}

/// Returns whether these can be the id and the names of a renamed tag.
pub(in crate::store) fn is_tag_edit(id: &str, from_names: &str) -> bool {
    is_id(id) && tags_of_trash(from_names).is_ok()
}

/// Returns whether these can be the name, the version and the value of a register.
pub(in crate::store) fn is_register(name: &str, version: &str, value: Option<&str>) -> bool {
    let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    parsed_id(version).is_ok() && is_json(name) && value.is_none_or(is_json)
}

/// Returns whether this can be the id of a renamed tag, or a version.
pub(in crate::store) fn is_id(text: &str) -> bool {
    parsed_id(text).is_ok()
}

impl Writer<'_> {
    /// Records that tags were renamed, merged or removed here, if the notes are synced.
    pub(in crate::store) fn record_tag_edit(
        &self,
        gone: &[Tag],
        stays: Option<&Tag>,
    ) -> Result<()> {
        if !self.is_synced()? {
            return Ok(());
        }
        self.execute(
            "INSERT INTO sync_tag_edits (id, number, from_names, to_name, applied, unpublished)
             SELECT ?1, min(ifnull(max(number), 0) + 1, 4294967295), ?2, ?3, 1, 1
             FROM sync_tag_edits",
            params![
                new_id().to_string(),
                tags_for_trash(gone)?,
                stays.map(Tag::as_str)
            ],
        )
    }

    /// Returns whether an edit that is yet to be published gives this tag to the notes with a name.
    fn is_edited_to(&self, name: &str, tag: &str) -> Result<bool> {
        let mut query = self.tx.prepare_cached(
            "SELECT 1 FROM sync_tag_edits e, json_each(e.from_names) f
             WHERE e.unpublished = 1 AND e.to_name = ?2 AND f.value = ?1",
        )?;
        Ok(query.exists([name, tag])?)
    }

    /// Records the aliases that the user has set and removed.
    pub(super) fn absorb_aliases(&self) -> Result<()> {
        if restoring(&self.tx)? == Restoring::Reading {
            return Ok(());
        }
        let own = own_aliases(&self.tx)?;
        let shown = shown_aliases(&self.tx)?;
        let set = own
            .iter()
            .filter(|(name, tag)| shown.get(*name) != Some(tag));
        let set = set.map(|(name, tag)| (name, Some(tag)));
        let removed = shown.keys().filter(|name| !own.contains_key(*name));
        for (name, tag) in set.chain(removed.map(|name| (name, None))) {
            self.execute(
                "INSERT INTO sync_aliases (name, micros, version, tag, shown, unpublished)
                 VALUES (?1, ?2, ?3, ?4, ?4, 1)
                 ON CONFLICT (name) DO UPDATE
                 SET micros = min(max(micros + 1, excluded.micros), ?5), version = excluded.version,
                     tag = excluded.tag, shown = excluded.shown, unpublished = 1",
                params![
                    name,
                    self.now.as_microsecond(),
                    self.version_of_alias(name)?.to_string(),
                    tag,
                    NoteId::MAX.0
                ],
            )?;
            // Notes keep the tag when the alias is removed later, so it is a tag edit, too. Often the
            // alias was made by one.
            if let Some(tag) = tag
                && !self.is_edited_to(name, tag)?
            {
                let name = Tag::from_stored(name.clone());
                self.record_tag_edit(&[name], Some(&Tag::from_stored(tag.clone())))?;
            }
        }
        Ok(())
    }

    /// Returns a version for what the user said about an alias.
    fn version_of_alias(&self, name: &str) -> Result<UniqueId> {
        let mut query =
            (self.tx).prepare_cached("SELECT version FROM sync_aliases WHERE name = ?")?;
        let known: Option<String> = query.query_row([name], |row| row.get(0)).optional()?;
        Ok(later_version(
            known.and_then(|version| version.parse().ok()),
        ))
    }

    /// Sets and removes aliases here as all devices together say.
    pub(super) fn show_aliases(&self, wanted: &BTreeMap<String, String>) -> Result<()> {
        let own = own_aliases(&self.tx)?;
        for name in own.keys().filter(|name| !wanted.contains_key(*name)) {
            self.remove_alias(&Tag::from_stored(name.clone()))?;
        }
        for (name, tag) in wanted {
            if own.get(name) == Some(tag) {
                continue;
            }
            let (Ok(name), Ok(tag)) = (Tag::parse(name), Tag::parse(tag)) else {
                continue;
            };
            self.give_tag_of_alias(&name, &tag)?;
            match self.alias_tag(&name, &tag) {
                Ok(_) => {}
                Err(Error::InvalidParams(reason)) => log::warn!("sync: no alias: {reason}"),
                Err(error) => return Err(error),
            }
        }
        self.note_shown_aliases(&own_aliases(&self.tx)?)
    }

    /// Gives notes that still have the name of an alias the tag that it leads to: they were saved while
    /// the others were renewed, or can't show what other devices wrote about them.
    fn give_tag_of_alias(&self, name: &Tag, tag: &Tag) -> Result<()> {
        let ids: Vec<i64> = {
            let mut query = self.tx.prepare_cached(
                "SELECT nt.note_id FROM note_tags nt JOIN tags t ON t.id = nt.tag_id
                 WHERE t.name = ?",
            )?;
            let ids = query.query_map([name.as_str()], |row| row.get(0))?;
            ids.collect::<rusqlite::Result<_>>()?
        };
        for id in ids.into_iter().map(NoteId) {
            let Some(note) = self.live(id)? else {
                continue;
            };
            let mut tags: Vec<Tag> = Vec::with_capacity(note.tags.len());
            for own in &note.tags {
                let own = if own == name { tag } else { own };
                if !tags.contains(own) {
                    tags.push(own.clone());
                }
            }
            let mark = PageView::of(&note).mark();
            let renamed = Note { tags, ..note };
            self.store_fields(&renamed)?;
            self.store_tags(&renamed)?;
            self.index(&renamed, Indexed::Before);
            // A note that the user has changed still counts as changed.
            self.execute(
                "UPDATE sync_pages SET mark = ?1 WHERE note_id = ?2 AND mark = ?3",
                [PageView::of(&renamed).mark(), id.0, mark],
            )?;
        }
        Ok(())
    }

    /// Records the aliases with which those here are compared.
    pub(super) fn note_shown_aliases(&self, shown: &BTreeMap<String, String>) -> Result<()> {
        self.execute("UPDATE sync_aliases SET shown = NULL", [])?;
        for (name, tag) in shown {
            self.execute(
                "UPDATE sync_aliases SET shown = ? WHERE name = ?",
                [tag, name],
            )?;
        }
        Ok(())
    }
}
