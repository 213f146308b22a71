//! Renders each note of an exported site once, in parallel, into `fragment_store`, and collects the
//! words for the search.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use anyhow::bail;
use jiff::Timestamp;

use super::{
    folder::Folder,
    fragment_store::{self, Extent, FragmentStore},
    index,
    page_plan::PagePlan,
};
use crate::{
    domain::{Note, NoteId, Searched},
    site::{
        controller::FEED_NOTES,
        feed,
        file_names::FileNames,
        links::Links,
        views::{self, Layout},
    },
    store::{NoteSync, Reader, TextSummary},
};

/// Notes that are rendered at once: a multiple of the notes in a search piece.
const BATCH: usize = 12 * index::NOTES_PER_PIECE;
/// Most threads. More would only wait for the disk.
const MAX_THREADS: usize = 8;

/// A batch of notes with the number of the first.
type Batch = (u32, Vec<Note>);

/// The result of rendering all notes.
pub(super) struct Made {
    pub(super) spools: FragmentStore,
    /// By the note's number.
    pub(super) places: Vec<Extent>,
    pub(super) updated: Vec<Timestamp>,
    /// The newest notes, newest first.
    pub(super) newest: Vec<Note>,
    pub(super) words: Vec<index::Index>,
}

/// The result of one thread.
struct Share {
    spool: fragment_store::Writer,
    places: Vec<(u32, Extent, Timestamp)>,
    words: index::Index,
}

/// What notes are rendered with.
pub(super) struct Renderer<'a> {
    pub(super) names: &'a FileNames,
    /// For pages in folders of depth 2.
    pub(super) layout: &'a Layout,
    /// For the feeds of tags.
    pub(super) feed_links: &'a Links,
    pub(super) folder: &'a Folder<'a>,
    pub(super) plan: &'a PagePlan,
    /// The texts that are published.
    pub(super) texts: &'a HashMap<NoteId, TextSummary>,
    /// Called with the number of notes that were rendered since the last call.
    pub(super) advance: &'a (dyn Fn(usize) + Sync),
}

