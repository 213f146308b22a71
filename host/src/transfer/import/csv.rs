//! Reads tables: Pocket, Raindrop, Instapaper, Matter, Readwise Reader, Diigo, LinkAce, wallabag,
//! our own exports, and any other table with a column of addresses. The header row identifies the
//! program, and the names of the columns (`columns.rs`) their meaning.

use std::{
    cell::RefCell,
    io::{self, BufRead},
};

use csv::{ByteRecord, ReaderBuilder};

use super::{
    columns::{self, Column, Dialect, Filling},
    dates::{self, Order},
    outline::is_address,
    row::{self, Found, Row, Sink},
    source::{CountingReader, Source, unreadable},
};
use crate::{
    error::{Error, Result},
    transfer::import::secret_names::{self, Secret, of_name},
};

/// Longest row, in bytes.
const MAX_ROW_BYTES: u64 = 16 << 20;
/// Delimiters of fields, the most common first.
pub(super) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// A delimiter that no text contains, for tables with one column.
const NO_DELIMITER: u8 = 0x1f;
/// Most lines before the header row.
const MAX_LINES_BEFORE: u64 = 5;
/// Number of rows that are searched for addresses.
const SAMPLES: usize = 5;
/// Most omitted columns that are named.
const NAMED: usize = 12;

/// The header row of a table.
#[derive(Debug)]
pub(super) struct Head {
    names: Vec<String>,
    columns: Vec<(Column, usize)>,
    delimiter: u8,
    /// Number of lines before it.
    lines_before: u64,
    /// Whether the column of addresses is recognised only by its values.
    pub(super) is_guess: bool,
    /// Whether that column contains only addresses in the first rows.
    holds_addresses: bool,
}

/// Returns the first records of a text.
pub(super) fn first_records(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let records = reader
        .records()
        .take(1 + SAMPLES)
        .map_while(|record| record.ok());
    let trimmed = |field: &str| field.trim_start_matches('\u{feff}').trim().to_owned();
    records
        .map(|record| record.iter().map(trimmed).collect())
        .collect()
}

