//! The requests of the library page: lists, edits of many notes, addresses, merges and saved
//! searches.

use crate::{
    domain::{NoteId, PageUrl, Query, parse_tags},
    error::{Error, Result},
    handler::{ENVELOPE_BYTES, Handler, days, operation},
    protocol::{
        ChangeAddressParams, EditIdParams, EditNotesParams, EditResult, ListNotesParams,
        ListNotesResult, MAX_RESPONSE_BYTES, MergeNotesParams, NoteResult, SearchForgetParams,
        SearchListResult, SearchSaveParams, UndoEditParams,
    },
    site::SiteState,
    store::{BulkChange, Listing, SavedSearch},
    wire::{list_order, wire_edit, wire_problem, wire_row, wire_search},
};

/// Rows of `listNotes` where the request names no limit, and the most of them.
const DEFAULT_ROWS: u32 = 50;
const MAX_ROWS: u32 = 200;
/// Most notes of `editNotes` by their ids.
const MAX_IDS: usize = 100_000;

/// The list that was asked for last: its next page is soon wanted.
#[derive(Debug)]
pub(super) struct LastList {
    /// What was asked, and of which state of the notes.
    asked: (Query, crate::store::ListOrder, u64, u64),
    listing: Listing,
}

impl<S: Fn() -> SiteState> Handler<S> {
    pub(super) fn list_notes(&mut self, params: &ListNotesParams) -> Result<ListNotesResult> {
        let mut query = all_or(params.query.as_deref().unwrap_or_default());
        query.deleted |= params.trash.unwrap_or(false);
        let order = list_order(params.order.unwrap_or_default());
        let limit = params.limit.unwrap_or(DEFAULT_ROWS).clamp(1, MAX_ROWS);
        let limit = usize::try_from(limit).map_err(Error::internal)?;
        let mut last = self.last_list.take();
        let result = self.store()?.read_transaction(|store| {
            let asked = (query.clone(), order, store.file_number(), store.revision()?);
            if last.as_ref().is_none_or(|last| last.asked != asked) {
                let listing = Listing::of(store, &query, order)?;
                last = Some(LastList { asked, listing });
            }
            let listing = match &last {
                Some(last) => &last.listing,
                None => return Err(Error::internal("a list is gone")),
            };
            let from = match &params.cursor {
                Some(cursor) => listing.place_after(cursor)?,
                None => 0,
            };
            let mut rows = Vec::new();
            let mut room = MAX_RESPONSE_BYTES - ENVELOPE_BYTES;
            for note in listing.notes(store, from, limit)? {
                let row = wire_row(&note);
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
                problems: query.problems.iter().map(wire_problem).collect(),
            })
        });
        self.last_list = last;
        result
    }

    pub(super) fn edit_notes(&mut self, params: &EditNotesParams) -> Result<EditResult> {
        let operation = operation(&params.op_id, "editNotes")?;
        let change = change_of(params)?;
        let is_rehearsal = params.dry_run.unwrap_or(false);
        if !is_rehearsal && let Some(done) = self.store()?.edit_done(operation)? {
            return Ok(wire_edit(&done));
        }
        let ids = self.selected(params)?;
        if let Some(expected) = params.expected_count
            && expected != ids.len() as u64
        {
            return Err(Error::SelectionChanged {
                expected,
                found: ids.len() as u64,
            });
        }
        let edit = match is_rehearsal {
            true => self
                .store()?
                .read_transaction(|store| store.rehearse_bulk_edit(&ids, &change))?,
            false => self
                .opened()?
                .edit_notes(operation, crate::clock::now(), &ids, &change)?,
        };
        Ok(wire_edit(&edit))
    }

    fn selected(&mut self, params: &EditNotesParams) -> Result<Vec<NoteId>> {
        let invalid = |sentence: String| Err(Error::InvalidParams(sentence));
        match (&params.ids, &params.query) {
            (Some(ids), None) if ids.len() <= MAX_IDS => {
                Ok(ids.iter().copied().map(NoteId).collect())
            }
            (Some(_), None) => invalid(format!(
                "An edit takes {MAX_IDS} ids at most. Use a query for more notes."
            )),
            (None, Some(text)) => {
                let mut query = all_or(text);
                if let Some(problem) = query.problems.first() {
                    // What is changed must be what was meant.
                    return invalid(format!("Nothing was changed. {problem}"));
                }
                query.deleted |= params.restore.unwrap_or(false);
                self.store()?.matching_ids(&query)
            }
            _ => invalid("Either ids or a query must be given.".into()),
        }
    }

    pub(super) fn edit_status(&mut self, params: &EditIdParams) -> Result<EditResult> {
        let edit = self.store()?.bulk_edit(params.edit)?;
        Ok(wire_edit(&edit))
    }

    pub(super) fn cancel_edit(&mut self, params: &EditIdParams) -> Result<EditResult> {
        let now = crate::clock::now();
        let edit = self.opened()?.cancel_edit(now, params.edit)?;
        Ok(wire_edit(&edit))
    }

    pub(super) fn undo_edit(&mut self, params: &UndoEditParams) -> Result<EditResult> {
        let operation = operation(&params.op_id, "undoEdit")?;
        let now = crate::clock::now();
        let edit = self.opened()?.undo_edit(operation, now, params.edit)?;
        Ok(wire_edit(&edit))
    }

    pub(super) fn change_address(&mut self, params: &ChangeAddressParams) -> Result<NoteResult> {
        let url = PageUrl::parse(&params.url)?;
        url.require_savable(self.settings.save_file_urls)?;
        let url = match self.settings.strip_user_info {
            true => url.without_user_info(),
            false => url,
        };
        self.note_operation(&params.op_id, "changeAddress", |writer| {
            writer.change_address(NoteId(params.id), &url)
        })
    }

    pub(super) fn merge_notes(&mut self, params: &MergeNotesParams) -> Result<NoteResult> {
        self.note_operation(&params.op_id, "mergeNotes", |writer| {
            writer.merge_notes(NoteId(params.keep), NoteId(params.drop))
        })
    }

    pub(super) fn search_save(&mut self, params: &SearchSaveParams) -> Result<SearchListResult> {
        let now = crate::clock::now();
        let search = SavedSearch::new(&params.name, &params.query, now)?;
        self.opened()?
            .write(now, |writer| writer.save_search(&search))?;
        self.search_list()
    }

    pub(super) fn search_forget(
        &mut self,
        params: &SearchForgetParams,
    ) -> Result<SearchListResult> {
        let now = crate::clock::now();
        self.opened()?
            .write(now, |writer| writer.forget_search(&params.name))?;
        self.search_list()
    }

    pub(super) fn search_list(&mut self) -> Result<SearchListResult> {
        let searches = self.store()?.saved_searches()?;
        Ok(SearchListResult {
            searches: searches.iter().map(wire_search).collect(),
        })
    }
}

/// The query, or all notes where nothing was typed.
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
    };
    change.check()?;
    Ok(change)
}
