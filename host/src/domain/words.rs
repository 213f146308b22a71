//! Words as the full-text index sees them.
//!
//! SQLite's `unicode61` tokenizer takes a run of letters for one word, which
//! finds nothing inside a run of Chinese or Japanese. So runs of scripts
//! written without spaces are split into single characters, in the indexed
//! text and in the query alike, and a query's run becomes a phrase.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Whether the script of `c` is written without spaces between words (or, for
/// Hangul, with endings grown onto them).
fn stands_alone(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF         // Thai, Lao
        | 0x0F00..=0x0FFF       // Tibetan
        | 0x1000..=0x109F       // Myanmar
        | 0x1100..=0x11FF       // Hangul Jamo
        | 0x1780..=0x17FF       // Khmer
        | 0x2E80..=0x2FDF       // CJK and Kangxi radicals
        | 0x3005..=0x3007       // 々〆〇
        | 0x3040..=0x318F       // Hiragana, Katakana, Bopomofo, Hangul compatibility
        | 0x31A0..=0x31FF       // Bopomofo and Katakana extensions
        | 0x3400..=0x4DBF       // Han A
        | 0x4E00..=0x9FFF       // Han
        | 0xA960..=0xA97F       // Jamo A
        | 0xAC00..=0xD7FF       // Hangul, Jamo B
        | 0xF900..=0xFAFF       // Han compatibility
        | 0xFF66..=0xFFDC       // half-width Katakana and Hangul
        | 0x1AFF0..=0x1B16F     // Kana supplements
        | 0x20000..=0x323AF     // Han B to H
    )
}

/// The text with each character of such a script as a word of its own.
/// Compatibility forms (full-width letters, ligatures) are resolved (NFKC), so
/// that `ＡＩ` is found as `AI`.
#[must_use]
pub fn spaced(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned(); // As it would come out below, at a tenth of the price.
    }
    let mut spaced = String::with_capacity(text.len() + text.len() / 2);
    let mut after_single = false;
    for c in text.nfkc() {
        let single = stands_alone(c);
        if (single || after_single)
            && !c.is_whitespace()
            && !spaced.is_empty()
            && !spaced.ends_with(char::is_whitespace)
        {
            spaced.push(' ');
        }
        spaced.push(c);
        after_single = single;
    }
    spaced
}

/// One character without case and accents, as the index compares it.
pub fn fold(c: char) -> impl Iterator<Item = char> {
    std::iter::once(c)
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
}

/// A word of a text: where it stands, and its folded form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Byte range in the text.
    pub(super) range: std::ops::Range<usize>,
    /// As the index compares it.
    pub(super) folded: String,
}

/// The words of a text in order, as the index has them.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open = false; // whether the next character may belong to the last word
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let single = stands_alone(c);
        if single || (c.is_alphanumeric() && !open) {
            words.push(Word {
                range: at..end,
                folded: fold(c).collect(),
            });
            open = !single;
        } else if open && (c.is_alphanumeric() || is_combining_mark(c)) {
            let word = words.last_mut().expect("a word is open, so there is one");
            word.range.end = end;
            word.folded.extend(fold(c));
        } else {
            open = false;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_only_what_is_written_without_spaces() {
        for (text, expected) in [
            ("large language model", "large language model"),
            ("機械学習", "機 械 学 習"),
            ("GPUの性能", "GPU の 性 能"),
            ("ＡＩ入門", "AI 入 門"),
            ("한국어 문서", "한 국 어 문 서"),
            ("שלום עולם", "שלום עולם"),
            ("", ""),
        ] {
            assert_eq!(spaced(text), expected);
        }
    }

    #[test]
    fn folds_case_and_accents() {
        let folded = |text: &str| text.chars().flat_map(fold).collect::<String>();
        assert_eq!(folded("Gödel ÉTÉ"), "godel ete");
    }
}
