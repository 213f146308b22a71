//! Words: what of a text can be found.
//!
//! The one place that decides it, for the full-text index (which gets
//! [`index_text`] and splits it at its spaces), for queries, and for whatever
//! looks into a text itself. So what the index finds and what a text is seen to
//! hold are the same.
//!
//! - Case, accents and compatibility forms don't count: `ＧÖDEL` is `godel`.
//! - Of scripts written without spaces, of Hangul and of pictographs each
//!   character is a word, so that a query finds inside a run, as a phrase.
//! - Signs belong to a word where they make another one of it: `c++`, `c#`,
//!   `.net`, `#lojban`, `@ada`. Such a word is found with them and without.

use std::{borrow::Cow, ops::Range};

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Longest word, in bytes; the rest of one doesn't count.
const MAX_WORD_BYTES: usize = 128;
/// More signs in a row are decoration.
const MAX_TRAIL: usize = 3;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'a> {
    /// Byte range in the text, with the signs.
    pub range: Range<usize>,
    /// As words are compared: letters, digits and marks only.
    pub folded: &'a str,
    /// The sign before it: `.`, `#` or `@`.
    pub lead: Option<char>,
    /// The signs after it: `+` and `#`.
    pub trail: &'a str,
}

impl Word<'_> {
    /// Whether it has signs.
    #[must_use]
    pub fn has_signs(&self) -> bool {
        self.lead.is_some() || !self.trail.is_empty()
    }

    /// The words that the index has besides the plain one: with the sign
    /// before, and with the signs after.
    pub fn signed(&self) -> impl Iterator<Item = String> + use<> {
        let lead = self
            .lead
            .map(|sign| format!("{}{}", indexed_sign(sign), self.folded));
        let trail = (!self.trail.is_empty()).then(|| {
            let signs: String = self.trail.chars().map(indexed_sign).collect();
            format!("{}{signs}", self.folded)
        });
        lead.into_iter().chain(trail)
    }

    /// Whether this word of a query means `word` of a text; one that is still
    /// being typed means all that begin so.
    #[must_use]
    pub fn means(&self, word: &Word<'_>, unfinished: bool) -> bool {
        let begins = |wanted: &str, found: &str| {
            if unfinished {
                found.starts_with(wanted)
            } else {
                found == wanted
            }
        };
        // What has signs after it is typed to its end.
        let letters = if self.trail.is_empty() {
            begins(self.folded, word.folded)
        } else {
            self.folded == word.folded && begins(self.trail, word.trail)
        };
        letters && (self.lead.is_none() || self.lead == word.lead)
    }
}

/// The words of a text in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// Of each word its letters, then the signs after it.
    letters: String,
    places: Vec<Place>,
}

/// A word: where it stands in the text, and in the letters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    range: Range<usize>,
    folded: Range<usize>,
    trail_end: usize,
    lead: Option<char>,
}

impl Words {
    /// The words of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut reader = WordReader::default();
        reader.words.letters.reserve(text.len());
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let start = at;
            at += c.len_utf8();
            if c.is_ascii_alphanumeric() {
                let rest = &text.as_bytes()[at..];
                let more = rest.iter().position(|byte| !byte.is_ascii_alphanumeric());
                at += more.unwrap_or(rest.len());
                reader.ascii_letters(&text[start..at], start);
            } else if c.is_ascii() {
                reader.ascii_sign(c, &(start..at));
            } else {
                std::iter::once(c)
                    .nfkd()
                    .for_each(|part| reader.read(part, &(start..at)));
            }
        }
        reader.close_trail();
        reader.words
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The word at this place, counted from 0; there is one.
    #[must_use]
    pub fn at(&self, place: usize) -> Word<'_> {
        let place = &self.places[place];
        Word {
            range: place.range.clone(),
            folded: &self.letters[place.folded.clone()],
            lead: place.lead,
            trail: &self.letters[place.folded.end..place.trail_end],
        }
    }

    /// The first byte of the letters of the word at this place.
    pub(super) fn initial(&self, place: usize) -> Option<u8> {
        let place = &self.places[place];
        self.letters.as_bytes().get(place.folded.start).copied()
    }

    /// One after the other.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Word<'_>> + ExactSizeIterator {
        (0..self.len()).map(|place| self.at(place))
    }
}

/// What the full-text index gets of a text: its words with a space between
/// them, then those that have signs, where they are in no phrase's way.
#[must_use]
pub fn index_text(text: &str) -> String {
    let words = Words::of(text);
    let mut index = String::with_capacity(text.len() + 16);
    let mut push = |word: &str| {
        if !index.is_empty() {
            index.push(' ');
        }
        index.push_str(word);
    };
    words.iter().for_each(|word| push(word.folded));
    words
        .iter()
        .filter(Word::has_signs)
        .flat_map(|word| word.signed())
        .for_each(|word| push(&word));
    index
}

