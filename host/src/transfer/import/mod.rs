//! Import: a file of one of many formats becomes notes.
//!
//! Owns the table of formats, how one is detected, and the report. Files are read
//! as streams, a bookmark at a time, with a cap on everything that others decide.

mod buku;
mod csv;
mod encoding;
mod html;
mod json;
mod karakeep;
mod lines;
mod linkding;
mod netscape;
mod omnivore;
mod own;
mod pinboard;
mod pocket;
mod row;
mod shaarli;
mod source;
mod tree;
mod wallabag;
mod zip;

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
/// So many refusals are kept for the report; all are counted.
const MAX_REFUSALS: usize = 10_000;

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
    /// Of a zip file: what is in it.
    names: &'a [String],
    text: &'a str,
    table: Option<csv::Head>,
}

/// All formats, in the order in which they are tried: what is told by more comes first.
pub static FORMATS: &[Format] = &[
    Format {
        name: "jsonl",
        title: "url-notes, a note a line",
        recognises: |head| {
            let text = head.text.trim_start();
            let first = text.lines().next().unwrap_or_default();
            // The first line may be longer than what is looked at: a note may be.
            let is_cut = !text.contains('\n');
            text.starts_with("{\"alias\":")
                || text.starts_with("{\"id\":")
                    && (head.has("\"savedAt\"") || is_cut && head.has(",\"summary\":\""))
                || own::is_note(first)
        },
        read: own::jsonl,
    },
    Format {
        name: "json",
        title: "url-notes",
        recognises: |head| head.has("\"urlNotes\"") || head.is_json_with(&["savedAt", "summary"]),
        read: own::json,
    },
    Format {
        name: "netscape",
        title: "Bookmarks as HTML: browsers, Pinboard, Delicious, Shaarli, linkding, Pocket",
        recognises: |head| {
            let text = head.text.to_ascii_lowercase();
            text.trim_start().starts_with('<')
                && ["<!doctype netscape", "<dl", "<a "]
                    .iter()
                    .any(|sign| text.contains(sign))
        },
        read: netscape::read,
    },
    Format {
        name: "omnivore",
        title: "Omnivore",
        recognises: |head| {
            head.names.iter().any(|name| omnivore::is_metadata(name))
                || head.is_json_with(&["slug", "savedAt"])
        },
        read: omnivore::read,
    },
    Format {
        name: "pocket",
        title: "Pocket",
        recognises: |head| {
            head.names.iter().any(|name| pocket::is_part(name))
                || head.is_table(&["url", "time_added"])
        },
        read: pocket::read,
    },
    Format {
        name: "raindrop",
        title: "Raindrop",
        recognises: |head| head.is_table(&["folder", "url", "created"]),
        read: csv::read,
    },
    Format {
        name: "instapaper",
        title: "Instapaper",
        recognises: |head| head.is_table(&["url", "title", "selection", "folder"]),
        read: csv::read,
    },
    Format {
        name: "csv",
        title: "A table",
        recognises: |head| head.is_table(&["url"]),
        read: csv::read,
    },
    Format {
        name: "pinboard",
        title: "Pinboard, Delicious",
        recognises: |head| head.is_json_with(&["href"]),
        read: pinboard::read,
    },
    Format {
        name: "chrome",
        title: "Bookmarks of Chromium and its relatives",
        recognises: |head| head.is_json_with(&["roots"]),
        read: tree::chromium,
    },
    Format {
        name: "firefox",
        title: "Bookmarks of Firefox and its relatives",
        recognises: |head| {
            head.is_json_with(&["guid", "children"]) || head.is_json_with(&["title", "children"])
        },
        read: tree::firefox,
    },
    Format {
        name: "karakeep",
        title: "Karakeep",
        recognises: |head| head.is_json_with(&["bookmarks"]),
        read: karakeep::read,
    },
    Format {
        name: "wallabag",
        title: "wallabag",
        recognises: |head| head.is_json_with(&["url", "is_archived", "is_starred"]),
        read: wallabag::read,
    },
    Format {
        name: "linkding",
        title: "linkding's JSON",
        recognises: |head| head.is_json_with(&["url", "tag_names"]),
        read: linkding::read,
    },
    Format {
        name: "shaarli",
        title: "Shaarli's JSON",
        recognises: |head| head.is_json_with(&["url", "shorturl"]),
        read: shaarli::read,
    },
    Format {
        name: "buku",
        title: "buku",
        recognises: |head| head.magic.starts_with(b"SQLite format 3\0"),
        read: buku::read,
    },
    Format {
        name: "lines",
        title: "A list of addresses, OneTab",
        recognises: |head| {
            let mut lines = head.text.lines().map(str::trim);
            lines
                .find(|line| !line.is_empty() && !line.starts_with('#'))
                .is_some_and(lines::is_address)
        },
        read: lines::read,
    },
];

