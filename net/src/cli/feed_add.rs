//! `feed add`: adds a feed by its address, or by that of a page that names it.

use anyhow::bail;
use serde::Serialize;
use url::Url;
use url_notes::{
    cli::{FeedAdd, clean},
    clock,
    domain::{Tag, parse_tags},
    store::{Feed, FetchRecorded, Fetched, NewFeed},
};

use super::{context::Invocation, feed_fetch::address, outcome};
use crate::{
    feed::{self, NotAFeed, ParsedFeed},
    fetch::{FetchError, Response, Visit},
};

/// What `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    id: i64,
    title: String,
    url: String,
    site_url: Option<String>,
    tags: Vec<String>,
    /// False if the feed was there already.
    is_new: bool,
    /// Number of pages that are new in the inbox.
    arrived: u64,
    /// Other feeds that the page names.
    others: Vec<String>,
}

/// A feed that was found.
struct Found {
    url: Url,
    parsed: ParsedFeed,
    response: Response,
    others: Vec<Url>,
}

/// Adds the feed, with the pages that it has.
pub(super) fn run(add: &FeedAdd, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let tags = parse_tags(&add.tags)?;
    // Checks both before anything is asked for.
    let named = NewFeed::new(&add.url, tags.clone())?;
    let fetcher = invocation.fetcher()?;
    let mut store = invocation.store()?;
    let mut visit = fetcher.visit();
    let found = find(&mut visit, address(named.url())?, add.allow_private)?;
    drop(visit);
    let others: Vec<String> = found.others.into_iter().map(Url::into).collect();
    let new = NewFeed::new(found.url.as_str(), tags)?
        .titled(&found.parsed.title)
        .of_site(found.parsed.site_url.as_deref())
        .private(add.allow_private);
    let mut fetched = outcome::new(found.parsed, found.response);
    if let Fetched::New { moved_to, .. } = &mut fetched {
        // It is added where it moved to.
        *moved_to = None;
    }
    let keep = invocation.retention();
    let (added, recorded) = store.write(clock::now(), |writer| {
        let added = writer.add_feed(&new)?;
        let recorded = writer.record_fetch(added.feed.id, &fetched, keep)?;
        Ok((added, recorded))
    })?;
    print(invocation, &recorded, added.is_new, others)
}

fn print(
    invocation: &mut Invocation<'_>,
    recorded: &FetchRecorded,
    is_new: bool,
    others: Vec<String>,
) -> anyhow::Result<()> {
    let feed: &Feed = &recorded.feed;
    if invocation.json {
        return invocation.print_json(&Added {
            id: feed.id,
            title: feed.title.clone(),
            url: feed.address().into_owned(),
            site_url: feed.site_url.clone(),
            tags: feed.tags.iter().map(Tag::to_string).collect(),
            is_new,
            arrived: recorded.arrived,
            others,
        });
    }
    let pages = match recorded.arrived {
        0 => "nothing new in the inbox".to_owned(),
        1 => "1 new page in the inbox".to_owned(),
        count => format!("{count} new pages in the inbox"),
    };
    let done = if is_new { "Added" } else { "Already there" };
    let out = &mut *invocation.out;
    writeln!(out, "{done}: {}, {pages}", clean(&feed.name()))?;
    if !others.is_empty() {
        writeln!(out, "The page has other feeds, too:")?;
    }
    for other in others {
        writeln!(out, "  {}", clean(&other))?;
    }
    Ok(())
}

/// Finds the feed at an address, or the first feed that the page there names.
fn find(visit: &mut Visit<'_>, url: Url, allow_private: bool) -> anyhow::Result<Found> {
    let page = get(visit, &url, allow_private)?;
    let content_type = page.content_type.as_deref();
    if let Ok(parsed) = feed::read(&page.body, &page.url, content_type) {
        return Ok(found(url, parsed, page, Vec::new()));
    }
    let mut feeds = feed::feeds_of_page(&page.body, &page.url, content_type);
    if feeds.is_empty() {
        bail!("This is no feed, and it names none. Give the address of the feed itself.");
    }
    let first = feeds.remove(0);
    // A page can't extend the permission to another host.
    let allow_private = allow_private && first.host() == url.host();
    let response = get(visit, &first, allow_private)?;
    let content_type = response.content_type.as_deref();
    match feed::read(&response.body, &response.url, content_type) {
        Ok(parsed) => Ok(found(first, parsed, response, feeds)),
        Err(NotAFeed) => bail!("The page names a feed, but what is there can't be read as a feed."),
    }
}

fn found(url: Url, parsed: ParsedFeed, response: Response, others: Vec<Url>) -> Found {
    Found {
        url: response.moved_to.clone().unwrap_or(url),
        parsed,
        response,
        others,
    }
}

fn get(visit: &mut Visit<'_>, url: &Url, allow_private: bool) -> anyhow::Result<Response> {
    let response = match visit.get(&outcome::request(url.clone(), allow_private)) {
        Ok(response) => response,
        Err(error @ FetchError::PrivateAddress) => {
            bail!("{error} To allow that, use --allow-private.")
        }
        Err(error) => return Err(error.into()),
    };
    match outcome::problem_of(url.as_str(), &response) {
        None => Ok(response),
        Some(problem) => bail!("{} (status {})", problem.sentence(), response.status),
    }
}
