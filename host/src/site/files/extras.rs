//! What an exported site has only if the user asks for it.

/// What to do with notes whose address contains an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// Leave them out.
    LeaveOut,
    /// Publish them.
    Publish,
}

/// What is published besides notes and their usual addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extras {
    /// Notes whose address contains an access token.
    pub tokens: Tokens,
    /// Whether the texts of pages are published, which other people wrote.
    pub texts: bool,
}
