//! Undoes the last import from its record.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{Metadata, Note, NoteId},
    error::{Error, Result},
    store::{
        notes::{
            fts_index,
            gists::Gist,
            import::{Import, Origin},
            note_rows::{addresses_column, shift_of, tags_for_trash},
            texts::{NewText, TextSource},
        },
        transaction::{Writer, pending_index::Indexed},
    },
};

/// Notes that are undone per query of the record.
const UNDONE_AT_ONCE: u32 = if cfg!(test) { 3 } else { 1_000 };

/// The result of undoing an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The source of the import.
    pub origin: Origin,
    /// The time of the import.
    pub done_at: Timestamp,
    /// Number of notes created by the import and removed.
    pub removed: u64,
    /// Number of notes merged by the import and restored.
    pub restored: u64,
    /// Number of notes that the user has changed since, which stay.
    pub kept: u64,
    /// Number of saved searches that the import added and that were forgotten.
    pub searches: u64,
    /// Number of aliases that the import added and that were removed.
    pub aliases: u64,
    /// Number of implied tags that the import added and that are no longer implied.
    pub implications: u64,
}

/// The fields of an existing note that an import replaced.
#[derive(Debug, Serialize, Deserialize)]
struct Before {
    title: String,
    summary: String,
    excerpt: Option<String>,
    published_at: Option<String>,
    site_name: Option<String>,
    lang: Option<String>,
    updated_at: i64,
    /// Ids of the added tags, because a tag may be renamed before the undo.
    tags: Vec<i64>,
    #[serde(default)]
    addresses: Vec<String>,
    #[serde(default = "yes")]
    title_typed: bool,
    #[serde(default = "yes")]
    read: bool,
    #[serde(default)]
    page_title: Option<String>,
    /// When the text that the import added was read, in µs.
    #[serde(default)]
    text_taken_at: Option<i64>,
    /// When the summary by a model that the import added was made, in µs.
    #[serde(default)]
    gist_made_at: Option<i64>,
}

/// The default for records from before schema 6 or 7.
fn yes() -> bool {
    true
}

impl Import<'_> {
    /// Returns the fields replaced on a note as JSON. If this import has already changed the note,
    /// returns what it replaced first.
    pub(super) fn replaced(&self, before: &Note, note: &Note) -> Result<String> {
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
                read: before.read,
                page_title: before.page_title.clone(),
                text_taken_at: None,
                gist_made_at: None,
            },
        };
        for tag in &note.tags[before.tags.len()..] {
            replaced.tags.push(self.writer.tag_id(tag)?);
        }
        serde_json::to_string(&replaced).map_err(Error::internal)
    }

    /// Records that this import gave a text to an existing note, which is recorded already.
    pub(super) fn record_text(&self, id: NoteId, text: &NewText) -> Result<()> {
        let taken_at = text.summary().taken_at.as_microsecond();
        self.record_part(id, |before| before.text_taken_at = Some(taken_at))
    }

    /// Records that this import gave a summary by a model to an existing note, which is recorded
    /// already.
    pub(super) fn record_gist(&self, id: NoteId, gist: &Gist) -> Result<()> {
        let made_at = gist.made_at.as_microsecond();
        self.record_part(id, |before| before.gist_made_at = Some(made_at))
    }

    fn record_part(&self, id: NoteId, change: impl FnOnce(&mut Before)) -> Result<()> {
        let before: String = self
            .writer
            .tx
            .prepare_cached("SELECT before FROM imported WHERE note_id = ?")?
            .query_row([id.0], |row| row.get(0))?;
        let mut before: Before = serde_json::from_str(&before).map_err(Error::internal)?;
        change(&mut before);
        let before = serde_json::to_string(&before).map_err(Error::internal)?;
        self.writer.execute(
            "UPDATE imported SET before = ? WHERE note_id = ?",
            params![before, id.0],
        )
    }
}

