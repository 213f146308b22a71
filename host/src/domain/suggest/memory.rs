//! The notes in memory from which suggestions learn.

use std::collections::HashMap;

use super::topics::TopicVector;
use crate::domain::{
    note::NoteId,
    suggest::{
        bloom_filter::BloomFilter,
        page::{Page, Spelled, first_that_says, says_nothing, spelled, spelled_tag},
        topics::{self, Entry, TOPICS},
        track_record::TrackRecord,
        weights::{SIGNS, Signs, Weights},
    },
    tag::Tag,
};

/// Number of notes in memory, the newest.
pub const MEMORY_NOTES: usize = 400;

/// Most tags of a note in memory.
const TAGS_OF_NOTE: usize = 32;

/// Most unused tags that are kept, because they may be used again.
const UNUSED_TAGS: usize = 500;

/// Number of the newest notes from which topics are computed.
const TOPIC_NOTES: usize = 300;

/// Number of new notes after which topics are recomputed.
const TOPICS_AFTER: usize = 10;

/// Initial weights, learned from the tags of 3,400 Debian packages, in fourteen lists of 240 each,
/// mean of both orders. No user's notes were used; `docs/suggestions.md` shows that the weights
/// suit notes nearly as well.
#[rustfmt::skip]
const FIRST_WEIGHTS: Signs = [
    0.29, 0.54, -0.24, -0.01, // similar notes
    0.38, 0.18, 0.43, 0.26, 0.63, -0.36, 0.30, 0.51, // named on the page
    0.08, 0.00, -0.04, 0.14, // site
    0.17, -0.23, 0.70, -0.12, // how often and when used
    0.42, 0.20, // topics
];

const _: () = assert!(FIRST_WEIGHTS.len() == SIGNS);

/// A note in memory.
#[derive(Debug, Clone)]
pub(super) struct RememberedNote {
    pub(super) id: NoteId,
    pub(super) site: u32,
    pub(super) section: u32,
    /// Numbers of its tags.
    pub(super) tags: Box<[usize]>,
    /// The words of the page and of the tags, by number.
    pub(super) terms: Box<[RememberedWord]>,
    /// Number of words, without and with the tags.
    pub(super) page_length: f64,
    pub(super) length: f64,
    /// Its position among the topics; zeros until they are recomputed.
    pub(super) place: TopicVector,
    /// The norms of its words, as topics weigh them, and of its tags.
    pub(super) norms: [f32; 2],
}

/// A word of a note or its tags. There are about a hundred per note, so it is small.
#[derive(Debug, Clone, Copy)]
#[repr(Rust, packed(2))]
pub(super) struct RememberedWord {
    pub(super) stem: u32,
    /// Frequency on the page.
    pub(super) times: u8,
    /// Frequency including the tags, where a word counts twice.
    pub(super) tagged: u8,
}

impl RememberedNote {
    /// Returns whether the page, without its tags, contains this word.
    pub(super) fn has(&self, stem: u32) -> bool {
        let place = self.terms.binary_search_by_key(&stem, |term| term.stem);
        place.is_ok_and(|place| self.terms[place].times > 0)
    }

    /// Returns whether the page contains all words of a name.
    pub(super) fn names(&self, form: &[Spelled]) -> bool {
        let mut said = form.iter().filter(|word| !says_nothing(**word)).peekable();
        said.peek().is_some() && said.all(|word| self.has(word.stem))
    }

    /// Returns the words of the page.
    pub(super) fn words(&self) -> impl Iterator<Item = &RememberedWord> {
        self.terms.iter().filter(|term| term.times > 0)
    }
}

/// A note taken out of the memory.
#[derive(Debug)]
pub struct Aside(RememberedNote);

impl Aside {
    /// Returns its id.
    #[must_use]
    pub fn id(&self) -> NoteId {
        self.0.id
    }

    /// Returns whether it has any tags.
    #[must_use]
    pub fn has_tags(&self) -> bool {
        !self.0.tags.is_empty()
    }
}

/// A tag in memory.
#[derive(Debug, Clone)]
pub(super) struct RememberedTag {
    pub(super) name: Tag,
    /// The spellings of it and its aliases.
    pub(super) forms: Box<[Box<[Spelled]>]>,
    /// The significant words of its name, if the name has several words.
    pub(super) significant: Box<[Spelled]>,
    /// Number of notes that have it.
    pub(super) uses: usize,
    /// Number of notes that name it, and of those that also have it.
    pub(super) named: usize,
    pub(super) named_used: usize,
    /// Whether all of these were counted. Not for a tag that only older notes have.
    pub(super) found: bool,
}

/// The first word of a name: its stem, the tag, and which of the tag's names.
pub(super) type Begin = (u32, usize, usize);

