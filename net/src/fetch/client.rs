//! The HTTP client, and what the requests of all kinds have in common.

use std::{
    io::{ErrorKind, Read as _},
    net::IpAddr,
    sync::Arc,
};

use ureq::{
    Agent, Body, Proxy,
    http::Uri,
    tls::{RootCerts, TlsConfig},
    unversioned::{resolver::Resolver, transport::DefaultConnector},
};
use url::Url;

use super::{
    exchange::{FetchError, Size},
    resolver::{AllPrivate, CheckedResolver},
};

/// Longest header of a response, in bytes.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// What a program that asks says of itself.
const USER_AGENT: &str = concat!("url-notes/", env!("CARGO_PKG_VERSION"));

/// The configured proxy isn't an address like `http://proxy.example:3128`.
#[derive(Debug, thiserror::Error)]
#[error("The setting proxy must be an address like http://proxy.example:3128.")]
pub struct BadProxy;

/// Returns a client that connects to the addresses that `is_allowed` accepts.
pub(super) fn agent(
    proxy: Option<Proxy>,
    resolver: impl Resolver,
    is_allowed: fn(IpAddr) -> bool,
) -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        // Otherwise it is read from the environment.
        .proxy(proxy)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(USER_AGENT)
        .max_response_header_size(MAX_HEADER_BYTES)
        // A kept connection would pass by the check of its address.
        .max_idle_connections(0)
        .build();
    let resolver = CheckedResolver {
        inner: resolver,
        is_allowed,
    };
    Agent::with_parts(config, DefaultConnector::new(), resolver)
}

/// Reads a body, whose compression ureq has undone. Returns whether it has more.
pub(super) fn read_body(body: Body, size: Size) -> Result<(Vec<u8>, bool), FetchError> {
    let (Size::Whole(most) | Size::Beginning(most) | Size::Some(most)) = size;
    let is_whole = matches!(size, Size::Whole(_));
    let length = body.content_length();
    if is_whole
        && length.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > most))
    {
        return Err(FetchError::TooLarge);
    }
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = body.into_reader().take(limit).read_to_end(&mut bytes);
    if bytes.len() > most {
        if is_whole {
            return Err(FetchError::TooLarge);
        }
        bytes.truncate(most);
        return Ok((bytes, true));
    }
    match (read, size) {
        (Ok(_), _) => Ok((bytes, false)),
        (Err(_), Size::Some(_)) => Ok((bytes, true)),
        (Err(error), _) => Err(fault_of_io(&error)),
    }
}

/// Returns why a request failed.
pub(super) fn fault(error: &ureq::Error, has_proxy: bool) -> FetchError {
    let fault = match error {
        ureq::Error::Timeout(_) => FetchError::TooSlow,
        ureq::Error::HostNotFound => FetchError::UnknownHost,
        ureq::Error::Other(other) if other.is::<AllPrivate>() => FetchError::PrivateAddress,
        ureq::Error::Tls(_) | ureq::Error::TlsRequired | ureq::Error::Rustls(_) => FetchError::Tls,
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => FetchError::NotHttp,
        ureq::Error::Decompress(..) => FetchError::NotHttp,
        ureq::Error::ConnectProxyFailed(_) => FetchError::Proxy,
        ureq::Error::Io(error) => fault_of_io(error),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => FetchError::BadAddress,
        _ => FetchError::Unreachable,
    };
    match fault {
        FetchError::UnknownHost | FetchError::Unreachable if has_proxy => FetchError::Proxy,
        fault => fault,
    }
}

/// Errors of TLS and of timeouts come as I/O errors, too.
fn fault_of_io(error: &std::io::Error) -> FetchError {
    let mut cause = error.get_ref().map(|inner| inner as &dyn std::error::Error);
    while let Some(inner) = cause {
        if inner.is::<rustls::Error>() {
            return FetchError::Tls;
        }
        match inner.downcast_ref() {
            Some(ureq::Error::Timeout(_)) => return FetchError::TooSlow,
            Some(ureq::Error::Decompress(..) | ureq::Error::Protocol(_)) => {
                return FetchError::NotHttp;
            }
            _ => cause = inner.source(),
        }
    }
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => FetchError::TooSlow,
        ErrorKind::InvalidData => FetchError::NotHttp,
        _ => FetchError::Unreachable,
    }
}

/// Returns whether an address is one of http or https with a host.
pub(super) fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// Returns the host that a request for this address asks first, without its port. Empty if it has
/// none.
#[must_use]
pub fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// Returns what is sent of an address: no user name, no password, no fragment.
pub(super) fn uri(url: &Url) -> Result<Uri, FetchError> {
    if !is_web(url) {
        return Err(FetchError::BadAddress);
    }
    let mut text = format!("{}://{}", url.scheme(), host_of(url));
    if let Some(port) = url.port() {
        text.push_str(&format!(":{port}"));
    }
    text.push_str(url.path());
    if let Some(query) = url.query() {
        text.push('?');
        text.push_str(query);
    }
    text.parse().map_err(|_| FetchError::BadAddress)
}

/// Reads the address of a proxy.
pub(super) fn read_proxy(address: &str) -> Result<Proxy, BadProxy> {
    let url = Url::parse(address).map_err(|_| BadProxy)?;
    match is_web(&url) {
        // `HTTP_PROXY` and its relatives, with `NO_PROXY`, aren't read.
        true => Proxy::new(address).map_err(|_| BadProxy),
        false => Err(BadProxy),
    }
}
