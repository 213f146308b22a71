//! The tokenizer: splits texts into words.
//!
//! The only definition of a word, for the full-text index (which receives [`index_text`] and splits
//! it at its spaces), for queries, and for matching in a text. So index and texts always agree.
//!
//! - Case, accents and compatibility forms are ignored: `ＧÖDEL` is `godel`.
//! - In scripts without spaces, in Hangul, and for emoji, each character is a word, so a query
//!   matches inside a run, as a phrase.
//! - Signs belong to a word if they distinguish it: `c++`, `c#`, `.net`, `#lojban`, `@ada`. Such a
//!   word is found with and without them.
//! - A word has parts if its case or digits show them (`camelCase`, `HTTPServer`, `GPT4`). Words
//!   joined without a space also count as one word (`wi-fi`, `node.js`, `don't`, `1,000`). Both
//!   spellings are found.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::domain::{
    compounds::{self, Class},
    letters::{
        dead_nasal, is_accent, is_apostrophe, is_arabic, is_hangul_tail, is_ignored, spelled_out,
        stands_alone, unified,
    },
    words::{PartStart, Word, WordSpan, Words},
};

const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
/// Longest word, in bytes; the rest is ignored.
const MAX_WORD_BYTES: usize = 128;
/// Most signs after a word; more are decoration.
const MAX_TRAIL: usize = 3;

impl Words {
    /// Splits a text into words.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut reader = WordReader::default();
        reader.words.letters.reserve(text.len());
        reader.words.places.reserve((text.len() / 6).min(32));
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let start = at;
            at += c.len_utf8();
            if c.is_ascii_alphanumeric() {
                let rest = &text.as_bytes()[at..];
                let more = rest.iter().position(|byte| !byte.is_ascii_alphanumeric());
                at += more.unwrap_or(rest.len());
                reader.ascii_letters(&text[start..at], start);
            } else if is_apostrophe(c) {
                reader.plain_sign('\'', &(start..at));
            } else if c.is_ascii() {
                reader.plain_sign(c, &(start..at));
            } else {
                // Of ŉ, which decomposes to ʼn, only the letter counts.
                std::iter::once(c)
                    .nfkd()
                    .filter(|part| !is_apostrophe(*part))
                    .for_each(|part| reader.read(unified(part), &(start..at)));
            }
        }
        reader.close_trail();
        reader.close_word();
        let mut words = reader.words;
        if reader.joined {
            compounds::settle(&words.letters, &mut words.places);
        }
        words
    }
}

/// Returns a text for the full-text index: its words separated by spaces, then those with signs,
/// where they don't interrupt a phrase.
#[must_use]
pub fn index_text(text: &str) -> String {
    let mut index = String::with_capacity(text.len() + 16);
    push_index_text(&mut index, text);
    index
}

/// Appends the [`index_text`] of a text.
pub fn push_index_text(index: &mut String, text: &str) {
    let start = index.len();
    if push_plain_words(index, text) {
        return;
    }
    index.truncate(start);
    push_words(index, &Words::of(text));
}

/// Returns the [`index_text`] of a text of which the words are known.
#[must_use]
pub fn index_text_of_words(words: &Words) -> String {
    let mut index = String::with_capacity(words.len() * 8);
    push_words(&mut index, words);
    index
}

