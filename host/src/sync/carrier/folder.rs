//! A folder of this computer as the place: one that Syncthing, Dropbox, Nextcloud or iCloud carries
//! further, a mounted disk or share, or one that the user's own commands carry.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use super::{
    interface::{Carrier, Listed, README, README_TEXT, ROOT},
    segment_files::SegmentFiles,
};
use crate::{
    platform,
    sync::{
        device::DeviceId,
        problem::{Owner, Problem, ProblemKind},
        program::{Programs, Run},
        segment_name::SegmentName,
        whole_file::write_whole,
    },
};

/// How long a folder may take to say whether it is there. The system waits for a share whose server
/// is gone for as long as it takes.
const PROBE: Duration = Duration::from_secs(20);
/// The variable that tells commands the folder of this device.
const DEVICE_VARIABLE: &str = "URL_NOTES_DEVICE";

/// The carrier of [`Place::Folder`](crate::sync::place::Place::Folder).
#[derive(Debug)]
pub struct FolderCarrier {
    place: PathBuf,
    files: SegmentFiles,
    programs: Programs,
    commands: Option<Commands>,
    /// Devices whose folders are gone here, for the next push.
    forgotten: BTreeSet<DeviceId>,
}

/// Which command of the user.
#[derive(Debug, Clone, Copy)]
enum Setting {
    Pull,
    Push,
}

/// Shell commands of the user that carry a folder.
#[derive(Debug)]
struct Commands {
    /// Whose folder they send.
    device: DeviceId,
    pull: Option<String>,
    push: Option<String>,
}

impl FolderCarrier {
    /// Returns the carrier of a folder, which need not exist.
    #[must_use]
    pub fn new(place: &Path, programs: &Programs) -> Self {
        Self {
            place: place.to_owned(),
            files: SegmentFiles::new(place.join(ROOT), Owner::Place),
            programs: programs.clone(),
            commands: None,
            forgotten: BTreeSet::new(),
        }
    }

    /// Sets the shell commands that bring what is new into the folder and send what is new in it,
    /// such as rsync or unison. Their current folder is the place; the variable
    /// `URL_NOTES_DEVICE` names the folder below [`ROOT`] that only this device writes. After a
    /// device was forgotten, `push` is run for its folder, too.
    #[must_use]
    pub fn with_commands(
        mut self,
        device: DeviceId,
        pull: Option<String>,
        push: Option<String>,
    ) -> Self {
        self.commands = Some(Commands { device, pull, push });
        self
    }

    fn run(&self, setting: Setting, device: Option<DeviceId>) -> Result<(), Problem> {
        let Some(commands) = &self.commands else {
            return Ok(());
        };
        let (command, name) = match setting {
            Setting::Pull => (&commands.pull, "The command pull in the settings of sync"),
            Setting::Push => (&commands.push, "The command push in the settings of sync"),
        };
        let Some(command) = command else {
            return Ok(());
        };
        if !is_folder(&self.place)? {
            return Err(self.place_missing());
        }
        let output = Run::of_shell(name, command, &self.programs)
            .env(
                DEVICE_VARIABLE,
                device.unwrap_or(commands.device).to_string(),
            )
            .folder(&self.place)
            .limit(self.programs.network_limit)
            .silent()
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        let sentence = format!(
            "{name} failed ({}). Run it in a terminal to see why.",
            output.status
        );
        Err(Problem::new(ProblemKind::Other, sentence).with_detail(output.stderr))
    }

    fn place_missing(&self) -> Problem {
        // ENOENT and ERROR_FILE_NOT_FOUND: the number is the same.
        let missing = io::Error::from_raw_os_error(2);
        self.files.problem(self.files.root(), &missing)
    }

    /// Fails unless the library is there.
    fn check(&self) -> Result<(), Problem> {
        match self.exists()? {
            true => Ok(()),
            false => Err(self.place_missing()),
        }
    }
}

impl Carrier for FolderCarrier {
    fn exists(&self) -> Result<bool, Problem> {
        is_folder(self.files.root())
    }

