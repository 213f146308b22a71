//! Decides from a note's texts whether it matches a query, and how well.

use std::borrow::Cow;

use crate::domain::{
    markdown_text::plain_text,
    note::Note,
    page_url::PageUrl,
    phrase::Phrase,
    query::{Field, Query, State, is_of_site},
    tag::Tag,
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

    /// Returns the texts of a note whose own URL was already parsed to `url`.
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
    fn weighed(&self) -> [(f64, Field, &str); 5] {
        [
            (16.0, Field::Title, &self.title),
            (16.0, Field::Any, &self.tags),
            (4.0, Field::Any, &self.summary),
            (1.0, Field::Any, &self.excerpt),
            (1.0, Field::Address, &self.address),
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
    // The summary comes last, because it must be parsed as Markdown first.
    let texts: [(Field, Option<TextOf>); 5] = [
        (Field::Title, Some(|note| Cow::Borrowed(&note.title))),
        (Field::Any, Some(|note| Cow::Owned(tags(note)))),
        (
            Field::Any,
            Some(|note| Cow::Borrowed(note.metadata.excerpt.as_deref().unwrap_or_default())),
        ),
        (Field::Address, Some(|note| Cow::Owned(address(note)))),
        (Field::Any, None),
    ];
    for (field, text) in texts {
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
        let stands = |phrase: &Phrase| {
            is_looked_for(phrase, field) && phrase.occurrences(text).next().is_some()
        };
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

/// Returns whether a phrase is searched for in this text.
fn is_looked_for(phrase: &Phrase, field: Field) -> bool {
    phrase.field == Field::Any || phrase.field == field
}

/// A query prepared for checking notes one by one.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// Its words and phrases. A caller with a list of all words adds pairs of words to them.
    pub phrases: Vec<Phrase>,
    query: Query,
    /// Sets of tags. A note must have a tag of each.
    with: Vec<Vec<Tag>>,
    /// Sets of tags. A note must have no tag of any.
    without: Vec<Vec<Tag>>,
    /// Its groups of alternatives.
    pub any: Vec<Vec<Matcher>>,
}

impl Matcher {
    /// Prepares a query. Its `#x` must already be replaced by tags; see also [`Matcher::set_tags`].
    #[must_use]
    pub fn of(query: &Query) -> Self {
        let group = |group: &Vec<Query>| group.iter().map(Self::of).collect();
        Self {
            phrases: Phrase::all(&query.terms),
            any: query.any.iter().map(group).collect(),
            with: query.with.iter().map(|tag| vec![tag.clone()]).collect(),
            without: query.without.iter().map(|tag| vec![tag.clone()]).collect(),
            query: Query {
                terms: Vec::new(),
                any: Vec::new(),
                ..query.clone()
            },
        }
    }

    /// Returns the query without its words and groups.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Replaces the required and the excluded tags, each by all tags that it means.
    pub fn set_tags(&mut self, with: Vec<Vec<Tag>>, without: Vec<Vec<Tag>>) {
        self.with = with;
        self.without = without;
    }

    /// Returns whether a note matches, regardless of whether it is in the trash. If the summary had
    /// to be parsed, it is stored in `summary`.
    #[must_use]
    pub fn holds(&self, note: &Note, summary: &mut Option<ReadSummary>) -> bool {
        let query = &self.query;
        let state = |state: State, wanted: bool| match state {
            State::Untagged => note.tags.is_empty() == wanted,
            State::Unread => note.read != wanted,
            State::Noted => note.summary.is_empty() != wanted,
            // A note doesn't know these, so the caller decides.
            State::Texted | State::Link(_) => true,
        };
        let has = |set: &Vec<Tag>| set.iter().any(|tag| note.tags.contains(tag));
        query
            .states
            .iter()
            .all(|(asked, wanted)| state(*asked, *wanted))
            && query.before.is_none_or(|before| note.saved_at < before)
            && query.after.is_none_or(|after| note.saved_at >= after)
            && self.with.iter().all(has)
            && !self.without.iter().any(has)
            && self.is_from_there(note)
            && holds(&self.phrases, note, summary)
            && self.any_holds(note, summary)
    }

    /// Returns whether a note matches at least one alternative of each group.
    #[must_use]
    pub fn any_holds(&self, note: &Note, summary: &mut Option<ReadSummary>) -> bool {
        let mut holds = |group: &Vec<Self>| group.iter().any(|other| other.holds(note, summary));
        self.any.iter().all(&mut holds)
    }

    fn is_from_there(&self, note: &Note) -> bool {
        let Query {
            sites,
            without_sites,
            ..
        } = &self.query;
        if sites.is_empty() && without_sites.is_empty() {
            return true;
        }
        let url = PageUrl::parse(&note.url);
        let host = url.as_ref().map(PageUrl::site).unwrap_or_default();
        let is_any =
            |sites: &[String]| !host.is_empty() && sites.iter().any(|site| is_of_site(host, site));
        (sites.is_empty() || is_any(sites)) && !is_any(without_sites)
    }

    /// Returns all phrases that can be marked in a match, including those of alternatives.
    #[must_use]
    pub fn wanted_phrases(&self) -> Vec<Phrase> {
        let own = self.phrases.iter().filter(|phrase| !phrase.negated);
        let others = self.any.iter().flatten().flat_map(Self::wanted_phrases);
        own.cloned().chain(others).collect()
    }
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
    for (weight, field, text) in texts.weighed() {
        let text = Words::of(text);
        let wanted = |phrase: &&Phrase| !phrase.negated && is_looked_for(phrase, field);
        for phrase in phrases.iter().filter(wanted) {
            // A longer word that begins with the typed one counts half, as does another spelling.
            let times: f64 = phrase
                .found(&text)
                .map(|found| if found.exact { 1.0 } else { 0.5 })
                .sum();
            relevance += weight * times / (times + 0.5);
        }
    }
    relevance
}
