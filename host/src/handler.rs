//! Turns requests into outcomes, on top of a store. Contains the only match on [`Request`].
//! Converts between the types of wire and domain, and makes no decisions of its own.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use library::{ENVELOPE_BYTES, LastList, days, operation};
use rendered_text::render_markdown;

use crate::{
    domain::{
        self, Change, Choices, MAX_TAGS, Metadata, NewNote, Note, NoteId, PageText, PageUrl, Query,
        Quote, Tag, parse_tags,
    },
    error::{Error, Result},
    extension_registry::ExtensionRegistry,
    messaging::RequestHandler,
    protocol::{
        self, ChangeAddressParams, CompleteTagsParams, CompleteTagsResult, HelloParams,
        HelloResult, KeepText, ListNoteIdsParams, ListNoteIdsResult, ListNotesParams,
        ListNotesResult, MAX_RESPONSE_BYTES, MergeNotesParams, NoteForUrlParams, NoteForUrlResult,
        NoteResult, Outcome, PROTOCOL, Request, RestoreNoteParams, SaveNoteParams, SaveNoteResult,
        SearchNotesParams, SearchNotesResult, SearchOrder, SearchPlace, StatsResult,
        SuggestTagsParams, SuggestTagsResult, UpdateNoteParams,
    },
    site::SiteState,
    store::{Counts, KeepOptions, NoteSync, OperationResult, Reader, Store},
    sync::schedule::{self, Schedule},
    wire::{
        fit_addresses, wire_conflicts, wire_hit, wire_implied, wire_new_title, wire_note,
        wire_problem, wire_saved, wire_stats, wire_suggestion, wire_sync, wire_tag, wire_text,
        wire_tokens,
    },
};

mod feeds;
mod icons;
mod library;
mod rendered_text;
mod sync;
mod texts;

/// Results of `completeTags` and `searchNotes` if the request has no limit.
const DEFAULT_COMPLETIONS: u32 = 8;
const DEFAULT_HITS: u32 = 20;
/// Results of `suggestTags` if the request has no limit.
const DEFAULT_SUGGESTIONS: u32 = 10;
/// The highest limit that a request may ask for.
const MAX_LIMIT: u32 = 100;

/// Settings of a handler.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Path of the database.
    pub database: PathBuf,
    /// Whether `file:` pages may be saved.
    pub save_file_urls: bool,
    /// Whether user name and password are removed from saved addresses.
    pub strip_user_info: bool,
    /// Whether a saved page begins as unread.
    pub unread_on_save: bool,
    /// `save-on-open` of the configuration, for the extension.
    pub save_on_open: Option<bool>,
    /// `keep-text` of the configuration, for the extension.
    pub keep_text: KeepText,
    /// How runs of sync are started; `None` if they aren't started by themselves.
    pub sync: Option<schedule::Settings>,
}

/// Answers requests. Opens the store at the first request that needs it, and retries after a
/// failure, so a fixed disk doesn't need a new host.
pub struct Handler<S> {
    settings: Settings,
    site: S,
    store: Option<Store>,
    seen: Option<ExtensionRegistry>,
    last_list: Option<LastList>,
    /// The runs of sync, once one was planned.
    schedule: Option<Schedule>,
}

