//! Why a place can't be used, for people and for the table of causes.

use std::{fmt, io, path::Path};

use serde::Serialize;

use crate::platform::{self, DiskFault};

/// The kinds of [`Problem`]. Their names in JSON never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// There is no library at the place: it isn't mounted, was removed, or never was there.
    PlaceMissing,
    /// The place doesn't let this user in.
    Refused,
    /// The place can't be reached at the moment, as without a network.
    Unreachable,
    /// A program that is needed isn't installed.
    ProgramMissing,
    /// The place or the disk is full.
    Full,
    /// The place can be read but not changed.
    ReadOnly,
    /// The place didn't answer in time.
    Slow,
    /// The place, or what is kept of it on this computer, is damaged.
    Broken,
    /// A file that was listed is gone or isn't on this computer yet.
    FileMissing,
    /// The key can't be used.
    Key,
    /// Anything else.
    Other,
}

/// Why a place can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// A sentence that says what to do.
    pub sentence: String,
    /// What the system or another program said, without credentials. May be empty.
    pub detail: String,
}

impl Problem {
    /// Returns a problem without details.
    #[must_use]
    pub fn new(kind: ProblemKind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
            detail: String::new(),
        }
    }

    /// Returns what the system's error about a path means.
    pub(super) fn of_io(owner: Owner, path: &Path, error: &io::Error) -> Self {
        use ProblemKind::{Broken, Full, Other, PlaceMissing, ReadOnly, Refused, Unreachable};
        let (kind, at_place, own) = match platform::disk_fault(error) {
            Some(DiskFault::Full) => (
                Full,
                "The folder for sync is full. Free up space in it.",
                "The disk is full. Free up space.",
            ),
            Some(DiskFault::ReadOnly) => (
                ReadOnly,
                "The folder for sync is on a read-only disk. Mount the disk so that it can be changed.",
                "The folder of the notes is on a read-only disk. Mount the disk so that it can be changed.",
            ),
            Some(DiskFault::Refused) => (
                Refused,
                "The folder for sync may not be read or changed. Give yourself access to it.",
                "The folder of the notes may not be changed. Give yourself access to it.",
            ),
            Some(DiskFault::Missing) => (
                PlaceMissing,
                "The folder for sync is missing. Mount its disk, or create it anew with `url-notes sync init`.",
                "The folder of the notes is missing.",
            ),
            Some(DiskFault::Unreachable) => (
                Unreachable,
                "The folder for sync can't be reached. Check the connection to its computer.",
                "The folder of the notes can't be reached. Check the connection to its computer.",
            ),
            Some(DiskFault::Broken) => (
                Broken,
                "The disk of the folder for sync reports an error. Check the disk.",
                "The disk of the notes reports an error. Check the disk.",
            ),
            None => (
                Other,
                "The folder for sync can't be used. Check its path.",
                "The folder of the notes can't be used.",
            ),
        };
        let sentence = match (owner, kind) {
            (Owner::Place, Other) => format!("{at_place} The system says: {error}."),
            (Owner::Own, Other) => format!("{own} The system says: {error}."),
            (Owner::Place, _) => at_place.to_owned(),
            (Owner::Own, _) => own.to_owned(),
        };
        Self::new(kind, sentence).with_detail(format_args!("{}: {error}", path.display()))
    }

    /// Returns the problem with what the system or another program said.
    #[must_use]
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = without_credentials(&detail.to_string());
        self
    }
}

/// Whose folder it is, for sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The place's: somebody else may unmount, fill or change it.
    Place,
    /// Our own, beside the notes.
    Own,
}

/// The sentence.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Problem {}

/// Removes the user information and the query of every URL in a text, and characters that mustn't
/// reach a terminal.
#[must_use]
pub fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let ends_url = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '<' | '>');
        let (url, next) = after.split_at(after.find(ends_url).unwrap_or(after.len()));
        // A password may hold a slash or a question mark, so the last @ before the path's end counts.
        let url = url.rsplit_once('@').map_or(url, |(_, host)| host);
        let kept = url.find(['?', '#']).unwrap_or(url.len());
        shown.push_str(&url[..kept]);
        if kept < url.len() {
            shown.push('…');
        }
        rest = next;
    }
    shown.push_str(rest);
    shown.retain(|c| c == '\n' || !c.is_control());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_urls_are_removed() {
        for (text, shown) in [
            ("nothing here", "nothing here"),
            (
                "fatal: unable to access 'https://me:s3cr3t@example.org/notes.git/': 403",
                "fatal: unable to access 'https://example.org/notes.git/': 403",
            ),
            ("https://t0ken@example.org", "https://example.org"),
            ("https://a:p/w?x@y@example.org/n", "https://example.org/n"),
            (
                "GET https://example.org/n?sig=s3cr3t failed",
                "GET https://example.org/n… failed",
            ),
            ("ssh://git@a/b and http://u:p@c", "ssh://a/b and http://c"),
            ("a\u{1b}[31mred\u{7}\nb", "a[31mred\nb"),
            ("://", "://"),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
    }

    #[test]
    fn details_are_cleaned() {
        let problem = Problem::new(ProblemKind::Other, "It failed.").with_detail("http://u:p@h");
        assert_eq!(problem.detail, "http://h");
        assert_eq!(problem.to_string(), "It failed.");
        assert_eq!(
            serde_json::to_string(&ProblemKind::PlaceMissing).unwrap(),
            "\"place_missing\""
        );
    }
}
