//! A text as words: where each stands, how it is compared, and its parts.

use std::ops::Range;

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
    pub(super) letters: String,
    pub(super) places: Vec<WordSpan>,
    /// Where words have inner parts, see [`WordSpan::parts`].
    pub(super) parts: Vec<PartStart>,
}

impl Words {
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

    /// Whether the word at this place has parts.
    pub(super) fn has_parts(&self, place: usize) -> bool {
        !self.places[place].parts.is_empty()
    }

    /// Whether the word at this place is joined to the one before it.
    pub(super) fn is_joined(&self, place: usize) -> bool {
        self.places
            .get(place)
            .is_some_and(|place| place.joint.is_some())
    }

    /// The parts of the word at this place, at least two or none, each with where it
    /// stands in the text.
    pub(super) fn parts(&self, place: usize) -> Vec<(&str, Range<usize>)> {
        let place = &self.places[place];
        let parts = &self.parts[place.parts.clone()];
        let mut found = Vec::with_capacity(parts.len() + 1);
        let mut from = PartStart {
            folded: place.folded.start,
            start: place.range.start,
        };
        for next in parts {
            let letters = &self.letters[from.folded..next.folded];
            found.push((letters, from.start..next.start));
            from = *next;
        }
        if !parts.is_empty() {
            let letters = &self.letters[from.folded..place.folded.end];
            found.push((letters, from.start..place.range.end));
        }
        found
    }

    /// One after the other.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Word<'_>> + ExactSizeIterator {
        (0..self.len()).map(|place| self.at(place))
    }
}

/// A word: where it stands in the text, and in the letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WordSpan {
    pub(super) range: Range<usize>,
    pub(super) folded: Range<usize>,
    pub(super) trail_end: usize,
    pub(super) lead: Option<char>,
    /// Of [`Words::parts`]: where its second part and those after it begin.
    pub(super) parts: Range<usize>,
    /// The sign, alone, between the word before and this one, where that joins them.
    pub(super) joint: Option<char>,
}

/// Where a part of a word begins that isn't its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PartStart {
    /// In the letters.
    pub(super) folded: usize,
    /// In the text.
    pub(super) start: usize,
}

/// A sign in a word of the index, which knows no ASCII signs: a character for
/// private use, which is in no word of a text.
fn indexed_sign(sign: char) -> char {
    char::from_u32(0xE000 + u32::from(sign)).unwrap_or(sign)
}