impl Head {
    /// Reads the header row of a text, or returns `None` if it isn't a table with addresses.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut rest = text;
        for before in 0..=MAX_LINES_BEFORE {
            let line = rest.lines().next()?;
            // A directive of Excel.
            let hint = line.trim().strip_prefix("sep=").map(str::as_bytes);
            if let Some([delimiter]) = hint {
                let below = after_line(rest)?;
                return Self::in_line(below, Some(*delimiter), before + 1);
            }
            if !line.trim().is_empty()
                && let Some(head) = Self::in_line(rest, None, before)
            {
                return Some(head);
            }
            // Only a few words, or nothing, precede a header row.
            if is_address(line)
                || line
                    .trim_start()
                    .starts_with(['<', '[', '{', '#', '-', '*'])
            {
                return None;
            }
            rest = after_line(rest)?;
        }
        None
    }

    /// Reads the record at the start of a text.
    fn in_line(text: &str, delimiter: Option<u8>, lines_before: u64) -> Option<Self> {
        let line = text.lines().next()?;
        // A heading or an item of Markdown, "# Links" above all.
        let start = line.trim_start().trim_start_matches('#');
        let is_heading = start.len() < line.trim_start().len() && start.starts_with(' ');
        if is_heading || start.starts_with("- ") || start.starts_with("* ") {
            return None;
        }
        let count = |delimiter: &u8| line.bytes().filter(|byte| byte == delimiter).count();
        let delimiter = delimiter.or_else(|| {
            let found = DELIMITERS
                .iter()
                .rev()
                .max_by_key(|delimiter| count(delimiter));
            found.copied().filter(|delimiter| count(delimiter) > 0)
        });
        let delimiter = delimiter.unwrap_or(NO_DELIMITER);
        let records = first_records(text, delimiter);
        let (names, rows) = records.split_first()?;
        let is_head = names
            .iter()
            .all(|name| !name.contains("://") && name.chars().count() <= 100);
        if !is_head || names.iter().all(String::is_empty) {
            return None;
        }
        let mut columns: Vec<(Column, usize)> =
            names.iter().map(|name| columns::named(name)).collect();
        let mut is_guess = false;
        if !columns.iter().any(|(column, _)| *column == Column::Url) {
            // By its values in all sampled rows.
            let rows: Vec<_> = rows.iter().filter(|row| row.len() == names.len()).collect();
            let of_addresses = |at: &usize| {
                rows.iter().any(|row| is_address(&row[*at]))
                    && rows
                        .iter()
                        .all(|row| row[*at].is_empty() || is_address(&row[*at]))
            };
            let at = (0..names.len()).find(of_addresses)?;
            // A row of a table without a header contains a domain, a user and a password.
            let is_name = |name: &String| !name.contains(['.', '@']) || name.contains(' ');
            if names.len() < 2 || !names.iter().all(is_name) {
                return None;
            }
            columns[at] = (Column::Url, 0);
            is_guess = true;
        } else if names.len() == 1 && lines_before > 0 {
            return None;
        }
        let at = columns
            .iter()
            .position(|(column, _)| *column == Column::Url)?;
        let mut cells = rows
            .iter()
            .filter_map(|row| row.get(at))
            .filter(|cell| !cell.is_empty())
            .peekable();
        let holds_addresses = cells.peek().is_some() && cells.all(|cell| is_address(cell));
        Some(Self {
            holds_addresses,
            names: names.clone(),
            columns,
            delimiter,
            lines_before,
            is_guess,
        })
    }

    /// Returns whether there are columns with all these names, ignoring case.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names
            .iter()
            .all(|name| self.names.iter().any(|own| own.eq_ignore_ascii_case(name)))
    }

    /// Returns whether it is certainly a table of bookmarks: other tables with addresses have
    /// columns that lists of bookmarks don't have.
    pub(super) fn is_sure(&self) -> bool {
        let is_known = |(column, _): &(Column, usize)| *column != Column::Other;
        if !self.is_guess && self.holds_addresses && self.columns.iter().all(is_known) {
            return true;
        }
        let has = |wanted: &[Column]| {
            self.columns
                .iter()
                .any(|(column, _)| wanted.contains(column))
        };
        !self.is_guess
            && has(&[Column::Title])
            && has(&[
                Column::Tags,
                Column::Note,
                Column::Saved,
                Column::Folder,
                Column::Excerpt,
            ])
    }

    /// Describes the table by the names of its columns.
    pub(super) fn described(&self) -> String {
        let names = self.names.iter().take(NAMED);
        let names: Vec<String> = names
            .map(|name| format!("\"{}\"", row::shortened(name)))
            .collect();
        format!("a table with the columns {}", names.join(", "))
    }

    /// Returns the column of addresses.
    fn address(&self) -> usize {
        let mut columns = self.columns.iter();
        columns
            .position(|(column, _)| *column == Column::Url)
            .unwrap_or(0)
    }

    /// Returns the program's conventions, by its columns.
    fn dialect(&self) -> Dialect {
        let plain = Dialect::default();
        if self.has(&["savedAt", "updatedAt", "siteName"]) {
            // Ours.
            Dialect {
                separator: Some(','),
                has_state: true,
                ..plain
            }
        } else if self.has(&["user_id", "lists"]) {
            // LinkAce's.
            Dialect {
                separator: Some(','),
                ..plain
            }
        } else if self.has(&["time_added", "status"]) {
            // Pocket's; older exports had commas.
            plain
        } else if self.has(&["In Queue", "Highlight_Count"]) {
            // Matter's.
            Dialect {
                separator: Some(';'),
                ..plain
            }
        } else if self.has(&["annotations", "comments"]) {
            // Diigo's.
            Dialect {
                separator: Some(','),
                no_tag: Some("no_tag"),
                ..plain
            }
        } else if self.has(&["MIME Type", "Creation date"]) {
            // wallabag's.
            Dialect {
                separator: Some(','),
                order: Some(Order::Day),
                ..plain
            }
        } else {
            Dialect {
                unread: true,
                ..plain
            }
        }
    }

    fn reader<R: io::Read>(&self, text: R) -> csv::Reader<R> {
        ReaderBuilder::new()
            .has_headers(true)
            .flexible(true)
            .delimiter(self.delimiter)
            .from_reader(text)
    }

    /// Returns notices about columns that are left out.
    fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if self.is_guess
            && let Some(at) = self
                .columns
                .iter()
                .position(|(column, _)| *column == Column::Url)
        {
            notices.push(format!(
                "The column \"{}\" contains addresses, so it was read as the address.",
                row::shortened(&self.names[at])
            ));
        }
        let other: Vec<String> = self
            .names
            .iter()
            .zip(&self.columns)
            .filter(|(name, (column, _))| {
                *column == Column::Other
                    && !IGNORED.iter().any(|own| own.eq_ignore_ascii_case(name))
                    && !name.is_empty()
            })
            .map(|(name, _)| format!("\"{}\"", row::shortened(name)))
            .collect();
        if !other.is_empty() {
            let more = match other.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            notices.push(format!(
                "These columns don't fit into a note and were left out: {}{more}.",
                other[..other.len().min(NAMED)].join(", ")
            ));
        }
        notices
    }
}

