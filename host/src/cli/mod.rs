//! The command line: one file a subcommand, each a thin face on store and domain.
//!
//! Standard output carries what was asked for (JSON with `--json`), standard
//! error one sentence where it failed. Exit codes: 0 done, 1 failed, 2 wrong usage.

mod add;
mod backup;
mod check;
mod doctor;
mod export;
mod import;
mod list;
mod open;
mod print;
mod remove;
mod restore_backup;
mod search;
mod serve;
mod show;
mod stats;
mod tag;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};

use crate::{
    config::Config,
    domain::{Note, NoteId, PageUrl},
    error::Error,
    store::{self, Store},
};

/// Pages saved from the browser, with tags and notes, in one file on this machine.
#[derive(Debug, Parser)]
#[command(name = "url-notes", version, max_term_width = 100)]
pub struct Arguments {
    /// Keep database, configuration and log in this folder
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Save a page, or add tags to one that is saved
    Add(add::Add),
    /// List notes, newest first
    List(list::List),
    /// Show one note
    Show(show::Show),
    /// Find notes: words, "a phrase", -word, tag:x, -tag:x, site:arxiv.org, before:2025-08-01, after:2025
    Search(search::Search),
    /// Move a note into the trash, where it stays for 30 days
    Rm(remove::Remove),
    /// Take a note out of the trash
    Restore(remove::Restore),
    /// List tags; rename, merge, remove them; give them other names
    #[command(subcommand)]
    Tag(tag::TagCommand),
    /// Serve the site until interrupted
    Serve(serve::Serve),
    /// Open the site in the browser, at a tag if one is given
    Open(open::Open),
    /// Print figures on the store
    Stats(stats::Stats),
    /// Bring in bookmarks, exports of other programs and of this one
    Import(import::Import),
    /// Write all notes into a file or a folder
    #[command(subcommand)]
    Export(export::Export),
    /// Copy the notes into a file, also while they are in use
    Backup(backup::Backup),
    /// Put the notes of a backup in the place of those that are there, which are kept
    RestoreBackup(restore_backup::RestoreBackup),
    /// Tell whether the notes are sound
    Check(check::Check),
    /// Examine everything between browser and notes; name what is wrong, and its cure
    Doctor(doctor::Doctor),
}

/// What a subcommand works with.
struct Invocation<'a> {
    config: Config,
    json: bool,
    out: &'a mut dyn Write,
}

impl Invocation<'_> {
    fn store(&self) -> anyhow::Result<Store> {
        Store::open(&self.config.database).with_context(|| {
            // Only here is the path told: on the wire and in the popup it isn't.
            format!(
                "The notes in {} can't be opened",
                self.config.database.display()
            )
        })
    }

    fn print_json(&mut self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        serde_json::to_writer_pretty(&mut *self.out, value)?;
        writeln!(self.out)?;
        Ok(())
    }
}

impl Arguments {
    /// Reads argv.
    ///
    /// # Errors
    /// With 2 after telling the usage; with 0 after `--help` and `--version`.
    pub fn read(argv: Vec<OsString>) -> Result<Self, ExitCode> {
        Self::try_parse_from(search::shield_exclusions(argv)).map_err(|usage| {
            // Where even that can't be told, the code tells.
            let _ = usage.print();
            ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2))
        })
    }

    /// Does what was asked for; output goes to `out`.
    ///
    /// # Errors
    /// With one sentence for the user.
    pub fn run(self, config: Config, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut invocation = Invocation {
            config,
            json: self.json,
            out,
        };
        match self.command {
            Command::Add(command) => command.run(&mut invocation),
            Command::List(command) => command.run(&mut invocation),
            Command::Show(command) => command.run(&mut invocation),
            Command::Search(command) => command.run(&mut invocation),
            Command::Rm(command) => command.run(&mut invocation),
            Command::Restore(command) => command.run(&mut invocation),
            Command::Tag(command) => command.run(&mut invocation),
            Command::Serve(command) => command.run(&mut invocation),
            Command::Open(command) => command.run(&mut invocation),
            Command::Stats(command) => command.run(&mut invocation),
            Command::Import(command) => command.run(&mut invocation),
            Command::Export(command) => command.run(&mut invocation),
            Command::Backup(command) => command.run(&mut invocation),
            Command::RestoreBackup(command) => command.run(&mut invocation),
            Command::Check(command) => command.run(&mut invocation),
            Command::Doctor(command) => command.run(&mut invocation),
        }
    }
}

/// A file of the user's that can't be written, with its name; of a full or broken
/// disk the store's sentence is told.
fn unwritten(error: io::Error, path: &Path) -> anyhow::Error {
    match store::fault_of_disk(&error) {
        Some(fault) => Error::store(fault).into(),
        None => anyhow::anyhow!(
            "{} can't be written ({error}).",
            print::clean(&path.display().to_string())
        ),
    }
}

/// Tells a failure: one sentence on standard error, its causes to the log.
#[must_use]
pub fn report(error: &anyhow::Error) -> ExitCode {
    if !error.is::<doctor::Unwell>() {
        log::error!("{error:#}");
    }
    let unread = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe);
    if unread {
        // Whoever reads the output has seen enough, as in `| head`.
        return ExitCode::SUCCESS;
    }
    // Down to our own sentence; what SQLite or the system said is below it.
    let mut sentences: Vec<String> = Vec::new();
    for cause in error.chain() {
        sentences.push(cause.to_string());
        if cause.is::<Error>() {
            break;
        }
    }
    let _ = writeln!(io::stderr(), "url-notes: {}", sentences.join(": "));
    ExitCode::FAILURE
}

/// A note as it is named on the command line: by its id or by its page.
#[derive(Debug, Clone)]
enum Which {
    Id(NoteId),
    Page(PageUrl),
}

impl std::str::FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return text
                .parse()
                .map(|id| Self::Id(NoteId(id)))
                .map_err(|_| "no note has such a large id".into());
        }
        PageUrl::parse(text)
            .map(Self::Page)
            .map_err(|error| error.to_string())
    }
}

impl Which {
    /// The live note.
    fn live(&self, store: &Store) -> anyhow::Result<Option<Note>> {
        Ok(match self {
            Self::Id(id) => store.note(*id)?,
            Self::Page(url) => store.note_for_url(url)?,
        })
    }

    /// The note in the trash.
    fn trashed(&self, store: &Store) -> anyhow::Result<Option<Note>> {
        Ok(match self {
            Self::Id(id) => store.trashed_note(*id)?,
            Self::Page(url) => store.trashed_note_for_url(url)?,
        })
    }

    fn not_found<T>(&self, place: &str) -> anyhow::Result<T> {
        match self {
            Self::Id(id) => bail!("There is no note with the id {}{place}.", id.0),
            Self::Page(url) => bail!("There is no note of {}{place}.", print::clean(url.as_str())),
        }
    }
}
