//! Compounds: words with parts, and words joined by a sign. Each is found by its parts and as a
//! whole, in any spelling: `Wi-Fi` and `wifi`, `node.js` and `nodejs`, `camelCase`, `snake_case`,
//! `1,000`, `U.S.A.`, `don't`.

use std::{collections::HashSet, ops::Range};

use crate::domain::{
    letters::is_arabic,
    words::{WordSpan, Words},
};

/// Number of words or parts up to which every run is a spelling; beyond that, only single ones.
const MAX_RUN: usize = 4;
/// Numbers have more groups (an ISBN has five).
const MAX_DIGIT_GROUPS: usize = 8;
/// `U.N.E.S.C.O.`
const MAX_INITIALS: usize = 12;
/// Most parts of a name. With more parts, or shorter ones, it is a key or a checksum.
const MAX_PARTS: usize = 10;
const LEAST_PART: usize = 3;
/// Longest spelling, in bytes.
const MAX_SPELLING: usize = 64;

/// Persian affixes: a space before or after them doesn't separate words: `می خواهم`, `کتاب ها`.
const PERSIAN_PREFIXES: &[&str] = &[
    "مي", "نمي", "ني", "نيم", "بي", "هم", "پيش", "پس", "نا", "غير",
];
const PERSIAN_SUFFIXES: &[&str] = &[
    "ها",
    "هاي",
    "هايي",
    "هايم",
    "هايت",
    "هايش",
    "هايمان",
    "هايتان",
    "هايشان",
    "تر",
    "تري",
    "ترين",
    "ام",
    "اي",
    "ايم",
    "ايد",
    "اند",
    "گر",
    "گري",
];

/// The class of a letter, which determines the parts of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Upper,
    Lower,
    Digit,
    /// A letter of a script without case.
    Other,
}

impl Class {
    pub(super) fn of(c: char) -> Self {
        match c {
            '0'..='9' => Self::Digit,
            c if c.is_lowercase() => Self::Lower,
            c if c.is_uppercase() => Self::Upper,
            c if c.is_numeric() => Self::Digit,
            _ => Self::Other,
        }
    }

    /// Returns whether a letter of this class begins a new part after one of the other class.
    pub(super) fn begins_after(self, before: Self) -> bool {
        (self == Self::Digit) != (before == Self::Digit)
            || (self == Self::Upper && before == Self::Lower)
    }
}

/// Returns whether a word with this many parts and bytes is treated as having parts.
pub(super) fn is_word_of_parts(parts: usize, bytes: usize) -> bool {
    parts <= MAX_RUN || (parts <= MAX_PARTS && bytes >= LEAST_PART * parts)
}

/// Returns whether a single sign between two words may join them.
pub(super) fn may_join(sign: char) -> bool {
    matches!(
        sign,
        '-' | '\u{2010}'
            | '_'
            | '\''
            | '.'
            | ','
            | '/'
            | '&'
            | '"'
            | ' '
            | '\u{B7}'
            | '\u{2027}'
            | '\u{5F4}'
            | '\u{200B}'
            | '\u{200C}'
    )
}

/// Keeps only the joints that really join their words.
pub(super) fn settle(letters: &str, places: &mut [WordSpan]) {
    for at in 1..places.len() {
        if let Some(sign) = places[at].joint
            && !joins(letters, places, at, sign)
        {
            places[at].joint = None;
        }
    }
    let mut start = 0;
    while start < places.len() {
        let more = places[start + 1..].iter();
        let end = start + 1 + more.take_while(|place| place.joint.is_some()).count();
        let run = &mut places[start..end];
        let words = |fits: fn(&str) -> bool, run: &[WordSpan]| {
            run.iter().all(|place| fits(&letters[place.folded.clone()]))
        };
        let most = match run.len() {
            0..=MAX_RUN => MAX_RUN,
            _ if words(is_number, run) => MAX_DIGIT_GROUPS,
            _ if words(|word| word.chars().count() == 1, run) => MAX_INITIALS,
            _ => MAX_RUN,
        };
        // `TCP/IP` is one word, but a path isn't.
        let is_path = run.len() > 2 && run.iter().any(|place| place.joint == Some('/'));
        if run.len() > most || is_path {
            run.iter_mut().for_each(|place| place.joint = None);
        }
        start = end;
    }
}

