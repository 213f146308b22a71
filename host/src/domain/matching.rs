//! Whether a note has what a query looks for, and how well: seen in its texts.

use std::ops::Range;

use super::{Note, PageUrl, Tag, Term, Word, Words, plain_text};

/// The texts of a note that are searched, as plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// The title.
    pub title: String,
    /// The tags, one after the other.
    pub tags: String,
    /// The summary without its markup.
    pub summary: String,
    /// The page's description.
    pub excerpt: String,
    /// Site and path of the address: see [`PageUrl::words`].
    pub address: String,
}

impl Searched {
    /// Those of a note.
    #[must_use]
    pub fn of(note: &Note) -> Self {
        let tags: Vec<&str> = note.tags.iter().map(Tag::as_str).collect();
        Self {
            title: note.title.clone(),
            tags: tags.join(" , "),
            summary: plain_text(&note.summary),
            excerpt: note.metadata.excerpt.clone().unwrap_or_default(),
            address: PageUrl::parse(&note.url).map_or_else(|_| String::new(), |url| url.words()),
        }
    }

    /// How much a word says of a note that has it in this text. A title or a tag
    /// outweighs all the others together.
    fn weighed(&self) -> [(f64, &str); 5] {
        [
            (16.0, &self.title),
            (16.0, &self.tags),
            (4.0, &self.summary),
            (1.0, &self.excerpt),
            (1.0, &self.address),
        ]
    }
}

/// A term as its words: they have to stand one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// At least one.
    pub words: Words,
    /// Must not occur.
    pub negated: bool,
    /// The last word may go on.
    pub prefix: bool,
}

impl Phrase {
    /// The words of a term. None where it has none.
    #[must_use]
    pub fn of(term: &Term) -> Option<Self> {
        let words = Words::of(&term.text);
        (!words.is_empty()).then_some(Self {
            words,
            negated: term.negated,
            prefix: term.prefix,
        })
    }

    /// Those of the terms that have words.
    #[must_use]
    pub fn all(terms: &[Term]) -> Vec<Self> {
        terms.iter().filter_map(Self::of).collect()
    }

    /// Whether a word has signs, which the index doesn't keep in their place.
    #[must_use]
    pub fn has_signs(&self) -> bool {
        self.words.iter().any(|word| word.has_signs())
    }

    /// Where the phrase stands in a text of these words, as byte ranges.
    pub fn occurrences(&self, text: &Words) -> impl Iterator<Item = Range<usize>> {
        let last = self.words.len() - 1;
        self.runs(text)
            .map(move |run| text.at(run).range.start..text.at(run + last).range.end)
    }

    /// The same as places of its first word.
    fn runs(&self, text: &Words) -> impl Iterator<Item = usize> {
        let wanted: Vec<Word<'_>> = self.words.iter().collect();
        let length = wanted.len();
        let initial = wanted.first().and_then(|word| word.folded.bytes().next());
        (0..(text.len() + 1).saturating_sub(length)).filter(move |run| {
            // Nearly all words are told apart by their first byte.
            text.initial(*run) == initial
                && wanted.iter().enumerate().all(|(at, word)| {
                    let unfinished = self.prefix && at + 1 == length;
                    word.means(&text.at(run + at), unfinished)
                })
        })
    }
}

/// Whether all phrases hold in these texts: each that isn't negated stands in one
/// of them, none that is negated in any.
#[must_use]
pub fn holds(phrases: &[Phrase], texts: &Searched) -> bool {
    let mut left: Vec<&Phrase> = phrases.iter().filter(|phrase| !phrase.negated).collect();
    for (_, text) in texts.weighed() {
        let text = Words::of(text);
        let stands = |phrase: &Phrase| phrase.occurrences(&text).next().is_some();
        if phrases
            .iter()
            .any(|phrase| phrase.negated && stands(phrase))
        {
            return false;
        }
        left.retain(|phrase| !stands(phrase));
    }
    left.is_empty()
}

/// How well texts in which all phrases hold fit them: more is better. Counts how
/// often each phrase stands where, the first times most (as BM25 does).
#[must_use]
pub fn relevance(phrases: &[Phrase], texts: &Searched) -> f64 {
    let mut relevance = 0.0;
    for (weight, text) in texts.weighed() {
        let text = Words::of(text);
        for phrase in phrases.iter().filter(|phrase| !phrase.negated) {
            let last = phrase.words.len() - 1;
            // A word that merely begins as the one that was typed counts half.
            let times: f64 = phrase
                .runs(&text)
                .map(|run| phrase.words.at(last).means(&text.at(run + last), false))
                .map(|whole| if whole { 1.0 } else { 0.5 })
                .sum();
            relevance += weight * times / (times + 0.5);
        }
    }
    relevance
}
