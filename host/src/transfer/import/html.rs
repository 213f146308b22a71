//! Tags and text of HTML, as a stream.
//!
//! A small tokenizer of its own: html5ever's adds 700 KB to the program and
//! html5gum's 430 KB, a fifth of it all, most of which is names of characters and
//! rules that no bookmark file needs. Nothing here recurses, and nothing is held
//! that is longer than its cap.

use std::io::{self, BufRead};

use super::source::Counting;

/// So much of an attribute or a text is kept, in bytes: more than a note takes.
const MAX_TEXT_BYTES: usize = 128 * 1024;
/// So many attributes of a tag are kept.
const MAX_ATTRIBUTES: usize = 64;
/// Longest tag or text, in bytes; icons are inside of tags.
const MAX_TOKEN_BYTES: u64 = 64 << 20;

/// A piece of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    Tag(Tag),
    /// Decoded.
    Text(String),
}

/// `<name attribute="value">` or `</name>`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tag {
    /// Lower-case.
    pub(super) name: String,
    pub(super) closing: bool,
    /// Where it begins, from 1.
    pub(super) line: u64,
    attributes: Vec<(String, String)>,
    /// As it is written.
    pub(super) source: String,
}

impl Tag {
    /// The value of the first attribute of one of these names, which are lower-case.
    pub(super) fn attribute(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| {
            let mut all = self.attributes.iter();
            all.find(|(own, _)| own == name)
                .map(|(_, value)| value.as_str())
        })
    }

    fn add(&mut self, name: &[u8], value: &[u8]) {
        if name.is_empty() || self.attributes.len() >= MAX_ATTRIBUTES {
            return;
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        self.attributes.push((name, decoded(value)));
    }
}

/// Reads a file piece by piece.
pub(super) struct Tokens<R> {
    text: Counting<R>,
    /// A tag that began where a text ended.
    begun: bool,
    /// Whether the text that was read last was longer than what is kept.
    pub(super) cut: bool,
}

