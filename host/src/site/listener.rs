//! Binds the site's port on both loopback addresses, or finds out who holds it.
//!
//! Another process of the same notes is recognised by two facts: the kernel reports our user as the
//! owner of its socket (on systems with such tables), and it answers a challenge with a proof that
//! requires the secret beside the notes (`identity.rs`). Its `Server` header proves nothing.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use crate::{
    platform,
    site::identity::{self, Identity},
};

/// How long the holder of the port may take to answer the challenge. A busy computer needs some of
/// it.
const PROBE_DEADLINE: Duration = Duration::from_millis(1500);
/// Most attempts to find a free port if the system chooses (port 0).
const CHOICES: usize = 16;
/// Longest answer to a challenge that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// Path and query of the challenge; the nonce follows.
pub(super) const CHALLENGE: &str = "/.well-known/url-notes?nonce=";
/// The site's `Server` header. Any program can send the same.
pub(super) const SERVER_NAME: &str = "url-notes";

/// The site's listening sockets on both loopback addresses.
#[derive(Debug)]
pub(super) struct Listeners {
    /// The port of both.
    pub port: u16,
    /// IPv4 first. IPv6 is missing if the computer doesn't support it.
    pub sockets: Vec<TcpListener>,
}

/// Why the port couldn't be bound.
#[derive(Debug, thiserror::Error)]
pub(super) enum BindError {
    /// Another socket listens at this address.
    #[error("{0} is in use")]
    Taken(SocketAddr),
    /// The system refuses for another reason.
    #[error(transparent)]
    Io(io::Error),
}

/// Who holds the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// Another process of the same notes, by its proof.
    Sibling,
    /// A program of another user, by the kernel's tables.
    OtherUser,
    /// A program with our `Server` header but no proof: other notes, another version, or a fake.
    Unproven,
    /// A program with our `Server` header that doesn't know the challenge: a version before there
    /// was one, or a fake.
    Unchallenged,
    /// Another program that answered.
    Stranger,
    /// A program that doesn't answer.
    Silent,
    /// The connection was refused or reset: the holder is just exiting, or holds the port without
    /// ever answering.
    Nobody,
}

impl Holder {
    /// Returns whether this is certainly not a process of these notes. Browsers may then have
    /// visited it under the site's own origin.
    pub(super) fn is_foreign(self) -> bool {
        matches!(
            self,
            Self::OtherUser | Self::Unproven | Self::Unchallenged | Self::Stranger
        )
    }
}

/// Binds `port` (0: chosen by the system) on both 127.0.0.1 and ::1, or on neither, because the
/// holder of the other address would get half of the visits to `localhost`.
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
    error.kind() == ErrorKind::AddrNotAvailable || platform::lacks_address_family(error)
}

/// Finds out who listens at `address`. `identity` is that of our notes; without it, nothing can be
/// proved.
pub(super) fn holder(address: SocketAddr, identity: Option<&Identity>) -> Holder {
    if platform::is_another_users(address) {
        return Holder::OtherUser;
    }
    probe(address, identity).unwrap_or_else(|error| {
        log::debug!("the holder of the site's port can't be identified: {error}");
        match error.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Holder::Nobody,
            _ => Holder::Silent,
        }
    })
}

fn probe(address: SocketAddr, identity: Option<&Identity>) -> io::Result<Holder> {
    let end = Instant::now() + PROBE_DEADLINE;
    let left = || {
        let left = end.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left).ok_or(ErrorKind::TimedOut)
    };
    let nonce = identity::new_nonce();
    let proof = identity.map(|identity| identity.proof(&nonce, address));
    let mut stream = TcpStream::connect_timeout(&address, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    write!(
        stream,
        "GET {CHALLENGE}{nonce} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
        address.port()
    )?;
    let mut answer = Vec::new();
    let mut piece = [0; 1024];
    loop {
        stream.set_read_timeout(Some(left()?))?;
        let read = stream.read(&mut piece)?;
        answer.extend_from_slice(&piece[..read]);
        if read == 0 && answer.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let is_all = read == 0 || answer.len() > MAX_ANSWER_BYTES;
        if let Some(holder) = judge(&answer, is_all, proof.as_deref()) {
            return Ok(holder);
        }
    }
}

