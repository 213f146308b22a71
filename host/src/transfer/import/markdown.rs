//! Reads lists of links in Markdown (CommonMark, and GFM's task items): `- [title](address) text`.
//!
//! A heading is a folder, and so is an item without a link that contains a list. A single
//! first-level heading is the title of the list.

use std::{io::Read as _, ops::Range};

use pulldown_cmark::{Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::{
    row::{FOLDERS, Found, Row, Sink, shortened},
    source::{Source, unreadable},
};
use crate::error::{Error, Result};

/// Largest file, in bytes. It is held in memory.
const MAX_BYTES: u64 = 32 << 20;

/// Returns whether a text has an item with a link, or a link at the start of a line.
pub(super) fn recognises(text: &str) -> bool {
    let text = text.trim_start();
    // Other formats may begin like a link.
    if text.starts_with(['<', '{']) || text.starts_with("[{") || text.contains('\0') {
        return false;
    }
    text.split(['\n', '\r']).any(|line| {
        let line = line.trim_start();
        let marked = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let item = match line.len() - marked.len() {
            0 => marked.strip_prefix(['-', '*', '+']),
            _ => marked.strip_prefix(['.', ')']),
        };
        let item = item.filter(|rest| rest.starts_with([' ', '\t']));
        let content = item.unwrap_or(line);
        let has_link = content.contains("](") || item.is_some() && content.contains("][");
        let has_address = content.contains("http://") || content.contains("https://");
        has_link && (item.is_some() || line.starts_with('[')) || item.is_some() && has_address
    })
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let mut text = String::new();
    let read = source.text()?.take(MAX_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| unreadable(&error))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(Error::InvalidParams(
            "The file is larger than 32 MiB, the limit for this format.".into(),
        ));
    }
    if text.contains('\r') {
        text = text.replace("\r\n", "\n").replace('\r', "\n");
    }
    let options = || Options::ENABLE_TASKLISTS | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let first_level = |event: &Event<'_>| matches!(event, Event::Start(Tag::Heading { level, .. }) if *level == HeadingLevel::H1);
    let titles = Parser::new_ext(&text, options())
        .filter(first_level)
        .count();
    let mut reading = Reading {
        text: &text,
        sink,
        is_titled: titles == 1,
        headings: Vec::new(),
        heading: None,
        items: Vec::new(),
        counted: (0, 1),
        unlinked: 0,
    };
    for (event, range) in Parser::new_ext(&text, options()).into_offset_iter() {
        reading.event(event, range)?;
    }
    if reading.unlinked > 0 {
        let notice = format!(
            "Paragraphs without a link were left out: {}.",
            reading.unlinked
        );
        (reading.sink)(Found::Notice(notice))?;
    }
    Ok(())
}

struct Link {
    url: String,
    title: String,
    range: Range<usize>,
}

/// A list item, or a paragraph outside of all lists.
struct Item {
    is_listed: bool,
    /// The range of its text so far, without nested lists.
    range: Range<usize>,
    links: Vec<Link>,
    /// Whether a link is open.
    in_link: bool,
    /// Its text, as long as it has no link.
    name: String,
    /// Whether its bookmarks were passed on, because a nested list has begun.
    is_done: bool,
    folder: Option<String>,
}

struct Reading<'a, 's> {
    text: &'a str,
    sink: &'a mut Sink<'s>,
    is_titled: bool,
    headings: Vec<(HeadingLevel, String)>,
    heading: Option<(HeadingLevel, String)>,
    items: Vec<Item>,
    /// A position in the text, and its line.
    counted: (usize, u64),
    unlinked: u64,
}

