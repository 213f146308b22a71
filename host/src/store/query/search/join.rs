//! Runs a query as a join: each condition is a descending stream of rows, and a match is a row on
//! which all streams meet.

use std::{
    borrow::Cow,
    collections::HashMap,
    ops::{Range, RangeInclusive},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{
    hit::Hit,
    site_labels::Sites,
    word_rows::{Step, WordRows},
};
use crate::{
    domain::{Matcher, Note, NoteId, Phrase, Query, ReadSummary, SearchPlace, State, holds},
    error::Result,
    store::{
        connection::reader::Reader,
        notes::{
            fts_index,
            note_rows::{load, select_notes},
            tags::TagFilter,
        },
        query::facets::{Facets, Matching},
    },
};

/// The budget of a listing page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// In µs, as counted by [`Search::spend`]. A page advances by at least one row.
    pub(super) work: u32,
    /// Time limit of FTS5 for all its searches together.
    pub(super) fts_time: Duration,
}

/// Cost of checking the text of a note, in µs.
pub(super) const LOOK: u32 = 60;

/// Most summaries that are kept after a check.
const SUMMARIES: usize = 64;

/// Number of leaps after which a stream counts as denser than the others.
const LEAPS: u32 = 3;

/// The lowest and highest cost of one step, in µs, so that a computer busy with something else
/// doesn't shorten a page.
const STEP: RangeInclusive<u32> = 1..=2_000;

/// Most sites of a `site:` condition that get streams of their own.
pub(super) const MAX_SITES: usize = 16;

/// Selects the streams to include or to exclude.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    With,
    Without,
}

/// A condition as rows of the index, newest first.
pub(super) enum Stream<'a> {
    All,
    State(State),
    /// With one of these tags.
    Tag(Vec<i64>),
    /// Notes that pass the tag filter.
    Tags(Matching<'a>),
    /// From one of these sites.
    Sites(Vec<i64>),
    Words(WordRows),
    /// Rows of at least one of these, for a group of alternatives.
    Any(Vec<Stream<'a>>),
}

/// The state of a search in texts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InTexts {
    /// Number of streams that exclude notes which match without their texts; 0 if each must be
    /// checked.
    pub(super) excluding: usize,
}

impl InTexts {
    /// Returns the state for a query that asks for a search in texts.
    pub(super) fn of(query: &Query) -> Option<Self> {
        (query.place == Some(SearchPlace::Text)).then(Self::default)
    }
}

/// A search in progress.
pub(super) struct Search<'a> {
    pub(super) reader: &'a Reader,
    pub(super) phrases: Vec<Phrase>,
    /// Groups of alternatives. A note must match at least one alternative of each group.
    pub(super) any: Option<Matcher>,
    /// Streams that a note must be in.
    pub(super) with: Vec<Stream<'a>>,
    /// Streams that a note must not be in.
    pub(super) without: Vec<Stream<'a>>,
    /// The required sites, if they are too many for streams.
    pub(super) sites: Vec<Sites>,
    /// The excluded sites.
    pub(super) without_sites: Vec<Sites>,
    /// Whether the texts of a note must be checked.
    pub(super) look: bool,
    /// Whether phrases were split into words.
    pub(super) apart: bool,
    /// The single words, or alternatives, that each note must have after phrases were split.
    pub(super) single_words: Vec<String>,
    /// The first row.
    pub(super) first_row: i64,
    /// The newest row that may still match.
    pub(super) row: i64,
    /// Notes from this id on are done.
    pub(super) before: NoteId,
    /// The oldest row that may have been saved late enough.
    pub(super) last_row: i64,
    /// The range of save times.
    pub(super) saved: Range<Timestamp>,
    pub(super) limits: Limits,
    pub(super) left: u32,
    pub(super) fts_time: Duration,
    pub(super) chunk: u32,
    /// The newest notes, if they were read to estimate how frequent a word is.
    pub(super) sample: Vec<Note>,
    /// The search in the texts of pages, if this is one.
    pub(super) texts: Option<InTexts>,
    /// Summaries that were read and are needed again soon.
    summaries: HashMap<NoteId, ReadSummary>,
}

