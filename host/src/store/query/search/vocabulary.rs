//! The words that the full-text indexes contain, for words that aren't finished.

use std::time::Instant;

use super::join::Search;
use crate::error::Result;

/// Most expansions of a prefix that are searched individually.
const MAX_EXPANSIONS: usize = 32;
/// Most notes with a word, or with words that begin with it, for it to be considered two words
/// typed without their space.
pub(super) const RARE: usize = 8;
/// Most occurrences in the index for a word to count as rare, however few notes have it.
const MAX_INSTANCES: usize = 256;

/// All words of the notes, or of the texts of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Vocabulary {
    Notes,
    Texts,
}

impl Vocabulary {
    /// Returns the queries that look for a word, one for each index.
    pub(super) fn word_queries(self) -> &'static [&'static str] {
        match self {
            Self::Notes => &["SELECT 1 FROM indexed_words WHERE term = ? LIMIT 1"],
            Self::Texts => &[
                "SELECT 1 FROM text_words WHERE term = ? LIMIT 1",
                "SELECT 1 FROM late_text_words WHERE term = ? LIMIT 1",
            ],
        }
    }

    /// Returns the queries for the words from one on and below another one, and where they occur,
    /// one for each index.
    fn range_queries(self) -> &'static [&'static str] {
        match self {
            Self::Notes => &["SELECT term, doc FROM indexed_words WHERE term >= ? AND term < ?"],
            Self::Texts => &[
                "SELECT term, doc FROM text_words WHERE term >= ? AND term < ?",
                "SELECT term, doc FROM late_text_words WHERE term >= ? AND term < ?",
            ],
        }
    }
}

/// The words of a vocabulary with a prefix, and whether few notes have them.
pub(super) struct Expansion {
    pub(super) words: Vec<String>,
    pub(super) rare: bool,
}

/// What was read so far of the words with a prefix.
#[derive(Default)]
struct SeenWords {
    words: Vec<String>,
    /// Some of the rows that have them, at most one more than [`RARE`].
    notes: Vec<i64>,
    /// Whether occurrences of a word were left out because there are many.
    passed: bool,
}

impl Search<'_> {
    /// Returns the words with this prefix, or `None` if there are too many.
    pub(super) fn expansions(
        &mut self,
        vocabulary: Vocabulary,
        begins: &str,
    ) -> Result<Option<Expansion>> {
        let mut seen = SeenWords::default();
        for sql in vocabulary.range_queries() {
            if !self.read_words(sql, begins, &mut seen)? {
                return Ok(None);
            }
        }
        let rare = !seen.passed && seen.notes.len() <= RARE;
        let words = seen.words;
        Ok(Some(Expansion { words, rare }))
    }

    /// Reads the words of an index with this prefix. Returns false if there are too many.
    fn read_words(&mut self, sql: &str, begins: &str, seen: &mut SeenWords) -> Result<bool> {
        // Occurrences of a word are passed one by one, some of them faster than looking up the next
        // word. This many occurrences mean more than a few notes.
        const PASSED: usize = 8;
        let mut query = self.reader.conn.prepare_cached(sql)?;
        let end = format!("{begins}\u{10FFFF}");
        let mut from = begins.to_owned();
        let mut last: Option<String> = None;
        loop {
            let start = Instant::now();
            let mut rows = query.query([&from, &end])?;
            let mut instances = 0;
            loop {
                let Some(row) = rows.next()? else {
                    self.spend(start);
                    return Ok(true);
                };
                let word: String = row.get(0)?;
                let note = row.get(1)?;
                if seen.notes.len() <= RARE && !seen.notes.contains(&note) {
                    seen.notes.push(note);
                }
                if last.as_ref() == Some(&word) {
                    instances += 1;
                    let most = if seen.notes.len() > RARE {
                        PASSED
                    } else {
                        MAX_INSTANCES
                    };
                    if instances > most {
                        seen.passed = true;
                        // No word contains a control character, so this is the lowest text after
                        // it.
                        from = format!("{word}\u{1}");
                        self.spend(start);
                        break;
                    }
                    continue;
                }
                if !seen.words.contains(&word) {
                    if seen.words.len() == MAX_EXPANSIONS {
                        self.spend(start);
                        return Ok(false);
                    }
                    seen.words.push(word.clone());
                }
                last = Some(word);
                instances = 0;
            }
        }
    }
}
