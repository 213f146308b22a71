//! `url-notes list`

use crate::{
    cli::{context::Invocation, tag},
    domain::Tag,
    error::Result,
    store::TagFilter,
    wire::wire_note,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes list --tag gpu --without \"to read\"
  url-notes list --untagged
  url-notes list --limit 1000 --json")]
pub(super) struct List {
    /// Only notes with this tag; may be given several times
    #[arg(long = "tag", value_name = "TAG", allow_hyphen_values = true)]
    tags: Vec<String>,
    /// Only notes without this tag; may be given several times
    #[arg(long = "without", value_name = "TAG", allow_hyphen_values = true)]
    without: Vec<String>,
    /// Only notes without any tag
    #[arg(long, conflicts_with_all = ["tags", "without", "trash"])]
    untagged: bool,
    /// Only notes in the trash, latest deletion first
    #[arg(long, conflicts_with_all = ["tags", "without"])]
    trash: bool,
    /// Maximum number
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

impl List {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let filter = TagFilter {
            with: sought(&self.tags)?,
            without: sought(&self.without)?,
        };
        let store = invocation.reader()?;
        let notes = if self.trash {
            store.trashed_notes(self.limit)?
        } else if self.untagged {
            store.untagged_notes(self.limit)?
        } else if filter == TagFilter::default() {
            store.latest_notes(None, self.limit)?
        } else {
            store.notes_with_tags(&filter, None, self.limit)?
        };
        if invocation.json {
            let notes: Vec<_> = notes.iter().map(wire_note).collect();
            return invocation.print_json(&notes);
        }
        for name in filter.with.iter().chain(&filter.without) {
            if let Some(sentence) = tag::unknown(&store, name)? {
                invocation.hint(&sentence);
            }
        }
        if notes.is_empty() && invocation.look.is_terminal() {
            invocation.hint("No matching notes.");
        }
        let style = invocation.style();
        invocation.page(&|out| notes.iter().try_for_each(|note| style.brief(out, note)))
    }
}

fn sought(names: &[String]) -> Result<Vec<Tag>> {
    let mut tags = Vec::new();
    for name in names {
        let tag = Tag::sought(name)?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}