/// A text with its letters as words are compared, and all else as it is: what is typed
/// without accents, or in letters of half the width, is the same then.
#[must_use]
pub fn folded(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len());
    for part in text.nfkd().flat_map(char::to_lowercase) {
        match spelled_out(part) {
            Some(letters) => folded.push_str(letters),
            None if is_accent(part) || is_ignored(part) => {}
            None => folded.push(part),
        }
    }
    // Hangul, and kana with their voicing, are taken apart by the above.
    let folded: String = folded.nfc().collect();
    match folded.trim().is_empty() {
        // Of nothing but accents.
        true => Cow::Borrowed(text),
        false => Cow::Owned(folded),
    }
}

/// Whether a text may not be cut at this byte, since what stands on both sides
/// is seen as one character.
#[must_use]
pub(super) fn is_inside_a_character(text: &str, at: usize) -> bool {
    let (Some(before), Some(after)) = (text[..at].chars().next_back(), text[at..].chars().next())
    else {
        return false;
    };
    let joiner = '\u{200D}';
    before == joiner
        || is_combining_mark(after)
        || is_ignored(after)
        || (is_flag_letter(before) && is_flag_letter(after))
}

/// Takes a text character by character.
#[derive(Debug, Default)]
struct WordReader {
    words: Words,
    /// Whether letters that follow belong to the last word.
    open: bool,
    /// Whether marks that follow belong to the last word.
    takes_marks: bool,
    /// Signs right after the last word, and where they end.
    trail: String,
    trail_end: usize,
    /// The character before, what stood before that, and where the former begins.
    before: [Option<char>; 2],
    before_start: usize,
}

