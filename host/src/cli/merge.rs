//! `url-notes merge`

use crate::{
    cli::{context::Invocation, note_ref::NoteRef},
    protocol::NoteResult,
    store::TRASH_DAYS,
    wire::wire_note,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Adds the tags, text and addresses of DROP to KEEP, and moves DROP to the trash.

Examples:
  url-notes merge https://example.org/new https://example.org/old")]
pub(super) struct Merge {
    /// Id or address of the note that is kept
    #[arg(value_name = "KEEP")]
    keep: NoteRef,
    /// Id or address of the note that is added to it
    #[arg(value_name = "DROP")]
    drop: NoteRef,
}

impl Merge {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let keep = self.keep.live(&store)?;
        let drop = self.drop.live(&store)?;
        let note = store.write(crate::clock::now(), |writer| {
            writer.merge_notes(keep.id, drop.id)
        })?;
        if invocation.json {
            return invocation.print_json(&NoteResult {
                note: wire_note(&note),
            });
        }
        invocation.style().brief(invocation.out, &note)?;
        writeln!(
            invocation.out,
            "Merged. To restore the other note within {TRASH_DAYS} days, run `url-notes restore {}`.",
            drop.id.0
        )?;
        Ok(())
    }
}
