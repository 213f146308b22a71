//! `url-notes sync`: the same notes on several devices.

mod begin;
mod show;

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use begin::{Init, Join};
use serde::Serialize;
use show::Conflicts;

use crate::{
    cli::{context::Invocation, print::clean},
    clock,
    config::{Config, Environment},
    store::{Reader, SyncSetup},
    sync::{
        carrier::Programs,
        device::DeviceId,
        place::Place,
        run::Outcome,
        schedule,
        seal::Key,
        session::{self, Access, Task, Turn},
    },
};

/// Most runs in a row, as long as notes are changed during each of them.
const ROUNDS: usize = 3;

#[derive(Debug, clap::Subcommand)]
pub(super) enum SyncCommand {
    /// Begin to sync at a place without notes: a folder, a git repository or a remote of rclone
    Init(Init),
    /// Sync with the notes of your other devices; your notes here are kept
    Join(Join),
    /// Exchange changes now
    Now(Now),
    /// Show how the last run went, and what waits
    Status,
    /// List your devices
    Devices,
    /// Remove the files of a device that you no longer have; its notes stay
    Forget(Forget),
    /// List what devices wrote at the same time and only one of which is shown
    Conflicts(Conflicts),
    /// Show the key of encrypted files, for your other devices
    Key,
    /// Stop to sync on this device; its notes stay
    Stop,
}

#[derive(Debug, clap::Args)]
pub(super) struct Now {
    /// Print nothing, and leave if another run is under way
    #[arg(long)]
    quiet: bool,
    /// Publish again all that this device has published
    #[arg(long)]
    all: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Forget {
    /// Id or name of the device
    device: String,
}

/// A run as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RunOutput {
    written_files: u64,
    written_pages: u64,
    read_files: u64,
    changed: u64,
    trashed: u64,
    refused: u64,
    waiting: Vec<WaitingOutput>,
    backup: Option<String>,
    healed: bool,
    went_back: Vec<String>,
}

#[derive(Debug, Serialize)]
struct WaitingOutput {
    device: String,
    file: String,
    problem: String,
}

