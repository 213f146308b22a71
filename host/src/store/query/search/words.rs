//! Turns the words of a query into streams of rows of the full-text index.

use std::{collections::HashMap, time::Instant};

use rusqlite::params;

use crate::{
    domain::{Field, Matcher, Phrase, Query, Words, holds},
    error::Result,
    store::{
        notes::{
            note_rows::{load, select_notes},
            tags::TagFilter,
        },
        query::search::{
            join::{MAX_SITES, Search, Stream},
            site_labels::Sites,
            vocabulary::{Expansion, Vocabulary},
            word_rows::{MAX_CHUNK, WordRows},
        },
    },
};

/// Most words of a query that are searched in the index; the others are checked in the texts.
pub(super) const MAX_INDEXED_WORDS: usize = 24;
/// Most pairs that are looked up for a query; words that would need more aren't split.
const MAX_HALVES: usize = 128;
/// Number of notes that are sampled to see whether a prefix is frequent, and how many of them must
/// contain it.
const SAMPLE: u32 = 8;
/// Prefixes up to this length, in bytes, count as frequent until proved otherwise.
const SHORT: usize = 3;
const FREQUENT: usize = 3;

/// How the notes of an alternative are found.
enum Found {
    /// By a stream that contains all of them.
    Stream(Stream<'static>),
    /// By checking each note.
    Unindexed,
    /// Not at all: no note matches it.
    Nothing,
}

/// What the index can decide about an unfinished phrase.
pub(super) enum Known {
    /// An expression that decides all of it.
    All(String),
    /// An expression for the part before its last word, if any; the rest is checked in the text.
    Partial(Option<String>),
    /// No note contains it.
    Nothing,
}

/// Expansions by vocabulary and prefix. `None` if there are too many.
pub(super) type Expansions = HashMap<(Vocabulary, String), Option<Expansion>>;

impl Search<'_> {
    /// Adds the required words as one stream, and each excluded word as one. Returns false if a
    /// required word doesn't occur.
    pub(super) fn add_words(&mut self) -> Result<bool> {
        let mut expressions = Vec::new();
        let mut open = Vec::new();
        let mut room = MAX_INDEXED_WORDS;
        for (number, phrase) in self.phrases.clone().into_iter().enumerate() {
            let words: usize = phrase.spellings.iter().map(Words::len).sum();
            // Signs aren't indexed at their position, and words over the limit aren't indexed.
            let partly = phrase.has_signs() || words > room || phrase.field != Field::Any;
            self.look |= partly;
            if phrase.negated {
                if !partly {
                    let rows = WordRows::new(any(&phrase.spellings), 1);
                    self.without.push(Stream::Words(rows));
                    room -= words;
                }
            } else if phrase.prefix && words <= room {
                room -= words;
                open.push((number, phrase));
            } else if let [only] = phrase.spellings.as_slice() {
                let indexed = words.min(room);
                room -= indexed;
                if indexed > 0 {
                    expressions.push(quoted(only, indexed));
                    expressions.extend(signed(only, indexed));
                }
                let single = (0..indexed).map(|at| quote(only.at(at).folded));
                self.single_words.extend(single);
            } else if words <= room {
                room -= words;
                expressions.push(any(&phrase.spellings));
            }
        }
        let mut size = self.chunk;
        if !open.is_empty() && !self.add_open(open, &mut expressions, &mut size)? {
            return Ok(false);
        }
        if !expressions.is_empty() {
            let rows = WordRows::new(expressions.join(" AND "), size);
            self.with.push(Stream::Words(rows));
        }
        Ok(true)
    }

