//! Plain lists of addresses, and OneTab's `address | title`.

use std::io::BufRead as _;

use super::{
    row::{Found, Row, Sink, shortened},
    source::{Counting, Source, unreadable},
};
use crate::error::Result;

/// Longest line, in bytes.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Whether a line begins with an address.
pub(super) fn is_address(line: &str) -> bool {
    let line = line.trim_start();
    ["http://", "https://"].iter().any(|scheme| {
        line.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let mut text = Counting::new(source.text()?, MAX_LINE_BYTES);
    let mut buffer = Vec::new();
    loop {
        let line = text.line();
        buffer.clear();
        text.next_record();
        let read = text.read_until(b'\n', &mut buffer);
        if read.map_err(|error| unreadable(&error))? == 0 {
            return Ok(());
        }
        let entry = String::from_utf8_lossy(&buffer);
        let entry = entry.trim();
        // Lists have headings and comments.
        if entry.is_empty() || entry.starts_with('#') {
            continue;
        }
        sink(found(entry, line))?;
    }
}

fn found(entry: &str, line: u64) -> Found {
    let (url, title) = match entry.split_once(" | ") {
        Some((url, title)) => (url, title),
        None => entry.split_once(char::is_whitespace).unwrap_or((entry, "")),
    };
    if !url.contains(':') {
        return Found::refused(line, format!("\"{}\" is no address.", shortened(entry)));
    }
    Row {
        line,
        url: url.to_owned(),
        title: title.to_owned(),
        ..Row::default()
    }
    .into()
}
