//! Invisible characters, and which of them a name keeps.
//!
//! Two names that look the same should be equal. So characters without a glyph (Unicode's
//! `Default_Ignorable_Code_Point`, which includes format characters, and the two blank characters
//! that aren't white space) are removed, unless they change how others look: joiners as permitted
//! by UAX #31 (2.3, "Layout and Format Control Characters") and RFC 5892 (appendix A), and what
//! combines several emoji into one (UTS #51). `extension/shared/invisible.js` has the same rules;
//! `tests/contract/tags.json` keeps them equal.

use std::borrow::Cow;

const ZWNJ: char = '\u{200C}';
const ZWJ: char = '\u{200D}';
const BLACK_FLAG: char = '\u{1F3F4}';
/// What follows a black flag in the flags of England, Scotland and Wales, the only such sequences
/// recommended for interchange (UTS #51, `emoji-sequences.txt`). Other tag characters could hide
/// any text.
const FLAGS: [[char; 6]; 3] = [
    [
        '\u{E0067}',
        '\u{E0062}',
        '\u{E0065}',
        '\u{E006E}',
        '\u{E0067}',
        '\u{E007F}',
    ],
    [
        '\u{E0067}',
        '\u{E0062}',
        '\u{E0073}',
        '\u{E0063}',
        '\u{E0074}',
        '\u{E007F}',
    ],
    [
        '\u{E0067}',
        '\u{E0062}',
        '\u{E0077}',
        '\u{E006C}',
        '\u{E0073}',
        '\u{E007F}',
    ],
];

/// Returns the text without invisible characters that have no effect.
#[must_use]
pub(super) fn without_invisible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.chars().any(is_invisible) {
        return Cow::Borrowed(text);
    }
    let chars: Vec<char> = text.chars().collect();
    let mut seen: Vec<char> = Vec::with_capacity(chars.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let after = &chars[at + 1..];
        if c == BLACK_FLAG
            && let Some(flag) = FLAGS.iter().find(|flag| after.starts_with(*flag))
        {
            seen.push(c);
            seen.extend(flag);
            at += 1 + flag.len();
            continue;
        }
        if !is_invisible(c) || is_kept(&seen, c, after) {
            seen.push(c);
        }
        at += 1;
    }
    Cow::Owned(seen.into_iter().collect())
}

/// Returns whether an invisible character changes how its neighbours look. All of `before` is kept.
fn is_kept(before: &[char], c: char, after: &[char]) -> bool {
    let Some(&last) = before.last() else {
        return false;
    };
    let next = after.iter().copied().find(|c| !is_invisible(*c));
    match c {
        ZWNJ => is_virama(last) && next.is_some() || parts_arabic(before, next),
        ZWJ if is_virama(last) => true,
        // Bengali ya-phalaa after ra, and similar forms.
        ZWJ => next.is_some_and(is_virama) || joins_pictures(before, after),
        '\u{FE0E}' | '\u{FE0F}' => {
            is_picture(last) || (matches!(last, '0'..='9' | '#' | '*') && next == Some('\u{20E3}'))
        }
        // Variants of an ideograph, as used in names.
        '\u{FE00}'..='\u{FE02}' | '\u{E0100}'..='\u{E01EF}' => is_han(last),
        '\u{180B}'..='\u{180D}' | '\u{180F}' => ('\u{1820}'..='\u{18AA}').contains(&last),
        _ => false,
    }
}

/// Returns whether a joiner is between two emoji: `👩‍💻`.
fn joins_pictures(before: &[char], after: &[char]) -> bool {
    let mut bases = before.iter().rev().copied();
    let base = bases.find(|c| !matches!(c, '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}'));
    base.is_some_and(is_picture) && after.first().is_some_and(|c| is_picture(*c))
}

/// Returns whether a non-joiner is between two letters that would join without it.
fn parts_arabic(before: &[char], next: Option<char>) -> bool {
    let mut letters = before.iter().rev().copied();
    let last = letters.find(|c| !is_arabic_mark(*c));
    last.is_some_and(joins_the_next) && next.is_some_and(|c| is_arabic_letter(c) && c != '\u{621}')
}

fn is_arabic_mark(c: char) -> bool {
    matches!(u32::from(c), 0x0610..=0x061A | 0x064B..=0x065F | 0x0670 | 0x06D6..=0x06ED)
}

fn is_arabic_letter(c: char) -> bool {
    matches!(u32::from(c), 0x0620..=0x063F | 0x0641..=0x064A | 0x066E..=0x066F | 0x0671..=0x06D3
        | 0x06D5 | 0x06EE..=0x06EF | 0x06FA..=0x06FC | 0x06FF | 0x0750..=0x077F)
}

