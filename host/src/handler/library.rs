//! Handles the requests of the library page: lists, edits of many notes and saved searches.

use std::time::Duration;

use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::{
    domain::{Days, NoteId, Query, parse_tags},
    error::{Error, Result},
    protocol::{
        EditIdParams, EditNotesParams, EditResult, ListNoteIdsParams, ListNoteIdsResult,
        ListNotesParams, ListNotesResult, MAX_RESPONSE_BYTES, NoteSuggestions, SearchForgetParams,
        SearchListResult, SearchSaveParams, SuggestForNotesParams, SuggestForNotesResult,
        UndoEditParams,
    },
    store::{BulkChange, Listing, Operation, Reader, SavedSearch, Store},
    wire::{list_order, wire_edit, wire_problem, wire_row, wire_search, wire_suggestion},
};

/// Default and highest `limit` of `listNotes`.
const DEFAULT_ROWS: u32 = 50;
const MAX_ROWS: u32 = 200;
/// Most ids in a response of `listNoteIds`: with seventeen characters each, they fit into a frame.
const MAX_LISTED_IDS: u32 = 50_000;
/// Bytes of a response reserved for everything except the list of results.
pub(super) const ENVELOPE_BYTES: usize = 4096;
/// Most ids in a request of `editNotes`.
const MAX_IDS: usize = 100_000;

/// Most ids in a request of `suggestForNotes`, and default and highest number of tags for each.
const MAX_SUGGESTED: usize = 200;
const DEFAULT_SUGGESTIONS: u32 = 5;
const MAX_SUGGESTIONS: u32 = 20;
/// Time after which `suggestForNotes` looks at no further note, so that a save needn't wait longer.
const SUGGESTION_TIME: Duration = Duration::from_millis(200);

/// The last requested list, kept because its next page is likely to be requested soon.
#[derive(Debug)]
pub(super) struct LastList {
    /// The query and the order, and the database file and its revision at that time.
    asked: (Query, crate::store::ListOrder, u64, u64),
    listing: Listing,
}

/// Reads from a list in one transaction, with the store's revision. Lists the notes unless the last
/// request asked for the same list and nothing has changed since.
fn with_listing<T>(
    store: &Store,
    last_list: &mut Option<LastList>,
    query: &Query,
    order: crate::store::ListOrder,
    read: impl FnOnce(&Reader, &Listing, u64) -> Result<T>,
) -> Result<T> {
    let mut last = last_list.take();
    let result = store.read_transaction(|store| {
        let revision = store.revision()?;
        let asked = (query.clone(), order, store.file_number(), revision);
        if last.as_ref().is_none_or(|last| last.asked != asked) {
            let listing = Listing::of(store, query, order)?;
            last = Some(LastList { asked, listing });
        }
        match &last {
            Some(last) => read(store, &last.listing, revision),
            None => Err(Error::internal("a list is missing")),
        }
    });
    *last_list = last;
    result
}

/// Returns the query of a list.
fn listed(text: Option<&str>, trash: Option<bool>) -> Query {
    let mut query = all_or(text.unwrap_or_default());
    query.deleted |= trash.unwrap_or(false);
    query
}

/// Returns a place in a list; one after the last note stands for the end.
fn place(from: Option<u64>) -> usize {
    usize::try_from(from.unwrap_or_default()).unwrap_or(usize::MAX)
}

