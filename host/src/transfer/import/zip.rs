//! Reads zip files, one file at a time, in memory.
//!
//! Each file is examined separately and imported only if it certainly contains bookmarks, because
//! exports of browsers also contain passwords, and those of services pages, images and mail.
//! Nothing is ever unpacked to a folder, so names that lead out of one are harmless.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    io::{self, Read, Seek, SeekFrom},
    rc::Rc,
};

use zip::{ZipArchive, result::ZipError};

use super::{
    detect::{self, Detected},
    formats::{Fit, Format, Shape},
    omnivore,
    outline::Outline,
    row::{FileReport, Found, Sink, shortened},
    secrets,
    source::{MAX_HELD_BYTES, Source},
};
use crate::error::{Error, Result};

/// Most files in an archive.
const MAX_FILES: usize = 100_000;
/// Most unpacked bytes of all files together.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;
/// Most bytes that are read to find the directory, which limits its size.
const MAX_DIRECTORY_BYTES: u64 = 64 << 20;
/// Longest text of a page, as HTML, that is read, in bytes.
const MAX_CONTENT_BYTES: u64 = 16 << 20;
/// Most unpacked bytes of the texts of pages. The rest is left out.
const MAX_CONTENTS_BYTES: u64 = 4 << 30;
/// Length of the part of a file that is examined first, in bytes. Smaller files are read
/// completely.
const PEEK_BYTES: u64 = 1 << 20;

/// A file in an archive.
#[derive(Debug, Clone)]
struct Entry {
    index: usize,
    name: String,
    bytes: u64,
    encrypted: bool,
}

fn broken(what: &str) -> Error {
    Error::InvalidParams(format!(
        "The zip file is broken ({what}); nothing was imported."
    ))
}

/// Limits how much is read to find the directory.
struct Bounded<'a, F> {
    file: &'a mut F,
    /// `None` once the directory was found.
    left: Rc<Cell<Option<u64>>>,
}

impl<F: Read> Read for Bounded<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        if let Some(left) = self.left.get() {
            let left = left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX));
            self.left
                .set(Some(left.ok_or(io::ErrorKind::FileTooLarge)?));
        }
        Ok(read)
    }
}

impl<F: Seek> Seek for Bounded<'_, F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// An open archive.
struct Archive<'a, F> {
    zip: ZipArchive<Bounded<'a, F>>,
    /// Bytes unpacked so far.
    unpacked: u64,
    /// Bytes of texts of pages unpacked so far.
    contents: u64,
}