impl<S: Fn() -> SiteState> RequestHandler for Handler<S> {
    fn answer(&mut self, request: Request) -> Result<Outcome> {
        match request {
            Request::Hello(params) => self.hello(&params).map(Outcome::Hello),
            Request::SaveNote(params) => self.save_note(&params).map(|r| Outcome::Saved(r.into())),
            Request::NoteForUrl(params) => self
                .note_for_url(&params)
                .map(|r| Outcome::ForUrl(r.into())),
            Request::UpdateNote(params) => {
                self.update_note(params).map(|r| Outcome::Note(r.into()))
            }
            Request::DeleteNote(params) => self
                .note_operation(&params.op_id, "deleteNote", |writer| {
                    writer.delete_note(NoteId(params.id))
                })
                .map(|r| Outcome::Note(r.into())),
            Request::RestoreNote(params) => {
                self.restore_note(&params).map(|r| Outcome::Note(r.into()))
            }
            Request::CompleteTags(params) => self.complete_tags(&params).map(Outcome::Tags),
            Request::SuggestTags(params) => self.suggest_tags(&params).map(Outcome::Suggested),
            Request::SuggestForNotes(params) => {
                library::suggest_for_notes(self.store()?, &params).map(Outcome::SuggestedForNotes)
            }
            Request::SearchNotes(params) => self.search_notes(&params).map(Outcome::Found),
            Request::ListNotes(params) => self.list_notes(&params).map(Outcome::Listed),
            Request::ListNoteIds(params) => self.list_note_ids(&params).map(Outcome::ListedIds),
            Request::EditNotes(params) => {
                library::edit_notes(self.store()?, &params).map(Outcome::Edit)
            }
            Request::EditStatus(params) => {
                library::edit_status(self.store()?, &params).map(Outcome::Edit)
            }
            Request::CancelEdit(params) => {
                library::cancel_edit(self.store()?, &params).map(Outcome::Edit)
            }
            Request::UndoEdit(params) => {
                library::undo_edit(self.store()?, &params).map(Outcome::Edit)
            }
            Request::ChangeAddress(params) => self
                .change_address(&params)
                .map(|r| Outcome::Note(r.into())),
            Request::MergeNotes(params) => {
                self.merge_notes(&params).map(|r| Outcome::Note(r.into()))
            }
            Request::SettleConflict(params) => {
                sync::settle_conflict(self.opened()?, params).map(|r| Outcome::Note(r.into()))
            }
            Request::SearchSave(params) => {
                library::search_save(self.store()?, &params).map(Outcome::Searches)
            }
            Request::SearchForget(params) => {
                library::search_forget(self.store()?, &params).map(Outcome::Searches)
            }
            Request::SearchList => library::search_list(self.store()?).map(Outcome::Searches),
            Request::PutIcon(params) => {
                icons::put_icon(self.store()?, &params).map(Outcome::PutIcon)
            }
            Request::Icons(params) => icons::icons(self.store()?, &params).map(Outcome::Icons),
            Request::PutText(params) => {
                texts::put_text(self.opened()?, &params).map(Outcome::PutText)
            }
            Request::RemoveText(params) => {
                texts::remove_text(self.opened()?, &params).map(Outcome::RemoveText)
            }
            Request::ListArrivals(params) => {
                feeds::list_arrivals(self.store()?, &params).map(Outcome::Arrivals)
            }
            Request::KeepArrival(params) => {
                let options = KeepOptions {
                    read: !self.settings.unread_on_save,
                    strip_user_info: self.settings.strip_user_info,
                    feed_tags: params.tags.is_none(),
                };
                feeds::keep_arrival(self.opened()?, &params, options)
                    .map(|r| Outcome::Saved(r.into()))
            }
            Request::SkipArrivals(params) => {
                feeds::skip_arrivals(self.opened()?, &params).map(Outcome::Skipped)
            }
            Request::UnkeepArrival(params) => {
                feeds::unkeep_arrival(self.opened()?, &params).map(Outcome::Unskipped)
            }
            Request::UnskipArrivals(params) => {
                feeds::unskip_arrivals(self.opened()?, &params).map(Outcome::Unskipped)
            }
            Request::RenderMarkdown(params) => render_markdown(&params).map(Outcome::Markdown),
            Request::Stats => self.stats().map(Outcome::Stats),
        }
    }

    fn on_idle(&mut self) -> Option<Duration> {
        if let Some(seen) = &mut self.seen {
            seen.write(crate::clock::now());
        }
        self.sync_if_due()
    }

    fn on_end(&mut self) {
        if let (Some(schedule), Some(store)) = (&mut self.schedule, &self.store) {
            schedule.finish(store);
        }
    }

    fn run_maintenance(&mut self) -> Option<Duration> {
        let planned = self.on_idle();
        let store = self.store.as_mut()?;
        let done = match store.run_maintenance() {
            Ok(None) => store.learn().map(|more| more.then_some(Duration::ZERO)),
            done => done,
        };
        let more = done.unwrap_or_else(|error| {
            log::warn!("upkeep: {}", error.chain());
            None
        });
        more.or(planned)
    }
}

impl<S: Fn() -> SiteState> Handler<S> {
    /// Creates a handler. `site` returns the current state of the site.
    pub fn new(settings: Settings, site: S) -> Self {
        Self {
            settings,
            site,
            store: None,
            seen: None,
            last_list: None,
            schedule: None,
        }
    }

