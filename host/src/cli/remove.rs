//! `url-notes rm` and `url-notes restore`

use anyhow::bail;

use crate::{
    cli::{context::Invocation, note_ref::NoteRef},
    protocol::NoteResult,
    store::TRASH_DAYS,
    wire::wire_note,
};

#[derive(Debug, clap::Args)]
pub(super) struct Remove {
    /// Id or address
    #[arg(value_name = "ID|URL")]
    which: NoteRef,
}

#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// Id or address
    #[arg(value_name = "ID|URL")]
    which: NoteRef,
}

impl Remove {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let note = self.which.live(&store)?;
        let note = store.write(crate::clock::now(), |writer| writer.delete_note(note.id))?;
        if invocation.json {
            return invocation.print_json(&NoteResult {
                note: wire_note(&note),
            });
        }
        invocation.style().brief(invocation.out, &note)?;
        writeln!(
            invocation.out,
            "Moved to the trash. To bring it back within {TRASH_DAYS} days, run `url-notes restore {}`.",
            note.id.0
        )?;
        Ok(())
    }
}

impl Restore {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let Some(note) = self.which.trashed(&store)? else {
            if self.which.find(&store)?.is_some() {
                bail!("This note isn't in the trash, so there is nothing to restore.");
            }
            return self.which.not_found(&store);
        };
        let note = store.write(crate::clock::now(), |writer| writer.restore_note(note.id))?;
        if invocation.json {
            return invocation.print_json(&NoteResult {
                note: wire_note(&note),
            });
        }
        invocation.style().brief(invocation.out, &note)?;
        writeln!(invocation.out, "Restored.")?;
        Ok(())
    }
}
