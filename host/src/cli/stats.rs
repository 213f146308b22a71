//! `url-notes stats`

use super::Session;
use crate::handler::wire_stats;

#[derive(Debug, clap::Args)]
pub(super) struct Stats {}

impl Stats {
    pub(super) fn run(self, session: &mut Session<'_>) -> anyhow::Result<()> {
        let Self {} = self;
        let stats = wire_stats(&session.store()?.stats()?);
        if session.json {
            return session.print_json(&stats);
        }
        let out = &mut *session.out;
        writeln!(out, "notes     {}", stats.notes)?;
        writeln!(out, "tags      {}", stats.tags)?;
        writeln!(out, "sites     {}", stats.sites)?;
        writeln!(out, "in trash  {}", stats.trash)?;
        if let (Some(first), Some(last)) = (&stats.first_saved_at, &stats.last_saved_at) {
            writeln!(out, "oldest    {first}")?;
            writeln!(out, "newest    {last}")?;
        }
        writeln!(
            out,
            "database  {} bytes, {}",
            stats.database_bytes,
            session.config.database.display()
        )?;
        Ok(())
    }
}
