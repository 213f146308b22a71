//! When the host starts a run of sync. A run is a process of its own, so that no request waits for it
//! and its memory ends with it.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::power;
use crate::{error::Result, platform, store::Reader};

/// Time from the start of a host to its first run. Browsers start several things at once.
const AFTER_START: Duration = Duration::from_secs(5);
/// Time from the last change to a run. A popup saves each change that is typed.
const AFTER_CHANGE: Duration = Duration::from_secs(10);
/// Time between two looks at a folder of this computer.
const FOLDER_EVERY: Duration = Duration::from_secs(30);
/// Longest time between two runs after failures.
const MOST_WAIT: Duration = Duration::from_secs(3600);
/// How many times rarer the place is looked at on battery.
const RARER_ON_BATTERY: u32 = 4;

/// How runs are started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This program.
    pub program: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// Time between two looks at a place that isn't a folder, or that commands carry.
    pub every: Duration,
    /// Whether commands of the user carry a folder.
    pub has_commands: bool,
}

impl Settings {
    /// Returns how runs are started by themselves, if the user wants it (`auto`) and the path of this
    /// program is known.
    #[must_use]
    pub fn of(
        auto: bool,
        program: Option<PathBuf>,
        database: &Path,
        every: Duration,
        has_commands: bool,
    ) -> Option<Self> {
        let program = program.filter(|_| auto)?;
        Some(Self {
            program,
            database: database.to_owned(),
            every,
            has_commands,
        })
    }

    /// Returns whether notes have ever been synced here. Reading the database for that would cost
    /// those who don't sync.
    #[must_use]
    pub fn is_worth_asking(&self) -> bool {
        let folder = self.database.parent().unwrap_or(Path::new(""));
        super::session::has_folder(folder)
    }

    /// Starts a run that nobody waits for.
    ///
    /// # Errors
    /// The program can't be started.
    pub fn spawn(&self) -> io::Result<Child> {
        let folder = self.database.parent().unwrap_or(Path::new(""));
        let mut command = Command::new(&self.program);
        command
            .args(["sync", "now", "--quiet", "--data-dir"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        platform::spawn_apart(&mut command)
    }
}

impl Settings {
    /// Starts a run if a command has changed notes.
    pub fn spawn_if_changed(&self) {
        if !self.is_worth_asking() {
            return;
        }
        let changed =
            Reader::open(&self.database).and_then(|store| store.has_unpublished_changes());
        if changed.unwrap_or(false) {
            // If it can't be started, the next host sends the changes.
            drop(self.spawn());
        }
    }
}

/// The runs of a host.
#[derive(Debug)]
pub struct Schedule {
    settings: Settings,
    due: Instant,
    revision: Option<u64>,
    failures: u32,
    child: Option<Child>,
    /// Where supplies of power are listed.
    supplies: PathBuf,
}

impl Schedule {
    /// Plans the first run.
    #[must_use]
    pub fn new(settings: Settings, now: Instant) -> Self {
        Self {
            settings,
            due: now + AFTER_START,
            revision: None,
            failures: 0,
            child: None,
            supplies: power::SUPPLIES.into(),
        }
    }

    /// Starts a run if one is due. Returns how long to wait before the next call, or `None` if the
    /// notes aren't synced.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn tick(&mut self, store: &Reader, now: Instant) -> Result<Option<Duration>> {
        let Some(setup) = store.sync_setup()? else {
            return Ok(None);
        };
        let regular = match setup.place.starts_with("folder:") && !self.settings.has_commands {
            true => FOLDER_EVERY,
            false => self.settings.every,
        };
        if let Some(child) = &mut self.child {
            match child.try_wait() {
                Ok(None) => return Ok(Some(Duration::from_secs(1))),
                Ok(Some(status)) if status.success() => self.failures = 0,
                _ => self.failures = self.failures.saturating_add(1),
            }
            self.child = None;
            self.due = now + self.wait(regular);
        }
        let revision = store.revision()?;
        if self.revision.replace(revision) != Some(revision)
            && self.failures == 0
            && store.has_unpublished_changes()?
        {
            self.due = now + AFTER_CHANGE;
        }
        if now >= self.due {
            match self.settings.spawn() {
                Ok(child) => self.child = Some(child),
                Err(error) => {
                    log::warn!("sync can't be started: {error}");
                    self.failures = self.failures.saturating_add(1);
                    self.due = now + self.wait(regular);
                }
            }
            return Ok(Some(Duration::from_secs(1)));
        }
        Ok(Some(self.due.duration_since(now)))
    }

    /// Starts a last run if there is something to send.
    ///
    /// Also if a run is under way, which may be about to end. If it isn't, the new one leaves, and it
    /// looks for changes after it has let go of the lock.
    pub fn finish(&self, store: &Reader) {
        if store.has_unpublished_changes().unwrap_or(false) {
            // If it can't be started, the next host sends the changes.
            drop(self.settings.spawn());
        }
    }

    fn wait(&self, regular: Duration) -> Duration {
        let regular = match power::is_on_battery(&self.supplies) {
            true => regular.saturating_mul(RARER_ON_BATTERY),
            false => regular,
        };
        let doubled = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        regular.saturating_mul(doubled).min(MOST_WAIT.max(regular))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_and_a_battery_make_runs_rarer() {
        let settings = Settings {
            program: "/nowhere".into(),
            database: "/nowhere/notes.db".into(),
            every: Duration::from_secs(300),
            has_commands: false,
        };
        let mut schedule = Schedule::new(settings, Instant::now());
        let supplies = tempfile::tempdir().unwrap();
        supplies.path().clone_into(&mut schedule.supplies);
        let regular = Duration::from_secs(30);
        let waits = [0, 1, 2, 7, 40].map(|failures| {
            schedule.failures = failures;
            schedule.wait(regular).as_secs()
        });
        assert_eq!(waits, [30, 60, 120, 3600, 3600]);
        schedule.failures = 3;
        assert_eq!(schedule.wait(MOST_WAIT * 24), MOST_WAIT * 24);

        let battery = supplies.path().join("BAT0");
        std::fs::create_dir(&battery).unwrap();
        std::fs::write(battery.join("type"), "Battery\n").unwrap();
        std::fs::write(battery.join("status"), "Discharging\n").unwrap();
        let waits = [0, 1, 7].map(|failures| {
            schedule.failures = failures;
            schedule.wait(regular).as_secs()
        });
        assert_eq!(waits, [120, 240, 3600]);
    }
}
