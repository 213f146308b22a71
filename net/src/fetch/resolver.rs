//! Name resolution that leaves out private addresses.
//!
//! ureq connects to exactly what its resolver returns, so the address that was checked is the
//! address that is connected to. A name that is looked up once for a check and again for the
//! connection could change in between.

use std::net::IpAddr;

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

/// A name leads to private addresses alone.
#[derive(Debug, thiserror::Error)]
#[error("all addresses are private")]
pub(super) struct AllPrivate;

/// Resolves names by `inner`, and keeps the addresses that `is_allowed` accepts.
#[derive(Debug)]
pub(super) struct CheckedResolver<R> {
    pub(super) inner: R,
    pub(super) is_allowed: fn(IpAddr) -> bool,
}

impl<R: Resolver> Resolver for CheckedResolver<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = match self.inner.resolve(uri, config, timeout) {
            // The system's resolver has no kind of error for it.
            Err(Error::Io(_)) => return Err(Error::HostNotFound),
            found => found?,
        };
        let mut allowed = self.empty();
        for address in found.iter().filter(|found| (self.is_allowed)(found.ip())) {
            allowed.push(*address);
        }
        if allowed.is_empty() {
            return Err(Error::Other(Box::new(AllPrivate)));
        }
        Ok(allowed)
    }
}
