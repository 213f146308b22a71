//! Feeds: RSS, Atom and JSON Feed as a list of pages. Nothing here uses the network or the store.
//!
//! A feed is decoded (`../encoding.rs`), checked for its depth and number of entries (`xml.rs`), and
//! read by feed-rs (`parse.rs`). If feed-rs refuses it, its everyday faults are mended (`mend.rs`)
//! and it is read once more. `discovery.rs` finds the feed of a page, `wait.rs` says when a feed
//! should be asked again.

mod discovery;
mod json;
mod mend;
mod parse;
mod parsed;
#[cfg(test)]
mod tests;
mod text;
pub mod wait;
mod xml;

pub use discovery::feeds_of_page;
pub use parse::{quiet_panics, read};
pub use parsed::{MAX_ENTRIES, NotAFeed, ParsedEntry, ParsedFeed};
