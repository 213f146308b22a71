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
    io::{self, Read},
    mem,
    sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    thread,
    time::Duration,
};

use super::kinds::{Ready, System};

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
    })
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
