//! Decides from a note's texts whether it matches a query, and how well.

use std::borrow::Cow;

use crate::domain::{
    markdown_text::plain_text, note::Note, page_url::PageUrl, phrase::Phrase, tag::Tag,
    words::Words,
};

/// The searchable texts of a note, as plain text.
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
    /// Returns the texts of a note.
    #[must_use]
    pub fn of(note: &Note) -> Self {
        Self::at(note, address(note))
    }

    /// Those of a note whose URL has been parsed: `url` is its own.
    #[must_use]
    pub fn of_page(note: &Note, url: &PageUrl) -> Self {
        Self::at(note, url.words())
    }

    fn at(note: &Note, address: String) -> Self {
        Self {
            title: note.title.clone(),
            tags: tags(note),
            summary: plain_text(&note.shown_summary()),
            excerpt: note.metadata.excerpt.clone().unwrap_or_default(),
            address,
        }
    }

    /// Returns the texts with their weights. A title or a tag outweighs all other texts together.
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

/// The parsed summary of a note, which is expensive to create.
#[derive(Debug)]
pub struct ReadSummary {
    /// Without its markup.
    pub text: String,
    /// The words of the text.
    pub words: Words,
}

impl ReadSummary {
    /// Parses the summary of a note.
    #[must_use]
    pub fn of(note: &Note) -> Self {
        let text = plain_text(&note.shown_summary());
        let words = Words::of(&text);
        Self { text, words }
    }
}

/// Returns one of the texts of a note.
type TextOf = fn(&Note) -> Cow<'_, str>;

/// Returns whether a note meets all phrases: each required one occurs in one of its texts, no
/// excluded one in any.
///
/// If the summary had to be parsed, it is stored in `summary`; a stored one isn't parsed again.
#[must_use]
pub fn holds(phrases: &[Phrase], note: &Note, summary: &mut Option<ReadSummary>) -> bool {
    let mut left: Vec<&Phrase> = phrases.iter().filter(|phrase| !phrase.negated).collect();
    let negates = phrases.iter().any(|phrase| phrase.negated);
    // The summary last, because its Markdown must be parsed.
    let texts: [Option<TextOf>; 5] = [
        Some(|note| Cow::Borrowed(&note.title)),
        Some(|note| Cow::Owned(tags(note))),
        Some(|note| Cow::Borrowed(note.metadata.excerpt.as_deref().unwrap_or_default())),
        Some(|note| Cow::Owned(address(note))),
        None,
    ];
    for text in texts {
        if left.is_empty() && !negates {
            return true;
        }
        let read;
        let text = match text {
            Some(text) => {
                read = Words::of(&text(note));
                &read
            }
            None => &summary.get_or_insert_with(|| ReadSummary::of(note)).words,
        };
        let stands = |phrase: &Phrase| phrase.occurrences(text).next().is_some();
        if negates
            && phrases
                .iter()
                .any(|phrase| phrase.negated && stands(phrase))
        {
            return false;
        }
        left.retain(|phrase| !stands(phrase));
    }
    left.is_empty()
}

fn tags(note: &Note) -> String {
    let tags: Vec<&str> = note.tags.iter().map(Tag::as_str).collect();
    tags.join(" , ")
}

fn address(note: &Note) -> String {
    PageUrl::parse(&note.url).map_or_else(|_| String::new(), |url| url.words())
}

/// Returns how well matching texts fit the phrases; more is better. Counts the occurrences of each
/// phrase in each text, with decreasing weight (as in BM25).
#[must_use]
pub fn relevance(phrases: &[Phrase], texts: &Searched) -> f64 {
    let mut relevance = 0.0;
    for (weight, text) in texts.weighed() {
        let text = Words::of(text);
        for phrase in phrases.iter().filter(|phrase| !phrase.negated) {
            // A word that merely begins with the typed one counts half, and so does another
            // spelling.
            let times: f64 = phrase
                .found(&text)
                .map(|found| if found.exact { 1.0 } else { 0.5 })
                .sum();
            relevance += weight * times / (times + 0.5);
        }
    }
    relevance
}
