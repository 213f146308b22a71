//! Repairs what devices exchange: recognises the rows of sync in a damaged database.
//!
//! Which files were read isn't restored, so that all are read again and lost states come back. A lost
//! list of renamed tags becomes an empty one for the same reason: what a file says replaces it.

use std::collections::BTreeMap;

use rusqlite::params;

use crate::{
    domain::sync::EditLists,
    error::{Error, Result},
    store::{
        recovery::{
            btree_reader::{Row, Value},
            damaged_database::DamagedDatabase,
            damaged_rows::is_note_id,
            rebuild::Salvage,
        },
        sync::{RawState, is_id, is_register, is_tag_edit, parsed_state},
        transaction::Writer,
    },
};

/// Most lists that states can refer to. A greater number is damage.
const MAX_LISTS: usize = 1_000_000;

/// A row of `sync_pages`.
struct PageRow {
    note_id: Option<i64>,
    /// `mark`, `unpublished`, `own`, `conflicts` and `remotely`.
    numbers: [i64; 5],
    device: Option<String>,
    arrived_at: Option<i64>,
    body: Vec<u8>,
    hidden: Option<Vec<u8>>,
}

impl DamagedDatabase {
    /// Restores what devices exchange, and from it what was lost of the notes. Comes last.
    pub(super) fn sync(&self, writer: &Writer<'_>, salvage: &mut Salvage) -> Result<()> {
        let known = salvage.lost_states;
        let pages = self.state_rows(salvage);
        let had_states = !pages.is_empty() || salvage.lost_states > known;
        self.put_states(writer, pages, salvage)?;
        self.put_history(writer)?;
        self.put_registers(writer)?;
        self.put_page_texts(writer)?;
        let is_synced = self.put_device(writer)?;
        if is_synced {
            // What is lost must not look like something that the user has removed.
            let has_lost_pairs = self.is_damaged("tag_parents") || self.is_damaged("tags");
            writer.complete_from_registers(has_lost_pairs, self.is_damaged("searches"))?;
        }
        salvage.sync_ended = had_states && !is_synced && self.is_damaged("sync");
        writer.write_index()?;
        let done = writer.reconcile_states()?;
        salvage.synced = done.completed + done.returned;
        salvage.notes += done.returned;
        Ok(())
    }

    fn of(&self, name: &str) -> impl Iterator<Item = Row> {
        let rows = self.rows(self.own(name).chain(self.stray(name)));
        rows.filter(|row| !row.partial)
    }

    /// Returns the readable rows of `sync_pages`. Of two for one page, the one whose state has more
    /// versions is newer.
    fn state_rows(&self, salvage: &mut Salvage) -> BTreeMap<[u8; 16], PageRow> {
        let mut pages: BTreeMap<[u8; 16], (usize, PageRow)> = BTreeMap::new();
        let mut lost: Vec<[u8; 16]> = Vec::new();
        let rows = self.own("sync_pages").chain(self.stray("sync_pages"));
        for row in self.rows(rows) {
            let Some((page, found)) = state_row(&row) else {
                continue;
            };
            let raw = RawState {
                page: &page,
                body: &found.body,
            };
            let Some(versions) = raw.versions().filter(|_| !row.partial) else {
                lost.push(page);
                continue;
            };
            if pages.get(&page).is_none_or(|(known, _)| *known < versions) {
                pages.insert(page, (versions, found));
            }
        }
        lost.sort_unstable();
        lost.dedup();
        let lost = lost.iter().filter(|page| !pages.contains_key(*page));
        salvage.lost_states += u64::try_from(lost.count()).unwrap_or(u64::MAX);
        let pages = pages.into_iter();
        pages.map(|(page, (_, row))| (page, row)).collect()
    }