/// Notes and tags in memory, and what was learned from them.
#[derive(Debug, Clone)]
pub struct Memory {
    /// Oldest first.
    pub(super) notes: Vec<RememberedNote>,
    pub(super) tags: Vec<RememberedTag>,
    /// Numbers of the tags, sorted by name.
    pub(super) by_name: Vec<usize>,
    /// First words of the tags' names, sorted by word.
    pub(super) begins: Vec<Begin>,
    pub(super) aliases: HashMap<Tag, Vec<Tag>>,
    pub(super) weights: Weights,
    /// How good the suggestions for the user's notes were.
    pub(super) record: TrackRecord,
    /// Notes added since topics were computed.
    pub(super) since_topics: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Memory {
    /// Creates an empty memory. `aliases` are pairs of an alias and its tag.
    #[must_use]
    pub fn new(aliases: &[(Tag, Tag)]) -> Self {
        let mut by_tag: HashMap<Tag, Vec<Tag>> = HashMap::new();
        for (alias, tag) in aliases {
            by_tag.entry(tag.clone()).or_default().push(alias.clone());
        }
        Self {
            notes: Vec::new(),
            tags: Vec::new(),
            by_name: Vec::new(),
            begins: Vec::new(),
            aliases: by_tag,
            weights: Weights::new(&FIRST_WEIGHTS),
            record: TrackRecord::default(),
            since_topics: 0,
        }
    }

    /// Returns the number of notes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.notes.len()
    }

    /// Returns whether there are no notes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// Returns whether this note is in memory.
    #[must_use]
    pub fn holds(&self, id: NoteId) -> bool {
        self.place(id).is_ok()
    }

    /// Returns whether one of the notes has this tag.
    #[must_use]
    pub fn knows(&self, tag: &Tag) -> bool {
        self.number_of(tag)
            .is_some_and(|number| self.tags[number].uses > 0)
    }

    /// Returns the oldest note.
    #[must_use]
    pub fn oldest(&self) -> Option<NoteId> {
        self.notes.first().map(|note| note.id)
    }

    /// Returns how many notes contain each of these words, or one with the same stem.
    #[must_use]
    pub fn notes_with(&self, words: &[&str]) -> Vec<usize> {
        let mut having = vec![0; words.len()];
        let mut stems: Vec<(u32, usize)> = words
            .iter()
            .enumerate()
            .filter_map(|(place, word)| Some((spelled(word).first()?.stem, place)))
            .collect();
        stems.sort_unstable();
        let sieve = BloomFilter::of(stems.iter().map(|(stem, _)| *stem));
        for term in self.notes.iter().flat_map(RememberedNote::words) {
            if sieve.may_have(term.stem) {
                let first = stems.partition_point(|(stem, _)| *stem < term.stem);
                let same = stems[first..].iter();
                for (_, place) in same.take_while(|(stem, _)| *stem == term.stem) {
                    having[*place] += 1;
                }
            }
        }
        having
    }

    /// Returns the notes newer than this one, oldest first.
    #[must_use]
    pub fn after(&self, id: NoteId) -> Vec<NoteId> {
        let first = self.notes.partition_point(|note| note.id <= id);
        self.notes[first..].iter().map(|note| note.id).collect()
    }

    /// Drops unused tags once there are many.
    pub fn compact(&mut self) {
        let unused = self.tags.iter().filter(|tag| tag.uses == 0).count();
        if unused <= UNUSED_TAGS {
            return;
        }
        let mut places = vec![usize::MAX; self.tags.len()];
        let mut kept = Vec::with_capacity(self.tags.len() - unused);
        for (place, tag) in places.iter_mut().zip(self.tags.drain(..)) {
            if tag.uses > 0 {
                *place = kept.len();
                kept.push(tag);
            }
        }
        self.tags = kept;
        self.by_name.retain_mut(|number| {
            *number = places[*number];
            *number != usize::MAX
        });
        self.begins.retain_mut(|(_, number, _)| {
            *number = places[*number];
            *number != usize::MAX
        });
        for tag in self.notes.iter_mut().flat_map(|note| &mut note.tags) {
            *tag = places[*tag];
        }
    }

    /// Frees spare capacity.
    pub fn shrink(&mut self) {
        self.notes.shrink_to_fit();
        self.tags.shrink_to_fit();
        self.by_name.shrink_to_fit();
        self.begins.shrink_to_fit();
    }

    /// Takes over what another memory has learned.
    pub fn learn_as(&mut self, other: &Self) {
        self.weights.clone_from(&other.weights);
        self.record.clone_from(&other.record);
    }

