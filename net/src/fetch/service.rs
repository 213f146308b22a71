//! Requests to a service that the user names in `config.toml`: POST with JSON.
//!
//! A service on this computer is reached at loopback addresses alone, without a proxy. One on
//! another computer needs the user's permission and https. Redirects aren't followed: what is sent
//! was meant for this address.

use std::{net::IpAddr, time::Duration};

use ureq::{
    Agent,
    http::{HeaderValue, header},
    unversioned::resolver::DefaultResolver,
};
use url::{Host, Url};

use super::{
    client::{BadProxy, agent, fault, host_of, is_web, read_body, read_proxy, uri},
    exchange::{FetchError, Size},
};

/// Until a connection is established, with the lookup of the name.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest body of an answer, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// How much of an error's body is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// What a service answered.
#[derive(Debug)]
pub struct ServiceResponse {
    /// The status code.
    pub status: u16,
    /// The body; of an error, its beginning.
    pub body: Vec<u8>,
}

/// Why a service isn't asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceRefusal {
    /// The address isn't one of http or https with a host.
    #[error("url in [model] must be an address like http://localhost:11434/v1.")]
    BadAddress,
    /// The address has a user name or a password.
    #[error(
        "url in [model] must have no user name and no password. A key belongs in a file that key-file names."
    )]
    UserInfo,
    /// Another computer, which isn't allowed.
    #[error(
        "{0} is another computer. If your pages may be sent there, set `remote = true` in [model]."
    )]
    Remote(String),
    /// Another computer without https.
    #[error("{0} is another computer, so url in [model] must begin with https://.")]
    Unencrypted(String),
    /// See [`BadProxy`].
    #[error(transparent)]
    BadProxy(#[from] BadProxy),
}

/// A service on this computer or another one.
#[derive(Debug)]
pub struct Service {
    agent: Agent,
    url: Url,
    has_proxy: bool,
    timeout: Duration,
}

impl Service {
    /// Returns the service at an address. `may_be_remote`: whether it may be on another computer.
    /// `timeout`: until an answer is complete. `proxy`: for another computer, as in
    /// [`Fetcher::new`](super::Fetcher::new).
    ///
    /// # Errors
    /// [`ServiceRefusal`].
    pub fn new(
        url: &Url,
        may_be_remote: bool,
        timeout: Duration,
        proxy: Option<&str>,
    ) -> Result<Self, ServiceRefusal> {
        if !is_web(url) {
            return Err(ServiceRefusal::BadAddress);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ServiceRefusal::UserInfo);
        }
        let is_local = is_local(url);
        let host = || host_of(url);
        if !is_local && !may_be_remote {
            return Err(ServiceRefusal::Remote(host()));
        }
        if !is_local && url.scheme() != "https" {
            return Err(ServiceRefusal::Unencrypted(host()));
        }
        let proxy = proxy.filter(|_| !is_local).map(read_proxy).transpose()?;
        let has_proxy = proxy.is_some();
        // A name of this computer that leads elsewhere isn't followed there.
        let is_allowed: fn(IpAddr) -> bool = match is_local {
            true => is_loopback,
            false => |_| true,
        };
        Ok(Self {
            agent: agent(proxy, DefaultResolver::default(), is_allowed),
            url: url.clone(),
            has_proxy,
            timeout,
        })
    }

    /// Returns the host with its port, as users see it.
    #[must_use]
    pub fn host(&self) -> String {
        let host = host_of(&self.url);
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }

    /// Returns how long an answer may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns whether the service is on another computer.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        !is_local(&self.url)
    }

    /// Sends JSON, with a key if the service wants one, and waits for the answer.
    ///
    /// # Errors
    /// [`FetchError`]. A response is none, whatever its status.
    pub fn post(&self, body: &[u8], key: Option<&str>) -> Result<ServiceResponse, FetchError> {
        let mut request = self
            .agent
            .post(uri(&self.url)?)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        if let Some(key) = key {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
                .map_err(|_| FetchError::BadAddress)?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let connect = CONNECT.min(self.timeout);
        let answer = request
            .config()
            .timeout_global(Some(self.timeout))
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .build()
            .send(body)
            .map_err(|error| fault(&error, self.has_proxy))?;
        let (parts, body) = answer.into_parts();
        let size = match parts.status.is_success() {
            true => Size::Whole(MAX_BYTES),
            false => Size::Beginning(MAX_ERROR_BYTES),
        };
        Ok(ServiceResponse {
            status: parts.status.as_u16(),
            body: read_body(body, size)?.0,
        })
    }
}

