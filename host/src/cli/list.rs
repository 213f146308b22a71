//! `url-notes list`

use crate::{
    cli::{context::Invocation, many::query_of, unknown_tag::unknown_tag},
    domain::{Note, Problem, State, Tag},
    error::Result,
    store::{ListOrder, Listing, Reader, TagFilter},
    wire::ShownNote,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes list --tag gpu --without \"to read\"
  url-notes list --untagged
  url-notes list --unread --order oldest
  url-notes list --query 'has:note -tag:gpu' --order title
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
    /// Only notes that match this query
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true, conflicts_with_all = ["tags", "without", "untagged"])]
    query: Option<String>,
    /// Only unread notes
    #[arg(long)]
    unread: bool,
    /// Order: by time of save (newest or oldest first), by last change, or by title
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    order: Order,
    /// Maximum number
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Order {
    #[default]
    Newest,
    Oldest,
    Updated,
    Title,
}

impl Order {
    fn of_store(self) -> ListOrder {
        match self {
            Self::Newest => ListOrder::Newest,
            Self::Oldest => ListOrder::Oldest,
            Self::Updated => ListOrder::Updated,
            Self::Title => ListOrder::Title,
        }
    }
}

impl List {
    /// Returns the notes of a query or in another order, with the query's problems.
    fn listed(&self, store: &Reader, filter: &TagFilter) -> Result<(Vec<Note>, Vec<Problem>)> {
        let mut query = query_of(self.query.as_deref().unwrap_or_default());
        query.with.extend(store.tags_of_names(&filter.with)?);
        query.without.extend(store.tags_of_names(&filter.without)?);
        query.deleted |= self.trash;
        if self.unread {
            query.states.push((State::Unread, true));
        }
        if self.untagged {
            query.states.push((State::Untagged, true));
        }
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let notes = store.read_transaction(|store| {
            let listing = Listing::of(store, &query, self.order.of_store())?;
            listing.notes(store, 0, limit)
        })?;
        Ok((notes, query.problems))
    }

    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let filter = TagFilter {
            with: sought(&self.tags)?,
            without: sought(&self.without)?,
        };
        let store = invocation.reader()?;
        let needs_query = self.query.is_some() || self.unread || self.order != Order::Newest;
        let notes = if needs_query {
            let (notes, problems) = self.listed(&store, &filter)?;
            for problem in problems {
                invocation.hint(&problem.to_string());
            }
            notes
        } else if self.trash {
            store.trashed_notes(self.limit)?
        } else if self.untagged {
            store.untagged_notes(self.limit)?
        } else if filter == TagFilter::default() {
            store.latest_notes(None, self.limit)?
        } else {
            store.notes_with_tags(&filter, None, self.limit)?
        };
        let links = store.links_of(&notes)?;
        if invocation.json {
            let (gists, syncs) = (store.gists_of(&notes)?, store.syncs_of(&notes)?);
            let known = links.iter().zip(&gists).zip(&syncs);
            let notes = notes.iter().zip(known).map(|(note, ((link, gist), sync))| {
                ShownNote::of(note, link.as_ref(), gist.as_ref(), sync)
            });
            let notes: Vec<_> = notes.collect();
            return invocation.print_json(&notes);
        }
        for name in filter.with.iter().chain(&filter.without) {
            if let Some(sentence) = unknown_tag(&store, name)? {
                invocation.hint(&sentence);
            }
        }
        if notes.is_empty() && invocation.look.is_terminal() {
            invocation.hint("No matching notes.");
        }
        let style = invocation.style();
        invocation.page(&|out| {
            for (note, link) in notes.iter().zip(&links) {
                style.brief(out, note)?;
                style.link(out, note, link.as_ref())?;
            }
            Ok(())
        })
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