pub(super) fn list_notes(
    store: &Store,
    last_list: &mut Option<LastList>,
    params: &ListNotesParams,
) -> Result<ListNotesResult> {
    let query = listed(params.query.as_deref(), params.trash);
    let order = list_order(params.order.unwrap_or_default());
    let limit = params.limit.unwrap_or(DEFAULT_ROWS).clamp(1, MAX_ROWS);
    let limit = usize::try_from(limit).map_err(Error::internal)?;
    with_listing(
        store,
        last_list,
        &query,
        order,
        |store, listing, revision| {
            let from = match (&params.cursor, params.from) {
                (Some(_), Some(_)) => {
                    return Err(Error::InvalidParams(
                        "A page of a list begins at a cursor or at a place, not at both.".into(),
                    ));
                }
                (Some(cursor), None) => listing.place_after(cursor)?,
                (None, from) => place(from).min(listing.len()),
            };
            let (has_texts, has_gists) = (store.has_texts()?, store.has_gists()?);
            let has_links = store.has_links()?;
            let mut rows = Vec::new();
            let mut room = MAX_RESPONSE_BYTES - ENVELOPE_BYTES;
            let notes = listing.notes(store, from, limit)?;
            let syncs = store.syncs_of(&notes)?;
            for (note, sync) in notes.iter().zip(&syncs) {
                let text = if has_texts {
                    store.text_summary(note.id)?
                } else {
                    None
                };
                let gist = if has_gists {
                    store.gist(note.id)?
                } else {
                    None
                };
                let link = if has_links {
                    store.link(note.id)?
                } else {
                    None
                };
                let row = wire_row(note, text, gist.as_ref(), link.as_ref(), sync);
                let bytes = serde_json::to_vec(&row).map_err(Error::internal)?.len() + 1;
                if bytes > room && !rows.is_empty() {
                    break;
                }
                room = room.saturating_sub(bytes);
                rows.push(row);
            }
            let end = from + rows.len();
            let more = end < listing.len() && !rows.is_empty();
            Ok(ListNotesResult {
                notes: rows,
                total: listing.len() as u64,
                cursor: more.then(|| listing.cursor(end - 1)).flatten(),
                revision,
                problems: query.problems.iter().map(wire_problem).collect(),
            })
        },
    )
}

pub(super) fn list_note_ids(
    store: &Store,
    last_list: &mut Option<LastList>,
    params: &ListNoteIdsParams,
) -> Result<ListNoteIdsResult> {
    let query = listed(params.query.as_deref(), params.trash);
    let order = list_order(params.order.unwrap_or_default());
    let limit = params
        .limit
        .unwrap_or(MAX_LISTED_IDS)
        .clamp(1, MAX_LISTED_IDS);
    let limit = usize::try_from(limit).map_err(Error::internal)?;
    with_listing(store, last_list, &query, order, |_, listing, revision| {
        Ok(ListNoteIdsResult {
            ids: listing.ids(place(params.from), limit),
            total: listing.len() as u64,
            revision,
        })
    })
}

pub(super) fn edit_notes(store: &mut Store, params: &EditNotesParams) -> Result<EditResult> {
    let operation = operation(&params.op_id, "editNotes")?;
    let change = change_of(params)?;
    let is_dry_run = params.dry_run.unwrap_or(false);
    if !is_dry_run && let Some(done) = store.edit_done(operation)? {
        return Ok(wire_edit(&done));
    }
    let ids = selected(store, params)?;
    if let Some(expected) = params.expected_count
        && expected != ids.len() as u64
    {
        return Err(Error::SelectionChanged {
            expected,
            found: ids.len() as u64,
        });
    }
    let edit = match is_dry_run {
        true => store.read_transaction(|store| store.dry_run_edit(&ids, &change))?,
        false => store.edit_notes(operation, crate::clock::now(), &ids, &change)?,
    };
    Ok(wire_edit(&edit))
}

fn selected(store: &Store, params: &EditNotesParams) -> Result<Vec<NoteId>> {
    let invalid = |sentence: String| Err(Error::InvalidParams(sentence));
    match (&params.ids, &params.query) {
        (Some(ids), None) if ids.len() <= MAX_IDS => Ok(ids.iter().copied().map(NoteId).collect()),
        (Some(_), None) => invalid(format!(
            "An edit can have up to {MAX_IDS} ids. For more notes, use a query."
        )),
        (None, Some(text)) => {
            let mut query = all_or(text);
            if let Some(problem) = query.problems.first() {
                // A partly ignored query would change more notes than intended.
                return invalid(format!("Nothing was changed. {problem}"));
            }
            query.deleted |= params.restore.unwrap_or(false);
            store.matching_ids(&query)
        }
        _ => invalid("An edit needs either ids or a query.".into()),
    }
}

