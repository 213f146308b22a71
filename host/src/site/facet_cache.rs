//! The facets of the site's store. Large stores have them read in the background at the first
//! request; all connections share them, and each write updates them.

use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{
    domain::{NoteId, Query, Tag},
    error::Result,
    store::{Best, Facets, Followed, Found, Reader, TagFilter},
};

/// Number of notes below which the store answers as fast without facets.
const LARGE: u64 = 200;

/// Number of notes up to which the store itself counts the notes of implied tags.
const COUNTED_WITHOUT: u64 = 100_000;

/// The facets of one database.
#[derive(Debug)]
pub(super) struct FacetCache {
    database: PathBuf,
    state: Arc<RwLock<State>>,
    /// How often the store answered because the facets couldn't.
    missed: AtomicU64,
}

#[derive(Debug)]
enum State {
    /// No request yet, or reading the facets failed.
    Unread,
    Reading,
    Ready(Box<Facets>),
}

impl FacetCache {
    pub(super) fn new(database: PathBuf) -> Self {
        Self {
            database,
            state: Arc::new(RwLock::new(State::Unread)),
            missed: AtomicU64::new(0),
        }
    }

    /// Answers from the facets. Returns `None` if the store is small or the facets aren't read yet;
    /// then the store itself has to answer.
    pub(super) fn ask<T>(
        &self,
        reader: &Reader,
        question: impl FnOnce(&Facets) -> Result<T>,
    ) -> Result<Option<T>> {
        if reader.counts()?.notes < LARGE {
            return Ok(None);
        }
        let answer = self.answer(reader, question)?;
        if answer.is_none() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// Runs [`Reader::search`], with the facets if they make it faster.
    pub(super) fn search(
        &self,
        reader: &Reader,
        query: &Query,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Found> {
        let asked = |facets: &Facets| reader.search_with(facets, query, before, limit);
        if combines_tags(reader, query)?
            && let Some(found) = self.ask(reader, asked)?
        {
            return Ok(found);
        }
        reader.search(query, before, limit)
    }

    /// Runs [`Reader::search_best`], with the facets if they make it faster.
    pub(super) fn search_best(&self, reader: &Reader, query: &Query, limit: u32) -> Result<Best> {
        let asked = |facets: &Facets| reader.search_best_with(facets, query, limit);
        if combines_tags(reader, query)?
            && let Some(best) = self.ask(reader, asked)?
        {
            return Ok(best);
        }
        reader.search_best(query, limit)
    }

    /// Counts the notes with a tag or one that implies it. While the facets of a very large store are
    /// read, only those with the tag itself: each count would take a tenth of a second.
    pub(super) fn total(&self, reader: &Reader, tag: &Tag) -> Result<u64> {
        let filter = TagFilter::of(tag);
        match self.ask(reader, |facets| facets.count(reader, &filter))? {
            Some(count) => Ok(count),
            None if reader.counts()?.notes > COUNTED_WITHOUT => reader.tag_uses(tag),
            None => reader.count_with_tags(&filter),
        }
    }

    fn answer<T>(
        &self,
        reader: &Reader,
        question: impl FnOnce(&Facets) -> Result<T>,
    ) -> Result<Option<T>> {
        // Usually nothing was written since, and a read lock lets pages be rendered in parallel.
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if let State::Ready(facets) = &*state
            && facets.is_up_to_date(reader)?
        {
            return question(facets).map(Some);
        }
        drop(state);
        let mut state = locked(&self.state);
        if let State::Ready(facets) = &mut *state {
            match facets.follow(reader)? {
                Followed::UpToDate => return question(facets).map(Some),
                Followed::Ahead => return Ok(None),
                Followed::TooFarBehind => {}
            }
        }
        if !matches!(*state, State::Reading) {
            // Drops the old facets first, so that only one set is in memory.
            *state = State::Reading;
            drop(state);
            self.read();
        }
        Ok(None)
    }

    /// Drops the facets, because another database has replaced theirs.
    pub(super) fn forget(&self) {
        let mut state = locked(&self.state);
        if !matches!(*state, State::Reading) {
            *state = State::Unread;
        }
    }

    /// Returns how often the facets of a large store couldn't answer. If this has increased while a
    /// page was rendered, the next rendering may be better.
    pub(super) fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    fn read(&self) {
        let database = self.database.clone();
        let state = Arc::clone(&self.state);
        let started = thread::Builder::new().name("facets".into()).spawn(move || {
            let read = Reader::open(&database).and_then(|reader| Facets::read(&reader));
            *locked(&state) = match read {
                Ok(facets) => State::Ready(Box::new(facets)),
                Err(error) => {
                    log::error!("the facets weren't read: {}", error.chain());
                    State::Unread
                }
            };
        });
        if let Err(error) = started {
            log::error!("no thread to read the facets: {error}");
            *locked(&self.state) = State::Unread;
        }
    }
}

/// Returns whether a search has to combine the notes of several tags, which facets do faster.
fn combines_tags(reader: &Reader, query: &Query) -> Result<bool> {
    Ok(query.joins_tags()
        || match query.with.as_slice() {
            [tag] => reader.is_implied(tag)?,
            _ => false,
        })
}

/// Ignores poisoning: a state is replaced as a whole. The exception is `Facets::follow`, which
/// applies changes note by note and can be repeated.
fn locked(state: &RwLock<State>) -> RwLockWriteGuard<'_, State> {
    state.write().unwrap_or_else(PoisonError::into_inner)
}
