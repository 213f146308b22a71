//! `sync init` and `sync join`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};

use super::base::{access, data, full_place, print_outcome, shown_place, take_turn};
use crate::{
    cli::{context::Invocation, print::clean},
    clock, platform,
    store::{Reader, Store, SyncSetup},
    sync::{
        carrier::{Carrier, folder::make_folder},
        device::DeviceId,
        place::Place,
        problem::{Problem, ProblemKind},
        seal::{Key, OpenError, Seal},
        segment::AGE_MAGIC,
        session::{self, Access, Task, Turn},
    },
};

/// Longest name of a device, in characters.
const MAX_NAME: usize = 60;
/// Time between two looks at a folder of this computer, with `--wait`.
const LOOK_AT_FOLDER: Duration = Duration::from_secs(1);
/// Time between two looks at another place, with `--wait`.
const LOOK_ELSEWHERE: Duration = Duration::from_secs(10);

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
            let name = platform::computer_name();
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

/// What `init` and `join` have in common.
struct Beginning {
    store: Store,
    access: Access,
    data: PathBuf,
    place: String,
    device: DeviceId,
    name: String,
    turn: Turn,
    carrier: Box<dyn Carrier>,
}

impl Beginning {
    /// Opens the carrier of the place, after what can be checked without it.
    fn prepare(
        invocation: &Invocation<'_>,
        place: &str,
        name: Option<&str>,
    ) -> anyhow::Result<Self> {
        let store = invocation.store()?;
        refuse_second(&store)?;
        let access = access(invocation);
        let name = device_name(name)?;
        let place = full_place(place, &access)?;
        let data = data(invocation)?.to_owned();
        let turn = take_turn(invocation)?;
        let device = DeviceId::random();
        let carrier = session::open(&place, &data, device, &access)?;
        if access.pull.is_some()
            && let Place::Folder(folder) = Place::parse(&place, None)?
        {
            // The command fills it.
            make_folder(&folder)?;
        }
        Ok(Self {
            store,
            access,
            data,
            place,
            device,
            name,
            turn,
            carrier,
        })
    }

    /// Begins, and exchanges for the first time.
    fn finish(self, invocation: &mut Invocation<'_>, encrypted: bool) -> anyhow::Result<()> {
        let mut store = self.store;
        drop(self.carrier);
        let setup = SyncSetup {
            device: self.device.to_string(),
            name: self.name,
            place: self.place,
            encrypted,
            number: 0,
            healed_at: None,
            ran_at: None,
            ok_at: None,
            problem: None,
        };
        store.begin_sync(&setup, clock::now())?;
        let outcome = session::run(
            &mut store,
            Task::Exchange,
            &self.data,
            &self.access,
            true,
            &self.turn,
        )?;
        print_outcome(invocation, &store, &outcome)
    }
}

