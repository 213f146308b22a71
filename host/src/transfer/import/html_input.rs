//! The input of the HTML tokenizer: a file's bytes, except where these would lose bookmarks.
//!
//! Exporters write titles and notes without escaping them. By the HTML standard, `x<y` begins a tag
//! that ends at the next `>`, which is that of the next bookmark, and `<!--` in a title hides all
//! following bookmarks. So at each `<`, the context and a limited look-ahead decide whether markup
//! begins there. A `<` of text is passed to the tokenizer together with what follows, so that it is
//! taken for text.
//!
//! Owns this decision, line numbers, and corrections inside of tags. The grammar is the
//! tokenizer's; the meaning of tags is in `netscape.rs`.

use std::{
    cell::{Cell, RefCell},
    io::{self, Read},
    rc::Rc,
};

use html5gum::Reader;

use crate::transfer::import::html_markup::{
    NEAR, Shape, find, find_link, find_tag, first_of, last_tag_end, name, reference, shape,
};

/// Longest attribute or text that is kept, in bytes: more than a note accepts.
pub(super) const MAX_TEXT_BYTES: usize = 128 * 1024;

/// Length of the look-ahead, in bytes.
const AHEAD: usize = 64 * 1024;
/// Most of a file that is buffered, in bytes.
const BUFFER_BYTES: usize = 2 * AHEAD;

/// Tags that are markup even inside a text.
const STRUCTURE: &[&str] = &[
    "a",
    "blockquote",
    "body",
    "br",
    "dd",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "hr",
    "html",
    "li",
    "ol",
    "p",
    "ul",
];
/// Elements whose content isn't markup.
const RAW: &[&str] = &[
    "title", "script", "style", "textarea", "xmp", "iframe", "noembed",
];

/// The context of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Context {
    /// Between bookmarks.
    #[default]
    Between,
    /// A text that ends with the end tag of this name.
    Until(&'static str),
    /// A note.
    Note,
}

/// State shared by the input and the assembler of tokens.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) context: Cell<Context>,
    /// The position of the last tag: its line, and the white space before it if it is the first of
    /// its line.
    pub(super) tag_line: Cell<u64>,
    pub(super) indent: Cell<Option<usize>>,
    /// Whether text is being read, not the content of a script.
    pub(super) in_data: Cell<bool>,
    /// Whether the content of the current element isn't markup: its end tag was found.
    pub(super) is_raw: Cell<bool>,
    /// Whether the bytes of the tag are recorded, and those bytes.
    pub(super) recording: Cell<bool>,
    pub(super) source: RefCell<Vec<u8>>,
    /// Whether a character was inserted that isn't part of the value.
    pub(super) filler: Cell<bool>,
    /// Whether the file has ended.
    pub(super) ended: Cell<bool>,
    /// Number of deviations from the standard, and the line of the first one.
    pub(super) recovered: Cell<u64>,
    pub(super) recovered_at: Cell<u64>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            context: Cell::default(),
            tag_line: Cell::new(1),
            indent: Cell::default(),
            in_data: Cell::new(true),
            is_raw: Cell::default(),
            recording: Cell::default(),
            source: RefCell::default(),
            filler: Cell::default(),
            ended: Cell::default(),
            recovered: Cell::default(),
            recovered_at: Cell::default(),
        }
    }
}

/// The cached result of a look-ahead, valid up to a position in the file, so that nothing is
/// searched twice.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// Where the search started.
    from: u64,
    until: u64,
    found: bool,
}

impl Seen {
    fn knows(&self, place: u64) -> bool {
        (self.from..self.until).contains(&place)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Text,
    Value,
}

/// The file with a look-ahead.
#[derive(Debug)]
pub(super) struct Input<R> {
    file: R,
    buffer: Box<[u8]>,
    /// The buffered part.
    start: usize,
    end: usize,
    ended: bool,
    /// Offset of the next byte, from 0.
    place: u64,
    /// Line of the next byte, from 1.
    line: u64,
    after_cr: bool,
    after_lf: bool,
    /// White space since the start of the line, if there was nothing else.
    blank: Option<usize>,
    /// Whether the byte before began a character reference, in a text or in a value.
    after_ampersand: Option<Within>,
    /// The position of a missing quotation mark, and which one.
    missing: Option<(u64, u8)>,
    shared: Rc<Shared>,
    text_end: Seen,
    comment_end: Seen,
    raw_end: [Seen; RAW.len()],
}

impl<R: Read> Input<R> {
    pub(super) fn new(file: R, shared: Rc<Shared>) -> Self {
        Self {
            file,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            ended: false,
            place: 0,
            line: 1,
            after_cr: false,
            after_lf: false,
            blank: Some(0),
            after_ampersand: None,
            missing: None,
            shared,
            text_end: Seen::default(),
            comment_end: Seen::default(),
            raw_end: [Seen::default(); RAW.len()],
        }
    }