    /// Returns the weights of the features, for tests.
    #[cfg(test)]
    pub fn learned_weights(&self) -> Vec<f64> {
        self.weights.weights().to_vec()
    }

    /// Returns all counts, for tests: the uses of each tag and how often it is named, and the words
    /// and tags of each note.
    #[cfg(test)]
    pub fn counts(&self) -> Vec<String> {
        let mut counts: Vec<String> = self
            .tags
            .iter()
            .filter(|tag| tag.uses > 0)
            .map(|tag| {
                format!(
                    "{}: {} {} {}",
                    tag.name, tag.uses, tag.named, tag.named_used
                )
            })
            .collect();
        counts.sort();
        counts.extend(self.notes.iter().map(|note| {
            let tags = note.tags.iter().map(|tag| self.tags[*tag].name.as_str());
            let tags: Vec<&str> = tags.collect();
            let terms = note.terms.iter().map(|t| (t.stem, t.times, t.tagged));
            let terms: Vec<(u32, u8, u8)> = terms.collect();
            format!(
                "{:?} {tags:?} {terms:?} {} {}",
                note.id, note.site, note.section
            )
        }));
        counts
    }

    pub(super) fn place(&self, id: NoteId) -> Result<usize, usize> {
        self.notes.binary_search_by_key(&id, |note| note.id)
    }

    /// Adds or updates a note.
    pub fn add(&mut self, id: NoteId, page: &Page, tags: &[Tag]) {
        self.lend(id, page, tags);
        self.since_topics += 1;
        for tag in tags.iter().take(TAGS_OF_NOTE) {
            if let Some(number) = self.number_of(tag) {
                self.find_names(number);
            }
        }
    }

    /// Adds a note that is removed again soon.
    pub fn lend(&mut self, id: NoteId, page: &Page, tags: &[Tag]) {
        self.remove(id);
        let tags = tags.iter().take(TAGS_OF_NOTE);
        let tags: Box<[usize]> = tags.map(|tag| self.number(tag)).collect();
        let mut terms: Vec<RememberedWord> = page
            .words
            .iter()
            .map(|word| RememberedWord {
                stem: word.stem,
                times: word.times,
                tagged: word.times,
            })
            .collect();
        for tag in &tags {
            let mut stems: Vec<u32> = self.tags[*tag].forms[0].iter().map(|w| w.stem).collect();
            stems.sort_unstable();
            stems.dedup();
            for stem in stems {
                match terms.binary_search_by_key(&stem, |term| term.stem) {
                    Ok(place) => terms[place].tagged = terms[place].tagged.saturating_add(2),
                    Err(place) => {
                        let (times, tagged) = (0, 2);
                        terms.insert(
                            place,
                            RememberedWord {
                                stem,
                                times,
                                tagged,
                            },
                        );
                    }
                }
            }
        }
        let note = RememberedNote {
            id,
            site: page.site,
            section: page.section,
            page_length: page.length,
            length: terms.iter().map(|term| f64::from(term.tagged)).sum(),
            tags,
            terms: terms.into(),
            place: [0.0; TOPICS],
            norms: [0.0; 2],
        };
        self.put_back(Aside(note));
    }

    /// Takes a note out temporarily.
    pub fn set_aside(&mut self, id: NoteId) -> Option<Aside> {
        let place = self.place(id).ok()?;
        let note = self.notes.remove(place);
        self.count(&note, false);
        Some(Aside(note))
    }

    /// Puts it back, before the memory is compacted.
    pub fn put_back(&mut self, Aside(note): Aside) {
        self.count(&note, true);
        match self.place(note.id) {
            Ok(place) => self.notes[place] = note,
            Err(place) => self.notes.insert(place, note),
        }
    }

    /// Removes a note.
    pub fn remove(&mut self, id: NoteId) {
        if let Ok(place) = self.place(id) {
            let note = self.notes.remove(place);
            self.count(&note, false);
        }
    }

    /// Counts a note's tags, and the names on it.
    pub(super) fn count(&mut self, note: &RememberedNote, comes: bool) {
        let step = |count: &mut usize| {
            if comes {
                *count += 1;
            } else {
                *count = count.saturating_sub(1);
            }
        };
        for tag in &note.tags {
            step(&mut self.tags[*tag].uses);
        }
        let mut named: Vec<usize> = Vec::new();
        for word in note.words() {
            for (_, tag, form) in self.beginning_with(word.stem) {
                if note.names(&self.tags[*tag].forms[*form]) {
                    named.push(*tag);
                }
            }
        }
        named.sort_unstable();
        named.dedup();
        for tag in named {
            step(&mut self.tags[tag].named);
            if note.tags.contains(&tag) {
                step(&mut self.tags[tag].named_used);
            }
        }
    }

