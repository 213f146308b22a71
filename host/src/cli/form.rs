//! A note as a file that is edited: title and tags between two lines of dashes, the
//! user's text below. Pure; who opens the file is `edit.rs`.

use crate::domain::Note;

/// What stands above and below title and tags.
const DASHES: &str = "---";

/// What was typed. None is what the file doesn't tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) title: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) summary: String,
}

/// The file of a note.
pub(super) fn write(note: &Note) -> String {
    let tags: Vec<&str> = note.tags.iter().map(|tag| tag.as_str()).collect();
    let mut text = format!(
        "{DASHES}\n\
         title: {}\n\
         tags: {}\n\
         # {}\n\
         # Commas separate tags. Below the next line of dashes is the note, in Markdown.\n\
         # Lines that begin with # up here are left out; an empty file changes nothing.\n\
         {DASHES}\n\
         {}",
        one_line(&note.title),
        tags.join(", "),
        one_line(&note.url),
        note.summary
    );
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Reads the file again.
///
/// # Errors
/// With a sentence that says what is wrong where.
pub(super) fn read(bytes: &[u8]) -> Result<Form, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        format!("Line {} is not UTF-8.", line + 1)
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    let mut at = 0;
    let mut number = 0;
    let mut next = || {
        let line: Option<&str> = lines.next();
        number += usize::from(line.is_some());
        at += line.map_or(0, str::len);
        line.map(|line| (number, at, line.trim()))
    };
    loop {
        match next() {
            Some((_, _, DASHES)) => break,
            Some((_, _, "")) => {}
            _ => {
                return Err(format!(
                    "The first line has to be three dashes ({DASHES}), with title and tags below."
                ));
            }
        }
    }
    let mut form = Form::default();
    let body = loop {
        let Some((number, end, line)) = next() else {
            return Err(format!(
                "Below title and tags a second line of three dashes ({DASHES}) is missing."
            ));
        };
        if line == DASHES {
            break end;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // Without its colon a line clears nothing: it may be a slip.
        let (name, value) = line.split_once(':').unwrap_or(("", line));
        let value = value.trim();
        let twice = match name.trim().to_ascii_lowercase().as_str() {
            "title" => form.title.replace(value.to_owned()).is_some(),
            "tags" => {
                let names = value.split(',').map(str::trim);
                let names = names.filter(|name| !name.is_empty()).map(str::to_owned);
                form.tags.replace(names.collect()).is_some()
            }
            _ => {
                return Err(format!(
                    "Line {number} is neither \"title: …\" nor \"tags: …\"; the note goes below the second line of dashes."
                ));
            }
        };
        if twice {
            return Err(format!("Line {number} tells the {name} a second time."));
        }
    };
    form.summary = plain(&text[body..]);
    Ok(form)
}

/// Whether nothing is left of a file but blank.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.trim_ascii().is_empty()
}

/// A title as it stands on one line.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split(char::is_control).map(str::trim).collect();
    words.join(" ").trim().to_owned()
}

/// A text without what editors change of it: ends of lines, blank lines around.
pub(super) fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut rest = text.trim_end();
    // Not `trim_start`: the first line may be code, which is indented.
    while let Some((first, others)) = rest.split_once('\n')
        && first.trim().is_empty()
    {
        rest = others;
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Metadata, NoteId, parse_tags};

    fn note(title: &str, tags: &[&str], summary: &str) -> Note {
        Note {
            id: NoteId(7),
            saved_at: NoteId(7).moment(),
            url: "https://e.org/".into(),
            title: title.into(),
            tags: parse_tags(tags).unwrap(),
            summary: summary.into(),
            metadata: Metadata::default(),
            updated_at: NoteId(7).moment(),
            deleted_at: None,
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
        ] {
            let form = read(write(&note(title, tags, summary)).as_bytes()).unwrap();
            assert_eq!(form.title.as_deref(), Some(title));
            assert_eq!(form.tags.unwrap(), tags);
            assert_eq!(form.summary, summary);
        }
    }

    #[test]
    fn what_editors_do_to_files_is_no_change() {
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
    fn what_is_wrong_is_told_with_its_line() {
        for (text, sentence) in [
            (&b"title: x\n"[..], "The first line"),
            (b"", "The first line"),
            (b"---\ntitle: x\n", "a second line of three dashes"),
            (
                b"---\ntitle: x\nTitle: y\n---\n",
                "Line 3 tells the Title a second time",
            ),
            (b"---\ntitle: x\n- gpu\n---\n", "Line 3 is neither"),
            (b"---\ntitle: x\ntags\n---\n", "Line 3 is neither"),
            (b"---\ntitle: x\n---\n\xff\n", "Line 4 is not UTF-8"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(sentence) && told.ends_with('.'), "{told}");
        }
        assert_eq!(read(b"---\n---\n").unwrap(), Form::default());
    }

    #[test]
    fn fuzz_form() {
        let seed = write(&note("A page", &["gpu", "web/tech"], "# a\n\n- b"));
        crate::fuzz::bytes(
            &[seed.as_bytes(), b"---\n---\n", b"---\ntags: a, b\n---\n"],
            |bytes| {
                if let Ok(form) = read(bytes) {
                    assert_eq!(plain(&form.summary), form.summary);
                }
            },
        );
    }
}