    fn held(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Buffers at least this many of the next bytes, unless the file ends before.
    fn fill(&mut self, least: usize) -> io::Result<()> {
        while self.end - self.start < least && !self.ended {
            if BUFFER_BYTES - self.start < least {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            match self.file.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Returns the next bytes within the look-ahead.
    fn ahead(&mut self) -> io::Result<&[u8]> {
        self.fill(AHEAD)?;
        let held = self.held();
        Ok(&held[..held.len().min(AHEAD)])
    }

    fn near(&mut self) -> io::Result<&[u8]> {
        self.fill(NEAR)?;
        Ok(self.held())
    }

    /// Marks the next bytes as read.
    fn consume(&mut self, length: usize) {
        let read = &self.buffer[self.start..self.start + length];
        if let [byte] = read {
            match byte {
                b'\n' if self.after_cr => {}
                b'\n' | b'\r' => {
                    self.line += 1;
                    self.blank = Some(0);
                }
                b' ' | b'\t' => self.blank = self.blank.map(|count| count + 1),
                _ => self.blank = None,
            }
            self.after_cr = *byte == b'\r';
        } else {
            let lines = read.iter().filter(|byte| **byte == b'\n').count();
            self.line += u64::try_from(lines).unwrap_or(0);
            if self.after_cr && read.first() == Some(&b'\n') {
                self.line -= 1;
            }
            self.after_cr = read.last() == Some(&b'\r');
            let blanks = read.iter().rev();
            let blanks = blanks
                .take_while(|byte| matches!(byte, b' ' | b'\t'))
                .count();
            self.blank = match read.len().checked_sub(blanks + 1) {
                None => self.blank.map(|count| count + blanks),
                Some(at) if read[at] == b'\n' => Some(blanks),
                Some(_) => None,
            };
        }
        self.after_lf = read.last() == Some(&b'\n');
        if self.shared.recording.get() {
            let mut source = self.shared.source.borrow_mut();
            let room = MAX_TEXT_BYTES.saturating_sub(source.len());
            source.extend_from_slice(&read[..read.len().min(room)]);
        }
        self.place += u64::try_from(length).unwrap_or(0);
        self.start += length;
    }

    /// Returns how many of the next bytes precede a missing quotation mark.
    fn until_missing(&self) -> usize {
        self.missing.map_or(usize::MAX, |(place, _)| {
            usize::try_from(place - self.place).unwrap_or(usize::MAX)
        })
    }

    fn missing_now(&mut self) -> Option<u8> {
        let (_, byte) = self.missing.filter(|(place, _)| *place == self.place)?;
        self.missing = None;
        Some(byte)
    }

    fn recovered(&self) {
        let count = self.shared.recovered.get();
        if count == 0 {
            self.shared.recovered_at.set(self.line);
        }
        self.shared.recovered.set(count + 1);
    }

    /// Returns whether the next byte, a `<`, begins markup.
    fn begins_markup(&mut self) -> io::Result<bool> {
        let context = self.shared.context.get();
        let in_text = context != Context::Between;
        let near = self.near()?;
        let Some(next) = near.get(1).copied() else {
            return Ok(true);
        };
        let closing = next == b'/';
        let name = name(&near[1 + usize::from(closing)..]);
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let is_comment = near.starts_with(b"<!--");
        let is_markup = match next {
            b'!' if is_comment => !in_text && self.is_comment()?,
            b'!' | b'?' => !in_text && self.ends_before_next()?,
            b'/' if name.is_empty() => false,
            // The tokenizer treats it as text.
            _ if name.is_empty() => return Ok(true),
            _ => {
                let may_be = match context {
                    Context::Between => true,
                    _ if !STRUCTURE.contains(&name.as_str()) => false,
                    Context::Until(end) => self.is_tag_of_text(end, closing, &name)?,
                    Context::Note => self.is_tag_of_note(closing, &name)?,
                };
                may_be && self.is_whole(&name)?
            }
        };
        if is_markup {
            self.shared.tag_line.set(self.line);
            self.shared.indent.set(self.blank);
            self.shared.source.borrow_mut().clear();
            self.shared.recording.set(in_text && !name.is_empty());
            let raw = RAW.iter().position(|raw| *raw == name);
            let is_raw = match raw {
                Some(raw) if !closing && !in_text => self.is_closed(raw)?,
                _ => false,
            };
            self.shared.is_raw.set(is_raw);
        }
        Ok(is_markup)
    }

    /// Returns whether a comment ends. One that never does, and precedes bookmarks, is treated as
    /// text.
    fn is_comment(&mut self) -> io::Result<bool> {
        let place = self.place;
        if self.comment_end.knows(place) && !self.comment_end.found {
            return Ok(false);
        }
        let ahead = self.ahead()?;
        let body = &ahead[4.min(ahead.len())..];
        let ends = body.starts_with(b">")
            || body.starts_with(b"->")
            || find(body, b"-->").is_some()
            || find(body, b"--!>").is_some();
        // Nothing would be lost, or it is a very long one.
        let is_comment = ends || find_link(body).is_none();
        let until = place + u64::try_from(ahead.len()).unwrap_or(0);
        self.comment_end = Seen {
            from: place,
            until: if is_comment { place } else { until },
            found: is_comment,
        };
        if !is_comment {
            self.recovered();
        }
        Ok(is_comment)
    }

    /// Returns whether a `>` precedes the next `<`.
    fn ends_before_next(&mut self) -> io::Result<bool> {
        let ahead = self.ahead()?;
        let end = ahead[1..].iter().find(|byte| matches!(byte, b'<' | b'>'));
        // If neither is found, it is a very long tag or the last one.
        Ok(end != Some(&b'<'))
    }

    /// Returns whether the element that begins here is closed.
    fn is_closed(&mut self, raw: usize) -> io::Result<bool> {
        let seen = self.raw_end[raw];
        if seen.knows(self.place) {
            return Ok(seen.found);
        }
        let from = self.place;
        let ahead = self.ahead()?;
        let found = find_tag(ahead, true, RAW[raw].as_bytes());
        let until = from + u64::try_from(found.unwrap_or(ahead.len())).unwrap_or(0);
        let found = found.is_some();
        self.raw_end[raw] = Seen { from, until, found };
        Ok(found)
    }

    /// Returns whether a tag is markup in a text that ends with the end tag `end`. Up to that tag
    /// everything belongs to the text, unless the end tag is missing and another bookmark follows.
    fn is_tag_of_text(&mut self, end: &str, closing: bool, name: &str) -> io::Result<bool> {
        if closing && name == end {
            return Ok(true);
        }
        if !self.text_end.knows(self.place) {
            let from = self.place;
            let ahead = self.ahead()?;
            let end = find_tag(ahead, true, end.as_bytes());
            let link = find_link(&ahead[..end.unwrap_or(ahead.len())]);
            let until = link.or(end).unwrap_or(ahead.len()).max(1);
            self.text_end = Seen {
                from,
                until: from + u64::try_from(until).unwrap_or(1),
                found: link.is_none() && end.is_some(),
            };
        }
        Ok(!self.text_end.found)
    }

    /// Returns whether a tag is markup in a note, in which people also write about tags.
    fn is_tag_of_note(&mut self, closing: bool, name: &str) -> io::Result<bool> {
        // A tag that separates bookmarks is the first of its line, or another tag follows it.
        let parts = matches!(
            name,
            "dl" | "dt" | "dd" | "h1" | "h2" | "h3" | "ol" | "ul" | "li"
        );
        if !parts || closing && name != "dl" || self.blank.is_some() {
            return Ok(true);
        }
        let near = self.near()?;
        let after = near.iter().position(|byte| *byte == b'>');
        let after = after
            .map_or(&[][..], |at| &near[at + 1..])
            .trim_ascii_start();
        let first = after.first();
        Ok(first.is_none() || first == Some(&b'<') || name == "dd")
    }

    /// Returns whether a tag ends before another one begins. Corrects it if needed: an unclosed
    /// quotation mark would swallow the following bookmarks.
    fn is_whole(&mut self, name: &str) -> io::Result<bool> {
        // Most tags are short.
        let mut least = NEAR * 4;
        let missing = loop {
            self.fill(least.min(AHEAD))?;
            let held = self.held();
            let most = if self.ended { BUFFER_BYTES } else { AHEAD };
            match shape(&held[..held.len().min(most)]) {
                Shape::Whole => return Ok(true),
                Shape::Open if !self.ended && least < AHEAD => least *= 4,
                Shape::Open if !self.ended => return Ok(true),
                // The file ends inside the tag: it is truncated, unless an end was found before.
                Shape::Open => break last_tag_end(self.held()),
                Shape::Missing(at, quote) => break Some((at, quote)),
                Shape::Nested(at) => {
                    let within = &held[1..at];
                    let attributes = within.iter().position(|byte| !byte.is_ascii_alphanumeric());
                    let attributes = attributes.map_or(&[][..], |at| &within[at..]);
                    let is_tag = match name {
                        "a" => attributes.contains(&b'='),
                        _ => STRUCTURE.contains(&name) && attributes.trim_ascii().is_empty(),
                    };
                    if !is_tag {
                        return Ok(false);
                    }
                    break Some((at, b'>'));
                }
            }
        };
        if let Some((at, byte)) = missing {
            self.recovered();
            self.missing = Some((self.place + u64::try_from(at).unwrap_or(0), byte));
        }
        Ok(true)
    }

    /// Returns the character of two references that form a surrogate pair, and their length.
    fn pair(&mut self) -> io::Result<Option<(char, usize)>> {
        let near = self.near()?;
        let Some((high, length)) = reference(near) else {
            return Ok(None);
        };
        let low = reference(&near[length..]);
        Ok(low.and_then(|(low, more)| {
            let units = [u16::try_from(high).ok()?, u16::try_from(low).ok()?];
            let mut decoded = char::decode_utf16(units);
            let c = decoded.next()?.ok()?;
            // Two surrogates, not two characters.
            (c > '\u{ffff}').then_some((c, length + more))
        }))
    }
}

impl<R: Read> Reader for Input<R> {
    type Error = io::Error;

    fn read_byte(&mut self) -> io::Result<Option<u8>> {
        if let Some(byte) = self.missing_now() {
            return Ok(Some(byte));
        }
        self.fill(1)?;
        let byte = self.held().first().copied();
        if let Some(within) = self.after_ampersand
            && let Some(b'<' | b'&') = byte
        {
            // After a reference the tokenizer reads the next byte directly. It gets a NUL, which is
            // dropped, and then continues normally.
            self.after_ampersand = None;
            if within == Within::Text || self.pair()?.is_some() {
                self.shared.filler.set(within == Within::Value);
                return Ok(Some(0));
            }
        }
        match byte {
            Some(_) => self.consume(1),
            None => self.shared.ended.set(true),
        }
        Ok(byte)
    }

    fn try_read_string(&mut self, wanted: &[u8], case_sensitive: bool) -> io::Result<bool> {
        self.fill(wanted.len())?;
        let held = self.held();
        let Some(next) = held.get(..wanted.len()) else {
            return Ok(false);
        };
        let is_that = next == wanted || !case_sensitive && next.eq_ignore_ascii_case(wanted);
        if is_that && self.until_missing() >= wanted.len() {
            self.consume(wanted.len());
            return Ok(true);
        }
        Ok(false)
    }

    fn read_until<'b>(
        &'b mut self,
        needles: &[u8],
        character: &'b mut [u8; 4],
    ) -> io::Result<Option<&'b [u8]>> {
        if let Some(byte) = self.missing_now() {
            character[0] = byte;
            return Ok(Some(&character[..1]));
        }
        // linkding joins lines with a line feed and a carriage return, which count as one line
        // break.
        self.fill(2)?;
        if self.after_lf && self.held().starts_with(b"\r") && !self.held().starts_with(b"\r\n") {
            self.start += 1;
            self.place += 1;
            self.after_lf = false;
            self.fill(1)?;
        }
        self.after_ampersand = None;
        let held = self.held();
        let held = &held[..held.len().min(self.until_missing())];
        let Some(next) = held.first().copied() else {
            self.shared.ended.set(true);
            return Ok(None);
        };
        if !needles.contains(&next) {
            let length = first_of(held, needles).unwrap_or(held.len());
            self.consume(length);
            return Ok(Some(&self.buffer[self.start - length..self.start]));
        }
        if next == b'&'
            && let Some((pair, length)) = self.pair()?
        {
            self.consume(length);
            return Ok(Some(pair.encode_utf8(character).as_bytes()));
        }
        // The tokenizer searches for these two only in text, and in the content of a title.
        let in_text = needles.starts_with(b"&<") && self.shared.in_data.get();
        if next == b'<' && in_text && !self.begins_markup()? {
            self.consume(2);
            return Ok(Some(&self.buffer[self.start - 2..self.start]));
        }
        if next == b'&' {
            self.after_ampersand = Some(if in_text { Within::Text } else { Within::Value });
        }
        self.consume(1);
        Ok(Some(&self.buffer[self.start - 1..self.start]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::import::html_markup::{reference, shape};

    #[test]
    fn recognises_unterminated_tags() {
        for (text, expected) in [
            ("<a href=\"x\" b='\"<'>", Shape::Whole),
            ("<a href=x\"y<z>", Shape::Whole),
            (
                "<a href=\"x>T</a>\n  <DT><A HREF=\"y\">",
                Shape::Missing(10, b'"'),
            ),
            (
                "<a href='x>T</A><dt><A HREF='y'>",
                Shape::Missing(10, b'\''),
            ),
            ("<a href=\"javascript:'<dt><a>'\">", Shape::Whole),
            ("<a href=\"x", Shape::Open),
            ("<a href=", Shape::Open),
            ("<y, else not\n<DT>", Shape::Nested(13)),
        ] {
            assert_eq!(shape(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn lone_surrogates_are_recognised() {
        assert_eq!(reference(b"&#55357;&"), Some((0xD83D, 8)));
        assert_eq!(reference(b"&#xDE00 "), Some((0xDE00, 7)));
        assert_eq!(reference(b"&#65;"), None);
        assert_eq!(reference(b"&#;"), None);
    }
}