/// Columns that matter only to the program that wrote them.
const IGNORED: &[&str] = &[
    "id",
    "user_id",
    "File Id",
    "cover",
    "thumbnail",
    "icon",
    "visibility",
    "check_disabled",
    "deleted_at",
    "MIME Type",
    "Content",
    "Word Count",
    "Highlight_Count",
    "Reading progress",
    "Seen",
    "favicon",
];

fn after_line(text: &str) -> Option<&str> {
    let at = text.find('\n')?;
    Some(&text[at + 1..])
}

/// Returns whether a text is a table without a header row: at least three fields in every row, one
/// of them an address.
pub(super) fn is_headless(text: &str) -> bool {
    [b',', b';'].into_iter().any(|delimiter| {
        let records = first_records(text, delimiter);
        let Some(first) = records.first() else {
            return false;
        };
        let address = first.iter().position(|field| is_address(field));
        address.is_some_and(|at| {
            first.len() > 2
                && records.len() > 1
                && first.iter().filter(|field| is_address(field)).count() == 1
                && records
                    .iter()
                    .all(|record| record.len() == first.len() && is_address(&record[at]))
        })
    })
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let Some(head) = Head::of(&source.head()?) else {
        return Err(Error::InvalidParams(
            "The table has no line with column names such as \"url\".".into(),
        ));
    };
    let mut text = source.text()?;
    skip_lines(&mut text, head.lines_before)?;
    if let Some(line) =
        unclosed_quote(&mut text, head.delimiter).map_err(|error| unreadable(&error))?
    {
        let line = line + head.lines_before;
        return Err(Error::InvalidParams(format!(
            "A quotation mark on line {line} is never closed, so the file is damaged or incomplete. Nothing was imported."
        )));
    }
    drop(text);
    let mut dialect = head.dialect();
    if dialect.order.is_none() {
        dialect.order = order(source, &head)?;
    }
    for notice in head.notices() {
        sink(Found::Notice(notice))?;
    }
    let mut any = false;
    each_record(source, &head, &mut |record, line| {
        any = true;
        sink(found(record, &head, dialect, line)?)
    })?;
    if !any {
        sink(Found::Empty)?;
    }
    Ok(())
}

fn skip_lines(text: &mut impl BufRead, lines: u64) -> Result<()> {
    let mut skipped = Vec::new();
    for _ in 0..lines {
        skipped.clear();
        text.read_until(b'\n', &mut skipped)
            .map_err(|error| unreadable(&error))?;
    }
    Ok(())
}

/// Calls `take` with each record and the line on which it begins.
fn each_record(
    source: &mut Source,
    head: &Head,
    take: &mut dyn FnMut(&ByteRecord, u64) -> Result<()>,
) -> Result<()> {
    let mut text = source.text()?;
    skip_lines(&mut text, head.lines_before)?;
    let text = RefCell::new(CountingReader::new(text, MAX_ROW_BYTES));
    let mut reader = head.reader(Shared {
        text: &text,
        after_return: false,
    });
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
        take(&record, line + head.lines_before)?;
    }
}

/// Returns the order of day and month that the dates of a table reveal, if some dates can't be read
/// without it.
fn order(source: &mut Source, head: &Head) -> Result<Option<Order>> {
    let dates: Vec<usize> = (0..head.columns.len())
        .filter(|at| matches!(head.columns[*at].0, Column::Saved | Column::Updated))
        .collect();
    if dates.is_empty() {
        return Ok(None);
    }
    let (mut ambiguous, mut day, mut month) = (false, false, false);
    each_record(source, head, &mut |record, _| {
        for at in &dates {
            let field = record.get(*at).unwrap_or_default();
            // Most tables have dates in another form.
            if !field.contains(&b'/') && !field.contains(&b'-') || field.get(4) == Some(&b'-') {
                continue;
            }
            let text = String::from_utf8_lossy(field);
            ambiguous |= dates::is_ambiguous(&text);
            match dates::order_shown(&text) {
                Some(Order::Day) => day = true,
                Some(Order::Month) => month = true,
                None => {}
            }
        }
        Ok(())
    })?;
    Ok(match (ambiguous, day, month) {
        (true, true, false) => Some(Order::Day),
        (true, false, true) => Some(Order::Month),
        _ => None,
    })
}