/// Returns whether a letter has joining type D (`ArabicShaping.txt`): all except those that join
/// only the preceding letter, or none.
fn joins_the_next(c: char) -> bool {
    is_arabic_letter(c)
        && !matches!(u32::from(c),
            0x0621..=0x0625 | 0x0627 | 0x0629 | 0x062F..=0x0632 | 0x0648 | 0x0671..=0x0677
            | 0x0688..=0x0699 | 0x06C0 | 0x06C3..=0x06CB | 0x06CD | 0x06CF | 0x06D2..=0x06D3
            | 0x06D5 | 0x06EE..=0x06EF | 0x0759..=0x075B | 0x076B..=0x076C | 0x0771
            | 0x0773..=0x0774 | 0x0778..=0x0779)
}

/// Viramas of scripts that form conjuncts (`Indic_Syllabic_Category`).
fn is_virama(c: char) -> bool {
    matches!(
        u32::from(c),
        0x094D
            | 0x09CD
            | 0x0A4D
            | 0x0ACD
            | 0x0B4D
            | 0x0BCD
            | 0x0C4D
            | 0x0CCD
            | 0x0D4D
            | 0x0DCA
            | 0x1039
            | 0x17D2
    )
}

fn is_han(c: char) -> bool {
    matches!(u32::from(c),
        0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x323AF)
}

/// `Extended_Pictographic`, as ranges that include a few other characters.
fn is_picture(c: char) -> bool {
    matches!(u32::from(c),
        0x00A9 | 0x00AE | 0x203C | 0x2049 | 0x2122 | 0x2139 | 0x2190..=0x21FF | 0x2300..=0x23FF
        | 0x24C2 | 0x25A0..=0x27BF | 0x2900..=0x297F | 0x2B00..=0x2BFF | 0x3030 | 0x303D | 0x3297
        | 0x3299 | 0x1F000..=0x1F3FA | 0x1F400..=0x1FAFF)
}

/// Returns whether a character has no glyph.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0x00AD | 0x034F | 0x061C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F
        | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164 | 0xFE00..=0xFE0F
        | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
        | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn removes_invisible_characters_without_effect() {
        for text in [
            "a\u{200B}b",
            "a\u{AD}b",
            "a\u{2060}b",
            "\u{FEFF}ab",
            "a\u{200E}b",
            "\u{202E}ab\u{202C}",
            "\u{2066}ab\u{2069}",
            "a\u{FE0F}b",
            "a\u{200D}b",
            "a\u{200C}b",
            "ab\u{E0041}",
            "a\u{3164}b",
            "a\u{2063}b",
            "a\u{180E}b",
            "a\u{034F}b",
            "ab\u{E0100}",
            "a\u{2800}b",
            "\u{200D}ab",
            "ab\u{200C}",
        ] {
            assert_eq!(without_invisible(text), "ab", "{text:?}");
        }
        assert_eq!(without_invisible("\u{200B}\u{FEFF}"), "");
        // A letter that joins only the preceding one is separate from the next one anyway.
        assert_eq!(without_invisible("کار\u{200C}ها"), "کارها");
        assert_eq!(without_invisible("1\u{FE0F}"), "1");
    }

    #[test]
    fn keeps_invisible_characters_that_change_how_others_look() {
        for text in [
            "می\u{200C}خواهم",
            "نیم\u{200C}فاصله",
            "کتاب\u{64F}\u{200C}ها",
            "क्\u{200D}ष",
            "क्\u{200C}ष",
            "ශ්\u{200D}රී",
            "ര്\u{200D}",
            "র\u{200D}্য",
            "👩\u{200D}💻",
            "👩🏽\u{200D}💻",
            "🏳\u{FE0F}\u{200D}🌈",
            "❤\u{FE0F}",
            "1\u{FE0F}\u{20E3}",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "葛\u{E0100}",
            "plain",
        ] {
            assert_eq!(without_invisible(text), text, "{text:?}");
        }
        // Other tag characters could hide a text.
        let hidden: String = "obey"
            .chars()
            .map(|c| char::from_u32(0xE0000 + u32::from(c)).unwrap())
            .collect();
        assert_eq!(without_invisible(&format!("🏴{hidden}\u{E007F}x")), "🏴x");
        assert_eq!(without_invisible("🏴\u{E0067}\u{E0062}\u{E007F}x"), "🏴x");
        // A flag without its end isn't valid.
        assert_eq!(without_invisible("🏴\u{E0067}x"), "🏴x");
    }

    proptest! {
        #[test]
        fn a_second_run_changes_nothing(text in "[a\u{200B}-\u{200F}\u{FE0F}👩🏽💻❤1\u{20E3}ی\u{94D}क\u{E0062}🏴\u{E007F}]{0,12}") {
            let once = without_invisible(&text).into_owned();
            prop_assert_eq!(without_invisible(&once), once.as_str());
        }
    }

    #[test]
    fn fuzz_invisible() {
        crate::fuzz::text(
            &[
                "👩🏽\u{200D}💻 می\u{200C}خواهم क्\u{200D}ष",
                "🏴\u{E0067}\u{E0062}\u{E007F} a\u{200B}b ❤\u{FE0F}",
            ],
            |text| {
                let once = without_invisible(text).into_owned();
                assert_eq!(without_invisible(&once), once);
            },
        );
    }
}
