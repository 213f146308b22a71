//! The text form of a note in an editor: title and tags between two lines of dashes, followed by
//! the note's text. Pure; `edit.rs` reads and writes the file.
//!
//! It resembles the front matter of other programs, so tags may also be written as YAML lists or in
//! quotation marks. Otherwise, names need no quoting (`#lojban`, `a: b`).

use std::iter::Peekable;

use crate::domain::Note;

/// The lines before and after title and tags.
const DASHES: &str = "---";

/// The content of a file. `None`: the file doesn't have the field.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FrontMatter {
    pub(super) title: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) summary: String,
}

/// Formats a note.
pub(super) fn write(note: &Note) -> String {
    let tags = note.tags.iter().map(|tag| match tag.as_str() {
        name if name.starts_with(['"', '\'', '[']) => in_quotes(name),
        name => name.to_owned(),
    });
    let tags: Vec<String> = tags.collect();
    let title = one_line(&note.title);
    let title = match unquoted(&title) {
        Some(_) => in_quotes(&title),
        None => title,
    };
    let mut text = format!(
        "{DASHES}\n\
         title: {title}\n\
         tags: {}\n\
         # {}\n\
         # Commas separate tags. Below the next line of dashes is the note, in Markdown.\n\
         # Lines that begin with # up here are left out; an empty file changes nothing.\n\
         {DASHES}\n\
         {}",
        tags.join(", "),
        one_line(&note.address()),
        note.summary
    );
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Parses a file.
///
/// # Errors
/// A sentence that says what is wrong in which line.
pub(super) fn read(bytes: &[u8]) -> Result<FrontMatter, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        format!("Line {} is not UTF-8.", line + 1)
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut end = 0;
    let lines = (1..).zip(text.split_inclusive('\n')).map(|(number, line)| {
        end += line.len();
        Line {
            number,
            end,
            text: line.trim(),
        }
    });
    let mut lines = lines.peekable();
    loop {
        match lines.next().map(|line| line.text) {
            Some(DASHES) => break,
            Some("") => {}
            _ => {
                return Err(format!(
                    "The first line must be three dashes ({DASHES}), with title and tags below."
                ));
            }
        }
    }
    let mut form = FrontMatter::default();
    let body = loop {
        let Some(line) = lines.next() else {
            return Err(format!(
                "A second line of three dashes ({DASHES}) is missing below title and tags."
            ));
        };
        if line.text == DASHES {
            break line.end;
        }
        if line.is_left_out() {
            continue;
        }
        let number = line.number;
        // A line without a colon may be a typo, so it doesn't clear a field.
        let (name, value) = line.text.split_once(':').unwrap_or(("", line.text));
        let value = value.trim();
        let twice = match name.trim().to_ascii_lowercase().as_str() {
            "title" => {
                let title = unquoted(value).unwrap_or_else(|| value.to_owned());
                form.title.replace(title).is_some()
            }
            "tags" => {
                let mut names = tags(number, value, &mut lines)?;
                names.retain(|name| !name.is_empty());
                form.tags.replace(names).is_some()
            }
            _ => {
                return Err(format!(
                    "Line {number} is neither \"title: …\" nor \"tags: …\". The text of the note goes below the second line of dashes."
                ));
            }
        };
        if twice {
            return Err(format!("Line {number} gives the {name} a second time."));
        }
    };
    form.summary = plain(&text[body..]);
    Ok(form)
}

/// A line of the file, without surrounding spaces.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    number: usize,
    /// Offset of the next line.
    end: usize,
    text: &'a str,
}

impl Line<'_> {
    fn is_left_out(&self) -> bool {
        self.text.is_empty() || self.text.starts_with('#')
    }

    /// Returns the content of a list item.
    fn item(&self) -> Option<&str> {
        match self.text {
            "-" => Some(""),
            text => text.strip_prefix("- ").map(str::trim),
        }
    }
}

