//! The rules that hold for every request: addresses, redirects, sizes, times, politeness.
//!
//! This module owns the HTTP client (`fetch/client.rs`) and is its only user. It knows nothing of feeds or notes, and
//! logs nothing.
//!
//! - A host is connected to only at a public address, at each hop. A request may name one host that
//!   can be private.
//! - Redirects are followed here: at most five, http and https only, never from https to http.
//! - Sizes count after decompression. Connecting takes at most 10 s, a request with all its
//!   redirects at most 30 s.
//! - A host is asked by one visit at a time, five seconds apart, and four hosts at once.
//!   `Retry-After` is obeyed.
//! - robots.txt is read for runs that ask for many pages (`Visit::is_allowed_by_robots`).
//! - A service that the user names in `config.toml` has rules of its own (`fetch/service.rs`).
//! - A proxy is used only if the configuration names one. No cookies, no `Referer`.

mod client;
mod exchange;
mod pace;
mod resolver;
mod retry_after;
mod robots;
mod service;
#[cfg(test)]
mod test_clock;
#[cfg(test)]
pub(crate) mod test_names;
#[cfg(test)]
mod tests;

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use ureq::{
    Agent, Body,
    http::{HeaderValue, header},
    unversioned::resolver::{DefaultResolver, Resolver},
};
use url::{Host, Url};

use self::{
    client::{agent, fault, is_web, read_body, read_proxy, uri},
    exchange::MAX_REDIRECTS,
    pace::{Lease, Pace},
    robots::{Robots, Rules},
};
pub use client::{BadProxy, host_of};
pub use exchange::{FetchError, Request, Response, Size, Times};
pub use pace::{Clock, SystemClock};
pub use service::{Service, ServiceRefusal, ServiceResponse};
#[cfg(test)]
pub(crate) use tests::fetcher_with;

/// How much of robots.txt is read, in bytes. RFC 9309 asks for at least 500 KiB.
const MAX_ROBOTS_BYTES: usize = 512 * 1024;
/// Wait for a busy host that doesn't say how long.
const BUSY: Duration = Duration::from_secs(15 * 60);

/// Asks hosts, by the rules of this module.
#[derive(Debug)]
pub struct Fetcher {
    /// For hosts at public addresses.
    public: Agent,
    /// For the host that a request allows to be private.
    any: Agent,
    is_public: fn(IpAddr) -> bool,
    times: Times,
    pace: Pace,
    robots: Robots,
    has_proxy: bool,
}

impl Fetcher {
    /// Returns one that waits by the computer's clock. `proxy` is an address like
    /// `http://proxy.example:3128`.
    ///
    /// # Errors
    /// [`BadProxy`].
    pub fn new(proxy: Option<&str>) -> Result<Self, BadProxy> {
        Self::with(
            proxy,
            Times::default(),
            Box::new(SystemClock::default()),
            DefaultResolver::default,
            url_notes::domain::is_public,
        )
    }

    /// `resolver` and `is_public` are replaced in tests, where all servers are on this computer.
    fn with<R: Resolver>(
        proxy: Option<&str>,
        times: Times,
        clock: Box<dyn Clock>,
        resolver: impl Fn() -> R,
        is_public: fn(IpAddr) -> bool,
    ) -> Result<Self, BadProxy> {
        let proxy = proxy.map(read_proxy).transpose()?;
        let has_proxy = proxy.is_some();
        let agent = |is_allowed| agent(proxy.clone(), resolver(), is_allowed);
        Ok(Self {
            // With a proxy, its own name is the only one that is looked up.
            public: agent(if has_proxy { |_| true } else { is_public }),
            any: agent(|_| true),
            is_public,
            times,
            pace: Pace::new(clock),
            robots: Robots::default(),
            has_proxy,
        })
    }

    /// Does `work` with each job, four at once, in an order that asks each host as soon as it may
    /// be asked. `host` names the host that a job asks first: see [`host_of`].
    pub fn each<J: Send>(
        &self,
        jobs: Vec<J>,
        host: impl Fn(&J) -> String + Sync,
        work: impl Fn(J) + Sync,
    ) {
        self.pace.each(jobs, host, work);
    }