/// Text that is kept up to a cap, and whether there was more.
#[derive(Default)]
struct Kept(Vec<u8>, bool);

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        let room = MAX_TEXT_BYTES.saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.1 |= bytes.len() > room;
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl<R: BufRead> Tokens<R> {
    pub(super) fn new(text: R) -> Self {
        Self {
            text: Counting::new(text, MAX_TOKEN_BYTES),
            begun: false,
            cut: false,
        }
    }

    /// The next piece. None at the end.
    ///
    /// # Errors
    /// `UnexpectedEof` where the file ends inside of a tag or a comment; those of reading.
    pub(super) fn next(&mut self) -> io::Result<Option<Token>> {
        loop {
            self.text.next_record();
            if !self.begun {
                let text = self.text()?;
                if !text.is_empty() {
                    return Ok(Some(Token::Text(text)));
                }
                if !self.begun {
                    return Ok(None);
                }
            }
            self.begun = false;
            let line = self.text.line();
            match self.peek()? {
                Some(b'!') => self.declaration()?,
                Some(b'?') => self.skip_to(b'>')?,
                Some(b'/') => {
                    self.take()?;
                    match self.peek()? {
                        Some(first) if first.is_ascii_alphabetic() => {
                            return self.tag(line, true).map(Some);
                        }
                        _ => return Ok(Some(Token::Text("</".into()))),
                    }
                }
                Some(first) if first.is_ascii_alphabetic() => {
                    return self.tag(line, false).map(Some);
                }
                _ => return Ok(Some(Token::Text("<".into()))),
            }
        }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.text.fill_buf()?.first().copied())
    }

    /// The next byte, inside of a tag or a comment.
    fn take(&mut self) -> io::Result<u8> {
        let byte = self.peek()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.text.consume(1);
        Ok(byte)
    }

    /// Takes up to a byte that `ends`, which stays; the end of the file if there is none.
    fn take_until(&mut self, kept: &mut Kept, ends: impl Fn(u8) -> bool) -> io::Result<bool> {
        loop {
            let available = self.text.fill_buf()?;
            if available.is_empty() {
                return Ok(false);
            }
            let end = available.iter().position(|byte| ends(*byte));
            let length = end.unwrap_or(available.len());
            kept.push(&available[..length]);
            self.text.consume(length);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    /// Text up to the next `<`, which is taken as well.
    fn text(&mut self) -> io::Result<String> {
        let mut kept = Kept::default();
        if self.take_until(&mut kept, |byte| byte == b'<')? {
            self.text.consume(1);
            self.begun = true;
        }
        self.cut = kept.1;
        Ok(decoded(&kept.0))
    }

    fn skip_to(&mut self, end: u8) -> io::Result<()> {
        while self.take()? != end {}
        Ok(())
    }

    /// A comment, or `<!DOCTYPE …>`.
    fn declaration(&mut self) -> io::Result<()> {
        self.take()?;
        if self.peek()? != Some(b'-') {
            return self.skip_to(b'>');
        }
        self.take()?;
        if self.peek()? != Some(b'-') {
            return self.skip_to(b'>');
        }
        self.take()?;
        let mut dashes = 2;
        loop {
            match self.take()? {
                b'-' => dashes += 1,
                b'>' if dashes >= 2 => return Ok(()),
                _ => dashes = 0,
            }
            // A comment may be as long as it likes.
            self.text.next_record();
        }
    }

    fn tag(&mut self, line: u64, closing: bool) -> io::Result<Token> {
        let cut_off = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let mut tag = Tag {
            line,
            closing,
            ..Tag::default()
        };
        let mut source = Kept::default();
        source.push(if closing { b"</" } else { b"<" });
        let mut name = Kept::default();
        let ends_name = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
        if !self.take_until(&mut name, ends_name)? {
            return Err(cut_off());
        }
        source.push(&name.0);
        tag.name = name.text().to_ascii_lowercase();
        loop {
            let mut space = Kept::default();
            let outside = |byte: u8| !byte.is_ascii_whitespace() && byte != b'/';
            if !self.take_until(&mut space, outside)? {
                return Err(cut_off());
            }
            source.push(&space.0);
            if self.peek()? == Some(b'>') {
                self.text.consume(1);
                source.push(b">");
                tag.source = source.text();
                return Ok(Token::Tag(tag));
            }
            let mut name = Kept::default();
            let ends = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/' | b'=');
            if !self.take_until(&mut name, ends)? {
                return Err(cut_off());
            }
            source.push(&name.0);
            let mut space = Kept::default();
            if !self.take_until(&mut space, |byte| !byte.is_ascii_whitespace())? {
                return Err(cut_off());
            }
            source.push(&space.0);
            if self.peek()? != Some(b'=') {
                tag.add(&name.0, b"");
                continue;
            }
            self.text.consume(1);
            source.push(b"=");
            let value = self.value(&mut source)?;
            tag.add(&name.0, &value.0);
        }
    }

    fn value(&mut self, source: &mut Kept) -> io::Result<Kept> {
        let cut_off = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let mut space = Kept::default();
        if !self.take_until(&mut space, |byte| !byte.is_ascii_whitespace())? {
            return Err(cut_off());
        }
        source.push(&space.0);
        let mut value = Kept::default();
        let quote = self.peek()?.filter(|byte| matches!(byte, b'"' | b'\''));
        let ended = match quote {
            Some(quote) => {
                self.text.consume(1);
                let ended = self.take_until(&mut value, |byte| byte == quote)?;
                self.text.consume(usize::from(ended));
                ended
            }
            None => self.take_until(&mut value, |byte| {
                byte.is_ascii_whitespace() || byte == b'>'
            })?,
        };
        let quote = quote.map(|quote| [quote]);
        let quote = quote.as_ref().map_or(&[][..], |quote| quote);
        for piece in [quote, &value.0, quote] {
            source.push(piece);
        }
        if ended { Ok(value) } else { Err(cut_off()) }
    }
}

/// Names of characters that exporters write: those of HTML 4's Latin 1 that are
/// letters are written as letters by all of them.
const NAMES: &[(&str, &str)] = &[
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", "\u{a0}"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("deg", "°"),
    ("middot", "·"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("ndash", "–"),
    ("mdash", "—"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("sbquo", "‚"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("bdquo", "„"),
    ("hellip", "…"),
    ("bull", "•"),
    ("euro", "€"),
    ("pound", "£"),
    ("yen", "¥"),
    ("sect", "§"),
    ("para", "¶"),
    ("times", "×"),
    ("larr", "←"),
    ("rarr", "→"),
    ("shy", "\u{ad}"),
    ("auml", "ä"),
    ("ouml", "ö"),
    ("uuml", "ü"),
    ("Auml", "Ä"),
    ("Ouml", "Ö"),
    ("Uuml", "Ü"),
    ("szlig", "ß"),
    ("eacute", "é"),
    ("egrave", "è"),
    ("agrave", "à"),
    ("aacute", "á"),
    ("iacute", "í"),
    ("oacute", "ó"),
    ("uacute", "ú"),
    ("ntilde", "ñ"),
    ("ccedil", "ç"),
    ("ecirc", "ê"),
    ("acirc", "â"),
    ("ocirc", "ô"),
    ("oslash", "ø"),
    ("aring", "å"),
    ("aelig", "æ"),
];

/// Text with its references to characters replaced. One without a semicolon is
/// none: addresses that weren't escaped have `&copy=1`.
fn decoded(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut pieces = text.split('&');
    let mut decoded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece
            .split_once(';')
            .and_then(|(name, rest)| Some((character(name)?, rest)))
        {
            Some((character, rest)) => {
                decoded.push_str(&character);
                decoded.push_str(rest);
            }
            None => {
                decoded.push('&');
                decoded.push_str(piece);
            }
        }
    }
    decoded
}

fn character(name: &str) -> Option<String> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?).map(String::from);
    }
    let known = NAMES.iter().find(|(own, _)| *own == name);
    known.map(|(_, character)| (*character).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> io::Result<Vec<Token>> {
        let mut tokens = Tokens::new(text);
        let mut found = Vec::new();
        while let Some(token) = tokens.next()? {
            found.push(token);
        }
        Ok(found)
    }

    #[test]
    fn tags_are_read_however_they_are_written() {
        for text in [
            "<A HREF=\"https://e.org/?a=1&amp;b\" Tags='x,y' PRIVATE>",
            "<a\n tags = 'x,y'\n private\thref=https://e.org/?a=1&b />",
            "<a private tags=x,y href='https://e.org/\n?a=1&amp;b' href=second>",
        ] {
            let found = all(text.as_bytes()).unwrap();
            let [Token::Tag(tag)] = found.as_slice() else {
                panic!("{found:?}");
            };
            assert_eq!(tag.name, "a");
            let href = tag.attribute(&["href"]).unwrap().replace('\n', "");
            assert_eq!(href, "https://e.org/?a=1&b");
            assert_eq!(tag.attribute(&["labels", "tags"]), Some("x,y"));
            assert_eq!(tag.attribute(&["private"]), Some(""));
            assert_eq!(tag.source, text);
        }
    }

    #[test]
    fn comments_and_declarations_are_skipped_and_signs_are_text() {
        let found =
            all(b"<!DOCTYPE x><!-- <a> -- > --->1 < 2 </ &lt;b&#62;&#x26;&foo;&<!-->x").unwrap();
        let text: String = found
            .iter()
            .map(|token| match token {
                Token::Text(text) => text.as_str(),
                Token::Tag(_) => panic!("{found:?}"),
            })
            .collect();
        assert_eq!(text, "1 < 2 </ <b>&&foo;&x");
    }

    #[test]
    fn a_file_that_ends_inside_of_a_tag_is_cut_off() {
        for text in [
            "<a",
            "<a ",
            "<a href",
            "<a href=",
            "<a href='",
            "<a href='x'",
            "<!--",
            "<!d",
        ] {
            assert!(all(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn fuzz_html() {
        crate::fuzz::bytes(
            &[
                b"<DT><A HREF=\"https://e.org/\" ADD_DATE='1' TAGS=a,b>T &amp; t</A>\n<DD>x",
                b"<!-- c --><p/><?x?></DL>",
            ],
            |bytes| drop(all(bytes)),
        );
    }
}