impl<'a> Search<'a> {
    /// Creates a search, or returns `None` if nothing can match.
    pub(super) fn new(
        reader: &'a Reader,
        facets: Option<&'a Facets>,
        limits: Limits,
        query: &Query,
        before: Option<NoteId>,
        limit: u32,
        texts: Option<InTexts>,
    ) -> Result<Option<Self>> {
        if query.is_empty() {
            return Ok(None);
        }
        let resolved;
        let query = match query.has_hashtags() {
            true => {
                let mut is_used = |tag: &_| reader.has_notes(tag);
                resolved = query.with_hashtags(&mut is_used)?;
                &resolved
            }
            false => query,
        };
        let tags = TagFilter {
            with: query.with.clone(),
            without: query.without.clone(),
        };
        let Some(tags) = reader.tag_ids(&tags)? else {
            return Ok(None);
        };
        // A single tag is a range of rows; several would have to leap over each other.
        let (with, without) = match facets {
            Some(facets) if query.joins_tags() || tags.has_implied() => {
                let matching = facets.matching(reader, &tags)?;
                (vec![Stream::Tags(matching)], Vec::new())
            }
            _ => (
                tags.with
                    .into_iter()
                    .map(|set| Stream::Tag(set.ids))
                    .collect(),
                tags.without
                    .into_iter()
                    .map(|set| Stream::Tag(set.ids))
                    .collect(),
            ),
        };
        let saved = query.after.unwrap_or(Timestamp::MIN)..query.before.unwrap_or(Timestamp::MAX);
        let newest = match query.before {
            Some(moment) => reader.saved_before(moment)?,
            None => NoteId::MAX,
        };
        let before = before.map_or(newest, |before| before.min(newest));
        let row = fts_index::row(NoteId(before.0.saturating_sub(1)));
        let mut search = Self {
            reader,
            phrases: Phrase::all(&query.terms),
            any: None,
            with,
            without,
            sites: Vec::new(),
            without_sites: query.without_sites.iter().map(|s| Sites::of(s)).collect(),
            look: false,
            apart: false,
            single_words: Vec::new(),
            first_row: row,
            row,
            before,
            last_row: fts_index::row(NoteId::at(saved.start)),
            saved,
            left: limits.work,
            limits,
            fts_time: limits.fts_time,
            chunk: limit.saturating_add(1),
            sample: Vec::new(),
            texts,
            summaries: HashMap::new(),
        };
        for (state, wanted) in &query.states {
            match wanted {
                true => search.with.push(Stream::State(*state)),
                false => search.without.push(Stream::State(*state)),
            }
        }
        if !query.sites.is_empty() && !search.add_sites(&query.sites)? {
            return Ok(None);
        }
        let may_match = match search.in_texts() {
            true => search.add_text_words(query)?,
            false => search.add_words()? && (query.any.is_empty() || search.add_any(query)?),
        };
        if !may_match {
            return Ok(None);
        }
        if search.with.is_empty() {
            search.with.push(Stream::All);
        }
        Ok(Some(search))
    }

    /// Adds the required sites, as streams if they are few.
    pub(super) fn add_sites(&mut self, wanted: &[String]) -> Result<bool> {
        let sites: Vec<_> = wanted.iter().map(|site| Sites::of(site)).collect();
        let ids = self.site_ids(&sites)?;
        if ids.is_empty() {
            return Ok(false);
        }
        if ids.len() <= MAX_SITES {
            self.with.push(Stream::Sites(ids));
        } else {
            self.sites = sites;
        }
        Ok(true)
    }

