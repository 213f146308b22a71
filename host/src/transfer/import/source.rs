//! The imported file: its bytes, its text, and the limits of both.

use std::{
    cell::{Cell, RefCell},
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom},
    path::Path,
    rc::Rc,
};

use super::{
    encoding::{self, Decoded, Guess, Sign},
    surrogates::Repaired,
};
use crate::error::{Error, Result};

/// Largest file, in bytes.
const MAX_FILE_BYTES: u64 = 4 << 30;
/// Largest content that is held in memory, in bytes: standard input and other pipes, files in zip
/// files, bookmark trees.
pub(super) const MAX_HELD_BYTES: u64 = 256 << 20;
/// Length of the part that is examined to detect the format, in bytes.
const HEAD_BYTES: u64 = 64 * 1024;

trait Seekable: Read + Seek {}
impl<T: Read + Seek> Seekable for T {}

/// A file that tracks how far it was read.
struct Placed<F> {
    file: F,
    place: Rc<Cell<u64>>,
}

impl<F: Read> Read for Placed<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let read_bytes = u64::try_from(read).unwrap_or(0);
        self.place.set(self.place.get().saturating_add(read_bytes));
        Ok(read)
    }
}

impl<F: Seek> Seek for Placed<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = self.file.seek(to)?;
        self.place.set(place);
        Ok(place)
    }
}

/// A file, or the content of a pipe.
pub struct Source {
    file: Placed<Box<dyn Seekable>>,
    bytes: u64,
    guess: Guess,
}

/// Returns a sentence for a file that can't be read.
pub(super) fn unreadable(error: &io::Error) -> Error {
    Error::InvalidParams(match error.kind() {
        io::ErrorKind::NotFound => "The file doesn't exist.".into(),
        io::ErrorKind::PermissionDenied => "You don't have permission to read the file.".into(),
        io::ErrorKind::IsADirectory => "It is a folder. Give a file.".into(),
        _ => format!("The file can't be read: {error}. Nothing was imported."),
    })
}

impl Source {
    /// Opens a file. A pipe is read to its end.
    ///
    /// # Errors
    /// `InvalidParams` with a sentence.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        let about = file.metadata().map_err(|error| unreadable(&error))?;
        if about.is_dir() {
            return Err(unreadable(&io::ErrorKind::IsADirectory.into()));
        }
        if about.is_file() {
            return Self::new(Box::new(file), about.len());
        }
        Self::held(file)
    }

    /// Reads everything into memory.
    ///
    /// # Errors
    /// As for [`Source::open`].
    pub fn held(file: impl Read) -> Result<Self> {
        let mut bytes = Vec::new();
        let read = file.take(MAX_HELD_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(&error))?;
        Self::of_bytes(bytes)
    }

    /// # Errors
    /// As for [`Source::open`].
    pub fn of_bytes(bytes: Vec<u8>) -> Result<Self> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length > MAX_HELD_BYTES {
            return Err(Error::InvalidParams(
                "Standard input is larger than 256 MiB. Save it as a file and import the file."
                    .into(),
            ));
        }
        Self::new(Box::new(Cursor::new(bytes)), length)
    }

    fn new(file: Box<dyn Seekable>, bytes: u64) -> Result<Self> {
        if bytes > MAX_FILE_BYTES {
            return Err(Error::InvalidParams(
                "The file is larger than 4 GiB. Split it.".into(),
            ));
        }
        let place = Rc::default();
        let mut source = Self {
            file: Placed { file, place },
            bytes,
            guess: Guess::UTF_8,
        };
        // Binary files have no encoding to guess.
        if !source.is_binary()? {
            source.guess =
                encoding::guess(&mut source.file, bytes).map_err(|error| unreadable(&error))?;
        }
        Ok(source)
    }

    /// Returns its length in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns a counter of the bytes read, which is updated from now on.
    #[must_use]
    pub fn place(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.file.place)
    }

    /// Returns the encoding of its text.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        self.guess.encoding.name()
    }

    /// Returns whether the encoding was guessed.
    #[must_use]
    pub fn is_guessed(&self) -> bool {
        !matches!(self.guess.sign, Sign::Sound | Sign::Mark)
    }

    /// Returns a sentence about the encoding and how it was determined, unless it is UTF-8.
    pub(super) fn encoding_notice(&self) -> Option<String> {
        self.guess.notice()
    }

    /// Returns whether it is a zip file or a database, by its first bytes.
    fn is_binary(&mut self) -> Result<bool> {
        let start = self.start(16)?;
        Ok([&b"PK\x03\x04"[..], b"PK\x05\x06", b"SQLite format 3\0"]
            .iter()
            .any(|magic| start.starts_with(magic)))
    }

    fn start(&mut self, bytes: u64) -> Result<Vec<u8>> {
        let mut start = Vec::new();
        self.raw()
            .and_then(|file| file.take(bytes).read_to_end(&mut start))
            .map_err(|error| unreadable(&error))?;
        Ok(start)
    }

    /// Returns its first bytes unchanged.
    pub(super) fn start_bytes(&mut self, bytes: u64) -> Result<Vec<u8>> {
        self.start(bytes)
    }

    /// Returns whether it is a zip file.
    pub(super) fn is_zip(&mut self) -> Result<bool> {
        Ok(self.magic()?.starts_with(b"PK"))
    }

    /// Returns whether it is a PDF, by its first bytes.
    ///
    /// # Errors
    /// As for [`Source::open`].
    pub fn is_pdf(&mut self) -> Result<bool> {
        Ok(self.magic()?.starts_with(b"%PDF-"))
    }

    /// Returns all bytes.
    ///
    /// # Errors
    /// As for [`Source::open`]; `InvalidParams` over 256 MiB.
    pub fn all_bytes(&mut self) -> Result<Vec<u8>> {
        self.held_bytes()
    }

    /// Returns all of its text, decoded.
    ///
    /// # Errors
    /// As for [`Source::open`]; `InvalidParams` over 256 MiB.
    pub fn all_text(&mut self) -> Result<String> {
        self.may_be_held()?;
        let mut text = Vec::new();
        let read = self.text()?.read_to_end(&mut text);
        read.map_err(|error| unreadable(&error))?;
        Ok(String::from_utf8(text)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// Checks that it is small enough to be held in memory.
    pub(super) fn may_be_held(&self) -> Result<()> {
        if self.bytes > MAX_HELD_BYTES {
            return Err(Error::InvalidParams(
                "The file is larger than 256 MiB, the limit for this format.".into(),
            ));
        }
        Ok(())
    }

    /// Returns all bytes, if they may be held in memory.
    pub(super) fn held_bytes(&mut self) -> Result<Vec<u8>> {
        self.may_be_held()?;
        self.start(MAX_HELD_BYTES)
    }

    /// Returns the first bytes, to recognise binary formats.
    pub(super) fn magic(&mut self) -> Result<Vec<u8>> {
        self.start(16)
    }

    /// Returns the beginning of its text.
    pub(super) fn head(&mut self) -> Result<String> {
        let mut head = Vec::new();
        self.text()?
            .take(HEAD_BYTES)
            .read_to_end(&mut head)
            .map_err(|error| unreadable(&error))?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    }

    /// Returns its bytes from the beginning.
    pub(super) fn raw(&mut self) -> io::Result<&mut (dyn Read + '_)> {
        self.file.seek(SeekFrom::Start(0))?;
        Ok(&mut self.file)
    }

    /// Returns its bytes with random access.
    pub(super) fn seekable(&mut self) -> (&mut (impl Read + Seek + use<>), u64) {
        (&mut self.file, self.bytes)
    }

    /// Like [`Source::text`], for JSON.
    pub(super) fn json_text(&mut self) -> Result<JsonText<'_>> {
        Ok(BufReader::new(Repaired::new(self.text()?)))
    }

    /// Returns its text from the beginning.
    pub(super) fn text(&mut self) -> Result<BufReader<Decoded<&mut (dyn Read + '_)>>> {
        let (Guess { encoding, mark, .. }, bytes) = (self.guess, self.bytes);
        self.file
            .seek(SeekFrom::Start(mark))
            .map_err(|error| unreadable(&error))?;
        Ok(BufReader::with_capacity(
            encoding::buffer_bytes(bytes),
            Decoded::new(&mut self.file, encoding, bytes),
        ))
    }
}

