//! Notes of other programs and of exports: merged row by row into one
//! transaction, and taken out again as a whole.
//!
//! Owns what becomes of a note that is there already, and what has to be known to
//! undo the last import. What a file's rows mean is `transfer`'s.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        MAX_SUMMARY_BYTES, MAX_TAGS, Metadata, Note, NoteId, PageUrl, Tag, check_summary,
        check_tag_count, check_title,
    },
    error::{Error, Result},
    store::{
        notes::{
            aliases::{tag_of_alias, without_aliases},
            fts_index,
            note_rows::{addresses_column, note_of_page, shift_of, tags_for_trash},
        },
        transaction::{TRASH_DAYS, Writer, pending_index::Indexed},
    },
};

/// So many changed notes are written to the full-text index at once, to bound
/// the memory of a large import.
const INDEXED_AT_ONCE: u32 = if cfg!(test) { 3 } else { 10_000 };

/// From so many changed notes on, counts are kept in memory.
const MANY: u32 = if cfg!(test) { 2 } else { 1_000 };

/// So many notes are undone between two looks at the list of them.
const UNDONE_AT_ONCE: u32 = if cfg!(test) { 3 } else { 1_000 };

/// A note as a file has it.
#[derive(Debug, Clone)]
pub struct ImportedRow {
    /// Its address.
    pub url: PageUrl,
    /// Its title.
    pub title: String,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// The user's text.
    pub summary: String,
    /// What the page says of itself.
    pub metadata: Metadata,
    /// When it was saved. None where the file doesn't say.
    pub saved_at: Option<Timestamp>,
    /// When it was changed last. None: not since it was saved.
    pub updated_at: Option<Timestamp>,
    /// What only an export of ours has.
    pub kept: ExportedFields,
}

impl ImportedRow {
    /// When it was saved, if the file says so. An export has milliseconds; where its
    /// id is of the same one, that has the microseconds as well.
    fn saved(&self) -> Option<Timestamp> {
        let of_id = self.kept.id.map(NoteId::moment);
        match (self.saved_at, of_id) {
            (Some(saved), Some(of_id)) if saved.as_millisecond() != of_id.as_millisecond() => {
                Some(saved)
            }
            (saved, of_id) => of_id.or(saved),
        }
    }
}

/// What only an export of ours has of a note.
#[derive(Debug, Clone, Default)]
pub struct ExportedFields {
    /// Its id, which it gets again where that is free.
    pub id: Option<NoteId>,
    /// Since when it is in the trash.
    pub deleted_at: Option<Timestamp>,
    /// Other addresses of the page.
    pub addresses: Vec<String>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOutcome {
    /// A note that wasn't there.
    New,
    /// Something was added to a note that was there.
    Merged,
    /// All of it was there.
    Unchanged,
}

/// What a note has no room for beside what it has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Omission {
    /// Some of the tags.
    Tags,
    /// The end of the text, or all of it.
    Text,
}

/// What is imported; told when it is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Name of the file.
    pub file: String,
    /// Its format.
    pub format: String,
}

/// An undone import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// What it was.
    pub origin: Origin,
    /// When it was.
    pub done_at: Timestamp,
    /// Notes that came by it and are gone again.
    pub removed: u64,
    /// Notes that got something from it and are as they were before.
    pub restored: u64,
    /// Notes that the user has changed since, which stay as they are.
    pub kept: u64,
}

/// What an import replaced on a note that was there before.
#[derive(Debug, Serialize, Deserialize)]
struct Before {
    title: String,
    summary: String,
    excerpt: Option<String>,
    published_at: Option<String>,
    site_name: Option<String>,
    lang: Option<String>,
    updated_at: i64,
    /// Ids of the tags that were added: a tag may be renamed until then.
    tags: Vec<i64>,
    #[serde(default)]
    addresses: Vec<String>,
    #[serde(default = "typed")]
    title_typed: bool,
}

/// What a record of before schema 6 doesn't say.
fn typed() -> bool {
    true
}