    fn put_states(
        &self,
        writer: &Writer<'_>,
        pages: BTreeMap<[u8; 16], PageRow>,
        salvage: &mut Salvage,
    ) -> Result<()> {
        let mut lists: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for row in self.of("sync_lists") {
            if let (Some(number), [Value::Null, Value::Text(list)]) = (row.rowid, &*row.values)
                && let Ok(number) = usize::try_from(number)
                && let Ok(list) = serde_json::from_str::<Vec<String>>(list)
                && list.iter().all(|id| is_id(id))
                && number < MAX_LISTS
            {
                lists.entry(number).or_insert(list);
            }
        }
        let needed = pages.iter().flat_map(|(page, row)| {
            let bodies = [Some(&row.body), row.hidden.as_ref()].into_iter().flatten();
            let lists = bodies.filter_map(|body| RawState { page, body }.lists());
            lists.filter(|lists| *lists < MAX_LISTS).max()
        });
        let of_registers = self
            .of("sync_registers")
            .filter_map(|row| register(&row)?.list);
        let of_registers =
            of_registers.filter_map(|list| usize::try_from(list).ok()?.checked_add(1));
        let needed = needed.chain(of_registers.filter(|lists| *lists < MAX_LISTS));
        let known = lists.keys().next_back().map_or(0, |last| last + 1);
        let count = needed.max().unwrap_or(0).max(known);
        let lists: Vec<Vec<String>> = (0..count)
            .map(|number| lists.remove(&number).unwrap_or_default())
            .collect();
        for (number, list) in lists.iter().enumerate() {
            let list = serde_json::to_string(list).map_err(Error::internal)?;
            writer.execute(
                "INSERT INTO sync_lists (number, edits) VALUES (?, ?)",
                params![number, list],
            )?;
        }
        let lists = EditLists::parse(&lists).map_err(Error::internal)?;
        for (page, row) in pages {
            let raw = RawState {
                page: &page,
                body: &row.body,
            };
            if parsed_state(raw, &lists).is_none() {
                salvage.lost_states += 1;
                continue;
            }
            let is_readable = |body: &Vec<u8>| parsed_state(RawState { page: &page, body }, &lists);
            let hidden = row.hidden.filter(|body| is_readable(body).is_some());
            let [mark, unpublished, own, conflicts, remotely] = row.numbers;
            writer.execute(
                "INSERT INTO sync_pages (page, note_id, mark, unpublished, own, conflicts, remotely,
                                         device, arrived_at, state, hidden)
                 VALUES (?1, iif((SELECT count(*) FROM sync_pages WHERE note_id = ?2), NULL, ?2),
                         ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                params![
                    page,
                    row.note_id,
                    mark,
                    unpublished,
                    own,
                    conflicts,
                    remotely,
                    row.device,
                    row.arrived_at,
                    row.body,
                    hidden
                ],
            )?;
        }
        Ok(())
    }

    /// Restores renamed tags, what was said about aliases, and the ids of notes that got another one.
    fn put_history(&self, writer: &Writer<'_>) -> Result<()> {
        for row in self.of("sync_tag_edits") {
            if let [
                Value::Text(id),
                Value::Integer(number @ 0..),
                Value::Text(from),
                to @ (Value::Text(_) | Value::Null),
                Value::Integer(applied @ (0 | 1)),
                Value::Integer(unpublished @ (0 | 1)),
            ] = &*row.values
                && row.rowid.is_none()
                && is_tag_edit(id, from)
            {
                writer.execute(
                    "INSERT OR IGNORE INTO sync_tag_edits
                         (id, number, from_names, to_name, applied, unpublished)
                     VALUES (?, ?, ?, ?, ?, ?)",
                    params![id, number, from, text(to), applied, unpublished],
                )?;
            }
        }
        for row in self.of("sync_aliases") {
            if let [
                Value::Text(name),
                Value::Integer(micros),
                Value::Text(version),
                tag @ (Value::Text(_) | Value::Null),
                Value::Text(_) | Value::Null,
                Value::Integer(unpublished @ (0 | 1)),
            ] = &*row.values
                && row.rowid.is_none()
                && is_id(version)
            {
                // The newest, if an older row is left in free space. What is shown here is compared with
                // the restored aliases, so that a lost one isn't taken for removed.
                writer.execute(
                    "INSERT INTO sync_aliases (name, micros, version, tag, shown, unpublished)
                     VALUES (?1, ?2, ?3, ?4,
                             (SELECT t.name FROM tag_aliases a JOIN tags t ON t.id = a.tag_id
                              WHERE a.name = ?1), ?5)
                     ON CONFLICT (name) DO UPDATE SET micros = excluded.micros,
                         version = excluded.version, tag = excluded.tag,
                         unpublished = excluded.unpublished
                     WHERE excluded.micros > micros",
                    params![name, micros, version, text(tag), unpublished],
                )?;
            }
        }
        for row in self.rows(self.own("sync_moved")) {
            if let (Some(old), [Value::Null, Value::Integer(new)]) = (row.rowid, &*row.values)
                && is_note_id(old)
                && is_note_id(*new)
            {
                writer.execute(
                    "INSERT OR IGNORE INTO sync_moved (old_id, new_id) VALUES (?, ?)",
                    [old, *new],
                )?;
            }
        }
        Ok(())
    }

