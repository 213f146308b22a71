//! A model of a disk: what programs wrote, and how much of that would survive a power cut.
//!
//! Only fsync of a file makes its content durable. A name (a file created, renamed or removed)
//! becomes durable by fsync of its folder, or of the file that it was created for, together with
//! all earlier changes of names. The journaling file systems of Linux (ext4, XFS, Btrfs, F2FS)
//! behave like this; POSIX promises only the folder.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use super::{Dice, shim::Event};

/// The unit that a disk writes atomically.
const SECTOR: usize = 512;

/// What the power cut does to what wasn't synced.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut {
    /// Contents are lost, names survive.
    Clean,
    /// Contents and names are lost.
    Late,
    /// Any subset of the content's sectors survives, and any number of the first name changes.
    Torn,
}

impl Cut {
    pub(super) const ALL: [Self; 3] = [Self::Clean, Self::Late, Self::Torn];
}

#[derive(Default)]
pub(super) struct Disk {
    files: HashMap<u64, File>,
    /// The durable names.
    names: Names,
    /// Changes of names since, in order.
    new_names: Vec<Naming>,
    /// Ending of the names of files for which fsync is ignored: models a disk that lies.
    lies_about: Option<&'static str>,
}

/// Paths with their files; `None` is a folder.
type Names = BTreeMap<String, Option<u64>>;

#[derive(Default, Clone)]
struct File {
    kept: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Written { offset: usize, bytes: Vec<u8> },
    Resized(usize),
}

#[derive(Clone)]
enum Naming {
    Made { path: String, file: Option<u64> },
    Renamed { from: String, to: String },
    Removed { path: String },
}

impl Disk {
    /// Creates a disk that ignores fsync of files whose names have this ending.
    pub(super) fn lying_about(ending: &'static str) -> Self {
        Self {
            lies_about: Some(ending),
            ..Self::default()
        }
    }

    /// Applies a recorded event.
    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::Created { file, path } => {
                // The inode number may be reused after the file is gone.
                self.files.insert(*file, File::default());
                self.name(path, Some(*file));
            }
            Event::Written {
                file,
                offset,
                bytes,
            } => self.change(
                *file,
                Change::Written {
                    offset: *offset,
                    bytes: bytes.clone(),
                },
            ),
            Event::Resized { file, size } => self.change(*file, Change::Resized(*size)),
            Event::Synced { file } => self.sync(*file),
            Event::LostSync { file } => {
                // The kernel drops what it couldn't write.
                if let Some(file) = self.files.get_mut(file) {
                    file.unsynced.clear();
                }
            }
            Event::FolderMade { path } => self.name(path, None),
            Event::FolderSynced => self.keep_names(self.new_names.len()),
            Event::Renamed { from, to } => self.new_names.push(Naming::Renamed {
                from: from.clone(),
                to: to.clone(),
            }),
            Event::Removed { path } => {
                self.new_names.push(Naming::Removed { path: path.clone() });
            }
            Event::Linked { file, path } => self.name(path, Some(*file)),
            Event::Answered { .. } => {}
        }
    }

    fn name(&mut self, path: &str, file: Option<u64>) {
        let path = path.to_owned();
        self.new_names.push(Naming::Made { path, file });
    }

    fn change(&mut self, file: u64, change: Change) {
        self.files.entry(file).or_default().unsynced.push(change);
    }

    fn sync(&mut self, number: u64) {
        if self.is_lied_about(number) {
            return;
        }
        let file = self.files.entry(number).or_default();
        for change in std::mem::take(&mut file.unsynced) {
            change.apply(&mut file.kept);
        }
        let made =
            |naming: &Naming| matches!(naming, Naming::Made { file, .. } if *file == Some(number));
        if let Some(last) = self.new_names.iter().rposition(made) {
            self.keep_names(last + 1);
        }
    }

    fn is_lied_about(&self, number: u64) -> bool {
        let Some(ending) = self.lies_about else {
            return false;
        };
        let mut names = self.names.clone();
        names.extend(self.new_names.iter().filter_map(|naming| match naming {
            Naming::Made { path, file } => Some((path.clone(), *file)),
            _ => None,
        }));
        names
            .iter()
            .any(|(path, file)| *file == Some(number) && path.ends_with(ending))
    }

    fn keep_names(&mut self, count: usize) {
        for naming in self.new_names.drain(..count) {
            naming.apply(&mut self.names);
        }
    }

    /// Writes what survives a power cut at this point into an empty folder.
    pub(super) fn leave(&self, cut: Cut, dice: &mut Dice, folder: &Path) {
        let mut names = self.names.clone();
        let kept = match cut {
            Cut::Clean => self.new_names.len(),
            Cut::Late => 0,
            Cut::Torn => below(dice, self.new_names.len() + 1),
        };
        for naming in &self.new_names[..kept] {
            naming.apply(&mut names);
        }
        // In the order of paths, a folder comes before its content.
        for (path, file) in names {
            let place = folder.join(&path);
            match file {
                None => fs::create_dir(place).unwrap(),
                // Shared memory, which SQLite recreates in any case.
                Some(_) if path.ends_with("-shm") => {}
                Some(number) => {
                    let file = self.files.get(&number).cloned().unwrap_or_default();
                    fs::write(place, file.found(cut, dice)).unwrap();
                }
            }
        }
    }
}

impl File {
    fn found(self, cut: Cut, dice: &mut Dice) -> Vec<u8> {
        let mut content = self.kept;
        if let Cut::Torn = cut {
            for change in self.unsynced {
                change.apply_in_part(&mut content, dice);
            }
        }
        content
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Written { offset, bytes } => overwrite(content, *offset, bytes),
            Self::Resized(size) => content.resize(*size, 0),
        }
    }

    /// Applies a random subset of the sectors.
    fn apply_in_part(&self, content: &mut Vec<u8>, dice: &mut Dice) {
        let Self::Written { offset, bytes } = self else {
            if dice.coin() {
                self.apply(content);
            }
            return;
        };
        let mut at = 0;
        while at < bytes.len() {
            let place = offset + at;
            let length = (SECTOR - place % SECTOR).min(bytes.len() - at);
            if dice.coin() {
                overwrite(content, place, &bytes[at..at + length]);
            }
            at += length;
        }
    }
}

fn overwrite(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

impl Naming {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Made { path, file } => {
                names.insert(path.clone(), *file);
            }
            Self::Renamed { from, to } => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Removed { path } => {
                names.remove(path);
            }
        }
    }
}

pub(super) fn below(dice: &mut Dice, limit: usize) -> usize {
    usize::try_from(dice.below(u64::try_from(limit).unwrap())).unwrap()
}
