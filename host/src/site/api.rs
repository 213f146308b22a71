//! `/api/…`: the content of the pages as JSON, for the user's own scripts.
//!
//! Read-only, like the rest of the site. docs/api.md lists the requests; the fields of a note are
//! those of `protocol::Note`. Errors are JSON too: `{"error": {"kind", "message"}}` with the kinds
//! of the messages.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::links::{RELEVANCE, order_name};
use crate::{
    domain::{Days, Note, NoteId, Query, SearchPlace, Tag, site_of},
    error::{Error, Result},
    protocol::{self, ErrorKind, TagCount},
    site::{facet_cache::FacetCache, query_string::Parameters, response::Answer},
    store::{Hit, Reader, TagFilter, TagOrder, TagPlace},
    wire::{ListedNote, WireText, wire_gist, wire_problem, wire_tag, wire_text},
};

/// Default number of notes or tags in a response, followed by the highest.
const DEFAULT_LIMIT: u32 = 20;
const MAX_NOTES: u32 = 200;
const DEFAULT_TAGS: u32 = 100;
const MAX_TAGS: u32 = 2_000;

const JSON: &str = "application/json; charset=utf-8";

/// A request to the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Api {
    Notes(NotesQuestion),
    Note(NoteId),
    /// The text of a note's page.
    Text(NoteId),
    Tags(TagsQuestion),
    /// A request that is refused.
    Refused(Refused),
}

/// The parameters of `/api/notes`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NotesQuestion {
    /// The query, as typed into a search.
    query: String,
    tags: TagFilter,
    sites: Vec<String>,
    before: Option<NoteId>,
    limit: u32,
    best_first: bool,
}

/// The parameters of `/api/tags`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TagsQuestion {
    order: TagOrder,
    filter: String,
    /// If not empty: only tags on notes that pass this filter.
    beside: TagFilter,
    place: Option<TagPlace>,
    limit: u32,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    status: u16,
    kind: ErrorKind,
    message: String,
}

impl Refused {
    fn wrong(error: &Error) -> Self {
        Self {
            status: match error {
                Error::NotFound => 404,
                Error::InvalidParams(_) | Error::InvalidTag(_) => 400,
                _ => 503,
            },
            kind: error.kind(),
            message: error.to_string(),
        }
    }

    fn nothing_here() -> Self {
        Self {
            status: 404,
            kind: ErrorKind::NotFound,
            message: "This address doesn't exist. Use /api/notes, /api/notes/{id}, /api/notes/{id}/text or /api/tags."
                .into(),
        }
    }
}

impl Api {
    /// Parses the segments of a path below `/api`, still percent-encoded.
    pub(super) fn parse(segments: &[&str], parameters: &Parameters<'_>) -> Self {
        let parsed = match segments {
            ["notes"] => NotesQuestion::parse(parameters).map(Self::Notes),
            ["notes", id] => match id.parse() {
                Ok(id) => Ok(Self::Note(NoteId(id))),
                Err(_) => Err(invalid("The address of a note must contain its number.")),
            },
            ["notes", id, "text"] => match id.parse() {
                Ok(id) => Ok(Self::Text(NoteId(id))),
                Err(_) => Err(invalid("The address of a note must contain its number.")),
            },
            ["tags"] => TagsQuestion::parse(parameters).map(Self::Tags),
            _ => return Self::Refused(Refused::nothing_here()),
        };
        parsed.unwrap_or_else(|error| Self::Refused(Refused::wrong(&error)))
    }

    /// Answers the request.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub(super) fn answer(&self, reader: &Reader, facet_cache: &FacetCache) -> Result<Answer> {
        match self {
            Self::Notes(question) => json(200, &question.answer(reader, facet_cache)?),
            Self::Note(id) => match reader.note(*id)? {
                Some(note) => json(
                    200,
                    &WholeNote {
                        note: ListedNote::of(
                            &note,
                            reader.link(*id)?.as_ref(),
                            &reader.sync_of(&note)?,
                        ),
                        text: reader.text_summary(*id)?.map(wire_text),
                        gist: reader.gist(*id)?.as_ref().map(wire_gist),
                    },
                ),
                None => no_note(reader, *id),
            },
            Self::Text(id) => match (reader.note(*id)?, reader.text(*id)?) {
                (Some(_), Some(text)) => json(200, &WireText::of(*id, text)),
                (Some(_), None) => refused(&Refused {
                    status: 404,
                    kind: ErrorKind::NotFound,
                    message: "No text of this page is kept.".into(),
                }),
                (None, _) => no_note(reader, *id),
            },
            Self::Tags(question) => json(200, &question.answer(reader, facet_cache)?),
            Self::Refused(why) => refused(why),
        }
    }
}