    /// Adds phrases with an unfinished last word. Returns false if one doesn't occur.
    ///
    /// A frequent prefix is soon found in the newest notes, or in those that have the other words.
    /// A rare one is found in the index: by its few expansions, or by FTS5, which first reads all
    /// rows of all words with the prefix.
    fn add_open(
        &mut self,
        mut open: Vec<(usize, Phrase)>,
        expressions: &mut Vec<String>,
        size: &mut u32,
    ) -> Result<bool> {
        let mut expansions = Expansions::new();
        let length = |phrase: &Phrase| beginning(&phrase.spellings[0]).len();
        // The rarest comes first.
        open.sort_by_key(|(_, phrase)| std::cmp::Reverse(length(phrase)));
        let alone = open.len() == 1 && expressions.is_empty();
        let mut wide = Vec::new();
        for (number, mut phrase) in open {
            let short = length(&phrase) <= SHORT && phrase.longest() == 1;
            let skipped = short
                && match alone {
                    true => self.is_frequent(std::slice::from_ref(&phrase))?,
                    false => !expressions.is_empty(),
                };
            if skipped {
                self.look = true;
                if alone {
                    return Ok(true);
                }
                continue;
            }
            if self.has_room_for_pairs(number)
                && self.add_pairs(Vocabulary::Notes, &mut phrase, &mut expansions)?
            {
                self.phrases[number].pairs.clone_from(&phrase.pairs);
            }
            match self.known(Vocabulary::Notes, &phrase, &mut expansions)? {
                Known::Nothing => return Ok(false),
                Known::All(expression) => {
                    if phrase.longest() == 1 {
                        self.single_words.push(expression.clone());
                    }
                    expressions.push(expression);
                }
                Known::Partial(Some(expression)) => {
                    self.look = true;
                    expressions.push(expression);
                }
                Known::Partial(None) => wide.push(phrase),
            }
        }
        let Some(longest) = wide.first() else {
            return Ok(true);
        };
        if !expressions.is_empty() || self.is_frequent(&wide)? {
            self.look = true;
            return Ok(true);
        }
        self.look |= wide.len() > 1 || longest.longest() > 1;
        let begin = |words: &Words| format!("{} *", quote(&beginning(words)));
        let any: Vec<String> = longest.spellings.iter().map(begin).collect();
        expressions.push(format!("({})", any.join(" OR ")));
        *size = MAX_CHUNK;
        Ok(true)
    }

    /// Returns whether the pairs of this phrase, added to those before it, stay within the limit.
    pub(super) fn has_room_for_pairs(&self, number: usize) -> bool {
        let phrases = self.phrases[..=number].iter();
        phrases.map(|phrase| phrase.halves().len()).sum::<usize>() <= MAX_HALVES
    }

    /// Adds the pairs of words in the index that a rare word may stand for: `open source` for
    /// `opensource`. Returns whether there is such a pair.
    pub(super) fn add_pairs(
        &mut self,
        vocabulary: Vocabulary,
        phrase: &mut Phrase,
        expansions: &mut Expansions,
    ) -> Result<bool> {
        if phrase.halves().is_empty() {
            return Ok(false);
        }
        let known = self.expanded(vocabulary, &beginning(&phrase.spellings[0]), expansions)?;
        if !known.is_some_and(|known| known.rare) {
            return Ok(false);
        }
        let start = Instant::now();
        let there = |word: &str| -> Result<bool> {
            for sql in vocabulary.word_queries() {
                if self.reader.conn.prepare_cached(sql)?.exists([word])? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let mut pairs = Vec::new();
        for (first, second) in phrase.halves() {
            if there(first)? && there(second)? {
                pairs.push((first.to_owned(), second.to_owned()));
            }
        }
        for (first, second) in &pairs {
            phrase.add_pair((first, second));
        }
        self.spend(start);
        Ok(!pairs.is_empty())
    }

    /// Returns the words of the index with this prefix, or `None` if there are too many.
    fn expanded<'e>(
        &mut self,
        vocabulary: Vocabulary,
        begins: &str,
        expansions: &'e mut Expansions,
    ) -> Result<Option<&'e Expansion>> {
        let key = (vocabulary, begins.to_owned());
        if !expansions.contains_key(&key) {
            let found = self.expansions(vocabulary, begins)?;
            expansions.insert(key.clone(), found);
        }
        Ok(expansions.get(&key).and_then(Option::as_ref))
    }

