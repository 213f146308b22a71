//! `url-notes list`

use super::{Invocation, print};
use crate::{domain::parse_tags, handler::wire_note, store::TagFilter};

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only notes with this tag; may be given several times
    #[arg(long = "tag", value_name = "TAG", allow_hyphen_values = true)]
    tags: Vec<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

impl List {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let with = parse_tags(&self.tags)?;
        let store = invocation.store()?;
        let notes = if with.is_empty() {
            store.latest_notes(None, self.limit)?
        } else {
            let filter = TagFilter {
                with,
                ..TagFilter::default()
            };
            store.notes_with_tags(&filter, None, self.limit)?
        };
        if invocation.json {
            let notes: Vec<_> = notes.iter().map(wire_note).collect();
            return invocation.print_json(&notes);
        }
        for note in &notes {
            print::brief(invocation.out, note)?;
        }
        Ok(())
    }
}