impl From<&Outcome> for RunOutput {
    fn from(outcome: &Outcome) -> Self {
        Self {
            written_files: outcome.written_files,
            written_pages: outcome.written_pages,
            read_files: outcome.read_files,
            changed: outcome.applied.changed,
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

impl SyncCommand {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        match self {
            Self::Init(command) => command.run(invocation),
            Self::Join(command) => command.run(invocation),
            Self::Now(command) => command.run(invocation),
            Self::Status => show::status(invocation),
            Self::Devices => show::devices(invocation),
            Self::Forget(command) => command.run(invocation),
            Self::Conflicts(command) => command.run(invocation),
            Self::Key => key(invocation),
            Self::Stop => stop(invocation),
        }
    }
}

/// Returns how places are reached.
fn access(invocation: &Invocation<'_>) -> Access {
    let settings = &invocation.config.sync;
    Access {
        home: Environment::load().home,
        programs: Programs::default(),
        pull: settings.pull.clone(),
        push: settings.push.clone(),
    }
}

/// Returns how runs are started after a command that changes notes.
pub(super) fn schedule(config: &Config) -> Option<schedule::Settings> {
    let program = Environment::load().program;
    schedule::Settings::of(
        config.sync.auto,
        program,
        &config.database,
        config.sync.every,
    )
}

/// Returns the folder of the notes.
fn data<'a>(invocation: &'a Invocation<'_>) -> anyhow::Result<&'a Path> {
    let folder = invocation.config.database.parent();
    folder.context("The notes have no folder")
}

/// Returns the place in its full form, which doesn't depend on the home folder.
fn full_place(place: &str, access: &Access) -> anyhow::Result<String> {
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
fn shown_place(place: &str) -> String {
    Place::parse(place, None).map_or_else(|_| place.to_owned(), |place| place.to_string())
}

fn take_turn(data: &Path) -> anyhow::Result<Turn> {
    Turn::take(data, true)?.context("Another run of sync is under way")
}

impl Now {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        if self.quiet {
            // What the user does goes first. Refused, the run is as it was.
            let _ = rustix::process::nice(10);
        }
        let mut store = invocation.store()?;
        if store.sync_setup()?.is_none() {
            if self.quiet {
                return Ok(());
            }
            bail!("{OFF}");
        }
        let folder = data(invocation)?.to_owned();
        let Some(turn) = Turn::take(&folder, !self.quiet)? else {
            return Ok(());
        };
        if self.all {
            store.record_healing(true, clock::now())?;
        }
        let access = access(invocation);
        let mut outcome = Outcome::default();
        for _ in 0..ROUNDS {
            let task = Task::Exchange;
            let next = session::run(&mut store, task, &folder, &access, !self.quiet, &turn)?;
            outcome = outcome.and(next);
            // Whoever changed notes meanwhile has found this run under way, and left.
            if !store.has_unpublished_changes()? {
                break;
            }
        }
        match self.quiet {
            true => Ok(()),
            false => print_outcome(invocation, &store, &outcome),
        }
    }
}

const OFF: &str = "The notes aren't synced. To begin, run `url-notes sync init PLACE`, or `url-notes sync join PLACE` if another device has begun.";

fn print_outcome(
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
    if applied.refused > 0 {
        writeln!(
            out,
            "{} can't be saved here, since their addresses or texts aren't valid.",
            applied.refused
        )?;
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
        writeln!(
            out,
            "Files of {} are missing. If the place was put back to an earlier state, that device writes them again.",
            name_of(*device)
        )?;
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

/// Says why a file waits, after "A file of laptop".
fn why_waiting(word: &str) -> &'static str {
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

fn setup(store: &Reader) -> anyhow::Result<SyncSetup> {
    store.sync_setup()?.ok_or_else(|| anyhow!("{OFF}"))
}

impl Forget {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let setup = setup(&store)?;
        let wanted = self.device.trim();
        let known = store.sync_devices()?;
        let named: Vec<&str> = (known.iter())
            .filter(|device| device.device == wanted || device.name == wanted)
            .map(|device| &*device.device)
            .collect();
        let device: DeviceId = match named.as_slice() {
            [one] => one.parse()?,
            [] if wanted == setup.device || wanted == setup.name => {
                bail!("This is this device. To stop to sync here, run `url-notes sync stop`.")
            }
            [] => wanted.parse().map_err(|_| {
                anyhow!(
                    "There is no such device. To list your devices, run `url-notes sync devices`."
                )
            })?,
            _ => bail!(
                "Several devices have this name. Give the id of one: {}.",
                named.join(", ")
            ),
        };
        let folder = data(invocation)?.to_owned();
        let turn = take_turn(&folder)?;
        let access = access(invocation);
        let task = Task::Forget(device);
        let outcome = session::run(&mut store, task, &folder, &access, true, &turn)?;
        print_outcome(invocation, &store, &outcome)
    }
}

fn key(invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let store = invocation.reader()?;
    if !setup(&store)?.encrypted {
        bail!("The files aren't encrypted, so there is no key.");
    }
    let access = access(invocation);
    let secret = Key::open(&Key::path(data(invocation)?), &access.programs)?.secret()?;
    if invocation.json {
        return invocation.print_json(&serde_json::json!({ "key": secret }));
    }
    invocation.hint("Who has this key can read your notes at the place. Save it to a file on your other device, and join with --key FILE.");
    writeln!(invocation.out, "{secret}")?;
    Ok(())
}

fn stop(invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let mut store = invocation.store()?;
    let setup = setup(&store)?;
    let _turn = take_turn(data(invocation)?)?;
    store.stop_sync(clock::now())?;
    if invocation.json {
        return invocation.print_json(&serde_json::json!({ "stopped": true }));
    }
    writeln!(
        invocation.out,
        "The notes are no longer synced here. Files at {} stay; another device removes those of this one by `url-notes sync forget {}`.",
        clean(&shown_place(&setup.place)),
        setup.device
    )?;
    Ok(())
}