    /// Begins a visit.
    pub fn visit(&self) -> Visit<'_> {
        Visit {
            fetcher: self,
            lease: None,
            obeys_robots: false,
            is_forbidden: false,
            is_redirected: false,
        }
    }

    /// Asks once. Redirects aren't followed, and the body isn't read yet.
    fn ask(
        &self,
        request: &Request,
        url: &Url,
        may_be_private: bool,
        left: Duration,
    ) -> Result<ureq::http::Response<Body>, FetchError> {
        let uri = uri(url)?;
        let agent = if may_be_private {
            &self.any
        } else {
            // The resolver sees no addresses behind a proxy.
            if literal_address(url).is_some_and(|literal| !(self.is_public)(literal)) {
                return Err(FetchError::PrivateAddress);
            }
            &self.public
        };
        let fields = [
            (header::ACCEPT, Some(request.accept.to_owned())),
            (header::AUTHORIZATION, credentials(url)),
            (header::IF_NONE_MATCH, request.etag.clone()),
            (header::IF_MODIFIED_SINCE, request.last_modified.clone()),
        ];
        let mut builder = agent.get(uri);
        for (name, value) in fields {
            // A value that can't be sent isn't one that a server can need.
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                builder = builder.header(name, value);
            }
        }
        let connect = self.times.connect.min(left);
        builder
            .config()
            .timeout_global(Some(left))
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .build()
            .call()
            .map_err(|error| fault(&error, self.has_proxy))
    }
}

/// A stay at one host: its requests follow each other at once.
///
/// While it lasts, nothing else asks this host. A request to another host ends the stay at the
/// first.
#[derive(Debug)]
pub struct Visit<'a> {
    fetcher: &'a Fetcher,
    lease: Option<Lease<'a>>,
    /// Whether redirects are followed only as robots.txt allows.
    obeys_robots: bool,
    is_forbidden: bool,
    is_redirected: bool,
}

