//! What a restored backup means for the other devices.
//!
//! The tables here go back with the notes, so all files since are unknown and read again: what was
//! deleted or changed since comes again, and nothing resurrects. If the backup is to become the newest
//! version on all devices, the states in these files are joined first, without touching the notes.
//! Then the notes are absorbed, as if the user had just made all of them what they are, and pages that
//! the backup lacks go to the trash.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    absorb::{AT_ONCE, Absorber},
    history::load_history,
    setup::{SyncSetup, read_setup},
    states::page_of,
};
use crate::{
    domain::{
        NoteId,
        sync::{Life, PageId, PageView},
    },
    error::{Error, Result},
    store::{
        notes::note_rows::note_of_page,
        transaction::{Store, Writer},
    },
};

/// What became of the sync of notes when a backup was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoredSync {
    /// The notes weren't synced, and aren't.
    None,
    /// The notes are synced as before. What was changed since the backup and synced comes again.
    Continues,
    /// The next run makes the backup the newest version on all devices.
    Everywhere,
    /// The notes were synced with this place, but the backup is older than that: now they aren't.
    Ended(String),
    /// The backup was synced with this place, but the notes weren't: they still aren't.
    NotResumed(String),
    /// There were no notes here. The backup was synced with this place, and is again, as the same
    /// device.
    Resumed(String),
}

/// The database that a backup replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum ReplacedSync {
    /// There is none, or it can't be read.
    Unknown,
    /// Its notes aren't synced.
    NotSynced,
    /// Its notes are synced like this.
    Synced(SyncSetup),
}

impl ReplacedSync {
    /// Reads whether a database is synced.
    pub(in crate::store) fn of(conn: &Connection) -> Self {
        let has_table = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'sync')";
        match conn.query_row(has_table, [], |row| row.get(0)) {
            Ok(true) => {}
            Ok(false) => return Self::NotSynced,
            Err(_) => return Self::Unknown,
        }
        match read_setup(conn) {
            Ok(Some(setup)) => Self::Synced(setup),
            Ok(None) => Self::NotSynced,
            Err(_) => Self::Unknown,
        }
    }
}

/// Has the content of a backup in `new` synced as the database was that it replaces: as the same
/// device and with the same place, whatever the backup says.
///
/// # Errors
/// `InvalidParams` if the backup is to be restored on all devices but the notes aren't synced.
pub(in crate::store) fn carry_over(
    new: &Connection,
    replaced: ReplacedSync,
    everywhere: bool,
) -> Result<RestoredSync> {
    let backup = read_setup(new)?;
    let current = match (replaced, backup) {
        (ReplacedSync::Synced(current), backup) => {
            if backup.is_none() && !everywhere {
                return Ok(RestoredSync::Ended(current.place));
            }
            adopt(new, &current, backup.as_ref())?;
            current
        }
        (ReplacedSync::Unknown, Some(backup)) => {
            if !everywhere {
                return Ok(RestoredSync::Resumed(backup.place));
            }
            backup
        }
        _ if everywhere => {
            return Err(Error::InvalidParams(
                "The notes aren't synced, so there are no other devices. Leave out --everywhere."
                    .into(),
            ));
        }
        (_, Some(backup)) => {
            for table in ["sync", "sync_segments", "sync_devices", "sync_forgotten"] {
                new.execute(&format!("DELETE FROM {table}"), [])?;
            }
            return Ok(RestoredSync::NotResumed(backup.place));
        }
        (_, None) => return Ok(RestoredSync::None),
    };
    if !everywhere {
        return Ok(RestoredSync::Continues);
    }
    log::info!(
        "the backup becomes the newest version for {}",
        current.device
    );
    new.execute("UPDATE sync SET restoring = 1, renewing = 0", [])?;
    Ok(RestoredSync::Everywhere)
}

