//! Request → outcome, over a store: the sole match on [`Request`]. Translates
//! between the wire's types and the domain's; decides nothing that they don't.

mod rendered_text;

use std::{path::PathBuf, time::Duration};

use jiff::tz::TimeZone;
use rendered_text::render_markdown;

use uuid::Uuid;

use crate::{
    domain::{
        Because, Change, Choices, MAX_TAGS, Metadata, NewNote, Note, NoteId, PageText, PageUrl,
        Query, Quote, Suggestion, Tag, parse_tags, timestamp_text, tokens_in,
    },
    error::{Error, Result},
    messaging::Answering,
    protocol::{
        self, CompleteTagsParams, CompleteTagsResult, FoundNote, HelloParams, HelloResult,
        MAX_RESPONSE_BYTES, NoteForUrlParams, NoteForUrlResult, NoteIdParams, NoteResult, Outcome,
        PROTOCOL, Request, SamePage, SaveNoteParams, SaveNoteResult, SearchNotesParams,
        SearchNotesResult, StatsResult, SuggestReason, SuggestTagsParams, SuggestTagsResult,
        SuggestedTag, UpdateNoteParams,
    },
    seen::Seen,
    site::{Door, Site, Status},
    store::{Counts, Hit, Operation, SavedNote, Store, TagCount},
};

/// Results of `completeTags` and `searchNotes` where the request names no limit.
const DEFAULT_COMPLETIONS: u32 = 8;
const DEFAULT_HITS: u32 = 20;
/// Results of `suggestTags`, likewise.
const DEFAULT_SUGGESTIONS: u32 = 10;
/// The most that a request can ask for.
const MAX_LIMIT: u32 = 100;
/// Room in an answer for what surrounds a list of results.
const ENVELOPE_BYTES: usize = 4096;

/// What a handler needs to know of its surroundings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The database.
    pub database: PathBuf,
    /// Whether `file:` pages may be saved.
    pub save_file_urls: bool,
    /// Whether user name and password are taken out of addresses that are saved.
    pub strip_user_info: bool,
    /// `save-on-open` of the configuration, handed on to the extension.
    pub save_on_open: Option<bool>,
}

/// The site as the popup needs to know it.
#[derive(Debug, Clone)]
pub struct SiteState {
    /// Its address for a browser, with a trailing slash.
    pub url: String,
    /// Why it doesn't answer, as a sentence.
    pub problem: Option<String>,
}

impl SiteState {
    /// The state of the site of this process, which is or will be at `port`, for those whom
    /// `door` lets in.
    #[must_use]
    pub fn of(site: Option<&Site>, port: u16, door: &Door) -> Self {
        let status = site.map_or(Status::Starting, Site::status);
        let port = match status {
            Status::Serving { port } => port,
            _ => port,
        };
        let problem = status.problem();
        let origin = match problem {
            None => door.identity().origin(port),
            // Whoever has the port isn't to learn the site's own origin by a visit.
            Some(_) => format!("http://localhost:{port}"),
        };
        Self {
            url: format!("{origin}/"),
            problem,
        }
    }
}

/// Answers requests. Opens the store when the first one needs it, and again
/// where that failed: a disk that is mended needs no new host.
pub struct Handler<S> {
    settings: Settings,
    site: S,
    store: Option<Store>,
    seen: Option<Seen>,
}

impl<S: Fn() -> SiteState> Answering for Handler<S> {
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
            Request::SearchNotes(params) => self.search_notes(&params).map(Outcome::Found),
            Request::RenderMarkdown(params) => render_markdown(&params).map(Outcome::Markdown),
            Request::Stats => self.stats().map(Outcome::Stats),
        }
    }

    fn rest(&mut self) {
        if let Some(seen) = &mut self.seen {
            seen.write(crate::clock::now());
        }
    }

    fn tidy(&mut self) -> Option<Duration> {
        self.rest();
        let store = self.store.as_mut()?;
        let done = match store.tidy() {
            Ok(None) => store.learn().map(|more| more.then_some(Duration::ZERO)),
            done => done,
        };
        done.unwrap_or_else(|error| {
            log::warn!("upkeep: {}", error.chain());
            None
        })
    }
}

impl<S: Fn() -> SiteState> Handler<S> {
    /// A handler; `site` tells the state of the site at this moment.
    pub fn new(settings: Settings, site: S) -> Self {
        Self {
            settings,
            site,
            store: None,
            seen: None,
        }
    }

    /// The same, which writes down who has greeted it.
    #[must_use]
    pub fn noting(mut self, seen: Seen) -> Self {
        self.seen = Some(seen);
        self
    }

    fn store(&mut self) -> Result<&mut Store> {
        match &mut self.store {
            // Another file may have been put in its place.
            Some(store) => store.refresh()?,
            None => self.store = Some(Store::open(&self.settings.database)?),
        }
        Ok(self.store.as_mut().expect("the store was opened just now"))
    }

