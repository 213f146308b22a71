//! The search index of an exported site: which notes contain which words, in pieces that a page
//! loads on demand.
//!
//! The pieces are scripts that pass data to the page, because a page opened from a disk can load
//! nothing else. `assets/pieces.js` reads them.
//!
//! Notes are numbered, the oldest 0, so a new note changes only the pieces of its own words. Words
//! are those of `domain/words.rs`; `=gpu` is a tag or one that implies it, `:!=gpu` the tag itself if
//! others imply it, `=` means no tag, `:e.org` a site.

use std::{borrow::Cow, collections::HashMap, io};

use jiff::civil::Date;
use serde::Serialize;

use super::folder::Folder;
use crate::{
    domain::{LinkVerdict, Note, PageUrl, Searched, Tag, Words, spellings},
    site::{controller::PAGE_NOTES, file_names::FileNames, site_icons::SiteIcons},
    store::Outline,
};

/// Notes per piece.
pub(super) const NOTES_PER_PIECE: usize = 20;
/// A piece of words ends after the word that reaches this length, in bytes.
const PIECE_BYTES: usize = 48 * 1024;
/// Digits of numbers. A digit of the first half ends a number; after one of the second half, more
/// follow.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The value of each digit.
const VALUES: [u8; 256] = {
    let mut values = [0; 256];
    let mut digit = 0;
    while digit < DIGITS.len() {
        #[expect(clippy::cast_possible_truncation, reason = "there are 64")]
        let value = digit as u8;
        values[DIGITS[digit] as usize] = value;
        digit += 1;
    }
    values
};

/// The notes of each word.
#[derive(Debug, Default)]
pub(super) struct Index {
    words: HashMap<Box<str>, Notes>,
}

/// Note numbers in ascending order, each stored as the difference from the one before.
#[derive(Debug, Default)]
struct Notes {
    text: String,
    /// The last number plus one; 0 if there is none.
    end: u32,
}

impl Notes {
    fn push(&mut self, note: u32) {
        if note < self.end {
            return;
        }
        let mut rest = note - self.end;
        while rest >= 32 {
            self.digit(rest % 32 + 32);
            rest /= 32;
        }
        self.digit(rest);
        self.end = note + 1;
    }

    fn digit(&mut self, digit: u32) {
        self.text.push(char::from(DIGITS[digit as usize]));
    }

    /// Iterates over the numbers.
    fn iter(&self) -> impl Iterator<Item = u32> {
        let mut digits = self.text.bytes();
        let mut end = 0;
        std::iter::from_fn(move || {
            let (mut number, mut shift) = (0_u32, 0);
            loop {
                let byte = digits.next()?;
                let digit = u32::from(VALUES[usize::from(byte)]);
                number |= (digit % 32) << shift;
                shift += 5;
                if digit < 32 {
                    break;
                }
            }
            end += number + 1;
            Some(end - 1)
        })
    }
}

impl Index {
    /// Adds a note. Its number must be higher than all before.
    pub(super) fn add(&mut self, number: u32, note: &Note, texts: &Searched, site: Option<&str>) {
        let Searched {
            title,
            tags,
            summary,
            excerpt,
            address,
        } = texts;
        for text in [title, tags, summary, excerpt, address] {
            let words = Words::of(text);
            for word in words.iter() {
                self.push(word.folded, number);
                if let Some(sign) = word.lead {
                    self.push(&format!("{sign}{}", word.folded), number);
                }
                if !word.trail.is_empty() {
                    self.push(&format!("{}{}", word.folded, word.trail), number);
                }
            }
            for spelling in spellings(&words) {
                self.push(&spelling, number);
            }
        }
        for tag in &note.tags {
            self.add_tag(number, tag);
        }
        if note.tags.is_empty() {
            self.push("=", number);
        }
        // No host name begins with `!`.
        if !note.read {
            self.push(":!unread", number);
        }
        if !note.summary.is_empty() {
            self.push(":!noted", number);
        }
        // Adds each part of the host name once, because `site:github` finds `github.com`.
        let mut parts: Vec<&str> = site.iter().flat_map(|name| name.split('.')).collect();
        parts.sort_unstable();
        parts.dedup();
        for part in parts {
            self.push(&format!(":/{part}"), number);
        }
        // A site includes its subdomains.
        let mut site = site;
        while let Some(name) = site {
            self.push(&format!(":{name}"), number);
            site = name.split_once('.').map(|(_, above)| above);
        }
    }

    /// Adds a tag that the note that was added last has itself or by implication.
    pub(super) fn add_tag(&mut self, number: u32, tag: &Tag) {
        self.push(&format!("={tag}"), number);
    }

    /// Adds that this note has a tag itself that others imply.
    pub(super) fn add_own(&mut self, number: u32, tag: &Tag) {
        self.push(&format!(":!={tag}"), number);
    }

    /// Adds what is known of the link of the note that was added last.
    pub(super) fn add_link(&mut self, number: u32, verdict: LinkVerdict) {
        self.push(&format!(":!{}", verdict.name()), number);
    }

    fn push(&mut self, word: &str, number: u32) {
        match self.words.get_mut(word) {
            Some(notes) => notes.push(number),
            None => {
                let mut notes = Notes::default();
                notes.push(number);
                self.words.insert(word.into(), notes);
            }
        }
    }
}

