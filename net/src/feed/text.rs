//! Text of HTML, as feeds have it in titles and summaries.

use html5gum::{Token, Tokenizer};

/// Longest title, in bytes.
const MAX_TITLE_BYTES: usize = 1024;
/// Longest excerpt, in bytes.
const MAX_EXCERPT_BYTES: usize = 1000;
/// How much of a text is read, in bytes.
const MAX_READ_BYTES: usize = 64 * 1024;

/// Elements whose text isn't shown.
const HIDDEN: [&[u8]; 6] = [
    b"script",
    b"style",
    b"template",
    b"noscript",
    b"iframe",
    b"svg",
];
/// Elements within a line.
const INLINE: [&[u8]; 18] = [
    b"a", b"abbr", b"b", b"bdi", b"cite", b"code", b"em", b"font", b"i", b"kbd", b"mark", b"q",
    b"s", b"small", b"span", b"strong", b"sub", b"sup",
];

/// Returns the text of a title of HTML, on one line.
pub(super) fn title(html: &str) -> String {
    cut(text(html), MAX_TITLE_BYTES)
}

/// Returns a title that is text already, on one line.
pub(super) fn plain_title(text: &str) -> String {
    cut(one_line(text), MAX_TITLE_BYTES)
}

/// Returns the beginning of the text of HTML, on one line. `None` if there is none.
pub(super) fn excerpt(html: &str) -> Option<String> {
    Some(cut(text(html), MAX_EXCERPT_BYTES)).filter(|text| !text.is_empty())
}

fn text(html: &str) -> String {
    let html = &html[..html.floor_char_boundary(MAX_READ_BYTES)];
    let mut text = String::new();
    let mut hidden: Option<Vec<u8>> = None;
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) if hidden.is_none() => {
                if HIDDEN.contains(&&**tag.name) && !tag.self_closing {
                    hidden = Some(tag.name.0);
                } else if !INLINE.contains(&&**tag.name) {
                    text.push(' ');
                }
            }
            Token::EndTag(tag) => {
                if hidden.as_ref() == Some(&tag.name.0) {
                    hidden = None;
                } else if hidden.is_none() && !INLINE.contains(&&**tag.name) {
                    text.push(' ');
                }
            }
            Token::String(piece) if hidden.is_none() => {
                text.push_str(&String::from_utf8_lossy(&piece));
            }
            _ => {}
        }
    }
    one_line(&text)
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Cuts a text between two words, if it has some.
fn cut(mut text: String, max_bytes: usize) -> String {
    if text.len() <= max_bytes {
        return text;
    }
    text.truncate(text.floor_char_boundary(max_bytes - '…'.len_utf8()));
    if let Some(end) = text.rfind(' ')
        && end > max_bytes / 2
    {
        text.truncate(end);
    }
    text.push('…');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_a_line_of_text() {
        for (html, text) in [
            ("R&amp;D &eacute;t&#233; &#x1F600;", "R&D été 😀"),
            ("<p>One</p><p>Two<br>three</p>", "One Two three"),
            ("an <b>im</b>portant\n\tword", "an important word"),
            ("a<script>alert('<b>')</script>b<style>i{}</style>", "ab"),
            ("1 < 2 & 3", "1 < 2 & 3"),
            ("<img src=x alt=y><!-- z -->", ""),
        ] {
            assert_eq!(title(html), text, "{html}");
        }
        assert_eq!(plain_title(" a <b>\n c "), "a <b> c");
        assert_eq!(excerpt("<p> </p>"), None);
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        let long = excerpt(&"word ".repeat(10_000)).unwrap();
        assert!(
            long.len() <= MAX_EXCERPT_BYTES && long.ends_with("word…"),
            "{long}"
        );
        let long = excerpt(&"語".repeat(10_000)).unwrap();
        assert!(
            long.len() <= MAX_EXCERPT_BYTES && long.ends_with("語…"),
            "{long}"
        );
    }
}
