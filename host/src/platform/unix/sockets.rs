//! The owners of sockets.

use std::io;

use rustix::io::Errno;

pub use super::port_owner::listening_at;
pub(crate) use super::{
    peer_uid::{identifies_users, visitor},
    port_owner::is_another_users,
};

/// Whether the system has tables of the owners of sockets, though they may be unreadable.
pub(crate) const HAS_SOCKET_OWNERS: bool = cfg!(target_os = "linux");

/// Returns whether the computer has no IPv6, or no IPv4, as an error of a socket says.
pub(crate) fn lacks_address_family(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::AFNOSUPPORT)
}
