//! Reads XML as a stream of elements and texts.
//!
//! Nothing outside of the file is read, and no entity that a file declares is expanded: such a
//! reference stays as written.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{
    html::{unescaped, unescaped_value},
    html_input::MAX_TEXT_BYTES,
    source::{CountingReader, Source, unreadable},
};
use crate::error::{Error, Result};

/// Longest tag, text or comment, in bytes.
const MAX_PIECE_BYTES: u64 = 16 << 20;
/// Deepest element.
const MAX_DEPTH: usize = 10_000;

/// A start tag.
#[derive(Debug)]
pub(super) struct Element {
    /// In lower case, without a prefix.
    pub(super) name: String,
    /// Its line, from 1.
    pub(super) line: u64,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// Returns the value of the first attribute with one of these names, which are in lower case.
    pub(super) fn attribute(&self, names: &[&str]) -> &str {
        let found = names.iter().find_map(|name| {
            let mut all = self.attributes.iter();
            all.find(|(own, value)| own == name && !value.trim().is_empty())
        });
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// Receives the content of a file for a format.
pub(super) trait Elements {
    /// An element begins.
    fn open(&mut self, element: Element) -> Result<()>;
    /// The text between two tags; a long one is cut.
    fn text(&mut self, text: &str);
    /// The innermost element ends.
    fn close(&mut self, name: &str) -> Result<()>;
}

/// Returns the name of the first element of a text in lower case, or `None` if it isn't XML.
pub(super) fn root(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']));
    reader.config_mut().allow_dangling_amp = true;
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => return Some(name(&element)),
            Ok(Event::Text(text)) if !text.trim_ascii().is_empty() => return None,
            Ok(Event::Eof | Event::CData(_) | Event::End(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

fn name(element: &BytesStart<'_>) -> String {
    let local = element.local_name();
    local.as_ref().to_ascii_lowercase()
}

/// Reads a file to its end.
///
/// # Errors
/// `InvalidParams` with a sentence if it isn't XML, is truncated, or is nested too deeply; those of
/// `elements`.
pub(super) fn read(source: &mut Source, elements: &mut impl Elements) -> Result<()> {
    let mut reader = Reader::from_reader(CountingReader::new(source.text()?, MAX_PIECE_BYTES));
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    let mut buffer = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut text = String::new();
    loop {
        buffer.clear();
        reader.get_mut().next_record();
        let line = reader.get_ref().line();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(quick_xml::Error::Io(error)) => return Err(unreadable(&error)),
            Err(error) => {
                let at = reader.get_ref().last_line();
                return Err(Error::InvalidParams(format!(
                    "The file is broken on line {at} ({}); nothing was imported.",
                    error.to_string().replace('\n', " ")
                )));
            }
        };
        match event {
            Event::Start(start) => {
                flush(&mut text, elements);
                if open.len() >= MAX_DEPTH {
                    return Err(Error::InvalidParams(format!(
                        "Elements on line {line} are nested more than {MAX_DEPTH} levels deep; nothing was imported."
                    )));
                }
                let element = element(&start, line);
                open.push(element.name.clone());
                elements.open(element)?;
            }
            Event::Empty(start) => {
                flush(&mut text, elements);
                let element = element(&start, line);
                let name = element.name.clone();
                elements.open(element)?;
                elements.close(&name)?;
            }
            Event::End(_) => {
                flush(&mut text, elements);
                if let Some(name) = open.pop() {
                    elements.close(&name)?;
                }
            }
            Event::Text(piece) => push(&mut text, &piece),
            Event::CData(piece) => push(&mut text, &piece),
            Event::GeneralRef(name) => {
                let reference = format!("&{};", &*name);
                push(&mut text, &unescaped(&reference));
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    let line = reader.get_ref().last_line();
    Err(Error::InvalidParams(format!(
        "The file ends in the middle, after line {line}; nothing was imported."
    )))
}

fn push(text: &mut String, piece: &str) {
    let room = MAX_TEXT_BYTES.saturating_sub(text.len());
    text.push_str(&piece[..piece.floor_char_boundary(room)]);
}

fn flush(text: &mut String, elements: &mut impl Elements) {
    if !text.is_empty() {
        elements.text(text);
        text.clear();
    }
}

fn element(start: &BytesStart<'_>, line: u64) -> Element {
    let attributes = start.html_attributes().filter_map(|attribute| {
        // An invalid attribute is left out, and the following ones are read.
        let attribute = attribute.ok()?;
        let name = attribute.key.local_name().as_ref().to_ascii_lowercase();
        let value = &attribute.value;
        let value = &value[..value.floor_char_boundary(MAX_TEXT_BYTES)];
        Some((name, unescaped_value(value)))
    });
    Element {
        name: name(start),
        line,
        attributes: attributes.collect(),
    }
}
