//! The owners of sockets, which Windows doesn't tell this program. Visitors need the key.

use std::{
    io,
    net::{SocketAddr, TcpStream},
};

use super::super::kinds::{ListeningProgram, Visitor};

/// `WSAEAFNOSUPPORT`, winsock2.h.
const NO_FAMILY: i32 = 10047;

/// Whether the system has tables of the owners of sockets, though they may be unreadable.
pub(crate) const HAS_SOCKET_OWNERS: bool = false;

/// Returns whether this system identifies users.
pub(crate) fn identifies_users() -> bool {
    false
}

/// Returns the user at the other end.
pub(crate) fn visitor(_stream: &TcpStream) -> Visitor {
    Visitor::Unknown
}

/// Returns the program that listens at `address`, if the system says.
pub fn listening_at(_address: SocketAddr) -> Option<ListeningProgram> {
    None
}

/// Returns whether the program that listens at `address` is known to be another user's.
pub(crate) fn is_another_users(_address: SocketAddr) -> bool {
    false
}

/// Returns whether the computer has no IPv6, or no IPv4, as an error of a socket says.
pub(crate) fn lacks_address_family(error: &io::Error) -> bool {
    error.raw_os_error() == Some(NO_FAMILY)
}
