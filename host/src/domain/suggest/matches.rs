//! Computes how well a page matches a remembered note, or names a tag.

use crate::domain::suggest::{
    bloom_filter::BloomFilter,
    memory::RememberedNote,
    page::{Page, Spelled},
    topics::{self, TOPICS, TopicVector},
};

/// BM25 with the usual parameters, except for long texts, which notes rarely are.
const BM25_K: f64 = 1.2;
const BM25_B: f64 = 0.5;

/// Where a tag's name occurs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Named {
    /// By stem, in title, text and address.
    pub(super) stem: [bool; 3],
    /// Letter by letter, in one of them.
    pub(super) exact: bool,
}

/// The similarity of notes to a page.
pub(super) struct Matches {
    pub(super) similar: Vec<f64>,
    pub(super) by_title: Vec<f64>,
    /// The page's position among the topics.
    pub(super) place: Option<TopicVector>,
}

impl Matches {
    pub(super) fn of(page: &Page, notes: &[RememberedNote]) -> Self {
        let all = notes.len() as f64;
        let average = |sum: f64| (sum / all).max(1.0);
        let length = average(notes.iter().map(|note| note.length).sum());
        let page_length = average(notes.iter().map(|note| note.page_length).sum());
        // For each common word: the note, the word, and its frequencies.
        let mut common: Vec<(usize, usize, u8, u8)> = Vec::new();
        let sieve = BloomFilter::of(page.words.iter().map(|word| word.stem));
        let mut with_tags = vec![0.0_f64; page.words.len()];
        let mut having = vec![0.0_f64; page.words.len()];
        for (number, note) in notes.iter().enumerate() {
            for term in note.terms.iter().filter(|term| sieve.may_have(term.stem)) {
                if let Some(place) = page.place_of(term.stem) {
                    common.push((number, place, term.times, term.tagged));
                    with_tags[place] += 1.0;
                    having[place] += if term.times > 0 { 1.0 } else { 0.0 };
                }
            }
        }
        let rarity = |having: f64| (1.0 + (all - having + 0.5) / (having + 0.5)).ln();
        let much = |times: f64, length: f64| {
            times * (BM25_K + 1.0) / (times + BM25_K * (1.0 - BM25_B + BM25_B * length))
        };
        let asked = |times: u8| f64::from(times) / (f64::from(times) + 1.0) * 2.0;
        // For each word: its weight in the text, in the title and among topics.
        let counts: Vec<[f64; 3]> = page
            .words
            .iter()
            .enumerate()
            .map(|(at, word)| {
                let topical = ((all + 1.0) / (having[at] + 1.0)).ln();
                [
                    rarity(with_tags[at]) * asked(word.times),
                    rarity(having[at]) * asked(word.in_title),
                    f64::from(word.times).ln_1p() * topical * topical,
                ]
            })
            .collect();
        let logarithms: Vec<f64> = (0..=u8::MAX)
            .map(|times| f64::from(times).ln_1p())
            .collect();
        let mut similar = vec![0.0; notes.len()];
        let mut by_title = vec![0.0; notes.len()];
        let mut alike = vec![0.0; notes.len()];
        for (number, at, times, tagged) in common {
            let (note, [text, title, topical]) = (&notes[number], counts[at]);
            similar[number] += much(f64::from(tagged), note.length / length) * text;
            if times > 0 {
                if title > 0.0 {
                    by_title[number] +=
                        much(f64::from(times), note.page_length / page_length) * title;
                }
                alike[number] += logarithms[usize::from(times)] * topical;
            }
        }
        let mut place = [0.0_f32; TOPICS];
        for (note, alike) in notes.iter().zip(alike) {
            if note.norms[0] > 0.0 {
                let alike = single(alike / f64::from(note.norms[0]));
                for (sum, part) in place.iter_mut().zip(note.place) {
                    *sum += alike * part;
                }
            }
        }
        let far = topics::dot(&place, &place).sqrt();
        let place = (far > 0.0).then(|| place.map(|part| part / (far + 1e-9)));
        Self {
            similar,
            by_title,
            place,
        }
    }
}

/// Returns the share of a multi-word name's words that occur on the page, by stem and letter by
/// letter.
pub(super) fn partly_named(significant: &[Spelled], page: &Page, exact: &[u32]) -> (f64, f64) {
    let (mut stems, mut exacts) = (0, 0);
    for word in significant {
        stems += i32::from(page.has(word.stem));
        exacts += i32::from(exact.binary_search(&word.exact).is_ok());
    }
    let all = f64::max(significant.len() as f64, 1.0);
    (f64::from(stems) / all, f64::from(exacts) / all)
}

pub(super) fn single(number: f64) -> f32 {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "fewer digits are all that is lost"
    )]
    {
        number as f32
    }
}