    fn create(&mut self) -> Result<(), Problem> {
        let problem = |error: io::Error| self.files.problem(&self.place, &error);
        make_folder(&self.place)?;
        match create(self.files.root()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(problem(error));
            }
            _ => platform::sync_folder_if_possible(&self.place).map_err(problem)?,
        }
        if self.files.root().join(README).exists() {
            return Ok(());
        }
        write_whole(self.files.root(), README, README_TEXT.as_bytes()).map_err(problem)
    }

    fn fetch(&mut self) -> Result<(), Problem> {
        self.run(Setting::Pull, None)
    }

    fn list(&self) -> Result<Vec<Listed>, Problem> {
        self.check()?;
        self.files.list()
    }

    fn read(&self, name: &SegmentName) -> Result<Vec<u8>, Problem> {
        self.files.read(name)
    }

    fn is_damaged(&self, name: &SegmentName) -> Result<bool, Problem> {
        self.files.is_damaged(name)
    }

    fn put(&mut self, name: &SegmentName, bytes: &[u8]) -> Result<(), Problem> {
        self.check()?;
        self.files.put(name, bytes)
    }

    fn remove(&mut self, names: &[SegmentName]) -> Result<(), Problem> {
        self.check()?;
        self.files.remove(names)
    }

    fn remove_device(&mut self, device: DeviceId) -> Result<(), Problem> {
        self.check()?;
        self.files.remove_device(device)?;
        self.forgotten.insert(device);
        Ok(())
    }

    fn push(&mut self) -> Result<(), Problem> {
        self.run(Setting::Push, None)?;
        while let Some(device) = self.forgotten.first().copied() {
            self.run(Setting::Push, Some(device))?;
            self.forgotten.remove(&device);
        }
        Ok(())
    }
}

/// Creates the folder of a place, unless there is one.
///
/// # Errors
/// It can't be created.
pub fn make_folder(place: &Path) -> Result<(), Problem> {
    if is_folder(place)? {
        return Ok(());
    }
    let problem = |error: io::Error| Problem::of_io(Owner::Place, place, &error);
    // Not its parents: a disk that isn't mounted would be filled in its stead.
    create(place).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::new(
            ProblemKind::PlaceMissing,
            "The folder for sync doesn't exist. Mount its disk, or create the folder.",
        )
        .with_detail(place.display()),
        _ => problem(error),
    })?;
    platform::sync_folder_if_possible(place.parent().unwrap_or(place)).map_err(problem)
}

fn create(folder: &Path) -> io::Result<()> {
    platform::create_private_folder(folder)
}

/// Says whether a folder exists.
fn is_folder(path: &Path) -> Result<bool, Problem> {
    let owned = path.to_owned();
    let is_file = || {
        let sentence = "There is a file where the folder for sync should be. Move the file away.";
        Problem::new(ProblemKind::Broken, sentence).with_detail(path.display())
    };
    match in_time(PROBE, move || fs::metadata(&owned))? {
        Ok(there) if there.is_dir() => Ok(true),
        Ok(_) => Err(is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Problem::of_io(Owner::Place, path, &error)),
    }
}

/// Calls a function that the system may never let return.
fn in_time<T: Send + 'static>(
    limit: Duration,
    ask: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let (send, receive) = mpsc::channel();
    // If it doesn't return, it ends with this process.
    thread::spawn(move || send.send(ask()));
    receive.recv_timeout(limit).map_err(|_| {
        Problem::new(
            ProblemKind::Slow,
            "The folder for sync doesn't answer. Check the connection to its computer.",
        )
    })
}

/// Checks that a place and the folder of the notes are apart: what syncs the one would else change
/// the other.
///
/// # Errors
/// A sentence, if one is in the other.
pub fn check_apart(place: &Path, data: &Path) -> Result<(), Problem> {
    let (place, data) = (resolved(place), resolved(data));
    let sentence = if place.starts_with(&data) {
        "The folder for sync can't be in the folder of the notes. Choose another one."
    } else if data.starts_with(&place) {
        "The folder for sync can't contain the folder of the notes, whose database must not be synced as a file. Choose another one, such as a new folder in it."
    } else {
        return Ok(());
    };
    Err(Problem::new(ProblemKind::Other, sentence))
}

