//! Reads lists of addresses, one per line, and OneTab's `address | title`.

use std::io::{self, BufRead};

use super::{
    row::{Found, Row, Sink, shortened},
    source::{CountingReader, Source, unreadable},
};
use crate::error::Result;

/// Longest line, in bytes.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// Schemes of bookmarked addresses without `//`.
const SCHEMES: &[&str] = &[
    "about",
    "chrome",
    "data",
    "doi",
    "edge",
    "javascript",
    "magnet",
    "mailto",
    "news",
    "place",
    "tel",
    "urn",
    "view-source",
];

/// Returns whether a text is a list of addresses: at least one line in four has one, or the first
/// line does.
pub(super) fn recognises(text: &str) -> bool {
    if text.contains('\0') {
        return false;
    }
    let (mut all, mut addresses) = (0, 0);
    let mut first = false;
    for line in text.split(['\n', '\r']).map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let is_address = is_address(line) || titled(line).is_some();
        first |= all == 0 && is_address;
        all += 1;
        addresses += u32::from(is_address);
    }
    first || addresses > 0 && addresses * 4 >= all
}

/// Returns whether a line begins with a web address.
fn is_address(line: &str) -> bool {
    [
        "http://",
        "https://",
        "www.",
        "view-source:http",
        "about:reader?url=",
    ]
    .iter()
    .any(|start| {
        line.get(..start.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(start))
    })
}

/// Returns whether a word is an address of any scheme.
fn is_any_address(word: &str) -> bool {
    let scheme = word.split_once(':').filter(|(scheme, rest)| {
        let known = || {
            SCHEMES
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known))
        };
        !scheme.is_empty()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && (rest.starts_with("//") || !rest.is_empty() && known())
    });
    scheme.is_some() || is_address(word)
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let mut text = CountingReader::new(source.text()?, MAX_LINE_BYTES);
    let mut buffer = Vec::new();
    loop {
        let line = text.line();
        buffer.clear();
        text.next_record();
        if !read_line(&mut text, &mut buffer).map_err(|error| unreadable(&error))? {
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

/// Reads a line with any line ending. Returns false at the end of the text.
fn read_line(text: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        let available = text.fill_buf()?;
        if available.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = available
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'));
        line.extend_from_slice(&available[..end.unwrap_or(available.len())]);
        let read = end.map_or(available.len(), |end| end + 1);
        text.consume(read);
        if end.is_some() {
            return Ok(true);
        }
    }
}

fn found(entry: &str, line: u64) -> Found {
    // OneTab's, of a page without a title.
    let entry = entry.strip_suffix(" |").unwrap_or(entry).trim_end();
    let (url, title) = match entry.split_once(" | ") {
        Some((url, title)) => (url, title),
        None => entry.split_once(char::is_whitespace).unwrap_or((entry, "")),
    };
    let (url, title) = match is_any_address(url) {
        true => (url, title),
        false => match titled(entry) {
            Some(found) => found,
            None => {
                let sentence = format!("\"{}\" isn't an address.", shortened(entry));
                return Found::refused(line, sentence);
            }
        },
    };
    Row {
        line,
        url: url.to_owned(),
        title: title.to_owned(),
        ..Row::default()
    }
    .into()
}

/// Returns the address at the end of a line, and the title before it.
fn titled(entry: &str) -> Option<(&str, &str)> {
    let (title, url) = entry.rsplit_once(char::is_whitespace)?;
    let title = title.trim_end_matches(|c: char| c.is_whitespace() || "|:-–—".contains(c));
    is_address(url).then_some((url, title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_recognised_by_its_addresses() {
        for (text, is_list) in [
            ("Sat Feb 18\nhttps://e.org/ | E\n\nno\n", true),
            ("www.e.org\r", true),
            ("# x\rHTTPS://E.org/\r", true),
            ("A title - https://e.org/", true),
            ("a\nb\nc\nd\nhttps://e.org/", false),
            ("some text", false),
            ("", false),
            ("https://e.org/\0", false),
        ] {
            assert_eq!(recognises(text), is_list, "{text:?}");
        }
    }

    #[test]
    fn a_line_is_an_address_with_a_title_before_or_behind_it() {
        for (line, expected) in [
            ("https://e.org/", Some(("https://e.org/", ""))),
            ("https://e.org/ | T | U", Some(("https://e.org/", "T | U"))),
            ("https://e.org/\tT", Some(("https://e.org/", "T"))),
            ("https://e.org/ |", Some(("https://e.org/", ""))),
            (
                "A title: https://e.org/",
                Some(("https://e.org/", "A title")),
            ),
            ("T — www.e.org", Some(("www.e.org", "T"))),
            ("mailto:a@e.org", Some(("mailto:a@e.org", ""))),
            ("chrome://flags", Some(("chrome://flags", ""))),
            ("Note: something", None),
            ("10:30", None),
            ("Sat Feb 18 2023 10:30:00 GMT+0000", None),
        ] {
            match (found(line, 1), expected) {
                (Found::Row(row), Some(expected)) => {
                    assert_eq!((row.url.as_str(), row.title.as_str()), expected);
                }
                (Found::Refused { .. }, None) => {}
                (found, _) => panic!("{line}: {found:?}"),
            }
        }
    }
}
