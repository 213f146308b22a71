//! Text within a line: white space, escapes, emphasis, links.

/// Text that is being collected, with its white space as HTML shows it.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Escaped. A line feed is a `br`.
    pub(super) text: String,
    /// Whether white space came before the text.
    leads: bool,
    /// Whether white space came last.
    trails: bool,
    /// Whether it contains markup or line breaks.
    has_markup: bool,
    /// Marks at its end, with punctuation before them.
    unsettled: Option<Unsettled>,
}

/// Closing marks after punctuation: only white space or the end may follow them.
#[derive(Debug)]
struct Unsettled {
    mark: String,
    /// Where the opening marks are.
    opening: usize,
    /// Where the first word begins, after punctuation that may be there, too.
    words: usize,
    /// Where the punctuation at the end begins.
    punctuation: usize,
}

impl Line {
    /// Appends white space.
    pub(super) fn space(&mut self) {
        match self.text.is_empty() {
            true => self.leads = true,
            false => self.trails = true,
        }
    }

    /// Appends text of the page.
    pub(super) fn text(&mut self, text: &str) {
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c.is_whitespace() {
                self.space();
                continue;
            }
            self.flush_space();
            let before = self.text.chars().next_back();
            if is_escaped(before, c, chars.peek().copied()) {
                self.text.push('\\');
            }
            self.text.push(c);
        }
    }

    /// Appends a line break.
    pub(super) fn line_break(&mut self) {
        self.trails = false;
        if self.text.is_empty() {
            self.leads = true;
        } else {
            self.unsettled = None;
            self.text.push('\n');
            self.has_markup = true;
        }
    }

    /// Appends markup as it is.
    pub(super) fn markup(&mut self, markup: &str) {
        self.flush_space();
        self.push(markup);
        self.has_markup = true;
    }

    /// Appends escaped text. An exclamation mark right before a link would make it an image.
    fn push(&mut self, text: &str) {
        if text.starts_with('[') {
            escape_mark_at_end(&mut self.text);
        }
        self.text.push_str(text);
    }

    /// Appends text within backticks.
    pub(super) fn code(&mut self, code: &str) {
        let span = code_span(code);
        if !span.is_empty() {
            self.markup(&span);
        }
    }

    /// Returns whether there is no text, or white space at its end.
    pub(super) fn is_spaced(&self) -> bool {
        self.text.is_empty() || self.trails || self.text.ends_with('\n')
    }

    /// Appends text within a link to an address.
    pub(super) fn link(&mut self, inner: Self, address: &str) {
        if inner.leads {
            self.space();
        }
        if !inner.text.is_empty() {
            let text = inner.text.trim_matches('\n').replace('\n', " ");
            self.markup(&format!("[{text}]({})", destination(address)));
        }
        if inner.trails {
            self.space();
        }
    }

    /// Appends text between two marks. Punctuation at its ends stays outside where CommonMark would
    /// not read the marks as such: if text follows or precedes it at once.
    pub(super) fn marked(&mut self, mut inner: Self, mark: &str) {
        let is_side_by_side = self.text.ends_with('*') && !self.trails && !inner.leads;
        let has_words = inner.text.contains(char::is_alphanumeric);
        if inner.leads {
            self.space();
        }
        if has_words && !inner.has_markup && !is_side_by_side {
            let text = inner.text.as_str();
            let start = match self.is_spaced() {
                true => 0,
                false => text.find(char::is_alphanumeric).unwrap_or(0),
            };
            let last = text.rfind(char::is_alphanumeric).unwrap_or(0);
            let end = last + text[last..].chars().next().map_or(0, char::len_utf8);
            let first = text.find(char::is_alphanumeric).unwrap_or(0);
            self.markup(&text[..start]);
            let opening = self.text.len();
            self.push(mark);
            self.push(&text[start..]);
            let inside = self.text.len() - text.len();
            self.push(mark);
            if end < text.len() {
                self.unsettled = Some(Unsettled {
                    mark: mark.to_owned(),
                    opening,
                    words: inside + first,
                    punctuation: inside + end,
                });
            }
        } else if !inner.text.is_empty() {
            inner.settle();
            self.flush_space();
            self.push(&inner.text);
            self.has_markup |= inner.has_markup;
        }
        if inner.trails {
            self.space();
        }
    }

    /// Moves marks at the end to the words between the punctuation, since text follows.
    fn settle(&mut self) {
        if let Some(unsettled) = self.unsettled.take() {
            let Unsettled {
                mark,
                opening,
                words,
                punctuation,
            } = unsettled;
            self.text.truncate(self.text.len() - mark.len());
            self.text.insert_str(punctuation, &mark);
            self.text.insert_str(words, &mark);
            self.text.replace_range(opening..opening + mark.len(), "");
        }
    }

    fn flush_space(&mut self) {
        match self.trails {
            true => self.unsettled = None,
            false => self.settle(),
        }
        if self.trails && !self.text.ends_with('\n') {
            self.text.push(' ');
        }
        self.trails = false;
    }

    /// Returns its text on one line.
    pub(super) fn into_one_line(self) -> String {
        let lines = self.text.split('\n').map(str::trim);
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        lines.join(" ")
    }

    /// Returns its paragraphs: two line breaks separate them.
    pub(super) fn into_paragraphs(self) -> Vec<String> {
        let mut paragraphs = Vec::new();
        let mut lines: Vec<String> = Vec::new();
        for line in self.text.split('\n').chain([""]) {
            let line = line.trim();
            if !line.is_empty() {
                lines.push(escaped_start(line));
            } else if !lines.is_empty() {
                paragraphs.push(lines.join("\\\n"));
                lines.clear();
            }
        }
        paragraphs
    }
}

