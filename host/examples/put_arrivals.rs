//! Adds a feed with pages in the inbox, as a fetch would, without the network. For tests.
//!
//! `put_arrivals DATABASE < feed.json` reads `{url, title, tags, entries}`; an entry has `url`,
//! `title`, and maybe `excerpt` and `lang`. The last entry is the latest page.

use std::{io, path::Path};

use anyhow::Context as _;
use serde::Deserialize;
use url_notes::{
    domain::parse_tags,
    store::{Fetched, NewArrival, NewFeed, Retention, Store},
};

#[derive(Deserialize)]
struct Put {
    url: String,
    title: String,
    tags: Vec<String>,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    url: String,
    title: String,
    excerpt: Option<String>,
    lang: Option<String>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program for tests, whose argument is the database"
)]
fn main() -> anyhow::Result<()> {
    let database = std::env::args_os().nth(1).context("which database?")?;
    let put: Put = serde_json::from_reader(io::stdin())?;
    let fetched = |entries: Vec<NewArrival>| Fetched::New {
        title: put.title.clone(),
        site_url: None,
        etag: None,
        last_modified: None,
        wait_s: 3600,
        moved_to: None,
        entries,
    };
    let entries = put.entries.iter().rev().map(|entry| NewArrival {
        guid: entry.url.clone(),
        url: entry.url.clone(),
        title: entry.title.clone(),
        excerpt: entry.excerpt.clone(),
        lang: entry.lang.clone(),
        ..NewArrival::default()
    });
    let keep = Retention {
        per_feed: 1_000,
        days: 60,
    };
    let mut store = Store::open(Path::new(&database))?;
    store.write(url_notes::clock::now(), |writer| {
        let feed = NewFeed::new(&put.url, parse_tags(&put.tags)?)?;
        let id = writer.add_feed(&feed)?.feed.id;
        // Of the first fetch, only the newest pages arrive.
        writer.record_fetch(id, &fetched(Vec::new()), keep)?;
        writer.record_fetch(id, &fetched(entries.collect()), keep)
    })?;
    Ok(())
}
