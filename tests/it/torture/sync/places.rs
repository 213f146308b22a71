//! Places: copies of a folder that something unreliable carries between devices, or one repository.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use url_notes::{
    domain::{PageUrl, sync::PageId},
    sync::{segment::Segment, segment_name::SegmentName},
};

use super::{
    super::Dice,
    oracle::{Fact, url, words},
};

/// The folder of a library at a place.
pub(super) const ROOT: &str = "url-notes-1";
/// Pages have numbers below this.
pub(super) const ALL_PAGES: u64 = 400;

/// A file's folder and name.
type Name = (String, String);

/// How files are carried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrying {
    /// Some files are late, cut, or arrive under other names.
    Badly,
    /// All files arrive.
    Well,
}

/// One device's copy of a folder that is shared with the others.
pub(super) struct Copy {
    pub(super) path: PathBuf,
    /// The files of the device's own that its copy had the last time.
    own: BTreeSet<Name>,
    /// The files that the device itself has removed.
    removed: BTreeSet<Name>,
    /// The id of the device.
    owner: String,
}

impl Copy {
    pub(super) fn new(path: &Path) -> Self {
        fs::create_dir_all(path).unwrap();
        Self {
            path: path.to_owned(),
            own: BTreeSet::new(),
            removed: BTreeSet::new(),
            owner: String::new(),
        }
    }

    /// The device has this id from now on.
    pub(super) fn belongs_to(&mut self, id: String) {
        if self.owner != id {
            self.own.clear();
            self.owner = id;
        }
    }

    pub(super) fn root(&self) -> PathBuf {
        self.path.join(ROOT)
    }

    fn file(&self, (folder, name): &Name) -> PathBuf {
        self.root().join(folder).join(name)
    }

    /// Returns the files with proper names.
    pub(super) fn files(&self) -> BTreeSet<Name> {
        let mut found = BTreeSet::new();
        let Ok(folders) = fs::read_dir(self.root()) else {
            return found;
        };
        for folder in folders {
            let folder = folder.unwrap();
            // Devices make and remove files meanwhile.
            let Ok(files) = fs::read_dir(folder.path()) else {
                continue;
            };
            let folder = folder.file_name().into_string().unwrap();
            for file in files.flatten() {
                let name = file.file_name().into_string().unwrap();
                if SegmentName::parse(&folder, &name).is_some() {
                    found.insert((folder.clone(), name));
                }
            }
        }
        found
    }

    /// Returns a file's bytes, if it is there and whole.
    fn whole(&self, name: &Name) -> Option<Vec<u8>> {
        let bytes = fs::read(self.file(name)).ok()?;
        let is_whole = SegmentName::parse(&name.0, &name.1)?.fits(&bytes);
        is_whole.then_some(bytes)
    }

    /// Removes what isn't whole, of devices that are no more and therefore can't mend it.
    pub(super) fn forget_broken_files(&self, devices: &BTreeSet<String>) {
        for name in self.files() {
            if !devices.contains(&name.0) && self.whole(&name).is_none() {
                fs::remove_file(self.file(&name)).unwrap();
            }
        }
    }

    /// Returns whether a file isn't whole.
    pub(super) fn has_broken_files(&self) -> bool {
        self.files().iter().any(|name| self.whole(name).is_none())
    }

    /// Returns what whole files say.
    pub(super) fn facts(&self, pages: &Pages) -> BTreeSet<Fact> {
        let mut found = BTreeSet::new();
        for name in self.files() {
            if let Some(bytes) = self.whole(&name) {
                found.extend(pages.facts(&bytes));
            }
        }
        found
    }

    /// Takes note of the files that the device itself has removed.
    fn look_for_removed(&mut self) {
        if !self.root().is_dir() {
            // It is cut off.
            return;
        }
        let own = self.files().into_iter();
        let own: BTreeSet<Name> = own.filter(|(folder, _)| *folder == self.owner).collect();
        self.removed.extend(self.own.difference(&own).cloned());
        self.own = own;
    }

    /// Removes a file as a disaster.
    fn lose(&mut self, name: &Name) {
        let _ = fs::remove_file(self.file(name));
        self.own.remove(name);
    }

    /// Loses all files of some device, or its own.
    pub(super) fn lose_folder(&mut self, dice: &mut Dice) {
        let folders: BTreeSet<String> = self.files().into_iter().map(|file| file.0).collect();
        let Some(folder) = pick(dice, folders) else {
            return;
        };
        let _ = fs::remove_dir_all(self.root().join(&folder));
        self.own.retain(|file| file.0 != folder);
    }

    /// Loses everything.
    pub(super) fn empty(&mut self) {
        let _ = fs::remove_dir_all(self.root());
        self.own.clear();
    }

    /// Cuts or loses a file, or puts a copy of it beside it.
    pub(super) fn damage(&mut self, dice: &mut Dice) {
        let Some(name) = pick(dice, self.files()) else {
            return;
        };
        let file = self.file(&name);
        let Ok(bytes) = fs::read(&file) else { return };
        match dice.below(4) {
            0 => self.lose(&name),
            1 => fs::write(&file, &bytes[..bytes.len() / 2]).unwrap(),
            2 => fs::write(&file, "").unwrap(),
            _ => fs::write(conflict_name(&file, dice), &bytes).unwrap(),
        }
    }
}