impl<'a, F: Read + Seek> Archive<'a, F> {
    fn open(file: &'a mut F) -> Result<Self> {
        let left = Rc::new(Cell::new(Some(MAX_DIRECTORY_BYTES)));
        let bounded = Bounded {
            file,
            left: Rc::clone(&left),
        };
        let zip = ZipArchive::new(bounded).map_err(|error| match error {
            ZipError::InvalidArchive(what) if !what.contains("find") && !what.contains("EOCD") => {
                broken("its directory can't be read")
            }
            ZipError::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                broken("its directory is too large, or missing")
            }
            _ => broken("its end is missing"),
        })?;
        if zip.len() > MAX_FILES {
            return Err(broken("it has more than 100,000 files"));
        }
        left.set(None);
        Ok(Self {
            zip,
            unpacked: 0,
            contents: 0,
        })
    }

    /// Returns its files by name, without folders.
    fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for index in 0..self.zip.len() {
            let about = self
                .zip
                .by_index_data(index)
                .map_err(|_| broken("its directory can't be read"))?;
            if about.is_dir() {
                continue;
            }
            entries.push(Entry {
                index,
                name: String::from_utf8_lossy(about.name_raw()).into_owned(),
                bytes: about.size(),
                encrypted: about.encrypted(),
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Returns the beginning of a file, at most `limit` bytes, or `None` if its compression isn't
    /// supported.
    fn content(&mut self, entry: &Entry, limit: u64) -> Result<Option<Vec<u8>>> {
        self.unpacked = self.unpacked.saturating_add(entry.bytes.min(limit));
        if self.unpacked > MAX_UNPACKED_BYTES {
            return Err(Error::InvalidParams(
                "The zip file unpacks to more than 1 GiB; nothing was imported.".into(),
            ));
        }
        self.unpack(entry, limit)
    }

    /// Returns the text of a page, unless it is too long. Pages don't count as bookmarks, of which
    /// an archive may have a gibibyte.
    fn page(&mut self, entry: &Entry) -> Result<Option<String>> {
        let contents = self.contents.saturating_add(entry.bytes);
        if entry.bytes > MAX_CONTENT_BYTES || contents > MAX_CONTENTS_BYTES {
            return Ok(None);
        }
        self.contents = contents;
        let bytes = self.unpack(entry, MAX_CONTENT_BYTES)?.unwrap_or_default();
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn unpack(&mut self, entry: &Entry, limit: u64) -> Result<Option<Vec<u8>>> {
        let about = |what: &str| broken(&format!("{}: {what}", shortened(&entry.name)));
        let mut all = Vec::new();
        let read = {
            let file = match self.zip.by_index(entry.index) {
                Ok(file) => file,
                Err(
                    ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_),
                ) => {
                    return Ok(None);
                }
                Err(_) => return Err(about("it is cut off")),
            };
            file.take(limit + 1).read_to_end(&mut all)
        };
        read.map_err(|_| about("its content doesn't match its checksum or length"))?;
        let length = u64::try_from(all.len()).unwrap_or(u64::MAX);
        if entry.bytes <= limit && length != entry.bytes {
            return Err(about("its content doesn't match its checksum or length"));
        }
        all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Some(all))
    }
}

/// What to do with a file.
enum Decision {
    Take(&'static Format),
    /// It contains addresses, and is imported if there is nothing else.
    Maybe(&'static Format, String),
    Leave(Option<&'static str>, String),
}

/// Reads the files in known formats; with `wanted`, only those in that format.
///
/// # Errors
/// `InvalidParams` if the archive can't be read or no file in it has a known format.
pub(super) fn read(
    source: &mut Source,
    wanted: Option<&'static Format>,
    sink: &mut Sink<'_>,
) -> Result<()> {
    let (file, _) = source.seekable();
    let mut archive = Archive::open(file)?;
    let entries = archive.entries()?;
    if archive.zip.has_duplicate_names() {
        sink(Found::Notice(
            "Several files in the zip file have the same name. Only the last file with each name was read."
                .into(),
        ))?;
    }
    let mut decisions = Vec::new();
    for entry in &entries {
        decisions.push(decide(&mut archive, entry, wanted)?);
    }
    let takes = |decision: &Decision| matches!(decision, Decision::Take(_));
    if !decisions.iter().any(takes) {
        let mut maybes = decisions
            .iter_mut()
            .filter(|decision| matches!(decision, Decision::Maybe(..)));
        if let (Some(only), None) = (maybes.next(), maybes.next())
            && let Decision::Maybe(format, _) = only
        {
            *only = Decision::Take(format);
        }
    }
    if !decisions.iter().any(takes) {
        return Err(nothing(&entries, &decisions));
    }
    let named = || entries.iter().map(|entry| (entry.name.as_str(), entry));
    let extras = Extras {
        highlights: omnivore::highlights(named()),
        contents: omnivore::contents(named()),
        read: RefCell::default(),
    };
    let mut decided: Vec<(&Entry, Decision)> = entries.iter().zip(decisions).collect();
    // The files that belong to pages are read with these.
    decided.sort_by_key(|(_, decision)| !takes(decision));
    for (entry, decision) in decided {
        if extras.read.borrow().contains(&entry.index) {
            continue;
        }
        let name = shortened(&entry.name);
        let mut report = FileReport {
            name: name.as_str().into(),
            format: None,
            taken: false,
            read: 0,
            reason: None,
        };
        match decision {
            Decision::Take(format) => {
                report.format = Some(format.name);
                report.taken = true;
                take(&mut archive, entry, format, &extras, sink)?;
            }
            Decision::Maybe(format, reason) => {
                report.format = Some(format.name);
                report.reason = Some(reason);
            }
            Decision::Leave(format, reason) => {
                report.format = format;
                report.reason = Some(reason);
            }
        }
        sink(Found::File(report))?;
    }
    Ok(())
}

/// The files of Omnivore's archive that belong to pages, by their slugs.
struct Extras<'a> {
    highlights: HashMap<String, &'a Entry>,
    contents: HashMap<String, &'a Entry>,
    /// Those that were read, by their indices.
    read: RefCell<HashSet<usize>>,
}

/// Reads a file. Errors name it.
fn take<F: Read + Seek>(
    archive: &mut Archive<'_, F>,
    entry: &Entry,
    format: &Format,
    extras: &Extras<'_>,
    sink: &mut Sink<'_>,
) -> Result<()> {
    let name = shortened(&entry.name);
    let about = |error| match error {
        Error::InvalidParams(sentence) if !sentence.contains(&name) => {
            Error::InvalidParams(format!("{name}: {sentence}"))
        }
        error => error,
    };
    let content = archive.content(entry, MAX_HELD_BYTES)?.unwrap_or_default();
    let mut part = Source::of_bytes(content)?;
    sink(Found::Part(name.as_str().into(), part.encoding_notice()))?;
    if format.name != "omnivore" {
        let Some(read) = format.read else {
            return Ok(()); // An archive in an archive has been left out before.
        };
        return read(&mut part, sink).map_err(about);
    }
    let read = omnivore::pages(&mut part, sink, &mut |slug| {
        let mut found = omnivore::Extras::default();
        if let Some(entry) = extras.highlights.get(slug) {
            let bytes = archive.content(entry, MAX_HELD_BYTES)?.unwrap_or_default();
            extras.read.borrow_mut().insert(entry.index);
            found.highlights = String::from_utf8_lossy(&bytes).into_owned();
        }
        if let Some(entry) = extras.contents.get(slug) {
            found.content = archive.page(entry)?;
            if found.content.is_some() {
                extras.read.borrow_mut().insert(entry.index);
            }
        }
        Ok(found)
    });
    read.map_err(about)
}

fn leave(reason: &str) -> Decision {
    Decision::Leave(None, reason.into())
}

fn decide<F: Read + Seek>(
    archive: &mut Archive<'_, F>,
    entry: &Entry,
    wanted: Option<&'static Format>,
) -> Result<Decision> {
    let name = entry.name.rsplit('/').next().unwrap_or_default();
    if entry.name.starts_with("__MACOSX/") || name.starts_with("._") || name == ".DS_Store" {
        return Ok(leave("It is a file that macOS adds."));
    }
    if entry.encrypted {
        return Ok(leave(
            "It is encrypted. Unpack the zip file with its password, and import this file by itself.",
        ));
    }
    if entry.bytes == 0 {
        return Ok(leave("It is empty."));
    }
    let Some(start) = archive.content(entry, PEEK_BYTES)? else {
        return Ok(leave(
            "Its compression isn't supported. Unpack the zip file, and import this file by itself.",
        ));
    };
    if start.starts_with(b"PK\x03\x04") {
        return Ok(leave(
            "It is a zip file inside the zip file. Unpack it, and import it by itself.",
        ));
    }
    let mut part = Source::of_bytes(start)?;
    let detected = match secrets::refuse_tables(&mut part) {
        Err(Error::InvalidParams(_)) => {
            return Ok(leave(
                "It has a column for passwords, one-time codes or card numbers, which are never imported.",
            ));
        }
        refused => refused.and_then(|()| detect::detected(&mut part))?,
    };
    let Some(Detected { format, fit }) = detected else {
        return Ok(Decision::Leave(None, unknown(&mut part)?));
    };
    if entry.bytes > MAX_HELD_BYTES {
        return Ok(Decision::Leave(
            Some(format.name),
            "It is larger than 256 MiB. Unpack it, and import it by itself.".into(),
        ));
    }
    let of_omnivore = name.starts_with("metadata_") && format.name == "omnivore";
    if let Some(wanted) = wanted {
        let is_wanted = format.name == wanted.name
            || wanted.name == "csv" && matches!(format.shape, Shape::Table(_));
        return Ok(if is_wanted {
            Decision::Take(wanted)
        } else {
            Decision::Leave(
                Some(format.name),
                format!("It isn't {}, which --format asks for.", wanted.name),
            )
        });
    }
    Ok(match fit {
        Fit::Certain => Decision::Take(format),
        _ if of_omnivore => Decision::Take(format),
        _ => Decision::Maybe(
            format,
            "It contains addresses, but may not be a file of bookmarks. If it is one, import it separately."
                .into(),
        ),
    })
}

/// Returns why a file in an unknown format isn't imported.
fn unknown(part: &mut Source) -> Result<String> {
    if let Some(outline) = Outline::of(part)? {
        if detect::is_history(&outline) {
            return Ok("It is a browsing history, which isn't bookmarks.".into());
        }
        if outline.has_secret() {
            return Ok(
                "It holds passwords, one-time codes or card numbers, which are never imported."
                    .into(),
            );
        }
    }
    Ok("It isn't a file of bookmarks.".into())
}

/// Returns the error if nothing is imported.
fn nothing(entries: &[Entry], decisions: &[Decision]) -> Error {
    const NAMED: usize = 4;
    let mut files: Vec<String> = entries
        .iter()
        .zip(decisions)
        .take(NAMED)
        .map(|(entry, decision)| {
            let reason = match decision {
                Decision::Leave(_, reason) | Decision::Maybe(_, reason) => reason.as_str(),
                Decision::Take(_) => "",
            };
            format!("{}: {reason}", shortened(&entry.name))
        })
        .collect();
    if entries.len() > NAMED {
        files.push(format!("There are {} more files.", entries.len() - NAMED));
    }
    if files.is_empty() {
        files.push("It is empty.".into());
    }
    Error::InvalidParams(format!(
        "The zip file contains no file in a known format. {}",
        files.join(" ")
    ))
}

/// Returns the contents of all files, for tests.
#[cfg(test)]
pub(super) fn contents(source: &mut Source) -> Result<Vec<Vec<u8>>> {
    let (file, _) = source.seekable();
    let mut archive = Archive::open(file)?;
    let entries = archive.entries()?;
    let contents = entries
        .iter()
        .map(|entry| archive.content(entry, MAX_HELD_BYTES));
    contents
        .map(|content| Ok(content?.unwrap_or_default()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    #[test]
    fn a_file_that_unpacks_to_more_than_a_gibibyte_is_refused() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("part", SimpleFileOptions::default())
            .unwrap();
        zip.write_all(b"x").unwrap();
        let mut bytes = zip.finish().unwrap();
        let mut archive = Archive::open(&mut bytes).unwrap();
        let mut entry = archive.entries().unwrap().remove(0);
        entry.bytes = MAX_HELD_BYTES;
        for _ in 0..4 {
            let error = archive
                .content(&entry, MAX_HELD_BYTES)
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("doesn't match its checksum or length"),
                "{error}"
            );
        }
        let error = archive
            .content(&entry, MAX_HELD_BYTES)
            .unwrap_err()
            .to_string();
        assert!(error.contains("more than 1 GiB"), "{error}");
    }
}
