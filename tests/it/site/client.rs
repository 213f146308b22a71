//! An HTTP client that sends arbitrary bytes.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpStream},
};

use crate::host::PATIENCE;

/// An answer, read according to its length.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Returns the value of a header field.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

pub(super) struct Client {
    stream: TcpStream,
}

impl Client {
    pub(super) fn new(port: u16) -> Self {
        Self::connect_to(&format!("127.0.0.1:{port}")).unwrap()
    }

    pub(super) fn connect_to(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream })
    }

    /// Sends bytes unchanged. If the server has already closed, the answer says why.
    pub(super) fn send(&mut self, text: &str) -> &mut Self {
        self.send_bytes(text.as_bytes())
    }

    pub(super) fn send_bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let _ = self.stream.write_all(bytes);
        self
    }

    /// Reads one answer with its body.
    pub(super) fn answer(&mut self) -> Answer {
        self.try_answer(true).unwrap()
    }

    /// Reads one answer to HEAD.
    pub(super) fn answer_without_body(&mut self) -> Answer {
        self.try_answer(false).unwrap()
    }

    pub(super) fn try_answer(&mut self, with_body: bool) -> io::Result<Answer> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let mut answer = Answer {
            status: 0,
            head: String::from_utf8(head).unwrap(),
            body: String::new(),
        };
        answer.status = answer.head.split(' ').nth(1).unwrap().parse().unwrap();
        let length: u64 = answer.header("Content-Length").unwrap().parse().unwrap();
        if with_body {
            let read = (&mut self.stream)
                .take(length)
                .read_to_string(&mut answer.body)?;
            assert_eq!(read as u64, length);
        }
        Ok(answer)
    }

    /// Reads until the server closes. After a reset, lost bytes are missing.
    pub(super) fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = self.stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits for the first byte of an answer without consuming it.
    pub(super) fn peek(&mut self) -> io::Result<usize> {
        self.stream.peek(&mut [0])
    }

    /// Sends the text repeatedly until the other end accepts no more.
    pub(super) fn send_what_fits(&mut self, text: &str) {
        self.stream.set_nonblocking(true).unwrap();
        while self.stream.write(text.as_bytes()).is_ok() {}
        self.stream.set_nonblocking(false).unwrap();
    }

    /// Makes closing the connection a reset, regardless of unread input.
    pub(super) fn reset_when_dropped(&self) {
        let zero = Some(std::time::Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(&self.stream, zero).unwrap();
    }

    pub(super) fn stop_sending(&mut self) -> &mut Self {
        let _ = self.stream.shutdown(Shutdown::Write);
        self
    }
}

/// Requests one page.
pub(crate) fn get(port: u16, target: &str) -> Answer {
    try_get(port, target).unwrap()
}

/// Requests one page of a site that may not be there.
pub(super) fn try_get(port: u16, target: &str) -> io::Result<Answer> {
    let mut client = Client::connect_to(&format!("127.0.0.1:{port}"))?;
    client.send(&format!(
        "GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"
    ));
    client.try_answer(true)
}

/// Requests one page as a program does, at the site's own origin or at any other of its names.
pub(super) fn get_at(origin: &str, target: &str) -> Answer {
    ask_at(origin, target, "")
}

/// Requests one page at this origin with additional header lines.
pub(super) fn ask_at(origin: &str, target: &str, lines: &str) -> Answer {
    let host = origin.strip_prefix("http://").unwrap();
    let (_, port) = host.rsplit_once(':').unwrap();
    let lines = lines.replace('\n', "\r\n");
    Client::new(port.parse().unwrap())
        .send(&format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n"
        ))
        .answer()
}