/// An import under way.
#[derive(Debug)]
pub struct Import<'a> {
    writer: &'a Writer<'a>,
    origin: Origin,
    /// Whether there is a record of this import yet, in the place of the last one.
    recorded: Cell<bool>,
    /// Names, and the ids of the tags that they lead to.
    aliases: RefCell<Vec<(String, i64)>>,
    /// Rows of the index that are taken, and a later one that may be free: many
    /// bookmarks have one and the same date.
    taken: RefCell<HashMap<i64, i64>>,
    undated: Cell<Timestamp>,
    unindexed: Cell<u32>,
    /// Changed notes, up to [`MANY`].
    changed: Cell<u32>,
    left: RefCell<Vec<Omission>>,
}

impl Writer<'_> {
    /// Begins to import. What comes without a date gets one from `undated` on, each
    /// a millisecond later.
    #[must_use]
    pub fn import(&self, origin: Origin, undated: Timestamp) -> Import<'_> {
        Import {
            writer: self,
            origin,
            recorded: Cell::new(false),
            aliases: RefCell::default(),
            taken: RefCell::default(),
            undated: Cell::new(undated),
            unindexed: Cell::new(0),
            changed: Cell::new(0),
            left: RefCell::default(),
        }
    }
}

impl Import<'_> {
    /// Stores a note, or adds it to the one that its page has. Where that came by this
    /// import too, the note is of the earlier moment of the two.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidTag` (too many), `InvalidParams` for what can't be taken:
    /// nothing has changed then. The `store_*` kinds.
    pub fn note(&self, incoming: &ImportedRow) -> Result<RowOutcome> {
        self.left.take();
        let tx = &self.writer.tx;
        let no_aliases = matches!(&*self.writer.bulk.borrow(), Some(bulk) if bulk.no_aliases);
        let tags = match no_aliases {
            // The reader has left out second ones of a name.
            true => incoming.tags.clone(),
            false => without_aliases(tx, &incoming.tags)?,
        };
        check_tag_count(&tags)?;
        let title = check_title(&incoming.title)?;
        check_summary(&incoming.summary)?;
        if let Some(deleted_at) = incoming.kept.deleted_at {
            return self.deleted(incoming, title, tags, deleted_at);
        }
        if let Some(note) = note_of_page(tx, &incoming.url)? {
            return self.merge(note, &title, &tags, incoming);
        }
        let note = self.new_note(incoming, title, tags)?;
        self.writer
            .insert(&note, incoming.url.key(), incoming.url.site())?;
        self.record(&note, None)?;
        Ok(RowOutcome::New)
    }

    /// Makes `name` lead to the tag `of`.
    ///
    /// # Errors
    /// `InvalidParams` where that can't be; the `store_*` kinds.
    pub fn alias(&self, name: &Tag, of: &Tag) -> Result<RowOutcome> {
        let before = tag_of_alias(&self.writer.tx, name)?;
        if before.as_ref() == Some(of) {
            return Ok(RowOutcome::Unchanged);
        }
        if let Some(before) = before {
            return Err(Error::InvalidParams(format!(
                "\"{name}\" leads to \"{before}\" here, not to \"{of}\"."
            )));
        }
        self.writer.end_bulk()?;
        let set = self.writer.alias_tag(name, of)?;
        self.begin_record()?;
        let tag = self.writer.tag_id(&set.tag)?;
        self.aliases.borrow_mut().push((name.to_string(), tag));
        Ok(RowOutcome::New)
    }

    /// Ends it: what is left to be written is.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn finish(self) -> Result<()> {
        let aliases = self.aliases.take();
        if aliases.is_empty() {
            return Ok(());
        }
        let aliases = serde_json::to_string(&aliases).map_err(Error::internal)?;
        self.writer
            .execute("UPDATE imports SET aliases = ?", [aliases])
    }

    fn new_note(&self, incoming: &ImportedRow, title: String, tags: Vec<Tag>) -> Result<Note> {
        let saved = incoming.saved();
        let saved_at = saved.unwrap_or_else(|| self.undated.get());
        let wanted = NoteId::at(saved_at);
        let id = self.free_id(incoming.kept.id.unwrap_or(wanted))?;
        if saved.is_none() {
            self.undated
                .set(id.moment() + SignedDuration::from_millis(1));
        }
        let saved_at = wanted.moment();
        // Exports have milliseconds: a note that wasn't changed since it was saved
        // has the very moment again.
        let updated_at = incoming.updated_at.map_or(saved_at, |moment| {
            if moment.as_millisecond() == saved_at.as_millisecond() {
                saved_at
            } else {
                moment
            }
        });
        Ok(Note {
            id,
            saved_at,
            url: incoming.url.as_str().to_owned(),
            title_typed: !title.is_empty(),
            title,
            addresses: incoming.kept.addresses.clone(),
            tags,
            summary: incoming.summary.clone(),
            metadata: incoming.metadata.clone(),
            updated_at,
            deleted_at: None,
        })
    }

    fn merge(
        &self,
        before: Note,
        title: &str,
        tags: &[Tag],
        incoming: &ImportedRow,
    ) -> Result<RowOutcome> {
        let (tags, summary) = self.that_fit(&before, tags, &incoming.summary);
        let mut note = before
            .clone()
            .enriched(title, tags, summary, &incoming.metadata)?;
        note.title_typed |= note.title != before.title;
        for url in std::iter::once(incoming.url.as_str())
            .chain(incoming.kept.addresses.iter().map(String::as_str))
        {
            note.keep_address(url);
        }
        let own = self.recorded.get() && self.came_by_this(before.id)?;
        let earlier = incoming
            .saved()
            .map(|moment| NoteId::at(moment).moment())
            .filter(|moment| own && *moment < before.saved_at);
        if let Some(moment) = earlier {
            return self.moved(before.id, note, moment);
        }
        if note == before {
            return Ok(RowOutcome::Unchanged);
        }
        if !own {
            note.updated_at = before.later(self.writer.now);
        }
        self.writer.store_fields(&note)?;
        self.writer.store_tags(&note)?;
        self.writer.index(&note, Indexed::Before);
        self.record(&note, (!own).then_some(&before))?;
        Ok(RowOutcome::Merged)
    }

    /// What there is room for beside what a note has: what there isn't is added to `left`.
    fn that_fit<'t>(&self, note: &Note, tags: &'t [Tag], summary: &'t str) -> (&'t [Tag], &'t str) {
        let mut left = self.left.borrow_mut();
        let mut room = MAX_TAGS.saturating_sub(note.tags.len());
        let fits = |tag: &&Tag| {
            let is_new = !note.tags.contains(tag);
            let fits = !is_new || room > 0;
            room = room.saturating_sub(usize::from(is_new));
            fits
        };
        let all = note.tags.len() + tags.iter().filter(|tag| !note.tags.contains(tag)).count();
        let count = match all > MAX_TAGS {
            true => tags.iter().take_while(fits).count(),
            false => tags.len(),
        };
        if count < tags.len() {
            left.push(Omission::Tags);
        }
        let room = MAX_SUMMARY_BYTES.saturating_sub(note.summary.trim_end().len() + 2);
        let length = summary.len();
        let is_new = !note.summary.is_empty() && !note.summary.contains(summary.trim());
        let end = match is_new && length > room {
            true => summary.floor_char_boundary(room),
            false => length,
        };
        if end < length {
            left.push(Omission::Text);
        }
        (&tags[..count], &summary[..end])
    }

    /// What of the row that was merged last there was no room for.
    pub fn take_left(&self) -> Vec<Omission> {
        self.left.take()
    }

    /// Gives a note that came by this import an earlier moment, and with it another id.
    fn moved(&self, old: NoteId, mut note: Note, to: Timestamp) -> Result<RowOutcome> {
        let writer = self.writer;
        writer.remove(old)?;
        writer.execute("DELETE FROM imported WHERE note_id = ?", [old.0])?;
        note.id = self.free_id(NoteId::at(to))?;
        // One that wasn't changed since it was saved still wasn't.
        if note.updated_at == note.saved_at {
            note.updated_at = to;
        }
        note.saved_at = to;
        let url = PageUrl::parse(&note.url)?;
        writer.insert(&note, url.key(), url.site())?;
        self.record(&note, None)?;
        Ok(RowOutcome::Merged)
    }

    fn came_by_this(&self, id: NoteId) -> Result<bool> {
        Ok(self
            .writer
            .tx
            .prepare_cached("SELECT before IS NULL FROM imported WHERE note_id = ?")?
            .query_row([id.0], |row| row.get(0))
            .optional()?
            .unwrap_or(false))
    }

    /// A note of the trash: it is known by its page and the moment of its deletion.
    fn deleted(
        &self,
        incoming: &ImportedRow,
        title: String,
        tags: Vec<Tag>,
        deleted_at: Timestamp,
    ) -> Result<RowOutcome> {
        let writer = self.writer;
        if deleted_at.as_microsecond() < writer.clock.days_ago(TRASH_DAYS) {
            return Err(Error::InvalidParams(format!(
                "It was deleted more than {TRASH_DAYS} days ago."
            )));
        }
        let known: bool = writer
            .tx
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM trash WHERE page_key = ?1 AND deleted_at / 1000 = ?2)
                     OR EXISTS (SELECT 1 FROM notes WHERE page_key = ?1 AND id = ?3)",
            )?
            .query_row(
                params![
                    incoming.url.key(),
                    deleted_at.as_millisecond(),
                    incoming.kept.id.map(|id| id.0)
                ],
                |row| row.get(0),
            )?;
        if known {
            return Ok(RowOutcome::Unchanged);
        }
        let mut note = self.new_note(incoming, title, tags)?;
        note.deleted_at = Some(deleted_at);
        writer.put_into_trash(&note, incoming.url.key())?;
        self.record(&note, None)?;
        Ok(RowOutcome::New)
    }

    /// This id or, where its millisecond is taken, the next one that is free.
    fn free_id(&self, wanted: NoteId) -> Result<NoteId> {
        let mut taken = self.taken.borrow_mut();
        let first = fts_index::row(wanted);
        let mut free = first;
        while let Some(later) = taken.get(&free) {
            free = *later;
        }
        let moment = if free == first {
            wanted
        } else {
            NoteId(free * fts_index::ROW_MICROS)
        };
        let id = self.writer.free_id(moment)?;
        let next = fts_index::row(id) + 1;
        // Most moments are no other note's.
        if free == first && next == first + 1 {
            return Ok(id);
        }
        // All on the way lead to its end now, so that no way is gone twice.
        let mut row = first;
        while row < free {
            row = taken.insert(row, next).unwrap_or(free);
        }
        for row in free..next {
            taken.insert(row, next);
        }
        Ok(id)
    }

    /// The first change takes the place of the last import's record.
    fn begin_record(&self) -> Result<()> {
        if self.recorded.replace(true) {
            return Ok(());
        }
        let writer = self.writer;
        writer.execute("DELETE FROM imported", [])?;
        writer.execute(
            "INSERT OR REPLACE INTO imports (id, done_at, file, format, aliases)
             VALUES (1, ?, ?, ?, '[]')",
            params![
                writer.now.as_microsecond(),
                self.origin.file,
                self.origin.format
            ],
        )
    }

    fn record(&self, note: &Note, before: Option<&Note>) -> Result<()> {
        self.begin_record()?;
        let writer = self.writer;
        let before = match before {
            None => None,
            Some(before) => Some(self.replaced(before, note)?),
        };
        writer.execute(
            "INSERT INTO imported (note_id, updated_at, before) VALUES (?, ?, ?)
             ON CONFLICT (note_id) DO UPDATE
             SET updated_at = excluded.updated_at, before = excluded.before",
            params![note.id.0, note.updated_at.as_microsecond(), before],
        )?;
        if self.changed.get() < MANY {
            self.changed.set(self.changed.get() + 1);
            if self.changed.get() == MANY {
                writer.begin_bulk()?;
            }
        }
        self.unindexed.set(self.unindexed.get() + 1);
        if self.unindexed.get() >= INDEXED_AT_ONCE {
            self.unindexed.set(0);
            writer.write_index()?;
        }
        Ok(())
    }
}

