//! Search in the texts of pages: the notes that match a query with their texts, but not without.
//!
//! A term may be in the note and another one in its text. So each term is a stream over both
//! full-text indexes, and a check reads the text as if it stood below the user's own. Matches that
//! the note has without its text are left out: the search in notes returns them.
//!
//! The texts are long, so this search has a budget of its own and lists the newest first.

use std::time::Duration;

use super::{
    Found,
    hit::Hit,
    join::{LOOK, Limits, Search, Stream},
    word_rows::{Index, Step, WordRows},
    words::{Expansions, Known, MAX_INDEXED_WORDS, any_with_signs, beginning, quote},
};
use crate::{
    domain::{
        Field, Matcher, Note, NoteId, Phrase, Query, ReadSummary, SearchPlace, Snippet, State,
        Words, holds, plain_text, snippet_of_words,
    },
    error::Result,
    store::{connection::reader::Reader, query::facets::Facets},
};

const LIMITS: Limits = Limits {
    work: 20_000,
    fts_time: Duration::from_millis(12),
};
/// Cost of checking a text, in µs: it must be decompressed and split into words.
const LOOK_AT_TEXT: u32 = 500;
/// Length of the parts in which a snippet is looked for, in bytes.
const PART_BYTES: usize = 4096;

/// The state of a search in texts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InTexts {
    /// Number of streams that exclude notes which match without their texts; 0 if each must be
    /// checked.
    excluding: usize,
}

impl InTexts {
    /// Returns the state for a query that asks for a search in texts.
    pub(super) fn of(query: &Query) -> Option<Self> {
        (query.place == Some(SearchPlace::Text)).then(Self::default)
    }
}

impl Reader {
    /// Returns the newest notes that match a query with the texts of their pages, but not without;
    /// with `before`, only older ones. Empty if the query is limited to notes or to the trash.
    ///
    /// # Errors
    /// The `store_*` kinds, never because of the query.
    pub fn search_texts(
        &self,
        facets: Option<&Facets>,
        query: &Query,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Found> {
        let is_possible = query.ranks() || query.place == Some(SearchPlace::Text);
        if query.deleted || query.place == Some(SearchPlace::Note) || !is_possible {
            return Ok(Found::default());
        }
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let texts = Some(InTexts::default());
        let Some(mut search) = Search::new(self, facets, LIMITS, query, before, limit, texts)?
        else {
            return Ok(Found::default());
        };
        let mut hits = Vec::new();
        while hits.len() <= wanted {
            match search.next()? {
                Step::At(note) if hits.len() < wanted => {
                    let start = std::time::Instant::now();
                    hits.push(search.text_hit(note)?);
                    search.spend(start);
                }
                // One more than requested shows that there are more.
                Step::At(_) => break,
                Step::End => return Ok(Found { hits, next: None }),
                Step::BudgetExhausted => {
                    let next = search.place();
                    return Ok(Found { hits, next });
                }
            }
        }
        let next = hits.last().map(|hit: &Hit| hit.note.id);
        Ok(Found { hits, next })
    }
}

impl Search<'_> {
    pub(super) fn in_texts(&self) -> bool {
        self.texts.is_some()
    }

    /// Returns the cost of checking a note, in µs.
    pub(super) fn look_cost(&self) -> u32 {
        if self.in_texts() { LOOK_AT_TEXT } else { LOOK }
    }

    /// Adds the words of a query as streams over both indexes. Returns false if nothing can match.
    pub(super) fn add_text_words(&mut self, query: &Query) -> Result<bool> {
        let mut expansions = Expansions::new();
        let mut room = MAX_INDEXED_WORDS;
        let mut in_note = Vec::new();
        // Whether the index decides which notes match without their texts.
        let mut decided = query.any.is_empty();
        for phrase in self.phrases.clone() {
            let words: usize = phrase.spellings.iter().map(Words::len).sum();
            let is_indexed = words <= room;
            if !is_indexed || phrase.has_signs() || phrase.field != Field::Any {
                self.look = true;
                decided = false;
            }
            if !is_indexed {
                continue;
            }
            room -= words;
            if phrase.negated {
                if !phrase.has_signs() && phrase.field == Field::Any {
                    for index in [Index::Notes, Index::Texts] {
                        let rows = WordRows::of(index, any_with_signs(&phrase.spellings), 1);
                        self.without.push(Stream::Words(rows));
                    }
                }
                continue;
            }
            let expression = self.expression(Index::Notes, &phrase, &mut expansions)?;
            let mut streams = Vec::new();
            match expression {
                Some(expression) => {
                    in_note.push(expression.clone());
                    let rows = WordRows::of(Index::Notes, expression, self.chunk);
                    streams.push(Stream::Words(rows));
                }
                // Without its text, no note matches.
                None => in_note.push(String::new()),
            }
            if phrase.field == Field::Any
                && let Some(expression) = self.expression(Index::Texts, &phrase, &mut expansions)?
            {
                let rows = WordRows::of(Index::Texts, expression, self.chunk);
                streams.push(Stream::Words(rows));
            }
            match streams.len() {
                0 => return Ok(false),
                1 => self.with.push(streams.remove(0)),
                _ => self.with.push(Stream::Any(streams)),
            }
        }
        if !query.any.is_empty() {
            self.add_text_alternatives(query, &mut expansions)?;
        }
        if decided && !in_note.is_empty() && !self.look {
            if !in_note.iter().any(String::is_empty) {
                let rows = WordRows::new(in_note.join(" AND "), 1);
                self.without.push(Stream::Words(rows));
            }
            self.texts = Some(InTexts {
                excluding: self.without.len(),
            });
        }
        // Matches have a text, and otherwise each note would be checked.
        if self.with.is_empty() || in_note.is_empty() {
            self.with.push(Stream::State(State::Texted));
        }
        Ok(true)
    }