/// Counts the line endings in a text: a line feed, a carriage return, or both. `after_return` says
/// whether the byte before it was a carriage return.
fn breaks(text: &[u8], after_return: bool) -> usize {
    let feeds = text.iter().filter(|byte| **byte == b'\n').count();
    let mut count = feeds;
    let mut from = 0;
    // Most files have none.
    while let Some(at) = text[from..].iter().position(|byte| *byte == b'\r') {
        from += at + 1;
        count += usize::from(text.get(from) != Some(&b'\n'));
    }
    count - usize::from(after_return && text.first() == Some(&b'\n'))
}

/// JSON text with a mark for each lone surrogate.
pub(super) type JsonText<'a> = BufReader<Repaired<BufReader<Decoded<&'a mut (dyn Read + 'a)>>>>;

/// Counts lines and limits the length of a record.
pub(super) struct CountingReader<R> {
    inner: R,
    line: u64,
    /// Whether the last byte read was a line break, and whether it was a carriage return.
    broke: bool,
    returned: bool,
    /// Bytes left for the current record.
    left: u64,
    budget: u64,
}

impl<R: BufRead> CountingReader<R> {
    pub(super) fn new(inner: R, budget: u64) -> Self {
        Self {
            inner,
            line: 1,
            broke: false,
            returned: false,
            left: budget,
            budget,
        }
    }

    /// Returns the line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Returns the line of the last byte read, from 1.
    pub(super) fn last_line(&self) -> u64 {
        self.line - u64::from(self.broke)
    }

    /// Starts the next record.
    pub(super) fn next_record(&mut self) {
        self.left = self.budget;
    }

    /// Returns the error for a record over the limit.
    fn too_long(&self) -> io::Error {
        io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!(
                "an entry that begins before line {} is too long",
                self.line + 1
            ),
        )
    }
}

impl<R: BufRead> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for CountingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(self.too_long());
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(available) = self.inner.fill_buf() {
            let read = &available[..amount.min(available.len())];
            if !read.is_empty() {
                let lines = breaks(read, self.returned);
                self.line += u64::try_from(lines).unwrap_or(0);
                self.returned = read.last() == Some(&b'\r');
                self.broke = self.returned || read.last() == Some(&b'\n');
            }
        }
        self.left = self
            .left
            .saturating_sub(u64::try_from(amount).unwrap_or(u64::MAX));
        self.inner.consume(amount);
    }
}

/// The text, with access to its line number while it is read.
pub(super) struct Shared<'a, R>(pub(super) &'a RefCell<CountingReader<R>>);

impl<R: BufRead> std::io::Read for Shared<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}
