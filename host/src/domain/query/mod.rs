//! The query language of search. [`SEARCH_HELP`] describes it for users; `parser.rs` has the
//! grammar.
//!
//! A text is parsed into a tree (`tree.rs`), which is then flattened into a [`Query`]: conditions
//! that must all hold, which the index can answer one by one, and groups of alternatives.

mod days;
mod keys;
mod parser;
mod sites;
mod tree;

use jiff::Timestamp;

pub use days::Days;
pub use keys::SEARCH_HELP;
pub use sites::{is_of_site, is_site_part, site_of};
pub use tree::{Field, MAX_CONDITIONS, Problem, ProblemKind, SearchPlace, State, Term};

use crate::domain::tag::Tag;
use tree::{Condition, Expr};

/// A parsed query. A note must meet all of its conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Words and phrases.
    pub terms: Vec<Term>,
    /// Tags that a note must have.
    pub with: Vec<Tag>,
    /// Tags that a note must not have.
    pub without: Vec<Tag>,
    /// Sites, in lower case and without `www.`. If there are any, a note must be from one of them:
    /// see [`is_of_site`].
    pub sites: Vec<String>,
    /// Sites that a note must not be from.
    pub without_sites: Vec<String>,
    /// States that a note must be in (true), or must not be in (false).
    pub states: Vec<(State, bool)>,
    /// Saved before this moment.
    pub before: Option<Timestamp>,
    /// Saved at this moment or later.
    pub after: Option<Timestamp>,
    /// What is searched, if the query says so; otherwise the notes come first, then the texts.
    pub place: Option<SearchPlace>,
    /// Whether the trash is searched instead of the notes.
    pub deleted: bool,
    /// Whether the query matches all notes if it has no other condition. Otherwise it matches none.
    pub everything: bool,
    /// Groups of alternatives. A note must match at least one alternative of each group.
    pub any: Vec<Vec<Query>>,
    /// The invalid parts.
    pub problems: Vec<Problem>,
}

