//! Edits of many notes that follow moved pages to their new addresses.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use crate::{
    domain::{LinkVerdict, Note, NoteId, PageUrl},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::{
            bulk_edits::{Before, Outcome, Refusal},
            links::{AddressBefore, link_of_note},
            note_rows::note_of_page,
        },
        transaction::{Writer, pending_index::Indexed},
    },
};

impl Reader {
    /// Returns the address to which the page of a note has moved, with the fragment of the note's
    /// own address. `None` if it hasn't, as far as is known, or if the note has it already.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn followed(&self, id: NoteId) -> Result<Option<String>> {
        let Some(note) = self.note(id)?.filter(|note| note.deleted_at.is_none()) else {
            return Ok(None);
        };
        Ok(target(&self.conn, &note)?.map(|url| url.as_str().to_owned()))
    }

    /// Returns whether the address to which a note's page has moved belongs to no other note.
    /// `targets`: the page keys that earlier notes of the same edit take.
    pub(super) fn is_free(&self, id: NoteId, targets: &mut HashSet<String>) -> Result<bool> {
        let Some(url) = self.followed(id)?.map(|url| PageUrl::parse(&url)) else {
            return Ok(false);
        };
        let url = url?;
        let other = note_of_page(&self.conn, &url)?;
        Ok(other.is_none_or(|other| other.id == id) && targets.insert(url.key().to_owned()))
    }
}

impl Writer<'_> {
    /// Gives a note the address to which its page has moved.
    pub(super) fn follow(&self, note: &Note) -> Result<Outcome> {
        let Some(url) = target(&self.tx, note)? else {
            return Ok(Outcome::Unchanged);
        };
        let known = link_of_note(&self.tx, note.id)?;
        let moved = match self.change_address(note.id, &url) {
            Ok(moved) => moved,
            Err(Error::AddressTaken(_)) => return Ok(Outcome::Refused(Refusal::AddressTaken)),
            Err(error) => return Err(error),
        };
        Ok(Outcome::Changed {
            updated_at: moved.updated_at.as_microsecond(),
            before: Before {
                address: Some(AddressBefore {
                    now: moved.url,
                    url: note.url.clone(),
                    addresses: note.addresses.clone(),
                    checked_at: known
                        .as_ref()
                        .map_or(0, |known| known.checked_at.as_microsecond()),
                    status: known.and_then(|known| known.status),
                }),
                at: note.updated_at.as_microsecond(),
                ..Before::default()
            },
        })
    }

    /// Gives a note its address before the edit. `at`: the time of the change before the edit, in
    /// µs, if the note wasn't changed since.
    pub(super) fn unfollow(
        &self,
        mut note: Note,
        was: &AddressBefore,
        at: Option<i64>,
    ) -> Result<Outcome> {
        if note.url != was.now {
            return Ok(Outcome::Refused(Refusal::ChangedSince));
        }
        let url = PageUrl::parse(&was.url)?;
        if note_of_page(&self.tx, &url)?.is_some_and(|other| other.id != note.id) {
            return Ok(Outcome::Refused(Refusal::AddressTaken));
        }
        note.url.clone_from(&was.url);
        match at {
            Some(at) => {
                note.addresses.clone_from(&was.addresses);
                note.updated_at = NoteId(at).moment();
            }
            None => {
                note.addresses.retain(|address| *address != was.url);
                note.updated_at = note.later(self.now);
            }
        }
        self.set_address(&note, &url)?;
        self.store_fields(&note)?;
        self.store_address_keys(&note, url.key())?;
        self.index(&note, Indexed::Before);
        // It is checked again when it would have been.
        self.execute(
            "INSERT OR REPLACE INTO links (note_id, due_at, checked_at, verdict, status, final_url,
                                           failures, missing)
             VALUES (?1, ?2 + 90 * 86400000000, ?2, ?3, ?4, ?5, 0, 0)",
            params![
                note.id.0,
                was.checked_at,
                LinkVerdict::Moved.number(),
                was.status,
                was.now.split('#').next()
            ],
        )?;
        Ok(Outcome::Unchanged)
    }
}

/// Returns the address to which the page of a note has moved.
fn target(conn: &Connection, note: &Note) -> Result<Option<PageUrl>> {
    let moved = link_of_note(conn, note.id)?.filter(|link| link.verdict == LinkVerdict::Moved);
    let Some(mut url) = moved.and_then(|link| link.final_url) else {
        return Ok(None);
    };
    // As browsers do with a redirect (RFC 9110, section 10.2.2).
    if let Some((_, fragment)) = note.url.split_once('#') {
        url = format!("{url}#{fragment}");
    }
    let url = PageUrl::parse(&url).ok();
    Ok(url.filter(|url| url.require_savable(true).is_ok() && url.as_str() != note.url))
}
