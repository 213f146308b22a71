//! From an address to its answer: what a page needs is read from the store,
//! then the page is made of it. Every read is over before anything is sent.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;

use super::links::Links;
use super::pages::{self, Shell};
use super::route::{Route, Unknown};
use super::server::Answer;
use crate::domain::{Note, NoteId, Query};
use crate::error::{Error, Result};
use crate::store::{Reader, TagCount, TagFilter, TagOrder};

/// Notes on one page of a list.
const PAGE_NOTES: u32 = 20;
/// Tags on the first page.
const HOME_TAGS: u32 = 20;
/// Tags on one page of tags; a browser chokes on a hundred thousand.
const PAGE_TAGS: usize = 2_000;
/// Related tags on a tag page.
const RELATED_TAGS: u32 = 16;
/// Related notes on the page of a note.
const RELATED_NOTES: usize = 6;
/// So many tags of a note are looked through for related notes.
const RELATING_TAGS: usize = 8;
/// Tags that are offered instead of one that isn't there.
const NEAR_TAGS: u32 = 8;
/// So often is looked for them in other ways.
const NEAR_ATTEMPTS: usize = 6;
/// Connections to the store that are kept open.
const IDLE_READERS: usize = 4;

const STYLE: &str = concat!(
    include_str!("../../../extension/styles/tokens.css"),
    include_str!("assets/site.css"),
);
const ICON: &str = include_str!("../../../extension/icons/icon.svg");
/// Notes are private, even where somebody puts a public address in front of them.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// The site of one database.
pub(super) struct Browse {
    database: PathBuf,
    shell: Shell,
    idle: Mutex<Vec<Reader>>,
}

impl Browse {
    pub(super) fn new(database: PathBuf) -> Self {
        Self {
            database,
            shell: Shell {
                links: Links::default(),
                zone: TimeZone::system(),
            },
            idle: Mutex::new(Vec::new()),
        }
    }

    /// The answer to a path and query.
    pub(super) fn answer(&self, target: &str) -> Answer {
        let page = match Route::parse(target) {
            Route::Style => return Answer::file("text/css; charset=utf-8", STYLE),
            Route::Icon => return Answer::file("image/svg+xml", ICON),
            Route::Robots => return Answer::file("text/plain; charset=utf-8", ROBOTS),
            Route::Moved(address) => return Answer::moved(address),
            Route::Home => self.read(|reader| self.home(reader)),
            Route::Tags { order, filter } => self.read(|reader| self.tags(reader, order, &filter)),
            Route::Tag { filter, before } => self.read(|reader| self.tag(reader, &filter, before)),
            Route::All { page } => self.read(|reader| self.all(reader, page)),
            Route::Note(id) => self.read(|reader| self.note(reader, id)),
            Route::Search { query, before } => {
                self.read(|reader| self.search(reader, &query, before))
            }
            Route::Unknown(unknown) => self.read(|reader| self.missing(reader, &unknown)),
        };
        page.unwrap_or_else(|error| {
            log::error!("a page of the site failed: {}", error.chain());
            Answer::page(503, pages::failed(&self.shell, &error.to_string()))
        })
    }

    /// Lends a connection to the store, which is open for reading only.
    fn read(&self, page: impl FnOnce(&Reader) -> Result<Answer>) -> Result<Answer> {
        // A list of connections is sound whatever panicked while it was locked.
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let reader = match kept {
            Some(reader) => reader,
            None => Reader::open(&self.database)?,
        };
        let answer = page(&reader)?;
        // One that failed is not kept: the file may have been replaced.
        let mut idle = idle();
        if idle.len() < IDLE_READERS {
            idle.push(reader);
        }
        Ok(answer)
    }

    fn home(&self, reader: &Reader) -> Result<Answer> {
        let counts = reader.counts()?;
        let notes = reader.latest_notes(None, PAGE_NOTES)?;
        let tags = reader.top_tags(HOME_TAGS)?;
        Ok(found(pages::home(&self.shell, counts, &notes, &tags)))
    }

    fn tags(&self, reader: &Reader, order: TagOrder, filter: &str) -> Result<Answer> {
        let wanted = filter.to_lowercase();
        let mut tags = reader.tags(order)?;
        tags.retain(|tag| tag.tag.as_str().contains(&wanted));
        let matching = tags.len();
        tags.truncate(PAGE_TAGS);
        Ok(found(pages::tags(
            &self.shell,
            order,
            filter,
            &tags,
            matching,
        )))
    }

    fn tag(&self, reader: &Reader, filter: &TagFilter, before: Option<NoteId>) -> Result<Answer> {
        let count = reader.count_with_tags(filter)?;
        if count == 0 {
            return self.no_such_tag(reader, filter);
        }
        let mut notes = reader.notes_with_tags(filter, before, PAGE_NOTES + 1)?;
        let list = pages::TagPage {
            filter,
            count,
            related: &reader.related_tags(filter, RELATED_TAGS)?,
            older: cut_page(&mut notes),
            notes: &notes,
            first: before.is_none(),
        };
        Ok(found(pages::tag(&self.shell, &list)))
    }