impl Query {
    /// Parses a query in UTC, with 1 January 1970 as today.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let days = Days::at(Timestamp::UNIX_EPOCH, &jiff::tz::TimeZone::UTC);
        Self::parse_in(text, &days)
    }

    /// Parses a query. Never fails: invalid parts are in [`Query::problems`].
    #[must_use]
    pub fn parse_in(text: &str, days: &Days) -> Self {
        let parsed = parser::parse(text, days);
        let mut query = Self::default();
        let mut problems = parsed.problems;
        query.take(Expr::All(parsed.all), false, true, &mut problems);
        query.problems = problems;
        query
    }

    /// Returns the query that matches all notes.
    #[must_use]
    pub fn all() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// Returns the top-level conditions of a query as typed. Joined by spaces, they are an
    /// equivalent query.
    #[must_use]
    pub fn conditions(text: &str) -> Vec<&str> {
        let days = Days::at(Timestamp::UNIX_EPOCH, &jiff::tz::TimeZone::UTC);
        let places = parser::parse(text, &days).places;
        places.into_iter().map(|place| &text[place]).collect()
    }

    /// Returns whether the query has no conditions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let problems = self.problems.clone();
        *self
            == Self {
                problems,
                ..Self::default()
            }
    }

    /// Returns the query with each `#x` replaced by its tag, if `is_used` returns true for one.
    ///
    /// # Errors
    /// Those of `is_used`.
    pub fn with_hashtags<E>(
        &self,
        is_used: &mut impl FnMut(&Tag) -> std::result::Result<bool, E>,
    ) -> std::result::Result<Self, E> {
        let mut query = self.clone();
        query.terms.clear();
        for term in &self.terms {
            let mut meant = None;
            for tag in &term.tags {
                if meant.is_none() && is_used(tag)? {
                    meant = Some(tag.clone());
                }
            }
            let Some(tag) = meant else {
                query.terms.push(term.clone());
                continue;
            };
            let list = match term.negated {
                true => &mut query.without,
                false => &mut query.with,
            };
            if !list.contains(&tag) {
                list.push(tag);
            }
        }
        for alternative in query.any.iter_mut().flatten() {
            *alternative = alternative.with_hashtags(is_used)?;
        }
        Ok(query)
    }

    /// Returns whether the query contains a `#x`, even in an alternative.
    #[must_use]
    pub fn has_hashtags(&self) -> bool {
        self.terms.iter().any(|term| !term.tags.is_empty())
            || self.any.iter().flatten().any(Self::has_hashtags)
    }

    /// Returns whether several tags must be combined. The notes of a single tag are a range of rows.
    #[must_use]
    pub fn joins_tags(&self) -> bool {
        !self.with.is_empty() && self.with.len() + self.without.len() > 1
    }

    /// Returns whether the query has words by which matches can be ranked.
    #[must_use]
    pub fn ranks(&self) -> bool {
        self.terms.iter().any(|term| !term.negated) || self.any.iter().flatten().any(Self::ranks)
    }

    /// Returns the required words and tags without any syntax, to suggest corrections.
    #[must_use]
    pub fn wanted_words(&self) -> String {
        let mut words: Vec<&str> = Vec::new();
        self.add_wanted(&mut words);
        words.join(" ")
    }

    fn add_wanted<'a>(&'a self, words: &mut Vec<&'a str>) {
        words.extend(self.with.iter().map(Tag::as_str));
        let terms = self.terms.iter().filter(|term| !term.negated);
        words.extend(terms.map(|term| term.text.as_str()));
        for alternative in self.any.iter().flatten() {
            alternative.add_wanted(words);
        }
    }

    /// Returns all tags of the query, required or excluded, including those of alternatives.
    #[must_use]
    pub fn named_tags(&self) -> Vec<&Tag> {
        let mut tags: Vec<&Tag> = self.with.iter().chain(&self.without).collect();
        tags.extend(self.any.iter().flatten().flat_map(Self::named_tags));
        tags
    }

    /// Adds a part of the tree; if `negated`, its opposite. `top` is false within alternatives.
    fn take(&mut self, expr: Expr, negated: bool, top: bool, problems: &mut Vec<Problem>) {
        match (expr, negated) {
            (Expr::Is(condition), _) => self.add(condition, negated, top, problems),
            (Expr::Not(expr), _) => self.take(*expr, !negated, top, problems),
            (Expr::All(parts), false) => {
                // Several sites side by side mean any of them.
                for part in parts {
                    self.take(part, false, top, problems);
                }
            }
            (Expr::Any(parts), true) => {
                for part in parts {
                    self.take(part, true, false, problems);
                }
            }
            (Expr::Any(parts), false) => self.add_any(parts, false, problems),
            (Expr::All(parts), true) => {
                // Several sites mean any of them, so their opposite is none of them.
                let (sites, mut parts): (Vec<_>, Vec<_>) = parts
                    .into_iter()
                    .partition(|part| matches!(part, Expr::Is(Condition::Site(_))));
                if !sites.is_empty() {
                    parts.push(Expr::Any(sites));
                }
                self.add_any(parts, true, problems);
            }
        }
    }

    /// Adds a group of alternatives. A single one is added as an ordinary condition.
    fn add_any(&mut self, parts: Vec<Expr>, negated: bool, problems: &mut Vec<Problem>) {
        let mut alternatives: Vec<Self> = Vec::new();
        let single = parts.len() == 1;
        for part in parts {
            if single {
                return self.take(part, negated, false, problems);
            }
            let mut alternative = Self::default();
            alternative.take(part, negated, false, problems);
            if !alternative.is_empty() && !alternatives.contains(&alternative) {
                alternatives.push(alternative);
            }
        }
        match alternatives.len() {
            0 => {}
            // The other alternatives were invalid.
            1 => {
                let alone = alternatives.remove(0);
                self.any.push(vec![alone]);
            }
            _ => self.any.push(alternatives),
        }
    }

    fn add(&mut self, condition: Condition, negated: bool, top: bool, problems: &mut Vec<Problem>) {
        match condition {
            Condition::Term(term) => self.terms.push(Term {
                negated,
                prefix: term.prefix && !negated,
                ..term
            }),
            Condition::Tag(tag) => {
                let list = match negated {
                    true => &mut self.without,
                    false => &mut self.with,
                };
                if !list.contains(&tag) {
                    list.push(tag);
                }
            }
            Condition::Site(site) => match negated {
                true => self.without_sites.push(site),
                false => self.sites.push(site),
            },
            Condition::State(state) => {
                if !top && let Some(part) = state.beside_the_note() {
                    return not_here(&part, problems);
                }
                if !self.states.contains(&(state, !negated)) {
                    self.states.push((state, !negated));
                }
            }
            Condition::Before(moment) if negated => {
                self.after = Some(self.after.map_or(moment, |after| after.max(moment)));
            }
            Condition::Before(moment) => {
                self.before = Some(self.before.map_or(moment, |before| before.min(moment)));
            }
            Condition::Deleted if top => match negated {
                // Excludes the trash, which is the default, so all notes match.
                true => self.everything = true,
                false => self.deleted = true,
            },
            Condition::In(place) if top => {
                self.place = Some(match (place, negated) {
                    (place, false) => place,
                    (SearchPlace::Note, true) => SearchPlace::Text,
                    (SearchPlace::Text, true) => SearchPlace::Note,
                });
            }
            Condition::Deleted => not_here("is:deleted", problems),
            Condition::In(SearchPlace::Note) => not_here("in:note", problems),
            Condition::In(SearchPlace::Text) => not_here("in:text", problems),
        }
    }
}

/// Adds the problem of a condition that isn't allowed within alternatives.
fn not_here(part: &str, problems: &mut Vec<Problem>) {
    let problem = Problem {
        kind: ProblemKind::NotHere,
        part: part.into(),
    };
    if !problems.contains(&problem) {
        problems.push(problem);
    }
}

#[cfg(test)]
mod tests;