impl Init {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut beginning = Beginning::prepare(invocation, &self.place, self.name.as_deref())?;
        let carrier = &mut *beginning.carrier;
        carrier.fetch()?;
        if carrier.exists()? && !carrier.list()?.is_empty() {
            bail!(
                "There are notes of another device at this place. To sync with them, run `url-notes sync join` instead of `init`."
            );
        }
        let key = Key::path(&beginning.data);
        let programs = &beginning.access.programs;
        if self.encrypt {
            match key.exists() {
                true => Key::open(&key, programs)?,
                false => Key::generate(&key, programs)?,
            };
        }
        carrier.create()?;
        carrier.push()?;
        beginning.finish(invocation, self.encrypt)?;
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
        let mut beginning = Beginning::prepare(invocation, &self.place, self.name.as_deref())?;
        self.arrive(invocation, &mut *beginning.carrier)?;
        let encrypted = are_encrypted(&*beginning.carrier)?;
        if encrypted {
            self.take_key(invocation, &beginning)?;
        } else if self.key.is_some() {
            bail!(
                "The files at this place aren't encrypted, so this isn't the place of the key. If it is the one that you mean, join without --key."
            );
        }
        let store = &mut beginning.store;
        if store.counts()?.notes > 0 {
            let backup = store.backup(None, false, clock::now())?.file;
            invocation.hint(&format!(
                "Your notes were backed up before, in {}.",
                backup.display()
            ));
        }
        beginning.finish(invocation, encrypted)
    }

    /// Fetches the files of the other devices, with `--wait` until all are there.
    fn arrive(&self, invocation: &Invocation<'_>, carrier: &mut dyn Carrier) -> anyhow::Result<()> {
        let mut is_told = false;
        loop {
            carrier.fetch()?;
            if has_all(carrier)? {
                return Ok(());
            }
            if !self.wait {
                let is_missing = !carrier.exists()? || carrier.list()?.is_empty();
                match is_missing {
                    true => bail!(
                        "There are no notes at this place yet. If another device has begun to sync here, wait until its files have arrived, or use --wait. To begin here, run `url-notes sync init`."
                    ),
                    // What is there is read; the rest is read later.
                    false => return Ok(()),
                }
            }
            if !is_told {
                invocation.hint(
                    "Waiting until all files of your other devices are here. Ctrl+C ends it.",
                );
                is_told = true;
            }
            let is_folder = self.place.starts_with(['/', '~']) || self.place.starts_with("folder:");
            thread::sleep(if is_folder {
                LOOK_AT_FOLDER
            } else {
                LOOK_ELSEWHERE
            });
        }
    }

    /// Makes the key of the files at the place the one of this device. A wrong one is refused: what
    /// this device would write with it, no other one could read.
    fn take_key(&self, invocation: &Invocation<'_>, beginning: &Beginning) -> anyhow::Result<()> {
        let (own, programs) = (Key::path(&beginning.data), &beginning.access.programs);
        let carrier = &*beginning.carrier;
        let Some(file) = &self.key else {
            if !own.exists() {
                bail!(
                    "The files at this place are encrypted. Show the key by `url-notes sync key` on another device, save it to a file, and join with --key FILE."
                );
            }
            if !can_open(carrier, &Seal::Age(Key::open(&own, programs)?))? {
                bail!(
                    "The files at this place are encrypted with another key than the one of this device. Show theirs by `url-notes sync key` on another device, save it to a file, and join with --key FILE."
                );
            }
            return Ok(());
        };
        let candidate = own.with_extension("new");
        // Left by a program that was killed.
        remove_if_there(&candidate)?;
        let key = Key::read_from(file, &candidate, programs)?;
        let opens = can_open(carrier, &Seal::Age(key.clone()));
        if !matches!(opens, Ok(true)) {
            remove_if_there(&candidate)?;
        }
        if !opens? {
            bail!(
                "The files at this place are encrypted with another key. Show theirs by `url-notes sync key` on another device, save it to a file, and join with --key FILE."
            );
        }
        if let (_, Some(aside)) = key.adopt(&own)? {
            invocation.hint(&format!(
                "The key of the place where this device was before is in {}.",
                aside.display()
            ));
        }
        Ok(())
    }
}

fn remove_if_there(file: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).context("The folder of the notes can't be written")
        }
        _ => Ok(()),
    }
}

/// Returns the whole files at a place, one after the other.
fn whole_files(
    carrier: &dyn Carrier,
) -> Result<impl Iterator<Item = Result<Vec<u8>, Problem>> + '_, Problem> {
    let listed = carrier.list()?.into_iter().filter(|file| file.here);
    Ok(listed.filter_map(|file| match carrier.read(&file.name) {
        Ok(bytes) => file.name.fits(&bytes).then_some(Ok(bytes)),
        Err(problem) if problem.kind == ProblemKind::FileMissing => None,
        Err(problem) => Some(Err(problem)),
    }))
}

/// Returns whether the files at a place are encrypted: one is enough, since anyone can add files that
/// aren't, and what this device wrote would be readable, too.
fn are_encrypted(carrier: &dyn Carrier) -> anyhow::Result<bool> {
    let mut has_any = false;
    for bytes in whole_files(carrier)? {
        if bytes?.starts_with(AGE_MAGIC) {
            return Ok(true);
        }
        has_any = true;
    }
    if !has_any {
        bail!(
            "None of the files at this place has arrived completely, so it isn't known whether they are encrypted. Wait until what carries them is done, or use --wait."
        );
    }
    Ok(false)
}

/// Returns whether one of the files at a place can be opened.
fn can_open(carrier: &dyn Carrier, seal: &Seal) -> Result<bool, Problem> {
    for bytes in whole_files(carrier)? {
        match seal.open(bytes?) {
            Ok(_) => return Ok(true),
            Err(OpenError::Segment(_)) => {}
            Err(OpenError::Problem(problem)) => return Err(problem),
        }
    }
    Ok(false)
}

/// Returns whether there are files, and all of them can be read.
fn has_all(carrier: &dyn Carrier) -> Result<bool, Problem> {
    if !carrier.exists()? {
        return Ok(false);
    }
    let listed = carrier.list()?.len();
    let mut whole = 0;
    for bytes in whole_files(carrier)? {
        bytes?;
        whole += 1;
    }
    Ok(listed > 0 && whole == listed)
}
