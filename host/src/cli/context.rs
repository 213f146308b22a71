//! The context of a subcommand: settings, output and store.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::{Context as _, bail};

use crate::{
    cli::{
        print::{self, Style},
        terminal::{self, Look},
    },
    config::Config,
    error::Error,
    store::{self, Reader, Store},
};

/// The context of a subcommand.
pub(super) struct Invocation<'a> {
    pub(super) config: Config,
    pub(super) json: bool,
    pub(super) look: Look,
    pub(super) paging: bool,
    pub(super) out: &'a mut dyn Write,
}

impl Invocation<'_> {
    pub(super) fn store(&self) -> anyhow::Result<Store> {
        self.opened(Store::open)
    }

    /// Opens the store for a command that only reads. Works even if nothing can be written.
    pub(super) fn reader(&self) -> anyhow::Result<Reader> {
        self.opened(Reader::open_or_make)
    }

    fn opened<T>(&self, open: fn(&Path) -> crate::error::Result<T>) -> anyhow::Result<T> {
        let folder = self.config.database.parent();
        if let Some(file) = folder.filter(|folder| folder.is_file()) {
            bail!("{} is a file. Give a folder for the notes.", file.display());
        }
        open(&self.config.database).with_context(|| {
            // Only the command line prints the path; the wire and the popup don't contain it.
            format!(
                "The notes in {} can't be opened",
                self.config.database.display()
            )
        })
    }

    pub(super) fn print_json(&mut self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        writeln!(self.out, "{}", terminal::json(value)?)?;
        Ok(())
    }

    pub(super) fn style(&self) -> Style {
        Style {
            look: self.look,
            now: crate::clock::now(),
        }
    }

    /// Prints output that may be long, through a pager on a terminal. Calls `print` a second time
    /// if the pager turns out to be missing.
    pub(super) fn page(&mut self, print: terminal::Printing<'_>) -> anyhow::Result<()> {
        if self.look.is_terminal() && self.paging {
            terminal::paged(&self.config.terminal, self.out, print)?;
        } else {
            terminal::buffered(&mut *self.out, print)?;
        }
        Ok(())
    }

    /// Prints a hint for people. Programs don't get it.
    pub(super) fn hint(&self, sentence: &str) {
        if !self.json {
            let _ = writeln!(io::stderr(), "url-notes: {}", print::clean(sentence));
        }
    }
}

/// Adds the file's name to an error of writing it. An error of a full or failing disk becomes the
/// store's sentence.
pub(super) fn unwritten(error: io::Error, path: &Path) -> anyhow::Error {
    match store::fault_of_disk(&error) {
        Some(fault) => Error::store(fault).into(),
        None => anyhow::anyhow!(
            "{} can't be written ({error}).",
            print::clean(&path.display().to_string())
        ),
    }
}

/// Refuses to overwrite the notes, under any of their names.
pub(super) fn refuse_notes(database: &Path, file: &Path) -> anyhow::Result<()> {
    if store::is_part_of(database, file) {
        bail!(
            "{} belongs to the database of the notes. Give another file.",
            file.display()
        );
    }
    Ok(())
}