/// Returns text within backticks, of which it may contain some.
fn code_span(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    if text.is_empty() {
        return text;
    }
    let runs: Vec<usize> = text.split(|c| c != '`').map(str::len).collect();
    let length = (1..).find(|length| !runs.contains(length)).unwrap_or(1);
    let fence = "`".repeat(length);
    let gap = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// Returns the length of the longest run of a character.
pub(super) fn longest_run(text: &str, sign: char) -> usize {
    let runs = text.split(|c| c != sign).map(str::len);
    runs.max().unwrap_or(0)
}

/// Escapes an exclamation mark at the end.
pub(super) fn escape_mark_at_end(text: &mut String) {
    if let Some(before) = text.strip_suffix('!') {
        let backslashes = before.len() - before.trim_end_matches('\\').len();
        if backslashes.is_multiple_of(2) {
            text.insert(before.len(), '\\');
        }
    }
}

/// Returns whether a character of a text would be markup (CommonMark 0.31, 2.4).
fn is_escaped(before: Option<char>, c: char, after: Option<char>) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    match c {
        '\\' | '`' | '*' | '[' | ']' | '<' => true,
        // Within a word it is no markup.
        '_' => !(is_word(before) && is_word(after)),
        '&' => after.is_some_and(|c| c == '#' || c.is_ascii_alphabetic()),
        '~' => before == Some('~') || after == Some('~'),
        '!' => after == Some('['),
        _ => false,
    }
}

/// Escapes what would be markup at the start of a line.
pub(super) fn escaped_start(line: &str) -> String {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    let is_number = (1..=9).contains(&digits)
        && rest.starts_with(['.', ')'])
        && rest[1..].chars().next().is_none_or(char::is_whitespace);
    let is_marked = match line.chars().next() {
        Some('#') => {
            let rest = line.trim_start_matches('#');
            rest.is_empty() || rest.starts_with(char::is_whitespace)
        }
        Some('-' | '+' | '=') => true,
        Some('>') => true,
        Some('~') => line.starts_with("~~~"),
        Some('|') => true,
        _ => false,
    };
    match (is_number, is_marked) {
        (true, _) => format!("{}\\{rest}", &line[..digits]),
        (_, true) => format!("\\{line}"),
        _ => line.to_owned(),
    }
}

/// Escapes plain text of several lines.
pub(super) fn escaped_paragraph(text: &str) -> String {
    let mut lines = Vec::new();
    for text in text.lines() {
        let mut line = Line::default();
        line.text(text);
        lines.push(escaped_start(&line.text));
    }
    lines.join("\n")
}

/// Returns an address as the destination of a link.
fn destination(address: &str) -> String {
    let mut written = String::with_capacity(address.len());
    for (at, c) in address.char_indices() {
        match c {
            '(' | ')' | '<' | '>' | '\\' | '`' | '|' | '"' => {
                written.push_str(&format!("%{:02X}", u32::from(c)));
            }
            c if c.is_whitespace() => written.push_str("%20"),
            '&' if is_entity(&address[at + 1..]) => written.push_str("\\&"),
            c => written.push(c),
        }
    }
    written
}

/// Returns whether a text after `&` makes a reference to a character of it (CommonMark 0.31, 2.5).
fn is_entity(rest: &str) -> bool {
    let name = rest.strip_prefix('#').unwrap_or(rest);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric());
    end.is_some_and(|end| end > 0 && name[end..].starts_with(';'))
}
