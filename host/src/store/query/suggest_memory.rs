//! The newest notes in memory, from which suggestions learn.

use crate::{
    domain::{MEMORY_NOTES, Memory, Note, NoteId, Page, Tag},
    error::Result,
    store::{connection::reader::Reader, notes::note_rows::load_ids},
};

/// Number of the newest notes that are learned from.
const LEARNED_NOTES: usize = if cfg!(test) { 20 } else { 300 };
/// Number of changes above which everything is read again, and of tags that no note has any more.
pub(in crate::store) const MAX_CHANGED: usize = 32;
const UNUSED_TAGS: usize = 500;
/// Most aliases in memory.
const MAX_ALIASES: u32 = 2_000;

/// What a store has in memory to suggest tags.
#[derive(Debug)]
pub(in crate::store) struct SuggestMemory {
    pub(in crate::store) memory: Memory,
    aliases: Vec<(Tag, Tag)>,
    /// The revision of the memory.
    revision: u64,
    /// The last note that was learned from.
    pub(in crate::store) learned: NoteId,
}

impl SuggestMemory {
    /// Reads the present notes, without learning from any. Keeps what was learned before.
    pub(in crate::store) fn read(reader: &Reader, known: Option<Self>) -> Result<Self> {
        let aliases = aliases(reader)?;
        let ids = newest(reader, u32::try_from(MEMORY_NOTES).unwrap_or(u32::MAX))?;
        let (mut memory, learned) = match known {
            Some(known) => (known.memory.without_notes(&aliases), known.learned),
            None => {
                let last = ids.len().checked_sub(LEARNED_NOTES + 1);
                (
                    Memory::new(&aliases),
                    last.map_or(NoteId(0), |last| ids[last]),
                )
            }
        };
        for id in ids {
            for note in load_with_leads(reader, &[id.0])? {
                memory.add(id, &Page::of_note(&note), &note.tags);
            }
        }
        Ok(Self {
            memory,
            aliases,
            revision: reader.revision()?,
            learned,
        })
    }

    /// Learns from up to `most` notes that it hasn't learned from, the oldest first, but not from
    /// `except`, which may be about to get its tags. Returns whether more are left.
    pub(in crate::store) fn learn(
        &mut self,
        reader: &Reader,
        except: Option<NoteId>,
        most: usize,
    ) -> Result<bool> {
        let mut new = self.memory.after(self.learned);
        new.retain(|id| Some(*id) != except);
        for id in new.iter().take(most) {
            for note in load_with_leads(reader, &[id.0])? {
                self.memory.learn(*id, &Page::of_note(&note), &note.tags);
            }
            self.learned = *id;
        }
        Ok(new.len() > most)
    }

    /// Applies what was written since. Returns false if reading again is faster.
    fn follow(&mut self, reader: &Reader) -> Result<bool> {
        let (revision, complete_after): (u64, u64) = reader
            .conn
            .prepare_cached("SELECT revision, changes_after FROM meta")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if revision == self.revision {
            return Ok(true);
        }
        if revision < self.revision || complete_after > self.revision {
            return Ok(false);
        }
        let changed = reader
            .conn
            .prepare_cached("SELECT DISTINCT note_id FROM changes WHERE revision > ? LIMIT ?")?
            .query_map((self.revision, MAX_CHANGED), |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        if changed.len() >= MAX_CHANGED || aliases(reader)? != self.aliases {
            return Ok(false);
        }
        for id in changed {
            self.memory.remove(NoteId(id));
            let full = self.memory.len() >= MEMORY_NOTES;
            let is_old = |oldest: NoteId| full && id < oldest.0;
            if self.memory.oldest().is_some_and(is_old) {
                continue;
            }
            for note in load_with_leads(reader, &[id])? {
                self.memory.add(note.id, &Page::of_note(&note), &note.tags);
            }
        }
        while self.memory.len() > MEMORY_NOTES
            && let Some(oldest) = self.memory.oldest()
        {
            self.memory.remove(oldest);
        }
        self.revision = revision;
        // After many deletions there is room for older notes.
        let notes = usize::try_from(reader.counts()?.notes).unwrap_or(usize::MAX);
        Ok(self.memory.len() >= notes.min(MEMORY_NOTES / 2)
            && self.memory.unused_tags() <= UNUSED_TAGS)
    }
}

/// Returns the memory for the reader's snapshot, and whether everything was read again.
pub(in crate::store) fn follow(
    reader: &Reader,
    known: Option<SuggestMemory>,
) -> Result<(SuggestMemory, bool)> {
    let Some(mut known) = known else {
        return Ok((SuggestMemory::read(reader, None)?, false));
    };
    if known.follow(reader)? {
        return Ok((known, false));
    }
    Ok((SuggestMemory::read(reader, Some(known))?, true))
}

/// Returns notes as suggestions see them: those with neither a text of the user nor a description
/// have the first sentences of their page's kept text as their description.
pub(in crate::store) fn load_with_leads(reader: &Reader, ids: &[i64]) -> Result<Vec<Note>> {
    let mut notes = load_ids(&reader.conn, ids)?;
    if reader.has_texts()? {
        for note in &mut notes {
            reader.add_lead(note);
        }
    }
    Ok(notes)
}

/// Returns the newest notes, oldest first.
pub(in crate::store) fn newest(reader: &Reader, notes: u32) -> Result<Vec<NoteId>> {
    let mut ids: Vec<NoteId> = reader
        .ids("SELECT id FROM notes ORDER BY id DESC LIMIT ?", [notes])?
        .into_iter()
        .map(NoteId)
        .collect();
    ids.reverse();
    Ok(ids)
}

pub(in crate::store) fn aliases(reader: &Reader) -> Result<Vec<(Tag, Tag)>> {
    Ok(reader
        .conn
        .prepare_cached(
            "SELECT a.name, t.name FROM tag_aliases a JOIN tags t ON t.id = a.tag_id
             ORDER BY a.name LIMIT ?",
        )?
        .query_map([MAX_ALIASES], |row| {
            let tag = |at| row.get(at).map(Tag::from_stored);
            Ok((tag(0)?, tag(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?)
}