impl Before {
    /// Restores the fields. The caller removes the added tags.
    fn of(self, mut note: Note) -> Note {
        note.title = self.title;
        note.title_typed = self.title_typed;
        note.read = self.read;
        note.page_title = self.page_title;
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
    /// Undoes the last import: removes the notes and saved searches that it created and restores the
    /// notes that it merged. What the user has changed since, and notes moved to the trash, stay.
    ///
    /// # Errors
    /// `InvalidParams` if there is none; the `store_*` kinds.
    pub fn undo_import(&self) -> Result<Undone> {
        let found = self
            .tx
            .query_row(
                "SELECT done_at, file, format, aliases, implications FROM imports",
                [],
                |row| {
                    let origin = Origin {
                        file: row.get(1)?,
                        format: row.get(2)?,
                    };
                    let lists = [row.get::<_, String>(3)?, row.get(4)?];
                    Ok((row.get(0)?, origin, lists))
                },
            )
            .optional()?;
        let Some((done_at, origin, [aliases, implications])) = found else {
            return Err(Error::InvalidParams("There is no import to undo.".into()));
        };
        let mut undone = Undone {
            origin,
            done_at: NoteId(done_at).moment(),
            removed: 0,
            restored: 0,
            kept: 0,
            searches: 0,
            aliases: 0,
            implications: 0,
        };
        let aliases: Vec<(String, i64)> =
            serde_json::from_str(&aliases).map_err(Error::internal)?;
        for (name, tag) in aliases {
            // Not an alias that the user has changed since.
            let gone = self
                .tx
                .prepare_cached("DELETE FROM tag_aliases WHERE name = ? AND tag_id = ?")?
                .execute(params![name, tag])?;
            undone.aliases += u64::from(gone > 0);
        }
        let implications: Vec<[i64; 2]> =
            serde_json::from_str(&implications).map_err(Error::internal)?;
        for [tag, implied] in implications {
            undone.implications += u64::from(self.undo_implication(tag, implied)?);
        }
        // An import gives its searches its own time; a search that the user changed since has another.
        undone.searches = self.forget_searches_of(undone.done_at)?;
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
            // Not what the user deleted since: only what was imported as deleted.
            let gone = self
                .tx
                .prepare_cached("DELETE FROM trash WHERE id = ? AND deleted_at <= ?")?
                .execute(params![row.id.0, undone.done_at.as_microsecond()])?;
            undone.removed += u64::from(gone > 0);
            return Ok(());
        };
        let text = self.text_row(row.id)?.map(|text| text.summary());
        // A download is no work of the user.
        let has_newer_text = text.is_some_and(|text| {
            matches!(text.source, TextSource::Click | TextSource::File)
                && text.taken_at > undone.done_at
        });
        if note.updated_at.as_microsecond() != row.updated_at
            || row.before.is_none() && has_newer_text
        {
            undone.kept += 1;
            return Ok(());
        }
        let Some(before) = row.before else {
            self.remove(row.id)?;
            undone.removed += 1;
            return Ok(());
        };
        let before: Before = serde_json::from_str(&before).map_err(Error::internal)?;
        // Not a text that came since.
        if before.text_taken_at.is_some()
            && before.text_taken_at == text.map(|text| text.taken_at.as_microsecond())
        {
            self.take_text(row.id)?;
        }
        let made_at = self.gist(row.id)?.map(|gist| gist.made_at.as_microsecond());
        if before.gist_made_at.is_some() && before.gist_made_at == made_at {
            self.remove_gist(row.id)?;
        }
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
        // Closes gaps in the order of tags.
        self.store_tags(&note)?;
        self.index(&note, Indexed::Before);
        undone.restored += 1;
        Ok(())
    }

    /// Stores a note in the trash.
    pub(in crate::store) fn put_into_trash(&self, note: &Note, key: &str) -> Result<()> {
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.take_row(fts_index::row(note.id));
        }
        self.execute(
            "INSERT OR IGNORE INTO trash (id, page_key, url, title, summary, excerpt, published_at,
                                          site_name, lang, updated_at, tags, deleted_at, shift,
                                          addresses, title_typed, read, page_title)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                note.read,
                note.page_title,
            ],
        )
    }
}
