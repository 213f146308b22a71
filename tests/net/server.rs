//! Servers for tests of url-notes-net.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// A server on this computer that answers each connection by a function, which gets the head of the
/// request. It ends when it is dropped.
pub(crate) struct TestServer {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    /// Starts one at 127.0.0.1.
    pub(crate) fn start(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::start_at([127, 0, 0, 1].into(), answer)
    }

    pub(crate) fn start_at(
        address: IpAddr,
        answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let ends = Arc::new(AtomicBool::new(false));
        let (answer, kept, ended) = (Arc::new(answer), heads.clone(), ends.clone());
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Acquire) {
                    return;
                }
                let (answer, kept) = (answer.clone(), kept.clone());
                // Not joined: a connection may last as long as its test.
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let head = head(&stream);
                    kept.lock().unwrap().push(head.clone());
                    answer(&head, &mut stream);
                });
            }
        });
        Self {
            address,
            heads,
            ends,
            thread: Some(thread),
        }
    }

    /// Starts one that answers all requests with the same text.
    pub(crate) fn always(response: impl Into<String>) -> Self {
        let response = response.into();
        Self::start(move |head, stream| {
            // What is left unread when a connection is closed breaks it off.
            let _ = body(head, stream);
            let _ = stream.write_all(response.as_bytes());
        })
    }

    /// Returns the address of a path.
    pub(crate) fn url(&self, path: &str) -> url::Url {
        let text = format!("http://{}{path}", self.address);
        text.parse().unwrap()
    }

    /// Returns the heads of all requests.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads a request up to its empty line. Bytes that aren't UTF-8, as those of TLS, end it.
fn head(stream: &TcpStream) -> String {
    let mut head = String::new();
    // Reads no further than the empty line, so that a test can read the body.
    let mut reader = BufReader::with_capacity(1, stream.take(64 * 1024));
    loop {
        let before = head.len();
        match reader.read_line(&mut head) {
            Ok(1..) if head[before..].trim().is_empty() => return head,
            Ok(1..) => {}
            _ => return head,
        }
    }
}

/// Reads the body of a request; empty without `Content-Length`.
pub(crate) fn body(head: &str, stream: &mut TcpStream) -> Vec<u8> {
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        value.trim().parse().ok().filter(|_| is_length)
    });
    let mut body = vec![0; length.unwrap_or(0)];
    match stream.read_exact(&mut body) {
        Ok(()) => body,
        Err(_) => Vec::new(),
    }
}

/// Returns a response with a body.
pub(crate) fn response(status: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// Returns a redirect.
pub(crate) fn redirect(status: &str, to: &str) -> String {
    response(status, &format!("Location: {to}\r\n"), "")
}
