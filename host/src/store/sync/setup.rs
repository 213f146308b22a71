//! Whether the notes are synced, and as which device.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    error::Result,
    store::{
        connection::reader::Reader,
        notes::note_rows::moment,
        transaction::{Store, Writer},
    },
};

/// This device in the sync of its notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncSetup {
    /// Its id, 16 hexadecimal digits. Its files are in a folder of this name.
    pub device: String,
    /// Its name for people.
    pub name: String,
    /// Where the files are, as the user gave it.
    pub place: String,
    /// Whether the files are encrypted.
    pub encrypted: bool,
    /// The greatest number of a file that it wrote.
    pub number: u32,
    /// When it last looked for lost files.
    pub healed_at: Option<Timestamp>,
    /// The last run.
    pub ran_at: Option<Timestamp>,
    /// The last run without a problem.
    pub ok_at: Option<Timestamp>,
    /// Why the last run failed, as the caller encoded it.
    pub problem: Option<String>,
}

/// Whether a backup is becoming the newest version on all devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restoring {
    /// No backup is.
    No,
    /// The files since the backup are being read.
    Reading,
    /// They have been read.
    Read,
}

pub(super) fn restoring(conn: &Connection) -> Result<Restoring> {
    let mut query = conn.prepare_cached("SELECT restoring FROM sync")?;
    let found: Option<i64> = query.query_row([], |row| row.get(0)).optional()?;
    Ok(match found {
        Some(1) => Restoring::Reading,
        Some(2) => Restoring::Read,
        _ => Restoring::No,
    })
}

impl Reader {
    /// Returns whether a backup is becoming the newest version on all devices.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn is_restoring(&self) -> Result<bool> {
        Ok(restoring(&self.conn)? != Restoring::No)
    }

    /// Returns how the notes are synced, or `None` if they aren't.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn sync_setup(&self) -> Result<Option<SyncSetup>> {
        read_setup(&self.conn)
    }
}

pub(super) fn read_setup(conn: &Connection) -> Result<Option<SyncSetup>> {
    let mut query = conn.prepare_cached(
        "SELECT device, name, place, encrypted, number, healed_at, ran_at, ok_at, problem FROM sync",
    )?;
    let time = |value: Option<i64>| value.map(moment);
    let setup = query.query_row([], |row| {
        Ok(SyncSetup {
            device: row.get(0)?,
            name: row.get(1)?,
            place: row.get(2)?,
            encrypted: row.get(3)?,
            number: row.get(4)?,
            healed_at: time(row.get(5)?),
            ran_at: time(row.get(6)?),
            ok_at: time(row.get(7)?),
            problem: row.get(8)?,
        })
    });
    Ok(setup.optional()?)
}

impl Store {
    /// Starts to sync the notes, or goes on at another place. All that this device knows is published
    /// again.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn begin_sync(&mut self, setup: &SyncSetup, now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            writer.execute("DELETE FROM sync", [])?;
            writer.execute("DELETE FROM sync_segments", [])?;
            writer.execute("DELETE FROM sync_devices", [])?;
            writer.execute("DELETE FROM sync_forgotten", [])?;
            writer.execute("UPDATE sync_pages SET unpublished = 1, own = 0", [])?;
            writer.execute("UPDATE sync_page_texts SET unpublished = 1, own = 0", [])?;
            writer.execute("UPDATE sync_tag_edits SET unpublished = 1", [])?;
            writer.execute("UPDATE sync_aliases SET unpublished = 1", [])?;
            writer.execute("UPDATE sync_registers SET unpublished = 1", [])?;
            writer.execute(
                // What was read before isn't shown yet if the run was killed.
                "INSERT INTO sync (id, device, name, place, encrypted, absorbed, number, renewing)
                 VALUES (1, ?, ?, ?, ?, -1, ?,
                     EXISTS (SELECT 1 FROM sync_tag_edits WHERE applied = 0)
                     OR EXISTS (SELECT 1 FROM sync_aliases WHERE tag IS NOT shown))",
                params![
                    setup.device,
                    setup.name,
                    setup.place,
                    setup.encrypted,
                    setup.number
                ],
            )?;
            writer.compare_all_texts()
        })
    }

    /// Stops to sync. The notes stay as they are, and so does what is known of other devices' changes,
    /// so that the notes can be synced again.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn stop_sync(&mut self, now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            writer.execute("DELETE FROM sync_segments", [])?;
            writer.execute("DELETE FROM sync_devices", [])?;
            writer.execute("DELETE FROM sync_forgotten", [])?;
            writer.execute("DELETE FROM sync", [])
        })
    }

    /// Changes the name of this device.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn rename_device(&mut self, name: &str, now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            writer.execute("UPDATE sync SET name = ?", [name])
        })
    }

    /// Records how a run ended. One without a problem has read all files.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn record_sync_run(&mut self, problem: Option<&str>, now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            writer.execute(
                "UPDATE sync SET ran_at = ?1, problem = ?2, ok_at = iif(?2 IS NULL, ?1, ok_at),
                     restoring = iif(restoring = 1 AND ?2 IS NULL, 2, restoring)",
                params![now.as_microsecond(), problem],
            )
        })
    }

    /// Records that this device looked for lost files. With `republish`, some of its own are lost, so
    /// all that this device has published is published again.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn record_healing(&mut self, republish: bool, now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            if republish {
                writer.republish()?;
            }
            writer.execute("UPDATE sync SET healed_at = ?", [now.as_microsecond()])
        })
    }

    /// Has the next run look for lost files, and publish again all that this device has published.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn republish_all(&mut self, now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            writer.republish()?;
            writer.execute("UPDATE sync SET healed_at = NULL", [])
        })
    }
}

impl Writer<'_> {
    /// Has the next run compare all texts of pages with what was last said about them.
    pub(in crate::store) fn compare_all_texts(&self) -> Result<()> {
        self.execute(
            "INSERT OR IGNORE INTO sync_changed_texts SELECT note_id FROM texts",
            [],
        )
    }

    fn republish(&self) -> Result<()> {
        self.execute("UPDATE sync_pages SET unpublished = 1 WHERE own = 1", [])?;
        self.execute(
            "UPDATE sync_page_texts SET unpublished = 1 WHERE own = 1",
            [],
        )?;
        self.execute("UPDATE sync_tag_edits SET unpublished = 1", [])?;
        self.execute("UPDATE sync_aliases SET unpublished = 1", [])?;
        self.execute("UPDATE sync_registers SET unpublished = 1", [])
    }

    /// Returns whether the notes are synced.
    pub(in crate::store) fn is_synced(&self) -> Result<bool> {
        let mut query = self.tx.prepare_cached("SELECT 1 FROM sync")?;
        Ok(query.exists([])?)
    }

    /// Returns whether this is the id of this device.
    pub(super) fn is_device(&self, device: &str) -> Result<bool> {
        let mut query = (self.tx).prepare_cached("SELECT 1 FROM sync WHERE device = ?")?;
        Ok(query.exists([device])?)
    }
}