/// Appends the index text of a text whose words are ASCII letters without parts, joints and signs,
/// as of most titles in English, several times as fast as [`push_words`]. Returns false for any
/// other text, of which a part may have been appended.
fn push_plain_words(index: &mut String, text: &str) -> bool {
    #[derive(PartialEq, Eq)]
    enum After {
        Space,
        /// A sign that may belong to the following word, or join it to the one before.
        Sign,
        Lower,
        Initial,
        Capitals,
    }
    let start = index.len();
    let mut after = After::Space;
    let mut length = 0;
    for byte in text.bytes() {
        let next = match (byte, &after) {
            (b'a'..=b'z', After::Space | After::Initial | After::Lower) => After::Lower,
            (b'A'..=b'Z', After::Space) => After::Initial,
            (b'A'..=b'Z', After::Initial | After::Capitals) => After::Capitals,
            (b'+' | b'#' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | 128.., _) => return false,
            (b'.' | b',' | b'-' | b'_' | b'/' | b'&' | b'@' | b'"' | b'\'' | b'`', _) => {
                After::Sign
            }
            _ => After::Space,
        };
        if byte.is_ascii_alphabetic() {
            if after == After::Space {
                length = 0;
                if index.len() > start {
                    index.push(' ');
                }
            }
            length += 1;
            if length > MAX_WORD_BYTES {
                return false;
            }
            index.push(char::from(byte.to_ascii_lowercase()));
        }
        after = next;
    }
    true
}

/// Appends the index text of any words.
fn push_words(index: &mut String, words: &Words) {
    let start = index.len();
    let mut push = |word: &str| {
        if index.len() > start {
            index.push(' ');
        }
        index.push_str(word);
    };
    let mut signed = Vec::new();
    for word in words.iter() {
        push(word.folded);
        if word.has_signs() {
            signed.push(word);
        }
    }
    for word in signed.iter().flat_map(Word::signed) {
        push(&word);
    }
    for spelling in compounds::spellings(words) {
        // No phrase crosses this word.
        push(BETWEEN);
        push(&spelling);
    }
}

/// A word of the index that no text and no query contains.
const BETWEEN: &str = "\u{E000}";

/// Reads a text character by character.
#[derive(Debug, Default)]
struct WordReader {
    words: Words,
    /// Whether following letters belong to the last word.
    open: bool,
    /// Whether following marks belong to the last word.
    takes_marks: bool,
    /// The signs right after the last word, and their end.
    trail: String,
    trail_end: usize,
    /// The preceding character, the one before it, and the start of the former.
    before: [Option<char>; 2],
    before_start: usize,
    /// The classes of the last word's last two letters, the last one first, and its position.
    classes: [Option<Class>; 2],
    last_letter: Option<PartStart>,
    /// Whether the last part began with the second-to-last capital letter: `HTTP|Server`.
    after_capitals: bool,
    /// Whether some words are joined to the preceding one.
    joined: bool,
}

impl WordReader {
    /// Reads a run of ASCII letters and digits in one step, for speed.
    fn ascii_letters(&mut self, run: &str, start: usize) {
        if !self.open {
            self.begin(&(start..start + 1), run.as_bytes()[0].is_ascii_digit());
            self.open = true;
        }
        let bytes = run.as_bytes();
        let plain = |byte: &u8| byte.is_ascii_lowercase();
        let starts_plainly = self.classes[0].is_none() && bytes[0].is_ascii_alphabetic();
        if starts_plainly && bytes[1..].iter().all(plain) {
            // As in most words.
            self.classes = match bytes {
                [one] => [Some(Class::of(char::from(*one))), None],
                _ => [Some(Class::Lower); 2],
            };
            self.last_letter = Some(PartStart {
                folded: self.words.letters.len() + bytes.len() - 1,
                start: start + bytes.len() - 1,
            });
        } else {
            let letters = self.words.letters.len();
            for (at, byte) in bytes.iter().enumerate() {
                let here = PartStart {
                    folded: letters + at,
                    start: start + at,
                };
                self.class(Class::of(char::from(*byte)), here);
            }
        }
        let end = start + run.len();
        let word = self.last();
        word.range.end = end;
        let room = MAX_WORD_BYTES - word.folded.len();
        let kept = &run[..run.len().min(room)];
        word.folded.end += kept.len();
        word.trail_end = word.folded.end;
        let letters = self.words.letters.len();
        self.words.letters.push_str(kept);
        self.words.letters[letters..].make_ascii_lowercase();
        let mut last = run.chars().rev();
        self.before = [last.next(), last.next().or(self.before[0])];
        self.before_start = end - 1;
    }

