//! `url-notes sync`: the same notes on several devices.

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::{
    cli::{context::Invocation, note_ref::NoteRef, print::clean, terminal::Paint},
    clock,
    config::Environment,
    domain::timestamp_text,
    store::{Reader, Store, SyncConflict, SyncSetup},
    sync::{
        carrier::{Carrier, Programs},
        device::DeviceId,
        place::Place,
        run::Outcome,
        seal::Key,
        segment::AGE_MAGIC,
        session::{self, Access, Task, Turn},
    },
};

/// Longest name of a device, in characters.
const MAX_NAME: usize = 60;
/// How long a file may wait, and runs may fail, before `sync status` fails.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

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
#[command(after_help = "\
Examples:
  url-notes sync init ~/Dropbox/notes
  url-notes sync init git:git@example.org:me/notes.git
  url-notes sync init rclone:nextcloud:notes")]
pub(super) struct Init {
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
pub(super) struct Join {
    /// Full path of a folder, git:URL or rclone:REMOTE:PATH, where another device has begun to sync
    place: String,
    /// Name of this device [default: that of the computer]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// File with the key that `url-notes sync key` shows on another device, if the files are encrypted
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Wait until the files of the other devices are there
    #[arg(long)]
    wait: bool,
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

#[derive(Debug, clap::Args)]
pub(super) struct Conflicts {
    /// Keep what a note shows, and drop the other values
    #[arg(long, value_name = "ID|URL")]
    keep: Option<NoteRef>,
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

/// The status as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusOutput {
    /// `off`, `ok` or `failed`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ran_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Value>,
    unpublished: u64,
    conflicts: u64,
    devices: usize,
    waiting: Vec<WaitingOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceOutput {
    device: String,
    name: String,
    program: String,
    wrote_at: Option<String>,
    this: bool,
}

#[derive(Debug, Serialize)]
struct ConflictOutput {
    id: i64,
    url: String,
    title: String,
    titles: Vec<String>,
    texts: Vec<String>,
}

impl SyncCommand {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        match self {
            Self::Init(command) => command.run(invocation),
            Self::Join(command) => command.run(invocation),
            Self::Now(command) => command.run(invocation),
            Self::Status => status(invocation),
            Self::Devices => devices(invocation),
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

fn take_turn(data: &Path) -> anyhow::Result<Turn> {
    Turn::take(data, true)?.context("Another run of sync is under way")
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
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
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
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
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
        let done = session::run(
            &mut store,
            Task::Exchange,
            &folder,
            &access,
            !self.quiet,
            &turn,
        );
        match (done, self.quiet) {
            (Ok(_), true) => Ok(()),
            (done, _) => print_outcome(invocation, &store, &done?),
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

fn status(invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let store = invocation.reader()?;
    let setup = store.sync_setup()?;
    let counts = store.sync_counts()?;
    let now = clock::now();
    let waiting: Vec<_> = (store.segments()?.into_iter())
        .filter(|record| record.read_at.is_none())
        .collect();
    let is_old = |moment: Timestamp| now.duration_since(moment) > PATIENCE;
    let has_waited = waiting.iter().any(|record| is_old(record.found_at));
    let problem: Option<Value> = setup
        .as_ref()
        .and_then(|setup| serde_json::from_str(setup.problem.as_deref()?).ok());
    let devices = store.sync_devices()?;
    let output = StatusOutput {
        state: match (&setup, &problem) {
            (None, _) => "off",
            (Some(_), None) => "ok",
            (Some(_), Some(_)) => "failed",
        },
        place: setup.as_ref().map(|setup| shown_place(&setup.place)),
        name: setup.as_ref().map(|setup| setup.name.clone()),
        device: setup.as_ref().map(|setup| setup.device.clone()),
        ran_at: setup
            .as_ref()
            .and_then(|setup| setup.ran_at)
            .map(timestamp_text),
        ok_at: setup
            .as_ref()
            .and_then(|setup| setup.ok_at)
            .map(timestamp_text),
        problem: problem.clone(),
        unpublished: counts.unpublished,
        conflicts: counts.conflicts,
        devices: devices.len(),
        waiting: (waiting.iter())
            .map(|record| WaitingOutput {
                device: record.device.clone(),
                file: record.file.clone(),
                problem: record.problem.clone().unwrap_or_default(),
            })
            .collect(),
    };
    if invocation.json {
        invocation.print_json(&output)?;
    } else {
        let Some(setup) = &setup else {
            writeln!(invocation.out, "{OFF}")?;
            return Ok(());
        };
        let style = invocation.style();
        let moment = |at: Option<Timestamp>| at.map_or("never".into(), |at| style.moment(at));
        let unpublished = store.has_unpublished_changes()?;
        let out = &mut *invocation.out;
        writeln!(out, "place        {}", clean(&shown_place(&setup.place)))?;
        writeln!(
            out,
            "this device  {} ({})",
            clean(&setup.name),
            setup.device
        )?;
        writeln!(out, "other devices {}", devices.len())?;
        writeln!(out, "last run     {}", moment(setup.ran_at))?;
        if setup.ok_at != setup.ran_at {
            writeln!(out, "last success {}", moment(setup.ok_at))?;
        }
        if unpublished {
            writeln!(out, "There are changes that aren't sent yet.")?;
        }
        for record in &waiting {
            let device = devices.iter().find(|device| device.device == record.device);
            let name = device.map_or(&record.device, |device| &device.name);
            writeln!(
                out,
                "A file of {} {}: {}",
                clean(name),
                why_waiting(record.problem.as_deref().unwrap_or_default()),
                record.file
            )?;
        }
        if counts.conflicts > 0 {
            writeln!(
                out,
                "{} have values of other devices that aren't shown; `url-notes sync conflicts` lists them.",
                super::tag::counted_notes(counts.conflicts)
            )?;
        }
    }
    let sentence = problem
        .as_ref()
        .and_then(|problem| problem["sentence"].as_str());
    if let Some(sentence) = sentence {
        bail!("The last run failed. {sentence}");
    }
    if has_waited {
        bail!("A file has waited for more than a day.");
    }
    Ok(())
}

fn devices(invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let store = invocation.reader()?;
    let setup = setup(&store)?;
    let mut devices = vec![DeviceOutput {
        device: setup.device.clone(),
        name: setup.name.clone(),
        program: env!("CARGO_PKG_VERSION").into(),
        wrote_at: setup.ok_at.map(timestamp_text),
        this: true,
    }];
    for device in store.sync_devices()? {
        devices.push(DeviceOutput {
            device: device.device,
            name: device.name,
            program: device.program,
            wrote_at: Some(timestamp_text(device.wrote_at)),
            this: false,
        });
    }
    if invocation.json {
        return invocation.print_json(&devices);
    }
    for device in devices {
        let this = if device.this { " (this device)" } else { "" };
        writeln!(
            invocation.out,
            "{}  {}{this}, url-notes {}, {}",
            device.device,
            clean(&device.name),
            clean(&device.program),
            device.wrote_at.as_deref().unwrap_or("never")
        )?;
    }
    Ok(())
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

impl Conflicts {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        if let Some(which) = &self.keep {
            let mut store = invocation.store()?;
            let note = which.live(&store)?;
            let kept = store.write(clock::now(), |writer| writer.settle_conflicts(note.id))?;
            if invocation.json {
                return invocation.print_json(&serde_json::json!({ "settled": kept }));
            }
            let sentence = match kept {
                true => "What the note shows is kept.",
                false => "The note has no conflicts.",
            };
            writeln!(invocation.out, "{sentence}")?;
            return Ok(());
        }
        let store = invocation.reader()?;
        let mut found: Vec<ConflictOutput> = Vec::new();
        for conflict in store.sync_conflicts(1_000)? {
            found.extend(described(&store, conflict)?);
        }
        if invocation.json {
            return invocation.print_json(&found);
        }
        if found.is_empty() {
            writeln!(invocation.out, "There are no conflicts.")?;
        }
        let look = invocation.look;
        for note in &found {
            writeln!(
                invocation.out,
                "{}",
                look.paint(Paint::Title, &clean(&note.title))
            )?;
            writeln!(invocation.out, "      {}", clean(&note.url))?;
            for title in &note.titles {
                writeln!(invocation.out, "      also titled \"{}\"", clean(title))?;
            }
            for text in &note.texts {
                let first = text.lines().find(|line| !line.trim().is_empty());
                let first: String = first.unwrap_or_default().chars().take(70).collect();
                writeln!(invocation.out, "      another text: {}", clean(&first))?;
            }
            writeln!(
                invocation.out,
                "      url-notes sync conflicts --keep {}",
                note.id
            )?;
        }
        Ok(())
    }
}

fn described(store: &Reader, conflict: SyncConflict) -> anyhow::Result<Option<ConflictOutput>> {
    let note = store.note(conflict.note_id)?;
    Ok(note.map(|note| ConflictOutput {
        id: note.id.0,
        url: note.address().into_owned(),
        title: note.name().into_owned(),
        titles: conflict
            .titles
            .into_iter()
            .map(|other| other.text)
            .collect(),
        texts: conflict.texts.into_iter().map(|other| other.text).collect(),
    }))
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
