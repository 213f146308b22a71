//! `url-notes backup`

use std::path::PathBuf;

use crate::cli::context::Invocation;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes backup
  url-notes backup /media/usb/notes.db --force")]
pub(super) struct Backup {
    /// The file [default: a dated file in the folder `backups` beside the notes]
    file: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long, requires = "file")]
    force: bool,
}

impl Backup {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let made =
            invocation
                .store()?
                .backup(self.file.as_deref(), self.force, crate::clock::now())?;
        if invocation.json {
            return invocation.print_json(&serde_json::json!({
                "file": made.file.display().to_string(),
                "notes": made.notes,
                "bytes": made.bytes,
            }));
        }
        writeln!(
            invocation.out,
            "{} notes, {} bytes, verified: {}",
            made.notes,
            made.bytes,
            made.file.display()
        )?;
        Ok(())
    }
}
