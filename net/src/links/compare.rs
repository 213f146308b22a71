//! How much two texts have in common.

use std::collections::HashSet;

/// Words of a shingle.
const SHINGLE_WORDS: usize = 4;
/// Texts with fewer words aren't compared.
const MIN_WORDS: usize = 30;

/// Returns how much of the shorter text is in the other, from 0 to 1. `None` if one is too short to
/// tell.
pub(super) fn shared(one: &str, other: &str) -> Option<f64> {
    let (one, other) = (shingles(one)?, shingles(other)?);
    let common = u32::try_from(one.intersection(&other).count()).ok()?;
    let least = u32::try_from(one.len().min(other.len())).ok()?;
    Some(f64::from(common) / f64::from(least.max(1)))
}

/// Returns whether a text is too short to be compared.
pub(super) fn is_short(text: &str) -> bool {
    shingles(text).is_none()
}

/// Returns the sequences of words of a text. In scripts without spaces, a letter is a word.
fn shingles(text: &str) -> Option<HashSet<String>> {
    let lower = text.to_lowercase();
    let mut words: Vec<&str> = Vec::new();
    for word in lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        if word.chars().any(|c| ('\u{2e80}'..='\u{9fff}').contains(&c)) {
            words.extend(word.split("").filter(|letter| !letter.is_empty()));
        } else {
            words.push(word);
        }
    }
    if words.len() < MIN_WORDS {
        return None;
    }
    Some(
        words
            .windows(SHINGLE_WORDS)
            .map(|words| words.join(" "))
            .collect(),
    )
}
