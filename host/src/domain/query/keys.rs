//! The keys of queries, the search help and the sentences for invalid parts.

use std::fmt;

use super::tree::{MAX_CONDITIONS, MAX_DEPTH, MAX_QUERY_BYTES, Problem, ProblemKind};

/// A key of a condition, as in `tag:x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Tag,
    Site,
    Title,
    Url,
    Is,
    Has,
    In,
    Before,
    After,
}

/// All keys with their names.
pub(super) const KEYS: [(&str, Key); 9] = [
    ("tag", Key::Tag),
    ("site", Key::Site),
    ("title", Key::Title),
    ("url", Key::Url),
    ("is", Key::Is),
    ("has", Key::Has),
    ("in", Key::In),
    ("before", Key::Before),
    ("after", Key::After),
];

impl Key {
    /// Returns the key with this name, ignoring case.
    pub(super) fn of(name: &str) -> Option<Self> {
        let found = KEYS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, key)| *key)
    }
}

/// Examples of queries and what they find, in the order of the search help.
pub const SEARCH_HELP: [(&str, &str); 23] = [
    (
        "gpu prices",
        "notes with both words, or with longer words that begin with them; case and accents don't matter",
    ),
    (
        "\"context window\"",
        "exactly this phrase; \"gpu\" finds only this word, not longer ones",
    ),
    (
        "wifi",
        "also Wi-Fi; the parts of snake_case, camelCase and v1.2.3 are found too",
    ),
    (
        "c++ .net #lojban",
        "words with these characters; c also finds c++",
    ),
    (
        "-nvidia",
        "notes without this word; - excludes any condition",
    ),
    (
        "gpu OR tpu",
        "either word; OR applies only to the conditions directly before and after it",
    ),
    (
        "(gpu prices) OR -(tag:a tag:b)",
        "brackets combine several conditions into one",
    ),
    (
        "tag:llm",
        "with this tag; tag:\"large language model\" for one with spaces",
    ),
    (
        "tag:=llm",
        "with this tag itself; tag:llm also finds notes with tags that imply it",
    ),
    (
        "#llm",
        "the tag #llm or llm, if it exists; #\"large language model\" for one with spaces",
    ),
    ("is:untagged", "without any tag"),
    ("is:unread", "not read yet; is:read finds the others"),
    (
        "is:gone",
        "whose page is gone, as far as check-links has found; also is:moved and is:unreachable; is:soft finds pages that may be gone",
    ),
    ("is:deleted", "in the trash"),
    ("has:note", "with a text that you wrote"),
    ("has:text", "with the readable text of the page"),
    (
        "in:text rotary",
        "only notes that match with the text of their page, not those that match by themselves; in:note finds those",
    ),
    ("title:llm", "in the title; title:\"a phrase\" for a phrase"),
    (
        "url:blog",
        "in the words of the address; also url:arxiv.org/abs",
    ),
    ("site:arxiv.org", "from this web site or its subdomains"),
    (
        "site:github",
        "from any web site with this part in its name, such as github.com and pages.github.io",
    ),
    (
        "before:2025-08-01",
        "saved before this day; also 2025-08, 2025, today, yesterday, -7d, -2w, -3m and -1y",
    ),
    (
        "after:2025-08-01",
        "saved on this day or later, in the same forms",
    ),
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
                "“{part}” isn’t a known condition and was ignored. Use is:untagged, is:unread, is:read, is:gone, is:moved, is:soft, is:unreachable, is:deleted, has:note, has:text, in:note or in:text."
            ),
            ProblemKind::NoValue => write!(
                formatter,
                "“{part}” has nothing to search for after the colon and was ignored."
            ),
            ProblemKind::NoDate => write!(
                formatter,
                "“{part}” has no valid date and was ignored. Use 2025-08-01, 2025-08, 2025, today, yesterday, -7d, -2w, -3m or -1y."
            ),
            ProblemKind::NoTag => {
                write!(formatter, "“{part}” has no valid tag and was ignored.")
            }
            ProblemKind::OpenBracket => write!(
                formatter,
                "A closing bracket is missing and was added at the end."
            ),
            ProblemKind::StrayBracket => write!(
                formatter,
                "A closing bracket has no opening one and was ignored."
            ),
            ProblemKind::DanglingOr => write!(
                formatter,
                "OR needs a condition on each side and was ignored. To search for the word, type it in lower case."
            ),
            ProblemKind::TooDeep => write!(
                formatter,
                "Brackets can be nested {MAX_DEPTH} deep. Deeper ones were ignored."
            ),
            ProblemKind::TooMany => write!(
                formatter,
                "A search can have up to {MAX_CONDITIONS} conditions. The rest were ignored."
            ),
            ProblemKind::TooLong => write!(
                formatter,
                "A search can have up to {MAX_QUERY_BYTES} bytes. The rest was ignored."
            ),
            ProblemKind::NotHere => write!(
                formatter,
                "“{part}” can’t be part of OR or of an excluded group, so it was ignored."
            ),
        }
    }
}