/// Answers that there is no such note.
fn no_note(reader: &Reader, id: NoteId) -> Result<Answer> {
    if reader.trashed_note(id)?.is_none() {
        return refused(&Refused::wrong(&Error::NotFound));
    }
    refused(&Refused {
        status: 404,
        kind: ErrorKind::NotFound,
        message: format!(
            "This note is in the trash. To bring it back, run: url-notes restore {}",
            id.0
        ),
    })
}

/// The response to `/api/notes/{id}`.
#[derive(Debug, Serialize)]
struct WholeNote {
    #[serde(flatten)]
    note: ListedNote,
    /// What is known about the text of its page, if it is kept.
    text: Option<protocol::TextInfo>,
    /// The summary by a language model; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    gist: Option<protocol::GistInfo>,
}

/// Converts an error to a JSON response.
pub(super) fn failed(error: &Error) -> Answer {
    let why = Refused::wrong(error);
    refused(&why).unwrap_or_else(|_| Answer::data(500, JSON, ""))
}

fn refused(why: &Refused) -> Result<Answer> {
    #[derive(Serialize)]
    struct Body<'a> {
        error: Said<'a>,
    }
    #[derive(Serialize)]
    struct Said<'a> {
        kind: ErrorKind,
        message: &'a str,
    }
    let error = Said {
        kind: why.kind,
        message: &why.message,
    };
    json(why.status, &Body { error })
}

fn json(status: u16, body: &impl Serialize) -> Result<Answer> {
    let mut text = serde_json::to_string(body).map_err(Error::internal)?;
    text.push('\n');
    Ok(Answer::data(status, JSON, text))
}

fn invalid(sentence: &str) -> Error {
    Error::InvalidParams(sentence.to_owned())
}

fn limit(parameters: &Parameters<'_>, default: u32, most: u32) -> Result<u32> {
    match parameters.value("limit").map(str::parse) {
        None => Ok(default),
        Some(Ok(limit)) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => Err(Error::InvalidParams(format!(
            "`limit` must be a number from 1 to {most}."
        ))),
    }
}

fn before(parameters: &Parameters<'_>) -> Result<Option<NoteId>> {
    match parameters.value("before").map(str::parse) {
        None => Ok(None),
        Some(Ok(id)) => Ok(Some(NoteId(id))),
        Some(Err(_)) => Err(invalid("`before` must be the number of a note.")),
    }
}

/// The response to `/api/notes`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Notes {
    notes: Vec<ListedNote>,
    /// The total number, if it is known.
    count: Option<u64>,
    /// The `before` parameter of the next listing page, if there may be one.
    next: Option<i64>,
    /// The invalid parts of the query.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<protocol::QueryProblem>,
}

/// The notes of a listing page.
#[derive(Debug, Default)]
struct FoundNotes {
    notes: Vec<Note>,
    /// As in [`Notes`].
    count: Option<u64>,
    /// As in [`Notes`].
    next: Option<NoteId>,
}

impl FoundNotes {
    /// Takes one note more than was requested.
    fn page(mut notes: Vec<Note>, count: u64, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = notes.len() > limit;
        notes.truncate(limit);
        Self {
            next: notes.last().map(|note| note.id).filter(|_| more),
            count: Some(count),
            notes,
        }
    }

    fn of(hits: Vec<Hit>, next: Option<NoteId>) -> Self {
        Self {
            notes: hits.into_iter().map(|hit| hit.note).collect(),
            count: None,
            next,
        }
    }
}

impl NotesQuestion {
    fn parse(parameters: &Parameters<'_>) -> Result<Self> {
        let mut question = Self {
            query: parameters.value("q").unwrap_or_default().to_owned(),
            before: before(parameters)?,
            limit: limit(parameters, DEFAULT_LIMIT, MAX_NOTES)?,
            best_first: match parameters.value("sort") {
                None | Some("newest") => false,
                Some(RELEVANCE) => true,
                Some(_) => return Err(invalid("`sort` must be newest or relevance.")),
            },
            ..Self::default()
        };
        parameters.add_tags(&mut question.tags)?;
        for site in parameters.values("site") {
            let site = site_of(site.trim());
            if site.is_empty() {
                return Err(invalid("`site` must be the name of a web site."));
            }
            question.sites.push(site);
        }
        Ok(question)
    }

    fn answer(&self, reader: &Reader, facet_cache: &FacetCache) -> Result<Notes> {
        let days = Days::at(crate::clock::now(), &TimeZone::system());
        let query = Query::parse_in(&self.query, &days);
        let problems = query.problems.iter().map(wire_problem).collect();
        let found = self.found(reader, facet_cache, query)?;
        let links = match reader.has_links()? {
            true => reader.links_of(&found.notes)?,
            false => vec![None; found.notes.len()],
        };
        let syncs = reader.syncs_of(&found.notes)?;
        let notes = found.notes.iter().zip(links.iter().zip(&syncs));
        let notes = notes.map(|(note, (link, sync))| ListedNote::of(note, link.as_ref(), sync));
        Ok(Notes {
            notes: notes.collect(),
            count: found.count,
            next: found.next.map(|id| id.0),
            problems,
        })
    }

