//! A Bloom filter: a set of words with few false positives.

/// Rejects nearly all numbers that aren't in the set.
pub(super) struct BloomFilter([u64; 64]);

impl BloomFilter {
    pub(super) fn of(numbers: impl Iterator<Item = u32>) -> Self {
        let mut bits = [0; 64];
        for number in numbers {
            bits[Self::word(number)] |= 1 << (number % 64);
        }
        Self(bits)
    }

    pub(super) fn may_have(&self, number: u32) -> bool {
        self.0[Self::word(number)] & (1 << (number % 64)) != 0
    }

    pub(super) fn word(number: u32) -> usize {
        (number / 64 % 64) as usize
    }
}
