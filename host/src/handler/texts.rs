//! Handles the requests about texts of pages.

use jiff::Timestamp;

use super::library::operation;
use crate::{
    domain::NoteId,
    error::{Error, Result},
    protocol::{PutTextParams, PutTextResult, RemoveTextParams, RemoveTextResult, TextKept},
    store::{Kept, NewText, Store, TextSource},
};

/// The range of times that a text can have been read at: those of notes.
const MOMENTS: std::ops::RangeInclusive<i64> = 0..=NoteId::MAX.0;

pub(super) fn put_text(store: &mut Store, params: &PutTextParams) -> Result<PutTextResult> {
    let operation = operation(&params.op_id, "putText")?;
    let now = crate::clock::now();
    let taken_at = params
        .taken_at
        .parse::<Timestamp>()
        .ok()
        .filter(|moment| MOMENTS.contains(&moment.as_microsecond()))
        .ok_or_else(|| {
            Error::InvalidParams("The time of the text (takenAt) must be an RFC 3339 time.".into())
        })?;
    // A browser's clock may be ahead.
    let taken_at = taken_at.min(now);
    let text = NewText::new(&params.text, taken_at, TextSource::Click, params.whole)?;
    let done = store.put_text_once(
        operation,
        now,
        NoteId(params.id),
        &text,
        params.force.unwrap_or(false),
    )?;
    Ok(PutTextResult {
        id: params.id,
        words: done.words,
        kept: match done.kept {
            Kept::New => TextKept::New,
            Kept::Same => TextKept::Same,
            Kept::Older => TextKept::Older,
        },
    })
}

pub(super) fn remove_text(
    store: &mut Store,
    params: &RemoveTextParams,
) -> Result<RemoveTextResult> {
    let operation = operation(&params.op_id, "removeText")?;
    store.remove_text_once(operation, crate::clock::now(), NoteId(params.id))?;
    Ok(RemoveTextResult { id: params.id })
}
