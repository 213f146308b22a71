//! Feeds: RSS, Atom and JSON Feed as a list of pages. Nothing here uses the network or the store.
//!
//! A feed is decoded (`encoding.rs`), checked for its depth and number of entries (`xml.rs`), and
//! read by feed-rs (`parse.rs`). If feed-rs refuses it, its everyday faults are mended (`mend.rs`)
//! and it is read once more. `discovery.rs` finds the feed of a page, `wait.rs` says when a feed
//! should be asked again.

mod discovery;
mod encoding;
mod json;
mod mend;
mod parse;
#[cfg(test)]
mod tests;
mod text;
pub mod wait;
mod xml;

pub use discovery::feeds_of_page;
pub use parse::{quiet_panics, read};

/// Most entries of a feed that are read, the first ones.
pub const MAX_ENTRIES: usize = 500;
/// Deepest element or list of a feed.
const MAX_DEPTH: usize = 64;

/// A feed as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedFeed {
    /// Its title as text. Empty if it has none.
    pub title: String,
    /// The address of its web site.
    pub site_url: Option<String>,
    /// The wait that the feed itself asks for, in seconds.
    pub wait_s: Option<i64>,
    /// Its entries, in the feed's order.
    pub entries: Vec<ParsedEntry>,
}

/// A page in a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedEntry {
    /// What distinguishes it from others of the feed.
    pub guid: String,
    /// The page's address, which may be any text that the feed has there.
    pub url: String,
    /// Its title as text. Empty if it has none.
    pub title: String,
    /// The beginning of its summary or its content, as text.
    pub excerpt: Option<String>,
    /// When it was published or, if that isn't known, changed, in RFC 3339.
    pub published_at: Option<String>,
    /// Its language (BCP 47), or the feed's.
    pub lang: Option<String>,
    /// Its categories.
    pub tags: Vec<String>,
}

/// What was read isn't a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("This isn't a feed that can be read.")]
pub struct NotAFeed;
