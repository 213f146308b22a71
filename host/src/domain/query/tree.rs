//! The syntax tree of a query: conditions joined by "and", `OR`, `-` and brackets.

use jiff::Timestamp;

use crate::domain::{link::LinkVerdict, tag::Tag};

/// Longest query, in bytes. The rest is cut off.
pub(super) const MAX_QUERY_BYTES: usize = 4096;
/// Most conditions of a query. The rest are left out.
pub const MAX_CONDITIONS: usize = 32;
/// Deepest nesting of brackets.
pub(super) const MAX_DEPTH: usize = 8;

/// The text of a note in which a term is searched for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Field {
    /// Any text.
    #[default]
    Any,
    /// The title: `title:x`.
    Title,
    /// The address: `url:x`.
    Address,
}

/// A word or a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The tags that `#x` may mean: the first one in use. If none is in use, the term is an
    /// ordinary word.
    pub tags: Vec<Tag>,
    /// The text without quotation marks, with at least one letter or digit.
    pub text: String,
    /// Whether the term must not occur.
    pub negated: bool,
    /// Whether the last word may be the beginning of a longer one.
    pub prefix: bool,
    /// The text in which it must occur.
    pub field: Field,
}

/// A state of a note, for `is:` and `has:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The note has no tags: `is:untagged`.
    Untagged,
    /// The page isn't read yet: `is:unread`. `is:read` is the opposite.
    Unread,
    /// The user wrote a text: `has:note`.
    Noted,
    /// The readable text of the page is kept: `has:text`.
    Texted,
    /// What checks of the page found: `is:gone`.
    Link(LinkVerdict),
}

impl State {
    /// Returns the condition as typed, for the states that a note itself doesn't show.
    pub(super) fn beside_the_note(self) -> Option<String> {
        match self {
            Self::Untagged | Self::Unread | Self::Noted => None,
            Self::Texted => Some("has:text".to_owned()),
            Self::Link(verdict) => Some(format!("is:{}", verdict.name())),
        }
    }
}

/// What is searched: `in:note`, `in:text`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchPlace {
    /// What the user wrote, and what the page says about itself.
    Note,
    /// The texts of pages.
    Text,
}

/// A single condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Term(Term),
    Tag(Tag),
    Site(String),
    State(State),
    Deleted,
    In(SearchPlace),
    /// The note was saved before this moment.
    Before(Timestamp),
}

/// A query, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Is(Condition),
}

/// Why a part of a query is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The key is unknown. The text was searched for as words.
    UnknownKey,
    /// The value of the key is unknown.
    UnknownValue,
    /// The key has no value.
    NoValue,
    /// The value isn't a valid date.
    NoDate,
    /// The value isn't a valid tag.
    NoTag,
    /// A closing bracket is missing.
    OpenBracket,
    /// A closing bracket has no opening one.
    StrayBracket,
    /// `OR` lacks a condition on one side.
    DanglingOr,
    /// Brackets are nested more than [`MAX_DEPTH`] deep.
    TooDeep,
    /// There are more than [`MAX_CONDITIONS`] conditions.
    TooMany,
    /// The query is longer than [`MAX_QUERY_BYTES`].
    TooLong,
    /// The condition isn't allowed within `OR` or an excluded group.
    NotHere,
}

/// An invalid part of a query. `Display` formats it as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Why it is invalid.
    pub kind: ProblemKind,
    /// The part as typed, shortened; empty if the problem concerns the whole query.
    pub part: String,
}