    /// Returns what the index can decide about a phrase with an unfinished last word.
    pub(super) fn known(
        &mut self,
        vocabulary: Vocabulary,
        phrase: &Phrase,
        expansions: &mut Expansions,
    ) -> Result<Known> {
        let mut any: Vec<String> = phrase.pairs.iter().map(|pair| quoted(pair, 2)).collect();
        let mut partly = false;
        for words in &phrase.spellings {
            let whole = words.len() - 1;
            let ends = self.expanded(vocabulary, &beginning(words), expansions)?;
            let signed: Vec<String> = signed(words, whole).collect();
            match ends.map(|ends| ends.words.as_slice()) {
                Some([]) => {}
                // The index has such a word at another position.
                Some(ends) if phrase.has_signs() => {
                    let ends: Vec<String> = ends.iter().map(|end| quote(end)).collect();
                    let mut all = vec![format!("({})", ends.join(" OR "))];
                    all.extend((whole > 0).then(|| quoted(words, whole)));
                    all.extend(signed);
                    any.push(format!("({})", all.join(" AND ")));
                }
                Some(ends) => {
                    let head: String = words
                        .iter()
                        .take(whole)
                        .flat_map(|word| [word.folded, " "])
                        .collect();
                    any.extend(
                        ends.iter()
                            .map(|end| quote(&[&head, end.as_str()].concat())),
                    );
                }
                None if whole == 0 => return Ok(Known::Partial(None)),
                None => {
                    partly = true;
                    any.push(quoted(words, whole));
                }
            }
        }
        if any.is_empty() {
            return Ok(Known::Nothing);
        }
        let any = format!("({})", any.join(" OR "));
        Ok(match partly {
            true => Known::Partial(Some(any)),
            false => Known::All(any),
        })
    }

    /// Returns whether many notes contain words with these prefixes.
    fn is_frequent(&mut self, phrases: &[Phrase]) -> Result<bool> {
        let start = Instant::now();
        let notes = load(
            &self.reader.conn,
            select_notes!("WHERE n.id < ? ORDER BY n.id DESC LIMIT ?"),
            params![self.before.0, SAMPLE],
        )?;
        let mut having = 0;
        for note in &notes {
            let mut summary = None;
            having += usize::from(holds(phrases, note, &mut summary));
            self.keep_summary(note.id, summary);
            if having >= FREQUENT {
                break;
            }
        }
        let frequent = having >= FREQUENT;
        self.sample = notes;
        self.spend(start);
        Ok(frequent)
    }

    /// Adds the groups of alternatives. A group becomes a stream if each of its alternatives has
    /// one; each group is also checked in the notes. Returns false if no alternative of a group can
    /// match.
    pub(super) fn add_any(&mut self, query: &Query) -> Result<bool> {
        let mut groups = Matcher::of(&Query {
            any: query.any.clone(),
            ..Query::default()
        });
        let mut expansions = Expansions::new();
        let mut halves = self
            .phrases
            .iter()
            .map(|phrase| phrase.halves().len())
            .sum();
        for group in &mut groups.any {
            let mut streams = Vec::new();
            let mut all = true;
            let mut possible = Vec::new();
            for mut alternative in std::mem::take(group) {
                let stream = self.alternative(&mut alternative, &mut expansions, &mut halves)?;
                match stream {
                    Found::Nothing => continue,
                    Found::Stream(stream) => streams.push(stream),
                    Found::Unindexed => all = false,
                }
                possible.push(alternative);
            }
            if possible.is_empty() {
                return Ok(false);
            }
            *group = possible;
            if all {
                self.with.push(match streams.len() {
                    1 => streams.remove(0),
                    _ => Stream::Any(streams),
                });
            }
        }
        self.any = Some(groups);
        Ok(true)
    }

