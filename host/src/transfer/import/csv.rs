//! Tables: Pocket, Raindrop, Instapaper, Matter, Readwise Reader, and exports of
//! ours. They are told apart by their head, and read by the names of its columns.

use std::io::{self, BufRead};

use csv::{ByteRecord, ReaderBuilder};

use super::{
    netscape::is_yes,
    row::{ARCHIVE, Found, Row, STARRED, Sink, TO_READ, date},
    source::{Counting, Source, unreadable},
};
use crate::error::{Error, Result};

/// Longest row, in bytes.
const MAX_ROW_BYTES: u64 = 16 << 20;

/// What a column is of a bookmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Url,
    Title,
    Tags,
    Note,
    Excerpt,
    Saved,
    Updated,
    Published,
    Site,
    Language,
    /// Pocket's: `unread`, `archive` or nothing. Readwise's "location".
    Status,
    Folder,
    Starred,
    /// Matter's.
    InQueue,
    Other,
}

/// Names of columns, in lower case.
const COLUMNS: &[(Column, &[&str])] = &[
    (Column::Url, &["url", "href", "link", "address"]),
    (Column::Title, &["title", "name"]),
    (Column::Tags, &["tags", "labels", "document tags"]),
    (
        Column::Note,
        &[
            "note",
            "notes",
            "summary",
            "selection",
            "highlights",
            "document note",
        ],
    ),
    (Column::Excerpt, &["excerpt", "description"]),
    (
        Column::Saved,
        &[
            "time_added",
            "created",
            "timestamp",
            "savedat",
            "saved date",
            "date",
            "date added",
            "date_added",
            "created_at",
            "last interaction date",
        ],
    ),
    (Column::Updated, &["updatedat", "updated_at", "lastupdate"]),
    (Column::Published, &["publishedat", "published date"]),
    (Column::Site, &["sitename", "publisher"]),
    (Column::Language, &["lang", "language"]),
    (Column::Status, &["status", "location"]),
    (Column::Folder, &["folder"]),
    (
        Column::Starred,
        &["favorite", "favourite", "favorited", "starred"],
    ),
    (Column::InQueue, &["in queue"]),
];

/// The head of a table.
#[derive(Debug)]
pub(super) struct Head {
    names: Vec<String>,
    delimiter: u8,
}

impl Head {
    /// Of a text that may be a table; None where it is none with addresses.
    pub(super) fn of(text: &str) -> Option<Self> {
        let line = text.trim_start_matches(['\n', '\r']).lines().next()?;
        // Most files are none, and a reader of tables is slow to be made.
        if !line.to_ascii_lowercase().contains("url") {
            return None;
        }
        let delimiter = [b',', b';', b'\t']
            .into_iter()
            .max_by_key(|delimiter| line.bytes().filter(|byte| byte == delimiter).count())?;
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter)
            .from_reader(line.as_bytes());
        let mut record = csv::StringRecord::new();
        reader.read_record(&mut record).ok()?;
        let names: Vec<String> = record
            .iter()
            .map(|name| name.trim().to_lowercase())
            .collect();
        let head = Self { names, delimiter };
        head.has(&["url"])
            .then_some(head)
            .filter(|head| head.names.len() > 1)
    }

    pub(super) fn has(&self, names: &[&str]) -> bool {
        names
            .iter()
            .all(|name| self.names.iter().any(|own| own == name))
    }

    fn columns(&self) -> Vec<Column> {
        let column = |name: &String| {
            let mut known = COLUMNS.iter();
            known
                .find(|(_, names)| names.contains(&name.as_str()))
                .map_or(Column::Other, |(column, _)| *column)
        };
        self.names.iter().map(column).collect()
    }
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let Some(head) = Head::of(&source.head()?) else {
        return Err(Error::InvalidParams(
            "The first line of the table doesn't name a column \"url\".".into(),
        ));
    };
    if let Some(line) =
        unclosed_quote(&mut source.text()?, head.delimiter).map_err(|error| unreadable(&error))?
    {
        return Err(Error::InvalidParams(format!(
            "A quotation mark on line {line} is never closed: the file is broken or cut off. Nothing was imported."
        )));
    }
    let columns = head.columns();
    let text = std::cell::RefCell::new(Counting::new(source.text()?, MAX_ROW_BYTES));
    let mut reader = ReaderBuilder::new()
        .has_headers(true)
        .flexible(true)
        .delimiter(head.delimiter)
        .from_reader(Shared(&text));
    let mut record = ByteRecord::new();
    loop {
        text.borrow_mut().next_record();
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => {
                return Err(match error.into_kind() {
                    csv::ErrorKind::Io(error) => unreadable(&error),
                    _ => Error::InvalidParams("The table can't be read.".into()),
                });
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        sink(found(&record, &columns, line))?;
    }
}

struct Shared<'a, R>(&'a std::cell::RefCell<Counting<R>>);

impl<R: BufRead> io::Read for Shared<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

