//! Evaluates suggestions: predicts each note from those saved before it.

use std::collections::HashMap;

use super::{
    memory::{MEMORY_NOTES, Memory},
    page::Page,
    ranking::Choices,
};
use crate::domain::{note::Note, suggest::ranking::SHOWN, tag::Tag};

/// Number of completions that are shown.
const COMPLETIONS: usize = 5;

/// The result of a replay. Shares are between 0 and 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measures {
    /// Number of notes that were predicted, without those that have no tags.
    pub notes: u64,
    /// Share of notes for which at least one of the first five suggestions was right.
    pub hit_at_5: f64,
    /// Share of right ones among the first five suggestions; missing ones count as wrong.
    pub precision_at_5: f64,
    /// Mean of 1 / rank of the first right suggestion; 0 if none is right.
    pub mean_reciprocal_rank: f64,
    /// Share of notes with any known tag: the upper bound of `hit_at_5`.
    pub hit_ceiling: f64,
    /// The upper bound of `precision_at_5`.
    pub precision_ceiling: f64,
    /// Share of keystrokes saved on known tags: see [`Replay`].
    pub keys_saved: f64,
    /// Share of keystrokes saved on all tags.
    pub keys_saved_of_all: f64,
    /// Share of right ones among the shown suggestions of the first five.
    pub shown_right: f64,
    /// Average number of the first five suggestions that were shown.
    pub shown: f64,
}

/// Replays notes in the order of saving.
///
/// Keystrokes are counted as a user would type: 1 for a tag among the first five suggestions, which
/// are ranked again after each chosen tag; otherwise its letters until it is among five
/// completions, plus 1. This is compared with typing all letters and Enter.
#[derive(Debug, Default)]
pub struct Replay {
    memory: Memory,
    /// Uses of each tag so far, and its position in the order of first use.
    uses: HashMap<Tag, (u64, usize)>,
    /// Notes to skip before any counts.
    uncounted: u64,
    passed: u64,
    sums: Measures,
    keys: [f64; 4],
}

impl Replay {
    /// Creates a replay that counts after this many notes.
    #[must_use]
    pub fn after(uncounted: u64, aliases: &[(Tag, Tag)]) -> Self {
        Self {
            memory: Memory::new(aliases),
            uncounted,
            ..Self::default()
        }
    }

    /// Predicts a note, then learns from it.
    pub fn pass(&mut self, note: &Note) {
        let page = Page::of_note(note);
        if self.passed >= self.uncounted && !note.tags.is_empty() {
            self.predict(note, &page);
        }
        self.passed += 1;
        self.memory.learn(note.id, &page, &note.tags);
        self.memory.add(note.id, &page, &note.tags);
        if self.memory.len() > MEMORY_NOTES
            && let Some(oldest) = self.memory.oldest()
        {
            self.memory.remove(oldest);
        }
        for tag in &note.tags {
            let first = self.uses.len();
            self.uses.entry(tag.clone()).or_insert((0, first)).0 += 1;
        }
    }

    fn predict(&mut self, note: &Note, page: &Page) {
        let ranked = self
            .memory
            .suggest(None, page, &Choices::default(), usize::MAX);
        let right = |tag: &Tag| note.tags.contains(tag);
        let five = SHOWN as f64;
        let hits = ranked.iter().take(SHOWN).filter(|s| right(&s.tag)).count();
        let first = ranked.iter().position(|s| right(&s.tag));
        let known = note
            .tags
            .iter()
            .filter(|tag| self.uses.contains_key(*tag))
            .count();
        let shown: Vec<_> = self.memory.worth_showing(&ranked).take(SHOWN).collect();
        let sums = &mut self.sums;
        sums.notes += 1;
        sums.hit_at_5 += if hits > 0 { 1.0 } else { 0.0 };
        sums.precision_at_5 += hits as f64 / five;
        sums.mean_reciprocal_rank += first.map_or(0.0, |rank| 1.0 / (rank as f64 + 1.0));
        sums.hit_ceiling += if known > 0 { 1.0 } else { 0.0 };
        sums.precision_ceiling += known.min(SHOWN) as f64 / five;
        sums.shown += shown.len() as f64;
        sums.shown_right += shown.iter().filter(|s| right(&s.tag)).count() as f64;
        for (place, tag) in note.tags.iter().enumerate() {
            let typed = tag.as_str().chars().count() as f64 + 1.0;
            let pressed = match self.uses.get(tag) {
                None => typed,
                Some(uses) => {
                    let chosen = &note.tags[..place];
                    let suggested = self.memory.suggest(None, page, &Choices::of(chosen), SHOWN);
                    let pressed = if self.memory.worth_showing(&suggested).any(|s| s.tag == *tag) {
                        1.0
                    } else {
                        typed.min(self.letters_to_complete(tag, *uses, chosen) + 1.0)
                    };
                    self.keys[0] += pressed;
                    self.keys[1] += typed;
                    pressed
                }
            };
            self.keys[2] += pressed;
            self.keys[3] += typed;
        }
    }

    /// Returns how many letters of a tag must be typed until it is among the completions, which are
    /// sorted by uses.
    fn letters_to_complete(&self, tag: &Tag, uses: (u64, usize), chosen: &[Tag]) -> f64 {
        let name: Vec<char> = tag.as_str().chars().collect();
        let mut before = vec![0_usize; name.len() + 1];
        for (other, (other_uses, first)) in &self.uses {
            let goes_before = *other_uses > uses.0 || (*other_uses == uses.0 && *first < uses.1);
            if goes_before && !chosen.contains(other) {
                let common = other.as_str().chars().zip(&name);
                before[common.take_while(|(a, b)| a == *b).count()] += 1;
            }
        }
        // Names with a longer common prefix are also before it when less is typed.
        for letters in (0..name.len()).rev() {
            before[letters] += before[letters + 1];
        }
        let enough = (1..=name.len()).find(|letters| before[*letters] < COMPLETIONS);
        enough.unwrap_or(name.len()) as f64
    }

    /// Returns the result so far.
    #[must_use]
    pub fn measures(&self) -> Measures {
        let sums = &self.sums;
        let notes = sums.notes.max(1) as f64;
        let saved = |pressed: f64, typed: f64| {
            if typed > 0.0 {
                1.0 - pressed / typed
            } else {
                0.0
            }
        };
        Measures {
            notes: sums.notes,
            hit_at_5: sums.hit_at_5 / notes,
            precision_at_5: sums.precision_at_5 / notes,
            mean_reciprocal_rank: sums.mean_reciprocal_rank / notes,
            hit_ceiling: sums.hit_ceiling / notes,
            precision_ceiling: sums.precision_ceiling / notes,
            keys_saved: saved(self.keys[0], self.keys[1]),
            keys_saved_of_all: saved(self.keys[2], self.keys[3]),
            shown_right: sums.shown_right / sums.shown.max(1.0),
            shown: sums.shown / notes,
        }
    }
}