    /// Restores what was said about things that aren't pages.
    fn put_registers(&self, writer: &Writer<'_>) -> Result<()> {
        for row in self.of("sync_registers") {
            let Some(found) = register(&row) else {
                continue;
            };
            // The newest, if an older row is left in free space.
            writer.execute(
                "INSERT INTO sync_registers (kind, name, micros, version, value, list, unpublished)
                 VALUES (?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (kind, name) DO UPDATE SET micros = excluded.micros,
                     version = excluded.version, value = excluded.value, list = excluded.list,
                     unpublished = excluded.unpublished
                 WHERE excluded.micros > micros",
                params![
                    found.kind,
                    found.name,
                    found.micros,
                    found.version,
                    found.value,
                    found.list,
                    found.unpublished
                ],
            )?;
        }
        Ok(())
    }

    /// Restores what was said about texts of pages, but for those that the notes have lost: the files
    /// have them.
    fn put_page_texts(&self, writer: &Writer<'_>) -> Result<()> {
        for row in self.of("sync_page_texts") {
            if let [
                Value::Blob(page),
                Value::Integer(number @ 0..),
                Value::Integer(removed @ (0 | 1)),
                taken_at @ (Value::Integer(_) | Value::Null),
                Value::Integer(source),
                Value::Integer(whole @ (0 | 1)),
                Value::Integer(bytes @ 0..),
                Value::Integer(unpublished @ (0 | 1)),
                Value::Integer(own @ (0 | 1)),
                // One that waits for its note is in a file.
                Value::Null,
            ] = &*row.values
                && row.rowid.is_none()
                && page.len() == 16
                && u32::try_from(*number).is_ok()
            {
                // The newest, if an older row is left in free space.
                writer.execute(
                    "INSERT INTO sync_page_texts (page, number, removed, taken_at, source, whole,
                         bytes, unpublished, own)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                     ON CONFLICT (page) DO UPDATE SET number = ?2, removed = ?3, taken_at = ?4,
                         source = ?5, whole = ?6, bytes = ?7, unpublished = ?8, own = ?9
                     WHERE ?2 > number",
                    params![
                        page,
                        number,
                        removed,
                        integer(taken_at),
                        source,
                        whole,
                        bytes,
                        unpublished,
                        own
                    ],
                )?;
            }
        }
        writer.execute(
            "DELETE FROM sync_page_texts WHERE taken_at IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM sync_pages p JOIN texts t ON t.note_id = p.note_id
                 WHERE p.page = sync_page_texts.page AND t.taken_at = sync_page_texts.taken_at
                     AND t.bytes = sync_page_texts.bytes)",
            [],
        )?;
        writer.compare_all_texts()
    }

    /// Restores this device. All files are to be read again, and all notes to be compared with the
    /// states. Returns whether it was found.
    fn put_device(&self, writer: &Writer<'_>) -> Result<bool> {
        for row in self.of("sync") {
            if let [
                Value::Null,
                Value::Text(device),
                Value::Text(name),
                Value::Text(place),
                Value::Integer(encrypted @ (0 | 1)),
                Value::Integer(_),
                Value::Integer(_),
                Value::Integer(restoring @ 0..=2),
                Value::Integer(number @ 0..),
                Value::Integer(_) | Value::Null,
                ran_at @ (Value::Integer(_) | Value::Null),
                ok_at @ (Value::Integer(_) | Value::Null),
                Value::Text(_) | Value::Null,
            ] = &*row.values
                && row.rowid == Some(1)
                && device.len() == 16
                && device
                    .bytes()
                    .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
                && !place.is_empty()
            {
                // Aliases that the repair lost are set again.
                writer.execute(
                    "INSERT OR REPLACE INTO sync (id, device, name, place, encrypted, absorbed,
                         renewing, restoring, number, ran_at, ok_at)
                     VALUES (1, ?, ?, ?, ?, -1, ?, ?, ?, ?, ?)",
                    params![
                        device,
                        name,
                        place,
                        encrypted,
                        *restoring == 0,
                        restoring,
                        number,
                        integer(ran_at),
                        integer(ok_at)
                    ],
                )?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A row of `sync_registers`.
struct RegisterRow<'a> {
    kind: &'a str,
    name: &'a str,
    micros: i64,
    version: &'a str,
    value: Option<&'a str>,
    list: Option<i64>,
    unpublished: i64,
}

fn register(row: &Row) -> Option<RegisterRow<'_>> {
    let [
        Value::Text(kind),
        Value::Text(name),
        Value::Integer(micros),
        Value::Text(version),
        value @ (Value::Text(_) | Value::Null),
        list @ (Value::Integer(0..) | Value::Null),
        Value::Integer(unpublished @ (0 | 1)),
    ] = row.values.as_slice()
    else {
        return None;
    };
    (row.rowid.is_none() && is_register(name, version, text(value))).then_some(RegisterRow {
        kind,
        name,
        micros: *micros,
        version,
        value: text(value),
        list: integer(list),
        unpublished: *unpublished,
    })
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        _ => None,
    }
}

/// Reads a row of `sync_pages`.
fn state_row(row: &Row) -> Option<([u8; 16], PageRow)> {
    let [
        Value::Blob(page),
        note_id @ (Value::Integer(_) | Value::Null),
        Value::Integer(mark),
        Value::Integer(unpublished @ (0 | 1)),
        Value::Integer(own @ (0 | 1)),
        Value::Integer(conflicts @ 0..),
        Value::Integer(remotely @ (0 | 1)),
        device @ (Value::Text(_) | Value::Null),
        arrived_at @ (Value::Integer(_) | Value::Null),
        Value::Blob(body),
        hidden @ (Value::Blob(_) | Value::Null),
    ] = row.values.as_slice()
    else {
        return None;
    };
    let page: [u8; 16] = page.as_slice().try_into().ok()?;
    row.rowid?;
    let found = PageRow {
        note_id: integer(note_id).filter(|id| is_note_id(*id)),
        numbers: [*mark, *unpublished, *own, *conflicts, *remotely],
        device: text(device).map(str::to_owned),
        arrived_at: integer(arrived_at),
        body: body.clone(),
        hidden: match hidden {
            Value::Blob(body) => Some(body.clone()),
            _ => None,
        },
    };
    Some((page, found))
}
