//! The files that were read, and the devices that wrote them.

use jiff::Timestamp;
use rusqlite::params;

use crate::{
    error::Result,
    store::{
        connection::reader::Reader,
        notes::note_rows::moment,
        transaction::{Store, Writer},
    },
};

/// A file that this device has read, has written or waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRecord {
    /// The device that wrote it.
    pub device: String,
    /// The name of the file.
    pub file: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// When this device first saw it.
    pub found_at: Timestamp,
    /// When it was read or written; `None` while it waits.
    pub read_at: Option<Timestamp>,
    /// Why it waits, as a word.
    pub problem: Option<String>,
    /// When a newer file of this device took its place.
    pub folded_at: Option<Timestamp>,
    /// When this device first saw that the file is gone from the place: a file of another device that was
    /// read.
    pub gone_at: Option<Timestamp>,
}

/// A device whose files were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncDevice {
    /// Its id.
    pub device: String,
    /// Its name.
    pub name: String,
    /// The version of its program.
    pub program: String,
    /// The greatest number of a file that was read.
    pub number: u32,
    /// When it wrote that file, by its clock.
    pub wrote_at: Timestamp,
}

impl Reader {
    /// Returns all files that are known here.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn segments(&self) -> Result<Vec<SegmentRecord>> {
        let mut query = self.conn.prepare_cached(
            "SELECT device, file, bytes, read_at, problem, folded_at, found_at, gone_at
             FROM sync_segments ORDER BY device, file",
        )?;
        let segments = query.query_map([], |row| {
            Ok(SegmentRecord {
                device: row.get(0)?,
                file: row.get(1)?,
                bytes: row.get(2)?,
                read_at: row.get::<_, Option<i64>>(3)?.map(moment),
                problem: row.get(4)?,
                folded_at: row.get::<_, Option<i64>>(5)?.map(moment),
                found_at: moment(row.get(6)?),
                gone_at: row.get::<_, Option<i64>>(7)?.map(moment),
            })
        })?;
        Ok(segments.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the devices whose files were read.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn sync_devices(&self) -> Result<Vec<SyncDevice>> {
        let mut query = self.conn.prepare_cached(
            "SELECT device, name, program, number, wrote_at FROM sync_devices ORDER BY name, device",
        )?;
        let devices = query.query_map([], |row| {
            Ok(SyncDevice {
                device: row.get(0)?,
                name: row.get(1)?,
                program: row.get(2)?,
                number: row.get(3)?,
                wrote_at: moment(row.get(4)?),
            })
        })?;
        Ok(devices.collect::<rusqlite::Result<_>>()?)
    }
}

impl Store {
    /// Records files. One that was read isn't read again.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn record_segments(&mut self, segments: &[SegmentRecord], now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            for segment in segments {
                writer.execute(
                    "INSERT INTO sync_segments
                         (device, file, bytes, read_at, problem, folded_at, found_at, gone_at)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                     ON CONFLICT (device, file) DO UPDATE SET bytes = excluded.bytes,
                         read_at = excluded.read_at, problem = excluded.problem,
                         folded_at = excluded.folded_at, gone_at = excluded.gone_at",
                    params![
                        segment.device,
                        segment.file,
                        segment.bytes,
                        segment.read_at.map(Timestamp::as_microsecond),
                        segment.problem,
                        segment.folded_at.map(Timestamp::as_microsecond),
                        segment.found_at.as_microsecond(),
                        segment.gone_at.map(Timestamp::as_microsecond)
                    ],
                )?;
            }
            Ok(())
        })
    }

    /// Forgets files that are no longer in the place.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn forget_segments(&mut self, gone: &[(String, String)], now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            for (device, file) in gone {
                writer.execute(
                    "DELETE FROM sync_segments WHERE device = ? AND file = ?",
                    [device, file],
                )?;
            }
            Ok(())
        })
    }

    /// Records what a file says of its device.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn record_device(&mut self, device: &SyncDevice, now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            writer.execute(
                "INSERT INTO sync_devices (device, name, program, number, wrote_at)
                 VALUES (?, ?, ?, ?, ?)
                 ON CONFLICT (device) DO UPDATE SET name = excluded.name,
                     program = excluded.program, number = excluded.number,
                     wrote_at = excluded.wrote_at
                 WHERE excluded.number >= number",
                params![
                    device.device,
                    device.name,
                    device.program,
                    device.number,
                    device.wrote_at.as_microsecond()
                ],
            )
        })
    }

    /// Forgets a device and its files.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn forget_device(&mut self, device: &str, now: Timestamp) -> Result<()> {
        self.write(now, |writer| writer.forget_device(device))
    }

    /// Has the other devices forget a device, too: the next file says so.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn say_forgotten(&mut self, device: &str, now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            let sql = "INSERT OR REPLACE INTO sync_forgotten (device, unpublished) VALUES (?, 1)";
            writer.execute(sql, [device])
        })
    }

    /// Forgets devices that were forgotten on another one. One that has written since then stays.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn apply_forgotten(&mut self, devices: &[String], now: Timestamp) -> Result<()> {
        if devices.is_empty() {
            return Ok(());
        }
        self.write(now, |writer| {
            for device in devices {
                let added = writer
                    .tx
                    .prepare_cached(
                        "INSERT OR IGNORE INTO sync_forgotten (device, unpublished) VALUES (?, 0)",
                    )?
                    .execute([device])?;
                if added > 0 && !writer.is_device(device)? {
                    writer.forget_device(device)?;
                }
            }
            Ok(())
        })
    }

    /// Records that the newest files of a device aren't waited for any more. `newest`: the greatest
    /// number of a file that is there. Without any, the device is forgotten.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn miss_no_more(
        &mut self,
        device: &str,
        newest: Option<u32>,
        now: Timestamp,
    ) -> Result<()> {
        self.write(now, |writer| match newest {
            Some(number) => writer.execute(
                "UPDATE sync_devices SET number = ? WHERE device = ?",
                params![number, device],
            ),
            None => writer.forget_device(device),
        })
    }
}

impl Writer<'_> {
    fn forget_device(&self, device: &str) -> Result<()> {
        self.execute("DELETE FROM sync_segments WHERE device = ?", [device])?;
        self.execute("DELETE FROM sync_devices WHERE device = ?", [device])
    }
}
