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
    /// Each word by stem, with its run and its position there.
    stems: Vec<(u32, usize, usize)>,
    exact: Vec<u32>,
    sieve: BloomFilter,
}

impl<'a> NameFinder<'a> {
    pub(super) fn of(page: &'a Page) -> Self {
        let runs = page.runs.iter().enumerate();
        let mut stems: Vec<(u32, usize, usize)> = runs
            .flat_map(|(number, run)| {
                run.iter()
                    .zip(0..)
                    .map(move |(word, at)| (word.stem, number, at))
            })
            .collect();
        stems.sort_unstable();
        let mut exact: Vec<u32> = page.runs.iter().flatten().map(|word| word.exact).collect();
        exact.sort_unstable();
        let sieve = BloomFilter::of(stems.iter().map(|word| word.0));
        Self {
            page,
            stems,
            exact,
            sieve,
        }
    }

    /// Finds a tag by its name and its aliases.
    pub(super) fn find(&self, forms: &[Box<[Spelled]>]) -> Named {
        let mut named = Named::default();
        for form in forms {
            self.find_form(form, &mut named);
        }
        let said = || forms[0].iter().filter(|word| !word.says_nothing);
        if forms[0].len() > 1 && said().any(|word| self.sieve.may_have(word.stem)) {
            let there = said().filter(|word| self.exact.binary_search(&word.exact).is_ok());
            named.part = there.count() as f64 / said().count() as f64;
        }
        named
    }

    fn find_form(&self, form: &[Spelled], named: &mut Named) {
        // Insignificant first words needn't be looked up.
        let Some(skipped) = form.iter().position(|word| !word.says_nothing) else {
            return;
        };
        let stem = form[skipped].stem;
        if !self.sieve.may_have(stem) {
            return;
        }
        let first = self.stems.partition_point(|word| word.0 < stem);
        for (_, number, at) in self.stems[first..].iter().take_while(|word| word.0 == stem) {
            let run = &self.page.runs[*number];
            let start = at.checked_sub(skipped);
            let Some(text) = start.and_then(|start| run.get(start..start + form.len())) else {
                continue;
            };
            if text.iter().zip(form).all(|(a, b)| a.stem == b.stem) {
                named.places[*number] = true;
                named.exact |= text.iter().zip(form).all(|(a, b)| a.exact == b.exact);
            }
        }
    }
}
