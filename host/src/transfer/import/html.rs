//! Tags and text of HTML as a stream, from html5gum's tokenizer, with limits on everything that is
//! kept of a token.
//!
//! The tokenizer follows the HTML standard (<https://html.spec.whatwg.org/#tokenization>). Where
//! the standard would lose bookmarks because of unescaped markup, `html_input` corrects the input.

use std::{
    collections::VecDeque,
    io::{self, Read},
    rc::Rc,
};

use html5gum::{Emitter, State, Tokenizer};

use super::html_input::{Input, MAX_TEXT_BYTES, Shared};

pub(super) use super::html_input::Context;

/// Most attributes of a tag that are kept.
const MAX_ATTRIBUTES: usize = 64;
/// Longest name of a tag or attribute that is kept, in bytes.
const MAX_NAME_BYTES: usize = 128;
/// Attributes with images, which are ignored: up to 100 KB in each tag.
const UNREAD_ATTRIBUTES: &[&[u8]] = &[b"icon", b"icon_uri"];

/// A token of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    Tag(Tag),
    /// Decoded text, and whether it was longer than what is kept.
    Text(String, bool),
}

/// `<name attribute="value">` or `</name>`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tag {
    /// In lower case.
    pub(super) name: String,
    pub(super) closing: bool,
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// White space before it, if it is the first of its line.
    pub(super) indent: Option<usize>,
    attributes: Vec<(String, String)>,
    /// Its source; empty between bookmarks, where it isn't needed.
    pub(super) source: String,
}

impl Tag {
    /// Returns the value of the first attribute with one of these names, which are in lower case.
    pub(super) fn attribute(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| {
            let mut all = self.attributes.iter();
            all.find(|(own, _)| own == name)
                .map(|(_, value)| value.as_str())
        })
    }
}

/// Reads a file token by token.
pub(super) struct Tokens<R: Read> {
    tokenizer: Tokenizer<Input<R>, Pieces>,
    shared: Rc<Shared>,
}

impl<R: Read> Tokens<R> {
    pub(super) fn new(text: R) -> Self {
        let shared = Rc::<Shared>::default();
        let input = Input::new(text, Rc::clone(&shared));
        Self {
            tokenizer: Tokenizer::new_with_emitter(input, Pieces::new(Rc::clone(&shared))),
            shared,
        }
    }

    /// Sets the context of the following text.
    pub(super) fn within(&mut self, context: Context) {
        self.shared.context.set(context);
    }

    /// Returns how often the input was corrected so that no bookmark is lost, and the line of the
    /// first correction.
    pub(super) fn recovered(&self) -> (u64, u64) {
        (self.shared.recovered.get(), self.shared.recovered_at.get())
    }

    /// Returns the next token, or `None` at the end.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file ends inside a tag or a comment; those of reading.
    pub(super) fn next(&mut self) -> io::Result<Option<Token>> {
        match self.tokenizer.next() {
            Some(Ok(Piece::CutOff)) => Err(io::ErrorKind::UnexpectedEof.into()),
            Some(Ok(Piece::Token(token))) => Ok(Some(token)),
            Some(Err(error)) => Err(error),
            None => Ok(None),
        }
    }
}

/// Decodes the character references of a text, with all names of HTML.
pub(super) fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut tokens = Tokens::new(text.as_bytes());
    // Only references are decoded.
    tokens.shared.in_data.set(false);
    tokens.tokenizer.set_state(State::RcData);
    let mut unescaped = String::new();
    while let Ok(Some(token)) = tokens.next() {
        if let Token::Text(text, _) = token {
            unescaped.push_str(&text);
        }
    }
    unescaped
}

/// Like [`unescaped`], for the value of an attribute, in which `&copy=1` is part of an address.
pub(super) fn unescaped_value(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let tag = format!("<a v=\"{}\">", text.replace('"', "&quot;"));
    match Tokens::new(tag.as_bytes()).next() {
        Ok(Some(Token::Tag(tag))) => tag.attribute(&["v"]).unwrap_or_default().to_owned(),
        _ => text.to_owned(),
    }
}

/// Bytes kept up to a limit, and whether there were more.
#[derive(Debug, Default)]
struct Kept(Vec<u8>, bool);

