//! A text as words: their positions, their compared forms, and their parts.

use std::ops::Range;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'a> {
    /// Byte range in the text, including signs.
    pub range: Range<usize>,
    /// The compared form: only letters, digits and marks.
    pub folded: &'a str,
    /// The sign before it: `.`, `#` or `@`.
    pub lead: Option<char>,
    /// The signs after it: `+` and `#`.
    pub trail: &'a str,
}

impl Word<'_> {
    /// Returns whether it has signs.
    #[must_use]
    pub fn has_signs(&self) -> bool {
        self.lead.is_some() || !self.trail.is_empty()
    }

    /// Returns the words of the index besides the plain one: with the sign before, and with the
    /// signs after.
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

    /// Returns whether this word of a query matches `word` of a text. An unfinished word matches
    /// all that begin with it.
    #[must_use]
    pub fn means(&self, word: &Word<'_>, unfinished: bool) -> bool {
        let begins = |wanted: &str, found: &str| {
            if unfinished {
                found.starts_with(wanted)
            } else {
                found == wanted
            }
        };
        // A word followed by signs is complete.
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
    /// The letters of each word, followed by its trailing signs.
    pub(super) letters: String,
    pub(super) places: Vec<WordSpan>,
    /// The inner parts of words, see [`WordSpan::parts`].
    pub(super) parts: Vec<PartStart>,
}

impl Words {
    /// Returns the number of words.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns whether there are no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns the word at this index, which must exist.
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

    /// Returns the first byte of the letters of the word at this index.
    pub(super) fn initial(&self, place: usize) -> Option<u8> {
        let place = &self.places[place];
        self.letters.as_bytes().get(place.folded.start).copied()
    }

    /// Returns whether the word at this index has parts.
    pub(super) fn has_parts(&self, place: usize) -> bool {
        !self.places[place].parts.is_empty()
    }

    /// Returns whether the word at this index is joined to the one before it.
    pub(super) fn is_joined(&self, place: usize) -> bool {
        self.places
            .get(place)
            .is_some_and(|place| place.joint.is_some())
    }

    /// Returns the parts of the word at this index with their positions in the text: none, or at
    /// least two.
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

    /// Iterates over the words.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Word<'_>> + ExactSizeIterator {
        (0..self.len()).map(|place| self.at(place))
    }
}

/// The position of a word in the text and in the letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WordSpan {
    pub(super) range: Range<usize>,
    pub(super) folded: Range<usize>,
    pub(super) trail_end: usize,
    pub(super) lead: Option<char>,
    /// Range in [`Words::parts`]: the starts of its second and later parts.
    pub(super) parts: Range<usize>,
    /// The single sign that joins this word to the one before, if any.
    pub(super) joint: Option<char>,
}

/// The start of a part other than the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PartStart {
    /// In the letters.
    pub(super) folded: usize,
    /// In the text.
    pub(super) start: usize,
}

/// Returns the character for a sign in the index, which can't contain ASCII signs: a private-use
/// character, which no word of a text contains.
fn indexed_sign(sign: char) -> char {
    char::from_u32(0xE000 + u32::from(sign)).unwrap_or(sign)
}
