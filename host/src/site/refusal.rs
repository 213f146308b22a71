//! Why a request is refused, as a status code and a sentence.

/// Why a request isn't answered. `Display` is the sentence that is sent instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// No HTTP, folded header lines, header names with blanks …
    #[error("This is not a well-formed HTTP request.")]
    Malformed,
    /// A version before 1.0 or after 1.1.
    #[error("This site speaks HTTP/1.1.")]
    Version,
    /// Head over [`MAX_HEAD_BYTES`] or [`MAX_HEADERS`].
    #[error("The request header is longer than 16 KiB or has more than 64 lines.")]
    TooLarge,
    /// The head wasn't complete in time.
    #[error("The request took too long to arrive.")]
    Slow,
    /// None, several, or another than the site's own.
    #[error("This site answers only at its own addresses, such as http://localhost:{port}/.")]
    Host {
        /// Where the site listens.
        port: u16,
    },
    /// Another web page asks, not the user.
    #[error(
        "Another page requested this one, so it isn't shown. To open it, click the address bar and press Enter."
    )]
    OtherSite,
    /// A service worker of another program asks, which is at the site's own origin.
    #[error(
        "Another program left a service worker in this browser, so the notes moved to another address. Open them from the extension, or run: url-notes open"
    )]
    Leftover,
    /// Another user of this machine asks.
    #[error("These notes belong to another user of this computer.")]
    OtherUser,
    /// Who asks has shown no key.
    #[error(
        "These notes are locked. To open them in this browser, run this in a terminal: url-notes open"
    )]
    Locked,
    /// Whether the key is right couldn't be found out.
    #[error("The site can't identify the connecting user, so it shows nothing. Try again.")]
    UnknownUser,
    /// Anything but GET and HEAD.
    #[error("This site is read-only: it answers only GET and HEAD.")]
    Method,
    /// GET with a body.
    #[error("Requests to this site can't have a body.")]
    Body,
    /// Absolute form, `*`.
    #[error("The request's target must be a path that begins with a slash.")]
    Target,
    /// All seats are taken.
    #[error("There are too many connections. Try again in a moment.")]
    Busy,
}

impl Refusal {
    /// The status code that says it to programs.
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
