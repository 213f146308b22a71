//! What the commands of sync share: places, the right to run, and how a run is printed.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;

use crate::{
    cli::{context::Invocation, print::clean},
    config::Environment,
    store::{Reader, SyncSetup},
    sync::{
        carrier::Programs,
        device::DeviceId,
        place::Place,
        run::Outcome,
        session::{Access, Turn},
    },
};

pub(super) const OFF: &str = "The notes aren't synced. To begin, run `url-notes sync init PLACE`, or `url-notes sync join PLACE` if another device has begun.";

/// Returns how places are reached.
pub(super) fn access(invocation: &Invocation<'_>) -> Access {
    let settings = &invocation.config.sync;
    Access {
        home: Environment::load().home,
        programs: Programs::default(),
        pull: settings.pull.clone(),
        push: settings.push.clone(),
        keeps_texts: !settings.texts,
    }
}

/// Returns the folder of the notes.
pub(super) fn data<'a>(invocation: &'a Invocation<'_>) -> anyhow::Result<&'a Path> {
    let folder = invocation.config.database.parent();
    folder.context("The notes have no folder")
}

/// Returns the place in its full form, which doesn't depend on the home folder.
pub(super) fn full_place(place: &str, access: &Access) -> anyhow::Result<String> {
    Ok(match Place::parse(place, access.home.as_deref())? {
        Place::Folder(path) => match path.to_str() {
            Some(path) => format!("folder:{path}"),
            None => bail!("The path of the folder isn't UTF-8. Choose another one."),
        },
        Place::Git(url) => format!("git:{url}"),
        Place::Rclone(remote) => format!("rclone:{remote}"),
    })
}

/// Returns a place without credentials.
pub(super) fn shown_place(place: &str) -> String {
    Place::parse(place, None).map_or_else(|_| place.to_owned(), |place| place.to_string())
}

/// Takes the turn, after the run of another process.
pub(super) fn take_turn(invocation: &Invocation<'_>) -> anyhow::Result<Turn> {
    let data = data(invocation)?;
    if let Some(turn) = Turn::take(data, false)? {
        return Ok(turn);
    }
    invocation.hint("Another run of sync is under way. This one starts when it has ended.");
    Turn::take(data, true)?.context("Another run of sync is under way")
}

pub(super) fn setup(store: &Reader) -> anyhow::Result<SyncSetup> {
    store.sync_setup()?.ok_or_else(|| anyhow!("{OFF}"))
}

/// A run as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RunOutput {
    written_files: u64,
    written_pages: u64,
    written_texts: u64,
    read_files: u64,
    changed: u64,
    changed_texts: u64,
    trashed: u64,
    refused: u64,
    waiting: Vec<WaitingOutput>,
    backup: Option<String>,
    healed: bool,
    went_back: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct WaitingOutput {
    pub(super) device: String,
    pub(super) file: String,
    pub(super) problem: String,
}

impl From<&Outcome> for RunOutput {
    fn from(outcome: &Outcome) -> Self {
        Self {
            written_files: outcome.written_files,
            written_pages: outcome.written_pages,
            written_texts: outcome.written_texts,
            read_files: outcome.read_files,
            changed: outcome.applied.changed,
            changed_texts: outcome.changed_texts,
            trashed: outcome.applied.trashed,
            refused: outcome.applied.refused,
            waiting: (outcome.waiting.iter())
                .map(|file| WaitingOutput {
                    device: file.device.to_string(),
                    file: file.file.clone(),
                    problem: file.fault.word().to_owned(),
                })
                .collect(),
            backup: (outcome.backup.as_ref()).map(|file| file.display().to_string()),
            healed: outcome.healed,
            went_back: outcome.went_back.iter().map(ToString::to_string).collect(),
        }
    }
}

pub(super) fn print_outcome(
    invocation: &mut Invocation<'_>,
    store: &Reader,
    outcome: &Outcome,
) -> anyhow::Result<()> {
    if invocation.json {
        return invocation.print_json(&RunOutput::from(outcome));
    }
    let names = store.sync_devices()?;
    let name_of = |device: DeviceId| {
        let id = device.to_string();
        let known = names.iter().find(|known| known.device == id);
        known.map_or(id, |known| clean(&known.name))
    };
    let out = &mut *invocation.out;
    let sent = outcome.written_pages;
    let applied = outcome.applied;
    writeln!(
        out,
        "{sent} sent, {} changed here, {} moved to the trash here.",
        applied.changed, applied.trashed
    )?;
    let (sent, received) = (outcome.written_texts, outcome.changed_texts);
    if sent > 0 || received > 0 {
        writeln!(out, "Texts of pages: {sent} sent, {received} received.")?;
    }
    if applied.refused > 0 {
        writeln!(out, "{}", refused_sentence(applied.refused))?;
    }
    if let Some(file) = &outcome.backup {
        writeln!(
            out,
            "Another device has moved many notes to the trash. A backup from before is in {}",
            file.display()
        )?;
    }
    if outcome.healed {
        writeln!(
            out,
            "Files of this device were missing or cut. They were written again."
        )?;
    }
    for device in &outcome.went_back {
        let id = device.to_string();
        writeln!(out, "{}", went_back_sentence(&name_of(*device), &id))?;
    }
    for file in &outcome.waiting {
        let why = why_waiting(file.fault.word());
        writeln!(
            out,
            "A file of {} {why}: {}",
            name_of(file.device),
            file.file
        )?;
    }
    Ok(())
}

/// Says that files of a device are gone.
pub(super) fn went_back_sentence(name: &str, device: &str) -> String {
    format!(
        "The newest files of {} are missing. If the place was put back to an earlier state, that device writes them again. If you no longer have it, run `url-notes sync forget {device}`.",
        clean(name)
    )
}

/// Says that pages of other devices can't be shown here.
pub(super) fn refused_sentence(refused: u64) -> String {
    let (what, whose) = match refused {
        1 => ("1 note".to_owned(), "its address or text isn't"),
        _ => (
            format!("{refused} notes"),
            "their addresses or texts aren't",
        ),
    };
    format!("{what} of other devices can't be saved here, since {whose} valid.")
}

/// Says why a file waits, after "A file of laptop".
pub(super) fn why_waiting(word: &str) -> &'static str {
    match word {
        "not_here" => "hasn't arrived yet",
        "incomplete" | "changed" | "malformed" | "not_a_segment" | "too_large" => {
            "isn't whole yet, or was damaged"
        }
        "newer" => "was written by a newer version; update url-notes to read it",
        "encrypted" | "wrong_key" => "is encrypted with another key",
        "not_encrypted" => "isn't encrypted and isn't read",
        _ => "can't be read",
    }
}
