//! Parses and validates the head of a request.
//!
//! Pure: bytes in, a [`Head`] or a [`Refusal`] out. Sockets, deadlines and answers are in
//! `server.rs`; the meaning of an address is in `route.rs`.

use std::fmt;

use crate::site::{
    fetch_metadata::{self, OriginKind, Reply},
    refusal::Refusal,
    request_fields::Fields,
    session_token::{cookie_name, without_token},
};

/// Longest head, including the request line.
pub(super) const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Most header lines.
const MAX_HEADERS: usize = 64;
/// The names of the site, besides that of its own origin. A web site whose name was made to resolve
/// to this computer (DNS rebinding) sends another name.
const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "url-notes.localhost"];

/// A request that may be answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Path and query, still percent-encoded, with a leading slash.
    pub target: String,
    /// HEAD: everything except the body is sent.
    pub without_body: bool,
    /// Whether the connection stays open for another request.
    pub keep_alive: bool,
    /// The value of `If-None-Match`.
    pub if_none_match: Option<String>,
    /// The key in the cookie (`auth.rs`).
    pub key: Option<String>,
    /// Which of the site's names was requested.
    pub place: OriginKind,
    /// What to reply.
    pub reply: Reply,
    /// Whether a browser opens a page at the site's own origin.
    pub is_visit: bool,
    /// Whether it does so without coming from another page.
    pub by_address: bool,
    /// Length of the head in bytes. The next request follows it.
    pub length: usize,
}

/// Parses the head at the start of `bytes`. Returns `None` if it isn't complete yet. `own_host` is
/// the host of the site's own origin.
pub(super) fn read(bytes: &[u8], port: u16, own_host: &str) -> Result<Option<Head>, Refusal> {
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut lines);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD_BYTES => length,
        Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD_BYTES => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Refusal::TooLarge),
        Err(httparse::Error::Version) => return Err(Refusal::Version),
        Err(_) => return Err(Refusal::Malformed),
    };
    let fields = Fields(request.headers);

    // Check first whether the request is meant for this site.
    let mut hosts = fields.values("host");
    let place = match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host, own_host, port) => OriginKind::Origin,
        (Some(host), None) if NAMES.iter().any(|name| is_host(host, name, port)) => {
            OriginKind::Common
        }
        _ => return Err(Refusal::Host { port }),
    };
    let target = request.path.unwrap_or_default();
    let reply = fetch_metadata::decide(&fields, place, target)?;
    let without_body = match request.method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => return Err(Refusal::Method),
    };
    if fields.values("transfer-encoding").next().is_some()
        || fields.values("content-length").any(|length| length != b"0")
    {
        return Err(Refusal::Body);
    }
    if !target.starts_with('/') {
        return Err(Refusal::Target);
    }
    let is_visit = place == OriginKind::Origin && fields.is("sec-fetch-dest", "document");
    Ok(Some(Head {
        target: target.to_owned(),
        without_body,
        // HTTP/1.0 has no keep-alive; its few clients can connect again.
        keep_alive: request.version == Some(1) && !fields.has_token("connection", "close"),
        if_none_match: fields.text("if-none-match"),
        key: fields.cookie(&cookie_name(port)),
        place,
        reply,
        is_visit,
        by_address: is_visit && fields.is("sec-fetch-site", "none"),
        length,
    }))
}

