//! A query as it was typed: conditions, joined by "and", `OR`, `-` and brackets.

use jiff::Timestamp;

use crate::domain::tag::Tag;

/// Longest query that is looked at, in bytes; the rest is cut off.
pub(super) const MAX_QUERY_BYTES: usize = 4096;
/// Most conditions of one query; further ones are left out.
pub const MAX_CONDITIONS: usize = 32;
/// Most brackets within each other.
pub(super) const MAX_DEPTH: usize = 8;

/// Which text of a note a term is looked for in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Field {
    /// Any of them.
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
    /// Of `#x` the tags that it means where a note has one of them: the first of them that
    /// is in use. Else it is a word like others.
    pub tags: Vec<Tag>,
    /// Without quotes; has at least one letter or digit.
    pub text: String,
    /// Must not occur.
    pub negated: bool,
    /// The last word may be the beginning of a longer one.
    pub prefix: bool,
    /// Where it is looked for.
    pub field: Field,
}

/// What a note is or has, as `is:` and `has:` ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Without any tag: `is:untagged`.
    Untagged,
    /// Yet to be read: `is:unread`, and not `is:read`.
    Unread,
    /// With a text of the user's: `has:note`.
    Noted,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Term(Term),
    Tag(Tag),
    Site(String),
    State(State),
    Deleted,
    /// Saved before this moment.
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

/// Why a part of a query wasn't understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// There is no such key; the words were searched for.
    UnknownKey,
    /// The key has no such value.
    UnknownValue,
    /// A key without a value.
    NoValue,
    /// No date.
    NoDate,
    /// No tag.
    NoTag,
    /// A bracket that isn't closed.
    OpenBracket,
    /// A closing bracket without an opening one.
    StrayBracket,
    /// `OR` without a condition on each side.
    DanglingOr,
    /// Too many brackets within each other.
    TooDeep,
    /// Too many conditions.
    TooMany,
    /// Too many bytes.
    TooLong,
    /// A condition that can't stand in brackets or beside `OR`.
    NotHere,
}

/// A part of a query that wasn't understood. `Display` is a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Why.
    pub kind: ProblemKind,
    /// As it was typed, shortened; empty where it is the whole query.
    pub part: String,
}
