//! Accepts connections, reads heads and writes answers.
//!
//! Owns the sockets and every limit on the cost of a client. The only module that uses `tiny_http`,
//! whose types write the answers. tiny_http's own server isn't used: it has no limit on heads,
//! threads or waiting times, and a request body can end the process. Requests are validated in
//! `request.rs` and answered in `controller.rs`.

use std::{
    convert::Infallible,
    io::{self, ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tiny_http::{HTTPVersion, Header, Response, StatusCode};

use super::{
    fetch_metadata::{OriginKind, Reply},
    identity::{self, Identity},
};
use crate::{
    platform::{self, Visitor},
    site::{
        auth::{self, AccessControl, Admission},
        listener::{CHALLENGE, Listeners, SERVER_NAME},
        refusal::Refusal,
        request::{self, Head},
        response::Answer,
    },
};

/// Headers of every answer.
const STRICT_HEADERS: [(&str, &str); 9] = [
    ("Server", SERVER_NAME),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Origin-Agent-Cluster", "?1"),
    (
        "Permissions-Policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Cache-Control of answers: either not cached at all, or cached by the user's own browser and
/// revalidated each time. Other requests for the same address get different answers, so they must
/// not get a cached one.
const NOT_KEPT: [(&str, &str); 1] = [("Cache-Control", "no-store")];
const KEPT: [(&str, &str); 2] = [
    ("Cache-Control", "private, no-cache"),
    ("Vary", "Sec-Fetch-Site, Sec-Fetch-Dest"),
];

/// Cache-Control of images whose address changes with them. They are never revalidated, because each
/// page shows many.
const IMMUTABLE: [(&str, &str); 2] = [
    ("Cache-Control", "private, max-age=31536000, immutable"),
    ("Vary", "Sec-Fetch-Site, Sec-Fetch-Dest"),
];

/// A script that ends a foreign service worker and reloads the pages that it controls.
const WORKER_END: &str = "\
self.addEventListener(\"install\", () => self.skipWaiting());
self.addEventListener(\"activate\", (event) => event.waitUntil((async () => {
	await self.registration.unregister();
	for (const page of await self.clients.matchAll({ type: \"window\" })) {
		page.navigate(page.url).catch(() => {});
	}
})()));
";

/// Limits on the cost of clients.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Concurrent connections. Further ones get 503.
    pub connections: usize,
    /// Time for a complete head, counted from its first byte (on a new connection, from its start).
    pub head: Duration,
    /// Time between two requests on one connection.
    pub idle: Duration,
    /// Time for the client to read a complete answer.
    pub answer: Duration,
    /// Time for the client to close after the last answer.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            head: Duration::from_secs(5),
            idle: Duration::from_secs(15),
            answer: Duration::from_secs(10),
            farewell: Duration::from_secs(1),
        }
    }
}

/// Pause of the accept loop after the system has run out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `pages` to visitors that `access` admits, as long as the process lives.
///
/// # Errors
/// If the system refuses to create the few threads that are needed.
pub(super) fn run(
    listeners: Listeners,
    limits: Limits,
    access: AccessControl,
    pages: impl Fn(&Head, &Identity) -> Answer + Send + Sync + 'static,
) -> io::Result<Infallible> {
    let server = Arc::new(Server {
        port: listeners.port,
        limits,
        access,
        headers: STRICT_HEADERS
            .map(|(name, value)| header(name, value))
            .to_vec(),
        pages: Box::new(pages),
        open: AtomicUsize::new(0),
    });
    let (surplus, turned_away) = sync_channel(limits.connections);
    spawn("site-full", {
        let server = Arc::clone(&server);
        move || server.turn_away(&turned_away)
    })?;
    let mut sockets = listeners.sockets.into_iter();
    let first = sockets.next().ok_or(ErrorKind::InvalidInput)?;
    for socket in sockets {
        let (server, surplus) = (Arc::clone(&server), surplus.clone());
        spawn("site-accept", move || server.accept(&socket, &surplus))?;
    }
    server.accept(&first, &surplus)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .map(drop)
}

/// Makes the answer to a request, for the identity at this moment.
type Pages = dyn Fn(&Head, &Identity) -> Answer + Send + Sync;

struct Server {
    port: u16,
    limits: Limits,
    access: AccessControl,
    headers: Vec<Header>,
    pages: Box<Pages>,
    open: AtomicUsize,
}

/// A permit for one connection, returned when dropped.
struct ConnectionPermit(Arc<Server>);

