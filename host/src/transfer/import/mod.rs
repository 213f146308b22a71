//! Import: a file of one of many formats becomes notes.
//!
//! Owns the table of formats, how one is detected, and the report. Files are read
//! as streams, a bookmark at a time, with a cap on everything that others decide.

mod encoding;
mod json;
mod own;
mod row;
mod source;

use std::{collections::HashSet, rc::Rc};

use serde::Serialize;

pub use row::Wishes;
use row::{Found, Making, Sink, shortened};
pub use source::Source;

use crate::{
    domain::Tag,
    error::{Error, Result},
    store::{Became, Import},
};

/// Most bookmarks of a file.
const MAX_ROWS: u64 = 10_000_000;

/// What a file may be.
pub struct Format {
    /// Its name for `--format` and in reports.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// Whether a file is that, by its beginning.
    recognises: fn(&Head<'_>) -> bool,
    read: fn(&mut Source, &mut Sink<'_>) -> Result<()>,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The beginning of a file.
struct Head<'a> {
    magic: &'a [u8],
    text: &'a str,
}

/// All formats, in the order in which they are tried: what is told by more comes first.
pub static FORMATS: &[Format] = &[
    Format {
        name: "jsonl",
        title: "url-notes, a note a line",
        recognises: |head| {
            let text = head.text.trim_start();
            let first = text.lines().next().unwrap_or_default();
            // The first line may be longer than what is looked at.
            text.starts_with("{\"alias\":")
                || text.starts_with("{\"id\":") && head.has("\"savedAt\"")
                || first.starts_with('{')
                    && head.has("\"url\"")
                    && serde_json::from_str::<serde::de::IgnoredAny>(first).is_ok()
                    && !head.has("\"notes\"")
        },
        read: own::jsonl,
    },
    Format {
        name: "json",
        title: "url-notes",
        recognises: |head| {
            head.is_json()
                && (head.has("\"savedAt\"") && head.has("\"summary\"") || head.has("\"urlNotes\""))
        },
        read: own::json,
    },
];

impl Head<'_> {
    fn is_json(&self) -> bool {
        self.text.trim_start().starts_with(['[', '{'])
    }

    fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }
}

/// The format of this name.
#[must_use]
pub fn format_named(name: &str) -> Option<&'static Format> {
    FORMATS
        .iter()
        .find(|format| format.name.eq_ignore_ascii_case(name))
}

/// What a file is, by its content.
///
/// # Errors
/// `InvalidParams` where it is nothing that is known.
pub fn detect(source: &mut Source) -> Result<&'static Format> {
    let magic = source.magic()?;
    let text = source.head()?;
    let head = Head {
        magic: &magic,
        text: &text,
    };
    if text.trim().is_empty() {
        return Err(Error::InvalidParams("The file is empty.".into()));
    }
    FORMATS
        .iter()
        .find(|format| (format.recognises)(&head))
        .ok_or_else(|| {
            let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
            Error::InvalidParams(format!(
                "It is no format that is known. If it is one of these, say which by --format: {}.",
                names.join(", ")
            ))
        })
}

/// What became of a file.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Name of the format.
    pub format: &'static str,
    /// Encoding of its text.
    pub encoding: &'static str,
    /// Whether that was guessed.
    pub encoding_guessed: bool,
    /// Bookmarks of the file. The sum of the four that follow.
    pub read: u64,
    /// Those that became notes.
    pub new: u64,
    /// Those that added something to a note.
    pub merged: u64,
    /// Those that a note had all of.
    pub unchanged: u64,
    /// Those that couldn't be taken.
    pub refused: u64,
    /// Each of them.
    pub refusals: Vec<Refusal>,
    /// What else there is to know, a sentence each.
    pub notices: Vec<String>,
}

/// What couldn't be taken.
#[derive(Debug, Serialize)]
pub struct Refusal {
    /// Its line, from 1; where the format has no lines, its number.
    pub line: u64,
    /// Why, as a sentence.
    pub reason: Rc<str>,
}

/// Reads a file into an import. `progress` is told how many rows were read.
///
/// # Errors
/// `InvalidParams` with a sentence where the file can't be read to its end; the
/// `store_*` kinds. The transaction has to be given up then.
pub fn run(
    source: &mut Source,
    format: &'static Format,
    wishes: Wishes,
    import: &Import<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Report> {
    let mut report = Report {
        format: format.name,
        encoding: source.encoding(),
        encoding_guessed: source.is_guessed(),
        ..Report::default()
    };
    let mut making = Making::new(wishes);
    let mut reasons: HashSet<Rc<str>> = HashSet::new();
    (format.read)(source, &mut |found| {
        report.read += 1;
        if report.read > MAX_ROWS {
            return Err(Error::InvalidParams(
                "It has more than 10 million bookmarks; nothing was imported.".into(),
            ));
        }
        progress(report.read);
        let (line, became) = taken(found, &mut making, import);
        match became {
            Ok(Became::New) => report.new += 1,
            Ok(Became::Merged) => report.merged += 1,
            Ok(Became::Unchanged) => report.unchanged += 1,
            Err(error @ (Error::Store { .. } | Error::Internal(_))) => return Err(error),
            Err(error) => {
                report.refused += 1;
                let reason = error.to_string();
                let reason = reasons.get(reason.as_str()).cloned().unwrap_or_else(|| {
                    let reason: Rc<str> = reason.into();
                    reasons.insert(Rc::clone(&reason));
                    reason
                });
                report.refusals.push(Refusal { line, reason });
            }
        }
        Ok(())
    })?;
    report.notices = notices(&report, &making);
    Ok(report)
}

fn taken(found: Found, making: &mut Making, import: &Import<'_>) -> (u64, Result<Became>) {
    match found {
        Found::Row(row) => {
            let line = row.line;
            let note = making.note(*row);
            (line, note.and_then(|note| import.note(&note)))
        }
        Found::Alias { line, name, of } => {
            let alias = Tag::parse(&name).and_then(|name| import.alias(&name, &Tag::parse(&of)?));
            (line, alias)
        }
        Found::Refused { line, reason } => (line, Err(Error::InvalidParams(reason))),
    }
}

fn notices(report: &Report, making: &Making) -> Vec<String> {
    let mut notices = Vec::new();
    if report.encoding_guessed {
        notices.push(format!(
            "The file isn't sound UTF-8; it was read as {}.",
            report.encoding
        ));
    }
    if let Some((name, tag)) = &making.example {
        notices.push(format!(
            "Tags are lower-case and without commas here: {} got another form, as \"{}\" became \"{tag}\".",
            match making.renamed {
                1 => "one".to_owned(),
                count => count.to_string(),
            },
            shortened(name),
        ));
    }
    if making.cut > 0 {
        notices.push(format!(
            "Titles have 16 KiB at most: {} were cut.",
            making.cut
        ));
    }
    notices
}
