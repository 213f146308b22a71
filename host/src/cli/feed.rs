//! `url-notes feed`: the list of feeds. Everything that needs the network is in another program
//! (`network.rs`).

use std::{
    collections::HashMap,
    ffi::OsString,
    io::{self, Write},
};

use serde::Serialize;

use crate::{
    cli::{
        context::Invocation,
        feed_file::{Export, Import},
        network,
        print::{self, Style, clean},
        terminal::Paint,
    },
    domain::{NoteId, Tag, timestamp_text},
    store::{Feed, FeedState, Store, Writer},
};

/// Indent of the lines below a feed's title.
const INDENT: usize = 6;

#[derive(Debug, clap::Subcommand)]
pub(super) enum FeedCommand {
    /// Add a feed, by its address or that of a page that names one
    Add(FeedAdd),
    /// Fetch the feeds that are due
    Fetch(FeedFetch),
    /// List the feeds
    List(List),
    /// Stop fetching feeds until you resume them
    Pause(Which),
    /// Fetch feeds again that were paused or gone
    Resume(Which),
    /// Remove feeds, with their pages in the inbox; notes stay
    Rm(Which),
    /// Import a list of feeds (OPML) from another feed reader
    Import(Import),
    /// Export the list of feeds as OPML
    Export(Export),
}

/// What `feed add` is given; `url-notes-net` reads the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes feed add https://example.org/feed.xml --tag blog
  url-notes feed add https://example.org")]
pub struct FeedAdd {
    /// Address of the feed or of its web site
    pub url: String,
    /// A tag for the pages that you keep; may be given several times
    #[arg(long = "tag", value_name = "TAG", allow_hyphen_values = true)]
    pub tags: Vec<String>,
    /// Allow the address to lead into a private network
    #[arg(long)]
    pub allow_private: bool,
}

/// What `feed fetch` is given; `url-notes-net` reads the same.
#[derive(Debug, clap::Args)]
pub struct FeedFetch {
    /// Number, address or a part of the title of a feed [default: the feeds that are due]
    #[arg(value_name = "FEED")]
    pub feeds: Vec<String>,
    /// Fetch feeds that aren't due, too
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only feeds whose last fetch failed
    #[arg(long)]
    problems: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Number, address or a part of the title of a feed
    #[arg(value_name = "FEED", required = true)]
    feeds: Vec<String>,
}

/// A feed as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FeedOutput {
    id: i64,
    title: String,
    url: String,
    site_url: Option<String>,
    tags: Vec<String>,
    state: &'static str,
    /// Number of its pages in the inbox.
    arrivals: u64,
    added_at: String,
    tried_at: Option<String>,
    ok_at: Option<String>,
    /// Null if it isn't fetched.
    next_at: Option<String>,
    failures: u32,
    problem: Option<&'static str>,
    /// The problem as a sentence.
    message: Option<&'static str>,
    allow_private: bool,
}

impl FeedOutput {
    fn of(feed: &Feed, arrivals: u64) -> Self {
        let moment = |at: i64| timestamp_text(NoteId(at).moment());
        let is_on = feed.state == FeedState::On;
        Self {
            id: feed.id,
            title: feed.title.clone(),
            url: feed.address().into_owned(),
            site_url: feed.site_url.clone(),
            tags: feed.tags.iter().map(Tag::to_string).collect(),
            state: feed.state.name(),
            arrivals,
            added_at: timestamp_text(feed.added_at),
            tried_at: feed.tried_at.map(moment),
            ok_at: feed.ok_at.map(moment),
            next_at: is_on.then(|| moment(feed.next_at)),
            failures: feed.failures,
            problem: feed.problem.map(|problem| problem.name()),
            message: feed.problem.map(|problem| problem.sentence()),
            allow_private: feed.allow_private,
        }
    }
}

impl FeedCommand {
    /// Returns whether the list of feeds goes to standard output.
    pub(super) fn is_printed(&self) -> bool {
        matches!(self, Self::Export(export) if export.is_printed())
    }

    /// `argv`: the arguments of this process, for the program that has the network.
    pub(super) fn run(
        self,
        invocation: &mut Invocation<'_>,
        argv: &[OsString],
    ) -> anyhow::Result<()> {
        match self {
            Self::Add(_) | Self::Fetch(_) => network::run_instead(argv),
            Self::List(command) => command.run(invocation),
            Self::Pause(which) => {
                which.change(invocation, "Paused", |writer, id| writer.pause_feed(id))
            }
            Self::Resume(which) => {
                which.change(invocation, "Resumed", |writer, id| writer.resume_feed(id))
            }
            Self::Rm(which) => which.remove(invocation),
            Self::Import(command) => command.run(invocation),
            Self::Export(command) => command.run(invocation),
        }
    }
}