    pub(super) fn place_of_name(&self, name: &Tag) -> Result<usize, usize> {
        self.by_name
            .binary_search_by(|number| self.tags[*number].name.cmp(name))
    }

    pub(super) fn number_of(&self, name: &Tag) -> Option<usize> {
        let place = self.place_of_name(name).ok()?;
        Some(self.by_name[place])
    }

    /// Returns the names that begin with a word.
    pub(super) fn beginning_with(&self, stem: u32) -> &[Begin] {
        let first = self.begins.partition_point(|begin| begin.0 < stem);
        let begins = &self.begins[first..];
        let count = begins.iter().take_while(|begin| begin.0 == stem).count();
        &begins[..count]
    }

    /// Returns the number of a tag, which may be new.
    pub(super) fn number(&mut self, name: &Tag) -> usize {
        let place = match self.place_of_name(name) {
            Ok(place) => return self.by_name[place],
            Err(place) => place,
        };
        let number = self.tags.len();
        self.by_name.insert(place, number);
        let aliases = self.aliases.get(name).into_iter().flatten();
        let forms: Box<[Box<[Spelled]>]> = std::iter::once(name)
            .chain(aliases)
            .map(|name| spelled_tag(name).into())
            .collect();
        for (form, words) in forms.iter().enumerate() {
            if let Some(first) = first_that_says(words) {
                let begin = (first.stem, number, form);
                let at = self.begins.partition_point(|other| *other < begin);
                self.begins.insert(at, begin);
            }
        }
        let significant = match &forms[0][..] {
            words @ [_, _, ..] => words
                .iter()
                .copied()
                .filter(|w| !says_nothing(*w))
                .collect(),
            _ => Box::default(),
        };
        self.tags.push(RememberedTag {
            name: name.clone(),
            significant,
            uses: 0,
            named: 0,
            named_used: 0,
            found: false,
            forms,
        });
        number
    }

    /// Counts the notes that name a tag, which takes a while with many notes.
    pub(super) fn find_names(&mut self, number: usize) {
        let tag = &mut self.tags[number];
        if tag.found {
            return;
        }
        tag.found = true;
        (tag.named, tag.named_used) = (0, 0);
        for note in &self.notes {
            if tag.forms.iter().any(|form| note.names(form)) {
                tag.named += 1;
                tag.named_used += usize::from(note.tags.contains(&number));
            }
        }
    }

    /// Recomputes topics if there was never any idle time for it; with many notes this takes ten
    /// milliseconds.
    pub(super) fn freshen_at_last(&mut self) {
        if self.since_topics > self.notes.len() / 2 {
            self.freshen();
        }
    }

    /// Recomputes topics if there are enough new notes.
    pub fn freshen(&mut self) {
        if self.since_topics < TOPICS_AFTER || self.notes.len() < 2 * TOPICS_AFTER {
            return;
        }
        self.since_topics = 0;
        let first = self.notes.len().saturating_sub(TOPIC_NOTES);
        let notes = &self.notes[first..];
        let all = notes.len() as f32;
        let mut having: HashMap<u32, f32> = HashMap::new();
        for word in notes.iter().flat_map(RememberedNote::words) {
            *having.entry(word.stem).or_default() += 1.0;
        }
        let mut entries = Vec::new();
        let mut norms = Vec::with_capacity(notes.len());
        for (number, note) in (0_u32..).zip(notes) {
            let weight = |word: &RememberedWord| {
                f32::from(word.times).ln_1p() * ((all + 1.0) / (having[&{ word.stem }] + 1.0)).ln()
            };
            let rarity = |tag: &usize| {
                ((all + 1.0) / (self.tags[*tag].uses as f32 + 1.0))
                    .ln()
                    .max(0.0)
            };
            let length = |sum: f32| sum.sqrt() + 1e-9;
            let words = length(note.words().map(|word| weight(word).powi(2)).sum());
            let tags = length(note.tags.iter().map(|tag| rarity(tag).powi(2)).sum());
            norms.push([words, tags]);
            entries.extend(note.words().map(|word| Entry {
                key: u64::from(word.stem),
                note: number,
                weight: weight(word) / words,
            }));
            entries.extend(note.tags.iter().map(|tag| Entry {
                key: (1 << 32) + *tag as u64,
                note: number,
                weight: rarity(tag) / tags,
            }));
        }
        entries.retain(|entry| entry.weight > 0.0);
        let places = topics::find(notes.len(), entries);
        for note in &mut self.notes {
            note.norms = [0.0; 2];
        }
        if let Some(places) = places {
            for ((note, place), norms) in self.notes[first..].iter_mut().zip(places).zip(norms) {
                note.place = place;
                note.norms = norms;
            }
        }
    }
}