fn is_host(host: &[u8], name: &str, port: u16) -> bool {
    let with_port = |host: &[u8]| {
        host.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
            && host[name.len()..] == *format!(":{port}").as_bytes()
    };
    // Browsers omit the scheme's default port.
    with_port(host) || port == 80 && host.eq_ignore_ascii_case(name.as_bytes())
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = if self.without_body { "HEAD" } else { "GET" };
        write!(f, "{method} {}", without_token(&self.target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::refusal::Refusal;

    fn parsed(head: &str) -> Result<Option<Head>, Refusal> {
        read(head.replace('\n', "\r\n").as_bytes(), 6683, OWN_HOST)
    }

    #[track_caller]
    fn check(head: &str, refusal: Refusal) {
        assert_eq!(parsed(head), Err(refusal), "{head:?}");
    }

    const OWN_HOST: &str = "nabcdefgh23456723.localhost";
    const HOST: Refusal = Refusal::Host { port: 6683 };

    #[test]
    fn accepts_the_four_names_of_the_site() {
        for name in [
            "localhost",
            "127.0.0.1",
            "[::1]",
            "url-notes.localhost",
            "LOCALHOST",
        ] {
            let head = parsed(&format!(
                "GET /tag/c++?with=a HTTP/1.1\nHost: {name}:6683\n\n"
            ));
            assert_eq!(
                head.unwrap().unwrap(),
                Head {
                    target: "/tag/c++?with=a".into(),
                    without_body: false,
                    keep_alive: true,
                    length: 45 + name.len(),
                    ..Head::default()
                }
            );
        }
    }

    #[test]
    fn knows_its_own_origin_by_its_host_alone() {
        let place = |host: &str| {
            let head = parsed(&format!("GET / HTTP/1.1\nHost: {host}\n\n"));
            head.map(|head| head.unwrap().place)
        };
        assert_eq!(place(&format!("{OWN_HOST}:6683")), Ok(OriginKind::Origin));
        assert_eq!(
            place(&format!("{}:6683", OWN_HOST.to_uppercase())),
            Ok(OriginKind::Origin)
        );
        assert_eq!(place("localhost:6683"), Ok(OriginKind::Common));
        for other in [
            OWN_HOST.to_owned(),
            format!("{OWN_HOST}:6684"),
            format!("{OWN_HOST}.:6683"),
            format!("a.{OWN_HOST}:6683"),
            "nabcdefgh23456722.localhost:6683".into(),
            "nabcdefgh23456723:6683".into(),
            ".localhost:6683".into(),
        ] {
            assert_eq!(place(&other), Err(HOST), "{other}");
        }
    }

    #[test]
    fn refuses_other_hosts_before_anything_else() {
        for host in [
            "Host: evil.example\n",
            "Host: evil.example:6683\n",
            "Host: localhost\n",
            "Host: localhost:\n",
            "Host: localhost.:6683\n",
            "Host: localhost:66830\n",
            "Host: localhost:06683\n",
            "Host: localhost:8080\n",
            "Host: a.localhost:6683\n",
            "Host: me@localhost:6683\n",
            "Host: 127.1:6683\n",
            "Host: 0.0.0.0:6683\n",
            "Host: ::1:6683\n",
            "Host: localhost:6683, evil.example\n",
            "Host: localhost:6683\nHost: localhost:6683\n",
            "Host: localhost:6683\nhOST: evil.example\n",
            "Host:\n",
            "",
        ] {
            check(&format!("GET / HTTP/1.1\n{host}\n"), HOST);
            check(
                &format!("POST * HTTP/1.1\n{host}Content-Length: 9\n\n"),
                HOST,
            );
        }
        check("GET / HTTP/1.0\n\n", HOST);
        assert!(is_host(b"localhost", "localhost", 80));
    }

    #[test]
    fn refuses_everything_but_plain_get_and_head() {
        let host = "Host: localhost:6683\n";
        for method in [
            "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "FOO",
        ] {
            check(&format!("{method} / HTTP/1.1\n{host}\n"), Refusal::Method);
        }
        check(
            &format!("CONNECT localhost:6683 HTTP/1.1\n{host}\n"),
            Refusal::Method,
        );
        check(
            &format!("GET http://localhost:6683/ HTTP/1.1\n{host}\n"),
            Refusal::Target,
        );
        check(&format!("GET * HTTP/1.1\n{host}\n"), Refusal::Target);
        for body in [
            "Content-Length: 1\n",
            "Content-Length: 100000000000\n",
            "Content-Length: -1\n",
            "Content-Length: 0, 5\n",
            "Content-Length: 0\nContent-Length: 5\n",
            "Transfer-Encoding: chunked\n",
            "Transfer-Encoding: identity\n",
        ] {
            check(&format!("GET / HTTP/1.1\n{host}{body}\n"), Refusal::Body);
        }
        for folded in [
            "X: 1\n Host: evil\n",
            " X: 1\n",
            "X : 1\n",
            "X\n",
            "X: a\u{0}b\n",
        ] {
            check(
                &format!("GET / HTTP/1.1\n{host}{folded}\n"),
                Refusal::Malformed,
            );
            check(
                &format!("GET / HTTP/1.1\n{folded}{host}\n"),
                Refusal::Malformed,
            );
        }
        for line in ["GET /", "GET", "\u{16}\u{3}\u{1}"] {
            check(&format!("{line}\n{host}\n"), Refusal::Malformed);
        }
        for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2"] {
            check(&format!("GET / {version}\n{host}\n"), Refusal::Version);
        }
    }

    #[test]
    fn refuses_heads_without_end() {
        let many = "X: 1\n".repeat(64);
        check(
            &format!("GET / HTTP/1.1\nHost: localhost:6683\n{many}\n"),
            Refusal::TooLarge,
        );
        let long = "x".repeat(MAX_HEAD_BYTES);
        check(&format!("GET /{long}"), Refusal::TooLarge);
        check(&format!("GET / HTTP/1.1\nX: {long}"), Refusal::TooLarge);
        check(
            &format!("GET / HTTP/1.1\nHost: localhost:6683\nX: {long}\n\n"),
            Refusal::TooLarge,
        );
        assert_eq!(parsed("GET / HTTP/1.1\nHost: localhost:6683\n"), Ok(None));
        assert_eq!(parsed(""), Ok(None));
    }

    #[test]
    fn reads_what_the_client_has_and_its_key() {
        let read = |lines: &str| {
            let head = parsed(&format!("GET / HTTP/1.1\nHost: localhost:6683\n{lines}\n"));
            let head = head.unwrap().unwrap();
            (head.if_none_match, head.key)
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(read(""), (None, None));
        assert_eq!(
            read("If-None-Match: W/\"a\"\nCookie: a=b; url-notes-6683=c=d;url-notes-1=e\n"),
            (text("W/\"a\""), text("c=d"))
        );
        assert_eq!(
            read(
                "If-None-Match: \"a\"\nIf-None-Match: \"b\"\nCookie: url-notes-66830=a\nCookie: url-notes-6683=\n"
            ),
            (None, text(""))
        );
        assert_eq!(read("Cookie: url-notes-6683\n"), (None, None));
    }

    #[test]
    fn knows_when_the_connection_ends() {
        let keeps = |version: &str, line: &str| {
            parsed(&format!(
                "HEAD / HTTP/{version}\nHost: localhost:6683\n{line}\n"
            ))
            .unwrap()
            .unwrap()
            .keep_alive
        };
        assert!(keeps("1.1", ""));
        assert!(keeps("1.1", "Connection: keep-alive\n"));
        assert!(!keeps("1.1", "Connection: foo, CLOSE\n"));
        assert!(!keeps("1.0", ""));
        assert!(!keeps("1.0", "Connection: keep-alive\n"));
    }

    #[test]
    fn leaves_the_next_request_alone() {
        let one = "GET /a HTTP/1.1\r\nHost: localhost:6683\r\n\r\n";
        let two = format!("{one}GET /b HTTP/1.1\r\n");
        assert_eq!(
            read(two.as_bytes(), 6683, OWN_HOST)
                .unwrap()
                .unwrap()
                .length,
            one.len()
        );
    }

    #[test]
    fn fuzz_head() {
        crate::fuzz::bytes(
            &[
                b"GET /tag/gpu HTTP/1.1\r\nHost: localhost:6683\r\nSec-Fetch-Site: none\r\nConnection: keep-alive\r\n\r\n",
                b"GET /sw.js HTTP/1.1\r\nHost: nabcdefgh23456723.localhost:6683\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Dest: serviceworker\r\nService-Worker: script\r\n\r\n",
                b"HEAD / HTTP/1.0\r\nHost: [::1]:6683\r\n\r\n",
                b"GET /?a=b HTTP/1.1\r\nhost: LOCALHOST:6683\r\nIf-None-Match: W/\"1-2\", \"3\"\r\nCookie: a=b; url-notes-6683=c\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: localhost:6683\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n",
                b"POST / HTTP/1.1\r\nHost: localhost:6683\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
            ],
            |bytes| match read(bytes, 6683, OWN_HOST) {
                Ok(Some(head)) => {
                    assert!(head.target.starts_with('/'));
                    // Parsing makes progress, so a connection can't be held without sending
                    // anything.
                    assert!(0 < head.length && head.length <= bytes.len());
                }
                Ok(None) => assert!(bytes.len() < MAX_HEAD_BYTES),
                Err(refusal) => {
                    let status = refusal.status();
                    assert!([400, 403, 405, 413, 421, 431, 505].contains(&status), "{refusal}");
                }
            },
        );
    }
}