    /// Starts a run of sync if one is due. Returns how long to wait before the next call.
    fn sync_if_due(&mut self) -> Option<Duration> {
        let settings = self.settings.sync.as_ref()?;
        if self.schedule.is_none() && !settings.is_worth_asking() {
            return None;
        }
        let (store, now) = (self.store.as_ref()?, Instant::now());
        let schedule = self
            .schedule
            .get_or_insert_with(|| Schedule::new(settings.clone(), now));
        schedule.tick(store, now).unwrap_or_else(|error| {
            log::warn!("sync: {}", error.chain());
            None
        })
    }

    /// Records the extensions that connect in `seen`.
    #[must_use]
    pub fn with_registry(mut self, seen: ExtensionRegistry) -> Self {
        self.seen = Some(seen);
        self
    }

    /// Returns the store for reading. Reopens it if another file has replaced the database.
    fn store(&mut self) -> Result<&mut Store> {
        let is_open = self.store.is_some();
        let store = self.opened()?;
        if is_open {
            store.refresh()?;
        }
        Ok(store)
    }

    /// Returns the store for writing. Each transaction checks for itself whether the file is
    /// current.
    fn opened(&mut self) -> Result<&mut Store> {
        if self.store.is_none() {
            self.store = Some(Store::open(&self.settings.database)?);
        }
        Ok(self.store.as_mut().expect("the store was opened just now"))
    }

    fn hello(&mut self, params: &HelloParams) -> Result<HelloResult> {
        log::info!("extension {}", params.extension);
        if let Some(seen) = &mut self.seen {
            seen.record_hello(params);
        }
        if params.protocol != PROTOCOL {
            return Err(Error::ProtocolUnsupported {
                theirs: params.protocol,
                ours: PROTOCOL,
            });
        }
        // The hello must succeed even if the notes can't be opened.
        let counted = self.store().and_then(|store| {
            let arrivals = match store.has_feeds()? {
                true => Some(store.arrivals_count()?),
                false => None,
            };
            Ok((store.counts()?, arrivals, sync::sync_status(store)?))
        });
        let (counts, arrivals, sync, store_problem) = match counted {
            Ok((counts, arrivals, sync)) => (counts, arrivals, sync, None),
            Err(error) => {
                log::warn!("{}", error.chain());
                let none = Counts { notes: 0, tags: 0 };
                (none, None, None, Some(error.to_string()))
            }
        };
        let site = (self.site)();
        Ok(HelloResult {
            protocol: PROTOCOL,
            host: env!("CARGO_PKG_VERSION").into(),
            site_url: site.url,
            database: self.settings.database.display().to_string(),
            notes: counts.notes,
            tags: counts.tags,
            save_on_open: self.settings.save_on_open,
            icons: true,
            texts: true,
            keep_text: self.settings.keep_text,
            arrivals,
            site_problem: site.problem,
            store_problem,
            sync,
        })
    }

    fn save_note(&mut self, params: &SaveNoteParams) -> Result<SaveNoteResult> {
        let operation = operation(&params.op_id, "saveNote")?;
        let url = PageUrl::parse(&params.url)?;
        url.require_savable(self.settings.save_file_urls)?;
        let url = match self.settings.strip_user_info {
            true => url.without_user_info(),
            false => url,
        };
        let new = NewNote {
            title: params.title.clone(),
            tags: parse_tags(params.tags.as_deref().unwrap_or_default())?,
            summary: params.summary.clone().unwrap_or_default(),
            metadata: Metadata::from_page(
                params.excerpt.as_deref(),
                params.published_at.as_deref(),
                params.site_name.as_deref(),
                params.lang.as_deref(),
            )
            .or_dated(params.other_dates.as_deref().unwrap_or_default()),
            read: !self.settings.unread_on_save,
            quote: params.quote.as_ref().and_then(|quote| {
                let around = |text: &Option<String>| text.clone().unwrap_or_default();
                Quote::new(&quote.text, &around(&quote.prefix), &around(&quote.suffix))
            }),
            url,
        };
        let url = new.url.clone();
        let others = params.other_titles.as_deref().unwrap_or_default();
        let done = self
            .opened()?
            .idempotent(operation, crate::clock::now(), |writer| {
                let saved = writer.save_page(new, others)?;
                Ok(OperationResult {
                    created: saved.before.is_none(),
                    new_title: saved.new_title,
                    note: saved.note,
                })
            })?;
        let mut saved = wire_saved(&url, &done.note, done.created);
        saved.new_title = done.new_title.map(wire_new_title);
        fit_addresses(&mut saved.note);
        if saved.created {
            saved.deleted_note = deleted_note(self.opened()?, &url)?;
        } else {
            saved.text = self
                .opened()?
                .text_summary(NoteId(saved.note.id))?
                .map(wire_text);
        }
        Ok(saved)
    }

