//! Names for tests, which lead to servers on this computer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

use super::{Fetcher, Times, test_clock::TestClock};

/// Looks up names by a function; `None` is an unknown name.
struct Names<F>(F);

impl<F> std::fmt::Debug for Names<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Names")
    }
}

impl<F: Fn(&str) -> Option<Ipv4Addr> + Send + Sync + 'static> Resolver for Names<F> {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let address = (self.0)(uri.host().unwrap_or_default()).ok_or(Error::HostNotFound)?;
        let mut found = self.empty();
        let port = uri.port_u16().unwrap_or(80);
        found.push(SocketAddr::new(address.into(), port));
        Ok(found)
    }
}

/// Returns a fetcher that knows these names, for which only 127.0.0.1 is public and waiting takes
/// no time.
pub(crate) fn fetcher_with_names(
    look_up: impl Fn(&str) -> Option<Ipv4Addr> + Clone + Send + Sync + 'static,
) -> Fetcher {
    let is_public = |address: IpAddr| address == Ipv4Addr::LOCALHOST;
    let clock = Box::new(TestClock::default());
    let names = || Names(look_up.clone());
    Fetcher::with(None, Times::default(), clock, names, is_public).unwrap()
}