    fn no_such_tag(&self, reader: &Reader, filter: &TagFilter) -> Result<Answer> {
        // Is it one of the tags that no note has, or only all of them together?
        for tag in &filter.with {
            if reader.tag_uses(tag)? == 0 {
                return self.missing(
                    reader,
                    &Unknown {
                        sentence: format!("No note has the tag “{tag}”."),
                        words: tag.as_str().to_owned(),
                    },
                );
            }
        }
        Ok(Answer::page(
            404,
            pages::nothing_with_tags(&self.shell, filter),
        ))
    }

    fn all(&self, reader: &Reader, page: u64) -> Result<Answer> {
        let pages = reader.counts()?.notes.div_ceil(PAGE_NOTES.into()).max(1);
        if page >= pages {
            return Ok(Answer::page(404, pages::beyond_all(&self.shell, pages)));
        }
        let notes = reader.notes_page(page, PAGE_NOTES)?;
        Ok(found(pages::all(&self.shell, page, pages, &notes)))
    }

    fn note(&self, reader: &Reader, id: NoteId) -> Result<Answer> {
        match reader.note(id)? {
            Some(note) => {
                let related = related_notes(reader, &note)?;
                Ok(found(pages::note(&self.shell, &note, &related)))
            }
            None if reader.trashed_note(id)?.is_some() => {
                Ok(Answer::page(404, pages::in_the_trash(&self.shell, id)))
            }
            None => self.missing(
                reader,
                &Unknown {
                    sentence: Error::NotFound.to_string(),
                    words: String::new(),
                },
            ),
        }
    }

    fn search(&self, reader: &Reader, query: &str, before: Option<NoteId>) -> Result<Answer> {
        let parsed = Query::parse(query);
        if parsed.is_empty() {
            return Ok(found(pages::search_help(&self.shell, query)));
        }
        let result = reader.search(&parsed, before, PAGE_NOTES)?;
        let near = if result.hits.is_empty() && before.is_none() {
            near_tags(reader, query)?
        } else {
            Vec::new()
        };
        let first = before.is_none();
        Ok(found(pages::search(
            &self.shell,
            query,
            &result,
            first,
            &near,
        )))
    }

    fn missing(&self, reader: &Reader, unknown: &Unknown) -> Result<Answer> {
        let near = near_tags(reader, &unknown.words)?;
        Ok(Answer::page(
            404,
            pages::missing(&self.shell, unknown, &near),
        ))
    }
}

fn found(html: String) -> Answer {
    Answer::page(200, html)
}

/// Cuts off the one note that was read over the page's length; answers where
/// the next page begins.
fn cut_page(notes: &mut Vec<Note>) -> Option<NoteId> {
    let length = usize::try_from(PAGE_NOTES).unwrap_or(usize::MAX);
    if notes.len() <= length {
        return None;
    }
    notes.truncate(length);
    notes.last().map(|note| note.id)
}

/// Tags that might have been meant: those with the text in them, else with one of its
/// words, else those that begin alike.
fn near_tags(reader: &Reader, text: &str) -> Result<Vec<TagCount>> {
    let text = text
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric());
    let start: String = text.chars().take(3).collect();
    let attempts = std::iter::once(text.as_str())
        .chain(words.filter(|word| word.chars().count() > 2))
        .chain(std::iter::once(start.as_str()))
        .filter(|attempt| !attempt.is_empty())
        .take(NEAR_ATTEMPTS);
    for attempt in attempts {
        let near = reader.complete_tags(attempt, NEAR_TAGS, &[])?;
        if !near.is_empty() {
            return Ok(near);
        }
    }
    Ok(Vec::new())
}

/// The notes that share most tags with this one, the newer first among equals.
fn related_notes(reader: &Reader, note: &Note) -> Result<Vec<Note>> {
    let mut related: Vec<Note> = Vec::new();
    for tag in note.tags.iter().take(RELATING_TAGS) {
        let filter = TagFilter {
            with: vec![tag.clone()],
            without: Vec::new(),
        };
        for other in reader.notes_with_tags(&filter, None, PAGE_NOTES)? {
            if other.id != note.id && related.iter().all(|known| known.id != other.id) {
                related.push(other);
            }
        }
    }
    let shared = |other: &Note| {
        other
            .tags
            .iter()
            .filter(|tag| note.tags.contains(tag))
            .count()
    };
    related.sort_by_key(|other| std::cmp::Reverse((shared(other), other.id)));
    related.truncate(RELATED_NOTES);
    Ok(related)
}