    /// Returns the rows of the sites in use, at most one more than [`MAX_SITES`].
    pub(super) fn site_ids(&self, sites: &[Sites]) -> Result<Vec<i64>> {
        let more = i64::try_from(MAX_SITES).unwrap_or(i64::MAX) + 1;
        let mut ids: Vec<i64> = Vec::new();
        for site in sites {
            let found: Vec<i64> = match site {
                Sites::Below(first, end) => self
                    .reader
                    .conn
                    .prepare_cached(
                        "SELECT id FROM sites WHERE labels >= ? AND labels < ? AND uses > 0 LIMIT ?",
                    )?
                    .query_map(params![first, end, more], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?,
                // Labels end with a dot.
                Sites::With(part) => self
                    .reader
                    .conn
                    .prepare_cached(
                        "SELECT id FROM sites WHERE instr('.' || labels, ?) > 0 AND uses > 0 LIMIT ?",
                    )?
                    .query_map(params![format!(".{part}."), more], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?,
            };
            for id in found {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        Ok(ids)
    }

    /// Returns the next match.
    pub(super) fn next(&mut self) -> Result<Step<Note>> {
        loop {
            let row = match self.next_row()? {
                Step::At(row) => row,
                Step::End => return Ok(Step::End),
                Step::BudgetExhausted => return Ok(Step::BudgetExhausted),
            };
            let start = Instant::now();
            let found = self.look_at(row)?;
            self.spend(start);
            if let Some(note) = found {
                return Ok(Step::At(note));
            }
        }
    }

    /// Returns whether a note must be loaded to decide whether it matches.
    pub(super) fn has_to_load(&self) -> bool {
        self.look
            || self.in_texts()
            || self.any.is_some()
            || self.saved != (Timestamp::MIN..Timestamp::MAX)
            || !self.sites.is_empty()
            || !self.without_sites.is_empty()
    }

    /// Returns the next row that is in all streams.
    pub(super) fn next_row(&mut self) -> Result<Step<i64>> {
        loop {
            let mut at = 0;
            while at < self.with.len() {
                if self.row < self.last_row {
                    return Ok(Step::End);
                }
                if self.left == 0 && self.row < self.first_row {
                    return Ok(Step::BudgetExhausted);
                }
                match self.seek(Side::With, at)? {
                    Step::End => return Ok(Step::End),
                    Step::At(row) if row == self.row => at += 1,
                    // The streams before have to advance to it.
                    Step::At(row) => {
                        self.row = row;
                        at = usize::from(at == 0);
                    }
                    Step::BudgetExhausted => {
                        self.take_apart(at);
                        at = 0;
                    }
                }
            }
            // All streams are at this row.
            let row = self.row;
            if self.is_excluded(row)? {
                self.row -= 1;
                continue;
            }
            self.row -= 1;
            return Ok(Step::At(row));
        }
    }

    /// Returns whether an excluded stream is at this row.
    pub(super) fn is_excluded(&mut self, row: i64) -> Result<bool> {
        let mut at = 0;
        while at < self.without.len() {
            match self.seek(Side::Without, at)? {
                Step::At(excluded) if excluded == row => return Ok(true),
                Step::BudgetExhausted => {
                    self.without.swap_remove(at);
                    self.look = true;
                }
                Step::At(_) | Step::End => at += 1,
            }
        }
        Ok(false)
    }

    /// Returns the note of a row if it meets the conditions that streams can't decide.
    pub(super) fn look_at(&mut self, row: i64) -> Result<Option<Note>> {
        if self.is_from_elsewhere(row)? {
            return Ok(None);
        }
        let sampled = |note: &Note| fts_index::row(note.id) == row;
        let note = match self.sample.iter().position(sampled) {
            Some(place) => Some(self.sample.swap_remove(place)),
            None => load(
                &self.reader.conn,
                select_notes!("WHERE n.id >= ? AND n.id < ?"),
                [
                    row * fts_index::ROW_MICROS,
                    (row + 1) * fts_index::ROW_MICROS,
                ],
            )?
            .into_iter()
            .next(),
        };
        let Some(note) = note else { return Ok(None) };
        // A note in the first row may have been on the page before.
        let is_there = note.id < self.before && self.saved.contains(&note.saved_at);
        let holds = is_there
            && match self.in_texts() {
                true => self.text_holds(&note)?,
                false => (!self.look && self.any.is_none()) || self.holds(&note),
            };
        Ok(holds.then_some(note))
    }

    /// Returns whether the texts of a note contain all phrases.
    pub(super) fn holds(&mut self, note: &Note) -> bool {
        let mut summary = self.summaries.remove(&note.id);
        let holds = (!self.look || holds(&self.phrases, note, &mut summary))
            && self
                .any
                .as_ref()
                .is_none_or(|groups| groups.any_holds(note, &mut summary));
        if holds {
            self.keep_summary(note.id, summary);
        }
        holds
    }

    /// Keeps the summary of a note that is checked again soon.
    pub(super) fn keep_summary(&mut self, note: NoteId, summary: Option<ReadSummary>) {
        if let Some(summary) = summary
            && self.summaries.len() < SUMMARIES
        {
            self.summaries.insert(note, summary);
        }
    }

    /// Returns where to continue after the budget is exhausted.
    pub(super) fn place(&self) -> Option<NoteId> {
        let next = (self.row + 1).saturating_mul(fts_index::ROW_MICROS);
        Some(NoteId(next).min(self.before))
    }

    pub(super) fn hit(&mut self, note: Note) -> Hit {
        let summary = self.summaries.remove(&note.id);
        let summary = summary.unwrap_or_else(|| ReadSummary::of(&note));
        Hit::of(note, &summary, &self.marked())
    }

    /// Returns the phrases that are marked in matches, and by which matches are ranked.
    pub(super) fn marked(&self) -> Cow<'_, [Phrase]> {
        match &self.any {
            None => Cow::Borrowed(&self.phrases),
            Some(groups) => {
                let mut phrases = self.phrases.clone();
                phrases.extend(groups.wanted_phrases());
                Cow::Owned(phrases)
            }
        }
    }

    /// Adds the cost of a step that began at `start`.
    pub(super) fn spend(&mut self, start: Instant) {
        self.left = self.left.saturating_sub(taken(start));
    }

    /// Returns the newest row of a stream at or below `self.row`. Also exhausts the budget if leaps
    /// in a stream of words take longer than checking texts.
    pub(super) fn seek(&mut self, side: Side, at: usize) -> Result<Step<i64>> {
        let look_cost = self.look_cost();
        let (stream, others) = match side {
            Side::With => {
                let others = self.with.len() > 1;
                (&mut self.with[at], others)
            }
            Side::Without => (&mut self.without[at], true),
        };
        let others = others.then_some(look_cost);
        let start = Instant::now();
        let (step, is_known) =
            seek_stream(self.reader, stream, self.row, others, &mut self.fts_time)?;
        if !is_known {
            self.spend(start);
        }
        Ok(step)
    }

    /// Returns whether the site of a note isn't required, or is excluded.
    pub(super) fn is_from_elsewhere(&self, row: i64) -> Result<bool> {
        if self.sites.is_empty() && self.without_sites.is_empty() {
            return Ok(false);
        }
        let labels: Option<String> = self
            .reader
            .conn
            .prepare_cached(
                "SELECT s.labels FROM notes n JOIN sites s ON s.id = n.site_id \
                 WHERE n.id >= ? AND n.id < ?",
            )?
            .query_row(
                [
                    row * fts_index::ROW_MICROS,
                    (row + 1) * fts_index::ROW_MICROS,
                ],
                |row| row.get(0),
            )
            .optional()?;
        let within = |sites: &[Sites]| {
            labels
                .as_ref()
                .is_some_and(|labels| sites.iter().any(|site| site.has(labels)))
        };
        // A page without a site is from no site.
        Ok((!self.sites.is_empty() && !within(&self.sites)) || within(&self.without_sites))
    }
}

/// Returns the newest row of a stream at or below `row`, and whether it was known already. `others`:
/// the cost of checking a text instead, in µs, if there are other streams.
fn seek_stream(
    reader: &Reader,
    stream: &mut Stream<'_>,
    row: i64,
    others: Option<u32>,
    fts_time: &mut Duration,
) -> Result<(Step<i64>, bool)> {
    let below = (row + 1).saturating_mul(fts_index::ROW_MICROS);
    let newest = |sql: &str, key: Option<i64>| -> Result<Option<i64>> {
        let mut query = reader.conn.prepare_cached(sql)?;
        Ok(match key {
            Some(key) => query.query_row([key, below], |row| row.get(0)),
            None => query.query_row([below], |row| row.get(0)),
        }
        .optional()?)
    };
    let newest_of = |sql: &str, keys: &[i64]| -> Result<Option<i64>> {
        keys.iter()
            .try_fold(None, |newest_so_far: Option<i64>, key| {
                Ok(newest_so_far.max(newest(sql, Some(*key))?))
            })
    };
    let id = match stream {
        Stream::All => newest(
            "SELECT id FROM notes WHERE id < ? ORDER BY id DESC LIMIT 1",
            None,
        )?,
        Stream::State(State::Link(verdict)) => newest(
            "SELECT note_id FROM links INDEXED BY links_by_verdict
             WHERE verdict = ? AND verdict <> 0 AND note_id < ? ORDER BY note_id DESC LIMIT 1",
            Some(verdict.number()),
        )?,
        Stream::State(state) => newest(
            match state {
                State::Untagged => {
                    "SELECT note_id FROM untagged WHERE note_id < ? ORDER BY note_id DESC LIMIT 1"
                }
                State::Unread => {
                    "SELECT id FROM notes INDEXED BY notes_unread WHERE read = 0 AND id < ? \
                     ORDER BY id DESC LIMIT 1"
                }
                // The arm above has the links.
                State::Texted | State::Link(_) => {
                    "SELECT note_id FROM texts WHERE note_id < ? ORDER BY note_id DESC LIMIT 1"
                }
                State::Noted => {
                    "SELECT id FROM notes INDEXED BY notes_noted WHERE summary <> '' AND id < ? \
                     ORDER BY id DESC LIMIT 1"
                }
            },
            None,
        )?,
        Stream::Tag(tags) => newest_of(
            "SELECT note_id FROM note_tags WHERE tag_id = ? AND note_id < ? \
             ORDER BY note_id DESC LIMIT 1",
            tags,
        )?,
        Stream::Tags(matching) => matching.newest_below(below),
        Stream::Sites(sites) => newest_of(
            "SELECT id FROM notes WHERE site_id = ? AND id < ? ORDER BY id DESC LIMIT 1",
            sites,
        )?,
        Stream::Words(rows) => {
            if let Some(step) = rows.known(row) {
                return Ok((step, true));
            }
            let start = Instant::now();
            let step = rows.ask(reader, row, fts_time)?;
            // FTS5 takes milliseconds for a leap far down in a frequent word.
            let dear = others.is_some_and(|look| rows.leaps >= LEAPS && taken(start) > look);
            return Ok((if dear { Step::BudgetExhausted } else { step }, false));
        }
        Stream::Any(streams) => {
            let mut newest_of_all = None;
            for stream in streams {
                match seek_stream(reader, stream, row, others, fts_time)?.0 {
                    Step::At(row) => newest_of_all = newest_of_all.max(Some(row)),
                    Step::End => {}
                    Step::BudgetExhausted => return Ok((Step::BudgetExhausted, false)),
                }
            }
            return Ok((newest_of_all.map_or(Step::End, Step::At), false));
        }
    };
    let step = id.map_or(Step::End, |id| Step::At(fts_index::row(NoteId(id))));
    Ok((step, false))
}

/// Returns the time since `start` in µs, within the limits of a step's cost.
fn taken(start: Instant) -> u32 {
    let micros = u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX);
    micros.clamp(*STEP.start(), *STEP.end())
}