impl Visit<'_> {
    /// From now on, follows redirects only to pages that robots.txt allows. Another one is a
    /// [`FetchError::BadRedirect`].
    pub fn obey_robots(&mut self) {
        self.obeys_robots = true;
    }

    /// Returns whether the last request ended because robots.txt forbids where it was redirected.
    #[must_use]
    pub fn is_forbidden_by_robots(&self) -> bool {
        self.is_forbidden
    }

    /// Returns whether the last request was redirected.
    #[must_use]
    pub fn is_redirected(&self) -> bool {
        self.is_redirected
    }

    /// Asks, follows redirects and reads the body.
    ///
    /// # Errors
    /// [`FetchError`]. A response is none, whatever its status.
    pub fn get(&mut self, request: &Request) -> Result<Response, FetchError> {
        let mut url = request.url.clone();
        let mut moved_to = None;
        let mut is_permanent = true;
        let mut left = self.fetcher.times.total;
        self.is_forbidden = false;
        self.is_redirected = false;
        for _ in 0..=MAX_REDIRECTS {
            self.arrive(&host_of(&url))?;
            let began = Instant::now();
            let may_be_private = request.allow_private && url.host() == request.url.host();
            let answer = self.fetcher.ask(request, &url, may_be_private, left)?;
            let Some(target) = redirect(&answer, &url)? else {
                return self.read(answer, request.size, url, moved_to);
            };
            self.is_redirected = true;
            is_permanent &= matches!(answer.status().as_u16(), 301 | 308);
            if is_permanent {
                moved_to = Some(target.clone());
            }
            if self.obeys_robots {
                let allow_private = request.allow_private && target.host() == request.url.host();
                if !self.robots_allow(&target, allow_private)? {
                    self.is_forbidden = true;
                    return Err(FetchError::BadRedirect);
                }
            }
            url = target;
            left = left.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(FetchError::TooSlow);
            }
        }
        Err(FetchError::TooManyRedirects)
    }

    /// Returns whether robots.txt allows a page to be asked for. Asks the page's host for it once,
    /// within the visit. A host without one allows everything, and one that can't be asked nothing.
    pub fn is_allowed_by_robots(&mut self, url: &Url) -> bool {
        self.robots_allow(url, false).unwrap_or(false)
    }

    /// Like [`is_allowed_by_robots`](Self::is_allowed_by_robots), for a host that may be private.
    ///
    /// # Errors
    /// Why the host can't be asked.
    pub fn robots_allow(&mut self, url: &Url, allow_private: bool) -> Result<bool, FetchError> {
        let rules = self.fetcher.robots.known(url).unwrap_or_else(|| {
            let rules = self.robots_of(url, allow_private);
            self.fetcher.robots.remember(url, rules.clone());
            rules
        });
        rules.allow(url)
    }

    /// Returns whether the server of a page had a fault, or was busy, when it was asked for
    /// robots.txt.
    #[must_use]
    pub fn robots_have_fault(&self, url: &Url) -> bool {
        matches!(self.fetcher.robots.known(url), Some(Rules::Nothing))
    }

    fn robots_of(&mut self, url: &Url, allow_private: bool) -> Rules {
        let Ok(file) = url.join("/robots.txt") else {
            return Rules::Unknown(FetchError::BadAddress);
        };
        // The file itself may be anywhere (RFC 9309, section 2.3.1.2).
        let obeys_robots = std::mem::take(&mut self.obeys_robots);
        let response = self.get(&Request {
            url: file,
            accept: "text/plain, */*;q=0.1",
            etag: None,
            last_modified: None,
            allow_private,
            size: Size::Beginning(MAX_ROBOTS_BYTES),
        });
        self.obeys_robots = obeys_robots;
        match response {
            Ok(response) => match response.status {
                200..=299 => Rules::Text(String::from_utf8_lossy(&response.body).into_owned()),
                // Too many requests are a fault, not a missing file.
                429 | 500.. => Rules::Nothing,
                _ => Rules::Text(String::new()),
            },
            // As good as a missing file (RFC 9309, section 2.3.1.2).
            Err(FetchError::TooManyRedirects | FetchError::BadRedirect | FetchError::Downgrade) => {
                Rules::Text(String::new())
            }
            Err(error) => Rules::Unknown(error),
        }
    }

    fn arrive(&mut self, host: &str) -> Result<(), FetchError> {
        if self
            .lease
            .as_ref()
            .is_some_and(|lease| lease.host() == host)
        {
            return Ok(());
        }
        // First leaves the other host: two visits that wait for each other would wait forever.
        self.lease = None;
        let lease = self.fetcher.pace.begin(host);
        self.lease = Some(lease.map_err(|wait| FetchError::Busy(wait.0))?);
        Ok(())
    }

    fn read(
        &self,
        answer: ureq::http::Response<Body>,
        size: Size,
        url: Url,
        moved_to: Option<Url>,
    ) -> Result<Response, FetchError> {
        let (parts, body) = answer.into_parts();
        let status = parts.status.as_u16();
        let field = |name| {
            let value: Option<&HeaderValue> = parts.headers.get(name);
            value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let mut retry_after = None;
        if matches!(status, 429 | 503) {
            retry_after = field(header::RETRY_AFTER)
                .and_then(|value| retry_after::retry_after(&value, url_notes::clock::now()));
            let wait = retry_after.or((status == 429).then_some(BUSY));
            if let (Some(lease), Some(wait)) = (&self.lease, wait) {
                lease.postpone(wait);
            }
        }
        let (body, is_cut) = match parts.status.is_success() {
            true => read_body(body, size)?,
            false => (Vec::new(), false),
        };
        Ok(Response {
            status,
            url,
            moved_to,
            etag: field(header::ETAG),
            last_modified: field(header::LAST_MODIFIED),
            cache_control: field(header::CACHE_CONTROL),
            content_type: field(header::CONTENT_TYPE),
            retry_after,
            body,
            is_cut,
        })
    }
}

/// Returns where a response redirects to, or `None` if it isn't a redirect.
fn redirect(answer: &ureq::http::Response<Body>, url: &Url) -> Result<Option<Url>, FetchError> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = answer.headers().get(header::LOCATION) else {
        return Ok(None);
    };
    // Servers write names of files as they are, without the escapes.
    let location = String::from_utf8_lossy(location.as_bytes());
    let mut target = url.join(&location).map_err(|_| FetchError::BadRedirect)?;
    if !is_web(&target) {
        return Err(FetchError::BadRedirect);
    }
    if url.scheme() == "https" && target.scheme() == "http" {
        return Err(FetchError::Downgrade);
    }
    // User name and password are only for the server that they were given for.
    let (user, password) = match target.origin() == url.origin() {
        true => (url.username(), url.password()),
        false => ("", None),
    };
    let set = target.set_username(user);
    set.and_then(|()| target.set_password(password))
        .map_err(|()| FetchError::BadRedirect)?;
    target.set_fragment(None);
    Ok(Some(target))
}

/// Returns the address in a URL whose host is one.
fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Returns the value of `Authorization` for the user name and password of an address (RFC 7617).
fn credentials(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
    let mut pair = decoded(url.username());
    pair.push(b':');
    pair.extend(decoded(url.password().unwrap_or_default()));
    Some(format!("Basic {}", BASE64_STANDARD.encode(pair)))
}
