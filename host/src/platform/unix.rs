//! Linux, macOS and the BSDs. What only Linux has is marked as such; elsewhere its functions return
//! what the others do without it.

pub(super) mod disk;
pub(super) mod files;
pub(super) mod lock;
mod peer_uid;
mod port_owner;
#[cfg(target_os = "linux")]
mod proc_net;
pub(super) mod process;
pub(super) mod registrations;
pub(super) mod sockets;
pub(super) mod terminal;
pub(super) mod trust;

use std::{
    fs::File,
    io::{self, Read},
    os::fd::AsFd,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::Mode,
    process::umask,
};

use super::kinds::{Ready, System};

/// The system.
pub(crate) const HERE: System = if cfg!(target_os = "macos") {
    System::MacOs
} else {
    System::Linux
};

/// The variable with the folder for all files of this user: there are several folders here.
pub(crate) const DATA_VARIABLE: Option<&str> = None;

/// Makes what this program creates readable only by this user, whatever the umask of the shell or
/// the desktop.
pub fn keep_files_private() {
    umask(Mode::from_raw_mode(0o077));
}

/// Opens standard input without a buffer: `io::stdin` reads ahead, so it can't be polled.
///
/// # Errors
/// The input is closed.
pub fn standard_input() -> io::Result<impl Ready> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

impl<T: Read + AsFd> Ready for T {
    fn arrives(&mut self, time: Duration) -> bool {
        let mut watched = [PollFd::new(self, PollFlags::IN)];
        let time = Timespec::try_from(time).ok();
        !matches!(poll(&mut watched, time.as_ref()), Ok(0))
    }
}

/// Returns whether the reader of a pipe has closed it.
pub(crate) fn is_closed_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}
