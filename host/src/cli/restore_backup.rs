//! `url-notes restore-backup`

use std::path::PathBuf;

use crate::{cli::context::Invocation, store::restore_backup};

#[derive(Debug, clap::Args)]
pub(super) struct RestoreBackup {
    /// A file made by `url-notes backup`, or a copy of the database
    file: PathBuf,
}

impl RestoreBackup {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let done = restore_backup(&invocation.config.database, &self.file, crate::clock::now())?;
        let previous = done.previous.map(|file| file.display().to_string());
        if invocation.json {
            return invocation.print_json(&serde_json::json!({
                "notes": done.notes,
                "previous": previous,
                "previousSound": done.previous_sound,
            }));
        }
        let out = &mut *invocation.out;
        writeln!(out, "{} notes restored.", done.notes)?;
        match previous {
            None => {}
            Some(file) if done.previous_sound => {
                writeln!(out, "The replaced notes are kept in {file}")?;
            }
            Some(file) => writeln!(out, "The damaged file is kept as {file}")?,
        }
        Ok(())
    }
}
