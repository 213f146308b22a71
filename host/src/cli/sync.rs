//! `url-notes sync`: the same notes on several devices.

mod base;
mod begin;
mod show;

use anyhow::{anyhow, bail};
use base::{OFF, access, data, print_outcome, setup, shown_place, take_turn};
use begin::{Init, Join};
use show::Conflicts;

use crate::{
    cli::{context::Invocation, print::clean},
    clock,
    config::{Config, Environment},
    platform,
    store::Store,
    sync::{
        device::DeviceId,
        run::Outcome,
        schedule,
        seal::Key,
        session::{self, Task, Turn},
    },
};

/// Most runs in a row, as long as notes are changed during each of them.
const ROUNDS: usize = 3;

const NO_SUCH_DEVICE: &str =
    "There is no such device. To list your devices, run `url-notes sync devices`.";

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
    /// Also remove files that couldn't be read here; what only they say is lost
    #[arg(long)]
    unread: bool,
}

impl SyncCommand {
    /// Returns whether changes may wait for a run after the command: its own, or those of a host that
    /// ended while the command had the lock, so that the host's last run left.
    pub(super) fn may_leave_changes(&self) -> bool {
        matches!(
            self,
            Self::Init(_) | Self::Join(_) | Self::Forget(_) | Self::Conflicts(_)
        )
    }

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

/// Returns how runs are started after a command that changes notes.
pub(super) fn schedule(config: &Config) -> Option<schedule::Settings> {
    let program = Environment::load().program;
    schedule::Settings::of(
        config.sync.auto,
        program,
        &config.database,
        config.sync.every,
        config.sync.has_commands(),
    )
}

impl Now {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        if self.quiet {
            // What the user does goes first.
            platform::lower_priority();
        }
        let mut store = invocation.store()?;
        if store.sync_setup()?.is_none() {
            if self.quiet {
                return Ok(());
            }
            bail!("{OFF}");
        }
        let folder = data(invocation)?.to_owned();
        let turn = match self.quiet {
            true => Turn::take(&folder, false)?,
            false => Some(take_turn(invocation)?),
        };
        let Some(mut turn) = turn else {
            return Ok(());
        };
        if self.all {
            store.republish_all(clock::now())?;
        }
        let access = access(invocation);
        let mut outcome = Outcome::default();
        for _ in 0..ROUNDS {
            let task = Task::Exchange;
            let next = session::run(&mut store, task, &folder, &access, !self.quiet, &turn)?;
            outcome = outcome.and(next);
            if store.has_unpublished_changes()? {
                continue;
            }
            // A run that was started meanwhile, since notes had changed, found the lock taken and left.
            // So the last look comes once the lock is free.
            drop(turn);
            if !store.has_unpublished_changes()? {
                break;
            }
            match Turn::take(&folder, false)? {
                Some(again) => turn = again,
                None => break,
            }
        }
        match self.quiet {
            true => Ok(()),
            false => print_outcome(invocation, &store, &outcome),
        }
    }
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
            [] => wanted.parse().map_err(|_| anyhow!("{NO_SUCH_DEVICE}"))?,
            _ => bail!(
                "Several devices have this name. Give the id of one: {}.",
                named.join(", ")
            ),
        };
        let folder = data(invocation)?.to_owned();
        let turn = take_turn(invocation)?;
        let access = access(invocation);
        let run =
            |store: &mut Store, task| session::run(store, task, &folder, &access, true, &turn);
        let before = run(&mut store, Task::Exchange)?;
        let id = device.to_string();
        let files = store.segments()?;
        if !known.iter().any(|device| device.device == id)
            && !files.iter().any(|file| file.device == id)
        {
            bail!("{NO_SUCH_DEVICE}");
        }
        let unread = (files.iter()).filter(|file| file.device == id && file.read_at.is_none());
        let unread: Vec<&str> = unread.map(|file| &*file.file).collect();
        if let [file, ..] = unread.as_slice()
            && !self.unread
        {
            bail!(
                "Files of this device can't be read here, such as {file}, so notes may be lost with them. `url-notes sync status` says why. To remove them nevertheless, add --unread."
            );
        }
        let outcome = before.and(run(&mut store, Task::Forget(device))?);
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
    let _turn = take_turn(invocation)?;
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
