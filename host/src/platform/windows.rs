//! Windows 10 and newer.

pub(super) mod disk;
pub(super) mod files;
pub(super) mod lock;
pub(super) mod process;
pub(super) mod registrations;
pub(super) mod sockets;
pub(super) mod terminal;
pub(super) mod trust;

use std::{
    env,
    io::{self, Read},
    mem,
    path::PathBuf,
    sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    thread,
    time::{Duration, Instant},
};

use super::kinds::{Ready, System, Waited};
use files::FileId;

/// The system.
pub(crate) const HERE: System = System::Windows;

/// The variable with the folder for this user's files on this computer. The folder of APPDATA may be
/// copied between computers, which a database can't be while it is open.
pub(crate) const DATA_VARIABLE: Option<&str> = Some("LOCALAPPDATA");

/// Does nothing: files inherit the access of their folder, and that of a profile is the user's.
pub fn keep_files_private() {}

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;
/// Chunks that wait to be taken.
const CHUNKS: usize = 4;
/// The other end of a pipe has closed it (`ERROR_PIPE_NOT_CONNECTED`, winerror.h).
const PIPE_NOT_CONNECTED: i32 = 233;

/// How often a program that waits looks whether another one has taken its place.
const GLANCE: Duration = Duration::from_secs(3);

/// Starts to read standard input in another thread, because an anonymous pipe can't be waited for
/// with a time limit.
///
/// # Errors
/// No thread can be started.
pub fn standard_input() -> io::Result<impl Ready> {
    let (send, chunks) = mpsc::sync_channel(CHUNKS);
    thread::Builder::new()
        .name("input".into())
        .spawn(move || read_input(&send))?;
    Ok(StandardInput {
        chunks,
        next: None,
        left: Vec::new(),
        own: OwnFile::find(),
    })
}

/// The file of this program, and which one it was at the start. A program that runs can't be
/// overwritten, but another one can get its name (packaging/windows.nsi).
struct OwnFile {
    path: PathBuf,
    id: FileId,
}

impl OwnFile {
    fn find() -> Option<Self> {
        let path = env::current_exe().ok()?;
        let id = FileId::of(&path)?;
        Some(Self { path, id })
    }

    /// Returns whether another file has its name. If there is none, the program wasn't replaced, or
    /// not yet.
    fn is_replaced(&self) -> bool {
        FileId::of(&self.path).is_some_and(|now| now != self.id)
    }
}

/// Sends what arrives, and at the end an empty chunk or an error.
fn read_input(send: &SyncSender<io::Result<Vec<u8>>>) {
    let mut input = io::stdin().lock();
    loop {
        let mut chunk = vec![0; CHUNK];
        let read = match input.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if is_closed_pipe(&error) => Ok(0),
            read => read,
        };
        let is_last = !matches!(read, Ok(1..));
        let sent = send.send(read.map(|bytes| {
            chunk.truncate(bytes);
            chunk
        }));
        if is_last || sent.is_err() {
            return;
        }
    }
}

/// What the other thread has read.
struct StandardInput {
    chunks: Receiver<io::Result<Vec<u8>>>,
    /// A chunk that arrived while it was waited for.
    next: Option<io::Result<Vec<u8>>>,
    /// The rest of the chunk that is being taken, backwards.
    left: Vec<u8>,
    /// The file of this program, if it is known.
    own: Option<OwnFile>,
}

impl Ready for StandardInput {
    fn arrives(&mut self, time: Duration) -> bool {
        if self.left.is_empty() && self.next.is_none() {
            match self.chunks.recv_timeout(time) {
                Ok(chunk) => self.next = Some(chunk),
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => {}
            }
        }
        true
    }

    fn wait(&mut self, time: Option<Duration>) -> Waited {
        let end = time.map(|time| Instant::now() + time);
        loop {
            let left = end.map_or(GLANCE, |end| end.saturating_duration_since(Instant::now()));
            if self.arrives(left.min(GLANCE)) {
                return Waited::Input;
            }
            if self.own.as_ref().is_some_and(OwnFile::is_replaced) {
                return Waited::Replaced;
            }
            if end.is_some_and(|end| end <= Instant::now()) {
                return Waited::Time;
            }
        }
    }
}

impl Read for StandardInput {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.left.is_empty() {
            let next = mem::take(&mut self.next).or_else(|| self.chunks.recv().ok());
            self.left = next.unwrap_or(Ok(Vec::new()))?;
            self.left.reverse();
        }
        let count = bytes.len().min(self.left.len());
        let rest = self.left.len() - count;
        for (byte, taken) in bytes.iter_mut().zip(self.left.drain(rest..).rev()) {
            *byte = taken;
        }
        Ok(count)
    }
}

/// Returns whether the reader of a pipe has closed it.
pub(crate) fn is_closed_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe || error.raw_os_error() == Some(PIPE_NOT_CONNECTED)
}
