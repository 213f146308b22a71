//! Reasons to refuse a request, with a status code and a sentence.

/// Why a request is refused. `Display` is the sentence that is sent instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Not HTTP, folded header lines, header names with spaces …
    #[error("This is not a well-formed HTTP request.")]
    Malformed,
    /// A version before 1.0 or after 1.1.
    #[error("This site speaks HTTP/1.1.")]
    Version,
    /// A head over [`MAX_HEAD_BYTES`] or [`MAX_HEADERS`].
    #[error("The request header is longer than 16 KiB or has more than 64 lines.")]
    TooLarge,
    /// The head wasn't complete in time.
    #[error("The request took too long to arrive.")]
    Slow,
    /// The Host header is missing, repeated, or not one of the site's names.
    #[error("This site answers only at its own addresses, such as http://localhost:{port}/.")]
    Host {
        /// The site's port.
        port: u16,
    },
    /// Another web page sent the request, not the user.
    #[error(
        "Another page requested this one, so it isn't shown. To open it, click the address bar and press Enter."
    )]
    OtherSite,
    /// A foreign service worker at the site's own origin sent the request.
    #[error(
        "Another program left a service worker in this browser, so the notes moved to another address. Open them from the extension, or run: url-notes open"
    )]
    Leftover,
    /// Another user of this computer sent the request.
    #[error("These notes belong to another user of this computer.")]
    OtherUser,
    /// The request has no valid key.
    #[error(
        "These notes are locked. To open them in this browser, click the url-notes button and follow one of its links, or run this in a terminal: url-notes open"
    )]
    Locked,
    /// The key couldn't be checked.
    #[error("The site can't identify the connecting user, so it shows nothing. Try again.")]
    UnknownUser,
    /// A method other than GET and HEAD.
    #[error("This site is read-only: it answers only GET and HEAD.")]
    Method,
    /// A GET request with a body.
    #[error("Requests to this site can't have a body.")]
    Body,
    /// A target in absolute form, or `*`.
    #[error("The request's target must be a path that begins with a slash.")]
    Target,
    /// The limit of connections is reached.
    #[error("There are too many connections. Try again in a moment.")]
    Busy,
}

impl Refusal {
    /// Returns the HTTP status code.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::Target => 400,
            Self::OtherSite | Self::Leftover | Self::OtherUser | Self::Locked => 403,
            Self::Method => 405,
            Self::Slow => 408,
            Self::Body => 413,
            Self::Host { .. } => 421,
            Self::TooLarge => 431,
            Self::Busy | Self::UnknownUser => 503,
            Self::Version => 505,
        }
    }
}
