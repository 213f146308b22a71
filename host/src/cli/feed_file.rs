//! `url-notes feed import` and `feed export`: lists of feeds in OPML.

use std::{
    io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    cli::{
        context::{self, Invocation},
        export::{followed, into_file},
        print,
    },
    error::{Error, Result},
    store::{NewFeed, Writer},
    transfer::{
        export,
        import::{FeedList, ListedFeed, Source, feed_list},
    },
};

/// Most refusals that are printed; `--json` has all of them.
const MAX_PRINTED: usize = 20;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes feed import subscriptions.opml --dry-run
  url-notes feed import subscriptions.opml")]
pub(super) struct Import {
    /// The list of feeds, an OPML file; - reads standard input
    file: PathBuf,
    /// Show what would happen, but change nothing
    #[arg(long)]
    dry_run: bool,
    /// Don't create tags from folders
    #[arg(long)]
    no_folders: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// The file; an existing file is replaced [default: standard output]
    file: Option<PathBuf>,
}

/// The result of an import, which `--json` prints.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Imported {
    dry_run: bool,
    /// Feeds in the file: the sum of the following numbers.
    read: usize,
    new: usize,
    /// Feeds that were there already; they may have got further tags.
    existing: usize,
    refused: usize,
    refusals: Vec<Refusal>,
}

#[derive(Debug, Serialize)]
struct Refusal {
    line: u64,
    reason: String,
}

impl Import {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let about = || print::clean(&name);
        let mut source = match self.file == Path::new("-") {
            true => Source::held(io::stdin().lock()),
            false => Source::open(&self.file),
        }
        .with_context(about)?;
        let list = feed_list(&mut source, !self.no_folders).with_context(about)?;
        let mut store = invocation.store()?;
        let now = crate::clock::now();
        let mut imported = match self.dry_run {
            true => store.dry_run(now, |writer| add_all(writer, &list))?,
            false => store.write(now, |writer| add_all(writer, &list))?,
        };
        imported.dry_run = self.dry_run;
        if invocation.json {
            return invocation.print_json(&imported);
        }
        let out = &mut *invocation.out;
        writeln!(
            out,
            "{} feeds read = {} new + {} already there + {} refused",
            imported.read, imported.new, imported.existing, imported.refused
        )?;
        for refusal in imported.refusals.iter().take(MAX_PRINTED) {
            let reason = print::clean(&refusal.reason);
            writeln!(out, "line {}: {reason}", refusal.line)?;
        }
        if imported.refused > MAX_PRINTED {
            let more = imported.refused - MAX_PRINTED;
            writeln!(out, "and {more} more. To see all, use --json.")?;
        }
        if self.dry_run {
            writeln!(out, "Nothing was changed. To import, leave out --dry-run.")?;
        } else if imported.new > 0 {
            writeln!(out, "To fetch them, run `url-notes feed fetch`.")?;
        }
        Ok(())
    }
}

/// Adds the feeds of a list. Those that can't be added are refused, and the others are added.
fn add_all(writer: &Writer<'_>, list: &FeedList) -> Result<Imported> {
    let mut imported = Imported {
        read: list.feeds.len() + list.other_links.len(),
        ..Imported::default()
    };
    for feed in &list.feeds {
        let added = new_feed(feed).and_then(|new| writer.add_feed(&new));
        let reason = match added {
            Ok(added) if added.is_new => {
                imported.new += 1;
                continue;
            }
            Ok(_) => {
                imported.existing += 1;
                continue;
            }
            Err(error @ (Error::InvalidParams(_) | Error::InvalidTag(_))) => error.to_string(),
            Err(error) => return Err(error),
        };
        let line = feed.line;
        imported.refusals.push(Refusal { line, reason });
    }
    for line in &list.other_links {
        imported.refusals.push(Refusal {
            line: *line,
            reason: "This is a link without the address of a feed. To import links as notes, use `url-notes import`.".into(),
        });
    }
    imported.refusals.sort_by_key(|refusal| refusal.line);
    imported.refused = imported.refusals.len();
    Ok(imported)
}

fn new_feed(feed: &ListedFeed) -> Result<NewFeed> {
    let new = NewFeed::new(&feed.url, feed.tags.clone())?;
    Ok(new.titled(&feed.title).of_site(Some(&feed.site_url)))
}

impl Export {
    pub(super) fn is_printed(&self) -> bool {
        self.file
            .as_deref()
            .is_none_or(|file| file == Path::new("-"))
    }

    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let feeds = invocation.reader()?.feeds()?;
        let secret = feeds.iter().filter(|feed| feed.address() != feed.url);
        let secret = secret.count();
        match self.file.as_deref().filter(|file| *file != Path::new("-")) {
            None => export::feed_list(&feeds, invocation.out)?,
            Some(file) => {
                context::refuse_notes(&invocation.config.database, &followed(file))?;
                into_file(file, |out| Ok(export::feed_list(&feeds, out)?))?;
                if invocation.json {
                    let output = serde_json::json!({
                        "file": file.display().to_string(), "feeds": feeds.len(),
                    });
                    invocation.print_json(&output)?;
                }
            }
        }
        if secret > 0 {
            invocation.hint(&format!(
                "User names and passwords in addresses were left out ({secret} of {} feeds).",
                feeds.len()
            ));
        }
        Ok(())
    }
}