impl Import<'_> {
    /// What there was before `note`, as JSON. Where this import has been there
    /// already, what it replaced first.
    fn replaced(&self, before: &Note, note: &Note) -> Result<String> {
        let first: Option<String> = self
            .writer
            .tx
            .prepare_cached("SELECT before FROM imported WHERE note_id = ?")?
            .query_row([note.id.0], |row| row.get(0))
            .optional()?;
        let mut replaced = match first {
            Some(text) => serde_json::from_str(&text).map_err(Error::internal)?,
            None => Before {
                title: before.title.clone(),
                summary: before.summary.clone(),
                excerpt: before.metadata.excerpt.clone(),
                published_at: before.metadata.published_at.clone(),
                site_name: before.metadata.site_name.clone(),
                lang: before.metadata.lang.clone(),
                updated_at: before.updated_at.as_microsecond(),
                tags: Vec::new(),
                addresses: before.addresses.clone(),
                title_typed: before.title_typed,
            },
        };
        for tag in &note.tags[before.tags.len()..] {
            replaced.tags.push(self.writer.tag_id(tag)?);
        }
        serde_json::to_string(&replaced).map_err(Error::internal)
    }
}

impl Before {
    /// The note as it was. The added tags are taken out by who calls.
    fn of(self, mut note: Note) -> Note {
        note.title = self.title;
        note.title_typed = self.title_typed;
        note.addresses = self.addresses;
        note.summary = self.summary;
        note.metadata = Metadata {
            excerpt: self.excerpt,
            published_at: self.published_at,
            site_name: self.site_name,
            lang: self.lang,
        };
        note.updated_at = NoteId(self.updated_at).moment();
        note
    }
}

