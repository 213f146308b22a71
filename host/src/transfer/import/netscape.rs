//! Netscape bookmark files, which have no definition: every browser and service
//! writes its own. Pocket's, Delicious', Pinboard's, Shaarli's, linkding's, Raindrop's
//! and Instapaper's too.

use std::io;

use super::{
    html::{Tag, Token, Tokens},
    row::{ARCHIVE, FOLDERS, Found, Row, STARRED, Sink, TO_READ, date},
    source::{Source, unreadable},
};
use crate::error::{Error, Result};

/// Deepest folder. Those of files that never close theirs are as deep as they are many.
const MAX_DEPTH: usize = 100_000;
/// So much of a text is kept, in bytes: more than a note takes.
const MAX_TEXT_BYTES: usize = 128 * 1024;
/// So much of a folder's name is kept, in bytes: more than a tag takes. All around a
/// bookmark are held.
const MAX_FOLDER_BYTES: usize = 1024;
/// linkding's tag of what was put away.
const LINKDING_ARCHIVED: &str = "linkding:bookmarks.archived";

/// Safari's folder of what is yet to be read.
const SAFARI_READING_LIST: &str = "com.apple.ReadingList";

/// Where text goes.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum In {
    Nothing,
    Title,
    Note,
    Folder,
    /// Headings of Pocket and Instapaper.
    Heading,
}

#[derive(Default)]
struct Folder {
    /// None for those that browsers have of their own, and for lists without a name.
    name: Option<String>,
    /// Whether it has its name already, whatever its heading says.
    named: bool,
}

struct Reading<'a, 's> {
    sink: &'a mut Sink<'s>,
    inside: In,
    row: Option<Row>,
    folders: Vec<Folder>,
    /// The heading that was read last: of the list that follows.
    heading: Option<Folder>,
    text: String,
    /// Whether there was more text of this bookmark than is kept.
    too_long: bool,
    /// Whether a bookmark may begin: not in the middle of a note.
    item: bool,
    /// Whether one tag may be of several words: Firefox puts commas between tags, and
    /// alone of all writes such a head.
    by_commas: bool,
    /// The list of Pocket or Instapaper: its state.
    list: Option<&'static str>,
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let mut tokens = Tokens::new(source.text()?);
    let mut reading = Reading {
        sink,
        inside: In::Nothing,
        row: None,
        folders: Vec::new(),
        heading: None,
        text: String::new(),
        too_long: false,
        item: false,
        by_commas: false,
        list: None,
    };
    let mut line = 1;
    loop {
        match tokens.next() {
            Ok(Some(Token::Text(text))) => {
                reading.text(&text);
                reading.too_long |= tokens.cut && reading.inside == In::Note;
            }
            Ok(Some(Token::Tag(tag))) => {
                line = tag.line;
                reading.tag(&tag)?;
            }
            Ok(None) if reading.inside == In::Title => return Err(cut_off(line)),
            Ok(None) => return reading.end_item(),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(cut_off(line));
            }
            Err(error) => return Err(unreadable(&error)),
        }
    }
}

fn cut_off(line: u64) -> Error {
    Error::InvalidParams(format!(
        "The file ends in the middle, after line {line}; nothing was imported."
    ))
}

impl Reading<'_, '_> {
    fn text(&mut self, text: &str) {
        if self.inside != In::Nothing {
            self.push(text);
        } else if !text.trim().is_empty() {
            self.item = false;
        }
    }

    fn push(&mut self, text: &str) {
        let room = MAX_TEXT_BYTES.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(room);
        self.text.push_str(&text[..end]);
        self.too_long |= self.inside == In::Note && end < text.len();
    }

    fn tag(&mut self, tag: &Tag) -> Result<()> {
        let in_note = self.inside == In::Note;
        match (tag.name.as_str(), tag.closing) {
            ("a", false) if self.item || !in_note => {
                self.end_item()?;
                self.begin(tag);
            }
            ("a", true) if self.inside == In::Title => self.end_text(),
            ("dt", false) => self.begin_item()?,
            // In a note it is the author's.
            ("li", false) if !in_note => self.begin_item()?,
            ("dd", false) => {
                self.end_text();
                // Of a folder: there is no note that it could be of.
                self.inside = if self.row.is_some() {
                    In::Note
                } else {
                    In::Nothing
                };
                self.item = false;
            }
            ("h3", false) if !in_note || self.item => {
                self.end_item()?;
                self.heading = Some(heading(tag));
                self.inside = In::Folder;
            }
            ("h3", true) if self.inside == In::Folder => self.end_text(),
            ("h1", false) if !in_note => {
                self.end_item()?;
                self.inside = In::Heading;
            }
            ("h1", true) if self.inside == In::Heading => self.end_text(),
            ("dl", false) => {
                self.end_item()?;
                if self.folders.len() >= MAX_DEPTH {
                    return Err(Error::InvalidParams(format!(
                        "On line {} folders are nested deeper than {MAX_DEPTH} times, which no bookmarks are; nothing was imported.",
                        tag.line
                    )));
                }
                self.folders.push(self.heading.take().unwrap_or_default());
            }
            ("dl", true) => {
                self.end_item()?;
                self.heading = None;
                self.folders.pop();
            }
            ("meta", false) if !in_note => {
                let about = tag.attribute(&["http-equiv"]).unwrap_or_default();
                self.by_commas |= about.eq_ignore_ascii_case("Content-Security-Policy");
            }
            // On a line of its own it stands between bookmarks.
            ("hr", false)
                if !in_note || self.text.trim_end_matches([' ', '\t']).ends_with('\n') =>
            {
                self.end_item()?;
            }
            ("br" | "p", _) if in_note => self.push("\n"),
            // Pinboard's around a note.
            ("blockquote" | "dd", _) if in_note => {}
            // Whatever else is in a title or a note was written by somebody who meant it.
            _ if self.inside != In::Nothing => self.push(&tag.source),
            _ => {}
        }
        Ok(())
    }

