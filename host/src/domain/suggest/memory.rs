//! The notes in memory from which suggestions learn.

use std::collections::HashMap;

use crate::domain::{
    note::NoteId,
    suggest::{
        bloom_filter::BloomFilter,
        page::{Page, Spelled, spelled},
        track_record::TrackRecord,
        weights::Weights,
    },
    tag::Tag,
};

/// Number of notes in memory, the newest.
pub const MEMORY_NOTES: usize = 400;

/// Most tags of a note in memory.
const TAGS_OF_NOTE: usize = 32;

/// A note in memory.
#[derive(Debug, Clone)]
pub(super) struct RememberedNote {
    pub(super) id: NoteId,
    pub(super) site: u32,
    /// Numbers of its tags.
    pub(super) tags: Box<[usize]>,
    /// Those of them whose names the page contains.
    pub(super) named: Box<[usize]>,
    /// The words of the page and of the tags, by number.
    pub(super) terms: Box<[RememberedWord]>,
    /// Number of words, including the tags.
    pub(super) length: f64,
}

impl RememberedNote {
    /// Returns whether the page, without its tags, contains all words of one of these names.
    pub(super) fn names_any(&self, forms: &[Box<[Spelled]>]) -> bool {
        forms.iter().any(|form| {
            let mut said = form.iter().filter(|word| !word.says_nothing).peekable();
            said.peek().is_some() && said.all(|word| self.has(word.stem))
        })
    }

    fn has(&self, stem: u32) -> bool {
        let place = self.terms.binary_search_by_key(&stem, |term| term.stem);
        place.is_ok_and(|place| self.terms[place].times > 0)
    }
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

/// A tag in memory.
#[derive(Debug, Clone)]
pub(super) struct RememberedTag {
    pub(super) name: Tag,
    /// The words of its name and its aliases.
    pub(super) forms: Box<[Box<[Spelled]>]>,
    /// Number of notes that have it.
    pub(super) uses: usize,
}

/// Notes and tags in memory, and what was learned from them.
#[derive(Debug, Clone)]
pub struct Memory {
    /// Oldest first.
    pub(super) notes: Vec<RememberedNote>,
    pub(super) tags: Vec<RememberedTag>,
    /// Numbers of the tags, sorted by name.
    by_name: Vec<usize>,
    aliases: HashMap<Tag, Vec<Tag>>,
    pub(super) weights: Weights,
    /// How good the suggestions for the user's notes were.
    pub(super) record: TrackRecord,
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
            aliases: by_tag,
            weights: Weights::default(),
            record: TrackRecord::default(),
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

    /// Returns the newest note.
    #[must_use]
    pub fn newest(&self) -> Option<NoteId> {
        self.notes.last().map(|note| note.id)
    }

    /// Returns the notes newer than this one, oldest first.
    #[must_use]
    pub fn after(&self, id: NoteId) -> Vec<NoteId> {
        let first = self.notes.partition_point(|note| note.id <= id);
        self.notes[first..].iter().map(|note| note.id).collect()
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
        let terms = self.notes.iter().flat_map(|note| &note.terms);
        for term in terms.filter(|term| term.times > 0 && sieve.may_have(term.stem)) {
            let first = stems.partition_point(|(stem, _)| *stem < term.stem);
            let same = stems[first..].iter();
            for (_, place) in same.take_while(|(stem, _)| *stem == term.stem) {
                having[*place] += 1;
            }
        }
        having
    }

    /// Returns the number of tags, used and unused.
    #[must_use]
    pub fn tag_count(&self) -> usize {
        self.tags.len()
    }

    /// Returns the number of tags that no note has any more.
    #[must_use]
    pub fn unused_tags(&self) -> usize {
        self.tags.iter().filter(|tag| tag.uses == 0).count()
    }

    /// Forgets all tags but the first, which no note may have any more.
    pub fn forget_tags_after(&mut self, count: usize) {
        self.tags.truncate(count);
        self.by_name.retain(|number| *number < count);
    }

