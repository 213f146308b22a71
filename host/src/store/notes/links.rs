//! What the checks of notes' pages found. Another program asks for the pages; nothing here uses the
//! network.
//!
//! What is known belongs to the address that was checked. It follows its note to the trash, and is
//! removed if the note gets another address (triggers of migration 10).

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{Link, LinkFailures, LinkVerdict, Note, NoteId, tokens_in},
    error::Result,
    store::{connection::reader::Reader, transaction::Writer},
};

/// The columns of [`link_of`].
const COLUMNS: &str = "checked_at, verdict, status, final_url, failing_since, failed_at, failures, \
                       missing, archive_url";

/// Longest time until a page is due, with a day more: no check asks for more than 90 days.
const LATEST: SignedDuration = SignedDuration::from_hours(91 * 24);

/// A note whose page is to be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkToCheck {
    /// The note.
    pub id: NoteId,
    /// Its URL as captured, including any password.
    pub url: String,
    /// What is known; `None` if it was never asked for.
    pub known: Option<Link>,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkCheck {
    /// What is said of the page.
    pub verdict: LinkVerdict,
    /// The status code of the answer; `None` if there was none.
    pub status: Option<u16>,
    /// Where a moved page is.
    pub final_url: Option<String>,
    /// The failures so far.
    pub failures: Option<LinkFailures>,
    /// When the page is to be checked again.
    pub due_at: Timestamp,
}

/// The address of a note before the edit, and what was known of it.
#[derive(Serialize, Deserialize)]
pub(super) struct AddressBefore {
    /// The address that the edit gave to the note.
    pub(super) now: String,
    pub(super) url: String,
    pub(super) addresses: Vec<String>,
    /// `checked_at` and `status` of the check that found the new address.
    pub(super) checked_at: i64,
    pub(super) status: Option<u16>,
}

impl Reader {
    /// Returns what the checks of a note's page found. `None` if it was never asked for.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn link(&self, id: NoteId) -> Result<Option<Link>> {
        link_of_note(&self.conn, id)
    }

    /// Returns what is known of the pages of notes, in the same order.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn links_of(&self, notes: &[Note]) -> Result<Vec<Option<Link>>> {
        notes.iter().map(|note| self.link(note.id)).collect()
    }

    /// Returns the links of notes, without the trash, that moved or may be lost, each with whether
    /// the note has a text.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn notable_links(&self) -> Result<HashMap<NoteId, (Link, bool)>> {
        let sql = format!(
            "SELECT note_id, EXISTS (SELECT 1 FROM texts t WHERE t.note_id = links.note_id),
                    {COLUMNS} FROM links INDEXED BY links_by_verdict
             WHERE verdict <> 0 AND verdict <> ? AND note_id IN (SELECT id FROM notes)"
        );
        let mut query = self.conn.prepare_cached(&sql)?;
        let mut rows = query.query([LinkVerdict::Walled.number()])?;
        let mut found = HashMap::new();
        while let Some(row) = rows.next()? {
            if let Some(link) = link_of(row, 2)? {
                found.insert(NoteId(row.get(0)?), (link, row.get(1)?));
            }
        }
        Ok(found)
    }

    /// Returns whether any page was checked.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn has_links(&self) -> Result<bool> {
        let mut query = self
            .conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM links)")?;
        Ok(query.query_row([], |row| row.get(0))?)
    }

    /// Returns the notes whose pages are due at `now`, or with `again` all. A page that is due later
    /// than any check asks for is due, since the clock was wrong then. First those whose last
    /// check failed, then those that were never checked, then those that were checked longest ago.
    /// Only those of `ids`, if there are any; only addresses of http and https; at most `limit`.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn links_to_check(
        &self,
        ids: Option<&[NoteId]>,
        again: bool,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<LinkToCheck>> {
        let wanted: Option<HashSet<NoteId>> = ids.map(|ids| ids.iter().copied().collect());
        let sql = format!(
            "SELECT n.id, n.url, {COLUMNS} FROM notes n LEFT JOIN links l ON l.note_id = n.id
             WHERE ?1 OR l.due_at IS NULL OR l.due_at <= ?2 OR l.due_at > ?3
             ORDER BY CASE WHEN l.note_id IS NULL THEN 1
                           WHEN l.failing_since IS NOT NULL AND l.verdict NOT IN (2, 4) THEN 0
                           ELSE 2 END,
                      ifnull(l.checked_at, l.due_at), n.id"
        );
        let mut query = self.conn.prepare_cached(&sql)?;
        let latest = now.saturating_add(LATEST).unwrap_or(Timestamp::MAX);
        let mut rows = query.query(params![
            again,
            now.as_microsecond(),
            latest.as_microsecond()
        ])?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let id = NoteId(row.get(0)?);
            let url: String = row.get(1)?;
            if wanted.as_ref().is_none_or(|wanted| wanted.contains(&id)) && is_web(&url) {
                let known = link_of(row, 2)?;
                found.push(LinkToCheck { id, url, known });
            }
        }
        Ok(found)
    }

    /// Returns the number of notes whose pages are due at `now`.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn links_due(&self, ids: Option<&[NoteId]>, now: Timestamp) -> Result<usize> {
        Ok(self.links_to_check(ids, false, now, usize::MAX)?.len())
    }

    /// Returns addresses of pages that were there at their last check, the newest check first, at
    /// most `limit`: to find out whether this computer has a network.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn links_that_answered(&self, limit: u32) -> Result<Vec<String>> {
        let mut query = self.conn.prepare_cached(
            "SELECT n.url FROM links l JOIN notes n ON n.id = l.note_id
             WHERE l.verdict = 0 AND l.failing_since IS NULL AND l.checked_at IS NOT NULL
             ORDER BY l.checked_at DESC LIMIT ?",
        )?;
        let urls = query.query_map([limit], |row| row.get(0))?;
        Ok(urls.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the notes whose pages are gone and for which the Wayback Machine wasn't asked for a
    /// copy yet. Only those of `ids`, if there are any; at most `limit`.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn links_without_archive(
        &self,
        ids: Option<&[NoteId]>,
        limit: usize,
    ) -> Result<Vec<LinkToCheck>> {
        let wanted: Option<HashSet<NoteId>> = ids.map(|ids| ids.iter().copied().collect());
        let sql = format!(
            "SELECT n.id, n.url, {COLUMNS} FROM links l JOIN notes n ON n.id = l.note_id
             WHERE l.verdict = ? AND l.archive_url IS NULL ORDER BY n.id"
        );
        let mut query = self.conn.prepare_cached(&sql)?;
        let mut rows = query.query([LinkVerdict::Gone.number()])?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let id = NoteId(row.get(0)?);
            if wanted.as_ref().is_none_or(|wanted| wanted.contains(&id)) {
                found.push(LinkToCheck {
                    id,
                    url: row.get(1)?,
                    known: link_of(row, 2)?,
                });
            }
        }
        Ok(found)
    }
}