impl Renderer<'_> {
    /// Reads all notes and renders their fragments.
    pub(super) fn make_pieces(&self, store: &Reader) -> anyhow::Result<Made> {
        let in_feeds = self.in_feeds();
        let threads = threads();
        let (send, receive) = sync_channel::<Batch>(threads * 2);
        // Only the threads hold it: when the last one ends, it is dropped and reading stops.
        let receive = Arc::new(Mutex::new(receive));
        let mut newest = VecDeque::new();
        let in_feeds = &in_feeds;
        let shares = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|number| {
                    let receive = Arc::clone(&receive);
                    scope.spawn(move || self.make_share(number, &receive, in_feeds))
                })
                .collect();
            drop(receive);
            let read = self.read(store, &send, &mut newest);
            drop(send);
            let shares = workers.into_iter().map(|worker| match worker.join() {
                Ok(share) => share,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            let shares: anyhow::Result<Vec<Share>> = shares.collect();
            // If a thread fails, reading fails too, with a less useful error.
            let shares = shares?;
            read.map(|()| shares)
        })?;
        let count = self.plan.outline.notes.len();
        let mut made = Made {
            spools: FragmentStore(Vec::new()),
            places: vec![Extent::default(); count],
            updated: vec![Timestamp::UNIX_EPOCH; count],
            newest: newest.into_iter().rev().collect(),
            words: Vec::new(),
        };
        for share in shares {
            made.spools.0.push(share.spool.finish()?);
            made.words.push(share.words);
            for (number, place, updated) in share.places {
                made.places[number as usize] = place;
                made.updated[number as usize] = updated;
            }
        }
        Ok(made)
    }

    /// Sends the notes of the site, oldest first.
    fn read(
        &self,
        store: &Reader,
        send: &SyncSender<Batch>,
        newest: &mut VecDeque<Note>,
    ) -> anyhow::Result<()> {
        let ids = &self.plan.outline.notes;
        let limit = u32::try_from(BATCH)?;
        let mut batch = Vec::with_capacity(BATCH);
        let mut number = 0_usize;
        let mut first = 0_u32;
        // If only a few of many notes are wanted, each is read by its id.
        let few = u64::try_from(ids.len())? < store.counts()?.notes / 8;
        let mut last = None;
        while number < ids.len() {
            let notes = match few {
                true => store.note(ids[number])?.into_iter().collect(),
                false => store.notes_after(last, limit)?,
            };
            if notes.is_empty() {
                bail!("The notes don't match their index. For details, run `url-notes check`.");
            }
            for note in notes {
                last = Some(note.id);
                if ids.get(number) != Some(&note.id) {
                    continue;
                }
                number += 1;
                if ids.len() - number < FEED_NOTES as usize {
                    newest.push_back(note.clone());
                }
                batch.push(note);
                if batch.len() == BATCH {
                    let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                    send.send((first, full))?;
                    first = u32::try_from(number)?;
                }
            }
        }
        if !batch.is_empty() {
            send.send((first, batch))?;
        }
        Ok(())
    }

    fn make_share(
        &self,
        number: usize,
        receive: &Mutex<Receiver<Batch>>,
        in_feeds: &[bool],
    ) -> anyhow::Result<Share> {
        let spool = fragment_store::Writer::create(self.folder.scratch(), u32::try_from(number)?)?;
        let mut share = Share {
            spool,
            places: Vec::new(),
            words: index::Index::default(),
        };
        loop {
            let batch = receive
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok((first, notes)) = batch else {
                return Ok(share);
            };
            self.make_batch(&mut share, first, &notes, in_feeds)?;
            (self.advance)(notes.len());
        }
    }

    fn make_batch(
        &self,
        share: &mut Share,
        first: u32,
        notes: &[Note],
        in_feeds: &[bool],
    ) -> anyhow::Result<()> {
        let layout = self.layout;
        let mut texts = Vec::with_capacity(notes.len());
        for (number, note) in (first..).zip(notes) {
            let entry = match in_feeds[number as usize] {
                true => feed::entry(self.feed_links, note),
                false => String::new(),
            };
            let place = share.spool.put([
                &views::title(note),
                &views::listed(layout, note).into_string(),
                &views::article(
                    layout,
                    note,
                    self.texts.get(&note.id).copied(),
                    None,
                    &NoteSync::default(),
                )
                .into_string(),
                &views::about(layout, note).into_string(),
                &entry,
            ])?;
            share.places.push((number, place, note.updated_at));
            let searched = Searched::of(note);
            let site = views::site_of(note);
            share.words.add(number, note, &searched, site.as_deref());
            for tag in self.plan.outline.tags_of(number as usize) {
                if self.plan.is_implied(*tag) {
                    share.words.add_own(number, self.plan.tag(*tag));
                }
            }
            for tag in self.plan.implied_by(number) {
                share.words.add_tag(number, self.plan.tag(tag));
            }
            if let Some((link, _)) = layout.known_links.of(note.id) {
                share.words.add_link(number, link.verdict);
            }
            texts.push((note, searched, site));
        }
        let piece = first as usize / index::NOTES_PER_PIECE;
        for (piece, notes) in (piece..).zip(texts.chunks(index::NOTES_PER_PIECE)) {
            let notes = notes.iter().map(|(note, texts, site)| {
                let saved = views::saved_on(layout, note.saved_at);
                index::Found::of(
                    note,
                    texts,
                    site.as_deref(),
                    saved,
                    self.names,
                    &layout.icons,
                )
            });
            index::put_notes(self.folder, piece, &notes.collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// Returns for each note whether it is among the newest of one of its tags.
    fn in_feeds(&self) -> Vec<bool> {
        let mut in_feeds = vec![false; self.plan.outline.notes.len()];
        for tag in self.plan.tags() {
            for note in newest(self.plan.notes_with(tag), FEED_NOTES) {
                in_feeds[*note as usize] = true;
            }
        }
        in_feeds
    }
}

/// Returns the newest notes of a list by their numbers, at most `limit`.
pub(super) fn newest(notes: &[u32], limit: u32) -> &[u32] {
    &notes[notes.len().saturating_sub(limit as usize)..]
}

/// Returns the number of threads to work with.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(1, |threads| threads.get().min(MAX_THREADS))
}