impl Head<'_> {
    /// Whether it begins as JSON does, and has these names in it.
    fn is_json_with(&self, names: &[&str]) -> bool {
        self.text.trim_start().starts_with(['[', '{'])
            && names.iter().all(|name| self.has(&format!("\"{name}\"")))
    }

    fn is_table(&self, columns: &[&str]) -> bool {
        self.table.as_ref().is_some_and(|table| table.has(columns))
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
    let names: Vec<String> = if source.is_zip()? {
        let entries = zip::entries(source)?;
        entries.into_iter().map(|entry| entry.name).collect()
    } else {
        Vec::new()
    };
    let text = source.head()?;
    let head = Head {
        magic: &magic,
        names: &names,
        text: &text,
        table: csv::Head::of(&text),
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
    /// Each of the first 10,000 of them.
    pub refusals: Vec<Refusal>,
    /// What else there is to know, a sentence each.
    pub notices: Vec<String>,
}

/// What couldn't be taken.
#[derive(Debug, Serialize)]
pub struct Refusal {
    /// Of a zip file, the file in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Rc<str>>,
    /// The number of the row, from 1.
    pub row: u64,
    /// Its line, from 1, in its part; where the format has no lines, its number.
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
    let mut part: Option<Rc<str>> = None;
    (format.read)(source, &mut |found| {
        if let Found::Part(name) = found {
            part = Some(name);
            return Ok(());
        }
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
                if report.refusals.len() >= MAX_REFUSALS {
                    return Ok(());
                }
                let reason = error.to_string();
                let reason = reasons.get(reason.as_str()).cloned().unwrap_or_else(|| {
                    let reason: Rc<str> = reason.into();
                    reasons.insert(Rc::clone(&reason));
                    reason
                });
                report.refusals.push(Refusal {
                    part: part.clone(),
                    row: report.read,
                    line,
                    reason,
                });
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
        Found::Part(_) => unreachable!("told apart before rows are counted"),
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
    if making.ahead > 0 {
        notices.push(format!(
            "Dates in the future are taken for none: {} rows have one.",
            making.ahead
        ));
    }
    if report.refusals.len() >= MAX_REFUSALS {
        notices.push(format!("Only the first {MAX_REFUSALS} refusals are told."));
    }
    notices
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use jiff::Timestamp;

    use super::*;
    use crate::store::{Origin, Store};

    /// The files of `tests/fixtures/import`.
    fn fixtures() -> Vec<(PathBuf, Vec<u8>)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/import");
        let files = fs::read_dir(folder).unwrap();
        let paths = files.map(|entry| entry.unwrap().path());
        let mut found: Vec<_> = paths
            .filter(|path| !path.ends_with("expected.json"))
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        found.sort();
        assert!(found.len() > 30);
        found
    }

    /// Imports bytes and gives the import up. What is broken has to be told in a sentence.
    fn rehearse(store: &mut Store, bytes: &[u8], format: Option<&'static Format>) {
        let done = store.rehearse(Timestamp::now(), |writer| {
            let mut source = Source::of_bytes(bytes.to_vec())?;
            let format = match format {
                Some(format) => format,
                None => detect(&mut source)?,
            };
            let origin = Origin {
                file: "x".into(),
                format: format.name.into(),
            };
            let wishes = Wishes {
                folders: true,
                base: None,
            };
            let import = writer.import(origin, Timestamp::now());
            run(&mut source, format, wishes, &import, &mut |_| ())
        });
        match done {
            Ok(report) => {
                let sum = report.new + report.merged + report.unchanged + report.refused;
                assert_eq!(report.read, sum);
            }
            Err(error @ (Error::InvalidParams(_) | Error::InvalidUrl(_))) => {
                let sentence = error.to_string();
                assert!(
                    sentence.ends_with('.') && !sentence.contains('\n'),
                    "{sentence}"
                );
            }
            Err(error) => panic!("{}", error.chain()),
        }
    }

    fn with_store(test: impl FnOnce(&mut Store)) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
        test(&mut store);
        assert_eq!(store.counts().unwrap().notes, 0);
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_read_or_refused_with_a_sentence() {
        with_store(|store| {
            for (_, bytes) in fixtures() {
                // Of databases, most of which is empty, not each byte is another case.
                let step = bytes.len().div_ceil(2_000);
                for end in (0..bytes.len()).step_by(step) {
                    rehearse(store, &bytes[..end], None);
                }
            }
        });
    }

    fn fuzz(name: &str) {
        let fixtures = fixtures();
        let format = format_named(name);
        let mut seeds: Vec<&[u8]> = Vec::new();
        for (_, bytes) in &fixtures {
            let mut source = Source::of_bytes(bytes.clone()).unwrap();
            if detect(&mut source).unwrap().name == name {
                seeds.push(bytes);
            }
        }
        with_store(|store| {
            let store = std::cell::RefCell::new(store);
            crate::fuzz::bytes(&seeds, |bytes| {
                rehearse(&mut store.borrow_mut(), bytes, format);
            });
        });
    }

    macro_rules! fuzz {
        ($($test:ident $name:literal)*) => {$(
            #[test]
            fn $test() {
                fuzz($name);
            }
        )*};
    }

    fuzz! {
        fuzz_import_jsonl "jsonl"
        fuzz_import_json "json"
        fuzz_import_netscape "netscape"
        fuzz_import_omnivore "omnivore"
        fuzz_import_pocket "pocket"
        fuzz_import_raindrop "raindrop"
        fuzz_import_instapaper "instapaper"
        fuzz_import_csv "csv"
        fuzz_import_pinboard "pinboard"
        fuzz_import_chrome "chrome"
        fuzz_import_firefox "firefox"
        fuzz_import_karakeep "karakeep"
        fuzz_import_wallabag "wallabag"
        fuzz_import_linkding "linkding"
        fuzz_import_shaarli "shaarli"
        fuzz_import_buku "buku"
        fuzz_import_lines "lines"
    }
}
