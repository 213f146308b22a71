//! The site's port: taking it on both loopback addresses, and telling who has
//! it where that fails.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// How long the holder of the port has to say who it is.
const PROBE_DEADLINE: Duration = Duration::from_millis(500);
/// How often another port is tried where the system may choose (port 0).
const CHOICES: usize = 16;
/// What the site calls itself in its `Server` header: by it another host
/// process knows who holds the port.
pub(super) const SERVER_NAME: &str = "url-notes";

/// Both loopback sockets of the site.
#[derive(Debug)]
pub(super) struct Listeners {
    /// The one port of both.
    pub port: u16,
    /// IPv4 first; IPv6 is absent where the machine has none.
    pub sockets: Vec<TcpListener>,
}

/// Why the port couldn't be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum BindError {
    /// Somebody listens at this address.
    #[error("{0} is in use")]
    Taken(SocketAddr),
    /// The system refuses for another reason.
    #[error(transparent)]
    Io(io::Error),
}

/// Who holds the port instead of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// Another process of this program and this user: all is well.
    Sibling,
    /// This program, run by another user.
    OtherUser,
    /// Some other program.
    Stranger,
    /// The connection was refused or cut off: the holder is just ending, or it
    /// has the port without ever answering.
    Nobody,
}

/// Takes `port` (0: one that the system chooses) on 127.0.0.1 and ::1, or on
/// neither: whoever has the other one would get half of the visits to
/// `localhost`.
pub(super) fn bind(port: u16) -> Result<Listeners, BindError> {
    let mut outcome = bind_both(port);
    for _ in 1..CHOICES {
        match outcome {
            Err(BindError::Taken(_)) if port == 0 => outcome = bind_both(port),
            _ => break,
        }
    }
    outcome
}

fn bind_both(port: u16) -> Result<Listeners, BindError> {
    let bind = |address: SocketAddr| {
        TcpListener::bind(address).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => BindError::Taken(address),
            _ => BindError::Io(error),
        })
    };
    let v4 = bind((Ipv4Addr::LOCALHOST, port).into())?;
    let port = v4.local_addr().map_err(BindError::Io)?.port();
    let mut sockets = vec![v4];
    match bind((Ipv6Addr::LOCALHOST, port).into()) {
        Ok(v6) => sockets.push(v6),
        Err(BindError::Io(error)) if has_no_ipv6(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(Listeners { port, sockets })
}

fn has_no_ipv6(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

/// Asks whoever listens at `address` for its name.
pub(super) fn holder(address: SocketAddr) -> Holder {
    probe(address).unwrap_or_else(|error| {
        log::debug!("the holder of the site's port doesn't say who it is: {error}");
        match error.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Holder::Nobody,
            _ => Holder::Stranger,
        }
    })
}

fn probe(address: SocketAddr) -> io::Result<Holder> {
    let end = Instant::now() + PROBE_DEADLINE;
    let left = || {
        let left = end.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left).ok_or(ErrorKind::TimedOut)
    };
    let mut stream = TcpStream::connect_timeout(&address, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    write!(
        stream,
        "HEAD /robots.txt HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
        address.port()
    )?;
    let mut answer = Vec::new();
    let mut piece = [0; 1024];
    loop {
        stream.set_read_timeout(Some(left()?))?;
        let read = stream.read(&mut piece)?;
        answer.extend_from_slice(&piece[..read]);
        if let Some(holder) = introduced(&answer) {
            return Ok(holder);
        }
        if read == 0 && answer.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if read == 0 || answer.len() > 16 * piece.len() {
            return Ok(Holder::Stranger);
        }
    }
}

/// Who speaks in this answer; none as long as its head isn't complete.
fn introduced(answer: &[u8]) -> Option<Holder> {
    let mut lines = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut lines);
    match response.parse(answer) {
        Ok(httparse::Status::Partial) => None,
        Ok(httparse::Status::Complete(_)) => {
            let ours = response.headers.iter().any(|line| {
                line.name.eq_ignore_ascii_case("server") && line.value == SERVER_NAME.as_bytes()
            });
            Some(match response.code {
                Some(403) if ours => Holder::OtherUser,
                _ if ours => Holder::Sibling,
                _ => Holder::Stranger,
            })
        }
        Err(_) => Some(Holder::Stranger),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_one_port_on_both_addresses() {
        let listeners = bind(0).unwrap();
        for socket in &listeners.sockets {
            let address = socket.local_addr().unwrap();
            assert_eq!(address.port(), listeners.port);
            assert!(address.ip().is_loopback());
        }
        let Err(BindError::Taken(address)) = bind(listeners.port) else {
            panic!("one port can't be taken twice");
        };
        assert_eq!(address, listeners.sockets[0].local_addr().unwrap());
    }

    #[test]
    fn takes_neither_address_where_the_other_is_squatted() {
        let Listeners { port, mut sockets } = bind(0).unwrap();
        // Without IPv6 there is but one address, and nothing to be half of.
        while let Some(squatter) = sockets.pop() {
            sockets.clear();
            let Err(BindError::Taken(taken)) = bind(port) else {
                panic!("port {port} is squatted");
            };
            assert_eq!(taken, squatter.local_addr().unwrap());
            if taken.is_ipv6() {
                let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
                sockets.push(v4.expect("127.0.0.1 was let go again"));
            }
        }
    }

    #[test]
    fn tells_siblings_from_strangers() {
        for (answer, holder) in [
            (
                "HTTP/1.1 200 OK\r\nServer: url-notes\r\n\r\n",
                Some(Holder::Sibling),
            ),
            (
                "HTTP/1.1 503 Busy\r\nserver: url-notes\r\n\r\n",
                Some(Holder::Sibling),
            ),
            (
                "HTTP/1.1 403 No\r\nServer: url-notes\r\n\r\n",
                Some(Holder::OtherUser),
            ),
            (
                "HTTP/1.1 200 OK\r\nServer: url-notes-not\r\n\r\n",
                Some(Holder::Stranger),
            ),
            ("HTTP/1.1 200 OK\r\n\r\n", Some(Holder::Stranger)),
            ("SSH-2.0-OpenSSH\r\n", Some(Holder::Stranger)),
            ("HTTP/1.1 200 OK\r\nServer: url-notes", None),
            ("", None),
        ] {
            assert_eq!(introduced(answer.as_bytes()), holder, "{answer:?}");
        }
    }

    #[test]
    fn a_silent_holder_is_a_stranger() {
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert_eq!(holder(silent.local_addr().unwrap()), Holder::Stranger);
    }

    #[test]
    fn a_holder_that_ends_is_nobody() {
        let ending = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = ending.local_addr().unwrap();
        let hangs_up = std::thread::spawn(move || drop(ending.accept().unwrap()));
        assert_eq!(holder(address), Holder::Nobody);
        hangs_up.join().unwrap();
        assert_eq!(holder(address), Holder::Nobody);
    }
}
