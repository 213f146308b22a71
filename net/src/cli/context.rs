//! The context of a command: settings, output, store and network.

use std::io::Write;

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

    pub(super) fn print_json(&mut self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        writeln!(self.out, "{}", json(value)?)?;
        Ok(())
    }
}
