//! Handles the requests about the inbox.

use super::library::{ENVELOPE_BYTES, operation};
use crate::{
    domain::{NoteId, PageUrl, parse_tags},
    error::{Error, Result},
    protocol::{
        KeepArrivalParams, ListArrivalsParams, ListArrivalsResult, MAX_RESPONSE_BYTES,
        SaveNoteResult, SkipArrivalsParams, SkipArrivalsResult, UnkeepArrivalParams,
        UnskipArrivalsParams, UnskipArrivalsResult,
    },
    store::{KeepOptions, OperationResult, Reader, SkipSelection, Store},
    wire::{fit_addresses, wire_arrival, wire_feed_counts, wire_new_title, wire_saved},
};

/// Default and highest `limit` of `listArrivals`.
const DEFAULT_ARRIVALS: u32 = 50;
const MAX_ARRIVALS: u32 = 200;
/// Most ids in a request of `skipArrivals`.
const MAX_SKIPPED: usize = 1_000;

pub(super) fn list_arrivals(
    store: &Reader,
    params: &ListArrivalsParams,
) -> Result<ListArrivalsResult> {
    let limit = params.limit.unwrap_or(DEFAULT_ARRIVALS);
    let limit = limit.clamp(1, MAX_ARRIVALS);
    store.read_transaction(|store| {
        let mut found = store.arrivals(params.feed, params.before, limit + 1)?;
        let limit = usize::try_from(limit).map_err(Error::internal)?;
        let mut more = found.len() > limit;
        found.truncate(limit);
        let mut result = ListArrivalsResult {
            arrivals: Vec::with_capacity(found.len()),
            more: false,
            total: store.arrivals_count()?,
            feeds: wire_feed_counts(store.feeds()?, &store.arrivals_by_feed()?),
        };
        let feeds = serde_json::to_vec(&result.feeds).map_err(Error::internal)?;
        let mut room = (MAX_RESPONSE_BYTES - ENVELOPE_BYTES).saturating_sub(feeds.len());
        for page in &found {
            let page = wire_arrival(page);
            let bytes = serde_json::to_vec(&page).map_err(Error::internal)?.len() + 1;
            if bytes > room {
                more = true;
                break;
            }
            room -= bytes;
            result.arrivals.push(page);
        }
        result.more = more;
        Ok(result)
    })
}

/// `options`: the settings of all saves.
pub(super) fn keep_arrival(
    store: &mut Store,
    params: &KeepArrivalParams,
    options: KeepOptions,
) -> Result<SaveNoteResult> {
    let operation = operation(&params.op_id, "keepArrival")?;
    let tags = parse_tags(params.tags.as_deref().unwrap_or_default())?;
    let done = store.idempotent(operation, crate::clock::now(), |writer| {
        let saved = writer.keep_arrival(params.id, &tags, options)?;
        Ok(OperationResult {
            created: saved.before.is_none(),
            new_title: saved.new_title,
            note: saved.note,
        })
    })?;
    let url = PageUrl::parse(&done.note.url)?;
    let mut saved = wire_saved(&url, &done.note, done.created);
    saved.new_title = done.new_title.map(wire_new_title);
    fit_addresses(&mut saved.note);
    Ok(saved)
}

pub(super) fn unkeep_arrival(
    store: &mut Store,
    params: &UnkeepArrivalParams,
) -> Result<UnskipArrivalsResult> {
    let operation = operation(&params.op_id, "unkeepArrival")?;
    let note = NoteId(params.note);
    let is_back = store.unkeep_arrival_once(operation, crate::clock::now(), note)?;
    Ok(UnskipArrivalsResult {
        restored: is_back.into(),
    })
}

pub(super) fn skip_arrivals(
    store: &mut Store,
    params: &SkipArrivalsParams,
) -> Result<SkipArrivalsResult> {
    let operation = operation(&params.op_id, "skipArrivals")?;
    let which = match (&params.ids, params.feed) {
        (Some(ids), None) if ids.len() <= MAX_SKIPPED => SkipSelection::Ids(ids.clone()),
        (Some(_), None) => {
            return Err(Error::InvalidParams(format!(
                "At most {MAX_SKIPPED} pages are skipped at once."
            )));
        }
        (None, Some(feed)) => SkipSelection::Feed {
            feed,
            up_to: params.up_to,
        },
        _ => {
            return Err(Error::InvalidParams(
                "A skip needs either the ids of pages or a feed.".into(),
            ));
        }
    };
    let done = store.skip_arrivals_once(operation, crate::clock::now(), &which)?;
    Ok(SkipArrivalsResult {
        skipped: done.count,
        skip: done.skip,
    })
}

pub(super) fn unskip_arrivals(
    store: &mut Store,
    params: &UnskipArrivalsParams,
) -> Result<UnskipArrivalsResult> {
    let operation = operation(&params.op_id, "unskipArrivals")?;
    let done = store.unskip_arrivals_once(operation, crate::clock::now(), params.skip)?;
    Ok(UnskipArrivalsResult {
        restored: done.count,
    })
}