impl ConnectionPermit {
    fn take(server: &Arc<Server>) -> Option<Self> {
        let seats = server.limits.connections;
        server
            .open
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
                (open < seats).then_some(open + 1)
            })
            .ok()
            .map(|_| Self(Arc::clone(server)))
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Server {
    fn accept(self: &Arc<Self>, socket: &TcpListener, surplus: &SyncSender<TcpStream>) -> ! {
        let mut faltering = false;
        loop {
            match socket.accept() {
                Ok((stream, _)) => {
                    faltering = false;
                    self.seat(stream, surplus);
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                // Out of file descriptors or memory. That is temporary, and retrying at once would
                // waste CPU time.
                Err(error) => {
                    if !std::mem::replace(&mut faltering, true) {
                        log::warn!("the site can't accept connections at the moment: {error}");
                    }
                    thread::sleep(ACCEPT_PAUSE);
                }
            }
        }
    }

    fn seat(self: &Arc<Self>, stream: TcpStream, surplus: &SyncSender<TcpStream>) {
        let Some(seat) = ConnectionPermit::take(self) else {
            // If this queue is full as well, dropping the stream closes the connection.
            let _ = surplus.try_send(stream);
            return;
        };
        let spawned = spawn("site-visit", move || {
            if let Err(error) = seat.0.serve_connection(&stream) {
                log::debug!("a connection to the site was interrupted: {error}");
            }
        });
        if let Err(error) = spawned {
            log::warn!("the site has no thread for a connection: {error}");
        }
    }

    /// Answers connections beyond the limit, one after the other, without delaying the accept loop.
    fn turn_away(&self, surplus: &Receiver<TcpStream>) {
        for stream in surplus {
            let limits = Limits {
                answer: Duration::from_millis(100),
                farewell: Duration::from_millis(100),
                ..self.limits
            };
            // A client that has disconnected needs no answer.
            let _ = self.refuse(&stream, Refusal::Busy, limits, false);
        }
    }

    /// Answers the requests on one connection until either side closes it.
    fn serve_connection(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let visitor = platform::visitor(stream);
        if visitor == Visitor::Other {
            return self.refuse(stream, Refusal::OtherUser, self.limits, false);
        }
        let mut inbox = Inbox::new(self.limits.head);
        loop {
            let read = |bytes: &[u8]| {
                let own_host = self.access.identity().host();
                request::read(bytes, self.port, &own_host)
            };
            let head = match inbox.next(stream, read, self.limits)? {
                Next::Head(head) => head,
                Next::Refused(refusal) => {
                    if refusal == Refusal::Leftover {
                        self.abandon_origin();
                    }
                    let without_body = inbox.asks_for_a_head();
                    return self.refuse(stream, refusal, self.limits, without_body);
                }
                Next::End => return Ok(()),
            };
            log::debug!("{head}");
            let bytes = match self.answer(stream, &head, visitor) {
                Ok(bytes) => bytes,
                Err(refusal) => {
                    return self.refuse(stream, refusal, self.limits, head.without_body);
                }
            };
            send(stream, &bytes, self.limits.answer)?;
            if !head.keep_alive {
                return linger_close(stream, self.limits.farewell);
            }
        }
    }

    /// Returns the answer to a request, ready to be sent.
    fn answer(
        &self,
        stream: &TcpStream,
        head: &Head,
        visitor: Visitor,
    ) -> Result<Vec<u8>, Refusal> {
        let written = |answer: &Answer, further: &[Header]| {
            self.written(answer, further, head).map_err(|error| {
                log::error!("an answer of the site can't be written: {error}");
                Refusal::Busy
            })
        };
        match head.reply {
            Reply::WorkerEnd => {
                if head.place == OriginKind::Origin {
                    self.abandon_origin();
                }
                let script = Answer::data(200, "text/javascript; charset=utf-8", WORKER_END);
                let anywhere = header("Service-Worker-Allowed", "/");
                return written(&script, &[anywhere]);
            }
            // Without knowing the user, a redirect could reveal the origin to another user.
            Reply::Redirect if visitor != Visitor::Ours => return Err(Refusal::Locked),
            Reply::Redirect => {
                let origin = self.access.identity().origin(self.port);
                return written(&Answer::redirect(&origin, &head.target), &[]);
            }
            Reply::Content => {}
        }
        if let Some(nonce) = challenge(head) {
            let address = stream.local_addr().map_err(|_| Refusal::Busy)?;
            let proof = self.access.identity().proof(nonce, address);
            return written(&Answer::data(200, "text/plain; charset=utf-8", proof), &[]);
        }
        match self.access.admit(head, visitor, self.port) {
            Ok(Admission::In) => written(&self.page(head), &[]),
            Ok(Admission::Entered { to, cookie }) => {
                let cookie = cookie.map(|cookie| header("Set-Cookie", &cookie));
                written(&Answer::page(200, auth::onward(&to)), cookie.as_slice())
            }
            Ok(Admission::Again { to }) => written(&Answer::page(200, auth::onward(&to)), &[]),
            Ok(Admission::Locked) => Err(Refusal::Locked),
            Err(error) => {
                log::error!("the site can't check access: {error}");
                Err(Refusal::UnknownUser)
            }
        }
    }

    /// Gives up the site's origin. A service worker has shown itself there, which the site doesn't
    /// have, so another program held the port while the user visited it. From now on the notes are
    /// at another origin.
    fn abandon_origin(&self) {
        log::warn!("a service worker of another program was found at the site's origin");
        self.access.renew();
    }

    fn page(&self, head: &Head) -> Answer {
        let identity = self.access.identity();
        catch_unwind(AssertUnwindSafe(|| (self.pages)(head, &identity))).unwrap_or_else(|_| {
            log::error!("a page of the site panicked");
            let sentence =
                "This view can't be shown because of a fault in url-notes. The other views work.";
            Answer::sentence(500, sentence.into())
        })
    }

    fn refuse(
        &self,
        stream: &TcpStream,
        refusal: Refusal,
        limits: Limits,
        without_body: bool,
    ) -> io::Result<()> {
        let answer = Answer::sentence(refusal.status(), refusal.to_string());
        let allow = match refusal {
            Refusal::Method => vec![header("Allow", "GET, HEAD")],
            _ => vec![],
        };
        let asked = Head {
            without_body,
            ..Head::default()
        };
        let bytes = self.written(&answer, &allow, &asked)?;
        send(stream, &bytes, limits.answer)?;
        linger_close(stream, limits.farewell)
    }

    /// Serialises an answer.
    fn written(&self, answer: &Answer, further: &[Header], asked: &Head) -> io::Result<Vec<u8>> {
        // tiny_http's own date panics before 1970 and after the year 9999.
        let mut headers = vec![header("Date", &http_date(crate::clock::now()))];
        headers.extend_from_slice(&self.headers);
        let keeping: &[_] = match (&answer.tag, &answer.image) {
            (Some(_), Some(_)) => &IMMUTABLE,
            (Some(_), None) => &KEPT,
            (None, _) => &NOT_KEPT,
        };
        headers.extend(keeping.iter().map(|(name, value)| header(name, value)));
        if let Some(tag) = &answer.tag {
            headers.push(header("ETag", tag));
        }
        if answer.status != 304 {
            headers.push(header("Content-Type", answer.content_type));
        }
        headers.extend_from_slice(further);
        if let Some(location) = &answer.location {
            headers.push(header("Location", location));
        }
        let body = answer.bytes();
        let response = Response::new(
            StatusCode(answer.status),
            headers,
            body,
            Some(body.len()),
            None,
        )
        // The length is known, so no answer needs chunked encoding.
        .with_chunked_threshold(usize::MAX);
        let mut bytes = Vec::with_capacity(body.len() + 2048);
        response.raw_print(&mut bytes, HTTPVersion(1, 1), &[], asked.without_body, None)?;
        if answer.status == 304 {
            // tiny_http says that a page which isn't sent has a length of zero. The header may only
            // have the page's real length (RFC 9110, 8.6), so remove it.
            const NONE: &[u8] = b"Content-Length: 0\r\n\r\n";
            if bytes.ends_with(NONE) {
                bytes.truncate(bytes.len() - NONE.len());
                bytes.extend_from_slice(b"\r\n");
            }
        }
        if !asked.keep_alive {
            // A Response refuses to carry this header.
            let status_line = bytes
                .iter()
                .position(|byte| *byte == b'\n')
                .unwrap_or_default();
            let place = status_line + 1;
            bytes.splice(place..place, *b"Connection: close\r\n");
        }
        Ok(bytes)
    }
}

/// Returns the nonce if another process of this program asks who holds the port.
fn challenge(head: &Head) -> Option<&str> {
    let nonce = head.target.strip_prefix(CHALLENGE)?;
    (head.place == OriginKind::Common && identity::is_nonce(nonce)).then_some(nonce)
}

/// Formats a time for HTTP (RFC 9110, 5.6.7), 1970 at the earliest.
fn http_date(moment: Timestamp) -> String {
    let moment = moment.max(Timestamp::UNIX_EPOCH);
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("header lines are our own and ASCII")
}

/// Received bytes of a connection that aren't processed yet.
struct Inbox {
    bytes: Vec<u8>,
    /// The deadline for the connection's first head.
    opening_ends: Option<Instant>,
}

enum Next {
    Head(Head),
    Refused(Refusal),
    /// The client has closed the connection or was idle for too long.
    End,
}

impl Inbox {
    fn new(opening: Duration) -> Self {
        Self {
            bytes: Vec::new(),
            opening_ends: Some(Instant::now() + opening),
        }
    }

    /// Returns whether the buffered request, complete or not, is a HEAD. Its refusal then has no
    /// body.
    fn asks_for_a_head(&self) -> bool {
        self.bytes.starts_with(b"HEAD ")
    }

    /// Takes the next head from the buffer.
    fn next(
        &mut self,
        mut stream: &TcpStream,
        read: impl Fn(&[u8]) -> Result<Option<Head>, Refusal>,
        limits: Limits,
    ) -> io::Result<Next> {
        let opening_ends = self.opening_ends.take();
        let patience = if self.bytes.is_empty() {
            limits.idle
        } else {
            limits.head
        };
        let mut end = opening_ends.unwrap_or_else(|| Instant::now() + patience);
        let mut piece = [0; 4096];
        loop {
            match read(&self.bytes) {
                Ok(Some(head)) => {
                    self.bytes.drain(..head.length);
                    return Ok(Next::Head(head));
                }
                Ok(None) => {}
                Err(refusal) => return Ok(Next::Refused(refusal)),
            }
            let Some(left) = time_until(end) else {
                let silent = self.bytes.is_empty();
                return Ok(if silent {
                    Next::End
                } else {
                    Next::Refused(Refusal::Slow)
                });
            };
            stream.set_read_timeout(Some(left))?;
            match stream.read(&mut piece) {
                Ok(0) => return Ok(Next::End),
                Ok(read) => {
                    if self.bytes.is_empty() && opening_ends.is_none() {
                        end = Instant::now() + limits.head;
                    }
                    self.bytes.extend_from_slice(&piece[..read]);
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Writes all of `bytes` within `time`, however slowly the client reads.
fn send(mut stream: &TcpStream, mut bytes: &[u8], time: Duration) -> io::Result<()> {
    let end = Instant::now() + time;
    while !bytes.is_empty() {
        let left = time_until(end).ok_or(ErrorKind::TimedOut)?;
        stream.set_write_timeout(Some(left))?;
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Closes the connection so that the client still gets the last answer: closing with unread input
/// would reset the connection and discard the answer (RFC 9112, 9.6). Input is read and dropped, up
/// to a limit.
fn linger_close(mut stream: &TcpStream, time: Duration) -> io::Result<()> {
    let end = Instant::now() + time;
    stream.shutdown(Shutdown::Write)?;
    let mut dropped = [0; 4096];
    for _ in 0..64 {
        let Some(left) = time_until(end) else { break };
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut dropped) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Returns the time until `end`, or `None` if it has passed. A timeout of zero would mean forever.
fn time_until(end: Instant) -> Option<Duration> {
    Some(end.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
}

/// Returns whether a retry makes sense.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut
    )
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::site::{listener, response::Answer};

    const GET: &str = "GET / HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n";

    fn pages(head: &Head, _: &Identity) -> Answer {
        match head.target.as_str() {
            "/same" if head.if_none_match.is_some() => Answer::unchanged("\"1\"".into()),
            "/same" => Answer {
                tag: Some("\"1\"".into()),
                ..Answer::page(200, "kept".into())
            },
            "/panic" => panic!("a page that panics"),
            "/long" => Answer::page(200, "x".repeat(8 << 20)),
            "/moved" => Answer::moved("/".into()),
            target => Answer::page(200, format!("<p>{}", &target[1..])),
        }
    }

    fn start(limits: Limits) -> u16 {
        let listeners = listener::bind(0).unwrap();
        let port = listeners.port;
        let folder = tempfile::tempdir().unwrap();
        let access = AccessControl::of(&folder.path().join("notes.db"), false);
        thread::spawn(move || {
            let _folder = folder;
            run(listeners, limits, access, pages)
        });
        port
    }

    struct Client {
        stream: TcpStream,
        port: u16,
    }

    impl Client {
        fn new(port: u16) -> Self {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            Self { stream, port }
        }

        fn send(&mut self, text: &str) -> &mut Self {
            let text = text.replace("PORT", &self.port.to_string());
            self.stream.write_all(text.as_bytes()).unwrap();
            self
        }

        /// Reads to the end of the connection.
        fn rest(&mut self) -> String {
            let mut text = String::new();
            self.stream.read_to_string(&mut text).unwrap();
            text
        }

        fn head(&mut self) -> String {
            let mut text = Vec::new();
            let mut byte = [0];
            while !text.ends_with(b"\r\n\r\n") {
                self.stream.read_exact(&mut byte).unwrap();
                text.push(byte[0]);
            }
            String::from_utf8(text).unwrap()
        }

        /// Reads head and body of one answer.
        fn answer(&mut self) -> String {
            let mut text = self.head();
            let (_, length) = text.split_once("Content-Length: ").unwrap();
            let length: u64 = length.lines().next().unwrap().parse().unwrap();
            (&mut self.stream)
                .take(length)
                .read_to_string(&mut text)
                .unwrap();
            text
        }
    }

    #[test]
    fn an_answer_has_a_date_whatever_the_clock_says() {
        for (moment, date) in [
            ("2026-11-09T08:07:06.5Z", "Mon, 09 Nov 2026 08:07:06 GMT"),
            ("1969-12-31T23:59:59Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("-009999-01-02T01:59:59Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("9999-12-30T22:00:00Z", "Thu, 30 Dec 9999 22:00:00 GMT"),
        ] {
            assert_eq!(http_date(moment.parse().unwrap()), date);
        }
    }

    #[test]
    fn answers_with_strict_headers_in_one_piece() {
        let mut client = Client::new(start(Limits::default()));
        let answer = client.send(GET).answer();
        let date = answer
            .lines()
            .find(|line| line.starts_with("Date: "))
            .unwrap()
            .to_owned();
        expect_test::expect![[r#"
            HTTP/1.1 200 OK
            Date: …
            Server: url-notes
            Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
            X-Content-Type-Options: nosniff
            X-Frame-Options: DENY
            Referrer-Policy: no-referrer
            Cross-Origin-Opener-Policy: same-origin
            Cross-Origin-Resource-Policy: same-origin
            Origin-Agent-Cluster: ?1
            Permissions-Policy: camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()
            Cache-Control: no-store
            Content-Type: text/html; charset=utf-8
            Content-Length: 3

            <p>"#]]
        .assert_eq(&answer.replace(&date, "Date: …").replace('\r', ""));
    }

    #[test]
    fn a_page_in_the_clients_cache_is_not_sent_again() {
        let mut client = Client::new(start(Limits::default()));
        let get = GET.replace(" / ", " /same ");
        let whole = client.send(&get).answer();
        assert!(whole.starts_with("HTTP/1.1 200 "), "{whole}");
        let condition = "\r\nIf-None-Match: \"1\"\r\n\r\n";
        client.send(&get.replace("\r\n\r\n", condition));
        let same = client.head();
        assert!(same.starts_with("HTTP/1.1 304 Not Modified\r\n"), "{same}");
        for answer in [&whole, &same] {
            for line in [
                "ETag: \"1\"",
                "Cache-Control: private, no-cache",
                "Vary: Sec-Fetch-Site, Sec-Fetch-Dest",
                "Content-Security-Policy: default-src 'none'; ",
            ] {
                assert!(answer.contains(line), "{answer}");
            }
        }
        assert!(
            !same.contains("Content-Length") && !same.contains("Content-Type:"),
            "{same}"
        );
        // Only the head was sent.
        assert!(client.send(GET).answer().starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn answers_pipelined_requests_in_their_order() {
        let mut client = Client::new(start(Limits::default()));
        let get = |target: &str| GET.replace(" / ", &format!(" {target} "));
        client.send(&[get("/a"), get("/b"), get("/panic"), get("/c")].concat());
        assert!(client.answer().ends_with("\r\n\r\n<p>a"));
        assert!(client.answer().ends_with("\r\n\r\n<p>b"));
        assert!(
            client.answer().starts_with("HTTP/1.1 500 "),
            "a panic is one answer's end only"
        );
        assert!(client.answer().ends_with("\r\n\r\n<p>c"));
    }

    #[test]
    fn takes_a_request_byte_by_byte() {
        let mut client = Client::new(start(Limits::default()));
        let port = client.port.to_string();
        for byte in GET.replace("PORT", &port).bytes() {
            client.stream.write_all(&[byte]).unwrap();
        }
        assert!(client.answer().starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn head_has_everything_but_the_body() {
        let mut client = Client::new(start(Limits::default()));
        let answer = client
            .send("HEAD /abc HTTP/1.1\r\nHost: localhost:PORT\r\nConnection: close\r\n\r\n")
            .rest();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\nConnection: close\r\n"));
        assert!(answer.contains("\r\nContent-Length: 6\r\n"));
        assert!(answer.ends_with("\r\n\r\n"));
    }

    #[test]
    fn a_refused_head_has_no_body_either() {
        let port = start(Limits::default());
        for (lines, status) in [
            ("Host: evil.example", "421"),
            ("Host: localhost:PORT\r\nSec-Fetch-Site: same-site", "403"),
            ("Host: localhost:PORT\r\nContent-Length: 5", "413"),
        ] {
            let mut client = Client::new(port);
            let answer = client
                .send(&format!("HEAD /abc HTTP/1.1\r\n{lines}\r\n\r\n"))
                .rest();
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
            assert!(answer.contains("\r\nContent-Length: "), "{answer}");
            assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        }
    }

    #[test]
    fn moved_pages_are_answered_with_308() {
        let mut client = Client::new(start(Limits::default()));
        let answer = client.send(&GET.replace(" / ", " /moved ")).answer();
        assert!(answer.starts_with("HTTP/1.1 308 "));
        assert!(answer.contains("\r\nLocation: /\r\n"));
    }

    #[test]
    fn a_refusal_is_the_last_answer() {
        let port = start(Limits::default());
        let body = "x".repeat(100_000);
        let mut client = Client::new(port);
        let post = "POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 100000\r\n\r\n";
        let answer = client.send(&(post.to_owned() + &body + GET)).rest();
        assert!(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n"));
        assert!(answer.contains("\r\nAllow: GET, HEAD\r\n"));
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1);
        assert!(
            answer.ends_with("\r\n\r\nThis site is read-only: it answers only GET and HEAD.\n")
        );
    }

    #[test]
    fn waits_for_a_head_only_so_long() {
        let short = Duration::from_millis(200);
        let port = start(Limits {
            head: short,
            idle: short,
            ..Limits::default()
        });
        let mut slow = Client::new(port);
        assert!(
            slow.send("GET / HTTP/1.1\r\n")
                .rest()
                .starts_with("HTTP/1.1 408 ")
        );
        assert_eq!(
            Client::new(port).rest(),
            "",
            "a silent client gets no response"
        );
        let mut idle = Client::new(port);
        assert!(idle.send(GET).answer().starts_with("HTTP/1.1 200 "));
        assert_eq!(idle.rest(), "");
        let mut slow_second = Client::new(port);
        slow_second.send(GET).answer();
        assert!(
            slow_second
                .send("GET /")
                .rest()
                .starts_with("HTTP/1.1 408 ")
        );
    }

    #[test]
    fn waits_for_a_reader_only_so_long() {
        let limits = Limits {
            connections: 1,
            answer: Duration::from_millis(200),
            ..Limits::default()
        };
        let port = start(limits);
        let mut lazy = Client::new(port);
        lazy.send(&GET.replace(" / ", " /long "));
        // Its permit is returned although it never reads.
        while !Client::new(port)
            .send(GET)
            .rest_or_nothing()
            .starts_with("HTTP/1.1 200 ")
        {}
        drop(lazy);
    }

    impl Client {
        /// Like [`Self::rest`], but the connection may be reset at any time.
        fn rest_or_nothing(&mut self) -> String {
            let _ = self.stream.shutdown(Shutdown::Write);
            let mut bytes = Vec::new();
            let _ = self.stream.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        }
    }

    #[test]
    fn one_connection_over_the_limit_is_refused_and_a_free_one_is_reused() {
        let port = start(Limits {
            connections: 2,
            ..Limits::default()
        });
        let mut seated = [Client::new(port), Client::new(port)];
        for client in &mut seated {
            assert!(client.send(GET).answer().starts_with("HTTP/1.1 200 "));
        }
        let answer = Client::new(port).rest();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("\r\nServer: url-notes\r\n"));
        assert!(seated[0].send(GET).answer().starts_with("HTTP/1.1 200 "));
        drop(seated);
        while !Client::new(port)
            .send(GET)
            .rest_or_nothing()
            .starts_with("HTTP/1.1 200 ")
        {}
    }
}