    /// Adds the groups of alternatives, which are checked in each text. A group of words is also a
    /// stream.
    fn add_text_alternatives(&mut self, query: &Query, expansions: &mut Expansions) -> Result<()> {
        let groups = self.reader.named_matcher(&Query {
            any: query.any.clone(),
            ..Query::default()
        })?;
        for group in &groups.any {
            let mut streams = Vec::new();
            let mut is_complete = true;
            for alternative in group {
                let wanted = |phrase: &&Phrase| !phrase.negated && phrase.field == Field::Any;
                let Some(phrase) = alternative.phrases.iter().find(wanted).cloned() else {
                    is_complete = false;
                    break;
                };
                for index in [Index::Notes, Index::Texts] {
                    if let Some(expression) = self.expression(index, &phrase, expansions)? {
                        let rows = WordRows::of(index, expression, self.chunk);
                        streams.push(Stream::Words(rows));
                    }
                }
            }
            if is_complete {
                self.with.push(Stream::Any(streams));
            }
        }
        self.look = true;
        self.any = Some(groups);
        Ok(())
    }

    /// Returns the FTS5 expression of a phrase, or `None` if the index doesn't contain it. Sets
    /// `look` if the expression finds more than the phrase.
    fn expression(
        &mut self,
        index: Index,
        phrase: &Phrase,
        expansions: &mut Expansions,
    ) -> Result<Option<String>> {
        if !phrase.prefix {
            return Ok(Some(any_with_signs(&phrase.spellings)));
        }
        Ok(match self.known(index, phrase, expansions)? {
            Known::Nothing => None,
            Known::All(expression) => Some(expression),
            Known::Partial(Some(expression)) => {
                self.look = true;
                Some(expression)
            }
            // Too many words begin like this to list them. FTS5 joins their rows.
            Known::Partial(None) => {
                let begin = |words: &Words| format!("{} *", quote(&beginning(words)));
                let any: Vec<String> = phrase.spellings.iter().map(begin).collect();
                Some(format!("({})", any.join(" OR ")))
            }
        })
    }

    /// Returns whether a note matches with its text, but not without.
    pub(super) fn text_holds(&mut self, note: &Note) -> Result<bool> {
        let excluding = self.texts.map_or(0, |texts| texts.excluding);
        // A stream that took too long was removed.
        let excluded_before = excluding > 0 && self.without.len() >= excluding;
        if !excluded_before && self.holds_alone(note) {
            return Ok(false);
        }
        if !self.look && self.any.is_none() {
            return Ok(true);
        }
        let Some(text) = self.reader.text(note.id)? else {
            return Ok(false);
        };
        let text = [note.shown_summary().as_ref(), &text.markdown].join("\n\n");
        let text = plain_text(&text);
        let words = Words::of(&text);
        let mut summary = Some(ReadSummary { text, words });
        let any = self.any.as_ref();
        Ok(holds(&self.phrases, note, &mut summary)
            && any.is_none_or(|groups| groups.any_holds(note, &mut summary)))
    }

    fn holds_alone(&self, note: &Note) -> bool {
        let mut summary = None;
        let any = self.any.as_ref();
        holds(&self.phrases, note, &mut summary)
            && any.is_none_or(|groups| groups.any_holds(note, &mut summary))
            // A query without words matches by its other conditions alone.
            && (!self.phrases.is_empty() || any.is_some())
    }

    /// Returns the match with a snippet of the text.
    fn text_hit(&mut self, note: Note) -> Result<Hit> {
        let text = self.reader.text(note.id)?;
        let plain = text.map(|text| plain_text(&text.markdown));
        let mut hit = self.hit(note);
        if let Some(plain) = plain {
            hit.snippet = snippet_of_text(&plain, &self.marked());
        }
        hit.in_text = true;
        Ok(hit)
    }
}

impl Reader {
    /// Prepares a query for checking notes: resolves aliases.
    fn named_matcher(&self, query: &Query) -> Result<Matcher> {
        let mut matcher = Matcher::of(query);
        self.name_tags(&mut matcher)?;
        Ok(matcher)
    }
}

/// Returns the context of the first part of a text with most of the phrases.
fn snippet_of_text(text: &str, phrases: &[Phrase]) -> Snippet {
    let wanted: Vec<&Phrase> = phrases
        .iter()
        .filter(|phrase| !phrase.negated && phrase.field == Field::Any)
        .collect();
    let mut best: Option<(usize, &str, Words)> = None;
    let mut rest = text;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(part_end(rest));
        rest = after;
        let words = Words::of(part);
        let found = wanted
            .iter()
            .filter(|phrase| phrase.occurrences(&words).next().is_some())
            .count();
        if best.as_ref().is_none_or(|(most, _, _)| found > *most) {
            best = Some((found, part, words));
        }
        if found == wanted.len() {
            break;
        }
    }
    match best {
        Some((_, part, words)) => snippet_of_words(part, &words, phrases),
        None => Snippet(Vec::new()),
    }
}

/// Returns the end of the first part of a text: the end of a line if there is one near.
fn part_end(text: &str) -> usize {
    if text.len() <= PART_BYTES {
        return text.len();
    }
    let limit = text.floor_char_boundary(PART_BYTES);
    let line = text[..limit].rfind('\n').map(|at| at + 1);
    let space = || text[..limit].rfind(' ').map(|at| at + 1);
    line.filter(|end| *end > PART_BYTES / 2)
        .or_else(space)
        .unwrap_or(limit)
}
