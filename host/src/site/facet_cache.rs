//! The facets of the site's store: read in the background when a large store is
//! first looked at, shared by all connections, brought up to date with each write.

use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{
    domain::{NoteId, Query},
    error::Result,
    store::{Best, Facets, Followed, Found, Reader},
};

/// With fewer notes the store answers as quickly by itself.
const LARGE: u64 = 200;

/// The facets of one database.
#[derive(Debug)]
pub(super) struct FacetCache {
    database: PathBuf,
    state: Arc<RwLock<State>>,
    /// How often the store had to be asked instead.
    missed: AtomicU64,
}

#[derive(Debug)]
enum State {
    /// Nobody has asked yet, or reading them failed.
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

    /// Asks the facets. None where the store is small or the facets aren't read
    /// yet: then the store itself is to be asked.
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

    /// [`Reader::search`], with the facets where they make it quicker.
    pub(super) fn search(
        &self,
        reader: &Reader,
        query: &Query,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Found> {
        let asked = |facets: &Facets| reader.search_with(facets, query, before, limit);
        if query.joins_tags()
            && let Some(found) = self.ask(reader, asked)?
        {
            return Ok(found);
        }
        reader.search(query, before, limit)
    }

    /// [`Reader::search_best`], with the facets where they make it quicker.
    pub(super) fn search_best(&self, reader: &Reader, query: &Query, limit: u32) -> Result<Best> {
        let asked = |facets: &Facets| reader.search_best_with(facets, query, limit);
        if query.joins_tags()
            && let Some(best) = self.ask(reader, asked)?
        {
            return Ok(best);
        }
        reader.search_best(query, limit)
    }

    fn answer<T>(
        &self,
        reader: &Reader,
        question: impl FnOnce(&Facets) -> Result<T>,
    ) -> Result<Option<T>> {
        // Nearly always nothing was written since, and pages are made side by side.
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
            // The old ones go first: there is room in memory for one at a time.
            *state = State::Reading;
            drop(state);
            self.read();
        }
        Ok(None)
    }

    /// Forgets the facets: another database is in the place of theirs.
    pub(super) fn forget(&self) {
        let mut state = locked(&self.state);
        if !matches!(*state, State::Reading) {
            *state = State::Unread;
        }
    }

    /// How often the facets of a large store couldn't answer. Where this has risen while a
    /// page was made, the next one may be better.
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

/// Whatever panicked, a state is whole: it is replaced, never changed in parts,
/// but by `Facets::follow`, which takes note by note and can be asked again.
fn locked(state: &RwLock<State>) -> RwLockWriteGuard<'_, State> {
    state.write().unwrap_or_else(PoisonError::into_inner)
}
