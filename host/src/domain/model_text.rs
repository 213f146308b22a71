//! Text that a language model wrote, and the text that it is given.
//!
//! A model may repeat what a page demands of it. So nothing of its answer is markup, a link or
//! invisible when it is shown.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::domain::{invisible::without_invisible, markdown_text::is_too_deep, quote::escape};

/// Longest summary by a model, in characters.
pub const MAX_MODEL_SUMMARY: usize = 800;
/// Most tags that a model may suggest for a note.
pub const MAX_MODEL_TAGS: usize = 5;
/// Longest name of a model that is kept, in characters.
const MAX_NAME: usize = 100;
/// Most of an answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// How often markup is removed: what is left may be markup again.
const PASSES: usize = 4;

/// Returns a model's summary as plain text in one paragraph: at most [`MAX_MODEL_SUMMARY`]
/// characters, without markup, addresses, images, and characters that control or reverse text.
/// `None` if nothing is left.
#[must_use]
pub fn model_summary(answer: &str) -> Option<String> {
    let mut text = visible(&answer[..answer.floor_char_boundary(MAX_ANSWER_BYTES)]);
    for _ in 0..PASSES {
        let plain = visible(&without_markup(&text));
        let is_done = plain == text;
        text = plain;
        if is_done {
            break;
        }
    }
    // What is still markup after all passes was made to be.
    text.retain(|c| !matches!(c, '<' | '>'));
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| !is_address(word))
        .collect();
    let text = shortened(words.join(" "), MAX_MODEL_SUMMARY);
    text.chars().any(char::is_alphanumeric).then_some(text)
}

/// Returns the name of a model as it is shown, or `None` if nothing of it is visible.
#[must_use]
pub fn model_name(name: &str) -> Option<String> {
    let visible = visible(name);
    let words: Vec<&str> = visible.split_whitespace().collect();
    let name: String = words.join(" ").chars().take(MAX_NAME).collect();
    Some(name).filter(|name| !name.is_empty())
}

/// Returns plain text in one paragraph as Markdown that looks the same.
#[must_use]
pub fn plain_as_markdown(text: &str) -> String {
    escape(text)
}

/// Returns the beginning of a text with at most `most` characters. It ends with a paragraph or, if
/// that would leave out more than half, with a word.
#[must_use]
pub fn beginning_in_paragraphs(text: &str, most: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(most) else {
        return text;
    };
    let cut = &text[..end];
    let word = match text[end..].starts_with(char::is_whitespace) {
        true => Some(end),
        false => cut.rfind(char::is_whitespace),
    };
    let ends = [cut.rfind("\n\n"), word];
    let place = ends.into_iter().flatten().find(|place| *place > end / 2);
    cut[..place.unwrap_or(end)].trim_end()
}

/// Removes invisible characters and those that control or reverse text; line breaks stay.
fn visible(text: &str) -> String {
    let controlled: String = text
        .chars()
        .filter(|c| *c == '\n' || *c == '\t' || !c.is_control())
        .filter(|c| !is_unassigned(*c))
        .collect();
    without_invisible(&controlled).into_owned()
}

/// Private and replaced characters, which look different everywhere.
fn is_unassigned(c: char) -> bool {
    matches!(
        c,
        '\u{E000}'..='\u{F8FF}' | '\u{FFF9}'..='\u{FFFF}' | '\u{F0000}'..='\u{10FFFF}'
    )
}

/// Returns the words of a Markdown text without images, HTML and any markup.
fn without_markup(markdown: &str) -> String {
    if is_too_deep(markdown) {
        return markdown.to_owned();
    }
    let mut text = String::with_capacity(markdown.len());
    let mut images = 0_usize;
    let mut html = String::new();
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Image { .. }) => images += 1,
            Event::End(TagEnd::Image) => images = images.saturating_sub(1),
            _ if images > 0 => {}
            Event::Html(part) => html.push_str(&part),
            Event::End(TagEnd::HtmlBlock) => {
                push_without_tags(&mut text, &html);
                html.clear();
            }
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak | Event::Rule => text.push(' '),
            Event::End(
                TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link,
            ) => {}
            Event::End(_) => text.push(' '),
            _ => {}
        }
    }
    text
}

/// Adds the words of HTML, without tags, comments, scripts and styles.
fn push_without_tags(text: &mut String, html: &str) {
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let lower = tag.to_ascii_lowercase();
        let end = match ["!--", "script", "style"]
            .iter()
            .position(|name| lower.starts_with(name))
        {
            Some(0) => "-->",
            Some(1) => "</script>",
            Some(_) => "</style>",
            None => ">",
        };
        // Lower-casing ASCII keeps all places.
        rest = match lower.find(end) {
            Some(place) => &tag[place + end.len()..],
            None => "",
        };
    }
    text.push_str(rest);
}

/// Returns whether a word is an address, or part of one.
fn is_address(word: &str) -> bool {
    let lower = word.to_lowercase();
    let has_scheme = ["javascript:", "data:", "mailto:", "file:", "vbscript:"]
        .iter()
        .any(|scheme| lower.contains(scheme));
    // `e.org/path`, but neither `and/or` nor `1.5/2`.
    let has_path = lower.split_once('/').is_some_and(|(host, _)| {
        host.rsplit_once('.').is_some_and(|(_, end)| {
            end.chars().count() >= 2 && end.chars().all(char::is_alphabetic)
        })
    });
    has_scheme || has_path || lower.contains("://") || lower.contains("www.")
}