/// Carries files from one copy to another, also removals if `removes`. Returns how many files changed
/// there.
pub(super) fn carry(
    copies: &mut [Copy],
    from: usize,
    to: usize,
    how: Carrying,
    removes: bool,
    dice: &mut Dice,
) -> u32 {
    copies.iter_mut().for_each(Copy::look_for_removed);
    let removed: BTreeSet<Name> = (copies.iter())
        .flat_map(|copy| copy.removed.iter().cloned())
        .collect();
    let (from, to) = (&copies[from], &copies[to]);
    let mut moved = 0;
    if !from.root().is_dir() {
        return 0;
    }
    let is_late = |dice: &mut Dice| how == Carrying::Badly && dice.below(3) == 0;
    let (there, here) = (from.files(), to.files());
    for name in &there {
        if removed.contains(name) && (removes || how == Carrying::Well) || is_late(dice) {
            continue;
        }
        let file = to.file(name);
        let Some(bytes) = from.whole(name) else {
            // A damaged copy of a file that its device has lost comes to that device, too, which
            // removes it everywhere.
            if how == Carrying::Well && name.0 == to.owner && !here.contains(name) {
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::copy(from.file(name), &file).unwrap();
                moved += 1;
            }
            continue;
        };
        if here.contains(name) && to.whole(name).is_some() {
            continue;
        }
        // What a device wrote, only it mends.
        if name.0 == to.owner && here.contains(name) {
            continue;
        }
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        moved += 1;
        if how == Carrying::Well {
            arrive(&file, &bytes);
            continue;
        }
        match dice.below(12) {
            0 => fs::write(&file, &bytes[..bytes.len() * 2 / 3]).unwrap(),
            1 => fs::write(&file, "").unwrap(),
            2 => fs::write(conflict_name(&file, dice), &bytes).unwrap(),
            3 => {
                // First another one, whose content comes later.
                fs::write(&file, vec![0; bytes.len()]).unwrap();
            }
            _ => arrive(&file, &bytes),
        }
    }
    // Not all carriers remove; a removed file may also come again from a third copy.
    for name in here.intersection(&removed) {
        let is_useless = how == Carrying::Well && to.whole(name).is_none();
        if is_useless || removes && !is_late(dice) {
            moved += u32::from(fs::remove_file(to.file(name)).is_ok());
        }
    }
    moved
}

/// A file appears as a whole.
fn arrive(file: &Path, bytes: &[u8]) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let part = file.with_file_name(format!(".syncthing.{name}.tmp"));
    fs::write(&part, bytes).unwrap();
    fs::rename(part, file).unwrap();
}

fn conflict_name(file: &Path, dice: &mut Dice) -> PathBuf {
    let name = file.file_name().unwrap().to_str().unwrap();
    let ending = match dice.coin() {
        true => " (conflicted copy 2026-11-30).seg",
        false => ".sync-conflict-20261130-101010-ABCDEFG.seg",
    };
    file.with_file_name(name.replace(".seg", ending))
}

pub(super) fn pick<T>(dice: &mut Dice, from: impl IntoIterator<Item = T>) -> Option<T> {
    let mut all: Vec<T> = from.into_iter().collect();
    if all.is_empty() {
        return None;
    }
    let at = usize::try_from(dice.below(u64::try_from(all.len()).unwrap())).unwrap();
    Some(all.swap_remove(at))
}

/// Which pages the ids in files are.
pub(super) struct Pages(BTreeMap<PageId, u64>);

impl Pages {
    pub(super) fn new() -> Self {
        let id = |page| PageId::of(PageUrl::parse(&url(page)).unwrap().key());
        Self((0..ALL_PAGES).map(|page| (id(page), page)).collect())
    }

    /// Returns what a file says.
    fn facts(&self, bytes: &[u8]) -> BTreeSet<Fact> {
        let (_, lines) = Segment::read(bytes).unwrap();
        let mut found = BTreeSet::new();
        for line in lines {
            let line = line.unwrap();
            let json: Value = serde_json::from_str(&line).unwrap();
            let id = json["k"].as_str().and_then(|id| id.parse().ok());
            if let Some(page) = id.and_then(|id: PageId| self.0.get(&id)) {
                let words = strings(&json).flat_map(words);
                found.extend(words.map(|word| (*page, word)));
            }
        }
        found
    }
}

/// Returns the strings in a value, without the escapes that JSON has for them.
fn strings(json: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match json {
        Value::String(text) => Box::new(std::iter::once(&**text)),
        Value::Array(values) => Box::new(values.iter().flat_map(strings)),
        Value::Object(fields) => Box::new(fields.values().flat_map(strings)),
        _ => Box::new(std::iter::empty()),
    }
}

/// Runs git on the repository of the devices.
pub(super) fn git(repository: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .arg("--git-dir")
        .arg(repository)
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