pub(super) fn edit_status(store: &mut Store, params: &EditIdParams) -> Result<EditResult> {
    // Frequent status requests leave the host no idle time in which to continue the edit.
    if store.bulk_edit(params.edit)?.is_under_way() {
        store.continue_edits(crate::clock::now())?;
    }
    let edit = store.bulk_edit(params.edit)?;
    Ok(wire_edit(&edit))
}

pub(super) fn cancel_edit(store: &mut Store, params: &EditIdParams) -> Result<EditResult> {
    let now = crate::clock::now();
    let edit = store.cancel_edit(now, params.edit)?;
    Ok(wire_edit(&edit))
}

pub(super) fn undo_edit(store: &mut Store, params: &UndoEditParams) -> Result<EditResult> {
    let operation = operation(&params.op_id, "undoEdit")?;
    let now = crate::clock::now();
    let edit = store.undo_edit(operation, now, params.edit)?;
    Ok(wire_edit(&edit))
}

pub(super) fn suggest_for_notes(
    store: &mut Store,
    params: &SuggestForNotesParams,
) -> Result<SuggestForNotesResult> {
    if params.ids.len() > MAX_SUGGESTED {
        return Err(Error::InvalidParams(format!(
            "Tags can be suggested for up to {MAX_SUGGESTED} notes at once."
        )));
    }
    let ids: Vec<NoteId> = params.ids.iter().copied().map(NoteId).collect();
    let limit = params.limit.unwrap_or(DEFAULT_SUGGESTIONS);
    let limit = usize::try_from(limit.clamp(1, MAX_SUGGESTIONS)).map_err(Error::internal)?;
    let (suggested, looked_at) = store.suggest_for_notes(&ids, limit, SUGGESTION_TIME)?;
    let notes = suggested.into_iter().map(|(id, tags)| NoteSuggestions {
        id: id.0,
        tags: tags.into_iter().map(wire_suggestion).collect(),
    });
    Ok(SuggestForNotesResult {
        notes: notes.collect(),
        looked_at: looked_at as u64,
    })
}

pub(super) fn search_save(
    store: &mut Store,
    params: &SearchSaveParams,
) -> Result<SearchListResult> {
    let now = crate::clock::now();
    let search = SavedSearch::new(&params.name, &params.query, now)?;
    store.write(now, |writer| match &params.old_name {
        Some(old) => writer.rename_search(old, &search),
        None => writer.save_search(&search),
    })?;
    search_list(store)
}

pub(super) fn search_forget(
    store: &mut Store,
    params: &SearchForgetParams,
) -> Result<SearchListResult> {
    let now = crate::clock::now();
    store.write(now, |writer| writer.forget_search(&params.name))?;
    search_list(store)
}

pub(super) fn search_list(store: &Store) -> Result<SearchListResult> {
    let searches = store.saved_searches()?;
    Ok(SearchListResult {
        searches: searches.iter().map(wire_search).collect(),
    })
}

/// Parses a query. An empty text means all notes.
fn all_or(text: &str) -> Query {
    match text.trim() {
        "" => Query::all(),
        text => Query::parse_in(text, &days()),
    }
}

fn change_of(params: &EditNotesParams) -> Result<BulkChange> {
    let tags = |names: &Option<Vec<String>>| parse_tags(names.as_deref().unwrap_or_default());
    let change = BulkChange {
        add_tags: tags(&params.add_tags)?,
        remove_tags: tags(&params.remove_tags)?,
        read: params.read,
        delete: params.delete.unwrap_or(false),
        restore: params.restore.unwrap_or(false),
        follow: false,
    };
    change.check()?;
    Ok(change)
}

/// Returns the days of a query in the computer's time zone.
pub(super) fn days() -> Days {
    Days::at(crate::clock::now(), &TimeZone::system())
}

/// Creates the operation for a request.
///
/// # Errors
/// `InvalidParams` if the id isn't a UUID.
pub(super) fn operation(op_id: &str, method: &'static str) -> Result<Operation> {
    let id = Uuid::parse_str(op_id)
        .map_err(|_| Error::InvalidParams("The operation id (opId) must be a UUID.".into()))?;
    Ok(Operation { id, method })
}
