//! Converts Markdown to plain text for the full-text index and for snippets.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Most nested quotes and lists that may begin on one line. A parser checks each following line
/// against every one of them.
const MAX_DEPTH: usize = 64;

/// Returns the text without its markup; blocks are separated by line breaks.
#[must_use]
pub fn plain_text(markdown: &str) -> String {
    if is_too_deep(markdown) {
        return markdown.trim_end().to_owned();
    }
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut text = String::with_capacity(markdown.len());
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(part) | Event::Code(part) | Event::Html(part) | Event::InlineHtml(part) => {
                text.push_str(&part)
            }
            Event::SoftBreak => text.push(' '),
            Event::End(
                TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Strikethrough
                | TagEnd::Link
                | TagEnd::Image,
            ) => {}
            Event::End(TagEnd::TableCell) => text.push(' '),
            Event::Start(Tag::Item) | Event::End(_) | Event::HardBreak | Event::Rule
                if !text.is_empty() && !text.ends_with('\n') =>
            {
                text.push('\n');
            }
            _ => {}
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Returns whether a line begins more nested quotes and lists than any author writes. Parsers check
/// each following line against every one of them, so such a text isn't treated as Markdown. Over
/// several lines nesting grows slowly, because each level must be indented below the one before.
#[must_use]
pub fn is_too_deep(markdown: &str) -> bool {
    markdown.split(['\n', '\r']).any(|line| {
        let begins = |pair: &[u8]| match pair {
            [b'>', _] => true,
            [b'-' | b'+' | b'*' | b'.' | b')', next] => matches!(next, b' ' | b'\t'),
            _ => false,
        };
        let marks = |byte: &u8| b" \t>-+*.)0123456789".contains(byte);
        let start = line.bytes().take_while(marks).count();
        line.as_bytes()[..start]
            .windows(2)
            .filter(|pair| begins(pair))
            .count()
            > MAX_DEPTH
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_words_and_drops_the_markup() {
        assert_eq!(
            plain_text(
                "- **Model:** Claude\n  - `code` and [a link](https://e.org)\n\n# Head\n\na\nb"
            ),
            "Model: Claude\ncode and a link\nHead\na b"
        );
        assert_eq!(plain_text("a <b>c</b>"), "a <b>c</b>");
        assert_eq!(plain_text(""), "");
    }

    #[test]
    fn recognises_deep_nesting() {
        for (mark, deep) in [
            (">", true),
            ("> ", true),
            ("- ", true),
            ("* + ", true),
            ("1. ", true),
            ("1) > ", true),
            ("-", false),
            ("*", false),
            ("=", false),
            ("1", false),
            ("|-", false),
        ] {
            let text = mark.repeat(2 * MAX_DEPTH);
            assert_eq!(is_too_deep(&format!("a\n{text}a")), deep, "{mark}");
            assert!(!is_too_deep(&mark.repeat(MAX_DEPTH / 2)), "{mark}");
        }
        let text = format!("{}a\n{}", "> ".repeat(2 * MAX_DEPTH), "a\n".repeat(9));
        assert_eq!(plain_text(&text), text.trim_end());
    }

    #[test]
    fn fuzz_plain_text() {
        crate::fuzz::text(
            &[
                "- **Model:** `code`\n  - [a](https://e.org)\n\n# Head\n",
                "| a | b |\n|-|-|\n| ~~c~~ | - [x] d |\n> quote",
            ],
            |markdown| {
                let plain = plain_text(markdown);
                assert_eq!(plain, plain.trim_end());
            },
        );
    }
}
