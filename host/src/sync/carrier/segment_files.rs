//! Segments as files in folders of devices: at a place that is a folder, and on this computer for
//! those that are to be sent or were fetched.

use std::{
    collections::BTreeMap,
    fs::{self, FileType, OpenOptions},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::interface::Listed;
use crate::{
    platform::{self, PrivateOptions as _},
    sync::{
        device::DeviceId,
        problem::{Owner, Problem, ProblemKind},
        segment::MAX_FILE,
        segment_name::SegmentName,
        whole_file::{PART, remove_stale_parts, write_whole},
    },
};

/// What stands for a file whose content is only in the cloud: iCloud puts the first before and the
/// second behind its name, Nextcloud only the other one behind it.
const ICLOUD: (&str, &str) = (".", ".icloud");
const NEXTCLOUD: &str = ".nextcloud";

/// A folder with a folder for each device.
#[derive(Debug, Clone)]
pub(super) struct SegmentFiles {
    root: PathBuf,
    owner: Owner,
}

impl SegmentFiles {
    /// The folder need not exist.
    pub(super) fn new(root: PathBuf, owner: Owner) -> Self {
        Self { root, owner }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the path of a segment's file.
    pub(super) fn path(&self, name: &SegmentName) -> PathBuf {
        self.root.join(name.folder()).join(name.file())
    }

    /// Creates the folder of folders and its parents.
    pub(super) fn create_all(&self) -> Result<(), Problem> {
        platform::create_private_folders(&self.root)
            .map_err(|error| self.problem(&self.root, &error))
    }

    /// Lists the segments in order of their names.
    pub(super) fn list(&self) -> Result<Vec<Listed>, Problem> {
        let mut found: BTreeMap<SegmentName, Listed> = BTreeMap::new();
        for (folder, kind) in self.entries(&self.root)? {
            if !kind.is_dir() || folder.parse::<DeviceId>().is_err() {
                continue;
            }
            let path = self.root.join(&folder);
            let entries = match self.entries(&path) {
                // It was removed since.
                Err(problem) if problem.kind == ProblemKind::PlaceMissing => continue,
                entries => entries?,
            };
            for (file, kind) in entries {
                if !kind.is_file() {
                    continue;
                }
                if let Some(name) = SegmentName::parse(&folder, &file) {
                    let Ok(metadata) = path.join(&file).symlink_metadata() else {
                        continue; // It was removed since.
                    };
                    let size = Some(metadata.len());
                    let here = true;
                    found.insert(name, Listed { name, size, here });
                } else if let Some(name) =
                    evicted(&file).and_then(|file| SegmentName::parse(&folder, file))
                {
                    let (size, here) = (None, false);
                    found.entry(name).or_insert(Listed { name, size, here });
                }
            }
        }
        Ok(found.into_values().collect())
    }

    /// Reads a segment's file, one byte more than a file may have at most.
    pub(super) fn read(&self, name: &SegmentName) -> Result<Vec<u8>, Problem> {
        let path = self.path(name);
        self.read_path(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if self.root.is_dir() => Problem::new(
                ProblemKind::FileMissing,
                "A file of another device is gone, or isn't on this computer yet. It is read once it is back.",
            )
            .with_detail(path.display()),
            _ => self.problem(&path, &error),
        })
    }

    fn read_path(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = OpenOptions::new()
            .read(true)
            .without_waiting(true)
            .open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let most = MAX_FILE as u64 + 1;
        let size = usize::try_from(metadata.len().min(most)).unwrap_or(MAX_FILE);
        let mut bytes = Vec::with_capacity(size);
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Says whether a segment's file has other bytes than it must have. One that isn't there, or
    /// whose content isn't on this computer, counts as whole.
    pub(super) fn is_damaged(&self, name: &SegmentName) -> Result<bool, Problem> {
        let path = self.path(name);
        let is_here = fs::metadata(&path).is_ok_and(|found| platform::has_content_here(&found));
        if !is_here {
            return Ok(false);
        }
        match self.read(name) {
            Ok(bytes) => Ok(!name.fits(&bytes)),
            Err(problem) if problem.kind == ProblemKind::FileMissing => Ok(false),
            Err(problem) => Err(problem),
        }
    }

    /// Writes a segment's file, so that it is there whole or not at all, also after a power failure.
    /// A file that is there and whole is left alone; one that isn't is replaced. The folder of
    /// folders must exist.
    pub(super) fn put(&self, name: &SegmentName, bytes: &[u8]) -> Result<(), Problem> {
        let path = self.path(name);
        let problem = |error: io::Error| self.problem(&path, &error);
        if self.read_path(&path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        let folder = self.root.join(name.folder());
        match platform::create_private_folder(&folder) {
            Ok(()) => platform::sync_folder_if_possible(&self.root).map_err(problem)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                remove_stale_parts(&folder);
            }
            Err(error) => return Err(problem(error)),
        }
        write_whole(&folder, &name.file(), bytes).map_err(problem)
    }

    /// Removes the files of segments. Those that aren't there are no error.
    pub(super) fn remove(&self, names: &[SegmentName]) -> Result<(), Problem> {
        for name in names {
            let path = self.path(name);
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(self.problem(&path, &error)),
            }
        }
        Ok(())
    }

    /// Removes what is a device's: its segments, what stands for evicted ones, and files in the
    /// making; then the folder, if it is empty.
    pub(super) fn remove_device(&self, device: DeviceId) -> Result<(), Problem> {
        let name = device.to_string();
        let folder = self.root.join(&name);
        // A link isn't followed.
        if !folder.symlink_metadata().is_ok_and(|there| there.is_dir()) {
            return Ok(());
        }
        for (file, kind) in self.entries(&folder)? {
            let segment = evicted(&file).unwrap_or(&file);
            let is_ours = file.starts_with(PART) || SegmentName::parse(&name, segment).is_some();
            if is_ours && !kind.is_dir() {
                let path = folder.join(file);
                fs::remove_file(&path).map_err(|error| self.problem(&path, &error))?;
            }
        }
        // Files of others may be left in it.
        let _ = fs::remove_dir(&folder);
        Ok(())
    }

    /// Returns names and types of the entries of a folder, but for names that aren't UTF-8, which
    /// none of ours is.
    fn entries(&self, folder: &Path) -> Result<Vec<(String, FileType)>, Problem> {
        let read = || {
            let mut found = Vec::new();
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if let Ok(name) = entry.file_name().into_string() {
                    found.push((name, entry.file_type()?));
                }
            }
            Ok(found)
        };
        read().map_err(|error| self.problem(folder, &error))
    }

    /// Says what the system's error means.
    pub(super) fn problem(&self, path: &Path, error: &io::Error) -> Problem {
        Problem::of_io(self.owner, path, error)
    }
}

/// Returns the name of the file for which an entry stands while its content is only in the cloud.
///
/// macOS 14 and newer, Dropbox and OneDrive keep the name and set the flag `SF_DATALESS` instead.
/// Such a file counts as here: reading it fetches the content, or fails.
fn evicted(entry: &str) -> Option<&str> {
    let icloud = entry
        .strip_prefix(ICLOUD.0)
        .and_then(|rest| rest.strip_suffix(ICLOUD.1));
    icloud.or_else(|| entry.strip_suffix(NEXTCLOUD))
}
