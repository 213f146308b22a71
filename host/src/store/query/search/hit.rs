//! A match of a search, with its snippet and marks.

use crate::domain::{
    Field, Note, Phrase, ReadSummary, Snippet, Tag, marked_text, snippet, snippet_of_words,
};

/// Returns the context of the match in the user's text, or else in the page's description, and whether
/// it is the former.
fn snippet_of(note: &Note, summary: &ReadSummary, phrases: &[Phrase]) -> (Snippet, bool) {
    let in_summary = snippet_of_words(&summary.text, &summary.words, phrases);
    let excerpt = note.metadata.excerpt.as_deref().unwrap_or_default();
    let found = |snippet: &Snippet| snippet.0.iter().any(|piece| piece.matched);
    if found(&in_summary) || excerpt.is_empty() {
        return (in_summary, true);
    }
    let in_excerpt = snippet(excerpt, phrases);
    if found(&in_excerpt) || summary.text.is_empty() {
        (in_excerpt, false)
    } else {
        (in_summary, true)
    }
}

/// A match.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The note.
    pub note: Note,
    /// The snippet that shows why it matches.
    pub snippet: Snippet,
    /// Whether the snippet is of the user's text, which may quote the page.
    pub is_of_summary: bool,
    /// The title, or the address if there is none, with the matches marked.
    pub title: Snippet,
    /// The tags, with the matches marked.
    pub tags: Vec<Snippet>,
    /// Whether the match is in the text of the page.
    pub in_text: bool,
}

impl Hit {
    /// Creates the match for a note in which phrases were found.
    pub(super) fn of(note: Note, summary: &ReadSummary, phrases: &[Phrase]) -> Self {
        let tag = |tag: &Tag| marked_text(tag.as_str(), phrases, Field::Any);
        let (snippet, is_of_summary) = snippet_of(&note, summary, phrases);
        Self {
            snippet,
            is_of_summary,
            title: marked_text(&note.name(), phrases, Field::Title),
            tags: note.tags.iter().map(tag).collect(),
            note,
            in_text: false,
        }
    }
}
