//! The one table of what a query can have: help, documentation and messages come from it.

use std::fmt;

use super::tree::{MAX_CONDITIONS, MAX_DEPTH, MAX_QUERY_BYTES, Problem, ProblemKind};

/// A key, as in `tag:x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Tag,
    Site,
    Title,
    Url,
    Is,
    Has,
    Before,
    After,
}

/// The keys by their names.
pub(super) const KEYS: [(&str, Key); 8] = [
    ("tag", Key::Tag),
    ("site", Key::Site),
    ("title", Key::Title),
    ("url", Key::Url),
    ("is", Key::Is),
    ("has", Key::Has),
    ("before", Key::Before),
    ("after", Key::After),
];

impl Key {
    /// The key of this name, in capital or small letters.
    pub(super) fn of(name: &str) -> Option<Self> {
        let found = KEYS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, key)| *key)
    }
}

/// What can be typed and what it finds, in the order of the search help.
pub const SEARCH_HELP: [(&str, &str); 19] = [
    (
        "gpu prices",
        "notes with both words or longer words that begin like them, ignoring case and accents",
    ),
    (
        "\"context window\"",
        "exactly this phrase; \"gpu\" finds this word but no longer one",
    ),
    (
        "wifi",
        "also Wi-Fi; snake_case, camelCase and v1.2.3 can be found by their parts",
    ),
    (
        "c++ .net #lojban",
        "words with these characters; c also finds c++",
    ),
    ("-nvidia", "not this word; - excludes any condition"),
    (
        "gpu OR tpu",
        "one of the two; OR joins the conditions beside it, before all others",
    ),
    (
        "(gpu prices) OR -(tag:a tag:b)",
        "brackets make one condition of several",
    ),
    (
        "tag:llm",
        "with this tag; tag:\"large language model\" for one with spaces",
    ),
    (
        "#llm",
        "the tag #llm or llm, if it exists; #\"large language model\" for one with spaces",
    ),
    ("is:untagged", "without any tag"),
    ("is:unread", "yet to be read; is:read for the others"),
    ("is:deleted", "in the trash"),
    ("has:note", "with a note of yours"),
    ("title:llm", "in the title; title:\"a phrase\" for a phrase"),
    (
        "url:blog",
        "in the address: its words, as in url:arxiv.org/abs",
    ),
    ("site:arxiv.org", "from this web site and those below it"),
    (
        "site:github",
        "from any web site with this part in its name: github.com, pages.github.io",
    ),
    (
        "before:2025-08-01",
        "saved before this day; also 2025-08, 2025, today, yesterday, -7d, -2w, -3m and -1y",
    ),
    ("after:2025-08-01", "saved on this day or later, likewise"),
];

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = &self.part;
        match self.kind {
            ProblemKind::UnknownKey => {
                let key = part.split(':').next().unwrap_or_default();
                write!(
                    formatter,
                    "There is no search key “{key}:”, so “{part}” was searched for as words."
                )
            }
            ProblemKind::UnknownValue => write!(
                formatter,
                "“{part}” is unknown and was left out. Use is:untagged, is:unread, is:read, is:deleted or has:note."
            ),
            ProblemKind::NoValue => write!(
                formatter,
                "“{part}” has nothing after the colon and was left out."
            ),
            ProblemKind::NoDate => write!(
                formatter,
                "“{part}” has no date that can be read and was left out. Use 2025-08-01, 2025-08, 2025, today, yesterday, -7d, -2w, -3m or -1y."
            ),
            ProblemKind::NoTag => {
                write!(formatter, "“{part}” can’t be a tag and was left out.")
            }
            ProblemKind::OpenBracket => write!(
                formatter,
                "A bracket isn’t closed. The search closed it at the end."
            ),
            ProblemKind::StrayBracket => write!(
                formatter,
                "A closing bracket has no opening one and was left out."
            ),
            ProblemKind::DanglingOr => write!(
                formatter,
                "OR needs a condition on each side, so it was left out. To find the word, type it in small letters."
            ),
            ProblemKind::TooDeep => write!(
                formatter,
                "Brackets can be nested {MAX_DEPTH} deep. What is deeper was left out."
            ),
            ProblemKind::TooMany => write!(
                formatter,
                "A search can have {MAX_CONDITIONS} conditions. The further ones were left out."
            ),
            ProblemKind::TooLong => write!(
                formatter,
                "A search can have {MAX_QUERY_BYTES} bytes. Its end was left out."
            ),
            ProblemKind::NotHere => write!(
                formatter,
                "“{part}” can’t be excluded or be one of several alternatives, so it was left out."
            ),
        }
    }
}
