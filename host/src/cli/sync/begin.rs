//! `sync init` and `sync join`.

use std::{path::PathBuf, thread, time::Duration};

use anyhow::bail;

use super::base::{access, data, full_place, print_outcome, shown_place, take_turn};
use crate::{
    cli::{context::Invocation, print::clean},
    clock,
    store::{Reader, Store, SyncSetup},
    sync::{
        carrier::Carrier,
        device::DeviceId,
        seal::Key,
        segment::AGE_MAGIC,
        session::{self, Access, Task, Turn},
    },
};

/// Longest name of a device, in characters.
const MAX_NAME: usize = 60;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes sync init ~/Dropbox/notes
  url-notes sync init git:git@example.org:me/notes.git
  url-notes sync init rclone:nextcloud:notes")]
pub(in crate::cli) struct Init {
    /// Full path of a folder, git:URL or rclone:REMOTE:PATH
    place: String,
    /// Name of this device [default: that of the computer]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Encrypt the files with age, so that who keeps them can't read them
    #[arg(long)]
    encrypt: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Join {
    /// Full path of a folder, git:URL or rclone:REMOTE:PATH, where another device has begun to sync
    place: String,
    /// Name of this device [default: that of the computer]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// File with the key that `url-notes sync key` shows, for encrypted files
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Wait until the files of the other devices are there
    #[arg(long)]
    wait: bool,
}

fn device_name(name: Option<&str>) -> anyhow::Result<String> {
    let name = match name {
        Some(name) => name.trim().to_owned(),
        None => {
            let system = rustix::system::uname();
            let name = system.nodename().to_string_lossy();
            let host = name.split('.').next().unwrap_or_default();
            host.chars()
                .filter(|c| !c.is_control())
                .take(MAX_NAME)
                .collect()
        }
    };
    if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        bail!("The name of a device has {MAX_NAME} characters at most.");
    }
    Ok(if name.is_empty() {
        "device".into()
    } else {
        name
    })
}

fn refuse_second(store: &Reader) -> anyhow::Result<()> {
    if let Some(setup) = store.sync_setup()? {
        bail!(
            "The notes are already synced with {}. To sync them at another place, run `url-notes sync stop` first.",
            clean(&shown_place(&setup.place))
        );
    }
    Ok(())
}

fn new_setup(place: String, name: String, encrypted: bool) -> SyncSetup {
    SyncSetup {
        device: DeviceId::random().to_string(),
        name,
        place,
        encrypted,
        number: 0,
        healed_at: None,
        ran_at: None,
        ok_at: None,
        problem: None,
    }
}

impl Init {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        refuse_second(&store)?;
        let access = access(invocation);
        let name = device_name(self.name.as_deref())?;
        let place = full_place(&self.place, &access)?;
        let turn = take_turn(data(invocation)?)?;
        let mut carrier = session::open(&place, data(invocation)?, &access)?;
        carrier.fetch()?;
        if carrier.exists()? && !carrier.list()?.is_empty() {
            bail!(
                "There are notes of another device at this place. To sync with them, run `url-notes sync join` instead of `init`."
            );
        }
        let key = Key::path(data(invocation)?);
        if self.encrypt {
            match key.exists() {
                true => Key::open(&key, &access.programs)?,
                false => Key::generate(&key, &access.programs)?,
            };
        }
        carrier.create()?;
        carrier.push()?;
        drop(carrier);
        store.begin_sync(&new_setup(place, name, self.encrypt), clock::now())?;
        first_run(invocation, &mut store, &access, &turn)?;
        if self.encrypt {
            invocation.hint(&format!(
                "The key is in {}. Without it, nobody can read the files. Your other devices need it: `url-notes sync key` shows it.",
                key.display()
            ));
        }
        Ok(())
    }
}

impl Join {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        refuse_second(&store)?;
        let access = access(invocation);
        let name = device_name(self.name.as_deref())?;
        let place = full_place(&self.place, &access)?;
        let turn = take_turn(data(invocation)?)?;
        let mut carrier = session::open(&place, data(invocation)?, &access)?;
        loop {
            carrier.fetch()?;
            if has_all(&*carrier)? {
                break;
            }
            if !self.wait {
                let is_missing = !carrier.exists()? || carrier.list()?.is_empty();
                match is_missing {
                    true => bail!(
                        "There are no notes at this place yet. If another device has begun to sync here, wait until its files have arrived, or use --wait. To begin here, run `url-notes sync init`."
                    ),
                    // What is there is read; the rest is read later.
                    false => break,
                }
            }
            thread::sleep(Duration::from_secs(1));
        }
        let encrypted = are_encrypted(&*carrier)?;
        drop(carrier);
        let own_key = Key::path(data(invocation)?);
        match (encrypted, &self.key) {
            (false, Some(_)) => {
                bail!("The files at this place aren't encrypted. Join without --key.")
            }
            (true, None) if !own_key.exists() => bail!(
                "The files at this place are encrypted. Show the key by `url-notes sync key` on another device, save it to a file, and join with --key FILE."
            ),
            (true, None) => drop(Key::open(&own_key, &access.programs)?),
            (true, Some(file)) => drop(Key::read_from(file, &own_key, &access.programs)?),
            (false, None) => {}
        }
        let now = clock::now();
        let has_notes = store.counts()?.notes > 0;
        let backup = match has_notes {
            true => Some(store.backup(None, false, now)?.file),
            false => None,
        };
        store.begin_sync(&new_setup(place, name, encrypted), now)?;
        if let Some(file) = backup {
            invocation.hint(&format!(
                "Your notes were backed up before, in {}.",
                file.display()
            ));
        }
        first_run(invocation, &mut store, &access, &turn)
    }
}

/// Returns whether the files at a place are encrypted.
fn are_encrypted(carrier: &dyn Carrier) -> anyhow::Result<bool> {
    for file in carrier.list()?.iter().filter(|file| file.here) {
        let bytes = carrier.read(&file.name)?;
        if file.name.fits(&bytes) {
            return Ok(bytes.starts_with(AGE_MAGIC));
        }
    }
    Ok(false)
}

/// Returns whether there are files, and all of them can be read.
fn has_all(carrier: &dyn Carrier) -> anyhow::Result<bool> {
    if !carrier.exists()? {
        return Ok(false);
    }
    let listed = carrier.list()?;
    for file in &listed {
        if !file.here || !file.name.fits(&carrier.read(&file.name)?) {
            return Ok(false);
        }
    }
    Ok(!listed.is_empty())
}

fn first_run(
    invocation: &mut Invocation<'_>,
    store: &mut Store,
    access: &Access,
    turn: &Turn,
) -> anyhow::Result<()> {
    let folder = data(invocation)?.to_owned();
    let outcome = session::run(store, Task::Exchange, &folder, access, true, turn)?;
    print_outcome(invocation, store, &outcome)
}
