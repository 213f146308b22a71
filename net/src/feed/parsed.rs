//! A feed as it was read, and its limits.

/// Most entries of a feed that are read, the first ones.
pub const MAX_ENTRIES: usize = 500;
/// Deepest element or list of a feed.
pub(super) const MAX_DEPTH: usize = 64;

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