    fn hello(&mut self, params: &HelloParams) -> Result<HelloResult> {
        log::info!("extension {}", params.extension);
        if let Some(seen) = &mut self.seen {
            seen.greeted(params);
        }
        if params.protocol != PROTOCOL {
            return Err(Error::ProtocolUnsupported {
                theirs: params.protocol,
                ours: PROTOCOL,
            });
        }
        // Both sides are to know each other also where the notes can't be opened.
        let (counts, store_problem) = match self.store().and_then(|store| store.counts()) {
            Ok(counts) => (counts, None),
            Err(error) => {
                log::warn!("{}", error.chain());
                (Counts { notes: 0, tags: 0 }, Some(error.to_string()))
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
            site_problem: site.problem,
            store_problem,
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
            quote: params.quote.as_ref().and_then(|quote| {
                let around = |text: &Option<String>| text.clone().unwrap_or_default();
                Quote::new(&quote.text, &around(&quote.prefix), &around(&quote.suffix))
            }),
            url,
        };
        self.store()?
            .once(operation, crate::clock::now(), |writer| {
                let mut saved = wire_saved(&new.url, &writer.save_page(&new)?);
                fit_addresses(&mut saved.note);
                Ok(saved)
            })
    }

    fn note_for_url(&mut self, params: &NoteForUrlParams) -> Result<NoteForUrlResult> {
        let url = PageUrl::parse(&params.url)?;
        self.store()?.at_one_moment(|store| {
            let note = store.note_for_url(&url)?;
            Ok(NoteForUrlResult {
                note: note.as_ref().map(|note| {
                    let mut note = wire_note(note);
                    fit_addresses(&mut note);
                    note
                }),
                tokens: note.as_ref().map(wire_tokens).unwrap_or_default(),
                on_this_site: store.notes_on_site(url.site())?,
            })
        })
    }

    fn update_note(&mut self, params: UpdateNoteParams) -> Result<NoteResult> {
        let seen = params.seen.unwrap_or_default();
        let change = Change {
            title: params.title,
            tags: params.tags.as_deref().map(parse_tags).transpose()?,
            summary: params.summary,
            seen_tags: seen.tags.as_deref().map(parse_tags).transpose()?,
            seen_summary: seen.summary,
        };
        self.note_operation(&params.op_id, "updateNote", |writer| {
            writer.update_note(NoteId(params.id), change)
        })
    }

    fn restore_note(&mut self, params: &NoteIdParams) -> Result<NoteResult> {
        self.note_operation(&params.op_id, "restoreNote", |writer| {
            writer.restore_note(NoteId(params.id))
        })
    }

    fn note_operation(
        &mut self,
        op_id: &str,
        method: &'static str,
        work: impl FnOnce(&crate::store::Writer<'_>) -> Result<Note>,
    ) -> Result<NoteResult> {
        let operation = operation(op_id, method)?;
        self.store()?
            .once(operation, crate::clock::now(), |writer| {
                let mut note = wire_note(&work(writer)?);
                fit_addresses(&mut note);
                Ok(NoteResult { note })
            })
    }

    fn complete_tags(&mut self, params: &CompleteTagsParams) -> Result<CompleteTagsResult> {
        // A tag that is none can't be offered, so it need not be left out.
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
        // What is no tag can't have been chosen, and can't be suggested.
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
        let suggested = self.store()?.suggest_tags(
            text,
            &Choices {
                chosen: tags(&params.tags),
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
            limit,
        )?;
        Ok(SuggestTagsResult {
            tags: suggested.into_iter().map(wire_suggestion).collect(),
        })
    }

    fn search_notes(&mut self, params: &SearchNotesParams) -> Result<SearchNotesResult> {
        let query = Query::parse_in(&params.query, &TimeZone::system());
        let limit = params.limit.unwrap_or(DEFAULT_HITS).clamp(1, MAX_LIMIT);
        let before = params.before.map(NoteId);
        let found = self
            .store()?
            .at_one_moment(|store| store.search(&query, before, limit))?;
        let mut result = SearchNotesResult {
            notes: Vec::with_capacity(found.hits.len()),
            more: found.next.is_some(),
            next: found.next.map(|next| next.0),
        };
        // Long titles and addresses could push the answer over the browser's
        // limit: then it has fewer notes, and says that there are more.
        let mut room = MAX_RESPONSE_BYTES - ENVELOPE_BYTES;
        for hit in found.hits {
            let note = wire_hit(hit);
            let bytes = serde_json::to_vec(&note).map_err(Error::internal)?.len() + 1;
            if bytes > room {
                result.more = true;
                result.next = result.notes.last().map(|last| last.id);
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

fn operation(op_id: &str, method: &'static str) -> Result<Operation> {
    let id = Uuid::parse_str(op_id)
        .map_err(|_| Error::InvalidParams("The operation id (opId) is not a UUID.".into()))?;
    Ok(Operation { id, method })
}

/// A note as it goes over the wire, and as `--json` prints it.
#[must_use]
pub fn wire_note(note: &Note) -> protocol::Note {
    protocol::Note {
        id: note.id.0,
        url: note.address().into_owned(),
        addresses: note.other_addresses(),
        title: note.title.clone(),
        tags: note.tags.iter().map(Tag::to_string).collect(),
        summary: note.summary.clone(),
        excerpt: note.metadata.excerpt.clone(),
        saved_at: timestamp_text(note.saved_at),
        updated_at: timestamp_text(note.updated_at),
        published_at: note.metadata.published_at.clone(),
        site_name: note.metadata.site_name.clone(),
        lang: note.metadata.lang.clone(),
        deleted_at: note.deleted_at.map(timestamp_text),
    }
}

/// What a save under `url` did, as it goes over the wire and as `--json` prints it.
#[must_use]
pub fn wire_saved(url: &PageUrl, saved: &SavedNote) -> SaveNoteResult {
    let because = PageUrl::parse(&saved.note.url)
        .ok()
        .and_then(|first| url.same_page_as(&first));
    SaveNoteResult {
        note: wire_note(&saved.note),
        created: saved.before.is_none(),
        same_page: because.map(|because| SamePage {
            url: saved.note.address().into_owned(),
            because,
        }),
        tokens: wire_tokens(&saved.note),
    }
}

/// As many of the other addresses as an answer has room for beside the rest of a note.
fn fit_addresses(note: &mut protocol::Note) {
    let mut room = MAX_RESPONSE_BYTES / 4;
    note.addresses.retain(|url| {
        let fits = url.len() <= room;
        room = room.saturating_sub(url.len());
        fits
    });
}

/// The names of the tokens in the addresses of a note, each once.
fn wire_tokens(note: &Note) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for url in std::iter::once(&note.url).chain(&note.addresses) {
        for name in tokens_in(url) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// A tag with its count as it goes over the wire, and as `--json` prints it.
#[must_use]
pub fn wire_tag(tag: TagCount) -> protocol::TagCount {
    protocol::TagCount {
        name: tag.tag.to_string(),
        count: tag.uses,
    }
}

/// A suggested tag as it goes over the wire.
fn wire_suggestion(suggestion: Suggestion) -> SuggestedTag {
    let score = (suggestion.score * 1000.0).round() / 1000.0;
    let (because, reason, detail) = match suggestion.because {
        Because::InTitle => ("appears in the title".into(), SuggestReason::InTitle, None),
        Because::InText => ("appears in the text".into(), SuggestReason::InText, None),
        Because::InAddress => (
            "appears in the address".into(),
            SuggestReason::InAddress,
            None,
        ),
        Because::Similar(1) => (
            "1 similar note".into(),
            SuggestReason::SimilarNotes,
            Some("1".into()),
        ),
        Because::Similar(notes) => (
            format!("{notes} similar notes"),
            SuggestReason::SimilarNotes,
            Some(notes.to_string()),
        ),
        Because::UsualOn(site) => (
            format!("common on {site}"),
            SuggestReason::UsualOnSite,
            Some(site),
        ),
        Because::OftenWith(tag) => (
            format!("often used with {tag}"),
            SuggestReason::OftenWith,
            Some(tag.to_string()),
        ),
        Because::UsedOften => ("often used".into(), SuggestReason::UsedOften, None),
        Because::Keyword => (
            "page keyword (new tag)".into(),
            SuggestReason::Keyword,
            None,
        ),
    };
    SuggestedTag {
        name: suggestion.tag.to_string(),
        score,
        because,
        reason,
        detail,
    }
}

/// A search result as it goes over the wire, and as `--json` prints it.
#[must_use]
pub fn wire_hit(hit: Hit) -> FoundNote {
    FoundNote {
        id: hit.note.id.0,
        saved_at: timestamp_text(hit.note.saved_at),
        tags: hit.note.tags.iter().map(Tag::to_string).collect(),
        url: hit.note.address().into_owned(),
        title: hit.note.title,
        snippet: hit.snippet.text(),
    }
}

/// Figures as they go over the wire, and as `--json` prints them.
#[must_use]
pub fn wire_stats(stats: &crate::store::Stats) -> StatsResult {
    StatsResult {
        notes: stats.notes,
        tags: stats.tags,
        sites: stats.sites,
        trash: stats.trash,
        database_bytes: stats.database_bytes,
        first_saved_at: stats.first.map(timestamp_text),
        last_saved_at: stats.last.map(timestamp_text),
    }
}
