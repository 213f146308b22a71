//! Feeds, and the inbox: pages that arrived from feeds and aren't notes.
//!
//! Nothing here uses the network. Another program fetches the feeds and reports the result
//! (`fetched.rs`). No list, count, search or export of notes reads these tables.

pub(in crate::store) mod arrivals;
pub(in crate::store) mod feed;
pub(in crate::store) mod fetched;
mod hashes;
pub(in crate::store) mod kept;
pub(in crate::store) mod problem;

#[cfg(test)]
mod tests;
