//! Why feeds can't be fetched.

/// Why the last attempt to fetch a feed failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedProblem {
    /// No server answered: its name isn't known, or no connection was possible.
    Unreachable,
    /// The server refused (such as 401 and 403).
    Refused,
    /// The server asked to wait (429, 503).
    Busy,
    /// The feed is gone for good (410). It isn't fetched again.
    Gone,
    /// The connection isn't secure.
    Tls,
    /// The answer isn't a feed.
    NotAFeed,
    /// The answer is too long.
    TooLarge,
    /// The address leads into a private network, and that isn't allowed for the feed.
    PrivateAddress,
    /// There is nothing at the address (404).
    NotFound,
    /// The server reports a fault of its own (5xx).
    ServerError,
    /// The answer took too long.
    TooSlow,
    /// The server redirects too often, in a circle, or to an address that isn't followed.
    Redirects,
    /// The server's answer breaks the rules of HTTP.
    Malformed,
}

impl FeedProblem {
    /// Numbers and words never change: databases and scripts have them.
    const ALL: [(Self, i64, &str, &str); 13] = [
        (
            Self::Unreachable,
            1,
            "unreachable",
            "The server can't be reached.",
        ),
        (Self::Refused, 2, "refused", "The server refuses access."),
        (
            Self::Busy,
            3,
            "busy",
            "The server is busy and asks to wait.",
        ),
        (
            Self::Gone,
            4,
            "gone",
            "The feed is gone for good, so it isn't fetched any more.",
        ),
        (
            Self::Tls,
            5,
            "tls",
            "The server's certificate isn't valid, so the connection isn't secure.",
        ),
        (
            Self::NotAFeed,
            6,
            "not_a_feed",
            "The address has no feed that can be read.",
        ),
        (Self::TooLarge, 7, "too_large", "The feed is too large."),
        (
            Self::PrivateAddress,
            8,
            "private_address",
            "The address leads into a private network. To allow that, add the feed again with --allow-private.",
        ),
        (
            Self::NotFound,
            9,
            "not_found",
            "There is nothing at the address.",
        ),
        (
            Self::ServerError,
            10,
            "server_error",
            "The server has a fault.",
        ),
        (
            Self::TooSlow,
            11,
            "too_slow",
            "The server takes too long to answer.",
        ),
        (
            Self::Redirects,
            12,
            "redirects",
            "The server redirects too often, or to an address that isn't followed.",
        ),
        (
            Self::Malformed,
            13,
            "malformed",
            "The server's answer can't be understood.",
        ),
    ];

    pub(super) fn number(self) -> i64 {
        let found = Self::ALL.iter().find(|(problem, ..)| *problem == self);
        found.map_or(1, |(_, number, ..)| *number)
    }

    pub(in crate::store) fn from_number(number: i64) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known, ..)| *known == number);
        found.map(|(problem, ..)| *problem)
    }

    /// Returns a stable word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(problem, ..)| *problem == self);
        found.map_or("unreachable", |(_, _, name, _)| *name)
    }

    /// Returns a sentence for the user.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        let found = Self::ALL.iter().find(|(problem, ..)| *problem == self);
        found.map_or("The feed can't be fetched.", |(.., sentence)| *sentence)
    }
}
