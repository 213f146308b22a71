//! HTML fragments on the disk: each note is rendered once, and assembled with others into a dozen
//! pages.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
};

use crate::platform;

/// The fragments of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// The title as plain text.
    Title,
    /// The card in lists.
    Listed,
    /// The article on its own page.
    Article,
    /// The card below a related note.
    About,
    /// The feed entry. Empty if the note is in no feed.
    Entry,
}

const PIECES: usize = 5;

/// The location of a note's fragments.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    spool: u32,
    start: u64,
    lengths: [u32; PIECES],
}

/// Writes fragments.
#[derive(Debug)]
pub(super) struct Writer {
    file: BufWriter<File>,
    number: u32,
    written: u64,
}

impl Writer {
    /// Creates the file with this number in `folder`.
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

    /// Writes the fragments of a note, in the order of [`Piece`].
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

/// Reads fragments.
#[derive(Debug)]
pub(super) struct FragmentStore(pub Vec<File>);

impl FragmentStore {
    pub(super) fn get(&self, place: &Extent, piece: Piece) -> io::Result<String> {
        let index = piece as usize;
        let before: u64 = place.lengths[..index].iter().copied().map(u64::from).sum();
        let mut bytes = vec![0; place.lengths[index] as usize];
        let file = self.0.get(place.spool as usize);
        let file = file.ok_or(io::ErrorKind::NotFound)?;
        platform::read_exact_at(file, &mut bytes, place.start + before)?;
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
