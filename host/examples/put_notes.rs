//! Adds notes to a database as an import would: with any scheme, all in one transaction. For tests
//! of notes that no browser could save.
//!
//! `put_notes DATABASE < notes.json` reads an array of `{url, title, tags, summary, excerpt, text}` and
//! prints their ids as JSON. `text` is the text of the page, if it is kept; one without words is none.

use std::{io, path::Path};

use anyhow::Context as _;
use jiff::SignedDuration;
use serde::Deserialize;
use url_notes::{
    domain::{Metadata, NewNote, PageUrl, parse_tags},
    error::Result,
    store::{NewText, Store, TextSource},
};

#[derive(Deserialize)]
struct Put {
    url: String,
    title: String,
    tags: Vec<String>,
    summary: String,
    excerpt: Option<String>,
    text: Option<String>,
}

#[expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for tests, whose output is its result"
)]
fn main() -> anyhow::Result<()> {
    let database = std::env::args_os().nth(1).context("which database?")?;
    let notes: Vec<Put> = serde_json::from_reader(io::stdin())?;
    let now = url_notes::clock::now();
    let texts: Vec<Option<NewText>> = notes
        .iter()
        .map(|put| NewText::new(put.text.as_deref()?, now, TextSource::Click, true).ok())
        .collect();
    let new: Vec<NewNote> = notes.into_iter().map(new_note).collect::<Result<_>>()?;
    // One per second up to now, so that no two notes have the same time.
    let start = url_notes::clock::now() - SignedDuration::from_secs(i64::try_from(new.len())?);
    let mut store = Store::open(Path::new(&database))?;
    let ids: Vec<i64> = store.write(url_notes::clock::now(), |writer| {
        (1..)
            .zip(new.iter().zip(&texts))
            .map(|(second, (new, text))| {
                let saved = writer.save_note_of(new, start + SignedDuration::from_secs(second))?;
                if let Some(text) = text {
                    writer.put_text(saved.note.id, text, true)?;
                }
                Ok(saved.note.id.0)
            })
            .collect()
    })?;
    println!("{}", serde_json::to_string(&ids)?);
    Ok(())
}

fn new_note(put: Put) -> Result<NewNote> {
    Ok(NewNote {
        url: PageUrl::parse(&put.url)?,
        title: put.title,
        tags: parse_tags(&put.tags)?,
        summary: put.summary,
        metadata: Metadata::from_page(put.excerpt.as_deref(), None, None, None),
        quote: None,
        read: true,
    })
}
