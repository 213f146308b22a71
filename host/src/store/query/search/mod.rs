//! Search: newest first, or the best of the newest.
//!
//! A query is a join. Each condition is a descending stream of rows of the index (`fts_index.rs`):
//! the words, each tag, the sites. A row on which all streams meet is a match; conditions that
//! streams can't decide are checked in the note's text. Each stream leaps to the position of the
//! others, so the rarest condition sets the pace.
//!
//! No query may take long. Each leap and each check has a price. When a page has cost [`WORK`], it
//! is returned as far as it got, with the position to continue from. Inside FTS5 the clock is
//! checked instead: see `query_deadline.rs`. A phrase on which FTS5 takes too long is split into
//! single words, whose rows FTS5 lists one by one.

use std::time::{Duration, Instant};

use crate::{
    domain::{Note, NoteId, Query, SearchPlace, Searched, relevance},
    error::Result,
    store::{
        connection::reader::Reader,
        query::{
            facets::Facets,
            search::{
                hit::Hit,
                join::{Limits, Search},
                word_rows::Step,
            },
        },
    },
};

pub(in crate::store) mod hit;
pub(in crate::store) mod join;
mod selection;
pub(in crate::store) mod site_labels;
mod texts;
mod vocabulary;
mod word_rows;
mod words;

/// Number of the newest matches that [`Reader::search_best`] ranks.
pub const RANKED: u32 = 500;

const LIMITS: Limits = Limits {
    work: 20_000,
    fts_time: Duration::from_millis(8),
};
/// There is only one page of best matches.
const BEST_LIMITS: Limits = Limits {
    work: 28_000,
    ..LIMITS
};

/// A page of results.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Newest first.
    pub hits: Vec<Hit>,
    /// The `before` of the next page if there are older matches or, on an incomplete page, if there
    /// may be some that would have taken too long to find.
    pub next: Option<NoteId>,
}

/// The best matches.
#[derive(Debug, Clone, Default)]
pub struct Best {
    /// Best first; of equal ones, the newer first.
    pub hits: Vec<Hit>,
    /// Number of matches that were ranked: the newest, at most [`RANKED`].
    pub compared: usize,
    /// Whether there are, or may be, older matches.
    pub more: bool,
}

impl Reader {
    /// Returns the newest matches; with `before`, only older ones. An empty query matches nothing.
    ///
    /// # Errors
    /// The `store_*` kinds, never because of the query.
    pub fn search(&self, query: &Query, before: Option<NoteId>, limit: u32) -> Result<Found> {
        self.search_within(LIMITS, None, query, before, limit)
    }

    /// The same with up-to-date facets, which combine several tags into one stream.
    ///
    /// # Errors
    /// As for [`search`](Self::search).
    pub fn search_with(
        &self,
        facets: &Facets,
        query: &Query,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Found> {
        self.search_within(LIMITS, Some(facets), query, before, limit)
    }

    fn search_within(
        &self,
        limits: Limits,
        facets: Option<&Facets>,
        query: &Query,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Found> {
        if query.deleted {
            return self.search_trash(query, before, limit);
        }
        if query.place == Some(SearchPlace::Text) {
            return Ok(Found::default());
        }
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let Some(mut search) = Search::new(self, facets, limits, query, before, limit, None)?
        else {
            return Ok(Found::default());
        };
        let mut hits = Vec::new();
        // One more than requested shows whether there are more.
        while hits.len() <= wanted {
            match search.next()? {
                Step::At(note) => hits.push(search.hit(note)),
                Step::End => return Ok(Found { hits, next: None }),
                Step::BudgetExhausted => {
                    let next = search.place();
                    return Ok(Found { hits, next });
                }
            }
        }
        hits.truncate(wanted);
        let next = hits.last().map(|hit| hit.note.id);
        Ok(Found { hits, next })
    }

    /// Returns the best of the newest [`RANKED`] matches. A word in the title or a tag counts more
    /// than one in the summary, and that more than one in excerpt or address.
    ///
    /// # Errors
    /// The `store_*` kinds, never because of the query.
    pub fn search_best(&self, query: &Query, limit: u32) -> Result<Best> {
        self.search_best_within(None, query, limit)
    }

    /// The same with up-to-date facets.
    ///
    /// # Errors
    /// As for [`search_best`](Self::search_best).
    pub fn search_best_with(&self, facets: &Facets, query: &Query, limit: u32) -> Result<Best> {
        self.search_best_within(Some(facets), query, limit)
    }

    fn search_best_within(
        &self,
        facets: Option<&Facets>,
        query: &Query,
        limit: u32,
    ) -> Result<Best> {
        if query.deleted {
            let found = self.search_trash(query, None, limit)?;
            return Ok(Best {
                compared: found.hits.len(),
                hits: found.hits,
                more: found.next.is_some(),
            });
        }
        if query.place == Some(SearchPlace::Text) {
            return Ok(Best::default());
        }
        let Some(mut search) = Search::new(self, facets, BEST_LIMITS, query, None, RANKED, None)?
        else {
            return Ok(Best::default());
        };
        let marked = search.marked().into_owned();
        let ranked = usize::try_from(RANKED).unwrap_or(usize::MAX);
        let mut notes: Vec<(f64, Note)> = Vec::new();
        let mut more = true;
        while notes.len() < ranked {
            match search.next()? {
                Step::At(note) => {
                    let start = Instant::now();
                    let fits = relevance(&marked, &Searched::of(&note));
                    search.spend(start);
                    notes.push((fits, note));
                }
                Step::BudgetExhausted => break,
                Step::End => {
                    more = false;
                    break;
                }
            }
        }
        let compared = notes.len();
        notes.sort_by(|(a, newer), (b, older)| b.total_cmp(a).then(older.id.cmp(&newer.id)));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let best = notes.into_iter().take(limit);
        let hits = best.map(|(_, note)| search.hit(note)).collect();
        Ok(Best {
            hits,
            compared,
            more,
        })
    }
}

#[cfg(test)]
mod tests;
