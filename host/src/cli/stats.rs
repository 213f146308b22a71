//! `url-notes stats`

use super::Invocation;
use crate::handler::wire_stats;

#[derive(Debug, clap::Args)]
pub(super) struct Stats {}

impl Stats {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let Self {} = self;
        let stats = wire_stats(&invocation.store()?.stats()?);
        if invocation.json {
            return invocation.print_json(&stats);
        }
        let out = &mut *invocation.out;
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
            invocation.config.database.display()
        )?;
        Ok(())
    }
}