    /// Returns one condition of an alternative as a stream. Also adds pairs of words to the phrases
    /// of the alternative, and replaces its tags by those of notes.
    fn alternative(
        &mut self,
        alternative: &mut Matcher,
        expansions: &mut Expansions,
        halves: &mut usize,
    ) -> Result<Found> {
        for group in &mut alternative.any {
            for inner in group {
                self.alternative(inner, expansions, halves)?;
            }
        }
        let with = alternative.query().with.clone();
        alternative.set_tags(
            self.reader.named_sets(&with)?,
            self.reader.named_sets(&alternative.query().without)?,
        );
        let mut found = Found::Unindexed;
        for (state, wanted) in &alternative.query().states {
            if *wanted {
                found = Found::Stream(Stream::State(*state));
            }
        }
        if !alternative.query().sites.is_empty() {
            let sites: Vec<_> = alternative
                .query()
                .sites
                .iter()
                .map(|s| Sites::of(s))
                .collect();
            let ids = self.site_ids(&sites)?;
            if ids.is_empty() {
                return Ok(Found::Nothing);
            }
            if ids.len() <= MAX_SITES {
                found = Found::Stream(Stream::Sites(ids));
            }
        }
        for at in 0..alternative.phrases.len() {
            let mut phrase = alternative.phrases[at].clone();
            if phrase.negated {
                continue;
            }
            *halves += phrase.halves().len();
            if *halves <= MAX_HALVES
                && phrase.prefix
                && self.add_pairs(Vocabulary::Notes, &mut phrase, expansions)?
            {
                alternative.phrases[at].pairs.clone_from(&phrase.pairs);
            }
            let words: usize = phrase.spellings.iter().map(Words::len).sum();
            if words > MAX_INDEXED_WORDS {
                continue;
            }
            let expression = match phrase.prefix {
                false => any_with_signs(&phrase.spellings),
                true => match self.known(Vocabulary::Notes, &phrase, expansions)? {
                    Known::Nothing => return Ok(Found::Nothing),
                    Known::All(expression) | Known::Partial(Some(expression)) => expression,
                    Known::Partial(None) => continue,
                },
            };
            let rows = WordRows::new(expression, self.chunk);
            found = Found::Stream(Stream::Words(rows));
        }
        if let Some(tag) = with.first() {
            let wanted = TagFilter {
                with: vec![tag.clone()],
                without: Vec::new(),
            };
            match self.reader.tag_ids(&wanted)? {
                None => return Ok(Found::Nothing),
                Some(ids) => {
                    if let Some(set) = ids.with.into_iter().next() {
                        found = Found::Stream(Stream::Tag(set.ids));
                    }
                }
            }
        }
        Ok(found)
    }

    /// Removes a stream of words that takes too long; its condition is checked in the texts
    /// instead. If no stream is left, it is replaced by its single words, whose rows FTS5 lists
    /// without a search.
    pub(super) fn take_apart(&mut self, at: usize) {
        let slow = match self.with.remove(at) {
            Stream::Words(slow) => slow,
            // Alternatives are checked in each note anyway.
            _ => {
                self.look |= self.in_texts();
                if self.with.is_empty() {
                    self.with.push(Stream::All);
                }
                return;
            }
        };
        self.look = true;
        if !self.with.is_empty() {
            return;
        }
        if !self.apart {
            self.apart = true;
            self.fts_time = self.limits.fts_time / 2;
            let mut words = std::mem::take(&mut self.single_words);
            words.sort_unstable();
            words.dedup();
            words.retain(|word| *word != slow.expression);
            let rows = |word| Stream::Words(WordRows::new(word, self.chunk));
            self.with.extend(words.into_iter().map(rows));
        }
        if self.with.is_empty() {
            self.with.push(Stream::All);
        }
    }
}

/// Returns alternative spellings as an FTS5 expression. They contain only letters and digits, so
/// nothing in the query is FTS5 syntax.
fn any(spellings: &[Words]) -> String {
    let spellings: Vec<String> = spellings
        .iter()
        .map(|words| quoted(words, words.len()))
        .collect();
    format!("({})", spellings.join(" OR "))
}

/// Like [`any`], but also for spellings with signs, which the index has at another position.
pub(super) fn any_with_signs(spellings: &[Words]) -> String {
    let spelling = |words: &Words| {
        let mut all = vec![quoted(words, words.len())];
        all.extend(signed(words, words.len()));
        format!("({})", all.join(" AND "))
    };
    let spellings: Vec<String> = spellings.iter().map(spelling).collect();
    format!("({})", spellings.join(" OR "))
}

/// Returns the first of these words as a phrase.
fn quoted(words: &Words, first: usize) -> String {
    let words: Vec<&str> = words.iter().take(first).map(|word| word.folded).collect();
    quote(&words.join(" "))
}

/// Returns those of them that have signs, with the signs.
fn signed(words: &Words, first: usize) -> impl Iterator<Item = String> + '_ {
    let words = words.iter().take(first);
    words
        .flat_map(|word| word.signed())
        .map(|word| quote(&word))
}

/// Returns the prefix of the last word in the index.
pub(super) fn beginning(words: &Words) -> String {
    let last = words.at(words.len() - 1);
    last.signed()
        .next()
        .unwrap_or_else(|| last.folded.to_owned())
}

pub(super) fn quote(words: &str) -> String {
    format!("\"{words}\"")
}
