//! Texts of pages as Markdown, from files and from exports of other programs.
//!
//! The output follows the rules of the extension's extraction: headings, paragraphs, lists, quotes,
//! code, tables and links, without images and HTML, at most 256 KiB. Any input is accepted, and
//! takes time in proportion to its length.

mod elements;
#[cfg(test)]
mod fixtures;
mod html;
mod inline;
mod landmarks;
mod loading;
mod main_text;
mod tables;
mod tree;

use std::borrow::Cow;

use url::Url;

pub use loading::without_loading;

use self::{html::MarkdownWriter, inline::escaped_paragraph, main_text::MainText, tree::Tree};
use crate::store::MAX_TEXT_BYTES;

/// A text that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadText {
    /// The text as Markdown.
    pub markdown: String,
    /// Whether nothing was left out because of its length.
    pub whole: bool,
}

impl ReadText {
    /// Reads a saved page: its main text by landmarks, without navigation and the like. `base` is
    /// the page's address, from which relative links start.
    #[must_use]
    pub fn of_page(html: &str, base: Option<&Url>) -> Self {
        let tree = Tree::of(html);
        let main = MainText::find(&tree);
        Self::of_tree(&tree, &main, base)
    }

    /// Reads HTML that consists of the text alone, as in exports of other programs.
    #[must_use]
    pub fn of_article(html: &str, base: Option<&Url>) -> Self {
        let tree = Tree::of(html);
        Self::of_tree(&tree, &MainText::all(&tree), base)
    }

    fn of_tree(tree: &Tree, main: &MainText, base: Option<&Url>) -> Self {
        let (markdown, is_complete) = MarkdownWriter::write(tree, main, base);
        let mut read = Self::of_markdown(&markdown);
        read.whole &= is_complete && tree.is_whole;
        read
    }

    /// Reads Markdown, which stays as it is except for control, invisible and direction characters.
    #[must_use]
    pub fn of_markdown(markdown: &str) -> Self {
        let clean = without_controls(markdown);
        let clean = clean.trim_end().trim_start_matches(['\n', '\r']);
        let kept = shortened(clean, MAX_TEXT_BYTES);
        Self {
            markdown: kept.to_owned(),
            whole: kept.len() == clean.len(),
        }
    }

    /// Takes a text of our own exports without any change, unless it is too long.
    #[must_use]
    pub fn of_export(markdown: String) -> Self {
        let kept = shortened(&markdown, MAX_TEXT_BYTES).len();
        let whole = kept == markdown.len();
        let mut markdown = markdown;
        markdown.truncate(kept);
        Self { markdown, whole }
    }

    /// Reads plain text: paragraphs are separated by empty lines, and nothing in it is markup.
    #[must_use]
    pub fn of_plain(text: &str) -> Self {
        // A form feed ends a page of a PDF.
        let text = text
            .replace('\u{c}', "\n\n")
            .replace("\r\n", "\n")
            .replace('\r', "\n");
        let mut markdown = String::with_capacity(text.len());
        let mut is_complete = true;
        let mut paragraph = String::new();
        for line in text.lines().chain([""]) {
            let line = line.trim();
            if !line.is_empty() {
                if !paragraph.is_empty() {
                    paragraph.push('\n');
                }
                paragraph.push_str(line);
                continue;
            }
            if !paragraph.is_empty() {
                if !markdown.is_empty() {
                    markdown.push_str("\n\n");
                }
                markdown.push_str(&escaped_paragraph(&paragraph));
                paragraph.clear();
            }
            if markdown.len() > MAX_TEXT_BYTES {
                is_complete = false;
                break;
            }
        }
        let mut read = Self::of_markdown(&markdown);
        read.whole &= is_complete;
        read
    }

    /// Returns whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.markdown.is_empty()
    }
}

/// Returns the text without control characters, those that nobody sees, and those that change the
/// direction of the text around them; as `clean` in the extension's `page-line.js`. Joiners and
/// marks of direction, which belong to languages, stay.
fn without_controls(text: &str) -> Cow<'_, str> {
    let is_left_out = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c,
                '\u{AD}' | '\u{61C}' | '\u{200B}' | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFC}'
                | '\u{E0000}'..='\u{E007F}')
    };
    if !text.contains(is_left_out) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    Cow::Owned(text.replace(is_left_out, ""))
}

/// Returns the beginning of a text, at most `limit` bytes, cut at the end of a block, or else of a
/// line or a word.
fn shortened(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let start = &text[..text.floor_char_boundary(limit)];
    let ends = ["\n\n", "\n", " "].iter();
    let end = ends
        .filter_map(|end| start.rfind(end))
        .find(|end| *end >= limit / 2);
    start[..end.unwrap_or(start.len())].trim_end()
}

#[cfg(test)]
mod tests;
