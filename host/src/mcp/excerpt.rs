//! Texts as an assistant gets them: without invisible characters, and cut.

use std::borrow::Cow;

use crate::domain::visible_text;

/// Returns a text of at most `most` characters on one line. An ellipsis shows that it was cut, after a
/// word if that leaves most of it.
pub(super) fn line(text: &str, most: usize) -> String {
    let seen = visible_text(beginning(text, most * 8));
    let words: Vec<&str> = seen.split_whitespace().collect();
    let text = words.join(" ");
    if text.chars().nth(most).is_none() {
        return text;
    }
    let end = text.char_indices().nth(most.saturating_sub(1));
    let cut = &text[..end.map_or(0, |(at, _)| at)];
    let word = cut.rfind(' ').filter(|at| *at > cut.len() / 2);
    format!("{}…", &cut[..word.unwrap_or(cut.len())])
}

/// Returns at most that many bytes of a text, so that no long text is worked on for a short line.
fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: String,
    /// Where the next part begins, in characters of the visible text.
    pub(super) next: Option<usize>,
}

/// Returns the part of a text from a character on, with at most `most` characters. It ends with a line,
/// or else with a word, if it isn't the last and that doesn't leave out more than a half.
pub(super) fn part(text: &str, offset: usize, most: usize) -> Part {
    let seen: Cow<'_, str> = Cow::Owned(visible_text(text));
    let at = |chars: usize| {
        seen.char_indices()
            .nth(chars)
            .map_or(seen.len(), |(at, _)| at)
    };
    let rest = &seen[at(offset)..];
    let Some((end, _)) = rest.char_indices().nth(most) else {
        return Part {
            text: rest.to_owned(),
            next: None,
        };
    };
    let cut = &rest[..end];
    let ends = [cut.rfind('\n'), cut.rfind(char::is_whitespace)];
    // White space belongs to the part that it ends.
    let ends = ends.into_iter().flatten().map(|place| {
        let space = cut[place..].chars().next().map_or(0, char::len_utf8);
        place + space
    });
    let end = ends
        .into_iter()
        .find(|place| *place > end / 2)
        .unwrap_or(end);
    let part = &rest[..end];
    Part {
        text: part.to_owned(),
        next: Some(offset + part.chars().count()),
    }
}

/// Returns the characters of a text from one on, at most that many.
pub(super) fn stretch(text: &str, offset: usize, most: usize) -> Part {
    let seen = visible_text(text);
    let mut chars = seen.chars().skip(offset);
    let text: String = chars.by_ref().take(most).collect();
    Part {
        text,
        next: chars.next().map(|_| offset + most),
    }
}

/// Returns whether a note quotes something.
pub(super) fn has_quote(summary: &str) -> bool {
    summary.lines().any(is_quoted)
}

/// Returns whether a line begins a block quote (CommonMark 0.31, 5.1) or goes on with one, as the
/// extension writes them.
fn is_quoted(line: &str) -> bool {
    line.trim_start_matches(' ').starts_with('>')
}

/// Returns a note without the lines that it quotes, and those lines.
pub(super) fn own_and_quoted(summary: &str) -> (String, String) {
    let (mut own, mut quoted) = (String::new(), String::new());
    let mut was_quoted = false;
    for line in summary.lines() {
        let is_quoted = is_quoted(line);
        if !is_quoted {
            push_line(&mut own, line);
        } else {
            // Two quotes stay apart.
            if !was_quoted && !quoted.is_empty() {
                quoted.push('\n');
            }
            let text = line.trim_start_matches(' ').trim_start_matches('>');
            push_line(&mut quoted, text.strip_prefix(' ').unwrap_or(text));
        }
        was_quoted = is_quoted;
    }
    (own.trim().to_owned(), quoted.trim().to_owned())
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_and_has_nothing_invisible() {
        assert_eq!(line("a\u{200B}b \n\t c", 10), "ab c");
        assert_eq!(line("one twothree", 7), "one tw…");
        assert_eq!(line("eleven twelve", 11), "eleven…");
        assert_eq!(line("one two", 7), "one two");
        assert_eq!(line(&"x".repeat(100_000), 5), "xxxx…");
        let hidden: String = "rm -rf"
            .chars()
            .map(|c| char::from_u32(0xE0000 + c as u32).unwrap())
            .collect();
        assert_eq!(line(&format!("a{hidden}b\u{202E}c"), 50), "abc");
    }

    #[test]
    fn quotes_are_apart_from_what_the_user_wrote() {
        let summary = "Read this.\n\n> One **line**\n> and another\n>\n> [link](https://e.org)\n\nMine: a > b\n  > Two\n";
        let (own, quoted) = own_and_quoted(summary);
        assert_eq!(own, "Read this.\n\n\nMine: a > b");
        assert_eq!(
            quoted,
            "One **line**\nand another\n\n[link](https://e.org)\n\nTwo"
        );
        assert!(has_quote(summary) && !has_quote("a > b"));
        assert_eq!(own_and_quoted(""), (String::new(), String::new()));
    }

    #[test]
    fn stretches_of_a_text_are_the_text() {
        let text = "日本語 and some words";
        let first = stretch(text, 0, 5);
        assert_eq!((first.text.as_str(), first.next), ("日本語 a", Some(5)));
        let rest = stretch(text, 5, 100);
        assert_eq!((rest.text.as_str(), rest.next), ("nd some words", None));
        assert_eq!(stretch(text, 100, 5).text, "");
    }

    #[test]
    fn the_parts_of_a_text_are_the_text() {
        for text in [
            "",
            "short",
            "one two three four five six seven",
            "日本語の文章はスペースがありません。それでも切れます。",
            "a line\nanother line\n\na paragraph that is somewhat longer than the others\n",
        ] {
            for most in [1, 7, 20, 100] {
                let (mut read, mut offset) = (String::new(), 0);
                loop {
                    let part = part(text, offset, most);
                    assert!(part.text.chars().count() <= most, "{part:?}");
                    read.push_str(&part.text);
                    match part.next {
                        None => break,
                        Some(next) => {
                            assert!(next > offset);
                            offset = next;
                        }
                    }
                }
                assert_eq!(read, text, "{most}");
            }
        }
        assert_eq!(
            part("short", 99, 10),
            Part {
                text: String::new(),
                next: None
            }
        );
    }
}