    fn begin_item(&mut self) -> Result<()> {
        self.end_item()?;
        self.item = true;
        Ok(())
    }

    fn begin(&mut self, tag: &Tag) {
        let attribute = |names: &[&str]| tag.attribute(names).unwrap_or_default();
        let names = attribute(&["tags", "tag", "labels", "label"]);
        let mut tags = match self.by_commas {
            true => names.split(',').map(str::to_owned).collect(),
            false => split_tags(names),
        };
        if let Some(archived) = tags.iter_mut().find(|tag| **tag == LINKDING_ARCHIVED) {
            ARCHIVE.clone_into(archived);
        }
        if is_yes(attribute(&["toread", "unread"])) {
            tags.push(TO_READ.to_owned());
        }
        // Raindrop's.
        if is_yes(attribute(&["data-important"])) {
            tags.push(STARRED.to_owned());
        }
        tags.extend(self.list.map(str::to_owned));
        self.row = Some(Row {
            line: tag.line,
            url: attribute(&["href"]).to_owned(),
            tags,
            folders: self.path(),
            note: attribute(&["note", "description"]).to_owned(),
            saved: date(attribute(&["add_date", "time_added", "date", "added"])),
            updated: date(attribute(&["last_modified"])),
            ..Row::default()
        });
        self.inside = In::Title;
    }

    /// Names of the folders around, the innermost ones; one more than are taken, so
    /// that it is known where there are more.
    fn path(&self) -> Vec<String> {
        let names = self.folders.iter().rev();
        let names = names.filter_map(|folder| folder.name.clone());
        let mut names: Vec<String> = names.take(FOLDERS + 1).collect();
        names.reverse();
        names
    }

    /// What was text until here goes where it belongs.
    fn end_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        match (
            std::mem::replace(&mut self.inside, In::Nothing),
            &mut self.row,
        ) {
            (In::Title, Some(row)) => row.title = text,
            (In::Note, Some(row)) if row.note.len() + text.len() > MAX_TEXT_BYTES => {
                self.too_long = true;
            }
            (In::Note, Some(row)) => {
                if !row.note.is_empty() && !text.trim().is_empty() {
                    row.note.push_str("\n\n");
                }
                row.note.push_str(&note(&text));
            }
            (In::Folder, _) => {
                if let Some(Folder {
                    name: Some(name),
                    named: false,
                }) = &mut self.heading
                {
                    let text = text.trim();
                    text[..text.floor_char_boundary(MAX_FOLDER_BYTES)].clone_into(name);
                }
            }
            (In::Heading, _) => {
                self.list = match text.trim() {
                    "Unread" => Some(TO_READ),
                    "Read Archive" | "Archive" => Some(ARCHIVE),
                    "Starred" => Some(STARRED),
                    _ => None,
                };
            }
            _ => {}
        }
    }

    fn end_item(&mut self) -> Result<()> {
        self.end_text();
        self.item = false;
        let too_long = std::mem::take(&mut self.too_long);
        match self.row.take() {
            Some(row) if too_long => {
                (self.sink)(Found::refused(row.line, "Its text has more than 128 KiB."))
            }
            Some(row) => (self.sink)(Found::from(row)),
            None => Ok(()),
        }
    }
}

/// The folder of a heading. Those that a browser has of its own have names that
/// nobody chose, in whatever language.
fn heading(tag: &Tag) -> Folder {
    if tag.attribute(&["id"]) == Some(SAFARI_READING_LIST) {
        return Folder {
            name: Some(TO_READ.to_owned()),
            named: true,
        };
    }
    let own = ["personal_toolbar_folder", "unfiled_bookmarks_folder"];
    Folder {
        name: own
            .iter()
            .all(|name| tag.attribute(&[name]).is_none())
            .then(String::new),
        named: false,
    }
}

/// By commas, or by spaces where there are none.
pub(super) fn split_tags(text: &str) -> Vec<String> {
    let pieces: Vec<&str> = if text.contains(',') {
        text.split(',').collect()
    } else {
        text.split_whitespace().collect()
    };
    let pieces = pieces.into_iter().map(str::trim);
    pieces
        .filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `1`, `true`, `yes`
pub(super) fn is_yes(text: &str) -> bool {
    ["1", "true", "yes"]
        .iter()
        .any(|yes| text.trim().eq_ignore_ascii_case(yes))
}

/// linkding puts the user's own text behind the description.
fn note(text: &str) -> String {
    let Some((before, rest)) = text.split_once("[linkding-notes]") else {
        return text.to_owned();
    };
    let (notes, after) = rest.split_once("[/linkding-notes]").unwrap_or((rest, ""));
    let pieces = [before, notes, after].map(str::trim);
    let pieces: Vec<&str> = pieces
        .into_iter()
        .filter(|piece| !piece.is_empty())
        .collect();
    pieces.join("\n\n")
}
