//! Merges notes of other programs and of exports row by row in one transaction.
//!
//! Owns what happens to an existing note, and what is recorded to undo the last import. The meaning
//! of a file's rows belongs to `transfer`.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use crate::{
    domain::{Icon, ImportedRow, Note, NoteId, Omission, PageUrl, Tag, site_of},
    error::{Error, Result},
    store::{
        notes::{
            aliases::{tag_of_alias, without_aliases},
            fts_index,
            gists::Gist,
            note_rows::labels,
            saved_searches::{SavedSearch, saved_search},
            texts::NewText,
        },
        transaction::{TRASH_DAYS, Writer, pending_index::Indexed},
    },
};

/// Number of changed notes after which they are written to the full-text index, which limits the
/// memory of a large import.
const INDEXED_AT_ONCE: u32 = if cfg!(test) { 3 } else { 10_000 };

/// Number of changed notes after which counts are kept in memory.
const MANY: u32 = if cfg!(test) { 2 } else { 1_000 };

/// Records that an import created or changed a note.
pub(super) const RECORD: &str =
    "INSERT OR REPLACE INTO imported (note_id, updated_at, before) VALUES (?, ?, ?)";

/// The outcome of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOutcome {
    /// A new note.
    New,
    /// Something was added to an existing note.
    Merged,
    /// An existing note already had everything.
    Unchanged,
}

/// The source of an import, printed when it is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Name of the file.
    pub file: String,
    /// Its format.
    pub format: String,
}

/// An import in progress.
#[derive(Debug)]
pub struct Import<'a> {
    pub(super) writer: &'a Writer<'a>,
    pub(super) origin: Origin,
    /// Whether the record of this import has replaced that of the last one.
    pub(super) recorded: Cell<bool>,
    /// Aliases with the ids of their tags.
    aliases: RefCell<Vec<(String, i64)>>,
    /// Implications as ids of tags.
    implications: RefCell<Vec<[i64; 2]>>,
    /// Taken row ids of the index, each with a later one that may be free. Many bookmarks have the
    /// same date.
    taken: RefCell<HashMap<i64, i64>>,
    undated: Cell<Timestamp>,
    unindexed: Cell<u32>,
    /// Number of changed notes, up to [`MANY`].
    pub(super) changed: Cell<u32>,
    left: RefCell<Vec<Omission>>,
    /// The note of the last row, unless nothing was done with it.
    current: Cell<Option<NoteId>>,
}

impl Writer<'_> {
    /// Starts an import. Rows without a date get one from `undated` on, each a millisecond later.
    #[must_use]
    pub fn import(&self, origin: Origin, undated: Timestamp) -> Import<'_> {
        Import {
            writer: self,
            origin,
            recorded: Cell::new(false),
            aliases: RefCell::default(),
            implications: RefCell::default(),
            taken: RefCell::default(),
            undated: Cell::new(undated),
            unindexed: Cell::new(0),
            changed: Cell::new(0),
            left: RefCell::default(),
            current: Cell::new(None),
        }
    }
}