    /// Forgets all notes, but nothing that was learned.
    #[must_use]
    pub fn without_notes(self, aliases: &[(Tag, Tag)]) -> Self {
        Self {
            weights: self.weights,
            record: self.record,
            ..Self::new(aliases)
        }
    }

    /// Returns the weights of the features, for tests.
    #[cfg(test)]
    pub fn learned_weights(&self) -> Vec<f64> {
        self.weights.weights().to_vec()
    }

    /// Returns all counts, for tests: the uses of each tag, and the words and tags of each note.
    #[cfg(test)]
    pub fn counts(&self) -> Vec<String> {
        let used = self.tags.iter().filter(|tag| tag.uses > 0);
        let mut counts: Vec<String> = used
            .map(|tag| format!("{}: {}", tag.name, tag.uses))
            .collect();
        counts.sort();
        counts.extend(self.notes.iter().map(|note| {
            let names = |tags: &[usize]| -> Vec<&str> {
                tags.iter()
                    .map(|tag| self.tags[*tag].name.as_str())
                    .collect()
            };
            let terms = note.terms.iter().map(|t| (t.stem, t.times, t.tagged));
            let terms: Vec<(u32, u8, u8)> = terms.collect();
            let (tags, named) = (names(&note.tags), names(&note.named));
            format!("{:?} {tags:?} {named:?} {terms:?} {}", note.id, note.site)
        }));
        counts
    }

    fn place(&self, id: NoteId) -> Result<usize, usize> {
        self.notes.binary_search_by_key(&id, |note| note.id)
    }

    /// Adds or updates a note.
    pub fn add(&mut self, id: NoteId, page: &Page, tags: &[Tag]) {
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
                        let word = RememberedWord {
                            stem,
                            times,
                            tagged,
                        };
                        terms.insert(place, word);
                    }
                }
            }
        }
        let mut note = RememberedNote {
            id,
            site: page.site,
            length: terms.iter().map(|term| f64::from(term.tagged)).sum(),
            tags,
            named: Box::default(),
            terms: terms.into(),
        };
        let named = note.tags.iter().copied();
        let named = named.filter(|tag| note.names_any(&self.tags[*tag].forms));
        note.named = named.collect();
        self.put_back(note);
    }

    /// Removes a note.
    pub fn remove(&mut self, id: NoteId) {
        self.take_out(id);
    }

    pub(super) fn take_out(&mut self, id: NoteId) -> Option<RememberedNote> {
        let place = self.place(id).ok()?;
        let note = self.notes.remove(place);
        for tag in &note.tags {
            self.tags[*tag].uses -= 1;
        }
        Some(note)
    }

    pub(super) fn put_back(&mut self, note: RememberedNote) {
        for tag in &note.tags {
            self.tags[*tag].uses += 1;
        }
        let place = self.notes.partition_point(|other| other.id < note.id);
        self.notes.insert(place, note);
    }

    fn place_of_name(&self, name: &Tag) -> Result<usize, usize> {
        self.by_name
            .binary_search_by(|number| self.tags[*number].name.cmp(name))
    }

    pub(super) fn number_of(&self, name: &Tag) -> Option<usize> {
        let place = self.place_of_name(name).ok()?;
        Some(self.by_name[place])
    }

    /// Returns the number of a tag, which may be new.
    fn number(&mut self, name: &Tag) -> usize {
        let place = match self.place_of_name(name) {
            Ok(place) => return self.by_name[place],
            Err(place) => place,
        };
        let number = self.tags.len();
        self.by_name.insert(place, number);
        let aliases = self.aliases.get(name).into_iter().flatten();
        let names = std::iter::once(name).chain(aliases);
        self.tags.push(RememberedTag {
            name: name.clone(),
            forms: names.map(|name| spelled(name.as_str()).into()).collect(),
            uses: 0,
        });
        number
    }
}
