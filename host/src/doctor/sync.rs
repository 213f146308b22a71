//! Checks the sync of notes: the last run, and the files that wait.

use jiff::{SignedDuration, Timestamp};

use crate::{
    config::Config,
    doctor::finding::{Area, Finding, Level, clean},
    error::Result,
    store::Reader,
    sync::{gaps::Gaps, session::StoredProblem},
};

/// How long a file may wait.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// How far ahead the clock of another device may be.
const CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_hours(1);

/// Checks the sync of notes; `None` if they aren't synced.
pub(super) fn examine(config: &Config, now: Timestamp) -> Option<Finding> {
    // What prevents reading is found by the checks of the notes.
    let store = Reader::open(&config.database).ok()?;
    found(&store, config, now).ok().flatten()
}

fn found(store: &Reader, config: &Config, now: Timestamp) -> Result<Option<Finding>> {
    let Some(setup) = store.sync_setup()? else {
        return Ok(None);
    };
    let fault = |cause: &str, level, message: String, advice: &str| {
        Ok(Some(Finding {
            cause: Some(cause.to_owned()),
            advice: Some(advice.to_owned()),
            ..Finding::new(Area::Sync, level, message)
        }))
    };
    if let Some(problem) = StoredProblem::of(&setup) {
        let sentence = clean(&problem.sentence);
        let (cause, advice) = cause_of(&problem.kind);
        return fault(
            cause,
            Level::Fault,
            format!("Notes aren't synced. {sentence}"),
            advice,
        );
    }
    let gaps = Gaps::of(store)?;
    let waits = |problems: &[&str]| {
        (gaps.waiting.iter())
            .any(|file| (file.problem.as_deref()).is_some_and(|word| problems.contains(&word)))
    };
    if waits(&["newer"]) {
        return fault(
            "sync_newer",
            Level::Warning,
            "Another device has a newer version of url-notes, and its changes wait.".into(),
            "Update url-notes on this computer.",
        );
    }
    if waits(&["encrypted", "wrong_key"]) {
        return fault(
            "sync_key",
            Level::Warning,
            "Files of another device are encrypted with another key.".into(),
            "Run `url-notes sync stop`, then join with the key of the other devices.",
        );
    }
    if waits(&["not_encrypted"]) {
        return fault(
            "sync_not_encrypted",
            Level::Warning,
            "A file at the place isn't encrypted, so it isn't read: another program may have put it there.".into(),
            "Run `url-notes sync status`, which names the file, and delete it if it isn't yours.",
        );
    }
    if (gaps.waiting.iter()).any(|file| now.duration_since(file.found_at) > PATIENCE) {
        return fault(
            "sync_files_broken",
            Level::Warning,
            "A file of another device has been incomplete for more than a day.".into(),
            "Run `url-notes sync now --all` on that device, which writes it again.",
        );
    }
    if let Some((device, _)) = gaps.went_back.first() {
        return fault(
            "sync_went_back",
            Level::Warning,
            format!(
                "The newest files of {} are missing from the place.",
                clean(&device.name)
            ),
            "Run `url-notes sync now --all` on that device, which writes them again, or `url-notes sync forget` here if you no longer have it.",
        );
    }
    if gaps.refused > 0 {
        return fault(
            "sync_pages_refused",
            Level::Warning,
            format!(
                "Notes of other devices can't be saved here, since their addresses or texts aren't valid: {}.",
                gaps.refused
            ),
            "Update url-notes on this computer, then change the notes on the other device.",
        );
    }
    let ahead = (store.sync_devices()?.into_iter())
        .find(|device| device.wrote_at.duration_since(now) > CLOCK_DIFFERENCE);
    if let Some(device) = ahead {
        return fault(
            "sync_clock",
            Level::Warning,
            format!(
                "The clock of {} is ahead of this one. Nothing is lost, but its changes count as the newest.",
                clean(&device.name)
            ),
            "Set the clock that is wrong.",
        );
    }
    let when = match (config.sync.auto, setup.ok_at) {
        (false, _) => "Only when you run `url-notes sync now`.".to_owned(),
        (true, None) => "No run has succeeded yet.".to_owned(),
        (true, Some(_)) => "After each change, and now and then.".to_owned(),
    };
    let devices = match store.sync_devices()?.len() {
        0 => "no other device yet".to_owned(),
        1 => "1 other device".to_owned(),
        devices => format!("{devices} other devices"),
    };
    let message = format!("Notes are synced with {devices}. {when}");
    Ok(Some(Finding::new(Area::Sync, Level::Ok, message)))
}

/// Returns the cause and the fix of a problem with the place.
fn cause_of(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "place_missing" => (
            "sync_place_missing",
            "Connect the disk or network folder, or run `url-notes sync stop` and begin again at another place.",
        ),
        "refused" => (
            "sync_refused",
            "Check that git or rclone can reach the place without asking for a password, then run `url-notes sync now`.",
        ),
        "program_missing" => (
            "sync_program_missing",
            "Install the program, then run `url-notes sync now`.",
        ),
        "key" => (
            "sync_key",
            "Run `url-notes sync stop`, then join with the key of the other devices.",
        ),
        "unreachable" | "slow" => (
            "sync_unreachable",
            "It is tried again by itself. Run `url-notes sync now` to try at once.",
        ),
        _ => (
            "sync_failed",
            "Run `url-notes sync now` to try again; the log has details.",
        ),
    }
}
