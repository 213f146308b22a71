//! What the functions of every system return.

use std::{fmt, io::Read, path::PathBuf, time::Duration};

/// A system, as far as the places of files differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux and the BSDs.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// Input that can be waited for.
pub trait Ready: Read {
    /// Returns whether input, or the end of the stream, arrives within `time`. If waiting fails,
    /// returns true and leaves the error to the read.
    fn arrives(&mut self, time: Duration) -> bool;

    /// Waits for input, or the end of the stream: for `time`, or without a limit.
    fn wait(&mut self, time: Option<Duration>) -> Waited {
        match time {
            Some(time) if !self.arrives(time) => Waited::Time,
            // Without a limit, the read waits.
            _ => Waited::Input,
        }
    }
}

/// What ended a wait for input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// Input, or the end of the stream, is there or comes with the next read.
    Input,
    /// The time is over.
    Time,
    /// Another program has taken the place of this one on the disk. Only Windows looks: elsewhere,
    /// what replaces the program ends those that run.
    Replaced,
}

/// Why a file isn't safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Danger {
    /// The file or folder that others may change.
    pub path: PathBuf,
    /// What is wrong, as a sentence.
    pub sentence: String,
    /// The mode that makes it safe, if the user may set it.
    pub mode: Option<u32>,
}

/// What keeps a file or a folder from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiskFault {
    /// The disk, or the user's share of it, is full.
    Full,
    /// The disk can't be written.
    ReadOnly,
    /// The user may not.
    Refused,
    /// The file, or the disk that it was on, isn't there.
    Missing,
    /// Another computer doesn't answer.
    Unreachable,
    /// The disk reports an error.
    Broken,
}

/// How a program stopped working.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It has ended.
    Exited,
    /// The system has stopped it: it is in the background and wants to read from the terminal. Only
    /// Unix has that.
    AsksTerminal,
}

/// The kind of file system that has a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// A disk of this computer, or a file system that isn't known to be remote.
    Local,
    /// A network file system, with its name. Other computers may use it at the same time.
    Network(&'static str),
    /// A file system served by a program: another computer (sshfs), the host of a virtual machine,
    /// or an encrypted folder.
    Program,
}

impl FileSystem {
    /// Returns whether all programs that open a file here share memory.
    #[must_use]
    pub fn shares_memory(self) -> bool {
        self == Self::Local
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Network(name) => write!(f, "network ({name})"),
            Self::Program => f.write_str("served by a program (FUSE)"),
        }
    }
}

/// The user at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visitor {
    /// The user who runs this program.
    Ours,
    /// Another user.
    Other,
    /// The system doesn't identify the user.
    Unknown,
}

/// A listening program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListeningProgram {
    /// Its name, without control characters.
    pub name: String,
    /// Its process id.
    pub process: u32,
    /// Whether its file is called `url-notes`: any version of it, run by a user who can read the
    /// notes anyway.
    pub is_url_notes: bool,
}

impl fmt::Display for ListeningProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.process)
    }
}
