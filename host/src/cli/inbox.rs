//! `url-notes inbox`: the pages that arrived from feeds.

use std::io::Write;

use anyhow::bail;
use serde::Serialize;

use crate::{
    cli::{
        context::Invocation,
        inbox_keys::{self, brought_back, counted, empty, keep_options},
        print::{Style, clean},
        terminal::Paint,
    },
    domain::{PageUrl, parse_tags},
    error::Error,
    store::{Arrival, BroughtBack, Reader, SkipSelection},
    wire::{wire_arrival, wire_note},
};

/// Number of pages that are listed by default.
const LISTED: u32 = 50;

#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
On a terminal, `url-notes inbox` shows one page after the other. Keys: j and k (next, previous),
Enter (open), s (keep), d (skip), D (skip all pages from this feed), u (undo), q (quit).

Examples:
  url-notes inbox --feed \"Example blog\"
  url-notes inbox keep https://example.org/post --tag rust
  url-notes inbox skip --all"
)]
pub(super) struct Inbox {
    #[command(subcommand)]
    command: Option<InboxCommand>,
    /// Only pages from this feed: its number, address or a part of its title
    #[arg(long, value_name = "FEED", allow_hyphen_values = true)]
    feed: Option<String>,
    /// Maximum number of listed pages
    #[arg(long, value_name = "N", default_value_t = LISTED)]
    limit: u32,
    /// List the pages, even on a terminal
    #[arg(long)]
    list: bool,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum InboxCommand {
    /// Save pages as notes, with the tags of their feeds
    Keep(Keep),
    /// Take pages out of the inbox without saving them
    Skip(Skip),
    /// Bring back the pages that were skipped or kept last
    Undo,
}

#[derive(Debug, clap::Args)]
pub(super) struct Keep {
    /// Ids or addresses of pages in the inbox
    #[arg(value_name = "ID|URL", required = true)]
    pages: Vec<String>,
    /// A tag; may be given several times
    #[arg(long = "tag", value_name = "TAG", allow_hyphen_values = true)]
    tags: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Skip {
    /// Ids or addresses of pages in the inbox
    #[arg(
        value_name = "ID|URL",
        required_unless_present_any = ["feed", "all"],
        conflicts_with_all = ["feed", "all"]
    )]
    pages: Vec<String>,
    /// All pages from this feed: its number, address or a part of its title
    #[arg(
        long,
        value_name = "FEED",
        conflicts_with = "all",
        allow_hyphen_values = true
    )]
    feed: Option<String>,
    /// All pages
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Serialize)]
struct SkipOutput {
    /// Number of pages that left the inbox.
    skipped: u64,
}

#[derive(Debug, Serialize)]
struct UndoOutput {
    /// Number of pages that are back in the inbox.
    restored: u64,
    /// Number of notes of kept pages that were changed since and stay.
    changed: u64,
}

impl Inbox {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        match self.command {
            Some(InboxCommand::Keep(keep)) => keep.run(invocation),
            Some(InboxCommand::Skip(skip)) => skip.run(invocation),
            Some(InboxCommand::Undo) => undo(invocation),
            None => self.show(invocation),
        }
    }

    fn show(&self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let store = invocation.reader()?;
        let feed = match &self.feed {
            Some(text) => Some(store.find_feed(text)?.id),
            None => None,
        };
        if !self.list && !invocation.json && inbox_keys::is_possible(invocation) {
            drop(store);
            return inbox_keys::run(invocation, feed);
        }
        let pages = store.arrivals(feed, None, self.limit)?;
        if invocation.json {
            let output: Vec<_> = pages.iter().map(wire_arrival).collect();
            return invocation.print_json(&output);
        }
        if pages.is_empty() {
            writeln!(invocation.out, "{}", empty(&store, feed)?)?;
            return Ok(());
        }
        let total = match feed {
            Some(feed) => store.arrivals_by_feed()?.get(&feed).copied().unwrap_or(0),
            None => store.arrivals_count()?,
        };
        let style = invocation.style();
        invocation.page(&|out| {
            for page in &pages {
                print_page(out, style, page)?;
            }
            Ok(())
        })?;
        let more = total.saturating_sub(u64::try_from(pages.len()).unwrap_or(u64::MAX));
        if more > 0 {
            invocation.hint(&format!("{more} more. To list them, use --limit {total}."));
        }
        Ok(())
    }
}