/// Returns a path without links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        if let Ok(real) = above.canonicalize() {
            let below = path
                .strip_prefix(above)
                .expect("a path starts with its ancestors");
            return real.join(below);
        }
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use rustix::io::Errno;

    use super::*;
    use crate::sync::segment::MAX_FILE;

    const DEVICE: &str = "00c0ffee00000001";

    fn name(number: u32, bytes: &[u8]) -> SegmentName {
        SegmentName::of(DEVICE.parse().unwrap(), number, bytes)
    }

    /// A library in a temporary folder.
    fn library() -> (tempfile::TempDir, FolderCarrier) {
        let dir = tempfile::tempdir().unwrap();
        let mut carrier = FolderCarrier::new(&dir.path().join("place"), &Programs::default());
        carrier.create().unwrap();
        (dir, carrier)
    }

    fn kind<T: std::fmt::Debug>(result: Result<T, Problem>) -> ProblemKind {
        result.unwrap_err().kind
    }

    #[test]
    fn segments_are_put_listed_read_and_removed() {
        let (dir, mut carrier) = library();
        assert_eq!(carrier.list(), Ok(vec![]));
        let (one, two) = (name(1, b"one"), name(2, b"two!"));
        carrier.put(&two, b"two!").unwrap();
        carrier.put(&one, b"one").unwrap();
        carrier.put(&one, b"one").unwrap();
        carrier.push().unwrap();
        carrier.fetch().unwrap();
        let listed = |name, size| Listed {
            name,
            size: Some(size),
            here: true,
        };
        assert_eq!(carrier.list(), Ok(vec![listed(one, 3), listed(two, 4)]));
        assert_eq!(carrier.read(&two), Ok(b"two!".to_vec()));
        let file = dir
            .path()
            .join("place")
            .join(ROOT)
            .join(DEVICE)
            .join(one.file());
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        carrier.remove(&[one]).unwrap();
        carrier.remove(&[one]).unwrap();
        assert_eq!(carrier.list(), Ok(vec![listed(two, 4)]));
        assert_eq!(kind(carrier.read(&one)), ProblemKind::FileMissing);
        carrier.remove_device(two.device).unwrap();
        carrier.remove_device(two.device).unwrap();
        assert_eq!(carrier.list(), Ok(vec![]));
        assert!(!file.parent().unwrap().exists());
    }

    #[test]
    fn a_missing_library_is_a_fault_and_never_an_empty_one() {
        let (dir, mut carrier) = library();
        let one = name(1, b"one");
        carrier.put(&one, b"one").unwrap();
        fs::rename(dir.path().join("place"), dir.path().join("away")).unwrap();
        for mounted in [false, true] {
            if mounted {
                fs::create_dir(dir.path().join("place")).unwrap();
            }
            assert_eq!(carrier.exists(), Ok(false));
            assert_eq!(carrier.fetch(), Ok(()));
            assert_eq!(kind(carrier.list()), ProblemKind::PlaceMissing);
            assert_eq!(kind(carrier.read(&one)), ProblemKind::PlaceMissing);
            assert_eq!(kind(carrier.put(&one, b"one")), ProblemKind::PlaceMissing);
            assert_eq!(kind(carrier.remove(&[one])), ProblemKind::PlaceMissing);
            assert_eq!(
                kind(carrier.remove_device(one.device)),
                ProblemKind::PlaceMissing
            );
        }
        assert_eq!(fs::read_dir(dir.path().join("place")).unwrap().count(), 0);
    }

    #[test]
    fn a_library_is_created_below_a_folder_that_exists() {
        let dir = tempfile::tempdir().unwrap();
        let create =
            |path: &str| FolderCarrier::new(&dir.path().join(path), &Programs::default()).create();
        assert_eq!(kind(create("not/mounted")), ProblemKind::PlaceMissing);
        create("new").unwrap();
        create("new").unwrap();
        let readme = dir.path().join("new").join(ROOT).join(README);
        assert_eq!(fs::read_to_string(readme).unwrap(), README_TEXT);
        fs::write(dir.path().join("file"), "").unwrap();
        assert_eq!(kind(create("file")), ProblemKind::Broken);
    }

    #[test]
    fn what_is_no_segment_is_ignored_and_stays() {
        let (dir, mut carrier) = library();
        let root = dir.path().join("place").join(ROOT);
        let one = name(1, b"one");
        carrier.put(&one, b"one").unwrap();
        let folder = root.join(DEVICE);
        let conflict = one
            .file()
            .replace(".seg", ".sync-conflict-20261129-101010-ABCDEFG.seg");
        for file in [
            &conflict,
            "notes.txt",
            ".part-0",
            &one.file().to_uppercase(),
        ] {
            fs::write(folder.join(file), "x").unwrap();
        }
        let (two, three) = (name(2, b"two"), name(3, b"three"));
        fs::create_dir(folder.join(two.file())).unwrap();
        symlink("/etc/passwd", folder.join(three.file())).unwrap();
        fs::create_dir(root.join("00C0FFEE00000001")).unwrap();
        fs::create_dir(dir.path().join("elsewhere")).unwrap();
        symlink(dir.path().join("elsewhere"), root.join("00c0ffee00000002")).unwrap();
        fs::write(dir.path().join("elsewhere").join(one.file()), "x").unwrap();

        let names: Vec<SegmentName> = carrier.list().unwrap().iter().map(|it| it.name).collect();
        assert_eq!(names, [one]);
        assert_eq!(kind(carrier.read(&two)), ProblemKind::Other);
        assert_eq!(kind(carrier.read(&three)), ProblemKind::Other);
        carrier.remove_device(one.device).unwrap();
        carrier
            .remove_device("00c0ffee00000002".parse().unwrap())
            .unwrap();
        assert!(folder.join(conflict).exists());
        assert!(!folder.join(".part-0").exists());
        assert!(dir.path().join("elsewhere").join(one.file()).exists());
    }

    #[test]
    fn evicted_files_are_listed_as_not_here() {
        let (dir, mut carrier) = library();
        let folder = dir.path().join("place").join(ROOT).join(DEVICE);
        let (one, two, three) = (name(1, b"one"), name(2, b"two"), name(3, b"three"));
        carrier.put(&one, b"one").unwrap();
        for stub in [
            format!(".{}.icloud", one.file()),
            format!(".{}.icloud", two.file()),
            format!("{}.nextcloud", three.file()),
        ] {
            fs::write(folder.join(stub), "stub").unwrap();
        }
        let listed = carrier.list().unwrap();
        let here: Vec<_> = listed
            .iter()
            .map(|it| (it.name, it.size, it.here))
            .collect();
        let expected = [
            (one, Some(3), true),
            (two, None, false),
            (three, None, false),
        ];
        assert_eq!(here, expected);
        carrier.remove_device(one.device).unwrap();
        assert!(!folder.exists());
    }

    #[test]
    fn a_damaged_file_is_read_as_it_is_and_put_anew() {
        let (dir, mut carrier) = library();
        let one = name(1, b"one");
        carrier.put(&one, b"one").unwrap();
        let file = dir
            .path()
            .join("place")
            .join(ROOT)
            .join(DEVICE)
            .join(one.file());
        fs::write(&file, "o").unwrap();
        assert_eq!(carrier.list().unwrap()[0].size, Some(1));
        assert_eq!(carrier.read(&one), Ok(b"o".to_vec()));
        carrier.put(&one, b"one").unwrap();
        assert_eq!(carrier.read(&one), Ok(b"one".to_vec()));
        // Sparse, so that it takes no space.
        let huge = fs::OpenOptions::new().write(true).open(&file).unwrap();
        huge.set_len(1 << 40).unwrap();
        assert_eq!(carrier.read(&one).unwrap().len(), MAX_FILE + 1);
    }

    #[test]
    fn files_that_were_never_completed_are_removed_when_old() {
        let (dir, mut carrier) = library();
        carrier.put(&name(1, b"one"), b"one").unwrap();
        let folder = dir.path().join("place").join(ROOT).join(DEVICE);
        let (old, new) = (folder.join(".part-old"), folder.join(".part-new"));
        for part in [&old, &new] {
            fs::write(part, "x").unwrap();
        }
        let day = Duration::from_secs(24 * 60 * 60);
        let yesterday = fs::metadata(&new).unwrap().modified().unwrap() - day;
        fs::File::options()
            .write(true)
            .open(&old)
            .unwrap()
            .set_modified(yesterday)
            .unwrap();
        carrier.put(&name(2, b"two"), b"two").unwrap();
        assert_eq!((old.exists(), new.exists()), (false, true));
    }

    #[test]
    fn a_full_or_read_only_place_gets_a_sentence() {
        let path = Path::new("/mnt/notes");
        for (errno, expected) in [
            (Errno::NOSPC, ProblemKind::Full),
            (Errno::DQUOT, ProblemKind::Full),
            (Errno::ROFS, ProblemKind::ReadOnly),
            (Errno::ACCESS, ProblemKind::Refused),
            (Errno::NOTCONN, ProblemKind::PlaceMissing),
            (Errno::STALE, ProblemKind::Unreachable),
            (Errno::IO, ProblemKind::Broken),
            (Errno::LOOP, ProblemKind::Other),
        ] {
            for owner in [Owner::Place, Owner::Own] {
                let problem = Problem::of_io(owner, path, &errno.into());
                assert_eq!(problem.kind, expected);
                assert!(problem.sentence.ends_with('.'), "{problem}");
                assert!(problem.detail.starts_with("/mnt/notes: "));
            }
        }
    }

    #[test]
    fn a_place_that_does_not_answer_is_slow() {
        let (never, receive) = mpsc::channel::<()>();
        let asked = in_time(Duration::from_millis(20), move || receive.recv());
        assert_eq!(kind(asked), ProblemKind::Slow);
        drop(never);
        assert_eq!(in_time(PROBE, || 1), Ok(1));
    }

    #[test]
    fn commands_run_in_the_place() {
        let (dir, carrier) = library();
        let command = |text: &str| Some(text.to_owned());
        let device: DeviceId = DEVICE.parse().unwrap();
        let pushes = command("touch \"pushed-$URL_NOTES_DEVICE\"");
        let mut carrier = carrier.with_commands(device, command("touch pulled"), pushes);
        carrier.fetch().unwrap();
        carrier.push().unwrap();
        let place = dir.path().join("place");
        assert!(place.join("pulled").exists());
        assert!(place.join("pushed-00c0ffee00000001").exists());
        carrier
            .remove_device("00c0ffee00000002".parse().unwrap())
            .unwrap();
        carrier.push().unwrap();
        assert!(place.join("pushed-00c0ffee00000002").exists());

        let failing = command("echo http://u:p@h is gone >&2; exit 7");
        let mut carrier = carrier.with_commands(device, failing.clone(), failing);
        for result in [carrier.fetch(), carrier.push()] {
            let problem = result.unwrap_err();
            assert!(problem.sentence.contains("exit status: 7"), "{problem}");
            assert_eq!(problem.detail, "http://h is gone");
        }
        fs::remove_dir_all(place).unwrap();
        assert_eq!(kind(carrier.fetch()), ProblemKind::PlaceMissing);
    }

    #[test]
    fn a_place_and_the_notes_are_apart() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        fs::create_dir_all(at("data/backups")).unwrap();
        fs::create_dir_all(at("other")).unwrap();
        symlink(at("data"), at("link")).unwrap();
        let check = |place: &str| check_apart(&at(place), &at("data"));
        for apart in ["other", "other/new", "data2", "datalink/x"] {
            assert_eq!(check(apart), Ok(()), "{apart}");
        }
        for nested in [
            "data",
            "data/new",
            "data/backups",
            "link/backups",
            "link/new",
            ".",
        ] {
            assert!(check(nested).is_err(), "{nested}");
        }
        assert!(check_apart(&at("data/new"), &at("link")).is_err());
        assert!(check_apart(&at("link"), &at("data/not yet")).is_err());
    }
}