/// Returns whether an address names this computer.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => is_loopback(address.into()),
        // RFC 6761, section 6.3.
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn is_loopback(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => mapped.is_loopback(),
            None => address.is_loopback(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::test_server::{TestServer, redirect, response};

    const LONG: Duration = Duration::from_secs(60);

    fn refusal(url: &str, may_be_remote: bool) -> Option<String> {
        let service = Service::new(&url.parse().unwrap(), may_be_remote, LONG, None);
        service.err().map(|refusal| refusal.to_string())
    }

    fn service(url: &Url) -> Service {
        Service::new(url, false, LONG, None).unwrap()
    }

    #[test]
    fn this_computer_needs_no_permission() {
        for url in [
            "http://localhost:11434/v1",
            "http://127.0.0.1:1/",
            "http://127.9.9.9/",
            "http://[::1]:8080/",
            "http://[::ffff:127.0.0.1]/",
            "https://a.localhost/",
        ] {
            assert_eq!(refusal(url, false), None, "{url}");
            let service = Service::new(&url.parse().unwrap(), true, LONG, None).unwrap();
            assert!(!service.is_remote(), "{url}");
        }
    }

    #[test]
    fn another_computer_needs_permission_and_https() {
        for url in [
            "http://192.168.0.2:11434/v1",
            "http://api.example/v1",
            "http://0.0.0.0/",
            "http://localhost.example/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            let sentence = refusal(url, false).unwrap();
            assert!(sentence.contains("remote = true"), "{url}: {sentence}");
            let sentence = refusal(url, true).unwrap();
            assert!(sentence.contains("https://"), "{url}: {sentence}");
            let https = url.replace("http://", "https://");
            assert!(refusal(&https, false).unwrap().contains("remote = true"));
            assert_eq!(refusal(&https, true), None);
        }
    }

    #[test]
    fn what_is_no_address_of_a_service_is_refused() {
        for url in ["file:///etc/passwd", "ftp://localhost/", "data:a"] {
            assert!(
                refusal(url, true).unwrap().contains("must be an address"),
                "{url}"
            );
        }
        let sentence = refusal("http://me:pass@localhost/", true).unwrap();
        assert!(sentence.contains("no password") && !sentence.contains("me:pass"));
    }

    #[test]
    fn json_is_posted_with_the_key_and_nothing_about_the_user() {
        let server = TestServer::always(response("200 OK", "", "{}"));
        let service = service(&server.url("/v1/chat"));
        let answer = service.post(b"{\"a\":1}", Some("sk-secret")).unwrap();
        assert_eq!((answer.status, &answer.body[..]), (200, &b"{}"[..]));
        let head = server.heads()[0].to_ascii_lowercase();
        assert!(head.starts_with("post /v1/chat http/1.1\r\n"), "{head}");
        assert!(
            head.contains("authorization: bearer sk-secret\r\n"),
            "{head}"
        );
        assert!(head.contains("content-length: 7\r\n"), "{head}");
        for unwanted in ["cookie", "referer", "accept-language"] {
            assert!(!head.contains(unwanted), "{head}");
        }
        service.post(b"{}", None).unwrap();
        let head = server.heads()[1].to_ascii_lowercase();
        assert!(!head.contains("authorization"), "{head}");
        assert!(!format!("{service:?}").contains("sk-secret"));
    }

    #[test]
    fn a_redirect_is_an_answer() {
        let other = TestServer::always(response("200 OK", "", ""));
        let server =
            TestServer::always(redirect("307 Temporary Redirect", other.url("/").as_str()));
        let answer = service(&server.url("/")).post(b"{}", Some("sk")).unwrap();
        assert_eq!(answer.status, 307);
        assert_eq!(other.heads(), Vec::<String>::new());
    }

    #[test]
    fn a_large_answer_is_refused_and_a_large_error_is_cut() {
        let large = "x".repeat(2 * MAX_BYTES);
        let server = TestServer::always(response("200 OK", "", &large));
        let answer = service(&server.url("/")).post(b"{}", None);
        assert_eq!(answer.err(), Some(FetchError::TooLarge));
        // Without its length in front.
        let endless = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{large}");
        let server = TestServer::always(endless);
        let answer = service(&server.url("/")).post(b"{}", None);
        assert_eq!(answer.err(), Some(FetchError::TooLarge));
        let server = TestServer::always(response("500 Oh", "", &large));
        let answer = service(&server.url("/")).post(b"{}", None).unwrap();
        assert_eq!((answer.status, answer.body.len()), (500, MAX_ERROR_BYTES));
    }

    #[test]
    fn an_answer_that_never_comes_or_comes_by_the_byte_is_given_up() {
        for first in ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"] {
            let (hold, held) = std::sync::mpsc::channel::<()>();
            let held = std::sync::Mutex::new(held);
            let server = TestServer::start(move |_, stream| {
                let _ = stream.write_all(first.as_bytes());
                let _ = held.lock().unwrap().recv();
            });
            let short = Duration::from_millis(50);
            let service = Service::new(&server.url("/"), false, short, None).unwrap();
            assert_eq!(service.post(b"{}", None).unwrap_err(), FetchError::TooSlow);
            drop(hold);
        }
    }

    #[test]
    fn nobody_there_is_unreachable() {
        let url = TestServer::always("").url("/");
        let error = service(&url).post(b"{}", None).unwrap_err();
        assert_eq!(error, FetchError::Unreachable);
    }

    #[test]
    fn an_answer_in_chunks_is_put_together() {
        let server = TestServer::always(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
             3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
        );
        let answer = service(&server.url("/")).post(b"{}", None).unwrap();
        assert_eq!(&answer.body[..], b"{\"a\":1}");
    }
}