    fn plain_sign(&mut self, c: char, range: &Range<usize>) {
        self.sign(c, range);
        self.passed(c, range);
    }

    /// Reads a character of the compatibility decomposition.
    fn read(&mut self, c: char, range: &Range<usize>) {
        if c == ZERO_WIDTH_NON_JOINER && self.open && self.before[0].is_some_and(is_arabic) {
            self.plain_sign(c, range);
            return;
        }
        if is_ignored(c) {
            return;
        }
        if is_accent(c) {
            // Visible, but not compared.
            if self.takes_marks {
                self.last().range.end = range.end;
            }
            return;
        }
        if is_combining_mark(c) || is_hangul_tail(c) {
            if self.takes_marks {
                self.append(c, range);
                return;
            }
            if is_combining_mark(c) {
                return;
            }
        }
        if stands_alone(c) {
            self.begin(range, false);
            self.append(c, range);
            self.open = false;
        } else if c.is_alphanumeric() {
            let class = Class::of(c);
            for lower in c.to_lowercase() {
                match spelled_out(lower) {
                    Some(letters) => letters.chars().for_each(|c| self.letter(c, class, range)),
                    None if is_accent(lower) => {}
                    None => self.letter(lower, class, range),
                }
            }
        } else {
            self.sign(c, range);
        }
        self.passed(c, range);
    }

    fn letter(&mut self, c: char, class: Class, range: &Range<usize>) {
        if !self.open {
            self.begin(range, class == Class::Digit);
            self.open = true;
        }
        let here = PartStart {
            folded: self.words.letters.len(),
            start: range.start,
        };
        self.class(class, here);
        self.append(c, range);
    }

    /// Begins another part of the word if the class of the letter requires it, and records the
    /// class.
    fn class(&mut self, class: Class, here: PartStart) {
        let begins = match self.classes {
            // `camelCase`, `GPT4`, `4K`.
            [Some(before), _] if class.begins_after(before) => Some((here, false)),
            // `HTTPServer`: starts with the last of the capitals.
            [Some(Class::Upper), Some(Class::Upper)] if class == Class::Lower => {
                self.last_letter.map(|last| (last, true))
            }
            _ => None,
        };
        if let Some((part, after_capitals)) = begins {
            // Several letters from one character aren't separate parts, and neither is what is cut
            // off.
            let word = self.last();
            let whole = PartStart {
                folded: word.folded.start,
                start: word.range.start,
            };
            let before = match self.has_parts() {
                true => self.words.parts.last().copied().unwrap_or(whole),
                false => whole,
            };
            if part.folded > before.folded
                && part.start > before.start
                && part.folded < whole.folded + MAX_WORD_BYTES
            {
                self.words.parts.push(part);
                self.after_capitals = after_capitals;
                let parts = self.words.parts.len();
                self.last().parts.end = parts;
            }
        }
        self.classes = [Some(class), self.classes[0]];
        // A part begins with a character, of which this may not be the first letter.
        if self.last_letter.is_none_or(|last| last.start != here.start) {
            self.last_letter = Some(here);
        }
    }

    fn has_parts(&self) -> bool {
        self.words
            .places
            .last()
            .is_some_and(|place| !place.parts.is_empty())
    }

    /// Checks the parts of the last word after its end.
    fn close_word(&mut self) {
        self.classes = [None; 2];
        self.last_letter = None;
        if !self.has_parts() {
            return;
        }
        let place = self.words.places.last().expect("it has parts");
        let folded = place.folded.clone();
        let parts = place.parts.clone();
        let last = self.words.parts.last().map_or(0, |part| part.folded);
        let mut kept = parts.len();
        // The plural of an abbreviation, as in `URLs`, is not a separate word.
        let letters = &self.words.letters[..folded.end];
        if self.after_capitals && folded.end == last + 2 && letters.ends_with('s') {
            kept -= 1;
        }
        if last >= folded.end || !compounds::is_word_of_parts(kept + 1, folded.len()) {
            kept = 0;
        }
        self.words.parts.truncate(parts.start + kept);
        self.last().parts.end = parts.start + kept;
        self.after_capitals = false;
    }

