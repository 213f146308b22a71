//! Checks what devices exchange: states of pages, renamed tags, and this device.

use rusqlite::{Connection, OptionalExtension as _};

use crate::{
    domain::sync::Life,
    error::Result,
    store::{
        recovery::faults::{Area, Fault, asked, fault},
        sync::{
            RawState, has_lists, has_lists_of_registers, load_lists, parsed_state,
            unreadable_history,
        },
    },
};

/// Checks the tables of sync.
pub(super) fn synced(conn: &Connection, faults: &mut Vec<Fault>) -> Result<()> {
    asked(
        conn,
        faults,
        Area::Sync,
        "SELECT count(*) FROM sync WHERE length(device) <> 16 OR device GLOB '*[^0-9a-f]*'
             OR place = '' OR encrypted NOT IN (0, 1) OR restoring NOT BETWEEN 0 AND 2
             OR renewing NOT IN (0, 1) OR number < 0",
        "What is known of this device in sync is damaged",
    )?;
    asked(
        conn,
        faults,
        Area::Sync,
        "SELECT count(*) FROM (SELECT 1 FROM sync_pages WHERE note_id IS NOT NULL
             GROUP BY note_id HAVING count(*) > 1)",
        "Some notes belong to several synced pages",
    )?;
    asked(
        conn,
        faults,
        Area::Sync,
        "SELECT count(*) FROM sync_page_texts WHERE length(page) <> 16 OR number < 0
             OR number > 4294967295 OR bytes < 0",
        "What devices exchanged about the texts of some pages is damaged",
    )?;
    let broken = unreadable_history(conn)?;
    if broken > 0 {
        faults.push(fault(
            Area::Sync,
            format!("Some renamed tags, aliases, implied tags or saved searches of sync can't be read ({broken})."),
        ));
    }
    if !has_lists(conn)? || !has_lists_of_registers(conn)? {
        faults.push(fault(
            Area::Sync,
            "Lists of renamed tags that sync needs are missing.",
        ));
        return Ok(());
    }
    states(conn, faults)
}

fn states(conn: &Connection, faults: &mut Vec<Fault>) -> Result<()> {
    let lists = load_lists(conn)?;
    let (mut unreadable, mut lost) = (0_u64, 0_u64);
    let mut query = conn.prepare("SELECT page, note_id, state FROM sync_pages")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        // A damaged row may have anything.
        let note = row.get_ref(1)?.as_i64().ok();
        let raw = RawState {
            page: row.get_ref(0)?.as_blob().unwrap_or_default(),
            body: row.get_ref(2)?.as_blob().unwrap_or_default(),
        };
        match (parsed_state(raw, &lists), note) {
            (None, _) => unreadable += 1,
            (Some(state), Some(note)) if state.life() == Some(&Life::Live) => {
                lost += u64::from(is_lost(conn, note)?);
            }
            _ => {}
        }
    }
    for (count, what) in [
        (
            unreadable,
            "What devices exchanged about some pages can't be read",
        ),
        (lost, "Some notes are missing that all devices have"),
    ] {
        if count > 0 {
            faults.push(fault(Area::Sync, format!("{what} ({count}).")));
        }
    }
    Ok(())
}

/// Returns whether a note is gone although nobody has removed it: its removal would be a change that
/// the next run takes into the states.
fn is_lost(conn: &Connection, note: i64) -> Result<bool> {
    let mut query = conn.prepare_cached(
        "SELECT 1 FROM sync s, meta m
         WHERE s.restoring = 0 AND s.absorbed >= m.changes_after
             AND NOT EXISTS (SELECT 1 FROM notes WHERE id = ?1)
             AND NOT EXISTS (SELECT 1 FROM trash WHERE id = ?1)
             AND NOT EXISTS (SELECT 1 FROM changes WHERE revision > s.absorbed AND note_id = ?1)",
    )?;
    Ok(query.query_row([note], |_| Ok(())).optional()?.is_some())
}
