//! How long it takes to read a text.

use crate::domain::markdown::{MarkdownElement, MarkdownNode};

/// Words that people read in a minute: Brysbaert, "How many words do we read per minute?" (2019),
/// of English non-fiction.
const WORDS_A_MINUTE: usize = 238;
/// Characters that people read in a minute in Chinese, Japanese and Korean: between the values for
/// Chinese (255) and Japanese (357) of Trauzettel-Klosinski and Dietz (2012, IReST), rounded.
const CHARACTERS_A_MINUTE: usize = 300;

/// The length of a text for its reader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadingTime {
    /// Words between spaces or signs; not of Chinese, Japanese and Korean.
    pub words: usize,
    /// Characters of Chinese, Japanese and Korean.
    pub characters: usize,
}

impl ReadingTime {
    /// Counts the words of a text. Code counts as any other text.
    #[must_use]
    pub fn of(tree: &[MarkdownNode]) -> Self {
        let mut time = Self::default();
        time.add(tree);
        time
    }

    fn add(&mut self, nodes: &[MarkdownNode]) {
        for node in nodes {
            match node {
                MarkdownNode::Text(text) => self.count(text),
                MarkdownNode::Element(MarkdownElement::Task(_), _) => {}
                MarkdownNode::Element(_, content) => self.add(content),
            }
        }
    }

    fn count(&mut self, text: &str) {
        let mut in_word = false;
        for c in text.chars() {
            if is_cjk(c) {
                self.characters += 1;
                in_word = false;
            } else if c.is_alphanumeric() {
                self.words += usize::from(!in_word);
                in_word = true;
            } else if c.is_whitespace() || matches!(c, '/' | '—' | '–' | '…') {
                in_word = false;
            }
        }
    }

    /// Returns the time in minutes, rounded, at least 1.
    #[must_use]
    pub fn minutes(self) -> usize {
        let seconds = self.words * 60 / WORDS_A_MINUTE + self.characters * 60 / CHARACTERS_A_MINUTE;
        ((seconds + 30) / 60).max(1)
    }
}

/// Returns whether a character is of Chinese, Japanese or Korean.
fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x1100..=0x11FF | 0x3005..=0x3007 | 0x3031..=0x3035 | 0x3041..=0x318F | 0x31A0..=0x31FF
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF
        | 0x20000..=0x323AF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::markdown_tree;

    fn time(markdown: &str) -> (usize, usize, usize) {
        let time = ReadingTime::of(&markdown_tree(markdown, 2));
        (time.words, time.characters, time.minutes())
    }

    #[test]
    fn words_are_counted_between_spaces_and_cjk_by_characters() {
        assert_eq!(time(""), (0, 0, 1));
        assert_eq!(
            time("It's a **well-known** [link](https://e.org) — and/or 1,204"),
            (7, 0, 1)
        );
        assert_eq!(time("本を読む。Rustで"), (1, 5, 1));
        assert_eq!(time("한국어 문장"), (0, 5, 1));
        assert_eq!(time(&"word ".repeat(238 * 4)), (952, 0, 4));
        assert_eq!(time(&"字".repeat(1500)), (0, 1500, 5));
    }
}