    /// Splits `v1` before `.2`, so that a version number is found without its `v`.
    fn part_numbered(&mut self) {
        let (Some(part), true) = (self.words.parts.last().copied(), self.has_parts()) else {
            return;
        };
        let place = self.last();
        if place.trail_end != place.folded.end {
            return;
        }
        let number = WordSpan {
            range: part.start..place.range.end,
            folded: part.folded..place.folded.end,
            trail_end: place.folded.end,
            lead: None,
            parts: place.parts.end - 1..place.parts.end - 1,
            joint: None,
        };
        place.range.end = part.start;
        place.folded.end = part.folded;
        place.trail_end = part.folded;
        place.parts.end -= 1;
        if !compounds::is_word_of_parts(place.parts.len() + 1, place.folded.len()) {
            place.parts.end = place.parts.start;
        }
        self.words.places.push(number);
    }

    fn sign(&mut self, c: char, range: &Range<usize>) {
        let follows = self.takes_marks || !self.trail.is_empty();
        self.open = false;
        self.takes_marks = false;
        if follows && matches!(c, '+' | '#') {
            self.trail.push(c);
            self.trail_end = range.end;
        } else {
            self.close_trail();
        }
    }

    fn passed(&mut self, c: char, range: &Range<usize>) {
        self.before = [Some(c), self.before[0]];
        self.before_start = range.start;
    }

    fn begin(&mut self, range: &Range<usize>, digit: bool) {
        // Signs that belong to the word before don't belong to this one.
        let taken = !self.trail.is_empty();
        self.close_trail();
        let [sign, earlier] = self.before;
        let after_digit = earlier.is_some_and(|c| c.is_ascii_digit());
        if digit && after_digit && sign == Some('.') && self.classes[0] == Some(Class::Digit) {
            self.part_numbered();
        }
        self.close_word();
        let lead = sign.filter(|sign| {
            matches!(sign, '.' | '#' | '@')
                && !taken
                && earlier.is_none_or(|c| !c.is_alphanumeric() && c != *sign)
        });
        let start = if lead.is_some() {
            self.before_start
        } else {
            range.start
        };
        // Nearly all words are separated by a space. Only between numbers, and in the Arabic
        // script, a space may join.
        let spaced =
            |sign: char| sign == ' ' && !(digit && after_digit) && !earlier.is_some_and(is_arabic);
        let joint = sign.filter(|sign| {
            !taken
                && !spaced(*sign)
                && compounds::may_join(*sign)
                && self.words.places.last().is_some_and(|word| {
                    earlier.is_some_and(|c| c.is_alphanumeric() && !stands_alone(c))
                        && self.before_start >= word.range.end
                })
        });
        self.joined |= joint.is_some();
        let letters = self.words.letters.len();
        let parts = self.words.parts.len();
        self.words.places.push(WordSpan {
            range: start..range.end,
            folded: letters..letters,
            trail_end: letters,
            lead,
            parts: parts..parts,
            joint,
        });
        self.takes_marks = true;
    }

    fn append(&mut self, c: char, range: &Range<usize>) {
        if let Some((length, sign)) = {
            let word = self.words.places.last();
            word.and_then(|word| dead_nasal(&self.words.letters[word.folded.clone()], c))
        } {
            let word = self.last();
            word.folded.end = word.folded.start + length;
            let end = word.folded.end;
            self.words.letters.truncate(end);
            self.append(sign, range);
        }
        let word = self.last();
        word.range.end = range.end;
        if word.folded.len() + c.len_utf8() <= MAX_WORD_BYTES {
            word.folded.end += c.len_utf8();
            word.trail_end = word.folded.end;
            self.words.letters.push(c);
        }
    }