/// Cuts a text after its last sentence that fits or, if that is far from the end, after a word.
fn shortened(mut text: String, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else {
        return text;
    };
    let cut = &text[..end];
    let stops = ['.', '!', '?', '。', '！', '？', '؟', '।'];
    if let Some((stop, c)) = cut.char_indices().rfind(|(_, c)| stops.contains(c))
        && stop > end / 2
    {
        text.truncate(stop + c.len_utf8());
        return text;
    }
    // Room for the ellipsis.
    let (end, _) = text.char_indices().nth(most - 1).unwrap_or_default();
    text.truncate(end);
    if let Some(space) = text.rfind(' ').filter(|space| *space > end / 2) {
        text.truncate(space);
    }
    text.push('…');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, expected: &str) {
        assert_eq!(model_summary(answer).as_deref(), Some(expected), "{answer}");
    }

    #[test]
    fn a_plain_summary_stays_as_it_is() {
        for text in [
            "It compares TCP/IP and/or UDP; 3 is more than 2.5/2. A & B.",
            "機械学習の話。「本当に？」と言った。",
            "هذا ملخص للصفحة.",
            "Grüße – “zitiert”, 5 € für C++ und C#.",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn markup_links_and_images_are_removed() {
        check("# Head\n\n- **bold** `code`\n- two", "Head bold code two");
        check("See [here](https://evil.example/x) now.", "See here now.");
        check("<p>One.</p>\n<div>Two.</div>", "One. Two.");
        check(
            "<style>*{color:red}</style>Text <!-- a b --> more.",
            "Text more.",
        );
        check("<script>x()</script> text", "text");
        check("![pixel](https://evil.example/p.png) Text.", "Text.");
        check("A <b>bold</b> <script>x()</script> word", "A bold x() word");
        check("Go to https://evil.example/ now", "Go to now");
        check(
            "Go to www.evil.example or evil.example/login now",
            "Go to or now",
        );
        check("\\<img src=x onerror=y\\> text", "text");
        check("&lt;img src=x&gt; text", "text");
        check("\\[a\\](javascript:alert(1)) text", "a text");
        check("javascript:alert(1) text", "text");
    }

    #[test]
    fn invisible_and_reversing_characters_are_removed() {
        check(
            "a\u{202E}b\u{2066}c\u{200B}d\u{0007}e\u{1b}[31mf",
            "abcde[31mf",
        );
        check("te\u{E0041}\u{E0042}xt \u{E123}\u{FFFD}", "text");
    }

    #[test]
    fn a_long_summary_is_cut_after_a_sentence_or_a_word() {
        let sentences = "One sentence here. ".repeat(60);
        let cut = model_summary(&sentences).unwrap();
        assert!(cut.chars().count() <= MAX_MODEL_SUMMARY);
        assert!(cut.ends_with("here."));
        let words = model_summary(&"word ".repeat(400)).unwrap();
        assert!(words.chars().count() <= MAX_MODEL_SUMMARY);
        assert!(words.ends_with("word…"));
        let wide = model_summary(&"字".repeat(5000)).unwrap();
        assert_eq!(wide.chars().count(), MAX_MODEL_SUMMARY);
    }

    #[test]
    fn an_answer_without_words_is_none() {
        for nothing in [
            "",
            " \n ",
            "![a](b)",
            "…",
            "https://e.org/",
            "\u{200B}",
            "<p>",
        ] {
            assert_eq!(model_summary(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_summary_looks_the_same_as_markdown() {
        let text = "# 1. *a* [b](c) <i> & `d` _e_ ~f~ | g \\ h";
        let plain = crate::domain::plain_text(&plain_as_markdown(text));
        assert_eq!(plain, text);
        assert_eq!(
            crate::domain::plain_text(&plain_as_markdown("1. a")),
            "1. a"
        );
    }

    #[test]
    fn the_beginning_of_a_text_ends_with_a_paragraph_or_a_word() {
        assert_eq!(beginning_in_paragraphs("short", 10), "short");
        assert_eq!(beginning_in_paragraphs("one two\n\nthree", 11), "one two");
        assert_eq!(
            beginning_in_paragraphs("a\n\nbbbb cccc dddd", 12),
            "a\n\nbbbb cccc"
        );
        assert_eq!(beginning_in_paragraphs("字字字字字字", 4), "字字字字");
    }

    #[test]
    fn a_model_has_a_short_visible_name() {
        assert_eq!(model_name(" gemma3:4b ").as_deref(), Some("gemma3:4b"));
        assert_eq!(model_name("a\u{202E}b\n c").as_deref(), Some("ab c"));
        assert_eq!(model_name("\u{200B}"), None);
        assert_eq!(model_name(&"x".repeat(500)).unwrap().len(), MAX_NAME);
    }

    #[test]
    fn fuzz_model_summary() {
        crate::fuzz::text(
            &["[a](b) <i> ![c](https://d.example/e) \\< &lt; `f` # g\n> h\u{202E}"],
            |answer| {
                let Some(summary) = model_summary(answer) else {
                    return;
                };
                assert!(summary.chars().count() <= MAX_MODEL_SUMMARY);
                assert!(!summary.contains(['<', '>', '\n', '\u{202E}']), "{summary}");
                assert!(!summary.contains("://"), "{summary}");
            },
        );
    }
}