/// Identifies the sender of an answer to a challenge. Returns `None` if more of the answer is
/// needed. `proof` is the correct one.
fn judge(answer: &[u8], is_all: bool, proof: Option<&str>) -> Option<Holder> {
    let mut lines = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut lines);
    let head = match response.parse(answer) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) if !is_all => return None,
        _ => return Some(Holder::Stranger),
    };
    let calls_itself_ours = response.headers.iter().any(|line| {
        line.name.eq_ignore_ascii_case("server") && line.value == SERVER_NAME.as_bytes()
    });
    let body = answer.get(head..).unwrap_or_default();
    let wanted = proof.map_or(0, str::len);
    if response.code == Some(200) && body.len() < wanted && !is_all {
        return None;
    }
    let shown = body
        .get(..wanted)
        .and_then(|shown| str::from_utf8(shown).ok());
    let proven =
        matches!((shown, proof), (Some(shown), Some(proof)) if identity::is_same(shown, proof));
    Some(match response.code {
        Some(200) if proven => Holder::Sibling,
        // Nothing there, or nothing without a key: what an old version answers.
        Some(401 | 403 | 404) if calls_itself_ours => Holder::Unchallenged,
        _ if calls_itself_ours => Holder::Unproven,
        _ => Holder::Stranger,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_one_port_on_both_addresses() {
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
    fn binds_neither_address_if_the_other_is_taken() {
        let Listeners { port, mut sockets } = bind(0).unwrap();
        // Without IPv6 there is only one address.
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
    fn only_the_right_proof_identifies_a_sibling() {
        let proof = "f".repeat(64);
        let ours = "HTTP/1.1 200 OK\r\nServer: url-notes\r\n\r\n";
        let judged = |answer: &str, is_all| judge(answer.as_bytes(), is_all, Some(&proof));
        for is_all in [false, true] {
            for (answer, holder) in [
                (format!("{ours}{proof}"), Holder::Sibling),
                // The `Server` header matters as little as it proves.
                (format!("HTTP/1.1 200 OK\r\n\r\n{proof}"), Holder::Sibling),
                (
                    format!("HTTP/1.1 403 No\r\nServer: url-notes\r\n\r\n{proof}"),
                    Holder::Unchallenged,
                ),
                (format!("{ours}{}", "0".repeat(64)), Holder::Unproven),
                (
                    "HTTP/1.1 404 No\r\nServer: url-notes\r\n\r\n".to_owned(),
                    Holder::Unchallenged,
                ),
                (
                    "HTTP/1.1 404 No\r\nServer: url-notes-not\r\n\r\n".to_owned(),
                    Holder::Stranger,
                ),
                ("SSH-2.0-OpenSSH\r\n".to_owned(), Holder::Stranger),
            ] {
                assert_eq!(judged(&answer, is_all), Some(holder), "{answer:?}");
            }
        }
        for (answer, holder) in [
            (ours.to_owned(), Holder::Unproven),
            (format!("{ours}{}", &proof[1..]), Holder::Unproven),
            (
                "HTTP/1.1 200 OK\r\nServer: url-notes".to_owned(),
                Holder::Stranger,
            ),
            (String::new(), Holder::Stranger),
        ] {
            assert_eq!(judged(&answer, false), None, "{answer:?}");
            assert_eq!(judged(&answer, true), Some(holder), "{answer:?}");
        }
        // Without a secret, nothing can be proved.
        let answer = format!("{ours}{proof}");
        assert_eq!(judge(answer.as_bytes(), true, None), Some(Holder::Unproven));
        assert_eq!(judge(ours.as_bytes(), true, None), Some(Holder::Unproven));
    }

    #[test]
    fn fuzz_answers_to_a_challenge() {
        let proof = "f".repeat(64);
        let right = format!("HTTP/1.1 200 OK\r\nServer: url-notes\r\n\r\n{proof}");
        crate::fuzz::bytes(&[right.as_bytes(), b"HTTP/1.1 404 No\r\n\r\n"], |answer| {
            let has_proof = answer
                .windows(proof.len())
                .any(|part| part == proof.as_bytes());
            for is_all in [false, true] {
                let judged = judge(answer, is_all, Some(&proof));
                assert!(judged.is_some() || !is_all);
                assert!(has_proof || judged != Some(Holder::Sibling));
            }
        });
    }

    #[test]
    fn a_silent_holder_proves_nothing() {
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let holder = holder(silent.local_addr().unwrap(), None);
        assert_eq!(holder, Holder::Silent);
        assert!(!holder.is_foreign());
    }

    #[test]
    fn a_holder_that_exits_is_nobody() {
        let ending = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = ending.local_addr().unwrap();
        let hangs_up = std::thread::spawn(move || drop(ending.accept().unwrap()));
        assert_eq!(holder(address, None), Holder::Nobody);
        hangs_up.join().unwrap();
        assert_eq!(holder(address, None), Holder::Nobody);
    }
}
