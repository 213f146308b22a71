//! Runs of sync on this device: one at a time, with the outcome recorded.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    carrier::{self, Carrier, Programs, folder::FolderCarrier},
    device::DeviceId,
    place::Place,
    problem::{Problem, ProblemKind},
    run::{Outcome, Retention, Run, RunError},
    seal::{Key, Seal},
};
use crate::{
    clock,
    error::Error,
    store::{SentTexts, Store, SyncSetup},
};

/// The folder beside the notes for what sync keeps on this computer.
const FOLDER: &str = "sync";
/// The file that a run locks.
const LOCK: &str = "lock";

/// Returns whether a run was ever made for the notes in this folder.
pub(super) fn has_folder(data: &Path) -> bool {
    data.join(FOLDER).is_dir()
}

/// How places are reached.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The home folder.
    pub home: Option<PathBuf>,
    /// How other programs are run.
    pub programs: Programs,
    /// A shell command that brings a folder up to date.
    pub pull: Option<String>,
    /// A shell command that carries a folder further.
    pub push: Option<String>,
    /// Whether texts of pages stay on this computer.
    pub keeps_texts: bool,
}

/// A problem as it is stored: what `sync status`, doctor and the extension say.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredProblem {
    /// A [`ProblemKind`] as a word, or `notes` if the notes can't be read or written.
    pub kind: String,
    /// A sentence that says what to do.
    pub sentence: String,
}

impl StoredProblem {
    /// Returns why the last run failed, if it did.
    #[must_use]
    pub fn of(setup: &SyncSetup) -> Option<Self> {
        let stored = setup.problem.as_deref()?;
        // Another version of the program may have written it.
        Some(serde_json::from_str(stored).unwrap_or_else(|_| Self {
            kind: word(ProblemKind::Other),
            sentence: "To see why, run `url-notes sync now`.".to_owned(),
        }))
    }
}

/// Opens the carrier of a place. `data` is the folder of the notes, `device` this device.
///
/// # Errors
/// The place isn't one, or is in the folder of the notes.
pub fn open(
    place: &str,
    data: &Path,
    device: DeviceId,
    access: &Access,
) -> Result<Box<dyn Carrier>, Problem> {
    let place = Place::parse(place, access.home.as_deref())
        .map_err(|error| Problem::new(ProblemKind::Other, error.to_string()))?;
    if let Place::Folder(path) = &place {
        carrier::folder::check_apart(path, data)?;
        let folder = FolderCarrier::new(path, &access.programs);
        let (pull, push) = (access.pull.clone(), access.push.clone());
        return Ok(Box::new(folder.with_commands(device, pull, push)));
    }
    carrier::open(&place, data, &access.programs)
}

/// Returns how long files stay that a newer one replaces. A carrier that copies files one by one may
/// bring the newer one much later than it takes the old ones away.
fn retention(place: &str) -> Retention {
    Retention(match place.split_once(':') {
        Some(("git", _)) => SignedDuration::ZERO,
        Some(("rclone", _)) => SignedDuration::from_hours(24),
        _ => SignedDuration::from_hours(7 * 24),
    })
}

/// The right to run.
#[derive(Debug)]
pub struct Turn {
    _lock: File,
}

impl Turn {
    /// Takes the turn. With `wait`, waits for a run of another process; otherwise returns `None` if
    /// there is one.
    ///
    /// # Errors
    /// The folder beside the notes can't be written.
    pub fn take(data: &Path, wait: bool) -> Result<Option<Self>, Problem> {
        let unwritable = |error: &std::io::Error| {
            Problem::new(
                ProblemKind::Other,
                "The folder of the notes can't be written, so nothing is synced.",
            )
            .with_detail(error)
        };
        let folder = data.join(FOLDER);
        fs::create_dir_all(&folder).map_err(|error| unwritable(&error))?;
        let lock = File::options()
            .create(true)
            .append(true)
            .open(folder.join(LOCK))
            .map_err(|error| unwritable(&error))?;
        if wait {
            lock.lock().map_err(|error| unwritable(&error))?;
            return Ok(Some(Self { _lock: lock }));
        }
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(unwritable(&error)),
        }
    }
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// To exchange changes.
    Exchange,
    /// To take over the pages of a device that is gone, and remove its files.
    Forget(DeviceId),
}

/// Runs, and records the outcome. `turn` proves that no other run is under way. `is_awaited`: whether
/// a user waits for it.
///
/// # Errors
/// Those of [`Run::run`]; they are recorded, too.
pub fn run(
    store: &mut Store,
    task: Task,
    data: &Path,
    access: &Access,
    is_awaited: bool,
    _turn: &Turn,
) -> Result<Outcome, RunError> {
    let Some(setup) = store.sync_setup()? else {
        return Ok(Outcome::default());
    };
    let device = setup.device.parse().map_err(Error::internal)?;
    let done = open(&setup.place, data, device, access)
        .map_err(RunError::from)
        .and_then(|mut carrier| {
            let seal = match setup.encrypted {
                true => Seal::Age(Key::open(&Key::path(data), &access.programs)?),
                false => Seal::Plain,
            };
            let retention = retention(&setup.place);
            let mut run = Run::new(store, &mut *carrier, seal, setup.clone(), retention);
            if access.keeps_texts {
                run.sent_texts = SentTexts::None;
            }
            match task {
                Task::Exchange => run.run(),
                Task::Forget(device) => run.forget(device),
            }
        });
    let problem = match &done {
        Ok(_) => None,
        Err(RunError::Place(problem)) => Some((word(problem.kind), problem.sentence.clone())),
        Err(RunError::Store(error)) => Some(("notes".to_owned(), error.to_string())),
    };
    if let Err(RunError::Place(problem)) = &done {
        log::warn!("sync: {problem} {}", problem.detail);
    }
    let problem = problem.map(|(kind, sentence)| {
        serde_json::to_string(&StoredProblem { kind, sentence }).unwrap_or_default()
    });
    // A look that finds nothing new isn't worth a write: those who watch the notes would read them
    // again.
    let has_news = done.as_ref().is_ok_and(Outcome::has_news);
    let is_first = setup.ok_at.is_none();
    let is_left = store.has_unpublished_changes()?;
    if is_awaited || has_news || is_first || is_left || problem != setup.problem {
        store.record_sync_run(problem.as_deref(), clock::now())?;
    }
    done
}

/// Returns a kind as it is stored.
#[must_use]
pub fn word(kind: ProblemKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
