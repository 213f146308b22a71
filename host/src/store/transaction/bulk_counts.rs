//! Keeps the counts and small rows of a large import in memory, and which pages and rows are in use.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use super::page_rows::PageRows;

/// Most counts, and ids by name, held at once.
const HELD: usize = if cfg!(test) { 4 } else { 100_000 };

/// Rows of small tables that are held at once, with at most 24 bytes each.
const GATHERED: usize = if cfg!(test) { 5 } else { 200_000 };

/// What isn't written yet.
#[derive(Debug)]
pub(in crate::store) struct Bulk {
    /// The statements that recreate the triggers.
    pub(in crate::store) triggers: Vec<String>,
    pub(in crate::store) notes: i64,
    pub(in crate::store) untagged: i64,
    pub(in crate::store) tags: HashMap<i64, i64>,
    pub(in crate::store) sites: HashMap<i64, i64>,
    pub(in crate::store) gathered: Gathered,
    /// Ids of tags and sites by name, which saves looking them up.
    pub(in crate::store) tag_ids: HashMap<String, i64>,
    pub(in crate::store) site_ids: HashMap<String, i64>,
    /// Whether no tag has an alias.
    pub(in crate::store) no_aliases: bool,
    /// Page keys, and rows of the full-text index, in use. `None` until the import has changed so
    /// many notes that reading those of the store is worthwhile.
    pub(in crate::store) taken: Option<Taken>,
    /// The number of changed notes from which it is.
    pub(in crate::store) worth_reading_from: i64,
    /// Stands in for the index of page keys while that is dropped.
    pub(in crate::store) unindexed_pages: Option<UnindexedPages>,
    /// The number of changed notes from which dropping it is worthwhile.
    pub(in crate::store) worth_dropping_from: i64,
}

/// New rows of small tables. In the order of their keys, many of them change the same b-tree page.
#[derive(Debug, Default)]
pub(in crate::store) struct Gathered {
    /// Rows of `note_tags`: tag, note and position.
    pub(in crate::store) tags: Vec<[i64; 3]>,
    /// Rows of `imported` for new notes: note and time of change.
    pub(in crate::store) imported: Vec<[i64; 2]>,
}

impl Gathered {
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.imported.is_empty()
    }

    pub(in crate::store) fn is_full(&self) -> bool {
        self.tags.len() + self.imported.len() >= GATHERED
    }
}

/// What replaces the index of page keys.
#[derive(Debug)]
pub(in crate::store) struct UnindexedPages {
    pub(in crate::store) rows: PageRows,
    /// The statements that recreate the dropped indexes.
    pub(in crate::store) indexes: Vec<String>,
}

/// Size of [`Taken`] in words, 16 MiB: twelve bits for each page key and each row of five million
/// notes, so that one query in a hundred is in vain.
const WORDS: usize = if cfg!(test) { 64 } else { 1 << 21 };
/// Words that one query reads: a cache line.
const LINE_WORDS: usize = 8;
/// Bits per member.
const BITS: u32 = 6;

/// Page keys and rows in use: a Bloom filter, so that a new page needs no look-up in the database.
#[derive(Debug)]
pub(in crate::store) struct Taken {
    bits: Vec<u64>,
    /// Bookmarks are often in the order of their dates.
    highest_row: i64,
}

impl Taken {
    pub(in crate::store) fn new() -> Self {
        Self {
            bits: vec![0; WORDS],
            highest_row: i64::MIN,
        }
    }

    pub(in crate::store) fn add_page(&mut self, key: &str) {
        self.add(hash_of_page(key));
    }

    pub(in crate::store) fn add_row(&mut self, row: i64) {
        self.add(hash_of_row(row));
        self.highest_row = self.highest_row.max(row);
    }

    fn may_have_row(&self, row: i64) -> bool {
        row <= self.highest_row && self.may_have(hash_of_row(row))
    }

    fn add(&mut self, hash: u64) {
        let line = line_of(hash);
        for (word, bit) in bits_of(hash) {
            self.bits[line + word] |= bit;
        }
    }

    fn may_have(&self, hash: u64) -> bool {
        let line = line_of(hash);
        bits_of(hash).all(|(word, bit)| self.bits[line + word] & bit != 0)
    }
}

fn hash_of_page(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

fn hash_of_row(row: i64) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    hasher.finish()
}

/// Returns the first word of the line of a hash, chosen by its upper ten bits and more.
fn line_of(hash: u64) -> usize {
    let lines = WORDS / LINE_WORDS;
    usize::try_from(hash >> 32).unwrap_or(0) % lines * LINE_WORDS
}

/// Returns the bits of a hash in its line, chosen by its lower half.
fn bits_of(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    let spread = (hash & 0xffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..BITS).map(move |at| {
        let place = spread >> (at * 9);
        let word = usize::try_from(place >> 6).unwrap_or(0) % LINE_WORDS;
        (word, 1 << (place % 64))
    })
}

impl Bulk {
    pub(in crate::store) fn add_note(&mut self, site: Option<i64>) {
        self.notes += 1;
        if let Some(site) = site {
            *self.sites.entry(site).or_default() += 1;
        }
    }

    pub(in crate::store) fn add_tag(&mut self, tag: i64, note: i64, position: i64) {
        *self.tags.entry(tag).or_default() += 1;
        self.gathered.tags.push([tag, note, position]);
    }

    pub(in crate::store) fn know_tag(&mut self, name: &str, id: i64) {
        remember(&mut self.tag_ids, name, id);
    }

    pub(in crate::store) fn know_site(&mut self, site: &str, id: i64) {
        remember(&mut self.site_ids, site, id);
    }

    /// Adds the page key and row of a note.
    pub(in crate::store) fn take(&mut self, key: &str, row: i64) {
        if let Some(taken) = &mut self.taken {
            taken.add_page(key);
            taken.add_row(row);
        }
        if let Some(unindexed) = &mut self.unindexed_pages {
            unindexed.rows.add(key, row);
        }
    }

    /// Adds the page key of another address of a note.
    pub(in crate::store) fn take_other_page(&mut self, key: &str) {
        if let Some(taken) = &mut self.taken {
            taken.add_page(key);
        }
    }

    /// Adds the row of a deleted note.
    pub(in crate::store) fn take_row(&mut self, row: i64) {
        if let Some(taken) = &mut self.taken {
            taken.add_row(row);
        }
    }

    /// Returns false if there is certainly no note of this page.
    pub(in crate::store) fn may_have_page(&self, key: &str) -> bool {
        self.taken
            .as_ref()
            .is_none_or(|taken| taken.may_have(hash_of_page(key)))
    }

    /// Returns false if there is certainly no note, deleted or not, with this row.
    pub(in crate::store) fn may_have_row(&self, row: i64) -> bool {
        self.taken
            .as_ref()
            .is_none_or(|taken| taken.may_have_row(row))
    }

    pub(in crate::store) fn is_full(&self) -> bool {
        self.tags.len() + self.sites.len() >= HELD
    }
}

fn remember(ids: &mut HashMap<String, i64>, name: &str, id: i64) {
    if ids.len() >= HELD {
        ids.clear();
    }
    ids.insert(name.to_owned(), id);
}
