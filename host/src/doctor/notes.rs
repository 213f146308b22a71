//! Checks the database: whether it opens, passes a short check, has disk space, is writable, and is
//! private.

use std::{path::Path, time::Duration};

use crate::{
    doctor::finding::{self, Area, Finding, Fix, Level, quoted},
    error::{Error, StoreFault},
    platform::FileSystem,
    store::{self, Health},
};

/// Time limit for the search for damage. A hundred thousand notes take half of it.
const CHECK_TIME: Duration = Duration::from_millis(1500);
/// Free bytes below which a save may fail at any moment.
const NO_ROOM: u64 = 1024 * 1024;
/// Free bytes below which the user should free up space.
const LITTLE_ROOM: u64 = 64 * 1024 * 1024;

/// The state of the database, in addition to the findings.
#[derive(Debug, Clone)]
pub struct NotesState {
    /// The result of the check.
    pub health: Option<Health>,
    /// Free space on its disk for this user, in bytes.
    pub free_bytes: Option<u64>,
    /// The file system of the database.
    pub file_system: FileSystem,
}

/// Checks the database at `path`.
pub(super) fn examine(path: &Path) -> (NotesState, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut is_explained = false;
    let health = match store::glance(path, CHECK_TIME) {
        Ok(health) => {
            findings.push(of_health(path, &health));
            Some(health)
        }
        Err(error) => {
            is_explained = error.obstacle().is_some();
            findings.push(of_error(&error));
            None
        }
    };
    if !is_explained && store::is_unwritable(path) {
        findings.push(of_fault(StoreFault::Unwritable));
    }
    if store::is_open_to_others(path) {
        findings.push(of_openness(path));
    }
    let (free_bytes, file_system) = store::disk(path);
    findings.extend(of_room(free_bytes));
    if !file_system.shares_memory() {
        let message = format!(
            "The file system of the notes is {file_system}. Saves are slower there, and only one computer should use the notes at a time."
        );
        findings.push(Finding {
            advice: Some(
                "Keep the notes on a disk of this computer, and only backups there.".into(),
            ),
            ..Finding::new(Area::Database, Level::Warning, message)
        });
    }
    let state = NotesState {
        health,
        free_bytes,
        file_system,
    };
    (state, findings)
}

fn of_health(path: &Path, health: &Health) -> Finding {
    let shown = path.display();
    if !health.exists {
        let message = format!("There are no notes yet. They will be saved in {shown}.");
        return Finding::new(Area::Database, Level::Ok, message);
    }
    if let Some(fault) = health.faults.first() {
        log::debug!("{}", fault.sentence);
        return of_fault(StoreFault::Broken);
    }
    let notes = health.notes.map_or(String::new(), |notes| match notes {
        1 => "1 note, ".into(),
        notes => format!("{notes} notes, "),
    });
    let schema = match health.schema {
        None | Some(0) => "empty".into(),
        Some(found) if found < health.newest_schema => format!(
            "schema {found} (the next use updates it to {})",
            health.newest_schema
        ),
        Some(found) => format!("schema {found}"),
    };
    let looked = if health.finished {
        "A quick check found no damage.".to_owned()
    } else {
        format!(
            "A check of {} seconds found no damage. `url-notes check` checks everything.",
            CHECK_TIME.as_secs_f32()
        )
    };
    let bytes = size(health.database_bytes + health.log_bytes);
    let message = format!("{shown}: {notes}{bytes}, {schema}. {looked}");
    Finding::new(Area::Database, Level::Ok, message)
}

fn of_openness(path: &Path) -> Finding {
    let folder = path.parent().unwrap_or(path);
    Finding {
        cause: Some("unsafe".into()),
        command: Some(format!("chmod -R go= {}", quoted(folder))),
        fixes: vec![Fix::MakePrivate {
            database: path.to_owned(),
        }],
        ..Finding::new(
            Area::Database,
            Level::Fault,
            "Other users of this computer can read the notes or change their folder.".into(),
        )
    }
}

/// Converts a fault of the store to a finding, with the same sentence as in the popup.
fn of_fault(fault: StoreFault) -> Finding {
    of_error(&Error::store(fault))
}

fn of_error(error: &Error) -> Finding {
    let fault = match error {
        Error::Store { fault, .. } => Some(*fault),
        _ => None,
    };
    let command = match fault {
        Some(StoreFault::Newer) => Some("git pull && ./install.sh"),
        Some(StoreFault::Broken) => Some("url-notes check --repair"),
        _ => None,
    };
    let level = match fault {
        // The lock is temporary.
        Some(StoreFault::Busy) => Level::Warning,
        _ => Level::Fault,
    };
    Finding {
        cause: finding::word(error.kind()),
        command: command.map(str::to_owned),
        advice: error.obstacle().map(|names| format!("{names}.")),
        ..Finding::new(Area::Database, level, error.to_string())
    }
}

fn of_room(free: Option<u64>) -> Option<Finding> {
    let free = free?;
    let message = format!("The disk with the notes has {} free.", size(free));
    match free {
        0..NO_ROOM => Some(of_fault(StoreFault::Full)),
        NO_ROOM..LITTLE_ROOM => Some(Finding {
            advice: Some("Free up space on this disk.".into()),
            ..Finding::new(Area::Database, Level::Warning, message)
        }),
        _ => Some(Finding::new(Area::Database, Level::Ok, message)),
    }
}

/// Formats a number of bytes for people.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut part = bytes;
    while part >= 10 * 1024 && unit + 1 < UNITS.len() {
        part /= 1024;
        unit += 1;
    }
    format!("{part} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_a_warning_and_none_a_fault() {
        for (free, level) in [
            (0, Level::Fault),
            (NO_ROOM, Level::Warning),
            (LITTLE_ROOM, Level::Ok),
        ] {
            assert_eq!(of_room(Some(free)).unwrap().level, level);
        }
        assert_eq!(of_room(None), None);
        let full = of_room(Some(1)).unwrap();
        assert_eq!(full.cause.as_deref(), Some("store_full"));
        assert!(full.message.contains("disk is full"), "{full:?}");
    }

    #[test]
    fn sizes_have_fitting_units() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 KiB"),
            (50 * 1024 * 1024, "50 MiB"),
            (u64::MAX, "16777215 TiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
