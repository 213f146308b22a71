//! Zip files: what is in them, one file at a time, in memory.
//!
//! The format's own name is APPNOTE 6.3 (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>).
//! Read here is what services pack exports with: stored and deflated files. Nothing
//! is ever unpacked into a folder, so names that climb lead nowhere.

use std::io::{self, Read, Seek, SeekFrom};

use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::{
    row::{Found, Sink},
    source::{MAX_HELD_BYTES, Source},
};
use crate::error::{Error, Result};

/// Most files in it.
const MAX_FILES: usize = 100_000;
/// Longest end of a file in which its directory is looked for, in bytes.
const END_BYTES: u64 = 22 + 65_535;
/// So much of it is unpacked, all files together, in bytes.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;
/// Largest directory, in bytes.
const MAX_DIRECTORY_BYTES: u64 = 64 << 20;

/// A file in a zip file.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    method: u16,
    encrypted: bool,
    packed: u64,
    bytes: u64,
    offset: u64,
    checksum: u32,
}

fn broken(what: &str) -> Error {
    Error::InvalidParams(format!(
        "The zip file is broken ({what}); nothing was imported."
    ))
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    u16::try_from(number(bytes, at, 2)?).ok()
}

/// What is in a zip file, by name.
///
/// # Errors
/// `InvalidParams` where it can't be read.
pub(super) fn entries(source: &mut Source) -> Result<Vec<Entry>> {
    let directory = directory(source).map_err(|_| broken("it can't be read"))?;
    let directory = directory.ok_or_else(|| broken("its end is missing"))?;
    let mut entries = Vec::new();
    let mut at = 0;
    while directory.get(at..at + 4) == Some(b"PK\x01\x02") {
        if entries.len() >= MAX_FILES {
            return Err(broken("it has more than 100,000 files"));
        }
        let (entry, length) =
            entry(&directory[at..]).ok_or_else(|| broken("its directory is cut off"))?;
        at += length;
        entries.push(entry);
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The bytes of the directory, which is at the end. None where it isn't there.
fn directory(source: &mut Source) -> io::Result<Option<Vec<u8>>> {
    let (file, bytes) = source.seekable();
    let from = bytes.saturating_sub(END_BYTES);
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.take(END_BYTES).read_to_end(&mut end)?;
    let Some(at) = end.windows(4).rposition(|four| four == b"PK\x05\x06") else {
        return Ok(None);
    };
    let (Some(length), Some(offset)) = (number(&end, at + 12, 4), number(&end, at + 16, 4)) else {
        return Ok(None);
    };
    if length > MAX_DIRECTORY_BYTES || offset + length > bytes {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut directory = Vec::new();
    file.take(length).read_to_end(&mut directory)?;
    Ok(Some(directory))
}

/// An entry of the directory, and its length there.
fn entry(bytes: &[u8]) -> Option<(Entry, usize)> {
    let [name, extra, comment] = [28, 30, 32].map(|at| short(bytes, at));
    let (name, extra, comment) = (
        usize::from(name?),
        usize::from(extra?),
        usize::from(comment?),
    );
    let name_bytes = bytes.get(46..46 + name)?;
    let entry = Entry {
        name: String::from_utf8_lossy(name_bytes).into_owned(),
        encrypted: short(bytes, 8)? & 1 != 0,
        method: short(bytes, 10)?,
        checksum: u32::try_from(number(bytes, 16, 4)?).ok()?,
        packed: number(bytes, 20, 4)?,
        bytes: number(bytes, 24, 4)?,
        offset: number(bytes, 42, 4)?,
    };
    Some((entry, 46 + name + extra + comment))
}

/// Reads a file, and tells whose bookmarks they are: of what is wrong, the part is named.
///
/// # Errors
/// Those of [`content`] and of `read`.
pub(super) fn each_row(
    source: &mut Source,
    entry: &Entry,
    sink: &mut Sink<'_>,
    read: impl FnOnce(&mut Source, &mut Source, &mut Sink<'_>) -> Result<()>,
) -> Result<()> {
    let mut part = Source::of_bytes(content(source, entry)?)?;
    let name = super::shortened(&entry.name);
    sink(Found::Part(name.as_str().into(), part.encoding_notice()))?;
    read(source, &mut part, sink).map_err(|error| match error {
        Error::InvalidParams(sentence) => Error::InvalidParams(format!("{name}: {sentence}")),
        error => error,
    })
}

/// The content of a file.
///
/// # Errors
/// `InvalidParams` where it can't be read, or is larger than it says or than is
/// held in memory.
pub(super) fn content(source: &mut Source, entry: &Entry) -> Result<Vec<u8>> {
    let about = |what: &str| broken(&format!("{}: {what}", super::shortened(&entry.name)));
    if entry.encrypted {
        return Err(about("it is encrypted"));
    }
    if entry.bytes > MAX_HELD_BYTES || entry.packed > MAX_HELD_BYTES {
        return Err(about("it is larger than 256 MiB"));
    }
    source.unpacked = source.unpacked.saturating_add(entry.bytes);
    if source.unpacked > MAX_UNPACKED_BYTES {
        return Err(Error::InvalidParams(
            "The zip file unpacks to more than 1 GiB; nothing was imported.".into(),
        ));
    }
    let packed = packed(source, entry).map_err(|_| about("it is cut off"))?;
    let limit = usize::try_from(entry.bytes).map_err(|_| about("it is too large"))?;
    let content = match entry.method {
        0 => packed,
        8 => decompress_to_vec_with_limit(&packed, limit)
            .map_err(|_| about("its content is not what it should be"))?,
        _ => return Err(about("it is packed in an unusual way; pack it anew")),
    };
    if content.len() != limit || checksum(&content) != entry.checksum {
        return Err(about("its content is not what it should be"));
    }
    Ok(content)
}

fn packed(source: &mut Source, entry: &Entry) -> io::Result<Vec<u8>> {
    let (file, _) = source.seekable();
    file.seek(SeekFrom::Start(entry.offset))?;
    let mut head = [0; 30];
    file.read_exact(&mut head)?;
    let lengths = [26, 28].map(|at| short(&head, at).unwrap_or(0));
    let skipped = lengths.into_iter().map(i64::from).sum();
    file.seek(SeekFrom::Current(skipped))?;
    let mut packed = Vec::new();
    file.take(entry.packed).read_to_end(&mut packed)?;
    if u64::try_from(packed.len()).ok() != Some(entry.packed) || !head.starts_with(b"PK\x03\x04") {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(packed)
}

/// CRC-32 as zip has it.
fn checksum(bytes: &[u8]) -> u32 {
    let mut table = [0_u32; 256];
    for (value, byte) in table.iter_mut().zip(0_u32..) {
        *value = (0..8).fold(byte, |value, _| {
            if value & 1 == 1 {
                0xEDB8_8320 ^ (value >> 1)
            } else {
                value >> 1
            }
        });
    }
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        let [low, ..] = sum.to_le_bytes();
        table[usize::from(low ^ byte)] ^ (sum >> 8)
    });
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_zips() {
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_file_that_unpacks_to_more_than_a_gibibyte_is_refused() {
        let mut source = Source::of_bytes(b"PK\x03\x04".to_vec()).unwrap();
        let entry = Entry {
            name: "part".into(),
            method: 8,
            encrypted: false,
            packed: 1,
            bytes: MAX_HELD_BYTES,
            offset: 0,
            checksum: 0,
        };
        for _ in 0..4 {
            let error = content(&mut source, &entry).unwrap_err().to_string();
            assert!(error.contains("cut off"), "{error}");
        }
        let error = content(&mut source, &entry).unwrap_err().to_string();
        assert!(error.contains("more than 1 GiB"), "{error}");
    }
}
