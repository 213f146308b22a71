//! `feed fetch`: asks the feeds that are due for new pages.

use std::{
    io::{self, Write},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use anyhow::{Context as _, bail};
use serde::Serialize;
use url::Url;
use url_notes::{
    cli::{FeedFetch, clean},
    clock,
    error::Error,
    store::{Feed, FeedState, FetchRecorded, Fetched, Store},
};

use super::{context::Invocation, outcome};
use crate::fetch::host_of;

/// What `--json` prints of a feed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FetchedOutput {
    id: i64,
    title: String,
    url: String,
    result: &'static str,
    /// Number of pages that are new in the inbox.
    arrived: u64,
    /// Number of new entries whose page is a note already.
    noted: u64,
    /// Number of entries without an address that can be opened.
    unreadable: u64,
    problem: Option<&'static str>,
    /// The problem as a sentence.
    message: Option<&'static str>,
    /// The address before, if the feed has moved.
    moved_from: Option<String>,
}

/// Fetches the feeds, and prints a line for each.
pub(super) fn run(fetch: &FeedFetch, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let mut store = invocation.store()?;
    let _lock = invocation.lock(
        "feeds.lock",
        "Feeds are being fetched already. Run this again when that is done.",
    )?;
    let feeds = chosen(fetch, &store)?;
    if feeds.is_empty() && !invocation.json {
        let sentence = match store.has_feeds()? {
            true => "No feed is due. To fetch all feeds now, use --force.",
            false => "There are no feeds. To add one, run `url-notes feed add URL`.",
        };
        writeln!(invocation.out, "{sentence}")?;
        return Ok(());
    }
    let (mut all, mut failed) = (Vec::new(), 0_usize);
    fetch_all(invocation, &mut store, feeds, |out, json, done| {
        failed += usize::from(done.problem.is_some());
        if !json {
            // At once: a run can take minutes.
            writeln!(out, "{}", line(&done))?;
            out.flush()?;
        }
        all.push(done);
        Ok(())
    })?;
    if invocation.json {
        invocation.print_json(&all)?;
    } else {
        writeln!(invocation.out, "{}", summary(&all, failed))?;
    }
    match failed {
        0 => Ok(()),
        1 => bail!(
            "A feed couldn't be fetched. To see it again, run `url-notes feed list --problems`."
        ),
        _ => bail!(
            "{failed} feeds couldn't be fetched. To see them again, run `url-notes feed list --problems`."
        ),
    }
}

/// Returns the feeds that the user names, or else those that are due.
fn chosen(fetch: &FeedFetch, store: &Store) -> anyhow::Result<Vec<Feed>> {
    let mut feeds: Vec<Feed> = Vec::new();
    for text in &fetch.feeds {
        let feed = store.find_feed(text)?;
        if !feeds.contains(&feed) {
            feeds.push(feed);
        }
    }
    if !fetch.feeds.is_empty() {
        return Ok(feeds);
    }
    if fetch.force {
        feeds = store.feeds()?;
        feeds.retain(|feed| feed.state == FeedState::On);
        return Ok(feeds);
    }
    Ok(store.due_feeds(clock::now())?)
}

/// Fetches feeds, four hosts at once, and records each result as it comes.
fn fetch_all(
    invocation: &mut Invocation<'_>,
    store: &mut Store,
    feeds: Vec<Feed>,
    mut report: impl FnMut(&mut dyn Write, bool, FetchedOutput) -> io::Result<()>,
) -> anyhow::Result<()> {
    let fetcher = invocation.fetcher()?;
    let keep = invocation.retention();
    let is_over = AtomicBool::new(false);
    let (send, receive) = mpsc::channel::<(i64, Fetched)>();
    thread::scope(|scope| {
        let (fetcher, is_over) = (&fetcher, &is_over);
        scope.spawn(move || {
            let first_host =
                |feed: &Feed| feed.url.parse().as_ref().map(host_of).unwrap_or_default();
            // The sender is moved in, so that the receiver ends with the last feed.
            let send = send;
            fetcher.each(feeds, first_host, |feed| {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let Some(request) = outcome::request_of(&feed) else {
                    return;
                };
                let mut visit = fetcher.visit();
                let response = visit.get(&request);
                drop(visit);
                // Nobody receives after an error of the store.
                let _ = send.send((feed.id, outcome::fetched(&feed, response)));
            });
        });
        let done = receive.iter().try_for_each(|(id, fetched)| {
            let recorded = store.write(clock::now(), |writer| {
                writer.record_fetch(id, &fetched, keep)
            });
            match recorded {
                Ok(recorded) => {
                    let output = FetchedOutput::of(&recorded, &fetched);
                    Ok(report(invocation.out, invocation.json, output)?)
                }
                // It was removed in the meantime.
                Err(Error::UnknownFeed) => Ok(()),
                Err(error) => Err(error.into()),
            }
        });
        is_over.store(true, Ordering::Relaxed);
        done
    })
}

impl FetchedOutput {
    fn of(recorded: &FetchRecorded, fetched: &Fetched) -> Self {
        let feed = &recorded.feed;
        let (result, problem) = match fetched {
            Fetched::Unchanged { .. } => ("unchanged", None),
            Fetched::New { .. } => ("read", None),
            Fetched::Failed { problem, .. } => ("failed", Some(*problem)),
        };
        Self {
            id: feed.id,
            title: feed.title.clone(),
            url: feed.address().into_owned(),
            result,
            arrived: recorded.arrived,
            noted: recorded.noted,
            unreadable: recorded.unreadable,
            problem: problem.map(|problem| problem.name()),
            message: problem.map(|problem| problem.sentence()),
            moved_from: recorded
                .moved_from
                .as_ref()
                .map(|url| without_password(url)),
        }
    }
}

fn without_password(url: &str) -> String {
    url_notes::domain::without_user_info(url).into_owned()
}

/// Returns a feed's line for people.
fn line(done: &FetchedOutput) -> String {
    let name = match done.title.as_str() {
        "" => done.url.as_str(),
        title => title,
    };
    let result = match (done.message, done.result, done.arrived) {
        (Some(message), ..) => message.to_owned(),
        (None, "unchanged", _) => "unchanged".to_owned(),
        (None, _, 0) => "nothing new".to_owned(),
        (None, _, arrived) => format!("{arrived} new"),
    };
    let unreadable = match done.unreadable {
        0 => String::new(),
        1 => ", 1 entry without an address".to_owned(),
        count => format!(", {count} entries without an address"),
    };
    let moved = match done.moved_from {
        Some(_) => format!(", moved to {}", done.url),
        None => String::new(),
    };
    clean(&format!("{name}: {result}{unreadable}{moved}"))
}

fn summary(all: &[FetchedOutput], failed: usize) -> String {
    let feeds = match all.len() {
        1 => "1 feed".to_owned(),
        count => format!("{count} feeds"),
    };
    let arrived: u64 = all.iter().map(|done| done.arrived).sum();
    let pages = match arrived {
        1 => "1 new page".to_owned(),
        count => format!("{count} new pages"),
    };
    let failed = match failed {
        0 => String::new(),
        count => format!(", {count} failed"),
    };
    format!("{feeds}, {pages}{failed}")
}

/// Returns the address of a feed in the form in which it is asked for.
pub(super) fn address(url: &str) -> anyhow::Result<Url> {
    url.parse()
        .context("This isn't the address of a feed or a page")
}
