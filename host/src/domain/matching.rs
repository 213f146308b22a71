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
        Self {
            title: note.title.clone(),
            tags: tags(note),
            summary: plain_text(&note.summary),
            excerpt: note.metadata.excerpt.clone().unwrap_or_default(),
            address: address(note),
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

/// Whether all phrases hold in a note: each that isn't negated stands in one of its
/// texts, none that is negated in any.
#[must_use]
pub fn holds(phrases: &[Phrase], note: &Note) -> bool {
    let mut left: Vec<&Phrase> = phrases.iter().filter(|phrase| !phrase.negated).collect();
    let negates = phrases.iter().any(|phrase| phrase.negated);
    // The summary last: it has to be read as Markdown first.
    let texts: [fn(&Note) -> Cow<'_, str>; 5] = [
        |note| Cow::Borrowed(&note.title),
        |note| Cow::Owned(tags(note)),
        |note| Cow::Borrowed(note.metadata.excerpt.as_deref().unwrap_or_default()),
        |note| Cow::Owned(address(note)),
        |note| Cow::Owned(plain_text(&note.summary)),
    ];
    for text in texts {
        if left.is_empty() && !negates {
            return true;
        }
        let text = Words::of(&text(note));
        let stands = |phrase: &Phrase| phrase.occurrences(&text).next().is_some();
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
