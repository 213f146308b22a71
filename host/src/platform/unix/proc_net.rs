//! The kernel's tables of TCP sockets, with their owners.
//!
//! Only Linux has them as files (proc(5), `/proc/net/tcp` and `/proc/net/tcp6`). This module parses
//! them; `peer_uid.rs` and `port_owner.rs` draw the conclusions.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::OnceLock,
};

/// State of a socket that accepts connections (`TCP_LISTEN`, `include/net/tcp_states.h`).
pub(super) const LISTENS: &str = "0A";

/// The id that a user namespace shows for unmapped users, unless the system sets another one
/// (user_namespaces(7)). It can stand for any user of the computer.
const OVERFLOW_USER: u32 = 65534;

/// Returns our own user id as the tables show it, or `None` if it is the overflow id, which other
/// users may share.
pub(super) fn own_user() -> Option<u32> {
    let own = rustix::process::geteuid().as_raw();
    (!is_anybody(own)).then_some(own)
}

fn is_anybody(user: u32) -> bool {
    static NAMED: OnceLock<Option<u32>> = OnceLock::new();
    let named = NAMED.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/sys/kernel/overflowuid").ok()?;
        text.trim().parse().ok()
    });
    user == OVERFLOW_USER || Some(user) == *named
}

/// A row of the tables.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Socket<'a> {
    /// Its own address, in the form of [`written`].
    pub local: &'a str,
    /// The address of the other end.
    pub remote: &'a str,
    pub state: &'a str,
    /// The owner's user id.
    pub uid: u32,
    /// Its inode number, which identifies it among the open files of a process.
    pub inode: u64,
}

/// Reads the table of IPv4 sockets.
pub(super) fn of_v4() -> io::Result<String> {
    std::fs::read_to_string("/proc/net/tcp")
}

/// Reads the table of IPv6 sockets, which may also carry IPv4. Returns `None` if the computer
/// doesn't support IPv6.
pub(super) fn of_v6() -> io::Result<Option<String>> {
    match std::fs::read_to_string("/proc/net/tcp6") {
        Ok(table) => Ok(Some(table)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Parses the rows of a table.
pub(super) fn rows(table: &str) -> impl Iterator<Item = Socket<'_>> {
    // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
    table.lines().skip(1).filter_map(|row| {
        let mut fields = row.split_ascii_whitespace().skip(1);
        Some(Socket {
            local: fields.next()?,
            remote: fields.next()?,
            state: fields.next()?,
            uid: fields.nth(3)?.parse().ok()?,
            inode: fields.nth(1)?.parse().ok()?,
        })
    })
}

/// Formats an address as in the tables: 32-bit words in the computer's byte order.
pub(super) fn written(address: SocketAddr) -> String {
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

/// Returns the IPv4-mapped form of an address.
pub(super) fn as_v6(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_rows_that_are_whole() {
        let table = "  sl  local_address …\n   \
            0: 0100007F:1A1B 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0000 100\n   \
            1: 0100007F:D431 0100007F:1A1B 01\n";
        assert_eq!(
            rows(table).collect::<Vec<_>>(),
            [Socket {
                local: "0100007F:1A1B",
                remote: "00000000:0000",
                state: LISTENS,
                uid: 1000,
                inode: 11,
            }]
        );
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn writes_addresses_as_the_kernel_does() {
        for (address, text) in [
            ("127.0.0.1:6683", "0100007F:1A1B"),
            ("[::1]:80", "00000000000000000000000001000000:0050"),
        ] {
            assert_eq!(written(address.parse().unwrap()), text);
        }
        assert_eq!(
            written(as_v6("127.0.0.1:80".parse().unwrap())),
            "0000000000000000FFFF00000100007F:0050"
        );
    }

    #[test]
    fn the_overflow_user_is_never_our_own() {
        assert!(is_anybody(65534));
        assert!(!is_anybody(0) && !is_anybody(1000));
    }

    #[test]
    fn fuzz_socket_tables() {
        crate::fuzz::text(
            &["sl\n 0: 0100007F:1A1B 00000000:0000 0A 0:0 00:0 0 1000 0 11 1 0 100"],
            |table| {
                let lines = table.lines().count();
                assert!(rows(table).count() <= lines);
            },
        );
    }
}
