//! Hashes by which entries and pages are remembered: eight bytes are enough, because a collision only
//! costs one arrival.

use sha2::{Digest as _, Sha256};

/// Returns the first eight bytes of a hash.
fn hash(text: &str) -> [u8; 8] {
    let digest = Sha256::digest(text.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    bytes
}

/// Identifies an entry of a feed.
pub(super) fn guid_hash(guid: &str) -> [u8; 8] {
    hash(guid)
}

/// Identifies a page.
pub(super) fn page_hash(page_key: &str) -> [u8; 8] {
    hash(page_key)
}
