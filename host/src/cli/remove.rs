//! `url-notes rm` and `url-notes restore`

use anyhow::bail;

use crate::{
    cli::{context::Invocation, many::Many, note_ref::NoteRef},
    protocol::NoteResult,
    store::{BulkChange, TRASH_DAYS},
    wire::wire_note,
};

#[derive(Debug, clap::Args)]
pub(super) struct Remove {
    /// Id or address
    #[arg(
        value_name = "ID|URL",
        required_unless_present = "query",
        conflicts_with = "query"
    )]
    which: Option<NoteRef>,
    #[command(flatten)]
    many: Many,
}

#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// Id or address
    #[arg(
        value_name = "ID|URL",
        required_unless_present = "query",
        conflicts_with = "query"
    )]
    which: Option<NoteRef>,
    #[command(flatten)]
    many: Many,
}

impl Remove {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let Some(which) = self.which else {
            let change = BulkChange {
                delete: true,
                ..BulkChange::default()
            };
            let query = self.many.query.clone().unwrap_or_default();
            return self.many.run(invocation, &query, &change);
        };
        let mut store = invocation.store()?;
        let note = which.live(&store)?;
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
        let Some(which) = self.which else {
            let change = BulkChange {
                restore: true,
                ..BulkChange::default()
            };
            let query = self.many.query.clone().unwrap_or_default();
            return self.many.run(invocation, &query, &change);
        };
        let mut store = invocation.store()?;
        let Some(note) = which.trashed(&store)? else {
            if which.find(&store)?.is_some() {
                bail!("This note isn't in the trash, so there is nothing to restore.");
            }
            return which.not_found(&store);
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
