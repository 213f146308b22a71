//! What our own exports contain besides notes.

/// An entry of our own exports.
#[derive(Debug)]
pub(super) enum OwnEntry {
    /// An alias of a tag.
    Alias { name: String, of: String },
    /// A tag and one that it implies.
    Implication { tag: String, implied: String },
    /// A saved search.
    Search { name: String, query: String },
    /// The icon of a web site, in Base64.
    Icon { site: String, icon: String },
}