/// Parses the tags of a line and of following lines that continue it: separated by commas, in
/// brackets, or as list items.
fn tags<'a>(
    number: usize,
    value: &'a str,
    lines: &mut Peekable<impl Iterator<Item = Line<'a>>>,
) -> Result<Vec<String>, String> {
    let mut value = value;
    if value.is_empty() {
        let mut names = Vec::new();
        while let Some(line) = lines.next_if(|line| line.is_left_out() || line.item().is_some()) {
            names.extend(line.item().map(separated).unwrap_or_default());
        }
        match lines.next_if(|line| names.is_empty() && line.text.starts_with('[')) {
            Some(line) => value = line.text,
            None => return Ok(names),
        }
    }
    let Some(list) = value.strip_prefix('[') else {
        return Ok(separated(value));
    };
    let mut list = list.to_owned();
    loop {
        match bracketed(&list) {
            Listed::Whole(names) => return Ok(names),
            Listed::Unfinished if let Some(line) = lines.next_if(|line| line.text != DASHES) => {
                if !line.is_left_out() {
                    list.extend([" ", line.text]);
                }
            }
            Listed::Unfinished | Listed::Wrong => {
                return Err(format!(
                    "Line {number} begins a list of tags that can't be read. Write \"a, b\" or \"[a, b]\", with quotes around a name that begins with a bracket."
                ));
            }
        }
    }
}

/// Splits names at commas.
fn separated(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let whole = quoted(rest).map(|(name, rest)| (name, rest.trim_start()));
        let (name, others) = match whole {
            Some((name, "")) => (name, ""),
            Some((name, others)) if others.starts_with(',') => (name, &others[1..]),
            // A quotation mark may be part of a name.
            _ => {
                let (name, others) = rest.split_once(',').unwrap_or((rest, ""));
                (name.trim().to_owned(), others)
            }
        };
        names.push(name);
        rest = others.trim_start();
    }
    names
}

/// The text after an opening bracket.
enum Listed {
    Whole(Vec<String>),
    /// The closing bracket may be on a later line.
    Unfinished,
    Wrong,
}

fn bracketed(text: &str) -> Listed {
    let mut names = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if rest.starts_with(['[', '{']) {
            return Listed::Wrong;
        }
        let (name, others) = if rest.starts_with(['"', '\'']) {
            match quoted(rest) {
                Some((name, others)) => (name, others.trim_start()),
                None => return Listed::Unfinished,
            }
        } else {
            let (name, others) = rest.split_at(rest.find([',', ']']).unwrap_or(rest.len()));
            (name.trim().to_owned(), others)
        };
        names.push(name);
        match (others.strip_prefix(','), others.strip_prefix(']')) {
            (Some(others), _) => rest = others.trim_start(),
            (_, Some(after)) => {
                return match after.trim_start() {
                    after if after.is_empty() || after.starts_with('#') => Listed::Whole(names),
                    _ => Listed::Wrong,
                };
            }
            _ if others.is_empty() => return Listed::Unfinished,
            _ => return Listed::Wrong,
        }
    }
}

/// Parses a YAML string in quotation marks (1.2.2, 7.3) at the beginning of a text. Returns it and
/// the rest, or `None` if there is none.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut characters = text.chars();
    let mark = characters.next().filter(|c| matches!(c, '"' | '\''))?;
    let mut name = String::new();
    loop {
        let c = characters.next()?;
        match (mark, c) {
            ('\'', '\'') if characters.as_str().starts_with('\'') => {
                characters.next();
                name.push(c);
            }
            ('"', '\\') => name.push(escaped(&mut characters)?),
            _ if c == mark => return Some((name, characters.as_str())),
            _ => name.push(c),
        }
    }
}

/// Decodes the escape sequence after a backslash.
fn escaped(characters: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match characters.next()? {
        c @ ('"' | '\\' | '/' | ' ') => return Some(c),
        't' | 'n' | 'r' => return Some(' '),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let number = characters.as_str().get(..digits)?;
    let number = u32::from_str_radix(number, 16).ok()?;
    characters.nth(digits - 1);
    char::from_u32(number)
}

/// Returns the content of a text that is entirely in quotation marks.
fn unquoted(text: &str) -> Option<String> {
    let (text, rest) = quoted(text)?;
    rest.is_empty().then_some(text)
}

/// Puts a text of one line in quotation marks.
fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Returns whether the file contains only white space.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.trim_ascii().is_empty()
}

