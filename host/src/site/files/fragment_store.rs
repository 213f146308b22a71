//! Pieces of pages on the disk: each note is made into HTML once, and put together with
//! others on a dozen pages.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
};

/// The pieces of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// Its title, as it is.
    Title,
    /// As it stands in lists.
    Listed,
    /// As it stands on its own page.
    Article,
    /// As it stands below a related one.
    About,
    /// As it stands in feeds; nothing where it stands in none.
    Entry,
}

const PIECES: usize = 5;

/// Where the pieces of a note are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    spool: u32,
    start: u64,
    lengths: [u32; PIECES],
}

/// Takes pieces.
#[derive(Debug)]
pub(super) struct Writer {
    file: BufWriter<File>,
    number: u32,
    written: u64,
}

impl Writer {
    /// Into a file of this number in `folder`.
    pub(super) fn create(folder: &Path, number: u32) -> io::Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(folder.join(format!("pieces-{number}")))?;
        Ok(Self {
            file: BufWriter::with_capacity(256 * 1024, file),
            number,
            written: 0,
        })
    }

    /// The pieces of a note, in the order of [`Piece`].
    pub(super) fn put(&mut self, pieces: [&str; PIECES]) -> io::Result<Extent> {
        let mut place = Extent {
            spool: self.number,
            start: self.written,
            ..Extent::default()
        };
        for (piece, length) in pieces.iter().zip(&mut place.lengths) {
            *length = u32::try_from(piece.len()).map_err(io::Error::other)?;
            self.file.write_all(piece.as_bytes())?;
            self.written += u64::from(*length);
        }
        Ok(place)
    }

    pub(super) fn finish(self) -> io::Result<File> {
        Ok(self.file.into_inner()?)
    }
}

/// Gives them back.
#[derive(Debug)]
pub(super) struct FragmentStore(pub Vec<File>);

impl FragmentStore {
    pub(super) fn get(&self, place: &Extent, piece: Piece) -> io::Result<String> {
        let index = piece as usize;
        let before: u64 = place.lengths[..index].iter().copied().map(u64::from).sum();
        let mut bytes = vec![0; place.lengths[index] as usize];
        let file = self.0.get(place.spool as usize);
        let file = file.ok_or(io::ErrorKind::NotFound)?;
        file.read_exact_at(&mut bytes, place.start + before)?;
        String::from_utf8(bytes).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_put() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(folder.path(), 0).unwrap();
        let first = writer.put(["a", "", "機", "b", "cd"]).unwrap();
        let second = writer.put(["1", "2", "3", "4", ""]).unwrap();
        let spools = FragmentStore(vec![writer.finish().unwrap()]);
        for (place, piece, text) in [
            (&first, Piece::Title, "a"),
            (&first, Piece::Listed, ""),
            (&first, Piece::Article, "機"),
            (&first, Piece::Entry, "cd"),
            (&second, Piece::About, "4"),
            (&second, Piece::Entry, ""),
        ] {
            assert_eq!(spools.get(place, piece).unwrap(), text);
        }
    }
}
