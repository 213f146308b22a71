//! Whether a note has what a query looks for, and how well: seen in its texts.

use std::borrow::Cow;

use crate::domain::{
    markdown_text::plain_text, note::Note, page_url::PageUrl, phrase::Phrase, tag::Tag,
    words::Words,
};

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

/// The summary of a note as it is searched, which takes longest to read.
#[derive(Debug)]
pub struct ReadSummary {
    /// Without its markup.
    pub text: String,
    /// The words of that.
    pub words: Words,
}

impl ReadSummary {
    /// That of a note.
    #[must_use]
    pub fn of(note: &Note) -> Self {
        let text = plain_text(&note.shown_summary());
        let words = Words::of(&text);
        Self { text, words }
    }
}

/// One of the texts of a note.
type TextOf = fn(&Note) -> Cow<'_, str>;

/// Whether all phrases hold in a note: each that isn't negated stands in one of its
/// texts, none that is negated in any.
///
/// The summary, if it had to be read, stays in `summary`, and isn't read where it is there.
#[must_use]
pub fn holds(phrases: &[Phrase], note: &Note, summary: &mut Option<ReadSummary>) -> bool {
    let mut left: Vec<&Phrase> = phrases.iter().filter(|phrase| !phrase.negated).collect();
    let negates = phrases.iter().any(|phrase| phrase.negated);
    // The summary last: it has to be read as Markdown first.
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

/// How well texts in which all phrases hold fit them: more is better. Counts how
/// often each phrase stands where, the first times most (as BM25 does).
#[must_use]
pub fn relevance(phrases: &[Phrase], texts: &Searched) -> f64 {
    let mut relevance = 0.0;
    for (weight, text) in texts.weighed() {
        let text = Words::of(text);
        for phrase in phrases.iter().filter(|phrase| !phrase.negated) {
            // A word that merely begins as the one that was typed counts half, and so does
            // another spelling.
            let times: f64 = phrase
                .found(&text)
                .map(|found| if found.exact { 1.0 } else { 0.5 })
                .sum();
            relevance += weight * times / (times + 0.5);
        }
    }
    relevance
}
