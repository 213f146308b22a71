//! Begins to sync the notes of a database, and changes them as another device would, without files.
//! For tests.
//!
//! `put_sync DATABASE < sync.json` reads `{place, device, pages, problem}`: where the notes are synced
//! to, the name of the other device, the pages that it saved (`tests/it/devices.rs`), and how the last
//! run failed, as `{kind, sentence}`, or null.

use std::{io, path::Path};

use anyhow::Context as _;
use devices::{SavedElsewhere, begin_sync, change_elsewhere};
use serde::Deserialize;
use url_notes::clock;

#[path = "../../tests/it/devices.rs"]
mod devices;

#[derive(Deserialize)]
struct Put {
    place: String,
    device: String,
    pages: Vec<SavedElsewhere>,
    problem: Option<serde_json::Value>,
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
    store.record_sync_run(None, clock::now())?;
    if let Some(problem) = put.problem {
        store.record_sync_run(Some(&problem.to_string()), clock::now())?;
    }
    Ok(())
}
