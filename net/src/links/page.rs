//! What a page shows of itself: title and text, as far as it was read.

use html5gum::{Token, Tokenizer};

use super::shell::Shell;
use crate::encoding;

/// Elements whose text isn't shown.
const HIDDEN: [&[u8]; 6] = [
    b"script",
    b"style",
    b"template",
    b"noscript",
    b"iframe",
    b"svg",
];
/// Longest title that is read, in bytes.
const MAX_TITLE_BYTES: usize = 1024;

/// A page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Its title, on one line. Empty if it has none or isn't HTML.
    pub title: String,
    /// Its text, on one line. Empty if it isn't HTML or plain text.
    pub text: String,
    /// Whether only its beginning was read.
    pub is_cut: bool,
    /// Whether it has a field for a password.
    pub asks_for_password: bool,
    /// Whether its main part is empty until a script fills it.
    pub is_shell: bool,
}

impl Page {
    /// Reads a page. `content_type`: the server's `Content-Type`. Of images, PDFs and the like
    /// nothing is read.
    #[must_use]
    pub fn read(bytes: &[u8], content_type: Option<&str>, is_cut: bool) -> Self {
        let kind = content_type.unwrap_or_default().to_ascii_lowercase();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let is_text = match kind {
            "text/html" | "application/xhtml+xml" | "text/plain" => true,
            "" => bytes.trim_ascii_start().starts_with(b"<"),
            _ => false,
        };
        if !is_text {
            return Self {
                is_cut,
                ..Self::default()
            };
        }
        let decoded = encoding::decode_page(bytes, content_type);
        if kind == "text/plain" {
            return Self {
                text: one_line(&decoded),
                is_cut,
                ..Self::default()
            };
        }
        Self {
            is_cut,
            ..Self::of_html(&decoded)
        }
    }

    fn of_html(html: &str) -> Self {
        let mut page = Self::default();
        let (mut title, mut text) = (None::<String>, String::new());
        let mut is_in_title = false;
        let mut hidden: Option<Vec<u8>> = None;
        let mut shell = Shell::default();
        for token in Tokenizer::new(html) {
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) if hidden.is_none() => {
                    text.push(' ');
                    shell.start(&tag);
                    match &**tag.name {
                        b"title" if title.is_none() => {
                            title = Some(String::new());
                            is_in_title = true;
                        }
                        b"input" => {
                            let kind = tag.attributes.get(&b"type"[..]);
                            page.asks_for_password |=
                                kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"password"));
                        }
                        name if HIDDEN.contains(&name) && !tag.self_closing => {
                            hidden = Some(tag.name.0);
                        }
                        _ => {}
                    }
                }
                Token::EndTag(tag) => {
                    if hidden.as_ref() == Some(&tag.name.0) {
                        hidden = None;
                    } else if hidden.is_none() {
                        shell.end(&tag.name);
                    }
                    is_in_title &= &**tag.name != b"title";
                    text.push(' ');
                }
                Token::String(piece) if hidden.is_none() => {
                    let piece = String::from_utf8_lossy(&piece);
                    match title.as_mut().filter(|_| is_in_title) {
                        Some(title) => title.push_str(&piece),
                        None => {
                            shell.text(&piece);
                            text.push_str(&piece);
                        }
                    }
                }
                _ => {}
            }
        }
        page.title = one_line(&title.unwrap_or_default());
        let end = page.title.floor_char_boundary(MAX_TITLE_BYTES);
        page.title.truncate(end);
        page.text = one_line(&text);
        page.is_shell = shell.is_shell();
        page
    }
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Page {
        Page::read(html.as_bytes(), Some("Text/HTML; charset=utf-8"), false)
    }

    #[test]
    fn title_and_text_are_read_and_what_is_hidden_is_not() {
        let page = read(
            "<!doctype html><TITLE>A &amp;\n B</TITLE><style>p {}</style>
             <script>document.title = '<b>no</b>'</script>
             <svg><title>icon</title></svg><p>One</p><p>two<br>three</p>
             <noscript>Turn on JavaScript</noscript><input type=PassWord>",
        );
        assert_eq!(page.title, "A & B");
        assert_eq!(page.text, "One two three");
        assert!(page.asks_for_password && !page.is_cut);
    }

    #[test]
    fn encodings_and_other_kinds_of_files_are_known() {
        let latin = Page::read(
            b"<title>caf\xe9</title>",
            Some("text/html; charset=iso-8859-1"),
            true,
        );
        assert_eq!(latin.title, "café");
        assert!(latin.is_cut);
        assert_eq!(
            Page::read(b"<title>x</title>", None, false).title,
            "x",
            "without a type"
        );
        let plain = Page::read(b"<title>x\ny", Some("text/plain"), false);
        assert_eq!((&*plain.title, &*plain.text), ("", "<title>x y"));
        for (bytes, kind) in [
            (&b"%PDF-1.7 <title>no</title>"[..], Some("application/pdf")),
            (b"\x89PNG\r\n", None),
            (b"{}", Some("application/json")),
            (b"", Some("text/html")),
        ] {
            assert_eq!(Page::read(bytes, kind, false), Page::default(), "{kind:?}");
        }
    }

    #[test]
    fn a_cut_page_keeps_what_comes_before_the_cut() {
        let page = read("<title>Whole</title><p>some words</p><script>var a = '");
        assert_eq!((&*page.title, &*page.text), ("Whole", "some words"));
        assert_eq!(read("<title>Hal").title, "Hal");
    }

    #[test]
    fn fuzz_page() {
        let seeds = [
            "<!doctype html><title>A</title><p>b <svg><title>c</title></svg><input type=password>",
            "<meta charset=koi8-r><script><!-- <script> --></script><template><p>x",
        ];
        crate::fuzz::text(&seeds, |text| {
            let page = Page::read(text.as_bytes(), Some("text/html"), true);
            assert!(page.title.len() <= MAX_TITLE_BYTES);
        });
    }
}
