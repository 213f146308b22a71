//! Letters: the form in which characters are compared, from tables of the Unicode Standard and of
//! search engines that know the scripts.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Folds the letters of a text as words are compared, and leaves everything else unchanged. Texts
/// typed without accents, or in half-width letters, become equal.
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
    // The step above decomposes Hangul and voiced kana.
    let folded: String = folded.nfc().collect();
    match folded.trim().is_empty() {
        // The text consists only of accents.
        true => Cow::Borrowed(text),
        false => Cow::Owned(folded),
    }
}

/// Returns whether a text must not be cut at this byte, because both sides form a single visible
/// character.
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

/// Returns whether a character is a word of its own.
pub(super) fn stands_alone(c: char) -> bool {
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

/// Returns whether a character is a vowel or final consonant of a decomposed Hangul syllable.
pub(super) fn is_hangul_tail(c: char) -> bool {
    matches!(u32::from(c), 0x1160..=0x11FF | 0xD7B0..=0xD7FB)
}

/// Returns whether readers see a mark as an accent and not as a letter: marks of Latin, Greek and
/// Cyrillic, and the points of Hebrew and Arabic. (Vowels of Indic scripts and the voicing of kana
/// are letters.)
pub(super) fn is_accent(c: char) -> bool {
    is_combining_mark(c)
        && (is_nukta(c)
            || matches!(u32::from(c),
            0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05C7 | 0x0610..=0x06ED
            | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F))
}

/// Returns whether a character is invisible: soft hyphens, joiners, direction marks, variation
/// selectors, Arabic tatweel, skin tones.
pub(super) fn is_ignored(c: char) -> bool {
    matches!(u32::from(c),
        0x00AD | 0x034F | 0x061C | 0x0640 | 0x115F..=0x1160 | 0x180B..=0x180F
        | 0x200C..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF
        | 0x1F3FB..=0x1F3FF | 0xE0000..=0xE0FFF)
}

/// Returns how people type a letter that no decomposition maps (the Latin-ASCII transform of CLDR
/// has all these).
pub(super) fn spelled_out(lower: char) -> Option<&'static str> {
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

/// Returns the compatibility decomposition that is compared for a character: variants of a letter
/// of the Arabic script on keyboards of Arabic, Persian and Urdu (united as in Lucene's
/// `ArabicNormalizer` and `PersianNormalizer`), the nasal signs of Indic scripts, and the decimal
/// digits of all scripts as ASCII.
pub(super) fn unified(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    match c {
        '\u{0671}'..='\u{0673}' | '\u{0675}' => '\u{0627}', // alef
        '\u{0649}' | '\u{06CC}' | '\u{06D2}' => '\u{064A}', // yeh
        '\u{06A9}' | '\u{06AA}' => '\u{0643}',              // kaf
        '\u{0629}' | '\u{06BE}' | '\u{06C1}' | '\u{06C3}' | '\u{06D5}' => '\u{0647}', // heh
        // Chandrabindu is often written as anusvara; Gurmukhi also has the tippi for it.
        '\u{0901}' => '\u{0902}',
        '\u{0A01}' | '\u{0A70}' => '\u{0A02}',
        '\u{0A81}' => '\u{0A82}',
        _ => digit(c).unwrap_or(c),
    }
}

/// The zeros of decimal digits (general category Nd) without a compatibility decomposition; the
/// other nine digits follow each.
const ZEROS: [u32; 65] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0,
    0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50,
    0x11DA0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950,
];

fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= code)].last()?;
    char::from_digit(code - zero, 10)
}

/// Returns whether a mark is the dot below letters of Devanagari, Gurmukhi and Gujarati, which is
/// often omitted. (Marks of Arabic and Hebrew count as accents.)
fn is_nukta(c: char) -> bool {
    matches!(c, '\u{093C}' | '\u{0A3C}' | '\u{0ABC}')
}

/// Returns the nasal at the end of a word that becomes an anusvara before a consonant, and the
/// anusvara: a nasal of the consonant's own class with a virama, as in `हिन्दी` and `हिंदी`.
pub(super) fn dead_nasal(word: &str, consonant: char) -> Option<(usize, char)> {
    let block = u32::from(consonant) & !0x7F;
    if block != 0x0900 && block != 0x0A80 {
        return None;
    }
    let nasal = match u32::from(consonant) - block {
        0x15..=0x18 => 0x19,
        0x1A..=0x1D => 0x1E,
        0x1F..=0x22 => 0x23,
        0x24..=0x27 => 0x28,
        0x2A..=0x2D => 0x2E,
        _ => return None,
    };
    let mut ends = word.chars().rev();
    let is = |c: Option<char>, place: u32| c.is_some_and(|c| u32::from(c) == block + place);
    // Each of them has three bytes.
    (is(ends.next(), 0x4D) && is(ends.next(), nasal)).then(|| {
        (
            word.len() - 6,
            char::from_u32(block + 0x02).unwrap_or(consonant),
        )
    })
}

/// Returns whether a character is typed as an apostrophe: quotation marks, stand-alone accents,
/// primes, and letters that look the same.
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '`' | '\u{00B4}' | '\u{02B9}' | '\u{02BB}'
            ..='\u{02BF}'
                | '\u{02C8}'
                | '\u{02CA}'
                | '\u{02CB}'
                | '\u{055A}'
                | '\u{05F3}'
                | '\u{1FBD}'
                | '\u{1FBF}'
                | '\u{1FFD}'
                | '\u{1FFE}'
                | '\u{2018}'
                | '\u{2019}'
                | '\u{201B}'
                | '\u{2032}'
                | '\u{2035}'
                | '\u{A78B}'
                | '\u{A78C}'
                | '\u{FF07}'
                | '\u{FF40}'
    )
}

/// Returns whether a letter belongs to the Arabic script, where a zero-width non-joiner also
/// separates words.
pub(super) fn is_arabic(c: char) -> bool {
    matches!(u32::from(c), 0x0620..=0x06FF | 0x0750..=0x077F | 0x08A0..=0x08FF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
    fn digits_of_all_scripts_are_ascii() {
        for (text, digits) in [
            ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
            ("۰۱۲۳۴۵۶۷۸۹", "0123456789"),
            ("०९", "09"),
            ("০৯", "09"),
            ("๐๙", "09"),
            ("𑁦𑁯", "09"),
            ("٪a", "٪a"),
        ] {
            let unified: String = text.chars().map(unified).collect();
            assert_eq!(unified, digits);
        }
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            let ten = (zero..zero + 10).filter_map(char::from_u32).map(unified);
            assert_eq!(ten.collect::<String>(), "0123456789", "{zero:x}");
        }
    }
}