/// Writes the pieces of several partial indexes, none of which share a note, and the data that a
/// page loads first.
pub(super) fn write(folder: &Folder<'_>, parts: &[Index], outline: &Outline) -> io::Result<()> {
    let words = parts.iter().flat_map(|part| part.words.keys());
    let mut words: Vec<&str> = words.map(|word| &**word).collect();
    // In the order of JavaScript's comparison.
    words.sort_unstable_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
    words.dedup();
    let mut starts = Vec::new();
    let mut piece = Vec::new();
    let mut bytes = 0;
    for word in words {
        if piece.is_empty() {
            starts.push(word);
        }
        let notes = merged(parts.iter().filter_map(|part| part.words.get(word)));
        bytes += word.len() + notes.len() + 6;
        piece.push(word.to_owned());
        piece.push(notes);
        if bytes >= PIECE_BYTES {
            put(folder, &format!("words/{}", starts.len() - 1), &piece)?;
            piece.clear();
            bytes = 0;
        }
    }
    if !piece.is_empty() {
        put(folder, &format!("words/{}", starts.len() - 1), &piece)?;
    }
    let notes = outline.notes.iter();
    let shifts = notes.zip(&outline.saved).map(|(id, saved)| {
        let shift = id.moment().duration_since(*saved);
        shift.as_millis_f64() / 1000.0
    });
    let seconds = outline.notes.iter().step_by(NOTES_PER_PIECE);
    let start = Start {
        notes: outline.notes.len(),
        notes_per_piece: NOTES_PER_PIECE,
        notes_per_page: PAGE_NOTES,
        words: starts,
        moments: seconds.map(|id| id.moment().as_second()).collect(),
        shift: shifts.fold(0.0, f64::max),
    };
    put(folder, "start", &start)
}

fn merged<'a>(mut parts: impl Iterator<Item = &'a Notes>) -> String {
    let Some(first) = parts.next() else {
        return String::new();
    };
    let mut rest = parts.peekable();
    if rest.peek().is_none() {
        return first.text.clone();
    }
    let mut numbers: Vec<u32> = first.iter().chain(rest.flat_map(Notes::iter)).collect();
    // A stable sort merges sorted runs quickly, and there is one per part.
    numbers.sort();
    let mut merged = Notes::default();
    numbers.into_iter().for_each(|number| merged.push(number));
    merged.text
}

/// The data that a page loads first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    notes: usize,
    notes_per_piece: usize,
    /// Notes per listing page.
    notes_per_page: u32,
    /// The first word of each piece.
    words: Vec<&'a str>,
    /// The upper bound of the save time of each piece's first note, in seconds since 1970. Earlier
    /// notes were saved before it.
    moments: Vec<i64>,
    /// How many seconds before that bound it may have been.
    shift: f64,
}

/// A note as a page shows and searches it.
#[derive(Debug, Serialize)]
pub(super) struct Found<'a> {
    id: i64,
    /// How many µs the id is later than the save.
    #[serde(skip_serializing_if = "Option::is_none")]
    shift: Option<i64>,
    url: Cow<'a, str>,
    /// Whether the address may be a link.
    link: bool,
    title: &'a str,
    /// Each with its file name if that differs.
    tags: Vec<Named<'a>>,
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    excerpt: &'a str,
    /// The searchable part of the address.
    address: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<Named<'a>>,
    /// The name of the web site's icon; empty for a placeholder.
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    /// The day in the user's time zone.
    saved: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Named<'a> {
    Plain(&'a str),
    Other(&'a str, String),
}

impl<'a> Named<'a> {
    fn of(name: &'a str, names: &FileNames) -> Self {
        match names.of(name) {
            file if file == name => Self::Plain(name),
            file => Self::Other(name, file.into_owned()),
        }
    }
}

impl<'a> Found<'a> {
    pub(super) fn of(
        note: &'a Note,
        texts: &'a Searched,
        site: Option<&'a str>,
        saved: Date,
        names: &FileNames,
        icons: &SiteIcons,
    ) -> Self {
        let metadata = &note.metadata;
        let tags = note.tags.iter().map(Tag::as_str);
        Self {
            id: note.id.0,
            shift: Some(note.id.0 - note.saved_at.as_microsecond()).filter(|shift| *shift != 0),
            url: note.address(),
            link: PageUrl::parse(&note.url).is_ok_and(|url| url.is_linkable()),
            title: &note.title,
            tags: tags.map(|tag| Named::of(tag, names)).collect(),
            text: &texts.summary,
            excerpt: &texts.excerpt,
            address: &texts.address,
            site: site.map(|site| Named::of(site, names)),
            icon: site
                .filter(|_| !icons.is_empty())
                .map(|site| icons.name_of(site).unwrap_or_default()),
            saved: saved.to_string(),
            published: metadata.published_at.as_deref(),
            lang: metadata.lang.as_deref(),
        }
    }
}

/// Writes a piece of notes by its number.
pub(super) fn put_notes(folder: &Folder<'_>, number: usize, notes: &[Found<'_>]) -> io::Result<()> {
    put(folder, &format!("notes/{number}"), &notes)
}

fn put(folder: &Folder<'_>, name: &str, data: &impl Serialize) -> io::Result<()> {
    let mut script = format!("urlNotes(\"{name}\",");
    script.push_str(&serde_json::to_string(data)?);
    script.push_str(");\n");
    folder.put(&format!("search/{name}.js"), script.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 5, 36, 37, 1_000, 50_000, 1_200_000, 1_200_001];
        let mut notes = Notes::default();
        for number in numbers {
            notes.push(number);
            notes.push(number);
        }
        assert_eq!(notes.iter().collect::<Vec<_>>(), numbers);
        assert_eq!(notes.text.len(), 17, "{}", notes.text);
        let mut odd = Notes::default();
        let mut even = Notes::default();
        for number in numbers {
            match number % 2 {
                0 => even.push(number),
                _ => odd.push(number),
            }
        }
        assert_eq!(merged([&odd, &even].into_iter()), notes.text);
    }
}
