//! The report of an import: counts, refusals, omissions, and notices.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    rc::Rc,
};

use serde::Serialize;

use super::row::{FileReport, LeftOut, Renamed, RowNormalizer, shortened};
use crate::domain::without_user_info;

/// Most refusals, and most omissions, in the report. All are counted.
const MAX_REMARKS: usize = 10_000;

/// Most notices on files of a zip file.
const MAX_PART_NOTICES: usize = 20;

/// Most listed files of a zip file.
const MAX_FILES: usize = 1_000;

/// The report on a file.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Name of the format.
    pub format: &'static str,
    /// Encoding of its text.
    pub encoding: &'static str,
    /// Whether the encoding was guessed.
    pub encoding_guessed: bool,
    /// Bookmarks in the file: the sum of the following four.
    pub read: u64,
    /// Bookmarks that became notes.
    pub new: u64,
    /// Bookmarks that were merged into a note.
    pub merged: u64,
    /// Bookmarks that a note already had completely.
    pub unchanged: u64,
    /// Bookmarks that were refused.
    pub refused: u64,
    /// The first 10,000 refusals.
    pub refusals: Vec<Remark>,
    /// Bookmarks that were imported without some of their parts.
    pub incomplete: u64,
    /// The omitted parts of the first 10,000 of them.
    pub omissions: Vec<Remark>,
    /// The first 1,000 files of a zip file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileReport>,
    /// Notices, one sentence each.
    pub notices: Vec<String>,
}

/// A remark on a row.
#[derive(Debug, Serialize)]
pub struct Remark {
    /// The file within a zip file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Rc<str>>,
    /// The number of the row, from 1.
    pub row: u64,
    /// Its line in the file, from 1, or its number if the format has no lines.
    pub line: u64,
    /// Why it was refused, or what was omitted, in sentences.
    pub reason: Rc<str>,
}

/// Collects the report.
#[derive(Default)]
pub(super) struct ReportBuilder {
    /// The current file of a zip file.
    pub(super) part: Option<Rc<str>>,
    /// Bookmarks of the files before it.
    pub(super) read_before: u64,
    /// Formats of the imported files.
    pub(super) formats: Vec<&'static str>,
    /// Number of files in a zip file, and of those left out.
    pub(super) files: [u64; 2],
    /// Shared, because many rows have the same reason.
    pub(super) reasons: HashSet<Rc<str>>,
    pub(super) left: BTreeMap<LeftOut, u64>,
    /// New notes for which no row has a date.
    pub(super) undated: u64,
}

impl ReportBuilder {
    /// Adds a notice on the file, or on the current file of a zip file.
    pub(super) fn notice(&self, notice: Option<String>, notices: &mut Vec<String>) {
        match (&self.part, notice) {
            (Some(_), _) if notices.len() >= MAX_PART_NOTICES => {}
            (Some(part), Some(notice)) => notices.push(format!("{part}: {notice}")),
            (None, notice) => notices.extend(notice),
            (_, None) => {}
        }
    }

    pub(super) fn file(&mut self, mut file: FileReport, report: &mut Report) {
        self.files[0] += 1;
        if file.taken {
            file.read = report.read - self.read_before;
            self.read_before = report.read;
            self.formats.extend(file.format);
            self.formats.sort_unstable();
            self.formats.dedup();
        } else {
            self.files[1] += 1;
        }
        self.part = None;
        if report.files.len() < MAX_FILES {
            report.files.push(file);
        }
    }

    pub(super) fn remark(&mut self, row: u64, line: u64, reason: &str, remarks: &mut Vec<Remark>) {
        if remarks.len() >= MAX_REMARKS {
            return;
        }
        let known = self.reasons.get(reason).cloned();
        let reason = known.unwrap_or_else(|| {
            let reason: Rc<str> = reason.into();
            self.reasons.insert(Rc::clone(&reason));
            reason
        });
        remarks.push(Remark {
            part: self.part.clone(),
            row,
            line,
            reason,
        });
    }

    pub(super) fn conclude(self, report: &mut Report, normalizer: &RowNormalizer) {
        let notices = &mut report.notices;
        if self.files[1] > 0 {
            notices.push(format!(
                "Of {} in the zip file, {} left out.",
                counted(self.files[0], "file", "files"),
                counted(self.files[1], "was", "were"),
            ));
        }
        notices.extend(renamed(&normalizer.lowered, "written in lower case"));
        notices.extend(renamed(&normalizer.reformed, "given another form"));
        notices.extend(readdressed(
            &normalizer.unwrapped,
            "led to another page, which was saved instead",
        ));
        notices.extend(readdressed(
            &normalizer.completed,
            "had no scheme and got https:",
        ));
        if self.undated > 0 {
            notices.push(match self.undated {
                1 => "1 new note has no valid date and gets today's date.".into(),
                count => format!("{count} new notes have no valid date and get today's date."),
            });
        }
        if report.incomplete > 0 {
            let left: Vec<String> = self
                .left
                .iter()
                .map(|(what, count)| format!("{} ({count})", what.of_all()))
                .collect();
            notices.push(format!(
                "Parts of {} were left out: {}. To list them, use --report FILE.",
                counted(report.incomplete, "row", "rows"),
                left.join(", ")
            ));
        }
        for (all, of, what) in [
            (report.refused, &report.refusals, "refusals"),
            (report.incomplete, &report.omissions, "omissions"),
        ] {
            if all > u64::try_from(of.len()).unwrap_or(u64::MAX) {
                notices.push(format!("Only the first {MAX_REMARKS} {what} are listed."));
            }
        }
    }
}

fn renamed(tags: &Renamed, how: &str) -> Option<String> {
    let (name, tag) = tags.example.as_ref()?;
    Some(format!(
        "{} {how}, as \"{}\" became \"{}\".",
        counted(tags.count, "tag was", "tags were"),
        shortened(name),
        shortened(tag),
    ))
}

fn readdressed(addresses: &Renamed, how: &str) -> Option<String> {
    let (before, after) = addresses.example.as_ref()?;
    // The original address may contain the password in any form: percent-encoded, without a scheme.
    let before = match without_user_info(after) {
        Cow::Owned(_) => "one".to_owned(),
        Cow::Borrowed(_) => shortened(before),
    };
    Some(format!(
        "{} {how}, as {before} became {}.",
        counted(addresses.count, "address", "addresses"),
        shortened(after),
    ))
}

fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}
