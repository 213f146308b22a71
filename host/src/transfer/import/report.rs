//! What an import reports: counts, refusals, omissions, and sentences on the whole.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    rc::Rc,
};

use serde::Serialize;

use super::row::{FileReport, LeftOut, Renamed, RowNormalizer, shortened};
use crate::domain::without_user_info;

/// So many refusals, and as many omissions, are kept for the report; all are counted.
const MAX_REMARKS: usize = 10_000;

/// So many sentences on files of a zip file are kept.
const MAX_PART_NOTICES: usize = 20;

/// So many files of a zip file are listed.
const MAX_FILES: usize = 1_000;

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
    /// Each of the first 10,000 of them.
    pub refusals: Vec<Remark>,
    /// Those that were taken without something that they have.
    pub incomplete: u64,
    /// What was left out, of each of the first 10,000 of them.
    pub omissions: Vec<Remark>,
    /// Of a zip file, the first 1,000 files in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileReport>,
    /// What else there is to know, a sentence each.
    pub notices: Vec<String>,
}

/// What there is to say of a row.
#[derive(Debug, Serialize)]
pub struct Remark {
    /// Of a zip file, the file in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Rc<str>>,
    /// The number of the row, from 1.
    pub row: u64,
    /// Its line, from 1, in its part; where the format has no lines, its number.
    pub line: u64,
    /// Why it was refused, or what was left out: sentences.
    pub reason: Rc<str>,
}

/// What there is to say in the end.
#[derive(Default)]
pub(super) struct ReportBuilder {
    /// The file of a zip file that is read.
    pub(super) part: Option<Rc<str>>,
    /// Bookmarks of the files before it.
    pub(super) read_before: u64,
    /// Formats of the files that were taken.
    pub(super) formats: Vec<&'static str>,
    /// Files of a zip file, and those that were left out.
    pub(super) files: [u64; 2],
    /// Many rows have the same.
    pub(super) reasons: HashSet<Rc<str>>,
    pub(super) left: BTreeMap<LeftOut, u64>,
    /// New notes whose date no row says.
    pub(super) undated: u64,
}

impl ReportBuilder {
    /// A sentence on the file, or on the one of a zip file that is read.
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

    pub(super) fn tell(&mut self, row: u64, line: u64, reason: &str, remarks: &mut Vec<Remark>) {
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
    // What led to a password may have it in any form: percent-encoded, without a scheme.
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