    fn close_trail(&mut self) {
        let trail = std::mem::take(&mut self.trail);
        if (1..=MAX_TRAIL).contains(&trail.len()) {
            let end = self.trail_end;
            self.words.letters.push_str(&trail);
            let word = self.last();
            word.range.end = end;
            word.trail_end += trail.len();
        }
    }

    fn last(&mut self) -> &mut WordSpan {
        self.words
            .places
            .last_mut()
            .expect("only called after a word has begun")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::words::Words;

    fn folded_words(text: &str) -> Vec<String> {
        let words = Words::of(text);
        words.iter().map(|word| word.folded.to_owned()).collect()
    }

    #[test]
    fn most_titles_in_english_have_plain_words() {
        for (text, expected) in [
            ("", Some("")),
            ("A Tour of Go", Some("a tour of go")),
            (
                "HTTP: what (almost) nobody knows, by me.",
                Some("http what almost nobody knows by me"),
            ),
            ("one , two , three", Some("one two three")),
            ("camelCase", None),
            ("URLs", None),
            ("don't", None),
            ("e-mail", None),
            ("a .net", None),
            ("c++", None),
            ("1 000", None),
            ("caf\u{e9}", None),
        ] {
            let mut index = String::new();
            let is_plain = push_plain_words(&mut index, text);
            assert_eq!(is_plain.then_some(index.as_str()), expected, "{text}");
        }
    }

    #[track_caller]
    fn check(text: &str, folded: &str) {
        assert_eq!(folded_words(text).join(" "), folded, "{text:?}");
    }

    #[test]
    fn splits_only_what_is_written_without_spaces() {
        check("Large language-model", "large language model");
        check("機械学習", "機 械 学 習");
        check("GPUの性能", "gpu の 性 能");
        check("ＡＩ入門", "ai 入 門");
        check("שלום עולם", "שלום עולם");
        check("हिन्दी में", "हिंदी में");
        check("snake_case 3.11 a@e.org", "snake case 3 11 a e org");
        check("🔥 hot 👩🏽‍💻", "🔥 hot 👩 💻");
        check("", "");
    }

    #[test]
    fn look_alikes_are_equal() {
        for (one, other) in [
            ("Gödel ÉTÉ", "godel ete"),
            ("Go\u{308}del", "gödel"),
            ("ＦＵＬＬ ｗｉｄｔｈ", "full width"),
            ("ﬁne oﬃce", "fine office"),
            ("soft\u{AD}hyphen", "softhyphen"),
            ("zero\u{200D}joined\u{FEFF}", "zerojoined"),
            ("Straße GROẞ", "strasse gross"),
            ("İstanbul ışık", "istanbul isik"),
            ("ΟΔΟΣ οδός", "οδος οδοσ"),
            ("Ørsted Łódź Æon", "orsted lodz aeon"),
            (
                "한국어",
                "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}\u{110b}\u{1165}",
            ),
            ("ガ", "カ\u{3099}"),
            ("ｶﾞ", "ガ"),
            ("x²", "x2"),
            ("مُحَمَّد", "محمد"),
            ("שָׁלוֹם", "שלום"),
        ] {
            assert_eq!(folded_words(one), folded_words(other), "{one} {other}");
        }
    }

    #[test]
    fn a_syllable_of_hangul_is_a_word() {
        assert_eq!(Words::of("한국어 문서").len(), 5);
        let whole = Words::of("한");
        assert_eq!(whole.at(0).range, 0..3);
        // Typed so far.
        assert!(Words::of("하").at(0).means(&whole.at(0), true));
    }

    #[test]
    fn signs_make_another_word() {
        for (text, signed) in [
            ("c++ and C#, F#.", "c++ c# f#"),
            ("the .net and ASP.NET", ".net"),
            ("#lojban, @ada a@e.org", "#lojban @ada"),
            ("Ｃ＋＋", "c++"),
            ("c++20 notepad++", "c++ notepad++"),
            ("end. Next ...what 3.11 1+1", "1+"),
            ("wow+++++ ##two", ""),
            ("#機械", "#機"),
        ] {
            let words = Words::of(text);
            let found: Vec<_> = words.iter().flat_map(|word| word.signed()).collect();
            let shown: String = found
                .join(" ")
                .chars()
                .map(|c| match u32::from(c) {
                    private @ 0xE000..=0xE07F => char::from_u32(private - 0xE000).unwrap(),
                    _ => c,
                })
                .collect();
            assert_eq!(shown, signed, "{text:?}");
        }
        assert_eq!(index_text("Use C++!"), "use c c\u{E02B}\u{E02B}");
    }

    #[test]
    fn a_word_matches_with_and_without_its_signs() {
        let means = |query: &str, text: &str, unfinished| {
            Words::of(query)
                .at(0)
                .means(&Words::of(text).at(0), unfinished)
        };
        assert!(means("c", "c++", false));
        assert!(means("c++", "c++", false));
        assert!(!means("c++", "c", false));
        assert!(!means("c+", "c++", false));
        assert!(means("c+", "c++", true));
        assert!(!means("c+", "cat", true));
        assert!(means("#loj", "#lojban", true));
        assert!(!means("#loj", "lojban", true));
    }

    #[test]
    fn knows_where_a_word_stands() {
        let text = "Go\u{308}del’s .NET, c++";
        let words = Words::of(text);
        let pieces: Vec<_> = words.iter().map(|word| &text[word.range]).collect();
        assert_eq!(pieces, ["Go\u{308}del", "s", ".NET", "c++"]);
    }

    proptest! {
        #[test]
        fn words_stand_one_after_the_other(text in any::<String>()) {
            let mut end = 0;
            for word in Words::of(&text).iter() {
                prop_assert!(text.get(word.range.clone()).is_some_and(|piece| !piece.is_empty()));
                prop_assert!(!word.folded.is_empty());
                prop_assert!(word.folded.len() <= MAX_WORD_BYTES);
                // Several may come from one character, as from ㎏.
                prop_assert!(word.range.end >= end);
                end = word.range.end;
            }
        }

        #[test]
        fn plain_words_are_indexed_like_any_others(
            text in "([a-z]{1,3}|[A-Z]{1,2}|[A-Z][a-z]|[ -~]|[ ,.(:'@_\n]|[a-z]{120,140}|[\u{0}-\u{ff}]){0,12}"
        ) {
            let mut index = String::from("before");
            push_words(&mut index, &Words::of(&text));
            let mut plain = String::from("before");
            if push_plain_words(&mut plain, &text) {
                prop_assert_eq!(&plain, &index);
            }
            plain.truncate("before".len());
            push_index_text(&mut plain, &text);
            prop_assert_eq!(plain, index);
        }

        #[test]
        fn a_text_and_its_folded_form_have_the_same_words(text in any::<String>()) {
            let first = folded_words(&text);
            prop_assert_eq!(&folded_words(&first.join(" ")), &first);
        }
    }

    /// `site/assets/words.js` must split words in the same way for exported sites.
    /// `UPDATE_EXPECT=1` writes the file that both are compared with.
    #[test]
    fn words_are_written_down_for_the_other_side() {
        let texts = [
            "Large language-model",
            "機械学習 GPUの性能 ＡＩ入門",
            "שלום עולם शְלום हिन्दी में",
            "snake_case 3.11 a@e.org",
            "🔥 hot 👩🏽‍💻 🇩🇪",
            "Gödel ÉTÉ Go\u{308}del ＦＵＬＬ ｗｉｄｔｈ ﬁne oﬃce soft\u{AD}hyphen",
            "zero\u{200D}joined\u{FEFF} Straße GROẞ İstanbul ışık ΟΔΟΣ οδός",
            "Ørsted Łódź Æon ガ カ\u{3099} ｶﾞ x² مُحَمَّد שָׁלוֹם",
            "한국어 문서 \u{1112}\u{1161}\u{11ab}",
            "c++ and C#, F#. the .net and ASP.NET #lojban, @ada a@e.org Ｃ＋＋",
            "c++20 notepad++ end. Next ...what 3.11 1+1 wow+++++ ##two #機械 x+.y +z",
            "\u{301}a ㎏ ½ Ⅷ ไทย ລາວ မြန်မာ ខ្មែរ བོད་",
            "a,b;c\u{a0}d\te\nf — “quoted” l’été http://e.org/a?b=c&d=e%20f",
            "nul\0 \u{202e}turned\u{202c} \u{fffd}",
            "snake_case camelCase HTTPServer XMLHttpRequest GPUs iPhone15 RFC9110 b2b a1b2c3d4e5f6",
            "wi-fi e‑mail node.js U.S.A. N.E.S.T.L.É. TCP/IP a/b/c AT&T a-b-c-d-e 1-2-3-4-5-6",
            "v1.2.3 python3.12, 1,000,000 1.000.000 1 000 000 12.5 1,00 978-3-16-148410-0 1’000",
            "don't don’t donʼt don´t don`t O'Reilly l’homme Qurʾan rock 'n' roll ŉ ẚ",
            "می‌خواهم می خواهم کتاب ها نیم‌فاصله أحمد مدرسة على ک۱۲۳٤٥٦",
            "हिन्दी सम्बन्ध चाँद क़लम गङ्गा २०२४ ๒๕๖๗ 𑁦 ҙ ǆǅǄ",
            "aBc ABc AbC a\u{300}B ẞa ＡａＡ zero\u{200B}width soft\u{AD}Hyphen צה\"ל",
        ];
        let long = "x".repeat(200) + &"é".repeat(100);
        let texts = texts.into_iter().chain([long.as_str()]);
        let vectors = texts.map(|text| {
            let found = Words::of(text);
            let words = found.iter().map(|word| {
                let lead: String = word.lead.into_iter().collect();
                serde_json::json!([text[word.range.clone()], word.folded, lead, word.trail])
            });
            let parts = (0..found.len()).map(|at| {
                let parts = found
                    .parts(at)
                    .into_iter()
                    .map(|(letters, range)| format!("{letters} {}", &text[range]));
                serde_json::json!([found.is_joined(at), parts.collect::<Vec<_>>()])
            });
            serde_json::json!({
                "text": text,
                "words": words.collect::<Vec<_>>(),
                "parts": parts.collect::<Vec<_>>(),
            })
        });
        let vectors = serde_json::to_string_pretty(&vectors.collect::<Vec<_>>()).unwrap();
        expect_test::expect_file!["../../../tests/fixtures/search/words.json"]
            .assert_eq(&(vectors + "\n"));
    }

    #[test]
    fn fuzz_words() {
        crate::fuzz::text(
            &[
                "Gödel's proof, c++ and .NET",
                "機械学習 한국어 हिन्दी 👩🏽\u{200d}💻 #lojban",
            ],
            |text| {
                let mut end = 0;
                for word in Words::of(text).iter() {
                    assert!(
                        text.get(word.range.clone())
                            .is_some_and(|piece| !piece.is_empty())
                    );
                    assert!(word.range.end >= end && !word.folded.is_empty());
                    end = word.range.end;
                }
                // The index text contains no character that FTS5 interprets.
                let index = index_text(text);
                assert!(
                    index.chars().all(|c| c == ' ' || !c.is_ascii_punctuation()),
                    "{index:?}"
                );
                assert!(!index.chars().any(char::is_control), "{index:?}");
            },
        );
    }
}
