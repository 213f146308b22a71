//! The context of a command: settings, output, store and network.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::Write,
};

use anyhow::{Context as _, bail};

use url_notes::{
    cli::json,
    config::Config,
    store::{Retention, Store},
};

use crate::fetch::Fetcher;

/// What a command works with.
pub(super) struct Invocation<'a> {
    pub(super) config: Config,
    pub(super) json: bool,
    pub(super) out: &'a mut dyn Write,
}

impl Invocation<'_> {
    pub(super) fn store(&self) -> anyhow::Result<Store> {
        Ok(Store::open(&self.config.database)?)
    }

    pub(super) fn fetcher(&self) -> anyhow::Result<Fetcher> {
        Ok(Fetcher::new(self.config.proxy.as_deref())?)
    }

    pub(super) fn retention(&self) -> Retention {
        Retention {
            per_feed: self.config.feed_keep,
            days: self.config.feed_days,
        }
    }

    /// Keeps two runs of one kind from asking the same hosts at the same time. The lock ends with its
    /// file. `name`: that file's, in the folder of the notes. `busy`: what to say if there is another
    /// run.
    pub(super) fn lock(&self, name: &str, busy: &'static str) -> anyhow::Result<Option<File>> {
        let path = self.config.database.with_file_name(name);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .context("The folder of the notes can't be written to")?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => bail!(busy),
            // File systems without locks.
            Err(TryLockError::Error(_)) => Ok(None),
        }
    }

    pub(super) fn print_json(&mut self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        writeln!(self.out, "{}", json(value)?)?;
        Ok(())
    }
}