/// A row of the record of an import.
struct Imported {
    id: NoteId,
    updated_at: i64,
    before: Option<String>,
}

impl Writer<'_> {
    /// Takes the last import back: notes that came by it go for good, those that got
    /// something from it are as they were before. What the user has changed since
    /// stays, and so does what was moved into the trash.
    ///
    /// # Errors
    /// `InvalidParams` where there is none; the `store_*` kinds.
    pub fn undo_import(&self) -> Result<Undone> {
        let found = self
            .tx
            .query_row(
                "SELECT done_at, file, format, aliases FROM imports",
                [],
                |row| {
                    let origin = Origin {
                        file: row.get(1)?,
                        format: row.get(2)?,
                    };
                    Ok((row.get(0)?, origin, row.get::<_, String>(3)?))
                },
            )
            .optional()?;
        let Some((done_at, origin, aliases)) = found else {
            return Err(Error::InvalidParams("There is no import to undo.".into()));
        };
        let mut undone = Undone {
            origin,
            done_at: NoteId(done_at).moment(),
            removed: 0,
            restored: 0,
            kept: 0,
        };
        let aliases: Vec<(String, i64)> =
            serde_json::from_str(&aliases).map_err(Error::internal)?;
        for (name, tag) in aliases {
            // Not what the user has it lead to since.
            self.execute(
                "DELETE FROM tag_aliases WHERE name = ? AND tag_id = ?",
                params![name, tag],
            )?;
        }
        let mut last = 0;
        loop {
            let rows = self.imported_after(last)?;
            let Some(row) = rows.last() else {
                break;
            };
            last = row.id.0;
            for row in rows {
                self.undo_row(row, &mut undone)?;
            }
            self.write_index()?;
        }
        self.execute("DELETE FROM imported", [])?;
        self.execute("DELETE FROM imports", [])?;
        Ok(undone)
    }

    fn imported_after(&self, last: i64) -> Result<Vec<Imported>> {
        Ok(self
            .tx
            .prepare_cached(
                "SELECT note_id, updated_at, before FROM imported
                 WHERE note_id > ? ORDER BY note_id LIMIT ?",
            )?
            .query_map(params![last, UNDONE_AT_ONCE], |row| {
                Ok(Imported {
                    id: NoteId(row.get(0)?),
                    updated_at: row.get(1)?,
                    before: row.get(2)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?)
    }

    fn undo_row(&self, row: Imported, undone: &mut Undone) -> Result<()> {
        let Some(note) = self.live(row.id)? else {
            // Not what the user deleted since: only what came as deleted.
            let gone = self
                .tx
                .prepare_cached("DELETE FROM trash WHERE id = ? AND deleted_at <= ?")?
                .execute(params![row.id.0, undone.done_at.as_microsecond()])?;
            undone.removed += u64::from(gone > 0);
            return Ok(());
        };
        if note.updated_at.as_microsecond() != row.updated_at {
            undone.kept += 1;
            return Ok(());
        }
        let Some(before) = row.before else {
            self.remove(row.id)?;
            undone.removed += 1;
            return Ok(());
        };
        let before: Before = serde_json::from_str(&before).map_err(Error::internal)?;
        for tag in &before.tags {
            self.execute(
                "DELETE FROM note_tags WHERE note_id = ? AND tag_id = ?",
                [row.id.0, *tag],
            )?;
        }
        let Some(note) = self.live(row.id)? else {
            return Ok(());
        };
        let note = before.of(note);
        self.store_fields(&note)?;
        if note.addresses.is_empty() {
            self.store_address_keys(&note, "")?;
        }
        // Closes up the places in the order of tags.
        self.store_tags(&note)?;
        self.index(&note, Indexed::Before);
        undone.restored += 1;
        Ok(())
    }

    /// Stores a note in the trash.
    pub(in crate::store) fn put_into_trash(&self, note: &Note, key: &str) -> Result<()> {
        self.execute(
            "INSERT OR IGNORE INTO trash (id, page_key, url, title, summary, excerpt, published_at,
                                          site_name, lang, updated_at, tags, deleted_at, shift,
                                          addresses, title_typed)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                note.id.0,
                key,
                note.url,
                note.title,
                note.summary,
                note.metadata.excerpt,
                note.metadata.published_at,
                note.metadata.site_name,
                note.metadata.lang,
                note.updated_at.as_microsecond(),
                tags_for_trash(&note.tags)?,
                note.deleted_at.unwrap_or(self.now).as_microsecond(),
                shift_of(note),
                addresses_column(&note.addresses)?,
                note.title_typed,
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::transaction::Store;

    #[test]
    fn ids_of_one_and_the_same_moment_are_sought_for_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
        let origin = || Origin {
            file: String::new(),
            format: String::new(),
        };
        let now = Timestamp::now();
        let moment: Timestamp = "2020-01-02T00:00:00Z".parse().unwrap();
        let first = fts_index::row(NoteId::at(moment));
        let incoming = |at: i64, after: i64| ImportedRow {
            url: PageUrl::parse(&format!("https://e.org/{at}")).unwrap(),
            title: String::new(),
            tags: Vec::new(),
            summary: String::new(),
            metadata: Metadata::default(),
            saved_at: Some(moment + SignedDuration::from_millis(after)),
            updated_at: None,
            kept: ExportedFields::default(),
        };
        let mut count = 0;
        // Within one import, and behind those of an earlier one.
        for lead in [6, 8] {
            let taken = store
                .write(now, |writer| {
                    let import = writer.import(origin(), now);
                    for after in [0, 0, 0, 0, 0, 1, 3] {
                        assert_eq!(import.note(&incoming(count, after))?, RowOutcome::New);
                        count += 1;
                    }
                    Ok(import.taken.take())
                })
                .unwrap();
            assert_eq!(taken[&(first + 3)], first + count);
            // One that is only passed leads on as far as was known then.
            assert_eq!(taken.get(&(first + 2)), Some(&(first + lead)));
        }
        assert_eq!(store.counts().unwrap().notes, 14);
    }
}