fn joins(letters: &str, places: &[WordSpan], at: usize, sign: char) -> bool {
    let [before, word] = [at - 1, at].map(|at| &letters[places[at].folded.clone()]);
    let all = |fits: fn(char) -> bool| before.chars().chain(word.chars()).all(fits);
    match sign {
        '-' | '\u{2010}' | '_' | '\'' | '\u{200B}' => {
            // An apostrophe joins digits only in groups of three.
            sign != '\'' || !is_number(before) || !is_number(word) || groups(before, word)
        }
        '.' | ',' | ' ' if is_number(before) && is_number(word) => {
            let first = places[at - 1].joint.is_none();
            let as_before = first || places[at - 1].joint == Some(sign);
            as_before && groups(before, word) && (first || before.len() == 3)
        }
        '.' | '/' | '&' | '\u{B7}' | '\u{2027}' => all(char::is_alphabetic),
        '\u{200C}' => all(is_arabic),
        ' ' => {
            all(is_arabic)
                && (PERSIAN_PREFIXES.contains(&before) || PERSIAN_SUFFIXES.contains(&word))
        }
        '"' | '\u{5F4}' => all(|c| ('\u{5D0}'..='\u{5EA}').contains(&c)),
        _ => false,
    }
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether a group of three digits follows.
fn groups(before: &str, word: &str) -> bool {
    before.len() <= 3 && word.len() == 3
}

/// Returns what the index has of a text besides its words, without duplicates: parts of words, and
/// joined words.
#[must_use]
pub fn spellings(words: &Words) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut add = |spelling: &str| {
        if spelling.len() <= MAX_SPELLING && !seen.contains(spelling) {
            seen.insert(spelling.to_owned());
            found.push(spelling.to_owned());
        }
    };
    for place in 0..words.len() {
        let parts = match words.has_parts(place) {
            true => words.parts(place),
            false => Vec::new(),
        };
        for (first, (letters, _)) in parts.iter().enumerate() {
            add(letters);
            if parts.len() > MAX_RUN {
                continue;
            }
            let mut run = (*letters).to_owned();
            for (letters, _) in &parts[first + 1..] {
                run.push_str(letters);
                // The whole is a word of the text.
                if run.len() < words.at(place).folded.len() {
                    add(&run);
                }
            }
        }
        let mut run = String::new();
        let mut last = place;
        while words.is_joined(last + 1) {
            if run.is_empty() {
                run.push_str(words.at(place).folded);
            }
            last += 1;
            run.push_str(words.at(last).folded);
            add(&run);
        }
    }
    found
}

/// Returns where a single word of a query occurs in the compound with the word at `place`: as some
/// of its parts, or as the word and those joined to it. The word on its own isn't considered. An
/// unfinished word matches all that begin with it.
pub(super) fn stands(
    wanted: &str,
    unfinished: bool,
    words: &Words,
    place: usize,
) -> Option<Range<usize>> {
    if wanted.len() > MAX_SPELLING {
        return None;
    }
    in_parts(wanted, unfinished, words, place).or_else(|| joined(wanted, unfinished, words, place))
}

fn joined(wanted: &str, unfinished: bool, words: &Words, place: usize) -> Option<Range<usize>> {
    let mut length = words.at(place).folded.len();
    let mut rest = wanted.strip_prefix(words.at(place).folded)?;
    let mut last = place;
    while !rest.is_empty() && words.is_joined(last + 1) {
        last += 1;
        let word = words.at(last);
        length += word.folded.len();
        if length > MAX_SPELLING {
            return None;
        }
        if rest == word.folded || (unfinished && word.folded.starts_with(rest)) {
            return Some(words.at(place).range.start..word.range.end);
        }
        rest = rest.strip_prefix(word.folded)?;
    }
    None
}

fn in_parts(wanted: &str, unfinished: bool, words: &Words, place: usize) -> Option<Range<usize>> {
    if !words.has_parts(place) {
        return None;
    }
    let parts = words.parts(place);
    let runs = if parts.len() > MAX_RUN { 1 } else { MAX_RUN };
    for first in 0..parts.len() {
        let mut rest = wanted;
        let mut length = 0;
        for (letters, range) in parts[first..].iter().take(runs) {
            length += letters.len();
            if length > MAX_SPELLING {
                break;
            }
            let stands = if unfinished {
                letters.starts_with(rest)
            } else {
                *letters == rest
            };
            if stands {
                return Some(parts[first].1.start..range.end);
            }
            match rest.strip_prefix(letters) {
                Some(left) if !left.is_empty() => rest = left,
                _ => break,
            }
        }
    }
    None
}