impl List {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let store = invocation.reader()?;
        let (mut feeds, arrivals) =
            store.read_transaction(|store| Ok((store.feeds()?, store.arrivals_by_feed()?)))?;
        let is_any = !feeds.is_empty();
        if self.problems {
            feeds.retain(|feed| feed.problem.is_some());
        }
        let count = |feed: &Feed| arrivals.get(&feed.id).copied().unwrap_or(0);
        if invocation.json {
            let output: Vec<_> = feeds
                .iter()
                .map(|feed| FeedOutput::of(feed, count(feed)))
                .collect();
            return invocation.print_json(&output);
        }
        if feeds.is_empty() {
            let sentence = match is_any {
                true => "All feeds were fetched without a problem.",
                false => "There are no feeds. To add one, run `url-notes feed add URL`.",
            };
            writeln!(invocation.out, "{sentence}")?;
            return Ok(());
        }
        let style = invocation.style();
        invocation.page(&|out| {
            for feed in &feeds {
                print_feed(out, style, feed, count(feed))?;
            }
            Ok(())
        })
    }
}

fn print_feed(out: &mut dyn Write, style: Style, feed: &Feed, arrivals: u64) -> io::Result<()> {
    let look = style.look;
    let mut head = look.paint(Paint::Aside, &format!("{:>4}  ", feed.id));
    for line in look.wrapped(&clean(&feed.name()), INDENT) {
        writeln!(out, "{head}{}", look.paint(Paint::Title, &line))?;
        head = " ".repeat(INDENT);
    }
    if !feed.title.is_empty() {
        let address = look.paint(Paint::Aside, &clean(&feed.address()));
        writeln!(out, "{:INDENT$}{address}", "")?;
    }
    for line in style.tags(&feed.tags, INDENT) {
        if !line.is_empty() {
            writeln!(out, "{:INDENT$}{line}", "")?;
        }
    }
    let mut facts = Vec::new();
    match arrivals {
        0 => {}
        count => facts.push(format!("{count} in the inbox")),
    }
    match feed.state {
        FeedState::Paused => facts.push("paused".to_owned()),
        FeedState::Gone => facts.push("not fetched any more".to_owned()),
        FeedState::On if feed.tried_at.is_none() => facts.push("not fetched yet".to_owned()),
        FeedState::On => facts.push(format!(
            "next fetch {}",
            style.moment(NoteId(feed.next_at).moment())
        )),
    }
    writeln!(out, "{:INDENT$}{}", "", facts.join(", "))?;
    if let Some(problem) = feed.problem {
        let times = match feed.failures {
            0 | 1 => String::new(),
            times => format!(" ({times} times)"),
        };
        for line in look.wrapped(&format!("{}{times}", problem.sentence()), INDENT) {
            writeln!(out, "{:INDENT$}{line}", "")?;
        }
    }
    Ok(())
}

impl Which {
    /// Returns the feeds that the user means.
    fn find(&self, store: &Store) -> anyhow::Result<Vec<Feed>> {
        let mut found: Vec<Feed> = Vec::new();
        for text in &self.feeds {
            let feed = store.find_feed(text)?;
            if !found.contains(&feed) {
                found.push(feed);
            }
        }
        Ok(found)
    }

    fn change(
        &self,
        invocation: &mut Invocation<'_>,
        done: &str,
        change: fn(&Writer<'_>, i64) -> crate::error::Result<Feed>,
    ) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let found = self.find(&store)?;
        let changed: Vec<Feed> = store.write(crate::clock::now(), |writer| {
            found.iter().map(|feed| change(writer, feed.id)).collect()
        })?;
        if invocation.json {
            let arrivals = store.arrivals_by_feed()?;
            return invocation.print_json(&outputs(&changed, &arrivals));
        }
        for feed in &changed {
            writeln!(invocation.out, "{done}: {}", clean(&feed.name()))?;
        }
        Ok(())
    }

    fn remove(&self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let found = self.find(&store)?;
        let pages: Vec<u64> = store.write(crate::clock::now(), |writer| {
            found
                .iter()
                .map(|feed| writer.remove_feed(feed.id))
                .collect()
        })?;
        if invocation.json {
            let arrivals = found.iter().map(|feed| feed.id).zip(pages).collect();
            return invocation.print_json(&outputs(&found, &arrivals));
        }
        for (feed, pages) in found.iter().zip(pages) {
            let pages = match pages {
                0 => String::new(),
                1 => ", and 1 page from the inbox".to_owned(),
                pages => format!(", and {pages} pages from the inbox"),
            };
            writeln!(
                invocation.out,
                "Removed: {}{pages}. Notes stay.",
                print::clean(&feed.name())
            )?;
        }
        Ok(())
    }
}

fn outputs(feeds: &[Feed], arrivals: &HashMap<i64, u64>) -> Vec<FeedOutput> {
    let outputs = feeds.iter().map(|feed| {
        let arrivals = arrivals.get(&feed.id).copied().unwrap_or(0);
        FeedOutput::of(feed, arrivals)
    });
    outputs.collect()
}
