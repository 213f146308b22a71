//! Identifies the user at the other end of a connection.
//!
//! Every user of a computer can connect to loopback, but the notes belong to one user. On Linux,
//! the kernel's socket tables name the owner of each socket. Other systems have no such tables, so
//! a visitor needs the key there (`auth.rs`).

#[cfg(target_os = "linux")]
pub(crate) use linux::{identifies_users, visitor};

/// Returns the user at the other end.
#[cfg(not(target_os = "linux"))]
pub(crate) fn visitor(_stream: &std::net::TcpStream) -> super::super::kinds::Visitor {
    super::super::kinds::Visitor::Unknown
}

/// Returns whether this system identifies users.
#[cfg(not(target_os = "linux"))]
pub(crate) fn identifies_users() -> bool {
    false
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::net::{SocketAddr, TcpStream};

    use super::super::proc_net::{as_v6, of_v4, of_v6, own_user, rows, written};
    use crate::platform::kinds::Visitor;

    /// Number of attempts. The kernel prints a table piece by piece while sockets come and go, so a
    /// single reading can miss a row.
    const READINGS: usize = 3;

    /// Returns the user at the other end. A socket that isn't in the tables counts as another
    /// user's.
    pub(crate) fn visitor(stream: &TcpStream) -> Visitor {
        match is_ours(stream) {
            Ok(true) => Visitor::Ours,
            Ok(false) => Visitor::Other,
            Err(error) => {
                log::debug!("the site can't identify the connecting user: {error}");
                Visitor::Unknown
            }
        }
    }

    /// Returns whether this system identifies users. It doesn't in a user namespace that doesn't
    /// map our own user: other unmapped users would look the same.
    pub(crate) fn identifies_users() -> bool {
        own_user().is_some() && of_v4().is_ok() && of_v6().is_ok()
    }

    fn is_ours(stream: &TcpStream) -> io::Result<bool> {
        let own = own_user().ok_or_else(|| {
            io::Error::other("this program runs as the overflow user, as others may")
        })?;
        let (peer, local) = (stream.peer_addr()?, stream.local_addr()?);
        for _ in 0..READINGS {
            if let Some(uid) = uid_of_peer(peer, local)? {
                return Ok(uid == own);
            }
        }
        Ok(false)
    }

    fn uid_of_peer(peer: SocketAddr, local: SocketAddr) -> io::Result<Option<u32>> {
        if peer.is_ipv4()
            && let Some(uid) = owner(&of_v4()?, peer, local)
        {
            return Ok(Some(uid));
        }
        // A client may connect to 127.0.0.1 from an IPv6 socket, as Java does.
        Ok(of_v6()?.and_then(|table| owner(&table, as_v6(peer), as_v6(local))))
    }

    /// Returns the owner of the socket that is bound to `peer` and connected to `local`.
    fn owner(table: &str, peer: SocketAddr, local: SocketAddr) -> Option<u32> {
        let (theirs, ours) = (written(peer), written(local));
        rows(table)
            .find(|socket| socket.local == theirs && socket.remote == ours)
            .map(|socket| socket.uid)
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::net::TcpListener;

        const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1A1B 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1
   1: 0100007F:D431 0100007F:1A1B 01 00000000:00000000 00:00000000 00000000 65534        0 12 1
   2: 0100007F:1A1B 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 13 1
";

        #[cfg(target_endian = "little")]
        #[test]
        fn finds_the_other_end_not_its_own() {
            let site: SocketAddr = "127.0.0.1:6683".parse().unwrap();
            let peer: SocketAddr = "127.0.0.1:54321".parse().unwrap();
            let stranger: SocketAddr = "127.0.0.1:54322".parse().unwrap();
            assert_eq!(owner(TABLE, peer, site), Some(65534));
            assert_eq!(owner(TABLE, stranger, site), None);
            assert_eq!(owner("", peer, site), None);
        }

        #[test]
        fn knows_its_own_user_over_both_families() {
            assert!(identifies_users());
            for address in ["127.0.0.1:0", "[::1]:0"] {
                let Ok(listener) = TcpListener::bind(address) else {
                    assert_eq!(address, "[::1]:0", "every machine has 127.0.0.1");
                    continue;
                };
                let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let (stream, _) = listener.accept().unwrap();
                assert_eq!(visitor(&stream), Visitor::Ours);
            }
        }
    }
}