impl Import<'_> {
    /// Stores a note, or merges it into the existing note of its page: see [`Note::with_row`].
    ///
    /// # Errors
    /// `TooLarge`, `InvalidTag` (too many), `InvalidParams` for a row that can't be imported;
    /// nothing has changed then. The `store_*` kinds.
    pub fn note(&self, mut row: ImportedRow) -> Result<RowOutcome> {
        self.left.take();
        let tx = &self.writer.tx;
        let no_aliases = matches!(&*self.writer.bulk.borrow(), Some(bulk) if bulk.no_aliases);
        // If there are no aliases, the reader has already removed duplicates.
        if !no_aliases {
            row.tags = without_aliases(tx, &row.tags)?;
        }
        let row = row.checked()?;
        if let Some(deleted_at) = row.kept.deleted_at {
            return self.deleted(row, deleted_at);
        }
        if self.may_have_page(row.url.key())
            && let Some(note) = self.writer.note_of_page(&row.url)?
        {
            return self.merge(&note, &row);
        }
        let (note, url) = self.new_note(row)?;
        self.writer.insert(&note, &url)?;
        self.current.set(Some(note.id));
        self.record(&note, None)?;
        Ok(RowOutcome::New)
    }

    /// Like [`note`](Self::note). A note without a text gets this one, and a note without a summary
    /// by a model this one.
    ///
    /// # Errors
    /// Those of `note`.
    pub fn note_with_text(
        &self,
        row: ImportedRow,
        text: Option<&NewText>,
        gist: Option<&Gist>,
    ) -> Result<RowOutcome> {
        self.current.set(None);
        let mut outcome = self.note(row)?;
        let Some(id) = self.current.get() else {
            return Ok(outcome);
        };
        if let Some(text) = text {
            outcome = self.give_text(id, text, outcome)?;
        }
        if let Some(gist) = gist {
            outcome = self.give_gist(id, gist, outcome)?;
        }
        Ok(outcome)
    }

    /// Gives a note a text, unless it has one.
    fn give_text(&self, id: NoteId, text: &NewText, outcome: RowOutcome) -> Result<RowOutcome> {
        let writer = self.writer;
        writer.write_gathered()?;
        if writer.text_row(id)?.is_some() {
            return Ok(outcome);
        }
        let Some(note) = writer.live(id)? else {
            writer.put_trashed_text(id, text)?;
            return Ok(outcome);
        };
        writer.put_text(id, text, true)?;
        if self.recorded.get() && self.came_by_this(id)? {
            return Ok(outcome);
        }
        if outcome == RowOutcome::Unchanged {
            self.record(&note, Some(&note))?;
        }
        self.record_text(id, text)?;
        Ok(RowOutcome::Merged)
    }

    /// Gives a note a summary by a model, unless it has one.
    fn give_gist(&self, id: NoteId, gist: &Gist, outcome: RowOutcome) -> Result<RowOutcome> {
        let writer = self.writer;
        if !writer.adopt_gist(id, Some(gist))? || outcome == RowOutcome::New {
            return Ok(outcome);
        }
        writer.write_gathered()?;
        let Some(note) = writer.live(id)? else {
            return Ok(outcome);
        };
        if self.recorded.get() && self.came_by_this(id)? {
            return Ok(outcome);
        }
        if outcome == RowOutcome::Unchanged {
            self.record(&note, Some(&note))?;
        }
        self.record_gist(id, gist)?;
        Ok(RowOutcome::Merged)
    }

    /// Makes `name` an alias of the tag `of`.
    ///
    /// # Errors
    /// `InvalidParams` if that isn't possible; the `store_*` kinds.
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

    /// Has the tag `tag` imply `implied`.
    ///
    /// # Errors
    /// `InvalidParams` if that isn't possible; the `store_*` kinds.
    pub fn implication(&self, tag: &Tag, implied: &Tag) -> Result<RowOutcome> {
        self.writer.end_bulk()?;
        let (added, is_new) = self.writer.imply_tag(tag, implied)?;
        if !is_new {
            return Ok(RowOutcome::Unchanged);
        }
        self.begin_record()?;
        self.implications.borrow_mut().push([
            self.writer.tag_id(&added.tag)?,
            self.writer.tag_id(&added.implied)?,
        ]);
        Ok(RowOutcome::New)
    }

    /// Saves a search, unless there is one with the same name.
    ///
    /// # Errors
    /// `InvalidParams` if the name or the query is invalid; the `store_*` kinds.
    pub fn search(&self, name: &str, query: &str) -> Result<RowOutcome> {
        let search = SavedSearch::new(name, query, self.writer.now)?;
        if let Some(own) = saved_search(&self.writer.tx, &search.name)? {
            if own.query == search.query {
                return Ok(RowOutcome::Unchanged);
            }
            return Err(Error::InvalidParams(format!(
                "Another search is saved as \"{}\" here.",
                own.name
            )));
        }
        self.begin_record()?;
        self.writer.save_search(&search)?;
        Ok(RowOutcome::New)
    }

    /// Stores the icon of a web site, unless it has one.
    ///
    /// # Errors
    /// `InvalidParams` if the name isn't that of a web site; the `store_*` kinds.
    pub fn icon(&self, site: &str, icon: &Icon) -> Result<RowOutcome> {
        if site.is_empty() || site_of(site) != site {
            return Err(Error::InvalidParams(
                "Its icon isn't that of a web site.".into(),
            ));
        }
        // The counts decide whether a note is from the web site.
        self.writer.end_bulk()?;
        let is_known: bool = self
            .writer
            .tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM icons WHERE labels = ?)")?
            .query_row([labels(site)], |row| row.get(0))?;
        Ok(match is_known || !self.writer.put_icon(site, icon)? {
            true => RowOutcome::Unchanged,
            false => RowOutcome::New,
        })
    }

    /// Ends the import and writes everything that is still pending.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn finish(self) -> Result<()> {
        let (aliases, implications) = (self.aliases.take(), self.implications.take());
        if aliases.is_empty() && implications.is_empty() {
            return Ok(());
        }
        let aliases = serde_json::to_string(&aliases).map_err(Error::internal)?;
        let implications = serde_json::to_string(&implications).map_err(Error::internal)?;
        self.writer.execute(
            "UPDATE imports SET aliases = ?, implications = ?",
            [aliases, implications],
        )
    }

    fn new_note(&self, row: ImportedRow) -> Result<(Note, PageUrl)> {
        let saved = row.saved();
        let wanted = NoteId::at(saved.unwrap_or_else(|| self.undated.get()));
        let id = self.free_id(row.kept.id.unwrap_or(wanted))?;
        if saved.is_none() {
            self.undated
                .set(id.moment() + SignedDuration::from_millis(1));
        }
        Ok(row.into_note(id, wanted.moment()))
    }

    fn merge(&self, before: &Note, row: &ImportedRow) -> Result<RowOutcome> {
        self.current.set(Some(before.id));
        let is_own = self.recorded.get() && self.came_by_this(before.id)?;
        let merged = before.with_row(row, is_own, self.writer.now)?;
        self.left.replace(merged.omissions);
        let note = merged.note;
        if merged.is_earlier {
            return self.moved(note);
        }
        if note == *before {
            return Ok(RowOutcome::Unchanged);
        }
        self.writer.store_fields(&note)?;
        self.writer.store_tags(&note)?;
        self.writer.index(&note, Indexed::Before);
        self.record(&note, (!is_own).then_some(before))?;
        Ok(RowOutcome::Merged)
    }

    /// Takes the parts of the last merged row that didn't fit.
    pub fn take_left(&self) -> Vec<Omission> {
        self.left.take()
    }

    /// Gives a note of this import the id of its earlier time.
    fn moved(&self, mut note: Note) -> Result<RowOutcome> {
        let writer = self.writer;
        let (text, gist) = (writer.text_row(note.id)?, writer.gist(note.id)?);
        writer.remove(note.id)?;
        writer.execute("DELETE FROM imported WHERE note_id = ?", [note.id.0])?;
        note.id = self.free_id(NoteId::at(note.saved_at))?;
        self.current.set(Some(note.id));
        let url = PageUrl::parse(&note.url)?;
        writer.insert(&note, &url)?;
        writer.adopt_newer_text(note.id, text.as_ref())?;
        if let Some(gist) = gist {
            writer.store_gist(note.id, &gist)?;
        }
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

    /// Imports a note of the trash, identified by its page and the time of its deletion.
    fn deleted(&self, row: ImportedRow, deleted_at: Timestamp) -> Result<RowOutcome> {
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
                    row.url.key(),
                    deleted_at.as_millisecond(),
                    row.kept.id.map(|id| id.0)
                ],
                |row| row.get(0),
            )?;
        if known {
            return Ok(RowOutcome::Unchanged);
        }
        let (mut note, url) = self.new_note(row)?;
        note.deleted_at = Some(deleted_at);
        writer.put_into_trash(&note, url.key())?;
        self.current.set(Some(note.id));
        self.record(&note, None)?;
        Ok(RowOutcome::New)
    }

    /// Returns false if there is certainly no note of this page.
    fn may_have_page(&self, key: &str) -> bool {
        match &*self.writer.bulk.borrow() {
            Some(bulk) => bulk.may_have_page(key),
            None => true,
        }
    }

    /// Returns this id or, if its millisecond is taken, the next free one.
    fn free_id(&self, wanted: NoteId) -> Result<NoteId> {
        if let Some(bulk) = &*self.writer.bulk.borrow()
            && !bulk.may_have_row(fts_index::row(wanted))
        {
            return Ok(wanted);
        }
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
        // Most times occur only once.
        if free == first && next == first + 1 {
            return Ok(id);
        }
        // All row ids on the way now point to the end, so that no way is followed twice.
        let mut row = first;
        while row < free {
            row = taken.insert(row, next).unwrap_or(free);
        }
        for row in free..next {
            taken.insert(row, next);
        }
        Ok(id)
    }

    /// The first change replaces the record of the last import.
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
        match before {
            None => writer.record_import(note.id.0, note.updated_at.as_microsecond())?,
            Some(before) => {
                let before = self.replaced(before, note)?;
                let updated_at = note.updated_at.as_microsecond();
                writer.execute(RECORD, params![note.id.0, updated_at, before])?;
            }
        }
        self.changed.set(self.changed.get().saturating_add(1));
        if self.changed.get() == MANY {
            writer.begin_bulk()?;
        }
        let changed = i64::from(self.changed.get());
        writer.know_what_is_taken(changed)?;
        writer.drop_indexes(changed)?;
        self.unindexed.set(self.unindexed.get() + 1);
        if self.unindexed.get() >= INDEXED_AT_ONCE {
            self.unindexed.set(0);
            writer.write_index()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{ExportedFields, Metadata},
        store::transaction::Store,
    };

    #[test]
    fn ids_of_one_and_the_same_moment_are_sought_for_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
        let origin = || Origin {
            file: String::new(),
            format: String::new(),
        };
        let now = crate::clock::now();
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
        // Within one import, and after those of an earlier one.
        for lead in [6, 8] {
            let taken = store
                .write(now, |writer| {
                    let import = writer.import(origin(), now);
                    for after in [0, 0, 0, 0, 0, 1, 3] {
                        assert_eq!(import.note(incoming(count, after))?, RowOutcome::New);
                        count += 1;
                    }
                    Ok(import.taken.take())
                })
                .unwrap();
            assert_eq!(taken[&(first + 3)], first + count);
            // A row id on the way points as far as was known then.
            assert_eq!(taken.get(&(first + 2)), Some(&(first + lead)));
        }
        assert_eq!(store.counts().unwrap().notes, 14);
    }
}
