//! Records what checks of links found, without the network. For tests.
//!
//! `put_links DATABASE < links.json` reads a list of `{url, verdict, since, finalUrl}`. The note with
//! this URL must be there.

use std::{io, path::Path};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::Deserialize;
use url_notes::{
    domain::{LinkFailures, LinkVerdict, PageUrl},
    store::{LinkCheck, Store},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    url: String,
    verdict: String,
    since: String,
    final_url: Option<String>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program for tests, whose argument is the database"
)]
fn main() -> anyhow::Result<()> {
    let database = std::env::args_os().nth(1).context("which database?")?;
    let links: Vec<Put> = serde_json::from_reader(io::stdin())?;
    let mut store = Store::open(Path::new(&database))?;
    for put in links {
        let verdict = LinkVerdict::of_name(&put.verdict).context("which verdict?")?;
        let note = store
            .note_for_url(&PageUrl::parse(&put.url)?)?
            .context("which note?")?;
        let since: Timestamp = put.since.parse()?;
        let fails = matches!(verdict, LinkVerdict::Gone | LinkVerdict::Unreachable);
        let check = LinkCheck {
            verdict,
            status: None,
            final_url: put.final_url,
            failures: fails.then_some(LinkFailures {
                since,
                last: since,
                count: 3,
                is_missing: verdict == LinkVerdict::Gone,
            }),
            due_at: since,
        };
        store.write(url_notes::clock::now(), |writer| {
            writer.record_link(note.id, &note.url, &check)
        })?;
    }
    Ok(())
}
