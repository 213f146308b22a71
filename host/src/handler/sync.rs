//! Answers what concerns the sync with other devices. Runs aren't started here.

use super::library::operation;
use crate::{
    domain::{self, NoteId, timestamp_text},
    error::{Error, Result},
    protocol::{
        ConflictField, MAX_RESPONSE_BYTES, NoteResult, SettleConflictParams, SyncProblem,
        SyncState, SyncStatus,
    },
    store::{OperationResult, Reader, Settlement, Store},
    sync::problem::without_credentials,
    wire::{fit_addresses, wire_note},
};

/// Longest other titles and texts of a note in an answer, in bytes of JSON.
pub(super) const CONFLICTS_BYTES: usize = MAX_RESPONSE_BYTES / 4;

pub(super) fn settle_conflict(
    store: &mut Store,
    params: SettleConflictParams,
) -> Result<NoteResult> {
    let operation = operation(&params.op_id, "settleConflict")?;
    let choice = match (params.keep, params.title, params.text) {
        (Some(field), None, None) => Settlement::Keep(match field {
            ConflictField::Title => domain::sync::ConflictField::Title,
            ConflictField::Text => domain::sync::ConflictField::Text,
        }),
        (None, Some(title), None) => Settlement::Title(title),
        (None, None, Some(text)) => Settlement::Text(text),
        _ => {
            return Err(Error::InvalidParams(
                "A choice needs exactly one of keep, title and text.".into(),
            ));
        }
    };
    let done = store.idempotent(operation, crate::clock::now(), |writer| {
        Ok(OperationResult {
            note: writer.settle_conflict(NoteId(params.id), choice)?,
            created: false,
            new_title: None,
        })
    })?;
    let mut note = wire_note(&done.note);
    fit_addresses(&mut note);
    Ok(NoteResult { note })
}

/// Returns how the sync stands; `None` if the notes aren't synced.
pub(super) fn sync_status(store: &Reader) -> Result<Option<SyncStatus>> {
    let Some(setup) = store.sync_setup()? else {
        return Ok(None);
    };
    let problem = setup.problem.as_deref().map(|stored| {
        // Another version of the program may have written it.
        serde_json::from_str(stored).unwrap_or_else(|_| SyncProblem {
            kind: "other".into(),
            sentence: "The last sync failed. To see why, run `url-notes sync status`.".into(),
        })
    });
    Ok(Some(SyncStatus {
        state: match (&problem, setup.ok_at) {
            (Some(_), _) => SyncState::Failed,
            (None, Some(_)) => SyncState::Ok,
            (None, None) => SyncState::New,
        },
        place: without_credentials(&setup.place),
        last_at: setup.ok_at.map(timestamp_text),
        problem,
    }))
}
