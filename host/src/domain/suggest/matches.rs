//! Computes how well a page matches a remembered note, or names a tag.

use crate::domain::suggest::{
    bloom_filter::BloomFilter,
    memory::RememberedNote,
    page::{Page, Spelled},
};

/// BM25 with the usual parameters, except for long texts, which notes rarely are.
const BM25_K: f64 = 1.2;
const BM25_B: f64 = 0.5;

/// Returns the similarity of each note to a page: BM25 over words and tags.
pub(super) fn similarity(page: &Page, notes: &[RememberedNote]) -> Vec<f64> {
    let all = notes.len() as f64;
    let length = notes.iter().map(|note| note.length).sum::<f64>() / all.max(1.0);
    // For each common word: the note, the word, and its frequency.
    let mut common: Vec<(usize, usize, f64)> = Vec::new();
    let sieve = BloomFilter::of(page.words.iter().map(|word| word.stem));
    let mut having = vec![0.0_f64; page.words.len()];
    for (number, note) in notes.iter().enumerate() {
        for term in note.terms.iter().filter(|term| sieve.may_have(term.stem)) {
            if let Some(place) = page.place_of(term.stem) {
                common.push((number, place, f64::from(term.tagged)));
                having[place] += 1.0;
            }
        }
    }
    let words = page.words.iter().zip(having);
    let weights: Vec<f64> = words
        .map(|(word, having)| {
            let times = f64::from(word.times);
            (1.0 + (all - having + 0.5) / (having + 0.5)).ln() * times / (times + 1.0)
        })
        .collect();
    let mut similar = vec![0.0; notes.len()];
    for (number, at, times) in common {
        let length = notes[number].length / length.max(1.0);
        similar[number] += weights[at] * times * (BM25_K + 1.0)
            / (times + BM25_K * (1.0 - BM25_B + BM25_B * length));
    }
    similar
}

/// Where a tag's name occurs on a page.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Named {
    /// By stem, in title, text and address.
    pub(super) places: [bool; 3],
    /// Letter by letter, in one of them.
    pub(super) exact: bool,
    /// The share of a multi-word name's words that occur letter by letter, anywhere.
    pub(super) part: f64,
}

/// Finds names on a page.
pub(super) struct NameFinder<'a> {
    page: &'a Page,
    /// Its words by stem and letter by letter, sorted.
    stems: Vec<u32>,
    exact: Vec<u32>,
}

impl<'a> NameFinder<'a> {
    pub(super) fn of(page: &'a Page) -> Self {
        let words = || page.runs.iter().flatten();
        let mut stems: Vec<u32> = words().map(|word| word.stem).collect();
        let mut exact: Vec<u32> = words().map(|word| word.exact).collect();
        stems.sort_unstable();
        exact.sort_unstable();
        Self { page, stems, exact }
    }

    /// Finds a tag by its name and its aliases.
    pub(super) fn find(&self, forms: &[Box<[Spelled]>]) -> Named {
        let mut named = Named::default();
        let has = |word: &Spelled| self.stems.binary_search(&word.stem).is_ok();
        for form in forms {
            let mut said = form.iter().filter(|word| !word.says_nothing).peekable();
            if said.peek().is_none() || !said.all(has) {
                continue;
            }
            for (run, place) in self.page.runs.iter().zip(&mut named.places) {
                for text in run.windows(form.len()) {
                    if text.iter().zip(form).all(|(a, b)| a.stem == b.stem) {
                        *place = true;
                        named.exact |= text.iter().zip(form).all(|(a, b)| a.exact == b.exact);
                    }
                }
            }
        }
        let name = &forms[0];
        let said = || name.iter().filter(|word| !word.says_nothing);
        if name.len() > 1 && said().any(has) {
            let there = said().filter(|word| self.exact.binary_search(&word.exact).is_ok());
            named.part = there.count() as f64 / said().count() as f64;
        }
        named
    }
}