impl Kept {
    fn push(&mut self, bytes: &[u8], cap: usize) {
        let room = cap.saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.1 |= bytes.len() > room;
    }

    /// Takes the kept bytes as text.
    fn take(&mut self) -> (String, bool) {
        let cut = std::mem::take(&mut self.1);
        // Drops a character that the limit cuts in two.
        if cut && let Err(error) = std::str::from_utf8(&self.0) {
            let whole = error.valid_up_to();
            if self.0.len() - whole < 4 {
                self.0.truncate(whole);
            }
        }
        let text = match std::str::from_utf8(&self.0) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(&self.0).into_owned(),
        };
        self.0.clear();
        (text, cut)
    }
}

#[derive(Debug)]
enum Piece {
    Token(Token),
    CutOff,
}

/// Assembles tokens from the tokenizer's output.
#[derive(Debug)]
struct Pieces {
    shared: Rc<Shared>,
    ready: VecDeque<Piece>,
    text: Kept,
    tag: Tag,
    name: Kept,
    attribute: Kept,
    value: Kept,
    has_attribute: bool,
    /// Whether the value is kept.
    reads_value: bool,
    /// The name of the last start tag.
    opened: Vec<u8>,
    /// Whether a tag or a comment has begun and not ended.
    unfinished: bool,
}

impl Pieces {
    fn new(shared: Rc<Shared>) -> Self {
        Self {
            shared,
            ready: VecDeque::new(),
            text: Kept::default(),
            tag: Tag::default(),
            name: Kept::default(),
            attribute: Kept::default(),
            value: Kept::default(),
            has_attribute: false,
            reads_value: false,
            opened: Vec::new(),
            unfinished: false,
        }
    }

    fn begin_tag(&mut self, closing: bool) {
        self.unfinished = true;
        self.tag = Tag {
            closing,
            line: self.shared.tag_line.get(),
            indent: self.shared.indent.get(),
            ..Tag::default()
        };
        self.name.take();
        self.has_attribute = false;
    }

    fn end_attribute(&mut self) {
        if !std::mem::take(&mut self.has_attribute) {
            return;
        }
        let (name, _) = self.attribute.take();
        let (value, _) = self.value.take();
        let known = self.tag.attributes.iter().any(|(own, _)| *own == name);
        // Of duplicate attributes, the first counts.
        if self.reads_value && !known && self.tag.attributes.len() < MAX_ATTRIBUTES {
            self.tag.attributes.push((name, value));
        }
    }

    fn end_text(&mut self) {
        if !self.text.0.is_empty() {
            let (text, cut) = self.text.take();
            self.ready.push_back(Piece::Token(Token::Text(text, cut)));
        }
    }
}