    fn found(
        &self,
        reader: &Reader,
        facet_cache: &FacetCache,
        mut query: Query,
    ) -> Result<FoundNotes> {
        let wanted = TagFilter {
            with: reader.tags_of_names(&self.tags.with)?,
            without: reader.tags_of_names(&self.tags.without)?,
        };
        if query.is_empty() && self.sites.is_empty() {
            // The query isn't empty, but has nothing to search for.
            if !self.query.trim().is_empty() {
                return Ok(FoundNotes::default());
            }
            return self.tagged(reader, facet_cache, &wanted);
        }
        query.with.extend(wanted.with);
        query.without.extend(wanted.without);
        query.sites.extend_from_slice(&self.sites);
        if query.place == Some(SearchPlace::Text) {
            let found = reader.search_texts(None, &query, self.before, self.limit)?;
            return Ok(FoundNotes::of(found.hits, found.next));
        }
        if self.best_first {
            let best = facet_cache.search_best(reader, &query, self.limit)?;
            return Ok(FoundNotes::of(best.hits, None));
        }
        let found = facet_cache.search(reader, &query, self.before, self.limit)?;
        Ok(FoundNotes::of(found.hits, found.next))
    }

    fn tagged(
        &self,
        reader: &Reader,
        facet_cache: &FacetCache,
        filter: &TagFilter,
    ) -> Result<FoundNotes> {
        let limit = self.limit + 1;
        if *filter == TagFilter::default() {
            let notes = reader.latest_notes(self.before, limit)?;
            return Ok(FoundNotes::page(notes, reader.counts()?.notes, self.limit));
        }
        let counted = facet_cache.ask(reader, |facets| {
            let notes = facets.notes(reader, filter, self.before, limit)?;
            Ok((notes, facets.count(reader, filter)?))
        })?;
        let (notes, count) = match counted {
            Some(counted) => counted,
            None => (
                reader.notes_with_tags(filter, self.before, limit)?,
                reader.count_with_tags(filter)?,
            ),
        };
        Ok(FoundNotes::page(notes, count, self.limit))
    }
}

/// The response to `/api/tags`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tags {
    tags: Vec<TagCount>,
    /// The total number, if it is known.
    count: Option<u64>,
    /// The start of the next listing page: `from`, or `before` if it is a number.
    next: Option<Next>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Next {
    From(String),
    Before(i64),
}

impl TagsQuestion {
    fn parse(parameters: &Parameters<'_>) -> Result<Self> {
        let orders = [TagOrder::Uses, TagOrder::Name, TagOrder::Recent];
        let mut question = Self {
            order: match parameters.value("sort") {
                None => TagOrder::default(),
                Some(name) => orders
                    .into_iter()
                    .find(|order| order_name(*order) == name)
                    .ok_or_else(|| invalid("`sort` must be uses, name or recent."))?,
            },
            filter: Tag::typed(&parameters.filter()),
            limit: limit(parameters, DEFAULT_TAGS, MAX_TAGS)?,
            place: match (parameters.value("from"), before(parameters)?) {
                (_, Some(id)) => Some(TagPlace::Before(id)),
                (Some(name), None) => Some(TagPlace::From(Tag::sought(name)?)),
                (None, None) => None,
            },
            ..Self::default()
        };
        parameters.add_tags(&mut question.beside)?;
        Ok(question)
    }

    fn answer(&self, reader: &Reader, facet_cache: &FacetCache) -> Result<Tags> {
        if self.beside != TagFilter::default() {
            return self.related(reader, facet_cache);
        }
        let (filter, place) = (&self.filter, self.place.as_ref());
        let total = |tag: &Tag| facet_cache.total(reader, tag);
        let list = reader.tag_list(self.order, filter, place, self.limit, total)?;
        let counts = list.tags.into_iter().map(|tag| tag.count);
        Ok(Tags {
            tags: counts.map(wire_tag).collect(),
            count: list.matching,
            next: list.next.map(|place| match place {
                TagPlace::From(tag) => Next::From(tag.to_string()),
                TagPlace::Before(id) => Next::Before(id.0),
            }),
        })
    }

    fn related(&self, reader: &Reader, facet_cache: &FacetCache) -> Result<Tags> {
        let filter = TagFilter {
            with: reader.tags_of_names(&self.beside.with)?,
            without: reader.tags_of_names(&self.beside.without)?,
        };
        let counted =
            facet_cache.ask(reader, |facets| facets.related(reader, &filter, self.limit))?;
        let tags = match counted {
            Some(tags) => tags,
            None => reader.related_tags(&filter, self.limit)?.tags,
        };
        Ok(Tags {
            tags: tags.into_iter().map(wire_tag).collect(),
            count: None,
            next: None,
        })
    }
}