impl WordReader {
    /// A run of letters and digits, as one step: most texts are little else.
    fn ascii_letters(&mut self, run: &str, start: usize) {
        if !self.open {
            self.begin(&(start..start + 1));
            self.open = true;
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

    fn ascii_sign(&mut self, c: char, range: &Range<usize>) {
        self.sign(c, range);
        self.passed(c, range);
    }

    /// A character in compatibility decomposition.
    fn read(&mut self, c: char, range: &Range<usize>) {
        if is_ignored(c) {
            return;
        }
        if is_accent(c) {
            // Seen, but not compared.
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
            self.begin(range);
            self.append(c, range);
            self.open = false;
        } else if c.is_alphanumeric() {
            for lower in c.to_lowercase() {
                match spelled_out(lower) {
                    Some(letters) => letters.chars().for_each(|c| self.letter(c, range)),
                    None if is_accent(lower) => {}
                    None => self.letter(lower, range),
                }
            }
        } else {
            self.sign(c, range);
        }
        self.passed(c, range);
    }

    fn letter(&mut self, c: char, range: &Range<usize>) {
        if !self.open {
            self.begin(range);
            self.open = true;
        }
        self.append(c, range);
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

    fn begin(&mut self, range: &Range<usize>) {
        // Signs that the word before has taken are not this one's.
        let taken = !self.trail.is_empty();
        self.close_trail();
        let [sign, earlier] = self.before;
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
        let letters = self.words.letters.len();
        self.words.places.push(Place {
            range: start..range.end,
            folded: letters..letters,
            trail_end: letters,
            lead,
        });
        self.takes_marks = true;
    }

    fn append(&mut self, c: char, range: &Range<usize>) {
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

    fn last(&mut self) -> &mut Place {
        self.words
            .places
            .last_mut()
            .expect("only called after a word has begun")
    }
}

/// A sign in a word of the index, which knows no ASCII signs: a character for
/// private use, which is in no word of a text.
fn indexed_sign(sign: char) -> char {
    char::from_u32(0xE000 + u32::from(sign)).unwrap_or(sign)
}

/// Whether a character is a word of its own.
fn stands_alone(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF         // Thai, Lao
        | 0x0F00..=0x0FFF       // Tibetan
        | 0x1000..=0x109F       // Myanmar
        | 0x1100..=0x11FF       // Hangul Jamo: what begins a syllable
        | 0x1780..=0x17DD       // Khmer
        | 0x2E80..=0x2FDF       // CJK and Kangxi radicals
        | 0x3005..=0x3007       // 々〆〇
        | 0x3031..=0x3035       // Kana repeat marks
        | 0x3041..=0x318F       // Hiragana, Katakana, Bopomofo, Hangul compatibility
        | 0x31A0..=0x31FF       // Bopomofo and Katakana extensions
        | 0x3400..=0x4DBF       // Han A
        | 0x4E00..=0x9FFF       // Han
        | 0xA960..=0xA97F       // Jamo A
        | 0xAC00..=0xD7FF       // Hangul, Jamo B
        | 0xF900..=0xFAFF       // Han compatibility
        | 0x1AFF0..=0x1B16F     // Kana supplements
        | 0x20000..=0x323AF     // Han B to H
    ) && c.is_alphanumeric()
        || is_pictograph(c)
}

fn is_pictograph(c: char) -> bool {
    matches!(u32::from(c),
        0x2600..=0x27BF | 0x2B50 | 0x2B55 | 0x1F000..=0x1F0FF | 0x1F1E6..=0x1F1FF
        | 0x1F300..=0x1FAFF)
}

fn is_flag_letter(c: char) -> bool {
    matches!(u32::from(c), 0x1F1E6..=0x1F1FF)
}

/// Vowels and final consonants of a decomposed Hangul syllable.
fn is_hangul_tail(c: char) -> bool {
    matches!(u32::from(c), 0x1160..=0x11FF | 0xD7B0..=0xD7FB)
}

/// Marks that a reader takes for an accent, not for a letter: those of Latin,
/// Greek and Cyrillic, and the points of Hebrew and Arabic. (The vowels of Indic
/// scripts and the voicing of kana are letters.)
fn is_accent(c: char) -> bool {
    is_combining_mark(c)
        && matches!(u32::from(c),
            0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05C7 | 0x0610..=0x06ED
            | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

/// What is not seen: soft hyphens, joiners, marks of direction, variation
/// selectors, Arabic stretching, skin tones.
fn is_ignored(c: char) -> bool {
    matches!(u32::from(c),
        0x00AD | 0x034F | 0x061C | 0x0640 | 0x115F..=0x1160 | 0x180B..=0x180F
        | 0x200C..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF
        | 0x1F3FB..=0x1F3FF | 0xE0000..=0xE0FFF)
}

/// Letters that no decomposition brings to those that are typed for them
/// (the Latin-ASCII transform of CLDR has all these).
fn spelled_out(lower: char) -> Option<&'static str> {
    Some(match lower {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ł' => "l",
        'ħ' => "h",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded_words(text: &str) -> Vec<String> {
        let words = Words::of(text);
        words.iter().map(|word| word.folded.to_owned()).collect()
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
        check("हिन्दी में", "हिन्दी में");
        check("snake_case 3.11 a@e.org", "snake case 3 11 a e org");
        check("🔥 hot 👩🏽‍💻", "🔥 hot 👩 💻");
        check("", "");
    }

    #[test]
    fn what_looks_alike_is_alike() {
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
    fn what_is_typed_without_accents_or_in_other_widths_is_folded_alike() {
        for (text, expected) in [
            ("café", "cafe"),
            ("GÖDEL", "godel"),
            ("straße", "strasse"),
            ("ＡＩ", "ai"),
            ("i\u{307}stanbul", "istanbul"),
            ("ｶﾞﾝﾀﾞﾑ", "ガンダム"),
            ("機械学習", "機械学習"),
            ("한국어", "한국어"),
            ("שָׁלוֹם", "שלום"),
            ("c++ & co", "c++ & co"),
            ("´", "´"),
            ("", ""),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,20}") {
            let once = folded(&text).into_owned();
            prop_assert_eq!(folded(&once), once.as_str());
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
    fn a_word_is_meant_with_its_signs_and_without() {
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
                // Several may come of one character, as of ㎏.
                prop_assert!(word.range.end >= end);
                end = word.range.end;
            }
        }

        #[test]
        fn a_text_and_its_folded_form_have_the_same_words(text in any::<String>()) {
            let first = folded_words(&text);
            prop_assert_eq!(&folded_words(&first.join(" ")), &first);
        }
    }

    /// A site in files is searched by the page itself (`site/assets/words.js`), by the same
    /// words. `UPDATE_EXPECT=1` writes what both are held to.
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
        ];
        let long = "x".repeat(200) + &"é".repeat(100);
        let texts = texts.into_iter().chain([long.as_str()]);
        let vectors = texts.map(|text| {
            let words = Words::of(text);
            let words = words.iter().map(|word| {
                let lead: String = word.lead.into_iter().collect();
                serde_json::json!([text[word.range.clone()], word.folded, lead, word.trail])
            });
            serde_json::json!({"text": text, "words": words.collect::<Vec<_>>()})
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
                // What the index gets has no character that means something to it.
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
