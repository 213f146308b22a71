//! What is asked for, what comes back, and why nothing does.

use std::time::Duration;

use url::Url;

/// Most redirects that are followed.
pub(super) const MAX_REDIRECTS: usize = 5;

/// How long requests may take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Until a connection is established, with the lookup of the name.
    pub connect: Duration,
    /// For a request with its redirects and the body, without waits between them.
    pub total: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
        }
    }
}

/// How much of a body is wanted, in bytes after decompression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// All of it; a larger one is [`FetchError::TooLarge`].
    Whole(usize),
    /// Its beginning.
    Beginning(usize),
    /// Its beginning, or less if the connection breaks before.
    Some(usize),
}

/// A request. The method is GET.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is asked for.
    pub url: Url,
    /// The media types that are wanted, for `Accept`.
    pub accept: &'static str,
    /// The ETag of an earlier response.
    pub etag: Option<String>,
    /// `Last-Modified` of an earlier response.
    pub last_modified: Option<String>,
    /// Whether the host of `url` may be at a private address. Other hosts that it redirects to may
    /// not.
    pub allow_private: bool,
    /// How much of the body is wanted.
    pub size: Size,
}

/// A response.
#[derive(Debug)]
pub struct Response {
    /// Its status code.
    pub status: u16,
    /// Where it came from, after all redirects.
    pub url: Url,
    /// Where permanent redirects (301, 308) led, before the first other one.
    pub moved_to: Option<Url>,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
    /// Its `Cache-Control`.
    pub cache_control: Option<String>,
    /// Its `Content-Type`.
    pub content_type: Option<String>,
    /// How long the server asks to be left alone. Set for 429 and 503.
    pub retry_after: Option<Duration>,
    /// The body of a response with a status of 2xx, as far as it was wanted.
    pub body: Vec<u8>,
    /// Whether the body has more, or broke off.
    pub is_cut: bool,
}

/// Why a request got no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The address isn't one of http or https with a host.
    #[error("The address doesn't begin with http:// or https://.")]
    BadAddress,
    /// A host at a private address, which isn't allowed.
    #[error("This address is private: it leads to this computer or to its network.")]
    PrivateAddress,
    /// A redirect to something other than http or https.
    #[error("It redirects to an address that isn't http or https.")]
    BadRedirect,
    /// A redirect from https to http.
    #[error("It redirects from https to http, where anybody on the way could change it.")]
    Downgrade,
    /// More than five redirects.
    #[error("It redirects more than {MAX_REDIRECTS} times.")]
    TooManyRedirects,
    /// A body larger than wanted.
    #[error("It is too large.")]
    TooLarge,
    /// The name isn't known.
    #[error("The name of the host can't be found.")]
    UnknownHost,
    /// No connection, or one that breaks.
    #[error("The host can't be reached.")]
    Unreachable,
    /// Not done in the time allowed.
    #[error("The host takes too long.")]
    TooSlow,
    /// No secure connection.
    #[error("No secure connection: its certificate isn't valid, or it doesn't speak TLS.")]
    Tls,
    /// What the server sends isn't HTTP.
    #[error("The host doesn't answer in HTTP.")]
    NotHttp,
    /// The host asked earlier to be left alone for this time.
    #[error("The host asked to be left alone for a while.")]
    Busy(Duration),
    /// The proxy doesn't pass the request on.
    #[error("The proxy can't be reached, or refuses.")]
    Proxy,
}
