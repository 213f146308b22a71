//! What an exported site is made of, besides the notes that a filter of tags selects.

use std::collections::HashSet;

use crate::{domain::NoteId, site::publication::Publication};

/// What to do with notes whose address contains an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// Leave them out.
    LeaveOut,
    /// Publish them.
    Publish,
}

/// What is published, and how.
#[derive(Debug, Clone)]
pub struct Extras {
    /// Notes whose address contains an access token.
    pub tokens: Tokens,
    /// Whether the texts of pages are published, which other people wrote.
    pub texts: bool,
    /// If there are any, only these notes are published.
    pub only: Option<HashSet<NoteId>>,
    /// How the site presents itself.
    pub publication: Publication,
}

impl Default for Extras {
    fn default() -> Self {
        Self {
            tokens: Tokens::LeaveOut,
            texts: false,
            only: None,
            publication: Publication::default(),
        }
    }
}

/// The result of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Number of notes left out because their addresses contain access tokens.
    pub with_tokens: u64,
    /// Number of notes on the site.
    pub notes: u64,
    /// Number of tags on the site.
    pub tags: u64,
    /// Number of files that are new or have different content.
    pub written: u64,
    /// Number of unchanged files.
    pub unchanged: u64,
    /// Number of files that were removed.
    pub removed: u64,
}
