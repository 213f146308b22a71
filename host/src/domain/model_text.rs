//! Text that a language model wrote, and the text that it is given.
//!
//! A model may repeat what a page demands of it. So nothing of its answer is markup, a link or
//! invisible when it is shown.

use std::collections::HashMap;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::domain::{invisible::without_invisible, markdown_text::is_too_deep, quote::escape};

/// Longest summary by a model, in characters.
pub const MAX_MODEL_SUMMARY: usize = 800;
/// Most tags that a model may suggest for a note.
pub const MAX_MODEL_TAGS: usize = 5;
/// Longest name of a model that is kept, in characters.
const MAX_NAME: usize = 100;
/// Longest reason of a server that is shown, in characters.
const MAX_REASON: usize = 200;
/// Most of an answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// How often markup is removed: what is left may be markup again.
const PASSES: usize = 6;
/// Stands for `<` where Markdown is parsed. Private characters are removed before.
const ANGLE: char = '\u{E000}';
/// HTML elements within a line.
const INLINE: [&str; 12] = [
    "a", "b", "code", "em", "i", "mark", "s", "small", "span", "strong", "sub", "sup",
];

/// Returns a model's summary as plain text in one paragraph: at most [`MAX_MODEL_SUMMARY`]
/// characters, without markup, addresses, images, and characters that control or reverse text. Tags of
/// HTML that are only named stay, and so do names of hosts: none of it is markup where it is shown.
/// `None` if nothing is left.
#[must_use]
pub fn model_summary(answer: &str) -> Option<String> {
    let mut text = visible_text(&answer[..answer.floor_char_boundary(MAX_ANSWER_BYTES)]);
    let mut is_plain = false;
    for _ in 0..PASSES {
        let plain = visible_text(&without_markup(&without_tags(&text)));
        let words: Vec<&str> = plain.split_whitespace().collect();
        let plain = words.join(" ");
        is_plain = plain == text;
        text = plain;
        if is_plain {
            break;
        }
    }
    if !is_plain {
        // What is still markup after all passes was made to be.
        text.retain(|c| !matches!(c, '<' | '>'));
    }
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| !is_address(word))
        .collect();
    let text = shortened(words.join(" "), MAX_MODEL_SUMMARY);
    text.chars().any(char::is_alphanumeric).then_some(text)
}

/// Returns the reason that a server gives for an error, for a sentence: one line of at most 200
/// characters, of which all are visible. `None` if nothing is left.
#[must_use]
pub fn foreign_reason(reason: &str) -> Option<String> {
    let visible = visible_text(reason);
    let words: Vec<&str> = visible.split_whitespace().collect();
    Some(shortened(words.join(" "), MAX_REASON)).filter(|reason| !reason.is_empty())
}