fn print_page(out: &mut dyn Write, style: Style, page: &Arrival) -> std::io::Result<()> {
    let look = style.look;
    style.head(out, page.arrived_at(), &clean(&page.name()))?;
    if !page.title.is_empty() {
        style.aside(out, &clean(&page.address()))?;
    }
    let from = look.paint(Paint::Tag, &clean(&page.feed));
    let id = look.paint(Paint::Aside, &page.id.to_string());
    style.line(out, &format!("{from}  {id}"))
}

/// Returns the pages of the inbox with these ids or addresses.
fn find(store: &Reader, texts: &[String]) -> anyhow::Result<Vec<Arrival>> {
    let mut found: Vec<Arrival> = Vec::new();
    for text in texts {
        let page = match text.parse::<i64>() {
            Ok(id) => store.arrival(id)?,
            Err(_) => store.arrival_for_url(&PageUrl::parse(text)?)?,
        };
        match page {
            Some(page) if found.contains(&page) => {}
            Some(page) => found.push(page),
            None if texts.len() == 1 => return Err(Error::UnknownArrival.into()),
            None => bail!(
                "The inbox doesn't have the page {}, so nothing was changed.",
                clean(text)
            ),
        }
    }
    Ok(found)
}

impl Keep {
    fn run(&self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let tags = parse_tags(&self.tags)?;
        let options = keep_options(invocation);
        let mut store = invocation.store()?;
        let pages = find(&store, &self.pages)?;
        let kept = store.write(crate::clock::now(), |writer| {
            let kept = pages
                .iter()
                .map(|page| Ok(writer.keep_arrival(page.id, &tags, options)?.note));
            kept.collect::<crate::error::Result<Vec<_>>>()
        })?;
        if let Err(error) = store.run_maintenance() {
            log::warn!("upkeep: {}", error.chain());
        }
        if invocation.json {
            let notes: Vec<_> = kept.iter().map(wire_note).collect();
            return invocation.print_json(&notes);
        }
        let style = invocation.style();
        writeln!(invocation.out, "Saved.")?;
        for note in &kept {
            style.brief(invocation.out, note)?;
        }
        writeln!(invocation.out, "To undo, run `url-notes inbox undo`.")?;
        Ok(())
    }
}

impl Skip {
    fn run(&self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let which = match &self.feed {
            Some(text) => SkipSelection::Feed {
                feed: store.find_feed(text)?.id,
                up_to: None,
            },
            None if self.all => SkipSelection::All,
            None => {
                let pages = find(&store, &self.pages)?;
                SkipSelection::Ids(pages.iter().map(|page| page.id).collect())
            }
        };
        let done = store.write(crate::clock::now(), |writer| writer.skip_arrivals(&which))?;
        if invocation.json {
            let skipped = done.count;
            return invocation.print_json(&SkipOutput { skipped });
        }
        writeln!(invocation.out, "Skipped {}.", counted(done.count))?;
        if done.count > 0 {
            writeln!(invocation.out, "To undo, run `url-notes inbox undo`.")?;
        }
        Ok(())
    }
}

fn undo(invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let mut store = invocation.store()?;
    let done = store.write(crate::clock::now(), |writer| writer.undo_in_inbox())?;
    let Some(done) = done else {
        bail!("There is nothing to undo. Skipped and kept pages can come back for 30 days.");
    };
    if invocation.json {
        let (restored, changed) = match done {
            BroughtBack::Skip(count) => (count, 0),
            BroughtBack::Kept { back, changed } => (back.len() as u64, changed),
        };
        return invocation.print_json(&UndoOutput { restored, changed });
    }
    writeln!(invocation.out, "{}", clean(&brought_back(&done)))?;
    Ok(())
}
