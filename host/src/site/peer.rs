//! Which user of this machine is at the other end of a connection.
//!
//! Loopback is open to every user of a machine; the notes are one user's. On
//! Linux the kernel's socket tables say whose socket it is. Elsewhere there is
//! no such table, and every local user is let in.

#[cfg(target_os = "linux")]
pub(super) use linux::is_ours;

/// Whether the other end belongs to the user who runs this program.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_ours(_stream: &std::net::TcpStream) -> std::io::Result<bool> {
    Ok(true)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::net::{IpAddr, SocketAddr, TcpStream};

    /// A table is read page by page while sockets come and go, so that a row
    /// can slip through one reading.
    const READINGS: usize = 3;

    /// Whether the other end belongs to the user who runs this program.
    pub(in crate::site) fn is_ours(stream: &TcpStream) -> io::Result<bool> {
        let (peer, local) = (stream.peer_addr()?, stream.local_addr()?);
        for _ in 0..READINGS {
            if let Some(uid) = uid_of_peer(peer, local)? {
                return Ok(uid == rustix::process::geteuid().as_raw());
            }
        }
        Ok(false)
    }

    fn uid_of_peer(peer: SocketAddr, local: SocketAddr) -> io::Result<Option<u32>> {
        if peer.is_ipv4()
            && let Some(uid) = owner(&std::fs::read_to_string("/proc/net/tcp")?, peer, local)
        {
            return Ok(Some(uid));
        }
        // A client may reach 127.0.0.1 from a socket of the other family (Java does).
        match std::fs::read_to_string("/proc/net/tcp6") {
            Ok(table) => Ok(owner(&table, as_v6(peer), as_v6(local))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn as_v6(address: SocketAddr) -> SocketAddr {
        match address.ip() {
            IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
            IpAddr::V6(_) => address,
        }
    }

    /// The user in the row of the socket that is bound to `peer` and connected to `local`.
    fn owner(table: &str, peer: SocketAddr, local: SocketAddr) -> Option<u32> {
        let (theirs, ours) = (written(peer), written(local));
        table.lines().find_map(|row| {
            // sl local_address rem_address st tx:rx tr:when retrnsmt uid …
            let mut fields = row.split_ascii_whitespace().skip(1);
            if fields.next()? != theirs || fields.next()? != ours {
                return None;
            }
            fields.nth(4)?.parse().ok()
        })
    }

    /// An address as the tables write it: 32-bit words in the machine's byte order.
    fn written(address: SocketAddr) -> String {
        let octets = match address.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        let words: String = octets
            .chunks_exact(4)
            .map(|word| {
                let word = u32::from_ne_bytes([word[0], word[1], word[2], word[3]]);
                format!("{word:08X}")
            })
            .collect();
        format!("{words}:{:04X}", address.port())
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
            assert_eq!(
                written("[::1]:80".parse().unwrap()),
                "00000000000000000000000001000000:0050"
            );
        }

        #[test]
        fn knows_its_own_user_over_both_families() {
            for address in ["127.0.0.1:0", "[::1]:0"] {
                let Ok(listener) = TcpListener::bind(address) else {
                    assert_eq!(address, "[::1]:0", "every machine has 127.0.0.1");
                    continue;
                };
                let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let (stream, _) = listener.accept().unwrap();
                assert!(is_ours(&stream).unwrap());
            }
        }
    }
}