    fn note_for_url(&mut self, params: &NoteForUrlParams) -> Result<NoteForUrlResult> {
        let url = PageUrl::parse(&params.url)?;
        self.store()?.read_transaction(|store| {
            let note = store.note_for_url(&url)?;
            let sync = match &note {
                Some(note) => store.sync_of(note)?,
                None => NoteSync::default(),
            };
            let conflict = sync.conflict.as_ref();
            Ok(NoteForUrlResult {
                note: note.as_ref().map(|note| {
                    let mut note = wire_note(note);
                    fit_addresses(&mut note);
                    note
                }),
                tokens: note.as_ref().map(wire_tokens).unwrap_or_default(),
                deleted_note: match note {
                    Some(_) => None,
                    None => deleted_note(store, &url)?,
                },
                text: match &note {
                    Some(note) => store.text_summary(note.id)?.map(wire_text),
                    None => None,
                },
                on_this_site: store.notes_on_site(url.site())?,
                sync: sync.from.as_ref().map(wire_sync),
                conflicts: conflict.map(|other| wire_conflicts(other, sync::CONFLICTS_BYTES)),
            })
        })
    }

    fn update_note(&mut self, params: UpdateNoteParams) -> Result<NoteResult> {
        let seen = params.seen.unwrap_or_default();
        let change = Change {
            title: params.title,
            tags: params.tags.as_deref().map(parse_tags).transpose()?,
            summary: params.summary,
            read: params.read,
            seen_tags: seen.tags.as_deref().map(parse_tags).transpose()?,
            seen_summary: seen.summary,
        };
        self.note_operation(&params.op_id, "updateNote", |writer| {
            writer.update_note(NoteId(params.id), change)
        })
    }

    fn restore_note(&mut self, params: &RestoreNoteParams) -> Result<NoteResult> {
        let id = NoteId(params.id);
        self.note_operation(&params.op_id, "restoreNote", |writer| {
            match params.merge_with {
                Some(new) => writer.restore_note_with(id, NoteId(new)),
                None => writer.restore_note(id),
            }
        })
    }

