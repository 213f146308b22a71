//! Returns the ids of all notes that match a query, for lists with a total and for edits of many
//! notes. Unlike a page of results, this has no time limit.

use std::time::{Duration, Instant};

use crate::{
    domain::{Matcher, NoteId, Query, State},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::{fts_index, note_rows::deleted_note},
        query::search::{
            Found, LIMITS,
            hit::Hit,
            join::{InTexts, Limits, Search},
            word_rows::Step,
        },
    },
};

/// A budget that no search exhausts.
const ENDLESS: Limits = Limits {
    work: u32::MAX,
    fts_time: Duration::from_mins(1),
};
/// Number of rows of words that are read at once.
const CHUNK: u32 = 512;

impl Reader {
    /// Returns the ids of all matches, newest first. If the query asks for the trash, these are
    /// deleted notes.
    ///
    /// # Errors
    /// The `store_*` kinds, never because of the query.
    pub fn matching_ids(&self, query: &Query) -> Result<Vec<NoteId>> {
        self.read_transaction(|reader| reader.matching_now(query))
    }

    pub(in crate::store) fn matching_now(&self, query: &Query) -> Result<Vec<NoteId>> {
        if query.deleted {
            let mut ids = Vec::new();
            self.each_deleted_match(query, None, |note| {
                ids.push(note.id);
                Ok(true)
            })?;
            return Ok(ids);
        }
        if query.everything && *query == Query::all() {
            let mut all = self
                .conn
                .prepare_cached("SELECT id FROM notes ORDER BY id DESC")?;
            let ids = all.query_map([], |row| row.get(0).map(NoteId))?;
            return Ok(ids.collect::<rusqlite::Result<_>>()?);
        }
        let mut ids = Vec::new();
        let Some(mut search) =
            Search::new(self, None, ENDLESS, query, None, CHUNK, InTexts::of(query))?
        else {
            return Ok(ids);
        };
        loop {
            match search.next_id()? {
                Step::At(id) => ids.push(id),
                Step::End => return Ok(ids),
                Step::BudgetExhausted => {
                    return Err(Error::internal("a search without a budget ran out of it"));
                }
            }
        }
    }

    /// Returns the matches in the trash, newest first.
    pub(super) fn search_trash(
        &self,
        query: &Query,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Found> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let time = Duration::from_micros(LIMITS.work.into());
        let begun = Instant::now();
        let phrases = self.matcher(query)?.wanted_phrases();
        let mut found = Found::default();
        self.each_deleted_match(query, before, |note| {
            if found.hits.len() == wanted || (begun.elapsed() > time && !found.hits.is_empty()) {
                found.next = found.hits.last().map(|hit| hit.note.id);
                return Ok(false);
            }
            let summary = crate::domain::ReadSummary::of(&note);
            found.hits.push(Hit::of(note, &summary, &phrases));
            Ok(true)
        })?;
        Ok(found)
    }

    /// Passes the matches in the trash to `take`, newest first, until it returns false.
    fn each_deleted_match(
        &self,
        query: &Query,
        before: Option<NoteId>,
        mut take: impl FnMut(crate::domain::Note) -> Result<bool>,
    ) -> Result<()> {
        let matcher = self.matcher(query)?;
        let mut all = self
            .conn
            .prepare_cached("SELECT * FROM trash WHERE id < ? ORDER BY id DESC")?;
        let mut rows = all.query([before.unwrap_or(NoteId::MAX).0])?;
        while let Some(row) = rows.next()? {
            let note = deleted_note(row)??;
            let is_wanted = matcher.holds(&note, &mut None)
                && self.has_wanted_states(matcher.query(), note.id)?;
            if is_wanted && !take(note)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Returns whether the states that a note itself doesn't show are as the query wants.
    fn has_wanted_states(&self, query: &Query, id: NoteId) -> Result<bool> {
        for (state, wanted) in &query.states {
            let holds = match state {
                State::Texted => self.text_summary(id)?.is_some(),
                State::Link(verdict) => self.link(id)?.is_some_and(|link| link.verdict == *verdict),
                State::Untagged | State::Unread | State::Noted => continue,
            };
            if holds != *wanted {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Prepares the query for checking deleted notes: resolves `#x` and aliases.
    fn matcher(&self, query: &Query) -> Result<Matcher> {
        // A tag that only deleted notes have isn't in use. `#x` is then a word, which also matches
        // tags.
        let mut is_used = |tag: &_| self.has_notes(tag);
        let query = query.with_hashtags(&mut is_used)?;
        let mut matcher = Matcher::of(&query);
        self.name_tags(&mut matcher)?;
        Ok(matcher)
    }

    pub(super) fn name_tags(&self, matcher: &mut Matcher) -> Result<()> {
        matcher.set_tags(
            self.named_sets(&matcher.query().with)?,
            self.named_sets(&matcher.query().without)?,
        );
        for alternative in matcher.any.iter_mut().flatten() {
            self.name_tags(alternative)?;
        }
        Ok(())
    }
}

impl Search<'_> {
    /// Like [`Search::next`], but loads a note only if its content must be checked.
    fn next_id(&mut self) -> Result<Step<NoteId>> {
        if self.has_to_load() {
            return Ok(match self.next()? {
                Step::At(note) => Step::At(note.id),
                Step::End => Step::End,
                Step::BudgetExhausted => Step::BudgetExhausted,
            });
        }
        loop {
            let row = match self.next_row()? {
                Step::At(row) => row,
                Step::End => return Ok(Step::End),
                Step::BudgetExhausted => return Ok(Step::BudgetExhausted),
            };
            if self.has_to_load() {
                // The phrases were split into words meanwhile.
                if let Some(note) = self.look_at(row)? {
                    return Ok(Step::At(note.id));
                }
                continue;
            }
            let mut query = self
                .reader
                .conn
                .prepare_cached("SELECT id FROM notes WHERE id >= ? AND id < ?")?;
            let mut rows = query.query([
                row * fts_index::ROW_MICROS,
                (row + 1) * fts_index::ROW_MICROS,
            ])?;
            if let Some(found) = rows.next()? {
                return Ok(Step::At(NoteId(found.get(0)?)));
            }
        }
    }
}
