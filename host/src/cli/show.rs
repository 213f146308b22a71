//! `url-notes show`

use crate::{
    cli::{
        context::Invocation,
        gist::{is_accepted, print_gist},
        note_ref::NoteRef,
    },
    domain::Note,
    store::Reader,
    wire::ShownNote,
};

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// Id or address
    #[arg(value_name = "ID|URL")]
    which: NoteRef,
}

impl Show {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let store = invocation.reader()?;
        let found = match self.which.find(&store)? {
            Some(note) => Some(note),
            None => self.which.trashed(&store)?,
        };
        let Some(note) = found else {
            return self.which.not_found(&store);
        };
        show_note(invocation, &store, &note)
    }
}

/// Prints all of a note, live or in the trash.
pub(super) fn show_note(
    invocation: &mut Invocation<'_>,
    store: &Reader,
    note: &Note,
) -> anyhow::Result<()> {
    let (gist, link) = (store.gist(note.id)?, store.link(note.id)?);
    let sync = store.sync_of(note)?;
    if invocation.json {
        let shown = ShownNote::of(note, link.as_ref(), gist.as_ref(), &sync);
        return invocation.print_json(&shown);
    }
    if note.deleted_at.is_some() {
        invocation.hint(&format!(
            "This note is in the trash. To bring it back, run `url-notes restore {}`.",
            note.id.0
        ));
    }
    if sync.conflict.is_some() {
        invocation.hint(&format!(
            "Several devices changed this note at the same time. To choose, edit it in the library, or run `url-notes edit {}`.",
            note.id.0
        ));
    }
    let style = invocation.style();
    invocation.page(&|out| {
        style.whole(out, note, link.as_ref(), &sync)?;
        match &gist {
            Some(gist) if !is_accepted(note, gist) => print_gist(out, style, gist),
            _ => Ok(()),
        }
    })
}
