//! Finds notes by page key while the database has no index of page keys.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Number of buckets, a power of two.
const BUCKETS: usize = 1 << BUCKET_BITS;
const BUCKET_BITS: u32 = if cfg!(test) { 2 } else { 14 };
/// Bits of a row of the full-text index: a thousandth of the highest id of a note.
const ROW_BITS: u32 = 44;
const ROW_MASK: u64 = (1 << ROW_BITS) - 1;

/// The rows of notes by the hashes of their page keys, eight bytes each. Different keys may have
/// the same hash, and a note may be gone, so the caller compares with the note itself.
#[derive(Debug)]
pub(in crate::store) struct PageRows {
    /// The first bits of the hash choose the bucket, the next ones are above the row.
    buckets: Vec<Vec<u64>>,
    len: usize,
}

impl PageRows {
    pub(in crate::store) fn new() -> Self {
        Self {
            buckets: vec![Vec::new(); BUCKETS],
            len: 0,
        }
    }

    /// Returns the number of added notes.
    pub(in crate::store) fn len(&self) -> usize {
        self.len
    }

    /// Adds a note by its page key and its row of the full-text index.
    pub(in crate::store) fn add(&mut self, key: &str, row: i64) {
        let (bucket, mark) = place_of(key);
        let entries = &mut self.buckets[bucket];
        // Doubling would leave a third of the memory unused.
        if entries.len() == entries.capacity() {
            entries.reserve_exact(entries.len() / 8 + 8);
        }
        entries.push(mark | u64::try_from(row).unwrap_or(0) & ROW_MASK);
        self.len += 1;
    }

    /// Returns the rows of the notes that may have this page key, among them all that do.
    pub(in crate::store) fn of(&self, key: &str) -> Vec<i64> {
        let (bucket, mark) = place_of(key);
        let entries = self.buckets[bucket].iter();
        entries
            .filter(|entry| **entry & !ROW_MASK == mark)
            .filter_map(|entry| i64::try_from(*entry & ROW_MASK).ok())
            .collect()
    }
}

/// Returns the bucket of a page key, and the bits that are stored above its row.
fn place_of(key: &str) -> (usize, u64) {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let hash = hasher.finish();
    let bucket = usize::try_from(hash >> (u64::BITS - BUCKET_BITS)).unwrap_or(0);
    (bucket, hash << ROW_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_rows_of_each_page() {
        let mut rows = PageRows::new();
        let key = |page: i64| format!("https://e.org/{page}");
        // The highest id of a note, divided by 1000.
        let highest = ((1_i64 << 53) - 1) / 1000;
        for page in 0..500 {
            rows.add(&key(page), page * 7);
            rows.add(&key(page), highest - page);
        }
        assert_eq!(rows.len(), 1_000);
        for page in 0..500 {
            assert_eq!(rows.of(&key(page)), [page * 7, highest - page]);
        }
        assert!(rows.of(&key(500)).is_empty());
    }
}