/// Returns the name of a model as it is shown, or `None` if nothing of it is visible.
#[must_use]
pub fn model_name(name: &str) -> Option<String> {
    let visible = visible_text(name);
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
#[must_use]
pub fn visible_text(text: &str) -> String {
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

/// Returns the words of a Markdown text without images and any markup. Numbers that look like those
/// of a list stay: "1984. A novel". HTML is text.
fn without_markup(text: &str) -> String {
    if is_too_deep(text) {
        return text.to_owned();
    }
    let markdown = text
        .replace("\\<", "<")
        .replace('<', ANGLE.encode_utf8(&mut [0; 4]));
    let mut text = String::with_capacity(markdown.len());
    let mut images = 0_usize;
    let mut are_numbered: Vec<bool> = Vec::new();
    for (event, place) in Parser::new(&markdown).into_offset_iter() {
        match event {
            Event::Start(Tag::Image { .. }) => images += 1,
            Event::End(TagEnd::Image) => images = images.saturating_sub(1),
            _ if images > 0 => {}
            Event::Start(Tag::List(first)) => are_numbered.push(first.is_some()),
            Event::Start(Tag::Item) if are_numbered.last() == Some(&true) => {
                let item = markdown[place].trim_start();
                let end = item.find(['.', ')']).map_or(0, |end| end + 1);
                text.push_str(&item[..end]);
                text.push(' ');
            }
            Event::End(TagEnd::List(_)) => {
                are_numbered.pop();
                text.push(' ');
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
    text.replace(ANGLE, "<")
}

/// A tag of HTML.
struct HtmlTag<'a> {
    /// In lower case.
    name: &'a str,
    closes: bool,
    has_attributes: bool,
    /// Length after `<`, with `>`.
    len: usize,
}

impl<'a> HtmlTag<'a> {
    /// Reads the tag that begins before `text`, which is in lower case.
    fn at(text: &'a str) -> Option<Self> {
        let closes = text.starts_with('/');
        let begin = &text[usize::from(closes)..];
        let name_len = begin
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .unwrap_or(begin.len());
        let (name, attributes) = begin.split_at(name_len);
        let end = attributes.find(['<', '>'])?;
        let is_tag = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && attributes[end..].starts_with('>')
            && attributes.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
        is_tag.then_some(Self {
            name,
            closes,
            has_attributes: attributes[..end].contains('='),
            len: usize::from(closes) + name_len + end + 1,
        })
    }
}

/// Removes comments, and tags that work as such: in pairs, with attributes, or for line breaks and
/// paragraphs. Scripts and styles at the beginning of a line are removed with their content.
fn without_tags(text: &str) -> String {
    // Lower-casing ASCII keeps all places.
    let lower = text.to_ascii_lowercase();
    let tags = || {
        let places = lower.match_indices('<').map(|(place, _)| place + 1);
        places.filter_map(|place| HtmlTag::at(&lower[place..]).map(|tag| (place, tag)))
    };
    let last_ends: HashMap<&str, usize> = tags()
        .filter(|(_, tag)| tag.closes)
        .map(|(place, tag)| (tag.name, place))
        .collect();
    let mut begun: HashMap<&str, usize> = HashMap::new();
    let mut plain = String::with_capacity(text.len());
    let mut done = 0;
    while let Some(place) = lower[done..].find('<').map(|at| done + at + 1) {
        plain.push_str(&text[done..place - 1]);
        let (before, after) = (plain.trim_end_matches([' ', '\t', '\\']), &lower[place..]);
        let begins_line = before.is_empty() || before.ends_with('\n');
        if after.starts_with("!--") {
            done = after.find("-->").map_or(text.len(), |end| place + end + 3);
            plain.push(' ');
            continue;
        }
        let Some(tag) = HtmlTag::at(after) else {
            plain.push('<');
            done = place;
            continue;
        };
        let ends_later = last_ends.get(tag.name).is_some_and(|end| *end > place);
        let is_markup = match tag.closes {
            true => match begun.get_mut(tag.name) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    true
                }
                _ => false,
            },
            false => {
                *begun.entry(tag.name).or_default() += usize::from(ends_later);
                let is_break = matches!(tag.name, "br" | "hr")
                    || begins_line && matches!(tag.name, "p" | "li");
                ends_later || tag.has_attributes || is_break
            }
        };
        done = place + tag.len;
        if !is_markup {
            plain.push_str(&text[place - 1..done]);
            continue;
        }
        if plain.ends_with('\\') {
            plain.pop();
        }
        if !INLINE.contains(&tag.name) {
            plain.push(' ');
        }
        if begins_line && ends_later && matches!(tag.name, "script" | "style") {
            let end = format!("</{}", tag.name);
            done = lower[done..].find(&end).map_or(done, |at| done + at);
        }
    }
    plain.push_str(&text[done..]);
    plain
}

/// Returns whether a word is an address, or part of one.
fn is_address(word: &str) -> bool {
    let lower = word.to_lowercase();
    let has_scheme = ["javascript:", "data:", "mailto:", "file:", "vbscript:"]
        .iter()
        .any(|scheme| lower.contains(scheme));
    // `e.org/path`, but neither `and/or` nor `1.5/2`.
    let has_path = lower.split_once('/').is_some_and(|(host, _)| is_host(host));
    // Markdown may make links of e-mail addresses.
    let of_host = |sign: &str| {
        lower.split(sign).skip(1).any(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '-' | '_'));
            is_host(rest[..end.unwrap_or(rest.len())].trim_end_matches('.'))
        })
    };
    has_scheme
        || has_path
        || lower.contains("://")
        || lower.contains("www.")
        || of_host("@")
        || of_host("//")
}

/// Returns whether a text ends like the name of a host.
fn is_host(text: &str) -> bool {
    text.rsplit_once('.')
        .is_some_and(|(_, end)| end.chars().count() >= 2 && end.chars().all(char::is_alphabetic))
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
            "1984. A novel by Orwell about the <details> element and x < y and y > z in C++.",
            "007) Bond, 2 * 3 * 4 and <3 -> <- a<b>c, @user and user@localhost // end.",
            "How example.org explains <p> and </body> with Node.js.",
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
        check(
            "One<br>two `<b>` <a href=\"x\">three</a>",
            "One two <b> three",
        );
        check(
            "Write to bob@evil.example, (bob@evil.example.) now",
            "Write to now",
        );
        check(
            "See //evil.example/x or <bob@evil.example> now",
            "See or now",
        );
        check("1. One\n2. Two", "1. One 2. Two");
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
                assert!(!summary.contains(['\n', '\u{202E}']), "{summary}");
                assert!(!summary.contains("://"), "{summary}");
            },
        );
    }
}