/// The text with normalised line endings, because the CSV reader counts only line feeds. The length
/// of a record is checked from outside.
struct Shared<'a, R> {
    text: &'a RefCell<CountingReader<R>>,
    after_return: bool,
}

impl<R: BufRead> io::Read for Shared<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.text.borrow_mut().read(buffer)?;
            let mut kept = 0;
            for at in 0..read {
                let byte = buffer[at];
                if byte != b'\n' || !self.after_return {
                    buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
                self.after_return = byte == b'\r';
            }
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

/// Returns the line of a quotation mark that opens a field and is never closed.
fn unclosed_quote(text: &mut impl BufRead, delimiter: u8) -> io::Result<Option<u64>> {
    let mut line = 1_u64;
    let mut opened = None;
    // At the start of a field, its first byte may be a quotation mark.
    let mut before = true;
    // Whether the byte before was a quotation mark inside of a quoted field.
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

fn found(record: &ByteRecord, head: &Head, dialect: Dialect, line: u64) -> Result<Found> {
    let (fields, names) = (record.len(), head.columns.len());
    let surplus = (names..fields).any(|at| !record.get(at).unwrap_or_default().is_empty());
    if fields < names || surplus {
        return Ok(Found::refused(
            line,
            format!(
                "It has {fields} fields where the first line has {names}; a quotation mark may be missing.",
            ),
        ));
    }
    // Another table with its own header may follow.
    if let Some(secret) = in_names(record, head.address()) {
        return Err(secret_names::refusal(secret));
    }
    let mut row = Row {
        line,
        ..Row::default()
    };
    let mut filling = Filling::new(&mut row, dialect);
    for (field, (column, rank)) in record.iter().zip(&head.columns) {
        let text = String::from_utf8_lossy(field);
        if secret_names::is_code_secret(&text) {
            return Err(secret_names::refusal(secret_names::Secret::OneTimeCode));
        }
        filling.text(*column, *rank, unguarded(&text));
    }
    Ok(row.into())
}

/// Removes the apostrophe with which our exports protect fields that a spreadsheet would treat as a
/// formula.
fn unguarded(text: &str) -> &str {
    let formula = text
        .trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t', '\r']);
    match text.strip_prefix('\'') {
        Some(rest) if formula => rest,
        _ => text,
    }
}

/// Returns the secret in a record that is another header row.
fn in_names(record: &ByteRecord, address: usize) -> Option<Secret> {
    let name = |field: &[u8]| String::from_utf8_lossy(field).trim().to_owned();
    // No address consists of letters alone.
    let first = name(record.get(address).unwrap_or_default());
    if first.contains([':', '.', '/']) || !columns::is_known(&first) {
        return None;
    }
    record.iter().find_map(|field| of_name(&name(field)))
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
        let columns: Vec<Column> = head.columns.iter().map(|(column, _)| *column).collect();
        assert_eq!(columns, [Column::Title, Column::Url, Column::Tags]);
        for (text, delimiter, before, is_guess) in [
            ("name,link,labels\nx,https://e.org/,a", b',', 0, false),
            ("sep=;\nurl;title\n", b';', 1, false),
            ("My links\n\nurl\ttitle\n", b'\t', 2, false),
            ("url\nhttps://e.org/a,b\n", NO_DELIMITER, 0, false),
            ("Page,Where\nx,https://e.org/\n", b',', 0, true),
        ] {
            let head = Head::of(text).unwrap();
            let found = (head.delimiter, head.lines_before, head.is_guess);
            assert_eq!(found, (delimiter, before, is_guess), "{text}");
        }
        for text in [
            "",
            "a,b\nc,d",
            "https://e.org/ | a",
            "https://e.org/,url",
            "a sentence, of words\nhttps://e.org/\n",
        ] {
            assert!(Head::of(text).is_none(), "{text}");
        }
        assert!(is_headless("https://e.org/,a,b\nhttps://f.org/,c,d\n"));
        for text in [
            "https://e.org/a,b\nhttps://f.org/c,d\n",
            "url,a,b\nhttps://e.org/,a,b\n",
            "",
        ] {
            assert!(!is_headless(text), "{text}");
        }
    }
}
