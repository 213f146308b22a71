//! Markdown as plain text: what the full-text index and the snippets see.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The words of a Markdown text without its markup; blocks are separated by new lines.
#[must_use]
pub fn plain_text(markdown: &str) -> String {
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
