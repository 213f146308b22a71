//! Suggestions for addresses that lead nowhere.

use crate::{
    domain::Tag,
    error::Result,
    site::links::Links,
    store::{Reader, SiteCount, SiteOrder, TagCount, TagFilter},
};

/// Most attempts to find similar tags.
const ATTEMPTS: usize = 6;
/// Largest edit distance to the name of a page.
const SLIPS: usize = 2;

/// Returns tags that contain the text, or else one of its words, or else share its beginning.
pub(super) fn tags(reader: &Reader, text: &str, limit: u32) -> Result<Vec<TagCount>> {
    let text = text
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric());
    let start: String = text.chars().take(3).collect();
    let attempts = std::iter::once(text.as_str())
        .chain(words.filter(|word| word.chars().count() > 2))
        .chain(std::iter::once(start.as_str()))
        .filter(|attempt| !attempt.is_empty())
        .take(ATTEMPTS);
    for attempt in attempts {
        let mut near = reader.complete_tags(attempt, limit, &[])?;
        if !near.is_empty() {
            let total = |tag: &Tag| reader.count_with_tags(&TagFilter::of(tag));
            reader.count_implied(&mut near, total)?;
            return Ok(near);
        }
    }
    Ok(Vec::new())
}

/// Returns sites that contain a part of the name: the longest part with any matches.
pub(super) fn sites(reader: &Reader, site: &str, limit: u32) -> Result<Vec<SiteCount>> {
    let mut parts: Vec<&str> = site.split('.').collect();
    // Half of all sites share a top-level domain.
    if parts.len() > 1 {
        parts.pop();
    }
    parts.retain(|part| part.chars().count() > 2);
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    for part in parts.into_iter().take(2) {
        let near = reader.site_list(SiteOrder::Uses, part, None, limit)?.sites;
        if !near.is_empty() {
            return Ok(near);
        }
    }
    Ok(Vec::new())
}

/// Returns pages whose name is similar to one of the words.
pub(super) fn pages(links: &Links, words: &str) -> Vec<(&'static str, String)> {
    let word = words.split('/').next().unwrap_or_default().to_lowercase();
    [
        ("tags", links.tags()),
        ("sites", links.sites()),
        ("all", links.all(0)),
        ("search", links.search()),
        ("feed.atom", links.feed()),
    ]
    .into_iter()
    .filter(|(name, _)| slips(&word, name) <= SLIPS.min(name.len() / 2))
    .collect()
}

/// Returns the edit distance between two words (Levenshtein).
fn slips(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    // Names are short, so only the first characters are compared.
    for (i, from) in a.chars().take(32).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        for (a, b, count) in [
            ("tags", "tags", 0),
            ("tagz", "tags", 1),
            ("serach", "search", 2),
            ("", "all", 3),
            ("site", "sites", 1),
        ] {
            assert_eq!(slips(a, b), count, "{a} {b}");
        }
    }

    #[test]
    fn pages_are_known_by_nearly_their_name() {
        let near = |words: &str| {
            let pages = pages(&Links::default(), words).into_iter();
            pages.map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(near("Tagz"), ["tags"]);
        assert_eq!(near("serach/x"), ["search"]);
        assert_eq!(near("feed"), [""; 0]);
        assert_eq!(near("al"), ["all"]);
        assert_eq!(near("gpu"), [""; 0]);
        assert_eq!(near(&"x".repeat(10_000)), [""; 0]);
    }
}