/// Returns a title on one line.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split(char::is_control).map(str::trim).collect();
    words.join(" ").trim().to_owned()
}

/// Removes what editors change in a text: line endings, and blank lines around it.
pub(super) fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut rest = text.trim_end();
    // Not `trim_start`: the first line may be indented code.
    while let Some((first, others)) = rest.split_once('\n')
        && first.trim().is_empty()
    {
        rest = others;
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Metadata, NoteId, Tag, parse_tags};

    fn note(title: &str, tags: &[&str], summary: &str) -> Note {
        Note {
            id: NoteId(7),
            saved_at: NoteId(7).moment(),
            url: "https://e.org/".into(),
            title: title.into(),
            title_typed: true,
            page_title: None,
            addresses: Vec::new(),
            tags: parse_tags(tags).unwrap(),
            summary: summary.into(),
            metadata: Metadata::default(),
            updated_at: NoteId(7).moment(),
            deleted_at: None,
            read: true,
        }
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for (title, tags, summary) in [
            ("A page", &["gpu", "web/tech"][..], "# Heading\n\n- a\n- b"),
            ("", &[], ""),
            (
                "---",
                &["#lojban", "c++", "a: b", "---"],
                "---\ntitle: x\n---\ny",
            ),
            ("# 'a': \"b\"", &[], "    code\n\ntext"),
            ("\"A\\page\"", &["[a", "b]"], "x"),
            ("'It''s'", &["'til", "\"a", "b\"", "it's"], "x"),
            ("\"Gödel\" and 'Escher'", &["[x] y", "\"q\"", "\\"], "x"),
            (
                "[a, b]",
                &["a[1]", "{x}", "- a", "null", "2024", "1e5"],
                "x",
            ),
        ] {
            let form = read(write(&note(title, tags, summary)).as_bytes()).unwrap();
            assert_eq!(form.title.as_deref(), Some(title));
            assert_eq!(form.tags.unwrap(), tags);
            assert_eq!(form.summary, summary);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_whatever_its_signs(
            title in "[\"'\\[\\]{}#:,\\\\ \\-|>&*!%@`a\u{2028}\u{feff}é]{0,12}",
            names in prop::collection::vec("[\"'\\[\\]{}#:\\\\ \\-|>&*!%@`a\u{2028}\u{feff}é]{1,8}", 0..4),
            summary in "[\\-#:\\[\r\n a]{0,30}",
        ) {
            let mut tags: Vec<Tag> = names.iter().filter_map(|name| Tag::parse(name).ok()).collect();
            // A note has each tag once.
            let mut known = std::collections::HashSet::new();
            tags.retain(|tag| known.insert(tag.clone()));
            let tags: Vec<&str> = tags.iter().map(Tag::as_str).collect();
            let form = read(write(&note(&title, &tags, &summary)).as_bytes()).unwrap();
            prop_assert_eq!(form.title.unwrap(), one_line(&title));
            prop_assert_eq!(form.tags.unwrap(), tags);
            prop_assert_eq!(form.summary, plain(&summary));
        }
    }

    #[test]
    fn lists_and_quotes_of_other_programs_are_read() {
        let names = ["a", "b c", "#d", "e: f", "2024"];
        for list in [
            " a, b c, #d, e: f, 2024",
            " a, \"b c\" , '#d', e: f, '2024',",
            " [a, b c, #d, e: f, 2024]",
            "[\"a\",'b c',\"#d\",\"e: f\",2024] # mine",
            " [a, b c,\n  \"\\u0023d\", e: f,\n# left out\n\n  2024,\n]",
            "\n  [\n    a,\n    b c,\n    \"#d\",\n    'e: f',\n    2024,\n  ]",
            "\n- a\n- b c\n- '#d'\n- e: f\n- 2024",
            "\n# left out\n  - a\n  - \"b c\"\n\n  - #d\n  -   e: f\n  - 2024\n  -",
            "\n  - a, b c\n  - #d, e: f, 2024",
        ] {
            let text = format!("---\ntags:{list}\ntitle: 'It''s'\n---\nx");
            let form = read(text.as_bytes()).unwrap();
            assert_eq!(form.tags.as_deref().unwrap(), names, "{text}");
            assert_eq!(form.title.as_deref(), Some("It's"));
            assert_eq!(form.summary, "x");
        }
        for none in ["", " []", " [ ]", "\n  -", "\n  []", " \"\"", "\n# x"] {
            let text = format!("---\ntags:{none}\n---\n");
            assert_eq!(read(text.as_bytes()).unwrap().tags, Some(vec![]), "{text}");
        }
        for (title, expected) in [
            (
                "\"a \\\"b\\\" \\\\ \\u00e9 \\x41 \\U0001F600\"",
                "a \"b\" \\ é A 😀",
            ),
            ("'a: # b'", "a: # b"),
            ("\"a\" b", "\"a\" b"),
            ("\"a", "\"a"),
            ("\"\\q\"", "\"\\q\""),
        ] {
            let form = read(format!("---\ntitle: {title}\n---\n").as_bytes()).unwrap();
            assert_eq!(form.title.as_deref(), Some(expected));
        }
    }

    #[test]
    fn changes_by_editors_to_line_endings_are_ignored() {
        let text = write(&note("A page", &["gpu"], "one\n\ntwo"));
        let form = read(text.as_bytes()).unwrap();
        for other in [
            text.replace('\n', "\r\n"),
            format!("\u{feff}{text}"),
            format!("\n{text}\n\n"),
            text.replace("---\none", "---\n\none"),
            text.trim_end().to_owned(),
        ] {
            assert_eq!(read(other.as_bytes()).unwrap(), form, "{other:?}");
        }
    }

    #[test]
    fn mistakes_are_reported_with_their_line() {
        for (text, sentence) in [
            (&b"title: x\n"[..], "The first line"),
            (b"", "The first line"),
            (b"---\ntitle: x\n", "A second line of three dashes"),
            (
                b"---\ntitle: x\nTitle: y\n---\n",
                "Line 3 gives the Title a second time",
            ),
            (b"---\ntitle: x\n- gpu\n---\n", "Line 3 is neither"),
            (b"---\ntitle: x\ntags\n---\n", "Line 3 is neither"),
            (b"---\ntitle: x\n---\n\xff\n", "Line 4 is not UTF-8"),
            (b"---\ntags: [a, b\n---\n", "Line 2 begins a list"),
            (b"---\ntags: [a\ntitle: x\n---\n", "Line 2 begins a list"),
            (b"---\ntags: [a] b\n---\n", "Line 2 begins a list"),
            (b"---\ntags: [a, [b]]\n---\n", "Line 2 begins a list"),
            (b"---\ntags: [\"a\" b]\n---\n", "Line 2 begins a list"),
            (b"---\ntags: [\"a]\n---\n", "Line 2 begins a list"),
            (b"---\ntags:\n- a\nb\n---\n", "Line 4 is neither"),
            (b"---\ntags: a\n- b\n---\n", "Line 3 is neither"),
        ] {
            let message = read(text).unwrap_err();
            assert!(
                message.contains(sentence) && message.ends_with('.'),
                "{message}"
            );
        }
        assert_eq!(read(b"---\n---\n").unwrap(), FrontMatter::default());
    }

    #[test]
    fn fuzz_form() {
        let seed = write(&note("A page", &["gpu", "web/tech"], "# a\n\n- b"));
        crate::fuzz::bytes(
            &[
                seed.as_bytes(),
                b"---\n---\n",
                b"---\ntags: [a, 'b', \"c\\u0041\"]\n---\n",
                b"---\ntags:\n- a\n- 'b'\n---\n",
            ],
            |bytes| {
                if let Ok(form) = read(bytes) {
                    assert_eq!(plain(&form.summary), form.summary);
                }
            },
        );
    }
}