/// The line of a quotation mark that opens a field which nothing closes.
fn unclosed_quote(text: &mut impl BufRead, delimiter: u8) -> io::Result<Option<u64>> {
    let mut line = 1_u64;
    let mut opened = None;
    // Before a field, its first byte may be a quotation mark.
    let mut before = true;
    // The byte before was one inside of a quoted field.
    let mut closing = false;
    loop {
        let available = text.fill_buf()?;
        if available.is_empty() {
            return Ok(opened.filter(|_| !closing));
        }
        for byte in available {
            if *byte == b'\n' {
                line += 1;
            }
            if opened.is_some() {
                match (*byte, closing) {
                    (b'"', _) => closing = !closing,
                    (_, false) => {}
                    (_, true) => {
                        opened = None;
                        closing = false;
                    }
                }
            } else if before && *byte == b'"' {
                opened = Some(line);
            }
            before = opened.is_none() && (*byte == delimiter || matches!(byte, b'\n' | b'\r'));
        }
        let length = available.len();
        text.consume(length);
    }
}

fn found(record: &ByteRecord, columns: &[Column], line: u64) -> Found {
    if record.len() != columns.len() {
        return Found::refused(
            line,
            format!(
                "It has {} fields where the first line has {}; a quotation mark may be missing.",
                record.len(),
                columns.len()
            ),
        );
    }
    let mut row = Row {
        line,
        ..Row::default()
    };
    for (field, column) in record.iter().zip(columns) {
        let text = String::from_utf8_lossy(field);
        let value = unguarded(&text);
        if value.trim().is_empty() {
            continue;
        }
        match column {
            Column::Url => value.clone_into(&mut row.url),
            Column::Title => value.clone_into(&mut row.title),
            Column::Tags => row.tags.extend(tags(value)),
            Column::Note => {
                if !row.note.is_empty() {
                    row.note.push_str("\n\n");
                }
                row.note.push_str(value);
            }
            Column::Excerpt => row.excerpt = Some(value.to_owned()),
            Column::Saved => row.saved = row.saved.or(date(value)),
            Column::Updated => row.updated = date(value),
            Column::Published => row.published = Some(value.to_owned()),
            Column::Site => row.site_name = Some(value.to_owned()),
            Column::Language => row.lang = Some(value.to_owned()),
            Column::Status => row.tags.extend(state(value)),
            Column::Folder => folder(value, &mut row),
            Column::Starred if is_yes(value) => row.tags.push(STARRED.into()),
            Column::InQueue if is_yes(value) => row.tags.push(TO_READ.into()),
            Column::Starred | Column::InQueue | Column::Other => {}
        }
    }
    row.into()
}

/// A field of ours that begins with what a spreadsheet takes for a formula has an
/// apostrophe before it.
fn unguarded(text: &str) -> &str {
    let formula = text
        .trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t', '\r']);
    match text.strip_prefix('\'') {
        Some(rest) if formula => rest,
        _ => text,
    }
}

/// Pocket has `a|b`, Raindrop `a, b`, Instapaper `["a","b"]`, Readwise `['a', 'b']`.
fn tags(text: &str) -> Vec<String> {
    if let Ok(tags) = serde_json::from_str::<Vec<String>>(text) {
        return tags;
    }
    let python = text
        .strip_prefix("['")
        .and_then(|text| text.strip_suffix("']"));
    if let Some(list) = python {
        return list.split("', '").map(str::to_owned).collect();
    }
    let separator = if text.contains('|') { '|' } else { ',' };
    text.split(separator).map(str::to_owned).collect()
}

fn state(text: &str) -> Option<String> {
    Some(match text.trim().to_ascii_lowercase().as_str() {
        "unread" | "new" | "later" | "shortlist" => TO_READ.to_owned(),
        "archive" | "archived" | "read" => ARCHIVE.to_owned(),
        _ => return None,
    })
}

/// Raindrop's is a path; of Instapaper's three have a meaning.
fn folder(text: &str, row: &mut Row) {
    match text.trim() {
        "Unread" => row.tags.push(TO_READ.into()),
        "Archive" => row.tags.push(ARCHIVE.into()),
        "Starred" => row.tags.push(STARRED.into()),
        // Raindrop's of what has none.
        "Unsorted" => {}
        path => row.folders.extend(path.split('/').map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_mark_that_is_never_closed_is_found() {
        for (text, line) in [
            ("a,b\n\"c\nd\",e", None),
            ("a,\"\"\"x\"\"\"\n", None),
            ("a,b\"c\n", None),
            ("a,\"b\n\nc", Some(1)),
            ("a\nb,\"\"\"", Some(2)),
            ("a\n\"b\"x\n\"", Some(3)),
            ("", None),
        ] {
            let mut bytes = text.as_bytes();
            assert_eq!(unclosed_quote(&mut bytes, b',').unwrap(), line, "{text:?}");
        }
    }

    #[test]
    fn heads_are_known_by_their_names() {
        let head = Head::of("\"Title\";\"URL\";\"Tags\"\n").unwrap();
        assert_eq!(head.columns(), [Column::Title, Column::Url, Column::Tags]);
        assert!(Head::of("a,b\nurl,title").is_none());
        assert!(Head::of("").is_none());
    }
}
