//! What another device of the user wrote, handed over without files. Also used by the example
//! `put_sync`.

use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use url_notes::{
    clock,
    domain::{Change, Metadata, NewNote, PageUrl, parse_tags, sync::State},
    store::{IncomingPage, Store, SyncDevice, SyncSetup},
};

/// A page that the other device saved.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SavedElsewhere {
    pub(crate) url: String,
    /// The page's own title.
    pub(crate) title: String,
    /// The title that the user gave it.
    pub(crate) typed_title: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) summary: String,
}

/// Begins to sync the notes of a database, unless they are synced.
pub(crate) fn begin_sync(database: &Path, place: &str) -> anyhow::Result<Store> {
    let mut store = Store::open(database)?;
    if store.sync_setup()?.is_none() {
        let now = clock::now();
        store.begin_sync(&setup("0000000000000001", "here", place), now)?;
        store.absorb_changes(now)?;
    }
    Ok(store)
}

/// Lets a device that knows nothing of the notes here save pages, and applies what it publishes. What
/// it says about a page that has a note here stands beside it, as if both had been offline.
pub(crate) fn change_elsewhere(
    store: &mut Store,
    device: &str,
    pages: &[SavedElsewhere],
) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut other = Store::open(&folder.path().join("notes.db"))?;
    let now = clock::now();
    other.begin_sync(&setup("0000000000000002", device, "folder:/nowhere"), now)?;
    for page in pages {
        save(&mut other, page, now)?;
    }
    other.absorb_changes(clock::now())?;
    let published = other.unpublished(usize::MAX)?;
    let incoming = published.pages.into_iter().map(|line| {
        let (page, state) = State::from_json(line, &published.lists)?;
        Ok(IncomingPage { page, state })
    });
    let incoming: Vec<IncomingPage> = incoming.collect::<anyhow::Result<_>>()?;
    let now = clock::now();
    let known = SyncDevice {
        device: "0000000000000002".into(),
        name: device.into(),
        program: env!("CARGO_PKG_VERSION").into(),
        number: 1,
        wrote_at: now,
    };
    store.absorb_changes(now)?;
    store.record_device(&known, now)?;
    store.apply_pages(&incoming, &known.device, now, || ())?;
    Ok(())
}

fn save(store: &mut Store, page: &SavedElsewhere, now: Timestamp) -> anyhow::Result<()> {
    let new = NewNote {
        url: PageUrl::parse(&page.url)?,
        title: page.title.clone(),
        tags: parse_tags(&page.tags)?,
        summary: page.summary.clone(),
        metadata: Metadata::default(),
        quote: None,
        read: true,
    };
    let typed = Change {
        title: page.typed_title.clone(),
        ..Change::default()
    };
    store.write(now, |writer| {
        let saved = writer.save_note_of(&new, now)?;
        writer.update_note(saved.note.id, typed)
    })?;
    Ok(())
}

fn setup(device: &str, name: &str, place: &str) -> SyncSetup {
    SyncSetup {
        device: device.into(),
        name: name.into(),
        place: place.into(),
        encrypted: false,
        number: 0,
        healed_at: None,
        ran_at: None,
        ok_at: None,
        problem: None,
    }
}
