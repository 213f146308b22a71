//! Caches rendered texts.
//!
//! Rendering is half of the work on a page, and after each save the visited pages are rendered
//! again from nearly the same notes.

use std::collections::HashMap;

/// Size limit of all cached texts and their HTML, in bytes.
const MAX_BYTES: usize = 512 * 1024;
/// Longest entry, including HTML, so that one text doesn't evict all others.
const MAX_TEXT_BYTES: usize = MAX_BYTES / 8;

/// The cached HTML.
#[derive(Debug, Default)]
pub(super) struct MarkdownCache {
    /// By the level of the top heading, then by text.
    html: [HashMap<Box<str>, Box<str>>; 7],
    bytes: usize,
}

impl MarkdownCache {
    /// Returns the cached HTML of this text.
    pub(super) fn get(&self, text: &str, top_heading: usize) -> Option<&str> {
        Some(self.html.get(top_heading)?.get(text)?)
    }

    /// Adds an entry. If there is no room, all others are dropped.
    pub(super) fn keep(&mut self, text: &str, top_heading: usize, html: &str) {
        let size = text.len() + html.len();
        if size > MAX_TEXT_BYTES || self.get(text, top_heading).is_some() {
            return;
        }
        if self.bytes + size > MAX_BYTES {
            *self = Self::default();
        }
        if let Some(kept) = self.html.get_mut(top_heading) {
            self.bytes += size;
            kept.insert(text.into(), html.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cached_by_heading_level() {
        let mut texts = MarkdownCache::default();
        texts.keep("# a", 2, "<h2>a</h2>");
        texts.keep("# a", 3, "<h3>a</h3>");
        assert_eq!(texts.get("# a", 2), Some("<h2>a</h2>"));
        assert_eq!(texts.get("# a", 3), Some("<h3>a</h3>"));
        assert_eq!(texts.get("# a", 4), None);
        assert_eq!(texts.get("# b", 2), None);
        texts.keep("a", 99, "b");
        assert_eq!(texts.get("a", 99), None);
    }

    #[test]
    fn never_holds_more_than_its_limit() {
        let mut texts = MarkdownCache::default();
        for number in 0..100 {
            let text = format!("{number}{}", "x".repeat(MAX_TEXT_BYTES / 3));
            texts.keep(&text, 2, &text);
            texts.keep(&text, 2, &text);
            let held = texts.html.iter().flatten();
            let held: usize = held.map(|(text, html)| text.len() + html.len()).sum();
            assert_eq!(held, texts.bytes);
            assert!(held <= MAX_BYTES);
            assert_eq!(texts.get(&text, 2), Some(text.as_str()));
        }
        let long = "x".repeat(MAX_TEXT_BYTES);
        texts.keep(&long, 2, "y");
        assert_eq!(texts.get(&long, 2), None);
    }
}
