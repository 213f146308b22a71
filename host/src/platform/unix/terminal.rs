//! The terminal, and the programs that take it over.

use std::{ffi::OsStr, fs::File, io, os::fd::AsFd as _, path::Path, process::Command};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::{SIGINT, SIGQUIT};

/// Editors to try if the user has set none, in order.
pub(crate) const EDITORS: &[&str] = &["editor", "nano", "vim", "vi"];
/// The pager, if the user has set none.
pub(crate) const PAGER: Option<&str> = Some("less");
/// The program that opens an address or a file, and its first arguments.
pub(crate) const OPENER: (&str, &[&str]) = if cfg!(target_os = "macos") {
    ("open", &[])
} else {
    ("xdg-open", &[])
};
/// The signals of keys, which all programs of a terminal receive.
pub(crate) const INTERRUPTS: &[i32] = &[SIGINT, SIGQUIT];

/// Returns the width of the terminal of standard output, if it says one.
pub(crate) fn columns() -> Option<usize> {
    let size = tcgetwinsize(io::stdout().as_fd()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Opens the terminal for reading, also if standard input is a pipe.
pub(crate) fn open_input() -> io::Result<File> {
    File::open("/dev/tty")
}

/// Opens the terminal for writing, also if standard output is a pipe.
pub(crate) fn open_output() -> io::Result<File> {
    File::options().write(true).open("/dev/tty")
}

/// Prepares a shell command, such as `code --wait`, with a further argument.
pub(crate) fn shell(text: &OsStr, argument: Option<&Path>) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c");
    match argument {
        None => command.arg(text),
        Some(argument) => {
            let mut words = text.to_owned();
            words.push(" \"$@\"");
            command.arg(words).arg(text).arg(argument)
        }
    };
    command
}

/// Makes the terminal pass on each key at once, until it is dropped.
#[derive(Debug)]
pub(crate) struct SingleKeys(Termios);

impl SingleKeys {
    /// Changes the terminal of standard input.
    pub(crate) fn on_terminal() -> io::Result<Self> {
        let input = io::stdin();
        let before = tcgetattr(input.as_fd())?;
        let mut modes = before.clone();
        // Ctrl+C arrives as a key, so that the terminal is restored.
        modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        tcsetattr(input.as_fd(), OptionalActions::Flush, &modes)?;
        Ok(Self(before))
    }
}

impl Drop for SingleKeys {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin().as_fd(), OptionalActions::Now, &self.0);
    }
}