impl Emitter for Pieces {
    type Token = Piece;

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.opened.clear();
        self.opened.extend_from_slice(name.unwrap_or_default());
    }

    fn emit_eof(&mut self) {
        self.end_text();
        if self.unfinished {
            self.ready.push_back(Piece::CutOff);
        }
    }

    fn emit_error(&mut self, _: html5gum::Error) {}

    #[inline]
    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn pop_token(&mut self) -> Option<Piece> {
        self.ready.pop_front()
    }

    fn emit_string(&mut self, text: &[u8]) {
        // Browsers drop a NUL in text.
        let filler = text == "\u{fffd}".as_bytes() && self.shared.filler.take();
        if text != b"\0" && !filler {
            self.text.push(text, MAX_TEXT_BYTES);
        }
    }

    fn init_start_tag(&mut self) {
        self.begin_tag(false);
    }

    fn init_end_tag(&mut self) {
        self.begin_tag(true);
    }

    fn init_comment(&mut self) {
        self.unfinished = true;
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        self.end_attribute();
        self.end_text();
        self.unfinished = false;
        self.shared.recording.set(false);
        let (name, _) = self.name.take();
        let mut tag = std::mem::take(&mut self.tag);
        let source = std::mem::take(&mut *self.shared.source.borrow_mut());
        if !source.is_empty() {
            tag.source = String::from_utf8_lossy(&source).into_owned();
        }
        let mut state = None;
        if !tag.closing {
            self.set_last_start_tag(Some(name.as_bytes()));
            if self.shared.is_raw.take() {
                state = html5gum::naive_next_state(name.as_bytes());
            }
        }
        self.shared.in_data.set(state.is_none());
        tag.name = name;
        self.ready.push_back(Piece::Token(Token::Tag(tag)));
        state
    }

    fn emit_current_comment(&mut self) {
        // Also called at the end of the file; `CutOff` reports what was unfinished.
        self.unfinished = self.shared.ended.get();
    }

    fn emit_current_doctype(&mut self) {
        self.unfinished = self.shared.ended.get();
    }

    fn set_self_closing(&mut self) {}

    fn set_force_quirks(&mut self) {}

    fn push_tag_name(&mut self, text: &[u8]) {
        self.name.push(text, MAX_NAME_BYTES);
    }

    fn push_comment(&mut self, _: &[u8]) {}

    fn push_doctype_name(&mut self, _: &[u8]) {}

    fn init_doctype(&mut self) {
        self.unfinished = true;
    }

    fn init_attribute(&mut self) {
        self.end_attribute();
        self.has_attribute = true;
        self.reads_value = true;
    }

    fn init_attribute_value(&mut self) {
        self.reads_value = !UNREAD_ATTRIBUTES.contains(&self.attribute.0.as_slice());
    }

    fn push_attribute_name(&mut self, text: &[u8]) {
        self.attribute.push(text, MAX_NAME_BYTES);
    }

    fn push_attribute_value(&mut self, text: &[u8]) {
        let filler = text == "\u{fffd}".as_bytes() && self.shared.filler.take();
        if self.reads_value && !filler {
            self.value.push(text, MAX_TEXT_BYTES);
        }
    }

    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}

    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}

    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}

    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.tag.closing && !self.opened.is_empty() && self.name.0 == self.opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], context: Context) -> io::Result<Vec<Token>> {
        let mut tokens = Tokens::new(text);
        let mut found = Vec::new();
        tokens.within(context);
        while let Some(token) = tokens.next()? {
            found.push(token);
        }
        Ok(found)
    }

    fn text_of(text: &str, context: Context) -> String {
        let found = all(text.as_bytes(), context).unwrap();
        found
            .iter()
            .map(|token| match token {
                Token::Text(text, _) => text.as_str(),
                Token::Tag(_) => panic!("{found:?}"),
            })
            .collect()
    }

    #[test]
    fn tags_are_read_however_they_are_written() {
        for text in [
            "<A HREF=\"https://e.org/?a=1&amp;b\" Tags='x,y' PRIVATE>",
            "<a\n tags = 'x,y'\n private\thref=https://e.org/?a=1&b >",
            "<a private tags=x,y href='https://e.org/\n?a=1&amp;b' href=second>",
            "<a private ICON=\"data:,<x>\" tags='x,y' tags=z href='https://e.org/?a=1&b'/>",
        ] {
            let found = all(text.as_bytes(), Context::Note).unwrap();
            let [Token::Tag(tag)] = found.as_slice() else {
                panic!("{found:?}");
            };
            assert_eq!(tag.name, "a");
            let href = tag.attribute(&["href"]).unwrap().replace('\n', "");
            assert_eq!(href, "https://e.org/?a=1&b");
            assert_eq!(tag.attribute(&["labels", "tags"]), Some("x,y"));
            assert_eq!(tag.attribute(&["private"]), Some(""));
            assert_eq!(tag.attribute(&["icon"]), None);
            assert_eq!(tag.source, text);
        }
    }

    #[test]
    fn comments_and_declarations_are_skipped_and_signs_are_text() {
        let text = "<!DOCTYPE x><!-- <a> -- > --->1 < 2 </ &lt;b&#62;&#x26;&foo;&<!-->x";
        assert_eq!(text_of(text, Context::Between), "1 < 2 </ <b>&&foo;&x");
    }

    #[test]
    fn references_are_read_as_browsers_read_them() {
        for (text, expected) in [
            ("&amp;lt; &notin; &Amacr; &nGt; &hearts;", "&lt; ∉ Ā ≫⃒ ♥"),
            ("&copy 2020 &amp", "© 2020 &"),
            ("&#128; &#x1F600; &#0;", "€ 😀 \u{fffd}"),
            // A surrogate pair, as older exporters write it, and a lone surrogate.
            ("&#55357;&#56832;&#xD83D;&#xDE00;", "😀😀"),
            ("&#55357; &#56832;&#55357;x", "\u{fffd} \u{fffd}\u{fffd}x"),
            ("a\0b\r\nc\rd\n\re\n\r\nf", "ab\nc\nd\ne\n\nf"),
            // What follows a reference is examined like everything else.
            ("&lt;&#55357;&#56832;&amp;<b>&<c &#<d", "<😀&<b>&<c &#<d"),
            ("&lt;<!-- &amp;</A x &x<y", "<<!-- &</A x &x<y"),
        ] {
            assert_eq!(text_of(text, Context::Note), expected, "{text}");
        }
        let title = "x &amp;<!-- <p> &lt;<dl>";
        let found = all(format!("{title}</A>").as_bytes(), Context::Until("a")).unwrap();
        let text = Token::Text("x &<!-- <p> <<dl>".into(), false);
        assert_eq!((found.len(), &found[0]), (2, &text));
        let found = all(
            b"<a href='?a=1&copy=2&lt;&#55357;&#56832;'>",
            Context::Between,
        )
        .unwrap();
        let [Token::Tag(tag)] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(tag.attribute(&["href"]), Some("?a=1&copy=2<😀"));
    }

    #[test]
    fn references_alone_are_replaced() {
        assert_eq!(
            unescaped("<a &amp; </b> &auml;&#55357;&#56832; &x;"),
            "<a & </b> ä😀 &x;"
        );
        let address = "https://e.org/?a=1&copy=2&amp;b=\"<";
        assert_eq!(unescaped_value(address), "https://e.org/?a=1&copy=2&b=\"<");
    }

    #[test]
    fn a_file_that_ends_inside_a_tag_is_truncated() {
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
            assert!(all(text.as_bytes(), Context::Between).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_are_counted_however_they_end() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["<!-- x", "-->", "<p>", "", "text <b", "c='", "'><i>"].join(end);
            let found = all(text.as_bytes(), Context::Between).unwrap();
            let lines: Vec<u64> = found
                .iter()
                .filter_map(|token| match token {
                    Token::Tag(tag) => Some(tag.line),
                    Token::Text(..) => None,
                })
                .collect();
            assert_eq!(lines, [3, 5, 7], "{end:?}");
        }
    }

    #[test]
    fn nothing_endless_is_kept_in_memory() {
        /// Begins with some bytes and continues with one byte.
        struct Endless(&'static [u8], u8, usize);
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let start = self.0.read(buffer)?;
                let more = (buffer.len() - start).min(self.2);
                buffer[start..start + more].fill(self.1);
                self.2 -= more;
                Ok(start + more)
            }
        }
        for (start, byte) in [
            (&b"<a href=\""[..], b'x'),
            (b"<a icon='", b'x'),
            (b"<a href=", b'&'),
            (b"<", b'x'),
            (b"<a ", b'x'),
            (b"<!--", b'-'),
            (b"<!--", b'<'),
            (b"<title></", b'x'),
            (b"&#x", b'1'),
            (b"&", b'x'),
            (b"", b'&'),
            (b"", b'<'),
            (b"", b'\r'),
        ] {
            let mut tokens = Tokens::new(Endless(start, byte, 8 << 20));
            while let Ok(Some(token)) = tokens.next() {
                if let Token::Text(text, _) = token {
                    assert!(text.len() <= MAX_TEXT_BYTES);
                }
            }
        }
    }

    #[test]
    fn fuzz_html() {
        crate::fuzz::bytes(
            &[
                b"<DT><A HREF=\"https://e.org/\" ADD_DATE='1' TAGS=a,b>T &amp; t</A>\n<DD>x",
                b"<!-- c --><p/><?x?></DL><title>t</title>&#55357;&#56832;",
                b"<A HREF=\"https://e.org/>T</A>\n<DT><A HREF=\"https://f.org/\">x<y</A><dl",
            ],
            |bytes| {
                for context in [Context::Between, Context::Until("a"), Context::Note] {
                    let _ = all(bytes, context);
                }
            },
        );
    }
}