impl Reading<'_, '_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) -> Result<()> {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.heading = Some((level, String::new()));
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, name)) = self.heading.take() {
                    self.headings.retain(|(own, _)| *own < level);
                    if !(self.is_titled && level == HeadingLevel::H1) {
                        self.headings.push((level, name.trim().to_owned()));
                    }
                }
            }
            Event::Start(Tag::List(_)) => self.finish(range.start, true)?,
            Event::Start(Tag::Item) => self.begin(range.start, true),
            Event::End(TagEnd::Item) => {
                self.finish(range.end, false)?;
                self.items.pop();
            }
            Event::Start(Tag::Paragraph) if self.items.is_empty() => {
                self.begin(range.start, false);
            }
            Event::End(TagEnd::Paragraph) if self.items.last().is_some_and(|i| !i.is_listed) => {
                self.finish(range.end, false)?;
                self.items.pop();
            }
            Event::TaskListMarker(_) => {
                if let Some(item) = self.items.last_mut() {
                    item.range.start = range.end;
                }
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                ..
            }) => {
                let url = match link_type {
                    LinkType::Email => format!("mailto:{dest_url}"),
                    _ => dest_url.into_string(),
                };
                if let Some(item) = self.items.last_mut().filter(|item| !item.is_done) {
                    item.in_link = true;
                    item.links.push(Link {
                        url,
                        title: String::new(),
                        range,
                    });
                }
            }
            Event::End(TagEnd::Link) => {
                if let Some(item) = self.items.last_mut() {
                    item.in_link = false;
                }
            }
            Event::Text(text) | Event::Code(text) => self.said(&text),
            Event::SoftBreak | Event::HardBreak => self.said(" "),
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, at: usize, is_listed: bool) {
        // An item begins with its marker.
        let rest = &self.text[at..];
        let marker = match is_listed {
            true => {
                let digits =
                    rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                digits + 1
            }
            false => 0,
        };
        let start = (at + marker).min(self.text.len());
        self.items.push(Item {
            is_listed,
            range: start..start,
            links: Vec::new(),
            in_link: false,
            name: String::new(),
            is_done: false,
            folder: None,
        });
    }

    fn said(&mut self, text: &str) {
        if let Some((_, name)) = &mut self.heading {
            name.push_str(text);
            return;
        }
        let Some(item) = self.items.last_mut().filter(|item| !item.is_done) else {
            return;
        };
        match item.links.last_mut() {
            Some(link) if item.in_link => link.title.push_str(text),
            Some(_) => {}
            None => item.name.push_str(text),
        }
    }

    fn line(&mut self, at: usize) -> u64 {
        let (place, line) = self.counted;
        let (from, before) = if at < place { (0, 1) } else { (place, line) };
        let breaks = self.text.as_bytes()[from..at]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        self.counted = (at, before + u64::try_from(breaks).unwrap_or(0));
        self.counted.1
    }

    fn folders(&self) -> Vec<String> {
        let headings = self.headings.iter().map(|(_, name)| name);
        let items = self.items.iter().filter_map(|item| item.folder.as_ref());
        let names: Vec<&String> = headings.chain(items).collect();
        let from = names.len().saturating_sub(FOLDERS + 1);
        names[from..].iter().map(|name| (*name).clone()).collect()
    }

    /// Passes on the bookmarks of the innermost item, whose text ends here. With a nested list, it
    /// may be a folder.
    fn finish(&mut self, end: usize, has_list: bool) -> Result<()> {
        let folders = self.folders();
        let Some(item) = self.items.last_mut().filter(|item| !item.is_done) else {
            return Ok(());
        };
        item.is_done = true;
        let start = item.range.start;
        let (links, name) = (
            std::mem::take(&mut item.links),
            std::mem::take(&mut item.name),
        );
        let is_listed = item.is_listed;
        let text = self.text.get(start..end.max(start)).unwrap_or_default();
        if let Some(first) = links.first() {
            let before = self.text.get(start..first.range.start).unwrap_or_default();
            let after = self.text.get(first.range.end..end).unwrap_or_default();
            let mut note = noted(before, after);
            for link in links {
                let line = self.line(link.range.start);
                (self.sink)(
                    Row {
                        line,
                        url: link.url,
                        title: link.title,
                        folders: folders.clone(),
                        note: std::mem::take(&mut note),
                        ..Row::default()
                    }
                    .into(),
                )?;
            }
            return Ok(());
        }
        let line = self.line(start);
        if let Some(range) = bare_address(text) {
            let note = noted("", &text[range.end..]);
            let title = text[..range.start].trim_matches(is_separator);
            let row = Row {
                line,
                url: text[range].to_owned(),
                title: title.to_owned(),
                folders,
                note,
                ..Row::default()
            };
            return (self.sink)(row.into());
        }
        let name = name.trim();
        if !is_listed {
            self.unlinked += u64::from(!name.is_empty());
            return Ok(());
        }
        if has_list {
            if let Some(item) = self.items.last_mut() {
                item.folder = Some(name.to_owned());
            }
            return Ok(());
        }
        if name.is_empty() {
            return Ok(());
        }
        let sentence = format!("\"{}\" has no link.", shortened(name));
        (self.sink)(Found::refused(line, sentence))
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || "-–—:|·•,".contains(c)
}

/// Returns what is before and after a link, as a note.
fn noted(before: &str, after: &str) -> String {
    let before = before.trim_matches(is_separator);
    let after = after.trim_end().trim_start_matches(is_separator);
    let lines = after.lines().map(str::trim_end);
    let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let indent = after
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(blanks)
        .min();
    let after: Vec<&str> = lines
        .enumerate()
        .map(|(nth, line)| match nth {
            0 => line,
            _ => line.get(indent.unwrap_or(0)..).unwrap_or_default(),
        })
        .collect();
    let pieces = [before, &after.join("\n")];
    // A mark alone isn't a note.
    let pieces = pieces
        .into_iter()
        .filter(|piece| piece.contains(char::is_alphanumeric));
    pieces.collect::<Vec<_>>().join("\n\n")
}

/// Returns the range of an address in a text without links.
fn bare_address(text: &str) -> Option<Range<usize>> {
    let start = ["https://", "http://", "www."].iter().filter_map(|start| {
        let found = text.find(start)?;
        let before = text[..found].chars().next_back();
        before
            .is_none_or(|c| c.is_whitespace() || "([<\"".contains(c))
            .then_some(found)
    });
    let start = start.min()?;
    let length = text[start..].find(|c: char| c.is_whitespace() || "<>\"".contains(c));
    let end = length.map_or(text.len(), |length| start + length);
    let end = start
        + text[start..end]
            .trim_end_matches(['.', ',', ';', ')', ']'])
            .len();
    Some(start..end)
}