    fn note_operation(
        &mut self,
        op_id: &str,
        method: &'static str,
        work: impl FnOnce(&crate::store::Writer<'_>) -> Result<Note>,
    ) -> Result<NoteResult> {
        let operation = operation(op_id, method)?;
        let done = self
            .opened()?
            .idempotent(operation, crate::clock::now(), |writer| {
                Ok(OperationResult {
                    note: work(writer)?,
                    created: false,
                    new_title: None,
                })
            })?;
        let mut note = wire_note(&done.note);
        fit_addresses(&mut note);
        Ok(NoteResult { note })
    }

    fn list_notes(&mut self, params: &ListNotesParams) -> Result<ListNotesResult> {
        let mut last = self.last_list.take();
        let listed = library::list_notes(self.store()?, &mut last, params);
        self.last_list = last;
        listed
    }

    fn list_note_ids(&mut self, params: &ListNoteIdsParams) -> Result<ListNoteIdsResult> {
        let mut last = self.last_list.take();
        let listed = library::list_note_ids(self.store()?, &mut last, params);
        self.last_list = last;
        listed
    }

    fn change_address(&mut self, params: &ChangeAddressParams) -> Result<NoteResult> {
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

    fn merge_notes(&mut self, params: &MergeNotesParams) -> Result<NoteResult> {
        self.note_operation(&params.op_id, "mergeNotes", |writer| {
            writer.merge_notes(NoteId(params.keep), NoteId(params.drop))
        })
    }

    fn complete_tags(&mut self, params: &CompleteTagsParams) -> Result<CompleteTagsResult> {
        // An invalid tag is never suggested, so it needs no exclusion.
        let exclude: Vec<Tag> = params
            .exclude
            .iter()
            .flatten()
            .filter_map(|name| Tag::parse(name).ok())
            .collect();
        let limit = params
            .limit
            .unwrap_or(DEFAULT_COMPLETIONS)
            .clamp(1, MAX_LIMIT);
        let tags = self.store()?.complete_tags(&params.text, limit, &exclude)?;
        Ok(CompleteTagsResult {
            tags: tags.into_iter().map(wire_tag).collect(),
        })
    }

    fn suggest_tags(&mut self, params: &SuggestTagsParams) -> Result<SuggestTagsResult> {
        // An invalid tag can't have been chosen and can't be suggested.
        let tags = |names: &Option<Vec<String>>| -> Vec<Tag> {
            let names = names.iter().flatten().take(MAX_TAGS);
            names.filter_map(|name| Tag::parse(name).ok()).collect()
        };
        let text = PageText {
            url: &params.url,
            title: &params.title,
            texts: [
                params.text.as_deref().unwrap_or_default(),
                params.excerpt.as_deref().unwrap_or_default(),
            ],
        };
        let limit = params.limit.unwrap_or(DEFAULT_SUGGESTIONS);
        let limit = usize::try_from(limit.clamp(1, MAX_LIMIT)).map_err(Error::internal)?;
        let chosen = tags(&params.tags);
        let store = self.store()?;
        let implied = store.brought_tags(&chosen)?;
        let mut suggested = store.suggest_tags(
            text,
            &Choices {
                chosen,
                dismissed: tags(&params.dismissed),
                refused: params
                    .refused
                    .iter()
                    .flatten()
                    .take(MAX_TAGS)
                    .filter_map(|(name, times)| Some((Tag::parse(name).ok()?, *times)))
                    .collect(),
                keywords: tags(&params.keywords),
            },
            limit + implied.len(),
        )?;
        suggested.retain(|one| implied.iter().all(|implied| implied.tag != one.tag));
        suggested.truncate(limit);
        Ok(SuggestTagsResult {
            tags: suggested.into_iter().map(wire_suggestion).collect(),
            implied: (!implied.is_empty()).then(|| implied.into_iter().map(wire_implied).collect()),
        })
    }

    fn search_notes(&mut self, params: &SearchNotesParams) -> Result<SearchNotesResult> {
        let query = Query::parse_in(&params.query, &days());
        let in_texts = match params.place {
            Some(place) => place == SearchPlace::Text,
            None => query.place == Some(domain::SearchPlace::Text),
        };
        let limit = params.limit.unwrap_or(DEFAULT_HITS).clamp(1, MAX_LIMIT);
        let before = params.before.map(NoteId);
        let best = params.order == Some(SearchOrder::Best) && !in_texts;
        let (hits, more, next) = self.store()?.read_transaction(|store| match best {
            true => {
                let best = store.search_best(&query, limit)?;
                let more = best.more || best.hits.len() < best.compared;
                Ok((best.hits, more, None))
            }
            false => {
                let found = match in_texts {
                    true => store.search_texts(None, &query, before, limit)?,
                    false => store.search(&query, before, limit)?,
                };
                Ok((found.hits, found.next.is_some(), found.next))
            }
        })?;
        let mut result = SearchNotesResult {
            notes: Vec::with_capacity(hits.len()),
            more,
            next: next.map(|next| next.0),
            problems: query.problems.iter().map(wire_problem).collect(),
        };
        // Long titles and addresses could exceed the browser's limit. The response then has fewer
        // notes and says that there are more.
        let mut room = MAX_RESPONSE_BYTES - ENVELOPE_BYTES;
        for hit in hits {
            let note = wire_hit(hit);
            let bytes = serde_json::to_vec(&note).map_err(Error::internal)?.len() + 1;
            if bytes > room {
                result.more = true;
                result.next = result.notes.last().map(|last| last.id).filter(|_| !best);
                break;
            }
            room -= bytes;
            result.notes.push(note);
        }
        Ok(result)
    }

    fn stats(&mut self) -> Result<StatsResult> {
        Ok(wire_stats(&self.store()?.stats()?))
    }
}

/// Returns the note of this page that was deleted last, if the trash has one.
fn deleted_note(store: &Reader, url: &PageUrl) -> Result<Option<protocol::Note>> {
    let deleted = store.trashed_note_for_url(url)?;
    Ok(deleted.map(|note| {
        let mut note = wire_note(&note);
        fit_addresses(&mut note);
        note
    }))
}