impl Writer<'_> {
    /// Stores the result of a check. `url`: the address that was checked. A page that moved to an
    /// address with an access token counts as there, since neither pages nor exports may show that
    /// address, and no note should get it. Returns false, and stores nothing, if the note isn't there
    /// any more or has another address by now.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn record_link(&self, id: NoteId, url: &str, check: &LinkCheck) -> Result<bool> {
        if !self.has_address(id, url)? {
            return Ok(false);
        }
        let has_token = |target: &String| !tokens_in(target).is_empty();
        let (verdict, final_url) = match &check.final_url {
            Some(target) if has_token(target) => (LinkVerdict::Ok, None),
            target => (check.verdict, target.as_deref()),
        };
        let failures = check.failures;
        self.execute(
            "INSERT INTO links (note_id, due_at, checked_at, verdict, status, final_url,
                                failing_since, failed_at, failures, missing)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (note_id) DO UPDATE SET
                 due_at = excluded.due_at, checked_at = excluded.checked_at,
                 verdict = excluded.verdict, status = excluded.status,
                 final_url = excluded.final_url, failing_since = excluded.failing_since,
                 failed_at = excluded.failed_at, failures = excluded.failures,
                 missing = excluded.missing",
            params![
                id.0,
                check.due_at.as_microsecond(),
                self.clock.stamp(self.now).as_microsecond(),
                verdict.number(),
                check.status,
                final_url,
                failures.map(|failures| failures.since.as_microsecond()),
                failures.map(|failures| failures.last.as_microsecond()),
                failures.map_or(0, |failures| failures.count),
                failures.is_some_and(|failures| failures.is_missing),
            ],
        )?;
        Ok(true)
    }

    /// Notes that a page may not be asked for before `due_at`. What is known of it stays. Returns
    /// false if the note isn't there any more or has another address by now.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn postpone_link(&self, id: NoteId, url: &str, due_at: Timestamp) -> Result<bool> {
        if !self.has_address(id, url)? {
            return Ok(false);
        }
        self.execute(
            "INSERT INTO links (note_id, due_at, verdict, failures, missing) VALUES (?, ?, 0, 0, 0)
             ON CONFLICT (note_id) DO UPDATE SET due_at = excluded.due_at",
            params![id.0, due_at.as_microsecond()],
        )?;
        Ok(true)
    }

    /// Stores where the Wayback Machine has a copy of a page; `None` if it has none.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn set_archive_of_link(&self, id: NoteId, archive_url: Option<&str>) -> Result<()> {
        self.execute(
            "UPDATE links SET archive_url = ?2 WHERE note_id = ?1",
            params![id.0, archive_url.unwrap_or_default()],
        )
    }

    fn has_address(&self, id: NoteId, url: &str) -> Result<bool> {
        let mut same = self
            .tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM notes WHERE id = ? AND url = ?)")?;
        Ok(same.query_row(params![id.0, url], |row| row.get(0))?)
    }
}

/// Returns what is known of the page of a note.
pub(super) fn link_of_note(conn: &Connection, id: NoteId) -> Result<Option<Link>> {
    let sql = format!("SELECT {COLUMNS} FROM links WHERE note_id = ? AND checked_at IS NOT NULL");
    let mut query = conn.prepare_cached(&sql)?;
    Ok(query
        .query_row([id.0], |row| link_of(row, 0))
        .optional()?
        .flatten())
}

fn is_web(url: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// Reads the columns from `at` on. `None` if the page was never asked for.
fn link_of(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Link>> {
    let moment = |offset: usize| -> rusqlite::Result<Option<Timestamp>> {
        let micros: Option<i64> = row.get(at + offset)?;
        Ok(micros.map(|micros| NoteId(micros).moment()))
    };
    let Some(checked_at) = moment(0)? else {
        return Ok(None);
    };
    let failures = match (moment(4)?, moment(5)?) {
        (Some(since), Some(last)) => Some(LinkFailures {
            since,
            last,
            count: row.get(at + 6)?,
            is_missing: row.get(at + 7)?,
        }),
        _ => None,
    };
    let archive: Option<String> = row.get(at + 8)?;
    Ok(Some(Link {
        verdict: LinkVerdict::from_number(row.get(at + 1)?).unwrap_or(LinkVerdict::Ok),
        checked_at,
        status: row.get(at + 2)?,
        final_url: row.get(at + 3)?,
        failures,
        archive_url: archive.filter(|url| !url.is_empty()),
    }))
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