/// Makes the content of a backup that of this device.
fn adopt(new: &Connection, current: &SyncSetup, backup: Option<&SyncSetup>) -> Result<()> {
    let is_same = |same: fn(&SyncSetup) -> &String| {
        backup.is_some_and(|backup| same(backup) == same(current))
    };
    if !is_same(|setup| &setup.device) {
        // Files of this device say what it has published. They are read again.
        new.execute("UPDATE sync_pages SET own = 0", [])?;
        new.execute("UPDATE sync_page_texts SET own = 0", [])?;
    }
    if !is_same(|setup| &setup.place) {
        new.execute_batch(
            "DELETE FROM sync_segments;
             DELETE FROM sync_devices;
             DELETE FROM sync_forgotten;
             UPDATE sync_pages SET unpublished = 1, own = 0;
             UPDATE sync_page_texts SET unpublished = 1, own = 0;
             UPDATE sync_tag_edits SET unpublished = 1;
             UPDATE sync_aliases SET unpublished = 1;
             UPDATE sync_registers SET unpublished = 1;",
        )?;
    }
    new.execute(
        "INSERT OR IGNORE INTO sync_changed_texts SELECT note_id FROM texts",
        [],
    )?;
    let micros = |moment: Option<Timestamp>| moment.map(Timestamp::as_microsecond);
    let renewing: Option<i64> = new
        .query_row("SELECT renewing FROM sync", [], |row| row.get(0))
        .optional()?;
    new.execute("DELETE FROM sync", [])?;
    new.execute(
        "INSERT INTO sync (id, device, name, place, encrypted, absorbed, renewing, number, ran_at,
                           ok_at, problem)
         VALUES (1, ?, ?, ?, ?, -1, ?, ?, ?, ?, ?)",
        params![
            current.device,
            current.name,
            current.place,
            current.encrypted,
            renewing.unwrap_or(0),
            current.number,
            micros(current.ran_at),
            micros(current.ok_at),
            current.problem
        ],
    )?;
    Ok(())
}

impl Store {
    /// Makes the notes as they are the newest versions. Returns the number of changed pages.
    pub(super) fn absorb_restored(&mut self, revision: i64, now: Timestamp) -> Result<u64> {
        self.write(now, |writer| {
            let wanted = load_history(&writer.tx, false)?.aliases();
            writer.note_shown_aliases(&wanted)?;
            writer.execute("UPDATE sync_tag_edits SET applied = 1", [])?;
            // No mark agrees with a state that has been joined.
            writer.execute("UPDATE sync_pages SET mark = 0", [])?;
            writer.absorb_aliases()?;
            writer.absorb_registers()
        })?;
        let ids = self.all_ids_to_absorb()?;
        let mut changed = self.absorb_apart(&ids, now)?;
        for pages in self.pages_without_note()?.chunks(AT_ONCE) {
            changed += self.write(now, |writer| {
                writer.with_states(|absorber| absorber.trash_pages(pages))
            })?;
        }
        self.write(now, |writer| {
            writer.compare_all_texts()?;
            writer.execute("UPDATE sync SET restoring = 0, absorbed = ?", [revision])
        })?;
        Ok(changed)
    }

    fn pages_without_note(&self) -> Result<Vec<PageId>> {
        let sql = "SELECT page FROM sync_pages WHERE note_id IS NULL ORDER BY page";
        let mut query = self.conn.prepare_cached(sql)?;
        let pages = query.query_map([], |row| page_of(row, 0))?;
        Ok(pages.collect::<rusqlite::Result<_>>()?)
    }
}

impl Absorber<'_, '_> {
    /// Moves those of these pages to the trash that are live on other devices only. They can be
    /// restored here, too. Returns their number.
    fn trash_pages(&mut self, pages: &[PageId]) -> Result<u64> {
        let writer: &Writer<'_> = self.states.writer;
        let mut changed = 0;
        for page in pages {
            let Some(mut row) = self.states.of_page(*page)? else {
                continue;
            };
            let Some(mut view) = self.view(&row).filter(|view| view.life == Life::Live) else {
                continue;
            };
            // One that can't be a note here wasn't in the backup, either.
            let Ok(url) = view.address(None) else {
                continue;
            };
            if note_of_page(&writer.tx, &url)?.is_some() {
                continue;
            }
            let id = writer.free_id(NoteId::at(NoteId(view.saved_at).moment()))?;
            let Ok(mut note) = view.to_note(id, &url, None) else {
                continue;
            };
            let deleted_at = writer.clock.stamp(writer.now);
            note.deleted_at = Some(deleted_at);
            writer.put_into_trash(&note, url.key())?;
            view.life = Life::Trash(deleted_at.as_microsecond());
            changed += u64::from(self.change(&mut row, &view, None));
            row.note_id = Some(id);
            row.mark = PageView::of(&note).mark();
            row.remotely = false;
            row.arrived = None;
            self.store(&row)?;
        }
        Ok(changed)
    }
}
