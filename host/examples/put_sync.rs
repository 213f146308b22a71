//! Begins to sync the notes of a database, and changes them as another device would, without files.
//! For tests.
//!
//! `put_sync DATABASE < sync.json` reads `{place, device, pages, problem, lastAt}`: where the notes are
//! synced to, the name of the other device, the pages that it saved (`tests/it/devices.rs`), how the
//! last run failed, as `{kind, sentence}`, or null, and when a run last succeeded (RFC 3339; now if
//! it is missing).

use std::{io, path::Path};

use anyhow::Context as _;
use devices::{SavedElsewhere, begin_sync, change_elsewhere};
use serde::Deserialize;
use url_notes::clock;

#[path = "../../tests/it/devices.rs"]
mod devices;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    place: String,
    device: String,
    pages: Vec<SavedElsewhere>,
    problem: Option<serde_json::Value>,
    last_at: Option<String>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program for tests, whose argument is the database"
)]
fn main() -> anyhow::Result<()> {
    let database = std::env::args_os().nth(1).context("which database?")?;
    let put: Put = serde_json::from_reader(io::stdin())?;
    let mut store = begin_sync(Path::new(&database), &put.place)?;
    change_elsewhere(&mut store, &put.device, &put.pages)?;
    let last = match put.last_at {
        Some(at) => at.parse().context("when did a run last succeed?")?,
        None => clock::now(),
    };
    store.record_sync_run(None, last)?;
    if let Some(problem) = put.problem {
        store.record_sync_run(Some(&problem.to_string()), clock::now())?;
    }
    Ok(())
}
